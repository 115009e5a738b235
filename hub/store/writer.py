"""The checkpoint: one page into the store in one transaction, everything or nothing.

Statements are made once from the tables and run on the driver with plain tuples: SQLAlchemy's handling of a row in
``executemany`` would cost as much as the insert itself.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields
from hashlib import blake2b
from itertools import chain, zip_longest
from operator import attrgetter, itemgetter
from typing import Any, TypeVar

import sqlalchemy as sa
import zstandard

from hub.sdk.drafts import TicketDraft
from hub.store import backfilled, deciding, moments, relations, search, twins
from hub.store.again import decide_again
from hub.store.answering import answer
from hub.store.elsewhere import again_by, prepared, written
from hub.store.figures_refresh import note_stale
from hub.store.insertion import Row, insert
from hub.store.merge import Merge
from hub.store.notices import ask_notices
from hub.store.page import Checkpoint, Decided, Event, Notice, Rejected, Stored, Wish, created
from hub.store.past_only import are_history
from hub.store.rows import Case, MessageRow, TicketRow, dumps, start_of
from hub.store.tables import (
    dead_letters,
    erased_authors,
    messages,
    micros,
    originals,
    streams,
    tickets,
)
from hub.store.wishes import undecided_wishes

_CHUNK = 500  # values in one IN list
_REASON = 2000  # characters of a reason that are kept
RowT = TypeVar("RowT", MessageRow, TicketRow)

_compressor = zstandard.ZstdCompressor(level=3)


def commit(connection: sa.Connection, checkpoint: Checkpoint) -> Stored:
    """Write *checkpoint* inside the caller's transaction and return what it did."""
    checkpoint, known = prepared(connection, checkpoint)
    merge = _merged(connection, checkpoint)
    cases = list(merge.cases)
    new, changed = _split(cases)
    events = list(merge.events)
    asked: Sequence[Wish] = ()
    notices: Sequence[Notice] = ()
    acting: Sequence[tuple[Case, Decided]] = ()
    clocked: Sequence[moments.Moment] = ()
    if checkpoint.router is not None:
        decided = deciding.decide(connection, checkpoint, checkpoint.router, cases)
        events += decided.events
        asked = decided.wishes
        notices = decided.notices
        clocked = decided.moments
        acting = decided.acting if checkpoint.effects else ()
    singles = merge.singles
    if checkpoint.router is None and checkpoint.destinations is not None:
        asked = undecided_wishes(checkpoint.destinations, cases, singles)
    opened = [case.row for case in cases if case.before is None]
    _insert(connection, "tickets", [*map(_TICKET_VALUES, opened), *singles.tickets])
    _insert(connection, "messages", [*sorted(map(_MESSAGE_VALUES, new), key=_NUMBER), *singles.messages])
    _update_tickets(connection, cases)
    _update_messages(connection, changed)
    _note_counters(connection, cases)
    _insert(connection, "ticket_events", list(_event_rows(events, micros(checkpoint.now))))
    _note_opened(connection, singles.tickets, micros(checkpoint.now), history=not checkpoint.effects)
    relations.note_follows(connection, merge.follows, micros(checkpoint.now))
    twins.propose(connection, checkpoint, [case for case in cases if case.before is None], singles)
    _follow_search(connection, cases)
    rejected = () if checkpoint.replay else checkpoint.rejected  # they were set aside when they were read
    set_aside_anew = sum(set_aside(connection, checkpoint, item) for item in rejected)
    noted = {event.ticket_n for event in events}
    updated = [case.row.id for case in cases if case.before is not None and case.row.n in noted]
    first_seen = [row.id for row in opened] + merge.single_ids
    edited = sum(event.kind == "message_changed" for event in events)
    added = len(new) + len(singles.messages)
    ask_notices(connection, notices, micros(checkpoint.now))
    first = min((row.n for row in opened), default=None)
    if checkpoint.effects:
        moments.put(connection, clocked, first)
    else:  # a live ticket has deadlines, whoever reads of it first
        moments.put_apart(connection, clocked, are_history(connection, [one.ticket_n for one in clocked]))
    fresh = [row.n for row in opened] + list(map(_NUMBER, singles.tickets)) if asked else []
    elsewhere = written(connection, checkpoint, known, asked, events, fresh)
    unanswered = answer(connection, checkpoint, acting, events)
    if unanswered and checkpoint.router is not None:
        decide_again(connection, again_by(checkpoint, checkpoint.router), unanswered, checkpoint.now)
    if added or events or set_aside_anew or elsewhere.tickets:
        _keep_originals(connection, checkpoint)
    _advance(connection, checkpoint)
    added, edited = added + elsewhere.added, edited + elsewhere.changed
    seen = [*merge.seen, *elsewhere.seen]
    return Stored(
        added=added,
        changed=edited,
        unchanged=max(len(seen) - added - edited, 0),
        rejected=len(checkpoint.rejected),
        created=first_seen,
        updated=[*updated, *(one for one in elsewhere.tickets if one not in updated)],
        seen=seen,
    )


# --- loading what exists ------------------------------------------------------------------------------------------


def _merged(connection: sa.Connection, checkpoint: Checkpoint) -> Merge:
    next_ticket, next_message = (_next(connection, table) for table in (tickets, messages))
    drafts = any(isinstance(draft, TicketDraft) for draft in checkpoint.drafts)
    erased = frozenset(connection.execute(sa.select(erased_authors.c.digest)).scalars()) if drafts else frozenset()
    merge = Merge(checkpoint, next_ticket_n=next_ticket, next_message_n=next_message, erased=erased)
    ticket_ids, message_ids = merge.wanted()
    # Ids that only begin alike are loaded too: the merge tells them apart.
    numbers = set(_numbers(connection, "SELECT n FROM tickets WHERE id_start", map(start_of, ticket_ids)))
    numbers.update(_numbers(connection, "SELECT ticket_n FROM messages WHERE id_start", map(start_of, message_ids)))
    merge.load(
        _load(connection, TicketRow, "tickets", "n", numbers),
        _load(connection, MessageRow, "messages", "ticket_n", numbers),
    )
    _load_following(connection, merge, numbers)
    merge.apply()
    return merge


def _load_following(connection: sa.Connection, merge: Merge, known: AbstractSet[int]) -> None:
    """Load what follows the tickets that have ended: a new message of their threads belongs there."""
    pairs = relations.following(connection, merge.ended())
    numbers = {later for later, _ in pairs} - known
    merge.load(
        _load(connection, TicketRow, "tickets", "n", numbers),
        _load(connection, MessageRow, "messages", "ticket_n", numbers),
    )
    merge.follow(pairs)


def _next(connection: sa.Connection, table: sa.Table) -> int:
    last = connection.execute(sa.select(sa.func.max(table.c.n))).scalar()
    return int(last or 0) + 1


def _chunks(values: Iterable[Any]) -> Iterator[list[Any]]:
    pending = list(values)
    for start in range(0, len(pending), _CHUNK):
        yield pending[start : start + _CHUNK]


def _where_in(sql: str, chunk: Sequence[Any]) -> str:
    return f"{sql} IN ({','.join('?' * len(chunk))})"


def _numbers(connection: sa.Connection, sql: str, values: Iterable[Any]) -> Iterator[int]:
    for chunk in _chunks(values):
        yield from (row[0] for row in connection.exec_driver_sql(_where_in(sql, chunk), tuple(chunk)))


def _columns(row_type: type[TicketRow] | type[MessageRow]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(row_type))


def _load(
    connection: sa.Connection, row_type: type[RowT], table: str, column: str, values: Iterable[Any]
) -> Iterator[RowT]:
    sql = f"SELECT {', '.join(_columns(row_type))} FROM {table} WHERE {column}"  # noqa: S608 - our own names
    for chunk in _chunks(values):
        for row in connection.exec_driver_sql(_where_in(sql, chunk), tuple(chunk)):
            yield row_type(*row)


# --- writing ------------------------------------------------------------------------------------------------------


def _split(cases: Iterable[Case]) -> tuple[list[MessageRow], list[MessageRow]]:
    """Return the new messages and the changed ones."""
    new: list[MessageRow] = []
    changed: list[MessageRow] = []
    for case in cases:
        for message in case.messages.values():
            before = case.before_messages.get(message.id)
            if before is None:
                new.append(message)
            elif before != message:
                changed.append(message)
    return new, changed


_COLUMNS = {
    "tickets": _columns(TicketRow),
    "messages": _columns(MessageRow),
    "ticket_events": ("ticket_n", "at", "kind", "cause", "data"),
}
_NUMBER = itemgetter(0)
_TICKET_VALUES: Callable[[TicketRow], Row] = attrgetter(*_COLUMNS["tickets"])
_MESSAGE_VALUES: Callable[[MessageRow], Row] = attrgetter(*_COLUMNS["messages"])


def _insert(connection: sa.Connection, table: str, rows: list[Row]) -> None:
    insert(connection, table, _COLUMNS[table], rows)


def _event_rows(events: Iterable[Event], at: int) -> Iterator[Row]:
    return ((event.ticket_n, at, event.kind, event.cause, dumps(event.data)) for event in events)


def _note_opened(connection: sa.Connection, opened: list[Row], at: int, *, history: bool) -> None:
    """Write the first event of tickets with one message each, whose numbers have no gaps: the database makes the
    rows itself, at half the cost of giving it each."""
    if opened:
        event = created(0, messages=1, history=history)
        values = (at, event.kind, event.cause, dumps(event.data), opened[0][0], opened[-1][0])
        names = ", ".join(_COLUMNS["ticket_events"])
        select = "SELECT n, ?, ?, ?, ? FROM tickets WHERE n BETWEEN ? AND ?"
        connection.exec_driver_sql(f"INSERT INTO ticket_events ({names}) {select}", values)


_TICKET_MOVES = tuple(
    name for name in _columns(TicketRow) if name not in ("n", "id", "connector", "namespace", "thread", "id_start")
)
_MESSAGE_MOVES = ("created_at", "direction", "hidden", "body", "sources", "content", "counters")


def _update_tickets(connection: sa.Connection, cases: Iterable[Case]) -> None:
    rows = [case.row for case in cases if case.before is not None and case.before != case.row]
    _update(connection, "tickets", _TICKET_MOVES, rows)


def _update_messages(connection: sa.Connection, rows: Sequence[MessageRow]) -> None:
    _update(connection, "messages", _MESSAGE_MOVES, rows)


def _note_counters(connection: sa.Connection, cases: Iterable[Case]) -> None:
    """Note the tickets whose counters have moved: that is no event, but figures have it."""
    moved = [
        case.row.n
        for case in cases
        if any(case.messages[mid].counters != old.counters for mid, old in case.before_messages.items())
    ]
    if moved:
        note_stale(connection, moved)


def _update(connection: sa.Connection, table: str, names: Sequence[str], rows: Sequence[Any]) -> None:
    if rows:
        sql = f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in names)} WHERE n = ?"  # noqa: S608 - our names
        values = attrgetter(*names, "n")
        connection.exec_driver_sql(sql, [values(row) for row in rows])


def _follow_search(connection: sa.Connection, cases: Iterable[Case]) -> None:
    """Bring what is already in the index in line; new messages follow in batches later."""
    known = [case for case in cases if case.before is not None]
    if not known or connection.dialect.name != "sqlite":
        return
    last = search.indexed_to(connection)
    old = dict(chain.from_iterable(_indexed(case.before, case.before_messages, last) for case in known))
    new = dict(chain.from_iterable(_indexed(case.row, case.messages, last) for case in known))
    moved = [n for n, text in old.items() if new.get(n) != text]
    search.remove(connection, ((n, old[n]) for n in moved))
    search.add(connection, ((n, new[n]) for n in moved if n in new))


def _indexed(ticket: TicketRow | None, rows: dict[bytes, MessageRow], last: int) -> Iterator[tuple[int, str]]:
    for row in rows.values():
        if row.n <= last and ticket is not None:
            yield row.n, search.indexed_text(ticket.title if row.id == ticket.opening else None, row.body)


def set_aside(connection: sa.Connection, checkpoint: Checkpoint, item: Rejected) -> bool:
    """Write one dead letter and return whether it is new; the same record of the same stream set aside before is
    counted, not doubled."""
    key, at = checkpoint.key, micros(checkpoint.now)
    letter = letter_key(key.instance, key.stream, item.body)
    known = connection.execute(
        sa.update(dead_letters)
        .where(dead_letters.c.key == letter)
        .values(seen_at=at, times=dead_letters.c.times + 1, reason=item.reason[:_REASON])
    )
    if known.rowcount == 0:
        connection.execute(
            sa.insert(dead_letters).values(
                key=letter,
                instance=key.instance,
                stream=key.stream,
                mode=key.mode,
                name=key.name,
                reason=item.reason[:_REASON],
                created_at=at,
                seen_at=at,
                times=1,
                body=item.body,
            )
        )
    return known.rowcount == 0


def letter_key(instance: str, stream: str, body: bytes) -> bytes:
    """Return what stands for a record of a stream among the dead letters."""
    digest = blake2b(f"{instance}\n{stream}\n".encode(), digest_size=16)
    digest.update(body)
    return digest.digest()


def _keep_originals(connection: sa.Connection, checkpoint: Checkpoint) -> None:
    if not checkpoint.keep_raw:
        return
    key = checkpoint.key
    for body, request in zip_longest(checkpoint.originals, checkpoint.requests):
        connection.execute(
            sa.insert(originals).values(
                instance=key.instance,
                stream=key.stream,
                mode=key.mode,
                name=key.name,
                read_at=micros(checkpoint.now),
                records=checkpoint.records,
                body=_compressor.compress(body),
                request=request,
            )
        )


def _advance(connection: sa.Connection, checkpoint: Checkpoint) -> None:
    """Move the stream's cursor, or that of a backfill's window, in the transaction of what the page brought."""
    if checkpoint.window is not None:
        backfilled.advance(connection, checkpoint, checkpoint.window)
    if checkpoint.window is not None or checkpoint.replay or checkpoint.key.mode == "backfill":
        return  # the live cursor stays where it is
    key, at = checkpoint.key, micros(checkpoint.now)
    values: dict[str, Any] = {"checkpoint_at": at}
    if key.title:
        values["title"] = key.title
    if checkpoint.cursor is not None:
        values["cursor"] = dumps(dict(checkpoint.cursor))
    where = (streams.c.instance == key.instance) & (streams.c.stream == key.stream) & (streams.c.name == key.name)
    known = connection.execute(
        sa.update(streams)
        .where(where)
        .values(
            **values,
            records=streams.c.records + checkpoint.records,
            first_at=sa.func.coalesce(streams.c.first_at, at),
        )
    )
    if known.rowcount == 0:
        connection.execute(
            sa.insert(streams).values(
                instance=key.instance,
                stream=key.stream,
                name=key.name,
                failures=0,
                records=checkpoint.records,
                first_at=at,
                **{"title": "", **values},
            )
        )
