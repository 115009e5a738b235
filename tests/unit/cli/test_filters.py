"""The options that narrow a list: their values are the schema's, times are the reader's."""

from datetime import UTC, datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

import click
import pytest

from hub.cli import filters
from hub.sdk import ticket
from hub.store.case_problems import Problem

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")


def test_the_choices_are_those_of_the_schema() -> None:
    assert get_args(ticket.Kind) == filters.KINDS
    assert get_args(ticket.State) == filters.STATES
    assert get_args(ticket.Priority) == filters.PRIORITIES
    assert get_args(ticket.Category) == filters.CATEGORIES
    assert get_args(Problem) == filters.ESCALATIONS


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-11-01", datetime(2026, 10, 31, 21, tzinfo=UTC)),
        ("2026-11-01T10:00", datetime(2026, 11, 1, 7, tzinfo=UTC)),
        ("2026-11-01T10:00Z", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
        ("30m", NOW - timedelta(minutes=30)),
        ("2w", NOW - timedelta(days=14)),
    ],
)
def test_a_moment_is_a_day_in_the_zone_of_the_reader_or_so_long_ago(text: str, meant: datetime) -> None:
    assert filters.moment(filters.Moment().convert(text, None, None), MOSCOW, NOW) == meant


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "7", "7y", f"{10**12}d"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no time; write 2026-11-01"):
        filters.Moment().convert(text, None, None)
