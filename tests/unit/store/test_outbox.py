"""What is asked of other places is committed with what caused it, and what comes back finds its ticket."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hub.routing.facts import Facts
from hub.sdk import FollowUp, MessageDraft, Sla, StoreError, find_marker
from hub.store import Decided, Escalation, Place, Router, Store, TicketFilter, open_store, upgrade_store
from hub.store.outbox import marker_of
from tests.unit.store.older import older
from tests.unit.store.pages import NOW, at, dump, hide, index_all, mention, put, rows, write

WRITTEN = ("tickets", "messages", "ticket_events", "links", "outbox")
THERE: dict[str, Any] = {"instance": "there", "stream": "cases"}


def _to_claims(facts: Facts) -> Decided:
    wanted = (Escalation("there", "claims"),) if any("claim" in text for text in facts.texts) else ()
    return Decided("normal", escalations=wanted)


TO_CLAIMS = Router(_to_claims)
"""Escalates what is about claims."""


def asked(store: Store) -> list[tuple[Any, ...]]:
    return rows(store, "SELECT instance, role, effect, state, payload FROM outbox ORDER BY n")


def linked(store: Store, thread: str = "1", external_id: str = "T-1") -> str:
    """Open the ticket *thread* and its case; return the ticket's id."""
    put(store, mention(thread))
    ticket = next(str(one.id) for one in store.iter_tickets() if one.thread == thread)
    row = store.ask_case(ticket, "there").outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place("there", "c", "", external_id), "https://there.example/1")
    store.outbox_finished(row.n)
    return ticket


def note(source_id: str = "n1", **facts: Any) -> MessageDraft:
    return MessageDraft(source_id=source_id, created_at=at(5), body=f"note {source_id}", **facts)


# --- asking ---------------------------------------------------------------------------------------------------------


def test_what_a_decision_asks_for_is_in_the_outbox_with_the_page(store: Store) -> None:
    put(store, mention("1", body="a claim"), mention("2"), router=TO_CLAIMS)
    assert asked(store) == [("there", "escalated", "create", "waiting", '{"cause":"rule","department":"claims"}')]


def test_a_page_that_cannot_be_committed_asks_for_nothing(store: Store) -> None:
    with pytest.raises(ValueError, match="surrogates"):
        put(store, mention("1", body="a claim"), mention("2", body="\ud800"), router=TO_CLAIMS)
    assert asked(store) == []


def test_reading_a_page_again_asks_for_nothing_new(store: Store) -> None:
    for _ in range(2):
        put(store, mention("1", body="a claim"), mention("1", body="a claim"), router=TO_CLAIMS)
    assert len(asked(store)) == 1


def test_a_ticket_of_several_messages_is_asked_for_once(store: Store) -> None:
    several = [mention("1", thread="t", body="a claim"), mention("2", thread="t", minutes=-1, body="a claim")]
    put(store, *several, router=TO_CLAIMS)
    assert len(asked(store)) == 1


def test_markers_differ_by_ticket_place_effect_and_number() -> None:
    made = {
        marker_of(ticket, instance, "escalated", effect, number)
        for ticket in (b"\0" * 16, b"\1" * 16)
        for instance in ("jira", "crm")
        for effect in ("create", "comment")
        for number in ("0", "1")
    }
    assert len(made) == 16
    assert all(find_marker(marker) == marker for marker in made)


def test_a_marker_never_changes_from_one_release_to_the_next() -> None:
    assert marker_of(b"\0" * 16, "jira", "escalated", "create", "0") == "hub-2a6d96b97c68ad64b0b1464c"


def test_a_ticket_that_does_not_exist_cannot_be_escalated(store: Store) -> None:
    with pytest.raises(StoreError, match="no ticket has an id beginning with 'abcd'"):
        store.ask_case("abcd", "there")


def test_after_the_clock_was_set_back_a_delivery_waits_for_no_time_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, mention("1"))
    row = store.ask_case(str(next(store.iter_tickets()).id), "there").outgoing
    assert row is not None
    for put_off in (
        partial(store.outbox_failed, row.n, "503", sure=True),
        partial(store.outbox_later, row.n, NOW + timedelta(days=2), "not yet"),
    ):
        put_off()
        assert (store.outbox_due("there", 9), store.outbox_ready()) == ([], [])
        with monkeypatch.context() as back:
            back.setattr(store, "_now", lambda: NOW - timedelta(days=3))
            assert ([one.n for one in store.outbox_due("there", 9)], store.outbox_ready()) == ([row.n], ["there"])


@pytest.mark.parametrize("dropped", [False, True], ids=["set-aside", "dropped"])
def test_an_escalation_asked_again_for_another_department_is_sent_to_that_one(store: Store, dropped: bool) -> None:
    put(store, mention("1"))
    ticket = str(next(store.iter_tickets()).id)
    wrong = store.ask_case(ticket, "there", "clams").outgoing
    assert wrong is not None
    store.outbox_failed(wrong.n, "no such department", sure=True, aside=True)
    if dropped:
        store.outbox_drop([wrong.n])
    asked = store.ask_case(ticket, "there", "claims")
    assert asked.new
    [row] = store.outbox_due("there", 9)
    assert (row.n, row.marker, row.department, row.attempts, row.error) == (wrong.n, wrong.marker, "claims", 0, None)
    wanted = [event.data["department"] for event in store.events(ticket) if event.kind == "escalation_asked"]
    assert wanted == ["clams", "claims"]


def test_what_may_be_there_or_is_wanted_by_a_rule_alone_keeps_its_department(store: Store) -> None:
    put(store, mention("1"))
    ticket = str(next(store.iter_tickets()).id)
    row = store.ask_case(ticket, "there", "clams").outgoing
    assert row is not None
    store.outbox_failed(row.n, "no", sure=True, aside=True)
    assert not store.ask_case(ticket, "there").new
    assert not store.ask_case(ticket, "there", "clams").new
    assert not store.ask_case(ticket, "there", "claims", by="rule").new
    store.outbox_retry([row.n])
    store.outbox_unsure(row.n, 0)
    store.outbox_failed(row.n, "no answer", sure=False, aside=True)
    assert not store.ask_case(ticket, "there", "claims").new
    [left] = store.outbox_left()
    assert (left.state, left.department) == ("failed", "clams")


def test_only_what_the_customer_says_is_told_in_the_case(store: Store) -> None:
    put(store, mention("1", thread="t"))
    [ticket] = store.iter_tickets()
    row = store.ask_case(str(ticket.id), "there").outgoing
    assert row is not None
    store.outbox_made(row.n, 1, Place("there", "c", "", "T-1"), None)
    store.outbox_finished(row.n)
    put(store, mention("2", thread="t"), mention("3", thread="t", direction="out"))
    put(store, mention("2", thread="t", body="edited"), hide("3"))
    [row] = store.outbox_left()
    [told] = [message.id for message in next(store.iter_tickets()).messages if message.body == "edited"]
    assert (row.effect, row.messages) == ("comment", (str(told),))


# --- what comes back ------------------------------------------------------------------------------------------------


def test_what_a_case_says_is_written_once_however_often_it_is_read(store: Store) -> None:
    linked(store)
    news = FollowUp(external_id="T-1", state="open", status="In work", messages=(note(),))
    first = put(store, news, **THERE)
    assert (first.added, len(first.updated)) == (1, 1)
    before = dump(store, WRITTEN)
    again = put(store, news, **THERE)
    assert (again.added, again.changed, again.unchanged, again.updated) == (0, 0, 1, [])
    assert dump(store, WRITTEN) == before


def test_what_the_first_reading_of_a_case_finds_is_no_change(store: Store) -> None:
    ticket = linked(store)
    for assignee in ("Anna", "Boris"):
        put(store, FollowUp(external_id="T-1", state="open", status="Doing", assignee=assignee), **THERE)
    read, changed = [event for event in store.events(ticket) if event.kind.startswith("case_")]
    assert (read.kind, read.data["facts"]) == ("case_read", {"state": "open", "status": "Doing", "assignee": "Anna"})
    assert (changed.kind, changed.data["fields"]) == ("case_changed", {"assignee": ["Anna", "Boris"]})


def test_what_a_follow_up_does_not_tell_stays_as_it_was(store: Store) -> None:
    linked(store)
    put(store, FollowUp(external_id="T-1", state="open", department="Claims", assignee="Anna"), **THERE)
    put(store, FollowUp(external_id="T-1", messages=(note(),)), **THERE)
    [link] = next(store.iter_tickets()).links
    assert (link.department, link.assignee, link.state) == ("Claims", "Anna", "open")


def test_a_renamed_instance_still_knows_its_cases(store: Store) -> None:
    linked(store)
    own = mention("T-1", body="of the case itself")
    put(store, FollowUp(external_id="T-1", state="open", otherwise=own), instance="renamed", stream="cases")
    [ticket] = store.iter_tickets()
    assert [link.instance for link in ticket.links] == ["renamed"]


def test_open_cases_and_those_closed_not_long_ago_are_followed(store: Store) -> None:
    for number in ("1", "2", "3"):
        linked(store, number, f"T-{number}")
    put(store, FollowUp(external_id="T-1", state="solved"), now=NOW - timedelta(days=8), **THERE)
    put(store, FollowUp(external_id="T-2", state="hidden"), now=NOW - timedelta(days=6), **THERE)
    put(store, FollowUp(external_id="T-3", state="open"), now=NOW - timedelta(days=90), **THERE)
    week_ago = NOW - timedelta(days=7)
    assert store.followed_cases("there", "c", "", week_ago) == ["T-2", "T-3"]
    assert store.followed_cases("renamed", "c", "", week_ago, frozenset({"other"})) == ["T-2", "T-3"]
    assert store.followed_cases("beside", "c", "", week_ago, frozenset({"there"})) == []
    assert store.followed_cases("there", "c", "another site", week_ago) == []


def test_a_case_of_another_site_with_the_same_id_is_another_case(store: Store) -> None:
    linked(store)
    own = mention("T-1", body="of another site")
    put(store, FollowUp(external_id="T-1", state="solved", otherwise=own), namespace="other", **THERE)
    assert sorted(ticket.state for ticket in store.iter_tickets()) == ["new", "on_hold"]


def test_a_ticket_with_two_cases_waits_for_both(store: Store) -> None:
    ticket = linked(store)
    row = store.ask_case(ticket, "elsewhere").outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place("elsewhere", "d", "", "E-1"), None)
    put(store, FollowUp(external_id="T-1", state="solved"), **THERE)
    assert store.find_ticket(ticket).state == "on_hold"
    put(store, FollowUp(external_id="E-1", state="closed"), connector="d", instance="elsewhere")
    assert store.find_ticket(ticket).state == "open"


def test_a_hidden_ticket_stays_hidden_and_comes_back_on_hold(store: Store) -> None:
    put(store, mention("1"))
    put(store, hide("1"))
    ticket = linked(store)
    put(store, hide("1"))
    assert store.find_ticket(ticket).state == "hidden"
    put(store, hide("1", hidden=False))
    assert store.find_ticket(ticket).state == "on_hold"


def test_a_case_delivered_to_a_helpdesk_holds_nothing_and_the_customer_may_speak_in_it(store: Store) -> None:
    put(store, mention("1"))
    [ticket] = store.iter_tickets()
    row = store.ask_case(str(ticket.id), "there", role="delivered").outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place("there", "c", "", "T-1"), None)
    said = (note("n1"), note("n2", direction="out"))
    put(store, FollowUp(external_id="T-1", state="open", messages=said), **THERE)
    ticket = store.find_ticket(str(ticket.id))
    assert ticket.state == "new"
    assert sorted(message.direction for message in ticket.messages) == ["in", "in", "out"]


def test_a_source_that_is_read_again_leaves_notes_and_hold_alone(store: Store) -> None:
    ticket = linked(store)
    put(store, FollowUp(external_id="T-1", messages=(note(),)), **THERE)
    before = dump(store, WRITTEN)
    put(store, mention("1"))
    assert dump(store, WRITTEN) == before
    put(store, mention("1", body="edited"))
    found = store.find_ticket(ticket)
    assert (found.state, [message.body for message in found.messages]) == ("on_hold", ["edited", "note n1"])


def test_what_a_person_dropped_while_it_was_sent_stays_dropped(store: Store) -> None:
    put(store, mention("1"))
    row = store.ask_case(str(next(store.iter_tickets()).id), "there").outgoing
    assert row is not None
    store.outbox_drop([row.n])
    store.outbox_failed(row.n, "no", sure=True, aside=True)
    assert store.outbox_left() == []


def test_a_ticket_that_is_erased_while_it_is_sent_leaves_nothing(store: Store) -> None:
    put(store, mention("1", author="k"))
    row = store.ask_case(str(next(store.iter_tickets()).id), "there").outgoing
    assert row is not None
    store.erase("k")
    assert store.outbox_parcel(row.n) is None
    store.outbox_unsure(row.n, 0)
    store.outbox_made(row.n, 0, Place("there", "c", "", "T-1"), None)
    store.outbox_failed(row.n, "no", sure=True)
    store.outbox_finished(row.n)
    assert [len(found) for found in dump(store, WRITTEN).values()] == [0] * len(WRITTEN)


def test_what_follows_a_case_that_is_there_does_not_wait_for_the_rest_of_its_create(store: Store) -> None:
    put(store, mention("1"))
    ticket = str(next(store.iter_tickets()).id)
    row = store.ask_case(ticket, "there").outgoing
    assert row is not None
    store.outbox_made(row.n, 99, Place("there", "c", "", "T-1"), None)
    store.outbox_failed(row.n, "the link back is refused", sure=True, aside=True)
    store.ask_change(ticket, "there", "escalated", {"priority": "high"}, "person")
    assert [row.effect for row in store.outbox_due("there", 9)] == ["change"]


def test_a_state_that_a_person_set_is_left_alone(store: Store) -> None:
    put(store, mention("1"))
    pinned = '{"set_by_hand":["state"]}'
    write(store, "UPDATE tickets SET state = 'pending', own_state = 'pending', decided = ?", pinned)
    linked(store)
    assert next(store.iter_tickets()).state == "pending"
    put(store, FollowUp(external_id="T-1", state="solved"), **THERE)
    assert next(store.iter_tickets()).state == "pending"


def test_notes_can_be_searched(store: Store) -> None:
    linked(store)
    put(store, FollowUp(external_id="T-1", messages=(note("n1"), note("refund"))), **THERE)
    index_all(store)
    assert [line.messages for line in store.list_tickets(TicketFilter(text="refund"))] == [3]


def test_an_erased_person_does_not_come_back_through_the_case(store: Store) -> None:
    put(store, mention("1", author="k"))
    [ticket] = store.iter_tickets()
    row = store.ask_case(str(ticket.id), "there").outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place("there", "c", "", "T-1"), None)
    store.ask_change(str(ticket.id), "there", "escalated", {"state": "solved"}, "person")
    store.erase("k")
    assert [len(found) for found in dump(store, WRITTEN).values()] == [0] * len(WRITTEN)
    own = mention("T-1", body="what the customer said")
    put(store, FollowUp(external_id="T-1", state="open", messages=(note(),), otherwise=own), **THERE)
    assert store.summary().tickets == 0


def test_what_no_store_can_hold_in_a_destinations_words_is_replaced(store: Store) -> None:
    put(store, mention("1"))
    [ticket] = store.iter_tickets()
    row = store.ask_case(str(ticket.id), "there").outgoing
    assert row is not None
    store.outbox_failed(row.n, "no\x00 \ud800 way" * 1000, sure=True, aside=True)
    [row] = store.outbox_left()
    assert row.error is not None
    assert row.error.startswith("no\ufffd \ufffd way")
    assert len(row.error) <= 2000


def test_an_older_database_keeps_its_tickets_and_gets_the_new_tables(store: Store, tmp_path: Path) -> None:
    put(store, mention("1"))
    older(store, tmp_path / "old.db", "0002")
    url = f"sqlite:///{tmp_path / 'old.db'}"
    assert upgrade_store(url)[0] == "0002"
    with open_store(url, now=lambda: NOW) as upgraded:
        assert linked(upgraded, "2")
        assert upgraded.summary().tickets == 2


# --- rules and cases --------------------------------------------------------------------------------------------------


class Clocked:
    """Rules whose deadline stands in for the state and its past, as those of a policy with pauses do."""

    def __init__(self, **decided: Any) -> None:
        self.decided = decided
        self.seen: list[list[str]] = []
        self.router = Router(self._decide)

    def _decide(self, facts: Facts) -> Decided:
        self.seen.append([state for _, state in facts.states])
        due = NOW + timedelta(hours=1 + len(facts.states))
        return Decided("normal", sla=Sla(policy=facts.state, resolution_due=due), ruleset="v1", **self.decided)


def test_a_case_that_moves_its_ticket_lets_rules_decide_its_deadlines_again(store: Store) -> None:
    rules = Clocked()
    ticket = linked(store)
    put(store, FollowUp(external_id="T-1", state="open"), router=rules.router, **THERE)
    found = store.find_ticket(ticket)
    assert (found.state, found.sla and found.sla.policy) == ("on_hold", "on_hold")
    put(store, FollowUp(external_id="T-1", state="solved"), router=rules.router, **THERE)
    found = store.find_ticket(ticket)
    assert (found.state, found.sla and found.sla.policy) == ("open", "open")
    assert rules.seen == [["on_hold"], ["on_hold", "open"]]
    assert [event.kind for event in store.events(ticket)][-4:] == [
        "case_changed",
        "changed",
        "case_done",
        "decided",
    ]


def test_a_case_without_news_asks_no_rules(store: Store) -> None:
    rules = Clocked()
    linked(store)
    for _ in range(3):
        put(store, FollowUp(external_id="T-1", state="open"), router=rules.router, **THERE)
    assert len(rules.seen) == 1


def test_rules_that_are_asked_because_of_a_case_leave_the_state_to_it_and_open_no_other(store: Store) -> None:
    wishes = (Escalation("there", "claims"),)
    rules = Clocked(state="pending", escalations=wishes)
    ticket = linked(store)
    for state, expected in (("open", "on_hold"), ("solved", "open")):
        put(store, FollowUp(external_id="T-1", state=state), router=rules.router, **THERE)
        assert store.find_ticket(ticket).state == expected
    assert [effect for _, _, effect, _, _ in asked(store)].count("create") == 1


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_what_is_made_for_an_erased_person_is_never_taken_for_anothers(store: Store) -> None:
    put(store, mention("1", author="anna"))
    first = store.ask_case(str(next(store.iter_tickets()).id), "there").outgoing
    assert first is not None
    store.outbox_unsure(first.n, 1)
    store.erase("anna")
    put(store, mention("2", author="boris"))
    other = next(store.iter_tickets())
    second = store.ask_case(str(other.id), "there").outgoing
    assert second is not None
    store.outbox_made(first.n, 1, Place("there", "c", "", "T-1"), None)
    store.outbox_finished(first.n)
    assert [row.n for row in store.outbox_left()] == [second.n]
    assert rows(store, "SELECT * FROM links") == []


def test_a_case_that_was_being_made_when_its_customer_was_erased_is_no_ticket_later(store: Store) -> None:
    put(store, mention("1", author="anna"))
    row = store.ask_case(str(next(store.iter_tickets()).id), "there").outgoing
    assert row is not None
    store.outbox_unsure(row.n, 1)
    store.erase("anna")
    case, other = (
        FollowUp(external_id=name, marker=marker, otherwise=mention(name, body="of Anna"))
        for name, marker in (("T-1", row.marker), ("T-2", "hub-000000000000000000000000"))
    )
    for _ in range(2):
        put(store, case, other, **THERE)
    assert [one.thread for one in store.iter_tickets()] == ["T-2"]


def test_the_case_of_a_ticket_that_came_back_after_its_removal_is_followed(store: Store) -> None:
    put(store, mention("1", state="closed"))
    row = store.ask_case(str(next(store.iter_tickets()).id), "there", role="delivered").outgoing
    assert row is not None
    store.outbox_drop([row.n])
    assert store.prune_tickets(NOW + timedelta(days=1)).tickets == 1
    put(store, mention("1"))
    again = store.ask_case(str(next(store.iter_tickets()).id), "there", role="delivered").outgoing
    assert again is not None
    assert again.marker == row.marker
    put(store, FollowUp(external_id="T-1", marker=row.marker, state="open"), **THERE)
    assert [link.external_id for link in next(store.iter_tickets()).links] == ["T-1"]


def test_numbers_of_a_database_of_before_go_on(store: Store, tmp_path: Path) -> None:
    linked(store)
    older(store, tmp_path / "old.db", "0012")
    columns = "n, ticket_n, instance, role, effect, marker, payload, state, attempts, created_at, updated_at"
    with closing(sqlite3.connect(tmp_path / "old.db")) as made, made:
        made.execute("ATTACH ? AS new", (str(store.path),))
        made.execute(f"INSERT INTO main.outbox ({columns}) SELECT {columns} FROM new.outbox")
    upgrade_store(f"sqlite:///{tmp_path / 'old.db'}")
    with open_store(f"sqlite:///{tmp_path / 'old.db'}") as upgraded:
        assert rows(upgraded, "SELECT n, state FROM outbox") == rows(store, "SELECT n, state FROM outbox")
        assert rows(upgraded, "SELECT seq - (SELECT max(n) FROM outbox) FROM sqlite_sequence") == [(0,)]
