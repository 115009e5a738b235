"""Customers for people: who is meant, what is known and why, and all tickets."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.errors import StoreError
from hub.store import queries
from hub.store.contacts import profile_in
from hub.store.customer_links import APART, Profile, evidence_of
from hub.store.people import People, card_of, person_of
from hub.store.rows import customer_uuid, profile_digest
from hub.store.tables import chunks, customer_cards, customer_links, instant, messages, profiles, tickets

_PREFIX = 4  # letters of an id that are enough to ask for it
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class ProfileView:
    """One author on one platform. ``connectors``: how many tickets each connector read of them: the same author key
    makes them one."""

    platform: str
    key: str
    name: str | None
    handle: str | None
    connectors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CardView:
    """A card in a CRM."""

    instance: str
    kind: str
    id: str
    name: str | None
    url: str | None
    facts: Mapping[str, Any]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class LinkView:
    """A link of a profile: what to, whether it holds, who made it and why.

    Attributes:
        kind: phone, email, card, profile, or apart (kept apart by a person).
        to: the phone, the e-mail, the card as ``instance/id``, the profile as ``platform:key``.
        state: active, proposed, undone; ``held``: why an active one joins nothing.
        author: words (the customer's own), card (a CRM), person.
        evidence: ``ticket``, ``instance``, ``seen``, ``why``, as far as there are.
    """

    n: int
    profile: str
    kind: str
    to: str
    state: str
    held: str | None
    confidence: str
    author: str
    evidence: Mapping[str, Any]
    created_at: datetime
    undone_at: datetime | None
    undone_by: str | None


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One ticket of a customer's history."""

    id: str
    created_at: datetime
    closed_at: datetime | None
    platform: str
    instance: str
    kind: str
    state: str
    priority: str
    category: str | None
    queue: str | None
    assignee: str | None
    rating: float | None
    title: str | None
    text: str


@dataclass(frozen=True, slots=True)
class CustomerView:
    """One customer. ``tickets``: how many there are in all; ``history``: the newest of them."""

    id: str
    name: str | None
    known: bool
    do_not_call: bool | None
    loyalty: Sequence[str]
    flags: Mapping[str, str]
    profiles: Sequence[ProfileView]
    cards: Sequence[CardView]
    phones: Sequence[str]
    emails: Sequence[str]
    links: Sequence[LinkView]
    tickets: int
    history: Sequence[HistoryLine]


@dataclass(frozen=True, slots=True)
class CustomerLine:
    """A customer as a list shows it."""

    id: str
    name: str | None
    profiles: Sequence[str]
    known: bool
    do_not_call: bool | None
    loyalty: Sequence[str]
    tickets: int
    proposed: int


# --- who is meant -----------------------------------------------------------------------------------------------------


def find_profile(connection: sa.Connection, who: str) -> Profile:
    """Return the profile that *who* names: a ticket or a customer by id or how it begins, or ``platform:handle``.

    Raises:
        StoreError: nobody is meant, or several are.
    """
    platform, colon, named = who.partition(":")
    if colon:
        return _by_name(connection, platform.strip(), named.strip().removeprefix("@"))
    digits = who.replace("-", "").lower()
    if not _PREFIX <= len(digits) <= 32 or not _HEX.issuperset(digits):
        raise StoreError(
            f"{who!r} names nobody; give a ticket's or a customer's id (its first {_PREFIX} letters or more), or"
            " platform:handle, such as vk.com:vera_k"
        )
    found, ticket = _by_customer(connection, digits), _ticket_by(connection, digits)
    if found and ticket is not None:
        raise StoreError(f"both a ticket and a customer have an id beginning with {who!r}; give more of it")
    if found or (ticket is None and (found := _unlinked(connection, digits))):
        return found
    if ticket is None:
        raise StoreError(
            f'no ticket and no customer has an id beginning with {who!r}; "hub tickets list" shows tickets'
        )
    profile = profile_in(connection, ticket)
    if profile is None:
        raise StoreError(f"ticket {who}: its source does not say who wrote it, so it has no customer")
    return profile


def _ticket_by(connection: sa.Connection, digits: str) -> int | None:
    try:
        return queries.number_of(connection, digits)
    except StoreError as error:
        if "begins several" in str(error):
            raise
        return None


def _by_customer(connection: sa.Connection, digits: str) -> Profile | None:
    """Return a profile of the customer whose id begins with *digits*: one whose own id that is, where there is one."""
    low, high = (bytes.fromhex(digits.ljust(32, fill)) for fill in "0f")
    query = sa.select(profiles).where(profiles.c.customer.between(low, high)).order_by(profiles.c.digest)
    rows = connection.execute(query).all()
    if len({row.customer for row in rows}) > 1:
        some = ", ".join(sorted({str(UUID(bytes=row.customer)) for row in rows})[:3])
        raise StoreError(f"{digits!r} begins several customers' ids ({some}, …); give more of it")
    if rows:
        first = next((row for row in rows if customer_uuid(row.digest).bytes == row.customer), rows[0])
        return Profile(first.digest, first.platform, first.key, first.name, first.handle)
    return None


def _unlinked(connection: sa.Connection, digits: str) -> Profile | None:
    """Return the profile without any link whose customer's id begins so: every profile's id is computed."""
    query = sa.select(tickets.c.customer, sa.func.min(tickets.c.n)).where(tickets.c.customer.is_not(None))
    for digest, number in connection.execute(query.group_by(tickets.c.customer)):
        if customer_uuid(digest).hex.startswith(digits):
            return profile_in(connection, number)
    return None


def _by_name(connection: sa.Connection, platform: str, named: str) -> Profile:
    if not platform or not named:
        raise StoreError("write the platform and the handle, name or key of an author: vk.com:vera_k")
    known = profiles.c.digest == profile_digest(platform, named)
    row = connection.execute(sa.select(profiles).where(known)).one_or_none()
    if row is not None:
        return Profile(row.digest, row.platform, row.key, row.name, row.handle)
    found = {profile.digest: profile for profile in _authors(connection, platform, named)}
    if len(found) > 1:
        keys = ", ".join(sorted(f"{platform}:{one.key}" for one in found.values())[:5])
        raise StoreError(f"several authors on {platform} are called {named!r}; give one of their keys: {keys}")
    if not found:
        raise StoreError(
            f'no author on "{platform}" has the key, handle or name {named!r}; "hub tickets show" prints them'
        )
    return next(iter(found.values()))


def _authors(connection: sa.Connection, platform: str, named: str) -> Iterator[Profile]:
    needle = orjson.dumps(named).decode()[1:-1]
    query = sa.select(messages.c.content).join(tickets, tickets.c.n == messages.c.ticket_n)
    mine = (tickets.c.platform == platform) & (messages.c.direction == "in")
    for content in connection.execute(
        query.where(mine, messages.c.content.contains(needle, autoescape=True)).distinct()
    ).scalars():
        author = orjson.loads(content).get("author") or {}
        shown = {name: author.get(name) for name in ("name", "handle")}
        called = {author.get("key"), shown["name"], shown["handle"], (shown["handle"] or "").removeprefix("@")}
        if author.get("key") and named in called:
            yield Profile(profile_digest(platform, author["key"]), platform, author["key"], **shown)


# --- one customer -----------------------------------------------------------------------------------------------------


def digests_of(connection: sa.Connection, profile: Profile) -> tuple[int, ...]:
    """Return the digests of all profiles of the customer that *profile* belongs to."""
    mine = sa.select(profiles.c.customer).where(profiles.c.digest == profile.digest)
    customer = connection.execute(mine).scalar()
    return person_of(connection, customer).profiles if customer is not None else (profile.digest,)


def other_tickets(connection: sa.Connection, ticket_n: int) -> int:
    """Return how many more tickets the customer of a ticket has, as far as they are written down."""
    digest = connection.execute(sa.select(tickets.c.customer).where(tickets.c.n == ticket_n)).scalar()
    person = People(connection).of(digest)
    digests = person.profiles if person else (digest,)
    others = tickets.c.customer.in_(digests) & (tickets.c.n != ticket_n)
    return connection.execute(sa.select(sa.func.count()).where(others)).scalar_one()


def customer_of(connection: sa.Connection, profile: Profile, limit: int) -> CustomerView:
    """Return the customer that *profile* belongs to, with at most *limit* tickets, newest first."""
    digests = digests_of(connection, profile)
    rows = connection.execute(sa.select(profiles).where(profiles.c.digest.in_(digests))).all()
    customer = rows[0].customer if rows else customer_uuid(profile.digest).bytes
    person = person_of(connection, customer)
    found = [Profile(row.digest, row.platform, row.key, row.name, row.handle) for row in rows] or [profile]
    shown = person.shown()
    links = _links(connection, digests)
    mine = tickets.c.customer.in_(digests)
    return CustomerView(
        id=str(UUID(bytes=customer)),
        name=(shown.name if shown else None) or next((one.name or one.handle for one in found), None),
        known=person.known,
        do_not_call=person.do_not_call,
        loyalty=person.loyalty,
        flags=shown.flags if shown else {},
        profiles=_profiles(connection, found),
        cards=[
            CardView(card.instance, card.kind, card.id, card.name, card.url, card.facts, instant(card.read_at))
            for card in person.cards
        ],
        phones=_told(links, person.cards, "phone"),
        emails=_told(links, person.cards, "email"),
        links=links,
        tickets=connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one(),
        history=_history(connection, digests, limit),
    )


def _told(links: Sequence[LinkView], cards: Sequence[Any], kind: str) -> list[str]:
    said = [link.to for link in links if link.kind == kind and link.state == "active" and link.held != "shared"]
    return list(dict.fromkeys([*said, *(value for card in cards for value in card.facts.get(f"{kind}s", ()))]))


def _profiles(connection: sa.Connection, found: Sequence[Profile]) -> list[ProfileView]:
    number = sa.func.count()
    mine = tickets.c.customer.in_([one.digest for one in found])
    query = sa.select(tickets.c.customer, tickets.c.connector, number).where(mine)
    counts: dict[int, dict[str, int]] = {}
    for digest, connector, tally in connection.execute(query.group_by(tickets.c.customer, tickets.c.connector)):
        counts.setdefault(digest, {})[connector] = tally
    return [
        ProfileView(one.platform, one.key, one.name, one.handle, dict(sorted(counts.get(one.digest, {}).items())))
        for one in sorted(found, key=lambda one: (one.platform, one.key))
    ]


def _links(connection: sa.Connection, digests: Sequence[int]) -> list[LinkView]:
    far = customer_links.c.kind.in_(("profile", APART)) & customer_links.c.value.in_([str(one) for one in digests])
    query = sa.select(customer_links).where(customer_links.c.profile.in_(digests) | far).order_by(customer_links.c.n)
    rows = connection.execute(query).all()
    names, cards = _names(connection, rows), _cards(connection, rows)
    return [_link(row, names, cards) for row in rows if row.kind != APART or row.state == "active"]


def _link(row: Any, names: Mapping[int, str], cards: Mapping[str, str]) -> LinkView:
    pair = row.kind in ("profile", APART)
    to = names.get(int(row.value), row.value) if pair else cards.get(row.value, row.value)
    evidence = {name: value for name, value in evidence_of(row).items() if name != "at"}
    undone = None if row.undone_at is None else instant(row.undone_at)
    return LinkView(
        row.n, names[row.profile], row.kind, to, row.state, row.held, row.confidence, row.author, evidence,
        instant(row.created_at), undone, row.undone_by,
    )  # fmt: skip


def _names(connection: sa.Connection, rows: Sequence[Any]) -> dict[int, str]:
    wanted = {row.profile for row in rows} | {int(row.value) for row in rows if row.kind in ("profile", APART)}
    found: dict[int, str] = {}
    for some in chunks(sorted(wanted)):
        for row in connection.execute(sa.select(profiles).where(profiles.c.digest.in_(some))):
            found[row.digest] = f"{row.platform}:{row.key}"
    return found


def _cards(connection: sa.Connection, rows: Sequence[Any]) -> dict[str, str]:
    values = [row.value for row in rows if row.kind == "card"]
    found = connection.execute(sa.select(customer_cards).where(customer_cards.c.value.in_(values)))
    return {row.value: f"{row.instance}/{card_of(row).id}" for row in found}


def _history(connection: sa.Connection, digests: Sequence[int], limit: int) -> list[HistoryLine]:
    wanted = queries.TicketFilter(customer=tuple(digests))
    return [
        HistoryLine(
            line.id, line.created_at, line.closed_at, line.platform, line.instance, line.kind, line.state,
            line.priority, line.category, line.queue, line.assignee, line.rating, line.title, line.text,
        )
        for line in queries.list_tickets(connection, wanted, limit)
    ]  # fmt: skip


# --- a list -----------------------------------------------------------------------------------------------------------


def list_customers(connection: sa.Connection, limit: int) -> list[CustomerLine]:
    """Return the customers of whom anything is noted: those with the most profiles first, then those a CRM knows."""
    number = sa.func.count()
    cards = sa.select(customer_links.c.profile).where(
        customer_links.c.kind == "card", customer_links.c.state == "active", customer_links.c.held.is_(None)
    )
    known = sa.func.max(sa.case((profiles.c.digest.in_(cards), 1), else_=0))
    query = sa.select(profiles.c.customer, number, known).group_by(profiles.c.customer)
    rows = connection.execute(query.order_by(number.desc(), known.desc(), profiles.c.customer).limit(limit)).all()
    return [_line(connection, row.customer) for row in rows]


def _line(connection: sa.Connection, customer: bytes) -> CustomerLine:
    person = person_of(connection, customer)
    rows = connection.execute(sa.select(profiles).where(profiles.c.digest.in_(person.profiles))).all()
    shown = person.shown()
    mine = customer_links.c.profile.in_(person.profiles)
    open_questions = mine & ((customer_links.c.state == "proposed") | (customer_links.c.held == "conflict"))
    return CustomerLine(
        id=str(UUID(bytes=customer)),
        name=(shown.name if shown else None) or next((row.name or row.handle for row in rows), None),
        profiles=[f"{row.platform}:{row.handle or row.key}" for row in rows],
        known=person.known,
        do_not_call=person.do_not_call,
        loyalty=person.loyalty,
        tickets=connection.execute(
            sa.select(sa.func.count()).where(tickets.c.customer.in_(person.profiles))
        ).scalar_one(),
        proposed=connection.execute(sa.select(sa.func.count()).where(open_questions)).scalar_one(),
    )
