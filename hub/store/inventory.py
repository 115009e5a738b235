"""Absence after a complete inventory: what the source no longer lists is hidden, but never much at once.

A token that lost its rights looks like a source that lost its records; so above a share of what is stored nothing is
hidden and a person is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import Change, FollowUp
from hub.store.conversations import thread_of
from hub.store.links import CLOSED
from hub.store.page import StreamKey
from hub.store.tables import links, messages, micros, tickets

Scope = Mapping[str, Sequence[str]]
_SHARE = 0.1
_FEW = 5  # so many may vanish, if at least as many stay: a small source would else never hide anything


@dataclass(frozen=True, slots=True)
class Absent:
    """What an inventory did not list.

    ``missing`` of ``known`` visible messages (or threads, or cases of our tickets) were not listed; ``changes`` and
    ``follow_ups`` say so, and are empty when they are too many.
    """

    missing: int
    known: int
    changes: tuple[Change, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()

    @property
    def refused(self) -> bool:
        """Whether so many are missing that nothing is hidden."""
        return self.missing > 0 and not self.changes and not self.follow_ups


def absent(
    connection: sa.Connection,
    key: StreamKey,
    connector: str,
    namespace: str,
    window: tuple[datetime, datetime],
    seen: AbstractSet[bytes],
    scope: Scope,
    others: AbstractSet[str],
) -> Absent:
    """Return what the stream has stored within *window* (by publication) and *scope*, and the inventory did not
    see."""
    found: dict[str, _Tally] = {}
    for row, mine in _stored(connection, key, connector, namespace, window, scope, others):
        tally = found.setdefault(row.instance, _Tally())
        tally.known.add(row.id)
        if row.id not in seen:
            tally.missing.update((row.id, source[1]) for source in mine)
            tally.changes.extend(_hidden(row, mine))
    return _believed(found, key.instance)


def absent_threads(
    connection: sa.Connection,
    key: StreamKey,
    connector: str,
    namespace: str,
    window: tuple[datetime, datetime],
    listed: AbstractSet[str],
    scope: Scope,
    others: AbstractSet[str],
) -> Absent:
    """Return the threads that the stream has stored within *window* (by publication) and *scope*, and the inventory did
    not list."""
    found: dict[str, _Tally] = {}
    for row, mine in _stored(connection, key, connector, namespace, window, scope, others):
        tally = found.setdefault(row.instance, _Tally())
        thread = thread_of(row.thread)
        tally.known.add(thread)
        if thread not in listed and row.thread not in listed:
            tally.missing.add(thread)
            tally.changes.extend(_hidden(row, mine))
    return _believed(found, key.instance)


@dataclass(slots=True)
class _Tally:
    """What is stored under one name of an instance, and what of it the inventory did not list."""

    known: set[Any] = field(default_factory=set)
    missing: set[Any] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)

    @property
    def few(self) -> bool:
        return _few(len(self.missing), len(self.known))


def _believed(found: Mapping[str, _Tally], own: str) -> Absent:
    """Return what is absent of an instance and of its former names.

    A name that is no longer configured is a former one of ours if we still list nearly all that was read under it;
    else it was another instance, whose credentials saw what ours do not.
    """
    mine = [tally for name, tally in found.items() if name == own or tally.few]
    few = all(tally.few for tally in mine)
    changes = tuple(change for tally in mine for change in tally.changes) if few else ()
    return Absent(sum(len(tally.missing) for tally in mine), sum(len(tally.known) for tally in mine), changes)


def absent_cases(
    connection: sa.Connection,
    key: StreamKey,
    connector: str,
    namespace: str,
    window: tuple[datetime, datetime],
    listed: AbstractSet[str],
) -> Absent:
    """Return the open cases of our tickets that were read in the stream, linked within *window*, and are not listed:
    what was linked before it is not looked for."""
    since, until = (micros(at) for at in window)
    mine = (links.c.connector == connector) & (links.c.namespace == namespace) & (links.c.stream == key.stream)
    within = (links.c.created_at >= since) & (links.c.created_at < until)
    query = sa.select(links.c.external_id, links.c.state).where(mine, within)
    known = [row.external_id for row in connection.execute(query) if row.state not in CLOSED]
    missing = [one for one in known if one not in listed]
    gone = [FollowUp(external_id=one, state="hidden") for one in missing] if _few(len(missing), len(known)) else []
    return Absent(len(missing), len(known), follow_ups=tuple(gone))


def _stored(
    connection: sa.Connection,
    key: StreamKey,
    connector: str,
    namespace: str,
    window: tuple[datetime, datetime],
    scope: Scope,
    others: AbstractSet[str],
) -> Iterator[tuple[Any, list[list[Any]]]]:
    """Yield the visible messages of the customer within *window* and *scope*, with the stream's own sources that show
    them; not those that one of the *others* read: what it sees, this instance may not be able to."""
    since, until = (micros(at) for at in window)
    ours = (tickets.c.thread, tickets.c.instance, tickets.c.content.label("facts"))
    query = (
        sa.select(messages.c.id, messages.c.sources, messages.c.content, *ours)
        .join(tickets, tickets.c.n == messages.c.ticket_n)
        .where(
            tickets.c.created_at.between(since, until),
            tickets.c.connector == connector,
            tickets.c.namespace == namespace,
            tickets.c.instance.not_in(others),
            messages.c.created_at.between(since, until),
            messages.c.hidden == 0,
            messages.c.direction == "in",
        )
    )
    for row in connection.execute(query):
        mine = [source for source in orjson.loads(row.sources) if source[0] == key.stream and not source[2]]
        if mine and _within(scope, row.facts):
            yield row, mine


def _within(scope: Scope, facts: str) -> bool:
    if not scope:
        return True
    extra = orjson.loads(facts).get("extra", {})
    return all(extra.get(name) in values for name, values in scope.items())


def _hidden(row: Any, mine: list[list[Any]]) -> Iterator[Change]:
    same_as = orjson.loads(row.content).get("same_as")
    return (Change(source_id=source[1], same_as=same_as, hidden=True) for source in mine)


def _few(missing: int, known: int) -> bool:
    return missing <= max(_FEW, known * _SHARE) and (missing * 2 <= known or known == 1)
