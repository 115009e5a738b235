"""One destination's part of a sync: what waits in the outbox for it.

A destination that is down is left alone for growing intervals, over restarts; faults that wait for a person pause it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hub.pipeline.acting import ActsRun, action_of
from hub.pipeline.deliver import OutboxRun, Worked, obstacle_of, steps_of
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.reports import DeliveryReport, Sent, SyncReport
from hub.runtime.side_run import SideRun
from hub.runtime.sources import Workshop, knowing, offline_source
from hub.sdk import HubError, Request, Steps, Writes
from hub.store import Store

OUTBOX = "outbox"
"""The name under which it is kept how an instance's outbox fares, beside its streams."""

WRITES = frozenset({"deliver", "escalate", "act"})
"""Abilities that write."""

_log = logging.getLogger(__name__)


def _unheard() -> None:
    """Nobody wants to know that a destination is there."""


async def deliver(
    workshop: Workshop,
    store: Store,
    instance: InstanceSettings,
    report: SyncReport,
    forced: bool,
    on_progress: Callable[[Sent], None] | None = None,
    on_answer: Callable[[], None] = _unheard,
) -> None:
    """Work off what waits for *instance*, if anything does.

    Args:
        forced: also what waits after failures, and a destination that was down a moment ago.
        on_progress: told after each delivery.
        on_answer: called once the destination turned out to be there, however much waits for it yet.
    """
    name = instance.name
    side = SideRun(workshop, store, instance, report, OUTBOX)
    due = await store.run(store.outbox_due, name, 1, forced=True) or await store.run(store.acts_due, name, forced=True)
    if not due:
        state = await side.state()
        if state is not None and state.failures:  # a person dropped what failed
            await side.ended()
        return
    held = side.lock()
    if held is None:
        report.deliveries.append(DeliveryReport(name, skipped="another run of this outbox is under way"))
        return
    with held:
        state = await side.state()
        if not forced and (waiting := side.waiting(state, "is left alone")):
            report.deliveries.append(await _left(store, name, error=waiting))
            return
        probing = state is not None and state.failures > 0
        await _run(side, forced, probing=probing, on_progress=on_progress, on_answer=on_answer)


async def _run(
    side: SideRun,
    forced: bool,
    *,
    probing: bool,
    on_progress: Callable[[Sent], None] | None,
    on_answer: Callable[[], None],
) -> None:
    worked, known = Worked(), False
    waiting, _ = (await side.store.run(side.store.outbox_counts)).get(side.name, (0, 0))

    def tell(sent: int) -> None:
        if on_progress is not None:
            on_progress(Sent(side.name, sent, max(sent, waiting)))

    async def answered() -> None:
        nonlocal known
        if not known:
            known = True
            if probing:  # what waits may take hours, and nobody is to think meanwhile that it is down
                await side.ended()
            on_answer()

    async def work() -> HubError | None:
        nonlocal worked
        source = await side.source()
        run = OutboxRun(source, side.store, forced=forced, probing=probing, answered=answered)
        worked = run.worked
        worked.on_sent = tell
        await run.finish()
        if worked.down is None:
            acts = ActsRun(source, side.store, worked, forced=forced, probing=probing, answered=answered)
            await acts.finish()
        return worked.down

    error = await side.finish(work)
    told: dict[str, Any] = {"sent": worked.sent, "failed": worked.failed, "set_aside": worked.set_aside, "error": error}
    _log.info("outbox worked off", extra={"instance": side.name, **told})
    side.report.deliveries.append(await _left(side.store, side.name, **told, problems=tuple(worked.problems)))


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
    source = knowing(offline_source(settings, instance), store)
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


async def _left(store: Store, name: str, **facts: Any) -> DeliveryReport:
    waiting, aside = (await store.run(store.outbox_counts)).get(name, (0, 0))
    return DeliveryReport(name, waiting=waiting, aside=aside, **facts)
