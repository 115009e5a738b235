"""Streams that are quiet for longer than is usual: few false alarms, and a dead source found in reasonable time."""

import math
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.store import Store, StreamKey, open_store
from hub.store.habit import Habit, polled

START = datetime(2026, 1, 5, tzinfo=UTC)
STEP = timedelta(minutes=15)
KEY = StreamKey("one", "s", "poll", title="Bank")


def level(at: datetime, per_day: float) -> float:
    """How many arrivals an hour a source has that sleeps at night and rests on weekends."""
    asleep = 0.05 if at.hour < 7 or at.hour >= 23 else 1.4
    return per_day / 24 * asleep * (0.5 if at.weekday() >= 5 else 1)


def watched(seed: int, per_day: float, days: int, dead_from: datetime | None = None) -> tuple[int, timedelta | None]:
    """Poll a source by chance; return how many false alarms there were, and when after its end it was found dead."""
    chance, habit, now, false, was = random.Random(seed), Habit(), START, 0, False
    while now < START + timedelta(days=days):
        following = now + STEP
        dead = dead_from is not None and following > dead_from
        news = not dead and chance.random() < 1 - math.exp(-level(now, per_day) * STEP / timedelta(hours=1))
        habit = polled(habit, now, following, news=news)
        now = following
        if dead and habit.is_suspicious:
            return false, now - (dead_from or now)
        false += habit.is_suspicious and not was
        was = habit.is_suspicious
    return false, None


@pytest.mark.parametrize("per_day", [10, 50, 300])
def test_chance_and_nights_and_weekends_alarm_nobody(per_day: int) -> None:
    assert sum(watched(seed, per_day, 60)[0] for seed in range(2)) == 0


@pytest.mark.parametrize(("per_day", "hours"), [(10, 72), (50, 10), (300, 5)])
def test_a_source_that_dies_is_found_in_reasonable_time(per_day: int, hours: int) -> None:
    dead_from = START + timedelta(days=42, hours=10)  # a Monday morning
    for seed in range(2):
        false, found = watched(seed, per_day, 50, dead_from)
        assert false == 0
        assert found is not None
        assert found <= timedelta(hours=hours)


def test_one_that_dies_in_the_evening_is_not_suspected_before_the_morning() -> None:
    dead_from = START + timedelta(days=42, hours=22, minutes=30)
    _, found = watched(1, 50, 50, dead_from)
    assert found is not None
    assert found > timedelta(hours=8)


def test_nothing_is_said_of_a_stream_before_it_is_known_or_of_one_that_is_rare() -> None:
    assert watched(1, 300, 13, START + timedelta(days=10))[1] is None
    assert watched(1, 0.5, 90, START + timedelta(days=80))[1] is None


def test_quiets_that_come_again_and_again_are_usual() -> None:
    habit, now, alarms = Habit(), START, []
    for day in range(150):  # something every quarter of an hour, but for a whole day every ten
        alarms.append(0)
        for _ in range(96):
            habit = polled(habit, now, now + STEP, news=day % 10 != 9)
            now += STEP
            alarms[day] += habit.is_suspicious
    assert sum(alarms[:60]) > 0
    assert sum(alarms[100:]) == 0


def test_a_clock_that_is_set_back_and_a_standstill_of_months_break_nothing() -> None:
    habit = polled(Habit(), START, START - timedelta(days=1), news=True)
    assert habit == Habit()
    later = polled(habit, START, START + timedelta(days=400), news=True)
    assert later.missing == 0
    assert all(seconds <= 6 * 3600 + 3600 for seconds in later.seconds)


# --- in the store -----------------------------------------------------------------------------------------------------


class Watch:
    """A store with a clock."""

    def __init__(self, path: Path) -> None:
        self.now = START
        self.store: Store = open_store(f"sqlite:///{path}", now=lambda: self.now)

    def poll(self, hours: float, *, news: bool, error: str | None = None) -> object:
        self.now += timedelta(hours=hours)
        return self.store.stream_finished(KEY, error, news=news)


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    watch = Watch(tmp_path / "hub.db")
    yield watch
    watch.store.close()


def test_the_store_tells_a_quiet_that_is_not_usual_until_something_comes(watch: Watch) -> None:
    for _ in range(24 * 15):
        assert watch.poll(1, news=True) is None
    last = watch.now
    told = [watch.poll(1, news=False) for _ in range(24)]
    first = next(number for number, one in enumerate(told) if one is not None)
    assert 10 <= first <= 16
    assert re.search(f"nothing new since {last:%Y-%m-%d %H:%M} UTC; .* about every hour", str(told[-1]))
    [state] = watch.store.streams()
    assert state.quiet is not None
    assert state.quiet.since == last
    assert state.quiet.seen_at == last + timedelta(hours=first + 1)
    assert watch.poll(1, news=True) is None
    assert watch.store.streams()[0].quiet is None


def test_a_poll_that_failed_says_nothing_of_what_is_usual(watch: Watch) -> None:
    for _ in range(24 * 15):
        watch.poll(1, news=True)
    for _ in range(48):
        assert watch.poll(1, news=False, error="503") is None
    assert watch.poll(1, news=True) is None
    assert watch.store.streams()[0].quiet is None
