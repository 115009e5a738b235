"""The rounds of a daemon: hints, clocks that are set, restarts, sources that fail and come back."""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.runtime import instance_run
from hub.runtime import rounds as rounds_module
from hub.runtime.condition import Conditions
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.rounds import Rounds
from hub.runtime.scheduler import Every, Hint, Wanted, joined, wanted_of
from hub.runtime.sources import Workshop
from hub.runtime.transport import Transport
from hub.sdk import ConnectorConfig
from hub.store import InstanceState, Store
from hub.testing.clock import NOW
from tests.unit.runtime.test_instance_run import Server, Web
from tests.unit.store.pages import new_store

HOUR = timedelta(hours=1)
SLOT = Every.shifted(HOUR, "one").slot(NOW)
_PATIENCE_S = 10.0


class Wall:
    """A clock that goes on by itself and can be set; ten minutes into a slot at first."""

    def __init__(self) -> None:
        self._ahead = SLOT + timedelta(minutes=10) - timedelta(seconds=time.monotonic())

    def __call__(self) -> datetime:
        return self._ahead + timedelta(seconds=time.monotonic())

    def set(self, by: timedelta) -> None:
        self._ahead += by


class Bench:
    """A server with one instance of two streams, read once an hour."""

    def __init__(self, server: Server, store: Store, wall: Wall) -> None:
        self.server, self.store, self.wall = server, store, wall
        self.sweeps: Any = "off"
        self.conditions = Conditions()

    def settings(self) -> Settings:
        config = ConnectorConfig(
            connector="web", base_url=self.server.url, account="one", every=HOUR, rate="off", sweeps=self.sweeps
        )
        return Settings(
            path=Path("hub.toml"),
            store="",
            rules=None,
            timezone=ZoneInfo("UTC"),
            lang=None,
            listen=None,
            listen_told=False,
            instances={"one": InstanceSettings("one", "web", Web, config)},
        )

    def run(self, use: Callable[[Rounds], Awaitable[None]]) -> None:
        """Let a daemon's rounds begin anew on the store, and *use* them while they go on."""

        async def whole() -> None:
            async with Transport() as transport:
                rounds = Rounds(Workshop(self.settings(), transport), self.store, self.conditions, self.wall)
                await self.store.run(rounds.recall)
                going = asyncio.create_task(_on_and_on(rounds))
                try:
                    await use(rounds)
                    going.cancel()
                    await asyncio.gather(going, return_exceptions=True)
                finally:
                    await rounds.stop(2.0)

        asyncio.run(whole())

    async def polled(self, times: int) -> list[str]:
        """Wait until *times* polls ended; return what was asked for since this was called last, and see that no
        further poll begins."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.polls < times:
            assert time.monotonic() < deadline, f"{self.polls} polls, not {times}; {self.conditions.polls}"
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert self.polls == times
        asked, self.server.asked[:] = sorted(self.server.asked), []
        return asked

    @property
    def polls(self) -> int:
        known = self.conditions.polls.get("one")
        return known.polls if known else 0


async def _on_and_on(rounds: Rounds) -> None:
    while True:
        await rounds.round()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    server, wall = Server(), Wall()
    monkeypatch.setattr(instance_run, "utc_now", wall)
    monkeypatch.setattr(rounds_module, "_GAP", timedelta(seconds=0.3))
    monkeypatch.setattr(rounds_module, "_LOOK_EVERY_S", 0.1)
    with new_store(tmp_path) as store:
        store._now = wall
        yield Bench(server, store, wall)
    server.close()


BOTH = ["/one/a", "/one/b"]


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hub.runtime.condition")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]


# --- the store ---


def test_while_no_lock_can_be_taken_the_store_fails_and_is_back_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    folder = bench.store.path.with_name(f"{bench.store.path.name}.locks")

    async def until(failing: bool) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while (bench.conditions.store is not None) != failing:
            assert time.monotonic() < deadline, bench.conditions.store
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.5)

    async def use(rounds: Rounds) -> None:
        assert await bench.polled(1) == BOTH
        folder.rename(folder.with_name("aside"))
        folder.touch()
        await until(failing=True)
        rounds.ask("one")
        await until(failing=True)
        assert bench.server.asked == []
        folder.unlink()
        await until(failing=False)

    bench.run(use)
    assert [line for line in said(caplog) if line.startswith("store")] == ["store failing", "store is back"]


# --- hints ------------------------------------------------------------------------------------------------------------


def test_a_hint_lets_the_named_streams_be_read_again_within_their_slot(bench: Bench) -> None:
    async def use(rounds: Rounds) -> None:
        assert await bench.polled(1) == BOTH
        assert rounds.ask("one", ["b"])
        assert await bench.polled(2) == ["/one/b"]
        assert rounds.ask("one", ["nobody"])
        assert await bench.polled(3) == []
        assert not rounds.ask("nobody")

    bench.run(use)


def test_many_hints_are_one_poll_of_all_that_they_name(bench: Bench) -> None:
    async def use(rounds: Rounds) -> None:
        await bench.polled(1)
        for streams in (["a"], ["b"], ["a"]):
            rounds.ask("one", streams)
        assert await bench.polled(2) == BOTH

    bench.run(use)


def test_a_hint_that_comes_while_a_poll_is_under_way_is_not_lost(bench: Bench) -> None:
    def slow() -> tuple[int, Any]:
        time.sleep(0.3)
        return 200, []

    async def use(rounds: Rounds) -> None:
        bench.server.answers["/one/a"] = slow
        while not bench.server.asked:
            await asyncio.sleep(0.01)
        rounds.ask("one", ["a"])
        assert await bench.polled(2) == ["/one/a", *BOTH]

    bench.run(use)


@pytest.mark.parametrize(
    ("started", "hint", "wanted"),
    [
        (None, None, Wanted(Hint(), SLOT)),
        (SLOT + HOUR / 4, Hint("a"), Wanted(Hint("a"), None)),
        (SLOT + HOUR / 4, Hint(), Wanted(Hint(), None)),
        (SLOT - HOUR / 4, Hint("a"), Wanted(Hint(), None)),
    ],
    ids=["slot", "hint", "hint-of-all", "both"],
)
def test_a_poll_reads_what_is_hinted_and_everything_where_its_slot_is_due(
    started: datetime | None, hint: Hint | None, wanted: Wanted
) -> None:
    assert wanted_of(Every.shifted(HOUR, "one"), started, SLOT + HOUR / 2, hint) == wanted


def test_hints_join() -> None:
    assert joined(Hint("a"), None) == Hint("a")
    assert joined(Hint("a"), Hint("b")) == Hint("ab")
    assert joined(Hint("a"), Hint()) == joined(Hint(), Hint("b")) == Hint()


# --- clocks and restarts ----------------------------------------------------------------------------------------------


def test_a_clock_that_is_set_in_the_middle_of_a_round_makes_no_poll_late(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = bench.store.instances

    def set_meanwhile() -> list[InstanceState]:
        monkeypatch.setattr(bench.store, "instances", look)
        bench.wall.set(timedelta(days=3))
        return look()

    async def use(rounds: Rounds) -> None:
        await bench.polled(1)
        monkeypatch.setattr(bench.store, "instances", set_meanwhile)
        assert await bench.polled(2) == BOTH
        assert bench.conditions.polls["one"].lag_s < 5

    bench.run(use)


@pytest.mark.parametrize("by", [timedelta(days=3), timedelta(days=-3)], ids=["ahead", "back"])
def test_after_the_clock_was_set_one_poll_makes_up_and_the_schedule_goes_on(
    bench: Bench, caplog: pytest.LogCaptureFixture, by: timedelta
) -> None:
    async def use(rounds: Rounds) -> None:
        await bench.polled(1)
        bench.wall.set(by)
        assert await bench.polled(2) == BOTH
        assert bench.conditions.polls["one"].lag_s < 5, "nobody was late: the clock was wrong"
        bench.wall.set(HOUR)
        assert await bench.polled(3) == BOTH
        bench.wall.set(timedelta(minutes=1))
        await asyncio.sleep(0.3)
        assert await bench.polled(3) == []

    bench.run(use)
    assert said(caplog).count("the clock was set") == 3


def test_a_restart_within_a_slot_does_not_read_anew_and_after_it_makes_up_once(bench: Bench) -> None:
    async def first(rounds: Rounds) -> None:
        assert await bench.polled(1) == BOTH

    async def none(rounds: Rounds) -> None:
        await asyncio.sleep(0.3)
        assert await bench.polled(1) == []

    async def once(rounds: Rounds) -> None:
        assert await bench.polled(2) == BOTH

    bench.run(first)
    bench.run(none)
    bench.wall.set(5 * HOUR)
    bench.run(once)


def test_a_poll_that_took_longer_than_its_slot_is_made_up_for_once(bench: Bench) -> None:
    def into_the_next_slot() -> tuple[int, list[Any]]:
        del bench.server.answers["/one/a"]
        bench.wall.set(HOUR)
        return 200, []

    async def use(rounds: Rounds) -> None:
        bench.server.answers["/one/a"] = into_the_next_slot
        assert (await bench.polled(2)).count("/one/a") == 2

    bench.run(use)


def test_a_store_that_another_process_holds_is_back_once_it_can_be_written(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(rounds: Rounds) -> None:
        await bench.polled(1)
        with closing(sqlite3.connect(bench.store.path)) as other:
            other.execute("BEGIN IMMEDIATE")
            bench.conditions.store_failed("locked")
            await asyncio.sleep(0.5)
            assert bench.conditions.store is not None, "it can be read, and that is not enough"
        await _until(lambda: bench.conditions.store is None)

    bench.run(use)
    assert [one for one in said(caplog) if one.startswith("store")] == ["store failing", "store is back"]


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.01)


# --- sources that fail ------------------------------------------------------------------------------------------------


def test_a_source_that_fails_is_probed_after_growing_intervals_and_told_of_twice(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    async def use(rounds: Rounds) -> None:
        bench.server.answers["/one/a"] = (404, b"gone")
        assert await bench.polled(1) == BOTH
        rounds.ask("one")
        assert await bench.polled(2) == ["/one/b"], "a stream that failed is left alone, a hint or not"
        bench.wall.set(timedelta(seconds=31))
        rounds.ask("one")
        assert await bench.polled(3) == BOTH
        bench.wall.set(timedelta(seconds=31))
        rounds.ask("one")
        assert await bench.polled(4) == ["/one/b"], "the second interval is longer"
        bench.server.answers["/one/a"] = (200, [])
        bench.wall.set(timedelta(seconds=61))
        rounds.ask("one")
        assert await bench.polled(5) == BOTH

    bench.run(use)
    told = said(caplog)
    assert (told.count("source failing"), told.count("source is back")) == (1, 1)


def test_a_source_is_back_only_when_what_failed_was_read(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    async def use(rounds: Rounds) -> None:
        bench.server.answers["/one/a"] = (404, b"gone")
        await bench.polled(1)
        rounds.ask("one", ["b"])
        assert await bench.polled(2) == ["/one/b"]
        held = [bench.store.lock("stream", "one", name) for name in "ab"]
        rounds.ask("one")
        assert await bench.polled(3) == [], "another process reads it"
        for lock in held:
            assert lock is not None
            lock.release()
        condition = bench.conditions.polls["one"]
        assert (condition.polls, condition.failures) == (3, 1)
        assert condition.error == "Stream A: 404 from GET /one/a: gone"
        assert (condition.ok_at is not None, condition.ok_at == condition.ended_at) == (True, False), "of the second"
        bench.server.answers.clear()
        bench.wall.set(timedelta(seconds=31))
        rounds.ask("one")
        await bench.polled(4)
        assert bench.conditions.polls["one"].error is None

    bench.run(use)
    assert [one for one in said(caplog) if one.startswith("source")] == ["source failing", "source is back"]


def test_a_sweep_that_fails_is_over_when_it_went_well(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.sweeps = {}

    async def use(rounds: Rounds) -> None:
        await bench.polled(1)
        bench.server.answers["/one/a/edits"] = (404, b"gone")
        bench.wall.set(HOUR)
        assert "/one/a/edits" in await bench.polled(2)
        rounds.ask("one")
        assert await bench.polled(3) == BOTH, "the sweep waits"
        condition = bench.conditions.polls["one"]
        assert condition.error == "Stream A (edits): 404 from GET /one/a/edits: gone"
        assert (condition.polls, condition.failures, condition.ok_at) == (3, 1, condition.ended_at)
        bench.server.answers.clear()
        bench.wall.set(timedelta(seconds=31))
        rounds.ask("one")
        assert "/one/a/edits" in await bench.polled(4)

    bench.run(use)
    assert [one for one in said(caplog) if one.startswith("source")] == ["source failing", "source is back"]


def test_a_pause_is_told_once_with_what_to_do_whatever_was_wrong_before(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(status: int) -> None:
        bench.server.answers["/one/a"] = bench.server.answers["/one/b"] = (status, b"[]")
        bench.wall.set(timedelta(minutes=2))

    async def use(rounds: Rounds) -> None:
        for polls, status in enumerate((404, 401), 1):
            answer(status)
            rounds.ask("one")
            await bench.polled(polls)
        await asyncio.sleep(0.5)
        answer(404)
        await bench.store.run(bench.store.resume, "one")
        rounds.ask("one")
        await bench.polled(3)

    bench.run(use)
    told = [one for one in said(caplog) if one.startswith(("source", "instance"))]
    assert told == ["source failing", "instance paused", "instance resumed", "source failing"]
    (paused,) = [record for record in caplog.records if record.message == "instance paused"]
    assert "401" in vars(paused)["because"]
    assert vars(paused)["todo"] == 'mend it, then run "hub resume one"'


def test_after_the_clock_was_set_back_nothing_waits_for_the_time_before(bench: Bench) -> None:
    async def use(rounds: Rounds) -> None:
        bench.server.answers["/one/a"] = (404, b"gone")
        assert await bench.polled(1) == BOTH
        bench.wall.set(timedelta(days=-3))
        assert await bench.polled(2) == BOTH

    bench.run(use)


def test_a_refused_key_pauses_until_somebody_lets_it_go_on(bench: Bench) -> None:
    async def use(rounds: Rounds) -> None:
        bench.server.answers["/one/a"] = bench.server.answers["/one/b"] = (401, b"")
        assert set(await bench.polled(1)) <= set(BOTH)
        rounds.ask("one")
        await asyncio.sleep(0.3)
        assert await bench.polled(1) == []
        bench.server.answers.clear()
        bench.wall.set(HOUR)
        await bench.store.run(bench.store.resume, "one")
        assert await bench.polled(2) == BOTH
        assert bench.conditions.polls["one"].lag_s < 5, "it was paused, not late"

    bench.run(use)
