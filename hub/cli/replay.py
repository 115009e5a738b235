"""``hub replay``: kept originals through today's connectors and rules."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from hub.cli.bar import bar
from hub.cli.errors import FAILED
from hub.cli.filters import Moment, moment
from hub.cli.output import Column, as_json, counted, one_line, print_json, print_table, say, short_id
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.runtime.replay import Replayed

_VALUE = 60  # characters of a value in a table
_REASONS = 10


@click.command
@click.argument("instances", metavar="[INSTANCE]...", nargs=-1, shell_complete=complete_instance)
@click.option("--since", type=Moment(), help="Originals read since: 2026-11-01, 7d, 12h; all unless given.")
@click.option("--apply", is_flag=True, help="Store what changes; else it is only shown.")
@click.option("--with-effects", is_flag=True, help="Also deliver, escalate and tell what is new.")
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Show so many changes.")
@json_option
@shared_options
@pass_state
def replay(
    state: State,
    /,
    instances: Sequence[str],
    since: timedelta | datetime | None,
    apply: bool,
    with_effects: bool,
    limit: int,
    as_json: bool,
) -> None:
    """Read kept originals as today's connectors and rules do.

    The responses that are kept (`keep_raw`) of the INSTANCEs (all of them unless named) are made into tickets again,
    and what would change is shown: how many times each field, and examples. --apply stores it. No source is asked, no
    cursor moves, and what people set stays theirs; a second run changes nothing. Exit code 1 if an original, or a
    record that is no dead letter, cannot be read today.
    """
    from hub.runtime.replay import replay as run

    if with_effects and not apply:
        raise click.UsageError("--with-effects needs --apply: nothing that is only shown has an effect")
    settings = state.settings(apart=True)
    start = moment(since, settings.timezone, datetime.now(UTC))
    with state.store(settings.store) as store, bar("replaying", quiet=state.verbosity < 0) as shown:

        def step(done: int, of: int) -> None:
            shown.show(f"replaying: {counted(done, 'original', 'originals')}", done / of)

        result = run(settings, store, instances, start, apply=apply, effects=with_effects, on_step=step)
    if as_json:
        print_json(_plain(result, limit))
    else:
        _show(result, limit)
    if result.unread:
        raise click.exceptions.Exit(FAILED)


def _plain(result: "Replayed", limit: int) -> dict[str, Any]:
    return {
        "applied": result.applied,
        "originals": result.originals,
        "not_readable_anew": result.unknown,
        "records": result.records,
        "tickets_created": sorted(result.created),
        "messages_added": result.messages,
        "tickets_changed": sorted(result.tickets),
        "fields": dict(result.fields.most_common()),
        "examples": result.examples[:limit],
        "unread": dict(result.unread.most_common()),
        "set_aside": len(result.set_aside),
    }


def _show(result: "Replayed", limit: int) -> None:
    if result.fields:
        rows = [[name, count] for name, count in result.fields.most_common()]
        print_table([Column("field"), Column("changes", right=True)], rows)
    if shown := result.examples[:limit]:
        click.echo()
        columns = [Column("ticket"), Column("field"), Column("before", flexible=True), Column("after", flexible=True)]
        rows = [[short_id(one.ticket), one.field, _value(one.before), _value(one.after)] for one in shown]
        print_table(columns, rows)
    for reason, count in result.unread.most_common(_REASONS):
        say(f"{count:,} cannot be read today: {reason}")
    if result.set_aside:
        say(f'{counted(len(result.set_aside), "record is", "records are")} set aside as before, see "hub dead list"')
    if result.unknown:
        told = "cannot be read anew: kept by an older version, or its connector walks its own way"
        say(f"{counted(result.unknown, 'original', 'originals')} {told}")
    say(_summary(result))


def _value(value: Any) -> str:
    text = one_line(value if isinstance(value, str) else str(as_json(value)))
    return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"


def _summary(result: "Replayed") -> str:
    read = f"{counted(result.originals, 'original', 'originals')} with {counted(result.records, 'record', 'records')}"
    changed, new = len(result.tickets), len(result.created)
    if not changed and not new:
        return f"{read}: nothing changes"
    would = "changed" if result.applied else "would change"
    told = f"{read}: {counted(changed, 'ticket', 'tickets')} {would}, {new} new"
    return told if result.applied else f"{told}; --apply stores it"
