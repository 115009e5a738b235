"""A deadline of seconds passes while ``hub run`` works, or while nothing does: the ticket is moved, and once."""

import json
import signal
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Hub, Sandbox, sandbox
from tests.e2e.test_daemon import daemon, ended, started, until

_FAST = 'rate = "200/1s"\nevery = "1s"\ntimeout = "2s"'
_RULES = """
builtin: false
rules:
  - {name: mine, when: {text: [пропал]}, then: {tags: [mine]}}
  - {name: late, when: {tags: [mine], deadline: {first_response: breached}}, then: {queue: leads, points: 50}}
sla:
  - {name: quick, when: {tags: [mine]}, first_response: 6s, warn: 0.5}
"""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    with sandbox(tmp_path, "pointer", "--seed", "4", "--items", "5", "--future", "0", "--limit", "pointer=off") as box:
        yield box


def prepared(folder: Path, box: Sandbox) -> Hub:
    hub = Hub.for_sandbox(folder, box, _FAST)
    (folder / "rules").mkdir()
    (folder / "rules" / "own.yaml").write_text(_RULES, encoding="utf-8")
    settings = folder / "hub.toml"
    settings.write_text(f'rules = "rules"\n{settings.read_text(encoding="utf-8")}', encoding="utf-8")
    return hub


def mine(hub: Hub) -> dict[str, Any]:
    if not (hub.folder / "hub.db").exists():
        return {}
    return next((ticket for ticket in hub.tickets() if "mine" in ticket.get("tags", ())), {})


def clocked(hub: Hub) -> list[dict[str, Any]]:
    told = json.loads(hub.run("tickets", "show", mine(hub)["id"], "--json").stdout)
    return [event for event in told["events"] if event["cause"] == "clock"]


def test_a_deadline_that_passes_is_told_within_a_second_and_moves_the_ticket(box: Sandbox, tmp_path: Path) -> None:
    hub = prepared(tmp_path, box)
    with daemon(hub) as process:
        until(started(hub))
        box.post("pointer/change", action="add", text="У меня пропал перевод", rating=1)
        until(lambda: mine(hub).get("queue") == "leads")
        code, said, _ = ended(process, signal.SIGTERM)
    assert code == 0, said
    warned, breached = clocked(hub)
    assert (warned["kind"], breached["kind"]) == ("sla_warning", "sla_breached")
    late = datetime.fromisoformat(breached["at"]) - datetime.fromisoformat(breached["data"]["due"])
    assert 0 <= late.total_seconds() < 1.5
    assert mine(hub)["priority"] == "urgent"
    story = hub.run("tickets", "show", mine(hub)["id"], "--lang", "ru").stdout
    assert "срок" in story
    assert "нарушен (время)" in story


def test_killed_before_it_is_due_it_tells_the_breach_once_when_it_is_back(box: Sandbox, tmp_path: Path) -> None:
    hub = prepared(tmp_path, box)
    with daemon(hub) as process:
        until(started(hub))
        box.post("pointer/change", action="add", text="У меня пропал перевод", rating=1)
        until(lambda: bool(mine(hub)))
        process.kill()
    assert mine(hub).get("queue") is None
    time.sleep(6.1)
    with daemon(hub) as process:
        until(lambda: mine(hub).get("queue") == "leads")
        process.kill()
    hub.run("sync")
    told = clocked(hub)
    assert sorted(event["kind"] for event in told) == ["sla_breached", "sla_warning"]
