"""Writing: generators that yield requests, receive responses, and say what now exists.

``deliver``, ``escalate`` and ``act`` are such generators. They do no I/O: the engine sends each request they
yield and hands the response back, and it commits each :class:`Created` before it goes on, so that a process that
dies in between never creates a second one.
"""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.sdk.messages import Request, Response
from hub.sdk.ticket import Ticket

ActionName = Literal[
    "reply", "edit_reply", "delete_reply", "report", "add_tags", "set_tags", "set_sentiment", "mark_spam", "hide"
]
"""What ``act`` may be asked to do; a connector's ``actions`` says which of them it can."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do with one record at its source.

    Args:
        name: what to do.
        stream: the stream of the record.
        source_id: the record's id in it.
        text: the reply, or the words of a report.
        values: tags; a sentiment; the reason of a report.
        context: facts of the ticket that a connector may need to find the record again: ``place`` (the outlet's key),
            ``created_at`` (ISO, of the record itself, not of a reply to it), ``url``.
    """

    name: ActionName
    stream: str
    source_id: str
    text: str = ""
    values: tuple[str, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What became of one action.

    ``state`` is ``done`` (seen at the source again), ``sent`` (taken, its effect comes later), or ``failed``;
    ``detail`` is the source's own word for it, or what to do.
    """

    action: Action
    state: Literal["done", "sent", "failed"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Created:
    """Something now exists at the vendor; the engine commits this before it goes on."""

    external_id: str
    url: str | None = None


Steps = Generator[Request | Created, Response | None, tuple[ActionResult, ...]]
"""An action batch under way: yields requests (a response comes back) and facts (None comes back)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A ticket on its way to a destination.

    Args:
        ticket: as stored now.
        marker: idempotency key; the same for every try of the same effect.
        link: where the ticket already is at the destination, if anywhere.
    """

    ticket: Ticket
    marker: str
    external_id: str | None = None


Writes = Generator[Request | Created, Response | None, None]
"""A delivery or an escalation under way."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A call that a vendor made to us. A hint, never the record itself."""

    headers: Mapping[str, str]
    body: bytes
    path: str = ""
