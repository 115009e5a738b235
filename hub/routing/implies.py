"""Does one condition follow from another; can one hold at all? What is said here is proved; what cannot be is not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

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
    IsObscene,
    IsOneOf,
    IsSpan,
    Not,
    Values,
)
from hub.routing.facts import STARS
from hub.routing.matcher import Matcher

GROWING = frozenset(("category", "queue", "assignee", "deliver", "tags", "matched"))
"""What rules set and never take back: what does not hold yet may hold further down."""

_CHANGING = GROWING | {"state", "priority", "score"}
_ONE_VALUE = frozenset(
    (
        "kind",
        "platform",
        "connector",
        "instance",
        "sentiment",
        "state",
        "category",
        "queue",
        "assignee",
        "city",
        "country",
        "url",
        *DEADLINE,
    )
)
_SHARES = frozenset(("mixed_script", "capitals"))


@dataclass(slots=True)
class Phrases:
    """Which patterns are found wherever another is: the same words, or one of its words alone.

    Attributes:
        settled: both are seen when all rules were read, as conditions of policies are; else *wide* is seen earlier.
    """

    matcher: Matcher
    settled: bool = False
    _alone: dict[int, set[int]] = field(default_factory=dict)
    _words: list[tuple[int, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, pattern in enumerate(self.matcher.patterns):
            words = tuple(self.matcher.vocabulary.add(step.word) for step in pattern.steps)
            self._words.append(words)
            if len(words) == 1 and not pattern.steps[0].not_after:
                self._alone.setdefault(words[0], set()).add(index)

    def wider(self, index: int) -> set[int]:
        """Return the patterns that are found wherever the pattern *index* is, itself among them."""
        return {index}.union(*(self._alone.get(word, ()) for word in self._words[index]))

    def depends(self, condition: Condition) -> bool:
        """Whether *condition* may hold where a rule is, and not further up."""
        return not self.settled and _depends(condition)


def implies(strict: Condition, wide: Condition, phrases: Phrases) -> bool:
    """Whether *wide* holds wherever *strict* does, where *wide* belongs to an earlier rule. False: it is not proved."""
    if strict == wide and not phrases.depends(wide):
        return True
    if isinstance(wide, All):
        return all(implies(strict, one, phrases) for one in wide.conditions)
    if isinstance(strict, AnyOf):
        return all(implies(one, wide, phrases) for one in strict.conditions)
    if isinstance(wide, AnyOf) and any(implies(strict, one, phrases) for one in wide.conditions):
        return True
    if isinstance(strict, All):
        return any(implies(one, wide, phrases) for one in strict.conditions)
    if isinstance(wide, Not):
        if isinstance(strict, Not):
            return (phrases.settled or _grows(strict.condition)) and _within(wide.condition, strict.condition, phrases)
        return not phrases.depends(strict) and not phrases.depends(wide) and _disjoint(strict, wide.condition)
    return not phrases.depends(wide) and _leaf(strict, wide, phrases)


def _within(strict: Condition, wide: Condition, phrases: Phrases) -> bool:
    """As :func:`implies`, for what must not hold: what an earlier rule does not see, a later one may."""
    if strict == wide:
        return True
    if isinstance(strict, AnyOf):
        return all(_within(one, wide, phrases) for one in strict.conditions)
    if isinstance(wide, AnyOf):
        return any(_within(strict, one, phrases) for one in wide.conditions)
    return _leaf(strict, wide, phrases)


def _depends(condition: Condition) -> bool:
    """Whether *condition* asks for what rules change, so that it may hold here and not further up."""
    if isinstance(condition, Not):
        return _depends(condition.condition)
    if isinstance(condition, All | AnyOf):
        return any(map(_depends, condition.conditions))
    return getattr(condition, "key", "") in _CHANGING


def _grows(condition: Condition) -> bool:
    """Whether *condition*, once it holds, holds for all rules below."""
    if isinstance(condition, All | AnyOf):
        return all(map(_grows, condition.conditions))
    return not isinstance(condition, Not) and getattr(condition, "key", "") not in _CHANGING - GROWING


def _leaf(strict: Condition, wide: Condition, phrases: Phrases) -> bool:
    if isinstance(strict, HasPatterns) and isinstance(wide, HasPatterns):
        return _patterns_within(strict, wide, phrases)
    if isinstance(strict, HasPatterns):
        return strict.mode != "none" and wide == IsFlag("has_text", True)
    return _plain_within(strict, wide)


def _plain_within(strict: Condition, wide: Condition) -> bool:
    if strict == wide:
        return True
    if isinstance(strict, IsOneOf) and isinstance(wide, IsOneOf):
        return strict.key == wide.key and _values_within(strict.values, wide.values)
    if isinstance(strict, ExtraIsOneOf) and isinstance(wide, ExtraIsOneOf):
        return strict.name == wide.name and _values_within(strict.values, wide.values)
    both = _both_bounds(strict, wide)
    return both is not None and _bounds_within(*both)


def _both_bounds(one: Condition, other: Condition) -> tuple[Bounds, Bounds] | None:
    """Return the bounds of two conditions on the same number."""
    first, second = _numbered(one), _numbered(other)
    return (first[1], second[1]) if first and second and first[0] == second[0] else None


def _numbered(condition: Condition) -> tuple[str, Bounds] | None:
    if isinstance(condition, HasFeature):
        return f"{condition.scope}.{condition.key}", condition.bounds
    return (condition.key, condition.bounds) if isinstance(condition, IsNumber | IsSpan) else None


def _flagged(condition: Condition) -> tuple[str, bool] | None:
    if isinstance(condition, IsObscene):
        return f"{condition.scope}.obscene", condition.wanted
    return (condition.key, condition.wanted) if isinstance(condition, IsFlag) else None


def _values_within(strict: Values, wide: Values) -> bool:
    return set(strict.globs) <= set(wide.globs) and all(map(wide.has, strict.exact))


def _bounds_within(strict: Bounds, wide: Bounds) -> bool:
    if strict.values:
        return all(map(wide.has, strict.values))
    if wide.values:
        return False
    low = wide.at_least is None or (strict.at_least is not None and strict.at_least >= wide.at_least)
    return low and (wide.at_most is None or (strict.at_most is not None and strict.at_most <= wide.at_most))


def _patterns_within(strict: HasPatterns, wide: HasPatterns, phrases: Phrases) -> bool:
    if strict.scope != wide.scope and (strict.scope, wide.scope) != ("title", "text"):
        return False
    if "none" in (strict.mode, wide.mode):
        return strict == wide or (strict.mode == wide.mode == "none" and strict.scope == wide.scope
                                  and wide.patterns <= strict.patterns)  # fmt: skip
    reached = [not wide.patterns.isdisjoint(phrases.wider(index)) for index in strict.patterns]
    if wide.mode == "any" or len(wide.patterns) == 1:
        return all(reached) if strict.mode == "any" else any(reached)
    return strict.mode == "all" and wide.patterns <= strict.patterns


# --- what cannot hold -----------------------------------------------------------------------------------------------


def impossible(condition: Condition) -> tuple[Condition, ...]:
    """Return conditions that keep *condition* from ever holding: one that cannot, or two that exclude each other."""
    if isinstance(condition, AnyOf):
        each = [impossible(one) for one in condition.conditions]
        return each[0] if each and all(each) else ()
    if isinstance(condition, All):
        return _impossible_together(tuple(_flat(condition.conditions)))
    return (condition,) if _empty(condition) else ()


def _flat(conditions: Iterable[Condition]) -> Iterable[Condition]:
    for one in conditions:
        if isinstance(one, All):
            yield from _flat(one.conditions)
        else:
            yield one


def _impossible_together(conditions: Sequence[Condition]) -> tuple[Condition, ...]:
    for number, one in enumerate(conditions):
        alone = impossible(one)
        if alone:
            return alone
        for other in conditions[number + 1 :]:
            if _disjoint(one, other):
                return (one, other)
    return ()


def _disjoint(one: Condition, other: Condition) -> bool:
    """Whether the two can never hold together."""
    if isinstance(one, Not) or isinstance(other, Not):
        inner, plain = (one.condition, other) if isinstance(one, Not) else (other, one)
        inner = inner.condition if isinstance(inner, Not) else inner
        return not isinstance(plain, Not) and _never_without(plain, inner)
    if isinstance(one, AnyOf):
        return all(_disjoint(inner, other) for inner in one.conditions)
    if isinstance(other, AnyOf):
        return all(_disjoint(one, inner) for inner in other.conditions)
    if isinstance(one, IsOneOf) and isinstance(other, IsOneOf) and one.key == other.key and one.key in _ONE_VALUE:
        return _apart(one.values, other.values) and _apart(other.values, one.values)
    if isinstance(one, HasPatterns) and isinstance(other, HasPatterns):
        return _barred(one, other) or _barred(other, one)
    if isinstance(one, HasPatterns) or isinstance(other, HasPatterns):
        return IsFlag("has_text", False) in (one, other) and not _is_none(one) and not _is_none(other)
    first, second = _flagged(one), _flagged(other)
    if first and second:
        return first[0] == second[0] and first[1] != second[1]
    both = _both_bounds(one, other)
    return both is not None and _bounds_apart(*both)


def _is_none(condition: Condition) -> bool:
    return isinstance(condition, HasPatterns) and condition.mode == "none"


def _never_without(plain: Condition, barred: Condition) -> bool:
    """Whether *barred* holds wherever *plain* does, seen by the same rule."""
    if isinstance(barred, All):
        return all(_never_without(plain, one) for one in barred.conditions)
    if isinstance(barred, AnyOf):
        return any(_never_without(plain, one) for one in barred.conditions)
    if isinstance(plain, HasPatterns) and isinstance(barred, HasPatterns) and plain != barred:
        same = plain.mode == barred.mode == "any" and plain.scope == barred.scope
        return same and plain.patterns <= barred.patterns
    return _plain_within(plain, barred)


def _apart(one: Values, other: Values) -> bool:
    return not one.globs and not any(map(other.has, one.exact))


def _bounds_apart(one: Bounds, other: Bounds) -> bool:
    if one.values or other.values:
        few, many = (one, other) if one.values else (other, one)
        return not any(map(many.has, few.values))
    return _above(one, other) or _above(other, one)


def _above(one: Bounds, other: Bounds) -> bool:
    return one.at_least is not None and other.at_most is not None and one.at_least > other.at_most


def _barred(one: HasPatterns, none: HasPatterns) -> bool:
    if none.mode != "none" or one.mode == "none" or not (one.scope == none.scope or none.scope == "text"):
        return False
    found = one.patterns & none.patterns
    return found == one.patterns if one.mode == "any" else bool(found)


def _empty(condition: Condition) -> bool:
    """Whether a number is wanted that there never is."""
    match condition:
        case IsNumber():
            most = STARS if condition.key == "rating" else None
            return _bounds_empty(condition.bounds, None if condition.key == "score" else 0, most)
        case HasFeature():
            return _bounds_empty(condition.bounds, 0, 1 if condition.key in _SHARES else None)
        case IsSpan():
            return _bounds_empty(condition.bounds, 0, None)
    return False


def _bounds_empty(wanted: Bounds, low: float | None, high: float | None) -> bool:
    if wanted.values:
        return not any(Bounds((), low, high).has(value) for value in wanted.values)
    reach = Bounds((), low, high)
    return _above(wanted, wanted) or _bounds_apart(wanted, reach)
