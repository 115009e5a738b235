"""Acts at a source: marks in one batch, what is public alone; a failure sets only its own item back."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

import pytest

from hub.pipeline.acting import ActsRun, batches
from hub.pipeline.deliver import Worked
from hub.pipeline.source import Source
from hub.sdk import (
    Action,
    ActionName,
    ActionResult,
    AuthError,
    Connector,
    ConnectorConfig,
    ConnectorSpec,
    HubError,
    Request,
    Response,
    SourceError,
    Steps,
    TransientError,
)
from hub.store import Act, Answering, Store
from tests.unit.pipeline.script import QUICK
from tests.unit.store.pages import NOW, mention, page

Outcome = HubError | str | None
"""What becomes of an action: an error behind its failure, the word of a refusal, or nothing: it is done."""


class Marks(Connector[ConnectorConfig]):
    """Sends one request for a batch; what becomes of each action is written down by its record's id."""

    name = "marks"
    Config = ConnectorConfig
    actions: ClassVar[frozenset[ActionName]] = frozenset(("reply", "add_tags", "report"))
    outcomes: ClassVar[dict[str, deque[Outcome]]] = {}
    seen: ClassVar[list[list[Action]]] = []

    def act(self, actions: Sequence[Action]) -> Steps:
        self.seen.append(list(actions))
        yield Request("POST", "/acts", json=[one.source_id for one in actions])
        return tuple(map(self._result, actions))

    def _result(self, action: Action) -> ActionResult:
        waiting = self.outcomes.get(action.source_id)
        outcome = waiting.popleft() if waiting else None
        if outcome is None:
            return ActionResult(action, "sent", "taken")
        cause = outcome if isinstance(outcome, HubError) else None
        return ActionResult(action, "failed", str(outcome), cause)


@pytest.fixture
def marks() -> type[Marks]:
    Marks.outcomes, Marks.seen = {}, []
    return Marks


ANSWERING = Answering(can={"one": frozenset(("reply", "add_tags", "report"))})


def ask(store: Store, name: str, *acts: Act, answering: Answering = ANSWERING) -> None:
    """Let the customer say something, and ask for *acts* on it."""
    store.checkpoint(page(mention(name)))
    ticket = next(str(one.id) for one in store.iter_tickets() if one.thread == name)
    for act in acts:
        store.ask_act(ticket, act, answering)


def tagged(store: Store, *names: str) -> None:
    for name in names:
        ask(store, name, Act("add_tags", ("hot",)))


def work(store: Store, *, now: datetime = NOW, fails: HubError | None = None, **options: Any) -> Worked:
    """Work off what is due; every request is answered well, or *fails*."""

    async def send(request: Request) -> Response:
        if fails is not None:
            raise fails
        return Response(200, {}, b"{}", request)

    connector = Marks(ConnectorConfig(connector="marks"))
    source = Source("one", connector, cast(ConnectorSpec, connector), send, policy=QUICK, now=lambda: now)
    store._now = lambda: now  # the store's clock goes with the run's
    return asyncio.run(asyncio.wait_for(ActsRun(source, store, Worked(), **options).finish(), 10))


def batch_ids(marks: type[Marks]) -> list[list[str]]:
    return [[action.source_id for action in batch] for batch in marks.seen]


def test_marks_of_many_tickets_go_in_one_batch_and_replies_alone(store: Store, marks: type[Marks]) -> None:
    tagged(store, "1", "2", "3")
    ask(store, "4", Act("reply", text="a"))
    ask(store, "5", Act("reply", text="b"))
    assert work(store).sent == 5
    assert batch_ids(marks) == [["1", "2", "3"], ["4"], ["5"]]
    assert store.outbox_left() == []


def test_the_order_of_a_ticket_is_kept(store: Store) -> None:
    ask(store, "1", Act("reply", text="a"), Act("add_tags", ("x",)), Act("report"))
    ask(store, "2", Act("add_tags", ("x",)), Act("reply", text="b"))
    found = [[(row.act["source_id"], row.act["name"]) for row in one] for one in batches(store.acts_due("one"))]
    assert found == [[("2", "add_tags")], [("1", "reply")], [("2", "reply")], [("1", "add_tags")], [("1", "report")]]


def test_what_is_dropped_after_it_was_looked_up_is_not_sent(store: Store, marks: type[Marks]) -> None:
    ask(store, "1", Act("reply", text="a"))
    ask(store, "2", Act("reply", text="b"))
    second = store.acts_due("one")[1]

    class Dropping(deque[Outcome]):
        def popleft(self) -> Outcome:
            store.outbox_drop([second.n])
            return super().popleft()

    marks.outcomes = {"1": Dropping([None])}
    assert work(store).sent == 1
    assert batch_ids(marks) == [["1"]]


def test_a_refusal_sets_its_item_aside_with_the_sources_words_and_no_other(store: Store, marks: type[Marks]) -> None:
    tagged(store, "1", "2", "3")
    marks.outcomes = {"2": deque(["the mention is archived"])}
    worked = work(store)
    assert (worked.sent, worked.set_aside, worked.failed) == (2, 1, 0)
    [row] = store.outbox_left()
    assert (row.state, row.error, row.act["source_id"]) == ("failed", "the mention is archived", "2")
    assert worked.problems == [f"delivery {row.n} (add_tags of ticket {row.ticket[:8]}): the mention is archived"]


def test_what_may_pass_is_tried_again_later_over_restarts(store: Store, marks: type[Marks]) -> None:
    tagged(store, "1", "2")
    marks.outcomes = {"1": deque([TransientError("503"), TransientError("503")])}
    assert work(store).failed == 1
    [row] = store.outbox_left()
    assert (row.attempts, row.state) == (1, "waiting")
    assert work(store).sent == 0, "it waits for its time"
    assert work(store, now=NOW + timedelta(minutes=1)).down is not None, "alone, it says that the source is away"
    assert work(store, now=NOW + timedelta(minutes=9)).sent == 1


def test_what_keeps_failing_becomes_a_dead_letter(store: Store, marks: type[Marks]) -> None:
    tagged(store, "1", "2")
    page_in_place = SourceError("200 from POST /acts: a web page", retry=True)
    marks.outcomes = {"1": deque([page_in_place] * 20)}
    for hour in range(12):
        work(store, now=NOW + timedelta(hours=2 * hour))
    [row] = store.outbox_left()
    assert (row.state, row.attempts, row.error) == ("failed", 10, "200 from POST /acts: a web page")


def test_a_source_that_is_down_is_noticed_and_left_alone(store: Store, marks: type[Marks]) -> None:
    for number in range(6):
        ask(store, str(number), Act("reply", text="a"))
    worked = work(store, fails=TransientError("no connection", undone=True))
    assert str(worked.down) == "no connection"
    assert len(marks.seen) == 2, "it is not hammered"
    assert {row.attempts for row in store.outbox_left()} == {0}, "that is not their fault"
    marks.seen.clear()
    assert str(work(store, fails=TransientError("no connection"), probing=True).down) == "no connection"
    assert len(marks.seen) == 1
    assert work(store).sent == 6


def test_refused_credentials_are_raised_and_cost_the_acts_nothing(store: Store, marks: type[Marks]) -> None:
    tagged(store, "1")
    with pytest.raises(AuthError):
        work(store, fails=AuthError("401"))
    assert [(row.state, row.attempts) for row in store.outbox_left()] == [("waiting", 0)]


def test_an_action_that_the_source_lacks_now_is_set_aside_and_the_others_go(store: Store, marks: type[Marks]) -> None:
    tagged(store, "1")
    could = Answering(can={"one": frozenset(("hide",))})
    ask(store, "2", Act("hide"), answering=could)
    worked = work(store)
    assert (worked.sent, worked.set_aside) == (1, 1)
    assert store.outbox_left()[0].error == "one cannot do hide at its source; it can do add_tags, reply, report"


def test_what_was_sent_without_an_answer_is_looked_for_before_it_is_sent_again(
    store: Store, marks: type[Marks]
) -> None:
    ask(store, "1", Act("reply", text="a"))
    work(store, fails=TransientError("the connection broke off"))
    [row] = store.outbox_left()
    assert row.unsure_since == NOW
    marks.seen.clear()
    work(store, now=NOW + timedelta(minutes=1))
    assert marks.seen[0][0].unsure_since == NOW


def test_a_connectors_own_fault_concerns_its_acts_alone(store: Store, marks: type[Marks]) -> None:
    tagged(store, "1")
    ask(store, "2", Act("reply", text="a"))
    marks.outcomes = {"1": cast(Any, 7)}  # no deque: it raises
    worked = work(store)
    assert (worked.sent, worked.failed) == (1, 1)
    assert "AttributeError" in worked.problems[0] or "TypeError" in worked.problems[0]
