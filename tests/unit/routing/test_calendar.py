"""Working time: what may stand in a calendar, and what it means."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.routing.calendar import DAYS, Calendar, CalendarSpec

OFFICE = {"timezone": "Europe/Moscow", "hours": {"mon-fri": ["09:00-18:00"]}}
HOUR = 3600.0


def spec(**values: Any) -> CalendarSpec:
    return CalendarSpec.model_validate({**OFFICE, **values})


def calendar(**values: Any) -> Calendar:
    return Calendar(spec(**values))


def moscow(text: str) -> datetime:
    """An instant by the clock in Moscow, three hours before UTC since 2014."""
    return (datetime.fromisoformat(text) - timedelta(hours=3)).replace(tzinfo=UTC)


def open_hours(subject: Calendar, day: str) -> float:
    return subject.elapsed(moscow(f"{day}T00:00"), moscow(f"{day}T00:00") + timedelta(days=1)) / HOUR


def message(**values: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        spec(**values)
    return str(caught.value.errors()[0]["msg"]).removeprefix("Value error, ")


# --- counting ---


def test_working_time_goes_on_the_next_working_day() -> None:
    friday = moscow("2026-11-20T17:00")
    assert calendar().due(friday, 2 * HOUR) == moscow("2026-11-23T10:00")


def test_what_ends_with_the_slot_is_due_at_its_end_and_not_on_the_next_morning() -> None:
    assert calendar().due(moscow("2026-11-20T17:00"), HOUR) == moscow("2026-11-20T18:00")


def test_a_start_outside_of_hours_counts_from_the_next_opening() -> None:
    assert calendar().due(moscow("2026-11-21T12:00"), 60) == moscow("2026-11-23T09:01")


def test_no_time_at_all_is_due_at_once() -> None:
    saturday = moscow("2026-11-21T12:00")
    assert calendar().due(saturday, 0) == saturday


def test_time_that_runs_backward_is_refused() -> None:
    with pytest.raises(ValueError, match="forward only"):
        calendar().due(moscow("2026-11-21T12:00"), -1)


def test_elapsed_counts_open_seconds_only() -> None:
    assert calendar().elapsed(moscow("2026-11-20T17:30"), moscow("2026-11-23T09:15")) == 45 * 60


def test_nothing_has_elapsed_before_the_start() -> None:
    assert calendar().elapsed(moscow("2026-11-20T12:00"), moscow("2026-11-20T11:00")) == 0


def test_microseconds_are_kept() -> None:
    start = moscow("2026-11-20T17:59:59.999999")
    assert calendar().due(start, 0.000002) == moscow("2026-11-23T09:00:00.000001")


def test_a_slot_begins_with_its_first_instant_and_ends_before_its_last() -> None:
    subject = calendar()
    assert subject.is_open(moscow("2026-11-20T09:00"))
    assert not subject.is_open(moscow("2026-11-20T18:00"))
    assert subject.next_open(moscow("2026-11-20T18:00")) == moscow("2026-11-23T09:00")
    assert subject.next_open(moscow("2026-11-20T17:00")) == moscow("2026-11-20T17:00")


def test_instants_of_any_zone_are_taken_and_utc_is_given() -> None:
    start = moscow("2026-11-20T12:00")
    elsewhere = start.astimezone(datetime.fromisoformat("2026-01-01T00:00+05:30").tzinfo)
    assert calendar().due(elsewhere, HOUR) == calendar().due(start, HOUR)
    assert calendar().due(elsewhere, 0).tzinfo is UTC
    assert calendar().due(elsewhere, HOUR).tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(TypeError):
        calendar().due(datetime(2026, 11, 20), 60)  # noqa: DTZ001 - that is what is refused


def test_a_year_of_working_time_is_found_across_years() -> None:
    start = moscow("2024-01-01T00:00")
    due = calendar().due(start, 3 * 365 * 9 * HOUR)
    assert calendar().elapsed(start, due) == 3 * 365 * 9 * HOUR
    assert due > moscow("2028-01-01T00:00")


# --- hours ---


def test_a_day_may_have_several_slots() -> None:
    subject = calendar(hours={"sat": ["15:00-16:00", "10:00-14:00"]})
    assert open_hours(subject, "2026-11-21") == 5
    assert subject.due(moscow("2026-11-21T13:30"), HOUR) == moscow("2026-11-21T15:30")


def test_a_night_belongs_to_the_day_on_which_it_starts() -> None:
    subject = calendar(hours={"mon": ["22:00-06:00"]})
    assert open_hours(subject, "2026-11-23") == 2
    assert open_hours(subject, "2026-11-24") == 6


def test_the_night_before_the_calendar_is_first_asked_counts() -> None:
    """A part of the intervals begins within a night."""
    subject = calendar(hours={"mon-sun": ["22:00-06:00"]})
    for day in range(1000):
        start = moscow("2025-01-01T00:00") + timedelta(days=day)
        assert subject.elapsed(start, start + timedelta(days=1)) == 8 * HOUR


def test_around_the_clock_is_every_second() -> None:
    subject = calendar(hours={"mon-sun": ["00:00-24:00"]})
    start = datetime(2020, 2, 28, 23, 59, tzinfo=UTC)
    assert subject.due(start, 40_000_000) == start + timedelta(seconds=40_000_000)


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("mon", "23"),
        ("Monday", "23"),
        ("mon-fri", "23 24 25 26 27"),
        ("fri-mon", "23 27 28 29"),
        ("sun-mon", "23 29"),
        ("mon,wed", "23 25"),
        ("tue-wed, sat", "24 25 28"),
        ("пн-пт", "23 24 25 26 27"),
        ("вс", "29"),
        ("суббота", "28"),
        ("пн–ср", "23 24 25"),
        ("fri-fri", "27"),
        ("mon-sun", "23 24 25 26 27 28 29"),
    ],
)
def test_days_are_named_one_by_one_as_ranges_and_in_russian(key: str, days: str) -> None:
    subject = calendar(hours={key: ["09:00-18:00"]})
    assert [day for day in range(23, 30) if subject.is_open(moscow(f"2026-11-{day}T12:00"))] == [
        *map(int, days.split())
    ]


def test_the_key_with_the_fewest_days_counts() -> None:
    subject = calendar(
        hours={"mon-sun": ["00:00-24:00"], "mon-fri": ["09:00-18:00"], "fri": ["09:00-17:00"], "sun": []}
    )
    hours = [open_hours(subject, f"2026-11-{day}") for day in range(23, 30)]
    assert hours == [9, 9, 9, 9, 8, 24, 0]


def test_two_keys_of_one_length_may_name_a_day_that_a_shorter_one_decides() -> None:
    keys = {"mon-tue": ["09:00-18:00"], "tue-wed": ["10:00-16:00"], "tue": ["09:00-12:00"]}
    for hours in (keys, dict(reversed(keys.items()))):
        assert [open_hours(calendar(hours=hours), f"2026-11-{day}") for day in (23, 24, 25)] == [9, 3, 6]


# --- holidays and single days ---


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        ("2024-04-27", 9),  # a Saturday that was made a working day
        ("2024-04-29", 0),  # the Monday that it was changed for
        ("2025-11-01", 9),
        ("2026-01-09", 0),
        ("2026-03-09", 0),  # the holiday of a Sunday is kept on Monday
        ("2026-05-08", 9),
        ("2026-12-31", 0),
        ("2026-11-04", 0),
    ],
)
def test_russian_holidays_and_moved_days_are_known(day: str, hours: int) -> None:
    assert open_hours(calendar(holidays="RU"), day) == hours


def test_a_moved_working_day_keeps_the_hours_that_it_has_of_its_own() -> None:
    subject = calendar(hours={"mon-fri": ["09:00-18:00"], "sat": ["10:00-14:00"]}, holidays="RU")
    assert open_hours(subject, "2024-04-27") == 4


def test_days_of_the_file_go_before_holidays_and_hours() -> None:
    days = {"2026-11-04": ["10:00-12:00"], date(2026, 11, 5): [], "2026-11-07": ["09:00-18:00"]}
    subject = calendar(holidays="RU", days=days)
    assert [open_hours(subject, f"2026-11-0{day}") for day in (4, 5, 6, 7)] == [2, 0, 9, 9]


def test_a_night_goes_on_into_a_holiday_and_none_starts_on_one() -> None:
    subject = calendar(hours={"mon-sun": ["22:00-06:00"]}, holidays="RU")
    assert open_hours(subject, "2026-11-04") == 6
    assert open_hours(subject, "2026-11-05") == 2


def test_several_countries_and_their_parts_add_up() -> None:
    subject = calendar(holidays=["RU", "DE-BY"])
    assert open_hours(subject, "2026-11-04") == 0
    assert open_hours(subject, "2026-01-06") == 0  # Epiphany, in Bavaria only; in Russia too
    assert open_hours(calendar(holidays="DE-BY"), "2026-08-15") == 0
    assert open_hours(calendar(holidays="DE-BY"), "2026-06-04") == 0  # Corpus Christi, not in Berlin
    assert open_hours(calendar(holidays="DE-BE"), "2026-06-04") == 9


def test_a_country_may_be_written_small() -> None:
    assert spec(holidays="ru").holidays == ("RU",)


@pytest.mark.parametrize("year", [1900, 1950, 2101, 2500])
def test_years_whose_holidays_nobody_knows_have_the_usual_week(year: int) -> None:
    start = datetime(year, 6, 1, tzinfo=UTC)
    assert calendar(holidays="RU").elapsed(start, start + timedelta(days=364)) == 52 * 45 * HOUR


def test_the_ends_of_time_break_nothing() -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    subject = calendar(holidays="RU", hours={"mon-sun": ["00:00-24:00"]})
    assert subject.is_open(first)
    assert not subject.is_open(last)
    assert subject.due(first, HOUR) == first + timedelta(hours=1)
    assert subject.elapsed(last - timedelta(hours=1), last) == HOUR
    with pytest.raises(OverflowError, match="before the year 10000"):
        subject.due(last, HOUR)


def test_a_leap_day_is_a_day() -> None:
    assert [open_hours(calendar(), f"2028-02-{day}") for day in (27, 28, 29)] == [0, 9, 9]


# --- files with more days ---


def test_days_may_stand_in_a_file_that_the_caller_reads() -> None:
    files: dict[str, object] = {"days.yaml": {date(2026, 11, 7): ["09:00-18:00"], "2026-11-06": ["09:00-17:00"]}}
    subject = Calendar(spec(overrides="days.yaml", days={"2026-11-06": []}), files.__getitem__)
    assert [open_hours(subject, f"2026-11-0{day}") for day in (5, 6, 7)] == [9, 0, 9]


def test_days_of_a_file_may_come_checked() -> None:
    days = DAYS.validate_python({"2026-11-07": ["09:00-18:00"]})
    assert open_hours(Calendar(spec(overrides="days.yaml"), lambda _: days), "2026-11-07") == 9


def test_a_wrong_file_of_days_says_where() -> None:
    read: Callable[[str], object] = lambda _: {"2026-11-07": ["9-18"]}  # noqa: E731 - shorter than its name
    with pytest.raises(ValidationError) as caught:
        Calendar(spec(overrides="days.yaml"), read)
    assert caught.value.errors()[0]["loc"] == ("2026-11-07",)


def test_a_file_of_days_that_nobody_reads_is_told() -> None:
    with pytest.raises(ValueError, match=r"overrides: nothing can be read here, so 'days\.yaml' cannot"):
        Calendar(spec(overrides="days.yaml"))


# --- wrong values ---


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"timezone": "Europe/Moskow"},
            "'Europe/Moskow' is not a time zone; write a name of the IANA list; did you mean \"Europe/Moscow\"?",
        ),
        ({"timezone": "../etc"}, "'../etc' is not a time zone; write a name of the IANA list"),
        ({"timezone": "Europe"}, "'Europe' is not a time zone; write a name of the IANA list"),
        (
            {"hours": {"mon": ["9-18"]}},
            '\'9-18\' is not a slot; write two times, such as "09:00-18:00" or "22:00-06:00"',
        ),
        (
            {"hours": {"mon": ["09:00-25:00"]}},
            "'09:00-25:00' is not a slot; times go from 00:00 to 23:59, an end to 24:00",
        ),
        ({"hours": {"mon": ["09:60-12:00"]}}, "'09:60-12:00' is not a slot; times go from 00:00 to 23:59"),
        (
            {"hours": {"mon": ["09:00-09:00"]}},
            "'09:00-09:00' is empty; write \"00:00-24:00\" for a whole day, or no slot for a day off",
        ),
        (
            {"hours": {"mon": ["13:00-18:00", "09:00-14:00"]}},
            "09:00-14:00 and 13:00-18:00 overlap; write them as one slot, or end one before the other",
        ),
        ({"hours": {"mon": ["22:00-06:00", "23:00-24:00"]}}, "22:00-06:00 and 23:00-24:00 overlap"),
        ({"hours": {"mon": 9}}, '9 is not a list of slots; write ["09:00-18:00"], or [] for a day off'),
        (
            {"hours": {"mon-fry": ["09:00-18:00"]}},
            "'mon-fry': 'fry' is not a day; write days as mon, mon-fri, mon,wed or пн-пт; did you mean \"friday\"?",
        ),
        ({"hours": {"": ["09:00-18:00"]}}, "'': '' is not a day"),
        (
            {"hours": {"mon-wed": ["09:00-18:00"], "wed-fri": []}},
            'hours: "mon-wed" and "wed-fri" both name wed; leave it to one of them, or write wed alone',
        ),
        (
            {"hours": {"mon-sun": []}},
            'hours: there is no working time at all; write at least one slot, such as mon-fri: ["09:00-18:00"]',
        ),
        ({"hours": {}}, "hours: there is no working time at all"),
        ({"holidays": "Russia"}, "'Russia' is not a country whose holidays are known; did you mean \"RU\"?"),
        ({"holidays": "DEU"}, "'DEU' is not a country whose holidays are known; did you mean \"DE\"?"),
        (
            {"holidays": "Россия"},
            "'Россия' is not a country whose holidays are known; write a code of ISO 3166, such as RU, KZ or DE-BY",
        ),
        ({"holidays": ["RU", "ZZ"]}, "'ZZ' is not a country whose holidays are known"),
        (
            {"holidays": "DE-XX"},
            "DE-XX has no holidays of its own that are known; write DE, or with one of Augsburg, BB, BE, BW",
        ),
        (
            {"holidays": "RU-MOW"},
            "RU-MOW has no holidays of its own that are known; write RU, and other days into `days`",
        ),
        ({"days": {"2026-11-31": []}}, "Input should be a valid date"),
        ({"days": {"2026-11-07": None}}, 'None is not a list of slots; write ["09:00-18:00"], or [] for a day off'),
    ],
)
def test_a_wrong_value_is_shown_with_what_may_stand_there(values: dict[str, Any], words: str) -> None:
    assert message(**values).startswith(words)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezon"):
        CalendarSpec.model_validate({**OFFICE, "timezon": "UTC"})


def test_a_wrong_value_can_be_found_in_the_file() -> None:
    with pytest.raises(ValidationError) as caught:
        spec(hours={"mon-fri": ["09:00-18:00"], "sat": ["x"]}, days={"2026-11-07": ["y"]}, holidays=["RU", "ZZ"])
    assert [error["loc"] for error in caught.value.errors()] == [
        ("hours", "sat"),
        ("holidays", 1),
        ("days", "2026-11-07"),
    ]


def test_one_slot_needs_no_list() -> None:
    assert open_hours(calendar(hours={"mon-fri": "09:00–13:00"}), "2026-11-20") == 4


def test_the_schema_shows_how_hours_are_written() -> None:
    schema = CalendarSpec.model_json_schema()
    assert schema["properties"]["hours"]["additionalProperties"]["items"]["type"] == "string"
    assert schema["required"] == ["timezone", "hours"]
