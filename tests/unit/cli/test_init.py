"""``hub init`` writes what is valid as it stands, and overwrites nothing."""

import re
import tomllib
from pathlib import Path

import pytest

from hub.cli.starter import literal, starter_files, variable
from hub.routing.rules import load_rules
from hub.runtime.config import load_outline, load_settings
from hub.runtime.plugins import Registry, discover
from hub.sdk import Connector, ConnectorConfig, DestinationMap, Secret, hookimpl
from tests.unit.cli.conftest import Hub


def test_the_written_settings_are_valid_once_the_variables_are_set(hub: Hub, tmp_path: Path) -> None:
    ran = hub("init", "my")
    assert ran.code == 0
    assert "run: hub --config my/hub.toml check" in ran.err
    names = re.findall(r"^(\w+)=$", (tmp_path / "my" / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    settings = load_settings(tmp_path / "my" / "hub.toml", discover(), dict.fromkeys(names, "https://host.example"))
    sound = {info.name for info in discover().load_all() if info.kind == "connector" and not info.problem}
    assert set(settings.instances) == sound


def test_the_example_variables_are_exactly_those_the_settings_ask_for(hub: Hub, tmp_path: Path) -> None:
    hub("init")
    names = re.findall(r"^(\w+)=$", (tmp_path / ".env.example").read_text(encoding="utf-8"), re.MULTILINE)
    tree = tomllib.loads((tmp_path / "hub.toml").read_text(encoding="utf-8"))
    asked = [
        value["env"] for table in tree["instances"].values() for value in table.values() if isinstance(value, dict)
    ]
    assert sorted(names) == sorted(asked)


@pytest.mark.parametrize("name", ["jira", "rt", "webhook"])
def test_an_address_that_a_connector_cannot_do_without_is_shown(hub: Hub, tmp_path: Path, name: str) -> None:
    hub("init")
    table = tomllib.loads((tmp_path / "hub.toml").read_text(encoding="utf-8"))["instances"][name]
    assert table["base_url"] == {"env": f"{name.upper()}_BASE_URL"}
    missing = hub("check").out
    assert f"instances.{name}.base_url: " in missing, "told at once, with the credentials that are missing"


def test_every_variable_that_the_settings_name_stands_in_the_example_as_a_comment_where_it_is_one(
    hub: Hub, tmp_path: Path
) -> None:
    hub("init")
    settings = (tmp_path / "hub.toml").read_text(encoding="utf-8")
    example = (tmp_path / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r'^(# )?\w+ = \{ env = "(\w+)" \}', settings, re.MULTILINE)
    assert named
    assert sorted(named) == sorted(re.findall(r"^(# )?([A-Z0-9_]+)=$", example, re.MULTILINE))


def test_the_built_in_rules_are_written_ready_to_edit_and_decide_as_before(hub: Hub, tmp_path: Path) -> None:
    hub("init")
    written = load_rules(tmp_path / "rules")
    assert load_outline(tmp_path / "hub.toml").rules == tmp_path / "rules"
    assert not any(rule.builtin for rule in written.rules)
    assert [rule.name for rule in written.rules] == [rule.name for rule in load_rules(None).rules]


def test_credentials_and_database_are_kept_out_of_a_repository(hub: Hub, tmp_path: Path) -> None:
    hub("init")
    ignored = (tmp_path / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {".env", "*.db", "*.db.locks/"} <= set(ignored)


@pytest.mark.parametrize("name", ["hub.toml", ".env.example", ".gitignore"])
def test_a_file_that_is_there_is_never_overwritten(hub: Hub, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("mine", encoding="utf-8")
    ran = hub("init")
    assert ran.code == 1
    assert ran.err == f"{name} is there already and was left as it is; name another folder, or use --force\n"
    assert (tmp_path / name).read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert hub("init", "--force").code == 0
    assert (tmp_path / name).read_text(encoding="utf-8") != "mine"


def test_a_folder_that_cannot_be_written_is_told(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = hub("init", "file/below")
    assert ran.code == 2
    assert ran.err.startswith("file/below: cannot be written (Not a directory)")


class _Config(ConnectorConfig):
    site_url: str
    old_token: Secret | None = None
    boards: tuple[int, ...] = (1, 2)
    map: dict[str, int] = {}  # noqa: RUF012 - pydantic copies defaults


class _Wide(Connector[_Config]):
    name = "wide-one"
    Config = _Config

    def deliver(self, delivery: object) -> object:  # type: ignore[override]  # only its being there matters
        return None


def test_required_settings_stand_in_the_environment_and_the_others_as_comments(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys
    from importlib.metadata import EntryPoint
    from types import ModuleType

    module = ModuleType("hub_init_test_wide")
    vars(module).update(requires_sdk=">=1.0", register=hookimpl(lambda: _Wide, specname="register_connector"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    broken = EntryPoint("broken", "hub_init_test_missing", "hub")
    registry = Registry([("connector", EntryPoint("wide-one", module.__name__, "hub")), ("connector", broken)])
    files, notes = starter_files(registry)
    assert '\nsite_url = { env = "WIDE_ONE_SITE_URL" }\n' in files["hub.toml"]
    assert '\n# old_token = { env = "WIDE_ONE_OLD_TOKEN" }\n' in files["hub.toml"]
    assert "\n# boards = [1, 2]\n# map = {}\n" in files["hub.toml"]
    assert files[".env.example"].endswith("\nWIDE_ONE_SITE_URL=\n\n# WIDE_ONE_OLD_TOKEN=\n")
    assert len(notes) == 1
    assert 'connector "broken"' in notes[0]


def test_values_are_written_as_toml() -> None:
    from datetime import timedelta

    assert literal(timedelta(hours=72)) == '"3d"'
    assert literal(timedelta(seconds=90)) == '"90s"'
    assert literal({"a": "ё"}) == '{ a = "ё" }'
    assert literal(frozenset({"b", "a"})) == '["a", "b"]'
    assert literal(True) == "true"
    assert literal(DestinationMap[str](queue={"claims": "A"})) == '{ queue = { claims = "A" }, department = {} }'
    assert variable("wide-one", "site_url") == "WIDE_ONE_SITE_URL"
