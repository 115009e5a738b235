"""How well rules do: the figures of a table that was counted by hand."""

import pytest

from hub.routing.facts import facts_from
from hub.routing.score import Labelled, said_of, score
from tests.unit.routing.folder import rules_of

TEXTS = [
    *(Labelled(f"a{number}", "a", "a") for number in range(6)),
    *(Labelled(f"b{number}", "a", "b") for number in range(2)),
    *(Labelled(f"c{number}", "b", "b") for number in range(3)),
    Labelled("d", "b", "a"),
    Labelled("e", "c", None),
    Labelled("f", "a", "z"),
]


def test_precision_recall_and_f1_of_each_class() -> None:
    result = score(TEXTS)
    a, b, c = result.classes
    assert (a.name, a.texts, a.precision, a.recall) == ("a", 9, 6 / 7, 6 / 9)
    assert a.f1 == pytest.approx(0.75)
    assert (b.name, b.texts, b.precision, b.recall) == ("b", 4, 3 / 5, 3 / 4)
    assert (c.name, c.texts, c.precision, c.recall, c.f1) == ("c", 1, None, 0.0, 0.0)


def test_the_mean_of_the_classes_and_the_share_that_is_right() -> None:
    result = score(TEXTS)
    assert result.macro == pytest.approx(((6 / 7 + 3 / 5) / 2, (6 / 9 + 3 / 4) / 3, (0.75 + 2 / 3) / 3))
    assert (result.accuracy, result.undecided, result.texts) == (9 / 14, 1, 14)


def test_the_confusion_has_what_is_no_label_and_what_is_undecided() -> None:
    assert score(TEXTS).confusion == {
        ("a", "a"): 6,
        ("b", "b"): 3,
        ("a", "b"): 2,
        ("a", "z"): 1,
        ("b", "a"): 1,
        ("c", None): 1,
    }


def test_the_worst_are_mistakes_alone_the_most_common_sort_first_and_undecided_last() -> None:
    assert [one.id for one in score(TEXTS, worst=10).worst] == ["b0", "b1", "f", "d", "e"]
    assert [one.id for one in score(TEXTS, worst=2).worst] == ["b0", "b1"]
    assert score(TEXTS).worst == []


def test_nothing_to_measure_is_no_error() -> None:
    result = score([])
    assert (result.texts, result.accuracy, result.classes) == (0, 0.0, [])


def test_of_many_tags_the_right_one_counts_else_the_first_that_is_a_label() -> None:
    rules = rules_of("rules:\n  - {name: a, then: {tags: [x, fraud, card], queue: q}}\n")
    decision = rules.decide(facts_from({"text": "т"}))
    labels = ("card", "fraud", "other")
    assert said_of(decision, "tag", "card", labels) == "card"
    assert said_of(decision, "tag", "other", labels) == "fraud"
    assert said_of(decision, "tag", "other", ("other",)) is None
    assert said_of(decision, "queue", "q", ()) == "q"
    assert said_of(decision, "category", "q", ()) is None
