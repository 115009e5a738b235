"""What a daemon does round by round: polls that are due and outboxes that have something are begun, each for itself.

Nothing here waits for a source: a poll is a task of its own, so that one that hangs makes no other late.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from hub.pipeline.source import Source, utc_now
from hub.runtime.chores import Chores
from hub.runtime.condition import Conditions
from hub.runtime.config import InstanceSettings
from hub.runtime.instance_run import InstanceRun, failing_reads
from hub.runtime.moments import pass_moments
from hub.runtime.outbox_run import WRITES, deliver
from hub.runtime.reports import Progress, SyncReport
from hub.runtime.scheduler import (
    Hint,
    InstanceState,
    Schedule,
    Wanted,
    due,
    joined,
    next_due,
    next_slot,
    schedule_of,
    wanted_of,
)
from hub.runtime.sources import Workshop
from hub.sdk import StoreError
from hub.store import Store
from hub.store.notices import PREFIX

_LOOK_EVERY_S = 0.5  # what other processes ask for (a delivery, a pause) is seen within this time
_JUMP = timedelta(seconds=5)  # by so much the wall clock and the steady one may part before that is a jump
_INDEX_EVERY_S = 5.0
_GAP = timedelta(seconds=2)  # between the beginnings of two polls of an instance, however often somebody asks
_TICK_S = 0.05

_log = logging.getLogger(__name__)


class Rounds:
    """The polls and deliveries of one process.

    Args:
        workshop: settings, rules and ways to the sources; :meth:`swap` gives another one.
        store: where it goes.
        conditions: told how everything fares.
        clock: the wall clock.
    """

    def __init__(
        self, workshop: Workshop, store: Store, conditions: Conditions, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self._store = store
        self._conditions = conditions
        self._clock = clock
        self._polls: dict[str, asyncio.Task[None]] = {}
        self._outboxes: dict[str, asyncio.Task[None]] = {}
        chores = Chores(store, conditions, lambda: self._workshop, lambda: self._paused, lambda: not self._stopping)
        self._chores = {chore.name: chore for chore in chores.all()}
        self._chores_at = dict.fromkeys(self._chores, 0.0)
        self._chores_on: dict[str, asyncio.Task[None]] = {}
        self._moments: asyncio.Task[None] | None = None
        self._due_at: dict[str, datetime] = {}
        self._started_at: dict[str, datetime] = {}
        self._hints: dict[str, Hint] = {}
        self._paused: frozenset[str] = frozenset()
        self._able_at: dict[str, datetime] = {}
        self._clear_at = clock()
        self._wake = asyncio.Event()
        self._hurry = False
        self._stopping = False
        self._ahead = self._clock() - _steady()
        self._look_at = self._index_at = 0.0
        self._unindexed = True
        self._go_by(workshop)

    # --- what is to be done ---------------------------------------------------------------------------------------

    def swap(self, workshop: Workshop) -> list[str]:
        """Go by *workshop* from now on. A poll under way of an instance whose settings are others now ends here, at its
        last checkpoint: it may try an address for minutes that nobody wants any more. All else ends by what it began
        with.

        Returns:
            The names of the instances whose settings are others now, and of those that are new.
        Raises:
            ConfigError: a schedule cannot be read; nothing has changed then.
        """
        before, now = self._workshop.settings.instances, workshop.settings.instances
        changed = [name for name, one in now.items() if name not in before or before[name].config != one.config]
        self._go_by(workshop)
        for name in changed:
            if name in self._polls:
                self._polls[name].cancel()
        return changed

    def _go_by(self, workshop: Workshop) -> None:
        settings = workshop.settings
        readable = [one for one in settings.instances.values() if "pull" in one.abilities]
        schedules = {one.name: schedule_of(one.name, one.config, settings.timezone) for one in readable}
        self._workshop, self._schedules = workshop, schedules
        known = {name for name in self._conditions.known if not name.startswith(PREFIX)}  # recipients are no instances
        for name in (self._due_at.keys() - schedules.keys()) | (known - settings.instances.keys()):
            self._conditions.forget(name)  # before the next look: what is gone was not resumed
            self._hints.pop(name, None)
        self._set_due(schedules)

    def recall(self) -> None:
        """Take from the store when every instance was read last, so that a restart does not read anew."""
        for state in self._store.streams():
            if state.name == "" and state.began_at is not None:
                last = self._started_at.get(state.instance)
                self._started_at[state.instance] = max(last or state.began_at, state.began_at)
        self._set_due(self._schedules)

    def ask(self, name: str, streams: Iterable[str] = ()) -> bool:
        """Poll an instance soon, though not again at once; return whether there is one of that name that reads.

        Args:
            streams: which of its streams have news; empty: any may.
        """
        if name not in self._schedules:
            return False
        now = self._clock()
        self._hints[name] = joined(Hint(streams), self._hints.get(name))
        self._due_at[name] = min(self._due_at[name], self._soonest(name, now))
        self._wake.set()
        return True

    def _soonest(self, name: str, now: datetime) -> datetime:
        """Return when a hint may let an instance be polled; a beginning in the future tells nothing."""
        last = self._started_at.get(name)
        return now if last is None or last > now else max(now, last + _GAP)

    def source(self, name: str) -> Source:
        """Return an instance ready to run."""
        return self._workshop.source(self._workshop.settings.instances[name])

    def _set_due(self, schedules: dict[str, Schedule]) -> None:
        now = self._clock()
        self._due_at = {name: next_slot(one, self._started_at.get(name), now) for name, one in schedules.items()}
        for name in self._hints:
            self._due_at[name] = min(self._due_at[name], self._soonest(name, now))

    # --- rounds ---------------------------------------------------------------------------------------------------

    async def round(self) -> None:
        """Begin what is due, and wait until something may be due again."""
        if time.monotonic() >= self._look_at:
            await self._look_around()
            self._look_at = time.monotonic() + _LOOK_EVERY_S
        self._mind_the_clock()  # only now: it may have been set during the look
        self._begin_polls()
        await asyncio.sleep(0)
        self._wake.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), self._rest_s())

    def _mind_the_clock(self) -> None:
        ahead = self._clock() - _steady()
        if abs(ahead - self._ahead) > _JUMP:
            _log.warning("the clock was set", extra={"by_s": round((ahead - self._ahead).total_seconds())})
            self._clear_at = self._clock()
            self._able_at.clear()
            self._set_due(self._schedules)
        self._ahead = ahead

    async def _look_around(self) -> None:
        """See what other processes did, begin what waits in outboxes, bring the search up to date."""
        failing = self._conditions.store is not None
        try:
            await self._store.run(self._store.require_locks)
            if failing:  # what is locked or full can be read all the same
                await self._store.run(self._store.try_to_write)
            states = await self._store.run(self._store.instances)
            paused = frozenset(state.name for state in states if state.paused_at is not None)
            self._able_at.update(dict.fromkeys(self._paused - paused, self._clock()))
            self._paused = paused
            self._conditions.paused_are(state for state in states if self._instance(state.name) is not None)
            self._begin_moments(await self._store.run(self._store.next_moment))
            for name in await self._store.run(self._store.outbox_ready):
                self._begin_outbox(name)
            if self._unindexed and time.monotonic() >= self._index_at:
                self._unindexed = await self._store.run(self._store.index_batch) > 0
                self._index_at = time.monotonic() + (0 if self._unindexed else _INDEX_EVERY_S)
        except StoreError as error:
            self._conditions.store_failed(str(error))
        else:
            if failing:
                self._conditions.store_works()
            self._begin_chores()

    def _rest_s(self) -> float:
        coming = next_due(self._states())
        left = _LOOK_EVERY_S if coming is None else (coming - self._clock()).total_seconds()
        return min(max(left, 0.0), _LOOK_EVERY_S)

    def _states(self) -> Iterable[InstanceState]:
        return (
            InstanceState(name, at, running=name in self._polls)
            for name, at in self._due_at.items()
            if name not in self._paused
        )

    # --- polls ----------------------------------------------------------------------------------------------------

    def _begin_polls(self) -> None:
        now = self._clock()
        for name in due(self._states(), now):
            wanted = wanted_of(self._schedules[name], self._started_at.get(name), now, self._hints.pop(name, None))
            lag = now - max(self._due_at[name], self._able_at.get(name, self._clear_at), self._clear_at)
            self._started_at[name] = now
            self._due_at[name] = self._schedules[name].after(now)
            self._conditions.began(name, now, lag.total_seconds())
            task = asyncio.create_task(self._poll(name, wanted), name=f"poll {name}")
            self._polls[name] = task
            task.add_done_callback(partial(self._poll_ended, name))

    async def _poll(self, name: str, wanted: Wanted) -> None:
        instance, report = self._instance(name), SyncReport()
        if instance is None:
            return
        run = InstanceRun(self._workshop, self._store, instance, report, self._page_stored)
        await run.sync(sweeps=True, slot=wanted.unless_since, only=wanted.streams)
        if any(stream.pauses for stream in report.streams):
            self._paused |= {name}  # known before the next look: a poll would find nothing wrong
        self._conditions.ended(name, report, self._clock(), await self._store.run(failing_reads, self._store, name))

    def _page_stored(self, progress: Progress) -> None:
        """After a checkpoint: whoever is to stop does so between two pages."""
        self._unindexed = True
        if self._stopping:
            raise asyncio.CancelledError

    def _poll_ended(self, name: str, task: "asyncio.Task[None]") -> None:
        del self._polls[name]
        self._wake.set()
        self._told(name, task)

    def _instance(self, name: str) -> InstanceSettings | None:
        return self._workshop.settings.instances.get(name)

    # --- outboxes -------------------------------------------------------------------------------------------------

    def _begin_outbox(self, name: str) -> None:
        instance = self._instance(name)
        if instance is None or name in self._outboxes or name in self._paused or not instance.abilities & WRITES:
            return
        task = asyncio.create_task(self._work_off(instance), name=f"outbox {name}")
        self._outboxes[name] = task
        task.add_done_callback(partial(self._outbox_ended, name))

    async def _work_off(self, instance: InstanceSettings) -> None:
        report = SyncReport()
        answered = partial(self._conditions.answered, instance.name)
        await deliver(self._workshop, self._store, instance, report, forced=False, on_answer=answered)
        for told in report.deliveries:
            self._conditions.worked_off(instance.name, told)

    def _outbox_ended(self, name: str, task: "asyncio.Task[None]") -> None:
        del self._outboxes[name]
        self._told(name, task)

    # --- chores ---------------------------------------------------------------------------------------------------

    def _begin_chores(self) -> None:
        now = time.monotonic()
        for name, chore in self._chores.items():
            if now >= self._chores_at[name] and name not in self._chores_on and not self._stopping:
                self._chores_at[name] = now + chore.every_s
                task = asyncio.create_task(chore.run(), name=name)
                self._chores_on[name] = task
                task.add_done_callback(partial(self._chore_ended, name))

    def _chore_ended(self, name: str, task: "asyncio.Task[None]") -> None:
        del self._chores_on[name]
        self._told(name, task)

    # --- the clock ------------------------------------------------------------------------------------------------

    def _begin_moments(self, next_at: datetime | None) -> None:
        if next_at is not None and next_at <= self._clock() and self._moments is None and not self._stopping:
            self._moments = asyncio.create_task(self._pass_moments(), name="moments")
            self._moments.add_done_callback(self._moments_ended)

    async def _pass_moments(self) -> None:
        await pass_moments(self._workshop, self._store, lambda: not self._stopping)
        self._conditions.problems_are("deadlines", await self._store.run(self._store.undecided))

    def _moments_ended(self, task: "asyncio.Task[None]") -> None:
        self._moments = None
        self._told("moments", task)

    # --- how they end ---------------------------------------------------------------------------------------------

    def _told(self, name: str, task: "asyncio.Task[None]") -> None:
        """Look at how a task ended: an error that nobody expected is logged, and stops nothing else."""
        error = None if task.cancelled() else task.exception()
        if isinstance(error, StoreError):
            self._conditions.store_failed(str(error))
        elif error is not None:
            _log.error("task failed", exc_info=error, extra={"instance": name})

    # --- the end --------------------------------------------------------------------------------------------------

    async def stop(self, grace_s: float) -> int:
        """Begin nothing more, let what is under way come to the end of its page, and after *grace_s* seconds end it.

        Returns:
            How many had to be ended.
        """
        self._stopping = True
        tasks = [*self._polls.values(), *self._outboxes.values(), *self._chores_on.values()]
        tasks += [self._moments] if self._moments is not None else []
        if not tasks:
            return 0
        await self._end_of(tasks, grace_s)
        late = [task for task in tasks if not task.done()]
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late, timeout=1.0)
        return len(late)

    async def _end_of(self, tasks: Sequence["asyncio.Task[None]"], grace_s: float) -> None:
        """Wait for the end of *tasks*, or until somebody is in a hurry."""
        end = time.monotonic() + grace_s
        while not all(task.done() for task in tasks) and not self._hurry and time.monotonic() < end:
            await asyncio.wait(tasks, timeout=_TICK_S)

    def hurry(self) -> None:
        """Let :meth:`stop` end now what is under way."""
        self._hurry = True


def _steady() -> timedelta:
    return timedelta(seconds=time.monotonic())
