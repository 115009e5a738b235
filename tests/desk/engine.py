"""The pipeline between a store and the desk, with a clock that a test pushes forward."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

from pydantic import SecretStr

from hub.pipeline.deliver import OutboxRun, Worked
from hub.pipeline.poll import Counts, Run
from hub.pipeline.source import Source
from hub.runtime.transport import Transport
from hub.sdk import ConnectorSpec, DestinationMap, Read, Request, Response, Ticket
from hub.store import Router, Store, StreamKey, open_store
from tests.desk.connector import Desk, DeskConfig
from tests.desk.server import KEY
from tests.unit.pipeline.script import QUICK
from tests.unit.store.pages import NOW, mention, page

Send = Callable[[Request], Awaitable[Response]]
MAPPED: DestinationMap[str] = DestinationMap(queue={"claims": "Group 1"}, department={"cards": "Cards"})


@dataclass
class Clock:
    """A clock that stands still until it is pushed."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at

    def push(self, **span: float) -> None:
        self.at += timedelta(**span)

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass
class Bench:
    """A store in *folder*, and the desk at *url* as the instance ``desk``."""

    folder: Path
    url: str
    clock: Clock = field(default_factory=Clock)
    config: dict[str, Any] = field(default_factory=dict)
    key: str = KEY
    name: str = "desk"

    def store(self) -> Store:
        return open_store(f"sqlite:///{self.folder / 'hub.db'}", now=self.clock)

    def connector(self) -> Desk:
        values = {"connector": "desk", "token": SecretStr(self.key), "map": MAPPED, "timeout": "5s", **self.config}
        return Desk(DeskConfig.model_validate(values))

    def source(self, send: Send, **facts: Any) -> Source:
        made = self.connector()
        return Source(self.name, made, cast(ConnectorSpec, made), send, policy=QUICK, now=self.clock, **facts)

    def sender(self, transport: Transport) -> Send:
        connector = self.connector()

        async def send(request: Request) -> Response:
            span = connector.config.timeout
            return await transport.send(
                request, base_url=self.url, auth=connector.auth(), limits=(), account="desk", timeout=span
            )

        return send

    # --- doing it -------------------------------------------------------------------------------------------------

    def put(self, *source_ids: str, thread: str | None = None) -> None:
        """Let the customer say something: each a ticket of its own, or all in one *thread*."""
        with self.store() as store:
            store.checkpoint(page(*(mention(one, thread=thread) for one in source_ids), now=self.clock()))

    def ticket(self, thread: str) -> Ticket:
        with self.store() as store:
            return next(ticket for ticket in store.iter_tickets() if ticket.thread == thread)

    def escalate(self, thread: str, department: str | None = None) -> None:
        with self.store() as store:
            store.ask_case(str(self.ticket(thread).id), "desk", department)

    def work(self, *, abilities: frozenset[str] | None = None, summarize: Any = None, **options: Any) -> Worked:
        """Work off what is due; *abilities*: those that the desk has, unless all of its own."""

        async def run(store: Store, source: Source) -> Worked:
            if abilities is not None:
                vars(source.connector)["abilities"] = lambda config: abilities
            source = replace(source, summarize=summarize) if summarize else source
            return await OutboxRun(source, store, **options).finish()

        worked: Worked = self._with(run)
        return worked

    def read(self, sweep: bool = False, router: Router | None = None) -> Counts:
        """Read the desk's changes, or sweep over its ids."""

        async def run(store: Store, source: Source) -> Counts:
            stream = source.connector.streams({})[0]
            known = {state.name: state for state in store.streams("desk", stream.name)}
            which = stream.sweeps[0] if sweep else None
            mode: Any = "sweep" if sweep else "poll"
            name = which.name if which else ""
            cursor = known[""].cursor if "" in known and not sweep else None
            read = Read(stream.name, mode, self.clock(), name=name, cursor=cursor)
            whole = Run(source, store, StreamKey("desk", stream.name, mode, name), read, which, router=router)
            await whole.finish()
            return whole.counts

        counts: Counts = self._with(run)
        return counts

    def _with(self, run: Callable[[Store, Source], Awaitable[Any]]) -> Any:
        async def go() -> Any:
            async with Transport() as transport:
                with self.store() as store:
                    return await run(store, self.source(self.sender(transport)))

        return asyncio.run(asyncio.wait_for(go(), 30))
