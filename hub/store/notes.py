"""What was said in the case of a ticket elsewhere, as messages of the ticket.

What is said in a task or an issue is internal: a note, whoever says it. In a case where people work on the ticket an
operator's public answer is ours, and the customer's words are the customer's. What we wrote there ourselves comes back
too, and is dropped: it is known by its marker, or by the id that the destination gave it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import FollowUp, MessageDraft
from hub.sdk.identity import message_id
from hub.store import search
from hub.store.changes import message_changes
from hub.store.links import note
from hub.store.merge import author_digest_of
from hub.store.page import Checkpoint
from hub.store.rows import MessageRow, dumps, message_content, message_counters, start_of
from hub.store.tables import chunks, erased_authors, messages, micros, outbox
from hub.store.unsaid import kept_unsaid

_COLUMNS = tuple(column.name for column in messages.columns)
_RELAYED = frozenset({("escalated", "note"), ("escalated", "out"), ("delivered", "out")})
"""What people in (another) delivered case are told, by the role of the case where it was said."""


@dataclass(slots=True)
class Noted:
    """What became of messages from cases: how many are new or changed, the tickets' row numbers, all message ids; the
    tickets whose clock they move; what the customer said there, by instance and role of the case and by ticket; the
    public answers that people gave in the helpdesk or changed there, each as it was and as it is; what people said that
    those in delivered cases are to know, as ``said`` has it."""

    added: int = 0
    changed: int = 0
    tickets: set[int] = field(default_factory=set)
    seen: list[bytes] = field(default_factory=list)
    answered: set[int] = field(default_factory=set)
    said: dict[tuple[str, str], dict[int, list[str]]] = field(default_factory=dict)
    answers: list[tuple[MessageRow | None, MessageRow]] = field(default_factory=list)
    relayed: dict[tuple[str, str], dict[int, list[str]]] = field(default_factory=dict)


def add_notes(connection: sa.Connection, checkpoint: Checkpoint, known: Iterable[tuple[Any, FollowUp]]) -> Noted:
    """Write the messages of follow-ups into the tickets of their links."""
    noted = Noted()
    wanted = [(link, item) for link, one in known for item in one.messages]
    if not wanted:
        return noted
    ours = _ours(connection, checkpoint, [item.source_id for _, item in wanted])
    erased = frozenset(connection.execute(sa.select(erased_authors.c.digest)).scalars())
    mids = [_id(checkpoint, item) for _, item in wanted]
    before = _existing(connection, mids)
    number = int(connection.execute(sa.select(sa.func.max(messages.c.n))).scalar() or 0) + 1
    for (link, item), mid in zip(wanted, mids, strict=True):
        noted.seen.append(mid)
        if item.echo_of is not None or item.source_id in ours or {mid, author_digest_of(item)} & erased:
            continue
        old = before.get(mid)
        if old is None:
            before[mid] = _insert(connection, checkpoint, link, item, mid, number)
            if _is_answer(link, item, before[mid]):
                noted.answers.append((None, before[mid]))
            number += 1
            noted.added += 1
            noted.tickets.add(link.ticket_n)
            _sort_out(noted, checkpoint.key.instance, link, item, before[mid])
        elif old.ticket_n == link.ticket_n and (new := _row(checkpoint, link, item, mid, old)) != old:
            before[mid] = new
            if _is_answer(link, item, new) and new.body != old.body:
                noted.answers.append((old, new))
            if _update(connection, old, new, micros(checkpoint.now)):
                noted.changed += 1
                noted.tickets.add(link.ticket_n)
    return noted


def _sort_out(noted: Noted, instance: str, link: Any, item: MessageDraft, row: MessageRow) -> None:
    if row.direction != "note":
        noted.answered.add(row.ticket_n)
    if row.hidden:
        return
    if row.direction == "in":
        _put(noted.said, instance, link, row)
    elif not item.automatic and (link.role, row.direction) in _RELAYED:
        _put(noted.relayed, instance, link, row)


def _put(found: dict[tuple[str, str], dict[int, list[str]]], instance: str, link: Any, row: MessageRow) -> None:
    by_ticket = found.setdefault((instance, link.role), {})
    by_ticket.setdefault(row.ticket_n, []).append(str(UUID(bytes=row.id)))


def _is_answer(link: Any, item: MessageDraft, message: MessageRow) -> bool:
    """Whether people answered the customer in the helpdesk; what its system wrote by itself is nobody's answer."""
    said = message.direction == "out" and not message.hidden and not item.automatic
    return said and link.role == "delivered"


def _ours(connection: sa.Connection, checkpoint: Checkpoint, ids: Sequence[str]) -> set[str]:
    """Return those of *ids* that are comments of ours."""
    found: set[str] = set()
    for some in chunks(ids):
        mine = (outbox.c.instance == checkpoint.key.instance) & outbox.c.external_id.in_(some)
        found.update(connection.execute(sa.select(outbox.c.external_id).where(mine)).scalars())
    return found


def _id(checkpoint: Checkpoint, item: MessageDraft) -> bytes:
    named = (checkpoint.connector, checkpoint.namespace, checkpoint.key.stream)
    return message_id(*named, item.source_id, item.same_as)


def _existing(connection: sa.Connection, mids: Sequence[bytes]) -> dict[bytes, MessageRow]:
    found: dict[bytes, MessageRow] = {}
    for some in chunks(mids):
        for row in connection.execute(sa.select(messages).where(messages.c.id_start.in_(map(start_of, some)))):
            found[row.id] = MessageRow(*row)
    return found


def _insert(
    connection: sa.Connection, checkpoint: Checkpoint, link: Any, item: MessageDraft, mid: bytes, number: int
) -> MessageRow:
    at = micros(checkpoint.now)
    blank = MessageRow(number, mid, link.ticket_n, 0, at, "", 0, "", "", "", "", start_of(mid))
    row = _row(checkpoint, link, item, mid, blank)
    connection.execute(sa.insert(messages).values(**dict(zip(_COLUMNS, astuple(row), strict=True))))
    told = {"message": str(UUID(bytes=mid)), "direction": row.direction, "instance": checkpoint.key.instance}
    note(connection, link.ticket_n, at, "message_added", told | ({"automatic": True} if item.automatic else {}))
    return row


def _row(checkpoint: Checkpoint, link: Any, item: MessageDraft, mid: bytes, old: MessageRow) -> MessageRow:
    """Return *old* as *item* has it."""
    hidden = bool(old.hidden) if item.hidden is None else item.hidden
    source = [checkpoint.key.stream, item.source_id, hidden, sorted(set(item.tags))]
    internal = link.role == "escalated" and item.direction == "in"
    new = replace(
        old,
        created_at=micros(item.created_at),
        direction="note" if internal else item.direction,
        hidden=int(hidden),
        body=item.body,
        sources=dumps([source]),
        content=message_content(item),
        counters=message_counters(item),
    )
    return kept_unsaid(old, new)


def _update(connection: sa.Connection, old: MessageRow, new: MessageRow, at: int) -> bool:
    """Write *new* over *old*; return whether that is news."""
    values = {name: getattr(new, name) for name in _COLUMNS if getattr(new, name) != getattr(old, name)}
    connection.execute(sa.update(messages).where(messages.c.n == old.n).values(**values))
    if old.body != new.body and connection.dialect.name == "sqlite" and old.n <= search.indexed_to(connection):
        search.remove(connection, [(old.n, search.indexed_text(None, old.body))])
        search.add(connection, [(old.n, search.indexed_text(None, new.body))])
    fields = message_changes(old, new)
    if fields:
        told = {"message": str(UUID(bytes=new.id)), "fields": fields}
        note(connection, new.ticket_n, at, "message_changed", orjson.loads(dumps(told)))
    return bool(fields)
