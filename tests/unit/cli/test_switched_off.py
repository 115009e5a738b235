"""An instance with ``enabled = false`` that something is still sent to, as ``hub`` commands show it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.sdk import TicketDraft
from hub.store import Checkpoint, StreamKey, open_store
from tests.unit.cli.conftest import Hub

OFF = '[instances.desk]\nconnector = "usedesk"\nenabled = false\n'
TO_IT = '[deliver]\nto = ["desk"]\n'
RULES = """\
builtin: false
rules:
  - {name: fraud, when: {text: [украли]}, then: {escalate: {to: desk}, deliver: [desk]}}
  - {name: other, when: {text: [карта]}, then: {deliver: [desk]}}
"""


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    """A store with one ticket that waits for ``desk``; returns the folder."""
    draft = TicketDraft.of(source_id=1, kind="mention", platform="vk.com", body="x", created_at=datetime.now(UTC))
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        store.checkpoint(
            Checkpoint(StreamKey("main", "1", "poll"), "youscan", "", [draft], datetime.now(UTC), records=1)
        )
        store.ask_case(str(next(store.iter_tickets()).id), "desk")
    return tmp_path


def test_one_that_nothing_is_sent_to_is_named_and_is_no_fault(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(OFF, encoding="utf-8")
    [found] = json.loads(hub("check", "--json").out)
    assert (found["instance"], found["ok"], found["todo"]) == ("desk", True, None)
    assert found["message"] == 'switched off by "enabled = false"'
    assert hub("check").code == 0
    [row] = json.loads(hub("status", "--json").out)["instances"]
    assert (row["condition"], row["next_step"]) == ("off", None)


def test_one_that_the_settings_deliver_to_is_warned_of_and_is_told_by_a_reload(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(OFF + TO_IT, encoding="utf-8")
    ran = hub("check")
    assert (ran.code, "warned" in ran.out) == (0, True)
    assert "tickets go there by [deliver]" in " ".join(ran.out.split())
    assert 'desk: take out "enabled = false", or send to it no longer' in ran.err
    assert 'desk: switched off by "enabled = false", but tickets go there by [deliver]; take out' in hub("reload").err


def test_one_that_rules_send_to_is_told_with_their_names(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(f'rules = "rules"\n{OFF}{TO_IT}', encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(RULES, encoding="utf-8")
    [found] = json.loads(hub("check", "--json").out)
    assert found["message"].endswith("but tickets go there by [deliver] and the rules fraud, other")


def test_what_waits_for_one_is_counted(hub: Hub, waiting: Path) -> None:
    (waiting / "hub.toml").write_text(OFF, encoding="utf-8")
    [found] = json.loads(hub("check", "--json").out)
    assert (found["ok"], found["warns"], found["message"]) == (
        True,
        True,
        'switched off by "enabled = false"; 1 delivery waits for it',
    )
    row = {one["instance"]: one for one in json.loads(hub("status", "--json").out)["instances"]}["desk"]
    assert (row["condition"], row["waiting"]) == ("off", 1)
    assert row["next_step"] == (
        '1 delivery waits for it; take out "enabled = false", or see "hub outbox --instance desk"'
    )
