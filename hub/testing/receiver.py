"""A real HTTP server on loopback that takes what vendors send by themselves."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

Call = tuple[str, dict[str, str], bytes]
"""Path with query, headers (names in lower case), body."""

_STEP_S = 0.01
_QUIET_S = 0.2  # nothing more comes once nothing has come for so long


class Receiver:
    """Answers every POST with 200 and keeps it; a context manager. ``url`` is where it listens."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        calls = self.calls

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                calls.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_STEP_S,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, number: int, seconds: float = 20.0) -> list[Call]:
        """Return the calls once there are *number* of them and no more come; after *seconds*, what there is."""
        deadline = time.monotonic() + seconds
        seen, since = 0, time.monotonic()
        while time.monotonic() < deadline and (seen < number or time.monotonic() - since < _QUIET_S):
            if len(self.calls) != seen:
                seen, since = len(self.calls), time.monotonic()
            time.sleep(_STEP_S)
        return list(self.calls)
