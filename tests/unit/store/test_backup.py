"""A copy made while others write holds whole pages only."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from hub.sdk import StoreError
from hub.store import Store
from tests.unit.store.pages import dump, index_all, mention, opened, put

PAGE = 7  # records of each page that is written meanwhile


@contextmanager
def writing(store: Store) -> Iterator[None]:
    """Page after page goes in, from another thread, as long as the block runs."""
    stop, begun = threading.Event(), threading.Event()

    def work() -> None:
        for number in range(100_000):
            if stop.is_set():
                return
            put(store, *(mention(f"{number}/{item}") for item in range(PAGE)), cursor={"page": number})
            begun.set()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert begun.wait(20)
        yield
    finally:
        stop.set()
        thread.join()


def test_a_backup_while_others_write_is_consistent(store: Store, tmp_path: Path) -> None:
    with writing(store):
        for number in range(5):
            store.backup(tmp_path / f"{number}.db")
    for number in range(5):
        with closing(sqlite3.connect(tmp_path / f"{number}.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        with opened(tmp_path / f"{number}.db") as backup:
            held = backup.summary()
            [stream] = backup.streams()
            assert stream.cursor is not None
            assert held.messages == stream.records == PAGE * (stream.cursor["page"] + 1)


def test_a_backup_of_a_large_store_ends_though_others_never_stop_writing(store: Store, tmp_path: Path) -> None:
    put(store, *(mention(str(number), body="я" * 20_000) for number in range(1000)))
    with writing(store):
        assert store.backup(tmp_path / "copy.db") > 32 * 2**20


def test_a_backup_holds_what_the_store_holds_and_is_one_file(store: Store, tmp_path: Path) -> None:
    put(store, mention("1"), cursor={"seq": 1})
    index_all(store)
    (tmp_path / "copies").mkdir()
    size = store.backup(tmp_path / "copies" / "copy.db")
    assert [file.name for file in (tmp_path / "copies").iterdir()] == ["copy.db"]
    assert size == (tmp_path / "copies" / "copy.db").stat().st_size
    with opened(tmp_path / "copies" / "copy.db") as backup:
        assert dump(backup) == dump(store)


def test_a_backup_never_overwrites_a_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("precious")
    with pytest.raises(StoreError, match=r"copy\.db exists; name another file, or move it away"):
        store.backup(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "precious"


def test_a_backup_that_cannot_be_written_says_what_to_check_and_leaves_nothing(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"check the path and the free space, the store is untouched"):
        store.backup(tmp_path / "nowhere" / "copy.db")
    (tmp_path / "copy.db.part").mkdir()
    with pytest.raises(StoreError, match="check the path"):
        store.backup(tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()
