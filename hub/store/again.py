"""Routing once more for stored tickets, where something but their source has moved them: a case elsewhere, a person.

Deadlines follow the new state at once. A new case is asked for only where it was proposed before and the ticket never
had one there: one that was just closed would be opened again.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.store import queries
from hub.store.deciding import CAUSE, apply_decision, proposed, states_of
from hub.store.facts import PROPOSED, decided_of, facts_of_rows
from hub.store.history import OPEN_STATES, History
from hub.store.notices import ask_notices
from hub.store.outbox import ask_case
from hub.store.page import Escalation, Event, Router
from hub.store.rows import TicketRow, dumps
from hub.store.tables import links, micros, outbox, ticket_events, tickets

_MOVES = ("priority", "queue", "category", "decided", "state", "own_state", "closed_at", "updated_at")


def decide_again(
    connection: sa.Connection, router: Router, numbers: Collection[int], now: datetime, *, with_state: bool = False
) -> None:
    """Let *router* decide for the tickets *numbers* as they are stored now, and write what is new.

    Args:
        with_state: rules may set the state too; else it stays as what moved the ticket has left it.
    """
    states = states_of(connection, sorted(numbers))
    history = History(connection) if router.needs_history() else None
    for row, written in queries.cases_of(connection, sorted(numbers)):
        before = replace(row)
        customer = history.of(row) if history else None
        facts = facts_of_rows(row, written, now=now, customer=customer, states=states[row.n])
        told, decided = decided_of(row).get(PROPOSED, []), router.decide(facts)
        ask_notices(connection, [(row.n, decided.notify)], micros(now))
        fields = apply_decision(row, decided, micros(now), with_state=with_state)
        _ask_proposed(connection, row, decided.escalations, told, micros(now))
        events = [Event(row.n, "decided", CAUSE, {"fields": fields})] if fields else []
        for event in (*events, *proposed(row.n, decided, told)):
            row.updated_at = micros(now)
            values = {"ticket_n": row.n, "at": micros(now), "kind": event.kind, "cause": event.cause}
            connection.execute(sa.insert(ticket_events).values(**values, data=dumps(dict(event.data))))
        if row != before:
            values = {name: getattr(row, name) for name in _MOVES}
            connection.execute(sa.update(tickets).where(tickets.c.n == row.n).values(**values))


def _ask_proposed(
    connection: sa.Connection, row: TicketRow, wanted: Sequence[Escalation], told: Sequence[Any], at: int
) -> None:
    """Ask for those of the cases *wanted* that so far were only proposed (*told*), in tickets that are still open."""
    if row.own_state not in OPEN_STATES:
        return
    for one in wanted:
        if [one.to, one.department] in told and not _had_case(connection, row.n, one):
            ask_case(connection, row.n, one.to, one.role, one.department, CAUSE, at)


def _had_case(connection: sa.Connection, ticket_n: int, one: Escalation) -> bool:
    """Whether the ticket has or had a case there, or one was ever asked for."""
    for table in (links, outbox):
        mine = (table.c.ticket_n == ticket_n) & (table.c.instance == one.to) & (table.c.role == one.role)
        if connection.execute(sa.select(table.c.n).where(mine).limit(1)).scalar() is not None:
            return True
    return False
