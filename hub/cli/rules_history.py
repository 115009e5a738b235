"""``hub rules backtest`` and ``hub rules coverage``: rules on the tickets that are stored."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.filters import Moment, moment
from hub.cli.output import Column, local, one_line, print_json, print_table, progress, say, short_id
from hub.cli.ruleset import AtHand, at_hand, rules_options
from hub.cli.speech import Speech, lang_option
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.routing.backtest import Backtest, Case
    from hub.routing.coverage import Coverage
    from hub.store import Store, TicketFilter

_EVERY = 500  # tickets between two looks at the progress
_MOVES = 30  # in the table
_EXAMPLE = 120  # characters

since_option = click.option("--since", type=Moment(), default="30d", show_default=True,
                            help="Tickets published since: 2026-11-01, 30d, 12h.")  # fmt: skip
until_option = click.option("--until", type=Moment(), help="Published before: 2026-11-01, 7d, 12h.")


def _cases(
    store: "Store", wanted: "TicketFilter", speech: Speech, *, quiet: bool, with_history: bool
) -> "Iterator[Case]":
    from hub.routing.backtest import Case

    with progress(speech("deciding"), quiet=quiet) as shown:
        for number, (ticket, facts) in enumerate(store.iter_facts(wanted, with_history=with_history), 1):
            if number % _EVERY == 0:
                shown.show(speech("decided", count=number))
            yield Case(ticket, facts.now or facts.created_at or datetime.now(UTC), facts)


def _wanted(hand: AtHand, since: Any, until: Any) -> "TicketFilter":
    from hub.store import TicketFilter

    now = datetime.now(UTC)
    start, end = moment(since, hand.zone, now), moment(until, hand.zone, now)
    if start and end and start > end:
        raise click.UsageError("--since is after --until: nothing can match; swap them")
    return TicketFilter(since=start, until=end)


# --- backtest -------------------------------------------------------------------------------------------------------


@click.command
@click.option("--rules", "folder", metavar="NEW", required=True, type=click.Path(path_type=Path),
              help="The changed rules: a folder or a file.")  # fmt: skip
@click.option("--against", metavar="DIR", type=click.Path(path_type=Path),
              help="The rules to compare with; else those of the settings, else the built-in ones.")  # fmt: skip
@since_option
@until_option
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Show so many changed tickets.")
@lang_option
@json_option
@shared_options
@pass_state
def backtest(
    state: State,
    /,
    folder: Path,
    against: Path | None,
    since: Any,
    until: Any,
    limit: int,
    lang: str | None,
    as_json: bool,
) -> None:
    """Show what other rules would have done with stored tickets.

    Every ticket is decided twice, as it was when the customer's newest message had come: by the rules in force and by
    the changed ones. Shown is which tickets change category, queue, priority, state or delivery, by which rule, how
    many go to each queue at which hour, and how many get no category or no rule touches. Nothing is written.
    """
    from hub.routing.backtest import backtest as tested
    from hub.routing.rules import load_rules

    hand = at_hand(state, against, lang)
    outline = state.outline()
    before = hand.load()
    after = load_rules(folder, beside=before)
    with state.store(outline.store) as store:
        known = before.needs_history or after.needs_history
        wanted = _wanted(hand, since, until)
        cases = _cases(store, wanted, hand.speech, quiet=state.verbosity < 0, with_history=known)
        result = tested(cases, before, after, zone=hand.zone, limit=limit)
    if as_json:
        print_json(_backtest_json(result))
    elif not result.tickets:
        say(hand.speech("no_tickets"))
    else:
        _print_backtest(result, hand)


def _backtest_json(result: "Backtest") -> dict[str, Any]:
    return {
        "before": result.before,
        "after": result.after,
        "tickets": result.tickets,
        "changed": result.changed,
        "by_field": dict(result.by_field),
        "moves": [
            {"field": field, "before": before, "after": after, "rule": rule, "tickets": count}
            for (field, before, after, rule), count in result.by_move.most_common()
        ],
        "queues": [{"queue": queue, "before": before, "after": after} for queue, before, after in _queues(result)],
        "hours": [
            {
                "queue": queue,
                "hour": hour,
                "before": result.hours[0][queue, hour],
                "after": result.hours[1][queue, hour],
            }
            for queue, hour in sorted(
                result.hours[0].keys() | result.hours[1].keys(), key=lambda key: (key[0] or "", key[1])
            )
        ],
        "undecided": {"before": result.undecided[0], "after": result.undecided[1]},
        "untouched": {"before": result.untouched[0], "after": result.untouched[1]},
        "tickets_changed": result.changes,
    }


def _queues(result: "Backtest") -> list[tuple[str | None, int, int]]:
    before, after = result.queues
    names = sorted(before.keys() | after.keys(), key=lambda name: (-max(before[name], after[name]), name or ""))
    return [(name, before[name], after[name]) for name in names]


def _print_backtest(result: "Backtest", hand: AtHand) -> None:
    speech = hand.speech
    if result.before == result.after:
        say(speech("backtest.same", version=result.after))
    if result.changed:
        _print_moves(result, speech)
    _print_queues(result, speech)
    if result.changed:
        _print_hours(result, speech)
        _print_changes(result, hand)
    say(
        speech(
            "backtest.sum",
            changed=result.changed,
            tickets=result.tickets,
            before=result.before,
            after=result.after,
            undecided_before=result.undecided[0],
            undecided_after=result.undecided[1],
            untouched_before=result.untouched[0],
            untouched_after=result.untouched[1],
        )
    )
    if 0 < len(result.changes) < result.changed:
        say(speech("backtest.more", shown=len(result.changes), changed=result.changed))


def _columns(speech: Speech, *names: str, right: tuple[str, ...] = ("tickets",)) -> list[Column]:
    return [
        Column(speech(f"column.{name}"), right=name in right, flexible=name in ("text", "example")) for name in names
    ]


def _value(value: Any, speech: Speech) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(value) or speech("nowhere")
    return speech("none") if value is None else str(value)


def _print_moves(result: "Backtest", speech: Speech) -> None:
    click.echo(speech("head.moves"))
    moves = [
        [speech.word("field", field), _value(before, speech), _value(after, speech), rule or speech("several"), count]
        for (field, before, after, rule), count in result.by_move.most_common(_MOVES)
    ]
    print_table(_columns(speech, "field", "before", "after", "rule", "tickets"), moves)
    click.echo()


def _print_queues(result: "Backtest", speech: Speech) -> None:
    click.echo(speech("head.queues"))
    rows = [
        [_value(name, speech), before, after, f"{after - before:+d}" if after != before else ""]
        for name, before, after in _queues(result)
    ]
    print_table(_columns(speech, "queue", "before", "after", "change", right=("before", "after", "change")), rows)
    click.echo()


def _print_hours(result: "Backtest", speech: Speech) -> None:
    """Print the queues that change, hour by hour."""
    before, after = result.hours
    changed = [name for name, _, _ in _queues(result) if _moved(before, after, name)]
    if not changed:
        return
    hours = sorted({hour for name, hour in before.keys() | after.keys() if name in changed})
    click.echo(speech("head.hours"))
    columns = [Column(speech("column.queue")), *(Column(f"{hour:02d}", right=True) for hour in hours)]
    rows = [
        [_value(name, speech), *(_step(before[name, hour], after[name, hour]) for hour in hours)] for name in changed
    ]
    print_table(columns, rows)
    click.echo()


Hours = Counter[tuple[str | None, int]]


def _moved(before: Hours, after: Hours, queue: str | None) -> bool:
    return any(before[queue, hour] != after[queue, hour] for hour in range(24))


def _step(before: int, after: int) -> str:
    return f"{before}" if before == after else f"{before}→{after}"


def _print_changes(result: "Backtest", hand: AtHand) -> None:
    if not result.changes:
        return
    speech = hand.speech
    click.echo(speech("head.changes"))
    rows = [
        [
            short_id(change.id),
            local(change.at, hand.zone),
            change.platform,
            "; ".join(
                f"{speech.word('field', one.field)}: {_value(one.before, speech)} → {_value(one.after, speech)}"
                + (f" ({one.by})" if one.by else "")
                for one in change.fields
            ),
            change.text,
        ]
        for change in result.changes
    ]
    print_table(_columns(speech, "id", "came", "platform", "change", "text"), rows)
    click.echo()


# --- coverage -------------------------------------------------------------------------------------------------------


@click.command
@since_option
@until_option
@click.option("--limit", type=click.IntRange(0), default=20, show_default=True, help="Show so many phrases.")
@rules_options
@json_option
@shared_options
@pass_state
def coverage(
    state: State, folder: Path | None, lang: str | None, since: Any, until: Any, limit: int, as_json: bool
) -> None:
    """Show what gets no category or no rule touches, and rules that never match.

    By platform: how many stored tickets get no category, and how many no rule touches; what tickets without a category
    say most, as phrases that a rule can take; rules that matched none. A rule that does not look at what was written
    and only routes, tags or scores touches nothing.
    """
    from hub.routing.coverage import coverage as covered

    hand = at_hand(state, folder, lang)
    outline = state.outline()
    rules = hand.load()
    with state.store(outline.store) as store:
        wanted = _wanted(hand, since, until)
        cases = _cases(store, wanted, hand.speech, quiet=state.verbosity < 0, with_history=rules.needs_history)
        result = covered((case.facts for case in cases), rules, phrases=limit)
    if as_json:
        print_json(_coverage_json(result))
    elif not result.tickets:
        say(hand.speech("no_tickets"))
    else:
        _print_coverage(result, hand.speech)


def _coverage_json(result: "Coverage") -> dict[str, Any]:
    return {
        "ruleset": result.ruleset,
        "tickets": result.tickets,
        "undecided": sum(one.undecided for one in result.shares),
        "untouched": sum(one.untouched for one in result.shares),
        "platforms": result.shares,
        "phrases": result.phrases,
        "rules": result.fired,
        "never_matched": result.idle,
    }


def _print_coverage(result: "Coverage", speech: Speech) -> None:
    click.echo(speech("head.platforms"))
    numbers = ("tickets", "undecided", "untouched")
    rows = [
        [
            _value(one.platform, speech),
            one.tickets,
            _part(one.undecided, one.tickets),
            _part(one.untouched, one.tickets),
        ]
        for one in result.shares
    ]
    print_table(_columns(speech, "platform", *numbers, right=numbers), rows)
    if result.phrases:
        click.echo(f"\n{speech('head.phrases')}")
        said = [[one.phrase, one.tickets, one_line(one.example)[:_EXAMPLE]] for one in result.phrases]
        print_table(_columns(speech, "phrase", "tickets", "example"), said)
    if result.idle:
        click.echo(f"\n{speech('head.idle')}")
        for name in result.idle:
            click.echo(f"  {name}")
    untouched, undecided = (sum(getattr(one, name) for one in result.shares) for name in ("untouched", "undecided"))
    say(
        speech(
            "coverage.sum",
            untouched=untouched,
            tickets=result.tickets,
            untouched_share=f"{untouched / result.tickets:.0%}",
            undecided=undecided,
            undecided_share=f"{undecided / result.tickets:.0%}",
            idle=len(result.idle),
            rules=len(result.fired),
        )
    )


def _part(count: int, total: int) -> str:
    return f"{count} ({count / total:.0%})"
