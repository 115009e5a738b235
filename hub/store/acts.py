"""What is to be done with records at their sources: rows of the outbox with the effect ``act`` and the role ``source``.

The same action on the same message is asked for once, however often its ticket is decided.
"""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.identity import message_id
from hub.sdk.nearest import listed
from hub.sdk.text import storable
from hub.store import outbox as rows
from hub.store.outbox import ROWS, Asked, Outgoing, marker_of, outgoing_of
from hub.store.page import Act
from hub.store.rows import MessageRow, TicketRow, dumps
from hub.store.tables import instant, micros, outbox, replies, ticket_events, tickets
from hub.store.unsaid import set_said, set_unsaid

ANSWERS = frozenset(("reply", "edit_reply"))
"""Actions that say something in public."""

_MOST = 1000  # rows that one look at the outbox takes
_DETAIL = 500  # characters of a source's word that an event keeps


@dataclass(frozen=True, slots=True)
class Target:
    """The record that is acted on: the message's id (16 bytes), where it was read, and when it was published."""

    message: bytes
    stream: str
    source_id: str
    at: int


def target_of(row: TicketRow, messages: Sequence[MessageRow], number: int | None = None) -> Target | None:
    """Return what is acted on: the customer's newest message that the ticket's source has; the review itself where the
    ticket is one.

    Args:
        messages: all of the ticket's, oldest first.
        number: the place of the message that is meant, counted from 1.
    Returns:
        None: there is none, or the source does not have it.
    """
    if number is not None:
        chosen = [messages[number - 1]] if 0 < number <= len(messages) else []
    elif row.kind == "review":
        chosen = [message for message in messages if message.id == row.opening]
    else:
        said = [message for message in messages if message.direction == "in"]
        chosen = [message for message in said if not message.hidden] or said
    for message in reversed(chosen):
        for stream, source_id, *_ in orjson.loads(message.sources):
            if is_own(row, message, stream, source_id):
                return Target(message.id, stream, source_id, message.created_at)
    return None


def is_own(row: TicketRow, message: MessageRow, stream: str, source_id: str) -> bool:
    """Whether the ticket's own source gave the message: what was said in a case elsewhere has another's id."""
    same_as = orjson.loads(message.content).get("same_as")
    return message_id(row.connector, row.namespace, stream, source_id, same_as) == message.id


def lacking(instance: str, can: AbstractSet[str], action: str) -> str:
    """Return in words that an instance cannot do *action*, and what it can."""
    able = f"it can do {listed(sorted(can))}" if can else "it can do nothing at its source"
    return f"{instance} cannot do {action} at its source; {able}"


def ask_act(
    connection: sa.Connection,
    row: TicketRow,
    target: Target,
    act: Act,
    cause: str,
    at: int,
    can: AbstractSet[str],
    *,
    again: bool = False,
    revived: bool = False,
) -> Asked:
    """Ask for *act* on a record: once.

    Args:
        at: now, microseconds.
        can: what the ticket's instance can do; what it cannot is set aside at once.
        again: also where it was done before.
        revived: also where it was dropped before; a person's wish is that always.
    """
    marker = _marker(row, target, act)
    known = connection.execute(ROWS.where(outbox.c.marker == marker)).one_or_none()
    if known is not None and known.state == "done" and again:
        marker = _marker(row, target, act, str(at))
    elif known is not None and known.state == "dropped" and (revived or cause != "rule"):
        rows.again(connection, [known.n], dropped=True)
        return Asked(True, rows.row(connection, known.n))
    elif known is not None:
        return Asked(False, outgoing_of(known))
    told: dict[str, Any] = {"instance": row.instance, "action": act.name, "message": str(UUID(bytes=target.message))}
    told |= {"values": list(act.values)} if act.values else {}
    tell(connection, row.n, at, "act_asked", cause, told)
    _insert(connection, row, target, act, marker, cause, at)
    asked = outgoing_of(connection.execute(ROWS.where(outbox.c.marker == marker)).one())
    if act.name not in can:
        failed(connection, asked.n, lacking(row.instance, can, act.name), instant(at), sure=True, aside=True)
        asked = outgoing_of(connection.execute(ROWS.where(outbox.c.marker == marker)).one())
    return Asked(True, asked)


def _marker(row: TicketRow, target: Target, act: Act, *rest: str) -> str:
    words = " ".join(act.text.split())
    return marker_of(row.id, "", "source", "act", target.message.hex(), act.name, words, *act.values, *rest)


def _insert(
    connection: sa.Connection, row: TicketRow, target: Target, act: Act, marker: str, cause: str, at: int
) -> None:
    content = orjson.loads(row.content)
    context = {
        "created_at": instant(target.at).isoformat(),
        "place": (content.get("place") or {}).get("key"),
        "url": content.get("url"),
    }
    action: dict[str, Any] = {"name": act.name, "stream": target.stream, "source_id": target.source_id}
    action |= {"text": act.text} if act.text else {}
    action |= {"values": list(act.values)} if act.values else {}
    action["context"] = {name: value for name, value in context.items() if value}
    payload = {"cause": cause, "message": target.message.hex(), "act": action}
    values = {"ticket_n": row.n, "instance": row.instance, "role": "source", "effect": "act", "marker": marker}
    times = {"created_at": at, "updated_at": at}
    connection.execute(sa.insert(outbox).values(**values, payload=dumps(payload), state="waiting", attempts=0, **times))


# --- working off ------------------------------------------------------------------------------------------------------


def due(connection: sa.Connection, instance: str, now: datetime, forced: bool = False) -> list[Outgoing]:
    """Return the acts that may be sent to an instance now, oldest first: of each ticket those before the first that has
    to wait.

    Args:
        forced: also what waits after failures.
    """
    here = (outbox.c.instance == instance) & (outbox.c.effect == "act") & (outbox.c.state == "waiting")
    may = rows.waits_no_more(outbox.c.next_try_at, now).label("may")
    waits: set[int] = set()
    found: list[Outgoing] = []
    for row in connection.execute(ROWS.add_columns(may).where(here).order_by(outbox.c.n).limit(_MOST)):
        if not forced and not row.may:
            waits.add(row.ticket_n)
        if row.ticket_n not in waits:
            found.append(outgoing_of(row))
    return found


def still_waiting(connection: sa.Connection, numbers: Sequence[int]) -> set[int]:
    """Return those of *numbers* that wait to be sent: others may have been dropped since they were looked up."""
    query = sa.select(outbox.c.n).where(outbox.c.n.in_(numbers), outbox.c.state == "waiting")
    return set(connection.execute(query).scalars())


def done(connection: sa.Connection, n: int, state: Literal["done", "sent"], detail: str, now: datetime) -> None:
    """Note that the source has taken an act; *state* and *detail* as in :class:`hub.sdk.ActionResult`."""
    row = connection.execute(sa.select(outbox).where(outbox.c.n == n)).one_or_none()
    if row is None or row.state == "done":
        return
    at = micros(now)
    clean = {"unsure_since": None, "unsure_at": None, "next_try_at": None, "error": None}
    connection.execute(sa.update(outbox).where(outbox.c.n == n).values(state="done", updated_at=at, **clean))
    action = orjson.loads(row.payload)["act"]
    told = {"instance": row.instance, "action": action["name"], "state": state, "detail": storable(detail[:_DETAIL])}
    told |= {"values": action["values"]} if action.get("values") else {}
    tell(connection, row.ticket_n, at, "acted", "source", told)
    published = state == "done" and action["name"] in ANSWERS
    # One that was taken back while it was on its way is there all the same.
    unsaid = (replies.c.marker == row.marker) & replies.c.state.in_(("approved", "refused", "draft", "dropped"))
    mine = replies.c.n == sa.select(sa.func.max(replies.c.n)).where(unsaid).scalar_subquery()
    values = {"state": "published" if published else "sent", "sent_at": at, "updated_at": at, "reason": None}
    changed = connection.execute(sa.update(replies).where(mine).values(**values)).rowcount
    for reply in connection.execute(sa.select(replies).where(replies.c.marker == row.marker)).all():
        set_said(connection, reply)
    if changed and published:
        tell(connection, row.ticket_n, at, "published", "source", {"instance": row.instance})


def failed(
    connection: sa.Connection, n: int, error: str, now: datetime, *, sure: bool, aside: bool, own: bool = True
) -> None:
    """Note how a try of an act failed; as :func:`hub.store.outbox.failed`."""
    rows.failed(connection, n, now, error, sure=sure, aside=aside, own=own)
    row = connection.execute(sa.select(outbox.c.marker, outbox.c.state).where(outbox.c.n == n)).one_or_none()
    if row is not None and row.state == "failed":
        mine = (replies.c.marker == row.marker) & (replies.c.state == "approved")
        refused = connection.execute(sa.select(replies).where(mine)).all()
        values = {"state": "refused", "reason": storable(error[:_DETAIL]), "updated_at": micros(now)}
        connection.execute(sa.update(replies).where(mine).values(**values))
        set_unsaid(connection, refused)


def tell(
    connection: sa.Connection, ticket_n: int, at: int, kind: str, cause: str, data: Mapping[str, Any] | None = None
) -> None:
    """Write down what happened to a ticket, and that it is news."""
    values = {"ticket_n": ticket_n, "at": at, "kind": kind, "cause": cause, "data": dumps(dict(data or {}))}
    connection.execute(sa.insert(ticket_events).values(**values))
    connection.execute(sa.update(tickets).where(tickets.c.n == ticket_n).values(updated_at=at))
