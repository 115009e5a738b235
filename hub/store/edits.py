"""What the customer wrote otherwise afterwards: told once in every case that was told it before.

A comment that waits tells a message as it is when it is sent; so an edit is asked for where nothing waits that will
tell it. What was on its way meanwhile is looked at when it has arrived.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.ticket import Role
from hub.store.outbox import TEXTS, ask_comment, open_cases, text_digest
from hub.store.page import Event
from hub.store.replies import same_text
from hub.store.rows import start_of
from hub.store.tables import messages, outbox

_TELL = ("create", "comment")


def ask_edits(connection: sa.Connection, events: Iterable[Event], at: int) -> None:
    """Ask for the customer's words that *events* have changed to be told in every case that knows the old ones.

    Args:
        at: now, microseconds.
    """
    changed: dict[int, dict[str, None]] = {}
    for event in events:
        fields = event.data.get("fields") if event.kind == "message_changed" else None
        body = fields.get("body") if isinstance(fields, Mapping) else None
        if body is not None and not same_text(*body):
            changed.setdefault(event.ticket_n, {})[str(event.data["message"])] = None
    for ticket_n, instance, role in open_cases(connection, sorted(changed), delivered=True):
        waiting = _waiting(connection, ticket_n, instance, role)
        for ident in changed[ticket_n] if waiting is not None else ():
            text = _text(connection, ident)
            if text is not None and ident not in (waiting or ()):
                _ask(connection, (ticket_n, instance, role), ident, text, at)


def ask_overtaken(connection: sa.Connection, n: int, told: Mapping[str, Any], at: int) -> None:
    """Ask for the words to be told that the customer changed while the row *n* was on its way.

    Args:
        told: what it was to tell, where nothing was written down before it was sent.
    """
    row = connection.execute(sa.select(outbox).where(outbox.c.n == n, outbox.c.effect.in_(_TELL))).one_or_none()
    if row is None:
        return
    texts = (orjson.loads(row.payload).get("told") or told).get(TEXTS, {})
    for ident, digest in texts.items():
        text = _text(connection, ident)
        if text is not None and text_digest(text) != digest:
            _ask(connection, (row.ticket_n, row.instance, row.role), ident, text, at)


def _ask(connection: sa.Connection, case: tuple[int, str, Role], ident: str, text: str, at: int) -> None:
    payload = {"cause": "source", "messages": [ident], "edited": True}
    ask_comment(connection, *case, payload, at, "edited", ident, text_digest(text), str(at))


def _waiting(connection: sa.Connection, ticket_n: int, instance: str, role: str) -> Sequence[str] | None:
    """Return the messages that are still to be told in a case; None: all of them, it is still to be made."""
    mine = (outbox.c.ticket_n == ticket_n) & (outbox.c.instance == instance) & (outbox.c.role == role)
    mine &= outbox.c.effect.in_(_TELL) & outbox.c.state.in_(("waiting", "failed"))
    found: list[str] = []
    for row in connection.execute(sa.select(outbox.c.effect, outbox.c.payload).where(mine)):
        if row.effect == "create":
            return None
        found += orjson.loads(row.payload)["messages"]
    return found


def _text(connection: sa.Connection, ident: str) -> str | None:
    """Return what a message of the customer says now; None: it is none, or it is not shown."""
    mid = UUID(ident).bytes
    query = sa.select(messages.c.body).where(messages.c.id_start == start_of(mid), messages.c.id == mid)
    shown = (messages.c.direction == "in") & (messages.c.hidden == 0)
    return connection.execute(query.where(shown)).scalar_one_or_none()
