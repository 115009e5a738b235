"""Obscene words are told, masked or not, and honest words are left alone."""

import pytest

from hub.routing.masks import shipped, unmasked
from hub.routing.obscene import Obscenity

OBSCENITY = Obscenity()


@pytest.mark.parametrize(
    "text",
    [
        "х*й",
        "с*ка",
        "п***ц",
        "п****ц",
        "ну х** с ним",
        "***ло",
        "б**ть",
        "ё***ый",
        "н@х@й",
        "бл@ть",
        "ёпта",
        "по%уй",
        "пе?зд",
        "е.ба.нат",
        "С..ка",
        "сказано!Б.лять",
        "6лять",
        "п3дец",
        "пиzдец",
        "Zаебали",
        "припи3дил",
        "3.14дорас",
        "xyйня",
        "cyки",
        "XYЙ",
        "хуууйня",
        "су\u0301ка",
        "су\u200bка",
        "с у к а",
        "н.а.х.у.й",
        "х-у-й",
        "отъебись",
        "хуёвый",
        "засранцы",
        "f*ck this",
        "bullshit",
    ],
)
def test_an_obscene_word_is_told(text: str) -> None:
    assert OBSCENITY.found(text)


@pytest.mark.parametrize(
    "text",
    """оскорблять|подстрахуй|страховка|хлеб|употреблять|сабля|мандарин|команда|рубля|застрахуй|психует|не бей|Ухань
    |небо|тебя|требовать|мебель|дебет|потребитель|Херсон|колебания|ЕБРР|ЕБС|суд|сукно|похудеть|плохую|сухую|бляха
    |хулиган|блондинка|мудрый|мандат|пассат|СССР|ссуда|посрамить|сразу|скипидар|хребет|поезд|ипподром|учеба|вебинар
    |рублями|подробности|хутор|художник|худший|хуже|Huawei|хуавей|сучок|сук|стебель|гребень|теребить|дебитор|обеих
    |**Худший** банк и **так** далее|5*** звезд|Иванов А***|user@mail.example|https://a.example/x1y2z3|и в с я
    |т.е. и т.д.|по-русски|в 2-х**|1*2*3|банк*карта|Х-47М2|A320/А321neo|су-у-упер|к̶а̶к̶|#вклады|@u0d5f40536a|24.11.2024
    |С-ку""".replace("\n    ", "").split("|"),
)
def test_an_honest_word_is_left_alone(text: str) -> None:
    assert list(OBSCENITY.words(text)) == []


def test_the_users_words_are_added_in_every_form_and_masked() -> None:
    own = Obscenity(words=["тварь", "козл*"])
    for text in ("тварями", "твaрь", "т*арь", "козлина"):
        assert own.found(text)
        assert not OBSCENITY.found(text)


def test_the_users_allowed_words_are_left_alone_in_every_form_and_masked() -> None:
    own = Obscenity(allow=["херня"])
    assert OBSCENITY.found("херню")
    assert not own.found("херню и х*рня")
    assert own.found("сука")


def test_a_mask_stands_for_words_of_the_list_only() -> None:
    assert "хуй" in unmasked("х*й")
    assert unmasked("м*шина") == []
    assert unmasked("***") == []


def test_the_list_is_spelt_out_from_prefixes_roots_and_endings() -> None:
    words = shipped().words
    assert {"хуйня", "заебали", "пиздец"} <= words
    assert all(word.isalpha() and word == word.lower() and "ё" not in word for word in words)


@pytest.mark.parametrize("text", ["х" + "*" * 50_000, "*" * 50_000, "а.б" * 20_000, "@" * 50_000, "х*" * 20_000 + "й"])
def test_no_text_takes_long(text: str) -> None:
    assert OBSCENITY.found(text) in (True, False)
