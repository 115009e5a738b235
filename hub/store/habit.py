"""What is usual of a stream: how often it brings something new, by the hour of the week. Pure.

Every poll that brings something new is one arrival. For each hour of the week it is kept how many arrivals there were
in how much time; so a quiet can be measured in the arrivals that were to be expected in it, and a night counts as
little as it should. It is suspicious when more of them are missing than chance, or any quiet of the last weeks, leaves
out.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

HOURS = 168
LEARN = timedelta(days=14)
"""So long a stream is watched before anything is said of it."""

MISSING = 12.0
"""So many arrivals must be missing at least: by chance alone that comes once in 160,000 quiets."""

_HEADROOM = 1.5  # a quiet this much longer than the longest of the last weeks is none of theirs
_FEWEST = 50  # arrivals; below that nobody knows what is usual
_WEEKS_S = 6 * 3600.0  # of each hour of the week so much time is remembered
_HALF_S = 28 * 86400.0  # after so long the longest quiet counts half
_HOUR = timedelta(hours=1)
_MONDAY = datetime.fromisoformat("1970-01-05T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Habit:
    """What is known of a stream.

    Attributes:
        arrivals, seconds: by the hour of the week in UTC, from Monday 0 o'clock; the older the less they count.
        watched_s: for how long it is watched.
        number: of arrivals so far.
        missing: arrivals that were to be expected since the last one.
        longest: the most that were ever missing between two arrivals; it fades.
    """

    arrivals: tuple[float, ...] = field(default=(0.0,) * HOURS)
    seconds: tuple[float, ...] = field(default=(0.0,) * HOURS)
    watched_s: float = 0.0
    number: int = 0
    missing: float = 0.0
    longest: float = 0.0

    @property
    def bound(self) -> float:
        """How many arrivals must be missing for a quiet to be suspicious."""
        return max(MISSING, _HEADROOM * self.longest)

    @property
    def is_learnt(self) -> bool:
        """Whether enough was seen to say what is usual."""
        return self.watched_s >= LEARN.total_seconds() and self.number >= _FEWEST

    @property
    def is_suspicious(self) -> bool:
        """Whether the stream is quiet for longer than is usual."""
        return self.is_learnt and self.missing > self.bound


def polled(habit: Habit, since: datetime, now: datetime, *, news: bool) -> Habit:
    """Return *habit* after a poll that went well.

    Args:
        since: when the one before it ended.
        news: whether it brought something new.
    """
    if now <= since:
        return habit
    spans = list(_hours(since, min(now, since + timedelta(hours=HOURS))))
    missing = habit.missing + sum(_rate(habit, hour) * seconds for hour, seconds in spans)
    arrivals, known = list(habit.arrivals), list(habit.seconds)
    for hour, seconds in spans:
        kept = min(1.0, max(_WEEKS_S - seconds, 0.0) / known[hour]) if known[hour] else 1.0
        arrivals[hour] *= kept
        known[hour] = known[hour] * kept + seconds
    if news:
        arrivals[spans[-1][0]] += 1.0
    seen = replace(
        habit,
        arrivals=tuple(arrivals),
        seconds=tuple(known),
        watched_s=habit.watched_s + (now - since).total_seconds(),
        missing=missing,
        longest=habit.longest * 0.5 ** (min((now - since).total_seconds() / _HALF_S, 60.0)),
    )
    return _arrived(seen) if news else seen


def _arrived(habit: Habit) -> Habit:
    quiet = min(habit.missing, 2 * habit.bound) if habit.is_learnt else 0.0  # a source that was dead is no habit
    return replace(habit, number=habit.number + 1, missing=0.0, longest=max(habit.longest, quiet))


def _hours(since: datetime, until: datetime) -> Iterator[tuple[int, float]]:
    """Yield the hours of the week between two instants, with the seconds of each."""
    at = since
    while at < until:
        passed = (at - _MONDAY) // _HOUR
        end = min(_MONDAY + (passed + 1) * _HOUR, until)
        yield passed % HOURS, (end - at).total_seconds()
        at = end


def _rate(habit: Habit, hour: int) -> float:
    """Return how many arrivals a second an hour of the week brings; its neighbours say a half of it."""
    near = (hour - 1) % HOURS, hour, hour, (hour + 1) % HOURS
    seconds = sum(habit.seconds[one] for one in near)
    return sum(habit.arrivals[one] for one in near) / seconds if seconds else 0.0
