"""What is learned from examples decides where no rule does, and only where it is sure."""

from importlib.metadata import entry_points
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

import hub_learned
from hub.sdk import Classified, Undecided
from hub_learned.bayes import Bayes, features
from hub_learned.plugin import FEWEST

GOOD = ("спасибо за помощь", "отличный сервис", "очень доволен банком", "быстро и вежливо")
BAD = ("не работает приложение", "жду ответа месяц", "списали деньги ни за что", "хамят на линии")
PAIRS = [(f"{text} {n}", label) for n in range(FEWEST) for texts, label in ((GOOD, "praise"), (BAD, "complaint"))
         for text in texts]  # fmt: skip
LINES = "\n".join(orjson.dumps({"text": text, "category": label}).decode() for text, label in PAIRS)


def learned(**settings: Any) -> hub_learned.Learned:
    return hub_learned.create(hub_learned.Config(examples=LINES, **settings))


def asked(*texts: str, title: str | None = None) -> Undecided:
    return Undecided(title, texts, "vk.com", "mention")


def test_other_forms_of_the_words_in_the_examples_decide() -> None:
    assert learned().classify_ticket(asked("Доволен сервисом, спасибо!")) == Classified("praise", by="learned")
    assert learned().classify_ticket(asked("приложения", title="Не работают")) == Classified("complaint", by="learned")


def test_what_it_is_not_sure_of_it_does_not_say() -> None:
    mixed = asked("спасибо, но не работает")
    assert learned(sure=0.99).classify_ticket(mixed) is None
    assert learned().classify_ticket(asked("совсем другие слова")) is None
    assert learned().classify_ticket(asked(" ", title=None)) is None


def test_how_often_a_label_was_given_does_not_decide() -> None:
    many = Bayes([("да", "yes")] * 900 + [("нет", "no")] * 30)
    assert many.likeliest(["нет"])[0] == "no"
    assert many.likeliest(["что-то"])[1] == pytest.approx(0.5)


def test_features_are_words_and_the_beginnings_of_long_ones() -> None:
    assert list(features(["Ёлка РАБОТАЕТ"])) == ["елка", "работает", "работ*"]


def test_examples_may_be_csv() -> None:
    rows = "\n".join(f'"{text}",{label}' for text, label in PAIRS)
    plugin = hub_learned.create(hub_learned.Config(examples=f"\ufeffbody,category\n{rows}"))
    assert plugin.classify_ticket(asked("отличный сервис")) == Classified("praise", by="learned")


@pytest.mark.parametrize(
    ("examples", "said"),
    [
        ("", "needs two categories with 20 examples each or more; there are none"),
        ('{"text": "a", "category": "praise"}', "there are praise: 1"),
        ('{"text": "a"}', "line 1 of the examples has no category"),
        ('{"category": "praise"}', "line 1 of the examples has no text"),
        ('{"text": "a", "category": "good"}', "'good' is no category; write one of complaint"),
        ('{"text": "a", "category": "praise"}\n{oops', "line 2 of the examples is no JSON"),
    ],
)
def test_examples_that_cannot_teach_are_refused_with_the_line(examples: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        hub_learned.Config(examples=examples)


def test_it_is_found_by_its_entry_point() -> None:
    assert entry_points(group="hub.plugins")["learned"].load() is hub_learned
