"""What people decide of a ticket in its delivered case: applied to the ticket and pinned, as if decided here.

Also what becomes of the case itself: rated, deleted, or merged into another.
"""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import FollowUp
from hub.store.by_hand import set_by_hand
from hub.store.heard import FIELDS, Heard
from hub.store.links import find_links, note
from hub.store.page import Checkpoint
from hub.store.tables import links, micros, tickets
from hub.store.tell import ROLE, keep, withdraw

_MERGED = "merged"  # where the destination has no word for it
_PLAIN = ("state", "assignee", "queue", "priority", "category")


def heed(connection: sa.Connection, checkpoint: Checkpoint, known: Iterable[tuple[Any, FollowUp]]) -> set[int]:
    """Bring tickets in line with what people did in their delivered cases; return the row numbers of those that it
    changed. Links have been brought in line before."""
    concerned: set[int] = set()
    for link, one in known:
        row = connection.execute(sa.select(links).where(links.c.n == link.n)).one()
        if row.role != ROLE or Heard.load(row.facts).merged_into is not None:
            continue
        if one.merged_into is not None and one.merged_into != row.external_id:
            _merge(connection, checkpoint, row, one.merged_into)
            concerned.add(row.ticket_n)
            continue
        _rate(connection, checkpoint, row, one)
        if _decide(connection, checkpoint, row, one):
            concerned.add(row.ticket_n)
    return concerned


def _place(checkpoint: Checkpoint, row: Any) -> dict[str, Any]:
    return {"instance": checkpoint.key.instance, "external_id": row.external_id}


def _rate(connection: sa.Connection, checkpoint: Checkpoint, row: Any, one: FollowUp) -> None:
    if one.rating is not None and one.rating != row.rating:
        connection.execute(sa.update(links).where(links.c.n == row.n).values(rating=one.rating))
        told = {**_place(checkpoint, row), "rating": one.rating}
        note(connection, row.ticket_n, micros(checkpoint.now), "rated", told)


# --- what people there decide -----------------------------------------------------------------------------------------


def _decide(connection: sa.Connection, checkpoint: Checkpoint, row: Any, one: FollowUp) -> bool:
    heard, at = Heard.load(row.facts), micros(checkpoint.now)
    before = heard.dump()
    gone = one.state == "hidden"
    if gone and heard.shown.get("state") != "hidden":
        note(connection, row.ticket_n, at, "case_deleted", _place(checkpoint, row))
    wanted = _wanted(connection, heard, row, one)
    if heard.dump() != before:
        keep(connection, row.n, heard)
    if wanted:
        withdraw(connection, row, wanted, at)
        set_by_hand(connection, row.ticket_n, wanted, (), at, there=_place(checkpoint, row))
    return bool(wanted)


def _wanted(connection: sa.Connection, heard: Heard, row: Any, one: FollowUp) -> dict[str, Any]:
    """Return what people there want, and note in *heard* what the case shows."""
    wanted: dict[str, Any] = {}
    deleted = "hidden" in (one.state, heard.shown.get("state"))
    for name in _PLAIN:
        value = getattr(one, name)
        if value is None:
            continue
        if name == "state" and deleted:  # that a case goes, or comes back, decides nothing of its ticket
            heard.shown["state"] = value
        elif heard.changed(name, value):
            wanted[name] = value
    if one.tags is not None:
        query = sa.select(tickets.c.decided).where(tickets.c.n == row.ticket_n)
        decided = connection.execute(query).scalar_one()
        tags = heard.tags(one.tags, orjson.loads(decided).get("tags", []) if decided else [])
        if tags is not None:
            wanted["tags"] = tags
    return wanted


# --- merged cases -----------------------------------------------------------------------------------------------------


def _merge(connection: sa.Connection, checkpoint: Checkpoint, row: Any, into: str) -> None:
    """Let the link follow the case *into*; where that is another ticket's already, the ticket is closed: its customer
    is helped there."""
    at = micros(checkpoint.now)
    other = find_links(connection, row.connector, row.namespace, [into]).get(into)
    told = {**_place(checkpoint, row), "merged_into": into}
    merged = {"status": row.status or _MERGED, "state": "closed", "updated_at": at}
    if other is None:
        # The old case stays known, so that what is still read of it does not become a ticket.
        # The other was told nothing by us; it is as ours was told, as far as people there agree.
        anew = Heard(dict(Heard.load(row.facts).told)).dump()
        connection.execute(sa.update(links).where(links.c.n == row.n).values(external_id=into, url=None, facts=anew))
        old = {name: getattr(row, name) for name in ("ticket_n", "connector", "namespace", "external_id", "stream")}
        values = {**old, **merged, "role": "same", "instance": checkpoint.key.instance, "created_at": row.created_at}
        connection.execute(sa.insert(links).values(**values))
    else:
        heard = Heard.load(row.facts)
        heard.merged_into = into
        connection.execute(sa.update(links).where(links.c.n == row.n).values(**merged, facts=heard.dump()))
        withdraw(connection, row, FIELDS, at)
        if other.ticket_n != row.ticket_n:
            told["ticket"] = _id_of(connection, other.ticket_n)
    note(connection, row.ticket_n, at, "case_merged", told)
    if "ticket" in told:
        set_by_hand(connection, row.ticket_n, {"state": "closed"}, (), at, there=told)


def _id_of(connection: sa.Connection, ticket_n: int) -> str:
    return str(UUID(bytes=connection.execute(sa.select(tickets.c.id).where(tickets.c.n == ticket_n)).scalar_one()))
