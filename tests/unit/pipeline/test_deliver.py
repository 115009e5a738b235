"""The outbox towards a desk on loopback: in order, once in effect, one that is down is not hammered."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.deliver import LONGEST_OUTAGE, MAX_TRIES
from hub.sdk import AuthError
from hub.store import Outgoing
from tests.desk.engine import Bench, Clock
from tests.desk.server import Desk, Fault, Served
from tests.unit.store.pages import mention, new_store, page


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def desk(clock: Clock) -> Desk:
    return Desk(clock.monotonic)


@pytest.fixture
def bench(tmp_path: Path, desk: Desk, clock: Clock) -> Iterator[Bench]:
    new_store(tmp_path).close()
    with Served(desk) as served:
        yield Bench(tmp_path, served.url, clock)


def left(bench: Bench) -> list[Outgoing]:
    with bench.store() as store:
        return store.outbox_left()


def kinds(bench: Bench, thread: str) -> list[str]:
    with bench.store() as store:
        return [event.kind for event in store.events(str(bench.ticket(thread).id))]


# --- what reaches the desk ------------------------------------------------------------------------------------------


def test_a_ticket_becomes_one_case_and_waits_for_it(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1", "cards")
    assert bench.work().sent == 1
    [case] = desk.cases.values()
    assert (case.text, case.department) == ("text of 1", "Cards")
    ticket = bench.ticket("1")
    assert ticket.state == "on_hold"
    [link] = ticket.links
    assert (link.role, link.instance, link.external_id, link.department) == ("escalated", "desk", "C-1", "cards")
    assert link.url == "https://desk.example/C-1"
    assert kinds(bench, "1") == ["created", "escalation_asked", "escalated", "changed"]
    assert left(bench) == []


def test_asking_again_makes_no_second_case(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.escalate("1")
    bench.work()
    bench.escalate("1")
    assert bench.work().sent == 0
    assert len(desk.cases) == 1


def test_a_ticket_may_be_escalated_again_when_its_case_is_done(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.work()
    desk.change("C-1", state="done")
    bench.read()
    bench.escalate("1")
    bench.work()
    assert sorted(desk.by_marker().values()) == [1, 1]
    assert bench.ticket("1").state == "on_hold"


def test_a_case_that_is_another_tickets_already_is_set_aside_and_told(bench: Bench, desk: Desk) -> None:
    bench.put("1", "2")
    bench.escalate("1")
    bench.work()
    desk.forget()
    bench.escalate("2")
    worked = bench.work()
    told = f"C-1 is already the case of ticket {str(bench.ticket('1').id)[:8]}"
    assert (worked.sent, worked.set_aside) == (0, 1)
    assert told in worked.problems[0]
    [row] = left(bench)
    assert (row.state, row.external_id) == ("failed", None)
    assert bench.ticket("2").links == ()
    assert kinds(bench, "2")[-1] == "set_aside"
    assert bench.ticket("1").links[0].external_id == "C-1"


def test_what_the_customer_says_later_is_told_in_the_case_once(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    bench.work()
    bench.put("1", "2", thread="t")
    bench.put("2", "3", thread="t")
    assert bench.work().sent == 2
    assert [comment["text"] for comment in desk.cases["C-1"].comments] == ["text of 2", "text of 3"]
    assert kinds(bench, "t")[-2:] == ["comment_sent", "comment_sent"]


def test_a_message_that_comes_before_the_first_try_is_part_of_the_case(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    bench.put("2", thread="t")
    bench.work()
    case = desk.cases["C-1"]
    assert (sorted(case.text.splitlines()), case.comments) == (["text of 1", "text of 2"], [])


def test_a_message_that_comes_between_a_lost_answer_and_the_next_try_is_told_once(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    desk.faults.append("lost")
    bench.work()
    bench.put("2", thread="t")
    bench.clock.push(minutes=5)
    bench.work()
    case = desk.cases["C-1"]
    assert (case.text, [comment["text"] for comment in case.comments]) == ("text of 1", ["text of 2"])


def test_a_change_reaches_the_case_in_the_desks_words(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.work()
    with bench.store() as store:
        store.ask_change(str(bench.ticket("1").id), "desk", "escalated", {"state": "solved"}, "person")
    bench.work()
    assert desk.cases["C-1"].state == "done"


def test_a_change_of_a_ticket_without_a_case_is_set_aside(bench: Bench) -> None:
    bench.put("1")
    with bench.store() as store:
        store.ask_change(str(bench.ticket("1").id), "desk", "escalated", {"state": "solved"}, "person")
    assert bench.work().set_aside == 1
    [row] = left(bench)
    assert row.error == "the ticket has no case there to be told or changed"


def _closed_before_the_comment(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    bench.work()
    bench.put("2", thread="t")
    desk.change("C-1", state="done")
    bench.read()


def test_what_a_closed_case_is_not_told_is_set_aside_and_never_said_to_be_told(bench: Bench, desk: Desk) -> None:
    _closed_before_the_comment(bench, desk)
    worked = bench.work()
    assert (worked.sent, worked.set_aside) == (0, 1)
    assert desk.cases["C-1"].comments == []
    assert "comment_sent" not in kinds(bench, "t")
    assert kinds(bench, "t")[-1] == "set_aside"
    [row] = left(bench)
    assert (row.effect, row.state) == ("comment", "failed")
    assert row.error is not None
    assert row.error.startswith("its case there is closed, so nothing more is told in it; escalate the ticket again")


def test_a_new_case_tells_what_the_closed_one_was_not_told(bench: Bench, desk: Desk) -> None:
    _closed_before_the_comment(bench, desk)
    bench.work()
    bench.escalate("t")
    assert bench.work().sent == 1
    [new] = [case for name, case in desk.cases.items() if name != "C-1"]
    assert (sorted(new.text.splitlines()), new.comments) == (["text of 1", "text of 2"], [])
    assert left(bench) == []
    assert "comment_sent" in kinds(bench, "t")


def test_what_cannot_be_sent_says_nothing_of_whether_the_desk_is_there(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    bench.work()
    bench.put("7")
    bench.escalate("7")
    bench.put("2", thread="t")
    desk.change("C-1", state="done")
    bench.read()
    desk.always = "busy"
    bench.work()
    assert [(row.effect, row.attempts) for row in left(bench)] == [("create", 0), ("comment", 1)]


def test_what_is_delivered_goes_through_the_hook_of_that_name(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    with bench.store() as store:
        store.ask_case(str(bench.ticket("1").id), "desk", role="delivered")
    assert bench.work().sent == 1
    ticket = bench.ticket("1")
    assert (ticket.state, [link.role for link in ticket.links]) == ("new", ["delivered"])


# --- once in effect -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["lost", "late"])
def test_a_lost_answer_makes_no_second_case(bench: Bench, desk: Desk, fault: Fault) -> None:
    bench.put("1")
    bench.escalate("1")
    desk.faults.append(fault)
    assert bench.work().sent == 0
    bench.clock.push(minutes=5)
    assert bench.work().sent == 1
    assert len(desk.cases) == 1
    assert bench.ticket("1").links[0].external_id == "C-1"


def test_there_is_no_second_create_until_the_look_up_covers_the_index(bench: Bench, desk: Desk) -> None:
    desk.index_s = 100
    bench.config["index_s"] = 120
    bench.put("1")
    bench.escalate("1")
    desk.faults.append("lost")
    bench.work()
    for _ in range(9):
        bench.clock.push(seconds=10)
        assert bench.work(forced=True).sent == 0
    assert len(desk.cases) == 1
    bench.clock.push(seconds=20)
    assert bench.work(forced=True).sent == 1
    assert len(desk.cases) == 1


def test_what_was_surely_not_made_is_made_when_the_look_up_can_be_believed(bench: Bench, desk: Desk) -> None:
    bench.config["index_s"] = 60
    bench.put("1")
    bench.escalate("1")
    desk.faults.append("error")  # a 500 says nothing about what was done
    bench.work()
    bench.clock.push(seconds=40)
    assert bench.work().sent == 0
    assert left(bench)[0].attempts == 0, "to look up again later is no failure"
    bench.clock.push(seconds=26)
    assert bench.work().sent == 1
    assert len(desk.cases) == 1


@pytest.mark.parametrize("fault", ["refused", "busy"])
def test_a_clear_refusal_needs_no_look_up(bench: Bench, desk: Desk, fault: Fault) -> None:
    bench.put("1")
    bench.escalate("1")
    desk.faults.extend([fault] * (3 if fault == "busy" else 1))
    bench.work()
    assert left(bench)[0].unsure_since is None
    with bench.store() as store:
        store.outbox_retry([left(bench)[0].n])
    bench.work(forced=True)
    assert ("GET", "/cases") not in desk.asked
    assert len(desk.cases) == 1


@pytest.mark.parametrize("fault", ["lost", "late"])
def test_a_lost_answer_makes_no_second_comment(bench: Bench, desk: Desk, fault: Fault) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    bench.work()
    bench.put("2", thread="t")
    desk.faults.append(fault)
    bench.work()
    bench.clock.push(minutes=5)
    bench.work()
    assert [comment["text"] for comment in desk.cases["C-1"].comments] == ["text of 2"]


def test_a_read_that_meets_the_case_before_the_next_try_settles_it(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    desk.faults.append("lost")
    bench.work()
    bench.read()
    assert bench.ticket("1").state == "on_hold"
    with bench.store() as store:
        assert store.summary().tickets == 1, "the case has become a ticket of its own"
    desk.asked.clear()
    assert bench.work(forced=True).sent == 1
    assert desk.asked == []
    assert len(desk.cases) == 1


# --- order ----------------------------------------------------------------------------------------------------------


def test_what_follows_a_failed_create_waits_for_it_and_other_tickets_go_on(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="a")
    bench.put("9", thread="b")
    bench.escalate("a")
    desk.faults.append("late")
    bench.work()
    bench.put("2", thread="a")
    bench.escalate("b")
    desk.faults.extend(["error"] * 3)  # the look-up for the first, with every try
    bench.work()
    assert [case.text for case in desk.cases.values()] == ["text of 1", "text of 9"]
    assert [row.effect for row in left(bench)] == ["create", "comment"]


def test_a_create_that_is_set_aside_holds_back_what_follows_it(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    desk.faults.append("refused")
    bench.work()
    with bench.store() as store:
        store.checkpoint(page(mention("2", thread="t")))
        row, comment = store.outbox_left()
    assert (row.state, row.error) == ("failed", "the desk refuses the case: the field Project is required")
    assert (comment.state, comment.effect) == ("waiting", "comment")
    assert bench.work().sent == 0
    with bench.store() as store:
        store.outbox_retry([row.n])
    assert bench.work().sent == 2
    case = desk.cases["C-1"]
    assert (case.text, [one["text"] for one in case.comments]) == ("text of 1", ["text of 2"])


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_desk_that_is_down_is_noticed_with_two_deliveries_and_then_left_alone(bench: Bench, desk: Desk) -> None:
    for thread in "abcdefgh":
        bench.put(thread)
        bench.escalate(thread)
    desk.always = "error"
    worked = bench.work()
    assert worked.down is not None
    assert (worked.failed, len(desk.asked)) == (2, 2)
    assert [row.attempts for row in left(bench)] == [0] * 8, "an outage is no fault of a delivery"


def test_a_desk_that_goes_down_in_the_middle_is_not_asked_for_all_the_rest(bench: Bench, desk: Desk) -> None:
    for number in range(40):
        bench.put(str(number))
        bench.escalate(str(number))
    desk.faults.append(None)
    desk.faults.extend(["error"] * 39)
    worked = bench.work()
    assert (worked.sent, worked.down is not None) == (1, True)
    assert len(desk.asked) <= 1 + 2 * 8
    assert {row.attempts for row in left(bench)} == {0}


def test_a_desk_that_was_down_is_probed_with_one_request(bench: Bench, desk: Desk) -> None:
    for thread in "abc":
        bench.put(thread)
        bench.escalate(thread)
    desk.always = "busy"
    assert bench.work(probing=True).down is not None
    assert len(desk.asked) == 1
    desk.always = None
    assert bench.work(probing=True).sent == 3


def test_a_delivery_that_the_desk_always_fails_on_does_not_stop_the_others(bench: Bench, desk: Desk) -> None:
    for thread in "abc":
        bench.put(thread)
        bench.escalate(thread)
    desk.faults.append("error")
    worked = bench.work()
    assert (worked.sent, worked.failed, worked.down) == (2, 1, None)
    [row] = left(bench)
    assert (row.attempts, row.state) == (1, "waiting")
    assert row.next_try_at == bench.clock() + timedelta(seconds=30)


def test_waits_grow_and_stand_in_the_store(bench: Bench, desk: Desk) -> None:
    """What fails by its own fault: a connector that cannot read the answer."""
    bench.put("1")
    bench.escalate("1")
    waits = []
    for _ in range(MAX_TRIES - 1):
        _break(bench)
        [row] = left(bench)
        assert row.next_try_at is not None
        waits.append((row.next_try_at - bench.clock()).total_seconds())
        assert bench.work().sent == 0, "it waits"
        bench.clock.at = row.next_try_at
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    _break(bench)
    [row] = left(bench)
    assert (row.state, row.error) == ("failed", "KeyError: 'id'")


def _break(bench: Bench) -> None:
    class Broken(type(bench.connector())):  # type: ignore[misc]  # the class is only known at run time
        def escalate(self, delivery: Any) -> Any:
            raise KeyError("id")
            yield

    whole = bench.connector
    bench.connector = lambda: Broken(whole().config)  # type: ignore[method-assign]
    bench.work()
    bench.connector = whole  # type: ignore[method-assign]


def test_refused_credentials_are_for_a_person_and_cost_the_delivery_nothing(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.key = "another-key"
    with pytest.raises(AuthError, match="401 from POST /cases"):
        bench.work()
    [row] = left(bench)
    assert (row.state, row.attempts, row.unsure_since) == ("waiting", 0, None)
    bench.key = "desk-key-0001"
    assert bench.work().sent == 1


def test_an_outage_that_lasts_too_long_sets_aside_what_waited_for_it(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    desk.always = "error"
    bench.clock.push(seconds=LONGEST_OUTAGE.total_seconds() + 1)
    assert bench.work().set_aside == 1
    [row] = left(bench)
    assert (row.state, row.error) == ("failed", "500 from POST /cases")
    assert kinds(bench, "1")[-1] == "set_aside"


def test_what_is_dropped_is_never_sent_unless_it_is_asked_for_again(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    with bench.store() as store:
        assert store.outbox_drop([left(bench)[0].n]) == 1
    assert bench.work().sent == 0
    bench.escalate("1")
    assert bench.work().sent == 1
    assert kinds(bench, "1") == ["created", "escalation_asked", "dropped", "escalation_asked", "escalated", "changed"]


# --- what comes back ------------------------------------------------------------------------------------------------


def test_a_case_is_followed_and_its_end_opens_the_ticket_again(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.work()
    bench.read()
    assert bench.ticket("1").links[0].state == "todo"
    desk.change("C-1", state="doing", assignee="Anna")
    bench.read()
    link = bench.ticket("1").links[0]
    assert (link.state, link.assignee, bench.ticket("1").state) == ("doing", "Anna", "on_hold")
    desk.change("C-1", state="done")
    bench.read()
    assert bench.ticket("1").state == "open"
    with bench.store() as store:
        events = store.events(str(bench.ticket("1").id))
        assert store.summary().tickets == 1
    assert [event.cause for event in events[:2]] == ["source", "person"]
    assert {event.cause for event in events[2:]} == {"destination"}
    assert events[-2].data == {"fields": {"state": ["on_hold", "open"]}}
    assert (events[-1].kind, events[-1].data) == ("case_done", {"instance": "desk", "external_id": "C-1"})


def test_a_case_that_is_reopened_holds_the_ticket_again(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.work()
    for state, wanted in (("done", "open"), ("doing", "on_hold"), ("cancelled", "open")):
        desk.change("C-1", state=state)
        bench.read()
        assert bench.ticket("1").state == wanted


def test_what_is_said_in_the_case_becomes_notes_and_our_own_words_do_not(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    bench.work()
    bench.put("2", thread="t")
    bench.work()
    desk.say("C-1", "we refund it")
    bench.read()
    bench.read()
    ticket = bench.ticket("t")
    assert sorted((message.direction, message.body) for message in ticket.messages) == [
        ("in", "text of 1"),
        ("in", "text of 2"),
        ("note", "we refund it"),
    ]
    assert ticket.title is None
    assert bench.work().sent == 0, "a note of the desk is told to nobody"


def test_what_is_said_on_both_sides_is_there_once_on_both_and_never_loops(bench: Bench, desk: Desk) -> None:
    bench.put("0", thread="t")
    bench.escalate("t")
    bench.work()
    for number in range(1, 11):
        bench.put(str(number), thread="t")
        desk.say("C-1", f"answer {number}")
        bench.work()
        bench.read()
    desk.asked.clear()
    assert bench.work().sent == 0
    assert bench.read().created == 0
    told = sorted(comment["text"] for comment in desk.cases["C-1"].comments)
    assert told == sorted([f"text of {n}" for n in range(1, 11)] + [f"answer {n}" for n in range(1, 11)])
    said = sorted(message.body for message in bench.ticket("t").messages)
    assert said == sorted([f"text of {n}" for n in range(11)] + [f"answer {n}" for n in range(1, 11)])


def test_our_own_comment_is_known_by_its_id_where_the_desk_shows_no_marker(bench: Bench, desk: Desk) -> None:
    bench.put("1", thread="t")
    bench.escalate("t")
    bench.work()
    bench.put("2", thread="t")
    bench.work()
    desk.cases["C-1"].comments[0]["marker"] = ""
    bench.read()
    assert [message.direction for message in bench.ticket("t").messages] == ["in", "in"]


def test_a_note_that_is_edited_at_the_desk_is_edited_here(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.work()
    desk.say("C-1", "first")
    bench.read()
    with bench.store() as store:
        while store.index_batch():
            pass
    desk.cases["C-1"].comments[0]["text"] = "second"
    desk.change("C-1")
    bench.read()
    assert [message.body for message in bench.ticket("1").messages if message.direction == "note"] == ["second"]
    assert kinds(bench, "1")[-1] == "message_changed"


def test_the_desks_own_cases_are_tickets_of_their_own(bench: Bench, desk: Desk) -> None:
    desk.answer("POST", "/cases", {"marker": "", "text": "by a person"})
    desk.answer("POST", "/cases", {"marker": "hub-000000000000000000000000", "text": "by another hub"})
    bench.read()
    with bench.store() as store:
        assert store.summary().tickets == 2


def test_a_second_case_with_our_marker_is_told_and_is_no_ticket(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    bench.work()
    desk.answer("POST", "/cases", {"marker": desk.cases["C-1"].marker, "text": "a copy by a person"})
    bench.read()
    with bench.store() as store:
        assert store.summary().tickets == 1
    assert [(link.role, link.external_id) for link in bench.ticket("1").links] == [
        ("escalated", "C-1"),
        ("same", "C-2"),
    ]
    assert kinds(bench, "1").count("duplicate_case") == 1


def test_a_case_that_is_deleted_there_opens_the_ticket_again(bench: Bench, desk: Desk) -> None:
    for thread in "abc":
        bench.put(thread)
        bench.escalate(thread)
    bench.work()
    bench.read()
    gone = next(case for case in desk.cases.values() if case.text == "text of a")
    del desk.cases[gone.id]
    bench.clock.push(days=2)
    bench.read(sweep=True)
    assert [bench.ticket(thread).state for thread in "abc"] == ["open", "on_hold", "on_hold"]
    assert [bench.ticket(thread).links[0].state for thread in "abc"] == ["hidden", "todo", "todo"]


def test_a_list_that_lacks_too_many_cases_is_not_believed(bench: Bench, desk: Desk) -> None:
    for thread in "abc":
        bench.put(thread)
        bench.escalate(thread)
    bench.work()
    bench.read()
    desk.cases.clear()
    bench.clock.push(days=2)
    bench.read(sweep=True)
    assert {bench.ticket(thread).state for thread in "abc"} == {"on_hold"}


def test_a_ticket_that_is_solved_by_then_is_not_put_on_hold(bench: Bench, desk: Desk) -> None:
    bench.put("1")
    bench.escalate("1")
    with bench.store() as store:
        store.checkpoint(page(mention("1", state="solved")))
    bench.work()
    assert bench.ticket("1").state == "solved"
