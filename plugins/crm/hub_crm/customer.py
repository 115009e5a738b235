"""The customer behind a ticket, as far as a CRM can know them: phones, e-mails, nicknames, flags."""

import re
from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TypeVar

from hub.sdk import Request, Response, Ticket

T = TypeVar("T")
Step = Generator[Request, Response | None, T]
"""A part of a write: yields requests, receives responses, returns what it found."""

DO_NOT_CALL = "do-not-call"
"""The tag of a ticket whose customer wants no calls."""

_PHONE = re.compile(r"(?<![\w+/.-])(?:\+7|8|7)[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?![\w-])")
_ABROAD = re.compile(r"(?<![\w+/.-])\+(?!7)\d(?:[\s()-]?\d){8,13}(?!\w)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?!\w)")
_MOST = 5  # phones or e-mails of one ticket that are looked up


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
        phones=tuple(phones_in(words))[:_MOST],
        emails=tuple(dict.fromkeys(found.lower() for found in _EMAIL.findall(words)))[:_MOST],
        handles=tuple(dict.fromkeys(handles)),
        social=ticket.kind in ("mention", "review"),
        do_not_call=DO_NOT_CALL in ticket.tags,
    )


def phones_in(words: str) -> Iterable[str]:
    """Return the telephone numbers in *words*, as ``+`` and digits; a Russian ``8`` in front is ``+7``."""
    found = (re.sub(r"\D", "", number) for number in (*_PHONE.findall(words), *_ABROAD.findall(words)))
    return dict.fromkeys(
        f"+7{digits[1:]}" if len(digits) == 11 and digits[0] in "78" else f"+{digits}" for digits in found
    )


def phone_forms(phone: str) -> list[str]:
    """Return how *phone* may stand in a CRM: with and without the plus, a Russian one also with an 8."""
    digits = phone.removeprefix("+")
    return [phone, digits, *([f"8{digits[1:]}"] if digits.startswith("7") and len(digits) == 11 else [])]
