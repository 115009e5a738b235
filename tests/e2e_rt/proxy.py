"""A proxy on loopback before RT, which keeps the answer to a write back at a moment of the test's choice."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.e2e_rt.instance import client

_PASSED_ON = ("content-type", "etag", "location")
_BOUND_S = 60.0


@dataclass
class Proxy:
    """What stands before RT at *url*.

    Attributes:
        hold: ends of paths whose POST is answered only after :meth:`let_go`; RT has done it by then.
        posts: paths of the POSTs that RT answered with 201.
        held: set while an answer is kept back.
    """

    rt: str
    url: str = ""
    hold: tuple[str, ...] = ()
    posts: list[str] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    _free: threading.Event = field(default_factory=threading.Event)

    def let_go(self) -> None:
        """Let what is kept back go on, into nothing where nobody listens any more."""
        self.hold = ()
        self._free.set()
        self.held.clear()

    def keep(self, *ends: str) -> None:
        """Keep back the answers to POSTs whose path ends so."""
        self._free.clear()
        self.held.clear()
        self.hold = ends

    def answered(self, method: str, path: str, status: int) -> None:
        """RT has answered; wait, if this answer is to be kept back."""
        if method != "POST" or status != 201:
            return
        self.posts.append(path)
        if path.endswith(self.hold or ("\0",)):
            self.held.set()
            self._free.wait(_BOUND_S)


@contextmanager
def before(rt: str) -> Iterator[Proxy]:
    """Serve a proxy before the RT at *rt*."""
    proxy = Proxy(rt)
    http = client(base_url=rt)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy, http))
    server.daemon_threads = True
    proxy.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.let_go()
        server.shutdown()
        thread.join()
        server.server_close()
        http.close()


def _handler(proxy: Proxy, http: httpx.Client) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            sent = ("authorization", "content-type", "if-match", "accept")
            headers = {name: self.headers[name] for name in sent if self.headers[name]}
            answer = http.request(self.command, self.path, content=body, headers=headers)
            proxy.answered(self.command, self.path.partition("?")[0], answer.status_code)
            with suppress(OSError):  # whom the answer was for may be dead
                self._answer(answer)

        def _answer(self, answer: httpx.Response) -> None:
            self.send_response(answer.status_code)
            for name in _PASSED_ON:
                if name in answer.headers:
                    self.send_header(name, answer.headers[name])
            self.send_header("content-length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PUT = do_DELETE = _pass  # noqa: N815 - the names that the base class calls

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    return Handler
