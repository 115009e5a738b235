"""Pages in flight: a source that names its pages ahead (offsets), read with one and with four requests at once.

Run as ``python -m tests.benchmark.ahead PORT FOLDER WIDTH``; prints its figures as JSON.
"""

import asyncio
import os
import resource
import sys
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson

from hub.pipeline.poll import Run
from hub.pipeline.source import Source, utc_now
from hub.runtime.plugins import hooks, instance_manager
from hub.runtime.transport import Transport
from hub.sdk import Connector, ConnectorConfig, Cursor, NoAuth, Page, Read, Record, Request, Response, TicketDraft
from hub.store import StreamKey, open_store

_SIZE = 100


class Offsets(Connector[ConnectorConfig]):
    """The benchmark's source, read by offset: the first page says how many there are."""

    name = "offsets"
    Config = ConnectorConfig

    def request(self, read: Read) -> Request:
        return self._page(0)

    def _page(self, offset: int) -> Request:
        return Request("GET", "/topics/1/mentions", params={"sinceSeq": offset, "size": _SIZE})

    def parse(self, response: Response, read: Read) -> Page:
        body = response.json()
        first = response.request.params["sinceSeq"] == 0
        ahead = [self._page(offset) for offset in range(_SIZE, body["total"], _SIZE)] if first else []
        return Page(records=body["mentions"], ahead=ahead)

    def position(self, record: Record) -> Cursor:
        return {"seq": record["seq"]}

    def normalize(self, record: Record, read: Read) -> TicketDraft:
        return TicketDraft.of(
            source_id=record["id"],
            kind="mention",
            platform=record["source"],
            body=record["text"],
            created_at=record["published"],
        )


async def _run(port: int, folder: Path, width: int) -> dict[str, Any]:
    os.environ["HUB_STATE_DIR"] = str(folder / "state")
    connector = Offsets(ConnectorConfig(connector="offsets"))
    with open_store(f"sqlite:///{folder / 'ahead.db'}") as store:
        async with Transport() as transport:

            async def send(request: Request) -> Response:
                return await transport.send(
                    request,
                    base_url=f"http://127.0.0.1:{port}",
                    auth=NoAuth(),
                    limits=(),
                    account="bench",
                    timeout=timedelta(seconds=30),
                )

            source = Source("bench", connector, hooks(instance_manager(connector, ())), send)
            run = Run(
                replace(source, width=width),
                store,
                StreamKey("bench", "offsets", "poll"),
                Read(stream="offsets", mode="poll", now=utc_now()),
            )
            wall, cpu = time.perf_counter(), time.process_time()
            await run.finish()
            figures = {"records": run.counts.records, "wall_s": time.perf_counter() - wall}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**figures, "cpu_s": time.process_time() - cpu, "peak_mib": peak}


if __name__ == "__main__":
    port, folder, width = int(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_run(port, folder, width))))
