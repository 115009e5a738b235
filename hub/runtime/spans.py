"""Cutting a period into days, and days into the windows of a backfill. Pure."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)


def day_edges(since: datetime, until: datetime, zone: tzinfo) -> list[datetime]:
    """Return where each day of ``[since, until)`` begins in *zone*, and *until*; the first may begin in its middle.

    Args:
        since: aware; before *until*.
    Returns:
        Ascending instants in UTC, two at least.
    """
    edges = [since.astimezone(UTC)]
    day = since.astimezone(zone).date()
    while True:
        day += DAY
        midnight = datetime.combine(day, time(), zone).astimezone(UTC)
        if midnight >= until:
            return [*edges, until.astimezone(UTC)]
        edges.append(midnight)


def cut(edges: Sequence[datetime], length: timedelta | None) -> list[tuple[datetime, datetime]]:
    """Return windows of whole days, each at most *length* long, a day at least; all of it in one where that is None."""
    if length is None:
        return [(edges[0], edges[-1])]
    days = max(1, length // DAY)
    last = len(edges) - 1
    return [(edges[at], edges[min(at + days, last)]) for at in range(0, last, days)]


def day_of(edge: datetime, zone: tzinfo) -> date:
    """Return which day begins at *edge* or goes on there."""
    return edge.astimezone(zone).date()
