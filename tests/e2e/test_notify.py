"""A rule's ``notify`` from the vendor to a phone: real ``hub`` processes, a real sandbox, a real receiver."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Hub, Sandbox, sandbox
from tests.unit.runtime.notified import Phone

_RULES = """
builtin: false
rules:
  - {name: stolen, when: {text: [украли деньги]}, then: {category: complaint, at_least: 80, notify: [lead, nobody]}}
"""
_TOML = """
store = "sqlite:///hub.db"
rules = "rules"
lang = "ru"

[instances.mentions]
connector = "youscan"
base_url = "{url}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
sweeps = "off"

[notify]
lead = {{ file = "lead.url" }}
"""


@pytest.fixture
def phone() -> Iterator[Phone]:
    with Phone() as phone:
        yield phone


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    with sandbox(tmp_path, "youscan", "--items", "5", "--seed", "3", "--future", "0") as box:
        yield box


def test_who_a_rule_names_is_told_once_of_a_new_mention(
    tmp_path: Path, box: Sandbox, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "NO_PROXY", "127.0.0.1")
    (tmp_path / "hub.toml").write_text(_TOML.format(url=box.urls["youscan"]), encoding="utf-8")
    (tmp_path / "lead.url").write_text(phone.url, encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(_RULES, encoding="utf-8")
    hub = Hub(tmp_path, box.keys)
    box.post("youscan/change", action="add", topic=101, text="У меня укpали деньги с карты!!!")
    for _ in range(2):
        done = hub.run("sync")
        assert done.returncode == 0, done.stderr
    [(title, body)] = phone.told
    assert (title.startswith("Новое: срочное, "), title.endswith(", жалоба")) == (True, True)
    assert "У меня укpали деньги с карты!!!" in body
    assert "Правила: stolen" in body
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.name != "lead.url"]
    assert not any(phone.secret.encode() in text for text in (*kept, done.stdout.encode(), done.stderr.encode()))
