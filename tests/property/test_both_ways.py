"""Decisions here, decisions of people at the desk, our changes, polls and deaths of the process in any order.

Then: one case for each ticket, what people set last is what the ticket has and the desk shows, every message was told
once, and once all is quiet nothing is sent any more. A process dies before or after any of its steps.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from hub.routing.destinations import Destinations
from hub.sdk import HubError
from hub.store import Decided, Router
from tests.desk.engine import Bench, Clock
from tests.desk.server import Desk, Served
from tests.property.test_delivery import Killed, Mortal, left, run
from tests.unit.store.pages import mention, new_store, page

THREADS = ("a", "b")
PRIORITIES = ("low", "normal", "high", "urgent")
QUIET = 3  # rounds at the end in which nothing may happen
LIVES = 12
PLAIN = {"priority": "priority", "queue": "group"}  # of the ticket, and of the desk


class World:
    """A hub with rules that change their mind, a desk with people, and what these said last."""

    def __init__(self, folder: Path, url: str, desk: Desk, clock: Clock) -> None:
        self.bench = Bench(folder, url, clock, {"timeout": "2s"})
        self.desk = desk
        self.clock = clock
        self.ruled: dict[str, Any] = {"priority": "normal", "queue": "claims", "tags": ("a",)}
        self.by_people: dict[tuple[str, str], Any] = {}
        self.said: set[str] = set()
        for thread in THREADS:
            self.say(thread)

    @property
    def router(self) -> Router:
        ruled = Decided(**self.ruled, deliver=("desk",), ruleset="v1")
        return Router(lambda facts: ruled, destinations=Destinations(("desk",)))

    def case(self, thread: str) -> Any:
        return next((one for one in self.desk.cases.values() if one.text.startswith(f"text of {thread}")), None)

    # --- steps ----------------------------------------------------------------------------------------------------

    def say(self, thread: str) -> None:
        """The customer writes, and rules decide anew."""
        name = f"{thread}{len(self.said)}"
        self.said.add(name)
        with self.bench.store() as store:
            store.checkpoint(page(mention(name, thread=thread), now=self.clock(), router=self.router))

    def rule(self, thread: str, priority: str) -> None:
        self.ruled["priority"] = priority
        self.say(thread)

    def operate(self, thread: str, name: str, value: str) -> None:
        """People at the desk decide, who see what was sent there; the hub reads it before it sends anything more."""
        case = self.case(thread)
        if case is None or not self.bench.ticket(thread).links or getattr(case, PLAIN[name]) == value:
            return
        self.poll()  # what we sent was seen to be there, or their word for it could not be told from ours
        self.desk.change(case.id, **{PLAIN[name]: value})
        self.poll()
        self.by_people[thread, name] = value

    def here(self, thread: str, name: str, value: str) -> None:
        """A person decides here."""
        with self.bench.store() as store:
            store.set_by_hand(str(self.bench.ticket(thread).id), {name: value}, router=self.router)
        self.by_people[thread, name] = value

    def poll(self) -> None:
        self.bench.read(router=self.router)

    def work(self, at: int | None, after: bool) -> None:
        """The process works the outbox off, and may die at its step *at*."""
        with self.bench.store() as store, suppress(Killed, HubError):
            asyncio.run(asyncio.wait_for(run(self.bench, store, Mortal(at, after)), 30))
        self.clock.push(seconds=5)

    # --- the end --------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        for _ in range(LIVES):
            self.work(None, after=False)
            self.clock.push(minutes=5)
            self.poll()
            if not left(self.bench):
                break
        else:
            raise AssertionError("something is never done")
        told = len(self.desk.changed)
        for _ in range(QUIET):
            self.poll()
            self.work(None, after=False)
        assert len(self.desk.changed) == told, "it goes round in a circle"

    def check(self) -> None:
        assert set(self.desk.by_marker().values()) == {1}, "a ticket has two cases"
        assert len(self.desk.cases) == len(THREADS)
        texts = [line for case in self.desk.cases.values() for line in case.text.splitlines()]
        texts += [
            line for case in self.desk.cases.values() for one in case.comments for line in one["text"].splitlines()
        ]
        assert sorted(texts) == sorted(f"text of {name}" for name in self.said), "not everything was told once"
        for thread in THREADS:
            ticket, case = self.bench.ticket(thread), self.case(thread)
            for name, there in PLAIN.items():
                assert getattr(ticket, name) == getattr(case, there), f"{name} differs"
                wanted = self.by_people.get((thread, name))
                assert wanted is None or getattr(ticket, name) == wanted, f"{name} is not what people set last"
                if wanted is None or wanted != self.ruled.get(name):  # what we were about to set may be taken for ours
                    assert (name in ticket.set_by_hand) == (wanted is not None), f"{name} is pinned by nobody"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sampled_from(THREADS)),
        st.tuples(st.just("rule"), st.sampled_from(THREADS), st.sampled_from(PRIORITIES)),
        st.tuples(st.just("operate"), st.sampled_from(THREADS), st.just("priority"), st.sampled_from(PRIORITIES)),
        st.tuples(st.just("operate"), st.sampled_from(THREADS), st.just("queue"), st.sampled_from(("vip", "law"))),
        st.tuples(st.just("here"), st.sampled_from(THREADS), st.just("priority"), st.sampled_from(PRIORITIES)),
        st.tuples(st.just("poll")),
        st.tuples(st.just("work"), st.one_of(st.none(), st.integers(0, 25)), st.booleans()),
    ),
    max_size=12,
)


def story(folder: Path, steps: list[tuple[Any, ...]]) -> None:
    clock = Clock()
    desk = Desk(clock.monotonic)
    new_store(folder).close()
    with Served(desk) as served:
        world = World(folder, served.url, desk, clock)
        for name, *rest in steps:
            getattr(world, name)(*rest)
        world.settle()
        world.check()


# As for deliveries: a story takes a while, and any of them is short enough to read.
@settings(max_examples=12, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(steps=STEPS)
def test_both_sides_agree_in_the_end_and_people_have_the_last_word(steps: list[tuple[Any, ...]]) -> None:
    with TemporaryDirectory() as folder:
        story(Path(folder), steps)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("at", range(0, 14, 4))
def test_a_death_between_created_and_our_commit_with_people_quicker_than_us(
    tmp_path: Path, at: int, after: bool
) -> None:
    steps: list[tuple[Any, ...]] = [("work", at, after), ("poll",), ("operate", "a", "priority", "urgent")]
    story(tmp_path, [*steps, ("rule", "a", "low"), ("work", 3, after), ("rule", "b", "high")])


def test_many_turns_in_both_directions_never_loop(tmp_path: Path) -> None:
    turns: list[tuple[Any, ...]] = []
    for number in range(6):
        mine, theirs = PRIORITIES[number % 4], PRIORITIES[(number + 2) % 4]
        turns += [("rule", "b", mine), ("work", None, False), ("poll",), ("operate", "a", "priority", theirs)]
        turns += [("here", "a", "priority", mine), ("work", None, False), ("poll",)]
    story(tmp_path, turns)
