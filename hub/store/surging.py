"""The part of the store's door that the watch over arrivals goes through."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta, tzinfo

import sqlalchemy as sa

from hub.store import arrivals, surges
from hub.store.surges import Looked, Said, Surge, Wanted


class Surging(ABC):
    """How much comes in, and whether that is usual; :class:`hub.store.Store` is one."""

    _now: Callable[[], datetime]

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def _write(self) -> AbstractContextManager[sa.Connection]: ...

    def count_arrivals(self) -> bool:
        """Count the next tickets among the arrivals; return whether there were any."""
        with self._read() as connection:
            if arrivals.is_current(connection):
                return False
        with self._write() as connection:
            arrivals.count_batch(connection, self._now())
        return True

    def learn_levels(self, zone: tzinfo) -> bool:
        """Learn anew what is usual, by the hours of *zone*, if that is long ago; return whether it was."""
        now = self._now()
        with self._read() as connection:
            if not arrivals.must_learn(connection, now):
                return False
            levels = arrivals.learn(connection, now, zone)
        with self._write() as connection:
            arrivals.keep_levels(connection, levels, now)
        return True

    def look_for_surges(self, wanted: Wanted) -> Looked:
        """See which surges begin and which are over now, and write it down; each is told of once, to whoever sees it
        first."""
        now = self._now()
        with self._read() as connection:
            if not surges.has_news(connection, now, wanted):
                return Looked()
        with self._write() as connection:
            return surges.look(connection, now, wanted)

    def end_surges(self) -> int:
        """Let all surges be over, as nobody watches any more; return how many there were."""
        if not self.open_surges():
            return 0
        with self._write() as connection:
            return surges.end_all(connection, self._now())

    def open_surges(self) -> list[Surge]:
        """Return the surges that go on, oldest first."""
        with self._read() as connection:
            return surges.open_surges(connection)

    def surges(self, since: datetime | None = None) -> list[Surge]:
        """Return the surges that went on at *since* or later, newest first; None: all."""
        with self._read() as connection:
            return surges.surges_since(connection, since)

    def untold_surges(self, within: timedelta) -> list[Surge]:
        """Return the surges that people are still to be told of and that began no longer ago than *within*."""
        with self._read() as connection:
            return surges.untold(connection, self._now() - within)

    def said_in_surge(self, surge: Surge) -> tuple[list[Said], list[Said], str | None]:
        """Return what customers wrote in a surge's tickets, what they wrote before, and the queue of most."""
        with self._read() as connection:
            return surges.said_in(connection, surge)

    def surge_described(self, n: int, words: Sequence[str], queue: str | None) -> Surge:
        """Note what a surge is about."""
        with self._write() as connection:
            return surges.described(connection, n, words, queue)

    def surges_told(self, numbers: Sequence[int]) -> None:
        """Note that people were told of surges."""
        with self._write() as connection:
            surges.told(connection, numbers, self._now())
