"""A connector and the sandbox, as the engine would join them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from hub.sandbox import Running, SandboxOptions, running
from hub.sdk import (
    Author,
    Created,
    Delivery,
    FollowUp,
    Link,
    Message,
    Missing,
    Outgoing,
    Read,
    Request,
    Response,
    Source,
    Ticket,
)
from hub.testing import drafts_of, drive, read_references, walk, wire_params
from hub.testing.replay import Step
from hub_usedesk.connector import Usedesk

START = datetime(2026, 10, 20, 9, 0, 30, tzinfo=UTC)
MARKER = f"hub-{'1' * 24}"
Spoil = Callable[[Request, Response], Exception | None]


class Account:
    """The sandbox and a connector on it."""

    start, marker = START, MARKER

    def __init__(self, box: Running, http: httpx.Client) -> None:
        self.box, self._http, self.now = box, http, START
        self.sent: list[Request] = []
        self.connector = self.make()

    def make(self, **settings: Any) -> Usedesk:
        given = {"token": SecretStr(self.box.keys["usedesk"]), "base_url": self.box.urls["usedesk"], "lag": "0s"}
        config = Usedesk.Config.model_validate({"connector": "usedesk", **given, **settings})
        self.connector = Usedesk(config)
        return self.connector

    def send(self, request: Request) -> Response:
        """Send as the transport does."""
        base = self.connector.config.base_url or ""
        bare = Outgoing(request.method, base + request.path, dict(request.headers), json=request.json)
        going = self.connector.auth().apply(bare, base)
        self.sent.append(request)
        got = self._http.request(going.method, going.url, params=wire_params(request.params), json=going.json)
        return Response(got.status_code, dict(got.headers), got.content, request)

    def ask(self, path: str, **body: Any) -> Any:
        """Ask the sandbox itself."""
        return self.send(Request("POST", path, json=body)).json()

    @property
    def reference(self) -> dict[str, list[Any]]:
        return read_references(self.connector, self.now, self.send)

    def read(self, mode: Any = "poll", **fields: Any) -> list[Step]:
        """Walk a poll, or the sweep of our own tickets."""
        name = "cases" if mode == "sweep" else ""
        reading = Read("tickets", mode, self.now, name=name, reference=self.reference)
        return walk(self.connector, replace(reading, **fields), self.send)

    def drafts(self, mode: Any = "poll", **fields: Any) -> list[FollowUp]:
        """Return what such a read says."""
        found: list[Any] = []
        for step in self.read(mode, **fields):
            found += [draft for record in step.records for draft in drafts_of(self.connector, record, step.read)]
        return found

    def case(self, ident: str) -> FollowUp:
        """Return what is said of one ticket, read by its id."""
        (found,) = self.drafts("sweep", cases=(ident,))
        return found

    def delivery(self, **fields: Any) -> Delivery:
        given = {"ticket": ticket(), "marker": MARKER, "now": self.now, "reference": self.reference}
        return Delivery(**{**given, **fields})

    def write(self, delivery: Delivery, spoil: Spoil | None = None, how: str = "deliver") -> list[Created | Missing]:
        """Do what *delivery* asks for, as the engine does, and return the facts.

        *spoil* may turn an answer into an error that is thrown in: the request was sent all the same.
        """

        def answer(request: Request) -> Response:
            response = self.send(request)
            error = spoil(request, response) if spoil else None
            if error:
                raise error
            return response

        facts: list[Created | Missing] = []
        drive(self.connector, getattr(self.connector, how)(delivery), answer, facts)
        return facts

    def made(self, **fields: Any) -> str:
        """Deliver a ticket and return its id."""
        (fact,) = self.write(self.delivery(**fields))
        assert isinstance(fact, Created)
        return fact.external_id

    def lacking(self) -> list[tuple[str, str]]:
        """Return what the check finds."""
        found = drive(self.connector, self.connector.check(), self.send)
        return [(one.seen, one.todo) for one in found]

    def items(self, ident: str | None = None) -> list[dict[str, Any]]:
        """Return what the account has, of tickets that a client made or of one."""
        items = self.box.ledger("usedesk")["items"]
        return [one for one in items if (one["by_client"] if ident is None else one["conversation"] == ident)]

    def writes(self, action: str) -> list[dict[str, Any]]:
        done = self.box.ledger("usedesk")["client"]["writes"]
        return [write for write in done if write["action"] == action]

    def change(self, action: str, **what: Any) -> dict[str, Any]:
        return self.box.change("usedesk", action, **what)

    def later(self, seconds: float = 60) -> None:
        """Let time pass there and here."""
        self.box.advance(seconds)
        self.now += timedelta(seconds=seconds)


def ticket(*said: str, **fields: Any) -> Ticket:
    """Return a complaint in a social network."""
    author = Author(key="vk/7", name="Вера К.", handle="vera_k", url="https://vk.com/vera_k")
    messages = tuple(
        message(number, text, author) for number, text in enumerate(said or ("Верните <b>деньги</b>\n& 5",))
    )
    given: dict[str, Any] = {
        "id": UUID(int=7),
        "connector": "youscan",
        "instance": "mentions",
        "platform": "vk.com",
        "kind": "mention",
        "thread": "7",
        "url": "https://vk.com/wall-1_7?a=1&b=2",
        "title": None,
        "created_at": START - timedelta(hours=2),
        "updated_at": START,
        "revision": "1",
        "messages": messages,
        "priority": "urgent",
    }
    return Ticket(**{**given, **fields})


def message(number: int, text: str, author: Author | None = None, direction: Any = "in", **fields: Any) -> Message:
    """Return one message of a ticket."""
    at = START - timedelta(hours=2) + timedelta(minutes=number)
    source = Source(stream="101", source_id=str(number))
    given = {"id": UUID(int=100 + number), "sources": (source,), "created_at": at, "ingested_at": at}
    return Message(body=text, author=author, direction=direction, **{**given, **fields})


def link(external_id: str) -> Link:
    return Link(role="delivered", instance="usedesk", external_id=external_id)


Open = Callable[..., Account]


@pytest.fixture
def open_account() -> Iterator[Open]:
    """Return what serves an account: ``open_account(items=300)``."""
    held: list[Any] = []

    def opened(**options: Any) -> Account:
        chosen = {"items": 6, "start": START, "future": 0.0, "limits": {"usedesk": "off"}, "history_days": 5, **options}
        block = running(["usedesk"], SandboxOptions(**chosen))
        http = httpx.Client(trust_env=False)
        account = Account(block.__enter__(), http)
        account.change("account", lag=0)
        held.extend((block, http))
        return account

    yield opened
    for block in reversed(held):
        block.__exit__(None, None, None)


@pytest.fixture
def account(open_account: Open) -> Account:
    return open_account()


@pytest.fixture(scope="session")
def tools() -> Any:
    """What test modules need beside fixtures, as an object: test folders are no packages."""

    class Tools:
        start, marker = START, MARKER

    Tools.ticket, Tools.message, Tools.link = map(staticmethod, (ticket, message, link))
    return Tools
