"""Removing one person's data everywhere: messages, tickets, events, originals, dead letters, pages that
could not be read, the search index.

The author's key is kept as a digest, so that the next sweep does not bring the person back.
"""

import json
import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
import zstandard

from hub.sdk.errors import StoreError
from hub.store import figures_refresh, positions, queries, relations, search
from hub.store.forgetting import forget, others_of
from hub.store.links import case_digest, marker_digest
from hub.store.merge import author_digest
from hub.store.replies import forget as forget_replies
from hub.store.rows import MessageRow, dumps, profile_digest
from hub.store.tables import (
    case_problems,
    chunks,
    corrections,
    dead_letters,
    erased_authors,
    failed_pages,
    links,
    messages,
    micros,
    originals,
    outbox,
    stale_figures,
    ticket_events,
    ticket_moments,
    tickets,
)

_TELLING = 20  # characters; a shorter text may be somebody else's too
_SHORTEST_NAME = 4  # letters; a shorter one stands in too many words
# A single word in more tickets than these, and than this share of all, is a word of the language.
_COMMON_TICKETS = 20
_COMMON_SHARE = 0.01
_LETTERS = re.compile(r"[^\W\d_]")
_WORDS = re.compile(r"\w+")
_ID_FIELDS = ("id", "key", "uuid")  # how fields are called that name a record


@dataclass(frozen=True, slots=True)
class CaseLeft:
    """A case at a destination that tells of somebody erased. ``external_id`` is None where it was being made: whether
    it is there is not known, but by ``marker`` it can be found."""

    instance: str
    external_id: str | None = None
    url: str | None = None
    marker: str | None = None


@dataclass(frozen=True, slots=True)
class StillNamed:
    """A name or handle of somebody erased that stands in what is other people's.

    Args:
        name: as it was said.
        search: what :class:`hub.store.TicketFilter` finds it by, as ``text``.
        texts: tickets whose title or messages have it, in its words.
        fields: tickets whose source says exactly it in another field, such as an assignee.
    """

    name: str
    search: str
    texts: int
    fields: int


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was removed, and where else the person's words stand.

    ``tickets`` counts those that the person had opened: they go as a whole, for title, thread and our answers in them
    speak of the person too. ``pages`` could not be read; ``deliveries`` are rows of the outbox of these tickets, sent
    or not. ``cases`` are those that tell of the person at destinations, where they stay; ``named``: which of the
    person's names stand in other people's tickets, which stay too.
    """

    messages: int
    tickets: int
    originals: int
    dead_letters: int
    pages: int = 0
    deliveries: int = 0
    cases: tuple[CaseLeft, ...] = ()
    named: tuple[StillNamed, ...] = ()

    def __add__(self, other: "Erased") -> "Erased":
        both: dict[str, Any] = {one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(Erased)}
        return Erased(**both | {"cases": tuple(dict.fromkeys(both["cases"]))})


NOBODY = Erased(0, 0, 0, 0)
"""Nothing was removed."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a key, handle or name stands for, and what would go with them.

    Attributes:
        keys: the different author keys, sorted.
        keyless: messages of authors of that name who have no key, so that nobody knows whether they are one person.
        messages: with all those in the tickets below.
        tickets: those that they opened.
        linked: other profiles of the same customer, as platform and key.
    """

    keys: tuple[str, ...]
    keyless: int
    messages: int
    tickets: int
    linked: tuple[tuple[str, str], ...] = ()


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
    linked = others_of(connection, _profiles(connection, written))
    return Named(known, sum(not key for key in keys), len(gone), len(opened), linked)


def erase(connection: sa.Connection, author: str, now: datetime, platform: str | None = None) -> Erased:
    """Remove the data of the person whose author key, handle or name is exactly *author*; with *platform* only of the
    author there who has that key.

    Raises:
        StoreError: *author* is blank, which would be everybody without a name.
    """
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    written, digests = _messages_by(connection, author, platform)
    concerned = sorted({row.ticket_n for row in written})
    gone = _profiles(connection, written)
    opened = _opened(connection, concerned, {row.id for row in written})
    rows = {row.n: row for row in (*written, *_messages_in(connection, opened))}
    _forget_in_index(connection, list(rows.values()))
    traces = _traces(author, written)
    cases = tuple(_cases_of(connection, concerned))
    _delete(connection, messages, list(rows))
    _delete(connection, ticket_events, opened, "ticket_n")
    _forget_events(connection, sorted(set(concerned) - set(opened)), traces, written)
    forget_replies(connection, opened, [(row.ticket_n, row.id) for row in rows.values()])
    deliveries = _forget_cases(connection, opened, now)
    relations.forget(connection, opened)
    _delete_figures(connection, opened, concerned, traces.names)
    _delete(connection, tickets, opened)
    positions.take_back(connection)
    if rows and connection.dialect.name == "sqlite":
        search.settle(connection)
    forget(connection, gone)
    pages_of, letters = (_delete_with(connection, table, traces) for table in (originals, dead_letters))
    pages = _drop_failed_pages(connection, traces)
    _remember(connection, digests, now)
    return Erased(len(rows), len(opened), pages_of, letters, pages, deliveries, cases)


def names_of(connection: sa.Connection, author: str, platform: str | None = None) -> set[str]:
    """Return the names and handles of the person that :func:`erase` would remove; *author* where nobody is known."""
    written, _ = _messages_by(connection, author, platform)
    facts = [orjson.loads(row.content).get("author") or {} for row in written]
    found = {str(one[field]) for one in facts for field in ("name", "handle") if one.get(field)}
    return found if written else {author}


def still_named(connection: sa.Connection, names: AbstractSet[str]) -> tuple[StillNamed, ...]:
    """Return which of *names* stand in the tickets that are there, most seen first. What is too short to be told from
    other words, or is a common word, is left out."""
    found = [_still_named(connection, name) for name in sorted(names) if len(_LETTERS.findall(name)) >= _SHORTEST_NAME]
    return tuple(sorted((one for one in found if one), key=lambda one: (-one.texts - one.fields, one.name)))


def _still_named(connection: sa.Connection, name: str) -> StillNamed | None:
    words = _WORDS.findall(name)
    phrase = f'"{" ".join(words)}"'
    texts = queries.count_with(connection, phrase) if connection.dialect.name == "sqlite" else 0
    number = sa.select(sa.func.count()).select_from(tickets)
    if len(words) == 1:
        usual = max(_COMMON_TICKETS, _COMMON_SHARE * connection.execute(number).scalar_one())
        if texts > usual:
            return None
    value = orjson.dumps(name).decode()
    fields = connection.execute(number.where(tickets.c.content.contains(value, autoescape=True))).scalar_one()
    return StillNamed(name, phrase, texts, fields) if texts or fields else None


def remove_tickets(connection: sa.Connection, numbers: Sequence[int], now: datetime) -> int:
    """Remove whole tickets with all that belongs to them; return how many messages they had. Their cases elsewhere do
    not come back as tickets of their own."""
    rows = list(_messages_in(connection, numbers))
    _forget_in_index(connection, rows)
    _delete(connection, messages, [row.n for row in rows])
    _delete(connection, ticket_events, numbers, "ticket_n")
    forget_replies(connection, numbers, [(row.ticket_n, row.id) for row in rows])
    relations.forget(connection, numbers)
    _forget_cases(connection, numbers, now)
    _delete_figures(connection, numbers, numbers, frozenset())
    _delete(connection, tickets, numbers)
    positions.take_back(connection)
    if rows and connection.dialect.name == "sqlite":
        search.take_back(connection)
    return len(rows)


def _delete_figures(
    connection: sa.Connection, opened: Sequence[int], concerned: Sequence[int], names: AbstractSet[str]
) -> None:
    figures_refresh.forget(connection, concerned, names)
    _delete(connection, stale_figures, opened, "ticket_n")
    _delete(connection, ticket_moments, opened, "ticket_n")


def _profiles(connection: sa.Connection, written: Sequence[MessageRow]) -> set[int]:
    """Return the digests of the profiles that wrote *written*."""
    platforms: dict[int, str] = {}
    for some in chunks(sorted({row.ticket_n for row in written})):
        query = sa.select(tickets.c.n, tickets.c.platform).where(tickets.c.n.in_(some))
        platforms |= {row[0]: row[1] for row in connection.execute(query)}
    keys = [(row.ticket_n, (orjson.loads(row.content).get("author") or {}).get("key")) for row in written]
    return {profile_digest(platforms[number], key) for number, key in keys if key}


def _opened(connection: sa.Connection, numbers: Sequence[int], ids: AbstractSet[bytes]) -> list[int]:
    """Return those of the tickets *numbers* whose content came with one of the messages *ids*."""
    found: list[int] = []
    for some in chunks(numbers):
        query = sa.select(tickets.c.n, tickets.c.opening).where(tickets.c.n.in_(some))
        found.extend(row.n for row in connection.execute(query) if row.opening in ids)
    return found


def _messages_in(connection: sa.Connection, numbers: Sequence[int]) -> Iterator[MessageRow]:
    for some in chunks(numbers):
        for row in connection.execute(sa.select(messages).where(messages.c.ticket_n.in_(some))):
            yield MessageRow(*row)


def _cases_of(connection: sa.Connection, numbers: Sequence[int]) -> Iterator[CaseLeft]:
    """Yield the cases of the tickets *numbers* that are still there, then those that may be."""
    for some in chunks(numbers):
        there = links.c.state.is_(None) | (links.c.state != "hidden")
        query = sa.select(links).where(links.c.ticket_n.in_(some), there).order_by(links.c.n)
        for row in connection.execute(query):
            yield CaseLeft(row.instance, row.external_id, row.url)
        unsure = (outbox.c.effect == "create") & outbox.c.external_id.is_(None) & outbox.c.unsure_since.is_not(None)
        for row in connection.execute(sa.select(outbox).where(outbox.c.ticket_n.in_(some), unsure)):
            yield CaseLeft(row.instance, marker=row.marker)


def _forget_cases(connection: sa.Connection, opened: Sequence[int], now: datetime) -> int:
    """Remove what is known of the cases of tickets that go, and keep the cases from becoming tickets of their own;
    return how many deliveries went."""
    digests: set[bytes] = set()
    for some in chunks(opened):
        for row in connection.execute(sa.select(links).where(links.c.ticket_n.in_(some))):
            digests.add(case_digest(row.connector, row.namespace, row.external_id))
        unmade = (outbox.c.effect == "create") & (outbox.c.state != "done")
        for marker in connection.execute(sa.select(outbox.c.marker).where(outbox.c.ticket_n.in_(some), unmade)):
            digests.add(marker_digest(marker[0]))
    _remember(connection, digests, now)
    _delete(connection, case_problems, opened, "ticket_n")
    _delete(connection, links, opened, "ticket_n")
    _delete(connection, corrections, opened, "ticket_n")
    return _delete(connection, outbox, opened, "ticket_n")


def _remember(connection: sa.Connection, digests: AbstractSet[bytes], now: datetime) -> None:
    known = set(connection.execute(sa.select(erased_authors.c.digest)).scalars())
    for digest in sorted(digests - known):
        connection.execute(sa.insert(erased_authors).values(digest=digest, erased_at=micros(now)))


def _messages_by(
    connection: sa.Connection, author: str, platform: str | None = None
) -> tuple[list[MessageRow], set[bytes]]:
    """Return what the person wrote, and what keeps it from coming back: digests of the author's keys, and the ids of
    messages whose author has none."""
    if not author.strip():
        raise StoreError("no author is named; give a key, name or handle, exactly as a ticket shows it")
    rows: list[MessageRow] = []
    digests: set[bytes] = set()
    needle = orjson.dumps(author).decode()
    called = ("key", "handle", "name") if platform is None else ("key",)
    query = sa.select(messages).where(messages.c.content.contains(needle, autoescape=True))
    if platform is not None:
        there = sa.select(tickets.c.n).where(tickets.c.platform == platform)
        query = query.where(messages.c.ticket_n.in_(there))
    for found in connection.execute(query):
        facts = orjson.loads(found.content).get("author") or {}
        if author in [facts.get(name) for name in called]:
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


def _forget_events(
    connection: sa.Connection, numbers: Sequence[int], traces: _Traces, written: Sequence[MessageRow]
) -> None:
    """Remove what the events of somebody else's tickets tell of the person; the rest of their story stays, and so do
    the figures that follow from it."""
    told, words = [str(UUID(bytes=row.id)) for row in written], traces.words()
    gone: list[int] = []
    for some in chunks(numbers):
        events = sa.select(ticket_events.c.n, ticket_events.c.data).where(ticket_events.c.ticket_n.in_(some))
        for n, data in connection.execute(events).all():
            if any(one in data for one in told):
                gone.append(n)
            elif _speaks_of(data.encode(), traces, words):
                if (left := _unnamed(orjson.loads(data), traces, words)) is None:
                    gone.append(n)
                else:
                    mine = ticket_events.c.n == n
                    connection.execute(sa.update(ticket_events).where(mine).values(data=dumps(left)))
    _delete(connection, ticket_events, gone)


def _unnamed(data: dict[str, Any], traces: _Traces, words: Sequence[bytes]) -> dict[str, Any] | None:
    """Return what an event tells without the changed fields that speak of the person; None: nothing is left of it."""
    fields = {
        name: change
        for name, change in (data.get("fields") or {}).items()
        if not _speaks_of(orjson.dumps({name: change}), traces, words)
    }
    left = {**data, "fields": fields}
    return left if fields and not _speaks_of(orjson.dumps(left), traces, words) else None


def _drop_failed_pages(connection: sa.Connection, traces: _Traces) -> int:
    """Remove the pages that speak of the person, and those that cannot be looked through: half a document hides names,
    and what stopped a stream comes again while it does."""
    unpack, words = zstandard.ZstdDecompressor().decompress, traces.words()
    gone = [
        row.n
        for row in connection.execute(sa.select(failed_pages.c.n, failed_pages.c.body))
        if not _is_json(body := unpack(row.body)) or _speaks_of(body, traces, words)
    ]
    return _delete(connection, failed_pages, gone)


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


def _delete(connection: sa.Connection, table: sa.Table, numbers: Sequence[int], column: str = "n") -> int:
    """Delete rows by their numbers; return how many there were."""
    return sum(
        connection.execute(sa.delete(table).where(table.c[column].in_(some))).rowcount for some in chunks(numbers)
    )
