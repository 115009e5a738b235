"""Who a customer is, as a CRM knows it: what is asked, and what comes back."""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import Field

from hub.sdk.messages import Request, Response
from hub.sdk.ticket import Id, Model


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A customer whom nobody knows yet: one profile, and what its owner said of themselves.

    Args:
        platform: where the profile is: ``vk.com``, ``yandex_maps``.
        key: the author's key there.
        now: aware, UTC.
        name: as the platform shows it.
        handle: the nickname there.
        phones: ``+`` and digits, out of the customer's own words.
        emails: in lower case, likewise.
        reference: every reference's records, by name.
    """

    platform: str
    key: str
    now: datetime
    name: str | None = None
    handle: str | None = None
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    reference: Mapping[str, Sequence[Any]] = field(default_factory=dict)


class CustomerCard(Model):
    """A customer's card in a CRM. What the CRM does not say is left out."""

    key: Id = Field(description="the card's id, unique within the connector's namespace: `contact/7`")
    kind: str = Field(default="contact", description="the CRM's word for it: contact, company, lead")
    name: str | None = Field(default=None, description="what the customer is called there")
    url: str | None = Field(default=None, description="where a person finds it")
    phones: tuple[str, ...] = Field(default=(), description="`+` and digits; see `phones_in`")
    emails: tuple[str, ...] = Field(default=(), description="in lower case; see `emails_in`")
    profiles: tuple[str, ...] = Field(default=(), description="nicknames noted there: `vk.com: vera_k`")
    do_not_call: bool | None = Field(default=None, description="whether the customer wants no calls")
    loyalty: str | None = Field(default=None, description="level of loyalty, or segment")
    flags: dict[str, str] = Field(default_factory=dict, description="what else the settings ask for, by name")


Lookup = Generator[Request, Response | None, tuple[CustomerCard, ...]]
"""A look-up under way: yields requests (a response comes back) and ends with the cards that fit. One: that is the
customer. Several: a person has to decide."""
