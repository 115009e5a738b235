"""What two connectors probably both saw: proposed when the second of the two is stored.

That is the same platform, author and text, published within minutes. It is looked for only where more than one instance
reads, among tickets of the same platform around the same time, by the index that lists use: nothing is written for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
        by_author: dict[tuple[str, str], list[_Seen]] = {}
        for other in _theirs(connection, checkpoint, platform, mine):
            for name in _names(other):
                by_author.setdefault(name, []).append(other)
        for one in mine if by_author else ():
            for other, by in _by_author(one, by_author):
                if _is_one_post(one, other, by):
                    apart_s = abs(one.created_at - other.created_at) // 1_000_000
                    evidence = {"author": by, "apart_s": apart_s}
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


def _names(seen: _Seen) -> Iterator[tuple[str, str]]:
    """Yield what the author is called, the surest first; connectors name the same person by other keys."""
    author = (orjson.loads(seen.content).get("author") if '"author"' in seen.content else None) or {}
    for name in ("key", "handle", "name"):
        if value := author.get(name):
            yield name, str(value).lstrip("@").casefold()


def _by_author(one: _Seen, by_author: Mapping[tuple[str, str], Sequence[_Seen]]) -> Iterator[tuple[_Seen, str]]:
    """Yield what others saw of the author of *one*, each once, and by what the author is the same."""
    found: set[int] = set()
    for name in _names(one):
        for other in by_author.get(name, ()):
            if other.n not in found:
                found.add(other.n)
                yield other, name[0]


def _is_one_post(one: _Seen, other: _Seen, by: str) -> bool:
    """Whether time and text speak for one post, given by what the author is the same."""
    if abs(one.created_at - other.created_at) > _NEAR or not one.body or not other.body:
        return False
    return (by != "name" or len(one.body) >= _TELLING) and _folded(one.body) == _folded(other.body)


def _folded(text: str) -> list[str]:
    """Return the words of *text* as rules read them."""
    from hub.routing.folding import fold
    from hub.routing.words import plain_words

    return [fold(word) for word in plain_words(text)]
