"""Reports: tables whose columns are counts, shares, medians and means of groups of tickets.

A table has a row for each group and one for all of them together. A count is a measure of
:mod:`hub.store.figures_query`; all other columns are computed from counts and lengths of time of the same groups.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal, NamedTuple

from hub.store.figures_clock import TIMES, Label
from hub.store.figures_query import MEASURES, SOURCES, SPANS, VALUES, Counting, Labels, Source, percentile

ColumnKind = Literal["label", "count", "share", "span", "number", "yes", "moment"]
"""What a column holds: names or dates; whole numbers; shares from 0 to 1; whole seconds; other numbers; true or
false; aware instants in the zone of the report. None stands where there is nothing to say."""


class ReportColumn(NamedTuple):
    """A column by its name, and what it holds; *title* where it is not named by its key."""

    key: str
    kind: ColumnKind
    title: str | None = None


@dataclass(frozen=True, slots=True)
class FigureTable:
    """One report.

    Attributes:
        by: what the rows are grouped by: the first columns.
        rows: largest group first, times in their order.
        total: of everything that is counted, each once; None where rows do not add up to anything.
    """

    name: str
    by: tuple[str, ...]
    columns: tuple[ReportColumn, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: tuple[Any, ...] | None = None


class _Share(NamedTuple):
    part: str
    of: tuple[str, ...]


class _Span(NamedTuple):
    span: str
    share: float


class _Value(NamedTuple):
    value: str
    how: Literal["mean", "sum"]


class _Reached(NamedTuple):
    share: str


_Computed = _Share | _Span | _Value | _Reached

COMPUTED: Mapping[str, _Computed] = {
    "own_share": _Share("own", ("solved",)),
    "in_time_share": _Share("in_time", ("in_time", "late")),
    "next_share": _Share("next_in_time", ("next_in_time", "next_late")),
    "solved_share": _Share("solved_in_time", ("solved_in_time", "solved_late")),
    "answer_median": _Span("answer_s", 0.5),
    "answer_p90": _Span("answer_s", 0.9),
    "pause_median": _Span("answer_pause_s", 0.5),
    "lag_median": _Span("lag_s", 0.5),
    "lag_p90": _Span("lag_s", 0.9),
    "next_median": _Span("next_s", 0.5),
    "next_p90": _Span("next_s", 0.9),
    "solve_median": _Span("solve_s", 0.5),
    "solve_p90": _Span("solve_s", 0.9),
    "solve_pause_median": _Span("solve_pause_s", 0.5),
    "case_median": _Span("case_s", 0.5),
    "case_p90": _Span("case_s", 0.9),
    "rating_mean": _Value("rating", "mean"),
    "likes_sum": _Value("likes", "sum"),
    "target": _Value("target", "mean"),
    "reached": _Reached("in_time_share"),
    "solved_reached": _Reached("solved_share"),
}
"""Columns that are no counts; ``target`` is the mean of what the tickets' policies ask for."""

REPORTS: Mapping[str, tuple[str, ...]] = {
    "outcome": ("tickets", "open", "solved", "hidden", "escalated", "own", "own_share"),
    "work": ("tickets", "answered", "answer_median", "answer_p90", "in_time_share", "solved", "solve_median",
             "solve_p90", "escalated", "own_share", "rating_mean"),
    "response": ("asked", "answered", "answer_timed", "waiting", "answer_median", "answer_p90", "pause_median",
                 "lag_median", "in_time", "late", "in_time_share", "target", "reached",
                 "next_answered", "next_median", "next_p90", "next_share"),
    "resolution": ("tickets", "solved", "timed", "solve_median", "solve_p90", "solve_pause_median",
                   "solved_in_time", "solved_late", "solved_share", "target", "solved_reached", "own", "own_share"),
    "ratings": ("tickets", "rated", "rating_mean", "stars_5", "stars_4", "stars_3", "stars_2", "stars_1", "liked",
                "likes_sum"),
    "cases": ("cases", "cases_done", "cases_open", "case_median", "case_p90"),
}  # fmt: skip
"""The columns of each report, beside its groups."""

_KINDS: Mapping[type, ColumnKind] = {_Share: "share", _Span: "span", _Value: "number", _Reached: "yes"}


def kind_of(key: str) -> ColumnKind:
    """Return what a column holds."""
    return "share" if key == "target" else _KINDS[type(COMPUTED[key])] if key in COMPUTED else "count"


@dataclass(slots=True)
class Group:
    """What is known of one group: counts by measure, all lengths of time, and how often each value occurs."""

    counts: Counter[str] = field(default_factory=Counter)
    spans: "defaultdict[str, array[int]]" = field(default_factory=lambda: defaultdict(partial(array, "q")))
    values: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    _counted: dict[str, Counter[int]] = field(default_factory=dict)

    def cell(self, key: str) -> Any:
        """Return the value of a column."""
        column = COMPUTED.get(key)
        if column is None:
            return self.counts[key]
        if isinstance(column, _Share):
            whole = sum(self.counts[name] for name in column.of)
            return self.counts[column.part] / whole if whole else None
        if isinstance(column, _Span):
            if column.span not in self._counted:
                self._counted[column.span] = Counter(self.spans[column.span])
            return percentile(self._counted[column.span], column.share)
        if isinstance(column, _Value):
            return _joined(self.values[column.value], column.how, VALUES[column.value][1])
        share, target = self.cell(column.share), self.cell("target")
        return None if share is None or target is None else share >= target


def _joined(values: Mapping[int, int], how: str, divisor: int) -> float | None:
    if not values:
        return None
    total = sum(value * number for value, number in values.items())
    return (
        total / divisor
        if how == "sum" and divisor > 1
        else total
        if how == "sum"
        else (total / divisor / sum(values.values()))
    )


def needed(columns: Iterable[str]) -> set[str]:
    """Return the measures that *columns* are made of."""
    found: set[str] = set()
    for key in columns:
        column = COMPUTED.get(key)
        if column is None:
            found.add(key)
        elif isinstance(column, _Share):
            found.update((column.part, *column.of))
        elif isinstance(column, _Reached):
            found |= needed([column.share])
    return found


def grouped(counting: Counting, by: Sequence[str], columns: Sequence[str]) -> tuple[dict[Labels, Group], Group]:
    """Return what is known of each group, and of all together, for *columns*."""
    groups: dict[Labels, Group] = {}
    total = Group()
    measures = needed(columns)
    computed = [COMPUTED[key] for key in columns if key in COMPUTED]
    spans = {one.span for one in computed if isinstance(one, _Span)}
    values = {one.value for one in computed if isinstance(one, _Value)}
    for source in sorted({SOURCES[name] for name in measures}):
        _add_counts(counting, source, by, sorted(name for name in measures if SOURCES[name] == source), groups, total)
    for span in sorted(spans):
        source, column, has = SPANS[span]
        for key, lengths in counting.each(source, by, column, has):
            for group in (total, *_groups(counting, source, by, key, groups)):
                group.spans[span].extend(lengths)
    for value in sorted(values):
        column, _ = VALUES[value]
        for key, counts in counting.spread("tickets", by, column, column.is_not(None)):
            for group in (total, *_groups(counting, "tickets", by, key, groups)):
                group.values[value].update(counts)
    return groups, total


def _add_counts(
    counting: Counting,
    source: Source,
    by: Sequence[str],
    measures: Sequence[str],
    groups: dict[Labels, Group],
    total: Group,
) -> None:
    masks = [(name, sum(1 << place for place in MEASURES[source].bits[name])) for name in measures]
    for values, found in counting.measured(source, by):
        counts: Counter[str] = Counter()
        for bits, many in found.items():
            for name, mask in masks:
                if not mask or bits & mask:
                    counts[name] += many
        for group in (total, *_groups(counting, source, by, values, groups)):
            group.counts.update(counts)


def _groups(
    counting: Counting, source: Source, by: Sequence[str], values: Sequence[Any], groups: dict[Labels, Group]
) -> Iterable[Group]:
    found = []
    for labels in counting.labels(source, by, values):
        if labels not in groups:
            groups[labels] = Group()
        found.append(groups[labels])
    return found


def report(counting: Counting, name: str, by: Sequence[str]) -> FigureTable:
    """Return one of :data:`REPORTS`, grouped."""
    columns = REPORTS[name]
    groups, total = grouped(counting, by, columns)
    first = columns[0]
    timed = any(one in TIMES for one in by)
    ordered = sorted(groups, key=lambda labels: (0 if timed else -groups[labels].counts[first], _order(labels)))
    return FigureTable(
        name,
        tuple(by),
        (*(ReportColumn(one, "label") for one in by), *(ReportColumn(key, kind_of(key)) for key in columns)),
        tuple((*labels, *map(groups[labels].cell, columns)) for labels in ordered if groups[labels].counts[first]),
        (*(None for _ in by), *map(total.cell, columns)),
    )


def _order(labels: Sequence[Label]) -> tuple[tuple[bool, int, str], ...]:
    return tuple((label is None, label if isinstance(label, int) else 0, str(label)) for label in labels)
