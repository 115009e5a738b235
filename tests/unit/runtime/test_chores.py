"""What ``hub run`` does beside polls: people are told, old things go, and what is wrong is logged when it begins
and when it is over."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.pipeline.source import utc_now
from hub.runtime.chores import Chore, Chores
from hub.runtime.condition import Conditions
from hub.runtime.config import Settings
from hub.runtime.reports import DeliveryReport
from hub.runtime.sources import Workshop
from hub.runtime.transport import Transport
from hub.store import CaseProblem, Decided, FailedPage, Store, open_store
from tests.unit.runtime.notified import Phone
from tests.unit.runtime.test_notify import put, settings
from tests.unit.store.pages import NOW, write


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        yield store


def do(name: str, known: Settings, store: Store, conditions: Conditions) -> None:
    """Do the chore of that name once."""

    async def run() -> None:
        async with Transport() as transport:
            workshop = Workshop(known, transport)
            [chore] = [one for one in _chores(store, conditions, workshop) if one.name == name]
            await chore.run()

    asyncio.run(run())


def _chores(store: Store, conditions: Conditions, workshop: Workshop) -> list[Chore]:
    return list(Chores(store, conditions, lambda: workshop, tuple, lambda: True).all())


@pytest.fixture(autouse=True)
def _told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "hub.runtime.condition")


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.INFO]


def test_people_are_told_once_and_a_recipient_who_is_down_is_logged_once(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    conditions = Conditions()
    with Phone() as phone:
        known = settings(tmp_path, LEAD=phone.url)
        put(store, "1")
        phone.always = 500
        do("telling people", known, store, conditions)
        write(store, "UPDATE outbox SET next_try_at = 0")
        do("telling people", known, store, conditions)
        phone.always = None
        write(store, "UPDATE outbox SET next_try_at = 0")
        do("telling people", known, store, conditions)
        do("telling people", known, store, conditions)
        assert len(phone.told) == 1
    assert said(caplog).count("destination failing") == 1
    assert said(caplog).count("destination is back") == 1


def test_old_tickets_and_originals_left_over_are_removed(tmp_path: Path, store: Store) -> None:
    put(store, "1", decided=Decided("normal"))
    known = settings(tmp_path, 'lead = { env = "LEAD" }\n[retention]\ntickets = "30d"', LEAD="json://127.0.0.1/x")
    long_ago = utc_now() - timedelta(days=400)
    before = int(long_ago.timestamp() * 1e6)
    store.keep_failed_page(FailedPage("removed", "s", "", "GET /s", 404, "gone", long_ago, b"{}"))
    assert store.owners_of_originals() == ["removed"]
    write(store, "UPDATE messages SET created_at = ?", before)
    write(store, "UPDATE tickets SET state = 'closed', created_at = ?, updated_at = ?", before, before)
    do("removing what is old", known, store, Conditions())
    assert store.owners_of_originals() == []
    assert list(store.iter_tickets()) == []


def test_a_problem_is_logged_when_it_begins_and_when_it_is_over(caplog: pytest.LogCaptureFixture) -> None:
    conditions = Conditions()
    for problems in (["a"], ["a"], ["a", "b"], ["b"], []):
        conditions.problems_are("answers", problems)
    told = [(record.getMessage(), record.__dict__["problem"]) for record in caplog.records]
    assert told == [("problem", "a"), ("problem", "b"), ("problem is over", "a"), ("problem is over", "b")]
    assert conditions.problems == {"answers": frozenset()}


def test_a_case_that_needs_a_look_is_logged_with_where_it_is(caplog: pytest.LogCaptureFixture) -> None:
    Conditions.cases_need_a_look([CaseProblem("t1", "jira", "KEY-1", "https://j.example/KEY-1", "stuck", NOW)])
    [record] = caplog.records
    assert (record.getMessage(), record.__dict__["case"], record.__dict__["url"]) == (
        "case needs a look",
        "KEY-1",
        "https://j.example/KEY-1",
    )


def test_a_destination_is_back_when_it_took_something_or_nothing_waits_any_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    conditions = Conditions()
    conditions.worked_off("desk", DeliveryReport("desk", error="503"))
    conditions.worked_off("desk", DeliveryReport("desk", skipped="another run of this outbox is under way"))
    assert "desk" in conditions.outboxes, "who stepped aside found out nothing"
    conditions.waiting_are({"desk": (1, 0)})
    assert "desk" in conditions.outboxes
    conditions.waiting_are({"desk": (0, 1)})
    assert conditions.outboxes == {}
    assert said(caplog) == ["destination failing", "nothing waits for the destination any more"]
