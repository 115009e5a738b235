"""What is unusual of counts: rarely by chance, soon when it is real, over when it is over."""

import math
from collections import Counter
from statistics import fmean, median

import pytest

from hub.routing.surge import ALL, FEWEST, Budget, Series, Watch, has_risen, upper_tail
from hub.routing.usual import WEEK, Level, level_of
from tests.quality.stream import Stream, false_alarms, found_after

HOUR_S = 3600
VK = Series("platform", "vk.com")


def place(hour: int) -> int:
    return hour % WEEK


def learnt(hours: dict[int, int], weeks: int = 8, first: int = 0) -> Level:
    return level_of(hours, first, weeks * WEEK, place)


def cycle(hour: int) -> int:
    """Twelve an hour by day, two by night, half of that at the weekend."""
    by_day = 12 if 8 <= hour % 24 < 20 else 2
    return by_day // 2 if hour % WEEK >= 120 else by_day


def even(weeks: int = 8) -> dict[int, int]:
    return {hour: cycle(hour) for hour in range(weeks * WEEK)}


def watch(level: Level, slots: dict[int, int], hour: float, since_s: float = 0.0) -> Watch:
    return Watch(level, slots, hour * HOUR_S, 0.0, since_s)


# --- the distribution -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "variance"), [(1.0, 2.0), (9.0, 20.0), (0.2, 0.21), (40.0, 200.0)])
@pytest.mark.parametrize("number", [0, 1, 5, 12, 48])
def test_the_tail_is_the_sum_of_what_lies_above(number: int, mean: float, variance: float) -> None:
    size = mean * mean / (variance - mean)
    log_share, log_rest = math.log(mean / (size + mean)), math.log(size / (size + mean))
    below = math.fsum(
        math.exp(math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) + size * log_rest + k * log_share)
        for k in range(number)
    )
    assert upper_tail(number, mean, variance) == pytest.approx(1 - below, abs=1e-9)


def test_the_tail_without_more_variance_than_the_mean_is_poisson_s() -> None:
    below = math.fsum(math.exp(-3) * 3**k / math.factorial(k) for k in range(7))
    assert upper_tail(7, 3.0, 3.0) == pytest.approx(1 - below)
    assert upper_tail(7, 3.0, 1.0) == pytest.approx(1 - below)


def test_small_chances_keep_their_digits() -> None:
    assert upper_tail(60, 3.0, 3.0) == pytest.approx(
        math.exp(60 * math.log(3) - 3 - math.lgamma(61)) / (1 - 3 / 61), rel=0.01
    )
    assert 0 < upper_tail(400, 3.0, 9.0) < 1e-40
    assert upper_tail(5, 0.0, 0.0) == 0.0


# --- what is usual --------------------------------------------------------------------------------------------------


def test_each_hour_of_the_week_has_its_level() -> None:
    level = learnt(even())
    assert level.hours[12] == pytest.approx(12, rel=0.1)
    assert level.hours[2] == pytest.approx(2, rel=0.1)
    assert level.hours[5 * 24 + 12] == pytest.approx(6, rel=0.1)


def test_an_earlier_surge_does_not_become_usual() -> None:
    hours = even()
    for hour in range(5 * WEEK + 10, 5 * WEEK + 16):
        hours[hour] = 200
    assert learnt(hours).hours[12] < 14.5
    assert fmean(hours[week * WEEK + 12] for week in range(8)) > 30


def test_growth_of_the_last_weeks_counts_for_more() -> None:
    hours = {hour: round(cycle(hour) * (1 + 0.1 * (hour // WEEK))) for hour in range(8 * WEEK)}
    assert learnt(hours).hours[12] > 1.15 * fmean(hours[week * WEEK + 12] for week in range(8))


def test_a_level_sums_up_to_what_comes_in_a_week() -> None:
    level = learnt(even())
    assert level.until(WEEK) == pytest.approx(sum(level.hours))
    assert level.until(WEEK + 30) - level.until(30) == pytest.approx(sum(level.hours))
    assert level.until(30) - level.until(29) == pytest.approx(level.hours[29], rel=0.05)
    assert level.until(-1) == pytest.approx(-level.hours[-1], rel=0.2)


def test_what_strays_more_is_given_more_room() -> None:
    calm, wild = even(), {hour: number * (hour // 24 % 2) * 2 for hour, number in even().items()}
    assert learnt(wild).variance(50, 3) > 2 * learnt(calm).variance(50, 3)


def test_a_young_history_is_given_more_room() -> None:
    old, young = learnt(even(8)), learnt(even(8), first=8 * WEEK - 4 * 24)
    assert young.days == 4
    assert young.variance(20, 1) > 1.2 * old.variance(20, 1)


def test_a_rare_series_takes_the_shape_of_the_whole() -> None:
    whole = learnt(even())
    rare = level_of({WEEK * 7 + 12: 2, WEEK * 3 + 40: 2}, 0, 8 * WEEK, place, whole)
    assert rare.hours[12] > 2 * rare.hours[3] > 0


def test_nothing_known_is_no_error() -> None:
    level = level_of({}, 100, 100, place)
    assert level.days == 0
    assert watch(level, {}, 100).alarm(ALL, Budget(2.6, 1)) is None


# --- verdicts -------------------------------------------------------------------------------------------------------


def slots_of(hour: float, counts: list[int]) -> dict[int, int]:
    """Counts of the slots that end at *hour*."""
    last = int(hour * 12) - 1
    return {last - len(counts) + 1 + at: count for at, count in enumerate(counts)}


def test_so_many_at_once_are_an_alarm_and_so_few_are_none() -> None:
    level, hour = learnt(even()), 8 * WEEK + 12.0
    assert watch(level, slots_of(hour, [6, 6, 6, 6]), hour).alarm(VK, Budget(2.6, 10)) is not None
    assert watch(level, slots_of(hour, [1] * 12), hour).alarm(VK, Budget(2.6, 10)) is None
    assert watch(level, slots_of(8 * WEEK + 3.0, [FEWEST - 1]), 8 * WEEK + 3.0).alarm(VK, Budget(2.6, 10)) is None


def test_the_same_count_is_usual_by_day_and_an_alarm_by_night() -> None:
    level, slots = learnt(even()), [2] * 12
    assert watch(level, slots_of(12.0, slots), 8 * WEEK + 12.0).alarm(ALL, Budget(2.6, 1)) is None
    night, noon = 8 * WEEK + 4.0, 8 * WEEK + 13.0
    assert watch(level, slots_of(night, slots), night).alarm(ALL, Budget(2.6, 1)) is not None
    assert watch(level, slots_of(noon, slots), noon).alarm(ALL, Budget(2.6, 1)) is None


def test_what_was_before_an_earlier_end_says_nothing() -> None:
    level, hour = learnt(even()), 8 * WEEK + 12.0
    slots = slots_of(hour, [20] * 6 + [1] * 6)
    assert watch(level, slots, hour).alarm(ALL, Budget(2.6, 1)) is not None
    assert watch(level, slots, hour, since_s=(hour - 0.5) * HOUR_S).alarm(ALL, Budget(2.6, 1)) is None


def test_a_surge_goes_on_while_more_comes_than_is_usual() -> None:
    level, hour = learnt(even()), 8 * WEEK + 12.0
    assert watch(level, slots_of(hour, [3] * 12), hour).is_high(900)
    assert not watch(level, slots_of(hour, [1] * 12), hour).is_high(900)


def test_more_series_make_each_harder_to_alarm_and_more_alarms_make_it_easier() -> None:
    assert Budget(2.6, 50).chance(VK, HOUR_S) < Budget(2.6, 5).chance(VK, HOUR_S) < Budget(2.6, 5).chance(ALL, HOUR_S)
    assert Budget(10, 5).chance(VK, HOUR_S) > Budget(2.6, 5).chance(VK, HOUR_S)
    shares = [Budget(2.6, 5).share(series) for series in (ALL, *[VK] * 5)]
    assert sum(shares) == pytest.approx(2.6)


def test_a_slow_rise_adds_up_and_an_hour_alone_does_not() -> None:
    level = learnt(even())
    height = Budget(2.6, 5).height(ALL, level)
    places = [hour % WEEK for hour in range(48)]
    usual = [cycle(hour) for hour in places]
    assert not has_risen(level, usual, places, height)
    assert not has_risen(level, [*usual[:-1], 500], places, height)
    assert has_risen(level, [round(number * 1.6) for number in usual], places, height)


def test_the_past_raises_the_height_only_so_far() -> None:
    level = learnt(even())
    swaying = Level(level.hours, level.spread, level.weeks, level.days, sway=1000.0)
    assert Budget(2.6, 5).height(ALL, swaying) == pytest.approx(2 * Budget(2.6, 5).height(ALL, level))


# --- simulated (the full measurement is `make quality`) -------------------------------------------------------------


def test_a_week_of_chance_has_hardly_an_alarm() -> None:
    alarms = Counter(alarm.series for alarm in false_alarms(Stream(seed=1), days=7, every_slots=3))
    assert alarms.total() <= 2


def test_a_flashmob_is_found_within_the_hour() -> None:
    found = [found_after(Stream(seed), day=2, hour=14, times=6.0) for seed in range(5)]
    assert all(found)
    assert median(delay for delay in found if delay) <= 60
