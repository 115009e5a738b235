"""Counting over the figures of tickets: dimensions to group and narrow by, and measures, each a condition.

A count and the list of tickets behind it come from the same condition, so that they cannot differ.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import chain, repeat
from math import prod
from typing import Any, Literal, NamedTuple, cast
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.store import figures_clock
from hub.store.figures import FLAGS
from hub.store.figures_clock import TIMES, Label
from hub.store.tables import (
    answer_figures,
    case_figures,
    earlier_ends,
    figure_names,
    instant,
    micros,
    ticket_figures,
    tickets,
)

Source = Literal["tickets", "answers", "cases", "ends"]
"""What is counted: tickets, questions and answers after the first, cases that tickets waited for, and ends of tickets
that were opened again."""

Labels = tuple[Label, ...]
SLOT = 900_000_000
"""Microseconds that are of one hour and day in every zone: their offsets are whole quarters of an hour."""

_DAYS = 2**17  # until after the year 2300
_t, _a, _c, _e = ticket_figures.c, answer_figures.c, case_figures.c, earlier_ends.c


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
    "segment": Dimension(_t.segments, many=True),
}
"""By name; a ticket counts once for each name of a list."""

CASE_DIMENSIONS: Mapping[str, Dimension] = {
    "department": Dimension(_c.department),
    "case-assignee": Dimension(_c.assignee),
    "destination": Dimension(_c.instance),
}
"""What a case has of its own; else it is grouped by its ticket."""


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


class Measures(NamedTuple):
    """What is counted of a source: which of the bits of a number must be set, at least one; none: it counts always.

    Attributes:
        number: gives the column of the bits, given now in microseconds.
    """

    bits: Mapping[str, tuple[int, ...]]
    number: Callable[[int], sa.ColumnElement[int]]
    size: int


def _bits(*conditions: Condition) -> list[sa.ColumnElement[int]]:
    return [sa.case((condition, 1 << place), else_=0) for place, condition in enumerate(conditions)]


def _ticket_bits(now: int) -> sa.ColumnElement[int]:
    overdue = [sa.case((due <= now, 1 << place), else_=0)
               for place, due in enumerate((_t.answer_due, _t.solve_due), len(FLAGS))]  # fmt: skip
    return _t.flags + overdue[0] + overdue[1]


def _answer_bits(now: int) -> sa.ColumnElement[int]:
    late = (_a.answer_kept == 0) | (_a.answer_due <= now)
    one, two, three = _bits(_a.answered_at.is_not(None), _a.answer_kept == 1, late)
    return one + two + three


def _case_bits(now: int) -> sa.ColumnElement[int]:
    return _bits(_c.ended_at.is_not(None))[0] + _bits(_c.ended_at.is_(None))[0] * 2


_PLACES = {name: place for place, name in enumerate(FLAGS)}
_TICKET_BITS = {
    "tickets": (),
    **{name: (place,) for name, place in _PLACES.items() if name not in ("broken", "solve_broken")},
    "late": (_PLACES["broken"], len(FLAGS)),
    "solved_late": (_PLACES["solve_broken"], len(FLAGS) + 1),
}
MEASURES: Mapping[Source, Measures] = {
    "tickets": Measures(_TICKET_BITS, _ticket_bits, len(FLAGS) + 2),
    "answers": Measures({"next_answered": (0,), "next_in_time": (1,), "next_late": (2,)}, _answer_bits, 3),
    "cases": Measures({"cases": (), "cases_done": (0,), "cases_open": (1,)}, _case_bits, 2),
}
SOURCES: Mapping[str, Source] = {name: source for source, known in MEASURES.items() for name in known.bits}
"""What each measure counts."""

SPANS: Mapping[str, tuple[Source, sa.ColumnElement[Any], Condition]] = {
    "answer_s": ("tickets", _t.answer_s, _t.answer_s.is_not(None)),
    "answer_pause_s": ("tickets", _t.answer_pause_s, _t.answer_pause_s > 0),
    "lag_s": ("tickets", _t.lag_s, _t.lag_s.is_not(None)),
    "solve_s": ("tickets", _t.solve_s, _t.solve_s.is_not(None)),
    "solve_pause_s": ("tickets", _t.solve_pause_s, _t.solve_pause_s > 0),
    "next_s": ("answers", _a.answer_s, _a.answer_s.is_not(None)),
    "case_s": ("cases", (_c.ended_at - _c.created_at) // 1_000_000, _c.ended_at.is_not(None)),
}
"""Lengths of time in whole seconds that medians are taken of, and what has one."""

MOMENTS: Mapping[str, Sequence[tuple[Source, sa.Column[Any]]]] = {
    "came": [("tickets", _t.created_at)],
    "again": [("ends", _e.again_at)],
    "ended": [("tickets", _t.ended_at), ("ends", _e.ended_at)],
    "answers": [("tickets", _t.answered_at), ("answers", _a.answered_at)],
}
"""What happens to tickets, more than once to some, and the columns that say when."""

VALUES: Mapping[str, tuple[sa.ColumnElement[Any], int]] = {
    "target": (_t.target, 1000), "rating": (_t.rating, 100), "likes": (_t.likes, 1),
}  # fmt: skip
"""Numbers that are averaged or added up over tickets, and what they are to be divided by."""

_MOST = 2**31
_MOST_PACKED = 2**62


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
        known = connection.execute(sa.select(figure_names.c.n, figure_names.c.name))
        self._names: dict[int, str] = {row.n: row.name for row in known}
        self._size = max(self._names, default=0) + 1
        self._labels: dict[tuple[str, Any], Sequence[Label]] = {}
        self._clock: figures_clock.Clock | None = None

    def within(self, since: datetime | None, until: datetime | None) -> "Counting":
        """Return the same over another period."""
        other = copy(self)
        other.wanted = self.wanted.within(since, until)
        return other

    # --- what is read -------------------------------------------------------------------------------------------------

    def counted(
        self,
        source: Source,
        by: Sequence[str],
        value: sa.ColumnElement[int],
        *conditions: Condition,
        most: int = _MOST,
        at: sa.Column[Any] = _t.created_at,
    ) -> Iterator[tuple[tuple[int | None, ...], int, int]]:
        """Yield each combination of groups and a whole number of ``[0, most)`` with how often it occurs; the groups are
        as the table has them.

        Args:
            most: a power of two.
            at: the moment that the period is about.
        """
        for groups, values in self.spread(source, by, value, *conditions, most=most, at=at):
            for one, many in values.items():
                yield groups, one, many

    def spread(
        self,
        source: Source,
        by: Sequence[str],
        value: sa.ColumnElement[int],
        *conditions: Condition,
        most: int = _MOST,
        at: sa.Column[Any] = _t.created_at,
    ) -> Iterator[tuple[tuple[int | None, ...], Mapping[int, int]]]:
        """Yield each combination of groups with how often each value occurs in it; *most* is a power of two."""
        groups = [self._column(source, name, at) for name in by]
        sizes = [_DAYS if name in TIMES else self._size for name in by]
        narrowed = (*self._conditions(source, at), *conditions)
        if prod(sizes) * most < _MOST_PACKED:
            packed: sa.ColumnElement[int] = sa.literal_column("0", sa.BigInteger)
            for group, size in zip(groups, sizes, strict=True):
                packed = packed * size + sa.func.coalesce(group, 0)
            query: sa.Select[Any] = sa.select(packed * most + value).select_from(_from(source)).where(*narrowed)
            for key, values in _unpacked(Counter(chain.from_iterable(self._rows(query))), most).items():
                yield _apart(key, sizes), values
            return
        wide: sa.Select[Any] = sa.select(*groups, value).select_from(_from(source)).where(*narrowed)
        found: defaultdict[tuple[int | None, ...], dict[int, int]] = defaultdict(dict)
        for row, many in Counter(self._rows(wide)).items():
            found[row[:-1]][row[-1]] = many
        yield from found.items()

    def each(
        self, source: Source, by: Sequence[str], value: sa.ColumnElement[int], *conditions: Condition
    ) -> Iterator[tuple[tuple[int | None, ...], "array[int]"]]:
        """Yield each combination of groups with the values in it, each as often as it occurs: for values that differ so
        much that counting them by group would be slower. Arrays, for a million numbers as objects are slow to visit in
        any order but the one in which they were made."""
        groups = [self._column(source, name, _t.created_at) for name in by]
        sizes = [_DAYS if name in TIMES else self._size for name in by]
        if prod(sizes) * _MOST >= _MOST_PACKED:
            for key, values in self.spread(source, by, value, *conditions):
                yield key, array("q", chain.from_iterable(repeat(one, many) for one, many in values.items()))
            return
        packed: sa.ColumnElement[int] = sa.literal_column("0", sa.BigInteger)
        for group, size in zip(groups, sizes, strict=True):
            packed = packed * size + sa.func.coalesce(group, 0)
        narrowed = (*self._conditions(source, _t.created_at), *conditions)
        whole = packed * _MOST + value if by else value
        query: sa.Select[Any] = sa.select(whole).select_from(_from(source)).where(*narrowed)
        if not by:
            yield (), array("q", chain.from_iterable(self._rows(query)))
            return
        found: defaultdict[int, array[int]] = defaultdict(partial(array, "q"))
        shift, mask = _MOST.bit_length() - 1, _MOST - 1
        for one in chain.from_iterable(self._rows(query)):
            found[one >> shift].append(one & mask)
        for packed_key, all_of_it in found.items():
            yield _apart(packed_key, sizes), all_of_it

    def _rows(self, query: sa.Select[Any]) -> Iterable[Any]:
        """Return rows as the driver has them: a million of them cost a third."""
        rows: Any = self._connection.execute(query).cursor
        return cast("Iterable[Any]", rows)

    def measured(self, source: Source, by: Sequence[str]) -> Iterator[tuple[tuple[int | None, ...], Mapping[int, int]]]:
        """Yield each combination of groups with how often the bits of the source's measures occur in it."""
        known = MEASURES[source]
        return self.spread(source, by, known.number(micros(self.wanted.now)), most=1 << known.size)

    def condition(self, measure: str) -> Condition:
        """Return the condition of a measure."""
        known = MEASURES[SOURCES[measure]]
        mask = sum(1 << place for place in known.bits[measure])
        number = known.number(micros(self.wanted.now))
        return number.op("&")(mask) != 0 if mask else sa.true()

    def opened(self, by: Sequence[str], measure: str) -> Iterator[tuple[Labels, str]]:
        """Yield the tickets that a column counts, newest first, each with the group that it counts in.

        Args:
            measure: one of :data:`SOURCES`, one of :data:`MOMENTS`, or ``left``: what was open at the period's end.
        """
        for source, at, conditions in self._opening(measure):
            groups = [self._column(source, name, at) for name in by]
            table = _from(source).join(tickets, tickets.c.n == _t.ticket_n)
            query = sa.select(tickets.c.id, *groups).select_from(table).where(*conditions)
            for row in self._connection.execute(query.order_by(_t.created_at.desc(), _t.ticket_n.desc())):
                for labels in self.labels(source, by, row[1:]):
                    yield labels, str(UUID(bytes=row[0]))

    def _opening(self, measure: str) -> Iterator[tuple[Source, sa.Column[Any], list[Condition]]]:
        if measure in SOURCES:
            source = SOURCES[measure]
            yield source, _t.created_at, [*self._conditions(source, _t.created_at), self.condition(measure)]
        elif measure == "left":
            until = micros(self.wanted.until or self.wanted.now + timedelta(microseconds=1))
            before = self.within(None, self.wanted.until)
            open_then = _t.ended_at.is_(None) | (_t.ended_at >= until)
            rested = (_e.ticket_n == _t.ticket_n) & (_e.ended_at < until) & (_e.again_at >= until)
            yield "tickets", _t.created_at, [
                *before._conditions("tickets", _t.created_at), open_then, ~sa.exists().where(rested)
            ]  # fmt: skip
        else:
            for source, at in MOMENTS[measure]:
                yield source, at, [*self._conditions(source, at), at.is_not(None)]

    def any(self) -> bool:
        """Whether any ticket is counted."""
        query = sa.select(sa.exists().select_from(ticket_figures).where(*self._conditions("tickets", _t.created_at)))
        return bool(self._connection.execute(query).scalar())

    def names_of(self, dimension: str) -> frozenset[str]:
        """Return all names that tickets have in a dimension, counted or not."""
        known = DIMENSIONS[dimension]
        numbers = self._connection.execute(sa.select(known.column).where(known.column.is_not(None)).distinct())
        return frozenset(chain.from_iterable(_parts(self._names[n], many=known.many) for (n,) in numbers))

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

    def _column(self, source: Source, name: str, at: sa.Column[Any]) -> sa.ColumnElement[Any]:
        if name in TIMES:
            clock = self._zone_clock()
            moment = figures_clock.bounded(at) if clock.odd else at
            return figures_clock.column(name, figures_clock.local(moment, clock.spans))
        return _dimension(source, name).column

    def _zone_clock(self) -> figures_clock.Clock:
        """Return the zone's clock, from the first ticket to the last moment that there can be."""
        if self._clock is None:
            ends = (sa.func.min(_t.created_at), sa.func.max(_t.created_at))
            first, last = (self._connection.execute(sa.select(end)).scalar() for end in ends)
            now = micros(self.wanted.now)
            first, last = (now if first is None else first), max(last or now, now)
            self._clock = figures_clock.clock_of(self.zone, first, last, self.wanted.now)
        return self._clock

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
            return (figures_clock.label(name, value or 0),)
        if value is None:
            return (None,)
        return _parts(self._names[value], many=_dimension(source, name).many)


def _unpacked(counted: "Counter[int]", most: int) -> Mapping[int, Mapping[int, int]]:
    """Return by packed groups how often each value occurs. Run a million times, so there is nothing in it to spare."""
    shift, mask = most.bit_length() - 1, most - 1
    found: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for packed, many in counted.items():
        found[packed >> shift][packed & mask] = many
    return found


def _apart(key: int, sizes: Sequence[int]) -> tuple[int | None, ...]:
    found: list[int | None] = []
    for size in reversed(sizes):
        key, one = divmod(key, size)
        found.append(one or None)
    return tuple(reversed(found))


def _dimension(source: Source, name: str) -> Dimension:
    return CASE_DIMENSIONS[name] if source == "cases" and name in CASE_DIMENSIONS else DIMENSIONS[name]


def _parts(name: str, *, many: bool) -> tuple[str, ...]:
    return tuple(orjson.loads(name)) if many and name.startswith('["') else () if many else (name,)


def _from(source: Source) -> sa.FromClause:
    if source == "answers":
        return ticket_figures.join(answer_figures, _a.ticket_n == _t.ticket_n)
    if source == "ends":
        return earlier_ends.join(ticket_figures, _t.ticket_n == _e.ticket_n)
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
