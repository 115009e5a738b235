"""The connector and its sandbox, as the engine would join them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running
from hub.sdk import (
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
    TransientError,
)
from hub.testing import drafts_of, drive, wire_params
from hub_webhook.connector import Webhooks

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MARKER = f"hub-{'1' * 24}"


def message(text: str, number: int = 1) -> Message:
    """Return what the customer said."""
    source = Source(stream="101", source_id=str(number))
    return Message(id=UUID(int=number), sources=(source,), body=text, created_at=NOW, ingested_at=NOW)


def ticket(*messages: Message, **fields: Any) -> Ticket:
    """Return a ticket of mentions."""
    known: dict[str, Any] = {
        "id": UUID(int=77), "connector": "youscan", "instance": "mentions", "platform": "vk.com", "kind": "mention",
        "thread": "1", "url": "https://vk.com/wall-1_2", "created_at": NOW, "updated_at": NOW, "revision": "1",
        "priority": "urgent", "queue": "claims", "tags": ("fraud",),
        "messages": messages or (message("Украли деньги"),),
    }  # fmt: skip
    return Ticket(**{**known, **fields})


def delivery(**fields: Any) -> Delivery:
    """Return a create, unless *fields* say otherwise."""
    known: dict[str, Any] = {
        "ticket": ticket(), "marker": MARKER, "now": NOW, "asked_at": NOW, "summary": "complaint, urgent, claims",
    }  # fmt: skip
    return Delivery(**{**known, **fields})


class Desk:
    """The sandbox, and a connector on it."""

    def __init__(self, box: Running) -> None:
        self.box = box
        self.sent: list[Request] = []

    def connector(self, **settings: Any) -> Webhooks:
        url = self.box.urls["webhook"]
        known = {
            "connector": "webhook", "base_url": url, "secret": self.box.keys["webhook"],
            "changes_url": f"{url}changes", "map": {"queue": {"claims": "Second line"}},
        }  # fmt: skip
        return Webhooks(Webhooks.Config.model_validate({**known, **settings}))

    def deliver(self, what: Delivery, **settings: Any) -> list[Created | Missing]:
        """Do what *what* asks for, and return the facts.

        Raises:
            HubError: as the engine would see it.
        """
        connector = self.connector(**settings)
        facts: list[Created | Missing] = []
        drive(connector, connector.deliver(what), lambda request: self._send(connector, request), facts)
        return facts

    def _send(self, connector: Webhooks, request: Request) -> Response:
        """Send as the transport does: what is signed is what is sent, and redirects come back as they are."""
        self.sent.append(request)
        assert not request.redirects
        base = connector.endpoint
        url = request.path if request.path.startswith("http") else base.rstrip("/") + request.path
        body = None if request.json is None else json.dumps(request.json, ensure_ascii=False).encode()
        going = connector.auth().apply(Outgoing(request.method, url, dict(request.headers), body, request.json), base)
        params = wire_params(request.params)
        try:
            got = httpx.request(
                going.method, going.url, params=params, content=going.body, headers=going.headers, trust_env=False
            )
        except httpx.TransportError as error:
            raise TransientError(type(error).__name__) from None
        return Response(got.status_code, dict(got.headers), got.content, request)

    def ask(self, request: Request, **settings: Any) -> Response:
        """Send one request."""
        return self._send(self.connector(**settings), request)

    def changes(self, cursor: Mapping[str, Any] | None = None, **settings: Any) -> tuple[list[Draft], Any]:
        """Return what a poll reads and where it ends."""
        connector = self.connector(**settings)
        read = Read("changes", "poll", NOW, cursor=cursor)
        request, drafts, at = connector.request(read), list[Draft](), cursor
        while request is not None:
            response = self.ask(request, **settings)
            if (fault := connector.classify(response)) is not None:
                raise fault
            page = connector.parse(response, read)
            drafts += [draft for record in page.records for draft in drafts_of(connector, record, read)]
            request, at = page.next_request, page.cursor or at
        return drafts, at

    def case(self, **settings: Any) -> FollowUp:
        """Return what is said of the only case."""
        [draft] = self.changes(**settings)[0]
        assert isinstance(draft, FollowUp)
        return draft

    def cases(self) -> Sequence[dict[str, Any]]:
        """Return what the helpdesk holds."""
        found: list[dict[str, Any]] = self.box.ledger("webhook")["items"]
        return found

    def change(self, action: str, **what: Any) -> None:
        self.box.change("webhook", action, **what)


def again(what: Delivery, **fields: Any) -> Delivery:
    """Return another try of *what*, whose first may have arrived."""
    return replace(what, unsure_since=NOW, now=NOW + timedelta(minutes=1), **fields)


def case_link(external_id: str) -> Link:
    return Link(role="delivered", instance="desk", external_id=external_id)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with running(["webhook"], SandboxOptions(items=1, limits={"webhook": "off"})) as box:
        yield Desk(box)
