"""Answers that the customer cannot read: refused by our filter or by the source, or rejected there.

What an operator said in the helpdesk is a message of the ticket. Where it was not published it answers nothing: it is
kept as a note, so that the clock goes on and the customer still waits.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import sqlalchemy as sa

from hub.store.rows import MessageRow, dumps
from hub.store.tables import messages, replies, tickets

KEY = "unsaid"
"""Key of ``messages.content``: the message was meant for the customer, who cannot read it."""

_THERE = ("sent", "published")


def set_unsaid(connection: sa.Connection, rows: Sequence[Any]) -> set[int]:
    """Make notes of the helpdesk's messages that the answers *rows* repeat, unless the customer can read another answer
    to the same message; return the tickets' row numbers."""
    moved: set[int] = set()
    for row in rows:
        same = (replies.c.ticket_n == row.ticket_n) & (replies.c.message == row.message)
        there = sa.select(replies.c.n).where(same, replies.c.n != row.n, replies.c.state.in_(_THERE)).limit(1)
        if connection.execute(there).one_or_none() is None and _mark(connection, row, "out", "note"):
            moved.add(row.ticket_n)
    return moved


def set_said(connection: sa.Connection, row: Any) -> None:
    """Take back :func:`set_unsaid`: the source has the answer *row* now."""
    _mark(connection, row, "note", "out")


def _mark(connection: sa.Connection, row: Any, before: str, after: str) -> bool:
    mine = (messages.c.id == row.origin) & (messages.c.ticket_n == row.ticket_n) & (messages.c.direction == before)
    found = connection.execute(sa.select(messages.c.n, messages.c.content).where(mine)).one_or_none()
    facts = orjson.loads(found.content) if found is not None else {}
    if found is None or (after == "out" and KEY not in facts):
        return False
    facts.pop(KEY, None)
    content = dumps(facts | {KEY: True} if after == "note" else facts)
    connection.execute(sa.update(messages).where(messages.c.n == found.n).values(direction=after, content=content))
    return True


def kept_unsaid(old: MessageRow, new: MessageRow) -> MessageRow:
    """Return *new* as a note where *old*, with the same words, is one that the customer cannot read."""
    marked = f'"{KEY}"' in old.content and KEY in orjson.loads(old.content)
    if not marked or new.direction != "out" or new.body != old.body:
        return new
    return replace(new, direction="note", content=dumps(orjson.loads(new.content) | {KEY: True}))


def left_unsaid() -> sa.ColumnElement[bool]:
    """Return what holds for the answers that the customer cannot read and that nobody followed with another: the newest
    such one of each ticket. A rule's draft that our filter refuses was never let go."""
    other, later = replies.alias("other"), replies.alias("later")
    mine = replies.c.ticket_n
    unsaid = (replies.c.state == "rejected") | ((replies.c.state == "refused") & (replies.c.by != "rule"))
    newer = sa.select(sa.literal(1)).where(other.c.ticket_n == mine, other.c.n > replies.c.n)
    newer = newer.where(other.c.state.in_(("rejected", "refused")), other.c.by != "rule")
    followed = sa.select(sa.literal(1)).where(later.c.ticket_n == mine, later.c.n > replies.c.n)
    followed = followed.where(later.c.state.in_(("approved", *_THERE)))
    answered = sa.select(sa.literal(1)).where(messages.c.ticket_n == mine, messages.c.direction == "out")
    answered = answered.where(messages.c.hidden == 0, messages.c.ingested_at > replies.c.created_at)
    return unsaid & (tickets.c.state != "hidden") & ~sa.exists(newer) & ~sa.exists(followed) & ~sa.exists(answered)
