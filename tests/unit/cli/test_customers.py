"""``hub customers``, ``hub tickets list --customer`` and ``hub store erase --whole-customer``."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub.store import open_store
from tests.unit.cli.conftest import NOW, Hub, mention, put

PHONE = "+79120000008"


@pytest.fixture
def people(tmp_path: Path, config: Path) -> Path:
    """Two people in one network, the first with a rating by hand, and a third elsewhere."""
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        elsewhere = mention(3, "И здесь тоже").model_copy(update={"platform": "ok.ru"})
        put(store, mention(1, f"Верните деньги, {PHONE}"), mention(2, "Спасибо", minutes=5), elsewhere)
        while store.note_contacts({}, NOW - NOW):
            pass
    return config


def shown(hub: Hub, who: str) -> dict[str, Any]:
    ran = hub("customers", "show", who, "--json")
    assert ran.code == 0, ran.err
    found: dict[str, Any] = json.loads(ran.out)
    return found


def test_a_customer_is_told_with_profiles_links_and_history(hub: Hub, people: Path) -> None:
    assert hub("customers", "link", "vk.com:a1", "ok.ru:Author 3", "--why", "сам сказал").code == 0
    ran = hub("customers", "show", "vk.com:a1", "--lang", "en")
    assert ran.code == 0
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[0].startswith("Customer ")
    assert "no CRM knows who this is" in lines
    assert f"phones: {PHONE}" in lines
    assert "ok.ru: Author 3 (key a3): the same author key in youscan (1)" in lines
    assert any(line.endswith("by hand: сам сказал (certain)") for line in lines)
    assert any(f"phone {PHONE} yes said in ticket" in line and "(probable)" in line for line in lines)
    assert "Tickets, newest first: 2 of 2" in lines


def test_it_speaks_russian(hub: Hub, people: Path) -> None:
    told = hub("customers", "show", "vk.com:a1", "--lang", "ru").out
    assert "ни одна CRM не знает, кто это" in told
    assert "сказано в обращении" in told
    assert hub("customers", "list", "--lang", "ru").out.split()[:2] == ["id", "имя"]
    said = hub("customers", "link", "vk.com:a1", "ok.ru:a3", "--lang", "ru").err
    assert said.startswith("vk.com:a1 и ok.ru:a3 теперь один клиент: ")


def test_to_unlink_and_to_link_again_is_as_before_and_all_stays_on_record(hub: Hub, people: Path) -> None:
    hub("customers", "link", "vk.com:a1", "vk.com:a2")
    before = shown(hub, "vk.com:a1")
    ran = hub("customers", "unlink", "vk.com:a2", "--lang", "en")
    assert ran.err == "vk.com:a2: 1 link undone, and kept apart from now on; the links stay on record\n"
    assert [one["platform"] for one in shown(hub, "vk.com:a2")["profiles"]] == ["vk.com"]
    told = hub("customers", "show", "vk.com:a2", "--lang", "en").out
    assert "by a person" in told
    assert "not vk.com:a" in told  # the one or the other: it stands there once
    hub("customers", "link", "vk.com:a1", "vk.com:a2")
    after = shown(hub, "vk.com:a1")
    assert (after["id"], after["profiles"], after["phones"]) == (before["id"], before["profiles"], before["phones"])


def test_one_link_is_undone_and_let_hold_by_its_number(hub: Hub, people: Path) -> None:
    [link] = shown(hub, "vk.com:a1")["links"]
    assert hub("customers", "unlink", "vk.com:a1", "--link", link["n"], "--lang", "en").err == (
        f"link {link['n']} is undone and stays on record\n"
    )
    assert shown(hub, "vk.com:a1")["phones"] == []
    assert hub("customers", "link", "vk.com:a1", "--link", link["n"], "--json").code == 0
    assert shown(hub, "vk.com:a1")["phones"] == [PHONE]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("link", "vk.com:a1"), 2, "name two customers"),
        (("link", "vk.com:a1", "vk.com:a2", "--link", "1"), 2, "name two customers"),
        (("unlink", "vk.com:a1", "vk.com:a2", "--link", "1"), 2, "not both"),
        (("unlink", "vk.com:a1", "vk.com:a2"), 1, "nothing to undo"),
        (("unlink", "vk.com:a2", "--link", "1"), 1, "has no link 1; links of this customer: none"),
        (("show", "vk.com:nobody"), 1, 'no author on "vk.com"'),
        (("show", "zz"), 1, "names nobody"),
    ],
)
def test_what_cannot_be_done_says_why(hub: Hub, people: Path, words: tuple[str, ...], code: int, said: str) -> None:
    ran = hub("customers", *words)
    assert (ran.code, said in " ".join(ran.err.split())) == (code, True), ran.err


def test_without_anybody_the_list_says_what_finds_them(hub: Hub, config: Path) -> None:
    ran = hub("customers", "list", "--lang", "en")
    assert (ran.code, ran.out) == (0, "")
    assert "hub sync" in ran.err
    assert hub("customers", "list", "--json").out == "[]\n"


def test_tickets_are_listed_by_customer_and_name_theirs(hub: Hub, people: Path) -> None:
    hub("customers", "link", "vk.com:a1", "ok.ru:a3")
    listed = json.loads(hub("tickets", "list", "--customer", "ok.ru:a3", "--json").out)
    assert sorted(one["platform"] for one in listed) == ["ok.ru", "vk.com"]
    told = hub("tickets", "show", listed[0]["id"]).out
    assert f"customer: {shown(hub, 'vk.com:a1')['id']} (1 other ticket)" in told


def test_erasing_names_the_other_profiles_and_takes_them_along_when_asked(hub: Hub, people: Path) -> None:
    hub("customers", "link", "vk.com:a1", "ok.ru:a3")
    ran = hub("store", "erase", "a1", "--whole-customer", "--yes")
    assert ran.code == 0
    assert "linked to the same customer: ok.ru:a3; these go too" in ran.err
    assert [one["author"] for one in json.loads(hub("tickets", "list", "--json").out)] == ["Author 2"]


def test_erasing_one_profile_leaves_the_other_and_says_so(hub: Hub, people: Path) -> None:
    hub("customers", "link", "vk.com:a1", "ok.ru:a3")
    ran = hub("store", "erase", "a1", "--yes")
    assert "ok.ru:a3; these stay; --whole-customer removes them as well" in ran.err
    assert shown(hub, "ok.ru:a3")["links"] == []
