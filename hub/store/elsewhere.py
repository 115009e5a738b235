"""What a checkpoint has to do with other places: cases that its records speak of, and what is to be sent.

Cases of our tickets are sorted out before the page is merged, so that they never become tickets of their own; their
news, and what the page asks the outbox for, are written after it, in the same transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from hub.routing.destinations import Destinations
from hub.sdk.drafts import FollowUp
from hub.store.again import decide_again
from hub.store.case_problems import look_at
from hub.store.deciding import CAUSE
from hub.store.echoes import without_echoes
from hub.store.edits import ask_edits
from hub.store.heard import FIELDS
from hub.store.helpdesk import pass_on
from hub.store.links import follow, hold_again, ids_of, sort_follow_ups
from hub.store.notes import Noted, add_notes
from hub.store.outbox import ask_comments
from hub.store.page import Checkpoint, Event, Router, Wish
from hub.store.relay import relay, relay_news
from hub.store.tables import micros
from hub.store.tell import tell
from hub.store.there import heed
from hub.store.wishes import ask_wishes

Known = Sequence[tuple[Any, FollowUp]]
TOLD = frozenset(FIELDS)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What came of cases: numbers of messages, and the ids (16 bytes) of all of them and of the tickets concerned."""

    added: int
    changed: int
    seen: Sequence[bytes]
    tickets: Sequence[bytes]


def prepared(connection: sa.Connection, checkpoint: Checkpoint) -> tuple[Checkpoint, Known]:
    """Return *checkpoint* without the cases of our tickets, and these."""
    checkpoint = without_echoes(connection, checkpoint)
    if not checkpoint.follow_ups:
        return checkpoint, ()
    found = sort_follow_ups(connection, checkpoint)
    # What was said of our cases is known since it was read: kept originals say it no second time.
    known = () if checkpoint.replay else found.known
    return replace(checkpoint, drafts=[*checkpoint.drafts, *found.own], follow_ups=()), known


def written(
    connection: sa.Connection,
    checkpoint: Checkpoint,
    known: Known,
    asked: Sequence[Wish],
    events: Sequence[Event],
    new: Collection[int],
) -> Elsewhere:
    """Write the news of cases and what rules make of them, and into the outbox what the page asks for; return what was
    written.

    Args:
        new: row numbers of the tickets that the page has opened.
    """
    at = micros(checkpoint.now)
    concerned: set[int] = set()
    noted = Noted()
    if known:
        concerned = follow(connection, checkpoint, known)
        concerned |= heed(connection, checkpoint, known)
        noted = add_notes(connection, checkpoint, known)
        look_at(connection, checkpoint, known)
        if checkpoint.effects:
            pass_on(connection, checkpoint, noted)
        moved = concerned | noted.answered
        if moved and checkpoint.router is not None:
            again = again_by(checkpoint, checkpoint.router)
            decide_again(connection, again, moved, checkpoint.now, effects=checkpoint.effects)
        for case, added in noted.said.items() if checkpoint.effects else ():
            ask_comments(connection, added, at, said_in=case)
        if checkpoint.effects:
            for case, added in noted.relayed.items():
                relay(connection, added, at, "destination", said_in=case)
            relay_news(connection, known, at)
    if checkpoint.effects:
        ask_wishes(connection, asked, at, new=new, destinations=_destinations(checkpoint))
        tell(connection, {event.ticket_n for event in events if _tells(event)}, CAUSE, at)
    _ask_comments(connection, checkpoint, events)
    return Elsewhere(noted.added, noted.changed, noted.seen, ids_of(connection, concerned | noted.tickets))


def again_by(checkpoint: Checkpoint, router: Router) -> Router:
    """Return what decides once more within *checkpoint*: it answers as the page does."""
    return replace(router, answering=checkpoint.answering if checkpoint.effects else None)


def _destinations(checkpoint: Checkpoint) -> Destinations | None:
    return checkpoint.destinations if checkpoint.router is None else checkpoint.router.destinations


def _tells(event: Event) -> bool:
    """Whether a delivered case may have to be told of it."""
    fields = event.data.get("fields")
    moved = event.kind in ("decided", "changed", "reopened")
    return moved and isinstance(fields, Mapping) and not TOLD.isdisjoint(fields)


def _ask_comments(connection: sa.Connection, checkpoint: Checkpoint, events: Sequence[Event]) -> None:
    added: dict[int, list[str]] = {}
    answered: dict[int, list[str]] = {}
    reopened = {event.ticket_n for event in events if event.kind == "reopened"}
    for event in events:
        if event.kind == "message_added" and event.data["direction"] in ("in", "out"):
            found = added if event.data["direction"] == "in" else answered
            found.setdefault(event.ticket_n, []).append(str(event.data["message"]))
    if added and checkpoint.effects:
        ask_comments(connection, added, micros(checkpoint.now))
    if answered and checkpoint.effects:
        relay(connection, answered, micros(checkpoint.now), "source")
    if checkpoint.effects:
        ask_edits(connection, events, micros(checkpoint.now))
    for number in sorted(reopened):
        hold_again(connection, number, micros(checkpoint.now))
