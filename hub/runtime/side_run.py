"""What an instance does beside its streams, by name: one run at a time, and how it fares is kept as a stream's.

A vendor that is down is left alone for growing intervals, over restarts; faults that wait for a person pause the
instance.
"""

import logging
from collections.abc import Awaitable, Callable

from hub.pipeline.reference import with_references
from hub.pipeline.source import Source, utc_now
from hub.runtime.config import InstanceSettings
from hub.runtime.faults import asked_wait, own_fault, pause, told_waiting, waits
from hub.runtime.reports import SyncReport
from hub.runtime.sources import Workshop
from hub.sdk import AuthError, ConfigError, HubError, StoreError
from hub.store import Store, StreamKey, StreamState
from hub.store.machine import Lock

_log = logging.getLogger(__name__)


def side_key(instance: str, work: str) -> StreamKey:
    """Return the name under which it is kept how *work* fares."""
    return StreamKey(instance, "", "poll", work, work)


def side_lock(store: Store, instance: str, work: str) -> Lock | None:
    """Return the lock of *work*, or None: another run of it is under way."""
    return store.lock("beside", instance, work)


class SideRun:
    """One kind of work of one instance."""

    def __init__(
        self, workshop: Workshop, store: Store, instance: InstanceSettings, report: SyncReport, work: str
    ) -> None:
        self.workshop, self.store, self.name, self.report = workshop, store, instance.name, report
        self._instance, self._work = instance, work

    def lock(self) -> Lock | None:
        """Return its lock, or None: another run is under way."""
        return side_lock(self.store, self.name, self._work)

    async def state(self) -> StreamState | None:
        """Return how it fared; None: it never ran."""
        found = await self.store.run(self.store.streams, self.name, "")
        return next((state for state in found if state.name == self._work), None)

    def waiting(self, state: StreamState | None, what: str) -> str | None:
        """Return until when and why it is left alone after how it fared, *what* being said of it; None: it may run."""
        return told_waiting(self.name, state, what) if state is not None and waits(state, utc_now()) else None

    async def source(self) -> Source:
        """Return the instance with its references."""
        known = await self.store.run(self.store.recall, self.name, utc_now())
        return (await with_references(self.workshop.source(self._instance), self.store, known.references)).source

    async def finish(self, work: Callable[[], Awaitable[HubError | None]]) -> str | None:
        """Run *work*, which returns the error that it ended with; keep how it went.

        Returns:
            The error, for people.
        Raises:
            StoreError: the store cannot be written.
        """
        try:
            error = await work()
        except StoreError:
            raise
        except (AuthError, ConfigError) as raised:
            await pause(self.store, self._instance, raised, self.report)
            error = raised
        except HubError as raised:
            error = raised
        except Exception as raised:  # a connector's own fault must not stop the others
            _log.exception("%s failed", self._work, extra={"instance": self.name})
            error = HubError(own_fault(raised))
        return await self.ended(error)

    async def ended(self, error: HubError | None = None) -> str | None:
        """Keep that it ended, well unless with *error*; return that for people."""
        told = None if error is None else str(error)
        await self.store.run(self.store.stream_finished, side_key(self.name, self._work), told, asked_wait(error))
        return told
