"""One run of ``hub run`` within this process: what a reload changes and what it leaves."""

import asyncio
import logging
import os
import signal
import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

import pytest

from hub.runtime.config import InstanceSettings, Settings, load_settings
from hub.runtime.daemon import Daemon
from hub.runtime.plugins import Registry
from hub.sdk import ConnectorConfig, StoreError
from hub.store import Store
from tests.unit.runtime.test_instance_run import Server, Web
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

        daemon = run(settings, load, store, lambda: _reloaded(caplog, "still wait as before"))
    assert daemon.settings is new, "doors and rounds go by the same settings"
    assert "nothing was reloaded" not in caplog.text


@pytest.mark.parametrize("hangs", [False, True])
def test_an_instance_whose_settings_changed_is_tried_at_once(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture, hangs: bool
) -> None:
    server, over = Server(), threading.Event()

    def answer() -> tuple[int, bytes]:
        if hangs:
            over.wait(_PATIENCE_S)
        return 404, b""

    def reading(account: str) -> Settings:
        every = timedelta(hours=1)
        config = ConnectorConfig(connector="web", base_url=server.url, account=account, every=every, rate="off")
        return replace(settings, instances={"one": InstanceSettings("one", "web", Web, config)})

    async def use() -> None:
        await _until(lambda: len(server.asked) == 2 and (hangs or "source failing" in caplog.text))
        await _reloaded(caplog, "reloaded")
        await _until(lambda: {"/two/a", "/two/b"} <= set(server.asked))

    caplog.set_level(logging.INFO)
    server.answers["/one/a"] = server.answers["/one/b"] = answer
    with new_store(tmp_path) as store:
        run(reading("one"), lambda: reading("two"), store, use)
    over.set()
    server.close()


def _locked(_: object) -> NoReturn:
    raise StoreError("hub.db: database is locked")
