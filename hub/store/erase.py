"""Removing one person's data everywhere: messages, tickets, events, originals, dead letters, pages that
could not be read, the search index.

The author's key is kept as a digest, so that the next sweep does not bring the person back.
"""

import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
import zstandard

from hub.sdk.errors import StoreError
from hub.store import search
from hub.store.links import case_digest
from hub.store.merge import author_digest
from hub.store.rows import MessageRow
from hub.store.tables import (
    dead_letters,
    erased_authors,
    failed_pages,
    links,
    messages,
    micros,
    originals,
    outbox,
    ticket_events,
    tickets,
)

_CHUNK = 500  # values in one IN list
_TELLING = 20  # characters; a shorter text may be somebody else's too
_ID_FIELDS = ("id", "key", "uuid")  # how fields are called that name a record


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was removed. ``tickets`` counts those that the person had opened: they go as a whole, for title, thread
    and our answers in them speak of the person too."""

    messages: int
    tickets: int
    originals: int
    dead_letters: int


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a key, handle or name stands for, and what would go with them.

    Attributes:
        keys: the different author keys, sorted.
        keyless: messages of authors of that name who have no key, so that nobody knows whether they are one person.
        messages: with all those in the tickets below.
        tickets: those that they opened.
    """

    keys: tuple[str, ...]
    keyless: int
    messages: int
    tickets: int


def named(connection: sa.Connection, author: str) -> Named:
    """Return whom :func:`erase` would remove for *author*; nothing is changed.

    Raises:
        StoreError: *author* is blank.
    """
    written, _ = _messages_by(connection, author)
    keys = [(orjson.loads(row.content).get("author") or {}).get("key") for row in written]
    opened = _opened(connection, sorted({row.ticket_n for row in written}), {row.id for row in written})
    gone = {row.n for row in (*written, *_messages_in(connection, opened))}
    known = tuple(sorted({key for key in keys if key}))
    return Named(known, sum(not key for key in keys), len(gone), len(opened))


def erase(connection: sa.Connection, author: str, now: datetime) -> Erased:
    """Remove the data of the person whose author key, handle or name is exactly *author*.

    Raises:
        StoreError: *author* is blank, which would be everybody without a name.
    """
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    written, digests = _messages_by(connection, author)
    concerned = sorted({row.ticket_n for row in written})
    opened = _opened(connection, concerned, {row.id for row in written})
    rows = {row.n: row for row in (*written, *_messages_in(connection, opened))}
    _forget_in_index(connection, list(rows.values()))
    _delete(connection, messages, list(rows))
    _delete(connection, ticket_events, concerned, "ticket_n")
    _forget_cases(connection, opened, now)
    _delete(connection, tickets, opened)
    if rows and connection.dialect.name == "sqlite":
        search.settle(connection)
    traces = _traces(author, written)
    counts = [_delete_with(connection, table, traces) for table in (originals, dead_letters)]
    _drop_failed_pages(connection, traces)
    _remember(connection, digests, now)
    return Erased(len(rows), len(opened), *counts)


def _opened(connection: sa.Connection, numbers: Sequence[int], ids: AbstractSet[bytes]) -> list[int]:
    """Return those of the tickets *numbers* whose content came with one of the messages *ids*."""
    found: list[int] = []
    for some in _chunks(numbers):
        query = sa.select(tickets.c.n, tickets.c.opening).where(tickets.c.n.in_(some))
        found.extend(row.n for row in connection.execute(query) if row.opening in ids)
    return found


def _messages_in(connection: sa.Connection, numbers: Sequence[int]) -> Iterator[MessageRow]:
    for some in _chunks(numbers):
        for row in connection.execute(sa.select(messages).where(messages.c.ticket_n.in_(some))):
            yield MessageRow(*row)


def _forget_cases(connection: sa.Connection, opened: Sequence[int], now: datetime) -> None:
    """Remove what is known of the cases of tickets that go, and keep the cases from becoming tickets of their own."""
    digests: set[bytes] = set()
    for some in _chunks(opened):
        for row in connection.execute(sa.select(links).where(links.c.ticket_n.in_(some))):
            digests.add(case_digest(row.connector, row.namespace, row.external_id))
    _remember(connection, digests, now)
    _delete(connection, links, opened, "ticket_n")
    _delete(connection, outbox, opened, "ticket_n")


def _remember(connection: sa.Connection, digests: AbstractSet[bytes], now: datetime) -> None:
    known = set(connection.execute(sa.select(erased_authors.c.digest)).scalars())
    for digest in sorted(digests - known):
        connection.execute(sa.insert(erased_authors).values(digest=digest, erased_at=micros(now)))


def _messages_by(connection: sa.Connection, author: str) -> tuple[list[MessageRow], set[bytes]]:
    """Return what the person wrote, and what keeps it from coming back: digests of the author's keys, and the ids of
    messages whose author has none."""
    if not author.strip():
        raise StoreError("no author is named; give a key, name or handle, exactly as a ticket shows it")
    rows: list[MessageRow] = []
    digests: set[bytes] = set()
    needle = orjson.dumps(author).decode()
    for found in connection.execute(sa.select(messages).where(messages.c.content.contains(needle, autoescape=True))):
        facts = orjson.loads(found.content).get("author") or {}
        if author in (facts.get("key"), facts.get("handle"), facts.get("name")):
            rows.append(MessageRow(*found))
            digests.add(author_digest(facts["key"]) if facts.get("key") else found.id)
    return rows, digests


def _forget_in_index(connection: sa.Connection, rows: Sequence[MessageRow]) -> None:
    if connection.dialect.name != "sqlite":
        return
    last = search.indexed_to(connection)
    entries = []
    for row in rows:
        ticket = connection.execute(
            sa.select(tickets.c.title, tickets.c.opening).where(tickets.c.n == row.ticket_n)
        ).one()
        if row.n <= last:
            entries.append((row.n, search.indexed_text(ticket.title if ticket.opening == row.id else None, row.body)))
    search.remove(connection, entries)


@dataclass(frozen=True, slots=True)
class _Traces:
    """What betrays the person in an original: names and keys as whole values, ids of records in fields for ids, and
    texts that are too long to be anybody else's."""

    names: frozenset[str]
    ids: frozenset[str]
    texts: tuple[str, ...]

    def words(self) -> tuple[bytes, ...]:
        return tuple(orjson.dumps(word)[1:-1] for word in (*self.names, *self.ids, *self.texts))


def _traces(author: str, rows: Sequence[MessageRow]) -> _Traces:
    names: set[str] = {author}
    ids: set[str] = set()
    for row in rows:
        facts = orjson.loads(row.content).get("author") or {}
        names.update(str(facts[name]) for name in ("key", "name", "handle") if facts.get(name))
        ids.update(source[1] for source in orjson.loads(row.sources))
    texts = tuple({row.body for row in rows if len(row.body) >= _TELLING})
    return _Traces(frozenset(names), frozenset(ids), texts)


def _delete_with(connection: sa.Connection, table: sa.Table, traces: _Traces) -> int:
    unpack = zstandard.ZstdDecompressor().decompress if table is originals else bytes
    words = traces.words()
    # How an original was asked for may hold the title of its case.
    request = originals.c.request if table is originals else sa.literal("{}")
    bodies = connection.execute(sa.select(table.c.n, table.c.body, request.label("request")))
    gone = [
        row.n
        for row in bodies
        if _speaks_of(unpack(row.body), traces, words) or _speaks_of((row.request or "").encode(), traces, words)
    ]
    _delete(connection, table, gone)
    return len(gone)


def _drop_failed_pages(connection: sa.Connection, traces: _Traces) -> None:
    """Remove the pages that speak of the person, and those that cannot be looked through: half a document hides names,
    and what stopped a stream comes again while it does."""
    unpack, words = zstandard.ZstdDecompressor().decompress, traces.words()
    gone = [
        row.n
        for row in connection.execute(sa.select(failed_pages.c.n, failed_pages.c.body))
        if not _is_json(body := unpack(row.body)) or _speaks_of(body, traces, words)
    ]
    _delete(connection, failed_pages, gone)


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True


def _speaks_of(body: bytes, traces: _Traces, words: Sequence[bytes]) -> bool:
    # What is escaped must be parsed to be seen: vendors escape letters and slashes in their own ways.
    if b"\\" not in body and not any(word in body for word in words):
        return False
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return any(len(word) >= _TELLING and word in body for word in words)
    return any(
        value in traces.names
        or (value in traces.ids and field.lower().endswith(_ID_FIELDS))
        or any(text in value for text in traces.texts)
        for field, value in _leaves(parsed)
    )


def _leaves(parsed: Any) -> Iterator[tuple[str, str]]:
    """Yield every text and number of *parsed* as text, with the name of its field."""
    waiting: list[tuple[str, Any]] = [("", parsed)]
    while waiting:
        field, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.items())
        elif isinstance(value, list):
            waiting.extend((field, item) for item in value)
        elif value is not None:
            yield field, str(value)


def _chunks(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[start : start + _CHUNK] for start in range(0, len(numbers), _CHUNK))


def _delete(connection: sa.Connection, table: sa.Table, numbers: Sequence[int], column: str = "n") -> None:
    for some in _chunks(numbers):
        connection.execute(sa.delete(table).where(table.c[column].in_(some)))
