"""What the clock alone brings to a ticket: when the next thing comes, what has passed, what rules see of it."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from hub.routing.clock import Moment
from hub.routing.facts import Facts
from hub.routing.rules import RulesError, RuleSet
from hub.sdk.ticket import State
from tests.unit.routing import folder

START = datetime(2026, 11, 25, 12, tzinfo=UTC)  # a Wednesday
POLICY = {"name": "p", "first_response": "10m", "next_response": "20m", "resolution": "2h", "pause": ["pending"]}


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def asked(minutes: float = 0, had: float | None = None) -> Moment:
    return Moment("in", at(minutes), None, at(minutes if had is None else had))


def answered(minutes: float) -> Moment:
    return Moment("out", at(minutes), None, at(minutes))


def look(
    rules: RuleSet, now: float, *said: Moment, states: tuple[tuple[datetime, State], ...] = (), **facts: Any
) -> Any:
    values: dict[str, Any] = {"kind": "mention", "texts": ("a",), **facts}
    seen = Facts(messages=said or (asked(),), states=states, now=at(now), **values)
    decision = rules.decide(seen)
    told = ("priority", "queue", "rules", "policy")
    return SimpleNamespace(outlook=decision.outlook(seen), **{name: getattr(decision, name) for name in told})


def rules_of(rules: Sequence[dict[str, Any]], **keys: Any) -> RuleSet:
    return folder.rules_of(json.dumps({"rules": rules, **keys}))


def rules(*more: dict[str, Any], **policy: Any) -> RuleSet:
    return rules_of(list(more), sla=[{**POLICY, **policy}])


def test_the_next_moment_is_the_first_warning_then_the_breach_then_what_comes_of_the_other_promises() -> None:
    found = rules()
    coming = [look(found, now).outlook.next_at for now in (0, 8, 10, 96, 120)]
    assert coming == [at(8), at(10), at(96), at(120), None]


def test_what_has_passed_is_told_with_the_moment_at_which_it_was() -> None:
    passed = look(rules(), 500).outlook.passed
    told = [(one.promise, one.share, one.at) for one in passed]
    assert told == [
        ("first_response", 0.8, at(8)),
        ("first_response", 1.0, at(10)),
        ("resolution", 0.8, at(96)),
        ("resolution", 1.0, at(120)),
    ]


def test_only_working_time_brings_a_moment_nearer() -> None:
    office = {"office": {"timezone": "UTC", "hours": {"mon-fri": ["09:00-12:05"]}}}
    found = rules_of([], calendars=office, sla=[{**POLICY, "calendar": "office"}])
    outlook = look(found, 60).outlook
    assert (outlook.passed, outlook.next_at) == ((), datetime(2026, 11, 26, 9, 3, tzinfo=UTC))


def test_a_pause_has_no_next_moment_and_moves_what_comes_after_it() -> None:
    found = rules()
    pause: tuple[tuple[datetime, State], ...] = ((at(5), "pending"),)
    assert look(found, 60, states=pause).outlook.next_at is None
    resumed = look(found, 60, states=(*pause, (at(60), "open"))).outlook
    assert (resumed.next_at, resumed.passed) == (at(63), ())


@pytest.mark.parametrize("state", ["solved", "closed", "hidden"])
def test_a_ticket_that_is_over_has_nothing_to_come_and_is_not_overdue(state: str) -> None:
    outlook = look(rules(), 30, state=state).outlook
    assert (outlook.next_at, outlook.overdue, outlook.passed) == (None, (), ())


def test_an_answer_that_was_late_is_a_breach_though_nobody_looked_at_the_time() -> None:
    late = look(rules(), 300, asked(), answered(15)).outlook
    assert [(one.promise, one.share) for one in late.passed][:2] == [("first_response", 0.8), ("first_response", 1.0)]
    assert late.overdue == ("resolution",)
    in_time = look(rules(), 300, asked(), answered(9)).outlook
    assert [one.share for one in in_time.passed if one.promise == "first_response"] == [0.8]
    assert in_time.kept == (("first_response", at(0)),)


def test_a_warning_that_was_over_before_the_hub_had_the_question_is_not_given() -> None:
    passed = look(rules(start="published"), 100, asked(0, had=50)).outlook.passed
    told = [(one.promise, one.share) for one in passed]
    assert told == [("first_response", 1.0), ("resolution", 0.8)]


# --- aging ------------------------------------------------------------------------------------------------------------


def aging(points: int = 40, *more: dict[str, Any], **policy: Any) -> RuleSet:
    return rules_of(list(more), aging={"points": points}, sla=[{**POLICY, "first_response": "100m", **policy}])


def test_aging_acts_when_the_score_crosses_a_band_and_then_it_is_that_priority() -> None:
    found = aging(60)  # from 30 points: high at 60 when half the time is spent, urgent at 80 after five sixths
    decided = look(found, 0)
    assert (decided.priority, decided.outlook.next_at) == ("normal", at(50))
    there = look(found, 50)
    assert (there.priority, there.outlook.next_at) == ("high", at(80))  # the warning
    due = look(found, 80).outlook.next_at
    assert at(83.3) < due < at(83.4)
    assert look(found, (due - START).total_seconds() / 60).priority == "urgent"


def test_a_band_that_the_score_never_reaches_or_may_not_reach_is_no_moment() -> None:
    assert look(aging(20), 0).outlook.next_at == at(80)
    held = {"name": "calm", "then": {"at_most": 50}}
    assert look(aging(60, held), 0).outlook.next_at == at(80)
    lifted = {"name": "big", "then": {"at_least": 60}}
    assert look(aging(31, lifted), 0).outlook.next_at == at(80)
    assert look(aging(60), 0, pinned={"priority": "low"}).outlook.next_at == at(80)


@pytest.mark.parametrize("points", range(31, 100, 7))
def test_whatever_is_rounded_time_goes_on_and_the_band_is_crossed(points: int) -> None:
    found, now = aging(points), 0.0
    seen = []
    for _ in range(12):
        decided = look(found, now)
        seen.append(decided.priority)
        if decided.outlook.next_at is None:
            break
        following = (decided.outlook.next_at - START).total_seconds() / 60
        assert following > now
        now = following
    assert seen[-1] == ("urgent" if points >= 50 else "high")


# --- what rules see ---------------------------------------------------------------------------------------------------

SOON = {"name": "soon", "when": {"deadline": {"first_response": ["warning", "breached"]}}, "then": {"points": 30}}
LATE = {"name": "late", "when": {"deadline": {"first_response": "breached"}}, "then": {"queue": "leads"}}


def test_rules_see_how_far_a_deadline_has_come() -> None:
    found = rules(SOON, LATE)
    decided = [(d.priority, d.queue) for d in (look(found, now) for now in (0, 8, 9.99, 10, 60))]
    assert decided == [("normal", None), ("high", None), ("high", None), ("high", "leads"), ("high", "leads")]


def test_what_was_answered_stands_nowhere_any_more() -> None:
    assert look(rules(SOON, LATE), 60, asked(), answered(30)).rules == ()


def test_all_promises_that_are_asked_for_must_stand_so() -> None:
    both = {"name": "both", "when": {"deadline": {"first_response": "breached", "resolution": "warning"}}}
    assert [look(rules(both), now).rules for now in (50, 100, 130)] == [(), ("both",), ()]


def test_the_deadlines_are_those_of_the_policy_that_holds_where_none_has_come_anywhere() -> None:
    slow = {**POLICY, "name": "slow", "first_response": "1h"}
    quick = {**POLICY, "name": "quick", "when": {"priority": "high"}, "first_response": "1m"}
    found = rules_of([SOON], sla=[quick, slow])
    assert [(d.policy, d.rules) for d in (look(found, now) for now in (30, 50))] == [("slow", ()), ("quick", ("soon",))]


@pytest.mark.parametrize(("had", "seen"), [(10, True), (24 * 60, True), (24 * 60 + 11, False)])
def test_what_was_due_long_before_the_hub_had_it_is_history_for_rules(had: float, seen: bool) -> None:
    decided = look(rules(LATE, start="published"), had + 1, asked(0, had=had))
    assert (decided.rules == ("late",)) is seen
    assert decided.outlook.overdue


def test_a_trace_decides_the_same_and_names_the_condition() -> None:
    found = rules(SOON, LATE)
    facts = Facts(messages=(asked(),), kind="mention", texts=("a",), now=at(9))
    assert found.trace(facts).decision == found.decide(facts)
    [soon, late] = found.trace(facts).rules
    assert (soon.outcome, late.outcome) == ("matched", "failed")


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ({}, "asks for nothing"),
        ({"first_response": "late"}, '"late" is none of the values'),
        ({"first_answer": "breached"}, "first_answer"),
    ],
)
def test_a_condition_that_asks_for_what_is_not_there_is_told(when: dict[str, Any], told: str) -> None:
    with pytest.raises(RulesError) as error:
        rules({"name": "x", "when": {"deadline": when}})
    assert told in str(error.value)
