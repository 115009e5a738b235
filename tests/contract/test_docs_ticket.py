"""docs/reference/ticket.md has every field of the ticket with its type and meaning, and no other."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from hub.sdk import (
    SCHEMA_VERSION,
    Attachment,
    Author,
    Change,
    Customer,
    CustomerCard,
    Decision,
    FollowUp,
    Link,
    Listed,
    Message,
    MessageDraft,
    Place,
    Related,
    Sla,
    Source,
    Ticket,
    TicketDraft,
)

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "ticket.md"
MODELS = (
    *(Ticket, Message, Source, Author, Attachment, Place, Sla, Decision, Link, Related, Customer),
    *(TicketDraft, MessageDraft, Change, FollowUp, Listed, CustomerCard),
)
FORMATS = {"uuid": "uuid", "date-time": "time"}
TYPES = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object", "null": "null"}


def shown(schema: dict[str, Any]) -> str:
    """Return the type of a property as the page says it."""
    if "anyOf" in schema:
        return " or ".join(shown(part) for part in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list of {shown(schema['items'])}"
    if schema["type"] == "number":
        return f"number {schema['minimum']:g} to {schema['maximum']:g}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object of {shown(schema['additionalProperties'])}s"
    return FORMATS.get(schema.get("format", "")) or TYPES[schema["type"]]


def fields(model: type[BaseModel]) -> Iterator[tuple[str, str, str, bool]]:
    """Yield name, type, description and whether it must be given, of each field of *model*."""
    schema = model.model_json_schema(mode="serialization")
    for name, field in schema["properties"].items():
        told = model.model_fields[name]
        yield name, shown(field), told.description or "", told.is_required()


def section(name: str) -> str:
    found = re.search(rf"^#+ {name}\n(.*?)(?=^#+ |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{PAGE.name} has no heading {name}"
    return found[1]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_stands_there_with_its_type_and_meaning(model: type[BaseModel]) -> None:
    rows = re.findall(r"^\| `(\w+)`(\*?) \| (.+?) \| (.+) \|$", section(model.__name__), re.MULTILINE)
    known = {name: (kind, about, needed) for name, kind, about, needed in fields(model)}
    assert [name for name, *_ in rows] == list(known)
    for name, star, kind, meaning in rows:
        wanted_kind, about, needed = known[name]
        assert kind == wanted_kind, name
        assert meaning.startswith(about), f"{name}: {about}"
        assert bool(star) is needed, f"{name}: a star means that it must be given"


def test_the_version_of_the_schema_is_told() -> None:
    assert f"Schema version {SCHEMA_VERSION}." in PAGE.read_text(encoding="utf-8")
