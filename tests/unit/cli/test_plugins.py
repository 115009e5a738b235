"""``hub plugins``: a table that fits its terminal, and every fault with its fix."""

import json
import re
import sys

import pytest

from hub.runtime.plugins import PluginInfo, Registry
from tests.unit.cli.conftest import Hub

ACTIONS = ("add_tags", "delete_reply", "edit_reply", "hide", "mark_spam", "reply", "report", "set_sentiment")
INFOS = [
    PluginInfo("pointer", "connector", "helpdesk-hub-pointer", "0.1.0", ("act", "pull"), ACTIONS),
    PluginInfo("odd", "connector", "odd-for-hub", "2.0", problem="raised KeyError: 1 (odd.py:3)", fix="mend it"),
]


@pytest.fixture
def infos(monkeypatch: pytest.MonkeyPatch) -> list[PluginInfo]:
    shown = INFOS[:1]
    monkeypatch.setattr(Registry, "load_all", lambda self: shown)
    return shown


def _on_terminal(hub: Hub, monkeypatch: pytest.MonkeyPatch, columns: int) -> list[str]:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    return re.sub(r"\x1b\[\d*m", "", hub("plugins", "list").out).splitlines()


def test_on_80_columns_everything_but_the_actions_can_be_read(
    hub: Hub, infos: list[PluginInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    head, row = _on_terminal(hub, monkeypatch, 80)
    assert head.split() == ["name", "kind", "version", "abilities", "from"]
    assert row.split() == ["pointer", "connector", "0.1.0", "act,", "pull", "helpdesk-hub-pointer"]


def test_on_a_wide_terminal_the_actions_are_shown_whole(
    hub: Hub, infos: list[PluginInfo], monkeypatch: pytest.MonkeyPatch
) -> None:
    head, *rows = _on_terminal(hub, monkeypatch, 120)
    assert head.split() == ["name", "kind", "version", "abilities", "actions", "from"]
    words = re.findall(r"\w+", " ".join(rows))
    assert set(ACTIONS) <= set(words)
    assert "helpdesk-hub-pointer" in rows[0]


def test_away_from_a_terminal_and_as_json_nothing_is_left_out(hub: Hub, infos: list[PluginInfo]) -> None:
    assert ", ".join(ACTIONS) in hub("plugins", "list").out
    assert json.loads(hub("plugins", "list", "--json").out)[0]["actions"] == list(ACTIONS)


def test_what_is_wrong_is_told_with_the_fix_and_ends_with_1(hub: Hub, infos: list[PluginInfo]) -> None:
    infos.append(INFOS[1])
    ran = hub("plugins", "list")
    assert (ran.code, ran.err) == (1, "connector odd (odd-for-hub 2.0): raised KeyError: 1 (odd.py:3); mend it\n")
    assert "cannot be used" in ran.out
    assert "pointer" in ran.out
