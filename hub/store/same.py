"""Two tickets that two connectors made of one post: proposed where it is likely, confirmed or refused by a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa

from hub.sdk.errors import StoreError
from hub.store.outbox import drop_untried
from hub.store.relations import Pair, known, put
from hub.store.rows import dumps
from hub.store.tables import relations, ticket_events, tickets


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of a person's word on two tickets: their ids; whether it was news; numbers of the deliveries that were
    dropped, since the other ticket is or will be delivered there."""

    ticket: str
    other: str
    new: bool
    dropped: Sequence[int] = ()


def propose_same(connection: sa.Connection, pair: Pair, evidence: Mapping[str, Any], at: int) -> None:
    """Propose that two tickets are the same, unless that was proposed or decided before; both stories tell it."""
    later, earlier = max(pair), min(pair)
    if known(connection, later, earlier) is not None:
        return
    put(connection, later, earlier, "same", "proposed", evidence, at)
    _note_both(connection, later, earlier, "probably_same", "source", {"evidence": dict(evidence)}, at)


def decide_same(
    connection: sa.Connection, one: int, two: int, state: Literal["confirmed", "refused"], at: int
) -> Linked:
    """Let a person say whether two tickets are the same. Of two that are, the later one is not delivered where the
    other one is or will be, as far as nothing was sent yet.

    Raises:
        StoreError: they are one ticket.
    """
    if one == two:
        raise StoreError("both ids are those of one ticket; give two")
    later, earlier = max(one, two), min(one, two)
    ids = _name(connection, one), _name(connection, two)
    row = known(connection, later, earlier)
    if row is not None and row.state == state:
        return Linked(ids[0], ids[1], new=False)
    if row is None:
        put(connection, later, earlier, "same", state, {}, at)
    else:
        changed = sa.update(relations).where(relations.c.n == row.n)
        connection.execute(changed.values(state=state, updated_at=at))
    kind = "linked" if state == "confirmed" else "unlinked"
    _note_both(connection, later, earlier, kind, "person", {}, at)
    dropped = drop_untried(connection, later, earlier, at) if state == "confirmed" else ()
    return Linked(ids[0], ids[1], new=True, dropped=dropped)


def _note_both(
    connection: sa.Connection, one: int, two: int, kind: str, cause: str, data: Mapping[str, Any], at: int
) -> None:
    for mine, theirs in ((one, two), (two, one)):
        told = dumps({"ticket": _name(connection, theirs), **data})
        values = {"ticket_n": mine, "at": at, "kind": kind, "cause": cause, "data": told}
        connection.execute(sa.insert(ticket_events).values(**values))
        connection.execute(sa.update(tickets).where(tickets.c.n == mine).values(updated_at=at))


def _name(connection: sa.Connection, n: int) -> str:
    found: bytes = connection.execute(sa.select(tickets.c.id).where(tickets.c.n == n)).scalar_one()
    return str(UUID(bytes=found))
