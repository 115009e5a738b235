"""Files of rules as checked values. What is wrong is gathered over all files: where, and what to write instead."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from hub.routing.rule_models import PolicyRule, RulesFile, RuleSpec, Then
from hub.routing.yaml_tree import Items, Table, YamlError, line_of, read_yaml
from hub.sdk.errors import ConfigError
from hub.sdk.findings import Keys, around_of, by_place, dotted, keys_of, models_in, shown, unprefixed, wanted
from hub.sdk.nearest import did_you_mean, listed

SUFFIXES = (".yaml", ".yml")
_LISTS: Mapping[str, type[BaseModel]] = {"rules": RuleSpec, "sla": PolicyRule}

_SCORED = "is no key here; the score decides it: write points, at_least or at_most, such as at_least: 80"
_NOT_KEYS: Mapping[tuple[type[BaseModel], str], str] = {(Then, "priority"): _SCORED, (Then, "score"): _SCORED}
"""What people write where it is none of the keys, and what they want instead."""

_DEEPEST = 8  # tables within tables, each of which may be lost with what it lacks

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True, order=True)
class RuleFinding:
    """What is wrong with a file of rules.

    Attributes:
        path: the key as people write it, ``rules[stolen-money].then.queue``; empty for the file itself.
    """

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}{': ' if self.path else ''}{self.message}"


class RulesError(ConfigError):
    """Rules cannot be used. The message is every finding, one a line."""

    def __init__(self, findings: tuple[RuleFinding, ...]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = findings


@dataclass(slots=True)
class Findings:
    """What is wrong, gathered until all of it is known."""

    found: dict[RuleFinding, None] = field(default_factory=dict)

    def check(self) -> None:
        """Go on only if nothing was found.

        Raises:
            RulesError: all findings, in the order of files and lines.
        """
        if self.found:
            raise RulesError(tuple(sorted(self.found)))


@dataclass(frozen=True, slots=True, eq=False)
class SourceFile:
    """One file: its tree with lines, and what it says beside rules and policies.

    Attributes:
        name: as people know it.
        builtin: whether it belongs to the built-in pack.
    """

    name: str
    path: Path
    builtin: bool
    tree: Table
    said: RulesFile
    findings: Findings

    def add(self, keys: Keys, message: str) -> None:
        """Note what is wrong with the value at *keys*."""
        path = _path(self.tree, keys)
        self.findings.found[RuleFinding(self.name, self.line(keys), path, message)] = None

    def line(self, keys: Keys) -> int:
        """Return the line of *keys*, or of the nearest value around it."""
        return line_of(self.tree, keys)

    def rules(self) -> Iterator[tuple[int, RuleSpec]]:
        """Yield the rules that are right, with their numbers, one at a time; the others become findings."""
        return self._listed("rules", RuleSpec)

    def policies(self) -> Iterator[tuple[int, PolicyRule]]:
        """Yield the policies that are right, with their numbers; the others become findings."""
        return self._listed("sla", PolicyRule)

    def _listed(self, key: str, model: type[ModelT]) -> Iterator[tuple[int, ModelT]]:
        items = self.tree.get(key, ())
        if not isinstance(items, list | tuple):
            self.add((key,), "is no list; begin each item with a dash and its name: - name: …")
            return
        for number, raw in enumerate(items):
            checked = self.checked(model, raw, (key, number))
            if checked is not None:
                yield number, checked

    def checked(self, model: type[ModelT], raw: Any, at: Keys) -> ModelT | None:
        """Return *raw* as *model*. What is wrong with it is noted and left out; None where nothing is left of it."""
        try:
            return model.model_validate(raw)
        except ValidationError as error:
            for keys, details in by_place(error, raw):
                self.add((*at, *keys), message_of(keys, details, model))
            return _rest(model, raw, error)


def rule_paths(folder: Path) -> list[Path]:
    """Return the files of *folder* that may be rules, in name order; *folder* itself where it is a file.

    Raises:
        OSError: there is no such folder.
    """
    return [folder] if folder.is_file() else sorted(path for path in folder.iterdir() if _is_rules(path))


def read_files(folder: Path, findings: Findings, *, builtin: bool = False) -> list[SourceFile]:
    """Read the files of *folder* in name order, or *folder* itself where it is one; findings go to *findings*.

    A file that a calendar of another one names in ``overrides`` holds days, no rules.
    """
    try:
        paths = rule_paths(folder)
    except OSError as error:
        message = f'cannot be read ({error.strerror}); "hub init" writes a folder of rules'
        findings.found[RuleFinding(str(folder), 1, "", message)] = None
        return []
    named = {path: f"built-in/{path.name}" if builtin else str(path) for path in paths}
    trees = {path: read_tree(path, name, findings) for path, name in named.items()}
    days = {(path.parent / name).resolve() for path, tree in trees.items() for name in _day_files(tree)}
    wanted = {path: tree for path, tree in trees.items() if tree is not None and path.resolve() not in days}
    files = (_source(path, named[path], tree, findings, builtin) for path, tree in wanted.items())
    return [file for file in files if file]


def _is_rules(path: Path) -> bool:
    """Return whether *path* is meant as a file of rules, by its name; reading it says whether it is one."""
    return path.suffix in SUFFIXES and not path.name.startswith(".")


def read_tree(path: Path, name: str, findings: Findings) -> Any:
    """Return what the file *path* says, known to people as *name*; None where it cannot be read, as *findings* tell."""
    try:
        tree, wrong = read_yaml(path.read_bytes())
    except OSError as error:
        findings.found[RuleFinding(name, 1, "", f"cannot be read ({error.strerror}); let this user read it")] = None
        return None
    except YamlError as error:
        findings.found[RuleFinding(name, error.line, "", str(error))] = None
        return None
    for line, message in wrong:
        findings.found[RuleFinding(name, line, "", message)] = None
    return Table(1) if tree is None else tree


def _day_files(tree: Any) -> Iterator[str]:
    """Yield what the calendars of a file name in ``overrides``, whether the rest of it is right or not."""
    calendars = tree.get("calendars") if isinstance(tree, Table) else None
    for spec in calendars.values() if isinstance(calendars, Table) else ():
        name = spec.get("overrides") if isinstance(spec, Table) else None
        if isinstance(name, str):
            yield name


def _source(path: Path, name: str, tree: Any, findings: Findings, builtin: bool) -> SourceFile | None:
    if not isinstance(tree, Table):
        known = listed(keys_of(RulesFile))
        findings.found[RuleFinding(name, 1, "", f"has no keys at its top; write one of {known}, such as rules:")] = None
        return None
    return _said(SourceFile(name, path, builtin, tree, RulesFile(), findings))


def _inner(around: type[BaseModel], known_field: FieldInfo | None) -> type[BaseModel]:
    return next(models_in(known_field.annotation), around) if known_field else around


def _said(file: SourceFile) -> SourceFile:
    said = file.checked(RulesFile, {key: value for key, value in file.tree.items() if key not in _LISTS}, ())
    return replace(file, said=said or RulesFile())


def _rest(model: type[ModelT], raw: Any, error: ValidationError) -> ModelT | None:
    """Return what of *raw* is right, so that the rest is not said to be missing; None where nothing is."""
    for _ in range(_DEEPEST):
        # What lacks a key goes as a whole, what has a wrong one loses it.
        raw = _without(raw, [keys[:-1] if one[0]["type"] == "missing" else keys for keys, one in by_place(error, raw)])
        try:
            return model.model_validate(raw)
        except ValidationError as another:
            error = another
    return None


def _without(raw: Any, paths: Iterable[Keys]) -> Any:
    """Return *raw* without what stands at *paths*."""
    inner: dict[str | int, list[Keys]] = {}
    for path in paths:
        if path:
            inner.setdefault(path[0], []).append(path[1:])
    gone = {key for key, rest in inner.items() if () in rest}
    if isinstance(raw, dict):
        return {key: _without(value, inner.get(key, ())) for key, value in raw.items() if key not in gone}
    if isinstance(raw, list):
        return [_without(value, inner.get(key, ())) for key, value in enumerate(raw) if key not in gone]
    return raw


def _path(tree: Any, keys: Keys) -> str:
    """Return *keys* as text; rules and policies are called by their names."""
    first, rest = keys[:2], keys[2:]
    if len(first) == 2 and first[0] in _LISTS and isinstance(first[1], int):
        items = tree.get(first[0])
        item = items[first[1]] if isinstance(items, Items) and first[1] < len(items) else None
        name = item.get("name") if isinstance(item, Table) else None
        if isinstance(name, str | int):
            inner = dotted(rest)
            return f"{first[0]}[{name}]{'.' if inner and not inner.startswith('[') else ''}{inner}"
    return dotted(keys)


def message_of(path: Keys, details: list[Any], model: type[BaseModel]) -> str:
    """Return what is wrong with the value at *path* of a *model*, and what to write instead."""
    first = details[0]
    around, known_field = around_of(model, path)
    kind, given = first["type"], first["input"]
    if kind == "extra_forbidden":
        if (around, str(path[-1])) in _NOT_KEYS:
            return _NOT_KEYS[around, str(path[-1])]
        known = keys_of(around)
        return f"unknown key{did_you_mean(str(path[-1]), known) or ';'} valid: {listed(known)}"
    if kind == "missing":
        what = known_field.description if known_field else None
        return f"is missing{f' ({what})' if what else ''}"
    own = next((detail["msg"] for detail in details if detail["type"] in ("value_error", "assertion_error")), None)
    if own is not None:
        return unprefixed(own)
    if kind == "literal_error":
        valid = [word.strip("'") for word in first["ctx"]["expected"].replace(" or ", ", ").split(", ")]
        return f'"{given}" is none of the values{did_you_mean(str(given), valid) or ";"} valid: {listed(valid)}'
    if kind == "string_type" and isinstance(given, bool):
        word = str(given).lower()
        return f'is {word}, which is no text; write it in quotes: "{word}"'
    if kind == "model_type":
        return f"is {shown(given)}; write keys and values here: {listed(keys_of(_inner(around, known_field)))}"
    if kind == "string_too_short":
        return "is empty; write a name"
    return f"is {shown(given)}; {wanted(details, known_field)}"
