"""Absence at the source: believed a little at a time, and only where the inventory looked."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid5

import pytest

from hub.sdk import NAMESPACE, FollowUp
from hub.store import Absent, Place, Store, StreamKey
from tests.unit.store.pages import at, hide, mention, put

SWEEP = StreamKey("one", "s", "sweep", "inventory")


def absent(store: Store, *seen: int, since: int = 0, until: int = 10_000, namespace: str = "") -> Absent:
    ids = {uuid5(NAMESPACE, f"message\nc\n\nsource\ns\n{number}").bytes for number in seen}
    return store.absent(SWEEP, "c", namespace, (at(since), at(until)), ids)


def fill(store: Store, count: int) -> None:
    put(store, *(mention(str(number), minutes=number) for number in range(count)))


def hidden_ids(found: Absent) -> list[str]:
    return [change.source_id for change in found.changes if change.hidden]


def test_what_was_not_listed_is_to_be_hidden(store: Store) -> None:
    fill(store, 100)
    found = absent(store, *range(95))
    assert hidden_ids(found) == ["95", "96", "97", "98", "99"]
    assert (found.missing, found.known, found.refused) == (5, 100, False)


@pytest.mark.parametrize(("missing", "refused"), [(10, False), (11, True), (100, True)])
def test_never_more_than_the_share_is_hidden(store: Store, missing: int, refused: bool) -> None:
    fill(store, 100)
    found = absent(store, *range(100 - missing))
    assert (found.missing, found.refused, len(found.changes)) == (missing, refused, 0 if refused else missing)


def test_nothing_missing_is_nothing_refused(store: Store) -> None:
    fill(store, 3)
    assert absent(store, 0, 1, 2) == Absent(0, 3, ())
    assert not absent(store, 0, 1, 2).refused


def test_what_lies_outside_the_window_is_not_spoken_of(store: Store) -> None:
    fill(store, 100)
    assert hidden_ids(absent(store, 40, 41, since=40, until=43)) == ["42", "43"]


def test_what_another_instance_read_is_not_spoken_of(store: Store) -> None:
    """Its credentials may see what ours do not."""
    fill(store, 10)
    ours = replace(SWEEP, instance="another")
    assert store.absent(ours, "c", "", (at(0), at(10_000)), set(), others={"one"}) == Absent(0, 0, ())


def renamed(store: Store, listed: int) -> Absent:
    """What an instance with another name says of ten records that were read under one no longer configured."""
    fill(store, 10)
    put(store, mention("99"), instance="two")
    seen = {uuid5(NAMESPACE, f"message\nc\n\nsource\ns\n{number}").bytes for number in (*range(listed), 99)}
    ours = replace(SWEEP, instance="two")
    return store.absent(ours, "c", "", (at(0), at(10_000)), seen, others={"three"})


def test_what_an_instance_read_under_its_former_name_is_hidden_when_it_is_gone(store: Store) -> None:
    found = renamed(store, listed=9)
    assert (hidden_ids(found), found.missing, found.known) == (["9"], 1, 11)


def test_an_instance_that_was_taken_out_is_not_taken_for_a_former_name(store: Store) -> None:
    """What it saw is left as it is, and warned of by nobody."""
    found = renamed(store, listed=3)
    assert (found.changes, found.refused, found.known) == ((), False, 1)


def test_what_lies_outside_the_scope_is_not_spoken_of(store: Store) -> None:
    """Settings were narrowed: what they no longer cover is not asked for, and not missing."""
    put(store, *(mention(str(number), extra={"network": "n1"}) for number in range(10)))
    put(store, mention("20", extra={"network": "n2"}), mention("21"))
    seen = {uuid5(NAMESPACE, f"message\nc\n\nsource\ns\n{number}").bytes for number in range(9)}
    window = (at(0), at(10_000))
    found = store.absent(SWEEP, "c", "", window, seen, {"network": ("n1", "n3")})
    assert (hidden_ids(found), found.known) == (["9"], 10)
    threads, _ = store.absent_threads(SWEEP, "c", "", window, {str(n) for n in range(9)}, {"network": ("n1",)})
    assert (hidden_ids(threads), threads.known) == (["9"], 10)


def test_an_empty_list_is_not_believed_however_small_the_source(store: Store) -> None:
    fill(store, 3)
    assert absent(store).refused
    assert absent(store).missing == 3


def test_half_of_a_small_source_is_believed_and_more_is_not(store: Store) -> None:
    fill(store, 6)
    assert hidden_ids(absent(store, 0, 1, 2)) == ["3", "4", "5"]
    assert absent(store, 0, 1).refused


def test_the_only_record_of_a_source_may_vanish(store: Store) -> None:
    fill(store, 1)
    assert hidden_ids(absent(store)) == ["0"]


def test_what_is_hidden_ours_or_of_another_stream_or_site_is_not_spoken_of(store: Store) -> None:
    put(store, mention("0"), mention("1"), mention("2", direction="out"))
    put(store, hide("1"))
    put(store, mention("3"), stream="other")
    put(store, mention("4"), namespace="site")
    put(store, mention("5"), connector="d")
    assert hidden_ids(absent(store)) == ["0"]


def test_a_post_that_another_stream_still_has_is_hidden_for_this_one_alone(store: Store) -> None:
    put(store, mention("1", same_as="post"))
    put(store, mention("9", same_as="post"), stream="other")
    found = absent(store)
    put(store, *found.changes)
    [ticket] = store.iter_tickets()
    assert (hidden_ids(found), ticket.state) == (["1"], "new")
    assert absent(store).missing == 0


def opened_case(store: Store) -> None:
    """Open a case of a ticket now, and read it once."""
    fill(store, 1)
    row = store.ask_case(str(next(iter(store.iter_tickets())).id), "one").outgoing
    assert row is not None
    store.outbox_made(row.n, 0, Place("one", "c", "", "T-1"), None)
    put(store, FollowUp(external_id="T-1", state="open"))


@pytest.mark.parametrize(("days", "gone"), [(90, ["T-1"]), (-1, [])])
def test_an_open_case_is_missed_only_where_the_inventory_looked(store: Store, days: int, gone: list[str]) -> None:
    """One that is older than the window is not listed, and may be open still."""
    opened_case(store)
    now = datetime.now(UTC)
    window = (now - timedelta(days=days), now + timedelta(days=1))
    _, cases = store.absent_threads(SWEEP, "c", "", window, set())
    assert [one.external_id for one in cases.follow_ups] == gone
