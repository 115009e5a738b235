"""The file ``hub.toml`` as text and tree, the ``.env`` beside it, and the list of what is wrong with them."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from hub.runtime.toml_lines import Lines
from hub.runtime.toml_lines import Path as Keys
from hub.runtime.values import DOTENV, read_dotenv
from hub.sdk import ConfigError
from hub.sdk.findings import dotted

_PLACE = re.compile(r"(.*) \(at line (\d+), column (\d+)\)", re.DOTALL)
_DEEPEST = 50  # tables and arrays in each other; no settings come near it
_LARGEST = 2**63  # TOML's own bound
_TOO_DEEP = f"tables and arrays lie in each other deeper than {_DEEPEST} times; take out what is no setting"
_TOO_LARGE = "a whole number is larger than 64 bits; take it out, or write it in quotes if it is a text"


@dataclass(slots=True)
class Findings:
    """What is wrong, gathered until all of it is known."""

    path: Path
    lines: Lines
    _found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, at: Keys, message: str) -> None:
        """Note *message* about the key *at*."""
        line = self.lines.of(at)
        where = f"{self.path}:{line}: " if line else f"{self.path}: "
        what = f"{dotted(at)}: " if at else ""
        self._found.append((line or 0, where + what + message))

    def add_elsewhere(self, message: str) -> None:
        """Note *message*, which names its own place."""
        self._found.append((0, message))

    def told(self) -> str:
        """Return all findings, one a line, in the order of the file; empty when there is none."""
        return "\n".join(message for _, message in sorted(self._found, key=lambda found: found[0]))

    def check(self) -> None:
        """Go on only if nothing was found.

        Raises:
            ConfigError: all findings.
        """
        if self._found:
            raise ConfigError(self.told())


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file that is valid TOML.

    Attributes:
        tree: as the parser gave it, references not resolved.
        env: the process's variables over those of ``.env``.
    """

    path: Path
    tree: dict[str, Any]
    env: Mapping[str, str]
    findings: Findings

    def apart(self) -> "ConfigFile":
        """Return the same file with a list of findings of its own."""
        return replace(self, findings=Findings(self.path, self.findings.lines))

    @property
    def folder(self) -> Path:
        """What relative paths in the file start from."""
        return self.path.absolute().parent


def read_config_file(path: Path, env: Mapping[str, str]) -> ConfigFile:
    """Read *path* and the ``.env`` beside it.

    Raises:
        ConfigError: there is no such file, it cannot be read, it is not TOML (says line and column), or it holds what
            no settings are made of.
    """
    text = _text(path)
    try:
        tree = tomllib.loads(text)
        unusual = _unusual(tree, _DEEPEST)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_syntax(path, str(error))) from error
    except RecursionError as error:
        raise ConfigError(f"{path}: {_TOO_DEEP}") from error
    except ValueError as error:  # the parser's own: Python makes no number of so many digits
        raise ConfigError(f"{path}: {_TOO_LARGE}") from error
    if unusual is not None:
        raise ConfigError(f"{path}: {unusual}")
    found = Findings(path, Lines(text))
    return ConfigFile(path, tree, {**_dotenv(path.with_name(DOTENV), found), **env}, found)


def _unusual(value: Any, depth: int) -> str | None:
    """Return what about *value* neither a walk through it nor a message about it would bear; None: nothing."""
    if isinstance(value, int):
        return None if -_LARGEST <= value < _LARGEST else _TOO_LARGE
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if depth == 0:
        return _TOO_DEEP if inner else None
    return next((told for one in inner if (told := _unusual(one, depth - 1))), None)


def _text(path: Path) -> str:
    try:
        # A byte order mark is what some editors put first; TOML has none.
        return path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    except FileNotFoundError as error:
        message = f'{path}: there is no such file; "hub init" writes one, --config names another'
        raise ConfigError(message) from error
    except IsADirectoryError as error:
        raise ConfigError(f"{path}: is a folder; name the file in it, such as {path / 'hub.toml'}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); let this user read it") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _syntax(path: Path, message: str) -> str:
    found = _PLACE.fullmatch(message)
    if found:
        return f"{path}:{found[2]}:{found[3]}: this is not TOML: {found[1]}"
    return f"{path}: this is not TOML: {message}"


def _dotenv(path: Path, found: Findings) -> dict[str, str]:
    try:
        values, wrong = read_dotenv(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        found.add_elsewhere(
            f"{path}: cannot be read ({type(error).__name__}); make it UTF-8 text that this user may read"
        )
        return {}
    for line in wrong:
        found.add_elsewhere(f"{path}:{line}: is not NAME=value")
    return values
