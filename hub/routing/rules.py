"""A folder of ``rules/*.yaml`` -> one rule set, ready to decide. The only module of routing that reads files of rules.

The files are read in the order of their names, then the built-in pack, unless a file says ``builtin: false``. What a
user names takes the place of what the pack has under that name.
"""

import hashlib
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import accumulate, chain, pairwise
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from hub.routing import decide as deciding
from hub.routing.calendar import Calendar
from hub.routing.conditions import DEADLINE, HISTORY, SURGES, Condition, leaves, needed_patterns, needed_values
from hub.routing.decide import Decision, Trace
from hub.routing.facts import Facts
from hub.routing.matcher import Matcher, Reading
from hub.routing.pattern import Pattern
from hub.routing.policy import Aging, check_policy
from hub.routing.rule import Policy, Rule
from hub.routing.rule_compiler import Compiler, Lists, place
from hub.routing.rule_files import Findings, RuleFinding, RulesError, SourceFile, read_files
from hub.routing.rule_models import Obscene, Scale
from hub.routing.yaml_tree import YamlError, read_yaml
from hub.sdk.findings import Keys

__all__ = ["RuleFinding", "RuleSet", "RulesError", "load_rules"]

PACK = Path(__file__).parent / "pack"
_VERSION_CHARS = 12
_KEPT = 1024  # candidates that need no text, by kind and platform


@dataclass(frozen=True)
class RuleSet:
    """Rules and policies that decide.

    Attributes:
        version: short hash of all that decides; neither comments, notes and examples nor the names of files count.
        title: what the files call it in ``version``, None where they do not.
        rules: enabled ones, in the order in which they are read.
        policies: in the order in which they are tried.
        day_files: the texts of the files that calendars name in ``overrides``, by the name they call them.
        patterns: what the matcher looks for; conditions name them by their place.
    """

    version: str
    title: str | None
    rules: tuple[Rule, ...]
    policies: tuple[Policy, ...]
    calendars: Mapping[str, Calendar]
    day_files: Mapping[str, str]
    patterns: tuple[Pattern, ...]
    matcher: Matcher
    scale: Scale
    aging: Aging | None
    obscene: Obscene
    _index: "_Index" = field(repr=False)

    def decide(self, facts: Facts, reading: Reading | None = None) -> Decision:
        """Return what these rules make of a ticket with *facts*.

        Args:
            reading: of its text, by a matcher that :meth:`can_read_for` these rules; by default by their own.
        """
        return deciding.decide(self, facts, reading)

    def trace(self, facts: Facts) -> Trace:
        """Return the same decision with all that led to it; slower."""
        return deciding.trace(self, facts)

    def candidates(self, facts: Facts, hits: Iterable[int]) -> Sequence[Rule]:
        """Return, in order, all rules that may match a ticket with *facts* in whose text the patterns *hits* are."""
        return [self.rules[number] for number in self._index.numbers(facts, hits)]

    def can_read_for(self, other: "RuleSet") -> bool:
        """Whether what the matcher of these rules reads serves *other* too: they were loaded beside it."""
        return self.obscene == other.obscene and self.patterns[: len(other.patterns)] == other.patterns

    @cached_property
    def needs_history(self) -> bool:
        """Whether the customer's other tickets must be known: a condition asks for them, or a rule escalates."""
        if any(rule.then.escalate for rule in self.rules):
            return True
        return self._asks_for(HISTORY)

    @cached_property
    def needs_surges(self) -> bool:
        """Whether a condition asks for how much comes in."""
        return self._asks_for(SURGES)

    def _asks_for(self, keys: AbstractSet[str]) -> bool:
        conditions = chain(
            (rule.when for rule in self.rules),
            (policy.when for policy in self.policies),
            (one.when for rule in self.rules for one in rule.then.escalate),
        )
        return any(getattr(leaf, "key", "") in keys for condition in conditions for leaf in leaves(condition))

    @cached_property
    def asks_deadline(self) -> bool:
        """Whether a condition asks how far a deadline has come."""
        return self._asks_for(DEADLINE.keys())


class _Index:
    """Which rules may match: those whose patterns hit, and those of the ticket's kind or platform."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        by_pattern: dict[int, list[int]] = {}
        self._by_platform: dict[str, list[int]] = {}
        self._by_kind: dict[str, list[int]] = {}
        self._always: list[int] = []
        self._without_text: dict[tuple[str | None, str | None], list[int]] = {}
        for number, rule in enumerate(rules):
            patterns = needed_patterns(rule.when)
            if patterns is None:
                self._add(number, rule.when)
            for pattern in patterns or ():
                by_pattern.setdefault(pattern, []).append(number)
        # The rules of pattern p stand from place p to place p + 1: thousands of small lists would be large.
        last = max(by_pattern, default=-1)
        self._places = array("I", accumulate((len(by_pattern.get(p, ())) for p in range(last + 1)), initial=0))
        self._rules = array("I", chain.from_iterable(by_pattern.get(p, ()) for p in range(last + 1)))

    def _add(self, number: int, when: Condition) -> None:
        for key, index in (("platform", self._by_platform), ("kind", self._by_kind)):
            values = needed_values(when, key)
            if values is not None:
                for value in values:
                    index.setdefault(value, []).append(number)
                return
        self._always.append(number)

    def numbers(self, facts: Facts, hits: Iterable[int]) -> Sequence[int]:
        """Return the numbers of rules in order."""
        key = (facts.platform, facts.kind)
        found = self._without_text.get(key)
        if found is None:
            found = self._plain(*key)
        places, rules = self._places, self._rules
        hit: set[int] = set()
        for pattern in hits:
            if pattern + 1 < len(places):
                hit.update(rules[places[pattern] : places[pattern + 1]])
        return sorted([*found, *hit]) if hit else found

    def _plain(self, platform: str | None, kind: str | None) -> list[int]:
        if len(self._without_text) >= _KEPT:
            self._without_text.clear()
        by_platform = self._by_platform.get(platform.casefold(), ()) if platform else ()
        by_kind = self._by_kind.get(kind.casefold(), ()) if kind else ()
        found = self._without_text[platform, kind] = sorted([*self._always, *by_platform, *by_kind])
        return found


# --- loading --------------------------------------------------------------------------------------------------------


def load_rules(
    folder: Path | None,
    *,
    builtin: bool = True,
    beside: RuleSet | None = None,
    day_files: Mapping[str, str] | None = None,
) -> RuleSet:
    """Return the rule set of *folder* (or of one file) and of the built-in pack.

    Args:
        folder: None for the built-in pack alone.
        builtin: False leaves the pack out, whatever the files say.
        beside: rules that are to decide the same texts; what one reading finds then serves both.
        day_files: texts that stand for files that calendars name in ``overrides``, by that name.
    Raises:
        RulesError: every finding in every file, with line, key, and what to write instead.
    """
    known = beside.patterns if beside else ()
    days = _DayFiles(day_files or {})
    parts, patterns = _parts(folder, builtin, known, days)  # the files are forgotten before the matcher needs the room
    obscene = parts["obscene"]
    matcher = Matcher(patterns, obscene_words=obscene.words, obscene_allow=obscene.allow)
    return RuleSet(**parts, patterns=patterns, matcher=matcher)


def source_files(folder: Path | None, findings: Findings, *, builtin: bool = True) -> list[SourceFile]:
    """Return the files that :func:`load_rules` reads, in order; what is wrong goes to *findings*."""
    files = read_files(folder, findings) if folder else []
    if builtin and all(file.said.builtin is not False for file in files) and PACK.is_dir():
        files += read_files(PACK, findings, builtin=True)
    return files


def _parts(
    folder: Path | None, builtin: bool, known: Sequence[Pattern], days: "_DayFiles"
) -> tuple[dict[str, Any], tuple[Pattern, ...]]:
    """Return what a rule set is made of beside its matcher: the rest of it, and patterns, the *known* ones first."""
    findings = Findings()
    files = source_files(folder, findings, builtin=builtin)
    compiler = Compiler(
        phrases=Lists("phrases", ("phrases",), files),
        values=Lists("values", ("platforms", "lists"), files),
        rule_names=frozenset(_names(files)),
    )
    compiler.take(known)
    compiler.check_lists()
    digest = _Digest(compiler)
    rules = _rules(files, compiler, digest)
    calendars = _calendars(files, digest, days)
    policies = _policies(files, compiler, calendars, digest)
    scale, aging = _single(files, "score", Scale(), digest), _single(files, "aging", None, digest)
    obscene = _obscene(files, digest)
    findings.check()
    parts = {
        "version": digest.version(),
        "title": _title(files),
        "rules": rules,
        "policies": policies,
        "calendars": calendars,
        "day_files": days.texts,
        "scale": scale,
        "aging": aging,
        "obscene": obscene,
        "_index": _Index(rules),
    }
    return parts, tuple(compiler.patterns())


def _obscene(files: Sequence[SourceFile], digest: "_Digest") -> Obscene:
    said = [file.said.obscene for file in files if file.said.obscene]
    obscene = Obscene(
        words=tuple(dict.fromkeys(word for one in said for word in one.words)),
        allow=tuple(dict.fromkeys(word for one in said for word in one.allow)),
    )
    digest.add("obscene", [sorted(obscene.words), sorted(obscene.allow)])
    return obscene


def _rules(files: Sequence[SourceFile], compiler: Compiler, digest: "_Digest") -> tuple[Rule, ...]:
    rules: list[Rule] = []
    names = _Names("rules")
    for file in files:
        for number, spec in file.rules():
            if names.take(spec.name, file, number):
                rule = compiler.rule(file, number, spec)  # disabled ones may be wrong as well
                if spec.enabled:
                    rules.append(rule)
                    digest.add(
                        "rule", spec.model_dump(mode="json", exclude_defaults=True, exclude={"examples", "note"})
                    )
    return tuple(rules)


def _policies(
    files: Sequence[SourceFile], compiler: Compiler, calendars: Mapping[str, Calendar], digest: "_Digest"
) -> tuple[Policy, ...]:
    policies: list[Policy] = []
    names = _Names("sla")
    for file in files:
        for number, spec in file.policies():
            if names.take(spec.name, file, number):
                policies.append(compiler.policy(file, number, spec))
                digest.add("policy", spec.model_dump(mode="json", exclude_defaults=True))
                for key, message in check_policy(spec, calendars).items():
                    file.add(("sla", number, key), message)
    return tuple(policies)


class _Names:
    """Names of rules or policies that are taken: by a user's files first, then by the pack's."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._taken: dict[str, tuple[SourceFile, Keys]] = {}

    def take(self, name: str, file: SourceFile, number: int) -> bool:
        """Return whether *name* is free; the same name twice in files of one sort is noted."""
        keys: Keys = (self._key, number)
        other = self._taken.setdefault(name, (file, keys))
        if other == (file, keys):
            return True
        if other[0].builtin == file.builtin:
            file.add(keys, f"this name is given already in {place(*other)}; names are unique over all files")
        return False


def _names(files: Iterable[SourceFile]) -> Iterator[str]:
    for file in files:
        items = file.tree.get("rules")
        if isinstance(items, list):
            yield from (str(item["name"]) for item in items if isinstance(item, dict) and "name" in item)


def _calendars(files: Sequence[SourceFile], digest: "_Digest", days: "_DayFiles") -> Mapping[str, Calendar]:
    calendars: dict[str, Calendar] = {}
    first: dict[str, SourceFile] = {}
    for file in files:
        for name, spec in file.said.calendars.items():
            keys: Keys = ("calendars", name)
            other = first.setdefault(name, file)
            if other is file:
                try:
                    calendars[name] = Calendar(spec, partial(days.read, file, digest))
                except (OSError, ValueError) as error:
                    file.add((*keys, "overrides"), _told(error))
                digest.add(name, spec.model_dump(mode="json"))
            elif other.builtin == file.builtin:
                file.add(keys, f"this name is given already in {place(other, keys)}; names are unique over all files")
    return calendars


class _DayFiles:
    """Reads the days that calendars take from files of their own; a name starts at the folder of the rules.

    Attributes:
        texts: of all that were read, by name.
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given
        self.texts: dict[str, str] = {}

    def read(self, file: SourceFile, digest: "_Digest", name: str) -> object:
        """Return the days of the file that a calendar of *file* calls *name*."""
        given = self._given.get(name)
        raw = (file.path.parent / name).read_bytes() if given is None else given.encode()
        days, wrong = read_yaml(raw)
        if wrong:
            raise YamlError(wrong[0][1], wrong[0][0])
        self.texts[name] = raw.decode("utf-8", "replace")
        digest.add(name, days)
        return days or {}


def _told(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename} cannot be read ({error.strerror})"
    if isinstance(error, YamlError):
        return f"line {error.line} of that file: {error}"
    return f"that file is no list of days: {error}" if isinstance(error, ValidationError) else str(error)


def _single(files: Sequence[SourceFile], key: str, default: Any, digest: "_Digest") -> Any:
    """Return what the files say under a key that stands once; a user's word goes before the pack's."""
    saying = [file for file in files if key in file.said.model_fields_set]
    for one, other in pairwise(saying):
        if one.builtin == other.builtin:
            other.add((key,), f"stands already in {place(one, (key,))}; write it once")
    value = getattr(saying[0].said, key) if saying else default
    digest.add(key, value.model_dump() if value else None)
    return value


def _title(files: Sequence[SourceFile]) -> str | None:
    users = [file.said.version for file in files if file.said.version and not file.builtin]
    packs = [file.said.version for file in files if file.said.version and file.builtin]
    return ", ".join(dict.fromkeys(users or packs)) or None


class _Digest:
    """Hash of all that decides."""

    def __init__(self, compiler: Compiler) -> None:
        self._hash = hashlib.sha256()
        for lists in (compiler.phrases, compiler.values):
            self.add("lists", sorted((name, [one.items for one in lists.counting(name)]) for name in lists.names()))

    def add(self, what: str, value: Any) -> None:
        self._hash.update(orjson.dumps([what, value], option=orjson.OPT_SORT_KEYS))

    def version(self) -> str:
        return self._hash.hexdigest()[:_VERSION_CHARS]
