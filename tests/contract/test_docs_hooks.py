"""docs/reference/hooks.md has every hook and every method of a connector, with its signature and what it says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sdk import ABILITIES, Action, Connector, ConnectorSpec, HubSpec
from hub.sdk.connector import Connector as Base

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "hooks.md"
SPECS = (ConnectorSpec, HubSpec)


def functions(cls: type) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public functions of *cls* as they are written."""
    file = ROOT / (cls.__module__.replace(".", "/") + ".py")
    tree = ast.parse(file.read_text(encoding="utf-8"))
    body = next(node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == cls.__name__)
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """Return what the heading says: no quotes around types, no ``self``."""
    arguments = re.sub(r"^(self|cls)(, )?", "", ast.unparse(node.args))
    returns = ast.unparse(node.returns) if node.returns else "None"
    return f"{node.name}({arguments}) -> {returns}".replace("'", "")


def sections() -> dict[str, str]:
    """Return the text below each heading that is a signature."""
    parts = re.split(r"^### `(.+)`\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {
        heading: re.split(r"^#+ ", text, flags=re.MULTILINE)[0]
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def plain(text: str) -> str:
    return " ".join(re.sub(r"[`*]", "", text).split())


HOOKS = [node for spec in SPECS for node in functions(spec)]
METHODS = [node for node in functions(Base) if not hasattr(ConnectorSpec, node.name)]


@pytest.mark.parametrize("hook", HOOKS, ids=lambda node: node.name)
def test_every_hook_is_a_heading_with_its_signature_and_text(hook: ast.FunctionDef) -> None:
    assert signature(hook) in sections()
    told = ast.get_docstring(hook)
    assert told
    assert plain(told) in plain(sections()[signature(hook)])


@pytest.mark.parametrize("method", METHODS, ids=lambda node: node.name)
def test_every_method_of_a_connector_is_a_heading_with_its_signature(method: ast.FunctionDef) -> None:
    assert signature(method) in sections()


def test_there_is_no_other_heading() -> None:
    assert list(sections()) == [signature(node) for node in (*METHODS, *HOOKS)]


def test_every_ability_and_action_and_class_attribute_is_told() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for ability, hook in ABILITIES.items():
        assert f"| `{ability}` | `{hook}` |" in text
    for action in Action.__annotations__["name"].__args__:
        assert f"| `{action}` |" in text
    for attribute in Connector.__annotations__:
        assert f"| `{attribute}` |" in text
