"""What is sent: one event, the same for every try as far as the ticket stays the same."""

from datetime import datetime
from typing import Any

from hub.sdk import Delivery, Ticket

EDITED = "ticket.message_changed"
TYPES = {"create": "ticket.created", "comment": "ticket.message_added", "change": "ticket.changed"}


def event(delivery: Delivery, group: str | None) -> dict[str, Any]:
    """Return the body of *delivery* as JSON values; ``timestamp`` is when it was asked for, not when it is sent."""
    link = delivery.link
    data: dict[str, Any] = {
        "ticket": delivery.ticket.model_dump(mode="json"),
        "case": None if link is None else {"id": link.external_id, "url": link.url},
        "group": group,
        "department": delivery.department,
        "source_url": source_url(delivery.ticket),
        "summary": delivery.summary,
    }
    if delivery.effect == "comment":
        data["messages"] = [message.model_dump(mode="json") for message in delivery.messages]
    if delivery.effect == "change":
        data["changes"] = dict(delivery.changes)
    at = delivery.asked_at or delivery.ticket.created_at
    kind = EDITED if delivery.edited else TYPES[delivery.effect]
    return {"type": kind, "timestamp": _instant(at), "data": data}


def source_url(ticket: Ticket) -> str | None:
    """Return where a person finds what was said: the ticket's own address, else that of its latest message."""
    return ticket.url or next((message.url for message in reversed(ticket.messages) if message.url), None)


def _instant(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
