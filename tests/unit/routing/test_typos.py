"""One typo in words of six letters and more, in every form; two where the pattern allows one more."""

import random
import re

import pytest

from hub.routing import morphology
from hub.routing.pattern import parse_pattern
from hub.routing.typos import one_edit, within
from hub.routing.vocabulary import Vocabulary, forms_of

STRETCHED = re.compile(r"(.)\1\1")  # is read as one letter or two, not as a typo
LETTERS = "абвгдежзийклмнопрстуфхцчшщъыьэюя"


def edited(word: str) -> set[str]:
    """Return all that one edit makes of *word*."""
    cuts = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    dropped = {left + right[1:] for left, right in cuts if right}
    swapped = {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    changed = {left + letter + right[1:] for left, right in cuts if right for letter in LETTERS}
    added = {left + letter + right for left, right in cuts for letter in LETTERS}
    return dropped | swapped | changed | added


def found(source: str, raw: str) -> bool:
    vocabulary = Vocabulary()
    vocabulary.add(parse_pattern(source).steps[0].word)
    return bool(vocabulary.find(raw))


@pytest.mark.parametrize("keyword", ["мошенник", "украсть", "заблокировать", "человек", "деньги", "удобный", "идти"])
def test_one_typo_is_forgiven_in_every_form(keyword: str) -> None:
    vocabulary = Vocabulary()
    word = parse_pattern(keyword).steps[0].word
    vocabulary.add(word)
    chance = random.Random(keyword)
    for form in forms_of(word):
        if len(form) >= 6:
            unknown = [raw for raw in edited(form) if not morphology.is_known(raw) and not STRETCHED.search(raw)]
            for raw in chance.sample(unknown, 40):
                assert vocabulary.find(raw), (form, raw)


def test_a_word_that_the_dictionary_knows_is_no_typo() -> None:
    assert not found("кредит", "крелит") or not morphology.is_known("крелит")
    assert not found("оценка", "сценка")
    assert not found("оплата", "уплата")


def test_short_words_have_no_typos() -> None:
    assert not found("карта", "карпта")
    assert not found("банк", "бонк")


def test_a_beginning_forgives_one_typo_too() -> None:
    assert found("мошенн*", "машенничество")
    assert not found("мошен*", "машенничество")


@pytest.mark.parametrize("raw", ["мошенник", "мошеник", "машеник", "мшоеник", "машеникам"])
def test_a_tilde_forgives_one_typo_more(raw: str) -> None:
    assert found("мошенник~", raw)


def test_a_tilde_forgives_one_typo_in_a_word_of_four_letters() -> None:
    assert found("слово~", "слвоо")
    assert not found("слово~", "злвоо")
    assert not found("код~", "кот")


@pytest.mark.parametrize("raw", ["transfer", "tranfer", "trasfer", "transferr", "transfers", "tranfered"])
def test_english_words_forgive_letters_dropped_added_and_swapped(raw: str) -> None:
    assert found("transfer", raw)


@pytest.mark.parametrize(("source", "raw"), [("charge", "change"), ("pending", "sending"), ("identity", "identify")])
def test_english_words_do_not_become_other_english_words(source: str, raw: str) -> None:
    assert not found(source, raw)


def test_the_quick_distance_is_the_slow_one() -> None:
    chance = random.Random(1)
    words = ["".join(chance.choices("абв", k=chance.randrange(6))) for _ in range(600)]
    for first, second in zip(words, reversed(words), strict=True):
        assert one_edit(first, second) == within(first, second, 1), (first, second)
