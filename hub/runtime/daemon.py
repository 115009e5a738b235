"""``hub run``: one process that reads on a schedule and works off what waits, until it is told to stop."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.pipeline.source import utc_now
from hub.runtime.collector import relaxed_collector
from hub.runtime.condition import Conditions
from hub.runtime.config import Settings
from hub.runtime.daemons import Registration, registered
from hub.runtime.renamed import readdress
from hub.runtime.rounds import Rounds
from hub.runtime.rules import rules_in_force
from hub.runtime.sources import Workshop
from hub.runtime.systemd import notify, watchdog_s
from hub.runtime.transport import Transport
from hub.sdk import ConfigError, HubError, StoreError, Webhook
from hub.store import Store

if TYPE_CHECKING:
    from hub.runtime.metrics import Exposition

GRACE_S = 6.0
"""How long what is under way may take to come to the end of its page."""

_LONGEST_QUIET_S = 30.0
_BOUND = ("store", "listen")  # the settings that only a start takes
_STUCK_S = 300.0  # no round began for so long: this process will not come to itself again
_log = logging.getLogger(__name__)


class Daemon:
    """One run of ``hub run``.

    Args:
        settings: to begin with.
        load: reads settings anew; what is wrong with any instance is raised.
        store: where everything goes.
    """

    def __init__(
        self,
        settings: Settings,
        load: Callable[[], Settings],
        store: Store,
    ) -> None:
        self._load = load
        self._store = store
        self._stop = asyncio.Event()
        self._stops = 0
        self._reload = asyncio.Event()
        self._round_at = time.monotonic()
        self._exposition: Exposition | None = None
        self._seen = 0
        self.conditions = Conditions()
        self.rounds: Rounds | None = None
        self.settings = settings

    @property
    def quiet_s(self) -> float:
        """How long ago the last round began, seconds."""
        return time.monotonic() - self._round_at

    @property
    def longest_quiet_s(self) -> float:
        """How long a round may take before something is wrong with this process."""
        return _LONGEST_QUIET_S

    def told(self) -> dict[str, dict[str, Any]]:
        """Return how every instance fares, for programs."""
        return {
            name: {
                "ok": known.error is None,
                "error": known.error,
                "last_ok_at": known.ok_at and known.ok_at.isoformat(),
            }
            for name, known in self.conditions.polls.items()
        } | {
            name: {"ok": False, "error": told, "last_ok_at": None}
            for name, told in self.settings.broken_instances.items()
        }

    async def metrics(self) -> str:
        """Return figures in Prometheus' text form."""
        from hub.runtime.metrics import Exposition

        if self._exposition is None:
            self._exposition = Exposition(self.conditions, self._store, self._seen)
        return await self._exposition.text(utc_now())

    def receives(self, name: str) -> bool:
        """Whether an instance of that name takes its vendor's calls."""
        instance = self.settings.instances.get(name)
        return instance is not None and "receive" in instance.abilities

    def verified(self, name: str, webhook: Webhook) -> Sequence[str]:
        """Return which streams of an instance a vendor's call says have news; empty: any may.

        Raises:
            AuthError: it is not the vendor's.
        """
        assert self.rounds is not None  # noqa: S101 - the doors open after the rounds began
        return self.rounds.source(name).hooks.receive(webhook=webhook)

    def hinted(self, name: str, streams: Sequence[str]) -> None:
        """Poll an instance soon, for its vendor said that *streams* have news."""
        if self.rounds is not None:
            self.rounds.ask(name, streams)

    @property
    def is_ready(self) -> bool:
        """Whether it reads and delivers: settings are in force, it is not about to stop, and the store works."""
        return self.rounds is not None and not self._stop.is_set() and self.conditions.store is None

    async def run(self, config: Path) -> None:
        """Run until a signal ends it.

        Args:
            config: the file of the settings; by it "hub reload" finds this process.
        Raises:
            ConfigError, RulesError: the settings or the rules are wrong at the start, or no instance can be started.
            StoreError: the store cannot be opened, or nobody can take locks beside it.
        """
        self._listen_for_signals()  # before anybody finds this process: an unexpected SIGHUP would end it
        self._refuse_to_idle()
        with relaxed_collector(), registered(config) as registration, await self._store.run(self._store.daemon_lock):
            async with Transport() as transport:
                self.rounds = Rounds(self._workshop(self.settings, transport), self._store, self.conditions)
                await self._store.run(self.rounds.recall)
                self._seen = await self._store.run(self._store.last_event)
                await self._store.run(readdress, self.settings, self._store)
                doors = self._open_doors()
                notify("READY=1")
                self._tell_broken(registration)
                # Short lines have no date and no zone: both are told once.
                began = utc_now().astimezone().isoformat(timespec="seconds")
                _log.info(
                    "running", extra={"instances": len(self.settings.instances), "pid": os.getpid(), "began": began}
                )
                try:
                    await self._until_stopped(self.rounds, transport, registration)
                finally:
                    notify("STOPPING=1")
                    late = await self.rounds.stop(GRACE_S)
                    if doors is not None:
                        doors.cancel()
                        await asyncio.gather(doors, return_exceptions=True)
                    _log.info("stopped; the last checkpoint is kept", extra={"ended_in_the_middle": late})

    def _refuse_to_idle(self) -> None:
        """Raise a ConfigError if there are instances and none of them can be started."""
        broken = self.settings.broken_instances
        if broken and not self.settings.instances:
            raise ConfigError(
                "\n".join([*broken.values(), "no instance can be started, so nothing runs; mend it first"])
            )

    def _tell_broken(self, registration: Registration) -> None:
        """Let everybody know what cannot be started."""
        broken = self.settings.broken_instances
        self.conditions.broken = broken
        registration.cannot_start(broken)
        for name, told in broken.items():
            _log.error("instance cannot be started", extra={"instance": name, "problem": told})
        others = [told for name, told in self.settings.broken.items() if name not in broken]
        self.conditions.problems_are("settings", others)

    def _open_doors(self) -> "asyncio.Task[None] | None":
        """Begin to answer over HTTP, if the settings want it; where nobody asked for it, it may fail."""
        if self.settings.listen is None:
            return None
        from hub.runtime.http import listening, serve  # a daemon with closed doors needs no web server

        try:
            at = listening(self.settings.listen)
        except ConfigError as error:
            if self.settings.listen_told:
                raise
            _log.error("nothing is answered over HTTP", extra={"error": str(error)})
            return None
        return asyncio.create_task(serve(self, at))

    def stop(self) -> None:
        """Come to an end: the first call lets pages under way finish, a second one does not."""
        self._stops += 1
        self._stop.set()
        if self._stops == 1:
            _log.info("stopping; pages under way are finished, a second Ctrl-C or SIGTERM ends at once")
        elif self.rounds is not None:
            self.rounds.hurry()

    def reload(self) -> None:
        """Read settings and rules anew; should something be wrong with them, nothing changes."""
        self._reload.set()

    # --- the loop -------------------------------------------------------------------------------------------------

    async def _until_stopped(self, rounds: Rounds, transport: Transport, registration: Registration) -> None:
        beat = asyncio.create_task(self._show_life())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            while not self._stop.is_set():
                turn = asyncio.create_task(self._turn(rounds, transport, registration))
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

    async def _turn(self, rounds: Rounds, transport: Transport, registration: Registration) -> None:
        """Take new settings if somebody asked for it, and go one round."""
        if self._reload.is_set():
            self._reload.clear()
            began = time.monotonic_ns()
            problem = await self._swap(rounds, transport)
            if problem is None:
                self._tell_broken(registration)
            registration.answer(began, problem)
        self._round_at = time.monotonic()
        await rounds.round()

    async def _show_life(self) -> None:
        every = watchdog_s()
        while every is not None:
            if self.quiet_s < _STUCK_S:
                notify("WATCHDOG=1")
            await asyncio.sleep(every / 3)

    async def _swap(self, rounds: Rounds, transport: Transport) -> str | None:
        """Read settings and rules anew; return what was wrong with them, so that all stayed as it was."""
        notify(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")
        try:
            settings = await asyncio.to_thread(self._load)
            self._require_same(settings)
            workshop = await asyncio.to_thread(self._workshop, settings, transport, strict=True)
            changed = rounds.swap(workshop)
        except HubError as error:
            _log.error("nothing was reloaded: the settings or rules are wrong", extra={"error": str(error)})
            return str(error)
        except Exception as error:  # whatever is wrong with a file, what runs goes on
            _log.exception("nothing was reloaded: the settings or rules cannot be used")
            return f"{type(error).__name__}: {error}; its log says where"
        else:
            self.settings = settings
            _log.info("reloaded", extra={"instances": len(settings.instances)})
            await self._follow(rounds, settings, changed)
            return None
        finally:
            notify("READY=1")

    async def _follow(self, rounds: Rounds, settings: Settings, changed: Sequence[str]) -> None:
        """Try at once what may be mended, and let what waits for instances that were renamed find them; the new
        settings are in force whether the store takes that or not."""
        try:
            if changed:
                await self._store.run(self._store.forget_waits, changed)
            await self._store.run(readdress, settings, self._store)
        except StoreError as error:
            _log.error(
                "instances that were changed or renamed still wait as before;"
                ' run "hub sync" for the former, "hub reload" for the latter, once the store works',
                extra={"error": str(error)},
            )
        for name in changed:
            rounds.ask(name)

    def _require_same(self, settings: Settings) -> None:
        """Raise a ConfigError if something is different that is bound at the start."""
        for name in _BOUND:
            if getattr(settings, name) != getattr(self.settings, name):
                raise ConfigError(
                    f'"{name}" is different and needs a restart of "hub run"; until then all stays as it was'
                )

    def _workshop(self, settings: Settings, transport: Transport, *, strict: bool = False) -> Workshop:
        in_force = rules_in_force(settings.rules, self._store)
        if in_force.problem:
            if strict:
                raise ConfigError(in_force.problem)
            _log.error("rules are wrong", extra={"problem": in_force.problem})
        conditions = self.conditions
        return Workshop(
            settings,
            transport,
            on_wait=lambda name, *_: conditions.waited(name),
            on_limit=conditions.limited,
            rules=in_force.load,
        )

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, self.reload)
