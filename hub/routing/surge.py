"""Is more coming in than usual? Counts in, verdicts out. Pure.

A series (all tickets, a platform, a queue, a tag) surges when so many tickets within 15 minutes, 1, 3 or 12 hours have
a chance that its share of the false alarms does not allow, by the upper tail of a negative binomial distribution with
the usual level as its mean; the stream of all tickets also when its deviations, hour by hour, add up (CUSUM).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from hub.routing.usual import CUSUM_SLACK, FEWEST_DAYS, Level, added

SeriesKind = Literal["all", "platform", "queue", "tag"]

SLOT_S = 300
"""Arrivals are counted by slots of so many seconds."""

WINDOWS_S = (900, 3600, 3 * 3600, 12 * 3600)
"""How far back it is looked for too many arrivals."""

RISE_S = WINDOWS_S[-1]
"""By what window a slow rise is told of."""

ALARMS_IN_30D = 2.6
"""False alarms in 30 days that are allowed unless the settings say another number."""

FEWEST = 5
"""Arrivals in a window below which nothing is a surge."""

CALM_S = 3600
"""A surge is over when it was calm for so long."""

_HOUR_S = 3600
_BUDGET_S = 30 * 86400
_LOOKS = 1.5  # looks at a sliding window that count as independent, for each length of it; measured
_PARTS = len(WINDOWS_S) + 1  # of a share: one for each window, one for the slow rise
_STILL_HIGH = 0.05  # chance above which a count is nothing unusual
_SWAY_ROOM = 1.2


class Series(NamedTuple):
    """What is counted; the name is empty for all tickets."""

    kind: SeriesKind
    name: str = ""


ALL = Series("all")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was seen in one window.

    Attributes:
        window_s: its length.
        number: arrivals in it.
        usual: arrivals that are usual.
        chance: that so many or more come in without a surge; 1 where it is plain that they may.
    """

    window_s: int
    number: int
    usual: float
    chance: float


# --- the distribution -----------------------------------------------------------------------------------------------


def upper_tail(number: int, mean: float, variance: float) -> float:
    """Return the chance of *number* or more of a negative binomial distribution; Poisson where the variance is no
    larger than the mean.

    Terms are summed upwards from *number*, so that small chances keep their digits.
    """
    if number <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    size = mean * mean / (variance - mean) if variance > mean * (1 + 1e-9) else 0.0
    share = mean / (size + mean) if size else mean
    term = math.exp(_log_term(number, mean, size))
    if number <= mean:  # from the other side it is shorter
        return max(0.0, 1 - sum(math.exp(_log_term(k, mean, size)) for k in range(number)))
    total, k = 0.0, number
    while term > total * 1e-12:
        total += term
        term *= share * (k + size) / (k + 1) if size else share / (k + 1)
        k += 1
    return min(total, 1.0)


def _log_term(k: int, mean: float, size: float) -> float:
    if not size:
        return k * math.log(mean) - mean - math.lgamma(k + 1)
    ways = math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1)
    return ways + size * math.log(size / (size + mean)) + k * math.log(mean / (size + mean))


# --- how many false alarms ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Budget:
    """How rare something must be to be an alarm: *alarms* false ones in 30 days, half for all tickets together, half
    for *series* others."""

    alarms: float
    series: int

    def share(self, series: Series) -> float:
        """Return the false alarms in 30 days of one series."""
        return self.alarms / 2 if series == ALL else self.alarms / 2 / max(self.series, 1)

    def chance(self, series: Series, window_s: int) -> float:
        """Return the chance below which a count is an alarm."""
        return self.share(series) / _PARTS * window_s / (_BUDGET_S * _LOOKS)

    def height(self, series: Series, level: Level) -> float:
        """Return the sum of deviations from which on a slow rise is an alarm."""
        lowest = _height(_BUDGET_S / _HOUR_S * _PARTS / self.share(series))
        return min(max(lowest, _SWAY_ROOM * level.sway), 2 * lowest)


@lru_cache(maxsize=64)
def _height(hours: float) -> float:
    """Return the height that a sum of deviations reaches by chance once in *hours* (Siegmund's approximation)."""
    low, high = 0.0, 50.0
    for _ in range(60):
        middle = (low + high) / 2
        at = 2 * CUSUM_SLACK * (middle + 1.166)
        run = (math.exp(at) - at - 1) / (2 * CUSUM_SLACK**2)
        low, high = (middle, high) if run < hours else (low, middle)
    return low


# --- verdicts -------------------------------------------------------------------------------------------------------


class Watch:
    """One series as it is looked at, at one moment.

    Args:
        level: what is usual.
        slots: arrivals by slot (a running number).
        now_s: seconds since 1970.
        shift_s: seconds by which local time since its last Monday at midnight is ahead of *now_s*.
        since_s: what was before says nothing: the end of an earlier surge.
    """

    def __init__(
        self, level: Level, slots: Mapping[int, int], now_s: float, shift_s: float, since_s: float = 0.0
    ) -> None:
        self._level, self._slots = level, slots
        self._now_s, self._shift_s, self._since_s = now_s, shift_s, since_s

    @property
    def is_learning(self) -> bool:
        """Whether too little of the past is known to call anything unusual."""
        return self._level.days < FEWEST_DAYS

    def seen(self, window_s: int) -> Verdict:
        """Return what came in the last *window_s* seconds, as far as it counts."""
        first = int(max(self._now_s - window_s, self._since_s) // SLOT_S)
        last = int(self._now_s // SLOT_S)
        number = sum(self._slots.get(slot, 0) for slot in range(first, last + 1))
        usual = self._usual(first * SLOT_S, self._now_s)
        variance = self._level.variance(usual, window_s / _HOUR_S)
        if number < FEWEST or number - usual < math.sqrt(variance):  # not worth the sum
            return Verdict(window_s, number, usual, 1.0)
        return Verdict(window_s, number, usual, upper_tail(number, usual, variance))

    def alarm(self, series: Series, budget: Budget) -> Verdict | None:
        """Return what is an alarm in a window, the shortest first; None: all is as usual."""
        if self.is_learning:
            return None
        for window_s in WINDOWS_S:
            found = self.seen(window_s)
            if found.chance < budget.chance(series, window_s):
                return found
        return None

    def is_high(self, window_s: int) -> bool:
        """Whether a surge that was seen in a window of *window_s* still goes on."""
        return any(self.seen(one).chance < _STILL_HIGH for one in {_HOUR_S, max(window_s, _HOUR_S)})

    def _usual(self, start_s: float, end_s: float) -> float:
        start, end = ((at + self._shift_s) / _HOUR_S for at in (start_s, end_s))
        return self._level.until(end) - self._level.until(start)


def has_risen(level: Level, hours: Sequence[int], places: Sequence[int], height: float) -> bool:
    """Tell whether deviations added up to *height* at the end of *hours*.

    Args:
        hours: arrivals hour by hour, complete ones, oldest first.
        places: their hours of the week.
    """
    total = 0.0
    for number, place in zip(hours, places, strict=True):
        mean = level.hours[place]
        total = added(total, number, mean, level.variance(mean, 1.0))
    return level.days >= FEWEST_DAYS and total > height
