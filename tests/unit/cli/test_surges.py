"""Surges, as ``hub`` commands show them."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.store import open_store
from hub.store.surges import Wanted
from tests.unit.cli.conftest import Hub
from tests.unit.store.pages import put
from tests.unit.store.test_surges import NOW, burst, past, route


@pytest.fixture
def surged(tmp_path: Path) -> Path:
    """A folder with two surges, of all tickets and of one platform, that go on."""
    (tmp_path / "hub.toml").write_text('timezone = "Europe/Moscow"\nlang = "ru"\n', encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        put(store, *past(), now=NOW, router=route(queue="helpdesk"))
        put(store, *burst(30, NOW), now=NOW, router=route(queue="helpdesk"))
        while store.count_arrivals():
            pass
        store.learn_levels(UTC)
        for one in store.look_for_surges(Wanted(UTC, kinds=frozenset({"platform"}))).began:
            store.surge_described(one.n, ["оплата"], "helpdesk")
    return tmp_path


def test_surges_are_listed_in_both_languages(hub: Hub, surged: Path) -> None:
    shown = hub("surges", "list", "--since", "2026-11-01")
    assert shown.code == 0
    assert "ВКонтакте: 15 обращений за 15 минут" in " ".join(shown.out.split())
    assert "2026-11-20 15:00" in shown.out  # Moscow
    assert "идёт" in shown.out
    english = " ".join(hub("surges", "list", "--since", "2026-11-01", "--lang", "en").out.split())
    assert "VK: 15 tickets in 15 minutes, usually less than one; most often:" in english


def test_surges_as_json_have_their_numbers(hub: Hub, surged: Path) -> None:
    found = json.loads(hub("surges", "list", "--since", "2026-11-01", "--json").out)
    assert {one["series"]["kind"] for one in found} == {"all", "platform"}
    one = next(one for one in found if one["series"] == {"kind": "platform", "name": "vk.com"})
    assert one["number"] == 15
    assert one["window_s"] == 900
    assert one["words"] == ["оплата"]
    assert one["ended_at"] is None
    assert one["sentence"].startswith("ВКонтакте")
    assert datetime.fromisoformat(one["began_at"]) == NOW


def test_only_those_since_are_listed(hub: Hub, surged: Path) -> None:
    with open_store(f"sqlite:///{surged / 'hub.db'}", now=lambda: NOW + timedelta(hours=9)) as store:
        store.look_for_surges(Wanted(UTC))
    assert json.loads(hub("surges", "list", "--since", "2026-11-22", "--json").out) == []
    assert "всплесков не было" in hub("surges", "list", "--since", "2026-11-22").err


def test_status_shows_what_goes_on(hub: Hub, surged: Path) -> None:
    assert "всплеск с 2026-11-20 15:00: ВКонтакте: 15 обращений" in hub("status").err
    assert len(json.loads(hub("status", "--json").out)["surges"]) == 2


def test_a_store_without_surges_says_so(hub: Hub, config: Path) -> None:
    shown = hub("surges", "list", "--lang", "en")
    assert (shown.code, shown.out) == (0, "")
    assert "there was no surge" in shown.err
