"""Answers on the command line: asked for, drafted, approved, dropped, scored; in Russian and English."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.sdk import Author, MessageDraft, TicketDraft
from hub.store import Checkpoint, StreamKey, open_store
from tests.unit.cli.conftest import Hub

NOW = datetime.now(UTC)
SETTINGS = """\
rules = "rules"
lang = "en"
[replies]
brand = "Ромашка"
[instances.maps]
connector = "pointer"
token = { env = "MAPS_TOKEN" }
[instances.mentions]
connector = "youscan"
api_key = { env = "MENTIONS_KEY" }
"""
RULES = """\
builtin: false
rules:
  - name: praise
    when: {kind: [review], rating: {at_least: 4}}
    then: {category: praise, reply: {template: thanks}}
    examples: {match: [{text: a, kind: review, rating: 5}], no_match: [a]}
"""
TEMPLATES = "templates:\n  thanks: {ru: 'Спасибо, {name}! Ваша {brand}'}\n"


@pytest.fixture
def answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A folder with settings, rules, templates, a mention and two reviews; gives the ids of their tickets."""
    monkeypatch.setenv("MAPS_TOKEN", "token-of-maps")
    monkeypatch.setenv("MENTIONS_KEY", "key-of-mentions")
    for name, text in (("rules", RULES), ("replies", TEMPLATES)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "own.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "hub.toml").write_text(SETTINGS, encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        reviews = [_ticket("review", "r1", 5.0), _ticket("review", "r2", 1.0)]
        store.checkpoint(_page("pointer", "maps", "reviews", reviews))
        store.checkpoint(_page("youscan", "mentions", "101", [_ticket("mention", "77", None)]))
        found = {ticket.thread: str(ticket.id) for ticket in store.iter_tickets()}
    yield [found["r1"], found["r2"], found["77"]]


def _ticket(kind: str, name: str, rating: float | None) -> TicketDraft:
    said = MessageDraft(
        source_id=name,
        created_at=NOW - timedelta(hours=1),
        body="Хорошая работа",
        author=Author(key=name, name="Анна"),
        rating=rating,
    )
    return TicketDraft(thread=name, kind=kind, platform="yandex_maps", messages=(said,))


def _page(connector: str, instance: str, stream: str, drafts: list[TicketDraft]) -> Checkpoint:
    return Checkpoint(StreamKey(instance, stream, "poll"), connector, "", drafts, NOW)


def test_a_reply_waits_in_the_outbox_and_is_asked_for_once(hub: Hub, answers: list[str]) -> None:
    ran = hub("tickets", "reply", answers[1], "Простите, разберёмся")
    assert (ran.code, ran.err) == (0, 'delivery 1 to maps waits; "hub sync" sends it\n')
    assert "is asked for already: delivery 1" in hub("tickets", "reply", answers[1], "Простите,  разберёмся").err
    shown = json.loads(hub("outbox", "show", 1, "--json").out)["begins_with"]
    assert (shown["method"], shown["path"], shown["body"]) == (
        "POST",
        "/reviews/r2/reply",
        {"text": "Простите, разберёмся"},
    )
    assert "reply" in hub("outbox").out


@pytest.mark.parametrize("words", [(), ("a", "--template", "thanks"), ("--draft", "--edit"), (" ",)])
def test_wrong_use_of_reply_is_2(hub: Hub, answers: list[str], words: tuple[str, ...]) -> None:
    assert hub("tickets", "reply", answers[1], *words).code == 2


def test_what_the_source_lacks_is_2_and_says_what_it_can(hub: Hub, answers: list[str]) -> None:
    ran = hub("tickets", "reply", answers[2], "Простите")
    assert ran.code == 2
    assert "instances.mentions (youscan) cannot do reply at its source" in ran.err
    assert "it can do add_tags, hide, mark_spam, set_sentiment, set_tags" in ran.err
    assert hub("tickets", "tag", answers[0], "срочно").code == 2


def test_a_private_number_is_1_in_the_language_of_the_person(hub: Hub, answers: list[str]) -> None:
    ran = hub("tickets", "reply", answers[1], "Звоните +7 916 123-45-67", "--lang", "ru")
    assert ran.code == 1
    assert ran.err == (
        "ничего не отправлено: публичный ответ не должен содержать номер телефона (* *** ***-**-67, знак 10);"
        " уберите это\n"
    )
    assert json.loads(hub("outbox", "--json").out) == []


def test_an_empty_tag_is_2_and_asks_for_nothing(hub: Hub, answers: list[str]) -> None:
    ran = hub("tickets", "tag", answers[2], "a", " ")
    assert (ran.code, "a tag is empty; give words" in ran.err) == (2, True), ran.err
    assert json.loads(hub("outbox", "--json").out) == []


@pytest.mark.parametrize(
    ("words", "act"),
    [
        (("tag", "a", "б"), ("add_tags", ["a", "б"])),
        (("tag", "a", "--only"), ("set_tags", ["a"])),
        (("mark", "--spam"), ("mark_spam", [])),
        (("mark", "--sentiment", "negative"), ("set_sentiment", ["negative"])),
        (("hide",), ("hide", [])),
    ],
)
def test_marks_are_asked_for_at_the_mention(
    hub: Hub, answers: list[str], words: tuple[str, ...], act: tuple[str, list[str]]
) -> None:
    ran = hub("tickets", words[0], answers[2], *words[1:])
    assert ran.code == 0, ran.err
    [row] = json.loads(hub("outbox", "--json").out)
    assert (row["act"]["name"], row["act"].get("values", [])) == act
    assert (row["act"]["stream"], row["act"]["source_id"]) == ("101", "77")


def test_a_review_is_reported_with_a_reason(hub: Hub, answers: list[str]) -> None:
    ran = hub("tickets", "report", answers[1], "--reason", "offense", "--text", "брань", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["outgoing"]["act"]["values"] == ["offense"]


def test_a_reason_that_the_source_does_not_take_is_2_and_asks_for_nothing(hub: Hub, answers: list[str]) -> None:
    ran = hub("tickets", "report", answers[1], "--reason", "ofense")
    told = '"ofense" is no reason for a report at maps; did you mean "offense"? it takes not_a_client, offense,'
    assert (ran.code, told in ran.err) == (2, True), ran.err
    assert json.loads(hub("outbox", "--json").out) == []


def test_a_draft_is_made_shown_and_approved(hub: Hub, answers: list[str]) -> None:
    made = hub("tickets", "reply", answers[0], "--draft")
    assert (made.code, made.out) == (0, "Спасибо, Анна! Ваша Ромашка\n")
    assert "Спасибо, Анна!" in hub("replies", "list").out
    assert "1 drafts wait for a person" in hub("status").err
    shown = hub("replies", "show", 1, "--lang", "ru").out
    assert "Ответ 1: черновик" in shown
    assert "шаблон: thanks, вариант ru-1" in shown
    assert "holds" not in hub("replies", "approve", 1, "--text", "Спасибо, Анна! Ваша Ромашка.").err
    assert [row["state"] for row in json.loads(hub("replies", "list", "--state", "approved", "--json").out)] == [
        "approved"
    ]
    template = json.loads(hub("replies", "score", "--json").out)[0]
    assert (template["name"], template["little"]) == ("thanks", 1)
    assert "мало правок" in hub("replies", "score", "--lang", "ru").out


def test_no_rule_wants_a_draft_for_a_complaint_and_a_template_can_be_named(hub: Hub, answers: list[str]) -> None:
    ran = hub("tickets", "reply", answers[1], "--draft")
    assert ran.code == 2
    assert "no rule wants an answer for this ticket" in ran.err
    assert "thanks" in ran.err
    ran = hub("tickets", "reply", answers[1], "--template", "thank")
    assert ran.code == 2
    assert 'did you mean "thanks"?' in ran.err
    assert hub("tickets", "reply", answers[1], "--template", "thanks").code == 0


def test_drafts_are_dropped_and_what_is_gone_is_told(hub: Hub, answers: list[str]) -> None:
    hub("tickets", "reply", answers[1], "Простите", "--draft")
    assert hub("replies", "drop", 1).code == 0
    ran = hub("replies", "drop", 1)
    assert ran.code == 1
    assert hub("replies", "approve", 1).code == 1
    assert "no draft waits" in hub("replies", "list").err


def test_a_draft_with_a_private_number_is_not_approved(hub: Hub, answers: list[str]) -> None:
    hub("tickets", "reply", answers[1], "Простите", "--draft")
    ran = hub("replies", "approve", 1, "--text", "Карта 4111 1111 1111 1111")
    assert ran.code == 1
    assert "a card number" in ran.err
    assert len(json.loads(hub("replies", "list", "--json").out)) == 1


def test_check_finds_what_is_wrong_with_templates(hub: Hub, answers: list[str], tmp_path: Path) -> None:
    assert hub("replies", "check").code == 0
    file = tmp_path / "replies" / "own.yaml"
    file.write_text("templates: {thanks: {ru: 'Звоните 8 916 123-45-67'}}", encoding="utf-8")
    ran = hub("replies", "check")
    assert ran.code == 1
    assert "thanks (ru-1): a public answer may not hold a phone number" in ran.out
    file.write_text("templates: {thanks: {ru: '{nam}'}}", encoding="utf-8")
    assert "{nam} stands for nothing" in hub("replies", "check").err
    ran = hub("check", "mentions")
    assert ran.code == 1
    assert "{nam} stands for nothing" in ran.out


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("reply: {template: thank}", "unknown_template"),
        ("reply: {template: thanks, mode: auto}", "auto_not_allowed"),
        ("category: complaint, reply: {template: thanks, mode: auto}", "auto_complaint"),
        ("reply: {template: thanks}, act: delete_reply", None),
        ("act: hide", "unused_template"),
    ],
)
def test_rules_check_knows_templates(hub: Hub, answers: list[str], tmp_path: Path, rule: str, told: str | None) -> None:
    text = f"builtin: false\nrules:\n  - {{name: r, when: {{rating: 5}}, then: {{{rule}}}}}\n"
    (tmp_path / "rules" / "own.yaml").write_text(text, encoding="utf-8")
    found = {one["kind"] for one in json.loads(hub("rules", "check", "--json").out)["problems"]} - {"no_examples"}
    assert (told in found) if told else not found


@pytest.mark.parametrize(
    ("when", "act", "told"),
    [
        ("instance: [maps]", "hide", ("cannot_act", "wants hide, which maps cannot do; it can do: delete_reply")),
        ("connector: [youscan]", "report", ("cannot_act", "wants report, which mentions cannot do")),
        ("instance: [maps]", "report", None),
        ("rating: 5", "report", None),
    ],
)
def test_rules_check_knows_what_sources_can_do(
    hub: Hub, answers: list[str], tmp_path: Path, when: str, act: str, told: tuple[str, str] | None
) -> None:
    text = f"builtin: false\nrules:\n  - {{name: r, when: {{{when}}}, then: {{act: {act}}}}}\n"
    (tmp_path / "rules" / "own.yaml").write_text(text, encoding="utf-8")
    found = json.loads(hub("rules", "check", "--json").out)["problems"]
    wrong = [one for one in found if one["kind"] in ("cannot_act", "nobody_can")]
    if told is None:
        assert wrong == []
    else:
        assert wrong[0]["kind"] == told[0]
        assert told[1] in wrong[0]["message"]


def test_a_name_in_auto_that_no_rule_has_is_told(hub: Hub, answers: list[str], tmp_path: Path) -> None:
    settings = tmp_path / "hub.toml"
    settings.write_text(SETTINGS.replace("[replies]", '[replies]\nauto = ["prase"]'), encoding="utf-8")
    ran = hub("rules", "check")
    assert ran.code == 1
    assert "auto in [replies] names prase, and no rule of that name answers; did you mean praise?" in ran.out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('max_age = "soon"', "replies.max_age"),
        ("autos = []", 'replies.autos: unknown key; did you mean "auto"?'),
        ("a_day = -1", "replies.a_day"),
    ],
)
def test_wrong_settings_are_told(hub: Hub, answers: list[str], tmp_path: Path, line: str, told: str) -> None:
    settings = tmp_path / "hub.toml"
    settings.write_text(SETTINGS.replace("[replies]", f"[replies]\n{line}"), encoding="utf-8")
    ran = hub("status")
    assert ran.code == 2
    assert told in ran.err


def test_a_tag_by_hand_brings_about_what_a_rule_does_at_the_source(
    hub: Hub, answers: list[str], tmp_path: Path
) -> None:
    rule = "builtin: false\nrules:\n  - {name: boss, when: {tags: [boss]}, then: {act: report}}\n"
    (tmp_path / "rules" / "own.yaml").write_text(rule, encoding="utf-8")
    assert hub("tickets", "set", answers[1], "--tag", "boss").code == 0
    [row] = json.loads(hub("outbox", "--json").out)
    assert (row["instance"], row["act"]["name"]) == ("maps", "report")
