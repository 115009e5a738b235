"""One run of ``hub run`` within this process: what a reload changes and what it leaves."""

import asyncio
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from hub.runtime.config import Settings, load_settings
from hub.runtime.daemon import Daemon
from hub.runtime.plugins import Registry
from hub.sdk import StoreError
from hub.store import Store
from tests.unit.store.pages import new_store

_PATIENCE_S = 10.0


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    path = tmp_path / "hub.toml"
    path.write_text('listen = "off"\n', encoding="utf-8")
    return load_settings(path, Registry([]), {})


def run(settings: Settings, load: Callable[[], Settings], store: Store, use: Callable[[], Awaitable[None]]) -> Daemon:
    """Let a daemon run while *use* goes on, and stop it."""
    daemon = Daemon(settings, load, store)

    async def whole() -> None:
        going = asyncio.create_task(daemon.run(settings.path))
        await _until(lambda: daemon.is_ready or going.done())
        try:
            await use()
            assert not going.done(), "it goes on"
        finally:
            daemon.stop()
            await asyncio.wait_for(going, _PATIENCE_S)

    asyncio.run(whole())
    return daemon


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


async def _reloaded(caplog: pytest.LogCaptureFixture, told: str) -> None:
    os.kill(os.getpid(), signal.SIGHUP)
    await _until(lambda: told in caplog.text)


def test_whatever_reading_the_settings_raises_changes_nothing(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def load() -> NoReturn:
        raise RecursionError("too deep")

    with new_store(tmp_path) as store:
        daemon = run(settings, load, store, lambda: _reloaded(caplog, "nothing was reloaded"))
    assert daemon.settings is settings
    (record,) = [one for one in caplog.records if one.levelno >= logging.ERROR]
    assert record.exc_info is not None, "whoever looks for the reason finds it in the log"


def test_a_store_that_fails_after_the_swap_is_not_told_as_no_swap(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    new = replace(settings, lang="ru")
    with new_store(tmp_path) as store:

        def load() -> Settings:
            monkeypatch.setattr(store, "outbox_gone", _locked)
            return new

        daemon = run(settings, load, store, lambda: _reloaded(caplog, "was not readdressed"))
    assert daemon.settings is new, "doors and rounds go by the same settings"
    assert "nothing was reloaded" not in caplog.text


def _locked(_: object) -> NoReturn:
    raise StoreError("hub.db: database is locked")
