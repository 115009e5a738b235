"""The shortest way for the commonest record: a message that nobody knows, opening a ticket that nobody knows.

What :class:`hub.store.merge.Merge` would find step by step is written down at once, as plain tuples. Both ways give
the same rows; a property test holds them to each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hub.sdk.drafts import TicketDraft
from hub.store.insertion import Row
from hub.store.page import Checkpoint
from hub.store.rows import dumps, message_content, message_counters, start_of, ticket_content
from hub.store.tables import USUAL, micros

Single = tuple[bytes, TicketDraft]
"""A draft that opens a ticket with its one message, behind the message's id."""


@dataclass(frozen=True, slots=True)
class Singles:
    """Rows of tickets of one new message each, in the order of the tables' columns; their numbers have no gaps."""

    tickets: list[Row]
    messages: list[Row]


def single_rows(checkpoint: Checkpoint, singles: Mapping[bytes, Single], ticket_n: int, message_n: int) -> Singles:
    """Return the rows of *singles*, by their tickets' ids, numbered on from *ticket_n* and *message_n*."""
    rows = Singles([], [])
    now, stream, instance = micros(checkpoint.now), checkpoint.key.stream, checkpoint.key.instance
    connector, namespace, priority = checkpoint.connector, checkpoint.namespace, USUAL["priority"]
    for at, (ticket, (mid, draft)) in enumerate(singles.items()):
        item = draft.messages[0]
        created, hidden, direction, state = micros(item.created_at), bool(item.hidden), item.direction, draft.state
        tags = sorted(set(item.tags)) if item.tags else []
        own_state = state or "new"
        rows.tickets.append(
            (
                ticket_n + at,
                ticket,
                connector,
                namespace,
                instance,
                draft.platform,
                draft.kind,
                draft.thread,
                created,
                now,
                now if own_state in ("solved", "closed") else None,
                "hidden" if hidden else own_state,
                own_state,
                state,
                mid,
                item.rating if direction == "in" else None,
                item.sentiment if direction == "in" else None,
                draft.language,
                draft.title,
                priority,
                None,
                None,
                ticket_content(draft, tags),
                None,
                None,
                start_of(ticket),
            )
        )
        rows.messages.append(
            (
                message_n + at,
                mid,
                ticket_n + at,
                created,
                now,
                direction,
                int(hidden),
                item.body,
                dumps([[stream, item.source_id, hidden, tags]]),
                message_content(item),
                message_counters(item),
                start_of(mid),
            )
        )
    return rows
