"""A destination of ``hub run`` that was down: known to be back while what waits for it is still under way."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from hub.pipeline.source import utc_now
from hub.runtime.condition import Conditions
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.outbox_run import OUTBOX
from hub.runtime.rounds import Rounds
from hub.runtime.sources import Workshop
from hub.runtime.transport import Transport
from hub.store import Store
from tests.desk.connector import Desk, DeskConfig
from tests.desk.server import KEY, Served
from tests.desk.server import Desk as Place
from tests.unit.pipeline.script import QUICK
from tests.unit.store.pages import mention, new_store, page, write

_PATIENCE_S = 10.0
_WAITING = 3


class Watched(Place):
    """A desk that notes at every request whether it is told to be down, and after how many failures."""

    def __init__(self, conditions: Conditions, store: Store) -> None:
        super().__init__()
        self.conditions, self.store = conditions, store
        self.known: list[tuple[bool, int]] = []

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        failures = sum(one.failures for one in self.store.streams("desk") if one.name == OUTBOX)
        self.known.append(("desk" in self.conditions.outboxes, failures))
        return super().answer(method, path, body)


def _settings(url: str) -> Settings:
    config = DeskConfig(connector="desk", base_url=url, token=SecretStr(KEY), rate="off", timeout=timedelta(seconds=1))
    desk = InstanceSettings("desk", "desk", Desk, config, frozenset({"escalate"}))
    return Settings(
        path=Path("hub.toml"),
        store="",
        rules=None,
        timezone=ZoneInfo("UTC"),
        lang=None,
        listen=None,
        listen_told=False,
        instances={"desk": desk},
    )


def test_a_destination_is_back_with_its_first_answer_however_much_waits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hub.runtime.condition")
    conditions = Conditions()
    with new_store(tmp_path) as store:
        store._now = utc_now
        store.checkpoint(page(*(mention(str(number)) for number in range(_WAITING))))
        for ticket in list(store.iter_tickets()):
            store.ask_case(str(ticket.id), "desk")
        desk = Watched(conditions, store)
        with Served(desk) as served:
            asyncio.run(_down_and_back(_settings(served.url), desk))
    assert len(desk.cases) == _WAITING
    probe, *later = desk.known
    assert probe == (True, 1)
    assert later
    assert set(later) == {(False, 0)}
    assert [one.message for one in caplog.records if "destination" in one.message] == [
        "destination failing",
        "destination is back",
    ]


def test_a_paused_destination_that_left_the_settings_is_forgotten_and_not_told_as_resumed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hub.runtime.condition")
    conditions, settings = Conditions(), _settings("http://127.0.0.1:9")

    async def paused_and_gone() -> None:
        async with Transport() as transport, asyncio.timeout(_PATIENCE_S):
            rounds = Rounds(Workshop(settings, transport), store, conditions)
            await rounds.round()
            conditions.outboxes |= {"desk": "503", "notify:lead": "no route"}
            rounds.swap(Workshop(replace(settings, instances={}), transport))
            for _ in range(3):  # a look at least, as each rests for as long as between two
                await rounds.round()

    with new_store(tmp_path) as store:
        store._now = utc_now
        store.pause("desk", "desk", "moving", by="person")
        asyncio.run(paused_and_gone())
    assert [one.message for one in caplog.records] == ["instance paused"]
    assert (conditions.paused, conditions.outboxes) == ({}, {"notify:lead": "no route"})


async def _down_and_back(settings: Settings, desk: Watched) -> None:
    """Let the desk be down for a daemon until it knows it, and up until nothing waits any more."""
    async with Transport() as transport, asyncio.timeout(_PATIENCE_S):
        rounds = Rounds(Workshop(settings, transport, policy=QUICK), desk.store, desk.conditions)
        desk.down = True
        while "desk" not in desk.conditions.outboxes:
            await rounds.round()
        desk.down, desk.known = False, []
        write(desk.store, "UPDATE outbox SET next_try_at = 0")
        write(desk.store, "UPDATE streams SET next_try_at = 0")
        while desk.store.outbox_left():
            await rounds.round()
        await rounds.stop(_PATIENCE_S)
