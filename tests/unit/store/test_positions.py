"""Row numbers that come again after a removal: whoever follows the rows sees the next ones all the same."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from hub.store import Store
from tests.unit.store.pages import NOW, mention, put, rows

MONTH = timedelta(days=30)
LAST = """SELECT c.events_to - e.n, u.events_to - e.n, c.named_to - t.n, s.counted_to - t.n
          FROM customer_state c, upkeep_state u, surge_state s,
          (SELECT max(n) n FROM ticket_events) e, (SELECT max(n) n FROM tickets) t"""
PHONE = "+79162223355"


def follow(store: Store) -> None:
    while store.note_contacts({}, MONTH):
        pass
    while store.refresh_figures(lambda *_: None):
        pass
    while store.count_arrivals():
        pass
    store.list_customers()  # names those of a time without rules


def erase(store: Store) -> None:
    store.erase("gone")


def prune(store: Store) -> None:
    assert store.prune_tickets(NOW + MONTH).tickets == 1


@pytest.mark.parametrize("remove", [erase, prune])
def test_no_position_stands_beyond_the_last_row_after_a_removal(store: Store, remove: Callable[[Store], None]) -> None:
    put(store, mention("1", author="stays"))
    put(store, mention("2", author="gone", state="closed"))
    follow(store)
    assert rows(store, LAST) == [(0, 0, 0, 0)]
    remove(store)
    assert rows(store, LAST) == [(0, 0, 0, 0)]


@pytest.mark.parametrize("remove", [erase, prune])
def test_the_phone_and_the_arrival_of_the_next_customer_are_seen(store: Store, remove: Callable[[Store], None]) -> None:
    put(store, mention("1", author="stays"))
    put(store, mention("2", author="gone", state="closed"))
    follow(store)
    remove(store)
    put(store, mention("3", author="next", body=f"my phone is {PHONE}"))
    before = rows(store, "SELECT sum(number) FROM arrivals")
    follow(store)
    assert ("phone", PHONE) in rows(store, "SELECT kind, value FROM customer_links")
    assert rows(store, "SELECT sum(number) FROM arrivals") > before
