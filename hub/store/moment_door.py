"""The part of the store's door that deadlines go through."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.sdk import HubError
from hub.store import moments
from hub.store.again import decide_again
from hub.store.page import Router

AGAIN_IN = timedelta(hours=1)
"""So long a ticket whose decision failed is left in peace."""

_AT_ONCE = 100  # tickets of one transaction: others write between two

_log = logging.getLogger(__name__)


class Moments(ABC):
    """What the clock brings to tickets; :class:`hub.store.Store` is one."""

    _now: Callable[[], datetime]
    _undecided: dict[int, str]

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
        there were (0: none are left).

        A ticket whose decision fails holds up no other: it comes again after :data:`AGAIN_IN`.
        """
        now = self._now()
        with self._read() as connection:
            numbers = moments.due(connection, now, _AT_ONCE)
        if numbers:
            try:
                self._decide(router, numbers, now)
            except HubError:
                raise
            except Exception:  # of rules or of what is stored: one by one it shows which ticket it is
                for number in numbers:
                    self._decide_or_postpone(router, number, now)
        return len(numbers)

    def _decide(self, router: Router, numbers: Sequence[int], now: datetime) -> None:
        with self._write() as connection:
            decide_again(connection, router, numbers, now)
            moments.settle(connection, numbers, now)
        for number in numbers:
            self._undecided.pop(number, None)

    def _decide_or_postpone(self, router: Router, number: int, now: datetime) -> None:
        try:
            self._decide(router, [number], now)
        except HubError:
            raise
        except Exception as error:
            with self._write() as connection:
                ticket = moments.postpone(connection, number, now, AGAIN_IN)
            if number not in self._undecided:
                _log.exception("ticket not decided", extra={"ticket": ticket})
            self._undecided[number] = f"the deadlines of ticket {ticket} cannot be decided: {type(error).__name__}"

    def undecided(self) -> list[str]:
        """Return the tickets whose last decision failed since this store was opened, each in a sentence."""
        with self._read() as connection:
            waiting = moments.waiting(connection, self._undecided)
        self._undecided = {number: told for number, told in self._undecided.items() if number in waiting}
        return list(self._undecided.values())

    def last_event(self) -> int:
        """Return the number of the last event of any ticket, for :meth:`breaches`."""
        with self._read() as connection:
            return moments.last_event(connection)

    def breaches(self, after: int, until: int) -> dict[str, int]:
        """Return how many promises were broken, by promise, in the events *after* a number up to another; history,
        which a backfill has read, left out."""
        with self._read() as connection:
            return moments.breaches(connection, after, until)

    def overdue(self) -> dict[str, int]:
        """Return how many tickets wait for a promise that is broken, by promise."""
        with self._read() as connection:
            return moments.overdue(connection)
