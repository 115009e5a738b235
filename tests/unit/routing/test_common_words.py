"""What texts have in common, without anything of a person."""

import random

from hub.routing.common_words import common_words

USUAL = (
    "Добрый день, подскажите график работы",
    "Спасибо большое, всё понравилось",
    "Очередь в банке на Ленина",
    "Где мой заказ? Жду",
    "Добрый день, карта пришла быстро",
    "Когда откроете отделение?",
)
TROUBLE = (
    "Не проходит оплата картой, что делать?",
    "не проходит оплата уже час!!",
    "Добрый день, не проходит оплата",
    "У меня оплата не проходит, карта не работает",
)


def said(texts: tuple[str, ...], number: int, extra: str = "") -> list[tuple[str, str | None]]:
    chance = random.Random(3)
    return [(f"{chance.choice(texts)} {extra}", f"author {one}") for one in range(number)]


def test_phrases_that_many_write_now_and_few_did_before_come_first() -> None:
    found = common_words(said(TROUBLE, 40), said(USUAL, 300))
    assert "не проходит оплата" in found
    assert not {"добрый", "день", "добрый день"} & set(found)


def test_forms_of_a_word_are_one_word() -> None:
    texts = ("Терминалы сломались", "терминал завис", "у терминала очередь", "Нет терминалов")
    assert common_words(said(texts, 20), said(USUAL, 200))[0] == "терминал"


def test_english_texts_have_phrases_too() -> None:
    texts = ("The payment does not work", "my payment does not work today", "payment does not work again!")
    found = common_words(said(texts, 20), said(("Great service", "Where is my order", "Thanks a lot"), 200))
    assert any("not work" in phrase for phrase in found)


def test_names_numbers_and_addresses_are_never_told() -> None:
    personal = "Светлана Петровна Иванова из отделения, +7 900 123-45-67, ivan@mail.ru, https://vk.com/id1 @ivanov 4276"
    found = " ".join(common_words(said(("Оператор грубит",), 30, personal), said(USUAL, 200), most=20))
    assert "грубит" in found
    for word in ("светлан", "петровн", "иванов", "900", "4276", "ivan", "mail", "vk"):
        assert word not in found


def test_what_one_person_repeats_is_not_common() -> None:
    texts: list[tuple[str, str | None]] = [("Верните деньги за билет", "the same")] * 30
    assert common_words([*texts, *said(USUAL, 5)], said(USUAL, 200)) == ()


def test_nothing_said_is_nothing_common() -> None:
    assert common_words([], []) == ()
    assert common_words([("", None)] * 10, said(USUAL, 20)) == ()
