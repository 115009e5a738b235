"""What is still to be sent to destinations, in order per ticket, and what became of it.

A row is ``waiting``, ``done``, ``failed`` (set aside until a person lets it be tried again) or ``dropped``. None is
ever deleted: what we sent is known by it when it comes back.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from types import MappingProxyType
from typing import Any, Literal, cast
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.actions import Effect
from hub.sdk.errors import DeliveryError, StoreError
from hub.sdk.text import storable
from hub.sdk.ticket import Link, Role, Ticket
from hub.store import links as linked
from hub.store import queries
from hub.store.heard import Heard, begun
from hub.store.links import CLOSED, Place, link_of, newest
from hub.store.rows import dumps
from hub.store.tables import (
    chunks,
    instant,
    instant_or_none,
    links,
    messages,
    micros,
    outbox,
    replies,
    ticket_events,
    tickets,
)

FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=1)
TEXTS = "texts"
"""Key of what a row tells: digests of the customer's words by the message's id."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_ERROR = 2000  # characters of a destination's words that are kept
_LEFT = (outbox.c.state != sa.literal_column("'done'")) & (outbox.c.state != "dropped")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of the outbox.

    ``ticket`` is the ticket's id; ``messages`` are ids of those that a comment tells, ``edited`` whether it told them
    before they were changed; ``news`` is what became of another case, for a comment of the hub's own
    (:mod:`hub.store.relay`); ``act`` is what is to be done with a record at its source: fields of
    :class:`hub.sdk.Action`; ``occasion`` is the warning or breach that people are told of
    (:class:`hub.store.page.Notice`).
    """

    n: int
    ticket: str
    instance: str
    role: Role | Literal["source", "notify"]
    effect: Effect | Literal["act", "notify"]
    marker: str
    state: str
    attempts: int
    created_at: datetime
    department: str | None = None
    messages: tuple[str, ...] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)
    next_try_at: datetime | None = None
    error: str | None = None
    unsure_since: datetime | None = None
    unsure_at: datetime | None = None
    external_id: str | None = None
    act: Mapping[str, Any] = field(default_factory=dict)
    news: Mapping[str, str] = field(default_factory=dict)
    edited: bool = False
    occasion: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of the wish for a case: a new row of the outbox, the one that is there already, or the open link;
    ``was``: how the ticket stood, if it had ended and was opened again for that."""

    new: bool
    outgoing: Outgoing | None = None
    link: Link | None = None
    was: str | None = None


def marker_of(ticket: bytes, instance: str, role: str, effect: str, *rest: str) -> str:
    """Return the key of an effect: the same whenever it is asked for."""
    text = "\n".join((instance, role, effect, *rest)).encode()
    return f"hub-{blake2b(ticket + text, digest_size=12).hexdigest()}"


# --- asking -----------------------------------------------------------------------------------------------------------


def ask_case(
    connection: sa.Connection, ticket_n: int, instance: str, role: Role, department: str | None, cause: str, at: int
) -> Asked:
    """Ask for a case of a ticket at an instance: once, and again only when the last one there is closed.

    A person who names another department mends what was set aside for the old one, as far as nothing can be there yet.
    """
    link = newest(connection, ticket_n, instance, role)
    if link is not None and link.state not in CLOSED:
        return Asked(False, link=link_of(link))
    here = (outbox.c.ticket_n == ticket_n) & (outbox.c.instance == instance) & (outbox.c.role == role)
    waits = ROWS.where(here, outbox.c.effect == "create", _LEFT).order_by(outbox.c.n).limit(1)
    under_way = connection.execute(waits).one_or_none()  # by another marker where the instance had another name
    mends = under_way is not None and cause == "person" and _is_mended(under_way, department)
    if under_way is not None and not mends:
        return Asked(False, outgoing_of(under_way))
    payload = {"cause": cause} | ({"department": department} if department else {})
    if under_way is not None:
        asked = _asked_anew(connection, under_way, payload)
    else:
        earlier = str(_cases(connection, ticket_n, instance, role))
        asked = _put(connection, ticket_n, instance, role, "create", payload, at, earlier)
    if asked.new and role == "escalated":
        told = {"instance": instance} | ({"department": department} if department else {})
        linked.note(connection, ticket_n, at, "escalation_asked", told, cause)
    return asked


def _is_mended(row: Any, department: str | None) -> bool:
    """Whether the wish for *department* mends the create *row*."""
    other = department is not None and orjson.loads(row.payload).get("department") != department
    return other and row.state == "failed" and _is_untried(row)


def _asked_anew(connection: sa.Connection, row: Any, payload: Mapping[str, Any]) -> Asked:
    """Let a create wait again that was set aside or dropped, as it is wanted now."""
    kept = {name: value for name, value in orjson.loads(row.payload).items() if name not in ("cause", "department")}
    wanted = sa.update(outbox).where(outbox.c.n == row.n).values(payload=dumps(kept | dict(payload)), error=None)
    connection.execute(wanted)
    again(connection, [row.n], dropped=True)
    return Asked(True, outgoing_of(connection.execute(ROWS.where(outbox.c.n == row.n)).one()))


def _cases(connection: sa.Connection, ticket_n: int, instance: str, role: str) -> int:
    """Return how many cases a ticket has had at an instance."""
    mine = (links.c.ticket_n == ticket_n) & (links.c.instance == instance) & (links.c.role == role)
    return int(connection.execute(sa.select(sa.func.count()).select_from(links).where(mine)).scalar_one())


def ask_comments(
    connection: sa.Connection,
    added: Mapping[int, Sequence[str]],
    at: int,
    said_in: tuple[str, str] | None = None,
) -> None:
    """Ask for the customer's new messages to be told in every open case of their tickets, and in every delivered one
    that is still there: what the customer says anew opens it again, by the helpdesk's own ways.

    Args:
        added: ids of new messages by the ticket's row number.
        said_in: instance and role of the case where the customer said it: it is not told there.
    """
    for ticket_n, instance, role in open_cases(connection, sorted(added), delivered=True):
        if (instance, role) == said_in:
            continue
        new = list(added[ticket_n])
        ask_comment(connection, ticket_n, instance, role, {"cause": "source", "messages": new}, at, *new)


def ask_comment(
    connection: sa.Connection,
    ticket_n: int,
    instance: str,
    role: Role,
    payload: Mapping[str, Any],
    at: int,
    *rest: str,
) -> None:
    """Ask for one comment in the ticket's case; *rest* tells it from every other there."""
    _put(connection, ticket_n, instance, role, "comment", payload, at, *rest)


def ask_change(
    connection: sa.Connection,
    ticket_n: int,
    instance: str,
    role: Role,
    changes: Mapping[str, Any],
    cause: str,
    at: int,
    *rest: str,
) -> Asked:
    """Ask for other values of the fields of a ticket's case; *rest* tells it from the same one of the same moment."""
    payload = {"cause": cause, "changes": dict(changes)}
    return _put(connection, ticket_n, instance, role, "change", payload, at, dumps(payload), str(at), *rest)


def open_cases(
    connection: sa.Connection, numbers: Sequence[int], *, delivered: bool = False
) -> Iterator[tuple[int, str, Role]]:
    """Yield ticket, instance and role of every case that is open, or was begun and may be there already: a create that
    was not tried yet tells new messages itself.

    Args:
        delivered: also those of role ``delivered`` that are done.
    """
    found: set[tuple[int, str, Role]] = set()
    for some in chunks(numbers):
        there = sa.select(links.c.ticket_n, links.c.instance, links.c.role, links.c.state)
        for row in connection.execute(there.where(links.c.ticket_n.in_(some), links.c.role != "same")):
            done = delivered and row.role == "delivered" and row.state != "hidden"
            if row.state not in CLOSED or done:
                found.add((row.ticket_n, row.instance, row.role))
        begun = (outbox.c.effect == "create") & _LEFT
        begun &= (outbox.c.attempts > 0) | outbox.c.unsure_since.is_not(None)
        query = sa.select(outbox.c.ticket_n, outbox.c.instance, outbox.c.role)
        query = query.where(outbox.c.ticket_n.in_(some), begun)
        found.update((row[0], row[1], row[2]) for row in connection.execute(query))
    yield from sorted(found)


def _put(
    connection: sa.Connection,
    ticket_n: int,
    instance: str,
    role: Role,
    effect: Effect,
    payload: Mapping[str, Any],
    at: int,
    *rest: str,
) -> Asked:
    ticket = connection.execute(sa.select(tickets.c.id).where(tickets.c.n == ticket_n)).scalar_one()
    marker = marker_of(ticket, instance, role, effect, *rest)
    known = connection.execute(ROWS.where(outbox.c.marker == marker)).one_or_none()
    if known is not None and known.state != "dropped":
        return Asked(False, outgoing_of(known))
    if known is not None:
        return _asked_anew(connection, known, payload)
    values = {"ticket_n": ticket_n, "instance": instance, "role": role, "effect": effect, "marker": marker}
    times = {"created_at": at, "updated_at": at}
    connection.execute(sa.insert(outbox).values(**values, payload=dumps(payload), state="waiting", attempts=0, **times))
    return Asked(True, outgoing_of(connection.execute(ROWS.where(outbox.c.marker == marker)).one()))


# --- working off ------------------------------------------------------------------------------------------------------

ROWS = sa.select(outbox, tickets.c.id.label("ticket_id")).join(tickets, tickets.c.n == outbox.c.ticket_n)


def due(connection: sa.Connection, instance: str, now: datetime, limit: int, forced: bool = False) -> list[Outgoing]:
    """Return what may be sent to an instance now: of each ticket the first that waits, unless there is no case yet and
    its create failed.

    Args:
        forced: also what waits after failures.
    """
    before = outbox.alias("before")
    no_case = (before.c.effect == "create") & before.c.external_id.is_(None)
    blocks = (before.c.state == "waiting") | ((before.c.state == "failed") & no_case)
    earlier = (
        sa.select(sa.literal(1))
        .select_from(before)
        .where(before.c.ticket_n == outbox.c.ticket_n, before.c.instance == outbox.c.instance)
        .where(before.c.n < outbox.c.n, before.c.effect != "act", blocks)
    )
    query = ROWS.where(outbox.c.instance == instance, _LEFT, outbox.c.state == "waiting", outbox.c.effect != "act")
    if not forced:
        query = query.where(waits_no_more(outbox.c.next_try_at, now))
    query = query.where(~sa.exists(earlier)).order_by(outbox.c.n).limit(limit)
    return [outgoing_of(row) for row in connection.execute(query)]


def waits_no_more(next_try_at: sa.ColumnElement[int | None], now: datetime) -> sa.ColumnElement[bool]:
    """Return whether what was to be tried at *next_try_at* (microseconds; null: at once) may be tried. Nothing waits
    for longer than :data:`LONGEST_WAIT`: what seems to was put off before the clock was set back."""
    beyond = micros(now + LONGEST_WAIT)
    return next_try_at.is_(None) | (next_try_at <= micros(now)) | (next_try_at > beyond)


def ready(connection: sa.Connection, now: datetime) -> list[str]:
    """Return the names of the instances for which something may be sent now."""
    waiting = (outbox.c.state == "waiting") & _LEFT & waits_no_more(outbox.c.next_try_at, now)
    return list(connection.execute(sa.select(outbox.c.instance).where(waiting).distinct()).scalars())


def oldest(connection: sa.Connection) -> dict[str, datetime]:
    """Return by instance when the delivery was asked for that waits longest."""
    query = sa.select(outbox.c.instance, sa.func.min(outbox.c.created_at)).where(_LEFT, outbox.c.state == "waiting")
    return {name: instant(at) for name, at in connection.execute(query.group_by(outbox.c.instance))}


@dataclass(frozen=True, slots=True)
class Parcel:
    """A row ready to be sent: its ticket, the ticket's case there and whether that is closed.

    What a later row will tell is left out of a ticket that is to be created. ``told_n`` is the row number of the last
    message that the ticket has now, ``told`` what a case says of it that is created now.
    """

    outgoing: Outgoing
    ticket: Ticket
    link: Link | None
    closed: bool
    told_n: int
    told: Mapping[str, Any] = field(default_factory=dict)


def parcel(connection: sa.Connection, n: int) -> Parcel | None:
    """Return the row *n* ready to be sent; None: its ticket was erased meanwhile."""
    row = connection.execute(ROWS.where(outbox.c.n == n)).one_or_none()
    if row is None:
        return None
    outgoing = outgoing_of(row)
    last = sa.select(sa.func.max(messages.c.n)).where(messages.c.ticket_n == row.ticket_n)
    told_n = int(connection.execute(last).scalar() or 0)
    ticket = queries.find_ticket(connection, outgoing.ticket)
    if outgoing.effect == "create":
        later = set(_told_later(connection, row))
        kept = tuple(message for message in ticket.messages if str(message.id) not in later)
        ticket = ticket.model_copy(update={"messages": kept})
        link = None
        if outgoing.external_id is not None:
            made = (links.c.ticket_n == row.ticket_n) & (links.c.external_id == outgoing.external_id)
            link = connection.execute(sa.select(links).where(made)).one_or_none()
    else:
        link = newest(connection, row.ticket_n, row.instance, row.role)
        link = link if link is None or outgoing.effect != "comment" else _went_into(connection, link)
    closed = link is not None and link.state in (CLOSED if row.role == "escalated" else ("hidden",))
    told = told_of(ticket) if outgoing.effect == "create" else {}
    told |= {TEXTS: texts} if (texts := _texts(outgoing, ticket)) else {}
    return Parcel(outgoing, ticket, None if link is None else link_of(link), closed, told_n, told)


def _went_into(connection: sa.Connection, link: Any) -> Any:
    """Return the link of the case that a link's case is a part of now, where it was merged into that of another
    ticket: nobody opens the old one any more."""
    passed: set[int] = set()
    while link.n not in passed and (into := Heard.load(link.facts).merged_into) is not None:
        passed.add(link.n)
        other = linked.find_links(connection, link.connector, link.namespace, [into]).get(into)
        if other is not None and other.role == "same":  # that case went into another one in turn
            other = newest(connection, other.ticket_n, other.instance, link.role)
        link = link if other is None else other
    return link


def _texts(outgoing: Outgoing, ticket: Ticket) -> dict[str, str]:
    """Return what stands for the customer's words that a row tells, by the message's id."""
    whole = outgoing.effect == "create"
    said = (one for one in ticket.messages if one.direction == "in" and (whole or str(one.id) in outgoing.messages))
    return {str(one.id): text_digest(one.body) for one in said} if whole or outgoing.effect == "comment" else {}


def text_digest(text: str) -> str:
    """Return what stands for a text that was told."""
    return blake2b(text.encode(), digest_size=8).hexdigest()


def told_of(ticket: Ticket) -> dict[str, Any]:
    """Return what a case is told that is created from *ticket*."""
    values = {name: getattr(ticket, name) for name in ("priority", "queue", "category")}
    return {**values, "tags": sorted(ticket.tags)}


def _told_later(connection: sa.Connection, row: Any) -> Iterator[str]:
    same = (outbox.c.ticket_n == row.ticket_n) & (outbox.c.instance == row.instance) & (outbox.c.n > row.n)
    same &= outbox.c.role == row.role
    for payload in connection.execute(sa.select(outbox.c.payload).where(same, outbox.c.effect == "comment")).scalars():
        yield from orjson.loads(payload)["messages"]


def _row(connection: sa.Connection, n: int) -> Any | None:
    """Return a row as it is now; None: its ticket was erased while it was sent."""
    return connection.execute(sa.select(outbox).where(outbox.c.n == n)).one_or_none()


def unsure(connection: sa.Connection, n: int, told_n: int, now: datetime, told: Mapping[str, Any] = _NOTHING) -> None:
    """Note that something is about to be sent whose outcome may never be known, up to which message it tells, and what
    it says of the ticket."""
    at = micros(now)
    row = _row(connection, n)
    if row is None:
        return
    payload = dumps({**orjson.loads(row.payload), "told_n": told_n, **({"told": dict(told)} if told else {})})
    since = at if row.unsure_since is None else row.unsure_since
    values = {"unsure_since": since, "unsure_at": at, "payload": payload}
    connection.execute(sa.update(outbox).where(outbox.c.n == n).values(**values))


def made(
    connection: sa.Connection,
    n: int,
    told_n: int,
    place: Place,
    url: str | None,
    now: datetime,
    told: Mapping[str, Any] = _NOTHING,
) -> None:
    """Note what exists now: the ticket's case, or a comment in it. Messages that came while the case was made are asked
    to be told in it.

    Raises:
        DeliveryError: what was made is another ticket's case already.
    """
    row = _row(connection, n)
    if row is None:
        return
    at = micros(now)
    if row.effect == "create":
        _check_free(connection, row.ticket_n, place)
    if row.effect == "create" and row.external_id not in (None, place.external_id):
        linked.connect(connection, row.ticket_n, "same", place, at, url=url)
        return
    known = {"external_id": place.external_id, "unsure_since": None, "unsure_at": None, "updated_at": at}
    connection.execute(sa.update(outbox).where(outbox.c.n == n).values(**known))
    if row.effect == "create":
        payload = orjson.loads(row.payload)
        first = {"department": payload.get("department"), "facts": begun(row.role, payload.get("told") or told, at)}
        linked.connect(connection, row.ticket_n, row.role, place, at, url=url, **first)
        _ask_missed(connection, row, payload.get("told_n", told_n), at)
        _told_by(connection, row, now)
    else:
        finished(connection, n, now)  # a comment is there as a whole


def _check_free(connection: sa.Connection, ticket_n: int, place: Place) -> None:
    found = linked.find_links(connection, place.connector, place.namespace, [place.external_id])
    link = found.get(place.external_id)
    if link is None or link.ticket_n == ticket_n:
        return
    other = connection.execute(sa.select(tickets.c.id).where(tickets.c.n == link.ticket_n)).scalar_one()
    raise DeliveryError(
        f"{place.external_id} is already the case of ticket {str(UUID(bytes=other))[:8]}, so this ticket is not linked"
        f" to it; has {place.instance} given an id twice, as after a restored backup, look there and drop this delivery"
    )


def _ask_missed(connection: sa.Connection, row: Any, told_n: int, at: int) -> None:
    """Ask for what the customer said after *told_n* to be told, as far as no row does."""
    later = {*_told_later(connection, row), *_said_there(connection, row)}
    said = (messages.c.ticket_n == row.ticket_n) & (messages.c.n > told_n) & (messages.c.direction == "in")
    ids = connection.execute(sa.select(messages.c.id).where(said).order_by(messages.c.n)).scalars()
    missed = [name for one in ids if (name := str(UUID(bytes=one))) not in later]
    if missed:
        payload = {"cause": "source", "messages": missed}
        _put(connection, row.ticket_n, row.instance, row.role, "comment", payload, at, *missed)


def _said_there(connection: sa.Connection, row: Any) -> Iterator[str]:
    """Yield the messages that were read at the instance itself: nobody has to tell it of them."""
    added = (ticket_events.c.ticket_n == row.ticket_n) & (ticket_events.c.kind == "message_added")
    query = sa.select(ticket_events.c.data).where(added, ticket_events.c.cause == linked.CAUSE)
    for data in connection.execute(query).scalars():
        event = orjson.loads(data)
        if event.get("instance") == row.instance:
            yield event["message"]


def _told_by(connection: sa.Connection, create: Any, now: datetime) -> None:
    """Note that comments which were set aside before the case *create* was asked for are told: it tells all that was
    said by then."""
    same = (outbox.c.ticket_n == create.ticket_n) & (outbox.c.instance == create.instance)
    same &= (outbox.c.role == create.role) & (outbox.c.n < create.n)
    aside = (outbox.c.effect == "comment") & (outbox.c.state == "failed")
    for n in connection.execute(sa.select(outbox.c.n).where(same, aside)).scalars().all():
        finished(connection, n, now)


def finished(connection: sa.Connection, n: int, now: datetime, changes: Mapping[str, Any] | None = None) -> None:
    """Note that an effect is there as a whole; *changes*: those that were sent, where others may be wanted by now."""
    row = _row(connection, n)
    if row is None or row.state == "done":
        return
    clean = {"unsure_since": None, "unsure_at": None, "next_try_at": None, "error": None}
    connection.execute(sa.update(outbox).where(outbox.c.n == n).values(state="done", updated_at=micros(now), **clean))
    if row.effect != "create":
        payload = orjson.loads(row.payload)
        payload |= {"changes": dict(changes)} if changes else {}
        told = {
            "instance": row.instance,
            **{name: payload[name] for name in ("messages", "changes", "news", "edited") if name in payload},
        }
        linked.note(connection, row.ticket_n, micros(now), f"{row.effect}_sent", told)


def failed(
    connection: sa.Connection, n: int, now: datetime, error: str, *, sure: bool, aside: bool, own: bool = True
) -> None:
    """Note how a try failed.

    Args:
        error: the destination's own words.
        sure: nothing can be there; what was noted by :func:`unsure` is taken back.
        aside: it is not tried again before a person says so.
        own: it is the row's own fault: it is counted, and the row waits for longer each time.
    """
    row = _row(connection, n)
    if row is None or row.state != "waiting":  # a person dropped it meanwhile
        return
    attempts = row.attempts + own
    wait = min(FIRST_WAIT * 2 ** min(max(attempts - 1, 0), 20), LONGEST_WAIT)
    error = storable(error[:_ERROR])
    values: dict[str, Any] = {"error": error, "attempts": attempts, "updated_at": micros(now)}
    values["next_try_at"] = micros(now + wait) if own and not aside else None
    if sure:
        values |= {"unsure_since": None, "unsure_at": None}
    if aside:
        values["state"] = "failed"
        told = {"instance": row.instance, "effect": row.effect, "reason": error}
        linked.note(connection, row.ticket_n, micros(now), "set_aside", told)
    connection.execute(sa.update(outbox).where(outbox.c.n == n).values(**values))


def later(connection: sa.Connection, n: int, now: datetime, at: datetime, error: str) -> None:
    """Let a row wait until *at*, or as long as anything does, without counting that as a failure."""
    until = micros(min(at, now + LONGEST_WAIT))
    connection.execute(
        sa.update(outbox).where(outbox.c.n == n).values(next_try_at=until, error=storable(error[:_ERROR]))
    )


# --- for people -------------------------------------------------------------------------------------------------------


def left(connection: sa.Connection, instance: str | None, limit: int) -> list[Outgoing]:
    """Return what waits or was set aside, oldest first."""
    query = ROWS.where(_LEFT).order_by(outbox.c.n).limit(limit)
    if instance is not None:
        query = query.where(outbox.c.instance == instance)
    return [outgoing_of(row) for row in connection.execute(query)]


def row(connection: sa.Connection, n: int) -> Outgoing:
    """Return one row.

    Raises:
        StoreError: there is none with this number, or it is done.
    """
    found = connection.execute(ROWS.where(outbox.c.n == n, _LEFT)).one_or_none()
    if found is None:
        state = connection.execute(sa.select(outbox.c.state).where(outbox.c.n == n)).scalar()
        told = {"done": f"delivery {n} was sent", "dropped": f"delivery {n} was dropped"}.get(state or "")
        raise StoreError(f'{told or f"there is no delivery {n}"}; "hub outbox" shows those that wait')
    return outgoing_of(found)


def create_waits(connection: sa.Connection, n: int) -> bool:
    """Return whether a create that is not done stands before the row *n* of its ticket and instance."""
    mine = sa.select(outbox.c.ticket_n, outbox.c.instance).where(outbox.c.n == n).subquery()
    before = sa.select(outbox.c.n).join(
        mine, (mine.c.ticket_n == outbox.c.ticket_n) & (mine.c.instance == outbox.c.instance)
    )
    before = before.where(outbox.c.n < n, outbox.c.effect == "create", _LEFT).limit(1)
    return connection.execute(before).one_or_none() is not None


def retry(connection: sa.Connection, numbers: Sequence[int], now: datetime) -> int:
    """Let rows be tried again now; return how many there were. The story of a ticket tells it of what was set aside."""
    aside = outbox.c.n.in_(numbers) & (outbox.c.state == "failed")
    for one in connection.execute(sa.select(outbox).where(aside)).all():
        told = {"instance": one.instance, "effect": one.effect}
        linked.note(connection, one.ticket_n, micros(now), "retried", told, "person")
    return again(connection, numbers)


def again(connection: sa.Connection, numbers: Sequence[int], *, dropped: bool = False) -> int:
    """Let rows wait for a try from now on, *dropped* ones too where that is wanted."""
    chosen = outbox.c.n.in_(numbers) & ((outbox.c.state != "done") if dropped else _LEFT)
    return connection.execute(
        sa.update(outbox).where(chosen).values(state="waiting", attempts=0, next_try_at=None)
    ).rowcount


def drop(connection: sa.Connection, numbers: Sequence[int], now: datetime) -> int:
    """Never send rows; return how many there were. The story of the ticket tells it."""
    chosen = outbox.c.n.in_(numbers) & _LEFT
    for one in connection.execute(sa.select(outbox).where(chosen)).all():
        told = {"instance": one.instance, "effect": one.effect}
        linked.note(connection, one.ticket_n, micros(now), "dropped", told, "person")
        mine = (replies.c.marker == one.marker) & (replies.c.state != "published")
        connection.execute(sa.update(replies).where(mine).values(state="dropped", updated_at=micros(now)))
    values = {"state": "dropped", "updated_at": micros(now)}
    return connection.execute(sa.update(outbox).where(chosen).values(**values)).rowcount


def drop_untried(connection: sa.Connection, later: int, earlier: int, at: int) -> list[int]:
    """Of two tickets that are the same, drop the delivery of one that is or will be delivered as the other, as far as
    nothing was sent of it: the later one's, unless only the earlier one's is still to be sent. Return their numbers."""
    creates = sa.select(outbox).where(outbox.c.ticket_n.in_((later, earlier)), outbox.c.role == "delivered")
    creates = creates.where(outbox.c.effect == "create", outbox.c.state != "dropped").order_by(outbox.c.n)
    by_instance: dict[str, dict[int, Any]] = {}
    for one in connection.execute(creates).all():
        by_instance.setdefault(one.instance, {})[one.ticket_n] = one
    doubled = [rows for rows in by_instance.values() if len(rows) == 2]
    untried = [next((rows[n] for n in (later, earlier) if _is_untried(rows[n])), None) for rows in doubled]
    numbers = [one.n for one in untried if one is not None]
    drop(connection, numbers, instant(at))
    return numbers


def _is_untried(row: Any) -> bool:
    return row.state != "done" and row.external_id is None and row.unsure_since is None


def counts(connection: sa.Connection) -> dict[str, tuple[int, int]]:
    """Return by instance how many rows wait and how many are set aside; instances without any are left out."""
    query = sa.select(outbox.c.instance, outbox.c.state, sa.func.count()).where(_LEFT)
    found: dict[str, tuple[int, int]] = {}
    for instance, state, number in connection.execute(query.group_by(outbox.c.instance, outbox.c.state)):
        waiting, aside = found.get(instance, (0, 0))
        found[instance] = (number, aside) if state == "waiting" else (waiting, number)
    return found


def outgoing_of(row: Any) -> Outgoing:
    """Return the public form of a row of :data:`ROWS`."""
    payload = orjson.loads(row.payload)
    moments = {name: instant_or_none(getattr(row, name)) for name in ("next_try_at", "unsure_since", "unsure_at")}
    return Outgoing(
        n=row.n,
        ticket=str(UUID(bytes=row.ticket_id)),
        instance=row.instance,
        role=cast(Role, row.role),
        effect=cast(Effect, row.effect),
        marker=row.marker,
        state=row.state,
        attempts=row.attempts,
        created_at=instant(row.created_at),
        department=payload.get("department"),
        messages=tuple(payload.get("messages", ())),
        changes=payload.get("changes", {}),
        act=payload.get("act", {}),
        news=payload.get("news", {}),
        edited=payload.get("edited", False),
        occasion=payload.get("occasion", {}),
        error=row.error,
        external_id=row.external_id,
        **moments,
    )
