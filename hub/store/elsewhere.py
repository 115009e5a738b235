"""What a checkpoint has to do with other places: cases that its records speak of, and what is to be sent.

Cases of our tickets are sorted out before the page is merged, so that they never become tickets of their own; their
news, and what the page asks the outbox for, are written after it, in the same transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from hub.sdk.drafts import FollowUp
from hub.store.again import decide_again
from hub.store.links import follow, ids_of, sort_follow_ups
from hub.store.notes import Noted, add_notes
from hub.store.outbox import ask_case, ask_comments
from hub.store.page import Checkpoint, Event, Wish
from hub.store.tables import micros

Known = Sequence[tuple[Any, FollowUp]]


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What came of cases: numbers of messages, and the ids (16 bytes) of all of them and of the tickets concerned."""

    added: int
    changed: int
    seen: Sequence[bytes]
    tickets: Sequence[bytes]


def prepared(connection: sa.Connection, checkpoint: Checkpoint) -> tuple[Checkpoint, Known]:
    """Return *checkpoint* without the cases of our tickets, and these."""
    if not checkpoint.follow_ups:
        return checkpoint, ()
    found = sort_follow_ups(connection, checkpoint)
    # What was said of our cases is known since it was read: kept originals say it no second time.
    known = () if checkpoint.replay else found.known
    return replace(checkpoint, drafts=[*checkpoint.drafts, *found.own], follow_ups=()), known


def written(
    connection: sa.Connection, checkpoint: Checkpoint, known: Known, asked: Iterable[Wish], events: Sequence[Event]
) -> Elsewhere:
    """Write the news of cases and what rules make of them, and into the outbox what the page asks for; return what was
    written."""
    concerned: set[int] = set()
    noted = Noted()
    if known:
        concerned = follow(connection, checkpoint, known)
        noted = add_notes(connection, checkpoint, known)
        if concerned and checkpoint.router is not None:
            decide_again(connection, checkpoint.router, concerned, checkpoint.now)
    if checkpoint.effects:
        _ask_cases(connection, checkpoint, asked)
        _ask_comments(connection, checkpoint, events)
    return Elsewhere(noted.added, noted.changed, noted.seen, ids_of(connection, concerned | noted.tickets))


def _ask_cases(connection: sa.Connection, checkpoint: Checkpoint, asked: Iterable[Wish]) -> None:
    for number, escalations in asked:
        for one in escalations:
            ask_case(connection, number, one.to, one.role, one.department, "rule", micros(checkpoint.now))


def _ask_comments(connection: sa.Connection, checkpoint: Checkpoint, events: Sequence[Event]) -> None:
    added: dict[int, list[str]] = {}
    for event in events:
        if event.kind == "message_added" and event.data["direction"] == "in":
            added.setdefault(event.ticket_n, []).append(str(event.data["message"]))
    if added:
        ask_comments(connection, added, micros(checkpoint.now))
