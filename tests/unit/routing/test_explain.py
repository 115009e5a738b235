"""Why it was decided so: every point, word, letter, and what nearly happened."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hub.routing.examples import run_examples
from hub.routing.explain import ByRule, Explanation, Warn, explain
from hub.routing.facts import facts_from
from hub.routing.rules import RuleSet
from tests.unit.routing.folder import rules_of

NOW = datetime(2026, 11, 25, 10, 0, tzinfo=UTC)
RULES = """\
version: Bank 1
aging: {points: 20, over: first_response}
rules:
  - name: stolen
    when: {text: ["украсть деньги"]}
    then: {category: complaint, at_least: 70, tags: [fraud]}
  - name: vk
    when: {platform: [vk.com, ok.ru]}
    then: {points: 10, queue: social}
  - name: angry
    when: {text: [ужас], rating: {at_most: 2}}
    then: {points: 5, category: complaint, queue: claims}
  - name: swallowed
    when: {text: ["банкомат съел карту"]}
    then: {category: complaint}
  - name: fine
    when: {text: [спасибо]}
    then: {category: praise, at_most: 19}
  - name: seen
    when: {text: ["!не нравиться", "re:кредит\\\\p{Nd}"]}
    then: {category: praise}
  - name: close
    when: {text: [деньги]}
    then: {state: closed}
  - name: last
    when: {text: [деньги]}
    then: {stop: true}
  - name: behind
    when: {text: [деньги]}
    then: {points: 50}
sla:
  - {name: other, when: {platform: pikabu.ru}}
  - {name: vk, when: {platform: vk.com}, first_response: 1h, warn: 0.5}
"""


def told(text: str, rules: str = RULES, **facts: Any) -> Explanation:
    """Explain what the rules say of a text."""
    row = {"text": text, "created_at": NOW - timedelta(minutes=30), **facts}
    return explain(rules_of(rules), facts_from(row, strict=True, now=NOW))


def test_the_parts_of_a_score_add_up_to_it() -> None:
    score = told("У меня украли деньги", platform="vk.com").score
    assert (score.base, score.points, score.aging, score.share) == (30, (ByRule("vk", 10),), 10, 0.5)
    assert (score.floor, score.ceiling, score.total) == (ByRule("stolen", 70), None, 70)


def test_a_ceiling_is_named_with_its_rule() -> None:
    score = told("Спасибо", platform="vk.com").score
    assert (score.ceiling, score.total) == (ByRule("fine", 19), 19)


def test_words_are_shown_where_they_stand_with_forms_and_letters_seen_through() -> None:
    (found,) = told("У меня укpали все деньги!").matched[0].words
    assert (found.pattern, found.part, found.start, found.end) == ("украсть деньги", 1, 7, 24)
    assert found.text == "укpали все деньги"
    word, money = found.words
    assert (word.text, word.taken_for, word.seen_through) == ("укpали", "украсть", ("lookalike", "form"))
    assert [(letter.char, letter.script, letter.at) for letter in word.letters] == [("p", "latin", 2)]
    assert money.letters == ()


def test_words_of_the_title_are_told_apart() -> None:
    words = told("да", title="Украли деньги").matched[0].words
    assert [found.part for found in words] == [0]


def test_the_facts_that_a_rule_asked_for_are_told_with_what_the_ticket_has() -> None:
    matched = {rule.name: rule for rule in told("Ужас", platform="ok.ru", rating=1).matched}
    (platform,) = matched["vk"].facts
    assert (platform.key, platform.wanted, platform.seen) == ("platform", ("vk.com", "ok.ru"), ("ok.ru",))
    (rating,) = matched["angry"].facts
    assert (rating.wanted, rating.seen) == (("<= 2",), ("1",))


def test_a_field_that_was_set_before_is_lost_to_the_first_rule() -> None:
    matched = {rule.name: rule for rule in told("Ужас", platform="vk.com", rating=1).matched}
    assert [(one.field, one.value, one.by) for one in matched["angry"].sets if one.lost] == [("queue", "claims", "vk")]


def test_a_value_that_was_set_before_is_told_as_set_by_both() -> None:
    matched = {rule.name: rule for rule in told("Ужас, украли деньги", rating=1).matched}
    assert [(one.field, one.lost, one.by) for one in matched["stolen"].sets] == [("category", False, None)]
    assert [(one.field, one.lost, one.by) for one in matched["angry"].sets] == [
        ("category", False, "stolen"),
        ("queue", False, None),
    ]


def test_rules_that_lost_are_told_with_the_reason() -> None:
    lost = {rule.name: (rule.outcome, rule.by) for rule in told("У меня украли деньги").lost}
    assert lost == {"close": ("barred", "stolen"), "behind": ("stopped", "last")}


def test_a_task_is_passed_by_rules_that_ask_for_no_kind() -> None:
    lost = {rule.name: rule.outcome for rule in told("Спасибо", kind="task").lost}
    assert lost == {"fine": "kind"}


def _near(text: str, **facts: Any) -> dict[str, list[tuple[str, str, str]]]:
    return {rule.name: [(miss.kind, miss.word, miss.seen) for miss in rule.misses] for rule in told(text, **facts).near}


def test_a_near_miss_says_which_word_is_lacking() -> None:
    assert _near("Банкомат съел мою купюру")["swallowed"] == [("lacks", "карту", "")]


def test_a_near_miss_says_that_words_stand_too_far_apart() -> None:
    near = _near("украли вчера вечером у метро мои деньги")
    assert near["stolen"] == [("far_apart", "украсть деньги", "")]


def test_a_near_miss_says_what_stands_before_a_word() -> None:
    assert _near("мне не нравится")["seen"] == [("preceded", "нравиться", "не")]


def test_an_expression_that_a_disguised_letter_escapes_names_the_letter() -> None:
    (near,) = (rule for rule in told("дайте крeдит5").near if rule.name == "seen")
    (miss,) = near.misses
    assert (miss.kind, miss.seen, [letter.char for letter in miss.letters]) == ("disguised", "крeдит5", ["e"])


def test_a_rule_whose_words_are_there_lacks_its_facts() -> None:
    (near,) = (rule for rule in told("Ужас", rating=5).near if rule.name == "angry")
    assert near.misses == ()
    assert [(fact.key, fact.wanted, fact.seen) for fact in near.facts] == [("rating", ("<= 2",), ("5",))]


def test_a_text_that_has_nothing_to_do_with_a_rule_is_not_near_it() -> None:
    assert told("Где офис?").near == ()


def test_the_policy_and_its_deadlines_are_told() -> None:
    explanation = told("Ужас", platform="vk.com")
    assert [(policy.name, policy.taken) for policy in explanation.policies] == [("other", False), ("vk", True)]
    assert [fact.key for fact in explanation.policies[0].missing] == ["platform"]
    (due,) = explanation.due
    asked = NOW - timedelta(minutes=30)
    assert (due.promise, due.due, due.status) == ("first_response", asked + timedelta(hours=1), "running")
    assert due.warnings == (Warn(NOW, 0.5),)


def test_an_explanation_says_the_same_as_the_decision() -> None:
    rules = rules_of(RULES)
    facts = facts_from({"text": "Ужас, украли деньги", "platform": "vk.com"})
    decision = explain(rules, facts).decision
    plain = rules.decide(facts)
    assert (decision["category"], decision["score"], tuple(decision["rules"])) == (
        plain.category,
        plain.score,
        plain.rules,
    )
    assert decision["ruleset"] == rules.version


# --- examples -------------------------------------------------------------------------------------------------------

EXAMPLES = """\
rules:
  - name: stolen
    when: {text: ["украсть деньги"], platform: vk.com}
    then: {category: complaint}
    examples:
      match:
        - {text: Украли деньги, platform: vk.com}
        - {text: Украли паспорт, platform: vk.com}
      no_match: [Спасибо, {text: Украли деньги, platform: vk.com}]
"""


def test_examples_that_do_not_hold_say_what_was_decided_instead_and_why() -> None:
    rules: RuleSet = rules_of(EXAMPLES)
    failed = [one for one in run_examples(rules) if not one.held]
    assert [(one.text, one.example.line, one.example.matches, one.outcome) for one in failed] == [
        ("Украли паспорт", 8, True, "failed"),
        ("Украли деньги", 9, False, "matched"),
    ]
    assert failed[0].near is not None
    assert [(miss.kind, miss.word) for miss in failed[0].near.misses] == [("lacks", "деньги")]
    assert failed[0].decision.category is None
    assert [word.text for word in failed[1].words] == ["Украли деньги"]


def test_an_example_that_lacks_a_fact_says_which() -> None:
    rules = rules_of(EXAMPLES.replace("{text: Украли паспорт, platform: vk.com}", "{text: Украли деньги, rating: 1}"))
    (failed, _) = (one for one in run_examples(rules) if not one.held)
    assert [(fact.key, fact.wanted, fact.seen) for fact in failed.missing] == [("platform", ("vk.com",), ())]
