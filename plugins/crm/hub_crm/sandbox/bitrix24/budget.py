"""Operating time: each method of each webhook may run so many seconds in ten minutes (sheet, section 3)."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from hub.sandbox import VirtualClock

WINDOW = timedelta(minutes=10)
SLOT = timedelta(minutes=1)
BUDGET_S = 480.0


class Budget:
    """Sums up run time in slots of a minute. The check comes before a call, so the one that crosses the line ends."""

    def __init__(self, clock: VirtualClock) -> None:
        """Nothing has run yet."""
        self._clock = clock
        self._spent: dict[tuple[str, str], deque[tuple[datetime, float]]] = {}

    def is_spent(self, code: str, method: str) -> bool:
        """Whether the next call of *method* is refused."""
        return self.operating(code, method) >= BUDGET_S

    def spend(self, code: str, method: str, seconds: float) -> None:
        """Count *seconds* of run time."""
        now = self._clock.now()
        slots = self._recent(code, method, now)
        if slots and now - slots[-1][0] < SLOT:
            slots[-1] = (slots[-1][0], slots[-1][1] + seconds)
        else:
            slots.append((now, seconds))

    def operating(self, code: str, method: str) -> float:
        """What has been spent within the window."""
        return sum(seconds for _, seconds in self._recent(code, method, self._clock.now()))

    def reset_at(self, code: str, method: str) -> datetime:
        """When the oldest slot drops out."""
        now = self._clock.now()
        slots = self._recent(code, method, now)
        return (slots[0][0] if slots else now) + WINDOW

    def _recent(self, code: str, method: str, now: datetime) -> deque[tuple[datetime, float]]:
        slots = self._spent.setdefault((code, method), deque())
        while slots and slots[0][0] <= now - WINDOW:
            slots.popleft()
        return slots
