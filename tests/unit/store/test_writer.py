"""The checkpoint: everything of a page or nothing, dead letters counted, originals kept as they came."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta

import pytest
import zstandard

from hub.routing.facts import Facts
from hub.sdk import StoreError
from hub.store import Checkpoint, Decided, Rejected, Router, Store
from tests.unit.store.pages import NOW, dump, hide, index_all, mention, page, put, rows, write

BAD = Rejected(b'{"id": 1, "text": "\\ud800"}', "RecordError: no date")


def full_page() -> Checkpoint:
    """A page that writes to every table that a page can write to."""
    drafts = [mention(str(number), thread=str(number % 3), body="б" * 2000) for number in range(30)]
    edited = mention("0", thread="0", body="edited")
    return page(edited, *drafts[1:], rejected=[BAD], originals=[b"page"], cursor={"seq": 9})


def fail_at(table: str, action: str = "INSERT") -> str:
    return f"CREATE TRIGGER broken BEFORE {action} ON {table} BEGIN SELECT RAISE(ABORT, 'broken here'); END"


@pytest.mark.parametrize(
    ("table", "action"),
    [
        ("tickets", "INSERT"),
        ("messages", "INSERT"),
        ("tickets", "UPDATE"),
        ("messages", "UPDATE"),
        ("ticket_events", "INSERT"),
        ("dead_letters", "INSERT"),
        ("originals", "INSERT"),
        ("streams", "UPDATE"),
    ],
)
def test_an_error_anywhere_in_a_page_leaves_no_row_and_no_cursor(store: Store, table: str, action: str) -> None:
    put(store, mention("0", thread="0"), cursor={"seq": 1})
    index_all(store)
    before = dump(store)
    write(store, fail_at(table, action))
    with pytest.raises(StoreError, match=r"broken here; nothing was half-written"):
        store.checkpoint(full_page())
    assert dump(store) == before
    write(store, "DROP TRIGGER broken")
    assert store.checkpoint(full_page()).added == 29
    assert store.streams()[0].cursor == {"seq": 9}


def test_an_error_of_our_own_in_a_page_leaves_no_row_and_no_cursor(store: Store) -> None:
    calls = 0

    def decide(_facts: Facts) -> Decided:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ValueError("a wrong rule")
        return Decided(priority="normal")

    before = dump(store)
    with pytest.raises(ValueError, match="a wrong rule"):
        put(store, *(mention(str(number)) for number in range(5)), cursor={"seq": 1}, router=Router(decide))
    assert dump(store) == before


def test_a_full_disk_leaves_no_row_and_says_so_and_the_page_goes_in_once_there_is_room(store: Store) -> None:
    put(store, mention("0", thread="0"), cursor={"seq": 1})
    before = dump(store)
    with store._read() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(StoreError, match=r"hub\.db: .*full; the disk is full .* free some space and run again"):
        store.checkpoint(full_page())
    assert dump(store) == before
    with store._read() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=1000000")
    assert store.checkpoint(full_page()).added == 29


def test_rows_and_cursor_of_a_page_come_together(store: Store) -> None:
    store.checkpoint(full_page())
    [stream] = store.streams()
    assert (stream.cursor, stream.records, stream.checkpoint_at) == ({"seq": 9}, 31, NOW)
    put(store, mention("40"))
    [stream] = store.streams()
    assert (stream.cursor, stream.records) == ({"seq": 9}, 32)


def test_each_stream_and_sweep_has_a_cursor_of_its_own(store: Store) -> None:
    put(store, cursor={"seq": 1})
    put(store, cursor={"seq": 2}, stream="t")
    put(store, cursor={"seq": 3}, instance="two")
    put(store, cursor={"seq": 4}, mode="sweep", name="edits")
    found = {(state.instance, state.stream, state.name): state.cursor for state in store.streams()}
    assert found == {
        ("one", "s", ""): {"seq": 1},
        ("one", "t", ""): {"seq": 2},
        ("two", "s", ""): {"seq": 3},
        ("one", "s", "edits"): {"seq": 4},
    }


# --- dead letters ---------------------------------------------------------------------------------------------------


def test_a_record_set_aside_keeps_its_bytes_and_the_reason(store: Store) -> None:
    put(store, rejected=[BAD], mode="sweep", name="edits")
    [letter] = store.dead_letters()
    assert (letter.body, letter.reason, letter.times) == (BAD.body, BAD.reason, 1)
    assert (letter.instance, letter.stream, letter.mode, letter.name) == ("one", "s", "sweep", "edits")
    assert (letter.created_at, letter.seen_at) == (NOW, NOW)
    assert store.dead_letter(letter.n) == letter


def test_the_same_record_set_aside_again_is_counted_and_not_doubled(store: Store) -> None:
    put(store, rejected=[BAD, BAD])
    later = NOW + timedelta(hours=1)
    put(store, rejected=[Rejected(BAD.body, "another reason")], now=later)
    [letter] = store.dead_letters()
    assert (letter.times, letter.reason) == (3, "another reason")
    assert (letter.created_at, letter.seen_at) == (NOW, later)


def test_equal_records_of_two_streams_are_two_letters(store: Store) -> None:
    long_name = "i" * 80
    for stream in ("a", "b"):
        put(store, rejected=[BAD], stream=stream, instance=long_name)
    assert sorted(letter.stream for letter in store.dead_letters()) == ["a", "b"]


def test_a_reason_is_kept_to_a_bounded_length(store: Store) -> None:
    put(store, rejected=[Rejected(b"{}", "x" * 100_000)])
    assert len(store.dead_letters()[0].reason) == 2000


def test_a_dead_letter_that_is_not_there_is_told_with_what_to_do(store: Store) -> None:
    with pytest.raises(StoreError, match=r'there is no dead letter 7; "hub dead list" shows them'):
        store.dead_letter(7)


def test_dead_letters_are_listed_newest_first_and_dropped_by_number(store: Store) -> None:
    put(store, rejected=[Rejected(b"1", "r"), Rejected(b"2", "r")])
    put(store, rejected=[Rejected(b"3", "r")], instance="two")
    assert [letter.body for letter in store.dead_letters(limit=2)] == [b"3", b"2"]
    assert [letter.body for letter in store.dead_letters("one")] == [b"2", b"1"]
    numbers = [letter.n for letter in store.dead_letters("one")]
    assert store.drop_dead_letters([*numbers, 99]) == 2
    assert [letter.body for letter in store.dead_letters()] == [b"3"]


# --- originals ------------------------------------------------------------------------------------------------------


def originals(store: Store) -> list[bytes]:
    found = rows(store, "SELECT body FROM originals ORDER BY n")
    return [zstandard.ZstdDecompressor().decompress(body) for (body,) in found]


def test_originals_are_kept_to_the_byte(store: Store) -> None:
    bodies = [b'{"text": "\xd0\x91\\ud800"}\n' * 100, b"", b"\x00\xff<html>"]
    put(store, mention("1"), originals=bodies)
    assert originals(store) == bodies


@pytest.mark.parametrize(
    ("bring", "kept"),
    [
        (lambda store: put(store, mention("1"), originals=[b"new"]), False),
        (lambda store: put(store, mention("1", engagement={"likes": 1}), originals=[b"new"]), False),
        (lambda store: put(store, rejected=[BAD], originals=[b"new"]), False),
        (lambda store: put(store, hide("9"), originals=[b"new"]), False),
        (lambda store: put(store, mention("1", body="edited"), originals=[b"new"]), True),
        (lambda store: put(store, mention("1"), mention("2"), originals=[b"new"]), True),
        (lambda store: put(store, hide("1"), originals=[b"new"]), True),
        (lambda store: put(store, rejected=[Rejected(b"2", "r")], originals=[b"new"]), True),
        (lambda store: put(store, mention("2"), originals=[b"new"], keep_raw=timedelta()), False),
    ],
    ids=["unchanged", "counters", "known bad", "unknown", "edited", "added", "hidden", "new bad", "keep none"],
)
def test_originals_are_kept_only_when_something_was_new(
    store: Store, bring: Callable[[Store], object], kept: bool
) -> None:
    put(store, mention("1"), rejected=[BAD])
    bring(store)
    assert originals(store) == ([b"new"] if kept else [])


def test_originals_are_pruned_by_instance_and_age(store: Store) -> None:
    for day in range(3):
        put(store, mention(str(day)), originals=[str(day).encode()], now=NOW + timedelta(days=day))
    put(store, mention("9"), originals=[b"other"], instance="two")
    assert store.prune_originals("one", NOW + timedelta(days=2)) == 2
    assert originals(store) == [b"2", b"other"]
    assert store.prune_originals("one", NOW + timedelta(days=2)) == 0


def test_a_page_of_thousands_of_records_goes_in_and_is_found_unchanged(store: Store) -> None:
    drafts = [mention(str(number), thread=str(number // 2)) for number in range(2500)]
    stored = put(store, *drafts)
    assert (stored.added, len(stored.created)) == (2500, 1250)
    assert put(store, *drafts).unchanged == 2500


def test_a_page_waits_for_another_process_that_writes(store: Store) -> None:
    other = sqlite3.connect(store.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("UPDATE search_state SET indexed_to = 0")
    pending = store._writer.submit(store.checkpoint, page(mention("1")))
    assert not pending.done()
    other.execute("COMMIT")
    other.close()
    assert pending.result(timeout=20).added == 1
