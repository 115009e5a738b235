"""An instance gets another name while deliveries wait for it: they are sent by the new one, once."""

from typing import Any

import pytest

from hub.routing.destinations import Destinations
from hub.sdk import FollowUp
from hub.store import Decided, Outgoing, Place, Router, Store
from tests.unit.store.pages import mention, put, rows

HERE = ("d", "site")
DESK: dict[str, Any] = {"connector": "d", "namespace": "site"}


def asked(store: Store, thread: str, instance: str, role: Any = "delivered") -> Outgoing:
    row = store.ask_case(number(store, thread), instance, role=role).outgoing
    assert row is not None
    return row


def number(store: Store, thread: str) -> str:
    return next(str(one.id) for one in store.iter_tickets() if one.thread == thread)


def fill(store: Store) -> Outgoing:
    """Two tickets: the first has its case, the second waits; return what waits."""
    put(store, mention("1"), mention("2"))
    row = asked(store, "1", "old")
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    store.outbox_made(row.n, parcel.told_n, Place("old", *HERE, "D-1"), None, parcel.told)
    store.outbox_finished(row.n)
    return asked(store, "2", "old")


def left(store: Store) -> list[tuple[str, str]]:
    return [(row.instance, row.marker) for row in store.outbox_left()]


def test_what_waits_goes_to_the_new_name_with_the_marker_that_may_be_there(store: Store) -> None:
    waits = fill(store)
    assert store.outbox_gone(["old"]) == []
    assert store.outbox_gone(["new", "other"]) == ["old"]
    assert store.outbox_readdress("old", {"new": HERE, "other": ("d", "another site")}) == "new"
    assert left(store) == [("new", waits.marker)]
    assert store.outbox_gone(["new", "other"]) == []


def test_it_is_asked_for_once_by_either_name(store: Store) -> None:
    waits = fill(store)
    store.outbox_readdress("old", {"new": HERE})
    destinations = Destinations(("new",), None, {"new": "d", "one": "c"})
    router = Router(lambda facts: Decided("normal", deliver=("new",)), destinations=destinations)
    put(store, mention("1", body="edited"), mention("2", body="edited"), router=router)
    assert not store.ask_case(number(store, "2"), "new", role="delivered").new
    assert left(store)[0] == ("new", waits.marker)
    assert rows(store, "SELECT count(*) FROM outbox WHERE effect = 'create'") == [(2,)]


def test_it_is_known_by_cases_that_were_read_by_the_new_name_already(store: Store) -> None:
    fill(store)
    put(store, FollowUp(external_id="D-1", state="open"), instance="new", stream="cases", **DESK)
    assert rows(store, "SELECT instance FROM links") == [("new",)]
    assert store.outbox_readdress("old", {"new": HERE}) == "new"


def test_what_is_told_later_finds_the_case_by_the_new_name(store: Store) -> None:
    fill(store)
    put(store, mention("1a", thread="1", minutes=1))
    store.outbox_readdress("old", {"new": HERE})
    [comment] = [row for row in store.outbox_left() if row.effect == "comment"]
    parcel = store.outbox_parcel(comment.n)
    assert parcel is not None
    assert parcel.link is not None
    assert (comment.instance, parcel.link.external_id) == ("new", "D-1")


@pytest.mark.parametrize(
    "places",
    [{"new": ("d", "another site")}, {"new": ("other", "site")}, {"new": HERE, "newer": HERE}, {}],
)
def test_where_it_is_not_sure_which_instance_it_is_nothing_moves(store: Store, places: dict[str, Any]) -> None:
    waits = fill(store)
    assert store.outbox_readdress("old", places) is None
    assert left(store) == [("old", waits.marker)]


def test_a_name_that_never_made_a_case_may_be_any_instance(store: Store) -> None:
    put(store, mention("1"))
    waits = asked(store, "1", "old")
    assert store.outbox_readdress("old", {"new": HERE}) is None
    assert left(store) == [("old", waits.marker)]


def test_a_create_that_the_new_name_has_already_stays_behind(store: Store) -> None:
    fill(store)
    asked(store, "2", "new")
    store.outbox_readdress("old", {"new": HERE})
    assert sorted(name for name, _ in left(store)) == ["new", "old"]


def test_acts_and_notices_stay_where_they_are(store: Store) -> None:
    assert store.outbox_gone([]) == []
    put(store, mention("1"), router=Router(lambda facts: Decided("normal", notify=("lead",))))
    assert rows(store, "SELECT role FROM outbox") == [("notify",)]
    assert store.outbox_gone([]) == []
