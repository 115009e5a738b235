"""``hub status``, ``hub pause`` and ``hub resume``."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from hub.cli.cases import case_told
from hub.cli.errors import FAILED
from hub.cli.output import Column, counted, local, print_json, print_table, say, span
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.cli.overview import Overview
    from hub.runtime.config import Outline
    from hub.store import Summary
    from hub.store.rulesets import KeptRules
    from hub.store.surges import Surge

_WEEK = timedelta(days=7)
_DEAD = 10_000  # dead letters that are counted by instance
_OTHERS = 'a "hub run" of another user, HUB_STATE_DIR or settings file'


@click.command
@json_option
@shared_options
@pass_state
def status(state: State, as_json: bool) -> None:
    """Show how every instance is and what waits for a person.

    The lag is the time since the stream that is furthest behind was last read well. Which processes of "hub run" go by
    these settings is said too.
    """
    from hub.cli.daemons import other_daemons
    from hub.cli.filters import recipients
    from hub.cli.overview import overview
    from hub.runtime.answers import unpublished_problems, unsaid_answers
    from hub.runtime.daemons import running
    from hub.runtime.rules import rules_problem

    outline = state.outline()
    daemons = running(state.config)
    broken = {name: told for one in daemons for name, told in one.broken.items() if name in outline.connectors}
    with state.store(outline.store) as store:
        problem, in_force = rules_problem(outline.rules, store), store.latest_rules()
        dead = Counter(letter.instance for letter in store.dead_letters(limit=_DEAD))
        summary = store.summary()
        known = (store.instances(), store.streams(), dead)
        waiting = store.outbox_counts()
        used = {*waiting, *(stream.instance for stream in known[1])}
        told = {name: "notify" for name in recipients(outline) if name in used}
        surging = store.open_surges()
        configured = {**outline.connectors, **told}
        rows = overview(configured, *known, datetime.now(UTC), waiting, outline.disabled, broken)
        cases = store.case_problems()
        proposed = store.proposed_since(datetime.now(UTC) - _WEEK)
        late = [*unpublished_problems(outline.replies, store), *unsaid_answers(store)]
        drafts = len(store.replies(("draft",), _DEAD))
        others = other_daemons(state.config, store)
    if as_json:
        version = in_force.version if in_force and outline.rules else None
        rules = {"version": version, "problem": problem}
        replies = {"drafts": drafts, "problems": late}
        print_json(
            {
                "instances": rows,
                "store": summary,
                "rules": rules,
                "cases": cases,
                "proposed": proposed,
                "replies": replies,
                "surges": surging,
                "daemons": [one.pid for one in daemons],
                "other_daemons": others,
            }
        )
    else:
        _show(outline, rows, summary)
        _show_daemons(outline, [one.pid for one in daemons], others)
        _show_rules(outline, in_force, problem)
        for case in cases:
            say(case_told(case))
        _show_proposals(state, proposed)
        _show_replies(state, drafts, late)
        _show_surges(outline, surging)


@click.command
@click.argument("instance", shell_complete=complete_instance)
@click.option("--reason", default="", help="Why; shown by hub status. An earlier one stays unless given.")
@shared_options
@pass_state
def pause(state: State, instance: str, reason: str) -> None:
    """Stop reading an instance until it is resumed."""
    from hub.runtime.config import check_instance

    outline = state.outline()
    check_instance(outline.path, instance, outline.connectors)
    with state.store(outline.store) as store:
        earlier = {known.name: known.paused_reason for known in store.instances() if known.paused_at}
        told = reason or earlier.get(instance) or "no reason given"
        store.pause(instance, outline.connectors[instance], told, by="person")
    say(f'{instance} is paused; "hub resume {instance}" reads it again')


@click.command
@click.argument("instance", shell_complete=complete_instance)
@shared_options
@pass_state
def resume(state: State, instance: str) -> None:
    """Read a paused instance again.

    A running "hub run" reads settings, keys and rules anew first, as with "hub reload": what was mended counts. One of
    another user or HUB_STATE_DIR cannot be told from here; that is said, and the exit code is 1.
    """
    from hub.cli.daemons import other_daemons, reload_daemons
    from hub.runtime.config import check_instance

    outline = state.outline()
    with state.store(outline.store) as store:
        if not any(known.name == instance and known.paused_at for known in store.instances()):
            check_instance(outline.path, instance, outline.connectors)
            say(f"{instance} was not paused")
            return
        told = reload_daemons(state.config)  # first: with an old key it would be paused again within a second
        store.resume(instance)
        others = other_daemons(state.config, store)
    say(f"{instance} is resumed")
    if others:
        say(
            f'{_OTHERS} works on this store and was not told to read keys anew: run "hub reload" as it is run,'
            f' and "hub resume {instance}" again if it was paused again'
        )
    if not all(one.ok for one in told):
        say('what goes on as before may use an old key; mend that, run "hub reload", and look at "hub status"')
    if others or not all(one.ok for one in told):
        raise click.exceptions.Exit(FAILED)


def _show(outline: "Outline", rows: "Sequence[Overview]", summary: "Summary") -> None:
    columns = [
        Column("instance"),
        Column("connector"),
        Column("state", fixed=True),
        Column("last poll"),
        Column("lag", right=True),
        Column("set aside", right=True),
        Column("to send", right=True),
        Column("next step", flexible=True, wraps=True),
    ]
    if rows:
        print_table(columns, [_row(outline, row) for row in rows])
    else:
        say(f"{outline.path} has no instance; add one, docs/reference/config.md says how")
    text = f"{counted(summary.tickets, 'ticket', 'tickets')}, {counted(summary.messages, 'message', 'messages')}"
    if summary.unindexed:
        text += f'; {summary.unindexed:,} not in the search yet, "hub sync" goes on with them'
    say(f"{text}, {summary.bytes / 1e6:.1f} MB; times are of {outline.timezone}")


def _show_daemons(outline: "Outline", processes: Sequence[int], others: int | None) -> None:
    if processes:
        kind = "process" if len(processes) == 1 else "processes"
        say(f'"hub run" runs on {outline.path}: {kind} {", ".join(map(str, processes))}')
    elif others == 0:
        say(f'no "hub run" runs on {outline.path}: only "hub sync" reads and sends')
    if others:
        say(f'{_OTHERS} works on this store; "hub reload" and "hub resume" reach it only as it is run')
    elif others is None:
        say('whether anybody else\'s "hub run" works on this store cannot be seen by this user')


def _show_rules(outline: "Outline", in_force: "KeptRules | None", problem: str | None) -> None:
    if outline.rules is None:
        say('no rules decide: every ticket is of normal priority; write rules = "rules" into hub.toml')
        return
    if problem:
        say(problem)
    if in_force:
        since = local(in_force.last_at, outline.timezone)
        say(f"rules {in_force.version} are in force since {since}{', until the files are right' if problem else ''}")


def _show_proposals(state: State, number: int) -> None:
    from hub.cli.reply_texts import TEXTS
    from hub.cli.speech import Speech, spoken

    if number:
        say(Speech(spoken(state, None), TEXTS)("waiting_proposals", number=number))


def _show_replies(state: State, drafts: int, late: Sequence[str]) -> None:
    from hub.cli.reply_texts import TEXTS
    from hub.cli.speech import Speech, spoken

    for problem in late:
        say(problem)
    if drafts:
        say(Speech(spoken(state, None), TEXTS)("waiting_drafts", number=drafts))


def _show_surges(outline: "Outline", surging: "Sequence[Surge]") -> None:
    if surging:
        from hub.cli.speech import language
        from hub.runtime.surge_texts import going_on

        say(going_on(surging, language(outline.lang), outline.timezone))


def _row(outline: "Outline", row: "Overview") -> list[object]:
    return [
        row.instance,
        row.connector,
        row.condition,
        local(row.last_poll_at, outline.timezone),
        "" if row.lag_s is None else span(timedelta(seconds=row.lag_s)),
        row.dead_letters + row.set_aside or "",
        row.waiting or "",
        row.next_step,
    ]
