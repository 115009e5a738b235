"""Why a ticket was decided as it was, to the word; as data, for whoever tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from hub.routing.clock import Deadline, Status
from hub.routing.conditions import HasPatterns
from hub.routing.decide import Decision, Outcome, Trace, Tried, TriedPolicy
from hub.routing.facts import Facts
from hub.routing.near import Near, near
from hub.routing.policy import Promise
from hub.routing.rules import RuleSet
from hub.routing.seen import Found, found
from hub.routing.telling import Told, held, told

# --- what comes out -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ByRule:
    """Points that a rule gives, or the bound that it sets."""

    rule: str
    points: int


@dataclass(frozen=True, slots=True)
class Score:
    """What a score is made of: base, the points of each rule, aging; then floor and ceiling with their rules.

    Attributes:
        share: of the deadline that is spent, 0 to 1.
        total: within floor and ceiling; what a person set where one did.
    """

    base: int
    points: tuple[ByRule, ...]
    aging: int
    share: float
    floor: ByRule | None
    ceiling: ByRule | None
    total: int
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """A field that a rule asked for.

    Attributes:
        lost: whether it got another value, and not this one.
        by: the rule that had set it before, to whatever value; None where this rule did, or where a person had.
    """

    field: str
    value: Any
    lost: bool = False
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Matched:
    """A rule that matched: what it set, and why it matched: words found, and facts."""

    name: str
    file: str
    line: int
    points: int
    at_least: int | None
    at_most: int | None
    tags: tuple[str, ...]
    stop: bool
    sets: tuple[Setting, ...]
    words: tuple[Found, ...]
    facts: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Lost:
    """A rule whose conditions hold and that did nothing: see :data:`hub.routing.decide.Outcome`; *by* is the reason."""

    name: str
    file: str
    line: int
    outcome: Outcome
    by: str | None
    words: tuple[Found, ...]


@dataclass(frozen=True, slots=True)
class PolicyTried:
    """A policy that was looked at, up to the one that was taken; *missing* is what kept it from that."""

    name: str
    file: str
    line: int
    taken: bool
    missing: tuple[Told, ...]


@dataclass(frozen=True, slots=True)
class Warn:
    """When a share of a deadline is spent."""

    at: datetime
    share: float


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline: when it is due (None while its clock stands still), how it stands, when to warn."""

    promise: Promise
    start: datetime
    due: datetime | None
    status: Status | None
    warnings: tuple[Warn, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and all that led to it.

    Attributes:
        decision: as :func:`decided` gives it.
        title: what the rules call themselves, None where they do not.
        lost: rules that would have matched, but were barred, stopped, or are for other kinds.
        near: rules that nearly matched, nearest first.
    """

    decision: Mapping[str, Any]
    title: str | None
    score: Score
    matched: tuple[Matched, ...]
    lost: tuple[Lost, ...]
    near: tuple[Near, ...]
    policies: tuple[PolicyTried, ...]
    due: tuple[Due, ...]


def decided(decision: Decision) -> dict[str, Any]:
    """Return *decision* as plain values, its deadlines left out."""
    return {
        "category": decision.category,
        "priority": decision.priority,
        "score": decision.score,
        "queue": decision.queue,
        "assignee": decision.assignee,
        "state": decision.state,
        "tags": list(decision.tags),
        "deliver": None if decision.deliver is None else list(decision.deliver),
        "escalate": [asdict(one) for one in decision.escalate],
        "reply": {"template": reply.template, "mode": reply.mode} if (reply := decision.reply) else None,
        "act": [asdict(one) for one in decision.act],
        "notify": list(decision.notify),
        "policy": decision.policy,
        "rules": list(decision.rules),
        "ruleset": decision.ruleset,
    }


# --- explaining -----------------------------------------------------------------------------------------------------


def explain(rules: RuleSet, facts: Facts, *, nearest: int = 5) -> Explanation:
    """Return why *rules* decide as they do on *facts*.

    Args:
        nearest: how many of the rules that nearly matched.
    """
    trace = rules.trace(facts)
    setters: dict[str, str] = {}
    return Explanation(
        decision=decided(trace.decision),
        title=rules.title,
        score=_score(trace),
        matched=tuple(_matched(trace, tried, setters) for tried in trace.rules if tried.outcome == "matched"),
        lost=tuple(_lost(trace)),
        near=near(trace, nearest),
        policies=tuple(_policy(trace, tried) for tried in trace.policies),
        due=tuple(_due(trace)),
    )


def _score(trace: Trace) -> Score:
    points = tuple(
        ByRule(tried.rule.name, tried.rule.then.points)
        for tried in trace.rules
        if tried.outcome == "matched" and tried.rule.then.points
    )
    by_hand = "score" in trace.case.facts.pinned
    total = trace.decision.score
    floor, ceiling = (bound and ByRule(bound[1], bound[0]) for bound in (trace.floor, trace.ceiling))
    return Score(trace.base, points, trace.aging, trace.share, floor, ceiling, total, by_hand)


def _matched(trace: Trace, tried: Tried, setters: dict[str, str]) -> Matched:
    """Return what *tried* did; *setters* are the rules above that set a field first, and take it in."""
    rule, then = tried.rule, tried.rule.then
    lost = {one.field for one in tried.lost}
    sets = tuple(Setting(name, _plain(value), name in lost, setters.get(name)) for name, value in then.fields)
    pinned = trace.case.facts.pinned
    setters.update({name: rule.name for name, _ in then.fields if name not in setters and name not in pinned})
    return Matched(
        rule.name,
        rule.file,
        rule.line,
        then.points,
        then.at_least,
        then.at_most,
        then.tags,
        then.stop,
        sets,
        words_of(trace, tried),
        tuple(_facts(trace, tried)),
    )


def _plain(value: Any) -> Any:
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def words_of(trace: Trace, tried: Tried) -> tuple[Found, ...]:
    """Return the places in the text that are why a rule matched, in their order."""
    reading = trace.reading
    places: dict[Found, None] = {}
    for leaf in held(tried.rule.when, trace.case):
        if isinstance(leaf, HasPatterns) and leaf.mode != "none":
            for index in sorted(leaf.patterns & reading.hits.keys()):
                places.update(
                    dict.fromkeys(one for one in found(reading, index) if leaf.scope == "text" or not one.part)
                )
    return tuple(sorted(places, key=lambda one: (one.part, one.start, one.end)))


def _facts(trace: Trace, tried: Tried) -> Iterator[Told]:
    for condition in held(tried.rule.when, trace.case):
        if not isinstance(condition, HasPatterns):
            yield from told(condition, trace.case, trace.reading.matcher.patterns)


def _lost(trace: Trace) -> Iterator[Lost]:
    for tried in trace.rules:
        if tried.outcome not in ("matched", "failed") and tried.rule.when.holds(trace.case):
            rule = tried.rule
            yield Lost(rule.name, rule.file, rule.line, tried.outcome, tried.by, words_of(trace, tried))


def _policy(trace: Trace, tried: TriedPolicy) -> PolicyTried:
    policy = tried.policy
    missing = (one for failed in tried.failed for one in told(failed, trace.case, trace.reading.matcher.patterns))
    return PolicyTried(policy.name, policy.file, policy.line, tried.outcome == "taken", tuple(missing))


def _due(trace: Trace) -> Iterator[Due]:
    now = trace.case.facts.now
    for deadline in trace.deadlines.all() if trace.deadlines else ():
        yield _deadline(deadline, now)


def _deadline(deadline: Deadline, now: datetime | None) -> Due:
    warnings = tuple(Warn(alarm.at, alarm.share) for alarm in deadline.warnings)
    status = deadline.status(now) if now else None
    return Due(deadline.promise, deadline.start, deadline.due, status, warnings)
