"""The JSON Schema of rules knows what the loader knows."""

from collections.abc import Iterator
from typing import Any

from hub.routing.rule_models import RulesFile, RuleSpec, TextWhen, Then, When
from hub.routing.schema import rules_schema
from hub.sdk.findings import keys_of


def nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
    for value in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from nodes(value)


def test_every_key_is_known_and_no_other_is_taken() -> None:
    schema = rules_schema()
    assert list(schema["properties"]) == keys_of(RulesFile)
    for model in (RuleSpec, When, TextWhen, Then):
        part = schema["$defs"][model.__name__]
        assert list(part["properties"]) == keys_of(model)
        assert part["additionalProperties"] is False
    assert schema["additionalProperties"] is False


def test_every_reference_leads_somewhere_and_nothing_is_null() -> None:
    schema = rules_schema()
    for node in nodes(schema):
        assert node.get("type") != "null"
        if isinstance(reference := node.get("$ref"), str):
            assert reference.removeprefix("#/$defs/") in schema["$defs"]


def test_one_value_may_stand_for_a_list_of_one_and_a_bare_list_for_patterns() -> None:
    when = rules_schema()["$defs"]["When"]["properties"]
    assert [choice.get("type") for choice in when["platform"]["anyOf"]] == [["string", "number"], "array"]
    assert [choice.get("type", "TextWhen") for choice in when["text"]["anyOf"]] == ["string", "array", "TextWhen"]
    assert "object" in [choice.get("type") for choice in when["rating"]["anyOf"]]
