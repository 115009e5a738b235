"""What waits to be done at one source: replies, reports, tags. Many marks go in one batch, what is public goes alone.

A failure of one item sets that item back and no other. What may pass is tried again with growing intervals, over
restarts; what will not waits for a person with the source's own words.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace

from hub.pipeline.act import drive, told
from hub.pipeline.deliver import LONGEST_OUTAGE, MAX_TRIES, Worked, unheard
from hub.pipeline.retry import NO_RETRY
from hub.pipeline.source import Source
from hub.sdk import (
    Action,
    ActionResult,
    AuthError,
    ConfigError,
    Created,
    HubError,
    SourceError,
    StoreError,
    TransientError,
)
from hub.store import Outgoing, Store
from hub.store.acts import lacking

TOGETHER = frozenset(("add_tags", "set_tags", "set_sentiment", "mark_spam", "hide"))
"""Actions that do no harm when they are done twice, so that one call may hold many."""

BATCH = 100  # acts in one call of a connector
PATIENCE = 2  # calls in a row without an answer, after which the source is down

_log = logging.getLogger(__name__)


def action_of(row: Outgoing) -> Action:
    """Return what a connector is given of an act."""
    act = row.act
    return Action(
        name=act["name"],
        stream=act["stream"],
        source_id=act["source_id"],
        text=act.get("text", ""),
        values=tuple(act.get("values", ())),
        context=act.get("context", {}),
        unsure_since=row.unsure_since,
    )


class ActsRun:
    """One run over the acts that are due at a source.

    Args:
        source: the instance.
        store: where the outbox is.
        worked: counts go here.
        forced: also what waits after failures.
        probing: the source was down: ask it with one call, sent once.
        answered: called whenever the source turned out to be there.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        worked: Worked,
        *,
        forced: bool = False,
        probing: bool = False,
        answered: Callable[[], Awaitable[None]] = unheard,
    ) -> None:
        self._source = replace(source, policy=NO_RETRY) if probing else source
        self._patient = source
        self._store = store
        self._worked = worked
        self._forced = forced
        self._told_answered = answered
        self._patience = 1 if probing else PATIENCE
        self._tried: set[int] = set()
        self._silent: list[list[tuple[Outgoing, HubError, bool]]] = []

    async def finish(self) -> Worked:
        """Do what is due, until nothing is or the source is down.

        Raises:
            AuthError, ConfigError: a person has to act.
            StoreError: the store cannot be read or written.
        """
        try:
            while self._worked.down is None and (rows := await self._due()):
                for batch in batches(rows):
                    if self._worked.down is None:
                        await self._batch(batch)
        finally:
            await self._settle_silent()
        return self._worked

    async def _due(self) -> list[Outgoing]:
        rows = await self._store.run(self._store.acts_due, self._source.name, forced=self._forced)
        return [row for row in rows if row.n not in self._tried]

    async def _batch(self, rows: Sequence[Outgoing]) -> None:
        self._tried.update(row.n for row in rows)
        left = await self._store.run(self._store.acts_waiting, [row.n for row in rows])
        rows = [row for row in rows if row.n in left]  # what was read meanwhile may have taken some back
        can = self._source.connector.actions
        for row in rows:
            if row.act["name"] not in can:
                await self._failed(row, lacking(self._source.name, can, row.act["name"]), sure=True, aside=True)
        able = [row for row in rows if row.act["name"] in can]
        if able:
            await self._do(able)

    async def _do(self, rows: Sequence[Outgoing]) -> None:
        watch = _Watch(self._store, rows)
        steps = self._source.hooks.act(actions=[action_of(row) for row in rows])
        try:
            results = await drive(self._source, steps, _nothing, watch)
            if len(results) != len(rows):
                raise SourceError(f"the connector told of {len(results)} of {len(rows)} acts")
        except StoreError:
            raise
        except (AuthError, ConfigError) as error:
            for row in rows:
                await self._failed(row, str(error), sure=watch.sure, aside=False, own=False)
            raise
        except TransientError as error:
            await self._unanswered([(row, error, watch.sure or error.undone) for row in rows])
        except Exception as error:  # a connector's own fault concerns these acts alone
            if not isinstance(error, HubError):
                _log.error("acts failed", exc_info=error, extra={"instance": self._source.name})
            reason = told(error)
            for row in rows:
                await self._failed(row, reason, sure=watch.sure, aside=row.attempts + 1 >= MAX_TRIES)
        else:
            await self._took(list(zip(rows, results, strict=True)))

    async def _took(self, pairs: Sequence[tuple[Outgoing, ActionResult]]) -> None:
        """Note what became of each act of a batch."""
        silent: list[tuple[Outgoing, HubError, bool]] = []
        for row, result in pairs:
            if result.state == "failed" and isinstance(result.cause, TransientError):
                silent.append((row, result.cause, result.cause.undone))
            elif result.state == "failed":
                again = isinstance(result.cause, SourceError) and result.cause.retry
                aside = not again or row.attempts + 1 >= MAX_TRIES
                await self._failed(row, result.detail, sure=not again, aside=aside)
            else:
                await self._store.run(self._store.act_done, row.n, result.state, result.detail)
                self._worked.count_sent()
        if len(silent) < len(pairs):
            self._source = self._patient
            await self._told_answered()
            earlier, self._silent = self._silent, []
            for row, error, sure in [*(one for some in earlier for one in some), *silent]:
                await self._failed(row, str(error), sure=sure, aside=row.attempts + 1 >= MAX_TRIES)
        elif silent:
            await self._unanswered(silent)

    async def _unanswered(self, silent: list[tuple[Outgoing, HubError, bool]]) -> None:
        self._silent.append(silent)
        if len(self._silent) >= self._patience:
            self._worked.down = _transient(silent[0][1])

    async def _settle_silent(self) -> None:
        """What nobody answered is not its own fault: the source is down."""
        silent, self._silent = self._silent, []
        for row, error, sure in (one for some in silent for one in some):
            self._worked.down = _transient(error)
            old = self._source.now() - row.created_at > LONGEST_OUTAGE
            await self._failed(row, str(error), sure=sure, aside=old, own=False)

    async def _failed(self, row: Outgoing, error: str, *, sure: bool, aside: bool, own: bool = True) -> None:
        await self._store.run(self._store.act_failed, row.n, error, sure=sure, aside=aside, own=own)
        self._worked.failed += not aside
        self._worked.set_aside += aside
        self._worked.problems.append(f"delivery {row.n} ({row.act['name']} of ticket {row.ticket[:8]}): {error}")


def batches(rows: Sequence[Outgoing]) -> Iterator[Sequence[Outgoing]]:
    """Yield *rows* (oldest first) as they are sent: marks together, everything else alone; the order of each ticket is
    kept."""
    left = list(rows)
    while left:
        marks: list[Outgoing] = []
        alone: list[Outgoing] = []
        later: list[Outgoing] = []
        held: set[str] = set()
        for row in left:
            if row.ticket in held:
                later.append(row)
            elif row.act["name"] in TOGETHER and row.unsure_since is None:
                marks.append(row)
            else:
                alone.append(row)
                held.add(row.ticket)
        yield from (marks[start : start + BATCH] for start in range(0, len(marks), BATCH))
        yield from ([row] for row in alone)
        left = later


class _Watch:
    """Notes that something of a batch may be at the source from now on."""

    def __init__(self, store: Store, rows: Sequence[Outgoing]) -> None:
        self._store = store
        self._rows = rows
        self.sure = all(row.unsure_at is None for row in rows)
        self._sure_before = self.sure

    async def sending(self) -> None:
        """Commit that the acts may be done from now on."""
        self._sure_before, self.sure = self.sure, False
        for row in self._rows:
            await self._store.run(self._store.outbox_unsure, row.n, 0)

    async def answered(self, *, undone: bool) -> None:
        """Take that back, if nothing came of it."""
        if undone:
            self.sure = self._sure_before

    async def missing(self) -> None:
        """An act has no look-up whose index may lag behind."""


def _transient(error: HubError) -> TransientError:
    return error if isinstance(error, TransientError) else TransientError(str(error))


async def _nothing(fact: Created) -> None:
    """An act creates no case."""
