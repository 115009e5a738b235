"""What people read is there in Russian and English alike."""

import re
from importlib import import_module

import pytest

from hub.cli.loader_russian import in_russian
from hub.cli.speech import CATALOGUES, Catalogue, Speech, language


@pytest.mark.parametrize("module", CATALOGUES)
def test_both_languages_say_the_same_things(module: str) -> None:
    texts: Catalogue = import_module(module).TEXTS
    english, russian = (
        {key: sorted(re.findall(r"(?<!{){(\w+)", text)) for key, text in texts[lang].items()} for lang in ("en", "ru")
    )
    assert english == russian


@pytest.mark.parametrize("module", CATALOGUES)
def test_no_message_was_left_in_the_other_language(module: str) -> None:
    texts: Catalogue = import_module(module).TEXTS
    cyrillic = [
        key for key, text in texts["en"].items() if re.search("[а-яё]", text.replace("а-яё", "")) and key != "word"
    ]
    assert set(cyrillic) <= {"yo_class.said", "seen.yo"}
    same = [key for key, text in texts["en"].items() if text == texts["ru"][key] and re.search("[a-z]{4}", text)]
    assert [key for key in same if key != "why.failed"] == []


@pytest.mark.parametrize(
    ("asked", "env", "spoken"),
    [
        ("ru", {"LANG": "en_US.UTF-8"}, "ru"),
        (None, {"LANG": "ru_RU.UTF-8"}, "ru"),
        (None, {"LC_ALL": "C", "LANG": "ru_RU.UTF-8"}, "en"),
        (None, {}, "en"),
    ],
)
def test_the_language_is_the_asked_one_or_the_locales(asked: str | None, env: dict[str, str], spoken: str) -> None:
    assert language(asked, env) == spoken


def test_what_the_catalogue_has_no_word_for_is_said_as_it_is() -> None:
    speech = Speech("ru", {"ru": {"field.queue": "очередь", "hello": "{name}, привет"}})
    assert speech.word("field", "queue") == "очередь"
    assert speech.word("field", "points") == "points"
    assert speech("hello", name="Анна") == "Анна, привет"


@pytest.mark.parametrize(
    ("english", "russian"),
    [
        (
            'unknown key; did you mean "rules"? valid: aging, rules',
            'неизвестный ключ; может быть, "rules"? годятся: aging, rules',
        ),
        ("unknown key; valid: a, b", "неизвестный ключ; годятся: a, b"),
        ("is 'yes'; it should be a whole number", "это 'yes'; нужно целое число"),
        ("is true; write a number", "это true; напишите число"),
        ('"$x" names no list of phrases; defined: none', '"$x" не называет ни одного списка фраз; нет ни одного'),
        (
            "this name is given already in a/1.yaml:2; names are unique over all files",
            "это имя уже занято: a/1.yaml:2; имена во всех файлах разные",
        ),
        ("«re:(»: the expression is refused by RE2: missing )", "«re:(»: RE2 не принимает выражение: missing )"),
        ("what nobody knows yet", "what nobody knows yet"),
    ],
)
def test_what_is_wrong_with_a_file_of_rules_is_said_in_russian_as_far_as_it_is_known(
    english: str, russian: str
) -> None:
    assert in_russian(english) == russian
