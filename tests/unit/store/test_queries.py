"""Lists, single tickets, exports and counts: the same tickets whichever way they are asked for."""

import sqlite3
import tracemalloc
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.sdk import Author, StoreError
from hub.store import Decided, Router, Store, StreamKey, TicketFilter, queries
from hub.store.rows import start_of
from tests.unit.store.pages import NOW, at, index_all, mention, put, rows, write


def listed(store: Store, wanted: TicketFilter | None = None, limit: int = 50) -> list[str]:
    return [line.text.removeprefix("text of ") for line in store.list_tickets(wanted, limit)]


@pytest.fixture
def filled(store: Store) -> Store:
    """Five tickets, one for each value that a filter may name."""
    put(store, mention("0", minutes=0))
    put(store, mention("1", minutes=10, rating=1, sentiment="negative", language="ru", state="solved"), instance="two")
    put(store, mention("2", minutes=20, rating=2.5).model_copy(update={"platform": "ok.ru"}))
    put(store, mention("3", minutes=30).model_copy(update={"kind": "review"}))
    put(store, mention("4", minutes=40), router=Router(lambda facts: Decided("urgent", "claims", "complaint")))
    index_all(store)
    return store


def test_lists_are_newest_first_by_publication(store: Store) -> None:
    for minutes in (3, 9, 1, 7):
        put(store, mention(str(minutes), minutes=minutes))
    assert listed(store) == ["9", "7", "3", "1"]
    assert listed(store, limit=2) == ["9", "7"]


def test_a_line_says_what_a_list_shows(store: Store) -> None:
    author = Author(key="k", handle="@n")
    put(store, mention("1", thread="t", body="б" * 1000, author=author, title="T", url="https://e.example", rating=4))
    put(store, mention("2", thread="t", minutes=1))
    [line] = store.list_tickets()
    assert (line.text, line.author, line.title, line.messages) == ("б" * 300, "@n", "T", 2)
    assert (line.url, line.rating, line.created_at, line.instance) == ("https://e.example", 4, at(0), "one")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, "43210"),
        ({"instance": ("two",)}, "1"),
        ({"platform": ("ok.ru",)}, "2"),
        ({"kind": ("review",)}, "3"),
        ({"state": ("solved",)}, "1"),
        ({"priority": ("urgent",)}, "4"),
        ({"queue": ("claims",)}, "4"),
        ({"category": ("complaint",)}, "4"),
        ({"rating": (1.0, 2.5)}, "21"),
        ({"state": ("solved", "new"), "rating": (1.0,)}, "1"),
        ({"kind": ("review",), "platform": ("ok.ru",)}, ""),
        ({"platform": ()}, ""),
        ({"since": at(20)}, "432"),
        ({"until": at(20)}, "10"),
        ({"since": at(10), "until": at(30)}, "21"),
        ({"text": "text"}, "43210"),
        ({"text": "text", "rating": (2.5,)}, "2"),
        ({"text": "nothing"}, ""),
    ],
)
def test_every_filter_narrows_lists_exports_and_counts_alike(
    filled: Store, wanted: dict[str, Any], expected: str
) -> None:
    narrowed = TicketFilter(**wanted)
    assert "".join(listed(filled, narrowed)) == expected
    exported = [ticket.messages[0].body[-1] for ticket in filled.iter_tickets(narrowed)]
    assert sorted(exported, reverse=True) == list(expected)
    assert sum(count for _, count in filled.count_by(narrowed, "platform")) == len(expected)


def test_counts_are_most_first_and_name_what_can_be_counted(filled: Store) -> None:
    assert filled.count_by(TicketFilter(), "platform") == [("vk.com", 4), ("ok.ru", 1)]
    assert filled.count_by(TicketFilter(), "rating") == [(None, 3), (1.0, 1), (2.5, 1)]
    with pytest.raises(StoreError, match=r"cannot count by 'title'; one of instance, platform, .*language"):
        filled.count_by(TicketFilter(), "title")


# --- one ticket -----------------------------------------------------------------------------------------------------


def test_a_ticket_is_found_by_its_id_and_by_any_beginning_of_it(store: Store) -> None:
    put(store, mention("1"), mention("2"))
    [ticket, _] = store.iter_tickets()
    name = str(ticket.id)
    for prefix in (name, name.upper(), ticket.id.hex, name[:8], name[:9], name[:13], f"{name[:4]}-"):
        assert store.find_ticket(prefix) == ticket


def test_a_beginning_that_several_ids_share_is_told_with_some_of_them(store: Store) -> None:
    put(store, *(mention(str(number)) for number in range(4)))
    ids = [bytes.fromhex("abcd") + bytes([number]) * 14 for number in range(4)]
    for number, found in enumerate(ids):
        write(store, "UPDATE tickets SET id = ?, id_start = ? WHERE n = ?", found, start_of(found), number + 1)
    with pytest.raises(StoreError, match=r"'abcd' begins several ids \(abcd0000-.*, abcd0101-.*, …\); give more of it"):
        store.find_ticket("abcd")
    assert store.find_ticket("abcd-03").id == UUID(bytes=ids[3])


@pytest.mark.parametrize("prefix", ["", "abc", "xyz1", "ghij", "a b c d", "f" * 33, "%%%%", "-" * 8])
def test_what_is_no_id_is_refused_with_what_one_looks_like(store: Store, prefix: str) -> None:
    with pytest.raises(StoreError, match="is not a ticket id; give at least its first 4 hexadecimal digits"):
        store.find_ticket(prefix)


def test_an_id_that_is_not_there_is_told_with_where_to_look(store: Store) -> None:
    with pytest.raises(StoreError, match=r'no ticket has an id beginning with \'abcd\'; "hub tickets list" shows them'):
        store.find_ticket("abcd")


def test_events_are_told_oldest_first_as_they_happened(store: Store) -> None:
    put(store, mention("1", thread="t"))
    put(store, mention("2", thread="t", minutes=1), now=NOW + timedelta(hours=1))
    put(store, mention("1", thread="t", body="edited"), now=NOW + timedelta(hours=2))
    [ticket] = store.iter_tickets()
    told = [(event.kind, event.cause, event.at) for event in store.events(str(ticket.id)[:8])]
    hours = [NOW + timedelta(hours=number) for number in range(3)]
    assert told == list(zip(("created", "message_added", "message_changed"), ["source"] * 3, hours, strict=True))


# --- many -----------------------------------------------------------------------------------------------------------


def test_an_export_is_complete_with_and_without_a_search(store: Store) -> None:
    put(store, *(mention(str(number), body="needle" if number % 2 else "hay") for number in range(1301)))
    index_all(store)
    threads = [ticket.thread for ticket in store.iter_tickets()]
    assert threads == [str(number) for number in range(1301)]
    found = [ticket.thread for ticket in store.iter_tickets(TicketFilter(text="needle"))]
    assert found == [str(number) for number in range(1, 1301, 2)]


def test_an_export_holds_a_few_hundred_tickets_in_memory_and_not_all(store: Store) -> None:
    put(store, *(mention(str(number), body="б" * 4000) for number in range(4000)))
    tracemalloc.start()
    assert sum(1 for _ in store.iter_tickets()) == 4000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * 2**20  # all of them take 32 MB in bodies alone


def test_an_export_sees_the_store_as_it_was_when_it_began(store: Store) -> None:
    put(store, *(mention(str(number)) for number in range(700)))
    export = store.iter_tickets()
    first = next(export)
    put(store, mention("0", body="edited"), mention("600", body="edited"), mention("new"))
    rest = list(export)
    assert [first.messages[0].body, len(rest), rest[599].messages[0].body] == ["text of 0", 699, "text of 600"]


def test_lists_and_counts_take_more_tickets_than_a_statement_has_room_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, *(mention(str(number), body="needle") for number in range(1500)))
    index_all(store)
    monkeypatch.setattr(queries, "_CANDIDATES", 900)
    with store._read() as connection:  # the one connection of the pool
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    assert len(store.list_tickets(limit=5000)) == 1500
    assert len(store.list_tickets(TicketFilter(text="needle"), limit=5000)) == 1500
    assert store.count_by(TicketFilter(text="needle"), "kind") == [("mention", 1500)]


@pytest.mark.parametrize("rare", [1000, 10], ids=["asked one by one", "by the whole index"])
def test_a_common_word_with_a_rare_filter_finds_what_arrived_first(
    store: Store, monkeypatch: pytest.MonkeyPatch, rare: int
) -> None:
    monkeypatch.setattr(queries, "_CANDIDATES", 20)
    monkeypatch.setattr(queries, "_RARE", rare)
    put(store, *(mention(str(number), body="needle", minutes=number, rating=1.0) for number in range(30)))
    put(store, *(mention(str(number), body="hay", minutes=number, rating=1.0) for number in range(30, 40)))
    put(store, *(mention(str(number), body="needle", minutes=number) for number in range(40, 100)))
    index_all(store)
    found = store.list_tickets(TicketFilter(text="needle", rating=(1.0,)), limit=25)
    assert [line.created_at for line in found] == [at(number) for number in range(29, 4, -1)]


# --- state ----------------------------------------------------------------------------------------------------------

POLL = StreamKey("one", "s", "poll", title="Stream")


def test_failures_grow_the_wait_up_to_an_hour_and_success_forgets_them(store: Store) -> None:
    waits = []
    for _ in range(9):
        store.stream_finished(POLL, "away")
        [state] = store.streams("one")
        assert state.next_try_at is not None
        waits.append(state.next_try_at - NOW)
    assert waits[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert waits[-1] == timedelta(hours=1)
    assert (state.failures, state.error, state.error_at, state.ok_at) == (9, "away", NOW, None)
    store.stream_finished(POLL, None)
    [state] = store.streams("one")
    assert (state.failures, state.error, state.next_try_at, state.ok_at) == (0, None, None, NOW)


def test_a_failed_run_leaves_the_cursor_and_a_checkpoint_leaves_the_failures(store: Store) -> None:
    put(store, mention("1"), cursor={"seq": 1})
    store.stream_finished(POLL, "away")
    put(store, mention("2"))
    [state] = store.streams()
    assert (state.cursor, state.failures, state.title) == ({"seq": 1}, 1, "Stream")


def test_a_page_without_a_title_leaves_the_streams_title(store: Store) -> None:
    store.stream_finished(POLL, None)
    put(store, mention("1"))
    assert store.streams()[0].title == "Stream"


def test_a_pause_stays_until_it_is_taken_back(store: Store) -> None:
    store.pause("one", "c", "401 from /x; renew the token", "auth")
    store.pause("one", "c", "403 from /x; renew the token")
    [state] = store.instances()
    assert (state.paused_at, state.paused_by, state.paused_reason) == (NOW, "person", "403 from /x; renew the token")
    assert (store.resume("one"), store.resume("one"), store.resume("two")) == (True, False, False)
    assert store.instances()[0].paused_at is None


def test_resuming_lets_failing_streams_try_at_once(store: Store) -> None:
    store.stream_finished(POLL, "away")
    store.resume("one")
    [state] = store.streams()
    assert (state.failures, state.next_try_at) == (0, None)


def test_references_are_kept_whole_and_by_instance(store: Store) -> None:
    store.keep_reference("one", "outlets", [{"id": 1}])
    store.keep_reference("one", "outlets", [{"id": 2}, "ё"])
    assert store.recall("one", NOW).references == {"outlets": (NOW, [{"id": 2}, "ё"])}
    assert store.recall("two", NOW).references == {}


def test_the_summary_counts_what_there_is(store: Store) -> None:
    put(store, mention("1", thread="t"), mention("2", thread="t"), mention("3"))
    index_all(store)
    put(store, mention("4"))
    summary = store.summary()
    assert (summary.tickets, summary.messages, summary.dead_letters, summary.unindexed) == (3, 4, 0, 1)
    assert summary.bytes >= store.path.stat().st_size
    assert rows(store, "SELECT count(*) FROM tickets") == [(3,)]
