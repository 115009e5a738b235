"""What two connectors probably both saw: proposed when the second of the two is stored.

That is the same platform, author and text, published within minutes. It is looked for only where more than one instance
reads, among tickets of the same platform around the same time, by the index that lists use: nothing is written for it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from hub.store.page import Checkpoint
from hub.store.rows import Case
from hub.store.same import propose_same
from hub.store.single import Singles
from hub.store.tables import messages, micros, streams, tickets

NEAR_S = 900
"""Seconds between the publications of what may be one post: sources round and convert times in their own ways."""

_NEAR = NEAR_S * 1_000_000
_KINDS = ("mention", "review")
_TELLING = 20  # characters from which a text with the same author's name says enough without a key or a handle
_ROWS = 5000  # tickets of others that are looked through for one page


@dataclass(frozen=True, slots=True)
class _Seen:
    """The opening of a ticket: what is compared. ``content`` is JSON; parsed only where the rest fits."""

    n: int
    platform: str
    created_at: int
    body: str
    content: str


def propose(connection: sa.Connection, checkpoint: Checkpoint, opened: Sequence[Case], singles: Singles) -> None:
    """Propose every pair of a ticket that *checkpoint* opened and one of another connector or space of ids."""
    if not (opened or singles.tickets) or not _others_read(connection, checkpoint.key.instance):
        return
    by_platform: dict[str, list[_Seen]] = {}
    for one in (*_of_cases(opened), *_of_singles(singles)):
        by_platform.setdefault(one.platform, []).append(one)
    for platform, mine in by_platform.items():
        theirs = list(_theirs(connection, checkpoint, platform, mine))
        for one in mine if theirs else ():
            for other in theirs:
                if evidence := _evidence(one, other):
                    propose_same(connection, (one.n, other.n), evidence, micros(checkpoint.now))


def _others_read(connection: sa.Connection, instance: str) -> bool:
    query = sa.select(sa.literal(1)).where(streams.c.instance != instance, streams.c.records > 0).limit(1)
    return connection.execute(query).one_or_none() is not None


def _of_cases(opened: Iterable[Case]) -> Iterator[_Seen]:
    for case in opened:
        message = case.messages.get(case.row.opening)
        if case.row.kind in _KINDS and message is not None and message.direction == "in":
            yield _Seen(case.row.n, case.row.platform, message.created_at, message.body, message.content)


def _of_singles(singles: Singles) -> Iterator[_Seen]:
    rows: list[tuple[Any, Any]] = list(zip(singles.tickets, singles.messages, strict=True))
    for ticket, message in rows:
        n, platform, kind = ticket[0], ticket[5], ticket[6]
        if kind in _KINDS and message[5] == "in":
            yield _Seen(n, platform, message[3], message[7], message[9])


def _theirs(connection: sa.Connection, checkpoint: Checkpoint, platform: str, mine: Sequence[_Seen]) -> Iterator[_Seen]:
    """Yield the openings of others' tickets around the times of *mine*."""
    left = _ROWS
    elsewhere = (tickets.c.connector != checkpoint.connector) | (tickets.c.namespace != checkpoint.namespace)
    for since, until in _spans(sorted(one.created_at for one in mine)):
        query = (
            sa.select(tickets.c.n, messages.c.created_at, messages.c.body, messages.c.content)
            .join(messages, (messages.c.ticket_n == tickets.c.n) & (messages.c.id == tickets.c.opening))
            .where(tickets.c.platform == platform, tickets.c.created_at.between(since, until))
            .where(elsewhere, tickets.c.kind.in_(_KINDS), messages.c.direction == "in")
            .limit(left)
        )
        for row in connection.execute(query):
            left -= 1
            yield _Seen(row.n, platform, row.created_at, row.body, row.content)
        if left <= 0:
            return


def _spans(moments: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Yield what is near to *moments* (sorted), spans that meet as one."""
    since = until = None
    for at in moments:
        if since is None or until is None:
            since = at - _NEAR
        elif at - _NEAR > until:
            yield since, until
            since = at - _NEAR
        until = at + _NEAR
    if since is not None and until is not None:
        yield since, until


def _evidence(one: _Seen, other: _Seen) -> dict[str, Any] | None:
    """Return what speaks for one post, None where that is too little."""
    if abs(one.created_at - other.created_at) > _NEAR or not one.body or not other.body:
        return None
    by = _same_author(*(orjson.loads(seen.content).get("author") or {} for seen in (one, other)))
    if by is None or (by == "name" and len(one.body) < _TELLING) or _folded(one.body) != _folded(other.body):
        return None
    return {"author": by, "apart_s": abs(one.created_at - other.created_at) // 1_000_000}


def _same_author(one: dict[str, Any], other: dict[str, Any]) -> str | None:
    """Return by what two authors are the same; connectors name the same person by other keys."""
    for name in ("key", "handle", "name"):
        mine, theirs = one.get(name), other.get(name)
        if mine and theirs and str(mine).lstrip("@").casefold() == str(theirs).lstrip("@").casefold():
            return name
    return None


def _folded(text: str) -> list[str]:
    """Return the words of *text* as rules read them."""
    from hub.routing.folding import fold
    from hub.routing.words import plain_words

    return [fold(word) for word in plain_words(text)]
