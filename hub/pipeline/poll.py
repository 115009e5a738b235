"""One run of one stream, page by page; the only module that knows the order of things.

fetch -> normalise -> route -> store: what a page brings and the cursor behind it are committed together, then the next
page is worked on. A process that dies anywhere goes on from the last commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hub.pipeline.fetch import Fetched, pages
from hub.pipeline.normalize import normalize, sort_out
from hub.pipeline.source import Source
from hub.routing.destinations import Destinations
from hub.sdk import Cursor, Draft, Listed, Page, Read, Sweep, TransientError, furthest
from hub.store import Absent, Answering, Checkpoint, Conversations, Rejected, Router, Store, Stored, StreamKey

EDGE = timedelta(days=1)
"""An inventory says nothing of the first and last day of its window: vendors cut windows in their own ways."""

_EVER = datetime(1, 1, 1, tzinfo=UTC)
_NOTHING = Fetched(page=Page(), records=())


@dataclass(slots=True)
class Counts:
    """What a run did so far; numbers of records and messages."""

    records: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0

    def add(self, records: int, stored: Stored) -> None:
        self.records += records
        self.created += stored.added
        self.updated += stored.changed
        self.unchanged += stored.unchanged
        self.rejected += stored.rejected


@dataclass(slots=True)
class Run:
    """A run under way.

    Args:
        source: the instance.
        store: where it goes.
        key: which stream, in which way.
        read: what to read.
        sweep: the sweep's declaration, for a sweep.
        on_page: told after each checkpoint.
        router: what decides for tickets; None: nothing does.
        others: names of the instances that are configured beside this one.
        conversations: what a new message on a ticket that has ended does.
        destinations: where tickets are delivered that no *router* decides for.
        answering: how customers are answered, and what can be done at sources; None: nothing is.
        effects: whether what is read is also told elsewhere.
        window: row number of the window, for a backfill.
        on_drafts: told what a page says before it is stored.
    """

    source: Source
    store: Store
    key: StreamKey
    read: Read
    sweep: Sweep | None = None
    on_page: Callable[[StreamKey, Stored, Sequence[Rejected], Counts], None] | None = None
    router: Router | None = None
    others: AbstractSet[str] = frozenset()
    conversations: Conversations | None = None
    destinations: Destinations | None = None
    answering: Answering | None = None
    effects: bool = True
    window: int | None = None
    on_drafts: Callable[[Sequence[Draft]], Awaitable[None]] | None = None
    counts: Counts = field(default_factory=Counts)
    warnings: list[str] = field(default_factory=list)
    _cursor: Cursor | None = None
    _seen: set[bytes] = field(default_factory=set)
    _unread: set[bytes] = field(default_factory=set)
    _listed: set[str] = field(default_factory=set)

    async def finish(self) -> None:
        """Read to the end, within the instance's ``poll_timeout``.

        Raises:
            HubError: as :func:`hub.pipeline.fetch.pages`, or the time is over; what was read until then is stored.
        """
        self._cursor = self.read.cursor
        limit = self.source.config.poll_timeout
        try:
            async with asyncio.timeout(limit.total_seconds()) as deadline:
                async with aclosing(pages(self.source, self.read)) as walk:
                    async for fetched in walk:
                        await self._store_page(fetched)
                        del fetched  # or it would stay until the next one is parsed, and two be in memory at once
        except TimeoutError:
            if not deadline.expired():
                raise
            raise TransientError(
                f"not done after {limit}; what was read is kept and the next run goes on from there"
            ) from None
        if self.sweep is not None and self.sweep.inventory:
            await self._hide_absent(self.sweep)

    async def _store_page(self, fetched: Fetched) -> None:
        self.warnings.extend(told for told in fetched.page.warnings if told not in self.warnings)
        drafts, rejected = normalize(self.source, fetched.records, self.read, unclean=fetched.unclean)
        drafts = self._without_listed(drafts)
        cursor = self._advanced(fetched)
        if not drafts and not rejected and cursor is None:
            return
        try:
            await self._commit(drafts, rejected, cursor, fetched)
        except (
            TypeError,
            ValueError,
            AttributeError,
        ):  # one of the drafts cannot be written: it must not stop its page for ever
            drafts, rejected = normalize(self.source, fetched.records, self.read, unclean=fetched.unclean, strict=True)
            drafts = self._without_listed(drafts)
            await self._commit(drafts, rejected, cursor, fetched)

    def _without_listed(self, drafts: list[Draft]) -> list[Draft]:
        """Return *drafts* without what only lists threads, which is noted: a page of an inventory is not stored."""
        if self.sweep is None or self.sweep.inventory != "threads":
            return drafts
        self._listed.update(draft.thread for draft in drafts if isinstance(draft, Listed))
        return [draft for draft in drafts if not isinstance(draft, Listed)]

    async def _commit(
        self, drafts: Sequence[Draft], rejected: Sequence[Rejected], cursor: Cursor | None, fetched: Fetched
    ) -> None:
        if self.on_drafts is not None:
            await self.on_drafts(drafts)
        said = sort_out(drafts)
        checkpoint = Checkpoint(
            key=self.key,
            connector=self.source.connector.name,
            namespace=self.source.connector.namespace(),
            drafts=said.content,
            follow_ups=said.follow_ups,
            now=self.source.now(),
            router=self.router,
            answering=self.answering,
            rejected=rejected,
            cursor=cursor,
            originals=fetched.originals,
            records=len(fetched.records),
            keep_raw=self.source.keep_raw,
            conversations=self.conversations,
            destinations=self.destinations,
            requests=fetched.asked,
            effects=self.effects,
            window=self.window,
        )
        async with self.source.storing:
            stored = await self.store.run(self.store.checkpoint, checkpoint)
        if cursor is not None:
            self._cursor = cursor
        if self.sweep is not None and self.sweep.inventory:
            self._seen.update(stored.seen)
            self._unread.update(item.body for item in rejected)
        self.counts.add(len(fetched.records), stored)
        if self.on_page is not None:
            self.on_page(self.key, stored, rejected, self.counts)

    def _advanced(self, fetched: Fetched) -> Cursor | None:
        """Return where the stream stands after this page, None where that is no news."""
        if self.read.mode == "sweep":
            return None
        if fetched.page.cursor is not None:
            return fetched.page.cursor if fetched.page.cursor != self._cursor else None
        position = furthest(self.source.connector, fetched.page.records)
        if position is None:
            return None
        if self._cursor is not None and tuple(position.values()) <= tuple(self._cursor.values()):
            return None
        return position

    async def _hide_absent(self, sweep: Sweep) -> None:
        since, until = self.read.since, self.read.until or self.read.now
        connector = self.source.connector
        window = (since + EDGE if since is not None else _EVER, until - EDGE)
        named = (self.key, connector.name, connector.namespace(), window)
        if sweep.inventory == "threads":
            for found in await self.store.run(
                self.store.absent_threads, *named, self._listed, sweep.scope, self.others
            ):
                await self._hide(found)
        else:
            await self._hide(await self.store.run(self.store.absent, *named, self._seen, sweep.scope, self.others))

    async def _hide(self, absent: Absent) -> None:
        if absent.refused:
            self.warnings.append(
                f"{absent.missing} of {absent.known} records are no longer listed by the source, too many to believe:"
                " nothing was hidden; check what the credentials may see"
            )
            return
        # A record that was listed but set aside is not missing, as far as its id can be read in it.
        changes = [one for one in absent.changes if not any(one.source_id.encode() in body for body in self._unread)]
        cases = [one for one in absent.follow_ups if not any(one.external_id.encode() in body for body in self._unread)]
        gone: list[Draft] = [*changes, *cases]
        if gone:
            await self._commit(gone, (), None, _NOTHING)
