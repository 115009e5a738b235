"""``hub backfill``: the past of an instance, in windows, with a plan before it and a proof after it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import click

from hub.cli.bar import Bar, bar
from hub.cli.errors import FAILED
from hub.cli.filters import Moment
from hub.cli.output import Column, counted, local, print_json, print_table, say, span
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.runtime.backfill import Outcome, Step, Wanted
    from hub.runtime.backfill_plan import Plan
    from hub.runtime.completeness import Day
    from hub.runtime.config import Settings
    from hub.store import Backfill, Store

_ALL_DAYS = 100  # so many rows of days are printed; of more, those that are not complete
_INTERRUPTED = "interrupted"


@click.command
@click.argument("instance", required=False, shell_complete=complete_instance)
@click.option("--since", type=Moment(), help="From the beginning of that day: 2026-01-01, 30d.")
@click.option("--until", type=Moment(), help="Up to, not including, that day; else the end of what polls have had.")
@click.option("--dry-run", is_flag=True, help="Show what it would cost, and read nothing.")
@click.option("--again", is_flag=True, help="Read anew what was read before.")
@click.option("--with-effects", is_flag=True, help="Also deliver, escalate and tell what is found.")
@click.option("--drop", is_flag=True, help="Give up what is unfinished of INSTANCE; what it has read stays.")
@click.option("--list", "listed", is_flag=True, help="Show the backfills of INSTANCE, or all, and how far they are.")
@json_option
@shared_options
@pass_state
def backfill(
    state: State,
    instance: str | None,
    since: timedelta | datetime | None,
    until: timedelta | datetime | None,
    dry_run: bool,
    again: bool,
    with_effects: bool,
    drop: bool,
    listed: bool,
    as_json: bool,
) -> None:
    """Read the past of INSTANCE, and prove that nothing is missing.

    What was published since a day is read in windows, several at once, behind the polls of "hub run" and "hub sync";
    their cursors stay where they are. Tickets are routed by the rules, but nothing is delivered, escalated or told
    unless --with-effects is given. At the end each day is compared with what the source says it has, and gaps are read
    again.

    It may be stopped at any time: the same command goes on. Without --since, whatever is not finished goes on. Exit
    code 0 only if nothing is missing; records that were set aside are kept, and counted in the last line.
    """
    if listed:
        _list(state, instance, as_json)
        return
    if drop:
        _refuse_beside_drop(instance, since, until, again=again, dry_run=dry_run, with_effects=with_effects)
        _drop(state, instance or "", as_json)
        return
    _refuse_nonsense(instance, since, until, again=again, dry_run=dry_run, with_effects=with_effects)
    settings = state.settings(apart=True)
    with state.store(settings.store) as store:
        if since is None:
            wanted = _unfinished(store, instance)
        else:
            now = datetime.now(UTC)
            start, end = _day(since, settings.timezone, now), _day(until, settings.timezone, now)
            asked = _wanted(instance or "", start, end, with_effects=with_effects, again=again)
            wanted = [_begun_with_these_words(store, asked, since, until, settings.timezone) or asked]
            if state.verbosity >= 0:
                _tell_others(store, wanted[0], settings.timezone)
        outcomes = [_one(state, settings, store, one, dry_run=dry_run, as_json=as_json) for one in wanted]
    done = [one for one in outcomes if one is not None]
    if as_json and not dry_run:
        print_json([_plain(one) for one in done] if since is None else _plain(done[0]))
    if not all(one.ok for one in done):
        raise click.exceptions.Exit(FAILED)


def _refuse_nonsense(instance: str | None, since: Any, until: Any, **flags: bool) -> None:
    """Refuse what says nothing.

    Raises:
        click.UsageError: says what to write instead.
    """
    if since is not None and instance is None:
        raise click.UsageError("name the INSTANCE whose past is to be read")
    told = _given(until=until, **flags)
    if since is None and told:
        raise click.UsageError(f"{told[0]} needs --since DAY")


def _refuse_beside_drop(instance: str | None, since: Any, until: Any, **flags: bool) -> None:
    if instance is None:
        raise click.UsageError("name the INSTANCE whose unfinished backfill is to be given up")
    if told := _given(since=since, until=until, **flags):
        raise click.UsageError(f"--drop gives up whatever is unfinished of the instance: leave {told[0]} out")


def _given(**options: Any) -> list[str]:
    return [f"--{name.replace('_', '-')}" for name, given in options.items() if given]


def _day(value: timedelta | datetime | None, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the instant that an option means: a day, or one so long ago, begins at midnight in *zone*."""
    if value is None:
        return None
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC).replace(second=0, microsecond=0)
    at = now.astimezone(zone) - value
    return at.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)


def _wanted(name: str, since: datetime | None, until: datetime | None, *, with_effects: bool, again: bool) -> "Wanted":
    from hub.runtime.backfill import Wanted, whole_minute

    end = until or whole_minute()
    if since is None or (until is not None and since >= end):
        raise click.UsageError("--since is not before --until: nothing can lie in between")
    if since >= end:
        raise click.UsageError("--since lies in the future; name an earlier day")
    if end > datetime.now(UTC):
        raise click.UsageError("--until lies in the future; leave it out to read all that is past")
    return Wanted(name, since, until, with_effects, again)


def _unfinished(store: "Store", instance: str | None) -> "list[Wanted]":

    left = [one for one in store.backfills(instance) if one.state == "reading"]
    if not left:
        raise click.UsageError(f"no backfill{_of(instance)} waits to go on; {_begin(instance)}")
    return [_rest_of(one) for one in reversed(left)]


def _rest_of(one: "Backfill") -> "Wanted":
    from hub.runtime.backfill import Wanted

    return Wanted(one.instance, one.since, None if one.open_end else one.until, one.effects)


def _begun_with_these_words(store: "Store", asked: "Wanted", since: Any, until: Any, zone: tzinfo) -> "Wanted | None":
    """Return what the same words began and did not finish: ``30d`` means another day after midnight."""
    from hub.runtime.backfill import find

    if asked.again or find(store, asked) is not None:
        return None
    for one in store.backfills(asked.instance):
        then = _day(since, zone, one.created_at), _day(until, zone, one.created_at)
        same = (one.since, None if one.open_end else one.until, one.effects) == (*then, asked.effects)
        if same and one.state == "reading":
            return _rest_of(one)
    return None


def _tell_others(store: "Store", wanted: "Wanted", zone: tzinfo) -> None:
    """Say which other backfills of the instance wait to go on, and what can be done about them."""
    from hub.runtime.backfill import find

    mine = find(store, wanted)
    left = [one for one in store.backfills(wanted.instance) if one.state == "reading" and one != mine]
    progress = store.backfill_progress([one.n for one in left])
    for one in left:
        done, of = progress.get(one.n, (0, 0))
        say(
            f"another backfill of it is unfinished, {done} of {counted(of, 'window', 'windows')} read:"
            f' "{_words_of(one, zone)}" goes on with it, "hub backfill {one.instance} --drop" gives it up'
        )


def _words_of(one: "Backfill", zone: tzinfo) -> str:
    """Return the command that goes on with a backfill and no other."""
    ends = () if one.open_end else ("--until", _moment(one.until, zone))
    effects = ("--with-effects",) if one.effects else ()
    return " ".join(("hub backfill", one.instance, "--since", _moment(one.since, zone), *ends, *effects))


def _moment(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M").removesuffix("T00:00")


def _drop(state: State, instance: str, as_json: bool) -> None:
    from hub.runtime.backfill import drop

    outline = state.outline()
    with state.store(outline.store) as store:
        dropped = drop(store, instance)
    if as_json:
        print_json([{"instance": one.instance, "since": one.since, "until": one.until} for one in dropped])
    for one in dropped:
        since, until = local(one.since, outline.timezone), local(one.until, outline.timezone)
        say(f"given up: {one.instance} from {since} to {until}; what it has read stays")
    if not dropped:
        say(f'no backfill of "{instance}" is unfinished')


def _of(instance: str | None) -> str:
    return f" of {instance}" if instance else ""


def _begin(instance: str | None) -> str:
    return f'begin one with "hub backfill {instance or "INSTANCE"} --since DAY"'


def _one(
    state: State, settings: "Settings", store: "Store", wanted: "Wanted", *, dry_run: bool, as_json: bool
) -> "Outcome | None":
    from hub.runtime.aside import run_loop
    from hub.runtime.backfill import backfill as run

    quiet = state.verbosity < 0
    plans: list[Plan] = []

    def planned(plan: "Plan", before: "Backfill | None") -> None:
        plans.append(plan)
        if not quiet and not (as_json and dry_run):
            _show_plan(plan, before, store, settings.timezone)

    with bar("planning", quiet=quiet) as shown:
        call = run(
            settings, store, wanted, dry_run=dry_run, on_plan=planned, on_step=lambda step: _step(shown, wanted, step),
            on_wait=shown.wait,
        )  # fmt: skip
        try:
            outcome = run_loop(call)
        except KeyboardInterrupt:
            if any(one.state == "reading" for one in store.backfills(wanted.instance)):
                say(f'"hub backfill {wanted.instance}" goes on with what is unfinished')
            raise
    if dry_run and as_json:
        print_json(_plain_plan(plans[0]))
    if outcome is not None and not as_json:
        _show(outcome, settings.timezone, quiet=quiet)
    return outcome


def _step(shown: Bar, wanted: "Wanted", step: "Step") -> None:
    records = counted(step.records, "record", "records")
    if step.proving:
        told = f"proving {wanted.instance}: {records}"
    else:
        done, of = step.windows
        told = f"reading {wanted.instance}: {done} of {counted(of, 'window', 'windows')}, {records}"
    shown.show(told, step.share, step.at_least_s)


# --- the plan ---------------------------------------------------------------------------------------------------------


def _show_plan(plan: "Plan", before: "Backfill | None", store: "Store", zone: tzinfo) -> None:
    say(f"from {local(plan.since, zone)} to {local(plan.until, zone)}")
    for one in plan.streams:
        known = "records not counted" if one.records is None else f"about {counted(one.records, 'record', 'records')}"
        requests = counted(one.requests, "request", "requests")
        least = "at least " if one.records is None else "about "
        proof = counted(one.proof, "count", "counts") if one.counted else "a second read"
        windows = counted(one.windows, "window", "windows")
        say(f"{one.title or one.stream}: {windows}, {known}, {least}{requests}, and {proof} to prove it")
    if plan.seconds:
        say(f"at the vendor's limit, a part left to others: about {span(timedelta(seconds=plan.seconds))}")
    if before is not None:
        done, of = store.backfill_progress([before.n]).get(before.n, (0, 0))
        say(
            f"begun {local(before.created_at, zone)}: {done} of {counted(of, 'window', 'windows')} are read, it goes on"
        )


def _plain_plan(plan: "Plan") -> dict[str, object]:
    return {
        "since": plan.since,
        "until": plan.until,
        "requests": plan.requests,
        "records": plan.records,
        "seconds": round(plan.seconds, 1),
        "streams": [asdict(one) for one in plan.streams],
    }


# --- what came of it --------------------------------------------------------------------------------------------------


def _show(outcome: "Outcome", zone: tzinfo, *, quiet: bool) -> None:
    if outcome.before and not quiet:
        done = local(outcome.backfill.finished_at, zone)
        say(f"finished before, on {done}; --again reads it anew")
    if outcome.days is not None and not quiet:
        _show_days(outcome.days)
    for one in outcome.gaps:
        say(f"{one.title or one.stream}, {_named(one)}: a gap: {_told(one)}")
    for problem in outcome.problems:
        say(problem)
    if told := _summary(outcome, quiet=quiet):
        say(told)


def _told(day: "Day") -> str:
    if day.source > day.stored:
        return f"the source says {day.source}, {day.stored} came and are stored, though it was read again"
    return "each read brought something new; run it --again later"


def _show_days(days: "Sequence[Day]") -> None:
    shown = list(days if len(days) <= _ALL_DAYS else _not_complete(days))
    columns = [
        Column("day"),
        Column("stream", flexible=True),
        Column("source", right=True),
        Column("stored", right=True),
        Column("mended", right=True),
        Column("by"),
        Column("outcome", fixed=True),
    ]
    rows = [
        [_named(one), one.title or one.stream, one.source, one.stored, one.mended, one.by, _outcome(one)]
        for one in shown
    ]
    if rows:
        print_table(columns, rows)
    if len(shown) < len(days):
        say(f"{counted(len(days) - len(shown), 'day is', 'days are')} complete; --json has them all")


def _named(day: "Day") -> str:
    return day.day or ("no day" if day.aside else "other days")


def _outcome(day: "Day") -> str:
    parts: list[str] = [day.state]
    if day.aside and day.state != "set aside":
        parts.append(f"{day.aside} set aside")
    if day.left_out:
        parts.append(f"{day.left_out} left out")
    return ", ".join(parts)


def _not_complete(days: "Iterable[Day]") -> "list[Day]":
    return [one for one in days if one.state != "complete"]


def _summary(outcome: "Outcome", *, quiet: bool) -> str:
    """Return what came of it in a line; *quiet*: only what a person should look at."""
    aside, next_step = outcome.aside, f'"hub dead list --instance {outcome.backfill.instance}" says why'
    told = f"{counted(aside, 'record is', 'records are')} set aside: {next_step}" if aside else ""
    if quiet:
        return told
    parts = [] if outcome.before else [counted(outcome.records, "record", "records")]
    if outcome.days is not None:
        gaps = len(outcome.gaps)
        proved = counted(gaps, "gap stays", "gaps stay") if gaps else "nothing is missing"
        told = f"{proved}{';' if gaps else ', but'} {told}" if told else proved
    parts += [told] if told else []
    if mended := sum(one.mended for one in outcome.days or ()):
        parts.append(f"{mended} were missing at first and came with a second read")
    return "; ".join(parts)


def _plain(outcome: "Outcome") -> dict[str, object]:
    task = outcome.backfill
    return {
        "ok": outcome.ok,
        "instance": task.instance,
        "since": task.since,
        "until": task.until,
        "finished_before": outcome.before,
        "records": outcome.records,
        "rejected": outcome.rejected,
        "aside": outcome.aside,
        "problems": outcome.problems,
        "gaps": len(outcome.gaps),
        "days": outcome.days,
    }


def _list(state: State, instance: str | None, as_json: bool) -> None:
    outline = state.outline()
    with state.store(outline.store) as store:
        found = [_as_it_is(store, one) for one in store.backfills(instance)]
        progress = store.backfill_progress([one.n for one in found])
    rows = [(one, *progress.get(one.n, (0, 0))) for one in found]
    if as_json:
        print_json([{**asdict(one), "report": None, "windows_read": done, "windows": of} for one, done, of in rows])
    elif not rows:
        say(f"there is no backfill{_of(instance)}; {_begin(instance)}")
    else:
        names = ("instance", "since", "until", "state", "windows", "begun", "effects")
        print_table([Column(name) for name in names], [_line(*row, outline.timezone) for row in rows])
        if any(one.state == _INTERRUPTED for one in found):
            say('"hub backfill" goes on with what was interrupted, "hub backfill INSTANCE" with that of one instance')


def _as_it_is(store: "Store", one: "Backfill") -> "Backfill":
    """Return a backfill with the state that people are told: what is unfinished may be read by nobody just now."""
    from hub.runtime.backfill import is_under_way

    return replace(one, state=_INTERRUPTED) if one.state == "reading" and not is_under_way(store, one) else one


def _line(one: "Backfill", done: int, of: int, zone: tzinfo) -> list[object]:
    windows = f"{done} of {of}"
    times = (local(one.since, zone), local(one.until, zone))
    return [one.instance, *times, one.state, windows, local(one.created_at, zone), "yes" if one.effects else ""]
