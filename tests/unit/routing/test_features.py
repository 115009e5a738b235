"""What is said of a text without rules."""

import pytest

from hub.routing.features import Features


def features(*parts: str) -> Features:
    return Features(parts, lambda text: "!" in text)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("нет", 0),
        ("❤️", 1),
        ("👍👍🏽", 2),
        ("👨‍👩‍👧", 1),
        ("🇷🇺🇰🇿", 2),
        ("1️⃣ #️⃣", 2),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 1),
        ("© 2024 ™", 0),
        ("©️", 1),
        ("😀 и 🤦‍♂️", 2),
    ],
)
def test_emoji_are_counted_a_sequence_or_a_flag_as_one(text: str, count: int) -> None:
    assert features("", text).emoji == count


@pytest.mark.parametrize(
    ("text", "phones", "cards"),
    [
        ("+7 (912) 345-67-89", 1, 0),
        ("89123456789", 1, 0),
        ("8 800 555-35-35 или 8 (495) 123-45-67", 2, 0),
        ("+77011234567", 1, 0),
        ("4111 1111 1111 1111", 0, 1),
        ("4111111111111111", 0, 1),
        ("4111 1111 1111 1112", 0, 0),
        ("5500-0000-0000-0004 и 89123456789", 1, 1),
        ("3782 822463 10005", 0, 1),
        ("01.02.2024 03.04.2024", 0, 0),
        ("ИНН 7707083893", 0, 0),
        ("счет 40817810099910004312", 0, 0),
        ("https://a.example/89123456789", 0, 0),
        ("150 000 рублей, 2024 год", 0, 0),
    ],
)
def test_phones_and_cards_are_told_apart(text: str, phones: int, cards: int) -> None:
    assert (features("", text).phones, features("", text).cards) == (phones, cards)


@pytest.mark.parametrize(
    ("text", "count"),
    [("дом.рф и т.д.", 0), ("https://a.example/b и www.b.example", 2), ("t.me/abc", 1), ("user@mail.example", 0)],
)
def test_links_are_counted(text: str, count: int) -> None:
    assert features("", text).links == count


def test_shares_are_of_words_and_of_letters() -> None:
    assert features("", "мой бaнк").mixed_script == 0.5
    assert features("", "МОЙ банк").capitals == pytest.approx(3 / 7)


def test_counts_are_of_all_parts_together() -> None:
    counted = features("Что?", "Как же так?!", "")
    assert (counted.questions, counted.exclamations, counted.words, counted.length) == (2, 1, 4, 16)
    assert counted.obscene


def test_nothing_is_said_of_no_text() -> None:
    empty = features("", "")
    assert (empty.words, empty.mixed_script, empty.capitals, empty.language, empty.obscene) == (
        0,
        0.0,
        0.0,
        None,
        False,
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Здравствуйте, у меня не работает приложение", "ru"),
        ("Спасибо!", "ru"),
        ("Не працює додаток, що робити?", "uk"),
        ("Қосымша жұмыс істемейді, не істеу керек?", "kk"),
        ("У мяне не працуе дадатак, што рабіць, ўжо дзень", "be"),
        ("Why was my card declined?", "en"),
        ("Die Karte wurde gesperrt, was soll ich tun", "de"),
        ("Kartım çalındı, ne yapmalıyım", "tr"),
        ("Mening kartam bloklandi, nima qilish kerak", "uz"),
        ("Ok", None),
        ("12345", None),
        ("Max 24", None),
        ("https://the.example/and/of", None),
    ],
)
def test_the_language_is_told_or_none(text: str, language: str | None) -> None:
    assert features("", text).language == language


@pytest.mark.parametrize(
    "text", ["+" * 50_000, "1 " * 30_000, "a." * 30_000 + "/", "👍" * 30_000, "www." * 20_000, "-" * 50_000]
)
def test_no_text_takes_long(text: str) -> None:
    told = features("", text)
    assert told.phones + told.cards + told.links + told.emoji >= 0
