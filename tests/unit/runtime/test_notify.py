"""People are told of tickets: by real HTTP, once each, with the reason when it fails, and never with an address."""

import asyncio
import logging
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from hub.pipeline.deliver import MAX_TRIES
from hub.pipeline.route import router
from hub.routing.destinations import Destinations
from hub.runtime.config import Settings, load_outline, load_settings
from hub.runtime.notify import MOST, SINGLY, fault_of, notify, preview, send
from hub.runtime.notify_check import notify_findings
from hub.runtime.notify_texts import News, told
from hub.runtime.plugins import Registry
from hub.runtime.reports import DeliveryReport, SyncReport
from hub.runtime.rules import rules_of
from hub.sdk import ConfigError, Decision, DeliveryError, Sla
from hub.store import Decided, Router, Store, open_store
from tests.unit.runtime.notified import Phone, end_s
from tests.unit.store.pages import NOW, mention, page

LEAD = Decided("urgent", category="complaint", queue="claims", notify=("lead",), rules=("stolen-money",))
TELL_ALL = rules_of({"own.yaml": "builtin: false\nrules: [{name: all, then: {notify: lead}}]\n"})


@pytest.fixture(autouse=True)
def directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def phone() -> Iterator[Phone]:
    with Phone() as phone:
        yield phone


class Clock:
    """A clock that stands still until it is pushed."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=clock) as store:
        yield store


def settings(folder: Path, text: str = 'lead = { env = "LEAD" }', *, apart: bool = False, **env: str) -> Settings:
    path = folder / "hub.toml"
    path.write_text(f'timezone = "Europe/Moscow"\n[notify]\n{text}\n', encoding="utf-8")
    return load_settings(path, Registry([]), env, apart=apart)


def put(store: Store, *sources: str, decided: Decided = LEAD, mode: str = "poll", text: str = "Украли деньги") -> None:
    drafts = (mention(one, body=text, url=f"https://vk.com/wall-{one}") for one in sources)
    store.checkpoint(page(*drafts, mode=mode, router=Router(lambda _: decided), effects=mode != "backfill"))


def tell(settings: Settings, store: Store, lang: str | None = "en") -> DeliveryReport:
    report = SyncReport()
    asyncio.run(asyncio.wait_for(notify(settings, store, report, lang), 30))
    assert len(report.deliveries) <= 1
    return report.deliveries[0] if report.deliveries else DeliveryReport("nobody")


def secret(url: str) -> tuple[SecretStr, ...]:
    return (SecretStr(url),)


# --- once -----------------------------------------------------------------------------------------------------------


def test_a_rule_s_notify_reaches_the_recipient_once_with_words_link_and_why(
    tmp_path: Path, store: Store, phone: Phone
) -> None:
    put(store, "1")
    [row] = store.outbox_left()
    assert (row.instance, row.effect, row.role) == ("notify:lead", "notify", "notify")
    known = settings(tmp_path, LEAD=phone.url)
    assert tell(known, store).sent == 1
    [(title, body)] = phone.told
    assert title == "New: urgent, vk.com, complaint"
    assert body.startswith("A ticket that is new to you.\n\nУкрали деньги\n\nhttps://vk.com/wall-1\n\n")
    assert "Queue: claims\nRules: stolen-money\nhub tickets show " in body
    assert tell(known, store) == DeliveryReport("nobody")
    assert len(phone.told) == 1
    assert [event.kind for event in store.events(row.ticket)][-1] == "notify_sent"


def test_a_ticket_that_is_decided_again_tells_only_those_who_were_not_told(
    tmp_path: Path, store: Store, phone: Phone
) -> None:
    known = settings(tmp_path, 'lead = { env = "LEAD" }\nboss = { env = "LEAD" }', LEAD=phone.url)
    put(store, "1")
    put(store, "1", text="Украли все деньги")
    assert len(store.outbox_left()) == 1
    tell(known, store)
    put(store, "1", text="Украли вообще все деньги", decided=Decided("urgent", notify=("lead", "boss")))
    assert [row.instance for row in store.outbox_left()] == ["notify:boss"]


def test_what_a_person_dropped_is_not_asked_for_again(store: Store) -> None:
    put(store, "1")
    store.outbox_drop([store.outbox_left()[0].n])
    put(store, "1", text="Украли все деньги")
    assert store.outbox_left() == []


def test_what_a_backfill_finds_is_nobody_s_alarm(store: Store) -> None:
    put(store, "1", mode="backfill")
    assert store.outbox_left() == []


@pytest.mark.parametrize(
    ("published", "start", "is_told"),
    [
        (NOW - timedelta(hours=23), None, True),
        (NOW - timedelta(hours=25), None, False),
        (NOW - timedelta(days=30), None, False),
        (NOW - timedelta(days=4), NOW - timedelta(days=5), True),
        (NOW - timedelta(days=6), NOW - timedelta(days=5), False),
        (NOW - timedelta(hours=1), NOW, False),
    ],
)
def test_a_first_reading_rings_no_phone_for_old_posts(
    store: Store, published: datetime, start: datetime | None, is_told: bool
) -> None:
    decides = router(lambda: TELL_ALL, None, Destinations(start=start), ("lead",))
    store.checkpoint(page(mention("1", created_at=published), router=decides))
    assert [row.instance for row in store.outbox_left()] == (["notify:lead"] if is_told else [])


def test_after_a_standstill_what_was_written_meanwhile_rings_and_a_new_stream_s_past_does_not(store: Store) -> None:
    decides = router(lambda: TELL_ALL, recipients=("lead",))
    before, meanwhile = NOW - timedelta(days=4), NOW - timedelta(hours=30)
    store.checkpoint(page(mention("1", created_at=before), router=decides, now=before))
    store.checkpoint(page(mention("2", created_at=meanwhile), router=decides))
    assert len(store.outbox_left()) == 2
    store.checkpoint(page(mention("3", created_at=before - timedelta(days=2)), router=decides))
    store.checkpoint(page(mention("4", created_at=meanwhile), router=decides, stream="another"))
    assert len(store.outbox_left()) == 2


@pytest.mark.parametrize("how", [{"mode": "backfill"}, {"replay": True}])
@pytest.mark.parametrize(("start", "told"), [(None, 1), (NOW - timedelta(days=1), 0)])
def test_who_asks_to_be_told_of_the_past_is_told_of_it_from_start_on(
    store: Store, how: dict[str, Any], start: datetime | None, told: int
) -> None:
    decides = router(lambda: TELL_ALL, None, Destinations(start=start), ("lead",))
    store.checkpoint(page(mention("1", created_at=NOW - timedelta(days=20)), router=decides, effects=True, **how))
    assert len(store.outbox_left()) == told


def test_a_new_message_on_an_old_ticket_rings(store: Store) -> None:
    decides = router(lambda: TELL_ALL, None, recipients=("lead",))
    long_ago, lately = NOW - timedelta(days=30), NOW - timedelta(minutes=5)
    store.checkpoint(page(mention("1", thread="t", author="a", created_at=long_ago), router=decides))
    assert store.outbox_left() == []
    store.checkpoint(page(mention("2", thread="t", author="a", created_at=lately), router=decides))
    assert [row.instance for row in store.outbox_left()] == ["notify:lead"]


def test_a_storm_comes_in_few_messages(tmp_path: Path, store: Store, phone: Phone) -> None:
    put(store, *(str(number) for number in range(MOST + 2)))
    assert tell(settings(tmp_path, LEAD=phone.url), store).sent == MOST + 2
    assert [title for title, _ in phone.told] == [
        f"{MOST} tickets, new {MOST}: urgent {MOST}",
        "2 tickets, new 2: urgent 2",
    ]
    assert phone.told[0][1].count("https://vk.com/wall-") == MOST
    put(store, *(f"n{number}" for number in range(SINGLY)))
    tell(settings(tmp_path, LEAD=phone.url), store)
    assert len(phone.told) == 2 + SINGLY


# --- failures -------------------------------------------------------------------------------------------------------


def test_a_message_that_is_refused_is_tried_again_and_set_aside_in_the_end(
    tmp_path: Path, store: Store, phone: Phone, clock: Clock
) -> None:
    put(store, "1", "2")
    known, phone.always = settings(tmp_path, LEAD=phone.url), 404
    failed = tell(known, store)
    assert (failed.sent, failed.failed, failed.waiting) == (0, 1, 2), "the rest waits once one was not taken"
    assert failed.error is not None
    assert "404" in failed.error
    assert phone.secret not in failed.error
    for _ in range(2 * MAX_TRIES):
        clock.at += timedelta(hours=2)
        tell(known, store)
    assert [row.state for row in store.outbox_left()] == ["failed", "failed"]
    assert all("404" in (row.error or "") for row in store.outbox_left())
    phone.always = None
    store.outbox_retry([row.n for row in store.outbox_left()])
    assert tell(known, store).sent == 2
    assert store.outbox_left() == []


def test_a_failed_message_waits_over_restarts(tmp_path: Path, store: Store, phone: Phone, clock: Clock) -> None:
    put(store, "1")
    phone.failing.append(500)
    known = settings(tmp_path, LEAD=phone.url)
    tell(known, store)
    tell(known, store)
    assert phone.told == [], "its time has not come"
    clock.at += timedelta(seconds=31)
    assert tell(known, store).sent == 1


def test_one_of_several_addresses_is_enough_and_the_other_is_told_of(
    tmp_path: Path, store: Store, phone: Phone
) -> None:
    put(store, "1")
    known = settings(
        tmp_path, 'lead = [{ env = "GONE" }, { env = "LEAD" }]', LEAD=phone.url, GONE="json://127.0.0.1:9/x"
    )
    report = tell(known, store)
    assert (report.sent, len(phone.told)) == (1, 1)
    assert report.problems == ("A Connection error occurred sending JSON notification to 127.0.0.1.",)
    assert store.outbox_left() == []


def test_the_reason_is_told_and_nothing_of_the_address(phone: Phone, capfd: pytest.CaptureFixture[str]) -> None:
    phone.always = 403
    with pytest.raises(DeliveryError, match="403") as refused:
        send(secret(f"{phone.url}?+X-Token=an0ther-secret"), "t", "b")
    with pytest.raises(ConfigError, match="no address that apprise can use") as unreadable:
        send(secret("nonsense://s3cr3t-token@host.example/an0ther-secret"), "t", "b")
    for text in (str(refused.value), str(unreadable.value), *capfd.readouterr()):
        assert "s3cr3t" not in text
        assert "an0ther" not in text


def test_its_log_is_as_before_afterwards(phone: Phone) -> None:
    logger = logging.getLogger("apprise")
    before = (logger.level, logger.propagate, list(logger.handlers))
    assert fault_of(secret(phone.url)) is None
    assert (logger.level, logger.propagate, list(logger.handlers)) == before
    assert phone.told == [], "to look at an address is not to use it"


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, phone: Phone) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    assert fault_of(secret(phone.url)) == 'apprise is not installed; run: pip install "helpdesk-hub[notify]"'


def test_what_waits_for_nobody_is_kept_and_told(tmp_path: Path, store: Store, phone: Phone) -> None:
    put(store, "1")
    lost = tell(settings(tmp_path, 'boss = { env = "LEAD" }', LEAD=phone.url), store)
    assert lost.error is not None
    assert '[notify] has no "lead": add it' in lost.error
    assert len(store.outbox_left()) == 1


# --- words ----------------------------------------------------------------------------------------------------------


def test_the_message_is_in_the_language_of_the_settings(store: Store, tmp_path: Path, phone: Phone) -> None:
    put(store, "1")
    [ticket] = store.iter_tickets()
    sla = Sla(policy="critical", first_response_due=NOW)
    ticket = ticket.model_copy(update={"sla": sla, "decision": Decision(ruleset="1", rules=("a", "b"))})
    title, body = told([News(ticket)], "ru", ZoneInfo("Europe/Moscow"))
    assert title == "Новое: срочное, vk.com, жалоба"
    assert "Ответить до 2026-11-20 15:00 MSK\nОчередь: claims\nПравила: a, b\n" in body
    title, body = told([News(ticket), News(ticket)], "ru", ZoneInfo("Europe/Moscow"))
    assert title == "Обращений: 2, новых 2 (срочное 2)"
    assert preview(settings(tmp_path, LEAD=phone.url), store, store.outbox_left()[0].n, "ru")[0].startswith(
        "Новое: срочное"
    )


def test_a_long_text_is_cut_and_a_silent_ticket_says_so(store: Store) -> None:
    put(store, "1", text="слово " * 1000)
    put(store, "2", text=" ")
    bodies = {ticket.thread: told([News(ticket)], "en", ZoneInfo("UTC"))[1] for ticket in store.iter_tickets()}
    assert len(bodies["1"]) < 800
    assert "\n\n(no text)\n\n" in bodies["2"]


WARNED = {"promise": "first_response", "share": 0.5, "reached": "2026-11-20T11:30:00+00:00"}
BROKEN = {"share": 1.0, "reached": "2026-11-20T12:00:00+00:00", "due": "2026-11-20T12:00:00+00:00"}


@pytest.mark.parametrize(
    ("occasion", "lang", "title", "first"),
    [
        ({}, "en", "New", "A ticket that is new to you."),
        ({}, "ru", "Новое", "Новое для вас обращение."),
        (
            {**WARNED, "due": "2026-11-20T12:00:00+00:00"},
            "en",
            "50 % of the time is spent, due 15:00",
            "50 % of the time for the first answer is spent, due 2026-11-20 15:00 MSK.",
        ),
        (
            {**WARNED, "due": "2026-11-20T12:00:00+00:00"},
            "ru",
            "Прошло 50 % срока, до 15:00",
            "Прошло 50 % времени на первый ответ, до 2026-11-20 15:00 MSK.",
        ),
        (
            {**WARNED, "due": None},  # its clock stands still
            "en",
            "50 % of the time is spent",
            "50 % of the time for the first answer is spent.",
        ),
        (
            {**BROKEN, "promise": "first_response"},
            "en",
            "First answer late since 15:00",
            "The promise of a first answer was broken at 2026-11-20 15:00 MSK.",
        ),
        (
            {**BROKEN, "promise": "first_response"},
            "ru",
            "Просрочен первый ответ с 15:00",
            "Обещание первого ответа нарушено: срок был до 2026-11-20 15:00 MSK.",
        ),
        (
            {**BROKEN, "promise": "next_response"},
            "ru",
            "Просрочен следующий ответ с 15:00",
            "Обещание следующего ответа нарушено: срок был до 2026-11-20 15:00 MSK.",
        ),
        (
            {**BROKEN, "promise": "resolution"},
            "en",
            "Solution late since 15:00",
            "The promise of a solution was broken at 2026-11-20 15:00 MSK.",
        ),
    ],
)
def test_title_and_body_say_at_once_what_happened(
    store: Store, occasion: dict[str, object], lang: str, title: str, first: str
) -> None:
    put(store, "1")
    [ticket] = store.iter_tickets()
    found, body = told([News(ticket, occasion)], lang, ZoneInfo("Europe/Moscow"))
    assert found.split(": ")[0] == title
    assert body.startswith(f"{first}\n\nУкрали деньги\n\n")


def test_a_message_of_several_says_how_many_of_them_are_new_warned_of_and_late(store: Store) -> None:
    put(store, "1")
    [ticket] = store.iter_tickets()
    occasions: list[dict[str, object]] = [{}, {**WARNED, "due": None}, {**BROKEN, "promise": "resolution"}, {}]
    title, body = told([News(ticket, one) for one in occasions], "en", ZoneInfo("UTC"))
    assert title == "4 tickets, new 2, time running out 1, promise broken 1: urgent 4"
    assert "Solution late since 12:00: urgent, vk.com, complaint\nУкрали деньги\n" in body


# --- settings -------------------------------------------------------------------------------------------------------


def test_an_address_never_stands_in_the_file(tmp_path: Path) -> None:
    for text in ('lead = "json://host/secret"', 'lead = ["json://host/secret"]', "lead = 7"):
        with pytest.raises(ConfigError, match=r"hub.toml:3: notify.lead.*does not stand in this file") as refused:
            settings(tmp_path, text)
        assert "host/secret" not in str(refused.value)
    with pytest.raises(ConfigError, match="names no address"):
        settings(tmp_path, "lead = []")
    with pytest.raises(ConfigError, match="names are made of"):
        settings(tmp_path, '"The Lead" = { env = "LEAD" }', LEAD="json://host")


def test_addresses_are_secrets_and_not_shown(tmp_path: Path) -> None:
    known = settings(tmp_path, 'lead = [{ env = "A" }, { env = "B" }]', A="json://one", B="json://two")
    assert [one.get_secret_value() for one in known.notify["lead"]] == ["json://one", "json://two"]
    assert set(known.secrets) == {"json://one", "json://two"}
    assert "json://one" not in repr(known)


def test_an_address_that_is_not_there_stops_nothing_else(tmp_path: Path, store: Store, phone: Phone) -> None:
    known = settings(tmp_path, 'lead = { env = "A" }\nboss = { env = "B" }', apart=True, B=phone.url)
    assert list(known.broken) == ["notify.lead"]
    assert "the environment variable A is not set" in known.broken["notify.lead"]
    put(store, "1", decided=Decided("urgent", notify=("lead", "boss")))
    assert tell(known, store).instance == "notify:boss"
    assert [row.instance for row in store.outbox_left()] == ["notify:lead"]


def test_the_names_are_known_without_their_addresses(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text('[notify]\nlead = { env = "NOT_SET" }\n')
    assert load_outline(path).notify == frozenset({"lead"})
    path.write_text("")
    assert load_outline(path).notify is None


def test_the_check_tells_bad_addresses_and_names_that_nobody_has(tmp_path: Path, phone: Phone) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(
        "builtin: false\nrules:\n  - {name: r, when: {rating: [1]}, then: {notify: laed}}\n"
    )
    path = tmp_path / "hub.toml"
    path.write_text('rules = "rules"\n[notify]\nlead = { env = "A" }\nboss = { env = "B" }\n')
    known = load_settings(path, Registry([]), {"A": phone.url, "B": "nonsense://x"})
    good, bad, rules = asyncio.run(notify_findings(known))
    assert (good.instance, good.ok) == ("notify.lead", True)
    assert (bad.instance, bad.ok, bad.todo) == ("notify.boss", False, "mend the address, then check again")
    assert 'the rule "r" tells laed, whom [notify] does not have; did you mean "lead"?' in rules.message
    assert phone.told == []


def test_a_recipient_that_hangs_holds_up_no_end(tmp_path: Path, store: Store) -> None:
    put(store, "1")
    assert end_s(lambda url: notify(settings(tmp_path, LEAD=url), store, SyncReport(), "en")) < 2.0
    assert store.outbox_counts() == {"notify:lead": (1, 0)}
