"""Who may import whom: import-linter holds the layers of ``hub``, this the plugins and the homes of libraries."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(folder for folder in (ROOT / "plugins").iterdir() if (folder / "pyproject.toml").exists())
HOMES = {
    "httpx": ["hub/runtime/transport.py"],
    "tenacity": ["hub/pipeline/retry.py"],
    "click": ["hub/cli"],
    "rich": ["hub/cli"],
    "pluggy": ["hub/sdk/hookspecs.py", "hub/runtime/plugins.py", "hub/runtime/plugin_checks.py"],
    "sqlalchemy": ["hub/store"],
    "alembic": ["hub/store"],
    "holidays": ["hub/routing/country_days.py"],
    "structlog": ["hub/runtime/logs.py"],
    "starlette": ["hub/sandbox", "hub/runtime/http.py"],
    "uvicorn": ["hub/sandbox", "hub/runtime/http.py"],
    "cronsim": ["hub/runtime/scheduler.py"],
    "prometheus_client": ["hub/runtime/metrics.py"],
    "apprise": ["hub/runtime/notify.py"],
    "openpyxl": ["hub/cli/sheet.py"],
    "resvg_py": ["hub/cli/picture.py"],
    "yaml": ["hub/routing/yaml_tree.py"],
}


def imports(file: Path) -> Iterator[str]:
    """The full names of what *file* imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = [node.module] if node.module else []
            yield ".".join([*(package(file, node.level) if node.level else ()), *module])


def package(file: Path, level: int) -> list[str]:
    """The package that so many dots in *file* stand for."""
    parts = file.relative_to(ROOT).parts
    first = next((at for at, part in enumerate(parts) if part.startswith("hub")), len(parts))
    return list(parts[first:-level])


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def strangers(folder: Path, own: str, allowed: tuple[str, ...]) -> list[str]:
    """Imports of ours below *folder* that are neither *own* nor *allowed*."""
    return [
        f"{file.relative_to(ROOT)} imports {name}"
        for file in files(folder)
        for name in imports(file)
        if name.split(".")[0].startswith("hub") and not within(name, (own, *allowed))
    ]


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugin_imports_the_sdk_alone_and_its_sandbox_the_sandbox_host_alone(plugin: Path) -> None:
    own = f"hub_{plugin.name}"
    package = plugin / own
    wrong = [line for line in strangers(package, own, ("hub.sdk",)) if f"/{own}/sandbox" not in line]
    wrong += [
        line for path in package.glob("sandbox*") if path.is_dir() for line in strangers(path, own, ("hub.sandbox",))
    ]
    assert wrong == []


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda folder: folder.name)
def test_a_plugins_sandbox_and_its_client_share_no_code(plugin: Path) -> None:
    own = f"hub_{plugin.name}"
    for file in files(plugin / own):
        is_sandbox = "sandbox" in file.relative_to(plugin / own).parts
        theirs = [name for name in imports(file) if within(name, (own,))]
        crossing = [name for name in theirs if within(name, (f"{own}.sandbox",)) != is_sandbox]
        assert crossing == [], file.relative_to(ROOT)


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda folder: folder.name)
def test_no_plugin_imports_another(plugin: Path) -> None:
    others = tuple(f"hub_{folder.name}" for folder in PLUGINS if folder != plugin)
    assert [(file, name) for file in files(plugin) for name in imports(file) if within(name, others)] == []


def test_nothing_in_the_hub_imports_a_plugin() -> None:
    named = tuple(f"hub_{folder.name}" for folder in PLUGINS)
    assert [(file, name) for file in files(ROOT / "hub") for name in imports(file) if within(name, named)] == []


@pytest.mark.parametrize("library", HOMES)
def test_each_library_has_one_home(library: str) -> None:
    users = {
        str(file.relative_to(ROOT))
        for file in files(ROOT / "hub")
        for name in imports(file)
        if within(name, (library,))
    }
    assert users, f"nobody uses {library}"
    assert [
        user for user in users if not any(user == home or user.startswith(f"{home}/") for home in HOMES[library])
    ] == []


def test_plugins_were_found() -> None:
    assert {"youscan", "pointer"} <= {folder.name for folder in PLUGINS}
