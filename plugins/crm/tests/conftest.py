"""A product and its sandbox, as the engine would join them."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running
from hub.sdk import (
    Author,
    Created,
    Delivery,
    Draft,
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
from hub_crm.connector import Crm

START = datetime(2026, 10, 20, 9, tzinfo=UTC)
MARKER = f"hub-{'1' * 24}"


class Site:
    """One product's sandbox and a connector on it."""

    def __init__(self, vendor: str, box: Running, **settings: Any) -> None:
        self.vendor, self.box, self.now = vendor, box, START
        self._http = httpx.Client(verify=False, trust_env=False)
        self.connector = self.make(**settings)
        self._reference: dict[str, list[Any]] | None = None
        self.sent: list[Request] = []

    def make(self, **settings: Any) -> Crm:
        """Return a connector; *key* in the settings is another credential."""
        key, url = settings.pop("key", self.box.keys[self.vendor]), self.box.urls[self.vendor]
        if self.vendor == "bitrix24":
            given = {"webhook_url": f"{url}/rest/1/{key}/", "responsible": 9}
        else:
            given = {"product": "amocrm", "base_url": url, "token": key, "responsible": 3785711, "page_size": 40}
        return Crm(Crm.Config.model_validate({"connector": "crm", **given, **settings}))

    def send(self, request: Request, connector: Crm | None = None) -> Response:
        """Send as the transport does."""
        used = connector or self.connector
        base = used.config.base_url or ""
        url = request.path if request.path.startswith("http") else base + request.path
        going = used.auth().apply(Outgoing(request.method, url, dict(request.headers)), base)
        self.sent.append(request)
        got = self._http.request(
            going.method, going.url, params=wire_params(request.params), json=request.json, headers=going.headers
        )
        return Response(got.status_code, dict(got.headers), got.content, request)

    @property
    def reference(self) -> dict[str, list[Any]]:
        """Every reference's records, read once."""
        if self._reference is None:
            self._reference = read_references(self.connector, self.now, self.send)
        return self._reference

    def forget(self) -> None:
        """Read the references again the next time."""
        self._reference = None

    def drafts(self, stream: str = "tasks", name: str = "", **read: Any) -> list[Draft]:
        """Return every draft of a poll, or of sweep *name*; records that are refused are passed over."""
        known = Read(stream, "sweep" if name else "poll", self.now, name=name, reference=self.reference, **read)
        found: list[Draft] = []
        for step in walk(self.connector, known, self.send):
            for record in step.records:
                try:
                    found += drafts_of(self.connector, record, known)
                except Exception:  # what is malformed is a dead letter; the golden drafts show it
                    continue
        return found

    def cursor(self, stream: str = "tasks", cursor: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
        """Return where a poll ends."""
        steps = walk(self.connector, Read(stream, "poll", self.now, cursor=cursor, reference=self.reference), self.send)
        return next((step.cursor for step in reversed(steps) if step.cursor), None)

    def case(self, external_id: str, stream: str = "tasks") -> list[FollowUp]:
        """Return what is said of one case."""
        found = self.drafts(stream)
        return [draft for draft in found if isinstance(draft, FollowUp) and draft.external_id == external_id]

    def write(self, delivery: Delivery) -> list[Created | Missing]:
        """Do what *delivery* asks for, as the engine does, and return the facts."""
        facts: list[Created | Missing] = []
        drive(self.connector, self.connector.escalate(delivery), self.send, facts)
        return facts

    def run(self, steps: Any) -> Any:
        """Run a part of a write and return what it found."""
        return drive(self.connector, steps, self.send)

    def lacking(self) -> list[tuple[str, str]]:
        """Return what the check finds, also where reading lacks something, which a real check tells first."""
        steps = self.connector.check()
        try:
            request = next(steps)
            while True:
                request = steps.send(self.send(request))
        except StopIteration as end:
            return [(one.seen, one.todo) for one in end.value]

    def writes(self, action: str) -> list[dict[str, Any]]:
        """Return the writes of one kind that took effect."""
        done = self.box.ledger(self.vendor)["client"]["writes"]
        return [write for write in done if write["action"] == action]

    def delivery(self, **fields: Any) -> Delivery:
        """Return a delivery with this site's references."""
        given: dict[str, Any] = {"ticket": ticket(), "marker": MARKER, "now": self.now, "reference": self.reference}
        return Delivery(**{**given, **fields})

    def close(self) -> None:
        self._http.close()


def ticket(*said: str, **fields: Any) -> Ticket:
    """Return a complaint in a social network."""
    author = Author(key="vk/7", name="Вера К.", handle="vera_k", url="https://vk.com/vera_k")
    messages = tuple(message(number, text, author) for number, text in enumerate(said or ("Верните деньги [B]",)))
    given: dict[str, Any] = {
        "id": UUID(int=7),
        "connector": "youscan",
        "instance": "mentions",
        "platform": "vk.com",
        "kind": "mention",
        "thread": "7",
        "url": "https://vk.com/wall-1_7",
        "title": None,
        "created_at": START - timedelta(hours=2),
        "updated_at": START,
        "revision": "1",
        "messages": messages,
        "priority": "urgent",
    }
    return Ticket(**{**given, **fields})


def message(number: int, text: str, author: Author | None = None, direction: Any = "in") -> Message:
    """Return one message of a ticket."""
    at = START - timedelta(hours=2) + timedelta(minutes=number)
    source = Source(stream="101", source_id=str(number))
    return Message(
        id=UUID(int=100 + number), sources=(source,), body=text, author=author, created_at=at, ingested_at=at,
        direction=direction,
    )  # fmt: skip


def link(external_id: str) -> Link:
    return Link(role="escalated", instance="crm", external_id=external_id)


Open = Callable[..., Site]


@pytest.fixture
def open_site() -> Iterator[Open]:
    """Return what serves a vendor and joins a connector to it: ``open_site("bitrix24", items=60, read=("tasks",))``."""
    held: list[tuple[Any, Site]] = []

    def opened(vendor: str, *, options: Mapping[str, Any] | None = None, **settings: Any) -> Site:
        chosen: dict[str, Any] = {"items": 60, "start": START, "future": 0.0, "limits": {vendor: "off"}}
        block = running([vendor], SandboxOptions(**{**chosen, **(options or {})}))
        site = Site(vendor, block.__enter__(), **settings)
        held.append((block, site))
        return site

    yield opened
    for block, site in reversed(held):
        site.close()
        block.__exit__(None, None, None)


@pytest.fixture
def make_ticket() -> Callable[..., Ticket]:
    return ticket


@pytest.fixture
def make_link() -> Callable[[str], Link]:
    return link


@pytest.fixture
def make_message() -> Callable[..., Message]:
    return message
