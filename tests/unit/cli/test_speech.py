"""What people read is there in Russian and English alike."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from hub.cli.loader_russian import in_russian
from hub.cli.speech import CATALOGUES, Catalogue, Speech, language
from hub.routing.rules import RulesError, load_rules


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


BROKEN = (
    "rules: [{name: a, then: {priority: urgent}}]",
    "rules: [{name: a}",
    "rules: {a: [}",
    "a: 'x",
    'a: "\\d"',
    "a: *x",
    "a: &",
    "a: !не b",
    "rules:\n\t- a: 1",
    "a: b: c",
    "a: [1, 2\nb: 3",
    "rules:\n - name: a\n   then: {points: 1}\n  x: 1",
    "---\na: 1\n---\nb: 2",
    "rules:\n  -\n",
    "rules: [{name: a, name: b}]",
    "? [a, b]\n: 1",
    "<<: 5",
    "<<: *no",
    "a: &x [*x]",
    "rules: !!set {a}",
    "[1, 2]",
    "5",
    "rules: 5",
    "rulez: []",
    "%a",
    "@a: 1",
    "- a\nb: 1",
    "\x01",
    "a:\n b: 1\n  c: 2",
    "key without colon\nb: 1",
    "rules: [{name: a, when: {kind: post}}]",
    "rules: [{name: a, when: {rating: many}}]",
    "rules: [{name: a, when: {rating: {}}}]",
    "rules: [{name: a, when: {rating: {at_least: x}}}]",
    "rules: [{name: a, when: {waiting: 5}}]",
    "rules: [{name: a, when: {waiting: {at_least: 5}}}]",
    "rules: [{name: a, when: {waiting: {at_least: 5x}}}]",
    "rules: [{name: a, when: {customer_known: perhaps}}]",
    "rules: [{name: a, when: {text: []}}]",
    "rules: [{name: a, when: {text: ['re:(']}}]",
    "rules: [{name: a, when: {text: ['...']}}]",
    "rules: [{name: a, when: {text: ['а*б']}}]",
    "rules: [{name: a, when: {text: ['!не']}}]",
    "rules: [{name: a, when: {text: ['re:a\\bb']}}]",
    "rules: [{name: a, when: {text: [$no]}}]",
    "rules: [{name: a, when: {platform: [$no]}}]",
    "rules: [{name: a, when: {matched: no}}]",
    "rules: [{name: a, when: {extra: x}}]",
    "rules: [{name: a, when: {not: 5}}]",
    "rules: [{name: a, when: {any: []}}]",
    "rules: [{name: a, when: {text: {any: {a: 1}}}}]",
    "rules: [{name: a, when: {state: openn}}]",
    "rules: [{name: a, when: {sentiment: x}}]",
    "rules: [{name: a, when: {text: ['re:']}}]",
    "rules: [{name: a, when: {text: ['~']}}]",
    "rules: [{name: a, when: {text: ['  ']}}]",
    "rules: [{name: a, when: {text: ['+']}}]",
    "rules: [{name: a, then: {category: complain}}]",
    "rules: [{name: a, then: {points: x}}]",
    "rules: [{name: a, then: {points: true}}]",
    "rules: [{name: a, then: {points: 1.5}}]",
    "rules: [{name: a, then: {queue: true}}]",
    "rules: [{name: a, then: {queue: [a]}}]",
    "rules: [{name: a, then: {deliver: [none, crm]}}]",
    "rules: [{name: a, then: {act: bad}}]",
    "rules: [{name: a, then: {act: {}}}]",
    "rules: [{name: a, then: {escalate: crm}}]",
    "rules: [{name: a, then: {escalate: {to: crm, when: knownn}}}]",
    "rules: [{name: a, then: {reply: x}}]",
    "rules: [{name: a, then: {reply: {mode: x}}}]",
    "rules: [{name: a, then: {stop: maybe}}]",
    "rules: [{name: a, then: {state: x}}]",
    "rules: [{name: a, then: {tags: {}}}]",
    "rules: [{name: ''}]",
    "rules: [5]",
    "rules: [{name: a}, {name: a}]",
    "rules: [{name: a, examples: {match: [{rating: 9}, {x: 1}, {waiting: soon}, {created_at: x}]}}]",
    "rules: [{name: a, examples: {match: [{followers: x}, {extra: 5}, {kind: x}, {source_tags: 5}]}}]",
    "rules: [{name: a, examples: {match: [{author: {}}, {text: {}}, {withheld: x}, {platform: {}}]}}]",
    "rules: [{name: a, enabled: 5}]",
    "phrases: {a: [$a]}",
    "phrases: {a: 5, b: {x: 1}}",
    "score: {urgent: 1, high: 2}",
    "score: 5",
    "aging: {}",
    "aging: {points: 5, over: x}",
    "builtin: 5",
    "version: [a]",
    "obscene: {words: {}}",
    "calendars: {c: {timezone: UTC, hours: {mon: 9}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '9-10'}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '25:00-26:00'}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '09:00-09:00'}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: ['09:00-12:00', '11:00-13:00']}}}",
    "calendars: {c: {timezone: UTC, hours: {foo: '09:00-10:00'}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '09:00-10:00', 'пн': '09:00-10:00'}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: []}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '09:00-10:00'}, holidays: XX}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '09:00-10:00'}, holidays: DE-XX}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '09:00-10:00'}, days: {x: []}}}",
    "calendars: {c: {timezone: UTC, hours: {mon: '09:00-10:00'}, overrides: no.yaml}}",
    "calendars: {c: {timezone: X/Y, hours: {mon: '09:00-10:00'}}}",
    "calendars: {c: {timezone: UTC}}",
    "calendars: {c: {timezone: UTC, hours: {}}}",
    "sla: [{name: a, first_response: 5}]",
    "sla: [{name: a, first_response: 0m}]",
    "sla: [{name: a, first_response: 5y}]",
    "sla: [{name: a, first_response: 9999d}]",
    "sla: [{name: a, first_response: 1h, calendar: x}]",
    "sla: [{name: a, first_response: 1h, pause: x}]",
    "sla: [{name: a, first_response: 1h, warn: [2]}]",
    "sla: [{name: a, first_response: 1h, target: 5}]",
    "sla: [{name: a, first_response: 1h, start: x}]",
    "sla: [{name: a, next_response: -1h}]",
    "sla: [{name: a, first_response: soon}]",
    "sla: [{name: a, first_response: 1h, warn: 5}]",
)
NAMES = re.compile(
    r"""'[^']*'|"[^"]*"|«[^»]*»|\{[^}]*\}|\[[^\]]*\]|/\S+|tag:\S+|(годятся|есть|значениями|одним из|один из): [^;)]*"""
)
SAME = frozenset(
    "YAML UTF ISO IANA true false none name hours urgent high normal mon fri wed points at_least at_most".split()
)
"""Words that Russian speech takes as they are: names of standards, keys and values."""


@pytest.mark.parametrize("text", BROKEN)
def test_what_is_wrong_with_rules_is_said_in_russian_but_for_names_and_values(text: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_rules(tmp_path, builtin=False)
    for finding in caught.value.findings:
        said = NAMES.sub("", in_russian(finding.message))
        if "RE2" not in said:  # it tells in its own words what it refuses
            assert set(re.findall("[A-Za-z_]{3,}", said)) - SAME == set(), in_russian(finding.message)
