"""A list in a file of settings or rules, for which one text does where it would be a list of one."""

from typing import Any

from pydantic import WithJsonSchema


def as_list(value: Any) -> Any:
    """Return *value*, or a list of it where it is one text."""
    return [value] if isinstance(value, str) else value


def listable(item: dict[str, Any]) -> WithJsonSchema:
    """Return the schema of an *item*, or of a list of such."""
    return WithJsonSchema({"anyOf": [item, {"type": "array", "items": item}]})
