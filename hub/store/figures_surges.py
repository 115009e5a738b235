"""The report of surges: when more came in than usual, of what, how much, and how long it lasted."""

from datetime import tzinfo
from typing import Any

import sqlalchemy as sa

from hub.store.figures_query import FigureFilter
from hub.store.figures_reports import FigureTable, ReportColumn
from hub.store.surges import Surge, surges_since

_COLUMNS = (
    ReportColumn("began", "moment"),
    ReportColumn("series", "label"),
    ReportColumn("name", "label"),
    ReportColumn("over", "moment"),
    ReportColumn("lasted", "span"),
    ReportColumn("arrived", "count"),
    ReportColumn("usual", "number"),
    ReportColumn("window", "span"),
    ReportColumn("words", "label"),
)


def surge_report(connection: sa.Connection, wanted: FigureFilter, zone: tzinfo) -> FigureTable:
    """Return the surges that went on in the period, newest first: of the series that *wanted* names, or of all.

    How many arrived, and how many are usual, is that of the window of ``window`` seconds in which there were most.
    What is not over has lasted until now.
    """
    found = [one for one in surges_since(connection, wanted.since) if _is_wanted(one, wanted)]
    return FigureTable("surges", ("began", "series", "name"), _COLUMNS, tuple(_row(one, wanted, zone) for one in found))


def _is_wanted(surge: Surge, wanted: FigureFilter) -> bool:
    kind, name = surge.series
    begun = wanted.until is None or surge.began_at < wanted.until
    return begun and (not wanted.names or name in wanted.names.get(kind, ()))


def _row(surge: Surge, wanted: FigureFilter, zone: tzinfo) -> tuple[Any, ...]:
    lasted = (surge.ended_at or wanted.now) - surge.began_at
    return (
        surge.began_at.astimezone(zone), *surge.series, surge.ended_at.astimezone(zone) if surge.ended_at else None,
        max(round(lasted.total_seconds()), 0), surge.peak_number, surge.peak_usual, surge.window_s,
        ", ".join(surge.words),
    )  # fmt: skip
