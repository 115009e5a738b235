"""Answers of rules that were overtaken before anybody could read them: the customer's words are others by now, or the
ticket has become a complaint.

What waits is bound by the same promises as what is asked for: it is taken back, and rules may draft anew for what the
customer says now.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.store.acts import ANSWERS, tell
from hub.store.replies import CHANGED, COMPLAINT
from hub.store.tables import chunks, outbox, replies, ticket_events, tickets

MOVES = frozenset(("message_changed", "decided", "set"))
"""Events that may overtake an answer."""

_RULE = "rule"
_WORDS = frozenset(("body", "rating"))
_MADE = ("reply_drafted", "reply_automatic", "reply_refused")


def take_back(connection: sa.Connection, numbers: Collection[int], at: int) -> None:
    """Take back what rules drafted or answered in the tickets *numbers*, as far as it is overtaken and the source has
    not taken it. What a person approved waits for a person again; the rest is dropped.

    Args:
        at: now, microseconds.
    """
    unsaid = replies.c.state.in_(("draft", "approved", "refused")) & replies.c.rule.is_not(None)
    query = sa.select(replies, tickets.c.category).join(tickets, tickets.c.n == replies.c.ticket_n).where(unsaid)
    for some in chunks(sorted(numbers)):
        for row in connection.execute(query.where(replies.c.ticket_n.in_(some)).order_by(replies.c.n)).all():
            if reason := _why(connection, row):
                _withdraw(connection, row, reason, at)
        _drop_acts(connection, some, at)


def _drop_acts(connection: sa.Connection, numbers: Sequence[int], at: int) -> None:
    """Drop the answers that rules give as an act, without a draft, and that wait in tickets which are complaints."""
    waits = (outbox.c.effect == "act") & outbox.c.state.in_(("waiting", "failed"))
    query = sa.select(outbox.c.n, outbox.c.ticket_n, outbox.c.payload)
    query = query.join(tickets, tickets.c.n == outbox.c.ticket_n).where(waits, tickets.c.category == "complaint")
    query = query.where(outbox.c.ticket_n.in_(numbers), ~sa.exists().where(replies.c.marker == outbox.c.marker))
    for row in connection.execute(query).all():
        asked = orjson.loads(row.payload)
        if asked["cause"] == _RULE and asked["act"]["name"] in ANSWERS:
            connection.execute(sa.update(outbox).where(outbox.c.n == row.n).values(state="dropped", updated_at=at))
            tell(connection, row.ticket_n, at, "reply_dropped", _RULE, {"state": "approved", "reason": COMPLAINT})


def _why(connection: sa.Connection, row: Any) -> str | None:
    """Return why the answer *row* is overtaken; None: it is not."""
    since = list(_since_made(connection, row))
    message = str(UUID(bytes=row.message))
    for kind, data in since:
        if kind == "message_changed" and data["message"] == message and not _WORDS.isdisjoint(data["fields"]):
            return CHANGED
    automatic = row.by == _RULE and row.state == "approved"
    if automatic and row.category == "complaint":
        return COMPLAINT
    became = any(data.get("fields", {}).get("category", [None])[-1] == "complaint" for _, data in since)
    return COMPLAINT if became and row.by == _RULE else None


def _since_made(connection: sa.Connection, row: Any) -> Iterator[tuple[str, Any]]:
    """Yield kind and data of what happened to the ticket since the answer *row* was made."""
    found: list[tuple[str, Any]] = []
    mine = ticket_events.c.ticket_n == row.ticket_n
    events = sa.select(ticket_events).where(mine, ticket_events.c.kind.in_((*_MOVES_SORTED, *_MADE)))
    for event in connection.execute(events.order_by(ticket_events.c.n)):
        data = orjson.loads(event.data)
        if event.kind not in _MADE:
            found.append((event.kind, data))
        elif data.get("reply") == row.n:
            found.clear()
    yield from found


_MOVES_SORTED: Sequence[str] = sorted(MOVES)


def _withdraw(connection: sa.Connection, row: Any, reason: str, at: int) -> None:
    waits = (outbox.c.marker == row.marker) & outbox.c.state.in_(("waiting", "failed"))
    connection.execute(sa.update(outbox).where(waits).values(state="dropped", updated_at=at))
    held = row.by != _RULE
    values = {"state": "draft" if held else "dropped", "reason": reason, "asked_at": None, "updated_at": at}
    connection.execute(sa.update(replies).where(replies.c.n == row.n).values(**values))
    told = {"state": row.state, "reason": reason, "reply": row.n}
    tell(connection, row.ticket_n, at, "reply_held" if held else "reply_dropped", _RULE, told)
