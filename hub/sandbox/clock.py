"""The sandbox's own time, and the script of what happens in it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Time that runs like real time and can be pushed forward, never back."""

    def __init__(self, start: datetime | None = None, pace: float = 1.0) -> None:
        """Start at *start* (aware) or at the real present, cut to whole seconds."""
        self.start = (start or datetime.now(UTC)).astimezone(UTC).replace(microsecond=0)
        self._pace = pace
        self._began = time.monotonic()
        self._ahead = timedelta()

    def now(self) -> datetime:
        """Aware, UTC."""
        return self.start + timedelta(seconds=(time.monotonic() - self._began) * self._pace) + self._ahead

    def advance(self, seconds: float) -> datetime:
        """Push time forward and return the new present.

        Raises:
            ValueError: *seconds* is negative.
        """
        if seconds < 0:
            raise ValueError(f"seconds is {seconds}; time in a sandbox only goes forward")
        self._ahead += timedelta(seconds=seconds)
        return self.now()


class Script:
    """What will happen, in order of time; equal times keep the order in which they were planned."""

    def __init__(self) -> None:
        """Nothing is planned."""
        self._events: list[tuple[datetime, int, Callable[[datetime], object]]] = []
        self._planned = 0

    def at(self, when: datetime, happen: Callable[[datetime], object]) -> None:
        """Plan *happen*, which is called with the moment it was planned for."""
        heapq.heappush(self._events, (when, self._planned, happen))
        self._planned += 1

    def settle(self, now: datetime) -> None:
        """Let everything happen that is due at *now*, also what that itself plans."""
        while self._events and self._events[0][0] <= now:
            when, _, happen = heapq.heappop(self._events)
            happen(when)
