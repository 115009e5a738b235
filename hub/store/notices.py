"""Who is to be told of a ticket, in the outbox: each name once for each ticket, however often it is decided; and once
more for each warning and breach that a rule tells it of.

A row has the effect ``notify``, and as its instance the name behind ``notify:``, which no instance can have.
"""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from hub.store.outbox import marker_of
from hub.store.page import Notice
from hub.store.rows import dumps
from hub.store.tables import outbox, tickets

NOTIFY = "notify"
PREFIX = f"{NOTIFY}:"


def ask_notices(connection: sa.Connection, wanted: Iterable[Notice], at: int) -> None:
    """Ask for people to be told, but for those who were, or whom a person dropped.

    Args:
        at: now, microseconds.
    """
    for ticket_n, names, occasion in wanted:
        if not names:
            continue
        ticket = connection.execute(sa.select(tickets.c.id).where(tickets.c.n == ticket_n)).scalar_one()
        for name in names:
            marker = marker_of(ticket, PREFIX + name, NOTIFY, _effect(occasion))
            mine = (outbox.c.ticket_n == ticket_n) & (outbox.c.instance == PREFIX + name)
            known = sa.select(outbox.c.n).where(outbox.c.marker == marker if occasion else mine)
            if connection.execute(known).first() is None:
                row = {"ticket_n": ticket_n, "instance": PREFIX + name, "role": NOTIFY, "effect": NOTIFY}
                payload = {"cause": "rule"} | ({"occasion": dict(occasion)} if occasion else {})
                row |= {"marker": marker, "payload": dumps(payload), "state": "waiting", "attempts": 0}
                connection.execute(sa.insert(outbox).values(**row, created_at=at, updated_at=at))


def _effect(occasion: Mapping[str, object]) -> str:
    return f"{NOTIFY} {occasion['promise']} {occasion['reached']}" if occasion else NOTIFY
