"""Which tickets belong together: one follows another, or two are what two connectors saw of the same post.

A pair is written once, the later ticket first. That one follows another is a fact; that two are the same is proposed,
and a person confirms or refuses it.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.sdk.ticket import Related
from hub.store.rows import dumps
from hub.store.tables import chunks, relations, tickets

Pair = tuple[int, int]
"""Row numbers of a ticket and of an earlier one."""


def following(connection: sa.Connection, numbers: Sequence[int]) -> list[Pair]:
    """Return the tickets that follow those of *numbers*, and what follows these: each with the one before it."""
    found: list[Pair] = []
    asked = list(numbers)
    while asked:
        pairs: list[Pair] = []
        for some in chunks(asked):
            behind = (relations.c.kind == "follows") & relations.c.other_n.in_(some)
            query = sa.select(relations.c.ticket_n, relations.c.other_n).where(behind)
            pairs += [(row.ticket_n, row.other_n) for row in connection.execute(query)]
        asked = sorted({later for later, _ in pairs} - set(numbers) - {later for later, _ in found})
        found += pairs
    return found


def note_follows(connection: sa.Connection, pairs: Sequence[Pair], at: int) -> None:
    """Write down which new ticket follows which."""
    for later, earlier in pairs:
        put(connection, later, earlier, "follows", "confirmed", {}, at)


def related_of(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, tuple[Related, ...]]:
    """Return what the tickets *numbers* have to do with others, oldest first; what a person refused is left out."""
    found: dict[int, list[Related]] = defaultdict(list)
    for some in chunks(numbers):
        for mine, theirs in ((relations.c.ticket_n, relations.c.other_n), (relations.c.other_n, relations.c.ticket_n)):
            query = sa.select(relations, mine.label("mine"), tickets.c.id).join(tickets, tickets.c.n == theirs)
            query = query.where(mine.in_(some), relations.c.state != "refused").order_by(relations.c.n)
            for row in connection.execute(query):
                kind = "followed_by" if row.kind == "follows" and row.mine == row.other_n else row.kind
                found[row.mine].append(Related(ticket=UUID(bytes=row.id), kind=kind, state=row.state))
    return {n: tuple(those) for n, those in found.items()}


def forget(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """Remove what is known of tickets that go."""
    for some in chunks(numbers):
        either = relations.c.ticket_n.in_(some) | relations.c.other_n.in_(some)
        connection.execute(sa.delete(relations).where(either))


def known(connection: sa.Connection, later: int, earlier: int) -> Any | None:
    """Return the row that says whether two tickets are the same, None where nobody said anything."""
    mine = (relations.c.ticket_n == later) & (relations.c.other_n == earlier) & (relations.c.kind == "same")
    return connection.execute(sa.select(relations).where(mine)).one_or_none()


def put(
    connection: sa.Connection, later: int, earlier: int, kind: str, state: str, evidence: Mapping[str, Any], at: int
) -> None:
    """Write down what a ticket has to do with an earlier one."""
    values = {"ticket_n": later, "other_n": earlier, "kind": kind, "state": state, "evidence": dumps(dict(evidence))}
    connection.execute(sa.insert(relations).values(**values, created_at=at, updated_at=at))
