"""Writing: generators that yield requests, receive responses, and say what now exists.

``deliver``, ``escalate`` and ``act`` are such generators. They do no I/O: the engine sends each request they
yield and hands the response back, and it commits each :class:`Created` before it goes on, so that a process that
dies in between never creates a second one.
"""

import re
from base64 import b64decode
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hmac import compare_digest
from typing import Any, Literal
from urllib.parse import parse_qsl

from hub.sdk.errors import HubError
from hub.sdk.messages import Request, Response
from hub.sdk.ticket import Link, Message, Ticket

ActionName = Literal[
    "reply", "edit_reply", "delete_reply", "report", "add_tags", "set_tags", "set_sentiment", "mark_spam", "hide"
]
"""What ``act`` may be asked to do; a connector's ``actions`` says which of them it can."""


_FIELDS = 10_000  # a form with more is none


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
        unsure_since: an earlier try sent something whose outcome was never known, first at this moment: where the
            source can be asked, look before anything is sent again. None: nothing can be there.
    """

    name: ActionName
    stream: str
    source_id: str
    text: str = ""
    values: tuple[str, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    unsure_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What became of one action.

    ``state`` is ``done`` (seen at the source again), ``sent`` (taken, its effect comes later), or ``failed``;
    ``detail`` is the source's own word for it, or what to do. ``cause`` is the error behind a failure, where there is
    one: what may pass (:class:`hub.sdk.TransientError`, a :class:`hub.sdk.SourceError` to be retried) is tried again
    later, every other failure waits for a person.
    """

    action: Action
    state: Literal["done", "sent", "failed"]
    detail: str = ""
    cause: HubError | None = None


@dataclass(frozen=True, slots=True)
class Created:
    """Something now exists at the vendor: a case, or a comment in it. The engine commits this before it goes on.

    What is left to do after a case was created is done at the next try, should this one end early; a comment is done
    with it, so all that it is to tell goes into one.

    Args:
        external_id: its id, that never changes (not a key that moves with a project).
        url: where a person finds it.
    """

    external_id: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A look-up by the marker found nothing.

    The engine lets the generator go on to create only once the destination's index must have what an earlier try may
    have left (``Connector.index_delay()``); until then it ends this try, and the next one looks up again.
    """


Steps = Generator[Request | Created, Response | None, tuple[ActionResult, ...]]
"""An action batch under way: yields requests (a response comes back) and facts (None comes back)."""

Effect = Literal["create", "comment", "change"]
"""What is to happen at a destination: a new case; new messages in the case; other values of the case's fields."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One effect that a ticket is to have at a destination.

    Args:
        ticket: as stored now, with all its messages and links.
        marker: the effect's key, ``hub-`` and 24 hex digits: the same for every try of it, another for every other
            effect. Send it as idempotency key, or put it where it can be looked up by.
        now: aware, UTC; when this try began.
        effect: what is to happen.
        link: the case there. None for ``create``, unless an earlier try has made it: then do only what is left to do
            after that.
        department: whom it is for, in the hub's words; see :meth:`DestinationMap.find`.
        messages: what a ``comment`` is to say, oldest first. Where none is the customer's (``in``) it is for the people
            there alone: what was said elsewhere, or a note of the hub's own, which has no source.
        edited: a ``comment`` tells a message that it told before, as the customer has changed it since: say so.
        changes: for ``change``: the new values by field, in the hub's words: ``state``, ``priority``, ``assignee``,
            ``tags``, ``queue``, ``category``, ``department``.
        summary: the decision in one line, for the people there: category, priority, deadline, which rules.
        reference: every reference's records, by name.
        unsure_since: an earlier try sent something whose outcome was never known, first at this moment: look it up by
            the marker before anything is sent again, and yield :class:`Missing` where nothing is found. None:
            nothing can be there.
        asked_at: aware, UTC; when the effect was asked for, the same for every try. None where nobody says.
    """

    ticket: Ticket
    marker: str
    now: datetime
    effect: Effect = "create"
    link: Link | None = None
    department: str | None = None
    messages: tuple[Message, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    summary: str = ""
    reference: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    unsure_since: datetime | None = None
    asked_at: datetime | None = None
    edited: bool = False


Writes = Generator[Request | Created | Missing, Response | None, None]
"""A delivery or an escalation under way: yields requests (a response comes back) and facts (None comes back)."""

_MARKER = re.compile(r"\bhub-[0-9a-f]{24}\b")


def find_marker(*texts: str | None) -> str | None:
    """Return the first marker of a :class:`Delivery` that stands in one of *texts* (labels, a field, a text)."""
    for text in texts:
        if text and (found := _MARKER.search(text)):
            return found[0]
    return None


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """Something that credentials or settings lack: what was seen, and what a person does about it."""

    seen: str
    todo: str


Checks = Generator[Request, Response, tuple[Shortcoming, ...]]
"""A check under way: yields requests, a refusal comes back as a response too, and ends with what is lacking."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A call that a vendor made to us. A hint, never the record itself.

    Args:
        headers: of the call, in any case.
        body: as it came, at most a megabyte.
        path: what stood behind ``/hooks/INSTANCE/``.
    """

    headers: Mapping[str, str]
    body: bytes
    path: str = ""

    def is_at(self, secret: str | None) -> bool:
        """Whether the address ends in *secret*; never where there is none. In constant time."""
        last = self.path.partition("?")[0].rstrip("/").rpartition("/")[2]
        return _same(last, secret)

    def has_password(self, secret: str | None) -> bool:
        """Whether it brings *secret* as the password of HTTP Basic, whoever's; never where there is none. In constant
        time."""
        given = {name.lower(): value for name, value in self.headers.items()}.get("authorization", "")
        scheme, _, coded = given.partition(" ")
        try:
            pair = b64decode(coded.strip(), validate=True).decode("utf-8", "replace")
        except ValueError:
            return False
        return scheme.lower() == "basic" and _same(pair.partition(":")[2], secret)

    def form(self) -> dict[str, str]:
        """Return the fields of a form by name, brackets and all (``auth[domain]``), of those named twice the last;
        empty where the body is none."""
        try:
            return dict(parse_qsl(self.body.decode("utf-8", "replace"), max_num_fields=_FIELDS))
        except ValueError:
            return {}


def _same(given: str, secret: str | None) -> bool:
    return bool(secret) and compare_digest(given.encode(errors="replace"), (secret or "").encode())
