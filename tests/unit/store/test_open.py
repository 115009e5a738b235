"""Opening: what can be wrong with a database is told with what to do; an upgrade is one command."""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hub.sdk import ConfigError, StoreError
from hub.store import Store, database, open_store, upgrade_store
from hub.store.tables import HEAD
from tests.unit.store.pages import NOW, dump, mention, put, rows, write

NOBODY = 65534


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def stamp(store: Store, revision: str) -> None:
    write(store, "UPDATE alembic_version SET version_num = ?", revision)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process's write transaction."""
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        yield
    finally:
        other.close()


def test_a_new_file_gets_its_tables_and_serves_at_once(tmp_path: Path) -> None:
    with open_store(url(tmp_path / "new.db")) as store:
        assert put(store, mention("1")).added == 1
        assert rows(store, "SELECT version_num FROM alembic_version") == [(HEAD,)]
        assert rows(store, "PRAGMA journal_mode") == [("wal",)]


def test_an_empty_file_is_a_new_store(tmp_path: Path) -> None:
    (tmp_path / "hub.db").touch()
    with open_store(url(tmp_path / "hub.db")) as store:
        assert store.summary().tickets == 0


def test_a_file_whose_making_was_cut_short_is_a_new_store(tmp_path: Path) -> None:
    begun = sqlite3.connect(tmp_path / "hub.db")
    begun.execute("PRAGMA journal_mode=WAL")  # writes the first page, as our own opening does
    begun.close()
    assert (tmp_path / "hub.db").stat().st_size > 0
    with open_store(url(tmp_path / "hub.db")) as store:
        assert put(store, mention("1")).added == 1


def test_a_store_that_is_opened_again_holds_what_it_held(tmp_path: Path) -> None:
    with open_store(url(tmp_path / "hub.db")) as store:
        put(store, mention("1"), cursor={"seq": 1})
        before = dump(store)
    with open_store(url(tmp_path / "hub.db")) as store:
        assert dump(store) == before


def test_an_older_database_is_refused_with_the_commands_that_upgrade_it(store: Store) -> None:
    stamp(store, "0000")
    said = rf'has schema 0000, {HEAD} is wanted; run "hub store backup FILE", then "hub store upgrade"'
    with pytest.raises(StoreError, match=said):
        open_store(url(store.path))


def test_a_newer_database_is_refused_with_the_version_that_is_known(store: Store) -> None:
    stamp(store, "9999")
    said = rf"has schema 9999, this helpdesk-hub knows up to {HEAD}; install a newer helpdesk-hub"
    with pytest.raises(StoreError, match=said):
        open_store(url(store.path))
    with pytest.raises(StoreError, match=said):
        upgrade_store(url(store.path))


def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE notes (text)")
    other.close()
    before = path.read_bytes()
    for use in (open_store, upgrade_store):
        with pytest.raises(StoreError, match="another program's database, with the tables notes; name another file"):
            use(url(path))
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("a letter to the editor\n" * 100)
    with pytest.raises(StoreError, match=r"hub\.db: file is not a database; .* restore a backup, or name another file"):
        open_store(url(tmp_path / "hub.db"))


def test_a_missing_folder_is_named_with_what_to_do(tmp_path: Path) -> None:
    said = r"the folder .*nowhere does not exist; create it or change store in hub\.toml"
    with pytest.raises(StoreError, match=said):
        open_store(url(tmp_path / "nowhere" / "hub.db"))


def test_a_path_that_is_a_folder_is_told_apart_from_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "hub.db").mkdir()
    with pytest.raises(StoreError, match=r"unable to open .* check the path and its rights"):
        open_store(url(tmp_path / "hub.db"))


OPEN = """
import sys
from hub.sdk import StoreError
from hub.store import open_store
try:
    open_store("sqlite:///" + sys.argv[1])
except StoreError as error:
    print(error)
"""


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """Nobody may write into *folder*. Rights do not bind root, who becomes somebody else for that."""
    folder.chmod(0o555)
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(0o755)


@pytest.mark.parametrize("exists", [False, True], ids=["new", "existing"])
def test_a_folder_without_rights_is_told_with_what_to_do(store: Store, exists: bool) -> None:
    with TemporaryDirectory() as name:  # unlike `tmp_path`, below folders that others may enter
        path = Path(name) / "hub.db"
        if exists:
            shutil.copy(store.path, path)
            path.chmod(0o444)
        said = r"hub\.db: .*; the file or its folder cannot be written; check the path and its rights"
        with without_rights(Path(name)), pytest.raises(StoreError, match=said):
            put(open_store(url(path)), mention("1"))


def test_a_database_that_another_process_holds_is_told_with_what_to_do(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAIT_S", 0.02)
    monkeypatch.setattr(database, "_STEP_MS", 20)
    with open_store(url(store.path)) as second, locked(store.path):
        with pytest.raises(StoreError, match=r"locked; another process holds the database; wait for it or stop it"):
            put(second, mention("1"))
        assert second.list_tickets() == []


def test_a_store_that_is_closed_gives_up_waiting_for_another_process(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_WAIT_S", 1e9)
    monkeypatch.setattr(database, "_STEP_MS", 20)
    second = open_store(url(store.path))
    with locked(store.path):
        waiting = second._writer.submit(second.prune_originals, "one", NOW)
        second.close()
        with pytest.raises(StoreError, match="another process holds the database"):
            waiting.result()


@pytest.mark.parametrize("wrong", ["mysql://host/db", "hub.db", "sqlite://", "postgres:hub"])
def test_a_store_of_another_kind_is_refused_with_an_example(wrong: str) -> None:
    with pytest.raises(ConfigError, match=r'cannot be used; write store = "sqlite:///hub\.db"'):
        open_store(wrong)


def test_an_upgrade_brings_an_older_database_to_this_schema(tmp_path: Path) -> None:
    database.open_engine(tmp_path / "hub.db").connect().close()
    assert upgrade_store(url(tmp_path / "hub.db")) == (None, HEAD)
    assert upgrade_store(url(tmp_path / "hub.db")) == (HEAD, HEAD)
    with open_store(url(tmp_path / "hub.db")) as store:
        assert put(store, mention("1")).added == 1


def test_an_upgrade_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "hub.db")
    other.execute("CREATE TABLE alembic_version (version_num)")
    other.execute("CREATE TABLE search_state (wrong)")  # the last table that the migration makes
    other.close()
    with pytest.raises(StoreError, match="already exists"):
        upgrade_store(url(tmp_path / "hub.db"))
    other = sqlite3.connect(tmp_path / "hub.db")
    assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("alembic_version",), ("search_state",)]
    other.close()


def test_two_processes_that_open_a_new_store_at_once_both_can(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPEN, str(tmp_path / "hub.db")]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    assert [process.communicate(timeout=60) for process in both] == [(b"", b"")] * 2


def test_a_store_that_was_refused_holds_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "hub.db").write_text("no database\n" * 100)
    with pytest.raises(StoreError):
        open_store(url(tmp_path / "hub.db"))
    held = [link.resolve() for link in Path("/proc/self/fd").iterdir() if link.exists()]
    assert tmp_path / "hub.db" not in held


@pytest.mark.parametrize("name", ["what?is=this", "per%20cent", "hash#tag", "пробел и ё"])
def test_a_path_is_taken_as_it_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    with open_store(f"sqlite:///{tmp_path / name}/hub.db") as store:
        assert store.path == tmp_path / name / "hub.db"
        assert store.summary().tickets == 0
    assert [file.name for file in tmp_path.iterdir()] == [name]
    assert (tmp_path / name / "hub.db").is_file()
