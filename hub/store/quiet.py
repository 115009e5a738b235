"""Streams that are quiet for longer than is usual of them: what is known of each, kept at the end of its polls."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from hub.store.habit import HOURS, Habit, polled
from hub.store.page import StreamKey
from hub.store.tables import instant, micros, stream_habits

_DIGITS = 3  # of an arrival
_UNITS = ((timedelta(days=1), "day"), (timedelta(hours=1), "hour"), (timedelta(minutes=1), "minute"))


@dataclass(frozen=True, slots=True)
class Quiet:
    """A stream that brings nothing new though it always does.

    Attributes:
        since: when it last brought something.
        seen_at: when that became suspicious.
        usual: how often something comes at such hours.
    """

    since: datetime
    seen_at: datetime
    usual: timedelta

    def __str__(self) -> str:
        return (
            f"read without an error, and nothing new since {self.since:%Y-%m-%d %H:%M} UTC; at these hours something"
            f" comes about every {_spoken(self.usual)}: look at the source and at what the settings ask it for"
        )


def note_poll(connection: sa.Connection, key: StreamKey, now: datetime, *, news: bool) -> Quiet | None:
    """Note that a poll of a stream went well, and whether it brought something new; return why that is suspicious."""
    where = (stream_habits.c.instance == key.instance) & (stream_habits.c.stream == key.stream)
    row = connection.execute(sa.select(stream_habits).where(where)).one_or_none()
    at = micros(now)
    if row is None:
        values = {"read_to": at, "news_at": at, "habit": _dumps(Habit())}
        connection.execute(sa.insert(stream_habits).values(instance=key.instance, stream=key.stream, **values))
        return None
    habit = polled(_loads(row.habit), instant(row.read_to), now, news=news)
    found: dict[str, Any] = {"read_to": at, "news_at": at if news else row.news_at, "habit": _dumps(habit)}
    found["suspicious_at"] = (row.suspicious_at or at) if habit.is_suspicious else None
    connection.execute(sa.update(stream_habits).where(where).values(**found))
    return _quiet({**found, "missing": habit.missing})


def quiet_streams(connection: sa.Connection, instance: str | None = None) -> dict[tuple[str, str], Quiet]:
    """Return the streams that are suspicious, by instance and stream."""
    query = sa.select(stream_habits).where(stream_habits.c.suspicious_at.is_not(None))
    if instance is not None:
        query = query.where(stream_habits.c.instance == instance)
    found: dict[tuple[str, str], Quiet] = {}
    for row in connection.execute(query):
        quiet = _quiet({**row._mapping, "missing": _loads(row.habit).missing})
        if quiet is not None:
            found[row.instance, row.stream] = quiet
    return found


def _quiet(found: Mapping[str, Any]) -> Quiet | None:
    if found["suspicious_at"] is None:
        return None
    since = instant(found["news_at"])
    usual = (instant(found["read_to"]) - since) / max(found["missing"], 1.0)
    return Quiet(since, instant(found["suspicious_at"]), usual)


def _spoken(length: timedelta) -> str:
    for unit, name in _UNITS:
        number = round(length / unit)
        if length >= unit:
            return name if number == 1 else f"{number} {name}s"
    return "minute"


# --- as it is kept ----------------------------------------------------------------------------------------------------


def _dumps(habit: Habit) -> str:
    arrivals = [round(one, _DIGITS) for one in habit.arrivals]
    seconds = [round(one) for one in habit.seconds]
    rest = [round(habit.watched_s), habit.number, round(habit.missing, _DIGITS), round(habit.longest, _DIGITS)]
    return orjson.dumps([arrivals, seconds, *rest]).decode()


def _loads(text: str) -> Habit:
    arrivals, seconds, *rest = orjson.loads(text)
    if len(arrivals) != HOURS:
        return Habit()
    return Habit(tuple(arrivals), tuple(seconds), *rest)
