"""Days and hours that a query groups by are those of the zone's own clock, whatever the zone does to it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hub.store.figures_clock import TIMES, Label, column, label, local, spans
from hub.store.tables import micros

FIRST, LAST = datetime(2010, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Moscow",  # changed for good in 2011 and in 2014
    "Europe/Berlin",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Australia/Lord_Howe",  # by half an hour
    "Africa/Casablanca",  # for a month
    "Pacific/Apia",  # left out a day
)


def expected(name: str, at: datetime) -> Label:
    day = at.date()
    monday = day - timedelta(days=day.weekday())
    groups: dict[str, Label] = {
        "hour": at.hour,
        "weekday": at.isoweekday(),
        "day": day.isoformat(),
        "week": monday.isoformat(),
        "month": f"{at:%Y-%m}",
    }
    return groups[name]


def moments(zone: ZoneInfo) -> list[datetime]:
    """Some of every month, and those around each change of the clock."""
    found = [FIRST + timedelta(days=11.3 * number) for number in range(540)]
    for span in spans(zone, FIRST, LAST):
        if span.until is not None:
            changed = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=span.until)
            found += [changed + timedelta(seconds=seconds) for seconds in (-3601, -1, 0, 1, 3601)]
    return found


@pytest.mark.parametrize("named", ZONES)
def test_groups_are_those_of_the_clock_on_the_wall(named: str) -> None:
    zone = ZoneInfo(named)
    known, asked = list(spans(zone, FIRST, LAST)), moments(zone)
    table = sa.Table("moments", sa.MetaData(), sa.Column("at", sa.BigInteger))
    clock = local(table.c.at, known)
    with sa.create_engine("sqlite://").connect() as connection:
        table.create(connection)
        connection.execute(sa.insert(table), [{"at": micros(one)} for one in asked])
        found = connection.execute(sa.select(*(column(name, clock) for name in TIMES)))
        for one, numbers in zip(asked, found, strict=True):
            there = one.astimezone(zone)
            told = [label(name, number) for name, number in zip(TIMES, numbers, strict=True)]
            assert told == [expected(name, there) for name in TIMES], there


def test_a_zone_that_never_changes_is_one_number() -> None:
    assert list(spans(ZoneInfo("Asia/Kathmandu"), FIRST, LAST)) == [(None, (5 * 60 + 45) * 60 * 1_000_000)]


def test_berlin_changes_twice_a_year_to_the_second() -> None:
    first, second, rest = spans(ZoneInfo("Europe/Berlin"), datetime(2026, 1, 1, tzinfo=UTC), LAST)
    assert first.until == micros(datetime(2026, 3, 29, 1, tzinfo=UTC))
    assert second.until == micros(datetime(2026, 10, 25, 1, tzinfo=UTC))
    assert [one.ahead // 3_600_000_000 for one in (first, second, rest)] == [1, 2, 1]
