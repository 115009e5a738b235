"""The tickets that recorded pages become: through the pipeline's normaliser and a real store, kept as
``all.tickets.json`` beside the pages and compared by test."""

import json
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from hub.pipeline.normalize import normalize
from hub.pipeline.route import route
from hub.pipeline.source import Source
from hub.sdk import Connector, ConnectorSpec, Read, Request, Response
from hub.store import Checkpoint, StreamKey, open_store
from hub.testing.golden import check_file
from hub.testing.replay import Replay, walk

FILE = "all.tickets.json"


def golden_tickets(
    connector: Connector[Any], pages: Path, reads: Iterable[Read], now: datetime
) -> list[dict[str, Any]]:
    """Return the tickets, oldest first, as ``hub tickets export`` would write them, after *reads* one after the other.

    Args:
        connector: whose hooks are called.
        pages: folder of recordings.
        reads: what to read; pages of references are not part of it.
        now: the present of the store.
    """
    # A connector has the hooks' names and signatures; no plugin stands around it here.
    source = Source(connector.name, connector, cast(ConnectorSpec, connector), _send)
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/golden.db") as store:
        for read in reads:
            key = StreamKey(connector.name, read.stream, read.mode, read.name)
            for step in walk(connector, read, Replay(connector, pages)):
                drafts, rejected = normalize(source, step.records, read, unclean=step.response.unclean)
                store.checkpoint(
                    Checkpoint(key, connector.name, connector.namespace(), drafts, now, route, rejected=rejected)
                )
        tickets = sorted(store.iter_tickets(), key=lambda ticket: (ticket.created_at, ticket.id))
        return [ticket.model_dump(mode="json", exclude_defaults=True) for ticket in tickets]


def check_tickets(connector: Connector[Any], pages: Path, reads: Iterable[Read], now: datetime) -> None:
    """Compare the tickets with ``all.tickets.json`` beside the pages; with ``HUB_GOLDEN=write``, write it.

    Raises:
        AssertionError: the file is missing or differs; says how.
    """
    tickets = golden_tickets(connector, pages, reads, now)
    check_file(pages / FILE, json.dumps(tickets, ensure_ascii=False, indent=2, sort_keys=True) + "\n")


async def _send(request: Request) -> Response:
    raise AssertionError(f"{request.method} {request.path}: golden tickets are made without a network")
