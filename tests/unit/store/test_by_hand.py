"""What a person sets is pinned, told, and passed on to open cases."""

from typing import Any

import orjson
import pytest

from hub.sdk import FollowUp, Ticket
from hub.store import Decided, Escalation, Place, Router, Store
from tests.unit.store.pages import NOW, hide, mention, put, rows

RULED = Decided("low", "claims", "spam", 10, "anna", ("fraud",), state="closed", ruleset="v1", rules=("all",))
BY_RULES = Router(lambda facts: RULED)


def only(store: Store) -> Ticket:
    [ticket] = store.iter_tickets()
    return ticket


def fill(store: Store) -> str:
    put(store, mention("1"), router=BY_RULES)
    return str(only(store).id)


def changes(store: Store) -> list[tuple[str, str, Any]]:
    found = rows(store, "SELECT instance, role, payload FROM outbox WHERE effect = 'change' ORDER BY n")
    return [(instance, role, orjson.loads(payload)["changes"]) for instance, role, payload in found]


def test_what_a_person_sets_stays_whatever_rules_decide_later(store: Store) -> None:
    ticket = fill(store)
    wanted = {"state": "pending", "priority": "urgent", "queue": "vip", "category": "complaint", "assignee": "oleg"}
    done = store.set_by_hand(ticket[:8], {**wanted, "tags": ["mine"]})
    assert done.fields["priority"] == ["low", "urgent"]
    put(store, mention("1", body="edited"), router=BY_RULES)
    found = only(store)
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert (found.tags, found.closed_at, found.score) == (("mine",), None, 10)
    assert found.set_by_hand == ("assignee", "category", "priority", "queue", "state", "tags")


def test_what_a_person_took_away_stays_away(store: Store) -> None:
    ticket = fill(store)
    store.set_by_hand(ticket, {"queue": None, "assignee": None, "tags": []})
    put(store, mention("1", body="edited"), router=BY_RULES)
    found = only(store)
    assert (found.queue, found.assignee, found.tags) == (None, None, ())


def test_what_is_handed_back_is_decided_by_rules_again(store: Store) -> None:
    ticket = fill(store)
    store.set_by_hand(ticket, {"state": "open", "queue": "vip", "assignee": "oleg"})
    done = store.set_by_hand(ticket, {"priority": "high"}, ["queue", "state", "tags"])
    assert done.by_hand == ["assignee", "priority"]
    put(store, mention("1", body="edited"), router=BY_RULES)
    found = only(store)
    assert (found.queue, found.state, found.assignee, found.priority) == ("claims", "closed", "oleg", "high")
    assert [event.kind for event in store.events(ticket)][1:4] == ["set", "set", "handed_back"]


def test_rules_decide_the_rest_anew_at_once_and_leave_the_state_unless_it_is_theirs_again(store: Store) -> None:
    put(store, mention("1"))
    ticket = str(only(store).id)
    store.set_by_hand(ticket, {"priority": "high"}, router=BY_RULES)
    found = only(store)
    assert (found.priority, found.queue, found.score, found.state) == ("high", "claims", 10, "new")
    store.set_by_hand(ticket, {}, ["priority"], BY_RULES)
    assert (only(store).priority, only(store).state) == ("low", "new")
    store.set_by_hand(ticket, {"state": "open"}, router=BY_RULES)
    store.set_by_hand(ticket, {}, ["state"], BY_RULES)
    assert only(store).state == "closed"
    assert rows(store, "SELECT count(*) FROM outbox") == [(0,)]


def test_a_case_that_rules_propose_because_of_a_person_is_told_once(store: Store) -> None:
    proposing = Router(lambda facts: Decided("low", proposals=(Escalation("jira", "law"),)))
    put(store, mention("1"))
    ticket = str(only(store).id)
    for priority in ("high", "urgent"):
        store.set_by_hand(ticket, {"priority": priority}, router=proposing)
    kinds = [event.kind for event in store.events(ticket)]
    assert kinds.count("escalation_proposed") == 1
    assert rows(store, "SELECT count(*) FROM outbox") == [(0,)]


def test_an_event_tells_what_a_person_set_and_setting_it_again_is_no_news(store: Store) -> None:
    ticket = fill(store)
    for _ in range(2):
        done = store.set_by_hand(ticket, {"priority": "high", "queue": "claims"})
    assert dict(done.fields) == {}
    [event] = [event for event in store.events(ticket) if event.kind == "set"]
    assert (event.cause, event.at) == ("person", NOW)
    assert event.data == {"pinned": ["priority", "queue"], "fields": {"priority": ["low", "high"]}}


def test_a_ticket_that_is_hidden_stays_so_and_comes_back_as_a_person_set_it(store: Store) -> None:
    ticket = fill(store)
    put(store, hide("1"), router=BY_RULES)
    store.set_by_hand(ticket, {"state": "solved"})
    assert (only(store).state, only(store).closed_at) == ("hidden", NOW)
    put(store, hide("1", hidden=False), router=BY_RULES)
    assert only(store).state == "solved"


def _case(store: Store, ticket: str, instance: str, external_id: str) -> None:
    row = store.ask_case(ticket, instance).outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place(instance, "c", "", external_id), None)
    store.outbox_finished(row.n)


def test_open_cases_are_told_of_the_end_the_priority_and_the_tags_and_closed_ones_are_not(store: Store) -> None:
    put(store, mention("1"))
    ticket = str(only(store).id)
    _case(store, ticket, "jira", "J-1")
    _case(store, ticket, "crm", "C-1")
    put(store, FollowUp(external_id="C-1", state="closed"), instance="crm", stream="cases")
    done = store.set_by_hand(ticket, {"priority": "urgent", "tags": ["vip"], "state": "solved", "queue": "q"})
    assert changes(store) == [("jira", "escalated", {"priority": "urgent", "state": "solved", "tags": ["vip"]})]
    assert [(one.instance, one.effect) for one in done.asked] == [("jira", "change")]


@pytest.mark.parametrize("wanted", [{"state": "pending"}, {"queue": "q"}, {"assignee": "oleg"}, {"priority": "normal"}])
def test_what_is_our_own_affair_is_told_to_no_case(store: Store, wanted: dict[str, Any]) -> None:
    put(store, mention("1"))
    ticket = str(only(store).id)
    _case(store, ticket, "jira", "J-1")
    assert store.set_by_hand(ticket, wanted).asked == []
    assert changes(store) == []


def test_a_case_that_comes_back_leaves_a_state_that_a_person_set(store: Store) -> None:
    put(store, mention("1"))
    ticket = str(only(store).id)
    _case(store, ticket, "jira", "J-1")
    store.set_by_hand(ticket, {"state": "pending"})
    put(store, FollowUp(external_id="J-1", state="solved"), instance="jira", stream="cases")
    assert only(store).state == "pending"
