"""The part of the store's door that deadlines go through."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime

import sqlalchemy as sa

from hub.store import moments
from hub.store.again import decide_again
from hub.store.page import Router

_AT_ONCE = 100  # tickets of one transaction: others write between two


class Moments(ABC):
    """What the clock brings to tickets; :class:`hub.store.Store` is one."""

    _now: Callable[[], datetime]

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def _write(self) -> AbstractContextManager[sa.Connection]: ...

    def next_moment(self) -> datetime | None:
        """Return when a warning, a breach or a higher priority comes to a ticket next; in the past: it is due."""
        with self._read() as connection:
            return moments.next_at(connection)

    def pass_moments(self, router: Router) -> int:
        """Let *router* decide again for the next tickets to which the clock has brought something; return how many
        there were (0: none are left)."""
        now = self._now()
        with self._read() as connection:
            if not moments.due(connection, now, 1):
                return 0
        with self._write() as connection:
            numbers = moments.due(connection, now, _AT_ONCE)
            decide_again(connection, router, numbers, now)
            moments.settle(connection, numbers, now)
            return len(numbers)

    def overdue(self) -> dict[str, int]:
        """Return how many tickets wait for a promise that is broken, by promise."""
        with self._read() as connection:
            return moments.overdue(connection)
