"""Conditions as data for whoever tells of them: what was wanted, and what the ticket has."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from hub.routing.conditions import (
    FLAGS,
    NUMBERS,
    SPANS,
    WORDS,
    All,
    AnyOf,
    Bounds,
    Case,
    Condition,
    ExtraIsOneOf,
    HasFeature,
    HasPatterns,
    IsFlag,
    IsNumber,
    IsObscene,
    IsOneOf,
    IsSpan,
    Leaf,
    Not,
)
from hub.routing.pattern import Pattern

_SHOWN = 6  # values of a list that are named; the others are counted


@dataclass(frozen=True, slots=True)
class Told:
    """One condition.

    Attributes:
        key: as rules write it: ``platform``, ``text``, ``text.emoji``, ``extra.topic``.
        mode: for patterns: any, all, none; empty for others.
        wanted: values, or bounds as ``>= 3``; the first few of many.
        more: how many values are left out.
        seen: what the ticket has; empty where nobody knows.
        negated: it must not hold.
    """

    key: str
    wanted: tuple[str, ...]
    seen: tuple[str, ...] = ()
    mode: str = ""
    more: int = 0
    negated: bool = False


def told(condition: Condition, case: Case, patterns: Sequence[Pattern], *, negated: bool = False) -> Iterator[Told]:
    """Yield what the innermost conditions of *condition* want and what *case* has."""
    if isinstance(condition, Not):
        yield from told(condition.condition, case, patterns, negated=not negated)
    elif isinstance(condition, All | AnyOf):
        for one in condition.conditions:
            yield from told(one, case, patterns, negated=negated)
    else:
        key, mode, wanted, seen = _parts(condition, case, patterns)
        yield Told(key, tuple(wanted[:_SHOWN]), seen, mode, max(len(wanted) - _SHOWN, 0), negated)


def held(condition: Condition, case: Case) -> Iterator[Condition]:
    """Yield the innermost conditions that are why *condition* holds; of those that must not, none."""
    if isinstance(condition, All):
        for one in condition.conditions:
            yield from held(one, case)
    elif isinstance(condition, AnyOf):
        for one in condition.conditions:
            if one.holds(case):
                yield from held(one, case)
    elif not isinstance(condition, Not):
        yield condition


def lacking(condition: Condition, case: Case) -> tuple[Condition, ...]:
    """Return the least that is missing for *condition* to hold: of alternatives only the nearest."""
    if condition.holds(case):
        return ()
    if isinstance(condition, All):
        return tuple(missing for one in condition.conditions for missing in lacking(one, case))
    if isinstance(condition, AnyOf) and condition.conditions:
        return min((lacking(one, case) for one in condition.conditions), key=len)
    return (condition,)


def _parts(leaf: Leaf, case: Case, patterns: Sequence[Pattern]) -> tuple[str, str, list[str], tuple[str, ...]]:
    match leaf:
        case HasPatterns():
            return leaf.scope, leaf.mode, sorted(patterns[index].source for index in leaf.patterns), ()
        case IsOneOf():
            return leaf.key, "", list(leaf.values.shown), tuple(filter(None, WORDS[leaf.key](case)))
        case ExtraIsOneOf():
            value = case.facts.extra.get(leaf.name)
            return f"extra.{leaf.name}", "", list(leaf.values.shown), () if value is None else (str(value),)
        case IsNumber():
            return leaf.key, "", bounds(leaf.bounds), _number(NUMBERS[leaf.key](case))
        case IsSpan():
            span = SPANS[leaf.key](case)
            return leaf.key, "", _spans(leaf.bounds), (length(span.total_seconds()),) if span is not None else ()
        case IsFlag():
            return leaf.key, "", [_flag(leaf.wanted)], _flags(FLAGS[leaf.key](case))
        case HasFeature():
            return f"{leaf.scope}.{leaf.key}", "", bounds(leaf.bounds), _feature(leaf, case)
        case IsObscene():
            return f"{leaf.scope}.obscene", "", [_flag(leaf.wanted)], _flags(case.features(leaf.scope).obscene)


def _feature(leaf: HasFeature, case: Case) -> tuple[str, ...]:
    return _number(round(getattr(case.features(leaf.scope), leaf.key), 2))


def bounds(wanted: Bounds) -> list[str]:
    """Return *wanted* as people write it."""
    if wanted.values:
        return [f"{value:g}" for value in wanted.values]
    return list(_sides(wanted.at_least, wanted.at_most, lambda value: f"{value:.10g}"))


def _spans(wanted: Bounds) -> list[str]:
    return list(_sides(wanted.at_least, wanted.at_most, length))


def _sides(low: float | None, high: float | None, shown: Callable[[float], str]) -> Iterator[str]:
    if low is not None:
        yield f">= {shown(low)}"
    if high is not None:
        yield f"<= {shown(high)}"


def length(seconds: float) -> str:
    """Return a length of time as rules write it: ``1h30m``, ``45s``."""
    left, text = round(seconds), ""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _number(value: float | None) -> tuple[str, ...]:
    return () if value is None else (f"{value:g}" if isinstance(value, float) else str(value),)


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _flags(value: bool | None) -> tuple[str, ...]:
    return () if value is None else (_flag(value),)
