"""Tickets that are history: read late and without effects, and nothing has happened to them since.

Nobody is told of them, and nothing is asked for elsewhere, until the live source brings news of them or a person does
something with them.
"""

from collections.abc import Collection

import sqlalchemy as sa

from hub.store.tables import chunks
from hub.store.tables import ticket_events as events

HISTORY = '"history":true'
"""What the data of an event holds that came of such a reading."""

_MARK = events.c.data.contains(HISTORY)
_NEWS = ("message_added", "message_changed", "changed", "reopened")


def are_history(connection: sa.Connection, numbers: Collection[int]) -> set[int]:
    """Return those of the tickets *numbers* that are history."""
    news = (events.c.cause == "person") | ((events.c.cause == "source") & events.c.kind.in_(_NEWS) & ~_MARK)
    found: set[int] = set()
    for some in chunks(sorted(numbers)):
        mine = events.c.ticket_n.in_(some)
        first = sa.select(events.c.ticket_n).where(mine, events.c.kind == "created", _MARK)
        found.update(connection.execute(first).scalars())
        found.difference_update(connection.execute(sa.select(events.c.ticket_n).where(mine, news)).scalars())
    return found
