"""What the customer writes otherwise afterwards is told in the cases that know the old words: once for each edit."""

from pathlib import Path
from typing import Any

import pytest

from hub.routing.destinations import Destinations
from hub.store import Place
from tests.desk.engine import Bench
from tests.desk.server import Desk, Served
from tests.unit.store.pages import mention, new_store, page


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def bench(tmp_path: Path, desk: Desk) -> Any:
    new_store(tmp_path).close()
    with Served(desk) as served:
        yield Bench(tmp_path, served.url)


def say(bench: Bench, body: str, source_id: str = "1", **facts: Any) -> None:
    """Let the source show a message; as often as it is read."""
    for _ in range(2):
        with bench.store() as store:
            draft = mention(source_id, thread="1", body=body, **facts)
            store.checkpoint(page(draft, now=bench.clock(), destinations=Destinations(("desk",))))
    bench.clock.push(seconds=1)


def work(bench: Bench) -> None:
    for _ in range(3):
        bench.work()
        bench.clock.push(minutes=5)
        bench.read()


def told(desk: Desk, case: str = "C-1") -> list[str]:
    return [comment["text"] for comment in desk.cases[case].comments]


def test_every_edit_is_told_once_also_one_that_takes_back_another(bench: Bench, desk: Desk) -> None:
    say(bench, "all is well")
    work(bench)
    for body in ("they stole my money", "all is well", "they stole my money"):
        say(bench, body)
        work(bench)
    assert desk.cases["C-1"].text == "all is well"
    assert told(desk) == ["they stole my money", "all is well", "they stole my money"]


def test_an_edit_is_told_in_the_case_that_the_ticket_waits_for_too(bench: Bench, desk: Desk) -> None:
    say(bench, "all is well")
    work(bench)
    bench.escalate("1", "cards")
    work(bench)
    say(bench, "they stole my money")
    work(bench)
    assert told(desk, "C-2") == ["they stole my money"]
    assert told(desk)[-1] == "they stole my money"


def test_what_waits_tells_the_words_as_they_are_when_it_is_sent(bench: Bench, desk: Desk) -> None:
    say(bench, "all is well")
    say(bench, "they stole my money")
    work(bench)
    say(bench, "where are you?", "2")
    say(bench, "where are you??!", "2")
    say(bench, "a robbery")
    say(bench, "a robbery!")
    work(bench)
    assert desk.cases["C-1"].text == "they stole my money"
    assert sorted(told(desk)) == ["a robbery!", "where are you??!"]


def test_blanks_a_hidden_message_and_other_facts_are_nothing_to_tell(bench: Bench, desk: Desk) -> None:
    say(bench, "all is well")
    work(bench)
    say(bench, " all  is well ")
    say(bench, "all is well", sentiment="negative")
    say(bench, "gone", hidden=True)
    work(bench)
    assert told(desk) == []


@pytest.mark.parametrize("effect", ["create", "comment"])
def test_what_is_edited_while_it_is_on_its_way_is_told_after_it(bench: Bench, desk: Desk, effect: str) -> None:
    say(bench, "all is well")
    if effect == "comment":
        work(bench)
        say(bench, "so far so good", "2")
    edited = "2" if effect == "comment" else "1"
    with bench.store() as store:
        [row] = store.outbox_left("desk")
        parcel = store.outbox_parcel(row.n)
        assert parcel is not None
        store.outbox_unsure(row.n, parcel.told_n, parcel.told)
        say(bench, "they stole my money", edited)
        assert len(store.outbox_left("desk")) == 1
        place = Place("desk", "desk", "the desk", "C-1" if effect == "create" else "C-1-1")
        store.outbox_made(row.n, parcel.told_n, place, None, parcel.told)
        store.outbox_finished(row.n)
        [left] = store.outbox_left("desk")
    assert (left.effect, left.edited, len(left.messages)) == ("comment", True, 1)


def test_a_case_that_is_done_is_told_as_the_helpdesk_opens_it_again(bench: Bench, desk: Desk) -> None:
    say(bench, "all is well")
    work(bench)
    desk.change("C-1", state="done")
    work(bench)
    say(bench, "they stole my money")
    work(bench)
    assert told(desk) == ["they stole my money"]
