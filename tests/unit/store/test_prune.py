"""Old tickets: only what ended and has been quiet goes, and it goes everywhere."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.runtime.retention import prune, prune_daily
from hub.sdk import Author, FollowUp, MessageDraft, TicketDraft
from hub.store import Place, Pruned, Store, TicketFilter
from tests.unit.store.pages import NOW, at, index_all, mention, new_store, opened, put, rows

YEAR = timedelta(days=365)
LATER = NOW + YEAR + timedelta(days=1)
CONTENT = ("tickets", "messages", "ticket_events", "links", "outbox", "ticket_figures", "answer_figures",
           "case_figures", "earlier_ends", "stale_figures")  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as made:
        yield made


def ended(name: str, **facts: Any) -> TicketDraft:
    return mention(name, state="closed", **facts)


def threads(store: Store) -> list[str]:
    return sorted(ticket.thread for ticket in store.iter_tickets())


def counted(store: Store) -> None:
    while store.refresh_figures(lambda *_: None):
        pass


def test_what_ended_and_was_quiet_for_long_goes_from_every_table_and_the_index(store: Store) -> None:
    asked = MessageDraft(source_id="q", created_at=at(0), body="единорог", author=Author(key="c"))
    answer = MessageDraft(source_id="a", created_at=at(1), body="ответ", direction="out")
    put(store, TicketDraft(thread="t", kind="review", platform="p", messages=(asked, answer), state="closed"))
    index_all(store)
    counted(store)
    assert store.old_tickets(LATER - YEAR) == Pruned(1, 2)
    assert store.prune_tickets(LATER - YEAR) == Pruned(1, 2)
    assert store.prune_tickets(LATER - YEAR) == Pruned()
    assert {table: rows(store, f"SELECT * FROM {table}") for table in CONTENT} == {table: [] for table in CONTENT}
    assert store.list_tickets(TicketFilter(text="единорог")) == []


def test_what_is_open_was_heard_of_or_waits_stays(store: Store) -> None:
    put(store, mention("open", state="open"), ended("gone"), ended("changed"), ended("waits"), ended("case"))
    ids = {ticket.thread: str(ticket.id) for ticket in store.iter_tickets()}
    store.ask_case(ids["waits"], "crm")
    [outgoing] = [store.ask_case(ids["case"], "crm").outgoing]
    assert outgoing
    store.outbox_made(outgoing.n, outgoing.n, Place("crm", "crm", "", "T"), None)
    store.outbox_finished(outgoing.n)
    put(store, FollowUp(external_id="T", state="open"), connector="crm", instance="crm")
    put(store, ended("changed", body="edited"), now=NOW + timedelta(days=30))
    assert prune(store, NOW + timedelta(minutes=1)) == Pruned(1, 1)
    assert threads(store) == ["case", "changed", "open", "waits"]


def test_a_delivery_that_a_person_dropped_keeps_no_ticket_and_one_that_failed_does(store: Store) -> None:
    put(store, ended("dropped"), ended("failed"))
    ids = {ticket.thread: str(ticket.id) for ticket in store.iter_tickets()}
    asked = (store.ask_case(ids[name], "desk", role="delivered") for name in ("dropped", "failed"))
    dropped, failed = (one.outgoing for one in asked)
    assert dropped
    assert failed
    store.outbox_drop([dropped.n])
    store.outbox_failed(failed.n, "no", sure=True, aside=True)
    assert prune(store, LATER - YEAR) == Pruned(1, 1)
    assert threads(store) == ["failed"]


def test_a_new_ticket_is_indexed_and_counted_though_numbers_came_free(store: Store) -> None:
    put(store, ended("old"))
    index_all(store)
    counted(store)
    prune(store, LATER - YEAR)
    put(store, mention("new", body="единорог"))
    index_all(store)
    counted(store)
    assert len(store.list_tickets(TicketFilter(text="единорог"))) == 1
    assert rows(store, "SELECT count(*) FROM ticket_figures") == [(1,)]


def test_the_case_of_a_removed_ticket_does_not_come_back_as_a_ticket(store: Store) -> None:
    put(store, ended("old"))
    [outgoing] = [store.ask_case(str(next(store.iter_tickets()).id), "crm").outgoing]
    assert outgoing
    store.outbox_made(outgoing.n, outgoing.n, Place("crm", "crm", "", "T"), None)
    store.outbox_finished(outgoing.n)
    put(store, FollowUp(external_id="T", state="closed"), connector="crm", instance="crm")
    store.set_by_hand(str(next(store.iter_tickets()).id), {"state": "closed"})
    assert prune(store, LATER - YEAR).tickets == 1
    again = FollowUp(external_id="T", state="open", otherwise=mention("own"))
    put(store, again, connector="crm", instance="crm")
    assert threads(store) == []


def test_it_is_done_once_a_day_and_only_where_settings_say_so(tmp_path: Path, store: Store) -> None:
    put(store, ended("1"), ended("2"))
    assert prune_daily(store, None, LATER) == 0
    store.close()
    with opened(tmp_path / "hub.db", LATER) as later:
        assert prune_daily(later, YEAR, LATER) == 2
        put(later, ended("3"), now=NOW)
        assert prune_daily(later, YEAR, LATER + timedelta(hours=23)) == 0
        assert prune_daily(later, YEAR, LATER + timedelta(days=1, minutes=1)) == 1


def test_many_are_removed_over_several_runs(store: Store) -> None:
    put(store, *(ended(str(number)) for number in range(1200)))
    assert prune(store, LATER - YEAR, batches=1).tickets == 500
    assert store.pruned_at() is None
    assert prune(store, LATER - YEAR).tickets == 700
    assert store.pruned_at() is not None
