"""Charts of reports as SVG: bars for groups, lines for what moves from step to step. No library is needed for that."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from hub.cli.output import printable
from hub.cli.speech import Speech
from hub.cli.stats_view import cell, columns_of, label, title

if TYPE_CHECKING:
    from hub.store import FigureTable, ReportColumn

_WIDTH = 900  # pixels, as all below
_LEFT, _RIGHT, _TOP = 240, 110, 56
_BAR, _GAP = 20, 8
_PLOT = 320
_COLOURS = ("#2563eb", "#dc2626", "#059669", "#d97706", "#7c3aed", "#0891b2", "#be185d", "#4d7c0f")
_BARS = 40  # at most; the largest groups come first
_LETTERS = 34
_FONT = "font-family='sans-serif' font-size='13'"


def svg(table: "FigureTable", speech: Speech) -> str:
    """Return a chart of a report: its first count by group; of growth and trends a line each."""
    heading = speech(f"report.{table.name}")
    if table.name == "growth":
        return _lines(heading, *_grown(table, speech), speech)
    if table.name == "trends":
        return _lines(heading, *_moved(table, speech), speech)
    return _bars(heading, table, speech)


def _bars(heading: str, table: "FigureTable", speech: Speech) -> str:
    key = "tickets" if table.name == "arrivals" else ""
    counts = [n for n, one in enumerate(table.columns) if one.kind == "count" and key in ("", one.key)]
    place = counts[0] if counts else 1
    column = table.columns[place]
    rows = [row for row in table.rows if isinstance(row[place], int | float)][:_BARS]
    if table.name == "summary":  # lengths of time and shares have no common scale with counts
        rows = [row for row in rows if columns_of(table, row)[place].kind == "count"]
    most = max((row[place] for row in rows), default=0) or 1
    height = _TOP + len(rows) * (_BAR + _GAP) + _GAP
    parts = [_text(16, 28, f"{heading}: {title(column, speech)}", "font-weight='bold'")]
    for number, row in enumerate(rows):
        y = _TOP + number * (_BAR + _GAP)
        length = max(row[place], 0) / most * (_WIDTH - _LEFT - _RIGHT)
        parts.append(_text(_LEFT - 8, y + 15, _short(_name(table, row, speech)), "text-anchor='end'"))
        parts.append(f"<rect x='{_LEFT}' y='{y}' width='{length:.1f}' height='{_BAR}' fill='{_COLOURS[0]}'/>")
        parts.append(_text(_LEFT + length + 6, y + 15, cell(column, row[place], speech)))
    return _document(height, parts)


def _name(table: "FigureTable", row: Sequence[object], speech: Speech) -> str:
    groups = zip(table.columns[: len(table.by)], row, strict=False)
    return ", ".join(filter(None, (label(one.key, value, speech) for one, value in groups)))


Series = list[tuple[str, list[float]]]


def _grown(table: "FigureTable", speech: Speech) -> tuple[list[str], Series]:
    """What came and ended in each step, and what was open then, over all groups."""
    names = list(dict.fromkeys(str(row[0]) for row in table.rows))
    places = {one.key: place for place, one in enumerate(table.columns)}
    series = [
        (
            speech(f"column.{key}"),
            [float(sum(row[places[key]] for row in table.rows if str(row[0]) == name)) for name in names],
        )
        for key in ("came", "ended", "left")
    ]
    return names, series


def _moved(table: "FigureTable", speech: Speech) -> tuple[list[str], Series]:
    stepped: list[tuple[int, ReportColumn]] = [
        (place, one) for place, one in enumerate(table.columns) if one.key.startswith("step_")
    ]
    rows = table.rows[: len(_COLOURS)]
    series = [(_name(table, row, speech), [float(row[place]) for place, _ in stepped]) for row in rows]
    return [one.title or "" for _, one in stepped], series


def _lines(heading: str, names: Sequence[str], series: Series, speech: Speech) -> str:
    width, low = _WIDTH - _LEFT - 40, _TOP + _PLOT
    most = max((value for _, values in series for value in values), default=0) or 1
    step = width / max(len(names) - 1, 1)
    parts = [_text(16, 28, heading, "font-weight='bold'")]
    parts.append(f"<path d='M40 {_TOP}V{low}H{40 + width:.0f}' fill='none' stroke='#999'/>")
    parts.append(_text(44, _TOP - 4, speech.figure(f"{most:,.0f}")))
    marked = sorted({0, len(names) // 2, len(names) - 1} if names else ())
    parts += [_text(40 + at * step, low + 18, names[at], "text-anchor='middle'") for at in marked]
    for number, (name, values) in enumerate(series):
        colour = _COLOURS[number % len(_COLOURS)]
        points = " ".join(f"{40 + at * step:.1f},{low - value / most * _PLOT:.1f}" for at, value in enumerate(values))
        parts.append(f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='2'/>")
        parts.append(f"<rect x='{60 + width:.0f}' y='{_TOP + number * 22}' width='12' height='12' fill='{colour}'/>")
        parts.append(_text(78 + width, _TOP + 11 + number * 22, _short(name)))
    return _document(low + 36, parts)


def _text(x: float, y: float, text: str, more: str = "") -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' {_FONT} {more}>{escape(printable(text))}</text>"


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else text[: _LETTERS - 1] + "…"


def _document(height: float, parts: Sequence[str]) -> str:
    return "\n".join(_around(height, parts)) + "\n"


def _around(height: float, parts: Sequence[str]) -> Iterator[str]:
    yield f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {_WIDTH} {height:.0f}' role='img'>"
    yield "<rect width='100%' height='100%' fill='white'/>"
    yield from parts
    yield "</svg>"
