"""Checked files -> what decides: names looked up, patterns parsed and counted, conditions compiled."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from hub.routing.conditions import (
    All,
    AnyOf,
    Bounds,
    Condition,
    ExtraIsOneOf,
    HasFeature,
    HasPatterns,
    IsFlag,
    IsNumber,
    IsObscene,
    IsOneOf,
    IsSpan,
    Mode,
    Not,
    Scope,
    Values,
    asked_promises,
)
from hub.routing.facts import FactsError, facts_from
from hub.routing.pattern import Pattern, PatternError, parse_pattern
from hub.routing.policy import PROMISES
from hub.routing.rule import Act, Effects, Escalate, Example, Policy, Reply, Rule
from hub.routing.rule_files import SourceFile
from hub.routing.rule_models import NOWHERE, PolicyRule, RuleSpec, TextWhen, Then, When
from hub.routing.rule_models import Bounds as BoundsSpec
from hub.sdk.findings import Keys
from hub.sdk.nearest import did_you_mean, listed

T = TypeVar("T")
ONE_VALUE = ("category", "queue", "state", "assignee", "deliver", "reply")
"""What the first rule that sets it decides."""


@dataclass(frozen=True, slots=True)
class Named:
    """A named list: where it stands, and the pack's list of the same name below it."""

    file: SourceFile
    keys: Keys
    items: tuple[str, ...]
    below: "Named | None"


class Lists:
    """Named lists of one sort; a user's takes the place of the pack's, and may take that in by its own name."""

    def __init__(self, sort: str, keys: Sequence[str], files: Sequence[SourceFile]) -> None:
        self._sort = sort
        self._named: dict[str, Named] = {}
        self._resolved: dict[tuple[str, bool], tuple[str, ...]] = {}
        for file in sorted(files, key=lambda file: not file.builtin):  # the pack first, users' lists over it
            for key in keys:
                for name, items in getattr(file.said, key).items():
                    self._add(file, (key, name), items)

    def _add(self, file: SourceFile, keys: Keys, items: tuple[str, ...]) -> None:
        name = str(keys[-1])
        other = self._named.get(name)
        if other and other.file.builtin == file.builtin:
            file.add(
                keys, f"this name is given already in {place(other.file, other.keys)}; names are unique over all files"
            )
            return
        self._named[name] = Named(file, keys, items, other)

    def all(self) -> Iterator[Named]:
        """Yield every list that counts."""
        for name in self._named.values():
            found: Named | None = name
            while found:
                yield found
                found = found.below

    def names(self) -> Iterable[str]:
        """Return the name of every list."""
        return self._named

    def counting(self, name: str) -> Iterator[Named]:
        """Yield what the list *name* is made of: what says it, and what is below where that takes it in."""
        found: Named | None = self._named[name]
        while found:
            yield found
            found = found.below if f"${name}" in found.items else None

    def flat(self, items: Iterable[str], file: SourceFile, keys: Keys, first: int = 0) -> tuple[str, ...]:
        """Return *items* with what their ``$names`` stand for, each once.

        Args:
            keys: where the items stand, for findings.
            first: the number of the first of them there.
        """
        return tuple(dict.fromkeys(self._flat(items, file, keys, (), first)))

    def _flat(
        self, items: Iterable[str], file: SourceFile, keys: Keys, within: tuple[Named, ...], first: int = 0
    ) -> Iterator[str]:
        for number, item in enumerate(items, first):
            if not item.startswith("$"):
                yield item
                continue
            found = self._named.get(item[1:])
            if found and within and found is within[-1] and found.below:
                found = found.below  # its own name: what the pack has under it
            if found is None:
                hint = did_you_mean(item[1:], self._named) or ";"
                file.add(
                    (*keys, number), f'"{item}" names no list of {self._sort}{hint} defined: {listed(self._named)}'
                )
            elif found in within:
                file.add((*keys, number), f'"{item}" takes itself in; take it out')
            else:
                yield from self._flat(found.items, found.file, found.keys, (*within, found))


def place(file: SourceFile, keys: Keys) -> str:
    """Return where *keys* stand, for a message."""
    return f"{file.name}:{file.line(keys)}"


@dataclass(slots=True)
class Compiler:
    """Compiles the rules of some files into one set; what is wrong goes to the files' findings.

    Attributes:
        numbers: of every pattern that a condition asks for, by its text.
    """

    phrases: Lists
    values: Lists
    rule_names: frozenset[str]
    numbers: dict[str, int] = field(default_factory=dict)
    _patterns: dict[str, Pattern | PatternError] = field(default_factory=dict)
    _shared: dict[Any, Any] = field(default_factory=dict)

    def take(self, patterns: Iterable[Pattern]) -> None:
        """Give the first numbers to *patterns*, in their order."""
        for pattern in patterns:
            self._patterns[pattern.source] = pattern
            self.numbers.setdefault(pattern.source, len(self.numbers))

    # --- rules and policies ---

    def rule(self, file: SourceFile, number: int, spec: RuleSpec) -> Rule:
        """Return one rule of *file*."""
        at: Keys = ("rules", number)
        when = self.when(spec.when, file, (*at, "when"))
        return Rule(
            name=spec.name,
            when=when,
            then=self._effects(spec.name, spec.then, file, (*at, "then")),
            file=file.name,
            line=file.line(at),
            builtin=file.builtin,
            asks_kind=asks_kind(spec.when),
            promises=asked_promises(when),
            examples=tuple(self._examples(spec, file, at)),
            note=spec.note,
        )

    def policy(self, file: SourceFile, number: int, spec: PolicyRule) -> Policy:
        """Return one policy of *file*."""
        at: Keys = ("sla", number)
        return Policy(
            sla=spec,
            when=self.when(spec.when, file, (*at, "when")),
            file=file.name,
            line=file.line(at),
            builtin=file.builtin,
            asks_kind=asks_kind(spec.when),
        )

    def _examples(self, spec: RuleSpec, file: SourceFile, at: Keys) -> Iterator[Example]:
        for key, items in (("match", spec.examples.match), ("no_match", spec.examples.no_match)):
            for number, raw in enumerate(items):
                where: Keys = (*at, "examples", key, number)
                row = raw if isinstance(raw, Mapping) else {"text": raw}
                try:
                    yield Example(facts_from(row, strict=True), key == "match", file.line(where))
                except FactsError as error:
                    file.add((*where, error.key), str(error))

    def _effects(self, rule: str, then: Then, file: SourceFile, at: Keys) -> Effects:
        fields = {name: getattr(then, name) for name in ONE_VALUE if getattr(then, name) is not None}
        if then.reply:
            fields["reply"] = Reply(then.reply.template, then.reply.mode, rule)
        if then.deliver is not None:
            if NOWHERE in then.deliver and len(then.deliver) > 1:
                file.add((*at, "deliver"), f"says {NOWHERE} and more; write either")
            fields["deliver"] = tuple(name for name in then.deliver if name != NOWHERE)
        return Effects(
            fields=tuple(fields.items()),
            points=then.points,
            at_least=then.at_least,
            at_most=then.at_most,
            tags=then.tags,
            escalate=tuple(
                Escalate(one.to, one.department, self.when(one.when or When(), file, (*at, "escalate", number, "when")))
                for number, one in enumerate(then.escalate)
            ),
            act=tuple(Act(one.name, one.values, one.text) for one in then.act),
            notify=then.notify,
            stop=then.stop,
        )

    # --- conditions ---

    def when(self, when: When, file: SourceFile, at: Keys) -> Condition:
        """Return *when* compiled; what is cheap to know is looked at first."""
        return self._all(list(self._conditions(when, file, at)))

    def _all(self, conditions: list[Condition]) -> Condition:
        return conditions[0] if len(conditions) == 1 else All(tuple(conditions))

    def _conditions(self, when: When, file: SourceFile, at: Keys) -> Iterator[Condition]:
        given = when.model_fields_set
        later: list[Condition] = []
        for name in given if len(given) == 1 else sorted(given, key=_ORDER.__getitem__):
            value = getattr(when, name)
            if isinstance(value, TextWhen):
                scope: Scope = "title" if name == "title" else "text"
                patterns, features = self._text(scope, value, file, (*at, name))
                yield from patterns
                later += features
            elif name in ("any_", "all_"):
                key = name.removesuffix("_")
                inner = tuple(self.when(one, file, (*at, key, number)) for number, one in enumerate(value))
                later.append(AnyOf(inner) if key == "any" else All(inner))
            elif name == "not_":
                later.append(Not(self.when(value, file, (*at, "not"))))
            elif name == "deadline":
                for promise in PROMISES:
                    if (words := getattr(value, promise)) is not None:
                        yield self._plain(f"deadline.{promise}", words, file, (*at, name, promise))
            elif name == "extra":
                for key, words in value.items():
                    yield ExtraIsOneOf(key, self._values(words, file, (*at, name, key)))
            else:
                yield self._plain(name, value, file, (*at, name))
        yield from later

    def _plain(self, key: str, value: Any, file: SourceFile, at: Keys) -> Condition:
        if isinstance(value, bool):
            return IsFlag(key, value)
        if key in ("waiting", "age"):
            spans = (value.at_least, value.at_most)
            low, high = (None if span is None else span.total_seconds() for span in spans)
            return IsSpan(key, Bounds((), low, high))
        if key in _NUMBERS:
            return IsNumber(key, _bounds(value))
        values = self._values(value, file, at)
        if key == "matched":
            for number, name in enumerate(values.shown):
                if "*" not in name and name not in self.rule_names:
                    file.add((*at, number), f'there is no rule "{name}"{did_you_mean(name, self.rule_names)}')
        return self._once((key, values.shown), lambda: IsOneOf(key, values))

    def _values(self, words: tuple[str, ...], file: SourceFile, at: Keys) -> Values:
        flat = self.values.flat(words, file, at)
        return self._once(flat, lambda: Values.of(flat))

    def _once(self, key: Any, make: Callable[[], T]) -> T:
        """Return what *make* gives, the same object for the same *key*: thousands of rules say the same few things."""
        if key not in self._shared:
            self._shared[key] = make()
        found: T = self._shared[key]
        return found

    def _text(
        self, scope: Scope, text: TextWhen, file: SourceFile, at: Keys
    ) -> tuple[list[Condition], list[Condition]]:
        patterns: list[Condition] = []
        features: list[Condition] = []
        for name in TextWhen.model_fields:
            value = getattr(text, name)
            if value is None:
                continue
            if name in _MODES:
                key = name.removesuffix("_")
                numbers = frozenset(self._numbered(value, file, (*at, key)))
                patterns.append(self._once((scope, name, numbers), partial(HasPatterns, scope, _MODES[name], numbers)))
            elif name == "obscene":
                features.append(IsObscene(scope, value))
            else:
                features.append(HasFeature(scope, name, _bounds(value)))
        return patterns, features

    def _numbered(self, sources: tuple[str, ...], file: SourceFile, at: Keys) -> Iterator[int]:
        for number, source in enumerate(sources):
            if not source.startswith("$"):
                found = self._number(source, file, (*at, number))
                if found is not None:
                    yield found
                continue
            for one in self.phrases.flat((source,), file, at, number):
                found = self._number(one, None, at)
                if found is not None:
                    yield found

    def _number(self, source: str, file: SourceFile | None, at: Keys) -> int | None:
        """Return the number of a pattern; None where it cannot be used, which is noted where it stands itself."""
        parsed = self._parsed(source)
        if isinstance(parsed, Pattern):
            return self.numbers.setdefault(source, len(self.numbers))
        if file:
            file.add(at, str(parsed))
        return None

    def _parsed(self, source: str) -> Pattern | PatternError:
        if source not in self._patterns:
            try:
                self._patterns[source] = parse_pattern(source)
            except PatternError as error:
                self._patterns[source] = error
        return self._patterns[source]

    def patterns(self) -> list[Pattern]:
        """Return the patterns that conditions ask for, in the order of their numbers."""
        return [found for source in self.numbers if isinstance(found := self._patterns[source], Pattern)]

    def check_lists(self) -> None:
        """Note what is wrong with the patterns of named lists, used or not."""
        for lists in (self.phrases, self.values):
            for named in lists.all():
                lists.flat(named.items, named.file, named.keys)
        for named in self.phrases.all():
            for number, source in enumerate(named.items):
                parsed = None if source.startswith("$") else self._parsed(source)
                if isinstance(parsed, PatternError):
                    named.file.add((*named.keys, number), str(parsed))


_MODES: Mapping[str, Mode] = {"any_": "any", "all_": "all", "none": "none"}
_NUMBERS = frozenset(
    (
        "rating",
        "followers",
        "reach",
        "engagement",
        "attachments",
        "messages",
        "unanswered",
        "score",
        "contacts_in_week",
        "open_tickets",
        "customer_tickets",
    )
)
_ORDER = {name: number for number, name in enumerate(When.model_fields)}


def _bounds(value: BoundsSpec | tuple[float, ...]) -> Bounds:
    if isinstance(value, BoundsSpec):
        return Bounds((), value.at_least, value.at_most)
    return Bounds(value)


def asks_kind(when: When) -> bool:
    """Whether *when* says anywhere for which kinds it is."""
    inner = (*(when.any_ or ()), *(when.all_ or ()), *((when.not_,) if when.not_ else ()))
    return when.kind is not None or any(map(asks_kind, inner))
