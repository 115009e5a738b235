"""Counting over the figures of tickets: dimensions to group and narrow by, and measures, each a condition.

A count and the list of tickets behind it come from the same condition, so that they cannot differ.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Literal, NamedTuple
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.store.figures import ANSWERED, HIDDEN, NOBODY, OPEN, SOLVED, WAITS
from hub.store.tables import answer_figures, case_figures, figure_names, instant, micros, ticket_figures, tickets

Source = Literal["tickets", "answers", "cases"]
"""What is counted: tickets, questions and answers after the first, cases that tickets waited for."""

Label = str | int | None
Labels = tuple[Label, ...]
_SLOT = 900_000_000  # microseconds; offsets of zones are whole quarters of an hour
_t, _a, _c = ticket_figures.c, answer_figures.c, case_figures.c


class Dimension(NamedTuple):
    """What to group and narrow by: a column of names, or of lists of names (*many*)."""

    column: sa.Column[Any]
    many: bool = False


DIMENSIONS: Mapping[str, Dimension] = {
    **{
        name: Dimension(_t[name])
        for name in ("platform", "kind", "instance", "queue", "category", "priority", "state", "operator", "policy")
    },
    "department": Dimension(_t.departments, many=True),
    "case-assignee": Dimension(_t.case_assignees, many=True),
    "tag": Dimension(_t.tags, many=True),
    "rule": Dimension(_t.rules, many=True),
}
"""By name; a ticket counts once for each name of a list."""

CASE_DIMENSIONS: Mapping[str, Dimension] = {
    "department": Dimension(_c.department),
    "case-assignee": Dimension(_c.assignee),
    "destination": Dimension(_c.instance),
}
"""What a case has of its own; else it is grouped by its ticket."""

TIMES = ("day", "week", "month", "weekday", "hour")
"""Groups by when the ticket was published, on the clock of a zone; weeks are named by their Monday."""


@dataclass(frozen=True, slots=True)
class FigureFilter:
    """Which tickets are counted: published in ``[since, until)``, and of one of the names of each dimension.

    Attributes:
        now: what is due by then and not done is late.
        names: by dimension; the empty name is none.
    """

    now: datetime
    since: datetime | None = None
    until: datetime | None = None
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def within(self, since: datetime | None, until: datetime | None) -> "FigureFilter":
        """Return the same for another period."""
        return replace(self, since=since, until=until)


Condition = sa.ColumnElement[bool]


def _late(kept: sa.Column[Any], due: sa.Column[Any], now: int) -> Condition:
    return (kept == 0) | (due <= now)


def _nearest(number: int) -> Callable[[int], Condition]:
    """A rating nearest to a whole number of stars; 0 counts as one star."""
    below = _t.rating < number + 0.5 if number < 5 else _t.rating.is_not(None)
    stars = below & (_t.rating >= number - 0.5) if number > 1 else below
    return lambda now: stars


MEASURES: Mapping[Source, Mapping[str, Callable[[int], Condition]]] = {
    "tickets": {
        "tickets": lambda now: _t.outcome >= OPEN,
        "open": lambda now: _t.outcome == OPEN,
        "solved": lambda now: _t.outcome == SOLVED,
        "hidden": lambda now: _t.outcome == HIDDEN,
        "escalated": lambda now: _t.cases > 0,
        "own": lambda now: (_t.outcome == SOLVED) & (_t.cases == 0),
        "helped": lambda now: (_t.outcome == SOLVED) & (_t.cases > 0),
        "asked": lambda now: _t.asked != NOBODY,
        "waiting": lambda now: (_t.asked == WAITS) & (_t.outcome == OPEN),
        "all_answered": lambda now: _t.asked == ANSWERED,
        "answered": lambda now: _t.answer_s.is_not(None),
        "in_time": lambda now: _t.answer_kept == 1,
        "late": lambda now: _late(_t.answer_kept, _t.answer_due, now),
        "timed": lambda now: _t.solve_s.is_not(None),
        "solved_in_time": lambda now: _t.solve_kept == 1,
        "solved_late": lambda now: _late(_t.solve_kept, _t.solve_due, now),
        "rated": lambda now: _t.rating.is_not(None),
        **{f"stars_{number}": _nearest(number) for number in range(1, 6)},
        "liked": lambda now: _t.likes > 0,
    },
    "answers": {
        "next_answered": lambda now: _a.answer_s.is_not(None),
        "next_in_time": lambda now: _a.answer_kept == 1,
        "next_late": lambda now: _late(_a.answer_kept, _a.answer_due, now),
    },
    "cases": {
        "cases": lambda now: _c.link_n > 0,
        "cases_open": lambda now: _c.ended_at.is_(None),
        "cases_done": lambda now: _c.ended_at.is_not(None),
    },
}
"""Conditions by name, given now in microseconds."""

SPANS: Mapping[str, tuple[Source, sa.ColumnElement[Any]]] = {
    "answer_s": ("tickets", _t.answer_s),
    "answer_pause_s": ("tickets", _t.answer_pause_s),
    "lag_s": ("tickets", _t.lag_s),
    "solve_s": ("tickets", _t.solve_s),
    "solve_pause_s": ("tickets", _t.solve_pause_s),
    "next_s": ("answers", _a.answer_s),
    "case_s": ("cases", (_c.ended_at - _c.created_at) // 1_000_000),
}
"""Lengths of time in whole seconds that medians are taken of."""

VALUES: Mapping[str, sa.ColumnElement[Any]] = {"target": _t.target, "rating": _t.rating, "likes": _t.likes}
"""Numbers that are averaged or added up over tickets."""


SOURCES: Mapping[str, Source] = {name: source for source, known in MEASURES.items() for name in known}
"""What each measure counts."""


class Counting:
    """Counts over one view of the store.

    Args:
        wanted: which tickets.
        zone: whose clock days and hours are on.
    """

    def __init__(self, connection: sa.Connection, wanted: FigureFilter, zone: tzinfo) -> None:
        self._connection = connection
        self.wanted = wanted
        self.zone = zone
        self._names: dict[int, str] = dict(
            connection.execute(sa.select(figure_names.c.n, figure_names.c.name)).tuples().all()
        )
        self._labels: dict[tuple[str, Any], Sequence[Label]] = {}

    def within(self, since: datetime | None, until: datetime | None) -> "Counting":
        """Return the same over another period."""
        other = object.__new__(Counting)
        other.__dict__.update(self.__dict__)
        other.wanted = self.wanted.within(since, until)
        return other

    # --- what is read -------------------------------------------------------------------------------------------------

    def counted(
        self,
        source: Source,
        by: Sequence[str],
        columns: Sequence[sa.ColumnElement[Any]],
        *conditions: Condition,
        at: sa.Column[Any] = _t.created_at,
    ) -> "Counter[tuple[Any, ...]]":
        """Return how often each combination of groups and *columns* occurs; the groups are as the table has them.

        Args:
            at: the moment that the period is about.
        """
        groups = [self._column(source, name) for name in by]
        query = sa.select(*groups, *columns).select_from(_from(source))
        result = self._connection.execute(query.where(*self._conditions(source, at), *conditions))
        cursor: Any = result.cursor  # rows as the driver has them: a million of them cost a third
        return Counter(cursor)

    def measures(self, wanted: Sequence[str]) -> list[sa.ColumnElement[int]]:
        """Return a column for each measure: 1 where it holds, else 0."""
        return [sa.case((self.condition(name), 1), else_=0) for name in wanted]

    def condition(self, measure: str) -> Condition:
        """Return the condition of a measure."""
        return MEASURES[SOURCES[measure]][measure](micros(self.wanted.now))

    def opened(self, by: Sequence[str], measure: str) -> Iterator[tuple[Labels, str]]:
        """Yield the tickets that a measure counts, newest first, each with the group that it counts in."""
        source = SOURCES[measure]
        groups = [self._column(source, name) for name in by]
        query = sa.select(tickets.c.id, *groups).select_from(_from(source).join(tickets, tickets.c.n == _t.ticket_n))
        query = query.where(*self._conditions(source, _t.created_at), self.condition(measure))
        for row in self._connection.execute(query.order_by(_t.created_at.desc(), _t.ticket_n.desc())):
            for labels in self.labels(source, by, row[1:]):
                yield labels, str(UUID(bytes=row[0]))

    def first_at(self) -> datetime | None:
        """Return when the first ticket was published that is counted."""
        query = sa.select(sa.func.min(_t.created_at)).where(*self._conditions("tickets", _t.created_at))
        found = self._connection.execute(query).scalar()
        return None if found is None else instant(found)

    def _conditions(self, source: Source, at: sa.Column[Any]) -> Iterator[Condition]:
        wanted = self.wanted
        if wanted.since is not None:
            yield at >= micros(wanted.since)
        if wanted.until is not None:
            yield at < micros(wanted.until)
        if source == "cases":
            yield _c.role == "escalated"
        for name, values in wanted.names.items():
            yield self._named(_dimension(source, name), values)

    def _named(self, dimension: Dimension, values: Sequence[str]) -> Condition:
        asked = {value for value in values if value}
        numbers = [n for n, name in self._names.items() if asked & set(_parts(name, many=dimension.many))]
        found = dimension.column.in_(sa.bindparam(None, numbers, expanding=True, literal_execute=True))
        return found | dimension.column.is_(None) if "" in values else found

    # --- groups -------------------------------------------------------------------------------------------------------

    def _column(self, source: Source, name: str) -> sa.ColumnElement[Any]:
        return _t.created_at // _SLOT if name in TIMES else _dimension(source, name).column

    def labels(self, source: Source, by: Sequence[str], values: Sequence[Any]) -> Iterable[Labels]:
        """Return the groups that a row counts in: of lists one for each name."""
        if len(by) == 1:
            return [(label,) for label in self._label(source, by[0], values[0])]
        found: list[Labels] = [()]
        for name, value in zip(by, values, strict=True):
            found = [(*labels, label) for labels in found for label in self._label(source, name, value)]
        return found

    def _label(self, source: Source, name: str, value: Any) -> Sequence[Label]:
        key = (name, value)
        if key not in self._labels:
            self._labels[key] = self._made_label(source, name, value)
        return self._labels[key]

    def _made_label(self, source: Source, name: str, value: Any) -> Sequence[Label]:
        if name in TIMES:
            return (time_label(name, instant(value * _SLOT).astimezone(self.zone)),)
        if value is None:
            return (None,)
        return _parts(self._names[value], many=_dimension(source, name).many)


def time_label(name: str, at: datetime) -> Label:
    """Return the group of one of :data:`TIMES` that the local time *at* is in: ISO dates, ``2026-11``, or a number
    (hour of the day; weekday, Monday is 1)."""
    if name == "hour":
        return at.hour
    if name == "weekday":
        return at.isoweekday()
    if name == "month":
        return f"{at:%Y-%m}"
    day = at.date() - timedelta(days=at.weekday() if name == "week" else 0)
    return day.isoformat()


def _dimension(source: Source, name: str) -> Dimension:
    return CASE_DIMENSIONS[name] if source == "cases" and name in CASE_DIMENSIONS else DIMENSIONS[name]


def _parts(name: str, *, many: bool) -> tuple[str, ...]:
    return tuple(orjson.loads(name)) if many and name.startswith('["') else () if many else (name,)


def _from(source: Source) -> sa.FromClause:
    if source == "answers":
        return ticket_figures.join(answer_figures, _a.ticket_n == _t.ticket_n)
    if source == "cases":
        return case_figures.join(ticket_figures, _t.ticket_n == _c.ticket_n)
    return ticket_figures


# --- percentiles ------------------------------------------------------------------------------------------------------


def percentile(values: Mapping[int, int], share: float) -> int | None:
    """Return the smallest value that at least *share* of all are not above; *values*: how often each occurs."""
    total = sum(values.values())
    if not total:
        return None
    rank, seen = max(-(-total * round(share * 1000) // 1000), 1), 0
    for value in sorted(values):
        seen += values[value]
        if seen >= rank:
            return value
    return max(values)
