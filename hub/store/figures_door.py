"""The part of the store's door that figures go through."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, tzinfo

import sqlalchemy as sa

from hub.sdk.errors import StoreError
from hub.store import figures_refresh, figures_time, rulesets
from hub.store.figures import Clocks
from hub.store.figures_opened import openable, opened
from hub.store.figures_query import Counting, FigureFilter
from hub.store.figures_reports import REPORTS, FigureTable, report
from hub.store.figures_surges import surge_report

_MINUTES = 6.0
_TOP = 20


class FigureDoor(ABC):
    """What is counted of tickets; :class:`hub.store.Store` is one."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def _write(self) -> AbstractContextManager[sa.Connection]: ...

    def rules_of(self, version: str) -> rulesets.KeptRules | None:
        """Return the rules of a version; None where they were never in force here."""
        with self._read() as connection:
            return rulesets.of_version(connection, version)

    def figures_behind(self) -> int:
        """Return how many events and stale tickets wait to be counted."""
        with self._read() as connection:
            return figures_refresh.behind(connection)

    def refresh_figures(self, clocks: Clocks) -> int:
        """Count the next changed tickets anew; return how many (0: it is up to date).

        Args:
            clocks: gives the policies that tickets name.
        """
        with self._read() as connection:
            if not figures_refresh.behind(connection):
                return 0
        with self._write() as connection:
            return figures_refresh.refresh(connection, clocks)

    def figures(
        self,
        name: str,
        wanted: FigureFilter,
        zone: tzinfo,
        *,
        by: Sequence[str] = (),
        step: str | None = None,
        minutes: float = _MINUTES,
        limit: int = _TOP,
    ) -> FigureTable:
        """Return a report: one of ``summary``, ``arrivals``, ``trends``, ``growth``, ``surges``, or of
        :data:`hub.store.figures_reports.REPORTS`; :meth:`refresh_figures` brings what it counts up to date.

        Args:
            zone: whose clock days and hours are on.
            by: names of dimensions, or of times.
            step: of trends and growth: ``day``, ``week`` or ``month``.
            minutes: of arrivals: what a ticket takes of an operator's time.
            limit: rows of trends.
        """
        with self._read() as connection:
            if name == "surges":
                return surge_report(connection, wanted, zone)
            counting = Counting(connection, wanted, zone)
            if name == "summary":
                return figures_time.summary(counting)
            if name == "arrivals":
                return figures_time.arrivals(counting, minutes)
            if name == "trends":
                return figures_time.trends(counting, by, step or "week", limit)
            if name == "growth":
                return figures_time.growth(counting, by, step)
            if name not in REPORTS:
                raise StoreError(f"there is no report {name!r}; there are {', '.join(sorted(REPORTS))}")
            return report(counting, name, by)

    def has_figures(self, wanted: FigureFilter, zone: tzinfo) -> bool:
        """Whether a report counts any ticket."""
        with self._read() as connection:
            return Counting(connection, wanted, zone).any()

    def figure_labels(self, dimension: str, now: datetime, zone: tzinfo) -> frozenset[str]:
        """Return all names that tickets have in a dimension, such as their queues."""
        with self._read() as connection:
            return Counting(connection, FigureFilter(now), zone).names_of(dimension)

    def openable_figures(
        self, name: str, wanted: FigureFilter, zone: tzinfo, step: str | None = None
    ) -> tuple[str, ...]:
        """Return what :meth:`figured_tickets` opens of a report."""
        with self._read() as connection:
            return openable(Counting(connection, wanted, zone), name, step)

    def figured_tickets(
        self,
        name: str,
        wanted: FigureFilter,
        zone: tzinfo,
        key: str,
        *,
        by: Sequence[str] = (),
        step: str | None = None,
    ) -> FigureTable:
        """Return the tickets that a report counts in a column, newest first, each with its row; other arguments are
        those of :meth:`figures`.

        Raises:
            StoreError: the report counts nothing of that *key*; says what it counts.
        """
        with self._read() as connection:
            counting = Counting(connection, wanted, zone)
            if key not in (known := openable(counting, name, step)):
                raise StoreError(f"there are no tickets behind {key!r}; name one of {', '.join(known)}")
            return opened(counting, name, key, by, step)
