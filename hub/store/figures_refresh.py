"""Figures follow the tickets: what has happened since the last report is counted anew, in batches.

What leaves an event is found by it; what leaves none (counters of engagement, an erased message) is noted as stale by
who changes it. So a checkpoint does not wait for figures, and a report costs what is new.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from hub.store.figures import Answer, Clocks, Happened, Linked, Span, TicketFigures, Written, figures_of
from hub.store.insertion import insert
from hub.store.people import People
from hub.store.tables import (
    answer_figures,
    case_figures,
    chunks,
    earlier_ends,
    figure_names,
    links,
    messages,
    stale_figures,
    ticket_events,
    ticket_figures,
    tickets,
    upkeep_state,
)

_EVENTS = 6000  # looked at in one batch
_STALE = 2000
_MADE = (answer_figures, case_figures, earlier_ends, ticket_figures)
_READ = ("n", "created_at", "closed_at", "state", "content", "decided", "rating", "instance", "platform", "kind",
         "category", "priority", "queue", "customer")  # fmt: skip
_PLAIN = ("instance", "platform", "kind", "category", "priority", "queue", "state")


def behind(connection: sa.Connection) -> int:
    """Return how many events and stale tickets wait to be counted."""
    newer = sa.select(sa.func.count()).select_from(ticket_events).where(ticket_events.c.n > _events_to(connection))
    stale = sa.select(sa.func.count()).select_from(stale_figures)
    return int(connection.execute(newer).scalar_one()) + int(connection.execute(stale).scalar_one())


def refresh(connection: sa.Connection, clocks: Clocks) -> int:
    """Count the next changed tickets anew, inside the caller's transaction; return how many (0: all is up to date)."""
    start = _events_to(connection)
    query = sa.select(ticket_events.c.n, ticket_events.c.ticket_n).where(ticket_events.c.n > start)
    events = connection.execute(query.order_by(ticket_events.c.n).limit(_EVENTS)).all()
    stale = list(connection.execute(sa.select(stale_figures.c.ticket_n).limit(_STALE)).scalars())
    numbers = sorted({*(row.ticket_n for row in events), *stale})
    _count(connection, numbers, clocks)
    for some in chunks(stale):
        connection.execute(sa.delete(stale_figures).where(stale_figures.c.ticket_n.in_(some)))
    if events:
        connection.execute(sa.update(upkeep_state).values(events_to=events[-1].n))
    return len(numbers)


def note_stale(connection: sa.Connection, numbers: Collection[int]) -> None:
    """Note that tickets have changed without leaving an event."""
    known: set[int] = set()
    for some in chunks(sorted(numbers)):
        known.update(connection.execute(sa.select(stale_figures).where(stale_figures.c.ticket_n.in_(some))).scalars())
    fresh = [{"ticket_n": number} for number in sorted(set(numbers) - known)]
    if fresh:
        connection.execute(sa.insert(stale_figures), fresh)


def forget(connection: sa.Connection, numbers: Sequence[int], names: Collection[str] = ()) -> None:
    """Remove the figures of tickets that go or were changed by erasing, and *names* wherever they stand; what is left
    of these tickets is counted anew."""
    used = _using(connection, names)
    for table in (*_MADE, stale_figures):
        for some in chunks([*numbers, *used]):
            connection.execute(sa.delete(table).where(table.c.ticket_n.in_(some)))
    _drop_names(connection, names)
    left = [n for some in chunks([*numbers, *used]) for n in _existing(connection, some)]
    note_stale(connection, left)


def _events_to(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(upkeep_state.c.events_to)).scalar_one())


def _existing(connection: sa.Connection, numbers: Sequence[int]) -> Iterable[int]:
    return connection.execute(sa.select(tickets.c.n).where(tickets.c.n.in_(numbers))).scalars()


# --- names ------------------------------------------------------------------------------------------------------------


def _named_by(connection: sa.Connection, names: Collection[str]) -> list[int]:
    """Return the numbers of what is one of *names*, or is a list that has one."""
    if not names:
        return []
    found = connection.execute(sa.select(figure_names.c.n, figure_names.c.name)).all()
    return [row.n for row in found if row.name in names or not set(_listed(row.name)).isdisjoint(names)]


def _listed(name: str) -> Sequence[str]:
    return orjson.loads(name) if name.startswith('["') else ()


def _using(connection: sa.Connection, names: Collection[str]) -> list[int]:
    numbers = _named_by(connection, names)
    found: set[int] = set()
    for table in _MADE:
        for column in _shared(table):
            for some in chunks(numbers):
                found.update(connection.execute(sa.select(table.c.ticket_n).where(column.in_(some))).scalars())
    return sorted(found)


def _shared(table: sa.Table) -> list[sa.Column[Any]]:
    wanted = (*_PLAIN, "operator", "policy", "tags", "rules", "departments", "case_assignees", "segments",
              "answered_by", "department", "assignee")  # fmt: skip
    return [column for column in table.columns if column.name in wanted]


def _drop_names(connection: sa.Connection, names: Collection[str]) -> None:
    for some in chunks(_named_by(connection, names)):
        connection.execute(sa.delete(figure_names).where(figure_names.c.n.in_(some)))


class _Names:
    """Numbers for values that many tickets share."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._known: dict[str, int] = {}

    def number(self, name: str | None) -> int | None:
        """Return the number of *name*; the first time it gets one."""
        if name is None:
            return None
        if name not in self._known:
            query = sa.select(figure_names.c.n).where(figure_names.c.name == name)
            found = self._connection.execute(query).scalar()
            if found is None:
                self._connection.execute(sa.insert(figure_names).values(name=name))
                found = self._connection.execute(query).scalar_one()
            self._known[name] = int(found)
        return self._known[name]

    def listed(self, names: Sequence[str]) -> int | None:
        """Return the number of a list; None of an empty one."""
        return self.number(orjson.dumps(list(names)).decode()) if names else None


# --- counting ---------------------------------------------------------------------------------------------------------


def _count(connection: sa.Connection, numbers: Sequence[int], clocks: Clocks) -> None:
    names, people = _Names(connection), People(connection)
    for some in chunks(numbers):
        made = list(_figures(connection, some, clocks))
        for table in _MADE:
            connection.execute(sa.delete(table).where(table.c.ticket_n.in_(some)))
        _insert(connection, ticket_figures, [_ticket_values(row, one, names, people) for row, one in made])
        answers = [_answer_values(row.n, n, answer, names) for row, one in made
                   for n, answer in enumerate(one.answers) if n]  # fmt: skip
        _insert(connection, answer_figures, answers)
        rests = [(row.n, number, *rest) for row, one in made for number, rest in enumerate(one.rests)]
        _insert(connection, earlier_ends, rests)
        _insert(connection, case_figures, [values for row, one in made for values in _case_values(row.n, one, names)])


def _insert(connection: sa.Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
    insert(connection, table.name, tuple(column.name for column in table.columns), rows)


def _figures(connection: sa.Connection, numbers: Sequence[int], clocks: Clocks) -> Iterator[tuple[Any, TicketFigures]]:
    written = _by_ticket(connection, messages, Written, numbers, messages.c.created_at, messages.c.id)
    happened = _by_ticket(connection, ticket_events, Happened, numbers, ticket_events.c.n)
    linked = _by_ticket(connection, links, Linked, numbers, links.c.n)
    query = sa.select(*(tickets.c[name] for name in _READ)).where(tickets.c.n.in_(numbers)).order_by(tickets.c.n)
    for row in connection.execute(query):
        n = row.n
        yield row, figures_of(row, written.get(n, ()), happened.get(n, ()), linked.get(n, ()), clocks)


def _by_ticket(
    connection: sa.Connection, table: sa.Table, made: Any, numbers: Sequence[int], *order: sa.Column[Any]
) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    query = sa.select(table.c.ticket_n, *(table.c[name] for name in made._fields))
    for row in connection.execute(query.where(table.c.ticket_n.in_(numbers)).order_by(*order)):
        found.setdefault(row[0], []).append(made(*row[1:]))
    return found


_NO_ANSWER = Answer(Span(), None)


def _ticket_values(row: Any, one: TicketFigures, names: _Names, people: People) -> tuple[Any, ...]:
    """Return a row of ``ticket_figures``, in the order of its columns."""
    person = people.of(row.customer)
    first = one.answers[0] if one.answers else _NO_ANSWER
    answer, solve = first.span, one.solve
    return (
        row.n, row.created_at, one.ended_at, one.flags(row.rating),
        *(names.number(getattr(row, name)) for name in _PLAIN),
        names.number(one.operator), names.number(one.policy),
        names.listed(one.tags), names.listed(one.rules),
        names.listed(one.named("department")), names.listed(one.named("assignee")),
        names.listed(sorted(person.loyalty) if person else ()),
        None if row.rating is None else round(row.rating * 100), one.likes, one.lag_s,
        None if one.target is None else round(one.target * 1000),
        answer.at, names.number(first.by), answer.seconds, answer.pause, answer.due,
        solve.seconds, solve.pause, solve.due,
    )  # fmt: skip


def _answer_values(ticket_n: int, number: int, answer: Answer, names: _Names) -> tuple[Any, ...]:
    span = answer.span
    return (ticket_n, number, span.at, names.number(answer.by), span.seconds, span.due, span.kept)


def _case_values(ticket_n: int, one: TicketFigures, names: _Names) -> Iterator[tuple[Any, ...]]:
    for case in one.cases:
        link = case.link
        place = (names.number(link.instance), names.number(link.department), names.number(link.assignee))
        yield (link.n, ticket_n, link.role, *place, link.created_at, case.ended_at)
