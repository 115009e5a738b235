"""References: read what must be known first, keep it, read it again when it is old."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hub.pipeline.fetch import fetch, pages
from hub.pipeline.source import Source
from hub.sdk import Connector, Cursor, HubError, Read, Reference, Request, Response
from hub.store import Store

Kept = Mapping[str, tuple[datetime, list[Any]]]


@dataclass(frozen=True, slots=True)
class Known:
    """A source that knows its references.

    Attributes:
        stale: why those that could not be read again are older than they should be.
        warned: what the pages of each reference that was read now warned of, by its name.
    """

    source: Source
    stale: tuple[str, ...]
    warned: Mapping[str, tuple[str, ...]]


async def with_references(source: Source, store: Store, kept: Kept, *, again: bool = True) -> Known:
    """Return *source* knowing its references.

    Those that are older than their cadence are read again; where that fails, the older ones serve on.

    Args:
        kept: when each reference was read, and its records.
        again: read those that are old; without it only those that were never read.

    Raises:
        HubError: a reference was never read and cannot be.
    """
    now = source.now()
    stale: list[str] = []
    warned: dict[str, tuple[str, ...]] = {}
    for reference in source.connector.references:
        read_at, value = kept.get(reference.name, (None, []))
        if read_at is None or (again and now - read_at >= reference.every):
            try:
                value, warned[reference.name] = await _read(source, reference, now)
            except HubError as error:
                if read_at is None:
                    raise
                stale.append(f"{reference.name} of {read_at:%Y-%m-%d %H:%M} UTC serve on: {error}")
            else:
                await store.run(store.keep_reference, source.name, reference.name, value)
        source = replace(source, reference={**source.reference, reference.name: value})
    return Known(source, tuple(stale), warned)


async def _read(source: Source, reference: Reference, now: datetime) -> tuple[list[object], tuple[str, ...]]:
    read = Read(stream="", mode="reference", name=reference.name, now=now, reference=source.reference)
    records: list[object] = []
    warnings: dict[str, None] = {}
    async for fetched in pages(source, read):
        records.extend(fetched.records)
        warnings.update(dict.fromkeys(fetched.page.warnings))
    return records, tuple(warnings)


async def probe(source: Source, cursors: Mapping[str, Cursor]) -> list[Response]:
    """Ask what a sync would ask first: the first page of each reference and of one stream. Nothing is stored.

    Args:
        cursors: where the streams stand, by name.

    Returns:
        What came back, in order; none when there is nothing to ask.

    Raises:
        HubError: one of them cannot be read.
    """
    answers: list[Response] = []

    async def noted(request: Request) -> Response:
        answers.append(await source.send(request))
        return answers[-1]

    asking, now = replace(source, send=noted), source.now()
    for reference in source.connector.references:
        read = Read(stream="", mode="reference", name=reference.name, now=now, reference=asking.reference)
        records = await _first_page(asking, read)
        asking = replace(asking, reference={**asking.reference, reference.name: records})
    readable = "pull" in source.connector.abilities(source.connector.config)
    for stream in tuple(source.connector.streams(asking.reference))[:1] if readable else ():
        cursor = cursors.get(stream.name)
        await _first_page(asking, Read(stream.name, "poll", now, cursor=cursor, reference=asking.reference))
    return answers


async def _first_page(source: Source, read: Read) -> Sequence[object]:
    if type(source.connector).pages is not Connector.pages:
        async with aclosing(pages(source, read)) as walk:
            async for fetched in walk:
                return fetched.records
        return ()
    request = source.hooks.request(read=read)
    return () if request is None else (await fetch(source, request, read)).records
