"""Both directions for a thousand steps: what we write comes back, and never makes us write again.

Every ticket is delivered to the desk, where people work on it, and many are escalated to a department of the same desk,
whose words and decisions the first are told. Customers write, rules and people escalate, people at the desk comment,
change, close and reopen, an operator sets fields by hand, and polls, sweeps and the outbox run in between, with faults
of the desk and deaths of the process between the desk's answer and our commit. Every write has a cause, a quiet system
writes nothing, and in the end both sides agree.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import orjson
import pytest

from hub.pipeline.deliver import OutboxRun
from hub.pipeline.poll import Run
from hub.routing.destinations import Destinations
from hub.routing.facts import Facts
from hub.sdk import HubError, Read, Request, Response, Ticket, TransientError
from hub.store import Decided, Escalation, Router, Store, StreamKey
from hub.store.links import CLOSED
from tests.desk.connector import STATES
from tests.desk.engine import Bench, Clock
from tests.desk.server import Desk, Fault
from tests.property.test_delivery import Killed, Mortal
from tests.unit.store.pages import mention, new_store, page, rows

T = TypeVar("T")
STEPS = 1000
THREADS = 12
FAULTS: tuple[Fault, ...] = ("lost", "late", "error", "busy")
COMMENT = "we look into it"
QUIET = 12  # rounds in which nothing may be written


def _decide(facts: Facts) -> Decided:
    wanted = (Escalation("desk", "cards"),) if any("claim" in text for text in facts.texts) else ()
    return Decided("normal", escalations=wanted, deliver=("desk",))


class World:
    """The hub and the desk, and everybody who does something to one of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.random = Random(seed)
        self.clock = Clock()
        self.desk = Desk(self.clock.monotonic, index_s=20)
        self.bench = Bench(folder, "http://desk.example", self.clock, {"index_s": 20, "timeout": "2s"})
        new_store(folder).close()
        self.store = self.bench.store()
        self.router = Router(_decide, destinations=Destinations(("desk",)))
        self.said: Counter[str] = Counter()  # messages by thread
        self.causes: Counter[str] = Counter()
        self.ever_closed: set[str] = set()

    # --- what people do -----------------------------------------------------------------------------------------------

    async def customer_writes(self) -> None:
        thread = f"t{self.random.randrange(THREADS)}"
        self.said[thread] += 1
        name = f"{thread}-{self.said[thread]}"
        body = f"{'claim' if self.random.random() < 0.3 else 'word'} {name}"
        draft = mention(name, thread=thread, author=thread, body=body, created_at=self.clock())
        again = mention(name, thread=thread, author=thread, body=body, created_at=self.clock())
        for one in (draft, again):  # every page is read twice
            self.store.checkpoint(page(one, now=self.clock(), router=self.router))
        self.causes["message"] += 1

    async def person_escalates(self) -> None:
        if ticket := self.any_ticket():
            self.causes["escalate"] += self.store.ask_case(str(ticket.id), "desk", "cards").new

    async def operator_sets(self) -> None:
        if ticket := self.any_ticket():
            wanted = self.random.choice(
                ({"state": "solved"}, {"state": "closed"}, {"state": "open"}, {"queue": "vip"}, {})
            )
            back = () if wanted else ("state", "queue")
            done = self.store.set_by_hand(str(ticket.id), wanted, back, self.router)
            self.causes["set"] += len(done.asked)

    async def desk_comments(self) -> None:
        if self.desk.cases:
            self.causes["note"] += 1
            self.desk.say(self.random.choice(list(self.desk.cases)), f"{COMMENT} {self.causes['note']}")

    async def desk_changes(self) -> None:
        if self.desk.cases:
            case = self.random.choice(list(self.desk.cases))
            facts: dict[str, Any] = self.random.choice(
                (
                    {"state": "doing"},
                    {"state": "done"},
                    {"state": "cancelled"},
                    {"state": "todo"},
                    {"assignee": "Anna"},
                    {"department": "Group 2"},
                )
            )
            self.desk.change(case, **facts)
            self.causes["decision"] += 1

    # --- what the hub does --------------------------------------------------------------------------------------------

    async def poll(self) -> None:
        await self.read(sweep=False)

    async def sweep(self) -> None:
        await self.read(sweep=True)

    async def work(self) -> None:
        """Work the outbox off in a process that may die, at a desk that may fail."""
        chance = self.random.random()
        mortal = Mortal(self.random.randrange(12) if chance < 0.3 else None, self.random.random() < 0.5)
        self.causes["accident"] += mortal.at is not None
        if chance > 0.7:
            self.desk.faults.append(self.random.choice(FAULTS))
            self.causes["accident"] += 1
        await self.deliver(mortal)
        self.desk.faults.clear()

    async def time_passes(self) -> None:
        self.clock.push(minutes=self.random.choice((1, 5, 60)))

    async def deliver(self, mortal: Mortal) -> None:
        whole = Store.run.__get__(self.store)

        async def told(call: Callable[..., T], *args: Any, **named: Any) -> T:
            result: T = await mortal.step(lambda: whole(call, *args, **named))
            return result

        async def send(request: Request) -> Response:
            response: Response = await mortal.step(lambda: self.answer(request))
            return response

        self.store.run = told  # type: ignore[method-assign]
        try:
            with suppress(Killed, HubError):
                await OutboxRun(self.bench.source(send), self.store, forced=True).finish()
        finally:
            del self.store.run

    async def read(self, *, sweep: bool) -> None:
        source = self.bench.source(self.answer)
        stream = source.connector.streams({})[0]
        which = stream.sweeps[0] if sweep else None
        mode: Any = "sweep" if sweep else "poll"
        name = which.name if which else ""
        known = {state.name: state for state in self.store.streams("desk", stream.name)}
        cursor = known[""].cursor if "" in known and not sweep else None
        read = Read(stream.name, mode, self.clock(), name=name, cursor=cursor)
        key = StreamKey("desk", stream.name, mode, name)
        await Run(source, self.store, key, read, which, router=self.router).finish()

    async def answer(self, request: Request) -> Response:
        query = "&".join(f"{name}={value}" for name, value in request.params.items())
        status, body = self.desk.answer(request.method, f"{request.path}?{query}", request.json)
        for case in self.desk.cases.values():
            if STATES[case.state] in CLOSED:
                self.ever_closed.add(case.id)
        if status in (0, 429, 500):
            raise TransientError(f"{status} from {request.method} {request.path}")
        return Response(status, {"content-type": "application/json"}, orjson.dumps(body), request)

    # --- looking ------------------------------------------------------------------------------------------------------

    def any_ticket(self) -> Ticket | None:
        found = list(self.store.iter_tickets())
        return self.random.choice(found) if found else None

    def writes(self) -> list[tuple[str, str]]:
        return [(method, path) for method, path in self.desk.asked if method == "POST"]

    def asked(self) -> Counter[str]:
        return Counter(effect for (effect,) in rows(self.store, "SELECT effect FROM outbox"))

    def everything(self) -> list[list[tuple[Any, ...]]]:
        tables = ("tickets", "messages", "ticket_events", "links", "outbox", "relations", "case_problems")
        return [rows(self.store, f"SELECT * FROM {table} ORDER BY 1") for table in tables]

    async def settle(self) -> None:
        """Let the hub do what is left, undisturbed."""
        for _ in range(30):
            before = self.everything()
            await self.round()
            if self.everything() == before and not any(one.state == "waiting" for one in self.store.outbox_left()):
                return
        raise AssertionError("it never comes to rest")

    async def round(self) -> None:
        await self.poll()
        await self.sweep()
        await self.deliver(Mortal(None, after=False))
        self.clock.push(hours=2)


def steps(world: World) -> Iterator[Callable[[], Any]]:
    weights = {
        world.customer_writes: 20,
        world.person_escalates: 6,
        world.operator_sets: 6,
        world.desk_comments: 8,
        world.desk_changes: 12,
        world.poll: 20,
        world.sweep: 4,
        world.work: 18,
        world.time_passes: 6,
    }
    yield from world.random.choices(list(weights), list(weights.values()), k=STEPS)


async def live(world: World) -> None:
    for step in steps(world):
        await step()
    await world.settle()


def check_causes(world: World) -> None:
    """Every write has a cause: what was asked for is bounded by what happened, what was sent by what was asked for."""
    asked, causes = world.asked(), world.causes
    found = list(world.store.iter_tickets())
    waited_for = sum(link.role == "escalated" for ticket in found for link in ticket.links)
    assert asked["create"] <= causes["message"] + causes["escalate"] + len(found)
    assert asked["change"] <= causes["set"] + causes["message"] + 2 * causes["decision"]
    assert asked["comment"] <= 2 * causes["message"] + causes["note"] + waited_for + causes["decision"] + causes["set"]
    assert sum(asked.values()) > STEPS / 20, "too little happened to say anything"
    assert len(world.writes()) <= sum(asked.values()) + causes["accident"]
    assert set(world.desk.by_marker().values()) <= {1}
    assert "" not in world.desk.by_marker()


def check_messages(world: World) -> None:
    """Nothing of what we wrote became a message, and no case was told anything twice."""
    tickets = list(world.store.iter_tickets())
    assert sum(len(_said(ticket, "in")) for ticket in tickets) == world.causes["message"]
    people = [one["text"] for case in world.desk.cases.values() for one in case.comments if not one["marker"]]
    assert sorted(body for ticket in tickets for body in _said(ticket, "note")) == sorted(people)
    owners = {link.external_id: ticket for ticket in tickets for link in ticket.links}
    assert owners.keys() == world.desk.cases.keys()
    for ticket in tickets:
        for link in ticket.links:
            told = Counter(line for text in _ours(world.desk.cases[link.external_id]) for line in text.splitlines())
            customers = set(_said(ticket, "in"))
            twice = {line for line, number in told.items() if number > 1 and not _is_news(line)}
            assert not twice, f"{link.external_id} was told something twice"
            if link.role == "delivered":
                assert _kept(told, customers) == customers, "a helpdesk is told all that the customer says"
                check_relayed(world, ticket, _ours(world.desk.cases[link.external_id]))
            elif link.external_id not in world.ever_closed:
                told_later = "\n".join(_ours(world.desk.cases[link.external_id])[1:])
                assert COMMENT not in told_later, "a department is told what the customer says, and nothing else"
                assert _kept(told, customers) == customers


def check_relayed(world: World, ticket: Ticket, told: list[str]) -> None:
    """The helpdesk knows what every department said, each word of it once, and how it stands there."""
    departments = [world.desk.cases[link.external_id] for link in ticket.links if link.role == "escalated"]
    theirs = [one["text"] for case in departments for one in case.comments if not one["marker"]]
    lines = [line for text in told for line in text.splitlines()]
    assert sorted(line for line in lines if line.startswith(COMMENT)) == sorted(theirs)
    for case in departments:
        news = [line for line in lines if _is_news(line) and re.search(rf"\b{case.id}\b", line)]
        assert sum(line.startswith("Escalated") for line in news) == 1
        assert (" is done (" in news[-1]) == (STATES[case.state] in CLOSED), news


def _said(ticket: Ticket, direction: str) -> list[str]:
    return [message.body for message in ticket.messages if message.direction == direction]


def _is_news(line: str) -> bool:
    return bool(re.match(r"Escalated to desk|desk, .+ is (?:done|working on it again) \(", line))


def _kept(told: Counter[str], customers: set[str]) -> set[str]:
    return {line for line in told if line in customers}


def _ours(case: Any) -> list[str]:
    return [case.text, *(comment["text"] for comment in case.comments if comment["marker"])]


def check_agreement(world: World) -> None:
    """Links say what the desk says; a ticket waits while a case of it is open, unless a person said otherwise."""
    for ticket in world.store.iter_tickets():
        open_cases = 0
        for link in ticket.links:
            case = world.desk.cases[link.external_id]
            assert (link.state, link.assignee, link.department) == (case.state, case.assignee, case.department)
            open_cases += link.role == "escalated" and STATES[case.state] not in CLOSED
        if "state" not in ticket.set_by_hand and ticket.state not in ("solved", "closed"):
            assert (ticket.state == "on_hold") == bool(open_cases), ticket


@pytest.mark.parametrize("seed", [1])
def test_a_thousand_steps_in_both_directions_write_only_what_has_a_cause(tmp_path: Path, seed: int) -> None:
    world = World(tmp_path, seed)
    with world.store:
        asyncio.run(live(world))
        check_causes(world)
        check_messages(world)
        check_agreement(world)
        before, writes = world.everything(), world.writes()

        async def rest() -> None:
            for _ in range(QUIET):
                await world.round()

        asyncio.run(rest())
        assert world.writes() == writes
        assert world.everything() == before
