"""Working time by bisection is working time by looking at the clock on the wall, minute by minute."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from holidays import country_holidays
from hypothesis import assume, given
from hypothesis import strategies as st

from hub.routing.calendar import Calendar, CalendarSpec
from hub.routing.clock import Moment, deadlines
from hub.routing.policy import SlaPolicy
from hub.sdk import State

MINUTE = timedelta(minutes=1)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ZONES = (
    "Europe/Moscow",  # changed for good in 2011 and 2014
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Asia/Kathmandu",  # +05:45
    "Africa/Casablanca",  # turns back for Ramadan
    "Pacific/Apia",  # left out the 30th of December 2011
    "America/Sao_Paulo",  # changed at midnight
)
TURNS = (  # days on which one of these zones changes, or that end a month or a year
    date(2011, 3, 27),
    date(2011, 12, 30),
    date(2014, 10, 26),
    date(2018, 2, 17),
    date(2018, 11, 4),
    date(2024, 2, 29),
    date(2024, 4, 27),
    date(2025, 12, 18),  # 56 times 365 days after 1970: the intervals are made in such parts
    date(2025, 12, 31),
    date(2026, 3, 8),
    date(2026, 3, 29),
    date(2026, 4, 5),
    date(2026, 10, 4),
    date(2026, 10, 25),
    date(2026, 11, 1),
    date(2101, 1, 1),
)
Slot = tuple[int, int]


@st.composite
def slots(draw: st.DrawFn) -> list[Slot]:
    """Slots of one day in minutes, the last perhaps until the next morning; they do not overlap."""
    edges = sorted(draw(st.sets(st.integers(0, 96).map(lambda quarter: quarter * 15), max_size=6)))
    pairs = [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]
    if len(edges) % 2 and edges[-1] < 1440 and edges[0] > 0:
        pairs.append((edges[-1], 1440 + draw(st.integers(1, min(edges[0], edges[-1] - 1)))))
    return pairs


def written(pairs: list[Slot]) -> list[str]:
    def time(minutes: int) -> str:
        return f"{minutes // 60:02}:{minutes % 60:02}"

    return [f"{time(start)}-{time(end if end <= 1440 else end - 1440)}" for start, end in pairs]


@st.composite
def weeks(draw: st.DrawFn) -> list[list[Slot]]:
    week = [draw(slots()) for _ in DAYS]
    assume(any(week))
    return week


@st.composite
def begins(draw: st.DrawFn) -> datetime:
    """A minute near a day on which something happens, or anywhere."""
    day = draw(st.sampled_from(TURNS) | st.dates(date(1972, 1, 10), date(2150, 1, 1)))
    near = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    return near + MINUTE * draw(st.integers(0, 2 * 1440))


@cache
def kept(year: int) -> tuple[frozenset[date], frozenset[date]]:
    found = country_holidays("RU", years=year, expand=False)
    return frozenset(found), frozenset(found.weekend_workdays)


def slots_of(day: date, week: list[list[Slot]], days: dict[date, list[Slot]], holidays: bool) -> list[Slot]:
    off, working = kept(day.year) if holidays else (frozenset(), frozenset())
    if day in days:
        return days[day]
    if day in off:
        return []
    weekday = day.weekday()
    while day in working and not week[weekday]:
        weekday = (weekday - 1) % 7
    return week[weekday]


def looker(zone: ZoneInfo, slots_on: Callable[[date], list[Slot]]) -> Callable[[datetime], bool]:
    """Whether the clock on the wall shows working time at an instant."""
    known = cache(slots_on)

    def is_open(at: datetime) -> bool:
        local = at.astimezone(zone)
        today, minute = local.date(), local.hour * 60 + local.minute
        return any(start <= minute < end for start, end in known(today)) or any(
            start <= minute + 1440 < end for start, end in known(today - timedelta(days=1))
        )

    return is_open


@given(
    st.sampled_from(ZONES), weeks(), st.dictionaries(st.integers(-1, 3), slots(), max_size=2), st.booleans(), begins(),
    st.integers(1, 3 * 1440),
)  # fmt: skip
def test_counting_is_looking_at_the_clock_every_minute(
    zone: str, week: list[list[Slot]], changed: dict[int, list[Slot]], holidays: bool, begin: datetime, minutes: int
) -> None:
    days = {begin.date() + timedelta(days=after): pairs for after, pairs in changed.items()}
    calendar = Calendar(
        CalendarSpec.model_validate(
            {
                "timezone": zone,
                "hours": {day: written(pairs) for day, pairs in zip(DAYS, week, strict=True)},
                "days": {day: written(pairs) for day, pairs in days.items()},
                "holidays": ["RU"] if holidays else [],
            }
        )
    )
    look = looker(ZoneInfo(zone), lambda day: slots_of(day, week, days, holidays))
    opened = [look(begin + MINUTE * minute) for minute in range(minutes)]
    total = sum(opened)

    assert [calendar.is_open(begin + MINUTE * minute) for minute in range(minutes)] == opened
    assert calendar.elapsed(begin, begin + MINUTE * minutes) == total * 60
    if total:
        assert calendar.next_open(begin) == begin + MINUTE * opened.index(True)
        assert calendar.due(begin, 60 * total) == begin + MINUTE * (len(opened) - opened[::-1].index(True))
        half = (total + 1) // 2
        assert calendar.due(begin, 60 * half) == begin + MINUTE * (list(accumulate(map(int, opened))).index(half) + 1)


@given(st.sampled_from(ZONES), weeks(), begins(), st.floats(0.000001, 10_000_000))
def test_what_is_due_has_elapsed_then_and_not_before(
    zone: str, week: list[list[Slot]], begin: datetime, seconds: float
) -> None:
    assume(sum(end - start for day in week for start, end in day) >= 8 * 60)
    hours = {day: written(pairs) for day, pairs in zip(DAYS, week, strict=True)}
    calendar = Calendar(CalendarSpec.model_validate({"timezone": zone, "hours": hours, "holidays": "RU"}))
    due = calendar.due(begin, seconds)
    assert calendar.elapsed(begin, due) == round(seconds, 6)
    assert calendar.elapsed(begin, due - timedelta(microseconds=1)) < round(seconds, 6)


HISTORY_STATES: tuple[State, ...] = ("open", "pending", "on_hold", "solved")
SPRING = datetime(2026, 3, 28, tzinfo=UTC)  # the day before clocks go forward in Berlin
STATES = st.lists(st.tuples(st.integers(-600, 900), st.sampled_from(HISTORY_STATES)), max_size=8)


@given(
    STATES, st.integers(0, 1440).map(lambda minute: SPRING + MINUTE * minute), st.integers(1, 600), st.integers(0, 3000)
)
def test_a_clock_runs_in_the_working_minutes_of_states_that_do_not_pause(
    history: list[tuple[int, State]], begin: datetime, promised: int, passed: int
) -> None:
    calendar = Calendar(
        CalendarSpec.model_validate({"timezone": "Europe/Berlin", "hours": {"mon-sun": ["03:00-22:00"]}})
    )
    policy = SlaPolicy.model_validate({"name": "p", "first_response": f"{promised}m", "pause": ["pending", "on_hold"]})
    states = sorted(history, key=lambda entry: entry[0])
    runs = [calendar.is_open(begin + MINUTE * at) and _state(states, at) in ("new", "open") for at in range(6000)]

    found = deadlines(policy, calendar, [Moment("in", begin)], [(begin + MINUTE * at, state) for at, state in history])
    first = found.first_response
    assert first is not None
    assert first.elapsed_s(begin + MINUTE * passed) == 60 * sum(runs[:passed])
    if sum(runs) >= promised:
        assert first.due == begin + MINUTE * (list(accumulate(map(int, runs))).index(promised) + 1)
    elif states and _state(states, states[-1][0]) not in ("new", "open"):
        assert first.due is None


def _state(states: list[tuple[int, State]], at: int) -> State:
    return next((state for since, state in reversed(states) if since <= at), "new")
