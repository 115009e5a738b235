"""What other rules would have done, and what no rule does."""

from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hub.routing.backtest import Backtest, Case, backtest
from hub.routing.coverage import coverage
from hub.routing.facts import Facts, facts_from
from hub.routing.rules import load_rules
from hub.sdk import Message
from tests.unit.routing.folder import folder_of, rules_of

NOW = datetime(2026, 11, 25, 22, 30, tzinfo=UTC)
MOSCOW = ZoneInfo("Europe/Moscow")

BEFORE = """\
rules:
  - {name: angry, when: {text: [ужас]}, then: {category: complaint, queue: claims}}
  - {name: vk, when: {platform: vk.com}, then: {points: 10}}
  - {name: press, when: {text: [журналист]}, then: {at_least: 60}}
"""
AFTER = """\
rules:
  - {name: angry, when: {text: [ужас, кошмар]}, then: {category: complaint, queue: help}}
  - {name: vk, when: {platform: vk.com}, then: {points: 50}}
  - {name: away, when: {text: [реклама]}, then: {deliver: none, state: closed, queue: spam}}
"""


def case(number: int, text: str, **facts: object) -> Case:
    """A ticket that came so many hours ago."""
    return Case(f"t{number}", NOW - timedelta(hours=number), facts_from({"text": text, **facts}))


CASES = [
    case(0, "Ужас", platform="vk.com"),
    case(1, "Кошмар"),
    case(2, "реклама"),
    case(3, "Мой журналист"),
    case(4, "Обычный вопрос"),
]


def outcome(limit: int = 100) -> Backtest:
    """The five cases through both rule sets."""
    return backtest(CASES, rules_of(BEFORE), rules_of(AFTER), zone=MOSCOW, limit=limit)


def test_each_change_names_the_field_and_the_rule_that_is_the_reason() -> None:
    changes = {
        change.id: [(one.field, one.before, one.after, one.by) for one in change.fields] for change in outcome().changes
    }
    assert changes == {
        "t0": [("queue", "claims", "help", "angry"), ("priority", "normal", "urgent", "vk")],
        "t1": [("category", None, "complaint", "angry"), ("queue", None, "help", "angry")],
        "t2": [("queue", None, "spam", "away"), ("state", None, "closed", "away"), ("deliver", None, (), "away")],
        "t3": [("priority", "high", "normal", "press")],
    }


def test_rules_that_a_ticket_gains_and_loses_are_told() -> None:
    changes = {change.id: (change.gained, change.lost) for change in outcome().changes}
    assert changes == {"t0": ((), ()), "t1": (("angry",), ()), "t2": (("away",), ()), "t3": ((), ("press",))}


def test_tickets_are_counted_by_queue_hour_of_the_readers_day_and_rule() -> None:
    result = outcome()
    assert (result.tickets, result.changed) == (5, 4)
    assert result.queues == ({"claims": 1, None: 4}, {"help": 2, "spam": 1, None: 2})
    assert result.hours[0]["claims", 1] == 1
    assert (result.hours[1]["help", 1], result.hours[1]["help", 0]) == (1, 1)
    assert result.by_field == {"queue": 3, "priority": 2, "category": 1, "state": 1, "deliver": 1}
    assert result.by_move["queue", "claims", "help", "angry"] == 1
    assert result.untouched == [3, 2]


def test_no_more_changes_are_kept_than_asked_for_but_all_are_counted() -> None:
    result = outcome(limit=1)
    assert (len(result.changes), result.changed) == (1, 4)


def test_equal_rules_change_nothing() -> None:
    rules = rules_of(BEFORE)
    assert backtest(CASES, rules, rules, zone=UTC).changed == 0


def test_rules_loaded_beside_others_decide_the_same_with_one_reading() -> None:
    before = rules_of(BEFORE)
    with folder_of(AFTER) as folder:
        beside = load_rules(folder, builtin=False, beside=before)
        alone = load_rules(folder, builtin=False)
    assert beside.can_read_for(before)
    assert not alone.can_read_for(before)
    assert beside.version == alone.version
    shared, apart = (backtest(CASES, before, one, zone=UTC) for one in (beside, alone))
    assert shared == apart


def test_rules_with_other_obscene_words_read_for_themselves() -> None:
    before = rules_of(BEFORE)
    with folder_of(AFTER + "obscene: {words: [редиска]}\n") as folder:
        assert not load_rules(folder, builtin=False, beside=before).can_read_for(before)


def _message(number: int, hours: int, direction: str = "in") -> Message:
    at = NOW - timedelta(hours=hours)
    return Message.model_validate(
        {
            "id": UUID(int=number),
            "sources": [{"stream": "s", "source_id": str(number)}],
            "direction": direction,
            "body": f"text {number}",
            "created_at": at,
            "collected_at": at + timedelta(minutes=5),
            "ingested_at": at + timedelta(minutes=6),
        }
    )


# --- coverage -------------------------------------------------------------------------------------------------------


def _covered() -> list[Facts]:
    rows = [
        {"text": "Ужас", "platform": "vk.com"},
        {"text": "Как закрыть вклад?", "platform": "vk.com"},
        {"text": "закрыл вклады у вас https://example.com/вклад", "platform": "2gis"},
        {"text": "закрыли старый вклад @bank", "platform": "2gis"},
        {"title": "спасибо", "platform": "2gis"},
    ]
    return [facts_from(row) for row in rows]


def test_coverage_counts_by_platform_what_no_rule_touches_and_what_gets_no_category() -> None:
    shares = coverage(_covered(), rules_of(BEFORE)).shares
    assert [(one.platform, one.tickets, one.untouched, one.undecided) for one in shares] == [
        ("2gis", 3, 3, 3),
        ("vk.com", 2, 1, 1),
    ]


@pytest.mark.parametrize(
    ("rule", "touched"),
    [
        ("when: {platform: 2gis}, then: {queue: maps, deliver: none, points: 10, tags: [map]}", 0),
        ("then: {at_most: 5, assignee: anna}", 0),
        ("when: {platform: 2gis}, then: {category: other}", 3),
        ("when: {platform: 2gis}, then: {notify: lead}", 3),
        ("when: {text: [ужас]}, then: {queue: help}", 1),
        ("when: {not: {text: [ужас]}}, then: {points: 1}", 4),
    ],
)
def test_a_rule_without_words_that_only_routes_or_scores_touches_nothing(rule: str, touched: int) -> None:
    rules = rules_of(f"rules: [{{name: a, {rule}}}]")
    shares = coverage(_covered(), rules).shares
    assert sum(one.tickets - one.untouched for one in shares) == touched
    cases = [Case(str(number), NOW, facts) for number, facts in enumerate(_covered())]
    assert backtest(cases, rules, rules, zone=UTC).untouched == [5 - touched] * 2


def test_coverage_names_what_uncovered_tickets_say_as_phrases_that_a_rule_can_take() -> None:
    (said,) = coverage(_covered(), rules_of(BEFORE)).phrases
    assert (said.phrase, said.tickets, said.example) == ("закрыть вклад", 3, "Как закрыть вклад?")
    rules = rules_of(f"rules:\n  - {{name: a, when: {{text: [{said.phrase}]}}, then: {{category: other}}}}\n")
    assert [bool(rules.decide(facts).rules) for facts in _covered()] == [False, True, True, True, False]


def test_coverage_names_rules_that_never_matched() -> None:
    result = coverage(_covered(), rules_of(BEFORE))
    assert result.idle == ["press"]
    assert result.fired == {"angry": 1, "vk": 2, "press": 0}
