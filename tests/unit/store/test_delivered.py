"""What is delivered is asked for in the page's transaction, once; its cases are told what changes, and tell."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import orjson
import pytest

from hub.routing.destinations import Destinations
from hub.sdk import FollowUp, MessageDraft, Ticket
from hub.store import Decided, Escalation, Place, Router, Store
from tests.unit.store.pages import NOW, PUBLISHED, at, hide, mention, put, rows

THERE: dict[str, Any] = {"instance": "desk", "stream": "cases", "connector": "d"}
DESK = Destinations(("desk",))


class Ruled:
    """Rules that a test changes as it likes; ``tags`` are those that a person pinned."""

    def __init__(self, **decided: Any) -> None:
        self.decided: dict[str, Any] = {"priority": "normal", "deliver": ("desk",), "ruleset": "v1", **decided}
        self.when_tagged: Mapping[str, Any] = {}

    def decide(self, facts: Any) -> Decided:
        tagged = any(tag in self.when_tagged for tag in facts.pinned.get("tags") or ())
        escalations = (Escalation("crm", "claims"),) if tagged else ()
        return Decided(**self.decided, escalations=escalations)

    @property
    def router(self) -> Router:
        return Router(self.decide, destinations=DESK)


def only(store: Store) -> Ticket:
    [ticket] = store.iter_tickets()
    return ticket


def asked(store: Store, effect: str = "create") -> list[tuple[str, str]]:
    return rows(store, "SELECT instance, role FROM outbox WHERE effect = ? ORDER BY n", effect)


def changes(store: Store) -> list[Any]:
    found = rows(store, "SELECT payload FROM outbox WHERE effect = 'change' AND state = 'waiting' ORDER BY n")
    return [orjson.loads(payload)["changes"] for (payload,) in found]


def make(store: Store, external_id: str = "D-1") -> int:
    """Let the case exist that was asked for; return the row's number."""
    row = next(row for row in store.outbox_left("desk") if row.effect == "create")
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    place = Place("desk", "d", "", external_id)
    store.outbox_made(row.n, parcel.told_n, place, None, parcel.told)
    store.outbox_finished(row.n)
    return row.n


def send(store: Store) -> None:
    """Let every change that waits be sent."""
    for row in store.outbox_left("desk"):
        store.outbox_finished(row.n, row.changes)


def fill(store: Store, rules: Ruled) -> str:
    """A ticket that was delivered; return its id."""
    put(store, mention("1"), router=rules.router)
    make(store)
    return str(only(store).id)


def show(store: Store, external_id: str = "D-1", router: Router | None = None, **facts: Any) -> None:
    """Read the case as people there have it."""
    put(store, FollowUp(external_id=external_id, **facts), router=router, **THERE)


def kinds(store: Store) -> list[str]:
    return [event.kind for event in store.events(str(only(store).id))]


# --- asking -----------------------------------------------------------------------------------------------------------


def test_what_is_decided_to_be_delivered_is_asked_for_with_the_page_and_once(store: Store) -> None:
    rules = Ruled()
    for body in ("first", "edited", "edited again"):
        put(store, mention("1", body=body), router=rules.router)
    assert asked(store) == [("desk", "delivered")]


@pytest.mark.parametrize("tickets", [1, 3, 100])
def test_without_rules_mentions_go_to_the_default_destinations(store: Store, tickets: int) -> None:
    for _ in range(2):
        put(store, *(mention(str(n)) for n in range(tickets)), destinations=Destinations(("desk", "mail")))
    assert sorted(asked(store)) == sorted([("desk", "delivered"), ("mail", "delivered")] * tickets)


def test_without_rules_what_is_over_or_somebodys_work_is_not_delivered(store: Store) -> None:
    task = mention("3").model_copy(update={"kind": "task"})
    closed = mention("2").model_copy(update={"state": "solved"})
    put(store, mention("1", hidden=True), closed, task, destinations=DESK)
    assert asked(store) == []
    put(store, mention("1", hidden=False), destinations=DESK)
    assert asked(store) == [("desk", "delivered")]


@pytest.mark.parametrize("state", ["solved", "closed"])
def test_what_rules_close_is_not_delivered_until_they_open_it(store: Store, state: str) -> None:
    rules = Ruled(state=state)
    put(store, mention("1"), router=rules.router)
    assert asked(store) == []
    rules.decided["state"] = None
    put(store, mention("1", body="edited"), router=rules.router)
    assert asked(store) == [("desk", "delivered")]


def test_a_later_decision_delivers_and_takes_nothing_back(store: Store) -> None:
    rules = Ruled(deliver=())
    put(store, mention("1"), router=rules.router)
    assert asked(store) == []
    rules.decided["deliver"] = ("desk",)
    store.set_by_hand(str(only(store).id), {"queue": "claims"}, router=rules.router)
    assert asked(store) == [("desk", "delivered")]
    rules.decided["deliver"] = ()
    put(store, mention("1", body="edited"), router=rules.router)
    assert [row.state for row in store.outbox_left("desk")] == ["waiting"]


@pytest.mark.parametrize("minutes", [0, 30])
def test_what_was_said_before_the_start_is_stored_and_not_delivered(store: Store, minutes: int) -> None:
    since = Destinations(("desk",), PUBLISHED + timedelta(minutes=10))
    put(store, mention("1", thread="a"), mention("2", thread="b", minutes=minutes), destinations=since)
    assert len(list(store.iter_tickets())) == 2
    assert len(asked(store)) == (minutes > 10)


def test_a_ticket_is_not_delivered_to_where_it_comes_from(store: Store) -> None:
    put(store, mention("1"), destinations=Destinations(("one",)))
    assert asked(store) == []


def test_a_dropped_delivery_and_a_closed_case_are_not_asked_for_anew(store: Store) -> None:
    rules = Ruled()
    put(store, mention("1"), mention("2"), router=rules.router)
    first, _ = store.outbox_left("desk")
    store.outbox_drop([first.n])
    make(store)
    show(store, state="closed")
    put(store, mention("1", body="edited"), mention("2", body="edited"), router=rules.router)
    assert len(asked(store)) == 2
    assert [row.effect for row in store.outbox_left("desk")] == ["comment"], "the case is told the new words"


def test_renaming_an_instance_delivers_nothing_twice(store: Store) -> None:
    fill(store, Ruled())
    renamed = Destinations(("helpdesk",), None, {"helpdesk": "d", "one": "c"})
    router = Router(lambda facts: Decided("normal", deliver=("helpdesk",)), destinations=renamed)
    put(store, mention("1", body="edited"), router=router)
    assert asked(store) == [("desk", "delivered")]


# --- what changes here ------------------------------------------------------------------------------------------------


def test_an_open_case_is_told_of_what_rules_decide_anew(store: Store) -> None:
    rules = Ruled(queue="claims", tags=("a",), category="complaint")
    fill(store, rules)
    assert changes(store) == []
    rules.decided |= {"priority": "urgent", "queue": "vip", "tags": ("a", "b"), "category": "praise"}
    put(store, mention("1", body="edited"), router=rules.router)
    assert changes(store) == [{"priority": "urgent", "queue": "vip", "category": "praise", "tags": ["a", "b"]}]


def test_changes_that_wait_are_one_and_the_latest_values_win(store: Store) -> None:
    ticket = fill(store, Ruled())
    store.set_by_hand(ticket, {"priority": "high"})
    store.set_by_hand(ticket, {"priority": "urgent", "queue": "vip"})
    store.set_by_hand(ticket, {"state": "solved"})
    assert changes(store) == [{"priority": "urgent", "queue": "vip", "state": "solved"}]
    send(store)
    store.set_by_hand(ticket, {"state": "open"})
    assert changes(store) == [{"state": "open"}]


def test_a_case_is_told_that_its_ticket_is_hidden_at_the_source(store: Store) -> None:
    fill(store, Ruled())
    put(store, hide("1"))
    assert changes(store) == [{"state": "hidden"}]


def test_what_changed_while_the_case_was_made_is_told_after_it(store: Store) -> None:
    put(store, mention("1"), router=Ruled().router)
    [row] = store.outbox_left("desk")
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    store.outbox_unsure(row.n, parcel.told_n, parcel.told)
    store.set_by_hand(str(only(store).id), {"priority": "urgent"})
    assert changes(store) == []
    store.outbox_made(row.n, parcel.told_n, Place("desk", "d", "", "D-1"), None, parcel.told)
    assert changes(store) == [{"priority": "urgent"}]


def test_a_case_that_is_made_of_a_ticket_that_is_over_by_then_is_told_so(store: Store) -> None:
    put(store, mention("1"), router=Ruled().router)
    put(store, hide("1"))
    make(store)
    assert changes(store) == [{"state": "hidden"}]
    show(store, state="open")
    send(store)
    show(store, state="closed")
    assert (only(store).state, only(store).set_by_hand) == ("hidden", ())


def test_an_escalated_case_is_not_told_of_queues(store: Store) -> None:
    put(store, mention("1"))
    ticket = str(only(store).id)
    row = store.ask_case(ticket, "desk").outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place("desk", "d", "", "D-1"), None)
    store.outbox_finished(row.n)
    store.set_by_hand(ticket, {"queue": "vip", "priority": "high"})
    assert changes(store) == [{"priority": "high"}]


# --- what people there decide -----------------------------------------------------------------------------------------


def test_what_operators_set_is_applied_and_pinned(store: Store) -> None:
    rules = Ruled(queue="claims", category="other")
    ticket = fill(store, rules)
    show(store, router=rules.router, state="pending", priority="high", queue="vip", category="praise", assignee="Anna")
    found = only(store)
    assert (found.state, found.priority, found.queue, found.category, found.assignee) == (
        *("pending", "high", "vip", "praise", "Anna"),
    )
    assert found.set_by_hand == ("assignee", "category", "priority", "queue", "state")
    [event] = [event for event in store.events(ticket) if event.kind == "set"]
    assert event.cause == "destination"
    assert event.data["fields"]["priority"] == ["normal", "high"]
    assert (event.data["instance"], event.data["external_id"]) == ("desk", "D-1")
    put(store, mention("1", body="edited"), router=rules.router)
    assert only(store).priority == "high"
    assert changes(store) == [], "they know it: it came from there"


def test_what_we_told_is_no_operators_change(store: Store) -> None:
    rules = Ruled(queue="claims", tags=("a",), category="complaint")
    ticket = fill(store, rules)
    told: dict[str, Any] = {
        "priority": "normal",
        "queue": "claims",
        "category": "complaint",
        "tags": ("a",),
        "state": "new",
    }
    show(store, **told)
    store.set_by_hand(ticket, {"priority": "urgent"})
    show(store, **told)  # read while the change still waits
    send(store)
    show(store, **told)  # read before it was there
    show(store, **{**told, "priority": "urgent"})
    store.set_by_hand(ticket, {"state": "closed"})
    send(store)
    show(store, **{**told, "priority": "urgent", "state": "solved"})  # the desk has no other word for it
    found = only(store)
    assert (found.priority, found.state, found.queue, found.set_by_hand) == (
        *("urgent", "closed", "claims", ("priority", "state")),
    )
    assert [event.cause for event in store.events(ticket) if event.kind == "set"] == ["person", "person"]


def test_each_of_several_values_that_we_told_is_known_again(store: Store) -> None:
    ticket = fill(store, Ruled())
    store.set_by_hand(ticket, {"priority": "high"})
    [row] = [row for row in store.outbox_left("desk") if row.effect == "change"]
    store.outbox_failed(row.n, "slow down", sure=True)  # tried: it is no longer merged into
    store.set_by_hand(ticket, {"priority": "urgent"})
    store.outbox_finished(row.n, row.changes)
    show(store, priority="high")
    assert only(store).priority == "urgent"
    assert changes(store) == [{"priority": "urgent"}]


def test_an_operator_overrules_what_still_waits(store: Store) -> None:
    ticket = fill(store, Ruled())
    show(store, priority="normal")
    store.set_by_hand(ticket, {"priority": "high", "queue": "vip"})
    show(store, priority="low")
    assert only(store).priority == "low"
    assert changes(store) == [{"queue": "vip"}]


def test_an_operator_who_overruled_what_was_under_way_wins_in_the_end(store: Store) -> None:
    ticket = fill(store, Ruled())
    show(store, priority="normal")
    store.set_by_hand(ticket, {"priority": "high"})
    [row] = store.outbox_left("desk")
    show(store, priority="low")
    store.outbox_finished(row.n, row.changes)  # ours reached the desk after theirs
    assert changes(store) == [{"priority": "low"}]
    show(store, priority="high")
    assert only(store).priority == "low"


def test_what_a_destination_cannot_say_is_left_alone(store: Store) -> None:
    rules = Ruled(queue="claims", tags=("a",))
    fill(store, rules)
    show(store, state="open")
    found = only(store)
    assert (found.queue, found.tags, found.set_by_hand) == ("claims", ("a",), ())


def test_a_new_case_that_nobody_took_up_decides_nothing(store: Store) -> None:
    fill(store, Ruled())
    show(store, state="open", queue="first line", priority="normal")
    assert only(store).set_by_hand == ()
    show(store, state="open", queue="second line", priority="normal")
    assert (only(store).queue, only(store).set_by_hand) == ("second line", ("queue",))


def test_tags_come_and_go_with_those_of_the_case_but_not_those_it_lost(store: Store) -> None:
    fill(store, Ruled(tags=("a", "b")))
    show(store, tags=("a",))  # the desk does not know b
    assert only(store).set_by_hand == ()
    show(store, tags=("a", "vip"))
    assert only(store).tags == ("a", "b", "vip")
    show(store, tags=("vip",))
    assert only(store).tags == ("b", "vip")
    assert changes(store) == []


def test_tags_that_both_sides_add_at_once_are_all_there(store: Store) -> None:
    ticket = fill(store, Ruled(tags=("a",)))
    show(store, tags=("a",))
    store.set_by_hand(ticket, {"tags": ["a", "ours"]})
    show(store, tags=("a", "theirs"))
    assert only(store).tags == ("a", "ours", "theirs")
    assert changes(store) == [{"tags": ["a", "ours", "theirs"]}]


def test_the_end_there_ends_the_ticket_and_opening_it_again_opens_it(store: Store) -> None:
    fill(store, Ruled())
    show(store, state="open")
    show(store, state="solved")
    assert (only(store).state, only(store).closed_at) == ("solved", NOW)
    show(store, state="open")
    assert (only(store).state, only(store).closed_at) == ("open", None)
    assert changes(store) == []


def test_a_ticket_that_people_there_work_on_is_still_on_hold_for_its_escalation(store: Store) -> None:
    ticket = fill(store, Ruled())
    show(store, state="pending")
    row = store.ask_case(ticket, "crm").outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place("crm", "crm", "", "T-1"), None)
    assert only(store).state == "on_hold"
    put(store, FollowUp(external_id="T-1", state="solved"), instance="crm", stream="tasks", connector="crm")
    assert only(store).state == "open"


def test_one_desk_is_told_what_operators_of_the_other_decide(store: Store) -> None:
    put(store, mention("1"), destinations=Destinations(("desk", "mail")))
    make(store)
    [row] = store.outbox_left("mail")
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    store.outbox_made(row.n, parcel.told_n, Place("mail", "m", "", "M-1"), None, parcel.told)
    store.outbox_finished(row.n)
    show(store, priority="urgent")
    assert [(one.instance, one.changes) for one in store.outbox_left()] == [("mail", {"priority": "urgent"})]


def test_a_tag_of_an_operator_escalates_once(store: Store) -> None:
    rules = Ruled()
    rules.when_tagged = {"fraud": True}
    fill(store, rules)
    show(store, router=rules.router, tags=("fraud",))
    assert asked(store) == [("desk", "delivered"), ("crm", "escalated")]
    [row] = store.outbox_left("crm")
    store.outbox_made(row.n, 0, Place("crm", "crm", "", "T-1"), None)
    store.outbox_finished(row.n)
    there: dict[str, Any] = {"instance": "crm", "stream": "tasks", "connector": "crm"}
    put(store, FollowUp(external_id="T-1", state="solved"), router=rules.router, **there)
    show(store, router=rules.router, tags=("fraud", "more"))
    assert len(asked(store)) == 2


# --- what becomes of the case -----------------------------------------------------------------------------------------


def test_a_rating_is_kept_with_the_case(store: Store) -> None:
    fill(store, Ruled())
    for _ in range(2):
        show(store, rating=4)
    assert only(store).links[0].rating == 4
    assert kinds(store).count("rated") == 1


def test_a_case_deleted_there_leaves_the_ticket_as_it_is(store: Store) -> None:
    ticket = fill(store, Ruled())
    show(store, state="open")
    for _ in range(2):
        show(store, state="hidden")
    found = only(store)
    assert (found.state, found.links[0].state) == ("new", "hidden")
    assert kinds(store).count("case_deleted") == 1
    store.set_by_hand(ticket, {"priority": "urgent"})
    put(store, mention("2", thread="1"))
    assert store.outbox_left() == []


def test_the_link_follows_a_case_that_is_merged_into_another(store: Store) -> None:
    fill(store, Ruled())
    show(store, state="open")
    for _ in range(2):
        show(store, merged_into="D-9", state="closed")
    show(store, "D-9", state="open", assignee="Anna", priority="normal")
    found = only(store)
    assert [(link.role, link.external_id) for link in found.links] == [("delivered", "D-9"), ("same", "D-1")]
    assert (found.assignee, found.set_by_hand) == ("Anna", ("assignee",))
    assert kinds(store).count("case_merged") == 1
    show(store, "D-9", state="solved")
    assert only(store).state == "solved"


def test_a_ticket_whose_case_is_merged_into_that_of_another_ticket_is_closed(store: Store) -> None:
    rules = Ruled()
    put(store, mention("1"), mention("2"), router=rules.router)
    make(store, "D-1")
    make(store, "D-2")
    for _ in range(2):
        show(store, "D-1", merged_into="D-2", status="merged")
    first, second = (next(t for t in store.iter_tickets() if t.thread == thread) for thread in "12")
    assert (first.state, first.links[0].state, second.state) == ("closed", "merged", "new")
    [event] = [event for event in store.events(str(first.id)) if event.kind == "case_merged"]
    assert event.data["ticket"] == str(second.id)


def test_what_a_customer_writes_after_the_case_was_merged_is_told_in_the_case_that_it_went_into(store: Store) -> None:
    rules = Ruled()
    put(store, mention("1"), mention("2"), router=rules.router)
    make(store, "D-1")
    make(store, "D-2")
    put(store, mention("1", rating=1.0), router=Ruled(priority="high").router)
    show(store, "D-1", merged_into="D-2", status="merged")
    put(store, mention("3", thread="1"), router=Ruled(priority="urgent").router)
    [row] = store.outbox_left("desk")
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    assert parcel.link is not None
    assert (row.effect, parcel.link.external_id, parcel.closed) == ("comment", "D-2", False), "changes are not theirs"
    show(store, "D-2", merged_into="D-3", state="closed")
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    assert parcel.link is not None
    assert parcel.link.external_id == "D-3"


def test_a_merged_case_keeps_the_destinations_word_for_it(store: Store) -> None:
    rules = Ruled()
    put(store, mention("1"), mention("2"), router=rules.router)
    make(store, "D-1")
    make(store, "D-2")
    for _ in range(3):
        show(store, "D-1", merged_into="D-2", status="Объединен")
    first = next(ticket for ticket in store.iter_tickets() if ticket.thread == "1")
    assert first.links[0].state == "Объединен"
    told = [event.data for event in store.events(str(first.id)) if event.kind in ("case_read", "case_changed")]
    assert len(told) == 1


# --- what is said there -----------------------------------------------------------------------------------------------


def said(direction: Any, source_id: str = "m1") -> MessageDraft:
    return MessageDraft(source_id=source_id, created_at=at(5), body="said there", direction=direction)


@pytest.mark.parametrize("direction", ["in", "out", "note"])
def test_what_is_said_in_the_case_keeps_its_direction_and_is_not_told_back(store: Store, direction: Any) -> None:
    rules = Ruled()
    fill(store, rules)
    show(store, router=rules.router, messages=(said(direction),))
    assert [message.direction for message in only(store).messages] == ["in", direction]
    assert asked(store, "comment") == []


def test_what_the_customer_says_there_is_told_in_other_cases(store: Store) -> None:
    ticket = fill(store, Ruled())
    row = store.ask_case(ticket, "crm").outgoing
    assert row is not None
    store.outbox_made(row.n, 9, Place("crm", "crm", "", "T-1"), None)
    told = asked(store, "comment")
    show(store, messages=(said("in"),))
    assert asked(store, "comment") == [*told, ("crm", "escalated")]


def test_what_was_said_there_before_our_answer_was_committed_is_not_told_back(store: Store) -> None:
    put(store, mention("1"), router=Ruled().router)
    [row] = store.outbox_left("desk")
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    store.outbox_unsure(row.n, parcel.told_n, parcel.told)
    show(store, marker=row.marker, priority="high", messages=(said("in"),))
    assert only(store).priority == "high", "an operator was quicker than our commit"
    store.outbox_made(row.n, parcel.told_n, Place("desk", "d", "", "D-1"), None, parcel.told)
    store.outbox_finished(row.n)
    assert store.outbox_left("desk") == []
    assert only(store).set_by_hand == ("priority",)


def test_a_customer_who_writes_again_is_told_in_a_case_that_is_solved(store: Store) -> None:
    fill(store, Ruled())
    show(store, state="solved")
    put(store, mention("2", thread="1"))
    assert asked(store, "comment") == [("desk", "delivered")]


# --- corrections ------------------------------------------------------------------------------------------------------


def corrections(store: Store, field: str = "priority") -> list[tuple[str | None, str, str]]:
    return [(one.ruled, one.label, one.cause) for one in store.iter_corrections(field)]


def test_a_correction_outlives_further_changes_and_goes_when_it_is_handed_back(store: Store) -> None:
    rules = Ruled(category="other")
    ticket = fill(store, rules)
    store.set_by_hand(ticket, {"priority": "high"}, router=rules.router)
    show(store, priority="urgent", category="complaint")
    rules.decided["priority"] = "low"
    put(store, mention("1", body="edited"), router=rules.router)
    assert corrections(store) == [("normal", "urgent", "destination")]
    assert corrections(store, "category") == [("other", "complaint", "destination")]
    store.set_by_hand(ticket, {}, ["priority"], rules.router)
    assert corrections(store) == []
    assert len(corrections(store, "category")) == 1


def test_who_agrees_with_the_rules_corrects_nothing(store: Store) -> None:
    ticket = fill(store, Ruled())
    store.set_by_hand(ticket, {"priority": "high"})
    store.set_by_hand(ticket, {"priority": "normal"})
    assert corrections(store) == []


def test_a_correction_is_decided_as_if_nothing_was_pinned(store: Store) -> None:
    ticket = fill(store, Ruled(queue="claims"))
    store.set_by_hand(ticket, {"queue": "vip", "priority": "high"})
    [one] = store.iter_corrections("queue", since=NOW)
    assert (one.ticket, one.facts.pinned, one.text) == (ticket, {}, "text of 1")
    assert list(store.iter_corrections("queue", since=NOW + timedelta(seconds=1))) == []


def test_corrections_go_with_a_person_who_is_erased(store: Store) -> None:
    put(store, mention("1", author="ann"), router=Ruled().router)
    store.set_by_hand(str(only(store).id), {"priority": "high"})
    store.erase("ann")
    assert corrections(store) == []


def test_a_ticket_whose_state_is_left_to_rules_again_waits_for_its_open_case(store: Store) -> None:
    ticket, rules = fill(store, Ruled()), Ruled()
    row = store.ask_case(ticket, "crm").outgoing
    assert row is not None
    store.outbox_made(row.n, 9, Place("crm", "crm", "", "T-1"), None)
    store.set_by_hand(ticket, {"state": "open"}, router=rules.router)
    assert only(store).state == "open", "people have the last word"
    store.set_by_hand(ticket, {}, ("state",), rules.router)
    assert only(store).state == "on_hold"


@pytest.mark.parametrize("state", ["solved", "closed"])
def test_a_ticket_that_has_ended_is_opened_by_who_escalates_it_and_waits(store: Store, state: str) -> None:
    ticket = fill(store, Ruled())
    store.set_by_hand(ticket, {"state": state})
    send(store)
    asked_for = store.ask_case(ticket, "crm")
    assert (asked_for.was, only(store).state, only(store).set_by_hand) == (state, "open", ())
    assert changes(store) == [{"state": "open"}], "people in the helpdesk see it"
    assert asked_for.outgoing is not None
    store.outbox_made(asked_for.outgoing.n, 9, Place("crm", "crm", "", "T-1"), None)
    assert only(store).state == "on_hold"
    put(store, FollowUp(external_id="T-1", state="solved"), instance="crm", stream="tasks", connector="crm")
    assert only(store).state == "open"


def test_a_ticket_that_has_ended_stays_so_where_a_rule_escalates_it(store: Store) -> None:
    ticket = fill(store, Ruled())
    store.set_by_hand(ticket, {"state": "solved"})
    assert store.ask_case(ticket, "crm", by="rule").was is None
    assert only(store).state == "solved"


def test_a_ticket_that_is_escalated_again_while_its_case_is_open_is_on_hold_again(store: Store) -> None:
    ticket = fill(store, Ruled())
    row = store.ask_case(ticket, "crm").outgoing
    assert row is not None
    store.outbox_made(row.n, 9, Place("crm", "crm", "", "T-1"), None)
    store.set_by_hand(ticket, {"state": "solved"})
    assert store.ask_case(ticket, "crm").link is not None
    assert only(store).state == "on_hold"
