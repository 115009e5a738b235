"""The examples in the rules: does each do what its rule says of it?"""

from collections.abc import Iterator
from dataclasses import dataclass

from hub.routing.decide import Decision
from hub.routing.explain import words_of
from hub.routing.near import Near, near
from hub.routing.rule import Example, Rule
from hub.routing.rules import RuleSet
from hub.routing.seen import Found
from hub.routing.telling import Told, lacking, told

_EVERY = 1_000_000  # more than rules any set has


@dataclass(frozen=True, slots=True)
class Tested:
    """One example of one rule.

    Attributes:
        held: whether the rule matched where it must, or did not where it must not.
        decision: what was decided on the example.
        outcome: what became of the rule, as in :data:`hub.routing.decide.Outcome`.
        by: the rule that was the reason for it, for ``barred`` and ``stopped``.
        near: how near the rule was, where it failed and was near at all.
        missing: the least of facts and phrases that it lacked, where it failed.
        words: what was found, where it matched and must not.
    """

    rule: Rule
    example: Example
    held: bool
    decision: Decision
    outcome: str = ""
    by: str | None = None
    near: Near | None = None
    missing: tuple[Told, ...] = ()
    words: tuple[Found, ...] = ()

    @property
    def text(self) -> str:
        """What the example says: its title and texts."""
        facts = self.example.facts
        return "\n".join(filter(None, (facts.title, *facts.texts)))


def run_examples(rules: RuleSet) -> Iterator[Tested]:
    """Decide every example of every rule; only those that do not hold are looked into."""
    for rule in rules.rules:
        for example in rule.examples:
            decision = rules.decide(example.facts)
            held = (rule.name in decision.rules) == example.matches
            yield Tested(rule, example, held, decision) if held else _failed(rules, rule, example, decision)


def _failed(rules: RuleSet, rule: Rule, example: Example, decision: Decision) -> Tested:
    trace = rules.trace(example.facts)
    tried = next(one for one in trace.rules if one.rule is rule)
    nearest = next((one for one in near(trace, _EVERY) if one.name == rule.name), None)
    missing = lacking(rule.when, trace.case) if tried.outcome == "failed" else ()
    return Tested(
        rule,
        example,
        False,
        decision,
        tried.outcome,
        tried.by,
        nearest,
        tuple(said for one in missing for said in told(one, trace.case, trace.reading.matcher.patterns)),
        words_of(trace, tried) if tried.outcome == "matched" else (),
    )
