"""A count of a report opened into the tickets that it counts, each with its row."""

from collections.abc import Iterable, Mapping, Sequence

from hub.store.figures_query import Counting, Labels
from hub.store.figures_reports import COMPUTED, REPORTS, FigureTable, ReportColumn
from hub.store.figures_time import MOVES, SUMMARY, WEEK, bounds, trend_steps, usual_step

COUNTS: Mapping[str, tuple[str, ...]] = {
    **{
        name: tuple(key for key in columns if key not in COMPUTED)
        for name, columns in {**REPORTS, "summary": SUMMARY}.items()
    },
    "arrivals": (*WEEK, "tickets", "answers"),
    "trends": ("tickets",),
    "growth": (*MOVES, "left"),
}
"""What counts tickets in each report, by the keys of its columns, of a summary by those of its rows. Beside these the
columns of trends are steps, each by its name, such as ``2026-11-09``."""


def openable(counting: Counting, name: str, step: str | None) -> tuple[str, ...]:
    """Return the keys of all that can be opened in a report."""
    steps = trend_steps(counting, step or "week") if name == "trends" else []
    return (*(part.name for part in steps), *COUNTS[name])


def opened(counting: Counting, name: str, key: str, by: Sequence[str], step: str | None) -> FigureTable:
    """Return the tickets that a report counts under *key*, newest first: the row of each, and its id.

    A ticket that counts several times there is there several times. Rows of arrivals are hours and weekdays.
    """
    if name == "arrivals":
        return _table(("hour", "weekday"), _arrived(counting, key))
    if name == "trends":
        by = (step or "week", *by)
        return _table(by, _moved(counting, key, step or "week").opened(by, "came"))
    if name == "growth":
        period = bounds(counting)
        by = (step or (usual_step(*period) if period else "day"), *by)
    return _table(by, counting.opened(by, key))


def _table(by: Sequence[str], found: Iterable[tuple[Labels, str]]) -> FigureTable:
    columns = (*(ReportColumn(name, "label") for name in by), ReportColumn("id", "label"))
    return FigureTable("tickets", tuple(by), columns, tuple((*labels, ticket) for labels, ticket in found))


def _arrived(counting: Counting, key: str) -> Iterable[tuple[Labels, str]]:
    by = ("hour", "weekday")
    if key not in WEEK:
        return counting.opened(by, key)
    weekday = WEEK.index(key) + 1
    return (one for one in counting.opened(by, "tickets") if one[0][1] == weekday)


def _moved(counting: Counting, key: str, step: str) -> Counting:
    """Return the same over a step of trends, or over all that are shown."""
    parts = trend_steps(counting, step)
    chosen = [part for part in parts if key in (part.name, "tickets")]
    return counting.within(chosen[0].since, chosen[-1].until) if chosen else counting
