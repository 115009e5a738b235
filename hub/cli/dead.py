"""``hub dead``: records that could not be made into tickets, and pages that could not be read."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from hub.cli.errors import FAILED
from hub.cli.filters import check_instances
from hub.cli.lazy import Group
from hub.cli.output import Column, counted, local, print_json, print_table, printable, say
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.runtime.dead import Retried
    from hub.store import DeadLetter, FailedPage, Store

_EVERY = 1_000_000  # more than any list holds


@click.group(cls=Group)
def dead() -> None:
    """List, show, retry and drop what was set aside.

    A record that cannot be made into a ticket is kept with its original bytes and the reason.
    """


@dead.command("list")
@click.option("--instance", shell_complete=complete_instance, help="Of this instance only.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
@json_option
@shared_options
@pass_state
def list_(state: State, instance: str | None, limit: int, as_json: bool) -> None:
    """List records that were set aside, newest first.

    Deliveries that were set aside are counted; "hub outbox" lists them.
    """
    outline = state.outline()
    with state.store(outline.store) as store:
        check_instances(outline, store, [instance] if instance else [])
        letters = store.dead_letters(instance, limit)
        aside = sum(number for name, (_, number) in store.outbox_counts().items() if instance in (None, name))
    if as_json:
        print_json(letters)
        return
    if letters:
        _show(letters, outline.timezone)
    say(_hint(len(letters), limit))
    if aside:
        say(
            f'{counted(aside, "delivery is", "deliveries are")} set aside too: "hub outbox" lists them,'
            ' "hub dead retry --deliveries" tries them again'
        )


def _show(letters: "Sequence[DeadLetter]", zone: tzinfo) -> None:
    columns = [
        Column("n", right=True),
        Column("instance"),
        Column("stream"),
        Column("last seen"),
        Column("times", right=True),
        Column("reason", flexible=True, wraps=True),
    ]
    rows = [[one.n, one.instance, one.stream, local(one.seen_at, zone), one.times, one.reason] for one in letters]
    print_table(columns, rows)


@dead.command
@click.argument("number", metavar="N", type=int)
@click.option("--raw", is_flag=True, help="Print the record's bytes and nothing else.")
@json_option
@shared_options
@pass_state
def show(state: State, number: int, raw: bool, as_json: bool) -> None:
    """Show one record that was set aside: why, and what the source sent."""
    outline = state.outline()
    with state.store(outline.store) as store:
        letter = store.dead_letter(number)
    if raw:
        sys.stdout.buffer.write(letter.body)
    elif as_json:
        print_json(letter)
    else:
        click.echo(f"{letter.instance} {letter.stream}, {letter.mode} {letter.name}".rstrip())
        click.echo(f"seen {counted(letter.times, 'time', 'times')}, last at {local(letter.seen_at, outline.timezone)}")
        click.echo(f"reason: {printable(letter.reason)}\n")
        click.echo(printable(letter.body.decode("utf-8", "replace")))


@dead.command
@click.argument("instance", shell_complete=complete_instance)
@click.argument("stream", required=False)
@click.option("--raw", is_flag=True, help="Print the page's bytes and nothing else.")
@json_option
@shared_options
@pass_state
def page(state: State, instance: str, stream: str | None, raw: bool, as_json: bool) -> None:
    """Show the answer that stopped a stream, for the connector's author.

    It is kept while its stream fails and until `keep_raw` is over; the newest one is shown unless STREAM is named. It
    may hold personal data.
    """
    outline = state.outline()
    with state.store(outline.store) as store:
        check_instances(outline, store, [instance])
        kept = store.failed_pages(instance)
    found = next((one for one in kept if stream in (None, one.stream, one.name)), None)
    if found is None:
        others = ", ".join(dict.fromkeys(one.stream or one.name for one in kept))
        say(f"no page of {' '.join(filter(None, (instance, stream)))} is kept" + (f"; of {others} is" if kept else ""))
        raise click.exceptions.Exit(FAILED)
    _show_page(found, outline.timezone, raw=raw, as_json=as_json)


def _show_page(found: "FailedPage", zone: tzinfo, *, raw: bool, as_json: bool) -> None:
    if raw:
        sys.stdout.buffer.write(found.body)
    elif as_json:
        print_json(found)
    else:
        click.echo(f"{found.instance} {found.stream} {found.name}".strip())
        click.echo(f"{printable(found.request)}\nanswered {found.status} at {local(found.seen_at, zone)}")
        click.echo(f"reason: {printable(found.error)}\n")
        click.echo(printable(found.body.decode("utf-8", "replace")))


@dead.command
@click.argument("numbers", metavar="[N]...", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--instance", shell_complete=complete_instance, help="All of this instance.")
@click.option("--deliveries", is_flag=True,
              help="Deliveries, not records: all, or those to --instance, that were set aside.")  # fmt: skip
@json_option
@shared_options
@pass_state
def retry(
    state: State, numbers: Sequence[int], every: bool, instance: str | None, deliveries: bool, as_json: bool
) -> None:
    """Try again to make tickets of records that were set aside.

    Those that succeed leave the list, and so do those that the source sent again and that were read well then. Exit
    code 0 only if all did. With --deliveries, deliveries that were set aside are due again, as by "hub outbox retry".
    """
    from hub.runtime.dead import retry_dead

    if deliveries:
        _retry_deliveries(state, numbers, instance, as_json)
        return

    settings = state.settings()
    with state.store(settings.store) as store:
        results = retry_dead(settings, store, _chosen(store, numbers, every, instance))
    if as_json:
        print_json([{"n": one.n, "ok": one.ok, "outcome": one.outcome, "message": one.message} for one in results])
    elif results:
        columns = [Column("n", right=True), Column(""), Column("outcome", flexible=True, wraps=True)]
        print_table(columns, [[one.n, "ok" if one.ok else one.outcome, one.message] for one in results])
    say(_became(results))
    if not all(one.ok for one in results):
        raise click.exceptions.Exit(FAILED)


def _retry_deliveries(state: State, numbers: Sequence[int], instance: str | None, as_json: bool) -> None:
    if numbers:
        raise click.UsageError(
            'one delivery is tried again by "hub outbox retry N"; numbers of "hub dead" are of records'
        )
    outline = state.outline()
    with state.store(outline.store) as store:
        check_instances(outline, store, [instance] if instance else [])
        chosen = [row for row in store.outbox_left(instance, _EVERY) if row.state == "failed"]
        ready = store.outbox_retry([row.n for row in chosen])
    if as_json:
        print_json([{"delivery": row.n, "instance": row.instance} for row in chosen])
    say_due(ready)


def _became(results: "Sequence[Retried]") -> str:
    """Return how many became tickets, and what became of the others."""
    counts: Counter[str] = Counter(one.outcome for one in results)
    parts = [f"{counts.pop('stored', 0)} of {counted(len(results), 'record', 'records')} became tickets"]
    told = {"overtaken": "overtaken", "says nothing": "said nothing to us", "failed": "failed again", "kept": "kept"}
    parts.extend(f"{counts[name]} {said}" for name, said in told.items() if counts[name])
    return ", ".join(parts)


@dead.command
@click.argument("numbers", metavar="[N]...", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option("--instance", shell_complete=complete_instance, help="All of this instance.")
@click.option("--yes", is_flag=True, help="Do not ask where several, --all or --instance would.")
@shared_options
@pass_state
def drop(state: State, numbers: Sequence[int], every: bool, instance: str | None, yes: bool) -> None:
    """Forget records that were set aside, with their bytes.

    One record that is named goes at once; for several, and with --all or --instance, a terminal is asked first.
    """
    outline = state.outline()
    with state.store(outline.store) as store:
        check_instances(outline, store, [instance] if instance else [])
        chosen = _chosen(store, numbers, every, instance)
        if len(chosen) > 1 or (chosen and not numbers):
            confirm(f"forget {counted(len(chosen), 'record', 'records')} for good?", yes)
        dropped = store.drop_dead_letters(chosen)
    say(f"{counted(dropped, 'record', 'records')} dropped")
    require_all("record", dropped, chosen, "hub dead list")


def confirm(question: str, yes: bool) -> None:
    """Go on only when a person agrees: with ``--yes``, or asked on a terminal.

    Raises:
        click.UsageError: there is nobody to ask.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} Nobody can be asked here; say so with --yes")
    if not click.confirm(question, err=True):
        say("nothing was changed")
        raise click.exceptions.Exit(FAILED)


def meant(
    noun: str, numbers: Sequence[int], every: bool, instance: str | None, listed: Callable[[], list[int]]
) -> list[int]:
    """Return the numbers that are meant: those that are named, or with ``--all`` or ``--instance`` the *listed* ones.

    Raises:
        click.UsageError: none of the three ways was taken, or several.
    """
    ways = sum((bool(numbers), every, instance is not None))
    if ways == 0:
        raise click.UsageError(f"name the {noun} by number, or give --all or --instance")
    if ways > 1:
        raise click.UsageError("numbers, --all and --instance do not go together; give one of them")
    return list(dict.fromkeys(numbers)) if numbers else listed()


def require_all(noun: str, done: int, chosen: Sequence[int], listed: str) -> None:
    """Leave with exit code 1 unless all of the *chosen* numbers were there; *listed*: the command that shows those."""
    if done == len(chosen):
        return
    told = f"{noun} {chosen[0]} is not there" if len(chosen) == 1 else f"{len(chosen) - done} of them are not there"
    say(f'{told}; "{listed}" shows those that are')
    raise click.exceptions.Exit(FAILED)


def say_due(ready: int) -> None:
    """Tell how many deliveries are due now."""
    say(f'{counted(ready, "delivery is", "deliveries are")} due; "hub sync" sends what is due')


def _chosen(store: "Store", numbers: Sequence[int], every: bool, instance: str | None) -> list[int]:
    return meant("records", numbers, every, instance, lambda: [one.n for one in store.dead_letters(instance, _EVERY)])


def _hint(shown: int, limit: int) -> str:
    if not shown:
        return "nothing is set aside"
    more = f"the newest {limit:,}; " if shown == limit else ""
    return f'{more}"hub dead show N" shows one, "hub dead retry N" tries it again'
