"""One instance's part of a sync: its references, its streams side by side, the sweeps that are due.

What goes wrong in a stream stops that stream; faults that wait for a person (credentials, configuration) pause the
instance; only a store that cannot be written stops everything.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from hub.pipeline.poll import Counts, Run
from hub.pipeline.reference import Kept, with_references
from hub.pipeline.source import utc_now
from hub.runtime.config import InstanceSettings
from hub.runtime.faults import asked_wait, own_fault, pause, told_waiting, waits
from hub.runtime.plugins import tell
from hub.runtime.reports import Progress, StreamReport, SyncReport
from hub.runtime.sources import Workshop
from hub.sdk import AuthError, ConfigError, HubError, Read, SourceError, StoreError, Stream, Sweep
from hub.store import FailedPage, Rejected, Store, Stored, StreamKey, StreamState

REFERENCES = "references"
"""The name under which it is kept how an instance fares before its streams are known, beside its streams."""

_log = logging.getLogger(__name__)
_CLOSED_FOR = timedelta(days=7)  # so long a case that was closed is still followed: it may be opened again
_LONGEST_SWEEP = 4  # windows that one sweep reads at most, after however long a standstill
_STREAMS_AT_ONCE = 8  # of one instance; the vendor's own limits are kept by the transport


async def together(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run *calls* side by side; the first error ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for call in calls:
                group.create_task(call)
    except BaseExceptionGroup as raised:
        raise _worst(raised) from None


def _worst(group: BaseExceptionGroup[BaseException]) -> BaseException:
    store_errors = group.subgroup(StoreError)
    leaf: BaseException = store_errors or group
    while isinstance(leaf, BaseExceptionGroup):
        leaf = leaf.exceptions[0]
    return leaf


def failing_reads(store: Store, instance: str) -> list[StreamState]:
    """Return which polls, sweeps and references of *instance* went wrong when they were run last."""
    states = [state for state in store.streams(instance) if state.failures and state.gone_at is None]
    return [state for state in states if state.stream or state.name == REFERENCES]


class InstanceRun:
    """One instance's part of a sync."""

    def __init__(
        self,
        workshop: Workshop,
        store: Store,
        instance: InstanceSettings,
        report: SyncReport,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._workshop = workshop
        self._store = store
        self._instance = instance
        self._report = report
        self._on_progress = on_progress
        self._facts = workshop.facts
        self._slot: datetime | None = None
        self._tells_tickets = bool(self._facts.hook.ticket_stored.get_hookimpls())
        self._now = utc_now()

    async def sync(
        self,
        sweeps: bool,
        forced: bool = False,
        slot: datetime | None = None,
        only: AbstractSet[str] = frozenset(),
    ) -> None:
        """Run every stream once, and the sweeps that are due.

        Args:
            sweeps: whether to run sweeps at all.
            forced: also run streams that wait after failures.
            slot: when the slot of the schedule began that this run is for: what another process has read since then is
                passed over.
            only: names of the streams to run; empty: all.
        """
        self._slot = slot
        name = self._instance.name
        keep_since = self._now - self._instance.config.keep_raw
        known = await self._store.run(self._store.recall, name, keep_since)
        try:
            streams = await self._streams(known.references, forced)
            await self._run_streams([one for one in streams if not only or one.name in only], sweeps, forced)
        except StoreError:
            raise
        except (AuthError, ConfigError) as error:
            await pause(self._store, self._instance, error, self._report)
        except HubError as error:
            await self._failed(str(error), asked_wait(error))
            await self._keep_page(self._references, error)
        except Exception as error:  # a connector's own fault must not stop the others
            _log.exception("instance failed", extra={"instance": name})
            await self._failed(f"{type(error).__name__}: {error}; report it (-v shows where)")
        if known.stale_originals:
            await self._store.run(self._store.prune_originals, name, keep_since)

    async def _streams(self, kept: Kept, forced: bool) -> Sequence[Stream]:
        """Return the streams, given what the references say now; none while references that failed are left alone."""
        name = self._instance.name
        source = self._workshop.source(self._instance)
        found = await self._store.run(self._store.streams, name, "")
        state = next((state for state in found if state.name == REFERENCES), None)
        left_alone = not forced and waits(state, self._now)
        if state is not None and left_alone and any(one.name not in kept for one in source.connector.references):
            self._report.problems.append(f'instance "{name}" {told_waiting(name, state)}')
            return ()
        known = await with_references(source, self._store, kept, again=not left_alone)
        self._source = known.source
        await self._note_warnings(known.warned, {state.name for state in found if state.warning})
        if known.stale:
            await self._failed("; ".join(known.stale))
        elif state is not None and state.failures and not left_alone:
            await self._store.run(self._store.stream_finished, self._references, None)
        streams = self._source.connector.streams(self._source.reference)
        await self._store.run(self._store.streams_listed, name, self._read_of(streams))
        self._cases = await self._followed_cases()
        return streams

    async def _followed_cases(self) -> Sequence[str]:
        connector = self._source.connector
        place = (self._instance.name, connector.name, connector.namespace())
        since, others = self._now - _CLOSED_FOR, self._workshop.settings.names - {self._instance.name}
        return tuple(await self._store.run(self._store.followed_cases, *place, since, others))

    def _read_of(self, streams: Iterable[Stream]) -> set[tuple[str, str]]:
        """Return the polls and sweeps of *streams* that are read, sweeps that are switched off left out."""
        cadences = self._source.config.sweeps
        on = {(one.name, sweep.name) for one in streams for sweep in one.sweeps if _cadence(cadences, sweep)}
        return on | {(one.name, "") for one in streams}

    @property
    def _references(self) -> StreamKey:
        return StreamKey(self._instance.name, "", "reference", REFERENCES, REFERENCES)

    async def _note_warnings(self, warned: Mapping[str, Sequence[str]], before: AbstractSet[str]) -> None:
        """Note what references that were read now warned of; *before*: names under which warnings are kept."""
        for reference, warnings in warned.items():
            name = f"reference {reference}"
            key = StreamKey(self._instance.name, "", "reference", name, name)
            if warnings or name in before:
                told = "; ".join(warnings) or None
                await self._store.run(self._store.stream_finished, key, None, None, told)
            self._report.problems.extend(f'instance "{self._instance.name}": {told}' for told in warnings)

    async def _failed(self, error: str, asked: timedelta | None = None) -> None:
        """Note that the instance failed before its streams were known, and say so."""
        await self._store.run(self._store.stream_finished, self._references, error, asked)
        self._report.problems.append(f'instance "{self._instance.name}": {error}')

    async def _run_streams(self, streams: Sequence[Stream], sweeps: bool, forced: bool) -> None:
        places = asyncio.Semaphore(_STREAMS_AT_ONCE)

        async def one(stream: Stream) -> None:
            async with places:
                await self._stream(stream, sweeps, forced)

        await together(one(stream) for stream in streams)

    async def _stream(self, stream: Stream, sweeps: bool, forced: bool) -> None:
        name = self._instance.name
        held = self._store.lock("stream", name, stream.name)
        if held is None:
            skipped = "another run of this stream is under way; this one steps aside"
            self._report.streams.append(StreamReport(name, stream.name, stream.title, "", skipped=skipped))
            return
        with held:
            # Read only now: until the lock was ours, another run may have moved the cursor.
            found = await self._store.run(self._store.streams, name, stream.name)
            states = {state.name: state for state in found}
            last = states.get("")
            if last is not None and self._slot is not None and _was_read(last, self._slot):
                skipped = "another process has read it just now"
                self._report.streams.append(StreamReport(name, stream.name, stream.title, "", skipped=skipped))
                return
            if last is not None and not forced and waits(last, self._now):
                self._report.streams.append(self._waiting(stream, last))
                return
            key = StreamKey(name, stream.name, "poll", title=stream.title)
            if not await self._run(key, self._poll(stream, last), None):
                return
            for sweep in stream.sweeps if sweeps else ():
                await self._sweep(stream, sweep, states, forced)

    def _waiting(self, stream: Stream, state: StreamState) -> StreamReport:
        error = told_waiting(self._instance.name, state)
        return StreamReport(self._instance.name, stream.name, stream.title, "", error=error)

    def _poll(self, stream: Stream, state: StreamState | None) -> Read:
        return Read(
            stream=stream.name,
            mode="poll",
            now=self._now,
            cursor=state.cursor if state else None,
            since=_start(self._source.config.start),
            reference=self._source.reference,
            cases=self._cases,
        )

    async def _sweep(self, stream: Stream, sweep: Sweep, states: Mapping[str, StreamState], forced: bool) -> None:
        key = StreamKey(self._instance.name, stream.name, "sweep", sweep.name, stream.title)
        every = _cadence(self._source.config.sweeps, sweep)
        state = states.get(sweep.name)
        if every is None or (not forced and waits(state, self._now)):
            return
        if state is None and "" not in states:
            # The stream's first poll has just read everything: the first sweep is due one cadence from now.
            await self._store.run(self._store.stream_finished, key, None)
            return
        last = state.ok_at if state else None
        if last is not None and timedelta() <= self._now - last < every:
            return
        read = Read(
            stream=stream.name,
            mode="sweep",
            name=sweep.name,
            now=self._now,
            since=_window_start(sweep, last, self._now),
            until=self._now,
            reference=self._source.reference,
            cases=self._cases,
        )
        await self._run(key, read, sweep)

    async def _run(self, key: StreamKey, read: Read, sweep: Sweep | None) -> bool:
        """Run one poll or sweep to its end; return whether it went well. Pausing faults are raised."""
        others = self._workshop.settings.names - {key.instance}
        talks = self._workshop.settings.conversations.values()
        run = Run(self._source, self._store, key, read, sweep, self._page_stored, self._workshop.router, others, talks)
        run.destinations = self._workshop.destinations
        run.answering = self._workshop.answering.of_pages
        began, started = utc_now(), time.perf_counter()
        error: str | None = None
        asked: timedelta | None = None
        fault: HubError | None = None
        unread: HubError | None = None
        try:
            await run.finish()
        except StoreError:
            raise
        except HubError as raised:
            error = str(raised)
            asked = asked_wait(raised)
            fault = raised if isinstance(raised, AuthError | ConfigError) else None
            unread = raised
        except Exception as raised:  # a connector's own fault stops its stream only
            _log.exception("stream failed", extra={"instance": key.instance, "stream": key.stream})
            error = own_fault(raised)
        news = bool(run.counts.created or run.counts.updated) if key.mode == "poll" else None
        warned = "; ".join(run.warnings) or None
        quiet = await self._store.run(self._store.stream_finished, key, error, asked, warned, news, began)
        kept = unread is not None and await self._keep_page(key, unread)
        told = None if quiet is None else str(quiet)
        seconds = time.perf_counter() - started
        self._ended(key, run, error, seconds, kept=kept, pauses=fault is not None, suspicious=told)
        if fault is not None:
            raise fault
        return error is None

    async def _keep_page(self, key: StreamKey, error: HubError) -> bool:
        """Keep the answer that *error* is about, as long as originals are kept at all; return whether there is one."""
        response = error.response if isinstance(error, SourceError) else None
        if response is None or not self._instance.config.keep_raw:
            return False
        asked, named = response.request, (key.instance, key.stream, key.name)
        params = urlencode({name: value for name, value in asked.params.items() if value is not None}, doseq=True)
        request = f"{asked.method} {asked.path}" + (f"?{params}" if params else "")
        page = FailedPage(*named, request, response.status, str(error), utc_now(), response.content)
        await self._store.run(self._store.keep_failed_page, page)
        return True

    def _ended(
        self,
        key: StreamKey,
        run: Run,
        error: str | None,
        seconds: float,
        *,
        kept: bool,
        pauses: bool,
        suspicious: str | None,
    ) -> None:
        counts = {name: getattr(run.counts, name) for name in Counts.__slots__}
        self._report.streams.append(
            StreamReport(
                key.instance,
                key.stream,
                key.title,
                key.name,
                **counts,
                error=error,
                kept_page=kept,
                pauses=pauses,
                warnings=tuple(run.warnings),
                seconds=seconds,
                suspicious=suspicious,
            )
        )
        facts: dict[str, Any] = {"instance": key.instance, "stream": key.stream, "mode": key.mode}
        # Not one by one: a field called `created` is refused by the logger, which has one of its own.
        told = {"sweep": key.name, "counts": counts, "error": error, "seconds": round(seconds, 3)}
        _log.info("run ended", extra={**facts, **told})
        tell(self._facts, "poll_finished", **facts, counts=counts, error=error)

    def _page_stored(self, key: StreamKey, stored: Stored, rejected: Sequence[Rejected], counts: Counts) -> None:
        for item in rejected:
            _log.warning(
                "record set aside", extra={"instance": key.instance, "stream": key.stream, "reason": item.reason}
            )
            tell(self._facts, "record_rejected", instance=key.instance, stream=key.stream, reason=item.reason)
        if self._tells_tickets:
            self._tell_tickets(key, stored)
        if self._on_progress is not None:
            title = key.title or key.stream
            self._on_progress(Progress(key.instance, title, counts.records, counts.created))

    def _tell_tickets(self, key: StreamKey, stored: Stored) -> None:
        for created, ids in ((True, stored.created), (False, stored.updated)):
            for ticket in ids:
                tell(
                    self._facts,
                    "ticket_stored",
                    instance=key.instance,
                    ticket_id=str(UUID(bytes=ticket)),
                    created=created,
                )


def _start(start: datetime | date | None) -> datetime | None:
    return None if start is None else as_instant(start)


def as_instant(start: datetime | date) -> datetime:
    """Return the setting ``start`` as an instant: a day begins, and a time without zone is, in UTC."""
    at = start if isinstance(start, datetime) else datetime(start.year, start.month, start.day, tzinfo=UTC)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _cadence(setting: Literal["off"] | dict[str, Literal["off"] | timedelta], sweep: Sweep) -> timedelta | None:
    """Return how often *sweep* runs, None where it is off."""
    if setting == "off":
        return None
    every = setting.get(sweep.name, sweep.every)
    return None if every == "off" else every


def _was_read(state: StreamState, since: datetime) -> bool:
    """Whether a stream was read since then; what began earlier and ended later may have missed what came meanwhile. A
    beginning in the future tells nothing: the clock was set back."""
    return state.began_at is not None and since <= state.began_at <= utc_now()


def _window_start(sweep: Sweep, last: datetime | None, now: datetime) -> datetime | None:
    """Return from where *sweep* reads: its window, stretched over the time since it last went well, within bounds."""
    if sweep.window is None:
        return None
    return max(min(last or now, now) - sweep.window, now - _LONGEST_SWEEP * sweep.window)
