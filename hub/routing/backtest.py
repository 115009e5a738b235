"""What other rules would have done with tickets that are there: which would change, how, and by which rule.

Each ticket is decided as it was when the customer's newest message had come, so that today's clock changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from hub.routing.coverage import touching
from hub.routing.decide import Decision
from hub.routing.facts import Facts
from hub.routing.rules import RuleSet

COMPARED = ("category", "queue", "priority", "state", "deliver")
"""Fields that are compared."""

_SNIPPET = 120  # characters of a text


@dataclass(frozen=True, slots=True)
class Case:
    """One ticket to decide: its id, when it came, and what rules see of it."""

    id: str
    at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field: what it was and would be; *by* is the rule that is the reason, None where several are."""

    field: str
    before: Any
    after: Any
    by: str | None


@dataclass(frozen=True, slots=True)
class Change:
    """One ticket that would change; *gained* are rules that match only with the new, *lost* only with the old rules."""

    id: str
    at: datetime
    platform: str | None
    text: str
    fields: tuple[FieldChange, ...]
    gained: tuple[str, ...]
    lost: tuple[str, ...]


@dataclass(slots=True)
class Backtest:
    """What came of it.

    Attributes:
        changes: the first of the tickets that would change, as many as were asked for.
        by_field: how many tickets change in each field.
        by_move: how often (field, before, after, rule) happens.
        queues: tickets of each queue before and after; None is no queue.
        hours: tickets of each (queue, hour of the day) before and after.
        undecided: tickets without a category, before and after.
        untouched: tickets that no rule touches, before and after.
    """

    before: str
    after: str
    tickets: int = 0
    changed: int = 0
    changes: list[Change] = field(default_factory=list)
    by_field: Counter[str] = field(default_factory=Counter)
    by_move: Counter[tuple[str, Any, Any, str | None]] = field(default_factory=Counter)
    queues: tuple[Counter[str | None], Counter[str | None]] = field(default_factory=lambda: (Counter(), Counter()))
    hours: tuple[Counter[tuple[str | None, int]], Counter[tuple[str | None, int]]] = field(
        default_factory=lambda: (Counter(), Counter())
    )
    undecided: list[int] = field(default_factory=lambda: [0, 0])
    untouched: list[int] = field(default_factory=lambda: [0, 0])


def backtest(cases: Iterable[Case], before: RuleSet, after: RuleSet, *, zone: tzinfo, limit: int = 100) -> Backtest:
    """Decide every one of *cases* by both rule sets and compare.

    Args:
        after: loaded beside *before*, which halves the time.
        zone: the one in which hours of the day are counted.
        limit: how many changed tickets to keep.
    """
    result = Backtest(before.version, after.version)
    setters = (_Setters(before), _Setters(after))
    known = (touching(before), touching(after))
    once = after.can_read_for(before)
    for case in cases:
        reading = after.matcher.read((case.facts.title or "", *case.facts.texts)) if once else None
        decisions = (before.decide(case.facts, reading), after.decide(case.facts, reading))
        _count(result, case, decisions, known, zone)
        fields = tuple(_changes(decisions, setters))
        if fields:
            _note(result, case, decisions, fields, limit)
    return result


def _count(
    result: Backtest,
    case: Case,
    decisions: tuple[Decision, Decision],
    known: tuple[frozenset[str], frozenset[str]],
    zone: tzinfo,
) -> None:
    result.tickets += 1
    hour = case.at.astimezone(zone).hour
    for number, decision in enumerate(decisions):
        result.queues[number][decision.queue] += 1
        result.hours[number][decision.queue, hour] += 1
        result.undecided[number] += decision.category is None
        result.untouched[number] += known[number].isdisjoint(decision.rules)


def _note(
    result: Backtest,
    case: Case,
    decisions: tuple[Decision, Decision],
    fields: tuple[FieldChange, ...],
    limit: int,
) -> None:
    result.changed += 1
    for one in fields:
        result.by_field[one.field] += 1
        result.by_move[one.field, one.before, one.after, one.by] += 1
    if len(result.changes) < limit:
        old, new = (decision.rules for decision in decisions)
        gained, lost = (tuple(name for name in some if name not in other) for some, other in ((new, old), (old, new)))
        result.changes.append(Change(case.id, case.at, case.facts.platform, snippet(case.facts), fields, gained, lost))


def snippet(facts: Facts) -> str:
    """Return the beginning of a ticket's text, in one line."""
    text = " ".join(" — ".join(filter(None, (facts.title, *facts.texts))).split())
    return text if len(text) <= _SNIPPET else text[: _SNIPPET - 1] + "…"


class _Setters:
    """Which rule set a field of a decision."""

    def __init__(self, rules: RuleSet) -> None:
        self._fields: Mapping[str, Mapping[str, Any]] = {rule.name: dict(rule.then.fields) for rule in rules.rules}
        self._moving = {
            rule.name: (rule.then.points, rule.then.at_least, rule.then.at_most)
            for rule in rules.rules
            if rule.then.points or rule.then.at_least is not None or rule.then.at_most is not None
        }

    def of(self, field_name: str, decision: Decision) -> str | None:
        return next((name for name in decision.rules if field_name in self._fields[name]), None)

    def moving(self, decision: Decision) -> set[tuple[str, Any]]:
        """Return the rules of *decision* that have a say in the score, with what they say."""
        return {(name, self._moving[name]) for name in decision.rules if name in self._moving}


def _changes(decisions: tuple[Decision, Decision], setters: tuple[_Setters, _Setters]) -> Iterator[FieldChange]:
    old, new = decisions
    for name in COMPARED:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            if name == "priority":
                by = _only(setters[1].moving(new) ^ setters[0].moving(old))
            else:
                by = setters[1].of(name, new) or setters[0].of(name, old)
            yield FieldChange(name, before, after, by)


def _only(said: set[tuple[str, Any]]) -> str | None:
    names = {name for name, _ in said}
    return next(iter(names)) if len(names) == 1 else None
