"""A rule set and the facts of a ticket -> a decision. Pure: the same in, the same out.

Rules are read top to bottom. Each that matches adds its points and tags, and sets the fields that no rule before it has
set. What closes never beats a complaint: where a closing rule matches, the rules are read once more without any that
closes, and if one that matches then says ``complaint``, that reading stands.

The first policy that holds for what was decided sets the deadlines. Then comes aging, then the floors, then the
ceilings: the policy is chosen by the score without aging, as how much a ticket has aged depends on its policy.

Where conditions ask how far a deadline has come, the rules are read twice: the first reading, in which no deadline has
come anywhere, chooses the policy whose deadlines the second one sees.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

from hub.routing.calendar import Calendar
from hub.routing.clock import Deadline, Deadlines, deadlines
from hub.routing.conditions import Case, Condition, failures
from hub.routing.facts import Facts
from hub.routing.matcher import Matcher, Reading
from hub.routing.moments import NOTHING, Ahead, Outlook, bands, outlook, standing
from hub.routing.policy import Aging, Promise, calendar_of
from hub.routing.rule import Act, Escalation, Policy, Reply, Rule
from hub.routing.rule_models import Scale
from hub.sdk.ticket import Category, Priority, Sla, State

_OWN_WORK = frozenset(("task", "issue"))
"""Kinds that keep their own queue and clock, except for rules that ask for a kind."""

# --- what comes out -------------------------------------------------------------------------------------------------


class Decision(NamedTuple):
    """What rules make of a ticket.

    Attributes:
        category: None where no rule says; likewise queue, assignee, state and reply.
        deliver: instances; none of them is not to deliver; None where no rule says.
        policy: name of the SLA policy, None where none holds.
        sla: its deadlines; None without a policy.
        rules: names of those that matched, in order.
        ruleset: version of the rule set.
        clock: its deadlines in full; see :meth:`outlook`.
        escalate_once: instances that it is escalated to because of a deadline alone.
        notify_again: names that rules tell because of a deadline, with the promises whose warning or breach is news to
            them.
        ahead: priorities that waiting will lift it to; None: it does not age.
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
    clock: Deadlines | None = None
    ahead: Ahead | None = None
    notify_again: tuple[tuple[str, frozenset[str]], ...] = ()
    escalate_once: frozenset[str] = frozenset()

    def outlook(self, facts: Facts) -> Outlook:
        """Return what the clock alone has brought to the ticket with *facts*, and when it brings the next."""
        if self.clock is None or facts.now is None:
            return NOTHING
        return outlook(self.clock, facts.now, self.state or facts.state, self.ahead)


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
    @property
    def asks_deadline(self) -> bool: ...
    def candidates(self, facts: Facts, hits: Iterable[int]) -> Iterable[Rule]:
        """Return, in order, at least all rules that may match."""


def decide(rules: Rules, facts: Facts, reading: Reading | None = None) -> Decision:
    """Return what *rules* make of a ticket with these *facts*; its text is read unless a *reading* of it is given."""
    reading = reading or rules.matcher.read((facts.title or "", *facts.texts))
    return _concluded(rules, _settled(rules, facts, reading, rules.candidates))[0]


def trace(rules: Rules, facts: Facts) -> Trace:
    """Return the same decision, and how it came about. Takes time in proportion to the number of rules."""
    reading = rules.matcher.read((facts.title or "", *facts.texts))
    case = _settled(rules, facts, reading, lambda *_: rules.rules)
    tried = tuple(_tried(rules, case))
    decision, policy, clock, share = _concluded(rules, case)
    return Trace(
        decision=decision,
        case=case,
        rules=tried,
        policies=tuple(_tried_policies(rules, case, policy)),
        base=rules.scale.base,
        points=case.points,
        aging=case.aging,
        share=share,
        floor=_bound(case, "at_least", max),
        ceiling=_bound(case, "at_most", min),
        deadlines=clock,
    )


def _settled(
    rules: Rules, facts: Facts, reading: Reading, candidates: Callable[[Facts, Iterable[int]], Iterable[Rule]]
) -> Case:
    case = _read(rules, facts, reading, candidates(facts, reading.hits))
    if not rules.asks_deadline or facts.deadline is not None or facts.now is None:
        return case
    clock = _clock(rules, _policy(rules.policies, case), facts)
    found = standing(clock, facts.now) if clock else None
    if not found:
        return case
    return _read(rules, replace(facts, deadline=found), reading, candidates(facts, reading.hits))


def _read(rules: Rules, facts: Facts, reading: Reading, candidates: Iterable[Rule]) -> Case:
    first = Case(facts, reading, rules.scale)
    if not _pass(first, candidates):
        return first
    other = Case(facts, reading, rules.scale, barred=True)
    _pass(other, candidates)
    by_hand = facts.pinned.get("category") == "complaint"
    return other if by_hand or any(rule.then.complains for rule in other.matched.values()) else first


def _pass(case: Case, candidates: Iterable[Rule]) -> bool:
    """Read the rules top to bottom into *case*; return whether one that closes matched."""
    own_work, closed = case.facts.kind in _OWN_WORK, False
    for rule in candidates:
        if (own_work and not rule.asks_kind) or not rule.when.holds(case) or (case.barred and rule.then.closes):
            continue
        _apply(rule, case)
        closed = closed or rule.then.closes
        if rule.then.stop:
            break
    return closed


def _apply(rule: Rule, case: Case) -> None:
    then = rule.then
    case.matched[rule.name] = rule
    case.points += then.points
    if then.at_least is not None and (case.floor is None or then.at_least > case.floor):
        case.floor = then.at_least
    if then.at_most is not None and (case.ceiling is None or then.at_most < case.ceiling):
        case.ceiling = then.at_most
    fields = case.fields
    for name, value in then.fields:
        if name not in fields:
            fields[name] = value
    if then.tags and "tags" not in case.facts.pinned:
        tags = case.tags
        for tag in then.tags:
            tags[tag] = None


def _concluded(rules: Rules, case: Case) -> tuple[Decision, Policy | None, Deadlines | None, float]:
    policy = _policy(rules.policies, case)
    clock = _clock(rules, policy, case.facts)
    share = 0.0
    if rules.aging and clock and case.facts.now:
        share = _waited(clock, rules.aging.over, case.facts.now)
        case.aging = rules.aging.grown(share)
    return _decision(rules, case, clock), policy, clock, share


def _ahead(rules: Rules, case: Case, clock: Deadlines | None) -> Ahead | None:
    aging, pinned = rules.aging, case.facts.pinned
    if aging is None or clock is None or (pinned and ("score" in pinned or "priority" in pinned)):
        return None
    return bands(aging, rules.scale, rules.scale.base + case.points, case.aging, case.floor, case.ceiling)


def _policy(policies: Sequence[Policy], case: Case) -> Policy | None:
    own_work = case.facts.kind in _OWN_WORK
    for policy in policies:
        if (policy.asks_kind or not own_work) and policy.when.holds(case):
            return policy
    return None


def _clock(rules: Rules, policy: Policy | None, facts: Facts) -> Deadlines | None:
    if policy is None:
        return None
    return deadlines(policy.sla, calendar_of(policy.sla, rules.calendars), facts.messages, facts.states)


def _waited(clock: Deadlines, promise: Promise, now: datetime) -> float:
    """How much of the deadline is spent; nothing once it is done: what nobody waits for does not grow."""
    deadline: Deadline | None = getattr(clock, promise)
    return deadline.share_spent(now) if deadline and deadline.done_at is None else 0.0


def _decision(rules: Rules, case: Case, clock: Deadlines | None) -> Decision:
    get, score = case.fields.get, case.score
    acts: dict[Act, None] = {}
    notify: dict[str, None] = {}
    again: list[tuple[str, frozenset[str]]] = []
    escalates = False
    for rule in case.matched.values():
        then = rule.then
        if then.act:
            acts.update(dict.fromkeys(then.act))
        if then.notify:
            notify.update(dict.fromkeys(then.notify))
            if rule.promises:
                again += [(name, rule.promises) for name in then.notify]
        escalates = escalates or bool(then.escalate)
    return Decision(
        category=get("category"),
        priority=case.facts.pinned.get("priority") or rules.scale.priority(score),
        score=score,
        queue=get("queue"),
        assignee=get("assignee"),
        state=get("state"),
        tags=tuple(case.tags),
        deliver=get("deliver"),
        escalate=tuple(_escalations(case)) if escalates else (),
        reply=get("reply"),
        act=tuple(acts),
        notify=tuple(notify),
        policy=clock.policy if clock else None,
        sla=clock.sla() if clock else None,
        rules=tuple(case.matched),
        ruleset=rules.version,
        clock=clock,
        ahead=_ahead(rules, case, clock),
        notify_again=tuple(again),
        escalate_once=_late_alone(case) if escalates else frozenset(),
    )


def _late_alone(case: Case) -> frozenset[str]:
    """Return the instances that only rules about deadlines escalate to."""
    asked = [(one.to, bool(rule.promises)) for rule in case.matched.values() for one in rule.then.escalate]
    return frozenset(to for to, late in asked if late) - {to for to, late in asked if not late}


def _escalations(case: Case) -> Iterator[Escalation]:
    """Yield what is to be opened. It is only proposed where nothing but the customer's being unknown speaks against."""
    proposed: dict[tuple[str, str | None], bool] = {}
    for rule in case.matched.values():
        for one in rule.then.escalate:
            place = (one.to, one.department)
            if one.when.holds(case):
                proposed[place] = False
            elif _holds_once_known(one.when, case):
                proposed.setdefault(place, True)
    for (to, department), only in proposed.items():
        yield Escalation(to, department, proposed=only)


def _holds_once_known(when: Condition, case: Case) -> bool:
    known, case.known = case.known, True
    holds = when.holds(case)
    case.known = known
    return holds


# --- explaining -----------------------------------------------------------------------------------------------------


def _tried(rules: Rules, read: Case) -> Iterator[Tried]:
    """Go through the rules once more as when *read* came about, and say of each what became of it."""
    again = Case(read.facts, read.reading, rules.scale)
    setters: dict[str, str] = {}
    complaint = next((rule.name for rule in read.matched.values() if rule.then.complains), None)
    stopped: str | None = None
    for rule in rules.rules:
        if stopped is not None:
            yield Tried(rule, "stopped", by=stopped)
        elif read.facts.kind in _OWN_WORK and not rule.asks_kind:
            yield Tried(rule, "kind")
        elif failed := failures(rule.when, again):
            yield Tried(rule, "failed", failed)
        elif read.barred and rule.then.closes:
            yield Tried(rule, "barred", by=complaint)
        else:
            lost = tuple(
                Taken(name, value, setters.get(name))
                for name, value in rule.then.fields
                if name in again.fields and again.fields[name] != value
            )
            setters.update({name: rule.name for name, _ in rule.then.fields if name not in again.fields})
            _apply(rule, again)
            stopped = rule.name if rule.then.stop else None
            yield Tried(rule, "matched", lost=lost)


def _tried_policies(rules: Rules, case: Case, taken: Policy | None) -> Iterator[TriedPolicy]:
    aging, case.aging = case.aging, 0  # policies are chosen before aging
    for policy in rules.policies:
        if policy is taken:
            yield TriedPolicy(policy, "taken")
            break
        failed = failures(policy.when, case)
        yield TriedPolicy(policy, "failed" if failed else "kind", failed)
    case.aging = aging


def _bound(case: Case, name: Literal["at_least", "at_most"], strongest: Any) -> tuple[int, str] | None:
    bounds = [(value, rule.name) for rule in case.matched.values() if (value := getattr(rule.then, name)) is not None]
    return strongest(bounds, key=lambda bound: bound[0]) if bounds else None
