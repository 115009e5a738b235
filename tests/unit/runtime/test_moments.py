"""A daemon's rounds pass what the clock brings; a silent source is logged once and stands in figures."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.route import router
from hub.runtime import metrics
from hub.runtime.condition import Conditions
from hub.runtime.config import Settings, load_settings
from hub.runtime.metrics import Exposition
from hub.runtime.plugins import Registry
from hub.runtime.reports import StreamReport, SyncReport
from hub.runtime.rounds import Rounds
from hub.runtime.sources import Workshop
from hub.runtime.transport import Transport
from hub.sdk import TicketDraft
from hub.store import Store, StreamKey, open_store
from tests.unit.routing import folder
from tests.unit.runtime.notified import Phone
from tests.unit.store.pages import page

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LATE = {
    "name": "late",
    "when": {"deadline": {"first_response": "breached"}},
    "then": {"queue": "leads", "notify": "lead"},
}
RULES = folder.rules_of(json.dumps({"rules": [LATE], "sla": [{"name": "p", "first_response": "10m"}]}))


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


def opened(path: Path, clock: Clock) -> Store:
    """A store with three tickets that wait for their first answer."""
    store = open_store(f"sqlite:///{path}", now=clock)
    said: dict[str, Any] = {"kind": "mention", "platform": "vk.com", "body": "Где деньги?", "created_at": clock.now}
    drafts = [TicketDraft.of(source_id=str(number), **said) for number in range(3)]
    store.checkpoint(page(*drafts, router=router(lambda: RULES, recipients=("lead",)), now=clock.now))
    return store


async def rounds_of(store: Store, clock: Clock, settings: Settings, until: Callable[[], bool]) -> None:
    """Go round until something is so, in a new process as it were."""
    async with Transport() as transport:
        workshop = Workshop(settings, transport, rules=lambda: RULES)
        rounds = Rounds(workshop, store, Conditions(), clock)
        for _ in range(20):
            await rounds.round()
            if until():
                break
        await rounds.stop(5.0)


def settings_of(folder: Path, url: str) -> Settings:
    path = folder / "hub.toml"
    path.write_text('[notify]\nlead = { env = "LEAD" }\n', encoding="utf-8")
    return load_settings(path, Registry([]), {"LEAD": url})


def test_rounds_pass_what_has_come_and_tell_people_and_leave_what_has_not(tmp_path: Path) -> None:
    clock = Clock()
    with Phone() as phone, opened(tmp_path / "hub.db", clock) as store:
        settings = settings_of(tmp_path, phone.url)
        asyncio.run(rounds_of(store, clock, settings, lambda: True))
        assert {ticket.queue for ticket in store.iter_tickets()} == {None}
        clock.now += timedelta(minutes=10)
        asyncio.run(rounds_of(store, clock, settings, lambda: len(phone.told) == 3))
        assert {ticket.queue for ticket in store.iter_tickets()} == {"leads"}
        assert (store.next_moment(), len(phone.told)) == (None, 3)
        assert {title.partition(" since ")[0] for title, _ in phone.told} == {"First answer late"}
        asyncio.run(rounds_of(store, clock, settings, lambda: True))
        assert len(phone.told) == 3


def test_figures_count_what_is_overdue_and_what_is_suspicious(tmp_path: Path) -> None:
    clock = Clock()
    with opened(tmp_path / "hub.db", clock) as store:
        clock.now += timedelta(minutes=11)
        decides = router(lambda: RULES)
        assert decides is not None
        assert store.pass_moments(decides) == 3
        _watched(store, clock)
        text = asyncio.run(Exposition(Conditions(), store, 0).text(clock.now))
    assert 'hub_sla_overdue{promise="first_response"} 3.0' in text
    assert 'hub_sla_overdue{promise="resolution"} 0.0' in text
    assert 'hub_sla_breaches_total{promise="first_response"} 3.0' in text
    assert 'hub_sla_breaches_total{promise="resolution"} 0.0' in text
    assert 'hub_stream_suspicious{instance="one",stream="dead"} 1.0' in text
    assert 'hub_stream_suspicious{instance="one",stream="lively"} 0.0' in text


def test_a_breach_is_counted_once_and_none_from_before_the_process_began(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_STORE_FIGURES_S", -1.0)  # each look is a new one
    clock, decides = Clock(), router(lambda: RULES) or pytest.fail("rules make a router")
    with opened(tmp_path / "hub.db", clock) as store:
        clock.now += timedelta(minutes=11)
        store.pass_moments(decides)
        said: dict[str, Any] = {"kind": "mention", "platform": "vk.com", "body": "Где?", "created_at": clock.now}
        store.checkpoint(page(TicketDraft.of(source_id="late", **said), router=decides, now=clock.now))
        exposition = Exposition(Conditions(), store, store.last_event())
        counted = []
        for minutes in (1, 10, 1):
            clock.now += timedelta(minutes=minutes)
            store.pass_moments(decides)
            text = asyncio.run(exposition.text(clock.now))
            counted.append(text.split('hub_sla_breaches_total{promise="first_response"} ')[1].split("\n")[0])
    assert counted == ["0.0", "1.0", "1.0"]


def _watched(store: Store, clock: Clock) -> None:
    """Two streams that bring something each hour for two weeks, then one is silent for two days."""
    for hour in range(24 * 17):
        clock.now += timedelta(hours=1)
        store.stream_finished(StreamKey("one", "lively", "poll"), None, news=True)
        store.stream_finished(StreamKey("one", "dead", "poll"), None, news=hour < 24 * 15)


def ended(conditions: Conditions, suspicious: str | None, **facts: Any) -> None:
    report = SyncReport(streams=[StreamReport("one", "s", "Bank", "", suspicious=suspicious, **facts)])
    conditions.ended("one", report, NOW)


def test_a_silent_source_is_logged_once_when_it_begins_and_once_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    conditions = Conditions()
    with caplog.at_level(logging.INFO):
        for told in (None, "quiet", "quiet still", "quiet"):
            ended(conditions, told)
        ended(conditions, None, skipped="another run is under way")
        assert [record.message for record in caplog.records] == ["source suspicious"]
        assert conditions.suspicious == {("one", "s"): "quiet"}
        ended(conditions, None)
        ended(conditions, None)
    assert [record.message for record in caplog.records][1:] == ["source no longer suspicious"]
    assert conditions.suspicious == {}


def test_an_instance_that_is_gone_is_suspicious_no_more() -> None:
    conditions = Conditions()
    ended(conditions, "quiet")
    conditions.forget("one")
    assert conditions.suspicious == {}


def test_figures_of_a_damaged_store_say_that_it_is_down_and_nothing_that_is_stale(tmp_path: Path) -> None:
    clock, conditions = Clock(), Conditions()
    with opened(tmp_path / "hub.db", clock) as store:
        for left in tmp_path.glob("hub.db*"):
            left.write_bytes(b"no database" * 1000)
        text = asyncio.run(Exposition(conditions, store, 0).text(clock.now))
    assert "hub_store_up 0.0" in text
    assert "hub_polls_total" in text
    assert "hub_tickets" not in text
    assert conditions.store is not None


def test_figures_known_before_the_store_failed_are_not_told(tmp_path: Path) -> None:
    clock, conditions = Clock(), Conditions()
    with opened(tmp_path / "hub.db", clock) as store:
        exposition = Exposition(conditions, store, 0)
        assert "hub_tickets 3.0" in asyncio.run(exposition.text(clock.now))
        conditions.store_failed("damaged")
        assert "hub_tickets" not in asyncio.run(exposition.text(clock.now))
        conditions.store_works()
        assert "hub_store_up 1.0" in asyncio.run(exposition.text(clock.now))


def test_a_store_that_does_not_answer_for_long_is_down_and_all_else_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_STORE_PATIENCE_S", 0.1)
    monkeypatch.setattr(metrics, "_STORE_DOWN_S", 1.0)
    clock, conditions, over = Clock(), Conditions(), threading.Event()

    async def look() -> tuple[str, str, str]:
        exposition = Exposition(conditions, store, 0)
        held = asyncio.create_task(store.run(over.wait, 30))
        await asyncio.sleep(0)
        first = await exposition.text(clock.now)
        monkeypatch.setattr(metrics, "_STORE_PATIENCE_S", 1.0)
        second = await exposition.text(clock.now)
        over.set()
        await held
        monkeypatch.setattr(metrics, "_STORE_PATIENCE_S", 10.0)
        return first, second, await exposition.text(clock.now)

    with opened(tmp_path / "hub.db", clock) as store:
        early, late, then = asyncio.run(look())
    told = [("hub_store_up 1.0" in text, "hub_polls_total" in text) for text in (early, late, then)]
    assert told == [(True, True), (False, True), (True, True)]
    assert ["hub_tickets 3.0" in text for text in (early, late, then)] == [False, False, True]


def test_a_store_that_takes_longer_than_a_scrape_waits_is_up_and_its_last_figures_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "_STORE_PATIENCE_S", 0.05)
    monkeypatch.setattr(metrics, "_STORE_FIGURES_S", 0.1)
    clock, prompt = Clock(), metrics.figures

    def slowly(*of: Any) -> metrics.StoreFigures:
        time.sleep(0.2)
        return prompt(*of)

    monkeypatch.setattr(metrics, "figures", slowly)

    async def scrapes() -> list[str]:
        exposition, found = Exposition(Conditions(), store, 0), []
        for _ in range(4):
            found.append(await exposition.text(clock.now))
            await asyncio.sleep(0.4)
        return found

    with opened(tmp_path / "hub.db", clock) as store:
        found = asyncio.run(scrapes())
    assert ["hub_store_up 1.0" in text for text in found] == [True] * 4
    assert ["hub_tickets 3.0" in text for text in found] == [False, True, True, True]


def test_an_instance_is_neither_up_nor_down_before_its_first_poll_has_ended(tmp_path: Path) -> None:
    clock, conditions = Clock(), Conditions()
    with opened(tmp_path / "hub.db", clock) as store:
        exposition = Exposition(conditions, store, 0)
        conditions.began("one", clock.now, 0.0)
        assert "hub_instance_up{" not in asyncio.run(exposition.text(clock.now))
        conditions.ended("one", SyncReport(), clock.now)
        assert 'hub_instance_up{instance="one"} 1.0' in asyncio.run(exposition.text(clock.now))
