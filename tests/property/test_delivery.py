"""Whatever fails and whenever the process dies: each ticket has one case, told each message once, and is on hold.

A process dies before or after any step that leaves it: a request to the desk, a word to the store. What the desk or the
store had done by then stays done. Everything goes over real HTTP.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hub.pipeline.deliver import OutboxRun
from hub.runtime.transport import Transport
from hub.sdk import HubError, Request, Response
from hub.store import Store
from tests.desk.engine import Bench, Clock
from tests.desk.server import Desk, Served
from tests.unit.store.pages import mention, new_store, page

T = TypeVar("T")
THREADS = ("a", "b", "c")
DEADLY = 40  # steps among which the process dies; a run without faults takes fewer
LIVES = 12  # undisturbed ones, at most, until all is done
FAULTS = st.lists(st.sampled_from((None, None, None, "lost", "late", "error", "busy")), max_size=8)


class Killed(BaseException):
    """The process is gone: whatever it would do next does not happen."""


@dataclass
class Mortal:
    """A process that dies at its step number *at*, before or after that step has its effect; None: it lives."""

    at: int | None
    after: bool
    steps: int = 0

    @property
    def dead(self) -> bool:
        return self.at is not None and self.steps > self.at

    async def step(self, call: Callable[[], Any]) -> Any:
        if self.dead:
            raise Killed
        mine = self.steps
        self.steps += 1
        if mine == self.at and not self.after:
            raise Killed
        result = await call()
        if self.dead:
            raise Killed
        return result


async def run(bench: Bench, store: Store, mortal: Mortal) -> None:
    """Work the outbox off, as one process."""
    whole = store.run

    async def told(call: Callable[..., T], *args: Any, **named: Any) -> T:
        result: T = await mortal.step(lambda: whole(call, *args, **named))
        return result

    store.run = told  # type: ignore[method-assign]
    async with Transport() as transport:
        send = bench.sender(transport)

        async def asked(request: Request) -> Response:
            response: Response = await mortal.step(lambda: send(request))
            return response

        await OutboxRun(bench.source(asked), store, forced=True).finish()


def process(bench: Bench, mortal: Mortal) -> None:
    """One life of the hub: until it is done, fails, or dies."""
    with bench.store() as store, suppress(Killed, HubError):
        asyncio.run(asyncio.wait_for(run(bench, store, mortal), 30))


def story(folder: Path, deaths: list[tuple[int, bool]], faults: list[Any], index_s: int, reads: bool) -> None:
    clock = Clock()
    desk = Desk(clock.monotonic, index_s)
    new_store(folder).close()
    with Served(desk) as served:
        bench = Bench(folder, served.url, clock, {"index_s": index_s, "timeout": "2s"})
        for thread in THREADS:
            bench.put(f"{thread}1", thread=thread)
            bench.escalate(thread)
        desk.faults.extend(faults)
        for number, (at, after) in enumerate(deaths):
            process(bench, Mortal(at, after))
            clock.push(seconds=1)
            if number == 0:
                with bench.store() as store:
                    store.checkpoint(page(mention("a2", thread="a"), now=clock()))
            if reads:
                with suppress(HubError):
                    bench.read()
        lives = 0
        while left(bench):
            lives += 1
            assert lives <= LIVES, "something is never done"
            process(bench, Mortal(None, False))
            clock.push(minutes=5)
        check(bench, desk)


def left(bench: Bench) -> bool:
    with bench.store() as store:
        return bool(store.outbox_left())


def check(bench: Bench, desk: Desk) -> None:
    with bench.store() as store:
        assert store.summary().tickets == len(THREADS)
    assert set(desk.by_marker().values()) == {1}, "a ticket has two cases"
    assert len(desk.cases) == len(THREADS)
    said = Counter(word for case in desk.cases.values() for word in case.text.splitlines())
    said.update(word for case in desk.cases.values() for comment in case.comments for word in [comment["text"]])
    assert said == Counter({"text of a1": 1, "text of a2": 1, "text of b1": 1, "text of c1": 1})
    for thread in THREADS:
        ticket = bench.ticket(thread)
        assert ticket.state == "on_hold"
        assert [link.external_id for link in ticket.links] == [
            case.id for case in desk.cases.values() if case.text.startswith(f"text of {thread}1")
        ]


# A story takes a second: shrinking one that fails would take minutes, and any of them is short enough to read.
@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(
    deaths=st.lists(st.tuples(st.integers(0, DEADLY), st.booleans()), min_size=1, max_size=4),
    faults=FAULTS,
    index_s=st.sampled_from((0, 0, 20)),
    reads=st.booleans(),
)
def test_each_ticket_has_one_case_whatever_fails_and_whenever_the_process_dies(
    deaths: list[tuple[int, bool]], faults: list[Any], index_s: int, reads: bool
) -> None:
    with TemporaryDirectory() as folder:
        story(Path(folder), deaths, faults, index_s, reads)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(16))
def test_a_death_at_each_single_step_leaves_one_case(tmp_path: Path, at: int, after: bool) -> None:
    story(tmp_path, [(at, after)], [], 20, reads=False)
