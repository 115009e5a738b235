"""What a public answer may not hold, and what it may."""

import pytest

from hub.routing.private import private_numbers, refusal


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Карта 4111 1111 1111 1111 готова", "card"),
        ("4111-1111-1111-1111", "card"),
        ("Счёт 40817810099910004312", "account"),
        ("счёт 408 17 810 0 9991 0004312", "account"),
        ("Звоните +7 (916) 123-45-67", "phone"),
        ("Звоните 8 916 123 45 67", "phone"),
        ("Звоните 89161234567", "phone"),
        ("Звоните +375 29 123-45-67", "phone"),
        ("Звоните 495 123-45-67", "phone"),
        ("8 916 тел. 123-45-67", "phone"),
        ("+7 (код 916), номер: 123 45 67", "phone"),
        ("8 code 916 no. 1234567", "phone"),
        ("Звоните на 9161234567", "phone"),
        ("Позвоните мне 916 1234567", "phone"),
        ("916-1234567", "phone"),
        ("(916)1234567", "phone"),
        ("999.123.45.67", "phone"),
        ("пишите 375291234567", "phone"),
        ("0079161234567", "phone"),
        ("00 44 20 7946 0958", "phone"),
        ("ваш 4509 123456", "phone"),
        ("карта 4276380012345678", "card"),
        ("4276 3800 1234 5678", "card"),
        ("паспорт 45 10 123456", "passport"),
        ("загранпаспорт 72 1234567", "passport"),
        ("паспорт 721234567", "passport"),
        ("счёт GB29 NWBK 6016 1331 9268 19", "account"),
        ("DE89370400440532013000", "account"),
        ("https://wa.me/79161234567", "phone"),
        ("Заказ 89161234567", "phone"),
        ("Заказ: 916 123-45-67", "phone"),
        ("4111 111 111 111 111 руб", "card"),
        ("8 916 123 45 67 рублей", "phone"),
        ("серия 4510 номер 123456", "passport"),
        ("4510 № 123456 - номер вашего паспорта", "passport"),
    ],
)
def test_what_is_private_is_seen(text: str, kind: str) -> None:
    assert kind in [one.kind for one in private_numbers(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Спасибо за отзыв!",
        "Мы открыты с 10:00 до 22:00, 7 дней в неделю",
        "Заказ 12345678 будет 12.05.2026",
        "Верните 1 234 567 890 рублей",
        "Ваше обращение 45101234 принято",
        "Ваше обращение 2510 123456 принято",
        "Приходите 30.11.2026 в 10:00",
        "30.11.2026 10:00, ул. Ленина",
        "Ленина, 45 (12.11.2026)",
        "Мы работаем 9.00-20.00, 10.00–18.00 в выходные",
        "3.5.2026, 8.30–17.30",
        "30 000, 40 000 рублей",
        "3 500 000 000 ₽ и 8 900 000 000 рублей",
        "на карту поступит 3 000 000 000 000 000 рублей",
        "2020, 2021, 2022, 2023",
        "8, 9, 10, 11, 12, 13 декабря",
        "40%, 30%, 20%, 10%, 50",
        "Заказ № 4123456789",
        "https://vk.com/wall-1234567_8912345678",
        "https://bank.ru/news/4123456789",
        "GB29 NWBK 6016 1331 9268 18",
        "Код 8, тел. 112, номер 45 в очереди",
        "9:00–18:00, 9:00–15:00",
        "2026-11-30 09:15:44",
        "Мы в доме 8, офис 916, с 12 до 14",
    ],
)
def test_what_is_not_private_passes(text: str) -> None:
    assert private_numbers(text) == ()


def test_an_own_hotline_passes_in_whatever_spacing_and_nothing_else() -> None:
    allow = ["8 800 555-35-35"]
    assert refusal("Позвоните +7 (800) 555 35 35 (24/7)", allow) is None
    assert refusal("Позвоните 88005553535 или 89161234567", allow) is not None


def test_a_refusal_says_what_was_seen_where_and_never_the_number() -> None:
    told = refusal("Карта 4111111111111111, тел. +79161234567")
    assert told == (
        "a public answer may not hold a card number (**************11, character 7), a phone number (*********67,"
        " character 31); take it out"
    )
