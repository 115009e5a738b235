"""Deadlines as a queue: when each ticket's clock brings something next, and what it has brought.

Each warning and each breach leaves one event, however often a ticket is decided: what was told stands beside what was
decided. A row of ``ticket_moments`` is there only for tickets to which something is to come, or that are overdue.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.routing.moments import BREACH, HISTORY, Outlook, Passed
from hub.routing.policy import PROMISES
from hub.store.page import Event
from hub.store.past_only import are_history
from hub.store.tables import instant, micros, ticket_events, ticket_moments, tickets

CAUSE = "clock"
"""The cause of events that nobody brought about but the time that went by."""

Told = Mapping[str, Sequence[int]]
"""Starts (microseconds) of the deadlines that were told of, by promise and share."""

_BREACHED = "sla_breached"
_PUT = "INSERT INTO ticket_moments (ticket_n, at, overdue) VALUES (?, ?, ?)"
_CHANGE = "UPDATE ticket_moments SET at = ?, overdue = ? WHERE ticket_n = ?"
_DELETE = "DELETE FROM ticket_moments WHERE ticket_n = ?"
_AGAIN = f"{_PUT} ON CONFLICT (ticket_n) DO UPDATE SET at = excluded.at, overdue = excluded.overdue"


class Moment(NamedTuple):
    """What is to be kept of a ticket: when something comes next (microseconds; None: nothing does), and which
    promises are overdue, a bit for each of :data:`hub.routing.policy.PROMISES`."""

    ticket_n: int
    at: int | None
    overdue: int


def moment_of(ticket_n: int, look: Outlook) -> Moment:
    """Return what is to be kept of a ticket."""
    overdue = sum(1 << PROMISES.index(promise) for promise in set(look.overdue))
    return Moment(ticket_n, None if look.next_at is None else micros(look.next_at), overdue)


def put(connection: sa.Connection, moments: Iterable[Moment], new: int | None = None, *, history: bool = False) -> None:
    """Keep *moments*, in place of what was kept of their tickets.

    Args:
        new: tickets from this row number on have none yet.
        history: only of tickets that have one: to what was read late and without effects nothing is to come.
    """
    fresh: list[Moment] = []
    known: list[Moment] = []
    gone: list[tuple[int]] = []
    for one in moments:
        is_new = new is not None and one.ticket_n >= new
        if one.at is not None or one.overdue:
            (fresh if is_new else known).append(one)
        elif not is_new:
            gone.append((one.ticket_n,))
    if history:
        _run(connection, _CHANGE, [(one.at, one.overdue, one.ticket_n) for one in known])
    else:
        _run(connection, _PUT, fresh)
        _run(connection, _AGAIN, known)
    _run(connection, _DELETE, gone)


def put_apart(connection: sa.Connection, moments: Sequence[Moment], silent: AbstractSet[int]) -> None:
    """Keep *moments*; those of the tickets *silent* are history."""
    put(connection, (one for one in moments if one.ticket_n not in silent))
    put(connection, (one for one in moments if one.ticket_n in silent), history=True)


def _run(connection: sa.Connection, sql: str, rows: Sequence[tuple[int | None, ...]]) -> None:
    if rows:
        connection.exec_driver_sql(sql, list(rows))


def due(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    """Return the next tickets to which something has come by *now*, the one that waits longest first."""
    query = sa.select(ticket_moments.c.ticket_n).where(ticket_moments.c.at <= micros(now))
    return list(connection.execute(query.order_by(ticket_moments.c.at).limit(limit)).scalars())


def settle(connection: sa.Connection, numbers: Sequence[int], now: datetime) -> None:
    """See to it that nothing is left that has come by *now* to the tickets *numbers*, whatever became of them."""
    left = (ticket_moments.c.at <= micros(now)) & ticket_moments.c.ticket_n.in_(numbers)
    connection.execute(sa.update(ticket_moments).where(left).values(at=None))


def postpone(connection: sa.Connection, ticket_n: int, now: datetime, pause: timedelta) -> UUID:
    """Let what has come to a ticket come again after *pause*; return the ticket's id."""
    of = ticket_moments.c.ticket_n == ticket_n
    connection.execute(sa.update(ticket_moments).where(of).values(at=micros(now + pause)))
    return UUID(bytes=connection.execute(sa.select(tickets.c.id).where(tickets.c.n == ticket_n)).scalar_one())


def waiting(connection: sa.Connection, numbers: Iterable[int]) -> set[int]:
    """Return those of the tickets *numbers* to which something is to come."""
    of = ticket_moments.c.ticket_n.in_(list(numbers)) & ticket_moments.c.at.is_not(None)
    return set(connection.execute(sa.select(ticket_moments.c.ticket_n).where(of)).scalars())


def wake(connection: sa.Connection, ticket_n: int, at: int) -> None:
    """Let a ticket that has deadlines be looked at again at once: something but its rules has moved it, such as a case
    that it waited for.

    Args:
        at: now, microseconds.
    """
    sql = "SELECT n, ?, 0 FROM tickets WHERE n = ? AND decided LIKE '%\"sla\":%'"
    update = "ON CONFLICT (ticket_n) DO UPDATE SET at = excluded.at"
    connection.exec_driver_sql(f"INSERT INTO ticket_moments (ticket_n, at, overdue) {sql} {update}", (at, ticket_n))


def next_at(connection: sa.Connection) -> datetime | None:
    """Return when something comes next to any ticket."""
    coming = sa.select(sa.func.min(ticket_moments.c.at)).where(ticket_moments.c.at.is_not(None))  # or no index is used
    found = connection.execute(coming).scalar()
    return None if found is None else instant(found)


def overdue(connection: sa.Connection) -> dict[str, int]:
    """Return how many tickets wait for a promise that is broken, by promise."""
    counts = dict.fromkeys(map(str, PROMISES), 0)
    marked = ticket_moments.c.overdue
    query = sa.select(marked, sa.func.count()).where(marked > 0).group_by(marked)
    for mask, number in connection.execute(query):
        for place, promise in enumerate(PROMISES):
            counts[promise] += number if mask >> place & 1 else 0
    return counts


def last_event(connection: sa.Connection) -> int:
    """Return the row number of the last event; 0: there is none."""
    return int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(ticket_events.c.n), 0))).scalar_one())


def breaches(connection: sa.Connection, after: int, until: int) -> dict[str, int]:
    """Return how many promises were broken, by promise, as the events say that came *after* one up to another: none of
    tickets that are history, and none so long before somebody could know that it is."""
    told = sa.select(ticket_events.c.ticket_n, ticket_events.c.at, ticket_events.c.data).where(
        ticket_events.c.n > after, ticket_events.c.n <= until, ticket_events.c.kind == _BREACHED
    )
    events = ((number, at, orjson.loads(data)) for number, at, data in connection.execute(told))
    found = [
        (number, data["promise"])
        for number, at, data in events
        if instant(at) - datetime.fromisoformat(data["reached"]) <= HISTORY
    ]
    history = are_history(connection, {number for number, _ in found})
    counts = Counter(promise for number, promise in found if number not in history)
    return {promise: counts[promise] for promise in PROMISES}


# --- events -----------------------------------------------------------------------------------------------------------


def alarms(ticket_n: int, told: Told, look: Outlook, policy: str | None) -> tuple[list[Event], dict[str, list[int]]]:
    """Return events of what the clock has brought and nobody was *told* of, and what is told then."""
    events: list[Event] = []
    known = {key: list(starts) for key, starts in told.items()}
    for promise, start in look.kept:
        starts = known.get(_key(promise, BREACH), [])
        if micros(start) in starts:  # the answer was read later than it was given
            starts.remove(micros(start))
            events.append(Event(ticket_n, "sla_kept", CAUSE, {"promise": promise, "policy": policy}))
    for one in look.passed:
        starts = known.setdefault(_key(one.promise, one.share), [])
        if not any(_is_same(one, instant(start)) for start in starts):
            starts.append(micros(one.start))
            kind = _BREACHED if one.share == BREACH else "sla_warning"
            events.append(Event(ticket_n, kind, CAUSE, _data(one, policy)))
    return events, {key: starts for key, starts in known.items() if starts}


def _data(one: Passed, policy: str | None) -> dict[str, Any]:
    due = None if one.due is None else one.due.isoformat()
    return {"promise": one.promise, "share": one.share, "reached": one.at.isoformat(), "due": due, "policy": policy}


def _is_same(one: Passed, start: datetime) -> bool:
    """Whether the deadline that began at *start* was this one, before an older question of it was found."""
    return start == one.start or (one.start < start and (one.done_at is None or start < one.done_at))


def _key(promise: str, share: float) -> str:
    return f"{promise}:{share:g}"
