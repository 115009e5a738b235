"""Who works on one store meets at its database: real files, a real second process, where possible a second user."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hub.sdk import StoreError
from hub.store import Store
from hub.store.store_locks import daemon_lock, daemons, is_locked, store_lock
from tests.unit.store.pages import new_store

AS_ROOT = os.geteuid() == 0
SOMEBODY, COLLEAGUE, STRANGER, STAFF = 4711, 4712, 4713, 4714
HOLDER = """
import sys
from pathlib import Path
from hub.store.store_locks import store_lock
held = store_lock(Path(sys.argv[1]), *sys.argv[2:])
print("held" if held else "busy", flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).parents[3]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "hub.db"
    path.touch(mode=0o600)
    return path


@pytest.fixture
def open_to_all(tmp_path: Path) -> Iterator[Path]:
    """A database in a folder that every user can reach; its owner is SOMEBODY, and STAFF may write it."""
    above = [tmp_path, *tmp_path.parents[: len(tmp_path.parents) - 1]]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in above}
    for path, mode in modes.items():
        path.chmod(mode | 0o011)
    (tmp_path / "hub.db").touch()
    (tmp_path / "hub.db").chmod(0o660)
    os.chown(tmp_path / "hub.db", SOMEBODY, STAFF)
    yield tmp_path / "hub.db"
    for path, mode in modes.items():
        path.chmod(mode)


@contextmanager
def other_process(
    database: Path, *work: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> Iterator[str]:
    """Give what another process says that asks for the lock; it keeps what it gets until the block ends."""
    command = [sys.executable, "-c", HOLDER, str(database), *work]
    pipe = subprocess.PIPE
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    every = {**os.environ, **(env or {}), "PYTHONPATH": path}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=every, cwd=cwd) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def user(uid: int, *groups: int) -> Iterator[None]:
    """Be another user while the block runs."""
    before = os.getgroups()
    os.setgroups(groups)
    os.setresgid(uid, uid, 0)
    os.setresuid(uid, uid, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)
        os.setresgid(0, 0, 0)
        os.setgroups(before)


@contextmanager
def taken(store: Store, *work: str) -> Iterator[None]:
    held = store.lock(*work)
    assert held is not None
    with held:
        yield
    assert is_free(store.path, *work)


def is_free(database: Path, *work: str) -> bool:
    held = store_lock(database, *work)
    if held is not None:
        held.release()
    return held is not None


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def locks(database: Path) -> Path:
    return database.with_name("hub.db.locks")


def test_the_second_run_of_a_stream_steps_aside_and_another_stream_does_not(tmp_path: Path) -> None:
    with new_store(tmp_path) as store, taken(store, "stream", "mentions", "101"):
        assert store.lock("stream", "mentions", "101") is None
        assert is_free(store.path, "stream", "mentions", "102")
        assert is_free(store.path, "stream", "mentions/101")


@pytest.mark.parametrize("variable", ["HUB_STATE_DIR", "HOME"])
def test_processes_with_other_state_folders_meet(
    database: Path, variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_STATE_DIR")
    (tmp_path / "other").mkdir()
    with other_process(database, "stream", env={variable: str(tmp_path / "other")}) as said:
        assert said == "held"
        assert not is_free(database, "stream")
    assert is_free(database, "stream"), "the dead hold nothing"
    assert [path for path in (tmp_path / "other").rglob("*") if path.is_file()] == []


def test_one_store_has_one_lock_by_whatever_path_it_is_named(database: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link.db").symlink_to(database)
    (tmp_path / "way").symlink_to(tmp_path, target_is_directory=True)
    for other in (Path("../hub.db"), tmp_path / "folder" / "link.db", tmp_path / "way" / "hub.db"):
        with other_process(other, "stream", cwd=tmp_path / "folder") as said:
            assert said == "held"
            assert not is_free(database, "stream")
    assert sorted(path.name for path in tmp_path.rglob("*.locks") if not path.parent.is_symlink()) == ["hub.db.locks"]


def test_two_stores_in_one_folder_do_not_meet(database: Path) -> None:
    other = database.with_name("other.db")
    other.touch()
    with other_process(database, "stream") as said:
        assert said == "held"
        assert is_free(other, "stream")


def test_a_process_started_while_a_lock_is_held_does_not_inherit_it(database: Path) -> None:
    mine = store_lock(database, "stream")
    assert mine is not None
    with other_process(database, "another stream") as said:
        assert said == "held"
        mine.release()
        assert is_free(database, "stream")


def test_file_names_are_digests_and_tell_nothing(database: Path) -> None:
    assert is_free(database, "stream", "mentions", "hunter2/../..")
    [file] = locks(database).iterdir()
    assert set(file.name) <= set("0123456789abcdef")
    assert file.read_bytes() == b""


@pytest.mark.parametrize(("of_database", "of_folder"), [(0o600, 0o700), (0o644, 0o700), (0o664, 0o770), (0o666, 0o777)])
def test_who_may_write_the_database_may_lock_and_nobody_else(database: Path, of_database: int, of_folder: int) -> None:
    before = os.umask(0o077)
    try:
        database.chmod(of_database)
        assert is_free(database, "stream")
    finally:
        os.umask(before)
    assert mode(locks(database)) == of_folder
    assert [mode(file) for file in locks(database).iterdir()] == [0o444]


def test_the_folder_follows_when_the_rights_of_the_database_change(database: Path) -> None:
    for of_database, of_folder in ((0o600, 0o700), (0o660, 0o770), (0o600, 0o700)):
        database.chmod(of_database)
        assert is_free(database, "stream")
        assert mode(locks(database)) == of_folder


@pytest.mark.skipif(not AS_ROOT, reason="only root can be several users")
def test_what_root_makes_is_the_owners_of_the_database(open_to_all: Path) -> None:
    assert is_free(open_to_all, "stream")
    made = locks(open_to_all).stat()
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (SOMEBODY, STAFF, 0o770)
    with user(SOMEBODY):
        assert is_free(open_to_all, "stream")
        assert is_free(open_to_all, "another stream")


@pytest.mark.skipif(not AS_ROOT, reason="only root can be several users")
def test_users_who_may_write_one_database_exclude_each_other(open_to_all: Path) -> None:
    open_to_all.parent.chmod(0o777)
    with user(COLLEAGUE, STAFF):
        held = store_lock(open_to_all, "stream")
    assert held is not None
    with held, user(SOMEBODY, STAFF):
        assert not is_free(open_to_all, "stream")
        assert is_free(open_to_all, "another stream")
    with user(STRANGER), pytest.raises(StoreError, match="Permission denied; all who work on this store"):
        store_lock(open_to_all, "stream")


@pytest.mark.skipif(not AS_ROOT, reason="only root can be several users")
def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(open_to_all: Path) -> None:
    with user(COLLEAGUE, STAFF), pytest.raises(StoreError) as told:
        store_lock(open_to_all, "stream")
    assert str(told.value) == (
        f"{locks(open_to_all)}: Permission denied; all who work on this store take their locks in this folder:"
        " make it one that this user may write, or run as the user who owns the database"
    )


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_left_as_it_is(database: Path, tmp_path: Path, kind: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o755)
    if kind == "file":
        locks(database).write_text("mine")
    else:
        locks(database).symlink_to(elsewhere)  # root must not be led to give a stranger's folder away
    with pytest.raises(StoreError, match=rf"{re.escape(str(locks(database)))}: .*take their locks in this folder"):
        store_lock(database, "stream")
    assert (mode(elsewhere), list(elsewhere.iterdir())) == (0o755, [])


def test_all_see_how_many_daemons_work_on_a_store(database: Path) -> None:
    assert daemons(database) == 0
    with daemon_lock(database), other_process(database, "daemon", "1"):
        assert daemons(database) == 2
        with daemon_lock(database):
            assert daemons(database) == 3
    with daemon_lock(database):
        assert daemons(database) == 1


def test_looking_whether_a_lock_is_held_makes_nothing_and_keeps_it_from_nobody_who_looks(database: Path) -> None:
    assert is_locked(database, "work") is False
    assert list(database.parent.iterdir()) == [database]
    with other_process(database, "work"):
        assert (is_locked(database, "work"), is_locked(database, "work")) == (True, True)
    assert is_locked(database, "work") is False


@pytest.mark.skipif(not AS_ROOT, reason="needs a second user")
def test_who_may_not_look_is_not_told_that_nobody_works(open_to_all: Path) -> None:
    store_lock(open_to_all, "work")
    os.seteuid(STRANGER)
    try:
        assert (is_locked(open_to_all, "work"), daemons(open_to_all)) == (None, None)
    finally:
        os.seteuid(0)
