"""Surges: when each series began to have more than usual, how much, and when it was over."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import orjson
import sqlalchemy as sa

from hub.routing.surge import (
    ALARMS_IN_30D,
    ALL,
    CALM_S,
    FEWEST,
    RISE_S,
    SLOT_S,
    WINDOWS_S,
    Budget,
    Series,
    SeriesKind,
    Verdict,
    Watch,
    has_risen,
)
from hub.routing.usual import WEEK
from hub.store.arrivals import Levels, hour_of_week, live_hours_since, slots_since
from hub.store.rows import dumps
from hub.store.tables import instant, messages, micros, surges, tickets

_LONGEST = timedelta(seconds=WINDOWS_S[-1] + SLOT_S)
_HOUR = 3600 * 1_000_000  # microseconds
_RISE_LOOKS_BACK = timedelta(hours=WEEK)
_LATELY = timedelta(days=8)  # surges that ended before are not in any window
_SAID, _SAID_BEFORE = 300, 600  # tickets whose words are compared
_BEFORE = timedelta(days=28)
_GAP = timedelta(hours=12)
_STALE = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Surge:
    """More than usual in one series.

    Attributes:
        series: kind (all, platform, queue, tag) and name; of all tickets the name is empty.
        high_at: when it was last above what is usual.
        is_rise: it came on slowly; then the window is the longest.
        window_s: within so many seconds there were *number* where *usual* is usual, when it began.
        peak_at: when there were most in such a window, and how many, where how many are usual.
        words: what its tickets have in common, the commonest first.
        queue: that most of them are in.
        told_at: when people were told; None: they are still to be.
    """

    n: int
    series: Series
    began_at: datetime
    high_at: datetime
    ended_at: datetime | None
    is_rise: bool
    window_s: int
    number: int
    usual: float
    peak_at: datetime
    peak_number: int
    peak_usual: float
    words: tuple[str, ...] = ()
    queue: str | None = None
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What came of a look: surges that began, and those that are over."""

    began: tuple[Surge, ...] = ()
    ended: tuple[Surge, ...] = ()


@dataclass(frozen=True, slots=True)
class Said:
    """What the customer wrote in one ticket, and a digest of who that is."""

    text: str
    author: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is watched: *kinds* of series beside all tickets, with so many false alarms in 30 days.

    Args:
        zone: in which the hours of the week are counted.
        tell: whether people are to be told of what begins.
    """

    zone: tzinfo
    alarms: float = ALARMS_IN_30D
    kinds: frozenset[SeriesKind] = frozenset(("platform", "queue", "tag"))
    tell: bool = False


# --- reading ----------------------------------------------------------------------------------------------------------


def open_surges(connection: sa.Connection) -> list[Surge]:
    """Return the surges that go on, oldest first."""
    query = sa.select(surges).where(surges.c.ended_at.is_(None)).order_by(surges.c.n)
    return [_surge(row) for row in connection.execute(query)]


def surges_since(connection: sa.Connection, since: datetime | None) -> list[Surge]:
    """Return the surges that went on at *since* or later, newest first; None: all."""
    query = sa.select(surges).order_by(surges.c.n.desc())
    if since is not None:
        query = query.where(surges.c.ended_at.is_(None) | (surges.c.ended_at >= micros(since)))
    return [_surge(row) for row in connection.execute(query)]


def untold(connection: sa.Connection, since: datetime) -> list[Surge]:
    """Return the surges that people are still to be told of and that began at *since* or later, oldest first."""
    query = sa.select(surges).where(surges.c.told_at.is_(None), surges.c.began_at >= micros(since)).order_by(surges.c.n)
    return [_surge(row) for row in connection.execute(query)]


def surging_at(known: Sequence[Surge], at: datetime) -> frozenset[Series]:
    """Return the series of those of *known* that went on at a moment."""
    return frozenset(one.series for one in known if one.began_at <= at and (one.ended_at is None or at < one.ended_at))


def surging_now(connection: sa.Connection, now: datetime) -> frozenset[Series]:
    """Return the series that have a surge now, as far as somebody looked lately."""
    lately = surges.c.high_at >= micros(now - _STALE)
    query = sa.select(surges.c.kind, surges.c.name).where(surges.c.ended_at.is_(None), lately)
    return frozenset(Series(kind, name) for kind, name in connection.execute(query))


def _surge(row: sa.Row[Any]) -> Surge:
    return Surge(
        n=row.n,
        series=Series(row.kind, row.name),
        began_at=instant(row.began_at),
        high_at=instant(row.high_at),
        ended_at=None if row.ended_at is None else instant(row.ended_at),
        is_rise=bool(row.is_rise),
        window_s=row.window_s,
        number=row.number,
        usual=row.usual,
        peak_at=instant(row.peak_at),
        peak_number=row.peak_number,
        peak_usual=row.peak_usual,
        words=tuple(orjson.loads(row.words)) if row.words else (),
        queue=row.queue,
        told_at=None if row.told_at is None else instant(row.told_at),
    )


# --- looking ----------------------------------------------------------------------------------------------------------


class Look:
    """One look at all series at one moment; reads only."""

    def __init__(self, connection: sa.Connection, now: datetime, wanted: Wanted) -> None:
        self._connection, self._now, self._wanted = connection, now, wanted
        self._levels = Levels(connection)
        self._slots = slots_since(connection, now - _LONGEST)
        self._budget = Budget(wanted.alarms, self._levels.others(wanted.kinds))
        self._last_end = _last_ends(connection, now - _LATELY)
        local = now.astimezone(wanted.zone)
        within = timedelta(days=local.weekday(), hours=local.hour, minutes=local.minute, seconds=local.second)
        self._shift_s = within.total_seconds() - int(now.timestamp())

    def begun(self, open_now: Sequence[Surge]) -> list[dict[str, Any]]:
        """Return the rows of the surges that begin."""
        known = {one.series for one in open_now}
        found = []
        for series, slots in sorted(self._slots.items()):
            is_wanted = series == ALL or series.kind in self._wanted.kinds
            if is_wanted and series not in known and sum(slots.values()) >= FEWEST and series in self._levels:
                seen = self._alarm(series)
                if seen is not None:
                    found.append(self._row(series, *seen))
        return found

    def moved(self, surge: Surge) -> dict[str, Any]:
        """Return what has changed of an open surge: its peak, when it was high, its end."""
        if surge.series not in self._levels:  # nobody came for weeks: its level is forgotten
            return {"ended_at": micros(self._now)}
        watch = self._watch(surge.series)
        seen = watch.seen(surge.window_s)
        values: dict[str, Any] = {}
        if seen.number > surge.peak_number:
            values |= {"peak_at": micros(self._now), "peak_number": seen.number, "peak_usual": seen.usual}
        if watch.is_high(surge.window_s):
            values["high_at"] = micros(self._now)
        elif self._now - surge.high_at >= timedelta(seconds=CALM_S):
            values["ended_at"] = micros(self._now)
        return values

    def _watch(self, series: Series) -> Watch:
        slots, ended = self._slots.get(series, {}), self._last_end.get(series)
        since_s = ended.timestamp() if ended else 0.0
        return Watch(self._levels.of(series), slots, self._now.timestamp(), self._shift_s, since_s)

    def _alarm(self, series: Series) -> tuple[Verdict, bool] | None:
        watch = self._watch(series)
        found = watch.alarm(series, self._budget)
        if found is not None:
            return found, False
        return (watch.seen(RISE_S), True) if series == ALL and self._rises() else None

    def _rises(self) -> bool:
        """Whether all tickets together rose slowly in the last week, or since the last surge."""
        level = self._levels.of(ALL)
        since = max(self._now - _RISE_LOOKS_BACK, self._last_end.get(ALL, self._now - _RISE_LOOKS_BACK))
        counts = live_hours_since(self._connection, since)
        hours = range(-(-micros(since) // _HOUR), micros(self._now) // _HOUR)  # complete ones
        places = [hour_of_week(hour, self._wanted.zone) for hour in hours]
        return has_risen(level, [counts.get(hour, 0) for hour in hours], places, self._budget.height(ALL, level))

    def _row(self, series: Series, seen: Verdict, is_rise: bool) -> dict[str, Any]:
        at = micros(self._now)
        return {
            "kind": series.kind,
            "name": series.name,
            "began_at": at,
            "high_at": at,
            "is_rise": int(is_rise),
            "window_s": seen.window_s,
            "number": seen.number,
            "usual": round(seen.usual, 3),
            "peak_at": at,
            "peak_number": seen.number,
            "peak_usual": round(seen.usual, 3),
            "told_at": None if self._wanted.tell else at,
        }


def _last_ends(connection: sa.Connection, since: datetime) -> Mapping[Series, datetime]:
    """Return when the surges of each series ended last, of those after *since*."""
    last = sa.func.max(surges.c.ended_at)
    query = sa.select(surges.c.kind, surges.c.name, last).where(surges.c.ended_at >= micros(since))
    return {
        Series(kind, name): instant(at)
        for kind, name, at in connection.execute(query.group_by(surges.c.kind, surges.c.name))
    }


def end_all(connection: sa.Connection, now: datetime) -> int:
    """Let all surges be over; return how many there were."""
    query = sa.update(surges).where(surges.c.ended_at.is_(None)).values(ended_at=micros(now))
    return int(connection.execute(query).rowcount)


def has_news(connection: sa.Connection, now: datetime, wanted: Wanted) -> bool:
    """Whether a look at *now* would change anything."""
    look, open_now = Look(connection, now, wanted), open_surges(connection)
    return any(look.moved(one) for one in open_now) or bool(look.begun(open_now))


def look(connection: sa.Connection, now: datetime, wanted: Wanted) -> Looked:
    """Write down which surges began and which are over."""
    looking, open_now = Look(connection, now, wanted), open_surges(connection)
    ended = []
    for one in open_now:
        values = looking.moved(one)
        if values:
            connection.execute(sa.update(surges).where(surges.c.n == one.n).values(**values))
        if "ended_at" in values:
            ended.append(one.n)
    rows = looking.begun(open_now)
    began = [connection.execute(sa.insert(surges).values(**row)).inserted_primary_key for row in rows]
    return Looked(
        tuple(_by_number(connection, [key[0] for key in began if key is not None])),
        tuple(_by_number(connection, ended)),
    )


def _by_number(connection: sa.Connection, numbers: Sequence[int]) -> list[Surge]:
    query = sa.select(surges).where(surges.c.n.in_(numbers)).order_by(surges.c.n)
    return [_surge(row) for row in connection.execute(query)] if numbers else []


# --- what it is about -------------------------------------------------------------------------------------------------


def said_in(connection: sa.Connection, surge: Surge) -> tuple[list[Said], list[Said], str | None]:
    """Return what customers wrote in the tickets of a surge, what they wrote before, and the queue that most of the
    former are in."""
    start = surge.began_at - timedelta(seconds=surge.window_s)
    during, queues = _said(connection, surge.series, start, None, _SAID)
    # It may have come on before it was seen: the hours before it are neither here nor there.
    before, _ = _said(connection, surge.series, start - _BEFORE, start - _GAP, _SAID_BEFORE)
    queue = Counter(filter(None, queues)).most_common(1)
    return during, before, queue[0][0] if queue else None


def _said(
    connection: sa.Connection, series: Series, since: datetime, until: datetime | None, most: int
) -> tuple[list[Said], list[str | None]]:
    query = sa.select(tickets.c.n, tickets.c.title, tickets.c.queue).where(tickets.c.created_at >= micros(since))
    if until is not None:
        query = query.where(tickets.c.created_at < micros(until))
    if series.kind in ("platform", "queue"):
        query = query.where(tickets.c[series.kind] == series.name)
    elif series.kind == "tag":
        query = query.where(tickets.c.decided.contains(dumps(series.name), autoescape=True))
    rows = connection.execute(query.order_by(tickets.c.created_at.desc()).limit(most)).all()
    bodies, authors = _bodies(connection, [row.n for row in rows])
    said = [Said(f"{row.title or ''}. {' '.join(bodies.get(row.n, ()))}", authors.get(row.n)) for row in rows]
    return said, [row.queue for row in rows]


def _bodies(connection: sa.Connection, numbers: Sequence[int]) -> tuple[dict[int, list[str]], dict[int, str]]:
    bodies: dict[int, list[str]] = {}
    authors: dict[int, str] = {}
    query = sa.select(messages.c.ticket_n, messages.c.body, messages.c.content)
    shown = (messages.c.direction == "in") & (messages.c.hidden == 0)
    for row in connection.execute(query.where(messages.c.ticket_n.in_(numbers), shown)):
        bodies.setdefault(row.ticket_n, []).append(row.body)
        key = orjson.loads(row.content).get("author", {}).get("key")
        if key:
            authors.setdefault(row.ticket_n, key)
    return bodies, authors


def described(connection: sa.Connection, n: int, words: Sequence[str], queue: str | None) -> Surge:
    """Write down what a surge is about, and return it."""
    connection.execute(sa.update(surges).where(surges.c.n == n).values(words=dumps(list(words)), queue=queue))
    return _by_number(connection, [n])[0]


def told(connection: sa.Connection, numbers: Sequence[int], now: datetime) -> None:
    """Note that people were told of surges."""
    connection.execute(sa.update(surges).where(surges.c.n.in_(numbers)).values(told_at=micros(now)))
