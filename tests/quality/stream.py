"""A stream of tickets that nobody wrote: daily and weekly cycles, growth, good and bad days and hours, chance.

The watch is run over it as the store runs it, only that what is usual is learnt once a day.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import fmean

from hub.routing.surge import ALL, CALM_S, RISE_S, SLOT_S, Budget, Series, Verdict, Watch, has_risen
from hub.routing.usual import WEEK, WEEKS, Level, level_of

PLATFORMS = {"vk.com": 0.4, "yandex_maps": 0.3, "2gis": 0.2, "google_maps": 0.1}
QUEUES = {"helpdesk": 0.7, "claims": 0.3}
VK = Series("platform", "vk.com")
FLOOR = 2.0
"""The floor is an alarm in every hour with so many times the mean of its hour of the week."""

_SLOTS = 12  # an hour
_START = WEEKS * WEEK
_BAD_DAY, _BAD_HOUR, _GROWTH = 0.01, 0.03, 0.003  # relative variance by day and by hour; growth a day
_LONGEST_FLASH_H = 6


@dataclass
class Stream:
    """Eight weeks of history and the days after it.

    Attributes:
        base: mean arrivals an hour.
        flash: first hour and number of hours in which more comes on one platform, and how many more an hour.
        rise: first hour from which everything grows, to so many times within a day.
    """

    seed: int
    base: float = 10.0
    days: int = 30
    flash: tuple[int, int, float] | None = None
    rise: tuple[int, float] | None = None
    slots: dict[Series, dict[int, int]] = field(default_factory=dict)
    hours: dict[Series, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        chance, good_day = random.Random(self.seed), 1.0
        for hour in range(_START + self.days * 24):
            if hour % 24 == 0:
                good_day = chance.gammavariate(1 / _BAD_DAY, _BAD_DAY)
            mean = self.base * _shape(hour) * (1 + _GROWTH * hour / 24) * good_day
            mean *= chance.gammavariate(1 / _BAD_HOUR, _BAD_HOUR) * self._risen(hour)
            for _ in range(_poisson(chance, mean)):
                self._add(hour, _pick(chance, PLATFORMS), chance)
            for _ in range(_poisson(chance, self._extra(hour))):
                self._add(hour, VK.name, chance)

    def _risen(self, hour: int) -> float:
        if self.rise is None or hour < self.rise[0]:
            return 1.0
        return 1 + (self.rise[1] - 1) * min((hour - self.rise[0]) / 24, 1.0)

    def _extra(self, hour: int) -> float:
        return self.flash[2] if self.flash and self.flash[0] <= hour < self.flash[0] + self.flash[1] else 0.0

    def _add(self, hour: int, platform: str, chance: random.Random) -> None:
        slot = hour * _SLOTS + chance.randrange(_SLOTS)
        for series in (ALL, Series("platform", platform), Series("queue", _pick(chance, QUEUES))):
            for counts, at in ((self.slots, slot), (self.hours, hour)):
                one = counts.setdefault(series, {})
                one[at] = one.get(at, 0) + 1


def _shape(hour: int) -> float:
    """The mean of its week is about one."""
    day, at = divmod(hour % WEEK, 24)
    by_day = 0.15 + 0.85 * math.sin(math.pi * (at - 6) / 17) if 6 <= at <= 23 else 0.12
    return 2.05 * by_day * (0.55 if day >= 5 else 1.0)


def _pick(chance: random.Random, shares: dict[str, float]) -> str:
    return chance.choices(list(shares), list(shares.values()))[0]


def _poisson(chance: random.Random, mean: float) -> int:
    number, left = -1, mean
    while left >= 0:
        left -= chance.expovariate(1.0)
        number += 1
    return number


# --- the watch over it ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Alarm:
    """When something was called a surge, and what was seen."""

    slot: int
    series: Series
    seen: Verdict
    is_rise: bool = False


def false_alarms(stream: Stream, days: int = 30, every_slots: int = 1, alarms: float = 2.6) -> list[Alarm]:
    """Return every alarm of the first *days* after the history of a stream in which nothing happens."""
    return list(watched(stream, _START * _SLOTS, (_START + days * 24) * _SLOTS, every_slots, alarms))


def found_after(stream: Stream, day: int, hour: int, times: float, alarms: float = 2.6) -> float | None:
    """Return after how many minutes a flashmob on one platform is found, on which *times* as much as on its average
    hour comes on top; None: it is not."""
    start = _START + day * 24 + hour
    extra = stream.base * PLATFORMS[VK.name] * times
    with_it = Stream(stream.seed, stream.base, day + 2, flash=(start, _LONGEST_FLASH_H, extra))
    until = (start + _LONGEST_FLASH_H) * _SLOTS
    for alarm in watched(with_it, start * _SLOTS, until, 1, alarms):
        if alarm.series in (ALL, VK):
            return (alarm.slot + 1 - start * _SLOTS) * SLOT_S / 60
    return None


def risen_after(stream: Stream, day: int, times: float, alarms: float = 2.6) -> float | None:
    """Return after how many hours a slow rise of everything to so many *times* within a day is found."""
    start = _START + day * 24
    with_it = Stream(stream.seed, stream.base, day + 4, rise=(start, times))
    for alarm in watched(with_it, start * _SLOTS, (start + 72) * _SLOTS, 3, alarms):
        if alarm.series == ALL:
            return (alarm.slot + 1) / _SLOTS - start
    return None


def twice_the_mean(stream: Stream, days: int = 30) -> int:
    """Return how often the floor begins to alarm."""
    counts, found, before = stream.hours[ALL], 0, False
    for hour in range(_START, _START + days * 24):
        mean = fmean(counts.get(earlier, 0) for earlier in range(hour % WEEK, _START, WEEK))
        high = counts.get(hour, 0) > FLOOR * mean
        found += high and not before
        before = high
    return found


def watched(stream: Stream, start: int, until: int, every_slots: int, alarms: float) -> Iterator[Alarm]:
    """Yield the alarms between two slots, with a look at every *every_slots*-th slot."""
    budget = Budget(alarms, len(stream.slots) - 1)
    levels: dict[Series, Level] = {}
    going_on: dict[Series, tuple[int, float]] = {}  # its window, when it was high
    ended: dict[Series, float] = {}
    for slot in range(start, until, every_slots):
        now_s, hour = (slot + 1) * SLOT_S - 1.0, slot // _SLOTS
        if not levels or slot % (24 * _SLOTS) < every_slots:
            levels = _learnt(stream, hour)
        for series, level in levels.items():
            watch = Watch(level, stream.slots[series], now_s, 0.0, ended.get(series, 0.0))
            if series in going_on:
                window_s, high_s = going_on[series]
                if watch.is_high(window_s):
                    going_on[series] = window_s, now_s
                elif now_s - high_s >= CALM_S:
                    del going_on[series]
                    ended[series] = now_s
                continue
            seen = watch.alarm(series, budget)
            rises = seen is None and series == ALL and _rises(stream, level, hour, ended.get(ALL, 0.0), budget)
            if seen or rises:
                alarm = Alarm(slot, series, seen or watch.seen(RISE_S), is_rise=rises)
                going_on[series] = alarm.seen.window_s, now_s
                yield alarm


def _learnt(stream: Stream, hour: int) -> dict[Series, Level]:
    whole = level_of(stream.hours[ALL], 0, hour, _place)
    rest = sorted(stream.hours.keys() - {ALL})
    return {ALL: whole, **{one: level_of(stream.hours[one], 0, hour, _place, whole) for one in rest}}


def _rises(stream: Stream, level: Level, hour: int, since_s: float, budget: Budget) -> bool:
    hours = range(max(hour - WEEK, math.ceil(since_s / 3600)), hour)
    counts = [stream.hours[ALL].get(one, 0) for one in hours]
    return has_risen(level, counts, [_place(one) for one in hours], budget.height(ALL, level))


def _place(hour: int) -> int:
    return hour % WEEK
