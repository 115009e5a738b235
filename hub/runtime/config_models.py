"""What pydantic says about settings, said again for a person: which key, what it is, what it may be."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretBytes, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from hub.runtime.values import is_reference
from hub.sdk.findings import Keys, around_of, by_place, key_of, keys_of, models_in, shown, unprefixed, wanted
from hub.sdk.nearest import did_you_mean, listed

OUTSIDE = 'write { env = "NAME" } or { file = "/path" }'

Finding = tuple[Keys, str]
_UNKNOWN = "unknown key"


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
        for nested in models_in(annotation):
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


def findings(error: ValidationError, model: type[BaseModel], raw: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with *raw*, once for each key; paths start at *raw*."""
    for path, details in by_place(error, raw):
        yield path, _message(path, details, model)


def is_unknown_key(message: str) -> bool:
    """Whether a finding says that its key does not exist."""
    return message.startswith(_UNKNOWN)


def _message(path: Keys, details: list[Any], model: type[BaseModel]) -> str:
    first = details[0]
    around, field = around_of(model, path)
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
        return unprefixed(own)
    return f"is {shown(first['input'])}; {wanted(details, field)}" if path else first["msg"]


def _missing(field: FieldInfo | None) -> str:
    if field is None:
        return "required key is missing"
    what = f" ({field.description})" if field.description else ""
    return f"required key is missing{what}" + (f"; {OUTSIDE}" if holds_secret(field.annotation) else "")
