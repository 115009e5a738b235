"""What is stored of a stream: how much on which day, and which messages are not there."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from hub.store.rows import start_of
from hub.store.tables import chunks, messages, micros, tickets

Shown = Counter[tuple[str, str, int]]
"""How many, by stream, by what is counted (``messages``, ``tickets``), and by number of the day."""


def shown_by_day(connection: sa.Connection, connector: str, namespace: str, edges: Sequence[datetime]) -> Shown:
    """Return how many messages, and how many tickets by their first message, each stream shows on each day: what it has
    hidden is left out.

    Args:
        edges: where each day begins, and where the last one ends; ascending.
    """
    bounds = [micros(edge) for edge in edges]
    found: Shown = Counter()
    for row in connection.execute(_published(connector, namespace, bounds)):
        day = bisect_right(bounds, row.created_at) - 1
        for stream in {source[0] for source in orjson.loads(row.sources) if not source[2]}:
            found[stream, "messages", day] += 1
            found[stream, "tickets", day] += int(row.opening == row.id)
    return found


def _published(connector: str, namespace: str, bounds: Sequence[int]) -> sa.Select[Any]:
    at = messages.c.created_at
    query = sa.select(messages.c.id, at, messages.c.sources, tickets.c.opening)
    query = query.join(tickets, tickets.c.n == messages.c.ticket_n)
    mine = (tickets.c.connector == connector) & (tickets.c.namespace == namespace)
    return query.where(at >= bounds[0], at < bounds[-1], mine)


def missing(connection: sa.Connection, ids: Iterable[bytes]) -> set[bytes]:
    """Return those of the messages *ids* (16 bytes) that are not stored."""
    wanted = set(ids)
    for some in chunks(sorted(wanted)):
        begins = messages.c.id_start.in_([start_of(one) for one in some])
        wanted.difference_update(connection.execute(sa.select(messages.c.id).where(begins)).scalars())
    return wanted
