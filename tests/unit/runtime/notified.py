"""A real HTTP server that takes what people are told, and fails as it is told."""

import asyncio
import json
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Phone:
    """Whom one tells; ``told`` holds title and body of each message, ``url`` is the address with a secret in it."""

    secret = "s3cr3t-token"

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.failing: deque[int] = deque()
        self.always: int | None = None
        phone = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status = phone.always or (phone.failing.popleft() if phone.failing else 200)
                if status == 200:
                    phone.told.append((sent["title"], sent["message"]))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"json://127.0.0.1:{self._server.server_port}/hooks/{self.secret}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def end_s(tell: Callable[[str], Coroutine[Any, Any, object]]) -> float:
    """Give *tell* the address of a server that takes calls and never answers, and cancel it in the middle of one;
    return how long it takes until its loop has ended, seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        url = f"json://127.0.0.1:{server.getsockname()[1]}/hooks"
        before = set(threading.enumerate())
        called, cancelled_at = asyncio.run(_cancelled(server, tell(url)))
        left = {one.name for one in set(threading.enumerate()) - before if not one.name.startswith("store")}
        assert left <= {"aside"}, "a pool's threads are waited for at the end of the process"
        with called:  # it stays open while the loop comes to its end
            return time.monotonic() - cancelled_at


async def _cancelled(server: socket.socket, telling: Coroutine[Any, Any, object]) -> tuple[socket.socket, float]:
    task = asyncio.create_task(telling)
    called, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(server), 30)
    cancelled_at = time.monotonic()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return called, cancelled_at
