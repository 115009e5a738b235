"""``hub rules``: real runs of every command, in both languages, with right and wrong files."""

import gzip
import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.route import router
from hub.routing.rules import load_rules
from hub.sdk import Author, TicketDraft
from hub.store import Decided, Router, open_store
from tests.unit.cli.conftest import NOW, Hub, mention, put

RULES = """\
builtin: false
version: Bank 1
rules:
  - name: stolen
    when: {text: ["украсть деньги"]}
    then: {category: complaint, at_least: 80, queue: claims, tags: [fraud]}
    examples: {match: ["У меня укpали деньги"], no_match: [Спасибо]}
  - name: thanks
    when: {text: [спасибо, thanks]}
    then: {category: praise, at_most: 19, queue: praise}
    examples: {match: [Спасибо], no_match: [Плохо]}
  - name: vk
    when: {platform: vk.com}
    then: {points: 10}
    examples: {match: [{text: А, platform: vk.com}], no_match: [А]}
sla:
  - {name: all, first_response: 1h}
"""
WRONG = """\
builtin: false
rules:
  - name: thanks
    when: {text: [спасибо]}
    then: {category: praise}
    examples: {match: [Спасибо, "до свидания"], no_match: []}
  - name: again
    when: {text: [спасибо]}
    then: {category: spam}
    examples: {match: [спасибо]}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A folder of rules in which nothing is wrong."""
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "1.yaml").write_text(RULES, encoding="utf-8")
    return folder


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """A file with a contradiction and an example that does not hold."""
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG, encoding="utf-8")
    return path


def test_a_folder_without_rules_is_told_of(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    ran = hub("rules", "test", "--rules", tmp_path / "none", "--lang", "en")
    assert ran.code == 0
    assert f"{tmp_path / 'none'} holds no rules (*.yaml); the built-in rules alone decide" in ran.err.splitlines()


# --- which rules, which language ------------------------------------------------------------------------------------


def test_the_rules_are_those_of_the_option_else_of_the_settings_else_the_built_in_ones(
    hub: Hub, tmp_path: Path, rules: Path, wrong: Path
) -> None:
    builtin = json.loads(hub("rules", "test", "--json").out)
    (tmp_path / "hub.toml").write_text('rules = "rules"\n', encoding="utf-8")
    configured = json.loads(hub("rules", "test", "--json").out)
    asked = json.loads(hub("rules", "test", "--rules", wrong, "--json").out)
    (tmp_path / "hub.toml").write_text('rules = "off"\n', encoding="utf-8")
    off = json.loads(hub("rules", "test", "--json").out)
    assert [configured["rules"], asked["rules"]] == [3, 2]
    assert off["ruleset"] == builtin["ruleset"]
    assert len({builtin["ruleset"], configured["ruleset"], asked["ruleset"]}) == 3


def test_wrong_settings_matter_only_where_they_are_needed(hub: Hub, tmp_path: Path, rules: Path) -> None:
    (tmp_path / "hub.toml").write_text("ruels = 1\n", encoding="utf-8")
    assert hub("rules", "test", "--rules", rules).code == 0
    ran = hub("rules", "test")
    assert (ran.code, "ruels" in ran.err) == (2, True)


def test_the_language_is_the_options_else_the_settings_else_the_locales(
    hub: Hub, tmp_path: Path, rules: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert "Rules: 3" in hub("rules", "check", "--rules", rules).err
    assert "Прочитано правил: 3" in hub("rules", "check", "--rules", rules, "--lang", "ru").err
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert "Прочитано правил: 3" in hub("rules", "check", "--rules", rules).err
    (tmp_path / "hub.toml").write_text('lang = "en"\n', encoding="utf-8")
    assert "Rules: 3" in hub("rules", "check", "--rules", rules).err


def test_rules_that_cannot_be_read_are_told_with_file_and_line(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text("rules:\n  - {name: a, whn: {}}\n", encoding="utf-8")
    ran = hub("rules", "decide", "-", "--rules", path)
    assert ran.code == 2
    assert f"{path}:2: rules[a].whn: unknown key" in ran.err
    assert hub("rules", "decide", "-", "--rules", tmp_path / "nowhere").code == 2


# --- check and test -------------------------------------------------------------------------------------------------


def test_check_finds_nothing_wrong_with_right_rules(hub: Hub, rules: Path) -> None:
    ran = hub("rules", "check", "--rules", rules, "--strict", "--lang", "en")
    assert (ran.code, ran.out) == (0, "")


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", ("error: again: contradicts thanks", 'shown by: {text: "спасибо"}', "does not match its own example")),
        ("ru", ("ошибка: again: противоречит правилу thanks", 'примере: {text: "спасибо"}', "не срабатывает на")),
    ],
)
def test_check_tells_errors_with_file_line_and_witness(hub: Hub, wrong: Path, lang: str, said: tuple[str, ...]) -> None:
    ran = hub("rules", "check", "--rules", wrong, "--lang", lang)
    assert ran.code == 1
    assert f"{wrong}:7: {said[0]}" in ran.out
    assert said[1] in ran.out
    assert f"{wrong}:6: " in ran.out
    assert said[2] in ran.out


def test_check_fails_for_warnings_only_when_asked(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    path.write_text("builtin: false\nrules: [{name: a, then: {points: 1}}]\n", encoding="utf-8")
    assert hub("rules", "check", "--rules", path).code == 0
    assert hub("rules", "check", "--rules", path, "--strict").code == 1


def test_check_prints_problems_as_json(hub: Hub, wrong: Path) -> None:
    ran = hub("rules", "check", "--rules", wrong, "--json", "--lang", "en")
    found = json.loads(ran.out)
    assert (ran.code, found["ok"], found["errors"], found["rules"]) == (1, False, 2, 2)
    problem = next(one for one in found["problems"] if one["kind"] == "contradiction")
    assert (problem["file"], problem["line"], problem["subject"]) == (str(wrong), 7, "again")
    assert problem["about"]["witness"] == {"text": "спасибо"}


def test_check_tells_what_cannot_be_read_and_still_looks_at_the_words(hub: Hub, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "builtin: false\nrules:\n  - {name: a, whn: {}}\n  - {name: b, when: {text: [кaрта]}}\n", encoding="utf-8"
    )
    ran = hub("rules", "check", "--rules", path, "--lang", "ru")
    assert ran.code == 1
    assert f"{path}:3: ошибка: rules[a].whn: неизвестный ключ" in ran.out
    assert f"{path}:4: предупреждение: b: «кaрта»: в слове «кaрта» буква a — латинская" in ran.out


def test_check_knows_the_instances_of_the_settings(hub: Hub, config: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("builtin: false\nrules: [{name: a, when: {rating: 1}, then: {deliver: mapz}}]\n", encoding="utf-8")
    ran = hub("rules", "check", "--rules", path, "--lang", "en")
    assert (ran.code, "there is no instance mapz; did you mean maps?" in ran.out) == (1, True)


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "decided instead: no category, normal (30)"), ("ru", "решено иначе: без категории")]
)
def test_test_tells_examples_that_do_not_hold(hub: Hub, wrong: Path, lang: str, said: str) -> None:
    ran = hub("rules", "test", "--rules", wrong, "--lang", lang)
    assert ran.code == 1
    assert f"{wrong}:6: thanks: " in ran.out
    assert "«до свидания»" in ran.out
    assert said in ran.out


def test_test_ends_well_where_all_examples_hold(hub: Hub, rules: Path) -> None:
    ran = hub("rules", "test", "--rules", rules, "--lang", "en")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "Examples that hold: 6 of 6; rules: 3, without examples: 0\n"


# --- explain --------------------------------------------------------------------------------------------------------


def test_explain_tells_a_text_to_the_letter_in_russian(hub: Hub, rules: Path) -> None:
    text = "У меня укpали деньги"
    ran = hub("rules", "explain", "--text", text, "--platform", "vk.com", "--rules", rules, "--lang", "ru")
    assert (ran.code, ran.err) == (0, "")
    lines = [line.strip() for line in ran.out.splitlines()]
    assert lines[0] == "complaint, urgent (80), очередь claims, метки fraud"
    assert {"30  начало", "+10  vk", "≥  80  не меньше, по правилу stolen", "80  итого: urgent"} <= set(lines)
    assert "«укpали деньги» в сообщении 1, 8–20: фраза «украсть деньги»" in lines
    assert "«укpали» — буква p — латинская; форма слова «украсть»" in lines
    assert "площадка: vk.com (нужно: vk.com)" in lines
    assert lines[-1].startswith("правила: Bank 1, версия ")


def test_explain_tells_a_text_in_english_with_deadlines_and_near_misses(hub: Hub, rules: Path) -> None:
    ran = hub(
        "rules", "explain", "--text", "верните мои деньги", "--rules", rules, "--lang", "en", "--at", "2026-11-25T10:00"
    )
    assert "phrase «украсть деньги»: lacks «украсть»" in ran.out
    assert "first response: 2026-11-25 11:00, running; warnings: 2026-11-25 10:48 (80%)" in ran.out


def test_explain_takes_any_fact(hub: Hub, rules: Path) -> None:
    ran = hub("rules", "explain", "--text", "да", "--fact", "platform=vk.com", "--rules", rules, "--json")
    found = json.loads(ran.out)
    assert (found["decision"]["rules"], found["score"]["points"]) == (["vk"], [{"rule": "vk", "points": 10}])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give --text"),
        (("--text", "a", "--fact", "folowers=3"), 'did you mean "followers"?'),
        (("--text", "a", "--fact", "followers"), "has no ="),
        (("--text", "a", "--fact", "followers=many"), "write a whole number"),
        (("--text", "a", "--fact", "rating=9"), "write a number from 0 to 5"),
        (("--text", "a", "--fact", "kind=foo"), "valid: issue, mention, review, task"),
        (("abcd", "--text", "a"), "leave out its id or --text"),
    ],
)
def test_explain_says_what_is_wrong_with_its_words(hub: Hub, rules: Path, words: tuple[str, ...], said: str) -> None:
    ran = hub("rules", "explain", *words, "--rules", rules)
    assert (ran.code, said in ran.err) == (2, True)


def _fill(tmp_path: Path, *texts: str) -> None:
    drafts = [
        TicketDraft.of(
            source_id=number,
            kind="mention",
            platform="vk.com" if number % 2 else "ok.ru",
            body=text,
            created_at=datetime.now(UTC) - timedelta(days=1, minutes=number),
            author=Author(key=f"a{number}"),
        )
        for number, text in enumerate(texts)
    ]
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        put(store, *drafts)


def test_explain_tells_a_stored_ticket_without_credentials(hub: Hub, config: Path, rules: Path, tmp_path: Path) -> None:
    _fill(tmp_path, "Спасибо", "Украли деньги")
    ticket = json.loads(hub("tickets", "list", "--json").out)[-1]["id"]
    ran = hub("rules", "explain", ticket[:8], "--rules", rules, "--lang", "en")
    assert ran.code == 0
    assert ran.out.startswith("complaint, urgent (80), queue claims, tags fraud\n")
    assert "+10  vk" in ran.out
    assert "no rules decided the stored ticket; below is what the rules of today say" in ran.out


def test_explain_says_which_rules_decided_the_stored_ticket_where_it_was_others(
    hub: Hub, config: Path, rules: Path, tmp_path: Path
) -> None:
    draft = TicketDraft.of(
        source_id=1, kind="mention", platform="vk.com", body="Украли деньги", created_at=datetime.now(UTC)
    )
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        put(store, draft, router=router(lambda: load_rules(rules)))
    ticket = json.loads(hub("tickets", "list", "--json").out)[0]["id"]
    same = hub("rules", "explain", ticket, "--rules", rules, "--lang", "en").out
    assert "the stored" not in same
    path = rules / "1.yaml"
    path.write_text(RULES.replace("at_least: 80", "at_least: 81"), encoding="utf-8")
    other = hub("rules", "explain", ticket, "--rules", rules, "--lang", "en").out
    assert "the stored decision is of the rules " in other


@pytest.mark.parametrize(("lang", "said"), [("en", "would tell: lead"), ("ru", "сообщить: lead")])
def test_explain_says_whom_the_rules_would_tell(hub: Hub, tmp_path: Path, lang: str, said: str) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("builtin: false\nrules: [{name: a, then: {notify: lead}}]", encoding="utf-8")
    assert said in hub("rules", "explain", "--text", "а", "--rules", path, "--lang", lang).out


# --- decide ---------------------------------------------------------------------------------------------------------


def _decided(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def test_decide_reads_json_lines_and_writes_them(hub: Hub, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts"
    rows = [
        {"id": 7, "text": "Украли деньги", "platform": "vk.com", "created_at": "2026-11-25T10:00:00Z"},
        {"id": "x", "title": "Отзыв", "body": "Спасибо!"},
        {"text": "Что?"},
    ]
    path.write_text("\ufeff" + "\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    ran = hub("rules", "decide", path, "--rules", rules)
    assert (ran.code, ran.err) == (0, "")
    first, second, third = _decided(ran.out)
    assert first == {
        "id": 7,
        "category": "complaint",
        "priority": "urgent",
        "score": 80,
        "queue": "claims",
        "tags": ["fraud"],
        "rules": ["stolen", "vk"],
        "policy": "all",
        "due": {"first_response": "2026-11-25T11:00:00Z"},
    }
    assert (second["id"], second["category"], second["score"]) == ("x", "praise", 19)
    assert (third["id"], third["category"], third["rules"]) == (3, None, [])


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_decide_reads_csv_with_quotes_and_any_delimiter(
    hub: Hub, rules: Path, tmp_path: Path, delimiter: str, encoding: str
) -> None:
    path = tmp_path / "texts.csv"
    lines = ["id,text,platform", '1,"Украли, увы, ""деньги""\nвчера",vk.com', "2,Спасибо,"]
    marked = "\n".join(lines).replace(", увы, ", "; увы, ")
    text = marked if delimiter == "," else marked.replace(",", delimiter).replace(f"; увы{delimiter} ", "; увы, ")
    path.write_bytes(text.encode(encoding))
    ran = hub("rules", "decide", path, "--rules", rules)
    assert (ran.code, ran.err) == (0, "")
    assert [(one["id"], one["category"], one["rules"]) for one in _decided(ran.out)] == [
        ("1", "complaint", ["stolen", "vk"]),
        ("2", "praise", ["thanks"]),
    ]


def test_decide_reads_packed_files_and_standard_input(
    hub: Hub, rules: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "texts.jsonl.gz"
    path.write_bytes(gzip.compress('{"id": 1, "text": "Спасибо"}\n'.encode()))
    assert _decided(hub("rules", "decide", path, "--rules", rules).out)[0]["category"] == "praise"
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(path.read_bytes())))  # as a pipe is
    monkeypatch.setattr(sys, "stdin", stdin)
    assert _decided(hub("rules", "decide", "-", "--rules", rules).out)[0]["category"] == "praise"
    path.write_bytes(path.read_bytes()[:-9])
    ran = hub("rules", "decide", path, "--rules", rules)
    assert (ran.code, "no whole gzip file" in ran.err) == (2, True)


def test_a_bad_line_is_told_with_its_number_and_stops_no_other(hub: Hub, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    lines = [
        b'{"id": 1, "text": "a"}',
        b"{no",
        b"[1]",
        '{"id": 4, "text": "а"}'.encode("cp1251"),
        b'{"id": 5}',
        b'{"id": 6, "text": {}}',
        b"",
        b'{"id": 8, "text": null}',
        b'{"id": 9, "text": ["a", "b"]}',
    ]
    path.write_bytes(b"\n".join(lines))
    ran = hub("rules", "decide", path, "--rules", rules, "--lang", "en")
    assert ran.code == 1
    assert [one["id"] for one in _decided(ran.out)] == [1, 8, 9]
    told = ran.err.splitlines()
    assert [line.split(":")[0] for line in told] == [
        "line 2",
        "line 3",
        "line 4",
        "line 5",
        "line 6",
        "5 of 8 lines cannot be used",
    ]
    assert "save the file as UTF-8, or name its encoding: --encoding cp1251" in told[2]


def test_a_value_that_cannot_be_read_is_told_with_line_and_key_and_counts_as_unknown(
    hub: Hub, rules: Path, tmp_path: Path
) -> None:
    path = tmp_path / "texts.jsonl"
    rows: list[dict[str, Any]] = [
        {"text": "a", "rating": "5", "kind": "Review", "created_at": "2026-11-25", "own": "anything"},
        {"text": "b", "rating": "five"},
        {"text": "c", "rating": 9, "kind": "foo"},
        {"text": "Спасибо", "created_at": "вчера"},
    ]
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    ran = hub("rules", "decide", path, "--rules", rules, "--lang", "en")
    assert (ran.code, [one["category"] for one in _decided(ran.out)]) == (1, [None, None, None, "praise"])
    assert ran.err.splitlines() == [
        "line 2: rating is 'five'; write a number from 0 to 5",
        "line 3: rating is 9; write a number from 0 to 5",
        "line 3: kind is 'foo'; valid: issue, mention, review, task",
        "line 4: created_at is 'вчера'; write a time such as 2026-11-25T10:00:00Z",
        "4 values cannot be read; they count as unknown",
    ]


def test_the_label_is_no_fact_that_could_be_wrong(hub: Hub, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text("text,sentiment,rating\nСпасибо,good,6\n", encoding="utf-8")
    ran = hub("rules", "score", path, "--label", "sentiment", "--map", "good=praise", "--rules", rules, "--lang", "en")
    assert (ran.code, "rating is" in ran.err, "sentiment is" in ran.err) == (1, True, False)


def test_a_text_without_a_kind_is_decided_like_a_mention(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        "builtin: false\nrules: [{name: own, when: {kind: mention}, then: {queue: own}}]", encoding="utf-8"
    )
    (tmp_path / "texts.csv").write_text("text,kind\nа,\nб,review\n", encoding="utf-8")
    ran = hub("rules", "decide", tmp_path / "texts.csv", "--rules", tmp_path / "r.yaml")
    assert [one["queue"] for one in _decided(ran.out)] == ["own", None]
    said = hub("rules", "explain", "--text", "а", "--rules", tmp_path / "r.yaml", "--json")
    assert json.loads(said.out)["decision"]["queue"] == "own"


def test_bad_rows_of_a_csv_are_told_with_the_line_on_which_they_begin(hub: Hub, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_bytes(b'id,text\n1,"a\nb"\n2,a,b\n3,' + "да".encode("cp1251") + b"\n4,a\n")
    ran = hub("rules", "decide", path, "--rules", rules, "--lang", "ru")
    assert (ran.code, [one["id"] for one in _decided(ran.out)]) == (1, ["1", "4"])
    assert [line.split(":")[0] for line in ran.err.splitlines()] == ["строка 4", "строка 5", "Негодных строк"]


def test_a_quote_that_is_never_closed_is_told_where_it_opens(hub: Hub, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_text('id,text\n1,a\n2,"b\n3,c\n', encoding="utf-8")
    ran = hub("rules", "decide", path, "--rules", rules, "--lang", "en")
    assert (ran.code, [one["id"] for one in _decided(ran.out)]) == (1, ["1"])
    assert ran.err.splitlines()[0] == "line 3: opens a quote that is never closed"


def test_halves_of_characters_are_replaced(hub: Hub, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(r'{"id": "\ud800", "text": "\ud800 \u0421пасибо \ud83d\ude00"}', encoding="utf-8")
    (row,) = _decided(hub("rules", "decide", path, "--rules", rules).out)
    assert (row["id"], row["category"]) == ("\N{REPLACEMENT CHARACTER}", "praise")


def test_an_id_is_given_back_as_it_came_unless_it_is_larger_than_programs_can_read(
    hub: Hub, rules: Path, tmp_path: Path
) -> None:
    path = tmp_path / "texts.jsonl"
    ids = [7, "x", 1.5, None, 10**30]
    path.write_text("\n".join(json.dumps({"id": one, "text": "a"}) for one in ids), encoding="utf-8")
    found = [row["id"] for row in _decided(hub("rules", "decide", path, "--rules", rules).out)]
    assert found == [7, "x", 1.5, None, str(10**30)]


def test_another_encoding_can_be_named(hub: Hub, rules: Path, tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    path.write_bytes("id;text\n1;Спасибо\n".encode("cp1251"))
    ran = hub("rules", "decide", path, "--rules", rules, "--encoding", "cp1251")
    assert (ran.code, _decided(ran.out)[0]["category"]) == (0, "praise")
    assert hub("rules", "decide", path, "--rules", rules, "--encoding", "cp1252x").code == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("id,message\n1,a\n", "the first line names no column text, title, body; it has: id, message"),
        ('[{"id": 1}]', "write one object a line"),
    ],
)
def test_a_file_of_another_shape_is_refused_with_what_to_do(
    hub: Hub, rules: Path, tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "texts"
    path.write_text(content, encoding="utf-8")
    ran = hub("rules", "decide", path, "--rules", rules)
    assert (ran.code, said in ran.err, ran.out) == (2, True, "")


def test_an_empty_file_has_nothing_to_decide(hub: Hub, rules: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    ran = hub("rules", "decide", tmp_path / "empty", "--rules", rules, "--lang", "en")
    assert (ran.code, ran.out, ran.err.splitlines()) == (
        0,
        "",
        [f"{tmp_path / 'empty'} holds no texts; there is nothing to decide"],
    )
    assert hub("rules", "decide", tmp_path / "nowhere", "--rules", rules).code == 2
    assert hub("rules", "decide", tmp_path, "--rules", rules).code == 2


def test_what_is_wrong_with_a_file_of_texts_is_said_in_russian(hub: Hub, rules: Path, tmp_path: Path) -> None:
    lines = [b'{"text": "a", "rating": 9}', b"{no", b"[1]", b'{"id": 5}', b'{"text": {}}', b'{"text": "\xcd"}']
    (tmp_path / "texts.jsonl").write_bytes(b"\n".join(lines))
    (tmp_path / "texts.csv").write_bytes(b'id,text\n1,a,b\n2,"a')
    ran = hub("rules", "decide", tmp_path / "texts.jsonl", "--rules", rules, "--lang", "ru")
    assert ran.err.splitlines() == [
        "строка 1: rating: это 9; напишите число от 0 до 5",
        "строка 2: это не JSON, ошибка в столбце 2",
        'строка 3: это не объект; напишите {"id": …, "text": …}',
        "строка 4: нет ни одного из ключей: text, title, body",
        "строка 5: text: это не текст",
        "строка 6: не в кодировке UTF-8; сохраните файл в UTF-8 или назовите его кодировку: --encoding cp1251",
        "Негодных строк: 5 из 6",
        "Значений, которые не прочесть: 1; они считаются неизвестными",
    ]
    ran = hub("rules", "decide", tmp_path / "texts.csv", "--rules", rules, "--lang", "ru")
    assert ran.err.splitlines()[:2] == [
        "строка 2: ячеек 3, а в заголовке 2; тексты с запятыми берут в кавычки",
        "строка 3: здесь открыта кавычка, которая нигде не закрыта",
    ]


@pytest.mark.parametrize("command", ["test", "explain", "check"])
def test_rules_that_cannot_be_read_are_told_of_in_russian_by_every_command(
    hub: Hub, tmp_path: Path, command: str
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("rulez: []", encoding="utf-8")
    words = ("--text", "а") if command == "explain" else ()
    ran = hub("rules", command, *words, "--rules", path, "--lang", "ru")
    assert (ran.code == 0, 'неизвестный ключ; может быть, "rules"?' in ran.out + ran.err) == (False, True)


# --- score ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """Five texts with labels of their own."""
    path = tmp_path / "labelled.csv"
    path.write_text(
        "id,text,tone,where\n1,Спасибо,good,praise\n2,Украли деньги,bad,claims\n3,Ужас,bad,claims\n"
        "4,Спасибо,bad,claims\n5,Что?,,\n",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(("lang", "heading"), [("en", "precision"), ("ru", "точность")])
def test_score_prints_a_table_for_people(hub: Hub, rules: Path, labelled: Path, lang: str, heading: str) -> None:
    ran = hub("rules", "score", labelled, "--label", "tone", "--map", "good=praise,bad=complaint", "--worst", "5",
              "--rules", rules, "--lang", lang)  # fmt: skip
    assert ran.code == 0
    assert heading in ran.out.splitlines()[0]
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["complaint", "1.000", "0.333", "0.500", "3"] in rows
    assert ["praise", "0.500", "1.000", "0.667", "1"] in rows
    assert any(row[:3] == ["4", "complaint", "praise"] for row in rows)


def test_score_prints_json(hub: Hub, rules: Path, labelled: Path) -> None:
    ran = hub("rules", "score", labelled, "--label", "where", "--by", "queue", "--rules", rules, "--json")
    found = json.loads(ran.out)
    assert (found["texts"], found["accuracy"], found["undecided"]) == (4, 0.5, 1)
    assert [(one["name"], one["precision"], one["recall"]) for one in found["classes"]] == [
        ("claims", 1.0, 1 / 3),
        ("praise", 0.5, 1.0),
    ]
    assert {"label": "claims", "decided": None, "texts": 1} in found["confusion"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--label", "tome"), 'has no "tome"; did you mean "tone"?'),
        (("--label", "tone", "--map", "ugly=praise"), "no text has a label"),
        (("--label", "tone", "--map", "ugly"), "has no =; write label=category"),
        (("--label", "tone", "--map", "bad=complain"), 'never say "complain"; did you mean "complaint"?'),
        (("--label", "where", "--by", "queue", "--map", "claims=clams"), 'did you mean "claims"?'),
    ],
)
def test_score_says_what_is_wrong_with_its_words(
    hub: Hub, rules: Path, labelled: Path, words: tuple[str, ...], said: str
) -> None:
    ran = hub("rules", "score", labelled, *words, "--rules", rules)
    assert (ran.code, said in ran.err) == (2, True)


def test_score_tells_which_labels_are_left_out_and_which_the_rules_never_say(
    hub: Hub, rules: Path, labelled: Path
) -> None:
    words = ("rules", "score", labelled, "--rules", rules, "--lang", "en", "--label", "tone")
    partly = hub(*words, "--map", "good=praise", "--json")
    assert (json.loads(partly.out)["texts"], json.loads(partly.out)["left_out"]) == (1, {"bad": 3})
    assert "3 texts are left out, since --map does not name their labels: bad (3)" in partly.err
    unmapped = hub(*words)
    assert "labels that are no category, so that they count as mistakes: bad (3), good (1);" in unmapped.err
    whole = hub(*words, "--map", "good=praise,bad=complaint")
    assert (whole.code, len(whole.err.splitlines())) == (0, 1)
    queues = hub("rules", "score", labelled, "--rules", rules, "--lang", "ru", "--label", "where", "--by", "priority")
    assert "Метки, которые не приоритеты, а потому считаются ошибками: claims (3), praise (1)" in queues.err


# --- history --------------------------------------------------------------------------------------------------------


@pytest.fixture
def history(tmp_path: Path, config: Path, rules: Path) -> Path:
    """A store with four tickets, and changed rules."""
    config.write_text('rules = "rules"\n' + config.read_text(encoding="utf-8"), encoding="utf-8")
    _fill(tmp_path, "Спасибо", "Украли деньги", "Закрыл вклад", "Закрыли мой вклад")
    changed = tmp_path / "changed.yaml"
    changed.write_text(
        RULES.replace("спасибо, thanks", "здорово").replace("queue: claims", "queue: help"), encoding="utf-8"
    )
    return changed


def test_backtest_shows_what_would_change_and_writes_nothing(hub: Hub, history: Path, tmp_path: Path) -> None:
    ran = hub("rules", "backtest", "--rules", history, "--lang", "ru")
    assert ran.code == 0
    assert "Изменится обращений: 2 из 4" in ran.err
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["очередь", "claims", "help", "stolen", "1"] in rows
    assert ["категория", "praise", "нет", "thanks", "1"] in rows
    assert ["praise", "1", "0", "-1"] in rows
    assert json.loads(hub("tickets", "list", "--json").out)[0]["queue"] is None


def test_backtest_prints_json_with_every_count(hub: Hub, history: Path) -> None:
    found = json.loads(hub("rules", "backtest", "--rules", history, "--json", "--limit", "1").out)
    assert (found["tickets"], found["changed"], len(found["tickets_changed"])) == (4, 2, 1)
    assert {"queue": "claims", "before": 1, "after": 0} in found["queues"]
    assert sum(one["before"] for one in found["hours"]) == 4
    assert found["undecided"] == {"before": 2, "after": 3}
    assert found["untouched"] == {"before": 2, "after": 3}


def test_backtest_can_compare_any_two_rule_sets_in_any_time(hub: Hub, history: Path) -> None:
    same = hub("rules", "backtest", "--rules", history, "--against", history, "--lang", "en")
    assert "both sets of rules decide alike" in same.err
    assert "0 of 4 tickets would change" in same.err
    old = hub("rules", "backtest", "--rules", history, "--until", "5d", "--lang", "en")
    assert (old.code, old.err) == (0, "no ticket is stored from that time\n")
    assert hub("rules", "backtest", "--rules", history, "--since", "1d", "--until", "5d").code == 2


def test_coverage_shows_what_no_rule_touches(hub: Hub, history: Path) -> None:
    ran = hub("rules", "coverage", "--lang", "en")
    assert ran.code == 0
    rows = [line.split() for line in ran.out.splitlines()]
    assert ["ok.ru", "2", "1", "(50%)", "1", "(50%)"] in rows
    assert any(row[:3] == ["закрыть", "вклад", "2"] for row in rows)
    assert "2 of 4 tickets get no category (50%), 2 are touched by no rule (50%); 0 of 3 rules never matched" in ran.err
    found = json.loads(hub("rules", "coverage", "--json").out)
    assert (found["untouched"], found["undecided"], found["never_matched"]) == (2, 2, [])


def test_history_needs_settings(hub: Hub, rules: Path) -> None:
    assert hub("rules", "coverage", "--rules", rules).code == 2
    assert hub("rules", "backtest", "--rules", rules).code == 2


# --- corrections ----------------------------------------------------------------------------------------------------


@pytest.fixture
def corrected(hub: Hub, filled: Path, rules: Path, tmp_path: Path) -> Path:
    """Two tickets that rules decided, and that people decided otherwise; returns the rules."""
    ruled = Router(lambda facts: Decided("normal", category="other", ruleset="v1", rules=("x",)))
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        put(store, mention(11, "Спасибо!"), mention(12, "Спасибо, верните деньги"), router=ruled)
        for ticket in store.iter_tickets():
            if ticket.decision is not None:
                what = "complaint" if "деньги" in ticket.messages[0].body else "praise"
                store.set_by_hand(str(ticket.id), {"category": what})
    return rules


def test_score_measures_the_rules_on_what_people_corrected(hub: Hub, corrected: Path) -> None:
    ran = hub("rules", "score", "--corrections", "--rules", corrected, "--json", "--lang", "en")
    found = json.loads(ran.out)["fields"]
    assert found["category"]["texts"] == 2
    assert {one["name"]: one["texts"] for one in found["category"]["classes"]} == {"complaint": 1, "praise": 1}
    assert (found["priority"], found["queue"]) == (None, None)
    assert "queue: nobody has corrected it" in ran.err


@pytest.mark.parametrize(("lang", "heading"), [("en", "What people set against"), ("ru", "Что люди исправили")])
def test_score_of_corrections_speaks_both_languages(hub: Hub, corrected: Path, lang: str, heading: str) -> None:
    words = ("--field", "category", "--since", "2026-01-01", "--worst", 3)
    ran = hub("rules", "score", "--corrections", *words, "--rules", corrected, "--lang", lang)
    assert ran.code == 0
    assert heading in ran.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--corrections", "x.csv"), "leave FILE and --label out"),
        (("--since", "7d"), "--since and --field go with --corrections"),
        ((), "name a FILE and its --label, or say --corrections"),
        (("--corrections",), "corrections are in the store"),
    ],
)
def test_score_says_which_words_do_not_go_together(hub: Hub, words: tuple[str, ...], said: str) -> None:
    ran = hub("rules", "score", *words)
    assert (ran.code, said in ran.err) == (2, True)
