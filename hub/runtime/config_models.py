"""What pydantic says about settings, said again for a person: which key, what it is, what it may be."""

import re
from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError, WithJsonSchema
from pydantic.fields import FieldInfo

from hub.runtime.toml_lines import Path as Keys
from hub.runtime.values import is_reference
from hub.sdk.nearest import did_you_mean, listed

OUTSIDE = 'write { env = "NAME" } or { file = "/path" }'

Finding = tuple[Keys, str]
_UNKNOWN = "unknown key"
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


def key_of(name: str, field: FieldInfo) -> str:
    """Return the key that *field* has in the file."""
    return field.alias or name


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return every key of *model*."""
    return [key_of(name, field) for name, field in model.model_fields.items()]


def holds_secret(annotation: Any) -> bool:
    """Whether a field of this type holds a secret itself (not in a model of its own)."""
    if isinstance(annotation, type) and issubclass(annotation, SecretStr | SecretBytes):
        return True
    return any(holds_secret(part) for part in get_args(annotation))


def plain_secrets(model: type[BaseModel], raw: Mapping[str, Any], at: Keys) -> Iterator[Finding]:
    """Yield every secret of *raw* that stands in the file itself; the value is never shown."""
    for name, field in model.model_fields.items():
        key = key_of(name, field)
        if key in raw:
            yield from _plain_in(field.annotation, raw[key], (*at, key))


def _plain_in(annotation: Any, value: Any, at: Keys) -> Iterator[Finding]:
    if is_reference(value):
        return
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        if holds_secret(annotation):
            if isinstance(value, dict) and not _takes_tables(annotation):
                near = did_you_mean(str(next(iter(value))), ("env", "file")) if len(value) == 1 else ""
                yield at, f"is no reference to a secret{near or ';'} {OUTSIDE}"
                return
            for key, item in items:
                yield from _plain_in(annotation, item, (*at, key))
            return
        for nested in _models_in(annotation):
            for key, item in [(None, value)] if isinstance(value, dict) else items:
                if isinstance(item, dict):
                    yield from plain_secrets(nested, item, at if key is None else (*at, key))
    elif holds_secret(annotation):
        yield at, f"a secret does not stand in this file; put it into the environment and {OUTSIDE}"


def _takes_tables(annotation: Any) -> bool:
    origin = get_origin(annotation)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return True
    return any(_takes_tables(part) for part in get_args(annotation))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def findings(error: ValidationError, model: type[BaseModel], raw: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with *raw*, once for each key; paths start at *raw*."""
    grouped: dict[Keys, list[Any]] = {}
    for detail in error.errors(include_url=False, include_context=False):
        grouped.setdefault(_place(detail, raw), []).append(detail)
    for path, details in grouped.items():
        # The branches of a union that do not fit at all say nothing beside the one that nearly does.
        if not any(len(other) > len(path) > 0 and other[: len(path)] == path for other in grouped):
            yield path, _message(path, details, model)


def is_unknown_key(message: str) -> bool:
    """Whether a finding says that its key does not exist."""
    return message.startswith(_UNKNOWN)


def _place(detail: Any, raw: Any) -> Keys:
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


def _message(path: Keys, details: list[Any], model: type[BaseModel]) -> str:
    first = details[0]
    around, field = _around(model, path)
    if first["type"] == "extra_forbidden":
        known = keys_of(around)
        word = str(path[-1])
        return f"{_UNKNOWN}{did_you_mean(word, known) or ';'} known keys: {listed(known)}"
    if first["type"] == "missing":
        return _missing(field)
    if field and holds_secret(field.annotation):
        return f"is not a secret from outside the file; {OUTSIDE}"
    own = next((d["msg"] for d in details if d["type"] in ("value_error", "assertion_error")), None)
    if own is not None:
        return _unprefixed(own)
    return f"is {_shown(first['input'])}; {_wanted(details, field)}" if path else first["msg"]


def _missing(field: FieldInfo | None) -> str:
    if field is None:
        return "required key is missing"
    what = f" ({field.description})" if field.description else ""
    return f"required key is missing{what}" + (f"; {OUTSIDE}" if holds_secret(field.annotation) else "")


def _around(model: type[BaseModel], path: Keys) -> tuple[type[BaseModel], FieldInfo | None]:
    """Return the innermost model that *path* leads into, and its field at the end of *path*, if it is one."""
    field: FieldInfo | None = None
    for number, part in enumerate(path):
        by_key = {key_of(name, one): one for name, one in model.model_fields.items()}
        field = by_key.get(str(part)) if isinstance(part, str) else field
        inner = next(_models_in(field.annotation), None) if field else None
        if inner and number < len(path) - 1:
            model = inner
    return model, field


def _unprefixed(message: str) -> str:
    for prefix in _PREFIXES:
        message = message.removeprefix(prefix)
    return message


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _wanted(details: list[Any], field: FieldInfo | None) -> str:
    examples = list(_examples(field)) if field else []
    if examples:
        return "write for example " + " or ".join(f'"{example}"' for example in examples)
    wanted = dict.fromkeys(_expected(detail) for detail in details)
    return "it should " + " or ".join(wanted)


def _expected(detail: Any) -> str:
    for kind, words in _KINDS.items():
        if detail["type"].startswith(kind):
            return words
    return _SHOULD.sub("", detail["msg"]).split(", ", 1)[0]


def _examples(field: FieldInfo) -> Iterator[Any]:
    for mark in (*field.metadata, *_metadata(field.annotation)):
        if isinstance(mark, WithJsonSchema) and mark.json_schema:
            yield from mark.json_schema.get("examples", ())


def _metadata(annotation: Any) -> Iterator[Any]:
    yield from getattr(annotation, "__metadata__", ())
    if get_origin(annotation) in (Union, UnionType):
        for part in get_args(annotation):
            yield from _metadata(part)
