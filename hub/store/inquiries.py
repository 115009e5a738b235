"""What is still to be asked in CRMs of whose profile something is, and what came of it.

Of a profile there is one row an instance: ``waiting``, ``done``, or ``failed`` (set aside: it waits for news of the
customer, or for a person). It waits again when the customer names another phone or e-mail, and when the answer is old
and the customer writes again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from hub.sdk.customer import CustomerCard
from hub.sdk.text import storable
from hub.store.customer_links import Grounds, Profile, put_link, regroup, withdraw
from hub.store.outbox import FIRST_WAIT, LONGEST_WAIT, waits_no_more
from hub.store.rows import dumps
from hub.store.tables import customer_cards, customer_links, inquiries, micros, profiles

_ERROR = 2000  # characters of a CRM's words that are kept


@dataclass(frozen=True, slots=True)
class Asking:
    """A row that may be asked now, with what is known of the profile."""

    n: int
    profile: Profile
    attempts: int
    phones: tuple[str, ...]
    emails: tuple[str, ...]


def ask(
    connection: sa.Connection,
    profile: Profile,
    identifiers: Mapping[str, frozenset[str]],
    at: int,
    stale: int,
    *,
    again: bool,
) -> None:
    """Ask every instance that can look a profile up, once.

    Args:
        stale: answers of before this moment (microseconds) are asked for anew.
        again: there is something new to look it up by.
    """
    for instance, ways in identifiers.items():
        if not _can_be_found(connection, profile, ways):
            continue
        mine = (inquiries.c.profile == profile.digest) & (inquiries.c.instance == instance)
        row = connection.execute(sa.select(inquiries).where(mine)).one_or_none()
        if row is None:
            asked = {"profile": profile.digest, "instance": instance, "created_at": at}
            connection.execute(sa.insert(inquiries).values(**asked, state="waiting", attempts=0))
        elif row.state != "waiting" and (again or (row.answered_at or 0) < stale):
            waits = {"state": "waiting", "attempts": 0, "next_try_at": None, "error": None}
            connection.execute(sa.update(inquiries).where(mine).values(**waits))


def _can_be_found(connection: sa.Connection, profile: Profile, ways: frozenset[str]) -> bool:
    if "handle" in ways and profile.handle:
        return True
    return bool(_contacts(connection, profile.digest, ways & {"phone", "email"}))


def _contacts(connection: sa.Connection, profile: int, kinds: Sequence[str] | frozenset[str]) -> list[tuple[str, str]]:
    """Return what a profile may be looked up by, in the order in which it was said."""
    mine = (customer_links.c.profile == profile) & customer_links.c.kind.in_(sorted(kinds))
    mine &= (customer_links.c.state == "active") & (
        customer_links.c.held.is_(None) | (customer_links.c.held != "shared")
    )
    query = sa.select(customer_links.c.kind, customer_links.c.value).where(mine).order_by(customer_links.c.n)
    return [(kind, value) for kind, value in connection.execute(query)]


def due(connection: sa.Connection, instance: str, now: datetime, limit: int, *, forced: bool = False) -> list[Asking]:
    """Return what may be asked at an instance now; *forced*: also what waits after failures."""
    waiting = (inquiries.c.instance == instance) & (inquiries.c.state == "waiting")
    if not forced:
        waiting &= waits_no_more(inquiries.c.next_try_at, now)
    query = sa.select(inquiries.c.n, inquiries.c.attempts, profiles).join(
        profiles, profiles.c.digest == inquiries.c.profile
    )
    return [
        _asking(connection, row)
        for row in connection.execute(query.where(waiting).order_by(inquiries.c.n).limit(limit))
    ]


def _asking(connection: sa.Connection, row: Any) -> Asking:
    said = _contacts(connection, row.digest, ("phone", "email"))
    phones, emails = (tuple(value for kind, value in said if kind == wanted) for wanted in ("phone", "email"))
    profile = Profile(row.digest, row.platform, row.key, row.name, row.handle)
    return Asking(row.n, profile, row.attempts, phones, emails)


def failed(connection: sa.Connection, n: int, now: datetime, error: str, *, aside: bool, own: bool = True) -> None:
    """Note how a try failed; *aside*: it is not tried again; *own*: it is this row's own fault and is counted."""
    row = connection.execute(sa.select(inquiries).where(inquiries.c.n == n)).one_or_none()
    if row is None:
        return
    attempts = row.attempts + own
    wait = min(FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 20), LONGEST_WAIT)
    values: dict[str, Any] = {"attempts": attempts, "error": storable(error[:_ERROR])}
    values |= {"state": "failed"} if aside else {"next_try_at": micros(now + wait) if own else None}
    connection.execute(sa.update(inquiries).where(inquiries.c.n == n).values(**values))


def counts(connection: sa.Connection, instance: str) -> tuple[int, int]:
    """Return how many inquiries of an instance wait and how many are set aside."""
    query = sa.select(inquiries.c.state, sa.func.count()).where(inquiries.c.instance == instance)
    found: dict[str, int] = {row[0]: row[1] for row in connection.execute(query.group_by(inquiries.c.state))}
    return found.get("waiting", 0), found.get("failed", 0)


# --- answers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Crm:
    """Where an answer comes from."""

    instance: str
    connector: str
    namespace: str

    def value(self, key: str) -> str:
        """Return what a card is called in links."""
        return "\n".join((self.connector, self.namespace, " ".join(storable(key).split())))


def answered(
    connection: sa.Connection, asking: Asking, crm: Crm, cards: Sequence[CustomerCard], now: datetime
) -> set[int]:
    """Note whose profile it is: one card is the customer's, several are proposed to a person, and a card that no longer
    fits is let go; return the profiles concerned."""
    at, digest = micros(now), asking.profile.digest
    row = connection.execute(sa.select(inquiries).where(inquiries.c.n == asking.n)).one_or_none()
    if row is None or row.profile != digest:
        return set()  # erased meanwhile; another's inquiry may have the number now
    state = "active" if len(cards) == 1 else "proposed"
    values = [crm.value(card.key) for card in cards]
    for old in _cards_of(connection, digest, crm):
        if old not in values:
            withdraw(connection, digest, "card", old, f"instance:{crm.instance}", at)
    for card, value in zip(cards, values, strict=True):
        _keep(connection, card, value, crm.instance, at)
        grounds = Grounds("card", "certain", _evidence(asking, card, crm))
        put_link(connection, digest, "card", value, grounds, at, state)
    done = {"state": "done", "attempts": 0, "next_try_at": None, "error": None, "answered_at": at}
    connection.execute(sa.update(inquiries).where(inquiries.c.n == asking.n).values(**done))
    return regroup(connection, [digest])


def _cards_of(connection: sa.Connection, digest: int, crm: Crm) -> list[str]:
    mine = (customer_links.c.profile == digest) & (customer_links.c.kind == "card")
    here = customer_links.c.value.startswith(crm.value(""), autoescape=True)
    return list(connection.execute(sa.select(customer_links.c.value).where(mine, here)).scalars())


def _evidence(asking: Asking, card: CustomerCard, crm: Crm) -> dict[str, Any]:
    """Return by what the card was found."""
    same = sorted({*asking.phones, *asking.emails} & {*card.phones, *card.emails})
    handle = [asking.profile.handle] if not same and asking.profile.handle else []
    return {"instance": crm.instance, "seen": [*same, *handle]}


def _keep(connection: sa.Connection, card: CustomerCard, value: str, instance: str, at: int) -> None:
    facts = card.model_dump(mode="json", exclude_none=True, exclude={"key", "kind", "name", "url"})
    shown = {"instance": instance, "kind": storable(card.kind), "facts": dumps(storable(facts)), "read_at": at}
    shown |= {"name": storable(card.name), "url": storable(card.url)}
    known = sa.update(customer_cards).where(customer_cards.c.value == value).values(**shown)
    if connection.execute(known).rowcount == 0:
        connection.execute(sa.insert(customer_cards).values(value=value, **shown))
