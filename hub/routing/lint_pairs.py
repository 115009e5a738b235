"""Rules that meet: one undoes, repeats or hides another. Each is shown by a ticket on which it happens.

Rules are not compared each with each. A rule's own examples and a ticket made up from its conditions are decided, and
it is compared with those that matched there; and rules that look for the same phrase are compared on that phrase.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from hub.routing.conditions import All, AnyOf, Condition, HasPatterns, IsOneOf, Not, needed_values
from hub.routing.facts import Facts, facts_from
from hub.routing.implies import Phrases, implies
from hub.routing.lint import Problem, about, named, never_matching, read_alike
from hub.routing.rule import Effects, Rule
from hub.routing.rules import RuleSet
from hub.routing.witness import Row, Witnesses

_EXAMPLES = 2  # of a rule that are looked at
_OTHERS = 40  # rules that match on the same ticket
_MEETINGS = 3  # of a rule that are told
_PHRASES = 20  # of a rule that stand in others too
_CASES_KIND = frozenset(("mention", "review"))


@dataclass(frozen=True, slots=True)
class _Shown:
    """A ticket on which a rule was decided: as a row for people, and the rules that matched."""

    row: Row
    matched: tuple[str, ...]


def lint_pairs(rules: RuleSet) -> Iterator[Problem]:
    """Yield contradictions, shadowed rules and duplicates, among rules that can match."""
    pairs = _Pairs(rules)
    never = never_matching(rules)
    for rule in rules.rules:
        if rule.name not in never:
            yield from pairs.about(rule)


class _Pairs:
    def __init__(self, rules: RuleSet) -> None:
        self._rules = rules
        self._by_name = {rule.name: rule for rule in rules.rules}
        self._places = {rule.name: number for number, rule in enumerate(rules.rules)}
        self._phrases = Phrases(rules.matcher)
        self._settled = Phrases(rules.matcher, settled=True)
        self._witnesses = Witnesses(rules.rules, rules.matcher.patterns)
        self._same: dict[Any, Rule] = {}
        self._dead: set[str] = set()  # said to be shadowed or the same as another; what they meet says nothing more
        self._users: dict[int, list[Rule]] = {}
        for rule in rules.rules:
            for pattern in _positive(rule.when):
                self._users.setdefault(pattern, []).append(rule)

    def about(self, rule: Rule) -> Iterator[Problem]:
        """Yield what is wrong between *rule* and those above it."""
        shown = list(self._shown(rule))
        above = self._above(rule, shown)
        proved = [other for other in above if self._follows(rule, other)]
        stop = next((other for other in proved if other.then.stop and not other.then.closes), None)
        yield from self._ceilings(rule, shown)
        if stop:
            yield about(rule, "stopped", other=named(stop))
            return
        twin = self._twin(rule)
        hiding = self._hiding(rule, proved)
        if hiding and not twin and _only_sets(rule.then) and len(hiding) == len(rule.then.fields):
            self._dead.add(rule.name)
            yield about(rule, "shadowed", others=_others(hiding), witness=_row_with(shown, hiding[0][2]))
            return
        contradictions = list(self._contradictions(rule, hiding, shown))
        yield from contradictions
        if twin:
            self._dead.add(rule.name)
        if twin and all(one.about["other"]["name"] != twin.name for one in contradictions):
            yield about(rule, "duplicate", other=named(twin))
        yield from self._meetings(rule, above, proved, shown)

    # --- what is looked at ---

    def _shown(self, rule: Rule) -> Iterator[_Shown]:
        examples = (example.facts for example in rule.examples if example.matches)
        for facts in islice(examples, _EXAMPLES):
            yield _Shown(_row_of(facts), self._rules.decide(facts).rules)
        made = self._made(rule)
        if made:
            yield made

    def _made(self, rule: Rule, pattern: int | None = None) -> _Shown | None:
        row = self._witnesses.of(rule.when, with_pattern=pattern)
        return None if row is None else _Shown(row, self._rules.decide(facts_from(row)).rules)

    def _above(self, rule: Rule, shown: list[_Shown]) -> list[Rule]:
        place = self._places[rule.name]
        names = dict.fromkeys(name for one in shown for name in one.matched if self._places[name] < place)
        return [self._by_name[name] for name in islice(sorted(names, key=self._places.__getitem__), _OTHERS)]

    def _follows(self, rule: Rule, other: Rule) -> bool:
        """Whether *other* matches wherever *rule* does."""
        kinds = needed_values(rule.when, "kind")
        alike = read_alike(rule, other) or (kinds is not None and kinds <= _CASES_KIND)
        return alike and implies(rule.when, other.when, self._phrases)

    # --- what is said ---

    def _twin(self, rule: Rule) -> Rule | None:
        key = (_canonical(rule.when), rule.asks_kind)
        first = self._same.setdefault(key, rule)
        return first if first is not rule and rule.when != All(()) else None

    def _hiding(self, rule: Rule, proved: list[Rule]) -> list[tuple[str, Any, Rule]]:
        """Return what *rule* sets and a rule that always goes before it has set, with that rule."""
        found = []
        for name, value in rule.then.fields:
            first = next((one for one in proved if not one.then.closes and name in dict(one.then.fields)), None)
            if first:
                found.append((name, value, first))
        return found

    def _contradictions(
        self, rule: Rule, hiding: list[tuple[str, Any, Rule]], shown: list[_Shown]
    ) -> Iterator[Problem]:
        for name, value, first in hiding:
            other = dict(first.then.fields)[name]
            if other != value:
                witness = _row_with(shown, first)
                yield about(rule, "contradiction", field=name, value=_plain(value), other=named(first),
                            other_value=_plain(other), witness=witness)  # fmt: skip

    def _meetings(self, rule: Rule, above: list[Rule], proved: list[Rule], shown: list[_Shown]) -> Iterator[Problem]:
        told = {one.name for one in proved} | self._dead
        by_phrase = ((other, one, "meets") for other, one in self._on_shared_phrases(rule))
        by_ticket = ((other, one, "overlaps") for other in above if (one := _with(shown, other)))
        found: list[Problem] = []
        for other, one, kind in chain(by_phrase, by_ticket):
            if other.name not in told and rule.name in one.matched:
                told.add(other.name)
                found += self._meeting(rule, other, one, kind)
            if len(found) == _MEETINGS:
                break
        yield from found

    def _meeting(self, rule: Rule, other: Rule, shown: _Shown, kind: str) -> Iterator[Problem]:
        theirs = dict(other.then.fields)
        ours = {name: value for name, value in rule.then.fields if theirs.get(name, value) != value}
        if ours and not implies(other.when, rule.when, self._settled):
            name, value = next(iter(ours.items()))
            yield about(rule, kind, field=name, value=_plain(value), other=named(other),
                        other_value=_plain(theirs[name]), witness=shown.row)  # fmt: skip

    def _on_shared_phrases(self, rule: Rule) -> Iterator[tuple[Rule, _Shown]]:
        place = self._places[rule.name]
        shared = (index for index in sorted(_positive(rule.when)) if len(self._users[index]) > 1)
        for index in islice(shared, _PHRASES):
            others = [one for one in self._users[index] if self._places[one.name] < place and _differ(one, rule)]
            one = self._made(rule, index) if others else None
            if one and rule.name in one.matched:
                yield from ((other, one) for other in others if other.name in one.matched)

    def _ceilings(self, rule: Rule, shown: list[_Shown]) -> Iterator[Problem]:
        floor = rule.then.at_least
        if floor is None:
            return
        for name in dict.fromkeys(name for one in shown if rule.name in one.matched for name in one.matched):
            other = self._by_name[name]
            ceiling = other.then.at_most
            if other is not rule and ceiling is not None and ceiling < floor and implies(
                rule.when, other.when, self._settled
            ):  # fmt: skip
                witness = _row_with(shown, other)
                yield about(rule, "ceiling", at_least=floor, at_most=ceiling, other=named(other), witness=witness)


def _only_sets(then: Effects) -> bool:
    return bool(then.fields) and then == Effects(fields=then.fields)


def _differ(one: Rule, other: Rule) -> bool:
    theirs = dict(one.then.fields)
    return any(name in theirs and theirs[name] != value for name, value in other.then.fields)


def _others(hiding: list[tuple[str, Any, Rule]]) -> list[dict[str, Any]]:
    return list({rule.name: named(rule) for _, _, rule in hiding}.values())


def _with(shown: list[_Shown], other: Rule) -> _Shown | None:
    return next((one for one in shown if other.name in one.matched), None)


def _row_with(shown: list[_Shown], other: Rule) -> Row | None:
    found = _with(shown, other)
    return found.row if found else None


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else getattr(value, "template", value)


def _row_of(facts: Facts) -> Row:
    """Return the facts of an example as a person would write them."""
    text = "\n".join(facts.texts)
    row = {"title": facts.title, "text": text, "platform": facts.platform, "kind": facts.kind, "rating": facts.rating}
    return {key: value for key, value in row.items() if value not in (None, "")}


def _positive(condition: Condition) -> frozenset[int]:
    """Return the patterns that *condition* looks for."""
    if isinstance(condition, All | AnyOf):
        return frozenset().union(*map(_positive, condition.conditions))
    return condition.patterns if isinstance(condition, HasPatterns) and condition.mode != "none" else frozenset()


def _canonical(condition: Condition) -> Any:
    """Return the same for conditions that say the same in another order."""
    if isinstance(condition, All | AnyOf):
        return type(condition).__name__, frozenset(map(_canonical, condition.conditions))
    if isinstance(condition, Not):
        return "Not", _canonical(condition.condition)
    if isinstance(condition, IsOneOf):
        return condition.key, condition.values.exact, frozenset(condition.values.globs)
    return condition
