"""Removing one person's data everywhere: messages, tickets, events, originals, dead letters, the search index.

The author's key is kept as a digest, so that the next sweep does not bring the person back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa
import zstandard

from hub.store import search
from hub.store.merge import author_digest
from hub.store.rows import MessageRow
from hub.store.tables import dead_letters, erased_authors, messages, micros, originals, ticket_events, tickets


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was removed. ``tickets`` counts those that had no other message."""

    messages: int
    tickets: int
    originals: int
    dead_letters: int


def erase(connection: sa.Connection, author: str, now: datetime) -> Erased:
    """Remove the data of the person whose author key, handle or name is exactly *author*."""
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    rows, keys = _messages_by(connection, author)
    _forget_in_index(connection, rows)
    _delete(connection, messages, [row.n for row in rows])
    ticket_numbers = sorted({row.ticket_n for row in rows})
    left = _with_messages(connection, ticket_numbers)
    gone = [n for n in ticket_numbers if n not in left]
    for table, column in ((ticket_events, "ticket_n"), (tickets, "n")):
        _delete(connection, table, ticket_numbers if table is ticket_events else gone, column)
    words = _words(author, rows)
    counts = [_delete_with(connection, table, words) for table in (originals, dead_letters)]
    for key in keys:
        known = connection.execute(
            sa.select(erased_authors).where(erased_authors.c.digest == author_digest(key))
        ).first()
        if known is None:
            connection.execute(sa.insert(erased_authors).values(digest=author_digest(key), erased_at=micros(now)))
    return Erased(len(rows), len(gone), *counts)


def _messages_by(connection: sa.Connection, author: str) -> tuple[list[MessageRow], set[str]]:
    rows: list[MessageRow] = []
    keys: set[str] = set()
    needle = orjson.dumps(author).decode()
    for found in connection.execute(sa.select(messages).where(messages.c.content.contains(needle, autoescape=True))):
        facts = orjson.loads(found.content).get("author") or {}
        if author in (facts.get("key"), facts.get("handle"), facts.get("name")):
            rows.append(MessageRow(*found))
            if facts.get("key"):
                keys.add(facts["key"])
    return rows, keys


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


def _with_messages(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    query = sa.select(messages.c.ticket_n).where(messages.c.ticket_n.in_(numbers)).distinct()
    return set(connection.execute(query).scalars())


def _words(author: str, rows: Sequence[MessageRow]) -> set[bytes]:
    """Return what betrays the person in an original: the author's names as JSON texts, and what they wrote."""
    words = {author}
    for row in rows:
        facts = orjson.loads(row.content).get("author") or {}
        words.update(str(facts[name]) for name in ("name", "handle") if facts.get(name))
        words.update(source[1] for source in orjson.loads(row.sources))
        if row.body:
            words.add(row.body)
    return {orjson.dumps(word)[1:-1] for word in words if len(word) > 1}


def _delete_with(connection: sa.Connection, table: sa.Table, words: set[bytes]) -> int:
    gone: list[int] = []
    unpack = zstandard.ZstdDecompressor().decompress if table is originals else bytes
    for row in connection.execute(sa.select(table.c.n, table.c.body)):
        body = unpack(row.body)
        if any(word in body for word in words):
            gone.append(row.n)
    _delete(connection, table, gone)
    return len(gone)


def _delete(connection: sa.Connection, table: sa.Table, numbers: Sequence[int], column: str = "n") -> None:
    for start in range(0, len(numbers), 500):
        connection.execute(sa.delete(table).where(table.c[column].in_(numbers[start : start + 500])))
