"""Queries: JQL that reads what changed. Vendor sheet, sections 3 to 5. Pure.

A date literal is cut to the minute and read in the time zone of the *caller's profile*, whatever zone the answers are
written in. Where that zone is not known, times are said relative to the server's own clock.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MINUTE = timedelta(minutes=1)

_QUOTED = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_PROJECTS = re.compile(r"\b(?i:project)\s*(?:=\s*((['\"]?)[A-Z][A-Z0-9_]+\2(?=[\s)]|$))|(?i:in)\s*\(([^()]*)\))")
_KEY = re.compile(r"[A-Z][A-Z0-9_]+")
_ORDER_BY = re.compile(r"\border\s+by\b", re.IGNORECASE)


def has_order(jql: str) -> bool:
    """Return whether *jql* says in which order, outside of its quoted words."""
    return bool(_ORDER_BY.search(_QUOTED.sub('""', jql)))


def projects_of(jql: str) -> list[str]:
    """Return the keys of the projects that *jql* names; a project may also be named by its name, which is no key."""
    named = (value.strip(" '\"") for found in _PROJECTS.finditer(jql) for value in (found[1] or found[3]).split(","))
    return list(dict.fromkeys(value for value in named if _KEY.fullmatch(value)))


def quote(value: str) -> str:
    """Return *value* as a quoted word of JQL."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True, slots=True)
class Clock:
    """How the source reads a time: in *zone*, or, where that is None, only relative to *now*."""

    zone: ZoneInfo | None
    now: datetime

    @classmethod
    def of(cls, myself: Sequence[Any], now: datetime) -> "Clock":
        """Return the clock of the caller whom the reference ``myself`` tells of."""
        named = next((row.get("timeZone") for row in myself if isinstance(row, Mapping)), None)
        try:
            return cls(ZoneInfo(named) if isinstance(named, str) and named else None, now)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return cls(None, now)

    def floor(self, at: datetime) -> datetime:
        """Return the latest instant, not after *at*, that a literal says for certain.

        In the hour that a clock shows twice a literal may mean either instant: it is stepped back by as much.
        """
        minute = at.astimezone(UTC).replace(second=0, microsecond=0)
        if self.zone is None:
            return minute
        local = minute.astimezone(self.zone)
        first, second = (local.replace(fold=fold).utcoffset() for fold in (0, 1))
        if first is not None and second is not None and first > second:
            return minute - (first - second)
        return minute

    def literal(self, at: datetime) -> str:
        """Return JQL for the instant :meth:`floor` gives."""
        minute = self.floor(at)
        if self.zone is None:
            return f"-{max(math.ceil((self.now - minute) / MINUTE), 0) + 1}m"
        return f'"{minute.astimezone(self.zone):%Y-%m-%d %H:%M}"'

    def is_exact(self, at: datetime) -> bool:
        """Return whether a literal says *at* to the letter."""
        return self.zone is not None and self.floor(at) == at

    def latest(self, at: datetime) -> str:
        """Return JQL for an instant at or after *at*; where the zone is not known, as near as the clocks are."""
        if self.zone is not None:
            return self.literal(self.ceiling(at))
        return f"-{max(math.floor((self.now - at) / MINUTE) - 1, 0)}m"

    def ceiling(self, at: datetime) -> datetime:
        """Return an instant, at or after *at*, that a literal says for certain."""
        return at + MINUTE if self.floor(at + MINUTE) >= at else at + 2 * timedelta(hours=1)


def conditions(wanted: str | None, clauses: Sequence[str]) -> str:
    """Return the JQL of everything that *wanted* and all *clauses* let through."""
    return " AND ".join(filter(None, [f"({wanted})" if wanted else "", *clauses]))


def query(wanted: str | None, clauses: Sequence[str], order: str) -> str:
    """Return the JQL of everything that *wanted* and all *clauses* let through, in *order*, then by key."""
    return f"{conditions(wanted, clauses)} ORDER BY {order} ASC, key ASC"
