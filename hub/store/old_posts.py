"""Tickets that ring nobody's phone, as their customer wrote long before the hub read their source for the first time.

What is measured is when the source was first read, not when the message came: after a standstill what was written
meanwhile is news, however late it is read.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import orjson
import sqlalchemy as sa

from hub.routing.moments import HISTORY
from hub.store.notices import NOTIFY
from hub.store.rows import MessageRow, TicketRow
from hub.store.tables import micros, outbox, streams

_HISTORY = HISTORY // timedelta(microseconds=1)


def is_old(
    connection: sa.Connection,
    row: TicketRow,
    written: Iterable[MessageRow],
    start: datetime | None,
    *,
    wanted: bool = False,
) -> bool:
    """Whether the customer of the ticket *row* wrote last before *start*; None: long before the stream was first read,
    and nobody was ever told of it.

    Args:
        written: all of its messages.
        wanted: a person asks to be told of the past too; *start* holds all the same.
    """
    said = (one for one in written if one.direction == "in" and not one.hidden)
    last = max(said, key=lambda one: one.created_at, default=None)
    if last is None:
        return False
    if start is not None:
        return last.created_at < micros(start)
    if wanted or last.created_at >= _first_read(connection, row.instance, last) - _HISTORY:
        return False
    notices = sa.select(outbox.c.n).where(outbox.c.ticket_n == row.n, outbox.c.effect == NOTIFY)
    return connection.execute(notices.limit(1)).first() is None


def _first_read(connection: sa.Connection, instance: str, message: MessageRow) -> int:
    """Return when a stream that *message* came by was first read (microseconds); of one that never was, when the
    message came."""
    names = [source[0] for source in orjson.loads(message.sources)]
    mine = (streams.c.instance == instance) & streams.c.stream.in_(names)
    found = connection.execute(sa.select(sa.func.min(streams.c.first_at)).where(mine)).scalar()
    return message.ingested_at if found is None else min(int(found), message.ingested_at)
