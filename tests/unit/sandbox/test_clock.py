from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.sandbox import SandboxOptions, Script, VirtualClock

START = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)


def test_time_is_pushed_forward_and_never_back() -> None:
    clock = VirtualClock(START)
    assert timedelta() <= clock.advance(3600) - START - timedelta(hours=1) < timedelta(seconds=30)
    with pytest.raises(ValueError, match="forward"):
        clock.advance(-1)


def test_pace_makes_time_run_faster() -> None:
    clock = VirtualClock(START, pace=1_000_000)
    first = clock.now()
    assert clock.now() - first > timedelta(milliseconds=50)


def test_a_script_happens_in_order_and_once() -> None:
    script = Script()
    seen: list[Any] = []
    script.at(START + timedelta(hours=2), lambda at: seen.append(("second", at)))
    script.at(START + timedelta(hours=1), lambda at: seen.append(("first", at)))
    script.settle(START)
    assert seen == []
    script.settle(START + timedelta(hours=3))
    script.settle(START + timedelta(hours=4))
    assert [name for name, _ in seen] == ["first", "second"]
    assert seen[0][1] == START + timedelta(hours=1)


def test_what_happens_may_plan_what_happens_next() -> None:
    script = Script()
    seen: list[Any] = []
    script.at(START, lambda at: script.at(at + timedelta(minutes=1), seen.append))
    script.settle(START + timedelta(hours=1))
    assert seen == [START + timedelta(minutes=1)]


@pytest.mark.parametrize(
    "wrong", [{"items": 0}, {"bounds": "fuzzy"}, {"start": START.replace(tzinfo=None)}, {"pace": 0}]
)
def test_options_that_no_sandbox_can_follow_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SandboxOptions(**wrong)
