"""What is wrong with settings that a person wrote: which key, what it is, what it may be."""

import re
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo

Keys = tuple[str | int, ...]
"""Keys from the top of a file; numbers count the items of lists."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_PREFIXES = ("Value error, ", "Assertion failed, ")
_SHOULD = re.compile(r"^\w+ should ")
_KINDS = {
    "int_": "be a whole number",
    "float_": "be a number",
    "bool_": "be true or false",
    "string_type": "be text",
    "date": "be a day or time such as 2026-11-01 or 2026-11-01T10:00:00Z",
    "list_type": "be a list",
    "tuple_type": "be a list",
    "set_type": "be a list",
    "dict_type": "be a table",
    "model_type": "be a table",
}  # pydantic's kinds of errors, by how they begin
_SHOWN = 60  # characters of a wrong value in a message


def dotted(keys: Sequence[str | int]) -> str:
    """Return *keys* as one writes them in the file: ``instances.mentions.topics[2]``."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            text += ("." if text else "") + (key if _BARE.fullmatch(key) else f'"{key}"')
    return text


def key_of(name: str, field: FieldInfo) -> str:
    """Return the key that *field* has in the file."""
    return field.alias or name


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return every key of *model*."""
    return [key_of(name, field) for name, field in model.model_fields.items()]


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield every model that stands in *annotation*, at any depth."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models_in(part)


def place_of(detail: Any, raw: Any) -> Keys:
    """Return where in the file an error is: pydantic also names the branch of a union, which no file has."""
    path: Keys = ()
    value = raw
    for part in detail["loc"]:
        inside = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            path, value = (*path, part), value[part]
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else path


def by_place(error: ValidationError, raw: Any) -> Iterator[tuple[Keys, list[Any]]]:
    """Yield what pydantic says of *raw*, gathered by where in the file it is."""
    grouped: dict[Keys, list[Any]] = {}
    for detail in error.errors(include_url=False):
        grouped.setdefault(place_of(detail, raw), []).append(detail)
    for path, details in grouped.items():
        # The branches of a union that do not fit at all say nothing beside the one that nearly does.
        if not any(len(other) > len(path) > 0 and other[: len(path)] == path for other in grouped):
            yield path, details


def around_of(model: type[BaseModel], path: Keys) -> tuple[type[BaseModel], FieldInfo | None]:
    """Return the innermost model that *path* leads into, and its field at the end of *path*, if it is one."""
    field: FieldInfo | None = None
    for number, part in enumerate(path):
        by_key = {key_of(name, one): one for name, one in model.model_fields.items()}
        field = by_key.get(str(part)) if isinstance(part, str) else field
        inner = next(models_in(field.annotation), None) if field else None
        if inner and number < len(path) - 1:
            model = inner
    return model, field


def unprefixed(message: str) -> str:
    """Return *message* of a validator of ours without what pydantic writes before it."""
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message


def shown(value: Any) -> str:
    """Return a wrong value for a message, shortened."""
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def wanted(details: list[Any], field: FieldInfo | None) -> str:
    """Return what a value should be, from the examples of *field* or what pydantic says of it."""
    examples = list(_examples(field)) if field else []
    if examples:
        return "write for example " + " or ".join(f'"{example}"' for example in examples)
    return "it should " + " or ".join(dict.fromkeys(_expected(detail) for detail in details))


def _expected(detail: Any) -> str:
    for kind, words in _KINDS.items():
        if detail["type"].startswith(kind):
            return words
    expected = _SHOULD.sub("", detail["msg"])
    return expected if detail["type"] == "literal_error" else expected.split(", ", 1)[0]  # all values, but no reason


def _examples(field: FieldInfo) -> Iterator[Any]:
    for mark in (*field.metadata, *_metadata(field.annotation)):
        if isinstance(mark, WithJsonSchema) and mark.json_schema:
            yield from mark.json_schema.get("examples", ())


def _metadata(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    if get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _metadata(part)
