"""What routing wants for tickets elsewhere, into the outbox: many tickets of a page in one statement.

A ticket is delivered to an instance once, however often that is decided: also where its case was closed, merged or
deleted there, where a person dropped the delivery, or where the instance had another name then.
"""

from collections.abc import Collection, Iterable, Sequence
from operator import itemgetter

import sqlalchemy as sa

from hub.routing.destinations import Destinations
from hub.store.deciding import delivered
from hub.store.outbox import ask_case, marker_of
from hub.store.page import Escalation, Wish
from hub.store.rows import Case, dumps
from hub.store.single import Singles
from hub.store.tables import chunks, instant, links, messages, outbox, tickets

ROLE = "delivered"
_NAMES = (
    "ticket_n",
    "instance",
    "role",
    "effect",
    "marker",
    "payload",
    "state",
    "attempts",
    "created_at",
    "updated_at",
)
_INSERT = (
    f"INSERT INTO outbox ({', '.join(_NAMES)}) VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608 - our own names
    " ON CONFLICT (marker) DO NOTHING"
)
_OF_TICKET = itemgetter(*(tuple(tickets.c.keys()).index(name) for name in ("n", "instance", "kind", "state")))
_OF_MESSAGE = itemgetter(*(tuple(messages.c.keys()).index(name) for name in ("direction", "created_at")))
_BY_RULE = dumps({"cause": "rule"})


def ask_wishes(
    connection: sa.Connection,
    wishes: Iterable[Wish],
    at: int,
    *,
    new: Collection[int] = (),
    destinations: Destinations | None = None,
    once: bool = False,
) -> None:
    """Ask for the cases that *wishes* name.

    Args:
        at: now, microseconds.
        new: row numbers of tickets that cannot have a case yet.
        destinations: tells which names instances have now.
        once: an escalation to an instance that the ticket was ever escalated to is not asked for again, whatever
            became of that; else it is, once its case is closed.
    """
    deliveries: list[tuple[int, str]] = []
    for number, cases in wishes:
        for one in cases:
            if one.role == ROLE:
                deliveries.append((number, one.to))
            elif not (once or one.once) or not _was_asked(connection, number, one):
                ask_case(connection, number, one.to, one.role, one.department, "rule", at)
    if deliveries:
        _deliver(connection, deliveries, at, new, destinations)


def _was_asked(connection: sa.Connection, number: int, one: Escalation) -> bool:
    mine = (outbox.c.ticket_n == number) & (outbox.c.instance == one.to) & (outbox.c.role == one.role)
    first = sa.select(outbox.c.n).where(mine, outbox.c.effect == "create").limit(1)
    return connection.execute(first).one_or_none() is not None


# --- deliveries -------------------------------------------------------------------------------------------------------


def _deliver(
    connection: sa.Connection,
    wanted: Sequence[tuple[int, str]],
    at: int,
    new: Collection[int],
    destinations: Destinations | None,
) -> None:
    ids = _ids(connection, [number for number, _ in wanted])
    fresh = frozenset(new)
    known = _known(connection, [number for number, _ in wanted if number not in fresh], destinations)
    rows = [
        (number, to, ROLE, "create", marker_of(ids[number], to, ROLE, "create", "0"), _BY_RULE, "waiting", 0, at, at)
        for number, to in wanted
        if (number, to) not in known
    ]
    if rows:
        connection.exec_driver_sql(_INSERT, rows)


def _ids(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for some in chunks(numbers):
        query = sa.select(tickets.c.n, tickets.c.id).where(tickets.c.n.in_(some))
        found.update((row.n, row.id) for row in connection.execute(query))
    return found


def _known(
    connection: sa.Connection, numbers: Sequence[int], destinations: Destinations | None
) -> set[tuple[int, str]]:
    """Return ticket and instance of the cases that there are already or were asked for, under whatever name the
    instance had then."""
    found: set[tuple[int, str]] = set()
    names = destinations.connectors if destinations else {}
    for some in chunks(numbers):
        query = sa.select(links.c.ticket_n, links.c.instance, links.c.connector)
        for row in connection.execute(query.where(links.c.ticket_n.in_(some), links.c.role == ROLE)):
            found.add((row.ticket_n, row.instance))
            if row.instance not in names:
                found.update((row.ticket_n, name) for name, connector in names.items() if connector == row.connector)
        # Of what was asked of an instance by its earlier name, the marker has that name.
        asked = sa.select(outbox.c.ticket_n, outbox.c.instance).where(outbox.c.ticket_n.in_(some))
        asked = asked.where(outbox.c.role == ROLE, outbox.c.effect == "create")
        found.update((row.ticket_n, row.instance) for row in connection.execute(asked))
    return found


# --- without rules ----------------------------------------------------------------------------------------------------


def undecided_wishes(destinations: Destinations, cases: Iterable[Case], singles: Singles) -> list[Wish]:
    """Return what a page wants that no rules decide for: its news go to the default destinations."""
    wishes: list[Wish] = []
    for case in cases:
        if case.news:
            said = [one.created_at for one in case.messages.values() if one.direction == "in" and not one.hidden]
            to = destinations.of(case.row.kind, instant(max(said)) if said else None)
            wishes += _wish(case.row.n, case.row.state, case.row.instance, to)
    start = destinations.start
    for ticket, message in zip(singles.tickets, singles.messages, strict=True):
        n, instance, kind, state = _OF_TICKET(ticket)
        direction, created_at = _OF_MESSAGE(message)
        said_at = instant(created_at) if start is not None and direction == "in" else None
        wishes += _wish(n, state, instance, destinations.of(kind, said_at))
    return wishes


def _wish(n: int, state: str, instance: str, to: Sequence[str]) -> list[Wish]:
    cases = delivered(state, instance, to)
    return [(n, cases)] if cases else []
