"""The machine-wide folder and its locks, with real files."""

import stat
from pathlib import Path

import pytest

from hub.sdk import StoreError
from hub.store.machine import digest, is_held, lock, state_dir, try_lock


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


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


def test_digests_of_other_parts_differ() -> None:
    assert digest("ab", "c") != digest("a", "bc")
