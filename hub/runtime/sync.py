"""``hub sync``: one poll of each instance, the sweeps that are due, and the search index."""

import time
from collections.abc import Callable, Sequence

from hub.runtime.collector import relaxed_collector
from hub.runtime.config import Settings
from hub.runtime.instance_run import InstanceRun, together
from hub.runtime.reports import Progress, SyncReport
from hub.runtime.sources import Waiting, Workshop
from hub.runtime.transport import Transport
from hub.store import Store


async def sync(
    settings: Settings,
    store: Store,
    names: Sequence[str] = (),
    *,
    on_progress: Callable[[Progress], None] | None = None,
    on_wait: Waiting | None = None,
    sweeps: bool = True,
) -> SyncReport:
    """Poll the instances *names* (all: empty) once, run the sweeps that are due, bring the search index up to date.

    Raises:
        ConfigError: there is no such instance.
        StoreError: the store cannot be read or written; what was committed stays.
    """
    started = time.perf_counter()
    report = SyncReport()
    paused = {state.name: state for state in store.instances() if state.paused_at is not None}
    chosen = settings.pick(names)
    for instance in chosen:
        if instance.name in paused:
            state = paused[instance.name]
            report.problems.append(
                f'instance "{instance.name}" is paused: {state.paused_reason}; then run "hub resume {instance.name}"'
            )
    runnable = [instance for instance in chosen if instance.name not in paused]
    with relaxed_collector():
        async with Transport() as transport:
            workshop = Workshop(settings, transport, on_wait=on_wait)
            runs = (InstanceRun(workshop, store, instance, report, on_progress) for instance in runnable)
            await together(run.sync(sweeps) for run in runs)
        while done := await store.run(store.index_batch):
            report.indexed += done
    report.seconds = time.perf_counter() - started
    return report
