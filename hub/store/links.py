"""Where else a ticket is, and what follows from what is said of it there.

A link belongs to one case of a destination: connector, namespace and external id, whatever the instance is called.
While a case of role ``escalated`` is open its ticket is ``on_hold``; with the last one done or deleted it is ``open``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import FollowUp, TicketDraft
from hub.sdk.ticket import Link
from hub.store.facts import SET_THERE
from hub.store.heard import begun
from hub.store.moments import wake
from hub.store.page import Checkpoint
from hub.store.rows import dumps
from hub.store.tables import chunks, erased_authors, links, micros, outbox, ticket_events, tickets

CLOSED = frozenset({"solved", "closed", "hidden"})
"""States of a case that nobody works on any more."""

CAUSE = "destination"
FOLLOWED = ("url", "state", "status", "department", "assignee")
"""What is known of a case, as columns of ``links``."""

_HOLDS = ("new", "open", "pending")


@dataclass(frozen=True, slots=True)
class Place:
    """Which case: an instance's vendor, its space of ids, and the id there."""

    instance: str
    connector: str
    namespace: str
    external_id: str


@dataclass(frozen=True, slots=True)
class Sorted:
    """Follow-ups by whether a ticket has their case: the link's row with each; what the others are of their own."""

    known: Sequence[tuple[Any, FollowUp]]
    own: Sequence[TicketDraft]


def links_of(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, tuple[Link, ...]]:
    """Return the links of the tickets *numbers*, oldest first; tickets without any are left out."""
    found: dict[int, list[Link]] = defaultdict(list)
    for some in chunks(numbers):
        query = sa.select(links).where(links.c.ticket_n.in_(some)).order_by(links.c.n)
        for row in connection.execute(query):
            found[row.ticket_n].append(link_of(row))
    return {n: tuple(those) for n, those in found.items()}


def link_of(row: Any) -> Link:
    """Return the public form of a row of ``links``: the state in the destination's own word, where it gave one and the
    case is still there."""
    return Link(
        role=row.role,
        instance=row.instance,
        external_id=row.external_id,
        url=row.url,
        state=row.state if row.state == "hidden" else row.status or row.state,
        department=row.department,
        assignee=row.assignee,
        rating=row.rating,
    )


def newest(connection: sa.Connection, ticket_n: int, instance: str, role: str) -> Any | None:
    """Return the row of the newest link of a ticket at an instance, None where it has none."""
    mine = (links.c.ticket_n == ticket_n) & (links.c.instance == instance) & (links.c.role == role)
    return connection.execute(sa.select(links).where(mine).order_by(links.c.n.desc()).limit(1)).one_or_none()


def connect(
    connection: sa.Connection, ticket_n: int, role: str, place: Place, at: int, **facts: str | None
) -> Any | None:
    """Link a ticket to a case that exists now, and hold the ticket where it was escalated.

    Args:
        at: now, microseconds.
        facts: what is known of the case: ``url``, ``department``, ….
    Returns:
        The new row; None where the case has a link already.
    """
    case = {name: getattr(place, name) for name in ("instance", "connector", "namespace", "external_id")}
    if find_links(connection, place.connector, place.namespace, [place.external_id]):
        return None
    values = {"ticket_n": ticket_n, "role": role, **case, **facts, "created_at": at, "updated_at": at}
    connection.execute(sa.insert(links).values(**values))
    told = {"instance": place.instance, "external_id": place.external_id}
    told |= {name: value for name, value in facts.items() if name in ("url", "department") and value}
    note(connection, ticket_n, at, "duplicate_case" if role == "same" else role, told)
    if role == "escalated":
        _hold(connection, ticket_n, at)
    return find_links(connection, place.connector, place.namespace, [place.external_id])[place.external_id]


def followed(
    connection: sa.Connection, instance: str, connector: str, namespace: str, since: int, others: AbstractSet[str]
) -> list[str]:
    """Return the external ids of the cases that *instance* follows: open ones, and those closed at *since*
    (microseconds) or later; oldest first.

    Cases under a name that none of the *others* has are its own: it had another name then.
    """
    here = (links.c.connector == connector) & (links.c.namespace == namespace)
    mine = (links.c.instance == instance) | links.c.instance.not_in(others)
    alive = links.c.state.is_(None) | links.c.state.not_in(CLOSED) | (links.c.updated_at >= since)
    query = sa.select(links.c.external_id).where(here, mine, alive).order_by(links.c.n)
    return list(connection.execute(query).scalars())


# --- what a page says of cases ----------------------------------------------------------------------------------------


def sort_follow_ups(connection: sa.Connection, checkpoint: Checkpoint) -> Sorted:
    """Return the follow-ups of *checkpoint* by whether a ticket has their case.

    A case whose link was lost between the vendor and us is found by the marker of its create, and linked now.
    """
    ids = [one.external_id for one in checkpoint.follow_ups]
    found = find_links(connection, checkpoint.connector, checkpoint.namespace, ids)
    gone = _erased(connection, {one: case_digest(checkpoint.connector, checkpoint.namespace, one) for one in ids})
    marked = {one.external_id: one.marker for one in checkpoint.follow_ups if one.marker is not None}
    made = _erased(connection, {external_id: marker_digest(marker) for external_id, marker in marked.items()})
    known: list[tuple[Any, FollowUp]] = []
    own: list[TicketDraft] = []
    for one in checkpoint.follow_ups:
        if one.external_id in gone:
            continue
        link = found.get(one.external_id) or _adopted(connection, checkpoint, one)
        if link is not None:
            found[one.external_id] = link
            known.append((link, one))
        elif one.otherwise is not None and one.external_id not in made:
            own.append(one.otherwise)
    return Sorted(known, own)


def find_links(connection: sa.Connection, connector: str, namespace: str, ids: Sequence[str]) -> dict[str, Any]:
    """Return the rows of the links of the cases *ids*, by id; cases without one are left out."""
    found: dict[str, Any] = {}
    for some in chunks(ids):
        here = (links.c.connector == connector) & (links.c.namespace == namespace) & links.c.external_id.in_(some)
        found |= {row.external_id: row for row in connection.execute(sa.select(links).where(here))}
    return found


def _adopted(connection: sa.Connection, checkpoint: Checkpoint, one: FollowUp) -> Any | None:
    """Link a case that carries the marker of one of our creates; a second case with that marker is the same again."""
    if one.marker is None:
        return None
    ours = (outbox.c.marker == one.marker) & (outbox.c.effect == "create")
    row = connection.execute(sa.select(outbox).where(ours)).one_or_none()
    if row is None:
        return None
    at = micros(checkpoint.now)
    key = checkpoint.key
    place = Place(key.instance, checkpoint.connector, checkpoint.namespace, one.external_id)
    if row.external_id is not None:
        return connect(connection, row.ticket_n, "same", place, at, url=one.url)
    # Waiting: the next try finds the link and does only what is left to do.
    state = "done" if row.state == "failed" else row.state
    known = {"external_id": one.external_id, "unsure_since": None, "unsure_at": None, "updated_at": at}
    connection.execute(sa.update(outbox).where(outbox.c.n == row.n).values(**known, state=state, next_try_at=None))
    payload = orjson.loads(row.payload)
    first = {"department": payload.get("department"), "facts": begun(row.role, payload.get("told", {}), at)}
    return connect(connection, row.ticket_n, row.role, place, at, url=one.url, **first)


def follow(connection: sa.Connection, checkpoint: Checkpoint, known: Iterable[tuple[Any, FollowUp]]) -> set[int]:
    """Bring links and tickets in line with what is said of them; return the row numbers of the tickets concerned."""
    at = micros(checkpoint.now)
    concerned: set[int] = set()
    for link, one in known:
        told = {name: getattr(one, name) for name in FOLLOWED if getattr(one, name) is not None}
        row = connection.execute(sa.select(links).where(links.c.n == link.n)).one()
        fields = {name: [getattr(row, name), new] for name, new in told.items() if getattr(row, name) != new}
        instance, stream = checkpoint.key.instance, checkpoint.key.stream
        if fields or (row.instance, row.stream) != (instance, stream):
            values = {name: new for name, (_, new) in fields.items()}
            changed = sa.update(links).where(links.c.n == row.n)
            connection.execute(changed.values(**values, instance=instance, stream=stream, updated_at=at))
        if fields:
            place = {"instance": instance, "external_id": one.external_id}
            first = row.stream is None  # what was not known yet has not changed
            news = {"facts": {name: new for name, (_, new) in fields.items()}} if first else {"fields": fields}
            note(connection, row.ticket_n, at, "case_read" if first else "case_changed", place | news)
            concerned.add(row.ticket_n)
        if row.role == "escalated" and "state" in fields:
            (_release if one.state in CLOSED else _hold)(connection, row.ticket_n, at)
    return concerned


# --- the ticket's own state -------------------------------------------------------------------------------------------


def note(
    connection: sa.Connection, ticket_n: int, at: int, kind: str, data: Mapping[str, Any], cause: str = CAUSE
) -> None:
    """Write down what happened to a ticket elsewhere, by whom, and that it is news."""
    connection.execute(
        sa.insert(ticket_events).values(ticket_n=ticket_n, at=at, kind=kind, cause=cause, data=dumps(dict(data)))
    )
    connection.execute(sa.update(tickets).where(tickets.c.n == ticket_n).values(updated_at=at))


def _hold(connection: sa.Connection, ticket_n: int, at: int) -> None:
    _move(connection, ticket_n, at, _HOLDS, "on_hold")


def hold_again(connection: sa.Connection, ticket_n: int, at: int) -> None:
    """Hold a ticket that was opened again as long as a case of it is open."""
    mine = (links.c.ticket_n == ticket_n) & (links.c.role == "escalated")
    states = connection.execute(sa.select(links.c.state).where(mine)).scalars()
    if any(state not in CLOSED for state in states):
        _hold(connection, ticket_n, at)


def _release(connection: sa.Connection, ticket_n: int, at: int) -> None:
    still = (links.c.ticket_n == ticket_n) & (links.c.role == "escalated")
    states = connection.execute(sa.select(links.c.state).where(still)).scalars()
    if all(state in CLOSED for state in states):
        _move(connection, ticket_n, at, ("on_hold",), "open")


def _move(connection: sa.Connection, ticket_n: int, at: int, before: Sequence[str], state: str) -> None:
    """Set the ticket's state, if it is one of *before* and no person here set it; people in its delivered case go on
    with it when what it waits for is done."""
    row = connection.execute(
        sa.select(tickets.c.own_state, tickets.c.state, tickets.c.decided).where(tickets.c.n == ticket_n)
    ).one()
    decided = orjson.loads(row.decided) if row.decided else {}
    pinned = "state" in decided.get("set_by_hand", ()) and "state" not in decided.get(SET_THERE, ())
    if row.own_state not in before or pinned:
        return
    shown = "hidden" if row.state == "hidden" else state
    connection.execute(sa.update(tickets).where(tickets.c.n == ticket_n).values(own_state=state, state=shown))
    note(connection, ticket_n, at, "changed", {"fields": {"state": [row.own_state, state]}})
    wake(connection, ticket_n, at)


# --- erased cases -----------------------------------------------------------------------------------------------------


def case_digest(connector: str, namespace: str, external_id: str) -> bytes:
    """Return what stands for the case of an erased ticket, so that it does not come back as a ticket of its own."""
    return blake2b(f"case\n{connector}\n{namespace}\n{external_id}".encode(), digest_size=16).digest()


def marker_digest(marker: str) -> bytes:
    """Return what stands for the marker of a case that was still to be made when its ticket was erased."""
    return blake2b(f"marker\n{marker}".encode(), digest_size=16).digest()


def _erased(connection: sa.Connection, digests: Mapping[str, bytes]) -> set[str]:
    """Return those of the cases, by id, whose digest stands for something erased."""
    found: set[bytes] = set()
    for some in chunks(sorted(set(digests.values()))):
        query = sa.select(erased_authors.c.digest).where(erased_authors.c.digest.in_(some))
        found.update(connection.execute(query).scalars())
    return {external_id for external_id, digest in digests.items() if digest in found}


def ids_of(connection: sa.Connection, numbers: Iterable[int]) -> list[bytes]:
    """Return the ids of the tickets *numbers*."""
    found: list[bytes] = []
    for some in chunks(sorted(numbers)):
        found.extend(connection.execute(sa.select(tickets.c.id).where(tickets.c.n.in_(some))).scalars())
    return found
