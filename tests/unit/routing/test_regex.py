"""Expressions know all alphabets, and none can hang the hub."""

import pytest

from hub.routing.regex import RegexError, RegexSet, checked, found


def places(expression: str, text: str) -> list[str]:
    return [text[start:end] for start, end in found(checked(expression), text)]


@pytest.mark.parametrize(
    ("expression", "text", "matched"),
    [
        (r"\bкарт\w+\b", "Карта, картон и скарт", ["Карта", "картон"]),
        (r"\bкарт\b", "карт карт карт", ["карт", "карт", "карт"]),
        (r"(\bкарта|слово)", "мкарта карта", ["карта"]),
        (r"\w+", "счёт ж2_ü", ["счёт", "ж2_ü"]),
        (r"[\w-]+@", "имя-2@", ["имя-2@"]),
        (r"\d{4}", "№ 1234", ["1234"]),
        (r"а\sб", "а\u00a0б", ["а\u00a0б"]),
        (r"\S+", "да нет", ["да", "нет"]),
        (r"[^\s]+", "да нет", ["да", "нет"]),
        (r"[[:alpha:]]+", "ж1ж", ["ж", "ж"]),
        (r"\Q\w\E", r"\w", [r"\w"]),
        (r"[]\w]+", "ж]", ["ж]"]),
        ("👍+", "да 👍👍", ["👍👍"]),
        ("(?-i)ЦБ", "цб ЦБ", ["ЦБ"]),
    ],
)
def test_an_expression_knows_all_alphabets(expression: str, text: str, matched: list[str]) -> None:
    assert places(expression, text) == matched


@pytest.mark.parametrize("expression", [r"а\bб", r"а|\bб", r"\B", r"[\W]", r"[\S]", "[[:^alpha:]]"])
def test_what_would_be_ascii_only_is_refused(expression: str) -> None:
    with pytest.raises(RegexError, match="ASCII"):
        checked(expression)


def test_many_expressions_are_searched_for_in_one_pass() -> None:
    expressions = [checked(rf"слово{number}\b") for number in range(300)]
    assert sorted(RegexSet(expressions).search("слово7, слово299 и слово12")) == [7, 12, 299]


def test_many_large_expressions_are_still_found() -> None:
    expressions = [checked(rf"[\p{{L}}]{{1,30}} слово{number}") for number in range(40)]
    assert sorted(RegexSet(expressions).search("одно слово39")) == [3, 39]


def test_an_expression_that_hangs_others_is_linear() -> None:
    assert not RegexSet([checked("(а+)+(а+)+(а+)+$"), checked("(.*)*x")]).search("а" * 50_000 + "б")
