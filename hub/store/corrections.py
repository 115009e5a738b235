"""Where people decided otherwise than rules had: labelled examples to measure rules by.

One for each ticket and field: what rules had decided when a person first said otherwise, and what people say now. It
stays while rules and people go on, and goes when the field is left to rules again or people agree with them.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from hub.routing.facts import Facts
from hub.store.facts import facts_of_rows
from hub.store.history import History
from hub.store.queries import cases_of
from hub.store.tables import corrections, instant, micros

FIELDS = ("category", "priority", "queue")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Correction:
    """One labelled example.

    Attributes:
        ticket: its id.
        ruled: what rules had decided.
        label: what people say it is.
        at: when they said so last.
        cause: ``person`` (here) or ``destination``.
        facts: what rules saw of the ticket when the customer's newest message was known, with nothing pinned.
        text: its title and first words.
    """

    ticket: str
    field: str
    ruled: str | None
    label: str
    at: datetime
    cause: str
    facts: Facts
    text: str


def correct(
    connection: sa.Connection,
    ticket_n: int,
    before: Mapping[str, Any],
    wanted: Mapping[str, Any],
    handed_back: Collection[str],
    cause: str,
    at: int,
) -> None:
    """Keep what people want of a ticket against what rules had decided; forget it for what is *handed_back*.

    Args:
        before: the values until now.
        at: now, microseconds.
    """
    for name in FIELDS:
        if name in wanted or name in handed_back:
            mine = (corrections.c.ticket_n == ticket_n) & (corrections.c.field == name)
            known = connection.execute(sa.select(corrections.c.ruled).where(mine)).one_or_none()
            ruled = known.ruled if known is not None else before[name]
            connection.execute(sa.delete(corrections).where(mine))
            label = wanted.get(name)
            if label is not None and label != ruled:
                values = {"ticket_n": ticket_n, "field": name, "at": at, "cause": cause}
                connection.execute(sa.insert(corrections).values(**values, ruled=ruled, label=label))


def iter_corrections(
    connection: sa.Connection, field: str, since: datetime | None, *, with_history: bool
) -> Iterator[Correction]:
    """Yield the corrections of *field*, those made at *since* or later; in memory only a few hundred at a time."""
    known = History(connection) if with_history else None
    query = sa.select(corrections).where(corrections.c.field == field)
    if since is not None:
        query = query.where(corrections.c.at >= micros(since))
    found = connection.execute(query.order_by(corrections.c.at, corrections.c.ticket_n)).all()
    for start in range(0, len(found), _BATCH):
        yield from _with_facts(connection, found[start : start + _BATCH], known)


def _with_facts(connection: sa.Connection, some: Sequence[Any], known: History | None) -> Iterator[Correction]:
    by_number = {row.ticket_n: row for row in some}
    for ticket, written in cases_of(connection, list(by_number)):
        facts = facts_of_rows(ticket, written, now=None, customer=known.of(ticket) if known else None)
        facts.pinned = {}
        row = by_number[ticket.n]
        text = " ".join(" — ".join(filter(None, (facts.title, *facts.texts[:1]))).split())
        moment, uuid = instant(row.at), str(UUID(bytes=ticket.id))
        yield Correction(uuid, row.field, row.ruled, row.label, moment, row.cause, facts, text)
