"""The transport against a raw HTTP server on loopback that answers byte by byte what a test says."""

import asyncio
import contextlib
import gzip
import logging
import shutil
import socket
import ssl
import subprocess
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub.runtime.body import Body
from hub.runtime.hops import encode_params
from hub.runtime.limits import Limiter, account_key
from hub.runtime.transport import MAX_CONNECTIONS, Transport, redact
from hub.sdk import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    BodyField,
    ConfigError,
    HubError,
    Limit,
    NoAuth,
    Outgoing,
    Request,
    Response,
    SecretPath,
    Signature,
    SourceError,
    TransientError,
)

SECRET = "k3y/with+odd=chars"
GET = Request("GET", "/items")


@dataclass
class Seen:
    """One request as the server read it."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """A listening server: where it is and what it has seen."""

    port: int = 0
    host: str = "127.0.0.1"
    scheme: str = "http"
    seen: list[Seen] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}:{self.port}"


@contextlib.asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Server]:
    server = Server(host=host, scheme="https" if tls else "http")

    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                seen = await _read(reader)
                server.seen.append(seen)
                server.under_way += 1
                server.most = max(server.most, server.under_way)
                try:
                    await answer(seen, writer)
                    await writer.drain()
                finally:
                    server.under_way -= 1
        writer.transport.abort()

    listening = await asyncio.start_server(serve, host, 0, ssl=tls)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Seen(method, target, headers, await reader.readexactly(int(headers.get("content-length", 0))))


def whole(body: bytes = b"{}", status: str = "200 OK", **headers: str) -> Answer:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *lines])

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(head.encode() + b"\r\n\r\n" + (b"" if seen.method == "HEAD" else body))

    return answer


def raw(*pieces: bytes, reset: bool = False) -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort() if reset else writer.close()

    return answer


def stalled(start: bytes = b"") -> Answer:
    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        await asyncio.Event().wait()

    return answer


def redirect(status: int, location: Callable[[], str], then: Answer | None = None) -> Answer:
    """Redirect what is asked at /items, answer the rest."""

    async def answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        moved = whole(b"", f"{status} Moved", Location=location(), Set_Cookie="session=abc; Path=/")
        await (moved if "/items" in seen.target else then or whole())(seen, writer)

    return answer


async def send(
    transport: Transport,
    server: Server | str,
    request: Request = GET,
    auth: Auth | None = None,
    limits: tuple[Limit, ...] = (),
    timeout_s: float = 5,
) -> Response:
    return await transport.send(
        request,
        base_url=server if isinstance(server, str) else server.url,
        auth=auth or NoAuth(),
        limits=limits,
        account=account_key("test", "", [], None),
        timeout=timedelta(seconds=timeout_s),
    )


def exchange(answer: Answer, request: Request = GET, **given: Any) -> tuple[Response, list[Seen]]:
    """Send one request to a server that gives *answer*; return what came back and what the server saw."""
    max_body_bytes = given.pop("max_body_bytes", 1000)

    async def run() -> tuple[Response, list[Seen]]:
        async with serving(answer) as server, Transport(max_body_bytes=max_body_bytes) as transport:
            return await send(transport, server, request, **given), server.seen

    return asyncio.run(run())


def failure(answer: Answer, request: Request = GET, **given: Any) -> HubError:
    with pytest.raises(HubError) as caught:
        exchange(answer, request, **given)
    return caught.value


def everything_said(error: BaseException | None) -> str:
    """All that any report of *error* could print: texts, reprs, and the same of what hangs on to it."""
    texts = []
    while error is not None:
        texts += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


# --- what goes out ---------------------------------------------------------------------------------------------------


def test_an_answer_comes_back_with_its_status_headers_body_and_request() -> None:
    response, seen = exchange(whole(b'{"a": 1}', "404 Not Found", X_Kind="Odd"))
    assert (response.status, response.json(), response.request) == (404, {"a": 1}, GET)
    assert response.headers["x-kind"] == "Odd"
    assert seen[0].target == "/items"


def test_every_request_says_who_we_are() -> None:
    _, seen = exchange(whole())
    assert seen[0].headers["user-agent"].startswith("helpdesk-hub/")
    assert seen[0].headers["accept-encoding"] == "gzip, deflate"


def test_params_are_written_the_one_way() -> None:
    at = datetime(2026, 11, 20, 15, 30, tzinfo=timezone(timedelta(hours=3)))
    params = {"no": None, "yes": True, "off": False, "ids": [1, 2], "at": at, "day": date(2026, 11, 20), "q": "a b&я"}
    assert encode_params(params) == (
        "yes=true&off=false&ids=1&ids=2&at=2026-11-20T12%3A30%3A00Z&day=2026-11-20&q=a%20b%26%D1%8F"
    )


def test_a_time_without_a_zone_is_an_error_of_the_connector() -> None:
    with pytest.raises(SourceError, match="'since': 2026-11-20T00:00:00 has no time zone"):
        encode_params({"since": datetime(2026, 11, 20)})  # noqa: DTZ001 - the point


@pytest.mark.parametrize(
    ("base", "path", "expected"),
    [
        ("", "/items", "/items?page=2"),
        ("/", "items", "/items?page=2"),
        ("/api/", "/items", "/api/items?page=2"),
        ("/api", "/items?q=1#part", "/api/items?q=1&page=2"),
        ("/api", "", "/api?page=2"),
    ],
)
def test_a_path_is_below_the_base_url(base: str, path: str, expected: str) -> None:
    async def run() -> str:
        async with serving(whole()) as server, Transport() as transport:
            await send(transport, server.url + base, Request("GET", path, params={"page": 2}))
            return server.seen[0].target

    assert asyncio.run(run()) == expected


def test_a_body_is_json_or_a_form() -> None:
    _, seen = exchange(whole(), Request("POST", "/items", json={"at": datetime(2026, 11, 20, tzinfo=UTC)}))
    assert seen[0].body == b'{"at":"2026-11-20T00:00:00Z"}'
    assert seen[0].headers["content-type"] == "application/json"
    _, seen = exchange(whole(), Request("POST", "/items", form={"a b": "я&"}))
    assert seen[0].body == b"a+b=%D1%8F%26"
    assert seen[0].headers["content-type"] == "application/x-www-form-urlencoded"


def test_a_body_that_is_no_json_is_an_error_of_the_connector() -> None:
    error = failure(whole(), Request("POST", "/items", json={"a": {1, 2}}))
    assert isinstance(error, SourceError)
    assert "cannot be written as JSON" in str(error)


@pytest.mark.parametrize(
    ("auth", "where", "expected"),
    [
        (Bearer(SecretStr("t0ken")), lambda seen: seen.headers["authorization"], "Bearer t0ken"),
        (Basic("me", SecretStr("pass")), lambda seen: seen.headers["authorization"], "Basic bWU6cGFzcw=="),
        (ApiKey("X-Key", SecretStr("t0ken")), lambda seen: seen.headers["x-key"], "t0ken"),
        (SecretPath(SecretStr("1/abcdef")), lambda seen: seen.target, "/1/abcdef/items"),
        (BodyField("token", SecretStr("t0ken")), lambda seen: seen.body, b'{"a":1,"token":"t0ken"}'),
    ],
)
def test_credentials_go_where_the_vendor_wants_them(auth: Auth, where: Callable[[Seen], Any], expected: Any) -> None:
    _, seen = exchange(whole(), Request("POST", "/items", json={"a": 1}), auth=auth)
    assert where(seen[0]) == expected


def test_a_signature_is_of_the_very_bytes_that_are_sent() -> None:
    signed: list[bytes] = []

    def text(outgoing: Outgoing) -> bytes:
        signed.append(outgoing.body or b"")
        return signed[-1]

    _, seen = exchange(
        whole(), Request("POST", "/items", json={"a": "я"}), auth=Signature("X-Sign", SecretStr("key"), text)
    )
    assert seen[0].body == signed[0] != b""


def test_a_full_url_on_another_host_gets_no_credentials() -> None:
    async def run() -> dict[str, str]:
        async with serving(whole()) as home, serving(whole()) as away, Transport() as transport:
            await send(transport, home, Request("GET", f"{away.url}/file"), auth=Bearer(SecretStr(SECRET)))
            assert home.seen == []
            return away.seen[0].headers

    assert "authorization" not in asyncio.run(run())


def test_a_link_that_holds_the_secret_path_is_taken_as_it_is() -> None:
    async def run() -> str:
        async with serving(whole()) as server, Transport() as transport:
            link = Request("GET", f"{server.url}/1/abcdef/next")
            await send(transport, server, link, auth=SecretPath(SecretStr("1/abcdef")))
            return server.seen[0].target

    assert asyncio.run(run()) == "/1/abcdef/next"


def test_cookies_are_not_kept() -> None:
    async def run() -> list[Seen]:
        async with serving(whole(Set_Cookie="session=abc; Path=/")) as server, Transport() as transport:
            await send(transport, server)
            await send(transport, server)
            # A jar that nobody reads would still grow for months.
            assert [len(host.client.cookies.jar) for host in transport._hosts.values()] == [0]
            return server.seen

    assert all("cookie" not in seen.headers for seen in asyncio.run(run()))


def test_loopback_is_reached_past_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    response, _ = exchange(whole())
    assert response.status == 200


def test_other_hosts_are_reached_through_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> Seen:
        async with serving(whole()) as proxy, Transport() as transport:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            monkeypatch.setenv("http_proxy", proxy.url)
            monkeypatch.delenv("NO_PROXY", raising=False)
            monkeypatch.delenv("no_proxy", raising=False)
            await send(transport, "http://vendor.example")
            return proxy.seen[0]

    assert asyncio.run(run()).target == "http://vendor.example/items"


def test_a_proxy_that_cannot_be_used_is_a_fault_of_the_settings_and_keeps_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def run() -> None:
        async with Transport() as transport:
            await send(transport, "http://vendor.example")

    for name in ("HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "ftp://me:hunter2@proxy.example")
    with pytest.raises(ConfigError, match="check HTTP_PROXY") as caught:
        asyncio.run(run())
    assert "hunter2" not in everything_said(caught.value)


# --- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("x-gzip", gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("deflate", zlib.compress(b"hello", wbits=-15)),
        ("identity", b"hello"),
    ],
)
def test_compressed_bodies_are_read(encoding: str, packed: bytes) -> None:
    response, _ = exchange(whole(packed, Content_Encoding=encoding))
    assert response.content == b"hello"


def test_an_empty_answer_to_head_is_no_broken_body() -> None:
    response, _ = exchange(whole(gzip.compress(b"hello", mtime=0), Content_Encoding="gzip"), Request("HEAD", "/items"))
    assert response.content == b""


def test_a_body_of_the_greatest_length_is_read_and_one_byte_more_is_not() -> None:
    response, _ = exchange(whole(b"x" * 1000))
    assert len(response.content) == 1000
    error = failure(whole(b"x" * 1001))
    assert isinstance(error, SourceError)
    assert "longer than 1000 bytes; ask for less at once" in str(error)


def test_a_body_without_an_end_is_cut_at_the_limit() -> None:
    async def endless(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 1000)
            await writer.drain()

    assert isinstance(failure(endless), SourceError)


def test_a_gzip_bomb_never_unfolds_in_memory() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    body = Body("gzip", 1_000_000, lambda: "GET /bomb")
    tracemalloc.start()
    try:
        with pytest.raises(SourceError, match="GET /bomb: the body is longer than 1000000 bytes"):
            body.feed(bomb)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_a_gzip_bomb_ends_the_request() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    error = failure(whole(bomb, Content_Encoding="gzip"), max_body_bytes=1_000_000)
    assert isinstance(error, SourceError)
    assert "longer than 1000000 bytes" in str(error)


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_an_encoding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    error = failure(whole(b"?", Content_Encoding=encoding))
    assert isinstance(error, SourceError)
    assert error.retry


def test_a_body_that_is_not_what_its_encoding_says_is_asked_for_again() -> None:
    error = failure(whole(b"not gzip", Content_Encoding="gzip"))
    assert isinstance(error, SourceError)
    assert error.retry


def test_a_compressed_body_that_breaks_off_is_no_answer() -> None:
    error = failure(whole(gzip.compress(b"hello" * 100)[:-9], Content_Encoding="gzip"))
    assert isinstance(error, TransientError)


# --- what goes wrong -------------------------------------------------------------------------------------------------

BROKEN: dict[str, Answer] = {
    "reset": raw(reset=True),
    "closed": raw(),
    "cut headers": raw(b"HTTP/1.1 200 OK\r\nContent-"),
    "cut body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
    "cut chunk": raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
    "reset in the body": raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{", reset=True),
    "no http": raw(b"SSH-2.0-server\r\n\r\n"),
    "stalled": stalled(),
    "stalled body": stalled(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"),
    "not gzip": whole(SECRET.encode(), Content_Encoding="gzip"),
    "bad encoding": whole(b"?", Content_Encoding="br"),
    "too long": whole(b"x" * 2000),
    "bad redirect": whole(b"", "302 Found", Location="http://["),
    "looping redirect": redirect(302, lambda: "/items"),
}
AUTHS: dict[str, Auth] = {
    "bearer": Bearer(SecretStr(SECRET)),
    "basic": Basic("me", SecretStr(SECRET)),
    "path": SecretPath(SecretStr(SECRET)),
    "body": BodyField("token", SecretStr(SECRET)),
}


@pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS)
@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_no_error_and_no_log_holds_a_secret_or_a_query(
    answer: Answer, auth: Auth, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    request = Request("GET", "/items", params={"token": SECRET, "q": "private words"})
    error = failure(answer, request, auth=auth, timeout_s=0.2)
    said = everything_said(error) + "\n".join(f"{record.getMessage()} {record.args}" for record in caplog.records)
    for form in (SECRET, *auth.secrets()):
        assert redact(said, [form]) == said
    assert "private" not in said
    assert str(error).startswith("GET http://127.0.0.1:")


def test_an_answer_leaves_no_url_in_the_logs(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    exchange(whole(), Request("GET", "/items", params={"token": SECRET}))
    assert [record for record in caplog.records if record.name.startswith(("httpx", "httpcore"))] == []


@pytest.mark.parametrize("kind", ["reset", "closed", "cut headers", "cut body", "cut chunk", "reset in the body"])
def test_a_connection_that_breaks_may_have_had_its_effect(kind: str) -> None:
    error = failure(BROKEN[kind])
    assert isinstance(error, TransientError)
    assert not error.undone
    assert "broke off" in str(error)


@pytest.mark.parametrize("kind", ["stalled", "stalled body"])
def test_a_stalled_answer_ends_at_the_deadline(kind: str) -> None:
    error = failure(BROKEN[kind], timeout_s=0.1)
    assert isinstance(error, TransientError)
    assert not error.undone
    assert "no complete answer within 0.1 s" in str(error)


def test_an_answer_that_drips_ends_at_the_deadline_too() -> None:
    async def drip(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.01)

    assert "no complete answer" in str(failure(drip, timeout_s=0.2))


def test_after_stalled_answers_the_host_can_be_asked_again() -> None:
    async def stall_or_answer(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await (stalled() if seen.target == "/stall" else whole())(seen, writer)

    async def run() -> int:
        async with serving(stall_or_answer) as server, Transport() as transport:
            stall = Request("GET", "/stall")
            stalls = (send(transport, server, stall, timeout_s=0.1) for _ in range(2 * MAX_CONNECTIONS))
            ends = await asyncio.gather(*stalls, return_exceptions=True)
            assert all(isinstance(end, TransientError) for end in ends)
            return (await send(transport, server)).status

    assert asyncio.run(run()) == 200


def test_a_refused_connection_surely_had_no_effect() -> None:
    async def run() -> None:
        async with serving(whole()) as server:
            pass
        async with Transport() as transport:
            await send(transport, server)

    with pytest.raises(TransientError, match=r"127\.0\.0\.1 refused the connection; check `base_url`") as caught:
        asyncio.run(run())
    assert caught.value.undone


def test_an_unknown_host_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def run() -> None:
        loop = asyncio.get_running_loop()

        async def unknown(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(loop, "getaddrinfo", unknown)
        async with Transport() as transport:
            await send(transport, "http://nowhere.invalid")

    with pytest.raises(TransientError, match=r"the host name nowhere\.invalid is not known") as caught:
        asyncio.run(run())
    assert caught.value.undone


@pytest.mark.parametrize("base_url", ["http://", "ftp://host", "host", "http://[1", "http://host:99999"])
def test_an_unusable_address_is_a_fault_of_the_settings(base_url: str) -> None:
    async def run() -> None:
        async with Transport() as transport:
            await send(transport, base_url)

    with pytest.raises(ConfigError, match="no usable address; check `base_url`"):
        asyncio.run(run())


@pytest.mark.parametrize("token", ["line\nbreak", "ключ-ключ"])
def test_a_token_that_no_header_can_hold_is_a_fault_of_the_settings(token: str) -> None:
    error = failure(whole(), auth=Bearer(SecretStr(token)))
    assert isinstance(error, ConfigError)
    assert "look for a line break" in str(error)
    assert token not in everything_said(error)


def test_a_tls_certificate_that_nobody_vouches_for_is_refused_with_what_to_do(tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(whole(), _self_signed(tmp_path)) as server, Transport() as transport:
            await send(transport, server, auth=Bearer(SecretStr(SECRET)))

    with pytest.raises(
        TransientError, match=r"the TLS certificate of 127\.0\.0\.1 is refused.*SSL_CERT_FILE"
    ) as caught:
        asyncio.run(run())
    assert caught.value.undone


def test_an_authority_of_ones_own_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> int:
        async with serving(whole(), _self_signed(tmp_path)) as server, Transport() as transport:
            monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
            return (await send(transport, server)).status

    assert asyncio.run(run()) == 200


def test_plain_http_where_tls_is_asked_for_is_told_apart() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.transport.abort()

    async def run() -> None:
        async with await asyncio.start_server(plain, "127.0.0.1", 0) as server, Transport() as transport:
            await send(transport, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")

    with pytest.raises(TransientError, match=r"no TLS connection to 127\.0\.0\.1; check that `base_url`") as caught:
        asyncio.run(run())
    assert caught.value.undone


def _self_signed(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate for 127.0.0.1 that only cert.pem in *folder* vouches for."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl program here to make a certificate with")
    how = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2"
    who = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(["openssl", *how.split(), *who], cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


# --- redirects -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_host_keeps_the_credentials(status: int) -> None:
    response, seen = exchange(redirect(status, lambda: "/other?page=1"), auth=Bearer(SecretStr(SECRET)))
    assert response.status == 200
    assert response.request is GET
    assert seen[1].target == "/other?page=1"
    assert seen[1].headers["authorization"] == f"Bearer {SECRET}"
    assert "cookie" not in seen[1].headers


@pytest.mark.parametrize("auth", AUTHS.values(), ids=AUTHS)
def test_a_redirect_to_another_host_carries_nothing_of_ours(auth: Auth) -> None:
    request = Request(
        "GET", "/items", params={"token": SECRET}, headers={"X-Own": SECRET, "Cookie": "a=b"}, context={"note": 1}
    )

    async def run() -> tuple[Seen, Response]:
        async with serving(whole(b'"there"')) as away:

            async def moved(seen: Seen, writer: asyncio.StreamWriter) -> None:
                await whole(b"", "302 Found", Location=f"{away.url}/file?id=1", Set_Cookie="s=1")(seen, writer)

            async with serving(moved) as home, Transport() as transport:
                response = await send(transport, home, request, auth=auth)
                return away.seen[0], response

    seen, response = asyncio.run(run())
    assert response.json() == "there"
    assert (seen.method, seen.target, seen.body) == ("GET", "/file?id=1", b"")
    assert set(seen.headers) == {"host", "user-agent", "accept", "accept-encoding"}


def test_credentials_do_not_come_back_after_a_detour() -> None:
    async def run() -> list[Seen]:
        urls: dict[str, str] = {}
        back = redirect(302, lambda: urls["home"] + "/back")
        async with serving(redirect(302, lambda: urls["away"] + "/items")) as home, serving(back) as away:
            urls.update(home=home.url, away=away.url)
            async with Transport() as transport:
                await send(transport, home, auth=Bearer(SecretStr(SECRET)))
                return home.seen

    first, last = asyncio.run(run())
    assert "authorization" in first.headers
    assert last.target == "/back"
    assert "authorization" not in last.headers


@pytest.mark.parametrize("begin", ["redirect", "full url"])
def test_a_redirect_within_another_host_carries_nothing_of_ours_either(begin: str) -> None:
    async def run() -> list[Seen]:
        async with (
            serving(redirect(302, lambda: "/other")) as away,
            serving(redirect(302, lambda: f"{away.url}/items")) as home,
            Transport() as transport,
        ):
            request = GET if begin == "redirect" else Request("GET", f"{away.url}/items")
            await send(transport, home, request, auth=Bearer(SecretStr(SECRET)))
            return away.seen

    seen = asyncio.run(run())
    assert [one.target for one in seen] == ["/items", "/other"]
    assert all("authorization" not in one.headers for one in seen)


def test_another_port_is_another_host() -> None:
    async def run() -> dict[str, str]:
        async with serving(whole()) as away, serving(redirect(301, lambda: away.url)) as home, Transport() as transport:
            await send(transport, home, auth=Bearer(SecretStr(SECRET)))
            return away.seen[0].headers

    assert "authorization" not in asyncio.run(run())


def test_a_redirect_whose_target_holds_a_credential_is_not_followed_to_another_host() -> None:
    error = failure(
        redirect(302, lambda: f"http://localhost:9/x?key={SECRET.replace('/', '%2f')}"), auth=Bearer(SecretStr(SECRET))
    )
    assert isinstance(error, SourceError)
    assert "it would carry a credential to another host" in str(error)


def test_a_write_is_not_redirected_but_303_asks_for_its_result() -> None:
    error = failure(redirect(307, lambda: "/other"), Request("POST", "/items", json={}))
    assert isinstance(error, SourceError)
    assert "a POST is not sent again elsewhere" in str(error)
    _, seen = exchange(redirect(303, lambda: "/other"), Request("POST", "/items", json={"a": 1}))
    assert (seen[1].method, seen[1].target, seen[1].body) == ("GET", "/other", b"")
    assert "content-type" not in seen[1].headers


@pytest.mark.parametrize("location", ["ftp://127.0.0.1/x", "http://[", "mailto:me@host.example"])
def test_a_redirect_to_nowhere_is_an_error(location: str) -> None:
    error = failure(redirect(302, lambda: location))
    assert isinstance(error, SourceError)
    assert "that is no web address" in str(error)


def test_redirects_end() -> None:
    async def run() -> tuple[HubError, int]:
        async with serving(redirect(302, lambda: "/items?again")) as server, Transport() as transport:
            with pytest.raises(SourceError, match="more than 5 redirects") as caught:
                await send(transport, server)
            return caught.value, len(server.seen)

    _, count = asyncio.run(run())
    assert count == 6


def test_tls_is_never_left_for_plain_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> int:
        async with serving(whole()) as plain:
            moved = redirect(302, lambda: plain.url)
            async with serving(moved, _self_signed(tmp_path)) as server, Transport() as transport:
                monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "cert.pem"))
                with pytest.raises(SourceError, match="leads from https to http"):
                    await send(transport, server)
            return len(plain.seen)

    assert asyncio.run(run()) == 0


# --- many at once ----------------------------------------------------------------------------------------------------


def test_a_host_sees_sixteen_requests_at_most_and_who_waits_in_line_spends_none_of_its_time() -> None:
    async def slow(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.3)
        await whole()(seen, writer)

    async def run() -> tuple[int, int]:
        async with serving(slow) as server, Transport() as transport:
            answers = await asyncio.gather(*(send(transport, server, timeout_s=1.5) for _ in range(100)))
            assert all(answer.status == 200 for answer in answers)
            return server.most, len(server.seen)

    assert asyncio.run(run()) == (MAX_CONNECTIONS, 100)


def test_one_slow_host_does_not_hold_up_another() -> None:
    async def run() -> int:
        async with serving(stalled()) as slow, serving(whole()) as quick, Transport() as transport:
            waiting = [asyncio.create_task(send(transport, slow)) for _ in range(2 * MAX_CONNECTIONS)]
            while slow.most < MAX_CONNECTIONS:
                await asyncio.sleep(0.001)
            status = (await send(transport, quick)).status
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            return status

    assert asyncio.run(run()) == 200


def test_the_wait_for_a_limit_does_not_count_against_the_deadline(tmp_path: Path) -> None:
    limits = (Limit(calls=1, per_s=0.3),)

    async def run() -> list[int]:
        async with serving(whole()) as server, Transport(Limiter(tmp_path)) as transport:
            answers = (send(transport, server, limits=limits, timeout_s=0.2) for _ in range(3))
            return [answer.status for answer in await asyncio.gather(*answers)]

    assert asyncio.run(run()) == [200, 200, 200]


def test_a_redirect_on_the_same_host_counts_against_the_limit(tmp_path: Path) -> None:
    async def run() -> float:
        async with (
            serving(redirect(302, lambda: "/other")) as server,
            Transport(Limiter(tmp_path)) as transport,
        ):
            started = asyncio.get_running_loop().time()
            await send(transport, server, limits=(Limit(calls=1, per_s=0.2),))
            return asyncio.get_running_loop().time() - started

    assert asyncio.run(run()) >= 0.2


# --- secrets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form", [SECRET, "k3y%2Fwith%2Bodd%3Dchars", "k3y%2fwith%2bodd%3dchars", "k3y/with%2Bodd=chars"]
)
def test_every_form_of_a_secret_is_taken_out(form: str) -> None:
    assert redact(f"https://host/{form}/x", [SECRET]) == "https://host/***/x"


def test_the_longer_of_two_secrets_goes_whole() -> None:
    assert redact("token-and-more token", ["token", "token-and-more"]) == "*** ***"


def test_what_is_too_short_to_be_told_from_words_stays() -> None:
    assert redact("the key", ["the", ""]) == "the key"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_redirect_that_is_not_to_be_followed_comes_back_with_its_address(status: int, method: str) -> None:
    response, seen = exchange(redirect(status, lambda: "/other"), request=Request(method, "/items", redirects=False))
    assert (response.status, response.headers["location"], len(seen)) == (status, "/other", 1)
