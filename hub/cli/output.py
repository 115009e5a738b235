"""Printing: data on stdout, messages on stderr, colour on a terminal only."""

import json
import math
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, is_dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

# What a terminal would obey: escape sequences and changes of the writing direction in other people's texts.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_SHORT_ID = 8  # letters
_GAP = 2  # letters between two columns
_NAME_SHARE = 3  # a name has at most this part of the terminal's width
_EVERY_S = 30.0  # between two lines on how far long work is
_LASTING_S = 2.0  # a shorter wait is over before it is read
_WAITS_EVERY_S = 60.0  # between two lines on waits for one instance
_CELL = 200  # characters of a cell where no terminal sets the width; one that wraps is never cut


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; a *flexible* one takes the room that is left and is cut to it, or *wraps*. One with a
    *width* (letters) has it, and its title is wrapped. In a *fixed* one stand words of the hub's own and nothing from
    outside: no secret can be in it, and none that is a common word is to be taken out."""

    title: str
    flexible: bool = False
    wraps: bool = False
    right: bool = False
    style: str = ""
    width: int | None = None
    fixed: bool = False


def printable(text: str) -> str:
    """Return *text* without what a terminal would take for a command."""
    return _COMMANDS.sub("", text)


def one_line(text: str) -> str:
    """Return *text* printable and in one line."""
    return " ".join(printable(text).split())


def say(message: str) -> None:
    """Write *message* for the person at the terminal, without registered secrets."""
    click.echo(printable(_redacted(message)), err=True)


def print_json(value: Any) -> None:
    """Write *value* as JSON, without registered secrets; dataclasses become objects, times ISO 8601 in UTC."""
    click.echo(json.dumps(_without_secrets(value), ensure_ascii=False, indent=2))


def _redacted(text: str) -> str:
    from hub.runtime.logs import redact  # "hub --help" prints nothing of anybody's and need not pay for it

    return redact(text)


def _without_secrets(value: Any) -> Any:
    """Return *value* as JSON has it. Texts are cleaned before they are quoted, as a quoted secret looks different."""
    if isinstance(value, str):
        return _redacted(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_redacted(str(key)): _without_secrets(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return _without_secrets(as_json(value))


def as_json(value: Any) -> Any:
    """Return what JSON can hold of *value*."""
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> None:
    """Write a table without registered secrets: fitted to the terminal, or aligned text where it goes elsewhere."""
    cells = _cells(columns, rows)
    if sys.stdout.isatty():
        _rich_table(columns, cells)
    else:
        for line in _aligned(columns, cells):
            click.echo(line)


def print_figures(columns: Sequence[Column], rows: Sequence[Sequence[object]], names: int) -> None:
    """Write a table as :func:`print_table`, but cut none of its figures, for half a number is a wrong one: a terminal
    that is too narrow shows it in parts, one below the other.

    Args:
        names: so many columns at the left name a row; they stand in each part, and may be cut.
    """
    if not sys.stdout.isatty():
        print_table(columns, rows)
        return
    cells, most = _cells(columns, rows), width()
    wide = [_needed(column, [row[place] for row in cells]) for place, column in enumerate(columns)]
    wide[:names] = [min(one, most // _NAME_SHARE) for one in wide[:names]]
    for number, part in enumerate(_parts(wide, names, most)):
        if number:
            click.echo()
        fitted = [replace(columns[place], width=wide[place]) for place in part]
        _rich_table(fitted, [[row[place] for place in part] for row in cells])


def _cells(columns: Sequence[Column], rows: Sequence[Sequence[object]]) -> list[list[str]]:
    return [[_cell(column, cell) for column, cell in zip(columns, row, strict=True)] for row in rows]


def _cell(column: Column, cell: object) -> str:
    text = "" if cell is None else str(cell)
    return one_line(text if column.fixed else _redacted(text))


def _needed(column: Column, cells: Sequence[str]) -> int:
    """Return how many letters a column needs whose title is wrapped between words."""
    return max(map(len, (*column.title.split(), *cells)), default=0)


def _parts(wide: Sequence[int], names: int, most: int) -> Iterator[tuple[int, ...]]:
    """Yield the places of the columns, so *wide*, that stand side by side in *most* letters: the *names* first."""
    left = tuple(range(names))
    part: tuple[int, ...] = ()
    for place in range(names, len(wide)):
        if part and sum(wide[one] + _GAP for one in (*left, *part, place)) - _GAP > most:
            yield (*left, *part)
            part = ()
        part = (*part, place)
    yield (*left, *part)


def console(*, stderr: bool = False) -> "Console":
    """Return a console; it has colour only on a terminal and never with ``NO_COLOR``."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, markup=False)


def _rich_table(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, expand=any(column.flexible for column in columns), header_style="bold")
    for column in columns:
        table.add_column(
            column.title if column.width is None else Text(column.title, no_wrap=False),
            style=column.style or None,
            justify="right" if column.right else "left",
            no_wrap=not column.wraps,
            overflow="fold" if column.wraps else "ellipsis",
            ratio=1 if column.flexible else None,
            width=column.width,
        )
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def _aligned(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> Iterator[str]:
    cut = [None if column.wraps else _CELL for column in columns]
    lines = [[column.title for column in columns]]
    lines += [[cell[:most] for cell, most in zip(row, cut, strict=True)] for row in cells]
    widths = [max(len(line[number]) for line in lines) for number in range(len(columns))]
    for line in lines:
        parts = [
            cell.rjust(width) if column.right else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        yield "  ".join(parts).rstrip()


def width() -> int:
    """Return how many columns the terminal has."""
    return shutil.get_terminal_size().columns


def local(at: datetime | None, zone: tzinfo, *, seconds: bool = False) -> str:
    """Return *at* for a person in *zone*, to the minute, or to the second."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M") if at else ""


def span(length: timedelta) -> str:
    """Return a length of time in its largest unit: ``45s``, ``12m``, ``3h``, ``5d``."""
    seconds = max(int(length.total_seconds()), 0)
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def short_id(ident: str) -> str:
    """Return as many letters of a ticket's or customer's id as people are shown: enough to ask for it by."""
    return ident[:_SHORT_ID]


def counted(number: int, one: str, many: str) -> str:
    """Return ``1 ticket``, ``1,200 tickets``."""
    return f"{number:,} {one if number == 1 else many}"


@contextmanager
def progress(text: str, *, quiet: bool = False) -> "Iterator[Progress]":
    """Show that something long is going on, and let what is shown be changed; away from a terminal in a line now and
    then."""
    if quiet or not sys.stderr.isatty():
        yield Progress(None, None if quiet else Lines())
        return
    with console(stderr=True).status(text) as status:
        yield Progress(status, None)


class Progress:
    """What is shown while something long goes on."""

    def __init__(self, status: Any, lines: "Lines | None") -> None:
        self._status = status
        self._lines = lines

    def show(self, text: str) -> None:
        """Show *text* instead."""
        if self._status is not None:
            self._status.update(one_line(_redacted(text)))
        if self._lines is not None:
            self._lines.show(text)

    def wait(self, instance: str, tries: int, seconds: float, error: Exception) -> None:
        """Show that *instance* is asked again after so many seconds."""
        if self._status is not None:
            self._status.update(one_line(_redacted(told_wait(instance, tries, seconds, error))))
        if self._lines is not None:
            self._lines.wait(instance, tries, seconds, error)


def told_wait(instance: str, tries: int, seconds: float, error: Exception) -> str:
    """Return what is said of a wait between two tries."""
    return f"{instance}: {error}; try {tries + 1} in {seconds:.0f} s"


class Lines:
    """What is said of long work where there is no terminal: seldom enough for a log.

    Args:
        clock: seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._said_at = clock()
        self._waits: dict[str, float] = {}

    def show(self, text: str) -> None:
        """Say *text* if nothing was said of the work for a while."""
        now = self._clock()
        if now - self._said_at >= _EVERY_S:
            self._said_at = now
            say(one_line(text))

    def wait(self, instance: str, tries: int, seconds: float, error: Exception) -> None:
        """Say that *instance* is asked again after so many seconds, if that lasts and was not said of it just now."""
        now = self._clock()
        if seconds >= _LASTING_S and now - self._waits.get(instance, -math.inf) >= _WAITS_EVERY_S:
            self._waits[instance] = now
            say(one_line(told_wait(instance, tries, seconds, error)))
