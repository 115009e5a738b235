"""Tickets into files, one a line, in memory one at a time."""

import csv
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import IO, Any, TextIO

from hub.sdk import StoreError, Ticket

COLUMNS = (
    "id", "connector", "instance", "platform", "kind", "thread", "url", "title", "language", "rating", "sentiment",
    "place", "source_tags", "created_at", "updated_at", "closed_at", "state", "category", "priority", "score", "queue",
    "assignee", "tags", "author", "messages", "text",
)  # fmt: skip
"""The columns of the flat form; ``author`` is the first message's, ``text`` all messages in order."""

_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def refusal(path: Path, held: Iterable[Path], *, force: bool) -> str | None:
    """Return why *path* is not to be written over, if it is not.

    Args:
        held: files that the hub lives on, there or not; links to them count as well.
        force: write over any other file.
    """
    if any(_same(path, one) for one in held):
        return f"{path} is a file that the hub itself lives on; name another file"
    if path.is_file() and not force:
        return f"{path} exists; name another file, or write over it with --force"
    return None


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return os.path.realpath(one) == os.path.realpath(other)


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """Open *path* for writing; None is stdout.

    A file is written under another name, which it loses only when the block ends well; only its owner may read it, for
    it holds what people wrote. Links are followed. A device or a pipe is written as it stands.

    Raises:
        StoreError: it cannot be written.
    """
    if path is None:
        yield sys.stdout
    elif path.exists() and not path.is_file():
        with _through(path) as file:
            yield file
    else:
        with _whole(path, Path(os.path.realpath(path))) as file:
            yield file


@contextmanager
def opened_binary(path: Path) -> Iterator[IO[bytes]]:
    """Open *path* as :func:`opened` does, for bytes."""
    ways = _through if path.exists() and not path.is_file() else partial(_whole, target=Path(os.path.realpath(path)))
    with ways(path, binary=True) as file:
        yield file


def _text(*, binary: bool) -> dict[str, Any]:
    return {"mode": "wb"} if binary else {"mode": "w", "encoding": "utf-8", "newline": ""}


@contextmanager
def _through(path: Path, *, binary: bool = False) -> Iterator[Any]:
    try:
        with path.open(**_text(binary=binary)) as file:
            yield file
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); name another file") from error


@contextmanager
def _whole(path: Path, target: Path, *, binary: bool = False) -> Iterator[Any]:
    try:
        handle, part = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror}); name another file") from error
    try:
        with os.fdopen(handle, **_text(binary=binary)) as file:
            yield file
        Path(part).replace(target)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}; nothing was left behind") from error
    finally:
        Path(part).unlink(missing_ok=True)


def write_jsonl(tickets: Iterable[Ticket], file: TextIO) -> Iterator[int]:
    """Write one JSON object a line; yield how many are written after each."""
    for number, ticket in enumerate(tickets, 1):
        file.write(ticket.model_dump_json() + "\n")
        yield number


def write_csv(tickets: Iterable[Ticket], file: TextIO) -> Iterator[int]:
    """Write a header and one row a ticket; yield how many are written after each.

    A spreadsheet would run a text that begins like a formula, so such a text gets an apostrophe in front.
    """
    rows = csv.writer(file, lineterminator="\r\n")  # so that a lone carriage return in a text is quoted too
    rows.writerow(COLUMNS)
    for number, ticket in enumerate(tickets, 1):
        values = _flat(ticket)
        rows.writerow([safe(values[column]) for column in COLUMNS])
        yield number


def write_xlsx(tickets: Iterable[Ticket], path: Path, zone: tzinfo) -> Iterator[int]:
    """Write a spreadsheet of one row a ticket; yield how many are written after each.

    Args:
        zone: whose clock times are on.
    Raises:
        ConfigError: what writes spreadsheets is not installed.
    """
    from hub.cli.sheet import Field, written

    fields = [Field(column, _KINDS.get(column, "text"), _WIDTHS.get(column)) for column in COLUMNS]
    rows = ([_joined(values[column]) for column in COLUMNS] for values in map(_flat, tickets))
    with opened_binary(path) as file, written(file, zone) as book:
        yield from book.add("tickets", fields, rows)


_KINDS: dict[str, Any] = {
    "created_at": "moment", "updated_at": "moment", "closed_at": "moment", "rating": "number", "score": "whole",
    "messages": "whole",
}  # fmt: skip
_WIDTHS = {"id": 38, "text": 80, "title": 40}


def _joined(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value if _is_plain(value) else str(value)


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float | datetime)


WRITERS: dict[str, Callable[[Iterable[Ticket], TextIO], Iterator[int]]] = {"jsonl": write_jsonl, "csv": write_csv}


def _flat(ticket: Ticket) -> dict[str, object]:
    values: dict[str, object] = {column: getattr(ticket, column, None) for column in COLUMNS}
    author = ticket.messages[0].author if ticket.messages else None
    place = ticket.place
    return values | {
        "place": (place.name or place.address or place.key) if place else None,
        "author": (author.name or author.handle or author.key) if author else None,
        "messages": len(ticket.messages),
        "text": "\n\n".join(message.body for message in ticket.messages),
    }


def inert(text: str) -> str:
    """Return *text* so that no spreadsheet runs it: with an apostrophe in front where it begins like a formula."""
    return "'" + text if text.startswith(_FORMULAS) else text


def safe(value: object) -> object:
    """Return a value for a cell of CSV: inert texts, instants as ``2026-11-01T12:00:00Z``, lists with commas."""
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return safe(", ".join(map(str, value)))
    return value
