"""A backfill without an end leaves to the live polls what they have not had yet."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.runtime.live_edge import live_edge
from hub.sdk import Stream
from hub.store import StreamState

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("polled", "start", "edge"),
    [
        ({"a": 0.5, "b": 0.1}, None, 1.5),  # hours ago
        ({"a": 0.5, "b": 48}, None, 49),  # one stream has failed for two days
        ({"a": 0.5, "b": None}, None, 1.5),  # one was never polled: what is before now is past
        ({}, None, 0),
        ({}, 30, 30),  # the first poll will bring what came since the setting start
        ({"a": 0.2, "b": 0.2}, 0.7, 0.7),  # polls have read nothing before it, so that no gap is left
        ({"a": 5, "b": 5}, -3, 0),  # nothing is read from the future
    ],
)
def test_the_past_ends_where_every_live_poll_has_been(
    polled: dict[str, float | None], start: float | None, edge: float
) -> None:
    states = [
        StreamState("one", name, "", ok_at=None if ago is None else NOW - ago * HOUR) for name, ago in polled.items()
    ]
    sweep = StreamState("one", "a", "recent", ok_at=NOW - 90 * HOUR)
    since = None if start is None else NOW - start * HOUR
    found = live_edge([Stream(name="a"), Stream(name="b")], [*states, sweep], since, NOW)
    assert found == NOW - edge * HOUR
