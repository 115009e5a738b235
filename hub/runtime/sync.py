"""``hub sync``: one poll of each instance, the sweeps that are due, the outbox, and the search index."""

import time
from collections.abc import Sequence

from hub.runtime.answers import unpublished_problems, unsaid_answers
from hub.runtime.chores import prune, tell_people
from hub.runtime.collector import relaxed_collector
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.identify_run import identify
from hub.runtime.instance_run import InstanceRun, together
from hub.runtime.moments import pass_moments
from hub.runtime.outbox_run import WRITES, deliver
from hub.runtime.renamed import readdress
from hub.runtime.reports import StreamReport, SyncReport, Told
from hub.runtime.rules import rules_in_force
from hub.runtime.sources import Waiting, Workshop
from hub.runtime.surges import watch_surges
from hub.runtime.transport import Transport
from hub.store import InstanceState, Store


async def sync(
    settings: Settings,
    store: Store,
    names: Sequence[str] = (),
    *,
    on_progress: Told | None = None,
    on_wait: Waiting | None = None,
    sweeps: bool = True,
    lang: str | None = None,
) -> SyncReport:
    """Poll the instances *names* (all: empty) once, run the sweeps that are due, work off what waits for them in the
    outbox, tell people what rules want them to know (in *lang*), see whether more comes in than usual, bring the search
    index up to date; where all instances are meant, remove old tickets too, once a day. What the clock has brought to
    tickets is decided first, and once more when everything was read.

    Streams and deliveries that wait after failures are passed over, unless their instance is named.

    Raises:
        ConfigError: there is no such instance; the rules are wrong and none were in force before.
        StoreError: the store cannot be read or written; what was committed stays.
    """
    started = time.perf_counter()
    report = SyncReport()
    await store.run(readdress, settings, store)
    runnable = _runnable(settings.pick(names), store.instances(), report)
    in_force = rules_in_force(settings.rules, store)
    if in_force.problem:
        report.problems.append(in_force.problem)
    with relaxed_collector():
        async with Transport() as transport:
            workshop = Workshop(settings, transport, on_wait=on_wait, rules=in_force.load)
            await pass_moments(workshop, store)
            readable = [instance for instance in runnable if "pull" in instance.abilities]
            runs = (InstanceRun(workshop, store, instance, report, on_progress) for instance in readable)
            await together(run.sync(sweeps, forced=bool(names)) for run in runs)
            # Before deliveries: what is proposed until it is known who the customer is may be asked for then.
            await identify(workshop, store, runnable, report, forced=bool(names))
            await pass_moments(workshop, store)  # what came while it was read
            # Only now: what was just read may have paused an instance, or found what a lost answer left there.
            await _work_off(workshop, store, runnable, report, bool(names), on_progress)
        report.problems.extend(workshop.answering.problems)
        report.problems.extend(await store.run(unpublished_problems, settings.replies, store))
        report.unsaid.extend(await store.run(unsaid_answers, store))
        await tell_people(settings, store, report, lang)
        await watch_surges(settings, store, report, lang)
        while done := await store.run(store.index_batch):
            report.indexed += done
    report.cases = await store.run(store.case_news, settings.escalation.stuck_after)
    if not names:
        report.pruned = await store.run(prune, settings, store, [instance.name for instance in runnable])
    report.seconds = time.perf_counter() - started
    return report


async def _work_off(
    workshop: Workshop,
    store: Store,
    instances: Sequence[InstanceSettings],
    report: SyncReport,
    forced: bool,
    on_progress: Told | None,
) -> None:
    paused = {state.name for state in await store.run(store.instances) if state.paused_at is not None}
    ready = [one for one in instances if one.abilities & WRITES and one.name not in paused]
    await together(deliver(workshop, store, instance, report, forced, on_progress) for instance in ready)


def _runnable(
    chosen: Sequence[InstanceSettings], states: Sequence[InstanceState], report: SyncReport
) -> list[InstanceSettings]:
    """Return the instances that are not paused, and report the others: a person's own pause is no failure."""
    paused = {state.name: state for state in states if state.paused_at is not None}
    for instance in chosen:
        state = paused.get(instance.name)
        if state is None:
            continue
        todo = f'run "hub resume {state.name}"'
        if state.paused_by == "person":
            skipped = f"paused by a person: {state.paused_reason}; to go on, {todo}"
            report.streams.append(StreamReport(state.name, "", "", "", skipped=skipped))
        else:
            report.problems.append(f'instance "{state.name}" is paused: {state.paused_reason}; then {todo}')
    return [instance for instance in chosen if instance.name not in paused]
