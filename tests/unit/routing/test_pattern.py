"""Patterns as people write them, and what is said of those that cannot be used."""

import pytest

from hub.routing.pattern import MAX_LENGTH, MAX_WORDS, PatternError, PatternWord, Step, parse_pattern


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("мошенник", (Step(PatternWord("мошенник")),)),
        ("«украсть деньги»", (Step(PatternWord("украсть")), Step(PatternWord("деньги")))),
        ('"украсть деньги"', (Step(PatternWord("украсть")), Step(PatternWord("деньги")))),
        ("=Карта", (Step(PatternWord("карта", "exact")),)),
        ("мошенн*", (Step(PatternWord("мошенн", "prefix")),)),
        ("слово~", (Step(PatternWord("слово", loose=True)),)),
        ("!не снять деньги", (Step(PatternWord("снять"), (PatternWord("не"),)), Step(PatternWord("деньги")))),
        ("интернет-банк", (Step(PatternWord("интернет")), Step(PatternWord("банк")))),
        ("бaнк", (Step(PatternWord("банк")),)),
        (
            "снять c карты",
            (Step(PatternWord("снять")), Step(PatternWord("c", also=("с",))), Step(PatternWord("карты"))),
        ),
        ("помогите!", (Step(PatternWord("помогите")),)),
        ("=снять деньг*", (Step(PatternWord("снять", "exact")), Step(PatternWord("деньг", "prefix")))),
    ],
)
def test_a_pattern_is_read(source: str, steps: tuple[Step, ...]) -> None:
    assert parse_pattern(source).steps == steps


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "has no word in it"),
        ("!!!", "has no word in it"),
        ("👍", "write re:"),
        ("!не", "after !не a word is missing"),
        ("ка*та", "stand at the end of a word only"),
        ("я" * (MAX_LENGTH + 1), "too long"),
        (" ".join(["а"] * (MAX_WORDS + 1)), f"at most {MAX_WORDS}"),
        ("re:", "no expression"),
        ("re:(", "refused by RE2"),
        ("re:(?=a)", "refused by RE2"),
        (r"re:а\bб", "ASCII"),
        (r"re:[\W]", "ASCII"),
        ("re:" + "(а{1,100}){1,100}" * 5, "refused by RE2"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_in_plain_words(source: str, said: str) -> None:
    with pytest.raises(PatternError) as refused:
        parse_pattern(source)
    assert said in str(refused.value)


def test_patterns_are_equal_and_hashable_by_what_they_say() -> None:
    assert len({parse_pattern("карта"), parse_pattern("карта"), parse_pattern("=карта")}) == 2
