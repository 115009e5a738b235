"""The JSON Schema of a file of rules, for editors."""

from collections.abc import Iterator
from typing import Any

from hub.routing.rule_models import RulesFile

_NULL = {"type": "null"}


def rules_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of one file of ``rules/``.

    An editor cannot know which names other files give, so it takes any ``$name``.
    """
    schema = _without_null(RulesFile.model_json_schema(by_alias=True))
    for model in _tables(schema):
        model["additionalProperties"] = False
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "rules/*.yaml"}


def _tables(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    yield from (model for model in schema.get("$defs", {}).values() if "properties" in model)


def _without_null(node: Any) -> Any:
    """Return *node* without null: a key that is not wanted is left out, an empty one is an error."""
    if isinstance(node, list):
        return [_without_null(item) for item in node if item != _NULL]
    if not isinstance(node, dict):
        return node
    plain = {key: _without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
    choices = plain.get("anyOf", ())
    if len(choices) == 1:
        del plain["anyOf"]
        plain = {**choices[0], **plain}
    return plain
