"""Customers' part of a sync: contacts in what is new, and what CRMs say of whose they are.

A CRM that is down is left alone for growing intervals, over restarts; faults that wait for a person pause it.
"""

import logging
from collections.abc import Sequence

from hub.pipeline.identify import Identified, IdentifyRun
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.instance_run import together
from hub.runtime.reports import CustomersReport, SyncReport
from hub.runtime.side_run import SideRun
from hub.runtime.sources import Workshop
from hub.sdk import HubError
from hub.store import Store

CUSTOMERS = "customers"
"""The name under which it is kept how an instance's inquiries fare, beside its streams."""

IDENTIFY = "identify"
"""The ability of an instance that knows customers."""

_log = logging.getLogger(__name__)


async def identify(
    workshop: Workshop, store: Store, runnable: Sequence[InstanceSettings], report: SyncReport, forced: bool
) -> None:
    """Note the contacts in what is new, and ask those of *runnable* that can identify customers.

    Nothing is looked through where nothing would come of it: without rules, and without such an instance.

    Args:
        forced: also what waits after failures, and an instance that was down a moment ago.
    """
    settings = workshop.settings
    if not _identifiers(settings) and settings.rules is None:
        return
    ways = {one.name: ways for one in _identifiers(settings) if (ways := _ways(one))}
    while await store.run(store.note_contacts, ways, settings.identify_every):
        pass
    paused = {state.name for state in await store.run(store.instances) if state.paused_at is not None}
    ready = [one for one in runnable if IDENTIFY in one.abilities and one.name not in paused]
    await together(_ask(workshop, store, instance, report, forced) for instance in ready)


def _identifiers(settings: Settings) -> list[InstanceSettings]:
    """Return every instance that can identify: what is new is looked through once, also for those not run now."""
    return [one for one in settings.instances.values() if IDENTIFY in one.abilities]


def _ways(instance: InstanceSettings) -> frozenset[str]:
    """Return what an instance looks customers up by; nothing for one that does not start: its own run tells why."""
    try:
        return frozenset(instance.connector_class(instance.config).identifies_by())
    except Exception:
        return frozenset()


async def _ask(workshop: Workshop, store: Store, instance: InstanceSettings, report: SyncReport, forced: bool) -> None:
    name = instance.name
    if not await store.run(store.inquiries_due, name, 1, forced=True):
        return
    side = SideRun(workshop, store, instance, report, CUSTOMERS)
    held = side.lock()
    if held is None:
        return  # another run asks already
    with held:
        waiting = side.waiting(await side.state(), "is not asked about customers")
        if waiting and not forced:
            report.customers.append(await _left(store, name, error=waiting))
            return
        await _run(side, forced)


async def _run(side: SideRun, forced: bool) -> None:
    done = Identified()

    async def work() -> HubError | None:
        nonlocal done
        run = IdentifyRun(await side.source(), side.store, side.workshop.router, forced=forced)
        done = run.done
        return (await run.finish()).down

    error = await side.finish(work)
    _log.info("customers asked about", extra={"instance": side.name, **_counts(done), "error": error})
    side.report.customers.append(await _left(side.store, side.name, done, error=error))


async def _left(store: Store, name: str, done: Identified | None = None, *, error: str | None) -> CustomersReport:
    waiting, aside = await store.run(store.inquiry_counts, name)
    done = done or Identified()
    problems = tuple(done.problems)
    return CustomersReport(name, **_counts(done), waiting=waiting, aside=aside, error=error, problems=problems)


def _counts(done: Identified) -> dict[str, int]:
    return {"asked": done.asked, "found": done.found, "failed": done.failed}
