from datetime import UTC, datetime, timedelta, timezone

import pytest

from hub.testing import FakeClock


def test_it_stands_still_until_told_to_move() -> None:
    clock = FakeClock(datetime(2026, 1, 1, 3, tzinfo=timezone(timedelta(hours=3))))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    assert clock.advance(timedelta(minutes=5)) == clock.now() == datetime(2026, 1, 1, 0, 5, tzinfo=UTC)
    assert clock.now().tzinfo is UTC


def test_it_refuses_a_naive_start_and_going_back() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        FakeClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake is the point
    with pytest.raises(ValueError, match="go back"):
        FakeClock().advance(timedelta(seconds=-1))
