"""``hub backfill``: reads the past of an instance in windows with cursors of their own, behind the live polls.

Everything that a restart needs is in the store: the windows, and with every page the cursor of its window. The live
cursors stay where they are, and nothing is delivered, escalated or told unless that is asked for.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial

from hub.pipeline.poll import Counts, Run
from hub.pipeline.reference import with_references
from hub.pipeline.source import Source, utc_now
from hub.runtime.backfill_plan import Plan, plan, window_read, windows_of
from hub.runtime.collector import relaxed_collector
from hub.runtime.completeness import Day, Proof, Tally
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.faults import asked_wait, own_fault
from hub.runtime.instance_run import as_instant, together
from hub.runtime.limits import Limiter
from hub.runtime.live_edge import live_edge, require_past
from hub.runtime.rules import rules_in_force
from hub.runtime.sources import Waiting, Workshop
from hub.runtime.spans import day_edges
from hub.runtime.transport import Transport
from hub.sdk import AuthError, ConfigError, Cursor, Draft, HubError, StoreError, Stream, TransientError
from hub.store import Backfill, Rejected, Store, Stored, StreamKey, Window
from hub.store.machine import Lock

_AT_ONCE = 3  # windows; what the vendor allows is kept by the transport
_TRIES = 3  # of a window without getting on
_FIRST_WAIT_S = 5.0
_GLANCE_S = 0.05  # who only looks whether somebody works on a backfill holds its lock for less
_LONGEST_WAIT_S = 300.0

_GIVEN_UP = frozenset(("replaced", "dropped"))

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for. ``until``: None for the end of what is past, see :mod:`hub.runtime.live_edge`.
    ``again``: also where it was done before."""

    instance: str
    since: datetime
    until: datetime | None = None
    effects: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """How far a backfill is.

    Args:
        share: of the reading, or of the proof, that is done; 0 to 1.
        records: read so far.
        at_least_s: what is left takes that long at the vendor's limit.
        windows: read to their end, and how many there are.
        proving: whether all is read.
    """

    share: float
    records: int
    at_least_s: float
    windows: tuple[int, int]
    proving: bool = False


@dataclass(slots=True)
class Outcome:
    """What a run of a backfill did.

    Args:
        backfill: which.
        before: it was finished before, and nothing was done.
        rejected: records that the first read set aside.
        days: what was proved; None where not all could be read.
        problems: what went wrong, and what to do.
    """

    backfill: Backfill
    before: bool = False
    records: int = 0
    rejected: int = 0
    days: list[Day] | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def gaps(self) -> list[Day]:
        return [one for one in self.days or () if one.state == "gap"]

    @property
    def aside(self) -> int:
        """How many records are set aside, as far as is known."""
        return max(self.rejected, sum(one.aside for one in self.days or ()))

    @property
    def ok(self) -> bool:
        """Whether all is in the store; records set aside are there too, as dead letters, and are told apart."""
        return self.days is not None and not self.gaps and not self.problems


def find(store: Store, wanted: Wanted) -> Backfill | None:
    """Return the backfill that was begun with the same words last, None where there is none."""
    for one in store.backfills(wanted.instance):
        same_end = one.open_end if wanted.until is None else not one.open_end and one.until == wanted.until
        if one.state not in _GIVEN_UP and one.since == wanted.since and same_end and one.effects == wanted.effects:
            return one
    return None


def drop(store: Store, instance: str) -> list[Backfill]:
    """Give up what is unfinished of *instance*, and return it; what it has read stays.

    Raises:
        TransientError: another process works on it.
    """
    left = [one for one in store.backfills(instance) if one.state == "reading"]
    for one in left:
        with _lock(store, one):
            store.end_backfill(one.n, "dropped", None)
    return left


async def backfill(
    settings: Settings,
    store: Store,
    wanted: Wanted,
    *,
    dry_run: bool = False,
    on_plan: Callable[[Plan, Backfill | None], None] | None = None,
    on_step: Callable[[Step], None] | None = None,
    on_wait: Waiting | None = None,
) -> Outcome | None:
    """Read what is *wanted*, or go on with it where it was begun before, and prove that nothing is missing.

    Args:
        dry_run: only plan it; nothing is stored but references, and nothing returned.
        on_plan: told of what it costs, and of what was begun before.
    Raises:
        ConfigError: there is no such instance, it cannot read, or it is paused.
        HubError: the source does not answer at all, or another process works on the same backfill.
        StoreError: the store cannot be read or written; what was committed stays.
    """
    instance = _readable(settings, store, wanted.instance)
    known = find(store, wanted)
    if known is not None and known.state != "reading" and not (wanted.again or dry_run):
        days = [Day(**one) for one in known.report["days"]]
        return Outcome(known, before=True, rejected=known.report["rejected"], days=days)
    in_force = rules_in_force(settings.rules, store)
    with relaxed_collector():
        async with Transport(Limiter(background=True)) as transport:
            workshop = Workshop(settings, transport, on_wait=on_wait, rules=in_force.load)
            source = await _knowing(workshop.source(instance), store)
            streams = source.connector.streams(source.reference)
            going_on = known if known is not None and known.state == "reading" and not wanted.again else None
            span = (going_on.since, going_on.until) if going_on else _span(store, source, streams, wanted)
            planned = await plan(source, streams, span, settings.timezone)
            if on_plan is not None:
                on_plan(planned, going_on)
            if dry_run:
                return None
            task = going_on or _begin(store, settings, source, streams, wanted, known, span)
            with _lock(store, task):
                run = _Run(workshop, store, instance, source, task, planned, on_step)
                outcome = await run.finish()
        while await store.run(store.index_batch):
            pass
    if in_force.problem:
        outcome.problems.append(in_force.problem)
    return outcome


def whole_minute() -> datetime:
    """Return the last whole minute: vendors cut times in queries, and a count must end where a read does."""
    return utc_now().replace(second=0, microsecond=0)


def _span(store: Store, source: Source, streams: Sequence[Stream], wanted: Wanted) -> tuple[datetime, datetime]:
    """Return what is to be read; without an end of its own it leaves to the live polls what they have not had yet, but
    where effects are wanted anyway."""
    if wanted.until is not None or wanted.effects:
        return wanted.since, wanted.until or whole_minute()
    start = source.config.start
    known = store.streams(source.name)
    until = live_edge(streams, known, None if start is None else as_instant(start), whole_minute())
    require_past(source.name, wanted.since, until)
    return wanted.since, until


def _readable(settings: Settings, store: Store, name: str) -> InstanceSettings:
    (instance,) = settings.pick([name])
    instance.require("pull")
    for state in store.instances():
        if state.name == name and state.paused_at is not None:
            raise ConfigError(f'instance "{name}" is paused: {state.paused_reason}; run "hub resume {name}" first')
    return instance


async def _knowing(source: Source, store: Store) -> Source:
    kept = await store.run(store.recall, source.name, source.now() - source.keep_raw)
    return (await with_references(source, store, kept.references)).source


def _begin(
    store: Store,
    settings: Settings,
    source: Source,
    streams: Sequence[Stream],
    wanted: Wanted,
    known: Backfill | None,
    span: tuple[datetime, datetime],
) -> Backfill:
    if known is not None and known.state == "reading":
        store.end_backfill(known.n, "replaced", None)
    windows = windows_of(source, streams, span, settings.timezone)
    asked = {"open_end": wanted.until is None, "effects": wanted.effects}
    return store.begin_backfill(wanted.instance, span, windows, **asked)


def is_under_way(store: Store, task: Backfill) -> bool:
    """Whether a process works on a backfill now, or may: not every user can look."""
    return store.is_locked(*_work(task)) is not False


def _work(task: Backfill) -> tuple[str, str]:
    return "backfill", str(task.n)


def _lock(store: Store, task: Backfill) -> Lock:
    for wait_s in (_GLANCE_S, _GLANCE_S, 0.0):
        held = store.lock(*_work(task))
        if held is not None:
            return held
        time.sleep(wait_s)
    raise TransientError(f'another process works on this backfill of "{task.instance}"; wait for it, or stop it')


class _Run:
    """One process's work on a backfill."""

    def __init__(
        self,
        workshop: Workshop,
        store: Store,
        instance: InstanceSettings,
        source: Source,
        task: Backfill,
        planned: Plan,
        on_step: Callable[[Step], None] | None,
    ) -> None:
        self._workshop = workshop
        self._store = store
        self._source = source
        self._task = task
        self._planned = planned
        self._on_step = on_step
        self._others = workshop.settings.names - {instance.name}
        self._windows: dict[int, Window] = {}
        self._reading: dict[int, int] = {}
        self._fault: HubError | None = None

    async def finish(self) -> Outcome:
        """Read every window that is left, then prove that nothing is missing."""
        outcome = Outcome(self._task)
        self._windows = {one.n: one for one in await self._store.run(self._store.backfill_windows, self._task.n)}
        left = deque(one for one in self._windows.values() if one.finished_at is None)
        self._tell()
        await together(self._work(left) for _ in range(_AT_ONCE))
        self._sum_up(outcome)
        if not outcome.problems:
            await self._prove(outcome)
        return outcome

    def _sum_up(self, outcome: Outcome) -> None:
        again = "run the same command again to go on"
        if self._fault is not None:
            outcome.problems.append(f"{self._fault}; then {again}")
        for one in self._windows.values():
            outcome.records += one.records
            outcome.rejected += one.rejected
            if one.finished_at is None and self._fault is None:
                span = f"{one.since:%Y-%m-%d} to {one.until:%Y-%m-%d}"
                outcome.problems.append(f"{one.title or one.stream}, {span}: {one.error}; {again}")

    async def _work(self, left: deque[Window]) -> None:
        """Read windows as long as there are any; faults that wait for a person end it."""
        while left and self._fault is None:
            try:
                await self._window(left.popleft())
            except (AuthError, ConfigError) as error:
                self._fault = error

    async def _window(self, window: Window) -> None:
        """Read one window to its end, with as many tries as it gets on with."""
        failures = 0
        while True:
            error, asked = await self._try(window)
            cursor, window = window.cursor, await self._renewed(window)
            if error is None or self._fault is not None:
                return
            failures = 1 if window.cursor != cursor else failures + 1
            wait_s = max(_FIRST_WAIT_S * 2 ** (failures - 1), asked.total_seconds())
            if failures >= _TRIES or wait_s > _LONGEST_WAIT_S:
                return
            if self._workshop.on_wait is not None:
                self._workshop.on_wait(self._task.instance, failures, wait_s, HubError(error))
            await asyncio.sleep(wait_s)

    async def _try(self, window: Window) -> tuple[str | None, timedelta]:
        """Read *window* from its cursor on; return why it ended too soon, and how long the source asked to wait."""
        error, asked = None, timedelta()
        self._reading[window.n] = window.records
        try:
            await self._run(window, window.cursor, window.n, None).finish()
        except (StoreError, AuthError, ConfigError):
            raise
        except HubError as raised:
            error = str(raised)
            asked = asked_wait(raised) or asked
        except Exception as raised:  # a connector's own fault is told, and stops its window only
            _log.exception("window failed", extra={"instance": self._task.instance, "stream": window.stream})
            error = own_fault(raised)
        await self._store.run(self._store.window_ended, window.n, error)
        return error, asked

    async def _renewed(self, window: Window) -> Window:
        found = await self._store.run(self._store.backfill_windows, self._task.n)
        self._reading.pop(window.n, None)
        self._windows[window.n] = next(one for one in found if one.n == window.n)
        self._tell()
        return self._windows[window.n]

    def _run(
        self,
        window: Window,
        cursor: Cursor | None,
        number: int | None,
        on_drafts: Callable[[Sequence[Draft]], Awaitable[None]] | None,
    ) -> Run:
        key = StreamKey(self._task.instance, window.stream, "backfill", title=window.title)
        workshop, effects = self._workshop, self._task.effects
        read = window_read(self._source, window.stream, window.since, window.until, cursor)
        return Run(
            self._source,
            self._store,
            key,
            read,
            on_page=None if number is None else partial(self._page_stored, window),
            router=workshop.router,
            others=self._others,
            conversations=workshop.settings.conversations.values(),
            destinations=workshop.destinations if effects else None,
            answering=workshop.answering.of_pages if effects else None,
            effects=effects,
            window=number,
            on_drafts=on_drafts,
        )

    def _page_stored(
        self, window: Window, _key: StreamKey, _stored: Stored, _rejected: Sequence[Rejected], counts: Counts
    ) -> None:
        self._reading[window.n] = window.records + counts.records
        self._tell()

    # --- how far it is --------------------------------------------------------------------------------------------

    def _tell(self) -> None:
        if self._on_step is None:
            return
        records = sum(self._reading.get(one.n, one.records) for one in self._windows.values())
        share = self._share()
        reading = sum(one.requests for one in self._planned.streams)
        proof = sum(one.proof for one in self._planned.streams)
        left = reading * (1 - share) + proof
        self._on_step(Step(share, records, left * self._planned.request_s, self._windows_read()))

    def _windows_read(self) -> tuple[int, int]:
        return sum(one.finished_at is not None for one in self._windows.values()), len(self._windows)

    def _share(self) -> float:
        """Return which part of the reading is done: by records where their number is known, else by windows."""
        whole = sum(one.requests for one in self._planned.streams)
        done = 0.0
        for one in self._planned.streams:
            windows = [window for window in self._windows.values() if window.stream == one.stream]
            finished = sum(window.finished_at is not None for window in windows)
            share = finished / len(windows) if windows else 1.0
            if one.records and finished < len(windows):
                read = sum(self._reading.get(window.n, window.records) for window in windows)
                share = min(read / one.records, 0.99)
            done += one.requests * share
        return done / whole if whole else 1.0

    # --- the proof ------------------------------------------------------------------------------------------------

    async def _prove(self, outcome: Outcome) -> None:
        zone = self._workshop.settings.timezone
        edges = day_edges(self._task.since, self._task.until, zone)
        windows = list(self._windows.values())
        proof = Proof(self._source, self._store, windows, edges, zone, self._reread, self._tell_proof)
        try:
            outcome.days = await proof.days()
        except StoreError:
            raise
        except HubError as error:
            told = "everything is read, but that nothing is missing could not be proved"
            outcome.problems.append(f"{told}: {error}; run the same command again")
            return
        report = {"days": [asdict(one) for one in outcome.days], "records": outcome.records}
        report |= {"rejected": outcome.rejected}
        state = "gaps" if outcome.gaps else "complete"
        await self._store.run(self._store.end_backfill, self._task.n, state, report)

    async def _reread(self, window: Window, tally: Tally) -> None:
        run = self._run(window, None, None, tally.note)
        await run.finish()
        tally.rejected = run.counts.rejected

    def _tell_proof(self, done: int, steps: int) -> None:
        if self._on_step is not None:
            share = min(done / steps, 1.0) if steps else 1.0
            proof = sum(one.proof for one in self._planned.streams) * self._planned.request_s
            records = sum(one.records for one in self._windows.values())
            self._on_step(Step(share, records, proof * (1 - share), self._windows_read(), proving=True))
