"""Texts on the way in and out: markup, telephone numbers, nicknames, what is written about a ticket."""

from typing import Any

import pytest

from hub.sdk import Author, Delivery, Ticket, phones_in
from hub_crm import words
from hub_crm.bbcode import escaped, link, quoted, to_text
from hub_crm.customer import Handle, customer_of, phone_forms
from hub_crm.values import mapping, moment, number, text_id, unix
from plugins.crm.tests.conftest import START, message, ticket


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("[B]Важно[/B], [I]да[/I]", "Важно, да"),
        ("[URL=https://a.example/x]сюда[/URL]", "сюда (https://a.example/x)"),
        ("[URL]https://a.example/x[/URL]", "https://a.example/x"),
        ("[url=https://a.example]https://a.example[/url]", "https://a.example"),
        ("[LIST][*]раз[*]два[/LIST]всё", "- раз\n- два\nвсё"),
        ("[USER=5 REPLACE]Иван[/USER], см. [DISK FILE ID=n7]", "Иван, см."),
        ("[TABLE][TR][TD]а[/TD][TD]б[/TD][/TR][/TABLE]", "а\tб"),
        ("[IMG WIDTH=1]https://a.example/1.png[/IMG]", "https://a.example/1.png"),
        ("Заказ [3 шт.] и [скидка] [x]", "Заказ [3 шт.] и [скидка] [x]"),
        ("5 &lt; 7 &amp; [COLOR=#f00]красный[/COLOR]", "5 < 7 & красный"),
        ("[QUOTE]что?[/QUOTE]ответ", "что?\nответ"),
        ("[B", "[B"),
        ("", ""),
    ],
)
def test_the_portals_markup_becomes_plain_text_and_brackets_of_people_stay(markup: str, text: str) -> None:
    assert to_text(markup) == text


@pytest.mark.parametrize("typed", ["[B]жирно[/B]", "[URL=https://evil.example]банк[/URL]", "[*]", "[/QUOTE] и дальше"])
def test_nothing_that_a_customer_typed_is_markup(typed: str) -> None:
    assert to_text(quoted(typed)).replace("\u200b", "") == typed.strip()
    assert escaped(typed).replace("\u200b", "") == typed


def test_an_address_that_would_end_its_tag_is_no_link() -> None:
    assert link("https://a.example/x", "y") == "[URL=https://a.example/x]y[/URL]"
    assert link("https://a.example/]x", "y") == "y: https://a.example/]x"


@pytest.mark.parametrize(
    ("words", "phones"),
    [
        ("звоните 8 (912) 000-00-07!", ["+79120000007"]),
        ("+7 912 000 00 07 или 89120000007", ["+79120000007"]),
        ("мой +49 30 901820 12", ["+493090182012"]),
        ("заказ 89120000007123, карта 4276 0000 0000 0000, 12.10.2026", []),
        ("https://a.example/89120000007", []),
        ("", []),
    ],
)
def test_telephone_numbers_are_found_and_long_numbers_are_none(words: str, phones: list[str]) -> None:
    assert list(phones_in(words)) == phones


def test_a_russian_number_is_looked_for_in_all_its_spellings() -> None:
    assert phone_forms("+79120000007") == ["+79120000007", "79120000007", "89120000007"]
    assert phone_forms("+493090182012") == ["+493090182012", "493090182012"]


def test_the_customer_is_who_wrote_and_what_they_left_of_themselves() -> None:
    author = Author(key="vk/7", name="Вера", handle="vera_k")
    placeholder = Author(key="", name="Инкогнито 1")
    said = (
        message(0, "Пишите на Vera@Example.com", author),
        message(1, "и я", placeholder),
        message(2, "наш номер +7 495 000-00-00", author, direction="out"),
    )
    found = customer_of(ticket(messages=said, tags=("do-not-call",)))
    assert found.emails == ("vera@example.com",)
    assert found.phones == (), "what we said is not theirs"
    assert found.handles == (Handle("vk.com", "vera_k"),)
    assert found.social
    assert found.do_not_call
    assert not customer_of(ticket(kind="task")).social


@pytest.mark.parametrize(("lang", "mark"), [("ru", "Приоритет: срочный"), ("en", "Priority: urgent")])
def test_a_case_is_told_in_the_language_of_the_settings(lang: str, mark: str) -> None:
    case = ticket(rating=1.0)
    written = words.case(case, customer_of(case), lang)
    assert mark in written.marks
    assert written.quotes[0][0].startswith("Вера К. (@vera_k), vk.com, 2026-10-20 07:00 UTC")


@pytest.mark.parametrize(
    ("case", "title"),
    [
        (ticket(title="Жалоба"), "Жалоба"),
        (ticket("\n  Первая строка \nвторая"), "Первая строка"),
        (ticket(" "), "Обращение vk.com"),
        (ticket("я" * 900), "я" * 200),
    ],
)
def test_the_title_is_one_line_that_says_something(case: Ticket, title: str) -> None:
    assert words.case(case, customer_of(case), "ru").title == title


@pytest.mark.parametrize(
    ("edited", "direction", "heading"),
    [(False, "in", "Новое от клиента"), (True, "in", "Клиент изменил сообщение"), (False, "note", "Заметка")],
)
def test_a_comment_says_whose_words_it_tells_and_whether_they_were_changed(
    edited: bool, direction: str, heading: str
) -> None:
    said = (message(1, "Верните деньги", direction=direction),)
    told = Delivery(ticket(), f"hub-{'1' * 24}", START, effect="comment", messages=said, edited=edited)
    assert words.comment(told, "ru")[0] == heading


def test_values_of_other_shapes_are_none() -> None:
    strange: list[Any] = ["5", 5, " 5 ", 0, "0", None, True, 5.0, []]
    assert [text_id(value) for value in strange] == [
        "5",
        "5",
        "5",
        "",
        "",
        "",
        "",
        "",
        "",
    ]
    assert [number(value) for value in ("5", "x", "9" * 30, None)] == [5, None, None, None]
    assert [moment(value) for value in ("вчера", "2026-03-04T10:00:00", 5, None)] == [None] * 4
    assert [unix(value) for value in (0, -5, 10**15, "5", True, None)] == [None] * 6
    assert mapping([]) == {}
