"""People in the delivered case are told what the department says and decides, and what was answered elsewhere."""

from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.case_news import WORDS, news_of
from hub.routing.destinations import Destinations
from hub.sdk import MessageDraft
from hub.store import Place
from tests.desk.engine import Bench
from tests.desk.server import Desk, Served
from tests.unit.store.pages import NOW, mention, new_store, page

MADE, READ = "desk, cards", "desk, Cards"  # in our words, then in the desk's
HELD = "The ticket is on hold until it is done there."


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def bench(tmp_path: Path, desk: Desk) -> Any:
    """The desk takes tickets as a helpdesk (C-1), and tasks of a department (C-2)."""
    new_store(tmp_path).close()
    with Served(desk) as served:
        yield Bench(tmp_path, served.url)


def put(bench: Bench, *answers: str) -> None:
    said = [
        MessageDraft(source_id=f"out-{text}", created_at=NOW, direction="out", body=text)  # the source's own
        for text in answers
    ]
    draft = mention("1", thread="1")
    draft = draft.model_copy(update={"messages": (*draft.messages, *said)})
    with bench.store() as store:
        store.checkpoint(page(draft, now=bench.clock(), destinations=Destinations(("desk",))))


def both(bench: Bench) -> None:
    put(bench)
    bench.work()
    bench.escalate("1", "cards")
    bench.work()
    bench.work()


def told(desk: Desk, case: str = "C-1") -> list[str]:
    return [comment["text"] for comment in desk.cases[case].comments if comment["marker"]]


def settle(bench: Bench) -> None:
    for _ in range(3):
        bench.read()
        bench.work()


def test_an_escalation_is_told_with_the_address_of_the_case(bench: Bench, desk: Desk) -> None:
    both(bench)
    settle(bench)
    address = "https://desk.example/C-2"
    assert told(desk) == [f"Escalated to {MADE}: {address}. {HELD}"]


def test_what_the_department_says_and_decides_is_told_once_and_in_order(bench: Bench, desk: Desk) -> None:
    both(bench)
    settle(bench)
    desk.say("C-2", "the money goes back")
    desk.change("C-2", state="done")
    settle(bench)
    assert told(desk)[1:] == ["the money goes back", f"{READ} is done (done): https://desk.example/C-2"]
    assert told(desk, "C-2") == [], "the department is not told what it said"
    assert [message.body for message in bench.ticket("1").messages if message.direction == "note"] == [
        "the money goes back"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [("todo", "is working on it again (todo)"), (None, "has deleted the case that the ticket was waiting for")],
)
def test_a_case_that_is_opened_again_or_deleted_is_told_too(
    bench: Bench, desk: Desk, change: str | None, said: str
) -> None:
    both(bench)
    desk.change("C-2", state="done")
    settle(bench)
    if change:
        desk.change("C-2", state=change)
    else:
        desk.change("C-2", state="todo")
        settle(bench)
        desk.delete("C-2")
        bench.clock.push(days=3)
        bench.read(sweep=True)
    settle(bench)
    assert told(desk)[-1] == f"{READ} {said}: https://desk.example/C-2"


def test_a_delivered_case_that_is_still_to_be_made_is_told_after_it_is(bench: Bench, desk: Desk) -> None:
    put(bench)
    with bench.store() as store:
        row = store.ask_case(str(bench.ticket("1").id), "crm").outgoing
        assert row is not None
        store.outbox_made(row.n, 1, Place("crm", "crm", "", "T-1"), None)
    bench.work()
    assert (desk.cases["C-1"].text, told(desk)) == ("text of 1", [f"Escalated to crm: T-1. {HELD}"])


def test_a_ticket_that_is_delivered_later_says_what_it_waits_for(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1", "cards")
    bench.work()
    settle(bench)
    with bench.store() as store:
        store.ask_case(str(bench.ticket("1").id), "desk", role="delivered")
    settle(bench)
    assert told(desk, "C-2") == [f"Escalated to {READ}: https://desk.example/C-1. {HELD}"]


def test_what_operators_write_in_their_case_is_told_nobody(bench: Bench, desk: Desk) -> None:
    both(bench)
    settle(bench)
    before = told(desk)
    desk.say("C-1", "between us")
    desk.say("C-1", "dear customer", "out")
    settle(bench)
    assert (told(desk), told(desk, "C-2")) == (before, [])


def test_an_answer_that_was_given_at_the_source_is_told_once(bench: Bench, desk: Desk) -> None:
    put(bench)
    bench.work()
    for _ in range(2):
        put(bench, "we are glad")
        settle(bench)
    assert told(desk) == ["we are glad"]
    assert len([one for one in bench.ticket("1").messages if one.direction == "out"]) == 1


def test_both_languages_say_every_kind_of_news() -> None:
    assert WORDS["ru"].keys() == WORDS["en"].keys()
    news = {"kind": "done", "instance": "crm", "case": "T-1", "status": "Готово"}
    assert news_of(news, "ru") == "crm: работа закончена (Готово): T-1"
