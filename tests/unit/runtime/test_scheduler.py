"""When instances are due: slots, missed ones, clocks that jump, cron."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.runtime.scheduler import Cron, Every, InstanceState, due, next_due, next_slot, schedule_of
from hub.sdk import ConfigError, ConnectorConfig

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
BERLIN = ZoneInfo("Europe/Berlin")
instants = st.integers(0, 60 * 365 * 86_400_000_000).map(
    lambda micros: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)
)
periods = st.timedeltas(timedelta(seconds=1), timedelta(days=3))


@given(instants, periods, st.text(min_size=1))
def test_every_instant_is_in_exactly_one_slot(at: datetime, period: timedelta, name: str) -> None:
    schedule = Every.shifted(period, name)
    slot = schedule.slot(at)
    assert slot <= at < slot + period == schedule.after(at)
    assert schedule.slot(slot) == slot


def test_a_thousand_instances_of_a_minute_are_spread_over_it() -> None:
    seconds = [Every.shifted(MINUTE, f"source-{number}").slot(NOON).second for number in range(1000)]
    assert max(seconds.count(second) for second in range(60)) < 40
    assert len(set(seconds)) == 60


@given(instants, periods, st.integers(2, 500))
def test_however_many_slots_were_missed_one_run_makes_up_for_them(at: datetime, period: timedelta, many: int) -> None:
    schedule = Every.shifted(period, "a")
    now = at + many * period
    assert next_slot(schedule, at, now) <= now
    assert next_slot(schedule, now, now) == schedule.after(now) > now


def test_one_that_never_ran_is_due_at_once() -> None:
    assert next_slot(Every(MINUTE), None, NOON) <= NOON


def test_after_the_clock_was_set_back_it_runs_and_does_not_wait_for_the_future() -> None:
    assert next_slot(Every(MINUTE), NOON + timedelta(days=300), NOON) <= NOON


def test_the_most_overdue_comes_first_and_what_runs_is_left_alone() -> None:
    states = [
        InstanceState("late", NOON - MINUTE),
        InstanceState("later", NOON - 2 * MINUTE),
        InstanceState("running", NOON - 3 * MINUTE, running=True),
        InstanceState("not yet", NOON + MINUTE),
    ]
    assert due(states, NOON) == ["later", "late"]
    assert next_due(states) == NOON - 2 * MINUTE
    assert next_due([states[2]]) is None
    with pytest.raises(ValueError, match="no time zone"):
        due(states, NOON.replace(tzinfo=None))


# --- cron -----------------------------------------------------------------------------------------------------------


def test_a_cron_expression_is_meant_in_the_settings_zone() -> None:
    weekdays = Cron("0 9 * * 1-5", BERLIN)
    friday_evening = datetime(2026, 11, 6, 20, tzinfo=UTC)
    assert weekdays.slot(friday_evening) == datetime(2026, 11, 6, 8, tzinfo=UTC)
    assert weekdays.after(friday_evening) == datetime(2026, 11, 9, 8, tzinfo=UTC)


def test_an_instant_at_which_the_expression_holds_begins_a_slot() -> None:
    daily = Cron("30 2 * * *", ZoneInfo("UTC"))
    begin = datetime(2026, 5, 1, 2, 30, tzinfo=UTC)
    assert daily.slot(begin) == begin
    assert daily.slot(begin - timedelta(microseconds=1)) == begin - timedelta(days=1)
    assert daily.after(begin) == begin + timedelta(days=1)


@pytest.mark.parametrize("day", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)])
def test_a_daily_run_happens_once_on_days_when_the_clock_changes(day: datetime) -> None:
    schedule, start = Cron("30 2 * * *", BERLIN), day - timedelta(hours=6)
    began, runs = schedule.slot(start), 0
    for at in (start + number * 10 * MINUTE for number in range(144)):
        if next_slot(schedule, began, at) <= at:
            runs, began = runs + 1, at
    assert runs == 1


@pytest.mark.parametrize("wrong", ["61 * * * *", "* * *", "0 0 31 2 *", "tomorrow"])
def test_a_wrong_expression_is_told_with_an_example(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r'instances\.maps\.cron: ".+" is no cron expression .+\*/5 9-18'):
        schedule_of("maps", ConnectorConfig(connector="x", cron=wrong), BERLIN)


def test_cron_wins_over_every() -> None:
    config = ConnectorConfig.model_validate({"connector": "x", "every": "1m", "cron": "0 9 * * *"})
    assert schedule_of("maps", config, BERLIN) == Cron("0 9 * * *", BERLIN)
    plain = ConnectorConfig.model_validate({"connector": "x", "every": "5m"})
    assert schedule_of("maps", plain, BERLIN) == Every.shifted(timedelta(minutes=5), "maps")
