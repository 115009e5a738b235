"""What is usual of a series of counts: its level by hour of the week, and how far counts stray from it. Pure.

A level is learnt from counts by the hour. Each hour of the week takes what it had in the last weeks, later weeks more,
and leans on the same hour of other days of its kind (working days, weekend), the more the less is known. Hours far
above are cut, so that an earlier surge does not make the next one usual; the last week moves the whole up or down.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

WEEK = 168
"""Hours of a week; number 0 is Monday from midnight, local time."""

WEEKS = 8
"""So much of the past is looked at."""

FEWEST_DAYS = 3.0
"""Nothing is known to be unusual before so many days."""

SPANS_H = (1, 3, 12)
"""Stretches over which it is measured how far counts stray, in hours."""

_HALF_LIFE_H = 4 * WEEK  # a week so far back counts half
_LEAN = 2.0  # weeks that the same hour of other days counts for
_CUT_SD = 3.0  # what is further above is cut
_TRIMMED = 0.1  # of the highest hours are left out in the first, rough look
_ROUGH_SPREAD = 0.15  # until it is measured
_PRIOR_SPREAD, _PRIOR_WEIGHT = 0.1, 50.0  # a series that says little of how it strays is taken to stray so
_FIT = 1.15  # what a level was fitted to strays less from it than what comes
_TREND_WEIGHT = 100.0  # arrivals that speak for no change
_TREND = (0.5, 2.0)
_YOUNG_DAYS, _YOUNG_SPREAD = 14.0, 0.15  # before that many days the level itself is uncertain
_WEEKEND = 120  # hours of the week before it
_NEIGHBOURS = ((-1, 0.25), (0, 0.5), (1, 0.25))

CUSUM_SLACK = 0.5
"""Deviations that a sum of deviations forgives each hour."""

CUSUM_MOST = 2.5
"""Deviations that one hour may add: a sum is for slow rises, not for one high hour."""


@dataclass(frozen=True, slots=True)
class Level:
    """What is usual of one series.

    Attributes:
        hours: arrivals an hour, by hour of the week.
        spread: relative variance beyond Poisson's, over each of :data:`SPANS_H`.
        weeks: how much of the past it stands on; weeks long ago count less.
        days: how far back the past goes.
        sway: the highest sum of deviations that the past had.
    """

    hours: tuple[float, ...]
    spread: tuple[float, ...]
    weeks: float
    days: float
    sway: float
    _edges: Sequence[float] = field(init=False, repr=False, compare=False)
    _before: Sequence[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        hours = self.hours
        edges = [(hours[at - 1] + hours[at % WEEK]) / 2 for at in range(WEEK + 1)]
        whole = ((edges[at] + 2 * hours[at] + edges[at + 1]) / 4 for at in range(WEEK))
        object.__setattr__(self, "_edges", edges)
        object.__setattr__(self, "_before", [0.0, *accumulate(whole)])

    def until(self, hour: float) -> float:
        """Return what is usual from a Monday at midnight until *hour* hours later, which may be below 0; arrivals an
        hour are a line from middle to middle of the hours."""
        weeks, within = divmod(hour, WEEK)
        at = min(int(within), WEEK - 1)
        part, middle, edge = within - at, self.hours[at], self._edges[at]
        if part < 0.5:
            got = edge * part + (middle - edge) * part * part
        else:
            rest = part - 0.5
            got = (edge + middle) / 4 + middle * rest + (self._edges[at + 1] - middle) * rest * rest
        return weeks * self._before[WEEK] + self._before[at] + got

    def variance(self, mean: float, hours: float) -> float:
        """Return the variance of what comes within *hours* where *mean* is usual, what is not known included."""
        young = _YOUNG_SPREAD * max(0.0, 1 - self.days / _YOUNG_DAYS)
        spread = self.spread_over(hours) + young
        return mean + (mean + spread * mean * mean) / max(self.weeks, 1.0) + spread * mean * mean

    def spread_over(self, hours: float) -> float:
        """Return the relative variance over *hours*; below one hour it grows as it does from three hours to one."""
        one, three, twelve = self.spread
        if hours >= SPANS_H[2]:
            return twelve
        if hours >= SPANS_H[1]:
            return three
        if hours >= 1 or not three:
            return one
        slope = math.log(min(max(one / three, 1.0), 3.0)) / math.log(3)
        return one * math.pow(1 / hours, slope)


def level_of(
    counts: Mapping[int, int], first: int, until: int, place: Callable[[int], int], others: Level | None = None
) -> Level:
    """Return what is usual of a series.

    Args:
        counts: arrivals by hour (a running number); hours without any may be missing.
        first: the hour from which on arrivals are known of.
        until: the hour under way, which does not count.
        place: gives the hour of the week, 0 to 167, of a running number.
        others: level of the stream that the series is a part of; lends its shape to what is rare.
    """
    start = max(first, until - WEEKS * WEEK)
    hours = range(start, until)
    past = _Past(
        [counts.get(hour, 0) for hour in hours],
        [place(hour) for hour in hours],
        [math.pow(0.5, (until - hour) / _HALF_LIFE_H) for hour in hours],
    )
    usual, kept = _settled(past, _shape(others))
    return Level(
        hours=tuple(usual),
        spread=_spreads(kept, past.places, usual),
        weeks=sum(past.weights) / WEEK + _LEAN,
        days=(until - start) / 24,
        sway=_sway(kept, past.places, usual),
    )


class _Past(NamedTuple):
    """Hour by hour: arrivals, hour of the week, weight."""

    numbers: Sequence[float]
    places: Sequence[int]
    weights: Sequence[float]


def _shape(others: Level | None) -> Sequence[float]:
    total = sum(others.hours) if others is not None else 0.0
    return [hour * WEEK / total for hour in others.hours] if others is not None and total else [1.0] * WEEK


def _settled(past: _Past, shape: Sequence[float]) -> tuple[list[float], Sequence[float]]:
    """Return arrivals an hour by hour of the week, and the past with what is far above cut."""
    usual = _fitted(past._replace(numbers=_trimmed(past)), shape)
    kept = past.numbers
    for _ in range(2):
        most = [number + 1 + _CUT_SD * math.sqrt(number + _ROUGH_SPREAD * number * number) for number in usual]
        kept = [min(number, most[place]) for number, place in zip(past.numbers, past.places, strict=True)]
        usual = _fitted(past._replace(numbers=kept), shape)
    trend = _trend(kept, past.places, usual)
    return [number * trend for number in usual], kept


def _trimmed(past: _Past) -> Sequence[float]:
    """Return the past with the highest hours of each hour of the day cut to the next lower ones."""
    by_kind: dict[int, list[float]] = {}
    for number, place in zip(past.numbers, past.places, strict=True):
        by_kind.setdefault(_kind(place), []).append(number)
    most = {kind: sorted(found)[int(len(found) * (1 - _TRIMMED)) - 1] for kind, found in by_kind.items()}
    return [min(number, most[_kind(place)]) for number, place in zip(past.numbers, past.places, strict=True)]


def _kind(place: int) -> int:
    """Return a number for the hour of the day and the kind of day."""
    return place % 24 + (24 if place >= _WEEKEND else 0)


def _fitted(past: _Past, shape: Sequence[float]) -> list[float]:
    got, seen = [0.0] * WEEK, [0.0] * WEEK
    for number, place, weight in zip(*past, strict=True):
        got[place] += number * weight
        seen[place] += weight
    lean = _by_kind(got, seen, shape)
    return [(got[place] + _LEAN * lean[place]) / (seen[place] + _LEAN) for place in range(WEEK)]


def _by_kind(got: Sequence[float], seen: Sequence[float], shape: Sequence[float]) -> list[float]:
    """Return for each hour of the week what its hour has on days of its kind, neighbours helping; where little is
    known, the whole mean in the given shape."""
    of_kind, seen_kind = [0.0] * 48, [0.0] * 48
    for place in range(WEEK):
        of_kind[_kind(place)] += got[place]
        seen_kind[_kind(place)] += seen[place]
    expected = sum(shape[place] * seen[place] for place in range(WEEK))
    mean = sum(got) / expected if expected else 0.0
    found = []
    for place in range(WEEK):
        near = [(_near(place, step), share) for step, share in _NEIGHBOURS]
        known = sum(of_kind[kind] * share for kind, share in near)
        weeks = sum(seen_kind[kind] * share for kind, share in near)
        found.append((known + _LEAN * mean * shape[place]) / (weeks + _LEAN))
    return found


def _near(place: int, step: int) -> int:
    return (place + step) % 24 + (24 if place >= _WEEKEND else 0)


def _trend(kept: Sequence[float], places: Sequence[int], usual: Sequence[float]) -> float:
    """Return how the last week went against the level."""
    came = sum(kept[-WEEK:])
    expected = sum(usual[place] for place in places[-WEEK:])
    return min(max((came + _TREND_WEIGHT) / (expected + _TREND_WEIGHT), _TREND[0]), _TREND[1])


def _spreads(kept: Sequence[float], places: Sequence[int], usual: Sequence[float]) -> tuple[float, ...]:
    came = [0.0, *accumulate(kept)]
    meant = [0.0, *accumulate(usual[place] for place in places)]
    found = []
    for span in SPANS_H:
        over = squares = 0.0
        for end in range(span, len(came), span):
            number, mean = came[end] - came[end - span], meant[end] - meant[end - span]
            over += _FIT * (number - mean) ** 2 - mean
            squares += mean * mean
        found.append((max(over, 0.0) + _PRIOR_SPREAD * _PRIOR_WEIGHT) / (squares + _PRIOR_WEIGHT))
    return tuple(found)


def _sway(kept: Sequence[float], places: Sequence[int], usual: Sequence[float]) -> float:
    spread = _spreads(kept, places, usual)[0]
    total = highest = 0.0
    for number, place in zip(kept, places, strict=True):
        mean = usual[place]
        total = added(total, number, mean, mean + spread * mean * mean)
        highest = max(highest, total)
    return highest


def added(total: float, number: float, mean: float, variance: float) -> float:
    """Return the sum of deviations *total* after one more hour."""
    if variance <= 0:
        return total
    deviation = min((number - mean) / math.sqrt(variance), CUSUM_MOST)
    return max(0.0, total + deviation - CUSUM_SLACK)
