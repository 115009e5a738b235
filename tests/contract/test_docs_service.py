"""The unit of the how-to for systemd fits what ``hub run`` does."""

import re
from configparser import ConfigParser
from pathlib import Path

from hub.cli.errors import WRONG_USE

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "run-as-a-service.md"


def test_wrong_settings_are_not_tried_again_and_again() -> None:
    unit = ConfigParser(interpolation=None)
    (text,) = re.findall(r"```ini\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    unit.read_string(text)
    assert unit["Service"]["Restart"] == "on-failure"
    assert int(unit["Service"]["RestartPreventExitStatus"]) == WRONG_USE
