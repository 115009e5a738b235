"""How many tickets came in when, by series: slots of five minutes for a day, hours for some weeks.

A ticket counts once, at the moment at which the hub could know of its customer's first message: when the vendor found
it, if that was soon after its publication, else when it was published. So what the hub or the vendor reads late falls
where it belongs, and never piles up at the moment of the reading. What was read late and without effects, history,
says what is usual and nothing about today: it is in no slot, and the hours tell how much of them it is.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Any, cast

import orjson
import sqlalchemy as sa

from hub.routing.surge import ALL, SLOT_S, Series, SeriesKind
from hub.routing.usual import WEEK, WEEKS, Level, level_of
from hub.store.past_only import HISTORY
from hub.store.rows import dumps
from hub.store.tables import arrivals, instant, messages, micros, surge_state, ticket_events, tickets, usual_levels

BATCH = 5000
"""Row numbers of tickets that are counted in one transaction."""

SOON = timedelta(hours=1)
"""What a vendor found so soon counts when it was found."""

LEARN_EVERY = timedelta(hours=6)

Counts = dict[Series, dict[int, int]]
"""Arrivals by series and the running number of the slot or hour."""

_MINUTES, _HOUR = SLOT_S // 60, 60
_PAST_HOUR = -_HOUR  # stands for the minutes where it is how much of an hour's arrivals is history
_SECOND = 1_000_000
_KEPT = timedelta(hours=WEEK * (WEEKS + 1))
_KEPT_SLOTS = timedelta(hours=26)
_MUCH_HISTORY = 100  # tickets from before that time in one batch
_SOON = SOON // timedelta(microseconds=1)
_ADD = (
    "INSERT INTO arrivals (minutes, slot_at, kind, name, number) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (minutes, slot_at, kind, name) DO UPDATE SET number = arrivals.number + excluded.number"
)

# --- counting ---------------------------------------------------------------------------------------------------------


def is_current(connection: sa.Connection) -> bool:
    """Whether every ticket is counted."""
    last = connection.execute(sa.select(sa.func.max(tickets.c.n))).scalar() or 0
    return int(last) <= _counted_to(connection)


def count_batch(connection: sa.Connection, now: datetime) -> None:
    """Count the next tickets."""
    after = _counted_to(connection)
    last = int(connection.execute(sa.select(sa.func.max(tickets.c.n))).scalar() or 0)
    until = min(after + BATCH, last)
    counted = Counter(_places(connection, after, until, now))
    if counted:
        connection.exec_driver_sql(_ADD, [(*place, number) for place, number in counted.items()])
    today = micros(now - _KEPT_SLOTS)
    old = sum(number for place, number in counted.items() if place[2] == ALL.kind and place[1] < today)
    # A history that was read just now changes what is usual.
    _keep_state(connection, counted_to=until, **({"learnt_at": None} if old >= _MUCH_HISTORY else {}))


def _keep_state(connection: sa.Connection, **values: int | None) -> None:
    if connection.execute(sa.update(surge_state).values(**values)).rowcount == 0:
        connection.execute(sa.insert(surge_state).values(**{"id": 1, "counted_to": 0, **values}))


def _counted_to(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(surge_state.c.counted_to)).scalar() or 0)


def _places(connection: sa.Connection, after: int, until: int, now: datetime) -> Iterator[tuple[int, int, str, str]]:
    """Yield minutes, slot, kind and name of the series for every count."""
    latest = micros(now)
    for row in _first_messages(connection, after, until, micros(now - _KEPT)):
        at = min(_known_at(row), latest)
        if row.is_history:
            yield _PAST_HOUR, _floor(at, _HOUR), *ALL
        for series in _series_of(row):
            yield _HOUR, _floor(at, _HOUR), *series
            if not row.is_history and at >= micros(now - _KEPT_SLOTS):
                yield _MINUTES, _floor(at, _MINUTES), *series


def _first_messages(connection: sa.Connection, after: int, until: int, since: int) -> Iterator[Any]:
    """Yield the tickets whose row numbers are in (after, until], each with the customer's first message."""
    query = (
        sa.select(
            tickets.c.n,
            tickets.c.platform,
            tickets.c.queue,
            tickets.c.decided,
            messages.c.created_at,
            messages.c.content,
            _opened_as_history().label("is_history"),
        )
        .join(messages, messages.c.ticket_n == tickets.c.n)
        .where(tickets.c.n > after, tickets.c.n <= until, tickets.c.created_at >= since, messages.c.direction == "in")
        .order_by(tickets.c.n, messages.c.created_at)
    )
    last = None
    for row in connection.execute(query):
        if row.n != last:
            last = row.n
            yield row


def _opened_as_history() -> sa.Exists:
    mine, event = ticket_events.c.ticket_n == tickets.c.n, ticket_events.c
    return sa.exists().where(mine, event.kind == "created", event.data.contains(HISTORY))


def _known_at(row: Any) -> int:
    found = orjson.loads(row.content).get("collected_at") if "collected_at" in row.content else None
    created = cast(int, row.created_at)
    return int(found) if found is not None and 0 <= found - created <= _SOON else created


def _series_of(row: Any) -> Iterator[Series]:
    yield ALL
    yield Series("platform", row.platform)
    if row.queue:
        yield Series("queue", row.queue)
    for tag in orjson.loads(row.decided).get("tags", ()) if row.decided else ():
        yield Series("tag", tag)


def _floor(at: int, minutes: int) -> int:
    return at - at % (minutes * 60 * _SECOND)


# --- reading ----------------------------------------------------------------------------------------------------------


def slots_since(connection: sa.Connection, since: datetime) -> Counts:
    """Return arrivals by slots of :data:`hub.routing.surge.SLOT_S`."""
    return _counts(connection, _MINUTES, since)


def hours_since(connection: sa.Connection, since: datetime, only: Series | None = None) -> Counts:
    """Return arrivals by the hour, of all series or of one."""
    return _counts(connection, _HOUR, since, only)


def live_hours_since(connection: sa.Connection, since: datetime) -> dict[int, int]:
    """Return arrivals of all series together by the hour, without history."""
    past = _counts(connection, _PAST_HOUR, since, ALL).get(ALL, {})
    found = hours_since(connection, since, ALL).get(ALL, {})
    return {hour: number - past.get(hour, 0) for hour, number in found.items()}


def _counts(connection: sa.Connection, minutes: int, since: datetime, only: Series | None = None) -> Counts:
    sql = "SELECT kind, name, slot_at, number FROM arrivals WHERE minutes = ? AND slot_at >= ?"
    values: tuple[object, ...] = (minutes, micros(since))
    if only is not None:
        sql, values = f"{sql} AND kind = ? AND name = ?", (*values, *only)
    found: Counts = {}
    length = abs(minutes) * 60 * _SECOND
    for kind, name, at, number in connection.exec_driver_sql(sql, values):
        found.setdefault(Series(kind, name), {})[at // length] = number
    return found


def hour_of_week(hour: int, zone: tzinfo) -> int:
    """Return the hour of the week, local, of the running number of an hour."""
    local = instant(hour * 3600 * _SECOND).astimezone(zone)
    return local.weekday() * 24 + local.hour


# --- what is usual ----------------------------------------------------------------------------------------------------


def must_learn(connection: sa.Connection, now: datetime) -> bool:
    """Whether the levels are old, or there are none."""
    learnt = connection.execute(sa.select(surge_state.c.learnt_at)).scalar()
    return learnt is None or not timedelta() <= now - instant(learnt) < LEARN_EVERY


def learn(connection: sa.Connection, now: datetime, zone: tzinfo) -> dict[Series, Level]:
    """Return what is usual of every series that arrivals are known of."""
    counts = hours_since(connection, now - _KEPT)
    until = micros(now) // (3600 * _SECOND)
    places = {hour: hour_of_week(hour, zone) for hour in range(until - WEEK * (WEEKS + 1), until)}
    found: dict[Series, Level] = {}
    for series in sorted(counts, key=lambda one: one != ALL):  # the whole comes first: it lends its shape
        hours = counts[series]
        found[series] = level_of(hours, min(hours), until, places.__getitem__, found.get(ALL))
    return found


def keep_levels(connection: sa.Connection, levels: Mapping[Series, Level], now: datetime) -> None:
    """Put *levels* in the place of those before, and forget the arrivals that are too old."""
    connection.execute(sa.delete(usual_levels))
    rows = [{"kind": one.kind, "name": one.name, "level": _written(level)} for one, level in levels.items()]
    if rows:
        connection.execute(sa.insert(usual_levels), rows)
    _keep_state(connection, learnt_at=micros(now))
    for minutes, kept in ((_MINUTES, _KEPT_SLOTS), (_HOUR, _KEPT), (_PAST_HOUR, _KEPT)):
        old = (arrivals.c.minutes == minutes) & (arrivals.c.slot_at < micros(now - kept))
        connection.execute(sa.delete(arrivals).where(old))


class Levels:
    """The levels as they were kept; each is read when it is asked for."""

    def __init__(self, connection: sa.Connection) -> None:
        rows = connection.exec_driver_sql("SELECT kind, name, level FROM usual_levels")
        self._texts = {Series(kind, name): level for kind, name, level in rows}

    def __contains__(self, series: Series) -> bool:
        return series in self._texts

    def of(self, series: Series) -> Level:
        """Return the level of a series that has one."""
        hours, spread, weeks, days, sway = orjson.loads(self._texts[series])
        return Level(tuple(hours), tuple(spread), weeks, days, sway)

    def others(self, kinds: frozenset[SeriesKind]) -> int:
        """Return how many series of *kinds* there are beside all tickets."""
        return sum(series.kind in kinds for series in self._texts if series != ALL)


def _written(level: Level) -> str:
    hours = [round(number, 4) for number in level.hours]
    spread = [round(number, 5) for number in level.spread]
    return dumps([hours, spread, round(level.weeks, 3), round(level.days, 2), round(level.sway, 3)])
