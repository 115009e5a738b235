"""One destination's part of a sync: what waits in the outbox for it.

A destination that is down is left alone for growing intervals, over restarts; faults that wait for a person pause it.
"""

import logging
from dataclasses import dataclass, replace
from typing import Any

from hub.pipeline.acting import ActsRun, action_of
from hub.pipeline.deliver import OutboxRun, Worked, obstacle_of, steps_of
from hub.pipeline.reference import with_references
from hub.pipeline.source import Source, utc_now
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.instance_run import pause
from hub.runtime.reports import DeliveryReport, SyncReport
from hub.runtime.sources import Workshop, offline_source
from hub.sdk import AuthError, ConfigError, HubError, Request, Steps, StoreError, TransientError, Writes
from hub.store import Store, StreamKey, StreamState
from hub.store.machine import Lock, stream_lock

OUTBOX = "outbox"
"""The name under which it is kept how an instance's outbox fares, beside its streams."""

WRITES = frozenset({"deliver", "escalate", "act"})
"""Abilities that write."""

_log = logging.getLogger(__name__)


def outbox_lock(store: Store, name: str) -> Lock | None:
    """Return the lock of an instance's outbox, or None: another run of it is under way."""
    return stream_lock(f"{store.path.resolve()}\n{name}\n\n{OUTBOX}")


async def deliver(
    workshop: Workshop, store: Store, instance: InstanceSettings, report: SyncReport, forced: bool
) -> None:
    """Work off what waits for *instance*, if anything does.

    Args:
        forced: also what waits after failures, and a destination that was down a moment ago.
    """
    name = instance.name
    due = await store.run(store.outbox_due, name, 1, forced=True) or await store.run(store.acts_due, name, forced=True)
    if not due:
        state = await _state(store, name)
        if state is not None and state.failures:  # a person dropped what failed
            await store.run(store.stream_finished, _key(name), None)
        return
    held = outbox_lock(store, name)
    if held is None:
        report.deliveries.append(DeliveryReport(name, skipped="another run of this outbox is under way"))
        return
    with held:
        state = await _state(store, name)
        if state is not None and state.next_try_at is not None and utc_now() < state.next_try_at and not forced:
            report.deliveries.append(await _left(store, name, error=_waiting(name, state)))
            return
        await _run(workshop, store, instance, report, forced, probing=state is not None and state.failures > 0)


async def _run(
    workshop: Workshop, store: Store, instance: InstanceSettings, report: SyncReport, forced: bool, probing: bool
) -> None:
    name = instance.name
    worked = Worked()
    error: HubError | None = None
    try:
        source = await _source(workshop, store, instance)
        run = OutboxRun(source, store, forced=forced, probing=probing)
        worked = run.worked
        await run.finish()
        if worked.down is None:
            await ActsRun(source, store, worked, forced=forced, probing=probing).finish()
        error = worked.down
    except StoreError:
        raise
    except (AuthError, ConfigError) as raised:
        await pause(store, instance, raised, report)
        error = raised
    except HubError as raised:
        error = raised
    except Exception as raised:  # a connector's own fault must not stop the others
        _log.exception("outbox failed", extra={"instance": name})
        error = HubError(f"{type(raised).__name__}: {raised}; report it to the connector's author")
    asked = error.retry_after if isinstance(error, TransientError) else None
    await store.run(store.stream_finished, _key(name), None if error is None else str(error), asked)
    told: dict[str, Any] = {"sent": worked.sent, "failed": worked.failed, "set_aside": worked.set_aside}
    _log.info("outbox worked off", extra={"instance": name, **told, "error": str(error) if error else None})
    problems = tuple(worked.problems)
    report.deliveries.append(
        await _left(store, name, **told, error=None if error is None else str(error), problems=problems)
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a delivery would send. Nothing is sent to find out, so what depends on an answer is not known.

    Attributes:
        first: the request that it begins with; None: nothing is left to be sent.
        missing: what it would go on with where *first* looks up an earlier try and finds nothing; None where it does
            not look up, or asks for more before it creates.
        waits: the case that it is for is not there yet.
        obstacle: why it cannot be sent, where that is known before the destination is asked.
    """

    first: Request | None
    missing: Request | None = None
    waits: bool = False
    obstacle: str | None = None


def preview(settings: Settings, store: Store, n: int) -> Preview:
    """Return what delivery *n* would send.

    Raises:
        StoreError: no such delivery waits.
        ConfigError: its instance is switched off or no longer configured.
    """
    [instance] = settings.pick([store.outbox_row(n).instance])
    known = store.recall(instance.name, utc_now()).references
    reference = {name: value for name, (_, value) in known.items()}
    source = replace(offline_source(settings, instance), reference=reference)
    row = store.outbox_row(n)
    if row.effect == "act":
        return Preview(_first(source.hooks.act(actions=[action_of(row)])))
    parcel = store.outbox_parcel(n)
    if parcel is None:
        return Preview(None)
    if parcel.link is None and row.effect != "create" and store.create_waits(n):
        return Preview(None, waits=True)
    obstacle = obstacle_of(source, parcel)
    if obstacle is not None:
        return Preview(None, obstacle=obstacle)
    first = _first(steps_of(source, parcel))
    if row.unsure_since is None or first is None or not first.repeatable:
        return Preview(first)
    sure = replace(row, unsure_since=None, unsure_at=None)
    then = _first(steps_of(source, replace(parcel, outgoing=sure)))
    return Preview(first, then if then is not None and not then.repeatable else None)


def _first(steps: Steps | Writes) -> Request | None:
    """Return the first request of *steps*, which are not gone on with."""
    try:
        step = next(steps, None)
    finally:
        steps.close()
    return step if isinstance(step, Request) else None


async def _source(workshop: Workshop, store: Store, instance: InstanceSettings) -> Source:
    known = await store.run(store.recall, instance.name, utc_now())
    return (await with_references(workshop.source(instance), store, known.references)).source


def _key(name: str) -> StreamKey:
    return StreamKey(name, "", "poll", OUTBOX, OUTBOX)


async def _state(store: Store, name: str) -> StreamState | None:
    found = await store.run(store.streams, name, "")
    return next((state for state in found if state.name == OUTBOX), None)


async def _left(store: Store, name: str, **facts: Any) -> DeliveryReport:
    waiting, aside = (await store.run(store.outbox_counts)).get(name, (0, 0))
    return DeliveryReport(name, waiting=waiting, aside=aside, **facts)


def _waiting(name: str, state: StreamState) -> str:
    return (
        f"is left alone until {state.next_try_at:%H:%M:%S} UTC after {state.failures} failures; to try now, run"
        f' "hub sync {name}"; last seen: {state.error}'
    )
