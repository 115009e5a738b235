"""Templates: what is wrong with them is told, and what is said of them fits the ticket."""

from pathlib import Path

import pytest

from hub.routing.rule_files import RulesError
from hub.routing.templates import Addressee, Templates, given_name, load_templates, write


def load(folder: Path, text: str, **more: str) -> Templates:
    for name, content in {"own": text, **more}.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return load_templates(folder)


def said(templates: Templates, key: str = "1", **facts: object) -> str | None:
    values = {name: str(value) for name, value in facts.items() if name not in ("language", "texts", "used")}
    about = {name: value for name, value in facts.items() if name in ("language", "texts", "used")}
    found = write(templates, "t", Addressee(key, values=values, **about))  # type: ignore[arg-type]  # by name
    return found.text if found else None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("templates:\n  t: {ru: '{nam}'}", ':2: templates.t.ru[0]: {nam} stands for nothing; did you mean "name"?'),
        ("templates:\n  t:\n    ru: ['{name']", ":3: templates.t.ru[0]: a brace has no other half"),
        ("templates:\n  t: {ru: []}", ":2: templates.t: says nothing; write at least one text under ru or en"),
        ("templates:\n  t: {de: Hallo}", ":2: templates.t.de: unknown key; valid: en, note, ru"),
        ("templates:\n  t: {ru: '{greeting}'}", ":2: templates.t.ru: uses {greeting}, and there is no greeting in ru"),
        ("- t", ":1: has no keys at its top; begin with templates:"),
        ("templates: {t: {ru: [", ":2: this is not YAML"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RulesError) as raised:
        load(tmp_path, text)
    assert f"own.yaml{told}" in str(raised.value)


def test_the_same_template_in_two_files_is_told(tmp_path: Path) -> None:
    text = "templates: {t: {ru: да}}"
    with pytest.raises(RulesError, match="stands already in"):
        load(tmp_path, text, other=text)


def test_without_a_folder_there_are_none(tmp_path: Path) -> None:
    assert load_templates(tmp_path / "nowhere").by_name == {}


def test_a_variant_that_needs_what_is_not_known_is_passed_over(tmp_path: Path) -> None:
    templates = load(tmp_path, "templates: {t: {ru: ['{name}, спасибо', 'Спасибо']}}")
    assert {said(templates, str(key)) for key in range(9)} == {"Спасибо"}
    assert "Анна, спасибо" in {said(templates, str(key), name="Анна") for key in range(9)}
    assert said(load(tmp_path, "templates: {t: {ru: '{name}, спасибо'}}")) is None


def test_a_greeting_is_by_name_where_there_is_one(tmp_path: Path) -> None:
    text = "greetings: {ru: ['{name}, здравствуйте!', 'Здравствуйте!']}\ntemplates: {t: {ru: '{greeting} Спасибо.'}}"
    templates = load(tmp_path, text)
    assert said(templates, name="Анна") == "Анна, здравствуйте! Спасибо."
    assert said(templates) == "Здравствуйте! Спасибо."


def test_own_values_and_the_place_are_filled_in(tmp_path: Path) -> None:
    templates = load(tmp_path, "values: {team: отдел заботы}\ntemplates: {t: {ru: '{team}, «{place}», {city}'}}")
    assert said(templates, place="Юг", city="Томск") == "отдел заботы, «Юг», Томск"


@pytest.mark.parametrize(
    ("language", "texts", "expected", "own"),
    [
        ("en", ("спасибо вам",), "Thanks", True),
        (None, ("Thank you for the help",), "Thanks", True),
        (None, ("Спасибо за помощь",), "Спасибо", True),
        ("uk", (), "Спасибо", False),
        ("de", (), "Thanks", False),
    ],
)
def test_it_is_the_customers_language_or_the_nearest(
    tmp_path: Path, language: str | None, texts: tuple[str, ...], expected: str, own: bool
) -> None:
    templates = load(tmp_path, "templates: {t: {ru: Спасибо, en: Thanks}}")
    found = write(templates, "t", Addressee("1", language, texts))
    assert found is not None
    assert (found.text, found.own_language) == (expected, own)


def test_the_same_ticket_gets_the_same_text_and_others_get_others(tmp_path: Path) -> None:
    templates = load(tmp_path, "templates: {t: {ru: [а, б, в]}}")
    assert said(templates, "7") == said(templates, "7")
    assert {said(templates, str(key)) for key in range(20)} == {"а", "б", "в"}


def test_what_was_said_last_at_the_place_is_not_said_again_before_the_others(tmp_path: Path) -> None:
    templates = load(tmp_path, "templates: {t: {ru: [а, б, в]}}")
    for key in map(str, range(9)):
        assert said(templates, key, used=("ru-1", "ru-2")) == "в"
        assert said(templates, key, used=("ru-1", "ru-2", "ru-3")) == "в", "the longest unused comes first"


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Анна П.", "Анна"), ("Anna-Maria Smith", "Anna-Maria"), ("Гость 12", None), ("kotik_99", None), ("АННА", None),
     ("Google User", None), ("", None), (None, None)],
)  # fmt: skip
def test_only_what_looks_like_a_name_is_one(name: str | None, expected: str | None) -> None:
    assert given_name(name) == expected
