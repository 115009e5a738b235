"""The page that stopped a stream, kept until the stream is well again: what its connector's author must see."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import zstandard

from hub.store.page import StreamKey
from hub.store.tables import failed_pages, instant, micros

_LEVEL = 3


@dataclass(frozen=True, slots=True)
class FailedPage:
    """The last answer of a stream (``name`` empty) or one of its sweeps that could not be read.

    Attributes:
        request: what was asked: method, path and parameters.
        status: of the answer.
        error: what is wrong with it.
        body: as it came, our secrets taken out.
    """

    instance: str
    stream: str
    name: str
    request: str
    status: int
    error: str
    seen_at: datetime
    body: bytes


def keep(connection: sa.Connection, page: FailedPage) -> None:
    """Keep *page* in place of the one before it."""
    forget(connection, StreamKey(page.instance, page.stream, "poll", page.name))
    connection.execute(
        sa.insert(failed_pages).values(
            instance=page.instance,
            stream=page.stream,
            name=page.name,
            request=page.request,
            status=page.status,
            error=page.error,
            seen_at=micros(page.seen_at),
            body=zstandard.ZstdCompressor(level=_LEVEL).compress(page.body),
        )
    )


def forget(connection: sa.Connection, key: StreamKey) -> None:
    """Forget the page of a stream that is well again."""
    of = (failed_pages.c.instance, failed_pages.c.stream, failed_pages.c.name)
    connection.execute(sa.delete(failed_pages).where(sa.tuple_(*of) == (key.instance, key.stream, key.name)))


def pages_of(connection: sa.Connection, instance: str) -> list[FailedPage]:
    """Return the pages kept of *instance*, newest first."""
    query = sa.select(failed_pages).where(failed_pages.c.instance == instance)
    unpack = zstandard.ZstdDecompressor().decompress
    return [
        FailedPage(
            row.instance,
            row.stream,
            row.name,
            row.request,
            row.status,
            row.error,
            instant(row.seen_at),
            unpack(row.body),
        )
        for row in connection.execute(query.order_by(failed_pages.c.seen_at.desc(), failed_pages.c.n.desc()))
    ]
