"""What is stored without effects is routed, and asks nothing of anybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Decided, Escalation, Router, Store
from tests.unit.store.pages import mention, new_store, put, rows
from tests.unit.store.test_outbox import asked, linked

ESCALATES = Router(lambda facts: Decided("high", queue="claims", escalations=(Escalation("jira"),)))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as made:
        yield made


@pytest.mark.parametrize(("effects", "wanted"), [(True, 1), (False, 0)])
def test_a_ticket_is_routed_but_escalated_only_where_effects_are_wanted(
    store: Store, *, effects: bool, wanted: int
) -> None:
    put(store, mention("1"), router=ESCALATES, effects=effects, mode="backfill")
    assert [ticket.queue for ticket in store.iter_tickets()] == ["claims"]
    assert rows(store, "SELECT count(*) FROM outbox") == [(wanted,)]


@pytest.mark.parametrize(("effects", "wanted"), [(True, 2), (False, 0)])
def test_history_is_neither_delivered_nor_anybody_s_alarm(store: Store, *, effects: bool, wanted: int) -> None:
    delivers = Router(lambda facts: Decided("high", deliver=("desk",), notify=("lead",)))
    put(store, mention("1"), router=delivers, effects=effects, mode="backfill")
    assert rows(store, "SELECT count(*) FROM outbox") == [(wanted,)]


@pytest.mark.parametrize("router", [None, ESCALATES])
def test_history_says_so_in_the_first_event_of_its_tickets(store: Store, router: Router | None) -> None:
    put(store, mention("1"), router=router, effects=False, mode="backfill")
    put(store, mention("2"), router=router)
    told = rows(store, "SELECT data FROM ticket_events WHERE kind = 'created' ORDER BY n")
    assert told == [('{"messages":1,"history":true}',), ('{"messages":1}',)]


@pytest.mark.parametrize("effects", [True, False])
def test_an_open_case_hears_of_a_found_message_only_where_effects_are_wanted(store: Store, *, effects: bool) -> None:
    linked(store)
    before = len(asked(store))
    put(store, mention("2", thread="1", minutes=1), effects=effects, mode="backfill")
    assert [row[2] for row in asked(store)[before:]] == (["comment"] if effects else [])
