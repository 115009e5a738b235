"""References: read what must be known first, keep it, read it again when it is old."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from hub.pipeline.fetch import fetch_response, pages
from hub.pipeline.source import Source
from hub.sdk import HubError, Read, Reference, Response
from hub.store import Store

Kept = Mapping[str, tuple[datetime, list[Any]]]


async def with_references(source: Source, store: Store, kept: Kept, *, again: bool = True) -> tuple[Source, list[str]]:
    """Return *source* knowing its references, and what a person should be told.

    Those that are older than their cadence are read again; where that fails, the older ones serve on and the failure
    is told.

    Args:
        kept: when each reference was read, and its records.
        again: read those that are old; without it only those that were never read.

    Raises:
        HubError: a reference was never read and cannot be.
    """
    now = source.now()
    told: list[str] = []
    for reference in source.connector.references:
        read_at, value = kept.get(reference.name, (None, []))
        if read_at is None or (again and now - read_at >= reference.every):
            try:
                value = await _read(source, reference, now)
            except HubError as error:
                if read_at is None:
                    raise
                told.append(f"{reference.name} of {read_at:%Y-%m-%d %H:%M} UTC serve on: {error}")
            else:
                await store.run(store.keep_reference, source.name, reference.name, value)
        source = replace(source, reference={**source.reference, reference.name: value})
    return source, told


async def _read(source: Source, reference: Reference, now: datetime) -> list[object]:
    read = Read(stream="", mode="reference", name=reference.name, now=now, reference=source.reference)
    records: list[object] = []
    async for fetched in pages(source, read):
        records.extend(fetched.records)
    return records


async def probe(source: Source) -> Response | None:
    """Send the cheapest request that proves credentials and reachability: the first one of the first reference,
    else of the first stream. None when there is nothing to ask."""
    if source.connector.references:
        read = Read(stream="", mode="reference", name=source.connector.references[0].name, now=source.now())
    else:
        readable = "pull" in source.connector.abilities(source.connector.config)
        streams = source.connector.streams(source.reference) if readable else ()
        if not streams:
            return None
        read = Read(stream=streams[0].name, mode="poll", now=source.now())
    request = source.hooks.request(read=read)
    return None if request is None else await fetch_response(source, request)
