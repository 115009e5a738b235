"""Reports as text, JSON, CSV and sheets, in the language of whoever reads them."""

import csv
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from hub.cli.output import Column, print_figures
from hub.cli.speech import Speech

if TYPE_CHECKING:
    from hub.cli.sheet import Book, Kind
    from hub.store import FigureFilter, FigureTable, ReportColumn

_SHEET_KINDS: "dict[str, Kind]" = {
    "label": "text", "count": "whole", "share": "share", "span": "span", "number": "number", "yes": "text",
    "moment": "moment",
}  # fmt: skip
_WORDS = {"figure": "column", "series": "series"}  # groups that have names in the catalogue, by its prefix


def title(column: "ReportColumn", speech: Speech) -> str:
    """Return what stands over a column."""
    return column.title or speech.word("column", column.key)


def label(key: str, value: Any, speech: Speech) -> str:
    """Return the name of a group."""
    if value is None:
        return speech("none")
    if key == "weekday":
        return speech(f"weekday.{value}")
    if key in _WORDS:
        return speech.word(_WORDS[key], str(value))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return f"{value:02d}:00" if key == "hour" else str(value)


def cell(column: "ReportColumn", value: Any, speech: Speech) -> str:
    """Return a value for a person."""
    if column.kind == "label" or isinstance(value, datetime):
        return label(column.key, value, speech)
    if value is None:
        return ""
    if column.kind == "share":
        return speech.figure(f"{value:.1%}")
    if column.kind == "span":
        return span(value, speech)
    if column.kind == "yes":
        return speech("yes" if value else "no")
    return speech.figure(f"{value:,.2f}" if isinstance(value, float) else f"{value:,}")


def span(seconds: float, speech: Speech) -> str:
    """Return a length of time in its two largest units."""
    sign, length = ("-" if seconds < 0 else ""), timedelta(seconds=abs(round(seconds)))
    hours, rest = divmod(length.seconds, 3600)
    minutes, left = divmod(rest, 60)
    if length.days:
        return sign + speech("days", days=length.days, hours=hours)
    if hours:
        return sign + speech("hours", hours=hours, minutes=minutes)
    return sign + (speech("minutes", minutes=minutes, seconds=left) if minutes else speech("seconds", seconds=left))


def lines(table: "FigureTable", speech: Speech) -> Iterator[Sequence[Any]]:
    """Yield the rows, and the one of all together at the end, with its own name first."""
    yield from table.rows
    if table.total is not None and table.by:
        yield (speech("total"), *("" for _ in table.by[1:]), *table.total[len(table.by) :])


def columns_of(table: "FigureTable", row: Sequence[Any]) -> Sequence["ReportColumn"]:
    """Return what the values of a row are: in a summary each row is of its own kind."""
    from hub.store.figures_reports import kind_of

    if table.name != "summary":
        return table.columns
    return (table.columns[0], *(one._replace(kind=kind_of(row[0])) for one in table.columns[1:]))


def show(table: "FigureTable", speech: Speech) -> None:
    """Print a report as a table."""
    columns = [Column(title(one, speech), right=one.kind not in ("label", "moment")) for one in table.columns]
    rows = [
        [cell(one, value, speech) for one, value in zip(columns_of(table, row), row, strict=True)] for row in table.rows
    ]
    if table.total is not None and table.by:
        named = [speech("total"), *("" for _ in table.by[1:])]
        rest = zip(table.columns[len(table.by) :], table.total[len(table.by) :], strict=True)
        rows.append([*named, *(cell(one, value, speech) for one, value in rest)])
    print_figures(columns, rows, len(table.by))


def as_objects(table: "FigureTable", wanted: "FigureFilter") -> dict[str, Any]:
    """Return a report for JSON: its period, rows by the columns' keys, lengths of time in seconds, shares from 0 to 1.
    A period that is open ends now."""
    keys = [one.title or one.key for one in table.columns]

    def named(row: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(keys, row, strict=True))

    total = {key: value for key, value in named(table.total).items() if key not in table.by} if table.total else None
    return {
        "report": table.name,
        "since": wanted.since,
        "until": wanted.until or wanted.now,
        "by": list(table.by),
        "rows": [named(row) for row in table.rows],
        "total": total,
    }


def write_csv(table: "FigureTable", speech: Speech, file: IO[str]) -> None:
    """Write a report as CSV: lengths of time in seconds, shares from 0 to 1, instants in UTC, yes and no in words; no
    text of it is a formula."""
    from hub.cli.export import safe

    rows = csv.writer(file, lineterminator="\r\n")
    rows.writerow([title(one, speech) for one in table.columns])
    for row in lines(table, speech):
        cells = zip(columns_of(table, row), _named(table, row, speech), strict=True)
        rows.writerow([safe(_worded(one, value, speech)) for one, value in cells])


def _named(table: "FigureTable", row: Sequence[Any], speech: Speech) -> list[Any]:
    count = len(table.by)
    first = [
        value if isinstance(value, str | datetime) and one.key not in _WORDS else label(one.key, value, speech)
        for one, value in zip(table.columns, row[:count], strict=False)
    ]
    return [*first, *row[count:]]


def _worded(column: "ReportColumn", value: Any, speech: Speech) -> Any:
    return speech("yes" if value else "no") if column.kind == "yes" and value is not None else value


def add_sheet(book: "Book", table: "FigureTable", speech: Speech, name: str | None = None) -> None:
    """Write a report as a sheet: real durations, shares, and dates."""
    from hub.cli.sheet import Field

    fields = [Field(title(one, speech), _kind(one)) for one in table.columns]
    rows = (
        [
            _sheet_value(one, value, speech)
            for one, value in zip(columns_of(table, row), _named(table, row, speech), strict=True)
        ]
        for row in lines(table, speech)
    )
    book.table(name or speech(f"sheet.{table.name}"), fields, rows)


def _kind(column: "ReportColumn") -> "Kind":
    return "day" if column.key in ("day", "week") else _SHEET_KINDS[column.kind]


def _sheet_value(column: "ReportColumn", value: Any, speech: Speech) -> Any:
    from hub.cli.sheet import Typed

    if column.kind == "yes":
        return _worded(column, value, speech)
    if column.key in ("day", "week") and isinstance(value, str) and value[:1].isdigit():
        return date.fromisoformat(value)
    return Typed(value, _kind(column)) if column.kind in ("share", "span", "count") else value
