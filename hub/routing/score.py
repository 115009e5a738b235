"""How well rules do on labelled texts: precision, recall and F1 of each class, and what is taken for what."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from hub.routing.decide import Decision
from hub.routing.rules import RuleSet
from hub.sdk.ticket import Category, Priority

By = Literal["category", "queue", "priority", "tag"]
"""What of a decision is compared with the label."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One text: what it is (its label) and what the rules say, None where they say nothing."""

    id: str
    label: str
    said: str | None
    rules: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class.

    Attributes:
        precision: share of what the rules call so that is so; None where they call nothing so.
        recall: share of what is so that the rules call so; None where nothing is.
        f1: their harmonic mean; 0 where either is 0 or unknown.
        texts: that are so.
    """

    name: str
    precision: float | None
    recall: float | None
    f1: float
    texts: int


@dataclass(slots=True)
class Score:
    """What came of it.

    Attributes:
        classes: those that are among the labels, most texts first.
        macro: mean of their precision (where known), recall and F1.
        accuracy: share of all texts that are called what they are.
        undecided: texts of which the rules say nothing.
        confusion: how many texts of a label are called what; None is nothing.
        worst: mistakes, the most common sort first; of a sort, in the order of the texts.
    """

    texts: int
    classes: list[ClassScore]
    macro: tuple[float, float, float]
    accuracy: float
    undecided: int
    confusion: Mapping[tuple[str, str | None], int]
    worst: list[Labelled] = field(default_factory=list)


def said_of(decision: Decision, by: By, label: str, labels: Iterable[str]) -> str | None:
    """Return what *decision* calls a text, in terms of the labels.

    A ticket may have many tags: the right one counts where it is among them, else the first that is a label.
    """
    if by != "tag":
        found: str | None = getattr(decision, by)
        return found
    if label in decision.tags:
        return label
    known = set(labels)
    return next((tag for tag in decision.tags if tag in known), None)


def values_of(rules: RuleSet, by: By) -> frozenset[str]:
    """Return what *rules* may call a text; categories and priorities are the same for all."""
    if by == "category":
        return frozenset(get_args(Category))
    if by == "priority":
        return frozenset(get_args(Priority))
    key = "tags" if by == "tag" else by
    return frozenset(value for rule in rules.rules for name, value in rule.then.shown() if name == key)


def score(texts: Sequence[Labelled], *, worst: int = 0) -> Score:
    """Return how well the rules do on *texts*.

    Args:
        worst: how many mistakes to name.
    """
    confusion = Counter((one.label, one.said) for one in texts)
    labels = Counter(one.label for one in texts)
    classes = [_class(name, confusion) for name, _ in sorted(labels.items(), key=lambda item: (-item[1], item[0]))]
    right = sum(count for (label, said), count in confusion.items() if label == said)
    return Score(
        texts=len(texts),
        classes=classes,
        macro=(
            _mean([one.precision for one in classes]),
            _mean([one.recall for one in classes]),
            _mean([one.f1 for one in classes]),
        ),
        accuracy=right / len(texts) if texts else 0.0,
        undecided=sum(1 for one in texts if one.said is None),
        confusion=dict(sorted(confusion.items(), key=lambda item: (-item[1], item[0][0], item[0][1] or ""))),
        worst=_worst(texts, confusion)[:worst],
    )


def _class(name: str, confusion: Mapping[tuple[str, str | None], int]) -> ClassScore:
    right = confusion.get((name, name), 0)
    called = sum(count for (_, said), count in confusion.items() if said == name)
    texts = sum(count for (label, _), count in confusion.items() if label == name)
    precision = right / called if called else None
    recall = right / texts if texts else None
    both = (precision or 0.0) + (recall or 0.0)
    return ClassScore(name, precision, recall, 2 * (precision or 0) * (recall or 0) / both if both else 0.0, texts)


def _mean(values: Sequence[float | None]) -> float:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else 0.0


def _worst(texts: Iterable[Labelled], confusion: Mapping[tuple[str, str | None], int]) -> list[Labelled]:
    wrong = [one for one in texts if one.said != one.label]
    return sorted(wrong, key=lambda one: (one.said is None, -confusion[one.label, one.said], one.label, one.said or ""))
