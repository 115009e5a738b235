"""A word as written is read as the words it may be, whatever hides it."""

from itertools import pairwise

import pytest

from hub.routing.folding import MAX_READINGS, fold, readings, scripts_mixed


def words(raw: str) -> list[str]:
    return [word for word, _ in readings(raw)]


@pytest.mark.parametrize(
    ("raw", "word", "codes"),
    [
        ("карта", "карта", ()),
        ("КАРТА", "карта", ("case",)),
        ("счёт", "счет", ("yo",)),
        ("СЧЁТ", "счет", ("case", "yo")),
        ("сче\u0308т", "счет", ("yo",)),
        ("за\u0301мок", "замок", ("stress",)),
        ("кар\u200bта", "карта", ("zero_width",)),
        ("кар\u00adта", "карта", ("zero_width",)),
        ("кaртa", "карта", ("lookalike",)),
        ("м0шенник", "мошенник", ("lookalike",)),
        ("обожаааааю", "обожаю", ("stretched",)),
        ("м о ш е н н и к", "мошенник", ("spaced",)),
        ("з@работок", "заработок", ("mask",)),
        ("ｂａｎｋ", "bank", ()),
        ("𝐛𝐚𝐧𝐤", "bank", ()),
        ("Sbеrbank", "sberbank", ("case", "lookalike")),
    ],
)
def test_a_disguised_word_is_read(raw: str, word: str, codes: tuple[str, ...]) -> None:
    assert (word, codes) in readings(raw)


@pytest.mark.parametrize("raw", ["max", "top", "home", "KAPTA"])
def test_a_latin_word_keeps_both_readings(raw: str) -> None:
    assert words(raw)[0] == raw.lower()
    if raw == "KAPTA":
        assert "карта" in words(raw)


def test_a_latin_word_with_other_letters_stays_latin() -> None:
    assert words("online") == ["online"]


@pytest.mark.parametrize("word", ["ванна", "касса", "осенний", "процесс"])
def test_a_real_double_letter_is_kept(word: str) -> None:
    assert words(word) == [word]
    double = next(letter for letter, following in pairwise(word) if letter == following)
    assert word in words(word.replace(double * 2, double * 5))


def test_a_short_i_is_a_letter_and_no_mark() -> None:
    assert fold("мой") == "мой"
    assert fold("мои\u0306") == "мой"


def test_a_word_has_few_readings_however_it_is_written() -> None:
    assert len(words("bhbhbhbhbhbhbhbhж")) <= MAX_READINGS
    assert len(words("ааа" + "бббввв" * 10)) <= MAX_READINGS
    assert len(words("аaббббвввгггддд" * 4)) <= MAX_READINGS
    assert len(fold("б" * 10_000 + "в")) <= 64


def test_mixed_scripts_are_told() -> None:
    assert scripts_mixed("бaнк")
    assert not scripts_mixed("банк24")
