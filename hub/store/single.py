"""The shortest way for the commonest record: a message that nobody knows, opening a ticket that nobody knows.

What :class:`hub.store.merge.Merge` would find step by step is written down at once, as plain tuples. Both ways give
the same rows; a property test holds them to each other.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from hub.sdk.drafts import TicketDraft
from hub.store.page import Checkpoint
from hub.store.rows import dumps, message_content, message_counters, ticket_content
from hub.store.tables import micros

Row = tuple[object, ...]
CREATED = ("created", "source")
_ONE = dumps({"messages": 1})


class Single(NamedTuple):
    """A draft that opens a ticket with its one message: their row numbers and ids."""

    ticket_n: int
    message_n: int
    ticket: bytes
    mid: bytes
    draft: TicketDraft


@dataclass(frozen=True, slots=True)
class Singles:
    """Rows of tickets of one new message each, in the order of the tables' columns."""

    tickets: list[Row]
    messages: list[Row]
    events: list[Row]


def single_rows(checkpoint: Checkpoint, singles: Iterable[Single]) -> Singles:
    """Return the rows of *singles*."""
    rows = Singles([], [], [])
    now, stream, instance = micros(checkpoint.now), checkpoint.key.stream, checkpoint.key.instance
    connector, namespace, route = checkpoint.connector, checkpoint.namespace, checkpoint.route
    for ticket_n, message_n, ticket, mid, draft in singles:
        item = draft.messages[0]
        created, hidden, state = micros(item.created_at), bool(item.hidden), draft.state or "new"
        tags = sorted(set(item.tags)) if item.tags else []
        rating, sentiment = (item.rating, item.sentiment) if item.direction == "in" else (None, None)
        closed = now if state in ("solved", "closed") else None
        decided = route(draft)
        ticket_head = (ticket_n, ticket, connector, namespace, instance, draft.platform, draft.kind, draft.thread)
        ticket_state = (created, now, closed, "hidden" if hidden else state, state, draft.state, mid)
        ticket_facts = (rating, sentiment, draft.language, draft.title, decided.priority, decided.queue)
        content = ticket_content(draft, tags)
        rows.tickets.append((*ticket_head, *ticket_state, *ticket_facts, decided.category, content, None))
        sources = dumps([[stream, item.source_id, hidden, tags]])
        message_head = (message_n, mid, ticket_n, created, now, item.direction, int(hidden), item.body, sources)
        rows.messages.append((*message_head, message_content(item), message_counters(item)))
        rows.events.append((ticket_n, now, *CREATED, _ONE))
    return rows
