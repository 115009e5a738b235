"""What is wrong with rules that can be read: each kind of problem is found, shown, and not found where it is not."""

from typing import Any

import pytest

from hub.routing.facts import facts_from
from hub.routing.lint import Known, Problem, in_order, lint_rules
from hub.routing.lint_files import lint_files
from hub.routing.lint_pairs import lint_pairs
from hub.routing.rule_files import Findings
from hub.routing.rules import load_rules, source_files
from tests.unit.routing.folder import folder_of


def problems(text: str, known: Known | None = None) -> list[Problem]:
    """What is wrong with one file, rules without examples apart."""
    with folder_of(text) as folder:
        rules = load_rules(folder, builtin=False)
        files = source_files(folder, Findings(), builtin=False)
        found = in_order([*lint_rules(rules, known), *lint_pairs(rules), *lint_files(files)], builtin=True)
    return [one for one in found if one.kind != "no_examples"]


def kinds(text: str) -> list[tuple[str, str, int]]:
    """Kind, subject and line of each problem."""
    return [(one.kind, one.subject, one.line) for one in problems(text)]


def only(text: str, known: Known | None = None) -> Problem:
    """The one problem that there is."""
    (found,) = problems(text, known)
    return found


def rules(*lines: str) -> str:
    """A file with these rules, one a line from line 2 on."""
    return "rules:\n" + "".join(f"  - {{{line}}}\n" for line in lines)


def test_rules_that_are_right_have_no_problem() -> None:
    assert problems(rules("name: a, when: {text: [карта]}, then: {queue: cards}")) == []


@pytest.mark.parametrize("when", ["kind: review, all: [{kind: mention}]", "text: [карта], matched: later"])
def test_a_rule_that_never_matches_is_told_once(when: str) -> None:
    found = only(
        rules(
            "name: a, then: {category: complaint}",
            f"name: b, when: {{{when}}}, then: {{category: praise}}",
            "name: later, when: {text: [слово]}, then: {points: 1}",
        )
    )
    assert (found.kind, found.subject) == ("impossible", "b")


# --- pairs ----------------------------------------------------------------------------------------------------------


def test_a_contradiction_is_shown_by_a_text_on_which_it_happens() -> None:
    text = rules(
        "name: a, when: {text: [мошенник]}, then: {category: complaint}",
        "name: b, when: {text: [мошенник]}, then: {category: praise}",
    )
    found = only(text)
    assert (found.kind, found.severity, found.subject, found.line) == ("contradiction", "error", "b", 3)
    assert (found.about["field"], found.about["value"], found.about["other_value"]) == (
        "category",
        "praise",
        "complaint",
    )
    assert found.about["other"]["name"] == "a"
    with folder_of(text) as folder:
        decision = load_rules(folder, builtin=False).decide(facts_from(found.about["witness"]))
    assert (decision.category, decision.rules) == ("complaint", ("a", "b"))


@pytest.mark.parametrize(
    ("wide", "strict"),
    [
        ("text: [мошенник]", "text: [мошенники украли], platform: vk.com"),
        ("platform: [vk.com, ok.ru]", "platform: vk.com, kind: review"),
        ("platform: '*.ru'", "platform: '*.ru', rating: 1"),
        ("rating: {at_most: 3}", "rating: [1, 2]"),
        ("rating: {at_least: 1}", "rating: {at_least: 2, at_most: 3}"),
        ("any: [{platform: vk.com}, {rating: 1}]", "rating: 1, kind: review"),
        ("not: {platform: vk.com}", "not: {platform: [vk.com, ok.ru]}"),
        ("has_text: true", "text: [карта]"),
        ("text: {any: [карта, счёт]}", "text: {all: [карта, деньги]}"),
        ("text: [карта]", "title: [карта]"),
        ("age: {at_least: 1h}", "age: {at_least: 2h}"),
        ("extra: {topic: [a, b]}", "extra: {topic: a}"),
        ("language: ru", "language: ru, customer_known: true"),
    ],
)
def test_a_rule_below_a_wider_one_is_shadowed(wide: str, strict: str) -> None:
    found = kinds(
        rules(f"name: a, when: {{{wide}}}, then: {{queue: x}}", f"name: b, when: {{{strict}}}, then: {{queue: y}}")
    )
    assert found == [("shadowed", "b", 3)]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("text: [мошенники украли]", "text: [мошенник]"),
        ("platform: vk.com", "platform: [vk.com, ok.ru]"),
        ("rating: {at_least: 2}", "rating: {at_least: 1}"),
        ("not: {platform: [vk.com, ok.ru]}", "not: {platform: vk.com}"),
        ("text: {all: [карта, деньги]}", "text: [карта]"),
        ("title: [карта]", "text: [карта]"),
        ("kind: review, text: [карта]", "kind: review"),
    ],
)
def test_an_exception_above_the_general_rule_is_no_problem(above: str, below: str) -> None:
    text = rules(f"name: a, when: {{{above}}}, then: {{queue: x}}", f"name: b, when: {{{below}}}, then: {{queue: y}}")
    assert problems(text) == []


def test_what_an_earlier_rule_could_not_see_yet_shadows_nothing() -> None:
    text = rules(
        "name: a, when: {category: praise}, then: {queue: x}",
        "name: b, when: {text: [спасибо]}, then: {category: praise}",
        "name: c, when: {category: praise}, then: {queue: y}",
    )
    assert ("shadowed", "c", 4) not in kinds(text)
    assert ("contradiction", "c", 4) not in kinds(text)


def test_a_rule_for_tasks_is_not_shadowed_by_one_that_tasks_pass_by() -> None:
    text = rules(
        "name: a, when: {platform: jira}, then: {queue: x}",
        "name: b, when: {platform: jira, kind: task}, then: {queue: y}",
    )
    assert problems(text) == []


def test_a_rule_that_adds_something_is_not_shadowed_but_its_value_is_lost() -> None:
    text = rules(
        "name: a, when: {platform: vk.com}, then: {queue: x}",
        "name: b, when: {platform: vk.com, rating: 1}, then: {queue: y, points: 5}",
    )
    assert kinds(text) == [("contradiction", "b", 3)]


def test_a_rule_below_a_stop_is_never_read() -> None:
    text = rules(
        "name: a, when: {platform: vk.com}, then: {queue: x, stop: true}",
        "name: b, when: {platform: vk.com, rating: 1}, then: {points: 5}",
        "name: c, when: {platform: ok.ru}, then: {points: 5}",
    )
    assert kinds(text) == [("stopped", "b", 3)]


def test_the_same_conditions_twice_are_told() -> None:
    text = rules(
        "name: a, when: {platform: vk.com, rating: 1}, then: {points: 1}",
        "name: b, when: {rating: 1, platform: VK.com}, then: {points: 2}",
    )
    assert kinds(text) == [("duplicate", "b", 3)]


def test_a_phrase_in_two_rules_with_other_values_is_shown_with_that_phrase() -> None:
    found = only(
        rules(
            "name: a, when: {text: [карта, кредит]}, then: {queue: x}",
            "name: b, when: {text: [вклад, кредит]}, then: {queue: y}",
        )
    )
    assert (found.kind, found.severity, found.subject, found.about["witness"]) == (
        "meets",
        "warning",
        "b",
        {"text": "кредит"},
    )


def test_rules_that_merely_can_meet_are_a_note() -> None:
    found = problems(
        rules(
            "name: a, when: {platform: vk.com}, then: {queue: x}",
            "name: b, when: {rating: 1}, then: {queue: y}, examples: {match: [{text: x, rating: 1, platform: vk.com}]}",
        )
    )
    assert [(one.kind, one.severity, one.subject) for one in found] == [("overlaps", "note", "b")]


def test_a_floor_below_the_ceiling_of_a_rule_that_always_goes_with_it_is_told() -> None:
    text = rules(
        "name: a, when: {platform: vk.com}, then: {at_most: 19}",
        "name: b, when: {platform: vk.com, rating: 1}, then: {at_least: 80}",
    )
    assert kinds(text) == [("ceiling", "b", 3)]


# --- rules by themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "when",
    [
        "kind: review, not: {kind: [review, mention]}",
        "rating: {at_least: 6}",
        "rating: {at_least: 3, at_most: 2}",
        "followers: {at_most: -1}",
        "text: {capitals: {at_least: 2}}",
        "text: {any: [карта], none: [карта, счёт]}",
        "text: [карта], has_text: false",
        "all: [{platform: vk.com}, {platform: ok.ru}]",
        "all: [{rating: {at_least: 3}}, {rating: {at_most: 2}}]",
        "all: [{customer_known: true}, {customer_known: false}]",
        "all: [{text: {obscene: true}}, {text: {obscene: false}}]",
        "any: [{rating: 9}, {rating: 8}]",
        "age: {at_least: 2h, at_most: 1h}",
        "matched: b",
    ],
)
def test_conditions_that_never_hold_are_found(when: str) -> None:
    text = rules(f"name: a, when: {{{when}}}, then: {{points: 1}}", "name: b, then: {points: 1}")
    assert ("impossible", "a", 2) in kinds(text)


@pytest.mark.parametrize(
    "when",
    [
        "kind: review, not: {kind: mention}",
        "rating: {at_least: 5}",
        "text: {any: [карта, счёт], none: [карта]}",
        "source_tags: a, not: {source_tags: b}",
        "all: [{tags: a}, {source_tags: b}]",
        "any: [{rating: 9}, {rating: 5}]",
        "all: [{source_tags: a}, {source_tags: b}]",
        "score: {at_most: -5}",
        "text: {none: [карта]}, not: {has_text: false}",
    ],
)
def test_conditions_that_may_hold_are_not_called_impossible(when: str) -> None:
    text = rules(f"name: a, when: {{{when}}}, then: {{points: 1}}")
    assert "impossible" not in [kind for kind, _, _ in kinds(text)]


def test_a_value_that_no_rule_above_sets_is_told() -> None:
    found = only(
        rules(
            "name: a, when: {category: news}, then: {points: 1}", "name: b, when: {rating: 1}, then: {category: news}"
        )
    )
    assert (found.kind, found.severity, found.subject) == ("never_set", "warning", "a")


def test_an_instance_that_no_rule_above_delivers_to_is_told_and_one_of_several_is_seen() -> None:
    found = only(
        rules(
            "name: a, when: {rating: 1}, then: {deliver: [usedesk, crm], assignee: anna}",
            "name: b, when: {deliver: crm, assignee: anna}, then: {points: 1}",
            "name: c, when: {deliver: jira}, then: {points: 2}",
        )
    )
    assert (found.kind, found.subject, found.about["key"]) == ("never_set", "c", "deliver")


def test_examples_that_do_not_hold_are_errors_where_they_stand() -> None:
    text = """\
    rules:
      - name: a
        when: {text: [карта]}
        then: {points: 1}
        examples:
          match: [Моя карта, Мой счёт]
          no_match:
            - Карты
    """
    assert [(one.kind, one.line, one.about["wanted"], one.about["text"]) for one in problems(text)] == [
        ("example", 6, "match", "Мой счёт"),
        ("example", 8, "no_match", "Карты"),
    ]


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("name: a, when: {rating: 1}, then: {at_least: 50, at_most: 10}", "bounds"),
        ("name: a, when: {rating: 1}", "no_effect"),
        ("name: a, when: {rating: 1}, then: {category: complaint, state: closed}", "closes_complaint"),
    ],
)
def test_effects_that_make_no_sense_are_found(rule: str, kind: str) -> None:
    assert only(rules(rule)).kind == kind


def test_a_rule_that_another_asks_for_needs_no_effect() -> None:
    text = rules("name: a, when: {rating: 1}", "name: b, when: {matched: a}, then: {points: 1}")
    assert problems(text) == []


def test_rules_without_examples_are_told() -> None:
    with folder_of(
        rules(
            "name: a, then: {points: 1}",
            "name: b, when: {rating: 1}, then: {points: 2}, examples: {match: [{rating: 1}]}",
        )
    ) as folder:
        found = list(lint_rules(load_rules(folder, builtin=False)))
    assert [(one.kind, one.subject, one.severity) for one in found] == [("no_examples", "a", "warning")]


def test_a_policy_below_one_that_holds_wherever_it_does_is_never_reached() -> None:
    text = """\
    sla:
      - {name: all, when: {tags: x}}
      - {name: vk, when: {tags: x, platform: vk.com}, first_response: 5m}
    """
    assert kinds(text) == [("policy_unreached", "vk", 3)]


def test_names_that_the_settings_do_not_have_are_errors() -> None:
    text = rules(
        "name: a, when: {rating: 1}, then: {deliver: usedeks, notify: boss, escalate: {to: jira}}",
        "name: b, when: {instance: [maps, 'm*']}, then: {deliver: none}",
    )
    known = Known(frozenset(("usedesk", "jira")), frozenset(("lead",)))
    found = [(one.kind, one.about["value"], one.about["nearest"]) for one in problems(text, known)]
    assert found == [
        ("unknown_instance", "usedeks", "usedesk"),
        ("unknown_notify", "boss", None),
        ("unknown_instance", "maps", None),
    ]
    assert problems(text) == []


def test_an_instance_that_cannot_take_what_it_is_to_get_is_told_with_those_that_can() -> None:
    text = rules("name: a, when: {rating: 1}, then: {deliver: [maps, desk, away], escalate: {to: desk}}")
    abilities = {"maps": frozenset({"pull"}), "desk": frozenset({"deliver"}), "jira": frozenset({"escalate"})}
    found = problems(text, Known(frozenset(("maps", "desk", "away", "jira")), abilities=abilities))
    told = [(one.kind, one.about["value"], one.about["ability"], one.about["known"]) for one in found]
    assert told == [("no_ability", "maps", "deliver", ["desk"]), ("no_ability", "desk", "escalate", ["jira"])]


def test_a_deadline_that_no_policy_sets_is_told() -> None:
    rule = "name: a, when: {deadline: {first_response: breached, resolution: warning}}, then: {points: 5}"
    text = rules(rule) + "sla:\n  - {name: p, resolution: 1h}\n"
    found = [(one.kind, one.about["value"], one.about["known"]) for one in problems(text)]
    assert found == [("no_deadline", "first_response", ["resolution"])]


# --- words of the files ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "word", "chars", "where"),
    [
        ("rules:\n  - {name: a, when: {text: [укpали деньги]}, then: {points: 1}}\n", "укpали", ["p"], "phrase"),
        ("rules:\n  - {name: a, when: {text: [c карты]}, then: {points: 1}}\n", "c", ["c"], "phrase"),
        ("rules:\n  - {name: a, when: {text: [сashback]}, then: {points: 1}}\n", "сashback", ["с"], "phrase"),
        ("rules:\n  - {name: a, when: {text: ['re:кaрта']}, then: {points: 1}}\n", "кaрта", ["a"], "expression"),
        ("rules:\n  - {name: a, when: {rating: 1}, then: {queue: сlaims}}\n", "сlaims", ["с"], "name"),
        ("rules:\n  - {name: a, when: {platform: vк.com}, then: {points: 1}}\n", "vк", ["v"], "name"),
    ],
)
def test_letters_of_another_alphabet_are_found(text: str, word: str, chars: list[str], where: str) -> None:
    found = only(text)
    letters: list[Any] = found.about["letters"]
    assert (found.kind, found.about["word"], found.about["where"]) == ("letters", word, where)
    assert [letter.char for letter in letters] == chars
    assert found.line == 2


@pytest.mark.parametrize("phrase", ["мы в max", "google pay", "'re:[аa]лло'", "кэшбэк"])
def test_names_in_latin_and_classes_of_both_alphabets_are_right(phrase: str) -> None:
    assert problems(rules(f"name: a, when: {{text: [{phrase}]}}, then: {{points: 1}}")) == []


def test_classes_that_know_some_letters_alone_are_found() -> None:
    text = """\
    phrases:
      p:
        - 're:[a-z]+ карта'
        - 're:[А-Я]+!'
        - 're:[a-zа-яё]+'
    rules:
      - {name: a, when: {text: $p}, then: {points: 1}}
    """
    assert kinds(text) == [("ascii_class", "phrases.p", 3), ("yo_class", "phrases.p", 4)]


def test_lists_and_calendars_that_nobody_uses_are_found() -> None:
    text = """\
    phrases: {used: [карта], idle: [счёт]}
    platforms:
      idle-too: [vk.com]
    calendars: {office: {timezone: UTC, hours: {mon: 09:00-10:00}}}
    rules:
      - {name: a, when: {text: [$used]}, then: {points: 1}}
    """
    assert [(one.kind, one.subject, one.line) for one in problems(text)] == [
        ("unused_list", "idle", 1),
        ("unused_list", "idle-too", 3),
        ("unused_calendar", "office", 4),
    ]


def test_a_phrase_that_stands_twice_is_a_note() -> None:
    found = only("phrases:\n  p: [карта, Карта]\nrules:\n  - {name: a, when: {text: $p}, then: {points: 1}}\n")
    assert (found.kind, found.severity, found.about["value"]) == ("same_phrase", "note", "Карта")


def test_problems_of_the_built_in_rules_alone_are_left_out_of_a_persons_own() -> None:
    mine = Problem("my.yaml", 3, "no_examples", "a")
    theirs = Problem("built-in/1.yaml", 1, "no_examples", "b", builtin=True)
    assert in_order([theirs, mine, mine], builtin=False) == [mine]
    assert in_order([theirs, mine], builtin=True) == [theirs, mine]


def test_a_thousand_rules_that_share_words_give_no_more_than_a_person_reads() -> None:
    lines = [
        f"name: r{number}, when: {{text: [карта, '={number}'], platform: vk.com}}, then: {{queue: q{number % 5}}}"
        for number in range(1000)
    ]
    found = problems(rules(*lines))
    assert {one.kind for one in found} == {"meets"}
    assert len(found) <= 3 * len(lines)
