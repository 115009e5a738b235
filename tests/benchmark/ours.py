"""The same mentions through the hub: the real connector, engine, store, checkpoints, messages, events, originals.

Run as ``python -m tests.benchmark.ours PORT FOLDER``; prints its figures as JSON.
"""

import asyncio
import os
import resource
import sys
import time
from pathlib import Path

import orjson

from hub.runtime.collector import relaxed_collector
from hub.runtime.config import load_settings
from hub.runtime.instance_run import InstanceRun
from hub.runtime.plugins import discover
from hub.runtime.reports import SyncReport
from hub.runtime.sources import Workshop
from hub.runtime.transport import Transport
from hub.store import Store, open_store

_POLLS = 50
TOML = """
store = "sqlite:///hub.db"
[instances.bench]
connector = "youscan"
base_url = "http://127.0.0.1:{port}"
api_key = {{ env = "BENCH_KEY" }}
rate = "off"
sweeps = "off"
"""


async def _run(port: int, folder: Path) -> dict[str, float]:
    os.environ["HUB_STATE_DIR"] = str(folder / "state")
    (folder / "hub.toml").write_text(TOML.format(port=port))
    settings = load_settings(folder / "hub.toml", discover(), {"BENCH_KEY": "benchmark-key"})
    with open_store(settings.store) as store:
        async with Transport() as transport:
            workshop = Workshop(settings, transport)
            report = SyncReport()
            wall, cpu = time.perf_counter(), time.process_time()
            with relaxed_collector():
                await InstanceRun(workshop, store, settings.instances["bench"], report, None).sync(sweeps=False)
            read_cpu, read_wall = time.process_time() - cpu, time.perf_counter() - wall
            cpu = time.process_time()
            with relaxed_collector():
                while store.index_batch():
                    pass
            index_cpu = time.process_time() - cpu
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            idle = await _no_news(workshop, store)
        tickets = store.summary().tickets
    if not report.ok:
        raise SystemExit(f"the run failed: {report.problems} {report.streams}")
    return {
        "records": report.streams[0].records,
        "tickets": tickets,
        "cpu_s": read_cpu,
        "wall_s": read_wall,
        "index_cpu_s": index_cpu,
        "peak_mib": peak,
        "no_news_ms": idle,
    }


async def _no_news(workshop: Workshop, store: Store) -> float:
    cpu = time.process_time()
    for _ in range(_POLLS):
        instance = workshop.settings.instances["bench"]
        await InstanceRun(workshop, store, instance, SyncReport(), None).sync(sweeps=False)
    return (time.process_time() - cpu) / _POLLS * 1000


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_run(int(sys.argv[1]), Path(sys.argv[2])))))
