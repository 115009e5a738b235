"""Kept originals, and storing anew what they say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
import zstandard

from hub.store import writer
from hub.store.page import Checkpoint
from hub.store.tables import dead_letters, instant, micros, originals, ticket_events, tickets


@dataclass(frozen=True, slots=True)
class Original:
    """A response as it came. ``request``: how it was asked for; None where that was not noted."""

    n: int
    instance: str
    stream: str
    mode: str
    name: str
    read_at: datetime
    request: str | None
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of a ticket: the kind of the event, and the changed fields with their old and new values."""

    ticket: str
    kind: str
    fields: Mapping[str, Sequence[Any]]


class UndoneError(Exception):
    """Takes back what a transaction did."""


def numbers(connection: sa.Connection, instances: Sequence[str], since: datetime | None, after: int = 0) -> list[int]:
    """Return the numbers of the originals of *instances* read from *since* on, and after number *after*; the last read
    comes first."""
    query = sa.select(originals.c.n).where(originals.c.instance.in_(instances), originals.c.n > after)
    if since is not None:
        query = query.where(originals.c.read_at >= micros(since))
    return list(connection.execute(query.order_by(originals.c.n.desc())).scalars())


def latest(connection: sa.Connection, instances: Sequence[str]) -> int:
    """Return the number of the original of *instances* that was read last; 0 where there is none."""
    query = sa.select(sa.func.max(originals.c.n)).where(originals.c.instance.in_(instances))
    return int(connection.execute(query).scalar() or 0)


def original(connection: sa.Connection, number: int) -> Original | None:
    """Return an original; None where it was removed meanwhile."""
    row = connection.execute(sa.select(originals).where(originals.c.n == number)).one_or_none()
    if row is None:
        return None
    body = zstandard.ZstdDecompressor().decompress(row.body)
    read_at = instant(row.read_at)
    return Original(row.n, row.instance, row.stream, row.mode, row.name, read_at, row.request, body)


def is_set_aside(connection: sa.Connection, instance: str, stream: str, body: bytes) -> bool:
    """Return whether a record of a stream is a dead letter."""
    key = writer.letter_key(instance, stream, body)
    return connection.execute(sa.select(dead_letters.c.n).where(dead_letters.c.key == key)).first() is not None


def put(connection: sa.Connection, checkpoint: Checkpoint) -> list[Moved]:
    """Write *checkpoint*, which comes from an original, inside the caller's transaction; return what it moved."""
    before = int(connection.execute(sa.select(sa.func.max(ticket_events.c.n))).scalar() or 0)
    writer.commit(connection, checkpoint)
    return list(_moved(connection, before))


def _moved(connection: sa.Connection, after: int) -> Iterator[Moved]:
    query = sa.select(tickets.c.id, ticket_events.c.kind, ticket_events.c.data)
    query = query.join(tickets, tickets.c.n == ticket_events.c.ticket_n).where(ticket_events.c.n > after)
    for row in connection.execute(query.order_by(ticket_events.c.n)):
        yield Moved(str(UUID(bytes=row.id)), row.kind, orjson.loads(row.data).get("fields", {}))
