"""Whatever rules a person writes and whatever ticket comes, routing decides, and by the promises of its order."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.routing.decide import Decision
from hub.routing.facts import Customer, Facts
from hub.routing.rules import RuleSet
from tests.unit.routing.folder import rules_of

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WORDS = ("карта", "украсть деньги", "мошенн*", "=банк", "!не вклад", "спасибо~", "re:\\d{3}")
TEXTS = ("Карту украли", "украли у меня деньги 123", "мошенники в банке", "не вклад", "спосибо", "КАРТА!!!", "", "🙈")
PLATFORMS = ("vk.com", "ok.ru", "banki.ru")
CATEGORIES = ("complaint", "praise", "spam")
STATES = ("new", "open", "closed", "pending")
FIELDS = ("category", "queue", "state", "assignee", "deliver")

numbers = st.integers(-2, 5)
bounds = numbers | st.fixed_dictionaries({"at_least": numbers}, optional={"at_most": numbers})
spans = st.fixed_dictionaries({"at_least": st.sampled_from(("0s", "30m", "2h"))})


def some(*values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


def listed(of: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(of, min_size=1, max_size=3)


text_whens = st.fixed_dictionaries(
    {},
    optional={
        "any": some(*WORDS),
        "all": some(*WORDS),
        "none": some(*WORDS),
        "obscene": st.booleans(),
        "exclamations": bounds,
        "capitals": bounds,
    },
)
plain_whens = {
    "text": text_whens | some(*WORDS),
    "title": text_whens,
    "kind": some("mention", "review", "task"),
    "platform": some(*PLATFORMS, "*.ru"),
    "state": some(*STATES),
    "category": some(*CATEGORIES),
    "queue": some("q1", "q2"),
    "priority": some("urgent", "low"),
    "tags": some("t1", "t2"),
    "matched": some("r0", "r1", "r*"),
    "rating": bounds,
    "score": bounds | st.fixed_dictionaries({"at_least": st.integers(0, 100)}),
    "contacts_in_week": bounds,
    "deadline": st.fixed_dictionaries({"first_response": some("warning", "breached")}),
    "waiting": spans,
    "customer_known": st.booleans(),
    "first_contact": st.booleans(),
    "has_text": st.booleans(),
    "extra": st.dictionaries(st.sampled_from(("a", "b")), some("1", "true"), min_size=1),
}
whens: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.fixed_dictionaries({}, optional=plain_whens),
    lambda inner: st.fixed_dictionaries({}, optional={"any": listed(inner), "all": listed(inner), "not": inner}),
    max_leaves=4,
)
thens = st.fixed_dictionaries(
    {},
    optional={
        "category": st.sampled_from(CATEGORIES),
        "queue": st.sampled_from(("q1", "q2")),
        "state": st.sampled_from(STATES),
        "assignee": st.sampled_from(("anna", "boris")),
        "deliver": st.sampled_from(("none", "crm", "usedesk")),
        "points": st.integers(-50, 50),
        "at_least": st.integers(0, 100),
        "at_most": st.integers(0, 100),
        "tags": some("t1", "t2", "t3"),
        "escalate": st.fixed_dictionaries({"to": st.just("crm")}, optional={"when": whens}),
        "act": st.just("report"),
        "notify": st.just("lead"),
        "stop": st.booleans(),
    },
)


@st.composite
def rule_lists(draw: st.DrawFn) -> list[dict[str, Any]]:
    bodies = draw(st.lists(st.fixed_dictionaries({"when": whens, "then": thens}), min_size=2, max_size=6))
    return [{"name": f"r{number}", **body} for number, body in enumerate(bodies)]


@st.composite
def policies(draw: st.DrawFn) -> list[dict[str, Any]]:
    body = st.fixed_dictionaries({"when": whens}, optional={"first_response": st.just("1h"), "pause": st.just("open")})
    return [{"name": f"s{number}", **one} for number, one in enumerate(draw(st.lists(body, max_size=2)))]


few = settings(max_examples=40)  # each reads files
maybe = st.none
facts = st.builds(
    Facts,
    kind=maybe() | st.sampled_from(("mention", "review", "task", "issue", "else")),
    platform=maybe() | st.sampled_from((*PLATFORMS, "VK.com", "")),
    title=maybe() | st.sampled_from(TEXTS),
    texts=st.lists(st.sampled_from(TEXTS) | st.text(max_size=8), max_size=3).map(tuple),
    state=maybe() | st.sampled_from(STATES),
    rating=maybe() | st.sampled_from((0.0, 1.0, 4.5)),
    waiting=maybe() | st.timedeltas(timedelta(), timedelta(hours=3)),
    extra=st.dictionaries(st.sampled_from(("a", "b")), st.sampled_from((1, True, "1", ["1", None], None))),
    customer=st.builds(Customer, known=st.booleans(), first_contact=maybe() | st.booleans(), in_week=maybe() | numbers),
    pinned=st.fixed_dictionaries(
        {},
        optional={
            "category": st.sampled_from(CATEGORIES),
            "queue": st.just("by hand"),
            "state": st.sampled_from(STATES),
            "priority": st.just("low"),
            "tags": st.just(("t1",)),
        },
    ),
    created_at=st.just(NOW),
    now=st.just(NOW),
)


def loaded(rules: list[dict[str, Any]], sla: list[dict[str, Any]] | None = None) -> RuleSet:
    aging = {"aging": {"points": 30}} if sla else {}
    return rules_of(json.dumps({"rules": rules, "sla": sla or [], **aging}))


def apart(decision: Decision) -> dict[str, Any]:
    """What was decided, without the version of the rules."""
    return {name: getattr(decision, name) for name in Decision._fields if name != "ruleset"}


def thens_of(rules: list[dict[str, Any]], decision: Decision) -> list[dict[str, Any]]:
    return [rule["then"] for rule in rules if rule["name"] in decision.rules]


@few
@given(rule_lists(), policies(), facts)
def test_routing_always_decides_and_the_same_each_time_and_in_a_trace(
    rules: list[dict[str, Any]], sla: list[dict[str, Any]], ticket: Facts
) -> None:
    ruleset = loaded(rules, sla)
    decision = ruleset.decide(ticket)
    assert decision == ruleset.decide(ticket) == loaded(rules, sla).decide(ticket)
    trace = ruleset.trace(ticket)  # looks at every rule, not at candidates alone
    assert trace.decision == decision
    assert tuple(tried.rule.name for tried in trace.rules if tried.outcome == "matched") == decision.rules
    assert all(tried.failed for tried in trace.rules if tried.outcome == "failed")
    assert len(trace.rules) == len(rules)


@few
@given(rule_lists(), st.integers(0, 6), facts)
def test_files_in_the_order_of_their_names_are_one(rules: list[dict[str, Any]], cut: int, ticket: Facts) -> None:
    one, other = (json.dumps({"rules": part}) for part in (rules[:cut], rules[cut:]))
    halves = rules_of(a=one, b=other)
    assert halves.decide(ticket) == loaded(rules).decide(ticket)


@few
@given(rule_lists(), st.randoms())
def test_the_order_of_keys_does_not_matter(rules: list[dict[str, Any]], chance: Any) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            chance.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    assert loaded(shuffled(rules)).version == loaded(rules).version


@few
@given(rule_lists(), facts)
def test_the_first_rule_that_sets_a_field_wins(rules: list[dict[str, Any]], ticket: Facts) -> None:
    decision = loaded(rules).decide(ticket)
    for name in FIELDS:
        wanted = [then[name] for then in thens_of(rules, decision) if name in then]
        expected = ticket.pinned.get(name, wanted[0] if wanted else None)
        if name == "deliver" and expected is not None:
            expected = () if expected == "none" else (expected,)
        assert getattr(decision, name) == expected


@few
@given(rule_lists(), facts)
def test_points_add_up_within_floors_and_ceilings_and_ceilings_win(rules: list[dict[str, Any]], ticket: Facts) -> None:
    decision = loaded(rules).decide(ticket)
    effects = thens_of(rules, decision)
    score = 30 + sum(then.get("points", 0) for then in effects)
    score = max([score, *(then["at_least"] for then in effects if "at_least" in then)])
    assert decision.score == min([score, *(then["at_most"] for then in effects if "at_most" in then)])


@few
@given(rule_lists(), facts)
def test_what_closes_never_beats_a_complaint(rules: list[dict[str, Any]], ticket: Facts) -> None:
    decision = loaded(rules).decide(ticket)
    open_rules = [rule if rule["then"].get("state") != "closed" else {**rule, "when": {"not": {}}} for rule in rules]
    without = loaded(open_rules).decide(ticket)
    if any(then.get("category") == "complaint" for then in thens_of(rules, without)):
        assert apart(decision) == apart(without)
        assert decision.state != "closed" or ticket.pinned.get("state") == "closed"


@few
@given(whens, facts)
def test_a_condition_or_its_opposite_holds(when: dict[str, Any], ticket: Facts) -> None:
    ticket.kind = "review"
    before = [{"name": "r0"}, {"name": "r1"}]
    each = [loaded([*before, {"name": "x", "when": one}]).decide(ticket).rules for one in (when, {"not": when})]
    assert [len(rules) for rules in each] in ([2, 3], [3, 2])
