"""Requests over the network: clients, TLS, credentials, deadlines, redirects. The one home of httpx.

Each origin has a client of its own with few connections and a line of our own in front of it: httpx's pool gets slow
when many requests wait in it. What httpx and httpcore raise carries the full URL, and with it secrets: it becomes an
error of ours whose text has neither query nor secret, and it is raised outside the ``except`` block, so that the
original does not hang on to it as ``__context__``.

A TLS certificate that is refused is a ``TransientError``, though a person has to act: mostly it is the far side that
renews it, the instance must then go on by itself, and nothing of ours was sent.
"""

import asyncio
import contextlib
import ipaddress
import logging
import ssl
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from importlib.metadata import version
from socket import gaierror
from types import ModuleType, TracebackType
from typing import Self, cast
from urllib.parse import urlsplit

from hub.runtime.body import Body
from hub.runtime.hops import Hop, origin, redact
from hub.runtime.limits import Limiter
from hub.sdk import Auth, ConfigError, HubError, Limit, Request, Response, SourceError, TransientError

# httpx imports its command line, and with it rich and pygments, whenever these are installed: 60 ms and 8 MB for
# nothing. None is the import system's word for "not there", which httpx is prepared for.
sys.modules.setdefault("httpx._main", cast(ModuleType, None))

import httpx  # noqa: E402 - after the line above, or it comes too late

__all__ = ["MAX_BODY_BYTES", "MAX_CONNECTIONS", "MAX_REDIRECTS", "Transport", "redact"]

MAX_CONNECTIONS = 16  # per origin
MAX_REDIRECTS = 5
MAX_BODY_BYTES = 64 * 1024 * 1024  # after decompression

_CONNECT_S = 10.0
_KEEPALIVE_S = 20.0
_LEASE_MARGIN_S = 10.0
_REDIRECTS = (301, 302, 303, 307, 308)
_LOCATION = "hub_location"

# What may lie behind a connection that failed, the most telling first.
_CAUSES: dict[type[BaseException], str] = {
    ssl.SSLCertVerificationError: (
        "the TLS certificate of {host} is refused (expired, for another name, or of an unknown authority);"
        " set SSL_CERT_FILE to your own authority's file, or wait until it is renewed"
    ),
    ssl.SSLError: "no TLS connection to {host}; check that `base_url` has the right scheme and port",
    gaierror: "the host name {host} is not known; check `base_url` and DNS",
    ConnectionRefusedError: "{host} refused the connection; check `base_url` and whether it is up",
}

# They log full URLs at INFO and headers at DEBUG, and nothing at WARNING.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)


class Transport:
    """Sends requests; one per process, as an async context manager.

    Args:
        limiter: keeps the vendors' limits; closed together with the transport.
        max_body_bytes: a longer body, counted after decompression, is a ``SourceError``.
    """

    def __init__(self, limiter: Limiter | None = None, *, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._limiter = limiter or Limiter()
        self._max_body_bytes = max_body_bytes
        self._hosts: dict[str, _Host] = {}
        self._tls: ssl.SSLContext | None = None
        self._headers = {
            "user-agent": f"helpdesk-hub/{version('helpdesk-hub')}",
            "accept": "application/json, */*;q=0.5",
            "accept-encoding": "gzip, deflate",
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for host in self._hosts.values():
            await host.client.aclose()
        self._hosts.clear()
        self._limiter.close()

    async def send(
        self,
        request: Request,
        *,
        base_url: str,
        auth: Auth,
        limits: Sequence[Limit],
        account: str,
        timeout: timedelta,  # noqa: ASYNC109 - it leaves out the wait for the limiter, which a caller's could not
        waited: Callable[[float], None] | None = None,
    ) -> Response:
        """Send *request* and return the answer, whatever its status; redirects are followed unless it says otherwise.

        Args:
            request: its path is below *base_url*, or a full URL.
            base_url: the instance's; credentials go to its origin alone.
            auth: the credentials.
            limits: what the request counts against; see :meth:`Limiter.slot`.
            account: whom the limits belong to; from :func:`hub.runtime.limits.account_key`.
            timeout: deadline of the whole, body and redirects included; waiting for *limits* does not count.
            waited: told how many seconds that took.

        Raises:
            TransientError: the source is away, slow, or broke off. ``undone`` when nothing was sent.
            SourceError: a body that is too long or cannot be decoded, a redirect that must not be followed, a
                request that cannot be written down.
            ConfigError: a URL or a header that cannot be sent.
        """
        hop = Hop.first(request, base_url, auth, self._headers)
        left_s = timeout.total_seconds()
        for _ in range(MAX_REDIRECTS + 1):
            asked = time.monotonic()
            # Another host is no part of the account.
            async with self._limiter.slot(account, limits if hop.trusted else (), 2 * left_s + _LEASE_MARGIN_S):
                if waited is not None:
                    waited(time.monotonic() - asked)
                host = self._host(hop)
                async with host.line:
                    started = time.monotonic()
                    answer = await self._exchange(host.client, hop, left_s, timeout)
                    left_s -= time.monotonic() - started
            if answer.location is None:
                return Response(answer.status, answer.headers, answer.content, request)
            if not request.redirects:
                headers = {**answer.headers, "location": answer.location}
                return Response(answer.status, headers, answer.content, request)
            hop = hop.redirected(answer.status, answer.location, self._headers)
        raise SourceError(f"{hop.label}: more than {MAX_REDIRECTS} redirects; check `base_url`")

    async def hold(self, account: str, limits: Sequence[Limit], wait: timedelta) -> None:
        """Let no process start what counts against *limits* before *wait* is over; see :meth:`Limiter.hold`."""
        await self._limiter.hold(account, limits, wait.total_seconds())

    def _host(self, hop: Hop) -> "_Host":
        where = origin(hop.url)
        if where not in self._hosts:
            # What goes wrong here quotes a proxy's address, which may hold a password.
            with contextlib.suppress(OSError, ValueError, httpx.InvalidURL, ImportError):
                self._hosts[where] = self._new_host(hop.url)
        if where not in self._hosts:
            raise ConfigError(
                f"{hop.label}: no client can be made; check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE"
            )
        return self._hosts[where]

    def _new_host(self, url: str) -> "_Host":
        parts = urlsplit(url)
        client = httpx.AsyncClient(
            verify=self._context() if parts.scheme == "https" else _no_authorities(),
            trust_env=not _is_loopback(parts.hostname or ""),
            event_hooks={"response": [_take_location]},
            limits=httpx.Limits(
                max_connections=MAX_CONNECTIONS,
                max_keepalive_connections=MAX_CONNECTIONS,
                keepalive_expiry=_KEEPALIVE_S,
            ),
        )
        client.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        return _Host(client, asyncio.Semaphore(MAX_CONNECTIONS))

    def _context(self) -> ssl.SSLContext:
        """Return the one TLS context. Made late: reading the authorities costs some 20 ms."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls

    async def _exchange(self, client: httpx.AsyncClient, hop: Hop, left_s: float, whole: timedelta) -> "_Answer":
        failure: HubError
        try:
            async with asyncio.timeout(left_s), _streamed(client, hop, left_s) as answer:
                body = Body(answer.headers.get("content-encoding", ""), self._max_body_bytes, lambda: hop.label)
                async for chunk in answer.aiter_raw():
                    body.feed(chunk)
                location = answer.extensions.get(_LOCATION)
                return _Answer(answer.status_code, _plain(answer.headers), body.finish(), location)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout):
            failure = TransientError(
                f"{hop.label}: no complete answer within {whole.total_seconds():g} s;"
                " the source is slow or stuck: raise `timeout` if it always is"
            )
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            failure = _translated(error, hop)
        raise failure


@dataclass(frozen=True, slots=True)
class _Host:
    client: httpx.AsyncClient
    line: asyncio.Semaphore


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    content: bytes
    location: str | None  # where it redirects to


@contextlib.asynccontextmanager
async def _streamed(client: httpx.AsyncClient, hop: Hop, left_s: float) -> AsyncIterator[httpx.Response]:
    timeouts = httpx.Timeout(left_s, connect=min(_CONNECT_S, left_s)).as_dict()
    # Built without the client, which would merge in its own headers and cookies.
    outgoing = hop.outgoing
    request = httpx.Request(
        outgoing.method, outgoing.url, headers=outgoing.headers, content=outgoing.body, extensions={"timeout": timeouts}
    )
    answer = await client.send(request, stream=True, follow_redirects=False)
    try:
        yield answer
    finally:
        await answer.aclose()


async def _take_location(answer: httpx.Response) -> None:
    """Hide a redirect from httpx, which would prepare a request for it, whatever the address, and fail in between."""
    if answer.status_code in _REDIRECTS and "location" in answer.headers:
        answer.extensions[_LOCATION] = answer.headers.pop("location")


def _translated(error: Exception, hop: Hop) -> HubError:
    """Return *error* as one of ours; nothing of its own text is taken over, for it may hold the URL."""
    host = urlsplit(hop.url).hostname
    label = hop.label
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return TransientError(f"{label}: no connection to {host} in time; check network and proxy", undone=True)
    if isinstance(error, httpx.ConnectError):
        return TransientError(f"{label}: {_why_no_connection(error, host)}", undone=True)
    if isinstance(error, httpx.ProxyError):
        return TransientError(f"{label}: the proxy refused; check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY", undone=True)
    if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError | OSError):
        return TransientError(f"{label}: the connection broke off before the answer was complete")
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return ConfigError(f"{label}: no usable address; check `base_url` (https://host[:port])")
    if isinstance(error, httpx.LocalProtocolError | ValueError):
        return ConfigError(
            f"{label}: the request cannot be sent; look for a line break or a letter beyond ASCII in the credentials"
        )
    return TransientError(f"{label}: {type(error).__name__}")


def _why_no_connection(error: BaseException, host: str | None) -> str:
    causes = tuple(_chain(error))
    for kind, why in _CAUSES.items():
        if any(isinstance(cause, kind) for cause in causes):
            return why.format(host=host)
    return f"{host} cannot be reached; check the network"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            yield from error.exceptions
        error = error.__cause__ or error.__context__


def _plain(headers: httpx.Headers) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _no_authorities() -> ssl.SSLContext:
    """Return a TLS context that trusts nobody: quick to make, for clients that never speak TLS."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
