"""Who is told, as ``hub`` commands show it: rules that name nobody, addresses, and what waits in the outbox."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Decided, Router, open_store
from tests.unit.cli.conftest import NOW, Hub, mention, put
from tests.unit.runtime.notified import Phone

RULES = "builtin: false\nrules: [{name: stolen, when: {text: [украли]}, then: {notify: %s}}]\n"
SETTINGS = 'rules = "rules"\nlang = "ru"\n[notify]\nlead = { env = "LEAD" }\n'


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Phone]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Phone() as phone:
        monkeypatch.setenv("LEAD", phone.url)
        yield phone


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hub.toml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(RULES % "lead", encoding="utf-8")
    return tmp_path


@pytest.fixture
def waiting(folder: Path) -> str:
    """A ticket that the lead is to be told of; its id."""
    with open_store(f"sqlite:///{folder / 'hub.db'}", now=lambda: NOW) as store:
        decided = Decided("urgent", category="complaint", notify=("lead",), rules=("stolen",))
        put(store, mention(1, "Украли деньги"), router=Router(lambda _: decided))
        return str(next(iter(store.iter_tickets())).id)


def test_what_waits_for_a_person_is_in_the_outbox_with_its_words(hub: Hub, waiting: str, phone: Phone) -> None:
    assert hub("outbox", "--instance", "notify:lead").out.splitlines()[1].split()[:3] == ["1", "notify:lead", "notify"]
    shown = hub("outbox", "show", 1).out
    assert f"notify for notify:lead, ticket {waiting}\nНовое: срочное, vk.com, жалоба\n\n" in shown
    assert "Новое для вас обращение.\n\nУкрали деньги" in shown
    assert shown.strip() in hub("outbox", "--dry-run").out
    message = json.loads(hub("outbox", "show", 1, "--json").out)["message"]
    assert message["title"] == "Новое: срочное, vk.com, жалоба"
    assert phone.told == []


def test_a_sync_tells_and_the_story_of_the_ticket_knows(hub: Hub, waiting: str, phone: Phone) -> None:
    ran = hub("sync")
    assert (ran.code, "notify:lead: 1 delivery was sent" in ran.err) == (0, True)
    assert [title for title, _ in phone.told] == ["Новое: срочное, vk.com, жалоба"]
    assert hub("outbox").err == "nothing waits\n"
    assert "notify:lead" in hub("tickets", "show", waiting).out
    assert phone.secret not in ran.err + hub("status").out


def test_a_phone_that_does_not_answer_fails_the_sync_and_shows_in_the_status(
    hub: Hub, waiting: str, phone: Phone
) -> None:
    phone.always = 500
    ran = hub("sync")
    assert ran.code == 1
    assert "notify:lead: " in ran.err
    assert "500" in ran.err
    [row] = [row for row in json.loads(hub("status", "--json").out)["instances"] if row["instance"] == "notify:lead"]
    assert (row["condition"], row["waiting"]) == ("failing", 1)
    assert phone.secret not in ran.err + json.dumps(row) + hub("outbox").out
    phone.always = None
    hub("outbox", "retry", 1)
    assert hub("sync").code == 0
    [row] = [row for row in json.loads(hub("status", "--json").out)["instances"] if row["instance"] == "notify:lead"]
    assert (row["condition"], row["waiting"]) == ("ok", 0)


def test_the_check_of_rules_knows_who_can_be_told(hub: Hub, folder: Path) -> None:
    assert hub("rules", "check").code == 0
    (folder / "rules" / "own.yaml").write_text(RULES % "laed", encoding="utf-8")
    ran = hub("rules", "check", "--lang", "en")
    assert (ran.code, "there is nobody called laed to notify; did you mean lead?" in ran.out) == (1, True)
    (folder / "hub.toml").write_text('rules = "rules"\n', encoding="utf-8")
    assert hub("rules", "check").code == 0, "without [notify] nobody is told, and nothing is wrong"


def test_the_check_says_what_is_wrong_with_an_address(
    hub: Hub, folder: Path, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "notify.lead" in hub("check").out
    monkeypatch.setenv("LEAD", "nonsense://s3cr3t-token")
    ran = hub("check")
    assert ran.code == 1
    assert "no address that apprise can use" in " ".join(ran.out.split())
    assert "s3cr3t-token" not in ran.out + ran.err
    monkeypatch.delenv("LEAD")
    ran = hub("check")
    assert (ran.code, "the environment variable LEAD is not set" in ran.err) == (2, True)
    assert phone.told == []
