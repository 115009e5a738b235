"""Customers as they are now: which profiles each has, and what CRMs say of them.

A profile that nothing was ever noted of has no row and is a customer of its own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.ticket import Customer
from hub.store.rows import MessageRow, customer_of, customer_uuid
from hub.store.tables import customer_cards, customer_links, profiles

_LIVE = (customer_links.c.state == "active") & customer_links.c.held.is_(None)


@dataclass(frozen=True, slots=True)
class Card:
    """A row of ``customer_cards``; ``facts`` as they stand there."""

    value: str
    instance: str
    kind: str
    name: str | None
    url: str | None
    facts: Mapping[str, Any]
    read_at: int

    @property
    def id(self) -> str:
        """The card's id in its CRM."""
        return self.value.rpartition("\n")[2]


@dataclass(frozen=True, slots=True)
class Person:
    """One customer: id, digests of the profiles, cards, those read last first."""

    id: bytes
    profiles: tuple[int, ...]
    cards: tuple[Card, ...] = ()

    @property
    def known(self) -> bool:
        """Whether a CRM knows who this is."""
        return bool(self.cards)

    @property
    def do_not_call(self) -> bool | None:
        """Whether a card says so; None where none says anything."""
        said = [card.facts["do_not_call"] for card in self.cards if card.facts.get("do_not_call") is not None]
        return any(said) if said else None

    @property
    def loyalty(self) -> tuple[str, ...]:
        """What the cards say, each once."""
        return tuple(dict.fromkeys(card.facts["loyalty"] for card in self.cards if card.facts.get("loyalty")))

    def shown(self) -> Customer | None:
        """Return what a ticket shows of the customer; None where no CRM knows."""
        if not self.cards:
            return None
        flags = {name: value for card in reversed(self.cards) for name, value in card.facts.get("flags", {}).items()}
        name = next((card.name for card in self.cards if card.name), None)
        url = next((card.url for card in self.cards if card.url), None)
        return Customer(name=name, url=url, do_not_call=self.do_not_call, loyalty=self.loyalty, flags=flags)


class People:
    """Customers by profile, each looked up once. Costs one question where nothing is linked at all."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._found: dict[int, Person | None] = {}
        self._anybody: bool | None = None

    def of(self, digest: int | None) -> Person | None:
        """Return the customer whose profile has *digest*; None where nothing is noted of it."""
        if digest is None or not self._anyone():
            return None
        if digest not in self._found:
            self._found[digest] = None
            mine = sa.select(profiles.c.customer).where(profiles.c.digest == digest)
            customer = self._connection.execute(mine).scalar()
            if customer is not None:
                person = person_of(self._connection, customer)
                self._found |= dict.fromkeys(person.profiles, person)
        return self._found[digest]

    def _anyone(self) -> bool:
        if self._anybody is None:
            first = sa.select(profiles.c.digest).limit(1)
            self._anybody = self._connection.execute(first).scalar() is not None
        return self._anybody

    def of_ticket(self, row: Any, messages: Sequence[MessageRow]) -> tuple[str | None, Customer | None]:
        """Return the id of the customer of a ticket, and what the ticket shows of them; *row*: of ``tickets``."""
        digest = digest_of(row, messages)
        if digest is None:
            return None, None
        person = self.of(digest)
        return (str(UUID(bytes=person.id)), person.shown()) if person else (str(customer_uuid(digest)), None)


def digest_of(row: Any, messages: Iterable[MessageRow]) -> int | None:
    """Return the digest of the profile that opened a ticket, whether rules ever wrote it down or not."""
    if row.customer is not None:
        return int(row.customer)
    return customer_of(row.platform, (message for message in messages if message.direction == "in"))


def person_of(connection: sa.Connection, customer: bytes) -> Person:
    """Return the customer with this id; without profiles where there is none."""
    mine = sa.select(profiles.c.digest).where(profiles.c.customer == customer).order_by(profiles.c.digest)
    digests = tuple(connection.execute(mine).scalars())
    return Person(customer, digests, tuple(cards_of(connection, digests)))


def cards_of(connection: sa.Connection, digests: Sequence[int]) -> list[Card]:
    """Return the cards of profiles, those read last first."""
    if not digests:
        return []
    values = sa.select(customer_links.c.value).where(
        customer_links.c.profile.in_(digests), customer_links.c.kind == "card", _LIVE
    )
    query = sa.select(customer_cards).where(customer_cards.c.value.in_(values))
    rows = connection.execute(query.order_by(customer_cards.c.read_at.desc(), customer_cards.c.value))
    return [card_of(row) for row in rows]


def card_of(row: Any) -> Card:
    """Return a row of ``customer_cards``."""
    return Card(row.value, row.instance, row.kind, row.name, row.url, orjson.loads(row.facts), row.read_at)
