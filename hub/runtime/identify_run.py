"""Customers' part of a sync: contacts in what is new, and what CRMs say of whose they are.

A CRM that is down is left alone for growing intervals, over restarts; faults that wait for a person pause it.
"""

import logging
from collections.abc import Sequence

from hub.pipeline.identify import Identified, IdentifyRun
from hub.pipeline.reference import with_references
from hub.pipeline.source import Source, utc_now
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.instance_run import pause, together
from hub.runtime.reports import CustomersReport, SyncReport
from hub.runtime.sources import Workshop
from hub.sdk import AuthError, ConfigError, HubError, StoreError, TransientError
from hub.store import Store, StreamKey, StreamState
from hub.store.machine import stream_lock

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
    held = stream_lock(f"{store.path.resolve()}\n{name}\n\n{CUSTOMERS}")
    if held is None:
        return  # another run asks already
    with held:
        state = await _state(store, name)
        if state is not None and state.next_try_at is not None and utc_now() < state.next_try_at and not forced:
            report.customers.append(await _left(store, name, error=_waiting(name, state)))
            return
        await _run(workshop, store, instance, report, forced)


async def _run(workshop: Workshop, store: Store, instance: InstanceSettings, report: SyncReport, forced: bool) -> None:
    name, done = instance.name, Identified()
    error: HubError | None = None
    try:
        run = IdentifyRun(await _source(workshop, store, instance), store, workshop.router, forced=forced)
        done = run.done
        error = (await run.finish()).down
    except StoreError:
        raise
    except (AuthError, ConfigError) as raised:
        await pause(store, instance, raised, report)
        error = raised
    except HubError as raised:
        error = raised
    except Exception as raised:  # a connector's own fault must not stop the others
        _log.exception("identifying failed", extra={"instance": name})
        error = HubError(f"{type(raised).__name__}: {raised}; report it to the connector's author")
    asked = error.retry_after if isinstance(error, TransientError) else None
    await store.run(store.stream_finished, _key(name), None if error is None else str(error), asked)
    told = None if error is None else str(error)
    counts = {"asked": done.asked, "found": done.found, "failed": done.failed}
    _log.info("customers asked about", extra={"instance": name, **counts, "error": told})
    report.customers.append(await _left(store, name, done, error=told))


async def _left(store: Store, name: str, done: Identified | None = None, *, error: str | None) -> CustomersReport:
    waiting, aside = await store.run(store.inquiry_counts, name)
    done = done or Identified()
    counts = {"asked": done.asked, "found": done.found, "failed": done.failed}
    return CustomersReport(name, **counts, waiting=waiting, aside=aside, error=error, problems=tuple(done.problems))


async def _source(workshop: Workshop, store: Store, instance: InstanceSettings) -> Source:
    known = await store.run(store.recall, instance.name, utc_now())
    return (await with_references(workshop.source(instance), store, known.references)).source


def _key(name: str) -> StreamKey:
    return StreamKey(name, "", "poll", CUSTOMERS, CUSTOMERS)


async def _state(store: Store, name: str) -> StreamState | None:
    found = await store.run(store.streams, name, "")
    return next((state for state in found if state.name == CUSTOMERS), None)


def _waiting(name: str, state: StreamState) -> str:
    return (
        f"is not asked about customers until {state.next_try_at:%H:%M:%S} UTC after {state.failures} failures; to ask"
        f' now, run "hub sync {name}"; last seen: {state.error}'
    )
