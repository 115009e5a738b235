"""The machine-wide folder and its locks, with real files and a real second process."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hub.sdk import StoreError
from hub.store.machine import digest, is_held, lock, shared_folder, state_dir, stream_lock, try_lock

HOLDER = """
import sys
from hub.store.machine import stream_lock
held = stream_lock(sys.argv[1])
print("held" if held else "busy", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def other_process(key: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, key], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def ended(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.communicate()


def test_the_folder_is_private_and_made_on_demand(state: Path) -> None:
    assert state_dir() == state
    assert stat.S_IMODE(state.stat().st_mode) == 0o700


def test_the_folder_is_the_same_whatever_the_working_folder(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = state_dir()
    monkeypatch.chdir(tmp_path)
    assert state_dir() == first


def test_without_a_setting_it_is_the_xdg_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUB_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_dir() == tmp_path / "helpdesk-hub"


@pytest.mark.parametrize("xdg", ["", "relative/path"])
def test_without_a_usable_xdg_folder_it_is_below_home(
    xdg: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HUB_STATE_DIR", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", xdg)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_dir() == tmp_path / ".local/state/helpdesk-hub"


def test_a_relative_folder_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_STATE_DIR", "state")
    with pytest.raises(StoreError, match="HUB_STATE_DIR='state' is relative"):
        state_dir()


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "file" / "state"))
    with pytest.raises(StoreError, match=r"file/state: .*; make it writable, or set HUB_STATE_DIR"):
        state_dir()


def test_a_lock_excludes_until_it_is_released(tmp_path: Path) -> None:
    with lock(tmp_path / "a"):
        assert try_lock(tmp_path / "a") is None
        assert is_held(tmp_path / "a")
    assert not is_held(tmp_path / "a")
    again = try_lock(tmp_path / "a")
    assert again is not None
    again.release()
    again.release()
    assert not is_held(tmp_path / "a")


def test_what_is_not_there_is_not_held(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "nothing")


def test_lock_files_are_private(tmp_path: Path) -> None:
    with lock(tmp_path / "a"):
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def test_the_second_run_of_a_stream_steps_aside_and_another_stream_does_not(state: Path) -> None:
    first = stream_lock("hub.db/mentions/101")
    assert first is not None
    with first:
        assert stream_lock("hub.db/mentions/101") is None
        other = stream_lock("hub.db/mentions/102")
        assert other is not None
        other.release()


def test_file_names_are_digests_and_tell_nothing(state: Path) -> None:
    held = stream_lock("postgresql://user:hunter2@host/db mentions")
    assert held is not None
    held.release()
    names = [path.name for path in shared_folder("streams").iterdir()]
    assert len(names) == 1
    assert set(names[0]) <= set("0123456789abcdef")


def test_digests_of_other_parts_differ() -> None:
    assert digest("ab", "c") != digest("a", "bc")


def test_a_run_in_another_process_excludes_and_its_death_frees_the_stream_at_once(state: Path) -> None:
    other = other_process("stream")
    try:
        assert said(other) == "held"
        assert stream_lock("stream") is None
    finally:
        ended(other)
    mine = stream_lock("stream")
    assert mine is not None
    mine.release()


def test_a_process_started_while_a_lock_is_held_does_not_inherit_it(state: Path) -> None:
    mine = stream_lock("stream")
    assert mine is not None
    other = other_process("another stream")
    try:
        assert said(other) == "held"
        mine.release()
        again = stream_lock("stream")
        assert again is not None
        again.release()
    finally:
        ended(other)
