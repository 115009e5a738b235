"""Tickets that ring nobody's phone, as their customer wrote long before the hub read their source for the first time.

What is measured is when the source was first read, not when the message came: after a standstill what was written
meanwhile is news, however late it is read.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import orjson
import sqlalchemy as sa

from hub.routing.moments import HISTORY
from hub.store.rows import MessageRow
from hub.store.tables import micros, streams

_HISTORY = HISTORY // timedelta(microseconds=1)


def is_old(
    connection: sa.Connection,
    instance: str,
    written: Iterable[MessageRow],
    start: datetime | None,
    *,
    wanted: bool = False,
) -> bool:
    """Whether the customer wrote last before *start*; None: long before the stream was first read.

    Args:
        instance: which the ticket is of.
        written: all of its messages.
        wanted: a person asks to be told of the past too; *start* holds all the same.
    """
    said = (one for one in written if one.direction == "in" and not one.hidden)
    last = max(said, key=lambda one: one.created_at, default=None)
    if last is None:
        return False
    if start is not None:
        return last.created_at < micros(start)
    return not wanted and last.created_at < _first_read(connection, instance, last) - _HISTORY


def _first_read(connection: sa.Connection, instance: str, message: MessageRow) -> int:
    """Return when a stream that *message* came by was first read (microseconds); of one that never was, when the
    message came."""
    names = [source[0] for source in orjson.loads(message.sources)]
    mine = (streams.c.instance == instance) & streams.c.stream.in_(names)
    found = connection.execute(sa.select(sa.func.min(streams.c.first_at)).where(mine)).scalar()
    return message.ingested_at if found is None else min(int(found), message.ingested_at)
