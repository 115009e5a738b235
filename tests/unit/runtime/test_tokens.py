"""OAuth 2 at run time: a refresh token is spent once, by one process; the next one is on the disk before it is used."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from pydantic import Field, SecretStr

from hub.runtime import logs
from hub.runtime.sources import _far_side
from hub.runtime.tokens import Tokens
from hub.runtime.transport import Transport
from hub.sdk import (
    Auth,
    AuthError,
    ConfigError,
    Connector,
    ConnectorConfig,
    Draft,
    NoAuth,
    OAuth2,
    Outgoing,
    Page,
    Read,
    Record,
    Request,
    Response,
    Secret,
    SourceError,
    TransientError,
)


class Vendor:
    """Gives tokens: every refresh token works once, and the vendor revokes all of them when one comes twice."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.number = 1
        self.refreshes: list[str] = []
        self.valid = "refresh-token-1"
        self.access = "none-yet-given"
        self.expires_in: int | None = 3600
        self.status = 200
        self.calls: list[tuple[str, str]] = []

    def refresh(self, token: str) -> tuple[int, Any]:
        with self.lock:
            self.refreshes.append(token)
            if self.status != 200:
                return self.status, {"error": "temporarily_unavailable"}
            if token != self.valid:
                self.valid = ""
                return 400, {"error": "invalid_grant"}
            self.number += 1
            self.valid, self.access = f"refresh-token-{self.number}", f"access-token-{self.number}"
            return 200, {"access_token": self.access, "refresh_token": self.valid, "expires_in": self.expires_in}

    def call(self, method: str, header: str) -> tuple[int, Any]:
        with self.lock:
            self.calls.append((method, header))
            good = header == f"Bearer {self.access}"
            return (200, {"you sent": header}) if good else (401, {"error": f"{header} has ended"})


@pytest.fixture
def vendor() -> Iterator[tuple[Vendor, str]]:
    made = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path == "/token":
                token = parse_qs(body.decode())["refresh_token"][0]
                self._give(*made.refresh(token))
            else:
                self._give(*made.call("POST", self.headers.get("authorization", "")))

        def do_GET(self) -> None:
            self._give(*made.call("GET", self.headers.get("authorization", "")))

        def _give(self, status: int, answer: Any) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made, f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


class AppConfig(ConnectorConfig):
    secret: Secret = Field(description="the app's")
    refresh_token: Secret = Field(description="the first one")


class App(Connector[AppConfig]):
    name = "app"
    Config = AppConfig

    def auth(self) -> OAuth2:
        return OAuth2("/token", "the-app", self.config.secret, self.config.refresh_token)

    def request(self, read: Read) -> Request:
        return Request("GET", "/x")

    def parse(self, response: Response, read: Read) -> Page:
        return Page()

    def normalize(self, record: Record, read: Read) -> Draft | None:
        return None


def app(url: str, refresh_token: str = "refresh-token-1") -> App:
    secrets = {"secret": SecretStr("the-apps-secret"), "refresh_token": SecretStr(refresh_token)}
    return App(AppConfig.model_validate({"connector": "app", "base_url": url, **secrets}))


def sent(url: str, *requests: Request, **named: str) -> list[Response]:
    """The answers, asked for one after the other by one process."""

    async def run() -> list[Response]:
        async with Transport() as transport:
            send = _far_side("main", app(url, **named), transport)["send"]
            return [await send(request) for request in requests]

    return asyncio.run(asyncio.wait_for(run(), 20))


GET, POST = Request("GET", "/x"), Request("POST", "/x", json={})


def test_one_access_token_serves_many_requests_and_processes(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    assert [answer.status for answer in sent(url, GET, GET)] == [200, 200]
    assert sent(url, GET)[0].status == 200
    assert far.refreshes == ["refresh-token-1"]


def test_a_token_that_is_about_to_end_is_renewed_before_it_is_used(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    far.expires_in = 30
    sent(url, GET, GET)
    assert far.refreshes == ["refresh-token-1", "refresh-token-2"]
    assert [header for _, header in far.calls] == ["Bearer access-token-2", "Bearer access-token-3"]


def test_a_refused_token_is_renewed_once_and_the_request_sent_again_even_a_write(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    sent(url, GET)
    far.access = "of-somebody-else"
    [answer] = sent(url, POST)
    assert (answer.status, len(far.refreshes)) == (200, 2)
    assert [method for method, _ in far.calls] == ["GET", "POST", "POST"]


def test_a_vendor_that_refuses_the_new_token_too_is_not_asked_on_and_on(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    far.call = lambda method, header: (401, {"error": "no rights"})  # type: ignore[method-assign]
    assert sent(url, GET)[0].status == 401
    assert len(far.refreshes) == 2


def test_another_process_token_is_taken_in_place_of_a_second_refresh(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor

    async def run() -> list[int]:
        async with Transport() as one, Transport() as two:
            first, second = _far_side("a", app(url), one)["send"], _far_side("b", app(url), two)["send"]
            found = [(await first(GET)).status, (await second(GET)).status]
            far.access = "ended"
            return [*found, (await first(GET)).status, (await second(GET)).status]

    assert asyncio.run(run()) == [200, 200, 200, 200]
    assert far.refreshes == ["refresh-token-1", "refresh-token-2"]


_CHILD = """
import asyncio, sys
from hub.runtime.sources import _far_side
from hub.runtime.transport import Transport
from tests.unit.runtime.test_tokens import GET, app

async def run():
    async with Transport() as transport:
        return (await _far_side("main", app(sys.argv[1]), transport)["send"](GET)).status

print(asyncio.run(run()))
"""


def test_processes_that_start_at_once_spend_one_refresh_token(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    command = [sys.executable, "-c", _CHILD, url]
    root = Path(__file__).parents[3]
    env = {**os.environ, "PYTHONPATH": str(root)}
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env, cwd=root) for _ in range(4)]
    assert [child.communicate(timeout=60)[0].strip() for child in children] == ["200"] * 4
    assert far.refreshes == ["refresh-token-1"]


def test_the_file_is_its_owners_alone_and_holds_the_new_token_before_it_is_used(
    vendor: tuple[Vendor, str], state: Path
) -> None:
    far, url = vendor
    whole = far.call

    def call(method: str, header: str) -> tuple[int, Any]:
        [file] = (path for path in (state / "tokens").iterdir() if not path.suffix)
        assert json.loads(file.read_bytes())["refresh"] == "refresh-token-2"
        return whole(method, header)

    far.call = call  # type: ignore[method-assign]
    assert sent(url, GET)[0].status == 200
    for path in (state / "tokens").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert "token-1" not in path.name


class Killed(BaseException):
    """The process is gone."""


def test_a_process_that_dies_before_the_answer_is_on_the_disk_is_told_of(vendor: tuple[Vendor, str]) -> None:
    _, url = vendor
    oauth = app(url).auth()

    async def dying(request: Request) -> Response:
        async with Transport() as transport:
            await transport.send(
                request, base_url=url, auth=NoAuth(), limits=(), account="", timeout=app(url).config.timeout
            )
        raise Killed

    with pytest.raises(Killed):
        asyncio.run(Tokens(oauth, dying).auth())
    with pytest.raises(AuthError, match=r"invalid_grant.*was cut off, its token is lost; authorise the app anew"):
        sent(url, GET)


def test_a_token_that_is_refused_again_is_never_said_to_be_cut_off(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    far.valid = ""
    for _ in range(2):
        with pytest.raises(AuthError, match="invalid_grant") as raised:
            sent(url, GET)
        assert "cut off" not in str(raised.value)


def test_a_new_refresh_token_in_the_settings_begins_anew(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    sent(url, GET)
    far.valid, far.access = "from-a-person-9", "gone"
    with pytest.raises(AuthError, match="the refresh token is refused"):
        sent(url, GET)
    far.valid = "from-a-person-9"
    assert sent(url, GET, refresh_token="from-a-person-9")[0].status == 200


def test_where_the_address_comes_with_the_credentials_the_connector_says_what_to_set() -> None:
    class Hooked(App):
        def auth(self) -> OAuth2:
            raise ConfigError("set webhook_url")

    def told(kind: type[App]) -> str:
        secrets = {"secret": SecretStr("the-apps-secret"), "refresh_token": SecretStr("refresh-token-1")}
        made = kind(AppConfig.model_validate({"connector": "app", **secrets}))
        with pytest.raises(ConfigError) as raised:
            _far_side("main", made, Transport())
        return str(raised.value)

    assert told(Hooked) == "set webhook_url"
    assert told(App) == "instances.main: app has no address of its own; set base_url"


def test_a_vendor_that_is_away_costs_no_token(vendor: tuple[Vendor, str]) -> None:
    far, url = vendor
    far.status = 503
    with pytest.raises(TransientError, match="503 from /token") as raised:
        sent(url, GET)
    assert raised.value.undone, "the request itself was never sent"
    far.status = 200
    assert sent(url, GET)[0].status == 200
    assert far.refreshes == ["refresh-token-1"] * 2


def test_no_token_shows_in_answers_logs_or_reprs(vendor: tuple[Vendor, str]) -> None:
    _, url = vendor
    [answer] = sent(url, GET)
    assert answer.json() == {"you sent": "Bearer ***"}
    assert logs.redact("Bearer access-token-2, refresh-token-2") == f"Bearer {logs.REMOVED}, {logs.REMOVED}"

    async def ask(request: Request) -> Response:
        raise AssertionError("a good token is in the file")

    placed: Auth = asyncio.run(Tokens(app(url).auth(), ask).auth())
    assert "token-2" not in f"{placed!r} {placed}"
    assert {"access-token-2", "refresh-token-2", "refresh-token-1", "the-apps-secret"} == set(placed.secrets())
    assert placed.apply(Outgoing("GET", url, {}), url).headers == {"Authorization": "Bearer access-token-2"}


def test_an_answer_that_cannot_be_read_is_not_quoted() -> None:
    async def form(request: Request) -> Response:
        return Response(200, {}, b"access_token=fresh-and-secret&token_type=bearer", request)

    with pytest.raises(SourceError) as raised:
        asyncio.run(Tokens(app("http://127.0.0.1:9").auth(), form).auth())
    assert "fresh" not in str(raised.value)
    assert raised.value.retry


def test_a_refresh_that_was_never_sent_leaves_no_note_of_itself(vendor: tuple[Vendor, str], state: Path) -> None:
    far, url = vendor

    async def away(request: Request) -> Response:
        raise TransientError("no connection", undone=True)

    with pytest.raises(TransientError):
        asyncio.run(Tokens(app(url).auth(), away).auth())
    far.valid = ""
    with pytest.raises(AuthError) as raised:
        sent(url, GET)
    assert "cut off" not in str(raised.value)
