"""docs/reference/testing.md has every public name of hub.testing and every test of the contract."""

import re
from pathlib import Path

import hub.testing
from hub.testing import ConnectorContract

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "testing.md").read_text(encoding="utf-8")


def test_every_public_name_is_told() -> None:
    told = set(re.findall(r"^(?:\| |## )`(\w+)`", TEXT, re.MULTILINE))
    assert set(hub.testing.__all__) <= told


def test_every_test_of_the_contract_is_told_and_no_other() -> None:
    assert re.findall(r"^\| `(test_\w+)` \|", TEXT, re.MULTILINE) == [
        name for name in vars(ConnectorContract) if name.startswith("test_")
    ]
