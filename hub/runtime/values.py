"""Values that do not stand in ``hub.toml``: ``{ env = "NAME" }``, ``{ file = "/path" }``, and the file ``.env``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hub.runtime.toml_lines import Path as Keys

DOTENV = ".env"

_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*")
_QUOTED = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(slots=True)
class Resolved:
    """A tree of settings with its references replaced by what they stand for.

    Attributes:
        tree: the settings; what could not be found is None.
        given: where a value came from outside the file.
        missing: where one was asked for and not found, with the message for a person.
    """

    tree: Any
    given: set[Keys] = field(default_factory=set)
    missing: dict[Keys, str] = field(default_factory=dict)


def resolve(tree: Any, env: Mapping[str, str], folder: Path, at: Keys = ()) -> Resolved:
    """Replace every reference in *tree*, at any depth.

    Args:
        tree: what the TOML parser gave, or a part of it.
        env: variables by name.
        folder: what relative file names start from.
        at: where *tree* stands in the file.
    """
    found = Resolved(None)
    found.tree = _walk(tree, env, folder, at, found)
    return found


def is_reference(value: Any) -> bool:
    """Whether *value* is ``{ env = "NAME" }`` or ``{ file = "/path" }``."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    (kind, target), *_ = value.items()
    return kind in ("env", "file") and isinstance(target, str)


def read_dotenv(text: str) -> tuple[dict[str, str], list[int]]:
    """Return the variables of a ``.env`` file, and the lines that are not ``NAME=value``.

    Quotes go; within double quotes ``\\n``, ``\\"`` and ``\\\\`` are escapes. An unquoted value ends at `` #``.
    """
    values: dict[str, str] = {}
    wrong: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found:
            values[found[1]] = _unquoted(found[2])
        else:
            wrong.append(number)
    return values, wrong


def _unquoted(text: str) -> str:
    quoted = _QUOTED.fullmatch(text)
    if not quoted:
        return re.split(r"(?:^|\s+)#", text, maxsplit=1)[0]
    if quoted[1] is None:
        return quoted[2]
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), quoted[1])


def _walk(value: Any, env: Mapping[str, str], folder: Path, at: Keys, found: Resolved) -> Any:
    if is_reference(value):
        return _referred(value, env, folder, at, found)
    if isinstance(value, dict):
        return {key: _walk(item, env, folder, (*at, key), found) for key, item in value.items()}
    if isinstance(value, list):
        return [_walk(item, env, folder, (*at, number), found) for number, item in enumerate(value)]
    return value


def _referred(value: dict[str, str], env: Mapping[str, str], folder: Path, at: Keys, found: Resolved) -> str | None:
    (kind, target), *_ = value.items()
    try:
        text = _variable(target, env) if kind == "env" else _file(target, folder)
    except _NotFoundError as error:
        found.missing[at] = str(error)
        return None
    found.given.add(at)
    return text


class _NotFoundError(Exception):
    """Nothing stands behind a reference; the message says what to do."""


def _variable(name: str, env: Mapping[str, str]) -> str:
    value = env.get(name)
    if value is None:
        raise _NotFoundError(f"the environment variable {name} is not set; export it or put it into {DOTENV}")
    if not value.strip():
        raise _NotFoundError(f"the environment variable {name} is empty; give it a value")
    return value


def _file(name: str, folder: Path) -> str:
    path = folder / Path(name).expanduser()
    try:
        value = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _NotFoundError(
            f"the file {path} cannot be read ({error.strerror}); create it or let us read it"
        ) from error
    except UnicodeDecodeError as error:
        raise _NotFoundError(f"the file {path} is not UTF-8 text; write the bare value into it") from error
    if not value:
        raise _NotFoundError(f"the file {path} is empty; write the bare value into it")
    return value
