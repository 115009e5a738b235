"""A case elsewhere that needs a look is told once, with its event, until something else happens in it."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.sdk import FollowUp, MessageDraft
from hub.store import Place, Store, TicketEvent, TicketFilter
from tests.unit.store.pages import NOW, at, mention, new_store, opened, put

THERE: dict[str, Any] = {"instance": "there", "stream": "cases"}
DAY = timedelta(days=1)


def linked(store: Store, thread: str = "1", external_id: str = "T-1") -> str:
    put(store, mention(thread))
    ticket = next(str(one.id) for one in store.iter_tickets() if one.thread == thread)
    return escalated(store, ticket, external_id)


def escalated(store: Store, ticket: str, external_id: str) -> str:
    row = store.ask_case(ticket, "there", "claims").outgoing
    assert row is not None
    store.outbox_made(row.n, 99, Place("there", "c", "", external_id), f"https://there.example/{external_id}")
    store.outbox_finished(row.n)
    return ticket


def says(store: Store, now: datetime = NOW, **facts: Any) -> None:
    put(store, FollowUp(**{"external_id": "T-1", "state": "open", **facts}), now=now, **THERE)


def note(source_id: str = "n1") -> MessageDraft:
    minutes = int(source_id[-1])
    return MessageDraft(source_id=source_id, created_at=at(minutes), body="the money is back")


def problems(store: Store) -> list[str]:
    return [one.kind for one in store.case_problems()]


def last(store: Store, ticket: str) -> TicketEvent:
    return store.events(ticket)[-1]


@pytest.mark.parametrize(
    ("before", "after", "problem", "event"),
    [
        ({}, {"state": "hidden"}, "deleted", "case_deleted"),
        ({"department": "Group 1"}, {"department": "Group 2"}, "moved", "case_moved"),
        ({"state": "solved", "messages": (note(),)}, {}, "reopened", "case_reopened"),
        ({}, {"state": "solved"}, "unanswered", "case_done"),
        ({}, {"state": "closed"}, "unanswered", "case_done"),
    ],
)
def test_what_is_wrong_with_a_case_is_an_event_and_told_by_one_sync(
    store: Store, before: dict[str, Any], after: dict[str, Any], problem: str, event: str
) -> None:
    ticket = linked(store)
    says(store, **before)
    assert (problems(store), store.case_news(None)) == ([], [])
    for _ in range(2):
        says(store, **after)
    [found] = store.case_news(None)
    assert (found.kind, found.ticket, found.instance, found.external_id) == (problem, ticket, "there", "T-1")
    assert found.url == "https://there.example/T-1"
    assert (last(store, ticket).kind, last(store, ticket).cause) == (event, "destination")
    assert [one.kind for one in store.events(ticket)].count(event) == 1 + (event == "case_done" and "state" in before)
    assert store.case_news(None) == []
    assert problems(store) == [problem]  # the status tells it for as long as it is so


def test_the_words_of_the_destination_for_a_department_are_no_move(store: Store) -> None:
    linked(store)  # asked for as "claims"
    says(store, department="Group 31")
    says(store, department="Group 31", assignee="Anna")
    assert problems(store) == []


def test_the_end_of_a_case_names_the_answer(store: Store) -> None:
    ticket = linked(store)
    says(store, messages=(note("n1"),))
    says(store, state="solved", messages=(note("n1"), note("n2")))
    found = store.find_ticket(ticket)
    assert found.state == "open"
    event = last(store, ticket)
    assert (event.kind, event.data["answer"]) == ("case_done", str(found.messages[-1].id))
    assert problems(store) == []


def test_what_was_said_in_an_earlier_case_is_no_answer_of_the_next(store: Store) -> None:
    ticket = linked(store)
    says(store, state="solved", messages=(note(),))
    with opened(store.path, NOW + DAY) as later:
        escalated(later, ticket, "T-2")
        says(later, NOW + 2 * DAY, external_id="T-2", state="solved")
        assert [(one.kind, one.external_id) for one in later.case_problems()] == [("unanswered", "T-2")]


def test_our_own_comments_are_no_answer(store: Store) -> None:
    ticket = linked(store)
    put(store, mention("2", thread="1"))
    row = store.outbox_left()[0]
    store.outbox_made(row.n, 99, Place("there", "c", "", "c-7"), None)
    says(store, state="solved", messages=(note("c-7"),))
    assert (problems(store), "answer" in last(store, ticket).data) == (["unanswered"], False)


def test_what_the_system_there_wrote_of_itself_is_no_answer(store: Store) -> None:
    ticket = linked(store)
    automatic = note().model_copy(update={"automatic": True})
    says(store, state="solved", messages=(automatic,))
    assert (problems(store), "answer" in last(store, ticket).data) == (["unanswered"], False)


@pytest.mark.parametrize("news", [{"assignee": "Anna"}, {"messages": (note("n9"),)}])
def test_what_happens_next_in_the_case_ends_the_problem(store: Store, news: dict[str, Any]) -> None:
    linked(store)
    says(store, department="Group 1")
    says(store, department="Group 2")
    assert problems(store) == ["moved"]
    says(store, NOW + timedelta(minutes=1), **news)
    assert problems(store) == []


def test_a_late_answer_ends_the_problem_of_a_case_that_had_none(store: Store) -> None:
    linked(store)
    says(store, state="solved")
    says(store, NOW + timedelta(minutes=1), state="solved", messages=(note(),))
    assert problems(store) == []


def test_a_ticket_that_has_ended_or_has_a_newer_case_has_no_problem(store: Store) -> None:
    for number in ("1", "2", "3"):
        linked(store, number, f"T-{number}")
        says(store, external_id=f"T-{number}", state="hidden")
    assert problems(store) == ["deleted"] * 3
    one, two, three = (str(ticket.id) for ticket in store.iter_tickets())
    store.set_by_hand(one, {"state": "solved"})
    escalated(store, two, "T-4")
    assert [problem.ticket for problem in store.case_problems()] == [three]


def test_a_case_that_ended_because_the_ticket_did_is_no_problem(store: Store) -> None:
    ticket = linked(store)
    store.set_by_hand(ticket, {"state": "solved"})
    says(store, state="solved")
    store.set_by_hand(ticket, {"state": "open"})
    assert problems(store) == []


def test_tickets_are_listed_by_what_is_wrong_with_their_case(store: Store) -> None:
    ticket = linked(store)
    linked(store, "2", "T-2")
    says(store, state="hidden")
    for kinds, found in ((("deleted",), [ticket]), (("stuck", "moved"), []), (("stuck", "deleted"), [ticket])):
        assert [line.id for line in store.list_tickets(TicketFilter(escalation=kinds))] == found


def test_an_erased_author_leaves_no_problem_behind(store: Store) -> None:
    put(store, mention("1", author="vera"))
    escalated(store, str(next(store.iter_tickets()).id), "T-1")
    says(store, state="hidden")
    store.erase("vera")
    assert problems(store) == []


# --- stuck ------------------------------------------------------------------------------------------------------------


def after(store: Store, days: float, stuck: timedelta | None = 3 * DAY) -> list[str]:
    with opened(store.path, NOW + timedelta(days=days)) as later:
        return [one.kind for one in later.case_news(stuck)]


def test_a_case_in_which_nothing_happens_is_stuck_and_told_once(store: Store) -> None:
    ticket = linked(store)
    says(store)
    assert after(store, 2.9) == []
    assert after(store, 3) == ["stuck"]
    assert after(store, 4) == []
    assert (last(store, ticket).kind, last(store, ticket).data["days"]) == ("case_stuck", 3)
    assert problems(store) == ["stuck"]
    says(store, NOW + 5 * DAY, assignee="Anna")
    assert problems(store) == []
    assert after(store, 7) == []
    assert after(store, 8) == ["stuck"]


def test_comments_of_people_there_move_a_case_ours_do_not(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        linked(store)
        says(store, NOW + 2 * DAY, messages=(note(),))
        assert after(store, 4) == []
        with opened(store.path, NOW + 4 * DAY) as later:
            put(later, mention("2", thread="1"), now=NOW + 4 * DAY)
            row = later.outbox_left()[0]
            later.outbox_made(row.n, 99, Place("there", "c", "", "c-7"), None)
        assert after(store, 5) == ["stuck"]


def test_neither_a_closed_case_nor_one_of_a_ticket_that_has_ended_is_stuck_nor_any_where_it_is_off(
    store: Store,
) -> None:
    linked(store)
    assert after(store, 9, None) == []
    says(store, state="solved", messages=(note(),))
    ticket = linked(store, "2", "T-2")
    store.set_by_hand(ticket, {"state": "solved"})
    assert after(store, 9) == []
