"""What a daemon answers over HTTP: how it is, figures for Prometheus, and the vendors' calls.

A vendor's call is a hint that something changed, never the record: it is checked, answered at once, and lets the
instance be polled soon. So calls that come twice, late, or never do no harm.
"""

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from hub.sdk import AuthError, ConfigError, HubError, Webhook

if TYPE_CHECKING:
    from hub.runtime.daemon import Daemon

MAX_BODY_BYTES = 1_000_000
"""A vendor's call that is larger is refused."""

BODY_S = 10.0
"""A vendor's call must have come within this time."""

IDLE_S = 10.0
"""A connection without a request is closed after this time, or within as much again."""

LONGEST_S = 30.0
"""A request whose answer was not taken by then loses its connection, or within :data:`IDLE_S` more."""

_CALLS_A_SECOND = 20.0  # of one instance with the right secret, on average
_BURST = 200.0
_AT_ONCE = 200  # connections
_REFUSALS_A_SECOND = 1.0  # wrong secrets of one instance
_REFUSALS_BURST = 20.0
_TELL_EVERY_S = 600.0  # of wrong secrets: the log is for what is new
_DOUBTED_BYTES = (
    65_536  # what vendors send is smaller; while there are many wrong secrets, no more is read to look at one
)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Bucket:
    """An allowance that fills with time: *rate* a second up to *burst*."""

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _left: float = field(init=False)
    _at: float = field(init=False)

    def __post_init__(self) -> None:
        self._left, self._at = self.burst, self.clock()

    @property
    def is_empty(self) -> bool:
        """Whether nothing may be taken now."""
        return self._filled() < 1

    def take(self) -> bool:
        """Take one, if there is one; return whether there was."""
        left = self._filled()
        self._left, self._at = (left - 1 if left >= 1 else left), self.clock()
        return left >= 1

    def _filled(self) -> float:
        return min(self.burst, self._left + (self.clock() - self._at) * self.rate)


@dataclass(slots=True)
class Refusals:
    """Calls to one instance that did not bring its secret: how many more are looked at closely, and when to tell."""

    clock: Callable[[], float] = time.monotonic
    bucket: Bucket = field(init=False)
    _untold: int = 0
    _told_at: float | None = None

    def __post_init__(self) -> None:
        self.bucket = Bucket(_REFUSALS_A_SECOND, _REFUSALS_BURST, self.clock)

    def note(self) -> int | None:
        """Note one; return how many there were since it was last told of, where it is time to tell again."""
        self._untold += 1
        now = self.clock()
        if self._told_at is not None and now - self._told_at < _TELL_EVERY_S:
            return None
        times, self._untold, self._told_at = self._untold, 0, now
        return times


class Doors:
    """The handlers of one daemon."""

    def __init__(self, daemon: "Daemon") -> None:
        self._daemon = daemon
        self._calls: dict[str, Bucket] = {}
        self._refusals: dict[str, Refusals] = {}

    def app(self) -> Starlette:
        """Return them as an application."""
        return Starlette(
            routes=[
                Route("/health", self.health),
                Route("/ready", self.ready),
                Route("/metrics", self.metrics),
                Route("/hooks/{instance}", self.hook, methods=["POST"]),
                Route("/hooks/{instance}/{rest:path}", self.hook, methods=["POST"]),
            ]
        )

    async def health(self, request: Request) -> Response:
        """200 while the process works; 503 where a restart or a person must help: the store cannot be used, or no round
        began for long."""
        store, quiet_s = self._daemon.conditions.store, self._daemon.quiet_s
        well = store is None and quiet_s < self._daemon.longest_quiet_s
        told = {"status": "ok" if well else "failing", "store": store, "last_round_s": round(quiet_s, 3)}
        return JSONResponse(told, 200 if well else 503)

    async def ready(self, request: Request) -> Response:
        """200 while it reads and delivers, with how every instance fares; 503 before and after that."""
        ready = self._daemon.is_ready
        return JSONResponse({"ready": ready, "instances": self._daemon.told()}, 200 if ready else 503)

    async def metrics(self, request: Request) -> Response:
        """Figures in Prometheus' text form."""
        from hub.runtime.metrics import CONTENT_TYPE

        return PlainTextResponse(await self._daemon.metrics(), media_type=CONTENT_TYPE)

    async def hook(self, request: Request) -> Response:
        """Take a vendor's call: 204 taken, 400 cannot be read, 401 refused, 404 no such instance, 408 too slow, 413 too
        large, 429 too many.

        Whether it has the secret is looked at first, whatever others sent: nobody without it shuts out the vendor.
        """
        name = request.path_params["instance"]
        if not self._daemon.receives(name):
            return _refusal(404, "no such hook")
        doubted = self._refused(name).bucket.is_empty
        try:
            async with asyncio.timeout(BODY_S):
                body = await _body(request, _DOUBTED_BYTES if doubted else MAX_BODY_BYTES)
        except TimeoutError:
            return _refusal(408, f"not here within {BODY_S:.0f} seconds", {"connection": "close"})
        except ClientDisconnect:
            return _refusal(400, "gone")
        if body is None and doubted:
            return _refusal(429, "too many refused calls", {"retry-after": "10", "connection": "close"})
        if body is None:
            return _refusal(413, f"more than {MAX_BODY_BYTES} bytes", {"connection": "close"})
        return self._taken(name, Webhook(dict(request.headers), body, request.path_params.get("rest", "")))

    def _taken(self, name: str, webhook: Webhook) -> Response:
        try:
            streams = self._daemon.verified(name, webhook)
        except AuthError as error:
            if times := self._refused(name).note():
                _log.warning("webhook refused", extra={"instance": name, "error": str(error), "times": times})
            if not self._refused(name).bucket.take():
                return _refusal(429, "too many refused calls", {"retry-after": "10"})
            return _refusal(401, "refused")
        except HubError as error:
            _log.warning("webhook not understood", extra={"instance": name, "error": str(error)})
            return _refusal(400, "not understood")
        except Exception:  # a connector's own fault: the poll finds what the call was about
            _log.exception("webhook failed", extra={"instance": name})
            return _refusal(500, "failed")
        if not self._calls.setdefault(name, Bucket(_CALLS_A_SECOND, _BURST)).take():
            return _refusal(429, "too many calls", {"retry-after": "1"})
        self._daemon.hinted(name, streams)
        return Response(status_code=204)

    def _refused(self, name: str) -> Refusals:
        return self._refusals.setdefault(name, Refusals())


def _refusal(status: int, told: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"message": told}, status, headers=headers)


async def _body(request: Request, most: int) -> bytes | None:
    """Return the body, None where it is or says it will be of more than *most* bytes: it is not read further then."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told[:20]) > most:
        return None
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


def listening(at: tuple[str, int]) -> socket.socket:
    """Return a socket that listens at host and port; port 0 is any free one.

    Raises:
        ConfigError: nothing can listen there.
    """
    try:
        return socket.create_server(at, family=socket.AF_INET6 if ":" in at[0] else socket.AF_INET)
    except OSError as error:
        raise ConfigError(
            f'cannot listen at {at[0]}:{at[1]} ({error.strerror}); write another "listen" into hub.toml, or "off"'
        ) from error


class PatientProtocol(H11Protocol):
    """HTTP/1.1 that gives up callers who send half a request, nothing at all, or do not read their answer: uvicorn by
    itself keeps a place for each of them until no place is left. Where no place is left, whoever has taken longest to
    say what he wants makes way: a crowd that says nothing keeps nobody out."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        self._seen: Any = None
        self.since = self.loop.time()
        self._looks = self.loop.call_later(IDLE_S, self._look)
        self._make_way()

    def _make_way(self) -> None:
        if len(self.connections) <= _AT_ONCE:
            return
        here = [one for one in self.connections if isinstance(one, PatientProtocol) and not one.transport.is_closing()]
        if len(here) > _AT_ONCE:
            min((one for one in here if not one.is_answered), key=lambda one: one.since).transport.abort()

    @property
    def is_answered(self) -> bool:
        """Whether all of a request is here, and its answer is not given yet."""
        return self.cycle is not None and not self.cycle.response_complete and not self.cycle.more_body

    def connection_lost(self, exc: Exception | None) -> None:
        self._looks.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        now, cycle = self.loop.time(), self.cycle
        if cycle is not self._seen:
            self._seen, self.since = cycle, now
        under_way = cycle is not None and not cycle.response_complete
        if now - self.since >= (LONGEST_S if under_way else 0):
            self.transport.abort()
        else:
            self._looks = self.loop.call_later(IDLE_S, self._look)


class _Server(uvicorn.Server):
    """Leaves the signals to the daemon."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(daemon: "Daemon", at: socket.socket) -> None:
    """Serve *daemon* on the socket *at* until cancelled."""
    # What callers do wrong is no business of the log; whom a call says it comes from, nobody asks.
    options: dict[str, Any] = {"log_config": None, "log_level": "error", "access_log": False, "proxy_headers": False}
    options |= {"server_header": False, "interface": "asgi3", "lifespan": "off", "ws": "none", "http": PatientProtocol}
    options["h11_max_incomplete_event_size"] = 32_768  # headers
    app = partial(_unbroken, Doors(daemon).app())
    config = uvicorn.Config(app, timeout_keep_alive=15, **options)
    server = _Server(config)
    host, port = at.getsockname()[:2]
    _log.info("listening", extra={"url": f"http://{host}:{port}"})
    serving = asyncio.create_task(server.serve([at]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = server.force_exit = True
        await serving
        await _hung_up(server)
        raise


async def _hung_up(server: uvicorn.Server) -> None:
    """Leave whoever still waits for an answer: it may be one that the store does not give."""
    state = server.server_state
    for connection in list(state.connections):
        connection.transport.abort()
    await asyncio.sleep(0)  # until the connections know: an answer to nobody is no error then
    tasks = list(state.tasks)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _unbroken(app: Starlette, scope: Scope, receive: Receive, send: Send) -> None:
    """Call *app*; that it is ended in the middle is no fault of it that the log should tell."""
    with suppress(asyncio.CancelledError):
        await app(scope, receive, send)
