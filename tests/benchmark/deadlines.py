"""What working time costs over time on the wall, in the same run."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from timeit import repeat

from hub.routing.calendar import Calendar, CalendarSpec

_CALLS = 50_000
_ROUNDS = 5
_START = datetime(2026, 11, 25, 12, tzinfo=UTC)
_SPAN = timedelta(hours=20)


def ratios() -> tuple[float, float]:
    """Return how many times as long as adding to an instant a due date and elapsed working time take, the best of some.

    The span crosses nights and a weekend of an office with holidays.
    """
    office = {"timezone": "Europe/Moscow", "hours": {"mon-fri": ["09:00-13:00", "14:00-18:00"]}, "holidays": "RU"}
    calendar = Calendar(CalendarSpec.model_validate(office))
    end, seconds = _START + 6 * _SPAN, _SPAN.total_seconds()
    calendar.due(_START, seconds)
    floor = _cost(lambda: _START + timedelta(seconds=seconds))
    due, elapsed = _cost(lambda: calendar.due(_START, seconds)), _cost(lambda: calendar.elapsed(_START, end))
    return due / floor, elapsed / floor


def _cost(call: Callable[[], object]) -> float:
    return min(repeat("call()", globals={"call": call}, number=_CALLS, repeat=_ROUNDS))
