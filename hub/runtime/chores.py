"""What is done beside polls and outboxes: ``hub sync`` does it all at its end, ``hub run`` now and then."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from hub.pipeline.source import utc_now
from hub.runtime.answers import late_replies
from hub.runtime.condition import Conditions
from hub.runtime.config import Settings
from hub.runtime.identify_run import identify
from hub.runtime.reports import SyncReport
from hub.runtime.retention import due_before, prune_daily
from hub.runtime.retention import prune as prune_old
from hub.runtime.sources import Workshop
from hub.runtime.surges import watch_surges
from hub.sdk.config import KEEP_RAW
from hub.store import Store
from hub.store.notices import PREFIX

_BREATH_S = 0.2

# --- the work ---------------------------------------------------------------------------------------------------------


async def tell_people(settings: Settings, store: Store, report: SyncReport, lang: str | None = None) -> None:
    """Tell people what rules want them to know, in *lang*."""
    if settings.notify or any(key.startswith(PREFIX) for key in await store.run(store.outbox_counts)):
        from hub.runtime.notify import notify  # it brings apprise's neighbours, which most hubs never need

        await notify(settings, store, report, lang)


def prune(settings: Settings, store: Store, done: Collection[str]) -> int:
    """Remove old originals of instances that do not run, and once a day old tickets; return how many tickets.

    Args:
        done: names of the instances that remove their own originals when they run.
    """
    prune_left_over(settings, store, done)
    return prune_daily(store, settings.keep_tickets, utc_now())


def prune_left_over(settings: Settings, store: Store, done: Collection[str]) -> None:
    """Remove old originals of instances that did not run: paused, or no longer configured. Where settings cannot be
    read nobody knows how long they are to be kept."""
    if settings.broken:
        return
    now = utc_now()
    for name in set(store.owners_of_originals()) - set(done) - set(settings.disabled):
        instance = settings.instances.get(name)
        store.prune_originals(name, now - (instance.config.keep_raw if instance else KEEP_RAW))


# --- in a daemon ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that a daemon does now and then.

    Args:
        name: for its log.
        every_s: how long after it began it begins again.
        run: does it.
    """

    name: str
    every_s: float
    run: Callable[[], Coroutine[Any, Any, None]]


class Chores:
    """The chores of a daemon.

    Args:
        workshop: returns the settings that are in force.
        paused: returns the names of the instances that a pause holds.
        goes_on: whether the daemon is not about to end.
    """

    def __init__(
        self,
        store: Store,
        conditions: Conditions,
        workshop: Callable[[], Workshop],
        paused: Callable[[], Collection[str]],
        goes_on: Callable[[], bool],
    ) -> None:
        self._store = store
        self._conditions = conditions
        self._workshop = workshop
        self._paused = paused
        self._goes_on = goes_on

    def all(self) -> Iterable[Chore]:
        """Return them."""
        return (
            Chore("telling people", 2.0, self._tell),
            Chore("asking about customers", 2.0, self._identify),
            Chore("watching for surges", 60.0, self._watch),
            Chore("looking for problems", 60.0, self._look),
            Chore("removing what is old", 3600.0, self._prune),
        )

    async def _tell(self) -> None:
        report = SyncReport()
        await tell_people(self._workshop().settings, self._store, report)
        for told in report.deliveries:
            self._conditions.worked_off(told.instance, told)

    async def _identify(self) -> None:
        report, workshop = SyncReport(), self._workshop()
        await identify(workshop, self._store, list(workshop.settings.instances.values()), report, forced=False)
        self._conditions.problems_are("customers", report.problems)

    async def _watch(self) -> None:
        report = SyncReport()
        await watch_surges(self._workshop().settings, self._store, report)
        for told in report.deliveries:
            self._conditions.worked_off(told.instance, told)

    async def _look(self) -> None:
        workshop = self._workshop()
        settings = workshop.settings
        late = await self._store.run(late_replies, settings.replies, self._store)
        self._conditions.problems_are("answers", [*workshop.answering.problems, *late])
        self._conditions.cases_need_a_look(
            await self._store.run(self._store.case_news, settings.escalation.stuck_after)
        )
        self._conditions.waiting_are(await self._store.run(self._store.outbox_counts))

    async def _prune(self) -> None:
        settings, paused = self._workshop().settings, self._paused()
        done = [name for name in settings.instances if name not in paused]
        await self._store.run(prune_left_over, settings, self._store, done)
        before = await self._store.run(due_before, self._store, settings.keep_tickets, utc_now())
        while before is not None and self._goes_on():
            # A batch at a time: whoever reads waits for the same thread.
            if not (await self._store.run(prune_old, self._store, before, 1)).tickets:
                break
            await asyncio.sleep(_BREATH_S)
