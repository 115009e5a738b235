"""The connector against a real RT, driven as the engine would drive it."""

import base64
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from pydantic import SecretStr

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
    TransientError,
)
from hub.testing import Step, drafts_of, drive, walk, wire_params
from hub_rt.config import RtConfig
from hub_rt.connector import RequestTracker
from tests.e2e_rt.instance import Rt

SAID = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FIELDS = {
    "ticket": "Hub Ticket",
    "platform": "Hub Platform",
    "link": "Hub Link",
    "stars": "Hub Stars",
    "tags": "Hub Tags",
    "category": "Hub Category",
    "rating": "Answer Rating",
}


def new_marker() -> str:
    return f"hub-{uuid.uuid4().hex[:24]}"


def message(number: int, body: str, **fields: Any) -> Message:
    source = Source(stream="reviews", source_id=str(number))
    at = SAID + timedelta(minutes=number)
    author = Author(key="maps/anna", name="Анна К.")
    return Message(
        **{"id": uuid.UUID(int=number), "sources": (source,), "body": body, "author": author, **fields},
        created_at=at,
        ingested_at=at,
    )


def ticket(*said: str, **fields: Any) -> Ticket:
    """Return a review of a branch."""
    texts = said or ("Деньги списали дважды!\n\n> и это не цитата",)
    given: dict[str, Any] = {
        "id": uuid.UUID(int=1),
        "connector": "pointer",
        "instance": "maps",
        "platform": "yandex_maps",
        "kind": "review",
        "thread": "1",
        "url": "https://maps.example.com/reviews/1",
        "created_at": SAID,
        "updated_at": SAID,
        "revision": "1",
        "rating": 1.0,
        "priority": "high",
        "category": "complaint",
        "tags": ("деньги", "срочно"),
        "messages": tuple(message(number, text) for number, text in enumerate(texts, 1)),
    }
    return Ticket(**{**given, **fields})


@dataclass
class Site:
    """A connector's view of an RT, and everything that was asked of it."""

    rt: Rt
    http: httpx.Client
    log: list[tuple[Request, Response]] = field(default_factory=list)

    def connector(self, **settings: Any) -> RequestTracker:
        given = {
            "base_url": self.rt.url,
            "token": SecretStr(self.rt.tokens["hub"]),
            "queue": "Claims",
            "fields": FIELDS,
        }
        return RequestTracker(RtConfig.model_validate({"connector": "rt", **given, **settings}))

    def send(self, connector: RequestTracker, request: Request) -> Response:
        auth = connector.auth().apply(Outgoing(request.method, "", dict(request.headers)), "")
        params = wire_params(request.params)
        answer = self.http.request(
            request.method, self.rt.url + request.path, params=params, json=request.json, headers=auth.headers
        )
        response = Response(answer.status_code, dict(answer.headers), answer.content, request)
        self.log.append((request, response))
        return response

    # --- writing --------------------------------------------------------------------------------------------------

    def drive(
        self,
        connector: RequestTracker,
        delivery: Delivery,
        before: Callable[[Request], None] | None = None,
        lose: Callable[[Request], bool] | None = None,
    ) -> list[Created | Missing]:
        """Run a delivery to its end and return the facts that it told.

        Args:
            before: called before each request is sent.
            lose: whether the answer to a request, which was sent, is lost.
        """

        def answer(request: Request) -> Response:
            if before:
                before(request)
            response = self.send(connector, request)
            if lose and lose(request):
                raise TransientError("the answer was lost")
            return response

        facts: list[Created | Missing] = []
        drive(connector, connector.deliver(delivery), answer, facts)
        return facts

    def made(self, connector: RequestTracker, **fields: Any) -> tuple[str, Delivery]:
        """Deliver a ticket; return its id in RT and the delivery."""
        delivery = Delivery(**{"ticket": ticket(), "marker": new_marker(), "now": datetime.now(UTC), **fields})
        [created] = self.drive(connector, delivery)
        assert isinstance(created, Created)
        return created.external_id, delivery

    def change(self, connector: RequestTracker, ident: str, **changes: Any) -> list[Created | Missing]:
        return self.drive(connector, self.later(ident, effect="change", changes=changes))

    def later(self, ident: str, **fields: Any) -> Delivery:
        made = Link(role="delivered", instance="rt", external_id=ident)
        given = {"ticket": ticket(), "marker": new_marker(), "now": datetime.now(UTC), "link": made}
        return Delivery(**{**given, **fields})

    # --- reading --------------------------------------------------------------------------------------------------

    def poll(self, connector: RequestTracker, **fields: Any) -> list[Step]:
        reading = Read("tickets", "poll", datetime.now(UTC))
        return walk(connector, replace(reading, **fields), lambda request: self.send(connector, request))

    def follow_ups(self, connector: RequestTracker, *ids: str, **fields: Any) -> list[FollowUp]:
        """Return what a poll (or the read that *fields* tell) says of the tickets *ids*, or of all."""
        reading = replace(Read("tickets", "poll", datetime.now(UTC)), **fields)
        records = [record for step in self.poll(connector, **fields) for record in step.records]
        found = [draft for record in records for draft in drafts_of(connector, record, reading)]
        return [one for one in found if isinstance(one, FollowUp) and (not ids or one.external_id in ids)]

    def sweep(self, connector: RequestTracker, cases: Sequence[str], **fields: Any) -> list[FollowUp]:
        now = datetime.now(UTC)
        read = {"mode": "sweep", "name": "cases", "cases": tuple(cases), "since": now - timedelta(days=2)}
        return self.follow_ups(connector, **{**read, **fields})

    # --- what RT has ----------------------------------------------------------------------------------------------

    def ticket(self, ident: str) -> dict[str, Any]:
        with self.rt.person("root") as root:
            found: dict[str, Any] = root.get(f"/ticket/{ident}", params={"fields[Queue]": "Name"}).json()
            return found

    def values(self, ident: str, name: str) -> list[str]:
        fields = {one["name"]: one["values"] for one in self.ticket(ident)["CustomFields"]}
        found: list[str] = fields.get(name, [])
        return sorted(found)

    def with_marker(self, marker: str) -> list[str]:
        with self.rt.person("root") as root:
            answer = root.get("/tickets", params={"query": f"'CF.{{Hub ID}}' = '{marker}' AND EffectiveId > 0"})
            return [item["id"] for item in answer.json()["items"]]

    def history(self, ident: str) -> list[dict[str, Any]]:
        with self.rt.person("root") as root:
            answer = root.get(f"/ticket/{ident}/history", params={"fields": "Type,Data,Content", "per_page": 100})
            found: list[dict[str, Any]] = answer.json()["items"]
            return found

    def text(self, ident: str, number: int = 0) -> str:
        """Return the text of a message of a ticket, the first one's unless told otherwise."""
        with self.rt.person("root") as root:
            rows = root.get(f"/ticket/{ident}/attachments").json()["items"]
            answer = root.get(f"/attachment/{rows[number]['id']}").json()
            return base64.b64decode(answer["Content"]).decode()
