"""How long things took in a ticket: by the policy's clock where it promises, on the wall where nothing is promised."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.routing.calendar import Calendar, CalendarSpec
from hub.routing.clock import Moment
from hub.routing.policies import policy_named
from hub.routing.policy import SlaPolicy, always
from hub.routing.times import Hold, Times, Took, times
from hub.sdk.ticket import Direction

MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 09:00 in Moscow
OFFICE = Calendar(CalendarSpec.model_validate({"timezone": "Europe/Moscow", "hours": {"mon-fri": ["09:00-18:00"]}}))
PROMISES = {"first_response": "15m", "next_response": "20m", "resolution": "4h", "pause": ["on_hold"]}


@dataclass(frozen=True)
class Event:
    at: datetime
    kind: str
    data: dict[str, Any] = field(default_factory=dict)


def at(minutes: float) -> datetime:
    return MONDAY + timedelta(minutes=minutes)


def said(direction: Direction, minutes: float) -> Moment:
    return Moment(direction, at(minutes), ingested_at=at(minutes))


def state(minutes: float, new: str, kind: str = "changed") -> Event:
    return Event(at(minutes), kind, {"fields": {"state": ["?", new]}})


def case(minutes: float, kind: str, **data: Any) -> Event:
    return Event(at(minutes), kind, {"instance": "crm", "external_id": "C-1", **data})


def measured(messages: list[Moment], events: list[Event], now: float, calendar: Calendar | None = None) -> Times:
    policy = SlaPolicy.model_validate({"name": "p", **PROMISES})
    return times(messages, events, at(now), policy, calendar or always())


STORY = [said("in", 0), said("out", 10), said("in", 30), said("in", 40), said("out", 60), said("in", 70)]


def test_answers_are_measured_from_the_oldest_open_question() -> None:
    found = measured(STORY, [], 80)
    assert found.policy == "p"
    assert found.first_response == Took(600, 900, done=True, kept=True)
    assert found.next_responses == (Took(1800, 1200, done=True, kept=False), Took(600, 1200, done=False, kept=True))
    assert found.resolution == Took(4800, 14400, done=False, kept=True)


def test_without_a_promise_it_is_time_on_the_wall() -> None:
    found = times(STORY, [state(100, "solved", "set")], at(200))
    assert (found.policy, found.paused_s) == (None, 0)
    assert found.first_response == Took(600, None, done=True, kept=None)
    assert found.next_responses[1] == Took(7800, None, done=False, kept=None)
    assert found.resolution == Took(6000, None, done=True, kept=None)


def test_a_policy_that_promises_no_first_response_still_measures_it() -> None:
    policy = SlaPolicy.model_validate({"name": "p", "resolution": "1h"})
    found = times(STORY[:2], [], at(20), policy, always())
    assert found.first_response == Took(600, None, done=True, kept=None)
    assert found.resolution == Took(1200, 3600, done=False, kept=True)


HISTORY = [Moment("in", at(-60), ingested_at=at(0)), Moment("out", at(-50), ingested_at=at(0))]


@pytest.mark.parametrize("promised", [True, False])
def test_what_was_done_before_its_clock_started_has_no_length_and_no_promise(promised: bool) -> None:
    policy = SlaPolicy.model_validate({"name": "p", **PROMISES}) if promised else None
    found = times(HISTORY, [], at(100), policy, always(), "solved")
    assert found.first_response == Took(None, 900 if promised else None, done=True, kept=None)
    assert found.resolution == Took(None, 14400 if promised else None, done=True, kept=None)


def test_an_answer_in_the_instant_in_which_its_clock_started_was_given_in_time() -> None:
    found = measured([HISTORY[0], said("out", 0)], [], 100)
    assert found.first_response == Took(0, 900, done=True, kept=True)


def test_a_ticket_that_came_solved_and_was_opened_again_is_to_be_solved() -> None:
    policy = SlaPolicy.model_validate({"name": "p", **PROMISES})
    again = Event(at(5), "changed", {"fields": {"state": ["solved", "open"]}})
    assert times(HISTORY, [again], at(10), policy, always(), "open").resolution == Took(600, 14400, False, kept=True)


def test_the_clock_stands_still_while_the_ticket_waits_for_a_department() -> None:
    events = [state(20, "on_hold"), state(140, "open"), state(200, "solved", "decided")]
    found = measured([said("in", 0), said("out", 10)], events, 500)
    assert found.paused_s == 120 * 60
    assert found.resolution == Took((200 - 120) * 60, 14400, done=True, kept=True)
    assert found.states_s == {"new": 1200, "on_hold": 7200, "open": 3600, "solved": 18000}


def test_nights_are_not_working_time() -> None:
    found = measured([said("in", 8 * 60), said("out", 24 * 60 + 5)], [], 3000, OFFICE)  # from 17:00 to 9:05
    assert found.first_response == Took(65 * 60, 900, done=True, kept=False)


def test_each_case_elsewhere_has_its_time_and_one_opened_again_counts_anew() -> None:
    events = [
        case(0, "escalated"),
        Event(at(5), "escalated", {"instance": "jira", "external_id": "K-1"}),
        case(10, "case_read", facts={"state": "open"}),
        case(60, "case_changed", fields={"state": ["open", "solved"]}),
        case(70, "case_changed", fields={"assignee": ["a", "b"]}),
        case(100, "case_changed", fields={"state": ["solved", "open"]}),
        case(130, "case_changed", fields={"state": ["open", "hidden"]}),
    ]
    assert times(STORY, events, at(200)).holds == (
        Hold("crm", "C-1", 3600, done=True),
        Hold("jira", "K-1", 195 * 60, done=False),
        Hold("crm", "C-1", 1800, done=True),
    )


def test_a_case_that_was_delivered_is_nothing_that_a_ticket_waits_for() -> None:
    events = [case(0, "delivered"), case(60, "case_changed", fields={"state": ["open", "solved"]})]
    assert times(STORY, events, at(200)).holds == ()


def test_a_ticket_in_which_no_customer_spoke_has_no_figures() -> None:
    found = measured([said("out", 0), said("note", 5)], [], 10)
    assert (found.first_response, found.next_responses, found.resolution) == (None, (), None)


@pytest.mark.parametrize(("name", "found"), [("critical", True), ("mine", True), ("gone", False), ("broken", False)])
def test_a_policy_is_found_with_its_calendar_without_the_rules(tmp_path: Path, name: str, found: bool) -> None:
    (tmp_path / "mine.yaml").write_text(
        "calendars:\n"
        "  office: {timezone: Europe/Moscow, hours: {mon-fri: ['09:00-18:00']}, overrides: days.yaml}\n"
        "  lost: {timezone: Europe/Moscow, hours: {mon-fri: ['09:00-18:00']}, overrides: nothing.yaml}\n"
        "sla:\n"
        "  - {name: mine, first_response: 1h, calendar: office}\n"
        "  - {name: broken, first_response: 1h, calendar: lost}\n",
        encoding="utf-8",
    )
    (tmp_path / "days.yaml").write_text('"2026-11-23": []\n', encoding="utf-8")
    known = policy_named(tmp_path, name)
    assert (known is not None) == found
    if known is not None and name == "mine":
        assert known[1].due(MONDAY, 60) == MONDAY + timedelta(days=1, minutes=1)  # the Monday is off
