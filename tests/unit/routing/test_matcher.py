"""Patterns against texts: words, their forms, phrases, gaps, negation."""

import random

import pytest

from hub.routing.matcher import Matcher, Reading
from hub.routing.misses import NearMiss, near_misses
from hub.routing.pattern import Pattern, parse_pattern


def read(text: str, *sources: str) -> Reading:
    return Matcher([parse_pattern(source) for source in sources]).read(["", text])


def matches(text: str, source: str) -> bool:
    return 0 in read(text, source).hits


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("мошенник", "одни Мошенниками кругом"),
        ("украсть деньги", "у меня украли все мои деньги"),
        ("=карта", "моя карта"),
        ("мошенн*", "мошенничество"),
        ("счёт", "на моем счете"),
        ("счет", "на моём счёте"),
        ("интернет-банк", "в интернет банке"),
        ("!не снять деньги", "снял деньги"),
        ("!не снять деньги", "не снял деньги, а потом снял деньги"),
        ("steal", "my money was stolen"),
        ("charge", "I was charged twice"),
        ("слово~", "слвоо"),
        ("re:\\bкарт\\w", "карту"),
    ],
)
def test_a_pattern_finds_its_words(source: str, text: str) -> None:
    assert matches(text, source)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("=карта", "моей карты"),
        ("мошенник", "мошна"),
        ("украсть деньги", "деньги украли"),
        ("украсть деньги", "украли раз два три деньги"),
        ("!не снять деньги", "не снял деньги"),
        ("лучше", "хороший"),
        ("суд", "судак"),
    ],
)
def test_a_pattern_leaves_other_words_alone(source: str, text: str) -> None:
    assert not matches(text, source)


def test_a_phrase_does_not_reach_into_the_next_part() -> None:
    matcher = Matcher([parse_pattern("украсть деньги")])
    assert not matcher.read(["украли", "деньги"]).hits
    assert matcher.read(["украли деньги", ""]).title_has(0)
    assert not matcher.read(["", "украли деньги"]).title_has(0)


def test_a_span_tells_where_and_what_was_seen_through() -> None:
    (span,) = read("Мои дeньги!", "деньги").spans(0)
    assert (span.part, span.text, span.seen_through) == (1, "дeньги", ("lookalike", "form"))


def test_a_near_miss_names_what_kept_it_away() -> None:
    def missed(source: str, text: str) -> tuple[NearMiss, ...]:
        pattern: Pattern = parse_pattern(source)
        return near_misses(pattern, Matcher([pattern]).read(["", text]))

    assert missed("заблокировать карту", "карту") == (NearMiss("lacks", "заблокировать"),)
    assert missed("!не снять деньги", "не снял деньги") == (NearMiss("preceded", "снять", "не"),)
    assert missed("снять деньги", "снял вчера раз два деньги") == (NearMiss("far_apart", "снять деньги"),)
    assert missed("снять деньги", "снял деньги") == ()
    assert missed("потерять карту", "потерял карму") == (NearMiss("one_letter_off", "карту", "карму"),)
    assert missed("уволили", "доволен") == ()
    assert missed("снять деньги", "снял в этот день") == (NearMiss("lacks", "деньги"),)


def test_words_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.routing.matcher.MEMO_WORDS", 10)
    matcher = Matcher([parse_pattern("карта")])
    for number in range(100):
        assert matcher.read(["", f"карта слово{number}"]).hits
        assert len(matcher._memo) <= 10


def test_a_text_in_one_long_word_costs_little_and_is_not_remembered() -> None:
    matcher = Matcher([parse_pattern("карта"), parse_pattern("мошенник~")])
    assert not matcher.read(["", "карт" * 100_000]).hits
    assert not matcher._memo


def test_phrases_that_begin_alike_are_told_apart() -> None:
    reading = read("не пришли вчера деньги", "не пришли", "не пришли деньги", "не пришли смс", "!не пришли деньги")
    assert sorted(reading.hits) == [0, 1]


def test_a_phrase_takes_a_farther_word_where_the_nearest_leads_nowhere() -> None:
    assert matches("один два три один четыре пять два", "=один =два") is True
    assert matches("карта а б карта в г счёт", "карта счёт")
    assert matches("карта счёт а счёт б в вклад", "карта счёт вклад")


def test_several_words_may_be_barred() -> None:
    assert not matches("не могу снять", "!не !могу снять")
    assert not matches("не снял", "!не !могу снять")
    assert matches("хочу снять", "!не !могу снять")


def test_many_patterns_of_the_same_words_all_hit() -> None:
    sources = ["карта", "карту", "=карта", "кар*", "карта~"]
    assert sorted(read("моя карта", *sources).hits) == [0, 1, 2, 3, 4]


def test_rules_and_texts_may_both_be_disguised() -> None:
    assert matches("м0шенник", "мошeнник")
    assert matches("Cчёт", "cчет")


def test_every_place_is_told() -> None:
    reading = Matcher([parse_pattern("карта")]).read(["Карта", "нет карты и карт"])
    assert [(span.part, span.start, span.end) for span in reading.spans(0)] == [(0, 0, 5), (1, 4, 9), (1, 12, 16)]


def test_thousands_of_phrases_of_two_words_do_not_hang_the_hub() -> None:
    chance = random.Random(1)
    phrases = [" ".join(chance.choices(["=да", "=нет"], k=12)) for _ in range(1000)]
    matcher = Matcher([parse_pattern(phrase) for phrase in [*phrases, "!=да !=нет =да"]])
    assert matcher.read(["", " ".join(chance.choices(["да", "нет"], k=500))]).hits
