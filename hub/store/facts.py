"""What rules see of a stored ticket, straight from its rows: a whole :class:`hub.sdk.Ticket` costs several times as
much. A property test holds it to :func:`hub.routing.facts.facts_of` of that ticket.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import orjson

from hub.routing.clock import Moment, known_at
from hub.routing.facts import DECIDED, Customer, Facts, largest
from hub.sdk.ticket import Direction, State
from hub.store.rows import MessageRow, TicketRow
from hub.store.tables import USUAL, instant

RULED_STATE = "ruled_state"
"""Key of ``tickets.decided``: the state that a rule set, so that it can be taken back."""

PROPOSED = "proposed"
"""Key of ``tickets.decided``: the escalations that were proposed, so that each is told of once."""

SET_THERE = "set_there"
"""Key of ``tickets.decided``: the pinned fields that people at a destination set, not one here."""

ALARMED = "alarmed"
"""Key of ``tickets.decided``: the deadlines that were told of, see :mod:`hub.store.moments`."""

PRIVATE = frozenset((RULED_STATE, PROPOSED, SET_THERE, ALARMED))
"""Keys of ``tickets.decided`` that are no fields of a ticket."""

_NOWHERE: Mapping[str, Any] = {}


def facts_of_rows(
    row: TicketRow,
    messages: Iterable[MessageRow],
    *,
    now: datetime | None,
    customer: Customer | None = None,
    states: Sequence[tuple[datetime, State]] = (),
    surging: frozenset[tuple[str, str]] | None = None,
) -> Facts:
    """Return what rules see of the ticket *row*.

    Args:
        messages: all of the ticket's, oldest first.
        now: aware, UTC; None: the moment from which the customer's newest message was known.
        customer: what is known of who wrote.
        states: when its state changed, oldest first.
        surging: series that have a surge; None: nobody asked.
    """
    read = [_Read(message) for message in messages]
    moments = tuple(message.moment() for message in read)
    now = now or _newest(moments) or instant(row.created_at)
    shown = [message for message in read if not message.hidden]
    said = [message for message in shown if message.direction == "in"]
    waiting = _waiting(shown)
    content = orjson.loads(row.content)
    place, author = content.get("place", _NOWHERE), next((m.author for m in said if m.author), _NOWHERE)
    return Facts(
        connector=row.connector,
        instance=row.instance,
        platform=row.platform,
        kind=row.kind,
        title=row.title,
        texts=tuple(message.body for message in said if message.body),
        url=content.get("url"),
        thread=row.thread,
        language=row.language,
        rating=row.rating,
        sentiment=row.sentiment,
        place=_names(place, "key", "name"),
        city=place.get("city"),
        country=place.get("country"),
        source_tags=tuple(content.get("source_tags", ())),
        state=_state(row),
        author=_names(author, "key", "name", "handle"),
        followers=largest(message.counters.get("followers") for message in said if message.author),
        reach=largest(message.counters.get("reach") for message in said),
        engagement=largest(
            sum(message.counters["engagement"].values()) for message in said if "engagement" in message.counters
        ),
        attachments=sum(len(message.facts.get("attachments", ())) for message in said),
        withheld=any(message.facts.get("withheld", False) for message in said),
        extra=content.get("extra", _NOWHERE),
        customer_messages=len(said),
        unanswered=len(waiting),
        waiting=max(now - waiting[0].created_at, timedelta()) if waiting else None,
        age=max(now - instant(row.created_at), timedelta()),
        messages=moments,
        states=tuple(states),
        customer=customer or Customer(),
        pinned=_pinned(row),
        created_at=instant(row.created_at),
        now=now,
        surging=surging,
    )


def decided_of(row: TicketRow) -> dict[str, Any]:
    """Return what is decided of *row* beside what has a column."""
    return cast(dict[str, Any], orjson.loads(row.decided)) if row.decided else {}


def _newest(moments: Iterable[Moment]) -> datetime | None:
    return max((known_at(moment) for moment in moments if moment.direction == "in" and not moment.hidden), default=None)


class _Read:
    """A message as rules need it."""

    __slots__ = ("author", "body", "counters", "created_at", "direction", "facts", "hidden", "ingested_at")

    def __init__(self, row: MessageRow) -> None:
        self.facts: dict[str, Any] = orjson.loads(row.content)
        self.counters: dict[str, Any] = orjson.loads(row.counters)
        self.author: Mapping[str, Any] | None = self.facts.get("author")
        self.body = row.body
        self.direction = row.direction
        self.hidden = bool(row.hidden)
        self.created_at = instant(row.created_at)
        self.ingested_at = instant(row.ingested_at)

    def moment(self) -> Moment:
        collected = self.facts.get("collected_at")
        return Moment(
            cast(Direction, self.direction),
            self.created_at,
            None if collected is None else instant(collected),
            self.ingested_at,
            self.hidden,
        )


def _waiting(messages: Iterable[_Read]) -> list[_Read]:
    """The customer's messages since our last public answer, oldest first."""
    found: list[_Read] = []
    for message in messages:
        if message.direction == "out":
            found = []
        elif message.direction == "in":
            found.append(message)
    return found


def _names(facts: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(facts[name] for name in names if facts.get(name))


def _state(row: TicketRow) -> str:
    """Return the state apart from what rules made of it: they decide anew."""
    if row.state == row.own_state and decided_of(row).get(RULED_STATE) == row.own_state:
        return row.source_state or USUAL["state"]
    return row.state


def _pinned(row: TicketRow) -> dict[str, Any]:
    decided = decided_of(row)
    names = [name for name in decided.get("set_by_hand", ()) if name in DECIDED]
    known = {name: getattr(row, name) if hasattr(row, name) else decided.get(name) for name in names}
    return known | {"tags": decided.get("tags", [])} if "tags" in known else known  # pinned to none, they are not kept
