"""What links profiles to phones, e-mails, cards and each other: made, undone, never deleted.

A row is ``active``, ``proposed`` (a person has to decide) or ``undone``. What a person undid, the machine does not make
again; what a person made, it does not touch.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from hub.sdk.errors import StoreError
from hub.sdk.text import storable
from hub.store.customer_groups import MOST_SHARED, Tie, grouped
from hub.store.rows import customer_uuid, dumps
from hub.store.tables import chunks, customer_links, profiles, tickets

RANKS = {"certain": 1, "probable": 2}
PERSON = "person"
APART = "apart"
"""Kind of a row that says of two profiles that they are not one customer."""

PAIRS = ("profile", APART)
"""Kinds whose value is another profile."""

_ACTIVE = customer_links.c.state == "active"
_NOT_APART = customer_links.c.kind != APART
_NEVER = 2**63 - 1  # microseconds


@dataclass(frozen=True, slots=True)
class Profile:
    """An author on a platform."""

    digest: int
    platform: str
    key: str
    name: str | None = None
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why the machine makes a link. ``author``: words (the customer's own) or card (a CRM); ``evidence``: what was
    seen, where."""

    author: str
    confidence: str
    evidence: Mapping[str, Any]


def note_profile(connection: sa.Connection, profile: Profile, at: int) -> None:
    """Write a profile down; one that is known gets the name and handle that it has now."""
    shown = {"name": profile.name, "handle": profile.handle}
    known = sa.update(profiles).where(profiles.c.digest == profile.digest).values(**shown)
    if connection.execute(known).rowcount == 0:
        named = {"digest": profile.digest, "platform": profile.platform, "key": profile.key}
        own = customer_uuid(profile.digest).bytes
        connection.execute(sa.insert(profiles).values(**named, **shown, customer=own, created_at=at))


def put_link(
    connection: sa.Connection,
    profile: int,
    kind: str,
    value: str,
    grounds: Grounds,
    at: int,
    state: str = "active",
) -> bool:
    """Make a link as the machine does; return whether anything is new. What a person decided stays."""
    row = _row(connection, profile, kind, value)
    if row is None:
        evidence = dumps(dict(grounds.evidence))
        given = {"author": grounds.author, "confidence": grounds.confidence, "evidence": evidence}
        where = {"profile": profile, "kind": kind, "value": value, "created_at": at}
        connection.execute(sa.insert(customer_links).values(**where, **given, state=state))
        return True
    decided = PERSON in (row.author, row.undone_by)
    if decided or row.state == state or (row.state == "active" and state == "proposed"):
        return False
    _set(connection, row.n, state=state, confidence=grounds.confidence, undone_at=None, undone_by=None)
    return True


def withdraw(connection: sa.Connection, profile: int, kind: str, value: str, by: str, at: int) -> None:
    """Undo a link of the machine's own; what a person made stays."""
    row = _row(connection, profile, kind, value)
    if row is not None and row.author != PERSON and row.state != "undone":
        _set(connection, row.n, state="undone", undone_at=at, undone_by=by)


# --- by hand ----------------------------------------------------------------------------------------------------------


def link(connection: sa.Connection, one: int, other: int, why: str | None, at: int) -> set[int]:
    """Make two profiles one customer, as a person says; return the profiles concerned.

    What :func:`unlink` undid between the two is as it was before.
    """
    if one == other:
        raise StoreError("both are the same profile already: one author of one platform")
    profile, value = _ends(one, other)
    evidence = dumps({"why": storable(why)} if why else {})
    row = _row(connection, profile, "profile", value)
    if row is None:
        made = {"author": PERSON, "confidence": "certain", "evidence": evidence, "state": "active"}
        named = {"profile": profile, "kind": "profile", "value": value, "created_at": at}
        connection.execute(sa.insert(customer_links).values(**named, **made))
    else:
        again = {"evidence": evidence} if why else {}
        _set(connection, row.n, state="active", undone_at=None, undone_by=None, **again)
    _take_back(connection, one, other, at)
    return regroup(connection, [one, other])


def _take_back(connection: sa.Connection, one: int, other: int, at: int) -> None:
    """Let all that the unlinking of these two did be as if it had not been."""
    profile, value = _ends(one, other)
    apart = _row(connection, profile, APART, value)
    if apart is None or apart.state != "active":
        return
    when = evidence_of(apart)["at"]
    for row in connection.execute(sa.select(customer_links).where(_touching([one, other]))).all():
        if row.kind == APART and row.state == "active" and evidence_of(row)["at"] == when:
            _set(connection, row.n, state="undone", undone_at=at, undone_by=PERSON)
        elif row.kind != APART and row.state == "undone" and (row.undone_at, row.undone_by) == (when, PERSON):
            _set(connection, row.n, state="active", undone_at=None, undone_by=None)


def unlink(connection: sa.Connection, one: int, other: int | None, at: int) -> tuple[set[int], int]:
    """Take a profile out of its customer, or only away from *other*, and keep them apart.

    Undone is every link of *one* by which it comes to the others; what it has alone stays.

    Returns:
        The profiles concerned, and how many links were undone.
    """
    person = members_of(connection, one)
    away = (({other} if other is not None else person) & person) - {one}
    if not away:
        return set(), 0
    rows = connection.execute(sa.select(customer_links).where(_touching([one]), _ACTIVE, _NOT_APART)).all()
    leading = [row for row in rows if _leads(connection, row, one, away)]
    for row in leading:
        _set(connection, row.n, state="undone", undone_at=at, undone_by=PERSON)
    for two in sorted(away):
        _keep_apart(connection, one, two, at)
    return regroup(connection, sorted(person)), len(leading)


def undo(connection: sa.Connection, number: int, at: int) -> set[int]:
    """Undo one link as a person says; return the profiles concerned.

    Raises:
        StoreError: there is no such link, or it is undone already.
    """
    row = connection.execute(sa.select(customer_links).where(customer_links.c.n == number)).one_or_none()
    if row is None or row.state == "undone":
        raise StoreError(f'no link {number} is there to be undone; "hub customers show" lists them with their numbers')
    _set(connection, row.n, state="undone", undone_at=at, undone_by=PERSON)
    return regroup(connection, [row.profile])


def accept(connection: sa.Connection, number: int) -> set[int]:
    """Make a link that is proposed or undone active, as a person says; return the profiles concerned.

    Raises:
        StoreError: there is no such link.
    """
    row = connection.execute(sa.select(customer_links).where(customer_links.c.n == number)).one_or_none()
    if row is None:
        raise StoreError(f'there is no link {number}; "hub customers show" lists them with their numbers')
    _set(connection, row.n, state="active", author=PERSON, confidence="certain", undone_at=None, undone_by=None)
    return regroup(connection, [row.profile])


def _leads(connection: sa.Connection, row: Any, one: int, away: Collection[int]) -> bool:
    """Whether a link of *one* comes to one of *away* without passing through *one*."""
    if row.kind == "profile":
        start = {row.profile, int(row.value)} - {one}
    else:
        same = (customer_links.c.kind == row.kind) & (customer_links.c.value == row.value)
        query = sa.select(customer_links.c.profile).where(same, _ACTIVE, customer_links.c.held.is_(None))
        start = set(connection.execute(query).scalars()) - {one}
    return bool(_reached(connection, start, without=one) & set(away))


def _keep_apart(connection: sa.Connection, one: int, other: int, at: int) -> None:
    profile, value = _ends(one, other)
    row, evidence = _row(connection, profile, APART, value), dumps({"at": at})
    if row is None:
        given = {"author": PERSON, "confidence": "certain", "evidence": evidence, "state": "active"}
        named = {"profile": profile, "kind": APART, "value": value, "created_at": at}
        connection.execute(sa.insert(customer_links).values(**named, **given))
    elif row.state != "active":
        _set(connection, row.n, state="active", evidence=evidence, undone_at=None, undone_by=None)


def _ends(one: int, other: int) -> tuple[int, str]:
    """Return profile and value of the link between two profiles, whichever is named first."""
    return min(one, other), str(max(one, other))


# --- who is one customer then -----------------------------------------------------------------------------------------


def regroup(connection: sa.Connection, digests: Iterable[int]) -> set[int]:
    """Find out anew which profiles are one customer around *digests*, write it down, and return all that were looked
    at."""
    around = _reached(connection, set(digests))
    rows = _rows_of(connection, around)
    ties = {tie: row.n for row in rows if row.state == "active" and (tie := _tie(row, around))}
    apart = {frozenset((row.profile, int(row.value))) for row in rows if row.kind == APART and row.state == "active"}
    found = grouped(around, ties, apart, _shared(connection, ties))
    for tie, n in ties.items():
        _set(connection, n, held=found.held.get(tie))
    since = _first_tickets(connection, around)
    for members, _ in found.groups:
        first = min(members, key=lambda digest: (since.get(digest, _NEVER), digest))
        chosen = profiles.c.digest.in_(sorted(members))
        connection.execute(sa.update(profiles).where(chosen).values(customer=customer_uuid(first).bytes))
    return around


def _tie(row: Any, around: Collection[int]) -> Tie | None:
    if row.kind == APART or (row.kind == "profile" and int(row.value) not in around):
        return None
    return Tie(0 if row.author == PERSON else RANKS[row.confidence], row.kind, row.value, row.profile)


def _shared(connection: sa.Connection, ties: Iterable[Tie]) -> set[str]:
    values = sorted({tie.value for tie in ties if tie.kind in ("phone", "email")})
    return {value for value, number in _counts(connection, values).items() if number > MOST_SHARED}


def _counts(connection: sa.Connection, values: Iterable[str]) -> dict[str, int]:
    """Return how many profiles have each value in an active link."""
    found: dict[str, int] = {}
    for some in chunks(sorted(values)):
        query = sa.select(customer_links.c.value, sa.func.count()).where(customer_links.c.value.in_(some), _ACTIVE)
        found |= {row[0]: row[1] for row in connection.execute(query.group_by(customer_links.c.value))}
    return found


def _reached(connection: sa.Connection, start: Collection[int], without: int | None = None) -> set[int]:
    """Return the profiles that active links come to from *start*, not through *without*."""
    seen: set[int] = set(start)
    fresh = set(start)
    while fresh:
        rows = [row for row in _rows_of(connection, fresh) if row.state == "active" and row.kind != APART]
        near = {end for row in rows if row.kind == "profile" for end in (row.profile, int(row.value))}
        values = {row.value for row in rows if row.kind != "profile"}
        # One more than may share a value is looked at: it is the one that parts them.
        few = [value for value, number in _counts(connection, values).items() if number <= MOST_SHARED + 1]
        cards = [row.value for row in rows if row.kind == "card"]
        for some in chunks(sorted({*few, *cards})):
            query = sa.select(customer_links.c.profile).where(customer_links.c.value.in_(some), _ACTIVE)
            near |= set(connection.execute(query.where(customer_links.c.kind.not_in(PAIRS))).scalars())
        fresh = near - seen - ({without} if without is not None else set())
        seen |= fresh
    return seen


def _rows_of(connection: sa.Connection, digests: Collection[int]) -> list[Any]:
    found: dict[int, Any] = {}
    for some in chunks(sorted(digests)):
        for row in connection.execute(sa.select(customer_links).where(_touching(some))):
            found[row.n] = row
    return list(found.values())


def _touching(digests: Collection[int]) -> sa.ColumnElement[bool]:
    """Return the condition of links at one of *digests*, at either end."""
    far = customer_links.c.kind.in_(PAIRS) & customer_links.c.value.in_([str(digest) for digest in digests])
    return customer_links.c.profile.in_(digests) | far


def _first_tickets(connection: sa.Connection, digests: Collection[int]) -> dict[int, int]:
    found: dict[int, int] = {}
    for some in chunks(sorted(digests)):
        query = sa.select(tickets.c.customer, sa.func.min(tickets.c.created_at)).where(tickets.c.customer.in_(some))
        found |= {row[0]: row[1] for row in connection.execute(query.group_by(tickets.c.customer))}
    return found


def members_of(connection: sa.Connection, digest: int) -> set[int]:
    """Return the profiles of the customer that a profile belongs to, itself among them."""
    mine = sa.select(profiles.c.customer).where(profiles.c.digest == digest).scalar_subquery()
    query = sa.select(profiles.c.digest).where(profiles.c.customer == mine)
    return {digest, *connection.execute(query).scalars()}


def evidence_of(row: Any) -> dict[str, Any]:
    """Return what was seen, and where."""
    found: dict[str, Any] = orjson.loads(row.evidence)
    return found


def _row(connection: sa.Connection, profile: int, kind: str, value: str) -> Any | None:
    where = (customer_links.c.profile == profile) & (customer_links.c.kind == kind) & (customer_links.c.value == value)
    return connection.execute(sa.select(customer_links).where(where)).one_or_none()


def _set(connection: sa.Connection, n: int, **values: Any) -> None:
    connection.execute(sa.update(customer_links).where(customer_links.c.n == n).values(**values))
