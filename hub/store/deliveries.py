"""The part of the store's door that deliveries go through."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

import sqlalchemy as sa

from hub.sdk.ticket import Role
from hub.store import by_hand, case_problems, links, outbox, proposals, queries, renamed, same, tell
from hub.store.again import decide_again
from hub.store.by_hand import HandSet
from hub.store.case_problems import CaseProblem
from hub.store.corrections import Correction, iter_corrections
from hub.store.edits import ask_overtaken
from hub.store.links import Place
from hub.store.outbox import Asked, Outgoing, Parcel
from hub.store.overtaken import take_back
from hub.store.page import Router
from hub.store.relay import relay_made
from hub.store.same import Linked
from hub.store.tables import micros

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Deliveries(ABC):
    """What is asked of destinations, and what became of it; :class:`hub.store.Store` is one."""

    _now: Callable[[], datetime]

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def _write(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def _write_durably(self) -> AbstractContextManager[sa.Connection]:
        """As :meth:`_write`, and it outlasts a power cut: what a destination was told cannot be read again."""

    def ask_case(
        self, ticket: str, instance: str, department: str | None = None, *, role: Role = "escalated", by: str = "person"
    ) -> Asked:
        """Ask for a case of a ticket (its id, or how that begins) at an instance; nothing new where it has an open one.
        A ticket that has ended is opened again by a person who escalates it, and waits for the case.

        Raises:
            StoreError: no ticket has such an id, or several do.
        """
        with self._write() as connection:
            number = queries.number_of(connection, ticket)
            at = micros(self._now())
            asked = outbox.ask_case(connection, number, instance, role, department, by, at)
            if (role, by) != ("escalated", "person"):
                return asked
            was = by_hand.reopen(connection, number, at)
            if was is not None:
                links.hold_again(connection, number, at)
            return replace(asked, was=was)

    def set_by_hand(
        self, ticket: str, wanted: Mapping[str, Any], handed_back: Collection[str] = (), router: Router | None = None
    ) -> HandSet:
        """Set fields of a ticket (its id, or how that begins) as a person wants, and let *router* decide for the rest,
        those that are *handed_back* included; see :func:`hub.store.by_hand.set_by_hand`.

        Raises:
            StoreError: no ticket has such an id, or several do.
        """
        with self._write() as connection:
            number = queries.number_of(connection, ticket)
            done = by_hand.set_by_hand(connection, number, wanted, handed_back, micros(self._now()))
            if router is not None:
                decide_again(connection, router, [number], self._now(), with_state="state" in handed_back)
            else:
                take_back(connection, [number], micros(self._now()))
            if "state" in handed_back:  # it waits for what it waited for before
                links.hold_again(connection, number, micros(self._now()))
            return done

    def ask_change(self, ticket: str, instance: str, role: Role, changes: Mapping[str, Any], by: str) -> Asked:
        """Ask for other values in a ticket's case at an instance, in the hub's words."""
        with self._write() as connection:
            number = queries.number_of(connection, ticket)
            return outbox.ask_change(connection, number, instance, role, changes, by, micros(self._now()))

    def followed_cases(
        self, instance: str, connector: str, namespace: str, since: datetime, others: AbstractSet[str] = frozenset()
    ) -> list[str]:
        """Return the external ids of an instance's cases that are open or were closed at *since* or later; *others*:
        names of the instances that are configured beside it."""
        with self._read() as connection:
            return links.followed(connection, instance, connector, namespace, micros(since), others)

    def outbox_due(self, instance: str, limit: int, *, forced: bool = False) -> list[Outgoing]:
        """Return what may be sent to an instance now; *forced*: also what waits after failures."""
        with self._read() as connection:
            return outbox.due(connection, instance, self._now(), limit, forced)

    def outbox_ready(self) -> list[str]:
        """Return the names of the instances for which something may be sent now."""
        with self._read() as connection:
            return outbox.ready(connection, self._now())

    def outbox_oldest(self) -> dict[str, datetime]:
        """Return by instance when the delivery was asked for that waits longest."""
        with self._read() as connection:
            return outbox.oldest(connection)

    def outbox_parcel(self, n: int) -> Parcel | None:
        """Return a row of the outbox with all that is needed to send it; None: its ticket was erased meanwhile."""
        with self._read() as connection:
            return outbox.parcel(connection, n)

    def outbox_unsure(self, n: int, told_n: int, told: Mapping[str, Any] = _NOTHING) -> None:
        """Note that something is about to be sent whose outcome may never be known; *told*: see :class:`Parcel`."""
        with self._write_durably() as connection:
            outbox.unsure(connection, n, told_n, self._now(), told)

    def outbox_made(
        self, n: int, told_n: int, place: Place, url: str | None, told: Mapping[str, Any] = _NOTHING
    ) -> None:
        """Note what a delivery made: a case or a comment. What the ticket became meanwhile is asked to be told."""
        with self._write_durably() as connection:
            outbox.made(connection, n, told_n, place, url, self._now(), told)
            relay_made(connection, n, micros(self._now()))
            ask_overtaken(connection, n, told, micros(self._now()))
            tell.sent(connection, n, {}, micros(self._now()))

    def outbox_finished(self, n: int, changes: Mapping[str, Any] = _NOTHING) -> None:
        """Note that a delivery is there as a whole, with the *changes* that were sent. Were that lost, the next try
        would find what it made."""
        with self._write() as connection:
            outbox.finished(connection, n, self._now(), changes)
            tell.sent(connection, n, changes, micros(self._now()))

    def iter_corrections(
        self, field: str, since: datetime | None = None, *, with_history: bool = False
    ) -> Iterator[Correction]:
        """Yield where people decided *field* otherwise than rules had; see
        :func:`hub.store.corrections.iter_corrections`."""
        with self._read() as connection:
            yield from iter_corrections(connection, field, since, with_history=with_history)

    def outbox_failed(self, n: int, error: str, *, sure: bool, aside: bool = False, own: bool = True) -> None:
        """Note how a try failed; see :func:`hub.store.outbox.failed`."""
        with self._write() as connection:
            outbox.failed(connection, n, self._now(), error, sure=sure, aside=aside, own=own)

    def outbox_later(self, n: int, at: datetime, error: str) -> None:
        """Let a delivery wait until *at* without counting that as a failure."""
        with self._write() as connection:
            outbox.later(connection, n, self._now(), at, error)

    def proposed_since(self, since: datetime) -> int:
        """Return how many open tickets that opened at *since* or later have an escalation proposed, and none asked
        for."""
        with self._read() as connection:
            return proposals.proposed_since(connection, since)

    def outbox_gone(self, names: Collection[str]) -> list[str]:
        """Return the instances that deliveries wait for and that are none of *names*."""
        with self._read() as connection:
            return renamed.gone(connection, names)

    def outbox_readdress(self, old: str, places: Mapping[str, tuple[str, str]]) -> str | None:
        """Address what was asked of an instance to the one that it is now; see
        :func:`hub.store.renamed.readdress`."""
        with self._read() as connection:
            if renamed.named_now(connection, old, places) is None:
                return None
        with self._write() as connection:
            return renamed.readdress(connection, old, places)

    def outbox_left(self, instance: str | None = None, limit: int = 100) -> list[Outgoing]:
        """Return the deliveries that wait or are set aside, oldest first."""
        with self._read() as connection:
            return outbox.left(connection, instance, limit)

    def outbox_row(self, n: int) -> Outgoing:
        """Return one delivery that waits or is set aside; StoreError when there is none."""
        with self._read() as connection:
            return outbox.row(connection, n)

    def create_waits(self, n: int) -> bool:
        """Return whether the case that a comment or a change is for is still to be made."""
        with self._read() as connection:
            return outbox.create_waits(connection, n)

    def outbox_retry(self, numbers: Sequence[int]) -> int:
        """Let deliveries be tried again now; return how many there were."""
        with self._write() as connection:
            return outbox.retry(connection, numbers, self._now())

    def outbox_drop(self, numbers: Sequence[int]) -> int:
        """Never send deliveries; return how many there were."""
        with self._write() as connection:
            return outbox.drop(connection, numbers, self._now())

    def outbox_counts(self) -> dict[str, tuple[int, int]]:
        """Return by instance how many deliveries wait and how many are set aside."""
        with self._read() as connection:
            return outbox.counts(connection)

    # --- cases that need a look, tickets that belong together ---------------------------------------------------------

    def case_problems(self) -> list[CaseProblem]:
        """Return what is wrong with cases elsewhere now, oldest first."""
        with self._read() as connection:
            return case_problems.current(connection)

    def case_news(self, stuck: timedelta | None) -> list[CaseProblem]:
        """Look for cases in which nothing happened for as long as *stuck* (None: that is not looked for), and return
        what is wrong with cases and was not returned before."""
        with self._read() as connection:
            if not case_problems.is_news(connection, stuck, self._now()):
                return []
        with self._write() as connection:
            return case_problems.news(connection, stuck, self._now())

    def decide_same(self, ticket: str, other: str, state: Literal["confirmed", "refused"]) -> Linked:
        """Let a person say whether two tickets (their ids, or how these begin) are the same; see
        :func:`hub.store.same.decide_same`.

        Raises:
            StoreError: no ticket has such an id, or several do; or both ids are those of one ticket.
        """
        with self._write() as connection:
            pair = [queries.number_of(connection, one) for one in (ticket, other)]
            return same.decide_same(connection, pair[0], pair[1], state, micros(self._now()))
