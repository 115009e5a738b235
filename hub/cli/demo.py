"""``hub demo``: the whole path of a record on one machine, with no account."""

import asyncio
import shlex
import shutil
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import FAILED
from hub.cli.output import console, progress, say
from hub.cli.speech import lang_option, spoken
from hub.cli.state import State, pass_state

if TYPE_CHECKING:
    from hub.runtime.config import Outline, Settings
    from hub.runtime.reports import SyncReport
    from hub.store import Store, TicketLine

DEFAULT_FOLDER = Path("hub-demo")

_LIST = 12  # tickets in the table
_PLATFORMS = 10
_BAR = 30  # columns


@click.command
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_FOLDER)
@click.option("--keep", is_flag=True, help="Let the vendors' APIs run on until Ctrl-C, so that you can sync again.")
@lang_option
@click.option("--seed", type=int, default=1, show_default=True, help="Of the vendors' data.")
@click.option("--items", type=click.IntRange(1), default=300, show_default=True, help="Records of each vendor.")
@pass_state
def demo(state: State, folder: Path, keep: bool, lang: str | None, seed: int, items: int) -> None:
    """See it all work on this machine, with no account.

    Serves the vendors' APIs on loopback, writes settings into DIR (./hub-demo unless given), reads everything into
    tickets and shows them. DIR stays, so that the other commands can be tried on it; nothing is left running.
    """
    from hub.cli.demo_folder import RATE, prepare
    from hub.cli.demo_texts import TEXTS
    from hub.runtime.plugins import discover
    from hub.sandbox import SandboxOptions, running
    from hub.sdk import ConfigError

    registry = discover()
    names = _playable(registry.names())
    if not names:
        raise ConfigError("no connector with a sandbox is installed; install helpdesk-hub-youscan, for one")
    lang = spoken(state, lang)
    options = SandboxOptions(seed=seed, items=items, limits=dict.fromkeys(names, RATE))
    with running(names, options) as sandbox:
        state.verbosity = state.verbosity or -1  # the odd records are told of at the end
        state.config = prepare(folder, registry, sandbox)
        report = _Report(state, TEXTS[lang], lang)
        ok = report.show(", ".join(names), kept=keep)
        if keep:
            say(report.text["kept"])
            with suppress(KeyboardInterrupt):
                threading.Event().wait()
    if not ok:
        raise click.exceptions.Exit(FAILED)


def _playable(connectors: Sequence[str]) -> list[str]:
    """Return the sandboxes of the plugins that *connectors* come from."""
    from importlib.metadata import entry_points

    from hub.sandbox import installed

    packages = {entry.module.split(".")[0] for entry in entry_points(group="hub") if entry.name in connectors}
    return [name for name, entry in installed().items() if entry.module.split(".")[0] in packages]


class _Report:
    """One run of the demo, as it is told."""

    def __init__(self, state: State, text: Any, lang: str) -> None:
        self.state = state
        self.text = text
        self.lang = lang

    def show(self, vendors: str, *, kept: bool) -> bool:
        """Read everything and show it; return whether all went well."""
        say(self.text["served"].format(vendors=vendors, config=self.state.config))
        settings = self.state.settings()
        outline = self.state.outline()
        with self.state.store(settings.store) as store:
            done = self._sync(settings, store)
            shown = self._tickets(store, outline)
            self._counts(store)
            self._speed(store, done)
        self._next(shown, kept=kept)
        return done.ok

    def _sync(self, settings: "Settings", store: "Store") -> "SyncReport":
        from hub.runtime.reports import Progress
        from hub.runtime.sync import sync

        with progress(self.text["reading"]) as shown:

            def tell(step: Progress) -> None:
                shown.show(f"{step.instance} {step.stream}: {step.records}")

            report = asyncio.run(sync(settings, store, on_progress=tell))
        for stream in report.streams:
            for remark in (stream.error, stream.skipped, *stream.warnings):
                if remark:
                    say(f"{stream.instance} {stream.title or stream.stream}: {remark}")
        for problem in report.problems:
            say(problem)
        return report

    def _tickets(self, store: "Store", outline: "Outline") -> "TicketLine | None":
        from datetime import UTC, datetime

        from hub.cli.story import print_story
        from hub.cli.tickets import print_lines
        from hub.runtime.times import times_of
        from hub.store import TicketFilter

        lines = store.list_tickets(TicketFilter(), 10 * _LIST)
        self._heading("newest")
        print_lines(outline, lines[:_LIST])
        if not lines:
            return None
        shown = max(lines, key=_interest)
        self._heading("one")
        ticket, events = store.find_ticket(shown.id), store.events(shown.id)
        times = times_of(outline.rules, ticket, events, datetime.now(UTC))
        print_story(ticket, events, times, outline.timezone, self.lang)
        return shown

    def _counts(self, store: "Store") -> None:
        from hub.store import TicketFilter

        everything = TicketFilter()
        self._heading("platforms")
        _print_bars(store.count_by(everything, "platform")[:_PLATFORMS])
        for column in ("category", "queue", "priority"):
            self._heading(column)
            counts = store.count_by(everything, column)
            _print_bars([(self.text["none"] if value is None else value, number) for value, number in counts])
        self._heading("ratings")
        ratings = store.count_by(everything, "rating")
        ratings.sort(key=lambda row: -1.0 if row[0] is None else row[0], reverse=True)
        _print_bars([(self.text["none"] if value is None else f"★ {value:g}", n) for value, n in ratings])

    def _speed(self, store: "Store", report: "SyncReport") -> None:
        summary = store.summary()
        records = sum(stream.records for stream in report.streams)
        click.echo()
        click.echo(
            self.text["speed"].format(
                records=records,
                tickets=summary.tickets,
                messages=summary.messages,
                seconds=report.seconds,
                rate=records / report.seconds if report.seconds else 0,
            )
        )
        if summary.dead_letters:
            click.echo(self.text["set_aside"].format(dead=summary.dead_letters))

    def _next(self, shown: "TicketLine | None", *, kept: bool) -> None:
        hub = f"{_program()} --config {shlex.quote(str(self.state.config))}"
        commands = [
            ("next_list", f"{hub} tickets list --kind review --rating 1"),
            ("next_text", f"{hub} tickets list --text {self.text['word']}"),
            ("next_status", f"{hub} status"),
            ("next_dead", f"{hub} dead list"),
            ("next_export", f"{hub} tickets export --format csv -o tickets.csv"),
            ("next_init", f"{_program()} init my-hub"),
        ]
        if shown:
            commands.insert(2, ("next_show", f"{hub} tickets show {shown.id[:8]}"))
            commands.insert(3, ("next_why", f"{hub} rules explain {shown.id[:8]}"))
        if kept:
            commands.insert(0, ("next_sync", f"{hub} sync"))
        self._heading("next")
        widest = max(len(command) for _, command in commands)
        for key, command in commands:
            click.echo(f"  {command.ljust(widest)}  # {self.text[key]}")

    def _heading(self, key: str) -> None:
        click.echo()
        if sys.stdout.isatty():
            console().print(self.text[key], style="bold")
        else:
            click.echo(self.text[key])


def _interest(line: "TicketLine") -> tuple[bool, int, bool, float, int]:
    """Of the tickets that fit on a screen: an urgent one, then a conversation, then a bad review, then much text."""
    urgent = line.priority == "urgent"
    return (urgent, min(line.messages, 2), line.rating is not None, -(line.rating or 0), len(line.text))


def _print_bars(counts: Sequence[tuple[object, int]]) -> None:
    for line in _bars(counts):
        click.echo(line)


def _bars(counts: Sequence[tuple[object, int]]) -> Iterator[str]:
    if not counts:
        return
    widest = max(len(str(value)) for value, _ in counts)
    most = max(number for _, number in counts)
    for value, number in counts:
        yield f"  {str(value).ljust(widest)}  {number:>6,}  {'█' * max(round(_BAR * number / most), 1)}"


def _program() -> str:
    """Return how a person calls us in this shell."""
    if shutil.which("hub"):
        return "hub"
    called = Path(sys.argv[0])
    with suppress(ValueError):
        called = called.absolute().relative_to(Path.cwd())
    return shlex.quote(str(called)) if called.name == "hub" else f"{shlex.quote(sys.executable)} -m hub"
