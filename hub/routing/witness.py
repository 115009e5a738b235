"""A ticket that a rule would match, made up from its conditions: what shows that two rules meet."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.routing.conditions import (
    DEADLINE,
    All,
    AnyOf,
    Bounds,
    Condition,
    ExtraIsOneOf,
    HasFeature,
    HasPatterns,
    IsFlag,
    IsNumber,
    IsOneOf,
    IsSpan,
    Values,
)
from hub.routing.facts import FACT_KEYS
from hub.routing.pattern import Pattern
from hub.routing.rule import Rule
from hub.routing.telling import length

Row = dict[str, Any]
"""Keys of an example in a rule, so that a person can paste it there."""

_DEEPEST = 4  # rules that set what the next one asks for
_SIGNS: Mapping[str, str] = {"exclamations": "!", "questions": "?", "emoji": "🙂", "links": " https://example.com"}


class Witnesses:
    """Makes up tickets for the rules of one set."""

    def __init__(self, rules: Sequence[Rule], patterns: Sequence[Pattern]) -> None:
        self._patterns = patterns
        self._setters: dict[tuple[str, str], Rule] = {}
        for rule in rules:
            self._setters.setdefault(("matched", rule.name), rule)
            for key, value in rule.then.shown():
                self._setters.setdefault((key, value), rule)

    def of(self, condition: Condition, *, with_pattern: int | None = None) -> Row | None:
        """Return what should make *condition* hold; whoever needs it to be so decides it and looks.

        Args:
            with_pattern: the pattern whose words to take where there is a choice.
        Returns:
            None where nothing can be made up, as for an expression.
        """
        row: Row = {}
        return row if self._fill(row, condition, with_pattern, 0) else None

    def _fill(self, row: Row, condition: Condition, preferred: int | None, depth: int) -> bool:
        match condition:
            case All():
                return all(self._fill(row, one, preferred, depth) for one in condition.conditions)
            case AnyOf():
                return any(self._fill(row, one, preferred, depth) for one in _ordered(condition, preferred))
            case HasPatterns():
                return self._words(row, condition, preferred)
            case IsOneOf():
                return self._value(row, condition, preferred, depth)
            case ExtraIsOneOf():
                row.setdefault("extra", {})[condition.name] = _first(condition.values)
            case IsNumber():
                if condition.key != "score":
                    row[condition.key] = _number(condition.bounds)
            case IsSpan():
                row[condition.key] = length(_number(condition.bounds))
            case IsFlag():
                _flag(row, condition)
            case HasFeature():
                _feature(row, condition)
        return True

    def _words(self, row: Row, condition: HasPatterns, preferred: int | None) -> bool:
        if condition.mode == "none":
            return True
        indexes = sorted(condition.patterns, key=lambda index: (index != preferred, index))
        samples = [sample for index in indexes if (sample := self.sample(index))]
        if condition.mode == "all" and len(samples) < len(indexes):
            return False
        for sample in samples if condition.mode == "all" else samples[:1]:
            _say(row, sample, condition.scope)
        return bool(samples)

    def sample(self, index: int) -> str:
        """Return words that the pattern *index* matches; empty for an expression."""
        return " ".join(step.word.text for step in self._patterns[index].steps)

    def _value(self, row: Row, condition: IsOneOf, preferred: int | None, depth: int) -> bool:
        key, value = condition.key, _first(condition.values)
        if key in DEADLINE:
            row.setdefault("deadline", {}).setdefault(DEADLINE[key], value)
            return True
        if key in FACT_KEYS:
            row.setdefault(key, value)
            return True
        setter = next((self._setters[key, one] for one in condition.values.shown if (key, one) in self._setters), None)
        if setter is None or depth >= _DEEPEST:
            return key == "priority"
        return self._fill(row, setter.when, preferred, depth + 1)


def _ordered(condition: AnyOf, preferred: int | None) -> Iterator[Condition]:
    holds = [one for one in condition.conditions if isinstance(one, HasPatterns) and preferred in one.patterns]
    yield from holds
    yield from (one for one in condition.conditions if one not in holds)


def _first(values: Values) -> str:
    plain = [value for value in values.shown if "*" not in value]
    return plain[0] if plain else values.shown[0].replace("*", "") or "x"


def _number(bounds: Bounds) -> float:
    if bounds.values:
        return bounds.values[0]
    found = bounds.at_least if bounds.at_least is not None else bounds.at_most
    return 0 if found is None else int(found) if found == int(found) else found


def _say(row: Row, words: str, scope: str) -> None:
    key = "title" if scope == "title" else "text"
    said = row.get(key)
    if said is None or words not in said:
        row[key] = words if said is None else f"{said}. {words}"


def _flag(row: Row, condition: IsFlag) -> None:
    if condition.key != "has_text":
        row[condition.key] = condition.wanted
    elif condition.wanted:
        row.setdefault("text", "текст")


def _feature(row: Row, condition: HasFeature) -> None:
    sign = _SIGNS.get(condition.key)
    key = "title" if condition.scope == "title" else "text"
    if sign:
        row[key] = row.get(key, "") + sign * int(_number(condition.bounds))
    elif condition.key == "capitals":
        row[key] = row.get(key, "текст").upper()
    elif condition.key in ("length", "words") and condition.bounds.at_least:
        row[key] = (row.get(key, "") + " слово" * int(condition.bounds.at_least)).strip()
