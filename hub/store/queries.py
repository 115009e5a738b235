"""Reading: lists, single tickets with their messages, counts, and the state of instances and streams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.routing.facts import Facts
from hub.sdk.errors import StoreError
from hub.sdk.ticket import Customer, Link, Message, Related, Ticket
from hub.store import search
from hub.store.case_problems import with_problem
from hub.store.deciding import states_of
from hub.store.facts import PRIVATE, decided_of, facts_of_rows
from hub.store.history import OPEN_STATES, History
from hub.store.links import links_of
from hub.store.people import People
from hub.store.relations import related_of
from hub.store.rows import MessageRow, TicketRow, start_of
from hub.store.surges import surges_since, surging_at
from hub.store.tables import USUAL, chunks, instant, instant_or_none, messages, micros, ticket_events, tickets
from hub.store.unsaid import KEY as UNSAID

_PREFIX = 4  # letters of an id that are enough to ask for it
_BATCH = 500  # tickets read at once
_SNIPPET = 300  # characters of a message in a list
_CANDIDATES = 2000  # newest-arrived matches of a search among which the newest are listed
_RARE = 1000  # tickets of a filter that are so few that the words are looked for in each
_NARROWING = ("instance", "platform", "kind", "state", "priority", "queue", "category", "rating")
COUNTABLE = (*_NARROWING, "sentiment", "language")


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Which tickets: each field narrows; several values of one field are alternatives.

    ``since`` and ``until`` bound ``created_at`` as ``[since, until)``, aware. ``text`` is what
    :func:`hub.store.search.match_query` takes. ``escalation``: what is wrong with a case elsewhere, see
    :data:`hub.store.case_problems.Problem`; ``customer``: digests of profiles.
    """

    instance: tuple[str, ...] | None = None
    platform: tuple[str, ...] | None = None
    kind: tuple[str, ...] | None = None
    state: tuple[str, ...] | None = None
    priority: tuple[str, ...] | None = None
    queue: tuple[str, ...] | None = None
    category: tuple[str, ...] | None = None
    rating: tuple[float, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    customer: tuple[int, ...] | None = None
    escalation: tuple[str, ...] | None = None

    def conditions(self) -> Iterator[sa.ColumnElement[bool]]:
        """Yield the SQL conditions, the search apart."""
        for name in _NARROWING:
            values = getattr(self, name)
            if values is not None:
                yield tickets.c[name].in_(values) if len(values) != 1 else tickets.c[name] == values[0]
                if name in USUAL and USUAL[name] not in values:
                    # Says nothing new, but only so does SQLite see that the index of the unusual values will do.
                    yield tickets.c[name] != sa.literal_column(f"'{USUAL[name]}'")
        if self.customer is not None:
            yield tickets.c.customer.in_(self.customer)
        if self.escalation is not None:
            yield tickets.c.n.in_(with_problem(self.escalation))
        if self.since is not None:
            yield tickets.c.created_at >= micros(self.since)
        if self.until is not None:
            yield tickets.c.created_at < micros(self.until)


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket as a list shows it."""

    id: str
    created_at: datetime
    updated_at: datetime
    platform: str
    kind: str
    rating: float | None
    sentiment: str | None
    state: str
    priority: str
    queue: str | None
    category: str | None
    title: str | None
    text: str
    author: str | None
    messages: int
    instance: str
    url: str | None
    assignee: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """Something that happened to a ticket, when and why."""

    at: datetime
    kind: str
    cause: str
    data: dict[str, Any]


# --- lists ----------------------------------------------------------------------------------------------------------


def list_tickets(connection: sa.Connection, wanted: TicketFilter, limit: int) -> list[TicketLine]:
    """Return at most *limit* tickets, newest first by publication.

    A search that has more matches than a few thousand lists the newest among those that arrived last.
    """
    numbers = _matching(connection, wanted, limit)
    rows = _rows(connection, numbers)
    by_ticket = _messages_of(connection, numbers)
    return [_line(row, by_ticket.get(row.n, [])) for row in rows]


def _matching(connection: sa.Connection, wanted: TicketFilter, limit: int) -> list[int]:
    newest = sa.select(tickets.c.n).where(*wanted.conditions())
    newest = newest.order_by(tickets.c.created_at.desc(), tickets.c.n.desc()).limit(limit)
    if not wanted.text:
        return list(connection.execute(newest).scalars())
    arrived_last, are_all = _candidates(connection, wanted.text)
    found = list(connection.execute(newest.where(tickets.c.n.in_(arrived_last))).scalars())
    if len(found) == limit or are_all:
        return found
    few = list(connection.execute(newest.limit(_RARE + 1)).scalars())
    if len(few) <= _RARE:
        having = _having(connection, wanted.text, few)
        return [number for number in few if number in having][:limit]
    return list(connection.execute(newest.where(tickets.c.n.in_(_everything(wanted.text)))).scalars())


def _having(connection: sa.Connection, words: str, numbers: Sequence[int]) -> set[int]:
    """Return which of the tickets *numbers* have *words*: asked one by one, which is quick for few of them."""
    found: set[int] = set()
    query = search.match_query(words)
    for some in chunks(numbers):
        owners = {row.n: row.ticket_n for row in connection.execute(_owners(some))}
        places = ",".join("?" * len(owners))
        sql = f"SELECT rowid FROM search WHERE search MATCH ? AND rowid IN ({places})"  # noqa: S608 - only marks
        hits = connection.exec_driver_sql(sql, (query, *owners))
        found.update(owners[row[0]] for row in hits)
    return found


def _owners(numbers: Sequence[int]) -> sa.Select[tuple[int, int]]:
    return sa.select(messages.c.n, messages.c.ticket_n).where(messages.c.ticket_n.in_(numbers))


def _candidates(connection: sa.Connection, words: str) -> tuple[set[int], bool]:
    """Return the tickets of the matches that arrived last, and whether there are no others."""
    query = search.match_query(words)
    if not query:
        return set(), True
    hits = connection.exec_driver_sql(
        "SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?", (query, _CANDIDATES)
    )
    numbers = [row[0] for row in hits]
    found = connection.execute(sa.select(messages.c.ticket_n).where(messages.c.n.in_(numbers))).scalars()
    return set(found), len(numbers) < _CANDIDATES


def _everything(words: str) -> sa.TextualSelect | sa.Select[tuple[int]]:
    """Return the query of all tickets whose texts have *words*."""
    query = search.match_query(words)
    if not query:
        return sa.select(tickets.c.n).where(sa.false())
    sql = "SELECT m.ticket_n FROM search s JOIN messages m ON m.n = s.rowid WHERE s.search MATCH :query"
    return sa.text(sql).bindparams(query=query).columns(ticket_n=sa.BigInteger)


def _rows(connection: sa.Connection, numbers: Sequence[int]) -> list[TicketRow]:
    found: dict[int, TicketRow] = {}
    for some in chunks(numbers):
        for row in connection.execute(sa.select(tickets).where(tickets.c.n.in_(some))):
            found[row.n] = TicketRow(*row)
    return [found[n] for n in numbers]


def _messages_of(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[MessageRow]]:
    by_ticket: dict[int, list[MessageRow]] = {}
    for some in chunks(numbers):
        query = (
            sa.select(messages)
            .where(messages.c.ticket_n.in_(some))
            .order_by(messages.c.ticket_n, messages.c.created_at, messages.c.id)
        )
        for row in connection.execute(query):
            by_ticket.setdefault(row.ticket_n, []).append(MessageRow(*row))
    return by_ticket


def _line(row: TicketRow, rows: Sequence[MessageRow]) -> TicketLine:
    content = orjson.loads(row.content)
    first = rows[0] if rows else None
    author = orjson.loads(first.content).get("author", {}) if first else {}
    return TicketLine(
        id=str(UUID(bytes=row.id)),
        created_at=instant(row.created_at),
        updated_at=instant(row.updated_at),
        platform=row.platform,
        kind=row.kind,
        rating=row.rating,
        sentiment=row.sentiment,
        state=row.state,
        priority=row.priority,
        queue=row.queue,
        category=row.category,
        title=row.title,
        text=first.body[:_SNIPPET] if first else "",
        author=author.get("name") or author.get("handle"),
        messages=len(rows),
        instance=row.instance,
        url=content.get("url"),
        assignee=decided_of(row).get("assignee"),
        closed_at=instant_or_none(row.closed_at),
    )


# --- whole tickets --------------------------------------------------------------------------------------------------


def message_of(row: MessageRow) -> Message:
    """Return the public form of a stored message."""
    facts = orjson.loads(row.content)
    counters = orjson.loads(row.counters)
    facts.pop(UNSAID, None)
    author = facts.pop("author", None)
    if author is not None and "followers" in counters:
        author["followers"] = counters["followers"]
    collected, updated = facts.pop("collected_at", None), counters.get("updated_at")
    return Message(
        id=UUID(bytes=row.id),
        sources=tuple({"stream": source[0], "source_id": source[1]} for source in orjson.loads(row.sources)),
        direction=row.direction,
        author=author,
        body=row.body,
        created_at=instant(row.created_at),
        updated_at=instant_or_none(updated),
        collected_at=instant_or_none(collected),
        ingested_at=instant(row.ingested_at),
        reach=counters.get("reach"),
        engagement=counters.get("engagement"),
        hidden=bool(row.hidden),
        **facts,
    )


def ticket_of(
    row: TicketRow,
    rows: Sequence[MessageRow],
    links: tuple[Link, ...] = (),
    related: tuple[Related, ...] = (),
    customer: tuple[str | None, Customer | None] = (None, None),
) -> Ticket:
    """Return the public form of a stored ticket with its messages, oldest first, its links, what belongs to it, and its
    customer's id and facts."""
    return Ticket(
        id=UUID(bytes=row.id),
        connector=row.connector,
        instance=row.instance,
        platform=row.platform,
        kind=row.kind,
        thread=row.thread,
        messages=tuple(message_of(message) for message in rows),
        title=row.title,
        language=row.language,
        rating=row.rating,
        sentiment=row.sentiment,
        customer_id=customer[0],
        customer=customer[1],
        created_at=instant(row.created_at),
        updated_at=instant(row.updated_at),
        closed_at=instant_or_none(row.closed_at),
        state=row.state,
        category=row.category,
        priority=row.priority,
        queue=row.queue,
        links=links,
        related=related,
        revision=_revision(row, rows),
        **orjson.loads(row.content),
        **{name: value for name, value in decided_of(row).items() if name not in PRIVATE},
    )


def _revision(row: TicketRow, messages: Sequence[MessageRow]) -> str:
    """Return a hash of what the source says: it moves with the content, not with decisions or counters."""
    digest = blake2b(digest_size=8)
    digest.update(
        f"{row.platform}\n{row.kind}\n{row.title}\n{row.language}\n{row.content}\n{row.source_state}".encode()
    )
    for message in messages:
        text = f"{message.direction}\n{message.created_at}\n{message.body}\n{message.sources}\n{message.content}"
        digest.update(text.encode())
    return digest.hexdigest()


def find_ticket(connection: sa.Connection, prefix: str) -> Ticket:
    """Return the ticket whose id begins with *prefix* (dashes do not matter).

    Raises:
        StoreError: none has it, several do, or it is shorter than four letters or no hexadecimal.
    """
    number = number_of(connection, prefix)
    links = links_of(connection, [number]).get(number, ())
    related = related_of(connection, [number]).get(number, ())
    row, written = _rows(connection, [number])[0], _messages_of(connection, [number]).get(number, [])
    return ticket_of(row, written, links, related, People(connection).of_ticket(row, written))


def number_of(connection: sa.Connection, prefix: str) -> int:
    """Return the row number of the ticket whose id begins with *prefix*; raises as :func:`find_ticket`."""
    digits = prefix.replace("-", "").lower()
    if not _PREFIX <= len(digits) <= 32 or any(digit not in "0123456789abcdef" for digit in digits):
        raise StoreError(f"{prefix!r} is not a ticket id; give at least its first {_PREFIX} hexadecimal digits")
    low, high = (bytes.fromhex(digits.ljust(32, fill)) for fill in "0f")
    starts = tickets.c.id_start.between(start_of(low), start_of(high))
    query = sa.select(tickets.c.n, tickets.c.id).where(starts, tickets.c.id.between(low, high)).limit(3)
    found = connection.execute(query).all()
    if not found:
        raise StoreError(f'no ticket has an id beginning with {prefix!r}; "hub tickets list" shows them')
    if len(found) > 1:
        some = ", ".join(str(UUID(bytes=row.id)) for row in found)
        raise StoreError(f"{prefix!r} begins several ids ({some}, …); give more of it")
    return int(found[0].n)


def iter_tickets(connection: sa.Connection, wanted: TicketFilter) -> Iterator[Ticket]:
    """Yield every ticket that matches, oldest arrival first, in memory only a few hundred at a time."""
    people = People(connection)
    for numbers in _batches(connection, wanted):
        by_ticket, links = _messages_of(connection, numbers), links_of(connection, numbers)
        related = related_of(connection, numbers)
        for row in _rows(connection, numbers):
            written, near = by_ticket.get(row.n, []), related.get(row.n, ())
            yield ticket_of(row, written, links.get(row.n, ()), near, people.of_ticket(row, written))


def iter_facts(connection: sa.Connection, wanted: TicketFilter, *, with_history: bool) -> Iterator[tuple[str, Facts]]:
    """Yield id and facts of every ticket that matches, as they were when the customer's newest message was known."""
    known, surges = History(connection) if with_history else None, surges_since(connection, None)
    for numbers in _batches(connection, wanted):
        by_ticket = _messages_of(connection, numbers)
        for row in _rows(connection, numbers):
            customer = known.of(row) if known else None
            facts = facts_of_rows(row, by_ticket.get(row.n, []), now=None, customer=customer)
            facts.surging = surging_at(surges, facts.now) if facts.now else None
            yield str(UUID(bytes=row.id)), facts


def facts_of(connection: sa.Connection, prefix: str, now: datetime) -> Facts:
    """Return what rules see at *now* of the ticket whose id begins with *prefix*."""
    number = number_of(connection, prefix)
    row = _rows(connection, [number])[0]
    written = _messages_of(connection, [number]).get(number, [])
    states = states_of(connection, [number])[number]
    surging = surging_at(surges_since(connection, now), now)
    return facts_of_rows(row, written, now=now, customer=History(connection).of(row), states=states, surging=surging)


def cases_of(connection: sa.Connection, numbers: Sequence[int]) -> Iterator[tuple[TicketRow, list[MessageRow]]]:
    """Yield the tickets *numbers* with all their messages, oldest first."""
    for some in chunks(numbers):
        written = _messages_of(connection, some)
        yield from ((row, written.get(row.n, [])) for row in _rows(connection, some))


def _batches(connection: sa.Connection, wanted: TicketFilter) -> Iterator[list[int]]:
    query = sa.select(tickets.c.n).where(*wanted.conditions()).order_by(tickets.c.n)
    if wanted.text:
        for some in chunks(sorted(set(connection.execute(_everything(wanted.text)).scalars()))):
            yield list(connection.execute(query.where(tickets.c.n.in_(some))).scalars())
        return
    last = 0
    while batch := list(connection.execute(query.where(tickets.c.n > last).limit(_BATCH)).scalars()):
        yield batch
        last = batch[-1]


def said_since(connection: sa.Connection, ids: Sequence[bytes], at: datetime) -> frozenset[str]:
    """Return what the source said of the messages *ids* after *at*: the names of the fields that changed, and ``new``
    where one of them was first read then. What other messages of their tickets brought does not count."""
    query = sa.select(messages.c.id, messages.c.ticket_n, messages.c.ingested_at, tickets.c.opening)
    begins = messages.c.id_start.in_([start_of(uuid) for uuid in ids])
    query = query.join(tickets, tickets.c.n == messages.c.ticket_n).where(begins, messages.c.id.in_(ids))
    known = connection.execute(query).all()
    fields = {"new" for row in known if row.ingested_at > micros(at)}
    mine = {str(UUID(bytes=row.id)) for row in known}
    opened = {row.ticket_n for row in known if row.opening == row.id}  # these tickets' own content comes with ours
    later = (ticket_events.c.at > micros(at)) & ticket_events.c.ticket_n.in_([row.ticket_n for row in known])
    for event in connection.execute(sa.select(ticket_events).where(later, ticket_events.c.cause == "source")):
        data = orjson.loads(event.data)
        if data.get("message") in mine or (event.kind == "changed" and event.ticket_n in opened):
            fields.update(data.get("fields", ()))
    return frozenset(fields)


def events_of(connection: sa.Connection, ticket_id: str) -> list[TicketEvent]:
    """Return what happened to a ticket, oldest first."""
    query = sa.select(ticket_events).where(ticket_events.c.ticket_n == number_of(connection, ticket_id))
    return [
        TicketEvent(instant(row.at), row.kind, row.cause, orjson.loads(row.data))
        for row in connection.execute(query.order_by(ticket_events.c.n))
    ]


def count_open(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Return how many tickets are open, by queue (empty: none) and priority."""
    query = sa.select(tickets.c.queue, tickets.c.priority, sa.func.count()).where(tickets.c.state.in_(OPEN_STATES))
    found = connection.execute(query.group_by(tickets.c.queue, tickets.c.priority))
    return {(queue or "", priority): count for queue, priority, count in found}


def count_with(connection: sa.Connection, words: str) -> int:
    """Return how many tickets have *words* in their texts, as ``TicketFilter.text`` finds them."""
    found = _everything(words).subquery()
    return connection.execute(sa.select(sa.func.count(sa.distinct(found.c[0])))).scalar_one()


def count_by(connection: sa.Connection, wanted: TicketFilter, column: str) -> list[tuple[Any, int]]:
    """Return the values of *column* (one of :data:`COUNTABLE`) with how many tickets have each, most first."""
    if column not in COUNTABLE:
        raise StoreError(f"cannot count by {column!r}; one of {', '.join(COUNTABLE)}")
    number = sa.func.count()
    query = sa.select(tickets.c[column], number).where(*wanted.conditions())
    if wanted.text:
        query = query.where(tickets.c.n.in_(_everything(wanted.text)))
    rows = connection.execute(query.group_by(tickets.c[column]).order_by(number.desc(), tickets.c[column]))
    return [(value, count) for value, count in rows]
