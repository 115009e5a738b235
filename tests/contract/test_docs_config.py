"""docs/reference/config.md names every key that the settings take, and its example is valid."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from hub.cli.docs import filled
from hub.runtime.config import TOP_LEVEL, load_settings
from hub.runtime.config_surges import SurgeSettings
from hub.runtime.plugins import discover
from hub.sdk import ConnectorConfig

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "config.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_as_the_code_has_them() -> None:
    assert filled(TEXT) == TEXT, 'run "python -m hub.cli.docs" and commit docs/reference'


def test_every_key_stands_on_the_page() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE))
    assert rows == {*TOP_LEVEL, *ConnectorConfig.model_fields, *SurgeSettings.model_fields}


def test_the_example_is_valid(tmp_path: Path) -> None:
    example = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[0]
    wanted = {table["connector"] for table in tomllib.loads(example)["instances"].values()}
    missing = wanted - {entry.name for entry in entry_points(group="hub")}
    if missing:
        pytest.skip(f"not installed: {', '.join(sorted(missing))}")
    path = tmp_path / "hub.toml"
    path.write_text(example, encoding="utf-8")
    settings = load_settings(path, discover(), {"YOUSCAN_API_KEY": "k", "POINTER_TOKEN": "t"})
    assert sorted(settings.instances) == ["maps", "mentions"]
