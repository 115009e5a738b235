"""``[conversations]`` and ``[escalation]``: what they say to the store, and what is wrong with them."""

from datetime import timedelta
from pathlib import Path

import pytest

from hub.runtime.config import Settings, load_settings
from hub.runtime.plugins import discover
from hub.sdk import ConfigError
from hub.store import Conversations


def load(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "hub.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, discover(), {})


def test_without_tables_a_ticket_is_opened_again_for_two_weeks_and_a_case_is_stuck_after_three_days(
    tmp_path: Path,
) -> None:
    settings = load(tmp_path, "")
    assert settings.conversations.values() == Conversations(timedelta(days=14), "new")
    assert settings.escalation.stuck_after == timedelta(days=3)


def test_the_tables_say_how_long_and_what_comes_then(tmp_path: Path) -> None:
    settings = load(tmp_path, '[conversations]\nreopen = "2h"\nafter = "reopen"\n[escalation]\nstuck = "off"\n')
    assert settings.conversations.values() == Conversations(timedelta(hours=2), "reopen")
    assert settings.escalation.stuck_after is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[conversations]\nreopn = "1d"\n', 'hub.toml:2: conversations.reopn: unknown key; did you mean "reopen"?'),
        ('[conversations]\nafter = "never"\n', "hub.toml:2: conversations.after:"),
        ('[escalation]\nstuck = "soon"\n', "hub.toml:2: escalation.stuck"),
        (
            "[conversations]\nreopen = 14\n",
            "hub.toml:2: conversations.reopen: 14 has no unit; write a duration such as",
        ),
        ("[escalation]\nstuck = 3\n", "hub.toml:2: escalation.stuck: 3 has no unit; write a duration such as"),
        ("escalation = 3\n", "hub.toml:1: escalation: is not a table; write [escalation] and its settings below"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert told in str(caught.value)
