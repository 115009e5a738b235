"""The part of the store's door that backfills and replays go through."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.store import backfilled, kept, present
from hub.store.backfilled import Backfill, Window
from hub.store.kept import Moved, Original
from hub.store.page import Checkpoint


class Backfills(ABC):
    """What was read of the past, and what is kept of it; :class:`hub.store.Store` is one."""

    _now: Callable[[], datetime]

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def _write(self) -> AbstractContextManager[sa.Connection]: ...

    # --- backfills --------------------------------------------------------------------------------------------------

    def begin_backfill(
        self,
        instance: str,
        span: tuple[datetime, datetime],
        windows: Iterable[Window],
        *,
        open_end: bool,
        effects: bool,
    ) -> Backfill:
        """Note a new backfill over *span* with its *windows*, before anything of it is read."""
        with self._write() as connection:
            return backfilled.begin(
                connection, instance, *span, self._now(), windows, open_end=open_end, effects=effects
            )

    def backfills(self, instance: str | None = None) -> list[Backfill]:
        """Return the backfills, of one instance or of all, newest first."""
        with self._read() as connection:
            return backfilled.listed(connection, instance)

    def backfill_progress(self, numbers: Sequence[int]) -> dict[int, tuple[int, int]]:
        """Return by number of a backfill how many of its windows are read, and how many there are."""
        with self._read() as connection:
            return backfilled.counts_left(connection, numbers)

    def backfill_windows(self, number: int) -> list[Window]:
        """Return the windows of a backfill, earliest first."""
        with self._read() as connection:
            return backfilled.windows_of(connection, number)

    def window_ended(self, number: int, error: str | None) -> None:
        """Note that a window was read to its end, or why not."""
        with self._write() as connection:
            backfilled.window_ended(connection, number, self._now(), error)

    def end_backfill(self, number: int, state: str, report: Any) -> None:
        """Note how a backfill ended, and what was proved."""
        with self._write() as connection:
            backfilled.end(connection, number, self._now(), state, report)

    # --- what is stored ---------------------------------------------------------------------------------------------

    def shown_by_day(self, connector: str, namespace: str, edges: Sequence[datetime]) -> present.Shown:
        """Return how many messages and tickets each stream shows on each day; see
        :func:`hub.store.present.shown_by_day`."""
        with self._read() as connection:
            return present.shown_by_day(connection, connector, namespace, edges)

    def missing(self, ids: Iterable[bytes]) -> set[bytes]:
        """Return those of the messages *ids* (16 bytes) that are not stored."""
        with self._read() as connection:
            return present.missing(connection, ids)

    # --- kept originals ---------------------------------------------------------------------------------------------

    def original_numbers(self, instances: Sequence[str], since: datetime | None = None, after: int = 0) -> list[int]:
        """Return the numbers of the originals of *instances*, the last read first."""
        with self._read() as connection:
            return kept.numbers(connection, instances, since, after)

    def original(self, number: int) -> Original | None:
        """Return an original; None where it was removed meanwhile."""
        with self._read() as connection:
            return kept.original(connection, number)

    def is_set_aside(self, instance: str, stream: str, body: bytes) -> bool:
        """Return whether a record of a stream, as it came, is a dead letter."""
        with self._read() as connection:
            return kept.is_set_aside(connection, instance, stream, body)

    def replay(
        self, checkpoint: Checkpoint, instances: Sequence[str], known: int, *, apply: bool
    ) -> list[Moved] | None:
        """Store what an original says today, or only find out what that would move.

        Args:
            instances: whose originals are replayed.
            known: number of their last original that the caller has looked at.
            apply: commit it; else it is taken back.
        Returns:
            What it moved; None, with nothing done, where originals came meanwhile: they are newer, and go first.
        """
        moved: list[Moved] = []
        try:
            with self._write() as connection:
                if kept.latest(connection, instances) > known:
                    return None
                moved = kept.put(connection, checkpoint)
                if not apply:
                    raise kept.UndoneError
        except kept.UndoneError:
            pass
        return moved
