"""What rules make of a ticket: points, fields, closing, deadlines, aging; and how a trace tells of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.routing.clock import Moment
from hub.routing.decide import Taken
from hub.routing.facts import Customer, Facts, facts_from, facts_of
from hub.routing.rule import Act, Escalation, Reply
from hub.routing.rules import RuleSet
from hub.sdk import Author, Message, Place, Ticket
from tests.unit.routing.folder import rules_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
AGO = NOW - timedelta(minutes=30)


def rules(*lines: str, more: str = "") -> RuleSet:
    """A rule set of some rules, in flow style without the braces."""
    return rules_of("rules:\n" + "".join(f"  - {{{line}}}\n" for line in lines) + more)


def facts(**row: Any) -> Facts:
    return facts_from(row, strict=True)


def pinned(row: dict[str, Any] | None = None, **fields: Any) -> Facts:
    found = facts_from(row or {}, strict=True)
    found.pinned = fields
    return found


# --- fields ---------------------------------------------------------------------------------------------------------


def test_the_first_rule_that_sets_a_field_wins_and_each_adds_its_points_and_tags() -> None:
    decision = rules(
        "name: a, then: {queue: one, points: 5, tags: [x, y], category: news}",
        "name: b, when: {kind: review}, then: {queue: never, points: 100}",
        "name: c, then: {queue: two, points: 7, tags: [y, z], assignee: anna, state: on_hold, deliver: crm}",
        "name: d, then: {assignee: boris, deliver: none, state: closed, category: spam, reply: {template: t}}",
    ).decide(facts())
    assert (decision.queue, decision.assignee, decision.category) == ("one", "anna", "news")
    assert (decision.state, decision.deliver, decision.reply) == ("on_hold", ("crm",), Reply("t"))
    assert (decision.score, decision.tags, decision.rules) == (42, ("x", "y", "z"), ("a", "c", "d"))


def test_nothing_is_decided_where_no_rule_says_so() -> None:
    decision = rules("name: a, when: {kind: review}").decide(facts())
    assert (decision.category, decision.queue, decision.state, decision.deliver, decision.sla) == (None,) * 5
    assert (decision.priority, decision.score, decision.rules, decision.tags) == ("normal", 30, (), ())


def test_deliver_to_nobody_is_not_the_same_as_nothing_said() -> None:
    assert rules("name: a, then: {deliver: none}").decide(facts()).deliver == ()
    assert rules("name: a, then: {deliver: [usedesk, crm]}").decide(facts()).deliver == ("usedesk", "crm")


def test_later_rules_see_what_earlier_ones_did() -> None:
    decision = rules(
        "name: early, when: {category: complaint}",
        "name: a, then: {category: complaint, queue: q, tags: [t], points: 35, state: pending}",
        "name: b, when: {category: complaint, queue: q, tags: t, matched: a, score: 65, priority: high, state: p*}",
        "name: c, when: {not: {matched: early}}",
    ).decide(facts(state="new"))
    assert decision.rules == ("a", "b", "c")


def test_later_rules_see_who_has_it_and_where_it_goes() -> None:
    ruleset = rules(
        "name: early, when: {any: [{deliver: none}, {assignee: '*'}]}",
        "name: a, when: {rating: 1}, then: {deliver: [usedesk, crm], assignee: anna}",
        "name: b, when: {rating: 2}, then: {deliver: none}",
        "name: goes, when: {deliver: [CRM, jira], assignee: an*}",
        "name: stays, when: {deliver: none}",
        "name: unsaid, when: {not: {deliver: '*'}}",
    )
    assert ruleset.decide(facts(rating=1)).rules == ("a", "goes")
    assert ruleset.decide(facts(rating=2)).rules == ("b", "stays")
    assert ruleset.decide(facts(rating=3)).rules == ("unsaid",)
    assert ruleset.decide(pinned(assignee="anna")).rules == ("early", "unsaid")


def test_stop_ends_the_reading() -> None:
    ruleset = rules("name: a, when: {rating: 1}, then: {stop: true}", "name: b, then: {points: 1}")
    assert ruleset.decide(facts(rating=1)).rules == ("a",)
    assert ruleset.decide(facts(rating=2)).rules == ("b",)


def test_acts_and_notices_come_once_each() -> None:
    one = "then: {act: [report, {name: add_tags, values: [a]}], notify: [lead]}"
    decision = rules(f"name: a, {one}", f"name: b, {one.replace('lead', 'duty')}").decide(facts())
    assert decision.act == (Act("report"), Act("add_tags", ("a",)))
    assert decision.notify == ("lead", "duty")


# --- score ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("then", "score", "priority"),
    [
        ("points: 50", 80, "urgent"),
        ("points: 49", 79, "high"),
        ("points: 30", 60, "high"),
        ("points: -10", 20, "normal"),
        ("points: -11", 19, "low"),
        ("at_least: 80", 80, "urgent"),
        ("at_most: 19", 19, "low"),
        ("points: 100, at_least: 80", 130, "urgent"),
        ("at_least: 80, at_most: 19", 19, "low"),
        ("points: -100", -70, "low"),
    ],
)
def test_the_score_means_a_priority(then: str, score: int, priority: str) -> None:
    decision = rules(f"name: a, then: {{{then}}}").decide(facts())
    assert (decision.score, decision.priority) == (score, priority)


def test_the_highest_floor_and_the_lowest_ceiling_count_and_ceilings_win() -> None:
    lines = ["name: a, then: {at_least: 50}", "name: b, then: {at_least: 70}", "name: c, then: {at_least: 60}"]
    assert rules(*lines).decide(facts()).score == 70
    assert rules(*lines, "name: d, then: {at_most: 40}", "name: e, then: {at_most: 55}").decide(facts()).score == 40


def test_the_scale_is_the_users() -> None:
    decision = rules("name: a", more="score: {base: 1, urgent: 3, high: 2, normal: 1}").decide(facts())
    assert (decision.score, decision.priority) == (1, "normal")


# --- closing --------------------------------------------------------------------------------------------------------

CLOSE = "name: close, when: {text: [реклама]}, then: {category: spam, state: closed, queue: bin, points: 9, tags: [ad]}"
COMPLAIN = "name: complain, when: {text: [украсть]}, then: {category: complaint, queue: claims}"


@pytest.mark.parametrize("order", [[CLOSE, COMPLAIN], [COMPLAIN, CLOSE]])
def test_what_closes_never_beats_a_complaint_and_leaves_no_trace(order: list[str]) -> None:
    ruleset = rules(*order)
    both = ruleset.decide(facts(text="украли, а у вас реклама"))
    assert (both.category, both.state, both.queue, both.rules) == ("complaint", None, "claims", ("complain",))
    assert (both.score, both.tags) == (30, ())
    assert ruleset.decide(facts(text="реклама")).state == "closed"


def test_a_complaint_that_only_comes_without_the_closing_rule_counts_as_well() -> None:
    stop = CLOSE.replace("tags: [ad]", "stop: true")
    assert rules(stop, COMPLAIN).decide(facts(text="украли, а у вас реклама")).category == "complaint"


def test_a_complaint_that_needs_the_closing_rule_does_not_bar_it() -> None:
    complain = "name: complain, when: {matched: close}, then: {category: complaint}"
    decision = rules(CLOSE, complain).decide(facts(text="реклама"))
    assert (decision.state, decision.rules) == ("closed", ("close", "complain"))


def test_what_a_person_calls_a_complaint_is_not_closed() -> None:
    assert rules(CLOSE).decide(pinned({"text": "реклама"}, category="complaint")).state is None


# --- what a person set ----------------------------------------------------------------------------------------------


def test_what_a_person_set_is_seen_by_rules_and_never_overwritten() -> None:
    ruleset = rules(
        "name: a, when: {category: news, queue: own, tags: mine, state: pending}, then: {points: 40, tags: [t]}",
        "name: b, then: {category: spam, queue: q, assignee: x, state: open}",
    )
    decision = ruleset.decide(pinned(category="news", queue="own", tags=("mine",), state="pending", priority="low"))
    assert (decision.category, decision.queue, decision.state) == ("news", "own", "pending")
    assert (decision.tags, decision.priority, decision.assignee) == (("mine",), "low", "x")
    assert (decision.score, decision.rules) == (70, ("a", "b"))


# --- escalation -----------------------------------------------------------------------------------------------------


def known(row: dict[str, Any] | None = None, **of_customer: Any) -> Facts:
    return facts_from({"customer_known": True, **(row or {}), **of_customer}, strict=True)


def test_anonymous_people_are_proposed_only_where_the_rule_asks_for_a_known_customer() -> None:
    ruleset = rules("name: a, then: {escalate: [{to: crm, department: claims, when: customer_known}, {to: jira}]}")
    assert ruleset.decide(known()).escalate == (Escalation("crm", "claims"), Escalation("jira"))
    assert ruleset.decide(facts()).escalate == (Escalation("crm", "claims", proposed=True), Escalation("jira"))


def test_what_is_meant_for_the_unknown_is_asked_for() -> None:
    ruleset = rules("name: a, then: {escalate: {to: jira, when: {customer_known: false}}}")
    assert ruleset.decide(facts()).escalate == (Escalation("jira"),)
    assert ruleset.decide(known()).escalate == ()


def test_nothing_is_proposed_that_something_else_speaks_against() -> None:
    ruleset = rules("name: a, then: {escalate: {to: crm, when: {customer_known: true, priority: urgent}}}")
    assert ruleset.decide(facts()).escalate == ()


@pytest.mark.parametrize("order", [("when: customer_known", "when: has_text"), ("when: has_text", "when: customer_known")])
def test_what_one_rule_proposes_and_another_asks_for_is_asked_for_once(order: tuple[str, str]) -> None:
    ruleset = rules(*(f"name: r{n}, then: {{escalate: {{to: crm, {when}}}}}" for n, when in enumerate(order)))
    assert ruleset.decide(facts(text="x")).escalate == (Escalation("crm"),)


def test_an_escalation_waits_for_its_own_conditions_and_sees_all_rules() -> None:
    ruleset = rules(
        "name: a, then: {escalate: {to: crm, when: {priority: urgent, first_contact: true}}}",
        "name: b, when: {rating: 1}, then: {at_least: 90, escalate: {to: crm}}",
    )
    assert ruleset.decide(known()).escalate == ()
    assert ruleset.decide(known(rating=1, first_contact=True)).escalate == (Escalation("crm"),)


# --- kinds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["task", "issue"])
def test_tasks_and_issues_keep_their_own_queue_and_clock(kind: str) -> None:
    ruleset = rules(
        "name: a, then: {queue: q}",
        f"name: b, when: {{any: [{{kind: {kind}}}, {{kind: review}}]}}, then: {{tags: [work]}}",
        more="sla: [{name: all, first_response: 1h}]",
    )
    decision = ruleset.decide(facts(kind=kind))
    assert (decision.rules, decision.queue, decision.policy) == (("b",), None, None)
    assert ruleset.decide(facts(kind="review")).rules == ("a", "b")
    trace = ruleset.trace(facts(kind=kind))
    assert [tried.outcome for tried in trace.rules] == ["kind", "matched"]
    assert [tried.outcome for tried in trace.policies] == ["kind"]


# --- deadlines ------------------------------------------------------------------------------------------------------

SLA = """\
sla:
  - {name: urgent, when: {priority: urgent}, first_response: 10m}
  - {name: tagged, when: {tags: t}, first_response: 40m, resolution: 4h}
  - {name: none}
"""


def test_the_first_policy_that_holds_for_what_was_decided_sets_the_deadlines() -> None:
    ruleset = rules("name: a, when: {rating: 1}, then: {tags: [t]}", more=SLA)
    decision = ruleset.decide(facts_from({"rating": 1, "created_at": AGO}, now=NOW))
    assert decision.policy == "tagged"
    assert decision.sla is not None
    assert decision.sla.first_response_due == AGO + timedelta(minutes=40)
    assert decision.sla.resolution_due == AGO + timedelta(hours=4)
    other = ruleset.decide(facts_from({"rating": 2, "created_at": AGO}, now=NOW))
    assert other.policy == "none"
    assert other.sla is not None
    assert other.sla.first_response_due is None


def test_the_score_ages_with_the_share_of_its_deadline_that_is_spent() -> None:
    aged = SLA + "aging: {points: 40, over: first_response}\n"
    row = {"rating": 1, "created_at": AGO}
    assert rules("name: a, then: {tags: [t]}", more=aged).decide(facts_from(row, now=NOW)).score == 60
    late = facts_from(row, now=NOW + timedelta(hours=1))
    assert rules("name: a, then: {tags: [t]}", more=aged).decide(late).score == 70
    assert rules("name: a, then: {tags: [t], at_least: 65}", more=aged).decide(facts_from(row, now=NOW)).score == 65
    assert rules("name: a, then: {tags: [t], at_most: 19}", more=aged).decide(late).score == 19
    assert rules("name: a", more=aged).decide(late).score == 30


def test_what_is_answered_does_not_age() -> None:
    ruleset = rules("name: a, then: {tags: [t]}", more=SLA + "aging: {points: 40, over: first_response}\n")
    waiting = replace(facts_from({"rating": 1, "created_at": AGO}, now=NOW), messages=(Moment("in", AGO, AGO),))
    answered = replace(waiting, messages=(*waiting.messages, Moment("out", NOW)))
    assert (ruleset.decide(waiting).score, ruleset.decide(answered).score) == (60, 30)


def test_aging_does_not_move_a_ticket_to_another_policy() -> None:
    aged = SLA + "aging: {points: 60, over: first_response}\n"
    row = {"created_at": AGO}
    decision = rules("name: a, then: {tags: [t]}", more=aged).decide(facts_from(row, now=NOW + timedelta(hours=1)))
    assert (decision.priority, decision.policy) == ("urgent", "tagged")


# --- a stored ticket ------------------------------------------------------------------------------------------------


def ticket(*messages: Message, **fields: Any) -> Ticket:
    base: dict[str, Any] = {"connector": "c", "instance": "i", "platform": "vk.com", "kind": "mention", "thread": "t"}
    return Ticket(id=UUID(int=1), created_at=AGO, updated_at=NOW, revision="r", messages=messages, **{**base, **fields})


def said(minutes_ago: int, body: str = "текст", **fields: Any) -> Message:
    at = NOW - timedelta(minutes=minutes_ago)
    return Message(id=UUID(int=minutes_ago), sources=(), body=body, created_at=at, ingested_at=at, **fields)


def test_facts_of_a_ticket_are_the_customers_visible_words() -> None:
    author = Author(key="1", name="Иван", handle="ivan", followers=5)
    found = facts_of(
        ticket(
            said(30, "первое", author=author, engagement={"likes": 2, "comments": 1}, reach=10),
            said(29, "скрыто", hidden=True),
            said(25, "заметка", direction="note"),
            said(20, "ответ", direction="out"),
            said(10, "второе"),
            said(5, "третье", withheld=True),
            title="Тема",
            rating=2,
            place=Place(key="7", name="Офис", city="Тверь", country="RU"),
            source_tags=("x",),
            extra={"vip": True},
            category="news",
            queue="q",
            set_by_hand=("queue", "title"),
        ),
        now=NOW,
        customer=Customer(known=True, in_week=2),
    )
    assert found.texts == ("первое", "второе", "третье")
    assert (found.customer_messages, found.unanswered, found.waiting) == (3, 2, timedelta(minutes=10))
    assert (found.author, found.followers, found.reach, found.engagement) == (("1", "Иван", "ivan"), 5, 10, 3)
    assert (found.place, found.city, found.country) == (("7", "Офис"), "Тверь", "RU")
    assert (found.withheld, found.age, found.pinned) == (True, timedelta(minutes=30), {"queue": "q"})


def test_the_next_answer_is_due_from_the_oldest_open_question() -> None:
    ruleset = rules("name: a", more="sla: [{name: s, first_response: 1h, next_response: 1h}]")
    asked = ticket(said(30), said(20, direction="out"), said(10), said(5))
    decision = ruleset.decide(facts_of(asked, now=NOW))
    assert decision.sla is not None
    assert decision.sla.next_response_due == NOW + timedelta(minutes=50)


# --- traces ---------------------------------------------------------------------------------------------------------


def test_a_trace_tells_of_each_rule_what_became_of_it() -> None:
    ruleset = rules(
        CLOSE,
        COMPLAIN,
        "name: other, when: {rating: 1}, then: {points: 1}",
        "name: late, then: {queue: late, category: complaint, at_least: 90, stop: true}",
        "name: never",
    )
    trace = ruleset.trace(facts(text="украли, а у вас реклама"))
    assert [(tried.rule.name, tried.outcome, tried.by) for tried in trace.rules] == [
        ("close", "barred", "complain"),
        ("complain", "matched", None),
        ("other", "failed", None),
        ("late", "matched", None),
        ("never", "stopped", "late"),
    ]
    assert trace.rules[3].lost == (Taken("queue", "late", "complain"),)
    assert trace.floor == (90, "late")
    assert (trace.base, trace.points, trace.ceiling) == (30, 0, None)
    assert trace.reading.spans(next(iter(trace.reading.hits)))


def test_a_field_lost_to_a_person_names_no_rule() -> None:
    trace = rules("name: a, then: {queue: q}").trace(pinned(queue="own"))
    assert trace.rules[0].lost == (Taken("queue", "q", None),)


def test_a_trace_tells_how_the_score_aged() -> None:
    ruleset = rules("name: a, then: {points: 2, tags: [t]}", more=SLA + "aging: {points: 40}\n")
    trace = ruleset.trace(facts_from({"created_at": AGO}, now=NOW))
    assert (trace.base, trace.points, trace.aging, trace.share, trace.decision.score) == (30, 2, 30, 0.75, 62)
    assert [(tried.policy.name, tried.outcome) for tried in trace.policies] == [
        ("urgent", "failed"),
        ("tagged", "taken"),
    ]


# --- candidates -----------------------------------------------------------------------------------------------------


def test_rules_that_need_words_are_not_looked_at_where_none_of_them_is() -> None:
    ruleset = rules(
        "name: word, when: {text: [карта]}",
        "name: words, when: {text: {all: [карта, банк]}}",
        "name: either, when: {any: [{text: [карта]}, {title: [вклад]}]}",
        "name: nested, when: {rating: 1, all: [{any: [{text: [карта]}, {text: [вклад]}]}]}",
        "name: platform, when: {platform: [vk.com, ok.ru], city: Тверь}",
        "name: kind, when: {any: [{kind: review}, {kind: mention}]}",
        "name: without, when: {not: {text: [карта]}}",
        "name: none, when: {text: {none: [карта]}}",
        "name: maybe, when: {any: [{text: [карта]}, {rating: 1}]}",
        "name: star, when: {platform: ['*.com']}",
    )
    always = ["without", "none", "maybe", "star"]
    assert [rule.name for rule in ruleset.candidates(facts(), ())] == always
    assert [rule.name for rule in ruleset.candidates(facts(platform="OK.ru", kind="review"), ())] == [
        "platform",
        "kind",
        *always,
    ]
    hits = ruleset.matcher.read(("", "вклад")).hits
    assert [rule.name for rule in ruleset.candidates(facts(), hits)] == ["either", "nested", *always]
