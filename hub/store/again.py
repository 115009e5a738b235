"""Routing once more for stored tickets, where something but their source has moved them: a case elsewhere, a person.

Deadlines follow the new state at once. No new case is asked for: one that was just closed would be opened again.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from hub.store import queries
from hub.store.deciding import CAUSE, apply_decision, states_of
from hub.store.facts import facts_of_rows
from hub.store.history import History
from hub.store.page import Router
from hub.store.rows import dumps
from hub.store.tables import micros, ticket_events, tickets

_MOVES = ("priority", "queue", "category", "decided", "state", "own_state", "closed_at", "updated_at")


def decide_again(
    connection: sa.Connection, router: Router, numbers: Collection[int], now: datetime, *, with_state: bool = False
) -> None:
    """Let *router* decide for the tickets *numbers* as they are stored now, and write what is new.

    Args:
        with_state: rules may set the state too; else it stays as what moved the ticket has left it.
    """
    states = states_of(connection, sorted(numbers))
    history = History(connection) if router.needs_history else None
    for row, written in queries.cases_of(connection, sorted(numbers)):
        before = replace(row)
        customer = history.of(row) if history else None
        facts = facts_of_rows(row, written, now=now, customer=customer, states=states[row.n])
        fields = apply_decision(row, router.decide(facts), micros(now), with_state=with_state)
        if fields:
            row.updated_at = micros(now)
            event = {"ticket_n": row.n, "at": micros(now), "kind": "decided", "cause": CAUSE}
            connection.execute(sa.insert(ticket_events).values(**event, data=dumps({"fields": fields})))
        if row != before:
            values = {name: getattr(row, name) for name in _MOVES}
            connection.execute(sa.update(tickets).where(tickets.c.n == row.n).values(**values))
