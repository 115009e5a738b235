"""What a customer writes after the end: it opens the ticket again, or a ticket that follows; stored messages stay."""

import itertools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.routing.facts import Facts
from hub.sdk import FollowUp, MessageDraft, Ticket, TicketDraft
from hub.store import Conversations, Decided, Place, Router, Store
from hub.store.tables import micros
from tests.unit.store.pages import NOW, PUBLISHED, at, dump, mention, new_store, page, put, rows, write

DAY = 24 * 60  # minutes
LATE = 40 * DAY
WRITTEN = ("tickets", "messages", "ticket_events", "relations")


def said(source_id: str, minutes: int, **facts: Any) -> TicketDraft:
    return mention(source_id, thread="t", minutes=minutes, author="vera", **facts)


def answer(minutes: int, state: Any = None) -> TicketDraft:
    return said("1", 0).model_copy(
        update={
            "state": state,
            "messages": (
                *said("1", 0).messages,
                MessageDraft(source_id="answer", created_at=at(minutes), direction="out", body="we refund it"),
            ),
        }
    )


def of(store: Store) -> list[Ticket]:
    return list(store.iter_tickets())


def texts(ticket: Ticket) -> list[str]:
    return [message.body for message in ticket.messages]


def kinds(store: Store, ticket: Ticket) -> list[str]:
    return [event.kind for event in store.events(str(ticket.id))]


@pytest.fixture
def solved(store: Store) -> Store:
    """A ticket that a person has solved, a day after it was opened."""
    put(store, said("1", 0))
    store.set_by_hand(str(of(store)[0].id), {"state": "solved"})
    return store


@pytest.mark.parametrize("state", ["solved", "closed"])
def test_a_new_message_opens_the_ticket_again_even_where_a_person_had_ended_it(store: Store, state: str) -> None:
    put(store, said("1", 0))
    store.set_by_hand(str(of(store)[0].id), {"state": state, "priority": "high"})
    put(store, said("2", 3 * DAY))
    [ticket] = of(store)
    assert (ticket.state, ticket.closed_at, ticket.priority) == ("open", None, "high")
    assert ticket.set_by_hand == ("priority",)  # what was said of the state is over, the rest is not
    assert texts(ticket) == ["text of 1", "text of 2"]
    reopened = next(event for event in store.events(str(ticket.id)) if event.kind == "reopened")
    assert reopened.cause == "source"
    assert reopened.data == {"message": str(ticket.messages[1].id), "was": state, "unpinned": ["state"]}
    assert kinds(store, ticket)[-3:] == ["reopened", "message_added", "changed"]


def test_the_clock_runs_again_from_the_moment_of_reopening(solved: Store) -> None:
    put(solved, said("2", 3 * DAY), now=NOW + timedelta(days=3))
    facts = solved.facts_of(str(of(solved)[0].id), NOW + timedelta(days=4))
    assert [(when, state) for when, state in facts.states] == [(NOW, "solved"), (NOW + timedelta(days=3), "open")]


def test_reading_the_reopening_message_again_changes_nothing_even_after_a_new_end(solved: Store) -> None:
    put(solved, said("2", 3 * DAY))
    solved.set_by_hand(str(of(solved)[0].id), {"state": "solved"})
    before = dump(solved, WRITTEN)
    for _ in range(2):
        put(solved, said("2", 3 * DAY), said("1", 0))
    assert dump(solved, WRITTEN) == before


def test_a_message_that_is_older_than_the_last_word_opens_nothing(store: Store) -> None:
    put(store, answer(60))
    store.set_by_hand(str(of(store)[0].id), {"state": "solved"})
    put(store, said("2", 30))
    [ticket] = of(store)
    assert (ticket.state, len(ticket.messages)) == ("solved", 3)
    assert "reopened" not in kinds(store, ticket)


def test_a_message_from_before_the_end_that_nobody_had_seen_opens_the_ticket(solved: Store) -> None:
    put(solved, said("2", 10))  # published before the person solved it, found after
    assert of(solved)[0].state == "open"


@pytest.mark.parametrize("direction", ["out", "note"])
def test_what_we_say_opens_nothing(solved: Store, direction: Any) -> None:
    put(solved, said("2", 3 * DAY, direction=direction))
    assert of(solved)[0].state == "solved"


def test_a_hidden_message_opens_nothing(solved: Store) -> None:
    put(solved, said("2", 3 * DAY, hidden=True))
    assert of(solved)[0].state == "solved"


def test_what_waits_for_the_customer_is_open_when_the_customer_writes(store: Store) -> None:
    put(store, said("1", 0))
    store.set_by_hand(str(of(store)[0].id), {"state": "pending"})
    put(store, said("2", LATE))
    [ticket] = of(store)
    assert (ticket.state, ticket.set_by_hand) == ("open", ())


def test_an_issue_stands_as_its_tracker_says(store: Store) -> None:
    issue = said("1", 0, state="solved").model_copy(update={"kind": "issue"})
    put(store, issue)
    put(store, said("2", 3 * DAY, state="solved").model_copy(update={"kind": "issue"}))
    assert [ticket.state for ticket in of(store)] == ["solved"]


@pytest.mark.parametrize(("by_person", "state"), [(True, "open"), (False, "solved")])
def test_what_a_source_calls_answered_stands_as_it_says_unless_a_person_had_ended_it_too(
    store: Store, by_person: bool, state: str
) -> None:
    put(store, answer(60, state="solved"))
    if by_person:
        store.set_by_hand(str(of(store)[0].id), {"state": "solved"})
    again = answer(60, state="solved")
    more = (*again.messages, MessageDraft(source_id="2", created_at=at(DAY), body="still not refunded"))
    for _ in range(2):
        put(store, again.model_copy(update={"messages": more}))
    assert [ticket.state for ticket in of(store)] == [state]


def _spam(facts: Facts) -> Decided:
    return Decided("low", state="closed") if any("casino" in text for text in facts.texts) else Decided("normal")


def test_what_rules_closed_stays_closed_while_they_say_so(store: Store) -> None:
    router = Router(_spam)
    put(store, said("1", 0, body="casino"), router=router)
    for number, minutes in (("2", DAY), ("3", LATE)):
        put(store, said(number, minutes), router=router)
    [ticket] = of(store)
    assert (ticket.state, len(ticket.messages)) == ("closed", 3)


def test_rules_decide_on_what_was_opened_again(solved: Store) -> None:
    put(solved, said("2", DAY, body="casino"), router=Router(_spam))
    assert of(solved)[0].state == "closed"


# --- after the window -------------------------------------------------------------------------------------------------


def test_after_the_window_a_linked_ticket_is_opened_and_the_old_one_stays(solved: Store) -> None:
    put(solved, said("2", LATE, title="Again"))
    old, new = of(solved)
    assert (old.state, texts(old), old.set_by_hand) == ("solved", ["text of 1"], ("state",))
    assert (new.state, texts(new), new.title, new.platform) == ("new", ["text of 2"], "Again", "vk.com")
    assert new.thread == f"t#{new.messages[0].id.hex}"
    assert [(one.ticket, one.kind, one.state) for one in new.related] == [(old.id, "follows", "confirmed")]
    assert [(one.ticket, one.kind, one.state) for one in old.related] == [(new.id, "followed_by", "confirmed")]
    assert (kinds(solved, new), kinds(solved, old)[-1]) == (["follows", "created"], "followed_by")


def test_what_follows_takes_what_comes_next_and_ends_like_any_other(solved: Store) -> None:
    put(solved, said("2", LATE))
    put(solved, said("3", LATE + 5))
    old, new = of(solved)
    assert (texts(old), texts(new)) == (["text of 1"], ["text of 2", "text of 3"])
    solved.set_by_hand(str(new.id), {"state": "solved"})
    write(solved, "UPDATE tickets SET closed_at = ? WHERE thread = ?", micros(at(LATE + 5)), new.thread)
    put(solved, said("4", LATE + 6))  # within the window of the second
    assert [ticket.state for ticket in of(solved)] == ["solved", "open"]
    solved.set_by_hand(str(new.id), {"state": "closed"})
    put(solved, said("5", 3 * LATE))
    old, new, third = of(solved)
    assert [(one.ticket, one.kind) for one in third.related] == [(new.id, "follows")]
    assert texts(third) == ["text of 5"]
    assert third.thread.count("#") == 1


def test_our_answer_goes_to_the_ticket_that_it_answers(solved: Store) -> None:
    put(solved, said("2", LATE))
    put(solved, said("3", LATE + 5, direction="out"), said("4", 5, direction="out"))
    old, new = of(solved)
    assert (texts(old), texts(new)) == (["text of 1", "text of 4"], ["text of 2", "text of 3"])


def test_a_ticket_that_a_person_opened_again_takes_its_thread_back(solved: Store) -> None:
    old = of(solved)[0]
    put(solved, said("2", LATE))
    solved.set_by_hand(str(old.id), {"state": "open"})
    put(solved, said("3", LATE + 5))
    assert [texts(ticket) for ticket in of(solved)] == [["text of 1", "text of 3"], ["text of 2"]]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("split", [False, True])
def test_what_follows_is_the_same_in_whatever_order_a_page_has_it(
    tmp_path: Path, order: tuple[int, ...], split: bool
) -> None:
    drafts = [said("2", LATE), said("3", LATE + 5), said("1", 0)]
    with new_store(tmp_path) as store:
        put(store, said("1", 0))
        store.set_by_hand(str(of(store)[0].id), {"state": "solved"})
        chosen = [drafts[number] for number in order]
        if split:
            whole = said("1", 0).model_copy(update={"messages": tuple(one.messages[0] for one in chosen)})
            chosen = [whole]
        put(store, *chosen)
        old, new = of(store)
        assert (texts(old), texts(new)) == (["text of 1"], ["text of 2", "text of 3"])
        first = new.messages[0]
        assert new.thread == f"t#{first.id.hex}"
        before = dump(store, WRITTEN)
        put(store, *reversed(chosen))
        put(store, *drafts)
        assert dump(store, WRITTEN) == before


@pytest.mark.parametrize(
    ("settings", "minutes", "tickets", "state"),
    [
        (Conversations(reopen=timedelta(days=30)), 20 * DAY, 1, "open"),
        (Conversations(reopen=timedelta()), 2 * DAY, 2, "solved"),
        (Conversations(reopen=timedelta(), after="reopen"), LATE, 1, "open"),
        (Conversations(after="reopen"), LATE, 1, "open"),
        (None, 13 * DAY, 1, "open"),
        (None, 16 * DAY, 2, "solved"),
    ],
)
def test_settings_say_how_long_a_ticket_is_opened_again_and_what_comes_then(
    solved: Store, settings: Conversations | None, minutes: int, tickets: int, state: str
) -> None:
    assert PUBLISHED + timedelta(days=1) == NOW
    put(solved, said("2", minutes), conversations=settings)
    found = of(solved)
    assert (len(found), found[0].state) == (tickets, state)


def test_an_inventory_of_threads_knows_what_follows_by_the_thread_of_the_source(solved: Store) -> None:
    put(solved, said("2", LATE))
    checkpoint = page()
    window = (PUBLISHED - timedelta(days=1), PUBLISHED + timedelta(days=90))
    for listed, missing in (({"t"}, 0), (set(), 1)):
        threads, _ = solved.absent_threads(checkpoint.key, "c", "", window, listed)
        assert threads.missing == missing


def test_an_erased_author_leaves_no_relation_behind(solved: Store) -> None:
    put(solved, said("2", LATE))
    solved.erase("vera")
    assert (of(solved), rows(solved, "SELECT * FROM relations")) == ([], [])
    put(solved, said("3", LATE + 5))
    assert of(solved) == []


# --- where the ticket was delivered -----------------------------------------------------------------------------------

DESK: dict[str, Any] = {"instance": "desk", "stream": "cases"}


@pytest.mark.parametrize(
    ("role", "effects"), [("delivered", ["create", "change", "comment"]), ("escalated", ["create"])]
)
def test_a_closed_case_is_told_and_opened_where_people_answer_not_where_a_department_was_done(
    store: Store, role: Any, effects: list[str]
) -> None:
    put(store, said("1", 0))
    ticket = str(of(store)[0].id)
    row = store.ask_case(ticket, "desk", role=role).outgoing
    assert row is not None
    store.outbox_made(row.n, 99, Place("desk", "c", "", "C-1"), None)
    store.outbox_finished(row.n)
    put(store, FollowUp(external_id="C-1", state="solved"), **DESK)
    store.set_by_hand(ticket, {"state": "solved"})
    put(store, said("2", DAY))
    assert [row[0] for row in rows(store, "SELECT effect FROM outbox ORDER BY n")] == effects
    put(store, said("2", DAY))
    assert len(rows(store, "SELECT n FROM outbox")) == len(effects)
    if role == "delivered":
        change, comment = store.outbox_left()
        assert comment.messages == (str(of(store)[0].messages[1].id),)
        assert change.changes["state"] == "open"
        parcel = store.outbox_parcel(comment.n)
        assert parcel is not None
        assert not parcel.closed
