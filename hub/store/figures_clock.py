"""Days and hours on the clock of a zone, as numbers that a query can group by."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

import sqlalchemy as sa

from hub.store.tables import instant, micros

Label = str | int | None
"""The name of a group: of a day, a week or a month as :func:`time_label` gives it."""

TIMES = ("day", "week", "month", "weekday", "hour")
"""Groups by when something was, on the clock of a zone; weeks are named by their Monday."""

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND
_DAY = 24 * _HOUR
_FIRST_DAY = date(1970, 1, 1)  # a Thursday
_TO_MONDAY = 3  # days since a Monday
_LOOK = timedelta(days=1)  # no zone goes to and fro within a day
_AHEAD = timedelta(days=730)
_END = micros(datetime(2300, 1, 1, tzinfo=UTC))


class Span(NamedTuple):
    """How far a zone's clock is ahead of UTC, microseconds, before an instant; None: from there on."""

    until: int | None
    ahead: int


class Clock(NamedTuple):
    """The clock of a zone, as *spans* say; *odd*: there are moments that it does not reach, see :func:`bounded`."""

    spans: tuple[Span, ...]
    odd: bool


def clock_of(zone: tzinfo, first: int, last: int, now: datetime) -> Clock:
    """Return the clock of *zone* for moments from *first* to *last* (microseconds), some of which sources may have
    made up: it knows of no change before 1970, nor later than two years from *now*."""
    ends = (min(max(one, 0), micros(now + _AHEAD)) for one in (first, last))
    begin, end = (instant(one) for one in ends)
    odd = first < 0 or last >= _END
    return Clock(tuple(spans(zone, begin, max(begin, end) + _LOOK)), odd)


def bounded(at: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return *at*, or the first or the last moment that groups are made for: 1970 and the year 2300."""
    return sa.case((at < 0, 0), (at >= _END, _END - 1), else_=at)


def spans(zone: tzinfo, first: datetime, last: datetime) -> Iterator[Span]:
    """Yield how far the clock of *zone* is ahead from *first* to *last* (aware), oldest first."""
    at = first
    while at < last:
        later = min(at + _LOOK, last)
        if _ahead(zone, later) != _ahead(zone, at):
            yield Span(micros(_changed(zone, at, later)), _ahead(zone, at))
        at = later
    yield Span(None, _ahead(zone, at))


def _ahead(zone: tzinfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - the moment of an aware one
    return offset // timedelta(microseconds=1)


def _changed(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Return when the clock was changed, to the second: what is at *after* holds from there on."""
    new = _ahead(zone, after)
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) / 2
        before, after = (before, middle) if _ahead(zone, middle) == new else (middle, after)
    return after.replace(microsecond=0)


def local(at: sa.ColumnElement[Any], known: Sequence[Span]) -> sa.ColumnElement[Any]:
    """Return the microseconds of *at* as a clock shows them that is ahead as *known* says."""
    *earlier, last = ((span.until, sa.literal_column(str(span.ahead), sa.BigInteger)) for span in known)
    return at + (sa.case(*((at < until, ahead) for until, ahead in earlier), else_=last[1]) if earlier else last[1])


def column(name: str, clock: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
    """Return a number for each group of one of :data:`TIMES`, given microseconds on a *clock*; never 0 for what was
    after 1970."""
    if name == "hour":
        return clock // _HOUR % 24 + 1
    days = clock // _DAY + _TO_MONDAY
    return days % 7 + 1 if name == "weekday" else days // 7 if name == "week" else clock // _DAY


def label(name: str, number: int) -> Label:
    """Return the name of the group that :func:`column` gives a *number*."""
    if name == "hour":
        return number - 1
    if name == "weekday":
        return number
    days = number * 7 - _TO_MONDAY if name == "week" else number
    return time_label(name, _FIRST_DAY + timedelta(days=days))


def time_label(name: str, day: date) -> str:
    """Return the name of the day, week or month that a local *day* is in: an ISO date, or ``2026-11``."""
    if name == "month":
        return f"{day:%Y-%m}"
    return (day - timedelta(days=day.weekday() if name == "week" else 0)).isoformat()
