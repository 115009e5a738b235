"""Parameters as PHP takes them: `filter[>ID]=5&select[]=TITLE` in a query, a form or a command of a batch; or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

KEY = re.compile(r"\[([^\]]*)\]")


def parse(text: str) -> dict[str, Any]:
    """Return the tree of a query string."""
    return tree(parse_qsl(text, keep_blank_values=True))


def tree(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the tree of name and value pairs; a name that ends in `[]` counts on."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        first, _, rest = name.partition("[")
        _put(found, [first, *KEY.findall(f"[{rest}" if rest else "")], value)
    return {key: _listed(value) for key, value in found.items()}


def _put(into: dict[str, Any], keys: list[str], value: str) -> None:
    key = keys[0] or str(len(into))
    if len(keys) == 1:
        into[key] = value
    else:
        inner = into.get(key)
        if not isinstance(inner, dict):
            inner = into[key] = {}
        _put(inner, keys[1:], value)


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    items = {key: _listed(item) for key, item in value.items()}
    return list(items.values()) if list(items) == [str(n) for n in range(len(items))] else items


def body(content: bytes, content_type: str) -> dict[str, Any] | None:
    """Return the parameters of a body; None when it says to be JSON and is no object."""
    if not content:
        return {}
    if "json" not in content_type:
        return parse(content.decode("utf-8", "replace"))
    try:
        found = json.loads(content)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def empty_as_list(value: Any) -> Any:
    """Return *value* as PHP writes it: a map without entries is `[]`, at any depth."""
    if isinstance(value, dict):
        return {key: empty_as_list(item) for key, item in value.items()} if value else []
    if isinstance(value, list):
        return [empty_as_list(item) for item in value]
    return value
