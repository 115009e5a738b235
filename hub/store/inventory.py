"""Absence after a complete inventory: what the source no longer lists is hidden, but never much at once.

A token that lost its rights looks like a source that lost its records; so above a share of what is stored nothing is
hidden and a person is told.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import Change
from hub.store.page import StreamKey
from hub.store.tables import messages, micros, tickets

_SHARE = 0.1
_FEW = 5  # so many may vanish, if at least as many stay: a small source would else never hide anything


@dataclass(frozen=True, slots=True)
class Absent:
    """What an inventory did not list.

    ``missing`` of ``known`` visible messages were not listed; ``changes`` hide them, and are empty when they are
    too many.
    """

    missing: int
    known: int
    changes: tuple[Change, ...]

    @property
    def refused(self) -> bool:
        """Whether so many are missing that nothing is hidden."""
        return self.missing > 0 and not self.changes


def absent(
    connection: sa.Connection,
    key: StreamKey,
    connector: str,
    namespace: str,
    window: tuple[datetime, datetime],
    seen: AbstractSet[bytes],
) -> Absent:
    """Return what the stream has stored within *window* (by publication) and the inventory did not see."""
    since, until = (micros(at) for at in window)
    query = (
        sa.select(messages.c.id, messages.c.sources, messages.c.content)
        .join(tickets, tickets.c.n == messages.c.ticket_n)
        .where(
            tickets.c.created_at.between(since, until),
            tickets.c.connector == connector,
            tickets.c.namespace == namespace,
            tickets.c.instance == key.instance,  # what another instance reads, this one may not be able to see
            messages.c.created_at.between(since, until),
            messages.c.hidden == 0,
            messages.c.direction == "in",
        )
    )
    known = 0
    changes: list[Change] = []
    for row in connection.execute(query):
        mine = [source for source in orjson.loads(row.sources) if source[0] == key.stream and not source[2]]
        known += bool(mine)
        if mine and row.id not in seen:
            same_as = orjson.loads(row.content).get("same_as")
            changes.extend(Change(source_id=source[1], same_as=same_as, hidden=True) for source in mine)
    missing = len(changes)
    few = missing <= max(_FEW, known * _SHARE) and (missing * 2 <= known or known == 1)
    return Absent(missing, known, tuple(changes) if few else ())
