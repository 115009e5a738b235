"""What is wrong with rules that can be read: errors, warnings and notes, as data; each with file and line."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.routing.conditions import All, Condition, IsOneOf, Not, leaves
from hub.routing.examples import Tested, run_examples
from hub.routing.implies import GROWING, Phrases, implies, impossible
from hub.routing.policy import PROMISES
from hub.routing.rule import Effects, Policy, Rule
from hub.routing.rules import RuleSet
from hub.routing.telling import bounds
from hub.sdk.nearest import nearest

Severity = Literal["error", "warning", "note"]

SEVERITIES: Mapping[str, Severity] = {
    "bounds": "error",  # a floor above the ceiling of the same rule
    "contradiction": "error",  # what it sets is always set otherwise before
    "example": "error",
    "impossible": "error",
    "no_ability": "error",  # the instance cannot take what it is to get
    "shadowed": "error",  # nothing of what it does ever counts
    "stopped": "error",
    "unknown_instance": "error",
    "unknown_notify": "error",
    "auto_complaint": "error",  # a complaint is never answered without a person
    "cannot_act": "error",  # the source that the rule is for lacks the action
    "unknown_auto": "error",
    "unknown_template": "error",
    "unreadable": "error",
    "ascii_class": "warning",
    "ceiling": "warning",  # its floor is below the ceiling of a rule that always goes with it
    "closes_complaint": "warning",
    "duplicate": "warning",
    "letters": "warning",
    "meets": "warning",  # the same words, other values
    "never_set": "warning",
    "no_deadline": "warning",  # no policy promises what it asks for
    "no_effect": "warning",
    "no_examples": "warning",
    "policy_unreached": "warning",
    "unused_calendar": "warning",
    "unused_list": "warning",
    "yo_class": "warning",
    "no_templates": "warning",
    "nobody_can": "warning",  # no configured source has the action
    "unused_template": "warning",
    "auto_not_allowed": "note",
    "overlaps": "note",
    "same_phrase": "note",
}
"""Every kind of problem, and how bad it is."""

_MOST_POLICIES = 300  # compared each with each


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        subject: the rule, policy, list or calendar; a value where it is about one.
        about: what else there is to say, by kind.
        builtin: it concerns the built-in rules alone.
    """

    file: str
    line: int
    kind: str
    subject: str
    about: Mapping[str, Any] = field(default_factory=dict)
    builtin: bool = False

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return SEVERITIES[self.kind]


@dataclass(frozen=True, slots=True)
class Known:
    """Names that the settings give; None where nobody knows them.

    ``abilities`` are those of the instances' connectors, as far as they are known; ``actions`` those that each instance
    can do at its source, ``connectors`` the connector of each.
    """

    instances: frozenset[str] | None = None
    notify: frozenset[str] | None = None
    abilities: Mapping[str, frozenset[str]] = field(default_factory=dict)
    actions: Mapping[str, frozenset[str]] | None = None
    connectors: Mapping[str, str] = field(default_factory=dict)


def about(rule: Rule | Policy, kind: str, **more: Any) -> Problem:
    """Return a problem of a rule or policy."""
    return Problem(rule.file, rule.line, kind, rule.name, more, rule.builtin)


def lint_rules(rules: RuleSet, known: Known | None = None) -> Iterator[Problem]:
    """Yield what is wrong with each rule and policy by itself, and with its examples."""
    above = _Above()
    named = {name for rule in rules.rules for name in _matched_names(rule.when)}
    for rule in rules.rules:
        yield from _rule(rule, above, named)
        above.add(rule)
    yield from (_example(tested) for tested in run_examples(rules) if not tested.held)
    yield from _policies(rules)
    yield from _promises(rules)
    yield from _names(rules, known or Known())


def never_matching(rules: RuleSet) -> frozenset[str]:
    """Return the names of rules whose conditions cannot hold together, or that need a rule that is not above them."""
    above = _Above()
    found: set[str] = set()
    for rule in rules.rules:
        needs = (leaf for leaf in wanted_of(rule.when) if leaf.key == "matched")
        if impossible(rule.when) or any(map(above.lacks, needs)):
            found.add(rule.name)
        above.add(rule)
    return frozenset(found)


# --- rules by themselves --------------------------------------------------------------------------------------------


class _Above:
    """What the rules so far may have set."""

    def __init__(self) -> None:
        self.values: dict[str, set[str]] = {key: set() for key in GROWING}

    def add(self, rule: Rule) -> None:
        for key, value in rule.then.shown():
            if key in self.values:
                self.values[key].add(value.casefold())
        self.values["matched"].add(rule.name.casefold())

    def lacks(self, leaf: IsOneOf) -> bool:
        """Whether no rule above sets what *leaf* asks for."""
        return leaf.key in self.values and not any(map(leaf.values.has, self.values[leaf.key]))


def _rule(rule: Rule, above: _Above, named: set[str]) -> Iterator[Problem]:
    then = rule.then
    if why := impossible(rule.when):
        yield about(rule, "impossible", conditions=[shown(one) for one in why])
    for leaf in wanted_of(rule.when):
        if above.lacks(leaf):
            kind = "impossible" if leaf.key == "matched" else "never_set"
            yield about(rule, kind, key=leaf.key, values=list(leaf.values.shown), conditions=[shown(leaf)])
    if not rule.examples:
        yield about(rule, "no_examples")
    if then == Effects() and rule.name.casefold() not in named:
        yield about(rule, "no_effect")
    if then.at_least is not None and then.at_most is not None and then.at_least > then.at_most:
        yield about(rule, "bounds", at_least=then.at_least, at_most=then.at_most)
    if then.closes and then.complains:
        yield about(rule, "closes_complaint")


def wanted_of(condition: Condition) -> Iterator[IsOneOf]:
    """Yield the conditions on values without which *condition* cannot hold."""
    if isinstance(condition, IsOneOf):
        yield condition
    elif isinstance(condition, All):
        for one in condition.conditions:
            yield from wanted_of(one)


def _matched_names(condition: Condition) -> Iterator[str]:
    for leaf in leaves(condition):
        if isinstance(leaf, IsOneOf) and leaf.key == "matched":
            yield from map(str.casefold, leaf.values.shown)


def shown(condition: Condition) -> str:
    """Return one of the innermost conditions as rules write it, shortened."""
    if isinstance(condition, Not):
        return f"not: {shown(condition.condition)}"
    inner = getattr(condition, "bounds", None)
    key = ".".join(filter(None, (getattr(condition, "scope", ""), getattr(condition, "key", ""))))
    if inner is not None:
        return f"{key}: {', '.join(bounds(inner))}"
    values = getattr(condition, "values", None)
    if values is not None:
        return f"{key or getattr(condition, 'name', '')}: {', '.join(values.shown[:3])}"
    if hasattr(condition, "wanted"):
        return f"{key or 'has_text'}: {str(condition.wanted).lower()}"
    return f"{key}.{getattr(condition, 'mode', 'any')}"


def _example(tested: Tested) -> Problem:
    rule = tested.rule
    decided = {"category": tested.decision.category, "rules": list(tested.decision.rules)}
    near = tested.near.misses if tested.near else ()
    wanted = "match" if tested.example.matches else "no_match"
    more = {
        "text": tested.text,
        "wanted": wanted,
        "outcome": tested.outcome,
        "by": tested.by,
        "near": near,
        "missing": tested.missing,
        "words": [one.text for one in tested.words],
    }
    return Problem(rule.file, tested.example.line, "example", rule.name, {**more, "decided": decided}, rule.builtin)


# --- policies, names ------------------------------------------------------------------------------------------------


def _policies(rules: RuleSet) -> Iterator[Problem]:
    phrases = Phrases(rules.matcher, settled=True)
    policies = rules.policies[:_MOST_POLICIES]
    for number, policy in enumerate(policies):
        if why := impossible(policy.when):
            yield about(policy, "impossible", conditions=[shown(one) for one in why])
            continue
        first = next(
            (one for one in policies[:number] if read_alike(policy, one) and implies(policy.when, one.when, phrases)),
            None,
        )
        if first:
            yield about(policy, "policy_unreached", other=named(first))


def read_alike(strict: Rule | Policy, wide: Rule | Policy) -> bool:
    """Whether *wide* is read for every kind that *strict* is read for."""
    return wide.asks_kind or not strict.asks_kind


def named(rule: Rule | Policy) -> dict[str, Any]:
    """Return which rule another is, for a message."""
    return {"name": rule.name, "file": rule.file, "line": rule.line}


def _promises(rules: RuleSet) -> Iterator[Problem]:
    """Yield the rules that ask for deadlines which no policy sets."""
    promised = [one for one in PROMISES if any(policy.sla.seconds(one) is not None for policy in rules.policies)]
    for rule in rules.rules:
        for promise in sorted(rule.promises.difference(promised)):
            yield about(rule, "no_deadline", value=promise, known=promised)


def _names(rules: RuleSet, known: Known) -> Iterator[Problem]:
    for rule in rules.rules:
        if known.instances is not None:
            yield from _unknown(rule, "unknown_instance", _instances(rule), known.instances)
        yield from _unable(rule, known.abilities)
        if known.notify is not None:
            yield from _unknown(rule, "unknown_notify", rule.then.notify, known.notify)


def _instances(rule: Rule) -> Iterable[str]:
    fields = dict(rule.then.fields)
    yield from fields.get("deliver", ())
    yield from (one.to for one in rule.then.escalate)
    for leaf in leaves(rule.when):
        if isinstance(leaf, IsOneOf) and leaf.key == "instance":
            yield from (value for value in leaf.values.shown if "*" not in value)


def destinations_in(rule: Rule) -> Iterable[tuple[str, str]]:
    """Return the instances that *rule* sends tickets to, each once with the ability that it needs for that."""
    delivered = (("deliver", name) for name in dict(rule.then.fields).get("deliver") or ())
    escalated = (("escalate", one.to) for one in rule.then.escalate)
    return dict.fromkeys((*delivered, *escalated))


def _unable(rule: Rule, abilities: Mapping[str, frozenset[str]]) -> Iterator[Problem]:
    for ability, name in destinations_in(rule):
        if name in abilities and ability not in abilities[name]:
            able = sorted(other for other, has in abilities.items() if ability in has)
            yield about(rule, "no_ability", value=name, ability=ability, known=able)


def _unknown(rule: Rule, kind: str, names: Iterable[str], known: frozenset[str]) -> Iterator[Problem]:
    for name in dict.fromkeys(names):
        if name not in known:
            yield about(rule, kind, value=name, nearest=nearest(name, known), known=sorted(known))


def in_order(problems: Iterable[Problem], *, builtin: bool) -> Sequence[Problem]:
    """Return *problems* by file and line, each once; those of the built-in rules only where *builtin* says so."""
    wanted = [one for one in problems if builtin or not one.builtin]
    unique = {(one.file, one.line, one.kind, one.subject, repr(one.about)): one for one in wanted}
    return sorted(unique.values(), key=lambda one: (one.file, one.line, one.kind, one.subject))
