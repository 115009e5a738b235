"""Tickets go to a desk where people work on them, over real HTTP, and what is done there comes back."""

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.pipeline.route import router
from hub.pipeline.summary import WORDS, summary_of
from hub.routing.destinations import Destinations
from hub.routing.facts import Customer
from hub.routing.rules import load_rules
from hub.sdk import Decision, Sla
from hub.store import Router
from tests.desk.engine import Bench
from tests.desk.server import Desk, Served
from tests.unit.store.pages import NOW, mention, new_store, page

RULES = """
builtin: false
rules:
  - name: stolen
    when: {text: [stolen]}
    then: {category: complaint, at_least: 90, queue: claims, tags: [fraud]}
    examples: {match: ["stolen"]}
  - name: chatter
    when: {text: [hello]}
    then: {deliver: none}
    examples: {match: ["hello"]}
  - name: lawyers
    when: {tags: [lawsuit]}
    then: {escalate: {to: law}}
"""


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def bench(tmp_path: Path, desk: Desk) -> Any:
    new_store(tmp_path).close()
    with Served(desk) as served:
        yield Bench(tmp_path, served.url)


@pytest.fixture
def rules(tmp_path: Path) -> Router:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    made = router(lambda: load_rules(path), None, Destinations(("desk",)))
    assert made is not None
    decide, known = made.decide, Customer(known=True)  # who is not known is only proposed for an escalation
    return replace(made, decide=lambda facts: decide(replace(facts, customer=known)))


def put(bench: Bench, text: str, source_id: str = "1", **options: Any) -> None:
    with bench.store() as store:
        store.checkpoint(page(mention(source_id, thread="1", body=text), now=bench.clock(), **options))


def read(bench: Bench, rules: Router) -> None:
    bench.read(router=rules)


def test_a_ticket_reaches_the_desk_with_its_decision_and_comes_back_with_theirs(
    bench: Bench, desk: Desk, rules: Router
) -> None:
    put(bench, "stolen", router=rules)
    assert bench.work().sent == 1
    case = desk.cases["C-1"]
    assert (case.priority, case.group, case.kind, case.tags) == ("urgent", "claims", "complaint", ["fraud"])
    read(bench, rules)
    assert bench.ticket("1").set_by_hand == ()
    desk.change("C-1", priority="high", assignee="Anna", state="waiting", rating=5)
    desk.say("C-1", "we look into it", "out")
    read(bench, rules)
    found = bench.ticket("1")
    assert (found.priority, found.assignee, found.state) == ("high", "Anna", "pending")
    assert found.links[0].rating == 5
    assert {message.body: message.direction for message in found.messages}["we look into it"] == "out"
    assert bench.work().sent == 0, "what they did is not told back to them"
    assert desk.changed == []


def test_what_a_rule_keeps_here_is_not_delivered(bench: Bench, desk: Desk, rules: Router) -> None:
    put(bench, "hello", router=rules)
    bench.work()
    assert desk.cases == {}
    put(bench, "stolen", router=rules)
    bench.work()
    assert len(desk.cases) == 1


def test_a_change_here_reaches_the_case_once_and_its_echo_changes_nothing(
    bench: Bench, desk: Desk, rules: Router
) -> None:
    put(bench, "text", router=rules)
    bench.work()
    put(bench, "stolen", router=rules)
    for _ in range(3):
        bench.work()
        read(bench, rules)
    told = {"priority": "urgent", "group": "claims", "kind": "complaint", "tags": ["fraud"]}
    assert desk.changed == [("C-1", told)]
    assert bench.ticket("1").set_by_hand == ()


def test_a_tag_of_an_operator_escalates_by_a_rule(bench: Bench, desk: Desk, rules: Router) -> None:
    put(bench, "text", router=rules)
    bench.work()
    desk.change("C-1", tags=["lawsuit"])
    for _ in range(2):
        read(bench, rules)
    with bench.store() as store:
        assert [(row.instance, row.role) for row in store.outbox_left()] == [("law", "escalated")]


def test_a_case_deleted_at_the_desk_is_told_and_the_ticket_stays(bench: Bench, desk: Desk, rules: Router) -> None:
    put(bench, "text", router=rules)
    bench.work()
    read(bench, rules)
    desk.delete("C-1")
    bench.clock.push(days=3)
    bench.read(sweep=True, router=rules)
    found = bench.ticket("1")
    assert (found.state, found.links[0].state) == ("new", "hidden")
    with bench.store() as store:
        assert "case_deleted" in [event.kind for event in store.events(str(found.id))]


def test_the_customers_next_words_are_told_in_a_case_that_is_done(bench: Bench, desk: Desk, rules: Router) -> None:
    put(bench, "text", router=rules)
    bench.work()
    desk.change("C-1", state="done")
    read(bench, rules)
    assert bench.ticket("1").state == "solved"
    put(bench, "and now?", "2", router=rules)
    bench.work()
    assert [comment["text"] for comment in desk.cases["C-1"].comments] == ["and now?"]


def test_a_destination_that_cannot_deliver_is_named_with_what_it_can(bench: Bench, desk: Desk) -> None:
    put(bench, "text", destinations=Destinations(("desk",)))
    worked = bench.work(abilities=frozenset({"pull", "escalate"}))
    assert worked.set_aside == 1
    assert '"desk" has no ability deliver, only escalate, pull' in worked.problems[0]
    assert desk.asked == []


def test_one_of_two_destinations_that_is_down_is_probed_and_the_other_goes_on(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    well, down = Desk(), Desk()
    down.down = True
    with Served(well) as one, Served(down) as other:
        bench = Bench(tmp_path, one.url)
        second = Bench(tmp_path, other.url, bench.clock, {"place": "the mail"}, name="mail")
        with bench.store() as store:
            texts = [mention(str(n), thread=str(n)) for n in range(30)]
            store.checkpoint(page(*texts, destinations=Destinations(("desk", "mail"))))
        assert second.work().down is not None
        asked = len(down.asked)
        assert asked <= 2 * 3, "two deliveries, each with its few tries"
        assert second.work(probing=True).down is not None
        assert len(down.asked) - asked <= 1, "a destination that is down is asked with one request"
        assert bench.work().sent == 30
        down.down = False
        bench.clock.push(minutes=5)
        assert second.work(probing=True, forced=True).sent == 30
    assert set(well.by_marker().values()) == set(down.by_marker().values()) == {1}


# --- the decision in one line -----------------------------------------------------------------------------------------


def test_the_decision_is_told_in_one_line(bench: Bench, desk: Desk, rules: Router) -> None:
    put(bench, "stolen", router=rules)
    bench.work(summarize=lambda ticket: summary_of(ticket, "en", UTC))
    assert desk.cases["C-1"].summary == "Complaint; urgent priority (score 90); rules: stolen"


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", "Complaint; high priority (score 70); rules: a; first response due 2026-11-20 15:30 (Europe/Moscow)"),
        ("ru", "Жалоба; высокий приоритет (баллов: 70); правила: a; первый ответ до 2026-11-20 15:30 (Europe/Moscow)"),
    ],
)
def test_the_summary_speaks_the_language_and_the_time_zone_of_the_settings(
    bench: Bench, lang: str, expected: str
) -> None:
    bench.put("1")
    ticket = bench.ticket("1").model_copy(
        update={
            "category": "complaint",
            "priority": "high",
            "score": 70,
            "decision": Decision(ruleset="v", rules=("a",)),
            "sla": Sla(policy="p", first_response_due=NOW + timedelta(minutes=30)),
        }
    )
    assert summary_of(ticket, lang, ZoneInfo("Europe/Moscow")) == expected


def test_both_languages_have_the_same_words() -> None:
    assert WORDS["ru"].keys() == WORDS["en"].keys()
