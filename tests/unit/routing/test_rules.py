"""Files of rules: what is right is read, what is wrong is told all at once: file, line, and what to write instead."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.routing.facts import facts_from
from hub.routing.rules import PACK as BUILTIN
from hub.routing.rules import RulesError, load_rules
from tests.unit.routing.folder import findings_of, folder_of, rules_of

DESIGN = """\
phrases:
  stolen-money: ["украсть деньги", "списать без моего ведома", "мошенник", "!не снять деньги"]
platforms:
  strategic: [banki.ru, vk.com, ok.ru, vc.ru, otzovik.com, irecommend.ru, sravni.ru, twitter.com]
calendars:
  always: {timezone: Europe/Moscow, hours: {mon-sun: ["00:00-24:00"]}}
  office: {timezone: Europe/Moscow, hours: {mon-fri: ["09:00-18:00"]}, holidays: RU}
score: {base: 30, urgent: 80, high: 60, normal: 20}   # starts at base; below normal is low
aging: {points: 30, over: first_response}             # grows with the share of the deadline that is spent
rules:
  - name: stolen-money
    when: {text: {any: [$stolen-money]}}
    then: {category: complaint, at_least: 80, queue: claims, tags: [fraud], notify: lead,
           escalate: {to: crm, department: claims, when: customer_known}}
    examples:
      match: ["У меня укpали деньги с карты!!!"]       # the p is Latin
      no_match: ["Карту не украли, просто потерял"]
  - name: strategic
    when: {platform: [$strategic]}
    then: {points: 10}
  - name: not-our-platform
    when: {kind: [mention], not: {platform: [$strategic]}}
    then: {queue: analysis, deliver: none}
  - name: obscene-map-review
    when: {kind: [review], text: {obscene: true}, not: {category: [complaint]}}
    then: {category: spam, state: closed, act: report}
sla:                                                   # after the rules, by what they decided; first match wins
  - {name: critical, when: {tags: [fraud]}, first_response: 7m, resolution: 4h, calendar: always, target: 0.95}
  - {name: strategic, when: {platform: [$strategic]}, first_response: 15m, resolution: 30m, calendar: always,
     pause: [pending, on_hold]}
  - {name: none, when: {category: [news, spam]}}
"""
RULE = "rules:\n  - name: one\n    when: {%s}\n    then: {%s}\n"


def test_the_designs_example_is_read_as_it_stands() -> None:
    rules = rules_of(DESIGN)
    assert [rule.name for rule in rules.rules] == [
        "stolen-money",
        "strategic",
        "not-our-platform",
        "obscene-map-review",
    ]
    assert [policy.name for policy in rules.policies] == ["critical", "strategic", "none"]
    assert sorted(rules.calendars) == ["always", "office"]
    assert rules.needs_history


def test_rules_say_whether_they_ask_how_much_comes_in() -> None:
    asks = "rules: [{name: a, when: {surge: true}, then: {at_least: 60}}]"
    escalates = "rules: [{name: a, then: {escalate: {to: crm, when: surge}}}]"
    assert [rules_of(text).needs_surges for text in (asks, escalates, "rules: [{name: a}]")] == [True, True, False]


def test_the_examples_of_the_designs_example_hold() -> None:
    rules = rules_of(DESIGN)
    held = [
        (rule.name in rules.decide(one.facts).rules) == one.matches for rule in rules.rules for one in rule.examples
    ]
    assert held == [True, True]


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (RULE % ("kind: review", "categry: spam"), 4, 'rules[one].then.categry: unknown key; did you mean "category"?'),
        (RULE % ("stat: new", ""), 3, 'rules[one].when.stat: unknown key; did you mean "state"?'),
        (RULE % ("kind: mentoin", ""), 3, '"mentoin" is none of the values; did you mean "mention"?'),
        (RULE % ("not: {any: [{kin: x}]}", ""), 3, "rules[one].when.not.any[0].kin: unknown key"),
        (RULE % ("", "category: complain"), 4, 'did you mean "complaint"?'),
        (RULE % ("", "points: yes"), 4, "is 'yes'; it should be a whole number"),
        (RULE % ("", "points: true"), 4, "is true; write a number"),
        (RULE % ("", "queue: true"), 4, 'is true, which is no text; write it in quotes: "true"'),
        (RULE % ("", "stop: да"), 4, "it should be true or false"),
        (RULE % ("", "queue: "), 4, '"queue" has no value'),
        (RULE % ("", "act: repot"), 4, 'did you mean "report"?'),
        (RULE % ("", "deliver: [none, crm]"), 4, "says none and more"),
        (RULE % ("", "escalate: {to: crm, when: customer_knows}"), 4, 'did you mean "customer_known"?'),
        (RULE % ("", "escalate: {department: x}"), 4, "rules[one].then.escalate.to: is missing"),
        (RULE % ("rating: {atleast: 1}", ""), 3, "has no bound; write {at_least: 1}"),
        (RULE % ("rating: few", ""), 3, "'few' is no number; write for example 3"),
        (RULE % ("waiting: 30", ""), 3, "needs bounds; write {at_least: 30m}"),
        (RULE % ("waiting: {at_least: 30}", ""), 3, 'such as "30m"'),
        (RULE % ("age: {at_least: 99999999999d}", ""), 3, "is longer than ten years"),
        (RULE % ("text: []", ""), 3, "is empty"),
        (RULE % ("text: [$nothing]", ""), 3, '"$nothing" names no list of phrases'),
        (RULE % ("platform: [vk.com, $nothing]", ""), 3, '[1]: "$nothing" names no list of values'),
        (RULE % ("text: ['re:(?=x)']", ""), 3, "rules[one].when.text.any[0]: "),
        (RULE % ("matched: onne", ""), 3, 'there is no rule "onne"; did you mean "one"?'),
        ("rules:\n  - when: {}\n", 2, "rules[0].name: is missing"),
        ("rules:\n  - one\n", 2, "write keys and values here: enabled, examples"),
        ("rules: {name: one}\n", 1, "rules: is no list"),
        ("rules:\n  - {name: a}\n  - {name: a}\n", 3, "is given already in"),
        ("rules:\n  - name: a\n    examples:\n      match: [{text: x, platfrm: y}]", 4, 'did you mean "platform"?'),
        ("rules:\n  - name: a\n    examples:\n      match:\n        - {text: x, rating: [1]}", 5, "write a number"),
        ("phrases:\n  a: [$b]\n  b: [$a]\n", 2, '"$b" takes itself in'),
        ("phrases:\n  a: ['re:(']\n", 2, "phrases.a[0]: "),
        ("score: {urgent: 10}\n", 1, "must go down in this order"),
        ("score: {base: 1}\nscore: {base: 2}\n", 2, 'the key "score" stands twice, first on line 1'),
        (
            "sla:\n  - {name: a, calendar: offise}\ncalendars: {office: {timezone: UTC, hours: {mon: 09:00-10:00}}}",
            2,
            "office",
        ),
        ("sla:\n  - {name: a, first_response: 7}\n", 2, 'such as "7m"'),
        ("calendars:\n  c: {timezone: Europe/Moskow, hours: {}}\n", 2, 'did you mean "Europe/Moscow"?'),
        (RULE % ("", "priority: urgent"), 4, "rules[one].then.priority: is no key here; the score decides it"),
        ("calendars:\n  c: {timezone: UTC, hours: {mon: 09:00-10:00}, overrides: no.yaml}\n", 2, "cannot be read"),
        ("ruls: []\n", 1, 'did you mean "rules"?'),
        ("- a\n", 1, "has no keys at its top"),
        ("a: [b", 1, "a bracket [ is not closed"),
        ("rules:\n\t- name: x", 2, "a tab cannot indent"),
        ("a: 1\n---\nb: 2", 2, "a second document begins here"),
        (RULE % ("text: [!не снять]", ""), 3, "begins with ! is a tag"),
        (RULE % ("platform: [*.ru]", ""), 3, "begins with * is an alias"),
        (RULE % ('text: ["re:\\d"]', ""), 3, "single quotes"),
        (RULE % ("text: [!!python/name:os.system x]", ""), 3, "is a YAML tag"),
        ("a: &a [*a]", 1, "stands within what it names"),
        ("[" * 200, 1, "deeper than"),
        ("{a: " * 100_000, 1, "deeper than"),
        (f"aging: {{points: {'9' * 5000}}}\n", 1, "aging.points"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, line: int, said: str) -> None:
    found = findings_of(text)
    assert any(one.startswith(f"1.yaml:{line}: ") and said in one for one in found), found


def test_every_finding_of_all_files_is_told_at_once() -> None:
    first = "rules:\n  - {name: a, when: {text: [$no], kind: x}, then: {poins: 1}}\n  - {name: a}\n"
    found = findings_of(first, "score: {bas: 1}", "- x", "a: [b")
    assert [one.split(": ")[0] for one in found] == [*["1.yaml:2"] * 3, "1.yaml:3", "2.yaml:1", "3.yaml:1", "4.yaml:1"]


def test_names_are_unique_over_all_files() -> None:
    one = "phrases: {p: [a]}\nplatforms: {q: [a]}\ncalendars: {c: {timezone: UTC, hours: {mon: 09:00-10:00}}}\n"
    other = one.replace("platforms", "lists") + "sla: [{name: s}, {name: s}]\n"
    found = findings_of(one + "rules: [{name: a}]\nscore: {base: 1}", other + "rules: [{name: a}]\nscore: {base: 2}")
    assert [one.split(": ")[1] for one in found] == [
        "phrases.p",
        "lists.q",
        "calendars.c",
        "sla[s]",
        "rules[a]",
        "score",
    ]
    assert all("1.yaml:" in one or "2.yaml:4" in one for one in found)


def test_words_that_other_yaml_takes_for_something_else_stay_words() -> None:
    rules = rules_of(
        "rules:\n  - {name: no, when: {platform: [on, 4pda, 007, 22:00, да, 2026-11-25, 1e3, 5]}, then: {queue: 12}}"
    )
    for platform in ("on", "4pda", "007", "22:00", "да", "2026-11-25", "1e3", "5"):
        decision = rules.decide(facts_from({"platform": platform}))
        assert (decision.rules, decision.queue) == (("no",), "12")


def test_a_byte_order_mark_and_windows_line_ends_are_read_and_empty_files_say_nothing() -> None:
    with folder_of("", "# nothing yet\nrules:\n") as folder:
        (folder / "3.yml").write_bytes("\ufeffrules:\r\n  - name: one\r\n    then: {points: 1}\r\n".encode())
        (folder / ".4.yaml").write_text("broken: [")
        assert [rule.name for rule in load_rules(folder, builtin=False).rules] == ["one"]


def test_anchors_and_merges_work() -> None:
    rules = rules_of(
        """\
        rules:
          - name: a
            when: &both {kind: [review], platform: [vk.com]}
            then: {points: 1}
          - name: b
            when: {<<: *both, kind: [mention]}
            then: {points: 2}
        """
    )
    assert rules.decide(facts_from({"kind": "mention", "platform": "vk.com"})).rules == ("b",)


def test_aliases_that_would_grow_without_bound_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{number}: &a{number} [{', '.join([f'*a{number - 1}'] * 9)}]" for number in range(1, 9)]
    assert "aliases counted as often as used" in findings_of("\n".join(lines))[0]


def test_a_file_far_larger_than_a_persons_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1.yaml").write_bytes(b"#" * (32 * 1024 * 1024 + 1))
    with pytest.raises(RulesError, match="split it into several files"):
        load_rules(tmp_path, builtin=False)


@pytest.mark.parametrize("data", ["правила: [".encode("cp1251"), "rules: []".encode("utf-16"), b"a: \x00"])
def test_what_is_no_utf8_text_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "1.yaml").write_bytes(data)
    with pytest.raises(RulesError, match=r"UTF-8|control character"):
        load_rules(tmp_path, builtin=False)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="hub init"):
        load_rules(tmp_path / "none", builtin=False)


def test_one_file_is_a_rule_set_too() -> None:
    with folder_of("rules: [{name: a}]", "rules: [{name: b}]") as folder:
        assert [rule.name for rule in load_rules(folder / "2.yaml", builtin=False).rules] == ["b"]


def test_files_are_read_in_the_order_of_their_names() -> None:
    rules = rules_of(b="rules: [{name: b, then: {queue: b}}]", a="rules: [{name: a, then: {queue: a}}]")
    decision = rules.decide(facts_from({}))
    assert (decision.rules, decision.queue) == (("a", "b"), "a")


def test_named_lists_nest_over_files() -> None:
    rules = rules_of(
        "rules: [{name: r, when: {text: [$all]}}, {name: p, when: {city: $cities}}]",
        "phrases: {all: [$one, жираф], one: [бегемот]}\nlists: {cities: [Тверь]}",
    )
    assert rules.decide(facts_from({"text": "бегемоты"})).rules == ("r",)
    assert rules.decide(facts_from({"text": "жирафа", "city": "ТВЕРЬ"})).rules == ("r", "p")


def test_a_disabled_rule_does_nothing_but_is_still_checked() -> None:
    assert rules_of("rules: [{name: a, enabled: false}]").rules == ()
    assert findings_of("rules: [{name: a, enabled: false, when: {text: ['re:(']}}]")


# --- the pack -------------------------------------------------------------------------------------------------------

PACK = """\
version: pack 1
score: {base: 50}
phrases: {bad: [плохо]}
rules:
  - {name: bad, when: {text: [$bad]}, then: {queue: bad}}
  - {name: other, then: {queue: other}}
sla: [{name: all, first_response: 1h}]
"""


@pytest.fixture
def pack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "10-pack.yaml").write_text(PACK)
    monkeypatch.setattr("hub.routing.rules.PACK", tmp_path)


@pytest.mark.usefixtures("pack")
def test_the_pack_comes_after_the_users_files_and_its_names_give_way() -> None:
    text = (
        "phrases: {bad: [$bad, ужасно]}\nrules: [{name: mine}, {name: other, then: {queue: mine}}]\nsla: [{name: all}]"
    )
    with folder_of(text) as folder:
        rules = load_rules(folder)
    assert [(rule.name, rule.builtin) for rule in rules.rules] == [("mine", False), ("other", False), ("bad", True)]
    assert rules.rules[2].file == "built-in/10-pack.yaml"
    assert rules.scale.base == 50
    assert [policy.sla.first_response for policy in rules.policies] == [None]
    for word in ("плохо", "ужасно"):  # its own name in a list takes in what the pack has
        assert "bad" in rules.decide(facts_from({"text": word})).rules


@pytest.mark.usefixtures("pack")
def test_the_pack_can_be_left_out() -> None:
    with folder_of("builtin: false") as folder:
        assert load_rules(folder).rules == ()
    assert [rule.name for rule in load_rules(None).rules] == ["bad", "other"]
    assert load_rules(None, builtin=False).rules == ()


# --- version --------------------------------------------------------------------------------------------------------


def test_the_version_is_of_what_decides_alone() -> None:
    rules = rules_of("rules: [{name: a, when: {kind: review, city: [Тверь]}, then: {points: 1, queue: q}}]")
    same = rules_of(
        x="# comment\nversion: of autumn\nrules:\n"
        "- {then: {queue: q, points: 1}, note: why, when: {city: Тверь, kind: [review]}, name: a,"
        " examples: {match: [x]}}"
    )
    assert (same.version, same.title) == (rules.version, "of autumn")
    assert rules.title is None
    assert len(rules.version) == 12


@pytest.mark.parametrize(
    "change",
    [
        ("points: 1", "points: 2"),
        ("[a1]", "[a2]"),
        ("vk.com", "ok.ru"),
        ("base: 1", "base: 2"),
        ("1h", "2h"),
        ("09:00", "08:00"),
        ("points: 5", "points: 6"),
        ("words: [x]", "words: [y]"),
    ],
)
def test_the_version_changes_with_all_that_decides(change: tuple[str, str]) -> None:
    text = (
        "phrases: {p: [a1]}\nplatforms: {q: [vk.com]}\nscore: {base: 1}\naging: {points: 5}\nobscene: {words: [x]}\n"
        "calendars: {c: {timezone: UTC, hours: {mon: 09:00-10:00}}}\n"
        "rules: [{name: a, then: {points: 1}}]\nsla: [{name: s, first_response: 1h}]\n"
    )
    assert rules_of(text).version != rules_of(text.replace(*change)).version


def test_a_copy_of_the_built_in_rules_has_their_version_until_it_is_changed(tmp_path: Path) -> None:
    copy = tmp_path / "rules"
    shutil.copytree(BUILTIN, copy)
    builtin = load_rules(None).version
    assert load_rules(copy).version == builtin
    (copy / "00-own.yaml").write_text("builtin: false", encoding="utf-8")
    assert load_rules(copy).version == builtin
    first = next(path for path in sorted(copy.iterdir()) if "phrases:" in path.read_text(encoding="utf-8"))
    text = first.read_text(encoding="utf-8")
    first.write_text(text.replace("phrases:\n", "phrases:\n  more: [ещё]\n", 1), encoding="utf-8")
    assert load_rules(copy).version != builtin


def test_days_in_a_file_of_their_own_belong_to_the_calendar_and_the_version() -> None:
    text = "calendars: {c: {timezone: UTC, hours: {mon-sun: 09:00-10:00}, overrides: days/ru.yaml}}"
    with folder_of(text) as folder:
        (folder / "days").mkdir()
        days = folder / "days" / "ru.yaml"
        days.write_text("2026-11-25: []\n")
        rules = load_rules(folder, builtin=False)
        days.write_text("2026-11-26: []\n")
        assert load_rules(folder, builtin=False).version != rules.version
        days.write_text("2026-11-26: 9\n")
        with pytest.raises(RulesError, match=r"calendars\.c\.overrides"):
            load_rules(folder, builtin=False)


DEADLINES = Path(__file__).parents[3] / "docs" / "explanation" / "deadlines.md"


def test_the_calendars_of_the_docs_work_in_a_folder_of_rules_with_their_file_of_days() -> None:
    text = DEADLINES.read_text(encoding="utf-8").partition("```yaml\n")[2].partition("```")[0]
    with folder_of(text, days='2026-11-07: ["09:00-16:00"]\n') as folder:
        office = load_rules(folder, builtin=False).calendars["office"]
    saturday = datetime(2026, 11, 7, tzinfo=UTC)
    assert office.elapsed(saturday, saturday + timedelta(days=1)) == 7 * 3600


def test_a_file_of_days_that_no_calendar_names_is_told_as_a_file_of_rules() -> None:
    assert findings_of("rules: []", days="2026-11-07: []\n")
