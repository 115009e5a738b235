"""Old tickets go: those that ended and have been quiet for longer than they are to be kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.store.erase import remove_tickets
from hub.store.links import CLOSED
from hub.store.tables import instant, links, messages, micros, outbox, tickets, upkeep_state

_BATCH = 500  # tickets of one transaction
_LEFT = ("waiting", "failed")  # what of the outbox is not settled


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many tickets and messages are too old, or were removed."""

    tickets: int = 0
    messages: int = 0


def old(connection: sa.Connection, before: datetime) -> Pruned:
    """Return what :func:`prune` would remove; nothing is changed."""
    gone = sa.select(tickets.c.n).where(*_conditions(before))
    number = sa.func.count()
    counted = connection.execute(sa.select(number).select_from(gone.subquery())).scalar_one()
    said = connection.execute(sa.select(number).select_from(messages).where(messages.c.ticket_n.in_(gone)))
    return Pruned(int(counted), int(said.scalar_one()))


def prune(connection: sa.Connection, before: datetime, now: datetime) -> Pruned:
    """Remove the next tickets that ended and of which nothing was heard since *before*, inside the caller's
    transaction; return how many (0: there is none left)."""
    query = sa.select(tickets.c.n).where(*_conditions(before)).order_by(tickets.c.n).limit(_BATCH)
    numbers: Sequence[int] = list(connection.execute(query).scalars())
    return Pruned(len(numbers), remove_tickets(connection, numbers, now)) if numbers else Pruned()


def pruned_at(connection: sa.Connection) -> datetime | None:
    """Return when old tickets were last removed, all of them."""
    found = connection.execute(sa.select(upkeep_state.c.pruned_at)).scalar_one()
    return None if found is None else instant(found)


def note_pruned(connection: sa.Connection, now: datetime) -> None:
    """Note that there are no old tickets left."""
    connection.execute(sa.update(upkeep_state).values(pruned_at=micros(now)))


def _conditions(before: datetime) -> list[sa.ColumnElement[bool]]:
    """Ended; neither said, changed nor sent since *before*; nothing waits for it here or elsewhere."""
    at, n = micros(before), tickets.c.n
    later = sa.select(messages.c.n).where(messages.c.ticket_n == n, messages.c.created_at >= at)
    waits = sa.select(outbox.c.n).where(outbox.c.ticket_n == n, outbox.c.state.in_(_LEFT))
    is_open = links.c.state.is_(None) | links.c.state.not_in(CLOSED)
    cases = sa.select(links.c.n).where(links.c.ticket_n == n, is_open)
    return [
        tickets.c.state.in_(CLOSED),
        tickets.c.created_at < at,
        tickets.c.updated_at < at,
        *(~query.exists() for query in (later, waits, cases)),
    ]
