"""A surge is written down with what it is about, logged once, and told once to those who want to know."""

import asyncio
import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hub.pipeline.route import router
from hub.routing.rules import load_rules
from hub.routing.surge import Series
from hub.runtime.condition import Conditions
from hub.runtime.config import Settings, load_settings
from hub.runtime.metrics import Exposition
from hub.runtime.plugins import Registry
from hub.runtime.reports import SyncReport
from hub.runtime.surge_texts import ended, notice, sentence
from hub.runtime.surges import TELL_WITHIN, watch_surges
from hub.sdk import ConfigError
from hub.store import Store, open_store
from hub.store.surges import Surge
from tests.unit.runtime.notified import Phone, end_s
from tests.unit.store.pages import put
from tests.unit.store.test_surges import NOW, VK, Clock, burst, draft, past, route


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Phone]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Phone() as phone:
        yield phone


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=clock) as store:
        yield store


def settings(folder: Path, text: str = "", **env: str) -> Settings:
    path = folder / "hub.toml"
    path.write_text(f'lang = "ru"\n{text}\n', encoding="utf-8")
    return load_settings(path, Registry([]), env)


def told_by(url: str, folder: Path) -> Settings:
    text = '[notify]\nlead = { env = "LEAD" }\n[surges]\nnotify = "lead"\nseries = "platform"'
    return settings(folder, text, LEAD=url)


def watch(settings: Settings, store: Store) -> SyncReport:
    report = SyncReport()
    asyncio.run(asyncio.wait_for(watch_surges(settings, store, report), 30))
    return report


def surging(store: Store) -> None:
    put(store, *past(), now=NOW, router=route(queue="helpdesk"))
    put(store, *burst(30, NOW), now=NOW, router=route(queue="helpdesk"))


def test_a_surge_is_a_sentence_with_numbers_common_words_and_the_queue(
    tmp_path: Path, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    surging(store)
    report = watch(settings(tmp_path), store)
    said = next(text for text in report.surges if text.startswith("ВКонтакте"))
    assert said.startswith("ВКонтакте: 15 обращений за 15 минут, обычно меньше одного; чаще всего: «")
    assert "не проходит оплата картой" in said
    assert said.endswith("; очередь helpdesk")
    logged = [record for record in caplog.records if record.getMessage() == "surge began"]
    assert [record.surge for record in logged] == report.surges  # type: ignore[attr-defined]  # an extra
    assert report.deliveries == []


def test_it_is_logged_once_when_it_begins_and_once_when_it_ends(
    tmp_path: Path, store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    surging(store)
    for minutes in range(0, 200, 10):
        clock.at = NOW + timedelta(minutes=minutes)
        watch(settings(tmp_path, '[surges]\nseries = "platform"'), store)
    events = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert sorted(events) == ["surge began"] * 2 + ["surge ended"] * 2
    assert store.open_surges() == []


def test_people_are_told_once_in_one_message(tmp_path: Path, store: Store, clock: Clock, phone: Phone) -> None:
    surging(store)
    chosen = told_by(phone.url, tmp_path)
    assert [one.sent for one in watch(chosen, store).deliveries] == [2]
    clock.at += timedelta(minutes=1)
    assert watch(chosen, store).deliveries == []
    [(title, body)] = phone.told
    assert title == "Всплесков: 2"
    assert "ВКонтакте: 15 обращений за 15 минут" in body
    assert "не проходит оплата" in body


def test_what_is_not_taken_is_told_again_while_it_is_news(
    tmp_path: Path, store: Store, clock: Clock, phone: Phone
) -> None:
    surging(store)
    chosen = told_by(phone.url, tmp_path)
    phone.always = 500
    [failed] = watch(chosen, store).deliveries
    assert failed.instance == "notify:lead"
    assert failed.error
    assert phone.secret not in failed.error
    phone.always = None
    clock.at += timedelta(minutes=1)
    assert watch(chosen, store).deliveries[0].sent == 2
    assert len(phone.told) == 1


def test_a_recipient_that_hangs_holds_up_no_end(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    surging(store)
    assert end_s(lambda url: watch_surges(told_by(url, tmp_path), store, SyncReport())) < 2.0
    assert store.untold_surges(TELL_WITHIN)


def test_what_nobody_took_for_hours_is_no_news(tmp_path: Path, store: Store, clock: Clock, phone: Phone) -> None:
    surging(store)
    chosen = told_by(phone.url, tmp_path)
    phone.always = 500
    watch(chosen, store)
    phone.always = None
    clock.at += TELL_WITHIN + timedelta(minutes=1)
    watch(chosen, store)
    assert phone.told == []


def test_a_surge_from_before_people_were_to_be_told_is_not_told(
    tmp_path: Path, store: Store, clock: Clock, phone: Phone
) -> None:
    surging(store)
    watch(settings(tmp_path), store)
    clock.at += timedelta(minutes=1)
    watch(told_by(phone.url, tmp_path), store)
    assert phone.told == []


def test_nobody_watches_where_it_is_off(tmp_path: Path, store: Store) -> None:
    surging(store)
    assert watch(settings(tmp_path, "[surges]\nenabled = false"), store).surges == []
    assert store.surges() == []


def test_switched_off_nothing_goes_on(tmp_path: Path, store: Store) -> None:
    surging(store)
    watch(settings(tmp_path), store)
    assert store.open_surges()
    watch(settings(tmp_path, "[surges]\nenabled = false"), store)
    assert store.open_surges() == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '[surges]\nnotify = "leda"\n[notify]\nlead = { env = "LEAD" }',
            '[notify] has no "leda"; did you mean "lead"?',
        ),
        ("[surges]\nalarms_in_30d = 0", "surges.alarms_in_30d: is 0"),
        ('[surges]\nseries = ["city"]', "surges.series"),
        ("[surges]\noff = true", "surges.off: unknown key"),
        ("surges = 5", "surges: is not a table"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        settings(tmp_path, text, LEAD="json://127.0.0.1")
    assert said in str(caught.value)


def test_a_rule_decides_by_the_surge_of_the_platform(tmp_path: Path, store: Store) -> None:
    (tmp_path / "rules").mkdir()
    text = "builtin: false\nrules: [{name: storm, when: {surge: true}, then: {queue: storm}}]\n"
    (tmp_path / "rules" / "own.yaml").write_text(text, encoding="utf-8")
    surging(store)
    watch(settings(tmp_path), store)
    rules = load_rules(tmp_path / "rules")
    put(store, draft("v", NOW), draft("g", NOW, "2gis"), now=NOW, router=router(lambda: rules))
    queues = {ticket.messages[0].sources[0].source_id: ticket.queue for ticket in store.iter_tickets()}
    assert (queues["v"], queues["g"]) == ("storm", None)


def test_what_goes_on_is_a_figure(tmp_path: Path, store: Store) -> None:
    surging(store)
    watch(settings(tmp_path), store)
    text = asyncio.run(Exposition(Conditions(), store, 0).text(NOW))
    assert 'hub_surge{kind="platform",name="vk.com"} 1.0' in text
    assert "2gis" not in text


# --- sentences --------------------------------------------------------------------------------------------------------


def surge(series: Series = VK, number: int = 48, **rest: object) -> Surge:
    facts = {"window_s": 3600, "usual": 9.2, "peak_number": 60, "peak_usual": 9.4, "is_rise": False, **rest}
    at = {"began_at": NOW, "high_at": NOW, "ended_at": None, "peak_at": NOW}
    return Surge(n=1, series=series, number=number, **{**at, **facts})  # type: ignore[arg-type]  # what a test wants


@pytest.mark.parametrize(
    ("one", "russian", "english"),
    [
        (
            surge(words=("карта", "не проходит оплата"), queue="helpdesk"),
            "ВКонтакте: 48 обращений за час, обычно 9; чаще всего: «карта», «не проходит оплата»; очередь helpdesk",
            'VK: 48 tickets in an hour, usually 9; most often: "карта", "не проходит оплата"; queue helpdesk',
        ),
        (
            surge(Series("queue", "claims"), 21, queue="claims", window_s=900, usual=0.2),
            "Очередь claims: 21 обращение за 15 минут, обычно меньше одного",
            "Queue claims: 21 tickets in 15 minutes, usually less than one",
        ),
        (
            surge(Series("all"), 632, is_rise=True, window_s=43200, usual=410.0),
            "Все обращения: медленный рост, 632 обращения за 12 часов, обычно 410",
            "All tickets: a slow rise, 632 tickets in 12 hours, usually 410",
        ),
        (
            surge(Series("tag", "outage"), 11, window_s=10800),
            "Метка outage: 11 обращений за 3 часа, обычно 9",
            "Tag outage: 11 tickets in 3 hours, usually 9",
        ),
    ],
)
def test_sentences_in_both_languages(one: Surge, russian: str, english: str) -> None:
    assert (sentence(one, "ru"), sentence(one, "en")) == (russian, english)


def test_the_end_says_how_long_and_how_much_at_most() -> None:
    one = surge(ended_at=NOW + timedelta(hours=2, minutes=15))
    assert ended(one, "ru") == (
        "ВКонтакте: всплеск закончился, длился 2 ч 15 мин; больше всего 60 обращений за час, обычно 9"
    )
    assert ended(one, "en") == "VK: the surge is over after 2 h 15 min; at most 60 tickets in an hour, usually 9"


def test_a_name_with_braces_is_only_a_name() -> None:
    one = surge(Series("tag", "{tickets}"), ended_at=NOW + timedelta(minutes=70))
    assert sentence(one, "en").startswith("Tag {tickets}: 48 tickets")
    assert ended(one, "en").startswith("Tag {tickets}: the surge is over")


def test_one_surge_is_named_in_the_title() -> None:
    assert notice([surge()], "ru")[0] == "Всплеск: ВКонтакте"
    assert notice([surge(), surge()], "en")[0] == "2 surges"
