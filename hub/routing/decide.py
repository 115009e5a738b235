"""A rule set and the facts of a ticket -> a decision. Pure: the same in, the same out.

Rules are read top to bottom. Each that matches adds its points and tags, and sets the fields that no rule before it has
set. What closes never beats a complaint: where a closing rule matches, the rules are read once more without any that
closes, and if one that matches then says ``complaint``, that reading stands.

The first policy that holds for what was decided sets the deadlines. Then comes aging, then the floors, then the
ceilings: the policy is chosen by the score without aging, as how much a ticket has aged depends on its policy.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from hub.routing.calendar import Calendar
from hub.routing.clock import Deadlines, deadlines
from hub.routing.conditions import Case, Condition, failures
from hub.routing.facts import Facts
from hub.routing.matcher import Matcher, Reading
from hub.routing.policy import Aging, calendar_of
from hub.routing.rule import Act, Escalation, Policy, Reply, Rule
from hub.routing.rule_models import Scale
from hub.sdk.ticket import Category, Priority, Sla, State

_OWN_WORK = frozenset(("task", "issue"))
"""Kinds that keep their own queue and clock, except for rules that ask for a kind."""

# --- what comes out -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Decision:
    """What rules make of a ticket.

    Attributes:
        category: None where no rule says; likewise queue, assignee, state and reply.
        deliver: instances; none of them is not to deliver; None where no rule says.
        policy: name of the SLA policy, None where none holds.
        sla: its deadlines; None without a policy.
        rules: names of those that matched, in order.
        ruleset: version of the rule set.
    """

    category: Category | None
    priority: Priority
    score: int
    queue: str | None
    assignee: str | None
    state: State | None
    tags: tuple[str, ...]
    deliver: tuple[str, ...] | None
    escalate: tuple[Escalation, ...]
    reply: Reply | None
    act: tuple[Act, ...]
    notify: tuple[str, ...]
    policy: str | None
    sla: Sla | None
    rules: tuple[str, ...]
    ruleset: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A field that a rule asked for and did not get; *by* is the rule that had set it, None for a person."""

    field: str
    wanted: Any
    by: str | None


Outcome = Literal["matched", "failed", "kind", "barred", "stopped"]
"""What became of a rule. failed: its conditions; kind: it is for mentions and reviews; barred: it closes, and this is a
complaint; stopped: a rule above it ended the reading."""


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule and what became of it.

    Attributes:
        failed: for ``failed``: the innermost conditions that did not hold.
        lost: for ``matched``: fields that it wanted and others had.
        by: for ``barred`` and ``stopped``: the rule that was the reason; None where a person says it is a complaint.
    """

    rule: Rule
    outcome: Outcome
    failed: tuple[Condition, ...] = ()
    lost: tuple[Taken, ...] = ()
    by: str | None = None


@dataclass(frozen=True, slots=True)
class TriedPolicy:
    """One policy and what became of it; ``failed`` and ``kind`` are as for rules."""

    policy: Policy
    outcome: Literal["taken", "failed", "kind"]
    failed: tuple[Condition, ...] = ()


@dataclass(slots=True)
class Trace:
    """How a decision came about: the decision, and every rule and policy with what became of it.

    Attributes:
        rules: in order, all of them.
        policies: up to the one that was taken.
        base, points, aging: what the score is made of.
        floor, ceiling: the strongest, with the rule that asks for it.
        share: of the deadline that counts for aging, 0 to 1.
        deadlines: None without a policy.
    """

    decision: Decision
    case: Case
    rules: tuple[Tried, ...]
    policies: tuple[TriedPolicy, ...]
    base: int
    points: int
    aging: int
    share: float
    floor: tuple[int, str] | None
    ceiling: tuple[int, str] | None
    deadlines: Deadlines | None

    @property
    def reading(self) -> Reading:
        """What was found in the text."""
        return self.case.reading


# --- deciding -------------------------------------------------------------------------------------------------------


class Rules(Protocol):
    """What deciding needs of a rule set."""

    @property
    def version(self) -> str: ...
    @property
    def rules(self) -> Sequence[Rule]: ...
    @property
    def policies(self) -> Sequence[Policy]: ...
    @property
    def calendars(self) -> Mapping[str, Calendar]: ...
    @property
    def matcher(self) -> Matcher: ...
    @property
    def scale(self) -> Scale: ...
    @property
    def aging(self) -> Aging | None: ...
    def candidates(self, facts: Facts, hits: Iterable[int]) -> Iterable[Rule]:
        """Return, in order, at least all rules that may match."""


def decide(rules: Rules, facts: Facts) -> Decision:
    """Return what *rules* make of a ticket with these *facts*."""
    reading = rules.matcher.read((facts.title or "", *facts.texts))
    read = _read(rules, facts, reading, rules.candidates(facts, reading.hits))
    return _concluded(rules, read)[0]


def trace(rules: Rules, facts: Facts) -> Trace:
    """Return the same decision, and how it came about. Takes time in proportion to the number of rules."""
    reading = rules.matcher.read((facts.title or "", *facts.texts))
    read = _read(rules, facts, reading, rules.rules)
    tried = tuple(_tried(rules, facts, reading, read))
    decision, policy, clock, share = _concluded(rules, read)
    case = read.case
    return Trace(
        decision=decision,
        case=case,
        rules=tried,
        policies=tuple(_tried_policies(rules, read, policy)),
        base=rules.scale.base,
        points=case.points,
        aging=case.aging,
        share=share,
        floor=_bound(read, "at_least", max),
        ceiling=_bound(read, "at_most", min),
        deadlines=clock,
    )


@dataclass(slots=True)
class _Read:
    """One reading of the rules: what they made of the ticket, and who did what."""

    case: Case
    matched: list[Rule] = field(default_factory=list)
    barred: bool = False

    def apply(self, rule: Rule) -> None:
        then, case = rule.then, self.case
        self.matched.append(rule)
        case.matched[rule.name] = None
        case.points += then.points
        if then.at_least is not None and (case.floor is None or then.at_least > case.floor):
            case.floor = then.at_least
        if then.at_most is not None and (case.ceiling is None or then.at_most < case.ceiling):
            case.ceiling = then.at_most
        for name, value in then.fields:
            case.fields.setdefault(name, value)
        if then.tags and "tags" not in case.facts.pinned:
            case.tags.update(dict.fromkeys(then.tags))


def _read(rules: Rules, facts: Facts, reading: Reading, candidates: Iterable[Rule]) -> _Read:
    first = _pass(rules, facts, reading, candidates, barred=False)
    if not any(rule.then.closes for rule in first.matched):
        return first
    other = _pass(rules, facts, reading, candidates, barred=True)
    by_hand = facts.pinned.get("category") == "complaint"
    return other if by_hand or any(rule.then.complains for rule in other.matched) else first


def _pass(rules: Rules, facts: Facts, reading: Reading, candidates: Iterable[Rule], *, barred: bool) -> _Read:
    read = _Read(Case(facts, reading, rules.scale), barred=barred)
    case, own_work = read.case, facts.kind in _OWN_WORK
    for rule in candidates:
        if own_work and not rule.asks_kind:
            continue
        if not rule.when.holds(case) or (barred and rule.then.closes):
            continue
        read.apply(rule)
        if rule.then.stop:
            break
    return read


def _concluded(rules: Rules, read: _Read) -> tuple[Decision, Policy | None, Deadlines | None, float]:
    case = read.case
    policy = next((one for one in rules.policies if _holds(one, case)), None)
    clock = _clock(rules, policy, case.facts)
    share = 0.0
    if rules.aging and clock and case.facts.now:
        share = clock.share_spent(rules.aging.over, case.facts.now)
        case.aging = rules.aging.grown(share)
    return _decision(rules, read, clock), policy, clock, share


def _holds(policy: Policy, case: Case) -> bool:
    return (policy.asks_kind or case.facts.kind not in _OWN_WORK) and policy.when.holds(case)


def _clock(rules: Rules, policy: Policy | None, facts: Facts) -> Deadlines | None:
    if policy is None:
        return None
    return deadlines(policy.sla, calendar_of(policy.sla, rules.calendars), facts.messages, facts.states)


def _decision(rules: Rules, read: _Read, clock: Deadlines | None) -> Decision:
    case, get, score = read.case, read.case.fields.get, read.case.score
    acts: dict[Act, None] = {}
    notify: dict[str, None] = {}
    for rule in read.matched:
        acts.update(dict.fromkeys(rule.then.act))
        notify.update(dict.fromkeys(rule.then.notify))
    return Decision(
        category=get("category"),
        priority=case.facts.pinned.get("priority") or rules.scale.priority(score),
        score=score,
        queue=get("queue"),
        assignee=get("assignee"),
        state=get("state"),
        tags=tuple(case.tags),
        deliver=get("deliver"),
        escalate=tuple(_escalations(read)),
        reply=get("reply"),
        act=tuple(acts),
        notify=tuple(notify),
        policy=clock.policy if clock else None,
        sla=clock.sla() if clock else None,
        rules=tuple(case.matched),
        ruleset=rules.version,
    )


def _escalations(read: _Read) -> Iterator[Escalation]:
    case = read.case
    known = case.known
    done: set[tuple[str, str | None]] = set()
    for rule in read.matched:
        for one in rule.then.escalate:
            case.known = True  # what asks for a known customer is proposed until there is one
            holds = one.when.holds(case)
            case.known = known
            if holds and (one.to, one.department) not in done:
                done.add((one.to, one.department))
                yield Escalation(one.to, one.department, proposed=not known)


# --- explaining -----------------------------------------------------------------------------------------------------


def _tried(rules: Rules, facts: Facts, reading: Reading, read: _Read) -> Iterator[Tried]:
    """Go through the rules once more as *read* did, and say of each what became of it."""
    again = _Read(Case(facts, reading, rules.scale))
    setters: dict[str, str] = {}
    complaint = next((rule.name for rule in read.matched if rule.then.complains), None)
    stopped: str | None = None
    for rule in rules.rules:
        if stopped is not None:
            yield Tried(rule, "stopped", by=stopped)
        elif facts.kind in _OWN_WORK and not rule.asks_kind:
            yield Tried(rule, "kind")
        elif failed := failures(rule.when, again.case):
            yield Tried(rule, "failed", failed)
        elif read.barred and rule.then.closes:
            yield Tried(rule, "barred", by=complaint)
        else:
            lost = tuple(
                Taken(name, value, setters.get(name))
                for name, value in rule.then.fields
                if name in again.case.fields and again.case.fields[name] != value
            )
            setters.update({name: rule.name for name, _ in rule.then.fields if name not in again.case.fields})
            again.apply(rule)
            stopped = rule.name if rule.then.stop else None
            yield Tried(rule, "matched", lost=lost)


def _tried_policies(rules: Rules, read: _Read, taken: Policy | None) -> Iterator[TriedPolicy]:
    aging, read.case.aging = read.case.aging, 0  # policies are chosen before aging
    for policy in rules.policies:
        if policy is taken:
            yield TriedPolicy(policy, "taken")
            break
        failed = failures(policy.when, read.case)
        yield TriedPolicy(policy, "failed" if failed else "kind", failed)
    read.case.aging = aging


def _bound(read: _Read, name: Literal["at_least", "at_most"], strongest: Any) -> tuple[int, str] | None:
    bounds = [(value, rule.name) for rule in read.matched if (value := getattr(rule.then, name)) is not None]
    return strongest(bounds, key=lambda bound: bound[0]) if bounds else None
