"""What others may build on: the names of the SDK, and the ticket's schema. Neither changes by accident."""

import ast
import inspect
import json
import os
from pathlib import Path

import pytest

import hub.sdk
import hub.store
import hub.testing
from hub.sdk import SCHEMA_VERSION, Ticket

GOLDEN = Path(__file__).parent / "ticket.schema.json"
PUBLIC = [hub.sdk, hub.store, hub.testing]


def sources() -> dict[str, ast.Module]:
    """The modules of the SDK, parsed."""
    folder = Path(hub.sdk.__file__).parent
    return {file.stem: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.py"))}


def imported(module: ast.Module) -> set[str]:
    names = (name for node in module.body if isinstance(node, ast.ImportFrom) for name in node.names)
    return {name.asname or name.name for name in names}


def documented(module: ast.Module) -> set[str]:
    """Names of a module that say what they are: a docstring in them, or a text below them."""
    found: set[str] = set()
    for node, after in zip(module.body, [*module.body[1:], None], strict=True):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
            found.add(node.name)
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            found.update(target.id for target in targets if isinstance(target, ast.Name))
    return found


@pytest.mark.parametrize("module", PUBLIC, ids=lambda module: module.__name__)
def test_the_list_of_public_names_is_sorted_and_each_is_there(module: object) -> None:
    names = list(module.__all__)  # type: ignore[attr-defined]
    assert names == sorted(set(names), key=lambda name: (not name.isupper(), not name[0].isupper(), name))
    assert [name for name in names if not hasattr(module, name)] == []


def test_everything_that_the_sdk_brings_in_is_public_and_nothing_else() -> None:
    assert imported(sources()["__init__"]) == set(hub.sdk.__all__)


@pytest.mark.parametrize("name", hub.sdk.__all__)
def test_every_public_name_says_what_it_is(name: str) -> None:
    assert name in set().union(*(documented(module) for module in sources().values())), f"hub.sdk.{name} has no words"


@pytest.mark.parametrize(
    "cls",
    [value for value in vars(hub.sdk).values() if inspect.isclass(value) and value.__module__.startswith("hub.sdk")],
    ids=lambda cls: cls.__name__,
)
def test_every_public_method_says_what_it_does(cls: type) -> None:
    silent = [
        name
        for name, value in vars(cls).items()
        if not name.startswith("_") and inspect.isfunction(value) and not inspect.getdoc(getattr(cls, name))
    ]
    inherited = [name for name in silent if any(inspect.getdoc(getattr(base, name, None)) for base in _protocols(cls))]
    assert set(silent) <= set(inherited), f"{cls.__name__}: {silent}"


def _protocols(cls: type) -> tuple[type, ...]:
    """An implementation of :class:`hub.sdk.Auth` promises what that says."""
    return (*cls.__mro__[1:], *((hub.sdk.Auth,) if hasattr(cls, "apply") else (hub.sdk.Outgoing,)))


def test_the_schema_of_a_ticket_changes_only_on_purpose() -> None:
    """``HUB_GOLDEN=write`` writes it anew; a change that breaks readers needs a new ``SCHEMA_VERSION``."""
    schema = json.dumps(Ticket.model_json_schema(), indent=2, ensure_ascii=False) + "\n"
    if os.environ.get("HUB_GOLDEN") == "write":
        GOLDEN.write_text(schema, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == schema
    assert SCHEMA_VERSION == 1
