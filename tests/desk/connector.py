"""The desk as a destination. It shares no code with the server."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from hub.sdk import (
    Auth,
    Bearer,
    Connector,
    ConnectorConfig,
    Created,
    Cursor,
    Delivery,
    DeliveryError,
    DestinationMap,
    Draft,
    FollowUp,
    Listed,
    MessageDraft,
    Missing,
    Page,
    Read,
    Record,
    Request,
    Response,
    Secret,
    State,
    Stream,
    Sweep,
    TicketDraft,
    Writes,
)

EPOCH = datetime(2026, 11, 1, tzinfo=UTC)
STATES: dict[str, State] = {
    "todo": "open",
    "doing": "open",
    "waiting": "pending",
    "done": "solved",
    "cancelled": "closed",
}
ENDS = {"solved": "done", "closed": "cancelled", "hidden": "cancelled"}
FIELDS = {"priority": "priority", "queue": "group", "category": "kind", "tags": "tags"}


class DeskConfig(ConnectorConfig):
    """Settings of the desk."""

    token: Secret = Field(description="the desk's key")
    map: DestinationMap[str] = Field(default=DestinationMap(), description="departments of the desk")
    index_s: int = Field(default=0, description="how far its search lags behind, seconds")
    place: str = Field(default="the desk", description="what tells its cases from those of another desk")


class Desk(Connector[DeskConfig]):
    """Cases of the desk."""

    name = "desk"
    title = "The desk"
    Config = DeskConfig
    sweep_names = frozenset(("ids",))

    def index_delay(self) -> timedelta:
        return timedelta(seconds=self.config.index_s)

    def auth(self) -> Auth:
        return Bearer(self.config.token)

    def namespace(self) -> str:
        return self.config.place

    # --- reading ------------------------------------------------------------------------------------------------

    def streams(self, reference: object) -> Sequence[Stream]:
        return (Stream("cases", sweeps=(Sweep("ids", timedelta(hours=1), inventory="threads"),)),)

    def request(self, read: Read) -> Request:
        if read.mode == "sweep":
            return Request("GET", "/ids")
        return Request("GET", "/changes", params={"after": read.cursor["seq"] if read.cursor else 0})

    def parse(self, response: Response, read: Read) -> Page:
        return Page(records=response.json()["cases"])

    def position(self, record: Record) -> Cursor:
        return {"seq": record["seq"]}

    def normalize(self, record: Record, read: Read) -> Draft:
        if isinstance(record, str):
            return Listed(thread=record)
        own = TicketDraft.of(
            source_id=record["id"], kind="task", platform="desk", created_at=EPOCH, body=record["text"]
        )
        return FollowUp(
            external_id=record["id"],
            marker=record["marker"] or None,
            state=STATES[record["state"]],
            status=record["state"],
            department=record["department"],
            assignee=record["assignee"],
            queue=record["group"],
            priority=record["priority"],
            category=record["kind"],
            tags=tuple(record["tags"]),
            rating=record["rating"],
            merged_into=record["merged_into"],
            messages=tuple(_comments(record)),
            otherwise=own,
        )

    # --- writing ------------------------------------------------------------------------------------------------

    def escalate(self, delivery: Delivery) -> Writes:
        match delivery.effect:
            case "create":
                yield from self._create(delivery)
            case "comment":
                yield from self._comment(delivery)
            case "change":
                assert delivery.link
                state = ENDS.get(delivery.changes["state"], "todo")
                yield Request("POST", f"/cases/{delivery.link.external_id}/state", json={"state": state}, safe=True)

    def deliver(self, delivery: Delivery) -> Writes:
        if delivery.effect == "change":
            assert delivery.link
            fields = {FIELDS[name]: value for name, value in delivery.changes.items() if name in FIELDS}
            if "state" in delivery.changes:
                fields["state"] = ENDS.get(delivery.changes["state"], "todo")
            yield Request("POST", f"/cases/{delivery.link.external_id}/fields", json=fields, safe=True)
        else:
            yield from self.escalate(delivery)

    def _create(self, delivery: Delivery) -> Writes:
        if delivery.link is not None:
            return
        if delivery.unsure_since is not None:
            answer = yield Request("GET", "/cases", params={"marker": delivery.marker})
            assert answer
            for case in answer.json()["cases"][:1]:
                yield Created(case["id"], f"https://desk.example/{case['id']}")
                return
            yield Missing()
        body: dict[str, Any] = {
            "marker": delivery.marker,
            "text": "\n".join(message.body for message in delivery.ticket.messages),
            "department": self.config.map.find(delivery),
        }
        if delivery.summary:
            body["summary"] = delivery.summary
        if delivery.department is None:
            ticket = delivery.ticket
            body |= {"priority": ticket.priority, "group": ticket.queue, "kind": ticket.category, "tags": ticket.tags}
        answer = yield Request("POST", "/cases", json=body)
        assert answer
        if answer.status != 201:
            raise DeliveryError(f"the desk refuses the case: {answer.json()['error']}")
        yield Created(answer.json()["id"], f"https://desk.example/{answer.json()['id']}")

    def _comment(self, delivery: Delivery) -> Writes:
        assert delivery.link
        path = f"/cases/{delivery.link.external_id}"
        if delivery.unsure_since is not None:
            answer = yield Request("GET", path)
            assert answer
            for comment in answer.json()["comments"]:
                if comment["marker"] == delivery.marker:
                    yield Created(comment["id"])
                    return
            yield Missing()
        body = {"marker": delivery.marker, "text": "\n".join(message.body for message in delivery.messages)}
        answer = yield Request("POST", f"{path}/comments", json=body)
        assert answer
        if answer.status != 201:
            raise DeliveryError(f"the desk refuses the comment: {answer.json()['error']}")
        yield Created(answer.json()["id"])


def _comments(record: Record) -> Iterator[MessageDraft]:
    for number, comment in enumerate(record["comments"]):
        yield MessageDraft(
            source_id=comment["id"],
            created_at=EPOCH + timedelta(minutes=number),
            body=comment["text"],
            direction=comment["direction"],
            echo_of=comment["marker"] or None,
        )
