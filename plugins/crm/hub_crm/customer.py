"""The customer behind a ticket, as far as a CRM can know them: phones, e-mails, nicknames, flags."""

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from hub.sdk import Inquiry, Request, Response, SourceError, Ticket, emails_in, phones_in

T = TypeVar("T")
Step = Generator[Request, Response | None, T]
"""A part of a write: yields requests, receives responses, returns what it found."""

DO_NOT_CALL = "do-not-call"
"""The tag of a ticket whose customer wants no calls."""

_MOST = 5  # phones or e-mails of one ticket that are looked up
_SHOWN = 200  # characters of the CRM's words in a message


@dataclass(frozen=True, slots=True)
class Handle:
    """What somebody is called in a network."""

    network: str
    nickname: str

    def __str__(self) -> str:
        return f"{self.network}: {self.nickname}"


@dataclass(frozen=True, slots=True)
class Customer:
    """Who wrote.

    Attributes:
        phones: ``+`` and digits.
        emails: in lower case.
        handles: one a network and nickname.
        social: came from a social network, a map, a forum: not from the CRM or the tracker themselves.
        do_not_call: wants no calls.
    """

    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    handles: tuple[Handle, ...] = ()
    social: bool = False
    do_not_call: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A customer's card in the CRM; ``kind`` is contact, company or lead."""

    kind: str
    id: str


def customer_of(ticket: Ticket) -> Customer:
    """Return what *ticket* tells of its customer: who wrote, and the phones and e-mails in what they wrote."""
    said = [message for message in ticket.messages if message.direction == "in"]
    words = "\n".join(message.body for message in said)
    named = (message.author for message in said if message.author is not None)
    handles = (
        Handle(ticket.platform, author.handle or author.name or "")
        for author in named
        if author.key and (author.handle or author.name)
    )
    return Customer(
        phones=phones_in(words)[:_MOST],
        emails=emails_in(words)[:_MOST],
        handles=tuple(dict.fromkeys(handles)),
        social=ticket.kind in ("mention", "review"),
        do_not_call=DO_NOT_CALL in ticket.tags or bool(ticket.customer and ticket.customer.do_not_call),
    )


def asked_about(inquiry: Inquiry) -> Customer:
    """Return whom *inquiry* asks about."""
    handles = (Handle(inquiry.platform, inquiry.handle),) if inquiry.handle else ()
    return Customer(inquiry.phones[:_MOST], inquiry.emails[:_MOST], handles)


def unrefused(steps: Step[T]) -> Step[T]:
    """Run *steps*; a refusal, which a write can do without, ends them: nobody is unknown because the CRM said no.

    Raises:
        SourceError: the CRM refused.
    """
    try:
        request = next(steps)
        while True:
            response = yield request
            if response is not None and response.status >= 400:
                said = " ".join(response.text[:_SHOWN].split())
                raise SourceError(f"{response.status} from {request.method} {request.path}: {said}")
            request = steps.send(response)
    except StopIteration as end:
        found: T = end.value
        return found
    finally:
        steps.close()


def is_set(value: Any) -> bool:
    """Whether a yes/no field of a card says yes."""
    return value in ("Y", "1", 1, True)


def named(values: Iterable[Any], names: Mapping[str, str]) -> str | None:
    """Return the first of *values* that says something, by the name that the settings give it."""
    said = (str(value).strip() for value in values if value not in (None, "", False, []))
    return next((names.get(value, value) for value in said if value), None)


def phone_forms(phone: str) -> list[str]:
    """Return how *phone* may stand in a CRM: with and without the plus, a Russian one also with an 8."""
    digits = phone.removeprefix("+")
    return [phone, digits, *([f"8{digits[1:]}"] if digits.startswith("7") and len(digits) == 11 else [])]
