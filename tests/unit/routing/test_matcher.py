"""Patterns against texts: words, their forms, phrases, gaps, negation."""

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
