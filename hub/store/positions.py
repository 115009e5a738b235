"""How far those have come who follow the rows as they arrive. Tickets, messages and events that go leave row numbers
that come again: whoever has come beyond the last row that stays must go back to it, or never sees the next ones.
"""

import sqlalchemy as sa

from hub.store.tables import customer_state, surge_state, ticket_events, tickets, upkeep_state

_FOLLOWED = (
    (customer_state.c.events_to, ticket_events.c.n),
    (customer_state.c.named_to, tickets.c.n),
    (upkeep_state.c.events_to, ticket_events.c.n),
    (surge_state.c.counted_to, tickets.c.n),
)
"""Each position with the numbers that it counts in. The search has its own, which follows with its index."""


def take_back(connection: sa.Connection) -> None:
    """Take every position back to the last row that there is."""
    for position, number in _FOLLOWED:
        last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(number), 0))).scalar_one()
        beyond = sa.update(position.table).where(position > last)
        connection.execute(beyond.values({position: last}))
