"""The outbox of one destination: in order per ticket, side by side across tickets, each effect once.

The first delivery of a run goes alone; only when it went well do others go beside it. So a destination that is down is
noticed with one request, and a delivery that the destination always fails on is told from a destination that is down.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import cast
from uuid import UUID

from hub.pipeline.act import drive, gathered, told
from hub.pipeline.retry import NO_RETRY
from hub.pipeline.source import Source
from hub.sdk import (
    AuthError,
    Author,
    ConfigError,
    Created,
    Delivery,
    DeliveryError,
    Effect,
    HubError,
    Message,
    StoreError,
    TransientError,
    Writes,
    storable,
)
from hub.store import Outgoing, Parcel, Place, Store

MAX_TRIES = 10
"""A delivery that failed so often by its own fault is set aside."""

LONGEST_OUTAGE = timedelta(days=7)
"""A delivery that was asked for longer ago is set aside when its destination is still down."""

_WIDTH = 8  # deliveries at once; the vendor's own limits are kept by the transport
_BATCH = 64  # rows looked up at once
_NAME = "helpdesk-hub"  # who says what no person said

_log = logging.getLogger(__name__)


class NotYetError(TransientError):
    """A look-up cannot be believed before *at*: the destination's index may lag behind."""

    def __init__(self, at: datetime) -> None:
        super().__init__(
            f"nothing was found of an earlier try; looked up again before it is sent again at {at:%H:%M:%S} UTC"
        )
        self.at = at


@dataclass(slots=True)
class Worked:
    """What a run of an outbox did: numbers of deliveries; ``down``: why the rest was left for later.

    ``on_sent`` is told after each how many are sent.
    """

    sent: int = 0
    failed: int = 0
    set_aside: int = 0
    down: TransientError | None = None
    problems: list[str] = field(default_factory=list)
    on_sent: Callable[[int], None] | None = None

    def count_sent(self) -> None:
        self.sent += 1
        if self.on_sent is not None:
            self.on_sent(self.sent)


async def unheard() -> None:
    """Nobody wants to know that a destination answered."""


class OutboxRun:
    """One run over what is due at a destination.

    Args:
        source: the instance, its references read.
        store: where the outbox is.
        forced: also what waits after failures.
        probing: the destination was down: ask it with one request, sent once.
        answered: called whenever the destination turned out to be there.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        *,
        forced: bool = False,
        probing: bool = False,
        answered: Callable[[], Awaitable[None]] = unheard,
    ) -> None:
        self._source = replace(source, policy=NO_RETRY) if probing else source
        self._patient = source
        self._store = store
        self._forced = forced
        self._told_answered = answered
        self._places = asyncio.Semaphore(_WIDTH)
        self._tried: set[int] = set()
        self._unanswered: list[tuple[Outgoing, TransientError, bool]] = []
        self._answers = False
        self.worked = Worked()

    async def finish(self) -> Worked:
        """Send what is due, until nothing is or the destination is down.

        Raises:
            AuthError, ConfigError: a person has to act.
            StoreError: the store cannot be read or written.
        """
        try:
            while self.worked.down is None and (rows := await self._due()):
                await gathered(self._one(row) for row in (rows if self._answers else rows[:1]))
        finally:
            await self._settle_unanswered()
        return self.worked

    async def _due(self) -> list[Outgoing]:
        """Return what is due and was not tried in this run."""
        limit = _BATCH + len(self._tried)
        rows = await self._store.run(self._store.outbox_due, self._source.name, limit, forced=self._forced)
        return [row for row in rows if row.n not in self._tried][:_BATCH]

    async def _one(self, row: Outgoing) -> None:
        async with self._places:
            if self.worked.down is not None:
                return
            self._tried.add(row.n)
            parcel = await self._store.run(self._store.outbox_parcel, row.n)
            if parcel is None:
                return
            obstacle = obstacle_of(self._source, parcel)
            if obstacle is not None:  # the destination was not asked, so this says nothing of whether it is there
                await self._failed(row, DeliveryError(obstacle), sure=row.unsure_at is None)
                return
            await self._try(row, Try(self._source, self._store, parcel))

    async def _try(self, row: Outgoing, tried: "Try") -> None:
        """Send one delivery and note how that went; faults that wait for a person are raised."""
        try:
            await tried.run()
        except StoreError:
            raise
        except NotYetError as error:
            await self._store.run(self._store.outbox_later, row.n, error.at, str(error))
            await self._was_answered()
        except (AuthError, ConfigError) as error:
            failed = self._store.outbox_failed
            await self._store.run(failed, row.n, str(error), sure=tried.sure, own=False)
            raise
        except TransientError as error:
            self._unanswered.append((row, error, tried.sure))
            if len(self._unanswered) >= self._patience():
                self.worked.down = error
        except Exception as error:
            await self._failed(row, error, sure=tried.sure)
            await self._was_answered()
        else:
            self.worked.count_sent()
            await self._was_answered()

    def _patience(self) -> int:
        """Return after how many deliveries in a row without an answer the destination is down: what is under way side
        by side may fail together and mean little."""
        if self._source.policy is NO_RETRY:
            return 1
        return _WIDTH if self._answers else 2

    async def _was_answered(self) -> None:
        """The destination is there: what it did not answer before failed by its own fault."""
        self._source, self._answers = self._patient, True
        failures, self._unanswered = self._unanswered, []
        await self._told_answered()
        for row, error, sure in failures:
            await self._failed(row, error, sure=sure)

    async def _settle_unanswered(self) -> None:
        failures, self._unanswered = self._unanswered, []
        for row, error, sure in failures:
            self.worked.down = error
            old = self._source.now() - row.created_at > LONGEST_OUTAGE
            await self._failed(row, error, sure=sure, own=False, aside=old)

    async def _failed(
        self, row: Outgoing, error: Exception, *, sure: bool, own: bool = True, aside: bool = False
    ) -> None:
        if not isinstance(error, HubError):  # a connector's own fault concerns this delivery alone
            _log.error("delivery failed", exc_info=error, extra={"instance": row.instance, "delivery": row.n})
        reason = told(error)
        aside = aside or isinstance(error, DeliveryError) or (own and row.attempts + 1 >= MAX_TRIES)
        failed = self._store.outbox_failed
        await self._store.run(failed, row.n, reason, sure=sure, aside=aside, own=own)
        self.worked.failed += not aside
        self.worked.set_aside += aside
        self.worked.problems.append(f"delivery {row.n} ({row.effect} of ticket {row.ticket[:8]}): {reason}")


def delivery_of(source: Source, parcel: Parcel) -> Delivery:
    """Return what a connector is given of a delivery; *source* knows its references."""
    row, ticket = parcel.outgoing, parcel.ticket
    return Delivery(
        ticket=ticket,
        marker=row.marker,
        now=source.now(),
        effect=cast(Effect, row.effect),
        link=parcel.link,
        department=row.department,
        messages=_messages(source, parcel),
        changes=row.changes,
        summary=source.summarize(ticket),
        reference=source.reference,
        unsure_since=row.unsure_since,
        asked_at=row.created_at,
        edited=row.edited,
    )


def _messages(source: Source, parcel: Parcel) -> tuple[Message, ...]:
    """Return what a comment is to say: messages of the ticket, or a note of the hub's own about another case."""
    row = parcel.outgoing
    if not row.news:
        return tuple(message for message in parcel.ticket.messages if str(message.id) in row.messages)
    ident = UUID(bytes=blake2b(row.marker.encode(), digest_size=16).digest())
    own = Message(
        id=ident,
        sources=(),
        direction="note",
        author=Author(key="", name=_NAME),
        body=source.tell(row.news),
        created_at=row.created_at,
        ingested_at=row.created_at,
    )
    return (own,)


def obstacle_of(source: Source, parcel: Parcel) -> str | None:
    """Return why a delivery cannot be sent, before the destination is asked; None: it can."""
    ability = "deliver" if parcel.outgoing.role == "delivered" else "escalate"
    able = source.connector.abilities(source.config)
    if ability not in able:
        has = f'"{source.connector.name}" has no ability {ability}, only {", ".join(sorted(able))}'
        return f"{has}; name another instance in the rule that asked for it, and drop this delivery"
    effect = parcel.outgoing.effect
    if effect != "create" and parcel.link is None:
        return "the ticket has no case there to be told or changed"
    if effect == "comment" and parcel.closed and parcel.outgoing.role == "escalated":
        return (
            "its case there is closed, so nothing more is told in it; escalate the ticket again and the new case tells"
            " it, or drop this delivery"
        )
    return None


def steps_of(source: Source, parcel: Parcel) -> Writes:
    """Return the generator that brings a delivery about, not yet begun."""
    hook = source.hooks.deliver if parcel.outgoing.role == "delivered" else source.hooks.escalate
    return hook(delivery=delivery_of(source, parcel))


class Try:
    """One try of one delivery.

    ``sure``: nothing can be there that is not known.
    """

    def __init__(self, source: Source, store: Store, parcel: Parcel) -> None:
        self._source = source
        self._store = store
        self._parcel = parcel
        self._row = parcel.outgoing
        self.sure = self._row.unsure_at is None
        self._sure_before = self.sure
        self._done = False  # a comment is, with what it made

    async def run(self) -> None:
        """Bring the effect about and commit what is known of it."""
        row = self._row
        await drive(self._source, steps_of(self._source, self._parcel), self._created, self)
        if not self._done:
            await self._store.run(self._store.outbox_finished, row.n, row.changes)

    async def _created(self, fact: Created) -> None:
        connector = self._source.connector
        place = Place(self._source.name, connector.name, connector.namespace(), storable(fact.external_id))
        made = self._store.outbox_made
        told = self._parcel.told_n, place, storable(fact.url), self._parcel.told
        await self._store.run(made, self._row.n, *told)
        self.sure = True
        self._done = self._row.effect != "create"

    async def sending(self) -> None:
        """Commit that something may be there from now on."""
        self._sure_before, self.sure = self.sure, False
        await self._store.run(self._store.outbox_unsure, self._row.n, self._parcel.told_n, self._parcel.told)

    async def answered(self, *, undone: bool) -> None:
        """Take back what :meth:`sending` noted, if nothing came of it; written down with the end of the try."""
        if undone:
            self.sure = self._sure_before

    async def missing(self) -> None:
        """Let the generator create only when its look-up can be believed.

        Raises:
            NotYetError: an earlier try may have made what the index does not show yet.
        """
        if self.sure or self._row.unsure_at is None:
            return
        delay = self._source.config.timeout + self._source.connector.index_delay()
        at = self._row.unsure_at + delay
        if self._source.now() < at:
            raise NotYetError(at)
        self.sure = True
