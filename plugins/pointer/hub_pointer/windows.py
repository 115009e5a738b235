"""Day windows over a list that is filtered by dates. Pure.

The source may or may not include the two dates it is given (vendor sheet, section 5), so every window asks for one
day more on each side; what comes twice is the same record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Self

DAY = timedelta(days=1)
LONGEST = 30  # days
MOST_ROWS = 1_000  # rows a window should have at most; more are read in narrower windows
_WIDENED = 2  # days that the bounds add


@dataclass(frozen=True, slots=True)
class Window:
    """The days from *first* up to, not including, *last*, of a range that ends before *end*.

    ``field`` is the date that the source filters by, such as ``created_at``.
    """

    field: str
    first: date
    last: date
    end: date

    @classmethod
    def begin(cls, field: str, first: date, end: date) -> Self | None:
        """Return the first window of the range; None when the range is empty."""
        return cls(field, first, min(first + LONGEST * DAY, end), end) if first < end else None

    @classmethod
    def of_days(cls, field: str, first: date, end: date) -> Self | None:
        """Return the whole range as one window, for a count; None when the range is empty."""
        return cls(field, first, end, end) if first < end else None

    @classmethod
    def of(cls, context: Mapping[str, Any]) -> Self:
        """Return the window that :meth:`context` wrote."""
        first, last, end = (date.fromisoformat(context[name]) for name in ("first", "last", "end"))
        return cls(context["field"], first, last, end)

    @property
    def days(self) -> int:
        return (self.last - self.first).days

    def params(self) -> dict[str, str]:
        """Return the filter, a day wider on each side."""
        return {
            f"{self.field}_from": (self.first - DAY).isoformat(),
            f"{self.field}_to": self.last.isoformat(),
        }

    def context(self) -> dict[str, str]:
        return {
            "field": self.field,
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "end": self.end.isoformat(),
        }

    def narrower(self, total: int) -> Self | None:
        """Return the window to read instead, given that this one has *total* rows; None when it will do."""
        if total <= MOST_ROWS or self.days == 1:
            return None
        fitting = (self.days + _WIDENED) * MOST_ROWS // total - _WIDENED
        return replace(self, last=self.first + max(1, min(fitting, self.days - 1)) * DAY)

    def following(self, total: int) -> Self | None:
        """Return the window after this one, twice as long when this one with *total* rows was at most half full."""
        if self.last >= self.end:
            return None
        days = min(self.days * 2, LONGEST) if total * 2 <= MOST_ROWS else self.days
        return replace(self, first=self.last, last=min(self.last + days * DAY, self.end))
