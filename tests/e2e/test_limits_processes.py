"""Several processes on one account: what the vendor sees, when they run together and when one of them is killed."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

_SOON_S = 15.0  # much less than a lease, and enough for a machine that is busy with other things
CALLS, PER_S = 20, 1.0
SEATS = 4
LATENCY_S = 0.02

WORKER = """
import asyncio, sys, time
from datetime import timedelta
from hub.runtime.limits import account_key
from hub.runtime.transport import Transport
from hub.sdk import ApiKey, Limit, Request
from pydantic import SecretStr

url, path, seconds, calls, per_s, seats = sys.argv[1], sys.argv[2], *map(float, sys.argv[3:])
key = "the-key-of-the-account"
limits = [Limit(calls=int(calls) or None, per_s=per_s, concurrency=int(seats))]

async def hammer(transport, until):
    while time.monotonic() < until:
        await transport.send(
            Request("GET", path), base_url=url, auth=ApiKey("X-Key", SecretStr(key)), limits=limits,
            account=account_key("test", url, [key], None), timeout=timedelta(seconds=20),
        )
        print("answered", flush=True)

async def main():
    async with Transport() as transport:
        until = time.monotonic() + seconds
        await asyncio.gather(*(hammer(transport, until) for _ in range(4)))

asyncio.run(main())
"""


class Vendor:
    """Records when requests arrive (monotonic seconds) and how many are under way; /hold never answers."""

    def __init__(self) -> None:
        self.arrivals: list[float] = []
        self.held = threading.Event()
        self.stop = threading.Event()
        self.most = 0
        self._under_way = 0
        self._lock = threading.Lock()

    def arrive(self) -> None:
        with self._lock:
            self.arrivals.append(time.monotonic())
            self._under_way += 1
            self.most = max(self.most, self._under_way)

    def leave(self) -> None:
        with self._lock:
            self._under_way -= 1

    def most_in_a_window(self, span_s: float) -> int:
        times = sorted(self.arrivals)
        return max(bisect_left(times, start + span_s) - index for index, start in enumerate(times))


@contextlib.contextmanager
def serving(vendor: Vendor) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            vendor.arrive()
            if self.path == "/hold":
                vendor.held.set()
                vendor.stop.wait()
            time.sleep(LATENCY_S)
            vendor.leave()
            with contextlib.suppress(ConnectionError):
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def handle_error(self, *_: object) -> None:
            pass  # a killed client resets its connections

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        vendor.stop.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Fleet:
    """Worker processes, each in a working folder of its own, over one state folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.workers: list[subprocess.Popen[str]] = []

    def start(self, url: str, path: str, seconds: float, calls: int, seats: int) -> "subprocess.Popen[str]":
        cwd = self._folder / f"work-{len(self.workers)}"
        cwd.mkdir()
        worker = subprocess.Popen(
            [sys.executable, "-c", WORKER, url, path, *map(str, (seconds, calls, PER_S, seats))],
            cwd=cwd,
            env={**os.environ, "HUB_STATE_DIR": str(self._folder / "state")},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.workers.append(worker)
        return worker

    def end(self) -> None:
        for worker in self.workers:
            worker.kill()
            worker.communicate()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    made = Fleet(tmp_path)
    yield made
    made.end()


def three_processes(fleet: Fleet) -> tuple[Vendor, list[int]]:
    """Let three processes call for two seconds; return whom they called, and how many answers each had."""
    vendor = Vendor()
    with serving(vendor) as url:
        workers = [fleet.start(url, "/", 2.0, CALLS, SEATS) for _ in range(3)]
        shares = [worker.communicate(timeout=60)[0].count("answered") for worker in workers]
    assert [worker.returncode for worker in workers] == [0, 0, 0]
    return vendor, shares


def test_three_processes_together_never_exceed_a_window_nor_waste_it(fleet: Fleet) -> None:
    for _ in range(3):  # where the machine stands still for a moment, what was sent apart arrives together
        vendor, shares = three_processes(fleet)
        if vendor.most_in_a_window(PER_S) <= CALLS:
            break
    assert vendor.most_in_a_window(PER_S) <= CALLS
    assert vendor.most <= SEATS
    span_s = max(vendor.arrivals) - min(vendor.arrivals)
    assert len(vendor.arrivals) >= CALLS * span_s / PER_S / 2
    assert min(shares) > 0  # nobody starves


def test_a_process_killed_in_flight_frees_its_seat_at_once_and_blocks_nobody(fleet: Fleet) -> None:
    vendor = Vendor()
    with serving(vendor) as url:
        killed = fleet.start(url, "/hold", 30, 0, 1)
        assert vendor.held.wait(10)
        other = fleet.start(url, "/", 0.5, 0, 1)
        time.sleep(0.7)
        assert len(vendor.arrivals) == 1  # the only seat is taken
        killed.send_signal(signal.SIGKILL)
        killed.wait(5)
        killed_at = time.monotonic()
        out, _ = other.communicate(timeout=60)
    assert out.count("answered") >= 1
    assert vendor.arrivals[1] - killed_at < _SOON_S


def test_what_a_killed_process_had_in_flight_still_counts_for_the_window_and_then_no_more(fleet: Fleet) -> None:
    vendor = Vendor()
    with serving(vendor) as url:
        killed = fleet.start(url, "/hold", 30, 4, 4)
        assert vendor.held.wait(10)
        while len(vendor.arrivals) < 4:
            time.sleep(0.01)
        killed.send_signal(signal.SIGKILL)
        killed.wait(5)
        killed_at = time.monotonic()
        other = fleet.start(url, "/", 0.1, 4, 4)
        assert other.communicate(timeout=60)[0].count("answered") >= 4
    assert vendor.most_in_a_window(PER_S) <= 4
    assert vendor.arrivals[4] >= killed_at  # until then all places were taken
    assert vendor.arrivals[4] - killed_at < _SOON_S
