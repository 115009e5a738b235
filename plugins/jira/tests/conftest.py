"""A running sandbox of either edition, and the connector against it as the engine would drive it."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
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
from hub.testing import Step, drive, read_references, walk, wire_params
from hub_jira.config import JiraConfig
from hub_jira.connector import Jira

TLS = ssl.create_default_context()  # building one takes longer than most requests here
START = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
MARKER = "hub-0123456789abcdef01234567"
HUB_ACCOUNT = "5b10a2844c20165700ede21g"


def ticket(**fields: Any) -> Ticket:
    """Return a review with one message."""
    said = Message(
        id=UUID(int=7),
        sources=(Source(stream="reviews", source_id="1"),),
        body=fields.pop("body", "Деньги *списали* дважды!\n\nh1. Верните [деньги]"),
        author=Author(key="1/a", name="Анна"),
        created_at=START,
        ingested_at=START,
    )
    return Ticket(
        **{
            "id": UUID(int=1), "connector": "pointer", "instance": "maps", "platform": "yandex_maps", "kind": "review",
            "thread": "1", "url": "https://maps.example/1", "created_at": START, "updated_at": START, "revision": "1",
            "messages": (said,), **fields,
        }
    )  # fmt: skip


@dataclass
class Site:
    """One edition in a sandbox, and everything that was asked of it."""

    vendor: str
    box: Running
    http: httpx.Client
    log: list[tuple[Request, Response]] = field(default_factory=list)

    def connector(self, **settings: Any) -> Jira:
        account = {"email": "hub@example.org"} if self.vendor == "jira" else {}
        given = {"token": SecretStr(self.box.keys[self.vendor]), "base_url": self.box.urls[self.vendor], **account}
        return Jira(JiraConfig.model_validate({"connector": "jira", "project": "CLAIMS", **given, **settings}))

    def send(self, connector: Jira, request: Request, **headers: str) -> Response:
        auth = connector.auth().apply(Outgoing(request.method, "", {**request.headers, **headers}), "")
        params = [(name, value) for name, values in wire_params(request.params).items() for value in values]
        url = self.box.urls[self.vendor] + request.path
        answer = self.http.request(request.method, url, params=params, json=request.json, headers=auth.headers)
        response = Response(answer.status_code, dict(answer.headers), answer.content, request)
        self.log.append((request, response))
        return response

    def ask(self, method: str, path: str, connector: Jira | None = None, **more: Any) -> Response:
        """Ask the sandbox itself, below the API's newest version."""
        api = "/rest/api/3" if self.vendor == "jira" else "/rest/api/2"
        full = path if path.startswith("/rest") else api + path
        return self.send(connector or self.connector(), Request(method, full, **more))

    def reference(self, connector: Jira) -> dict[str, list[Any]]:
        return read_references(connector, START, lambda request: self.send(connector, request))

    def read(self, connector: Jira, **fields: Any) -> list[Step]:
        """Walk a read, a poll unless told otherwise."""
        reading = Read("issues", "poll", datetime.now(UTC), reference=self.reference(connector))
        return walk(connector, replace(reading, **fields), lambda request: self.send(connector, request))

    def delivery(self, connector: Jira, **fields: Any) -> Delivery:
        known = self.reference(connector)
        return Delivery(**{"ticket": ticket(), "marker": MARKER, "now": START, "reference": known, **fields})

    def drive(
        self, connector: Jira, delivery: Delivery, spoil: Callable[[Request, Response], Exception | None] | None = None
    ) -> list[Created | Missing]:
        """Run an escalation to its end as the engine does and return the facts that it told.

        *spoil* may turn an answer into an error that is thrown into the generator: the request was sent all the same.
        """

        def answer(request: Request) -> Response:
            response = self.send(connector, request)
            error = spoil(request, response) if spoil else None
            if error:
                raise error
            return response

        facts: list[Created | Missing] = []
        drive(connector, connector.escalate(delivery), answer, facts)
        return facts

    def answers(self, connector: Jira, steps: Any) -> tuple[Any, ...]:
        """Run a check to its end and return what it found."""
        found: tuple[Any, ...] = drive(connector, steps, lambda request: self.send(connector, request))
        return found

    def drafts(self, connector: Jira, source_id: str) -> Any:
        """Return what the connector makes of one issue as it is now."""
        fields = "*all" if self.vendor == "jira" else "*navigable"
        record = self.ask("GET", f"/issue/{source_id}", params={"fields": fields}).json()
        reading = Read("issues", "poll", START, reference=self.reference(connector))
        return connector.normalize(record, reading)[0]

    def normalized(self, connector: Jira, records: Sequence[Any], name: str = "") -> list[Any]:
        """Return what the connector makes of *records* of a poll, or of the sweep *name*."""
        reading = Read("issues", "sweep" if name else "poll", START, name=name, reference=self.reference(connector))
        return [draft for record in records for draft in connector.normalize(record, reading)]

    def items(self, **wanted: Any) -> list[dict[str, Any]]:
        ledger = self.box.ledger(self.vendor)["items"]
        return [item for item in ledger if all(item.get(name) == value for name, value in wanted.items())]

    def issue(self, source_id: str) -> dict[str, Any]:
        return self.items(source_id=source_id)[0]

    def made(self) -> list[dict[str, Any]]:
        """Return the issues that a client made."""
        return [item for item in self.items(by_client=True) if "/" not in item["source_id"]]

    def writes(self) -> list[str]:
        return [write["action"] for write in self.box.ledger(self.vendor)["client"]["writes"]]

    def change(self, action: str, **what: Any) -> dict[str, Any]:
        return self.box.change(self.vendor, action, **what)


def link(source_id: str) -> Link:
    return Link(role="escalated", instance="jira", external_id=source_id)


def options(vendors: Sequence[str], **more: Any) -> SandboxOptions:
    limits = dict.fromkeys(vendors, "off")
    return SandboxOptions(**{"items": 12, "limits": limits, "future": 0.0, "seed": 5, **more})


@pytest.fixture(scope="session")
def tools() -> Any:
    """What test modules need beside fixtures, as an object: test folders are no packages."""

    class Tools:
        start, marker, hub_account = START, MARKER, HUB_ACCOUNT
        day = timedelta(days=1)

    Tools.ticket, Tools.link, Tools.serving = map(staticmethod, (ticket, link, serving))
    return Tools


@contextmanager
def serving(vendor: str, **more: Any) -> Iterator[Site]:
    with running([vendor], options([vendor], **more)) as box, httpx.Client(verify=TLS) as http:
        yield Site(vendor, box, http)


@pytest.fixture(params=["jira", "jira-dc"])
def site(request: pytest.FixtureRequest) -> Iterator[Site]:
    """Either edition, for tests that change something."""
    with serving(request.param) as one:
        yield one


@pytest.fixture
def cloud() -> Iterator[Site]:
    with serving("jira") as one:
        yield one


@pytest.fixture
def server() -> Iterator[Site]:
    with serving("jira-dc") as one:
        yield one
