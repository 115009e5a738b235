"""``hub run``: one process that reads on a schedule and works off what waits, until it is told to stop."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hub.runtime.collector import relaxed_collector
from hub.runtime.condition import Conditions
from hub.runtime.config import Settings
from hub.runtime.rounds import Rounds
from hub.runtime.rules import rules_in_force
from hub.runtime.sources import Workshop
from hub.runtime.systemd import notify, watchdog_s
from hub.runtime.transport import Transport
from hub.sdk import ConfigError, HubError
from hub.store import Store
from hub.store.machine import Lock, digest, is_held, shared_folder, try_lock

GRACE_S = 8.0
"""How long what is under way may take to come to the end of its page."""

_FOLDER = "daemons"
_log = logging.getLogger(__name__)


class Daemon:
    """One run of ``hub run``.

    Args:
        settings: to begin with.
        load: reads settings anew; what is wrong with any instance is raised.
        store: where everything goes.
        beside: run beside the rounds for as long as the daemon runs, such as a server; given the daemon itself.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        store: Store,
        beside: "Callable[[Daemon], Coroutine[Any, Any, None]] | None" = None,
    ) -> None:
        self._load = load
        self._store = store
        self._beside = beside
        self._stop = asyncio.Event()
        self._stops = 0
        self._reload = asyncio.Event()
        self.conditions = Conditions()
        self.rounds: Rounds | None = None
        self.settings = settings

    @property
    def is_ready(self) -> bool:
        """Whether it reads and delivers: settings are in force, it is not about to stop, and the store works."""
        return self.rounds is not None and not self._stop.is_set() and self.conditions.store is None

    async def run(self, config: Path) -> None:
        """Run until a signal ends it.

        Args:
            config: the file of the settings; by it "hub reload" finds this process.
        Raises:
            ConfigError, RulesError: the settings or the rules are wrong at the start.
            StoreError: the store cannot be opened.
        """
        with relaxed_collector(), _registered(config):
            async with Transport() as transport:
                self.rounds = Rounds(self._workshop(self.settings, transport), self._store, self.conditions)
                await self._store.run(self.rounds.recall)
                self._listen_for_signals()
                beside = [asyncio.create_task(self._beside(self))] if self._beside is not None else []
                notify("READY=1")
                _log.warning("running", extra={"instances": len(self.settings.instances), "pid": os.getpid()})
                try:
                    await self._until_stopped(self.rounds, transport)
                finally:
                    notify("STOPPING=1")
                    late = await self.rounds.stop(GRACE_S)
                    for task in beside:
                        task.cancel()
                    await asyncio.gather(*beside, return_exceptions=True)
                    _log.warning("stopped; the last checkpoint is kept", extra={"ended_in_the_middle": late})

    def stop(self) -> None:
        """Come to an end: the first call lets pages under way finish, a second one does not."""
        self._stops += 1
        self._stop.set()
        if self._stops > 1 and self.rounds is not None:
            self.rounds.hurry()

    def reload(self) -> None:
        """Read settings and rules anew; should something be wrong with them, nothing changes."""
        self._reload.set()

    # --- the loop -------------------------------------------------------------------------------------------------

    async def _until_stopped(self, rounds: Rounds, transport: Transport) -> None:
        beat = asyncio.create_task(self._show_life())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                if self._reload.is_set():
                    self._reload.clear()
                    await self._swap(rounds, transport)
                turn = asyncio.create_task(rounds.round())
                await asyncio.wait({turn, stopped}, return_when=asyncio.FIRST_COMPLETED)
                if not turn.done():
                    turn.cancel()
                    with suppress(asyncio.CancelledError):
                        await turn
                else:
                    turn.result()
        finally:
            beat.cancel()
            stopped.cancel()

    async def _show_life(self) -> None:
        every = watchdog_s()
        while every is not None:
            notify("WATCHDOG=1")
            await asyncio.sleep(every / 3)

    async def _swap(self, rounds: Rounds, transport: Transport) -> None:
        notify("RELOADING=1")
        try:
            settings = await asyncio.to_thread(self._load)
            workshop = await asyncio.to_thread(self._workshop, settings, transport, strict=True)
            rounds.swap(workshop)
        except HubError as error:
            _log.error("nothing was reloaded: the settings or rules are wrong", extra={"error": str(error)})
        else:
            self.settings = settings
            _log.warning("reloaded", extra={"instances": len(settings.instances)})
        notify("READY=1")

    def _workshop(self, settings: Settings, transport: Transport, *, strict: bool = False) -> Workshop:
        in_force = rules_in_force(settings.rules, self._store)
        if in_force.problem:
            if strict:
                raise ConfigError(in_force.problem)
            _log.error("rules are wrong", extra={"problem": in_force.problem})
        for name, told in settings.broken.items():
            _log.error("instance cannot be started", extra={"instance": name, "problem": told})
        return Workshop(settings, transport, rules=in_force.load)

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)


# --- finding one another ----------------------------------------------------------------------------------------------


@contextmanager
def _registered(config: Path) -> Iterator[None]:
    """Let other processes of this user find this one by its settings."""
    path = shared_folder(_FOLDER) / f"{digest(str(config.resolve()))}-{os.getpid()}"
    held: Lock | None = try_lock(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        if held is not None:
            held.release()


def running(config: Path) -> list[int]:
    """Return the process ids of the daemons that run on the settings *config*."""
    found: list[int] = []
    for path in shared_folder(_FOLDER).glob(f"{digest(str(config.resolve()))}-*"):
        if is_held(path):
            found.append(int(path.name.rsplit("-", 1)[1]))
        else:
            path.unlink(missing_ok=True)
    return sorted(found)


def reload_all(config: Path) -> list[int]:
    """Tell every daemon that runs on the settings in *folder* to read them anew; return their process ids."""
    told = running(config)
    for process in told:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGHUP)
    return told
