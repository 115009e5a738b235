"""Routing once more for stored tickets, where something but their source has moved them: a case elsewhere, a person.

Deadlines follow the new state at once, and delivered cases are told what is new. An escalation is asked for only to an
instance that the ticket was never escalated to, whatever became of that: one that was just closed is not opened again
by itself, but a tag that people set at a helpdesk brings about the rule's escalation that it is the condition of, and
a customer who is known now brings about what was only proposed. The same tag brings about the rule's answer and acts,
each once, within the limits that hold for new messages.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from functools import partial

import sqlalchemy as sa

from hub.store import queries
from hub.store.answering import carry_out
from hub.store.deciding import CAUSE, apply_decision, clocked, notices_of, proposed, states_of, wish_of
from hub.store.facts import PROPOSED, decided_of, facts_of_rows
from hub.store.history import OPEN_STATES, History
from hub.store.moments import Moment, moment_of, put_apart
from hub.store.notices import ask_notices
from hub.store.old_posts import is_old
from hub.store.overtaken import take_back
from hub.store.page import Decided, Event, Router, Wish
from hub.store.past_only import are_history
from hub.store.rows import Case, dumps
from hub.store.surges import surging_now
from hub.store.tables import micros, ticket_events, tickets
from hub.store.tell import tell
from hub.store.wishes import ask_wishes

_MOVES = ("priority", "queue", "category", "decided", "state", "own_state", "closed_at", "updated_at")


def decide_again(
    connection: sa.Connection,
    router: Router,
    numbers: Collection[int],
    now: datetime,
    *,
    with_state: bool = False,
    effects: bool = True,
) -> None:
    """Let *router* decide for the tickets *numbers* as they are stored now, and write what is new.

    Args:
        with_state: rules may set the state too; else it stays as what moved the ticket has left it.
        effects: whether others hear of it, and deadlines begin; never for tickets that are history, see
            :mod:`hub.store.past_only`.
    """
    silent = are_history(connection, numbers) if effects else set(numbers)
    states = states_of(connection, sorted(numbers))
    history = History(connection) if router.needs_history() else None
    wishes: list[Wish] = []
    moments: list[Moment] = []
    acting: list[tuple[Case, Decided]] = []
    surging = surging_now(connection, now) if router.needs_surges() else None
    for row, written in queries.cases_of(connection, sorted(numbers)):
        before = replace(row)
        customer = history.of(row) if history else None
        facts = facts_of_rows(row, written, now=now, customer=customer, states=states[row.n], surging=surging)
        known, decided = decided_of(row), router.decide(facts)
        fields = apply_decision(row, decided, micros(now), with_state=with_state)
        events = [Event(row.n, "decided", CAUSE, {"fields": fields})] if fields else []
        moments.append(moment_of(row.n, decided.outlook))
        clock = clocked(row.n, decided, known)
        if row.n not in silent:
            old = partial(is_old, connection, row, written, router.destinations.start)
            ask_notices(connection, notices_of(row.n, decided, clock, old), micros(now))
        told = (*clock, *proposed(row.n, decided, known.get(PROPOSED, [])))
        for event in (*events, *told):
            row.updated_at = micros(now)
            values = {"ticket_n": row.n, "at": micros(now), "kind": event.kind, "cause": event.cause}
            connection.execute(sa.insert(ticket_events).values(**values, data=dumps(dict(event.data))))
        if row != before:
            values = {name: getattr(row, name) for name in _MOVES}
            connection.execute(sa.update(tickets).where(tickets.c.n == row.n).values(**values))
        if row.n not in silent and row.own_state in OPEN_STATES and (wish := wish_of(row, decided)):
            wishes.append(wish)
        speaks = row.n not in silent and row.own_state in OPEN_STATES
        if speaks and (decided.acts or decided.answer):
            acting.append((Case(row, {message.id: message for message in written}), decided))
    put_apart(connection, moments, silent)
    ask_wishes(connection, wishes, micros(now), destinations=router.destinations, once=True)
    take_back(connection, numbers, micros(now))
    if router.answering is not None:
        carry_out(connection, now, router.answering, acting)
    tell(connection, set(numbers) - silent, CAUSE, micros(now))
