"""A clock that stands still until told otherwise."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
"""Where a :class:`FakeClock` and recorded reads stand unless told otherwise."""


class FakeClock:
    """A clock for tests.

    Args:
        start: aware; where it stands at first.
    Raises:
        ValueError: *start* is naive.
    """

    def __init__(self, start: datetime = NOW) -> None:
        if start.tzinfo is None:
            raise ValueError("start has no time zone; give it one")
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """Return the present, aware UTC."""
        return self._now

    def advance(self, by: timedelta) -> datetime:
        """Move on by *by* and return the new present.

        Raises:
            ValueError: *by* is negative.
        """
        if by < timedelta():
            raise ValueError(f"a clock does not go back by {-by}")
        self._now += by
        return self._now
