"""Vendors' calls: checked, bounded, answered at once, and never more than a hint."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from hub.runtime.condition import Conditions
from hub.runtime.daemon import Daemon
from hub.runtime.http import MAX_BODY_BYTES, Bucket, Doors, Refusals
from hub.sdk import AuthError, SourceError, Webhook


@dataclass
class Known:
    """What the doors see of a daemon: one instance, ``maps``, that takes calls with the path ``secret``."""

    conditions: Conditions = field(default_factory=Conditions)
    calls: list[Webhook] = field(default_factory=list)
    taken: list[Webhook] = field(default_factory=list)
    quiet_s: float = 0.5
    longest_quiet_s: float = 30.0
    is_ready: bool = True

    def receives(self, name: str) -> bool:
        return name == "maps"

    def verified(self, name: str, webhook: Webhook) -> Sequence[str]:
        if webhook.body == b"odd":
            raise SourceError("what is this")
        if webhook.body == b"fault":
            raise KeyError("event")
        if webhook.path != "secret":
            raise AuthError("wrong secret")
        self.taken.append(webhook)
        return ("reviews",)

    def hinted(self, name: str, streams: Sequence[str]) -> None:
        assert (name, streams) == ("maps", ("reviews",))
        self.calls.append(self.taken[-1])

    def told(self) -> dict[str, Any]:
        return {}


@pytest.fixture
def known() -> Known:
    return Known()


class Client:
    """Calls the doors, each call in a loop of its own."""

    def __init__(self, known: Known) -> None:
        self._app = Doors(cast(Daemon, known)).app()

    def get(self, path: str) -> httpx.Response:
        return asyncio.run(self._sent("GET", path))

    def post(self, path: str, **what: Any) -> httpx.Response:
        return asyncio.run(self._sent("POST", path, **what))

    async def _sent(self, method: str, path: str, **what: Any) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.request(method, path, **what)


@pytest.fixture
def client(known: Known) -> Client:
    return Client(known)


def test_a_call_with_the_secret_is_taken_with_headers_and_body(client: Client, known: Known) -> None:
    answer = client.post("/hooks/maps/secret", content=b'{"event": "x"}', headers={"X-Sign": "1"})
    assert (answer.status_code, answer.content) == (204, b"")
    [call] = known.calls
    assert (call.body, call.path, call.headers["x-sign"]) == (b'{"event": "x"}', "secret", "1")


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/hooks/maps/guess", b"", 401),
        ("/hooks/maps", b"", 401),
        ("/hooks/nobody/secret", b"", 404),
        ("/hooks/maps/secret", b"odd", 400),
        ("/hooks/maps/secret", b"fault", 500),
        ("/hooks/maps/secret", b"x" * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_a_call_that_is_not_taken_says_why_and_nothing_about_the_secret(
    client: Client, known: Known, path: str, body: bytes, status: int
) -> None:
    answer = client.post(path, content=body)
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert known.calls == []


def test_who_guesses_the_secret_is_soon_shut_out_and_who_has_it_is_not(client: Client, known: Known) -> None:
    codes = [client.post("/hooks/maps/guess").status_code for _ in range(300)]
    assert set(codes[:15]) == {401}
    assert codes[-1] == 429
    assert client.post("/hooks/maps/guess").headers["retry-after"] == "10"
    assert client.post("/hooks/maps/secret").status_code == 204
    assert len(known.calls) == 1


def test_wrong_secrets_are_told_of_at_once_and_then_counted(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(30):
        client.post("/hooks/maps/guess")
    (record,) = [one for one in caplog.records if one.message == "webhook refused"]
    assert vars(record)["times"] == 1
    now = [0.0]
    refusals = Refusals(lambda: now[0])
    assert [refusals.note() for _ in range(30)] == [1, *[None] * 29]
    now[0] = 601.0
    assert (refusals.note(), refusals.note()) == (30, None)


def test_while_many_guess_no_large_body_is_read_to_look_for_the_secret(client: Client) -> None:
    large = b"x" * 100_000
    assert client.post("/hooks/maps/secret", content=large).status_code == 204
    for _ in range(30):
        client.post("/hooks/maps/guess")
    assert client.post("/hooks/maps/secret", content=large).status_code == 429


def test_too_many_calls_are_told_to_wait(client: Client, known: Known) -> None:
    codes = [client.post("/hooks/maps/secret").status_code for _ in range(400)]
    assert codes[0] == 204
    assert 429 in codes
    assert len(known.calls) == codes.count(204) < 400


def test_an_allowance_fills_with_time() -> None:
    now = [0.0]
    bucket = Bucket(rate=2, burst=3, clock=lambda: now[0])
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]
    now[0] = 0.5
    assert (bucket.take(), bucket.take(), bucket.is_empty) == (True, False, True)
    now[0] = 100
    assert [bucket.take() for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(("store", "quiet_s", "status"), [(None, 1.0, 200), ("disk full", 1.0, 503), (None, 99.0, 503)])
def test_health_is_about_the_process(
    client: Client, known: Known, store: str | None, quiet_s: float, status: int
) -> None:
    known.conditions.store, known.quiet_s = store, quiet_s
    assert client.get("/health").status_code == status


def test_before_it_works_it_is_not_ready(client: Client, known: Known) -> None:
    known.is_ready = False
    assert client.get("/ready").status_code == 503
