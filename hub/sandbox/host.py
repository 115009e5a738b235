"""Vendors and the control API on one loopback port."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from .control import CONTROL_PATH, control_app
from .handle import Running
from .options import SandboxOptions
from .vendor import Vendor
from .wire import TRANSPORT

GROUP = "hub.sandboxes"
# An answer that drips or hangs does not hold up the end for longer.
SHUTDOWN_S = 1
START_S = 30.0
# How often the server looks whether it should end.
TICK_S = 0.02


@dataclass(frozen=True)
class Addresses:
    """Where a sandbox listens, the keys it knows, and what else an instance of each vendor needs."""

    urls: dict[str, str]
    keys: dict[str, str]
    control: str
    settings: dict[str, dict[str, str]]

    def as_json(self) -> str:
        """For `--ready-file`."""
        return json.dumps(asdict(self))

    def lines(self) -> list[str]:
        """For a person, one line per vendor and one for the control API."""
        vendors = [f"{name}  {url}  key={self.keys[name]}" for name, url in self.urls.items()]
        return [*vendors, f"control  {self.control}"]


def installed() -> dict[str, EntryPoint]:
    """Every sandbox that a plugin declares, by vendor name; nothing is imported."""
    return {entry.name: entry for entry in sorted(entry_points(group=GROUP))}


def create(names: Sequence[str], options: SandboxOptions) -> list[Vendor]:
    """Build the vendors *names* (all installed ones if empty), all in one and the same present.

    Raises:
        ValueError: no plugin declares such a sandbox.
    """
    known = installed()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"no sandbox for {unknown[0]!r}; installed are {', '.join(known) or 'none'}")
    options = replace(options, start=options.start or datetime.now(UTC))
    return [known[name].load()(options) for name in names or known]


def application(vendors: Sequence[Vendor]) -> ASGIApp:
    """The vendors under their base paths and the control API, as one ASGI application."""
    mounts = [Mount(vendor.base_path, app=vendor.app) for vendor in vendors]
    inner = Starlette(routes=[Mount(CONTROL_PATH, app=control_app(vendors)), *mounts])

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        # Faults cut the connection; uvicorn shows its transport only to the outermost application.
        transport = getattr(getattr(send, "__self__", None), "transport", None)
        await inner({**scope, TRANSPORT: transport}, receive, send)

    return app


def serve(
    names: Sequence[str],
    options: SandboxOptions,
    host: str = "127.0.0.1",
    port: int = 8765,
    ready_file: Path | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Prints one line per vendor and one for the control API on stdout once it listens, and writes the same
    as JSON to *ready_file*. Port 0 is any free port.

    Raises:
        ValueError: no such sandbox, or options that it cannot follow.
        OSError: the port is taken.
    """
    if ready_file and not ready_file.parent.is_dir():
        raise ValueError(f"--ready-file {ready_file}: there is no folder {ready_file.parent}")
    vendors = create(names, options)
    served = [vendor.name for vendor in vendors]
    if idle := sorted(set(options.limits) - set(served)):
        raise ValueError(f"--limit {idle[0]}: that is not served; served are {', '.join(served)}")
    sock = _listen(host, port)
    addresses = _addresses(vendors, sock)
    _announce(addresses, ready_file)
    _server(vendors).run(sockets=[sock])


@contextlib.contextmanager
def running(names: Sequence[str], options: SandboxOptions, port: int = 0) -> Iterator[Running]:
    """Serve in a thread of this process for as long as the block runs.

    Raises:
        ValueError: no such sandbox, or options that it cannot follow.
        RuntimeError: the server did not start.
    """
    vendors = create(names, options)
    sock = _listen("127.0.0.1", port)
    server = _server(vendors)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, name="sandbox", daemon=True)
    addresses = _addresses(vendors, sock)
    thread.start()
    try:
        yield Running(**asdict(addresses))
    finally:
        server.should_exit = True
        thread.join(START_S)
        sock.close()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket: whoever connects from now on is answered, the server's start included."""
    sock = socket.create_server((host, port), backlog=512)
    sock.setblocking(False)
    return sock


class _Server(uvicorn.Server):
    """Ends soon, and on a signal without raising it again: to be stopped is no failure."""

    async def main_loop(self) -> None:
        ticks = 0
        while not await self.on_tick(ticks):
            ticks += 1
            await asyncio.sleep(TICK_S)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _server(vendors: Sequence[Vendor]) -> uvicorn.Server:
    config = uvicorn.Config(
        application(vendors),
        http="h11",
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return _Server(config)


def _addresses(vendors: Sequence[Vendor], sock: socket.socket) -> Addresses:
    host, port = sock.getsockname()[:2]
    root = f"http://{host}:{port}"
    return Addresses(
        urls={vendor.name: root + vendor.base_path for vendor in vendors},
        keys={vendor.name: vendor.key for vendor in vendors},
        control=root + CONTROL_PATH,
        settings={vendor.name: vendor.settings for vendor in vendors},
    )


def _announce(addresses: Addresses, ready_file: Path | None) -> None:
    for line in addresses.lines():
        sys.stdout.write(line + "\n")
    sys.stdout.flush()
    if ready_file:
        draft = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
        draft.write_text(addresses.as_json(), encoding="utf-8")
        draft.replace(ready_file)
