"""Escalations that rules propose and that nobody has asked for yet."""

from datetime import datetime

import sqlalchemy as sa

from hub.store.facts import PROPOSED
from hub.store.history import OPEN_STATES
from hub.store.tables import micros, outbox, tickets

_SIGN = f'"{PROPOSED}":[['  # as the JSON of what was decided has it


def proposed_since(connection: sa.Connection, since: datetime) -> int:
    """Return how many open tickets that opened at *since* or later have an escalation proposed, and none asked for."""
    mine = (outbox.c.ticket_n == tickets.c.n) & (outbox.c.role == "escalated") & (outbox.c.effect == "create")
    query = sa.select(sa.func.count()).select_from(tickets)
    query = query.where(tickets.c.created_at >= micros(since), tickets.c.state.in_(OPEN_STATES))
    query = query.where(tickets.c.decided.contains(_SIGN, autoescape=True), ~sa.select(outbox.c.n).where(mine).exists())
    return int(connection.execute(query).scalar_one())
