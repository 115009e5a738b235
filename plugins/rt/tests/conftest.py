"""Tickets, deliveries, and a generator driven with answers in the shapes that a real RT gives."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from hub.sdk import Author, Created, Delivery, Link, Message, Missing, Request, Response, Source, Ticket
from hub.testing import drive
from hub_rt.config import RtConfig
from hub_rt.connector import RequestTracker

SAID = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MARKER = "hub-0123456789abcdef01234567"


def connector(**settings: Any) -> RequestTracker:
    given = {"base_url": "https://rt.example.com", "token": SecretStr("1-2-secret"), "queue": "Claims"}
    return RequestTracker(RtConfig.model_validate({"connector": "rt", **given, **settings}))


def message(number: int, body: str, **fields: Any) -> Message:
    source = Source(stream="reviews", source_id=str(number))
    at = SAID + timedelta(minutes=number)
    given = {"body": body, "author": Author(key="maps/anna", name="Анна К."), "sources": (source,)}
    return Message(id=UUID(int=number), created_at=at, ingested_at=at, **{**given, **fields})


def ticket(*said: str, **fields: Any) -> Ticket:
    """Return a review of a branch."""
    given: dict[str, Any] = {
        "id": UUID(int=1), "connector": "pointer", "instance": "maps", "platform": "yandex_maps", "kind": "review",
        "thread": "1", "url": "https://maps.example.com/1", "created_at": SAID, "updated_at": SAID, "revision": "1",
        "messages": tuple(message(number, text) for number, text in enumerate(said or ("Верните деньги",), 1)),
    }  # fmt: skip
    return Ticket(**{**given, **fields})


def delivery(**fields: Any) -> Delivery:
    return Delivery(**{"ticket": ticket(), "marker": MARKER, "now": SAID, **fields})


def link(ident: str = "20") -> Link:
    return Link(role="delivered", instance="rt", external_id=ident)


def row(**fields: Any) -> dict[str, Any]:
    """Return a ticket of RT, as ``GET /ticket/{id}`` with the queue's name gives it."""
    custom = fields.pop("custom", {"Hub ID": [MARKER]})
    given = {
        "id": 20, "EffectiveId": {"type": "ticket", "id": "20"}, "Status": "new", "Priority": "50",
        "Queue": {"type": "queue", "id": "3", "Name": "Claims"}, "Owner": {"type": "user", "id": "Nobody"},
        "LastUpdated": "2026-11-20T09:31:00Z", "Resolved": "1970-01-01T00:00:00Z",
        "CustomFields": [{"type": "customfield", "name": name, "values": values} for name, values in custom.items()],
    }  # fmt: skip
    return {**given, **fields}


@dataclass
class Script:
    """Answers in the order in which they are given, and what was asked for them."""

    answers: Sequence[tuple[int, Any] | tuple[int, Any, dict[str, str]] | Exception]
    asked: list[Request] = field(default_factory=list)
    facts: list[Created | Missing] = field(default_factory=list)

    def drive(self, connector: RequestTracker, effect: Delivery) -> list[Created | Missing]:
        """Run a delivery to its end and return its facts; every answer must be asked for."""
        left = list(self.answers)

        def answer(request: Request) -> Response:
            self.asked.append(request)
            assert left, f"{request.method} {request.path} was not expected"
            given = left.pop(0)
            if isinstance(given, Exception):
                raise given
            return response(request, *given)

        drive(connector, connector.deliver(effect), answer, self.facts)
        assert not left, f"never asked for: {left}"
        return self.facts

    def said(self) -> list[str]:
        return [f"{request.method} {request.path.removeprefix('/REST/2.0')}" for request in self.asked]


def response(request: Request, status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    return Response(status, headers or {}, json.dumps(body).encode(), request)


@dataclass(frozen=True)
class Tools:
    """What the tests use beside fixtures, as an object: test folders are no packages."""

    marker: str = MARKER
    said: datetime = SAID
    connector: Callable[..., RequestTracker] = connector
    message: Callable[..., Message] = message
    ticket: Callable[..., Ticket] = ticket
    delivery: Callable[..., Delivery] = delivery
    link: Callable[..., Link] = link
    row: Callable[..., dict[str, Any]] = row
    script: Callable[..., Script] = Script
    response: Callable[..., Response] = response


@pytest.fixture(scope="session")
def tools() -> Tools:
    return Tools()
