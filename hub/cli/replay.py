"""``hub replay``: kept originals through today's connectors and rules."""

from collections.abc import Iterator, Mapping, Sequence
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
_BEFORE = 20  # of them before what differs
_NOTHING = "—"
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
    now = datetime.now(UTC)
    start = moment(since, settings.timezone, now)
    if start is not None and start >= now:
        raise click.UsageError("--since is now or in the future: nothing can match; name an earlier day")
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
        rows = [[short_id(one.ticket), *part] for one in shown for part in _parts(one.field, one.before, one.after)]
        print_table(columns, rows)
    for reason, count in result.unread.most_common(_REASONS):
        say(f"{count:,} cannot be read today: {reason}")
    if result.set_aside:
        say(f'{counted(len(result.set_aside), "record is", "records are")} set aside as before, see "hub dead list"')
    if result.unknown:
        told = "cannot be read anew: kept by an older version, or its connector walks its own way"
        say(f"{counted(result.unknown, 'original', 'originals')} {told}")
    say(_summary(result))


def _parts(field: str, before: Any, after: Any) -> Iterator[tuple[str, str, str]]:
    """Yield what differs in a field, in words: of objects each part by its name, of lists what only one of them has."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in [*before, *(key for key in after if key not in before)]:
            if before.get(key) != after.get(key):
                yield from _parts(f"{field}.{key}", before.get(key), after.get(key))
        return
    if _is_list(before) and _is_list(after):
        lost, new = [one for one in before if one not in after], [one for one in after if one not in before]
        before, after = (lost, new) if lost or new else (before, after)
    yield field, *_around_the_difference(_words(before), _words(after))


def _words(value: Any) -> str:
    if value is None or value in ("", [], (), {}):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_words(one)}" for key, one in value.items())
    if _is_list(value):
        return ", ".join(map(_words, value))
    return one_line(value if isinstance(value, str) else str(as_json(value)))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _around_the_difference(before: str, after: str) -> tuple[str, str]:
    """Return two texts, cut so that what differs first is seen in both."""
    pairs = enumerate(zip(before, after, strict=False))
    same = next((place for place, (one, other) in pairs if one != other), min(len(before), len(after)))
    start = max(same - _BEFORE, 0) if max(len(before), len(after)) > _VALUE else 0
    return _cut(before, start), _cut(after, start)


def _cut(text: str, start: int) -> str:
    rest = text[start : start + _VALUE]
    return f"{'…' if start else ''}{rest}{'…' if start + _VALUE < len(text) else ''}"


def _summary(result: "Replayed") -> str:
    read = f"{counted(result.originals, 'original', 'originals')} with {counted(result.records, 'record', 'records')}"
    changed, new = len(result.tickets), len(result.created)
    if not changed and not new:
        return f"{read}: nothing changes"
    would = "changed" if result.applied else "would change"
    told = f"{read}: {counted(changed, 'ticket', 'tickets')} {would}, {new} new"
    return told if result.applied else f"{told}; --apply stores it"
