"""Each key of `when`: what it holds for, and that what nobody knows satisfies none."""

import re
from typing import Any

import pytest

from hub.routing.conditions import HasPatterns, IsOneOf, failures
from hub.routing.facts import FACT_KEYS, Facts, FactsError, facts_from
from tests.unit.routing.folder import rules_of

RULES = "rules: [{name: one, when: %s}]"


def holds(when: str, **row: Any) -> bool:
    return rules_of(RULES % when).decide(facts_from(row, strict=True)).rules == ("one",)


@pytest.mark.parametrize(
    ("when", "row", "expected"),
    [
        ("{}", {}, True),
        ("{text: [карта]}", {"text": "мои карты"}, True),
        ("{text: карта}", {"text": "мои карты"}, True),
        ("{text: [карта, банк]}", {"text": "в банке"}, True),
        ("{text: {all: [карта, банк]}}", {"text": "карта в банке"}, True),
        ("{text: {all: [карта, банк]}}", {"text": "карта"}, False),
        ("{text: {none: [карта, банк]}}", {"text": "вклад"}, True),
        ("{text: {none: [карта, банк]}}", {"text": "в банке"}, False),
        ("{text: {any: [карта], none: [банк]}}", {"text": "карта в банке"}, False),
        ("{text: [карта]}", {"title": "Карта", "body": "не пришла"}, True),
        ("{title: [карта]}", {"title": "Карта", "body": "не пришла"}, True),
        ("{title: [карта]}", {"title": "Вклад", "body": "карта"}, False),
        ("{title: {all: [карта, банк]}}", {"title": "карта", "body": "банк"}, False),
        ("{title: {none: [карта]}}", {"title": "Вклад", "body": "карта"}, True),
        ("{text: {questions: {at_least: 2}}}", {"text": "где?? как"}, True),
        ("{text: {questions: 0}}", {"text": "где"}, True),
        ("{text: {capitals: {at_least: 0.9}}}", {"text": "ВЕРНИТЕ"}, True),
        ("{title: {capitals: {at_least: 0.9}}}", {"title": "ой", "body": "ВЕРНИТЕ"}, False),
        ("{title: {capitals: {at_least: 0.9}}}", {"title": "ОЙ", "body": "верните"}, True),
        ("{text: {links: 1, phones: 1}}", {"text": "https://a.ru +7 900 123-45-67"}, True),
        ("{text: {length: {at_most: 3}}}", {"text": "нет"}, True),
        ("{text: {words: [1, 2]}}", {"text": "раз два"}, True),
        ("{text: {obscene: true}}", {"text": "какая хуйня"}, True),
        ("{text: {obscene: false}}", {"text": "какая погода"}, True),
        ("{kind: [mention, review]}", {"kind": "review"}, True),
        ("{kind: [mention]}", {"kind": "review"}, False),
        ("{platform: [VK.com]}", {"platform": "vk.COM"}, True),
        ("{platform: ['*.ru']}", {"platform": "banki.ru"}, True),
        ("{platform: ['*.ru']}", {"platform": "banki.run"}, False),
        ("{url: ['*banki.ru/*/reviews*']}", {"url": "https://banki.ru/x/reviews/1"}, True),
        ("{url: ['aa*aa']}", {"url": "aaa"}, False),
        ("{language: [ru]}", {"language": "ru-RU"}, True),
        ("{language: [ru]}", {"text": "Здравствуйте, подскажите, пожалуйста"}, True),
        ("{language: [en]}", {"text": "Здравствуйте, подскажите, пожалуйста"}, False),
        ("{sentiment: negative}", {"sentiment": "negative"}, True),
        ("{city: [Санкт-*]}", {"city": "санкт-петербург"}, True),
        ("{country: [ru]}", {"country": "RU"}, True),
        ("{place: ['Отделение на Тверской']}", {"place": ["77", "Отделение на Тверской"]}, True),
        ("{place: [77]}", {"place": ["77", "Отделение на Тверской"]}, True),
        ("{author: [ivan]}", {"author": ["12", "Иван", "ivan"]}, True),
        ("{thread: [t1], instance: [i], connector: [c]}", {"thread": "t1", "instance": "i", "connector": "c"}, True),
        ("{source_tags: [жалоба, спам]}", {"source_tags": ["Спам", "иное"]}, True),
        ("{source_tags: [жалоба]}", {"source_tags": "спам, жалоба"}, True),
        ("{state: [new, open]}", {"state": "open"}, True),
        ("{rating: 1}", {"rating": 1.0}, True),
        ("{rating: [1, 2]}", {"rating": "2"}, True),
        ("{rating: {at_most: 2}}", {"rating": "2,5"}, False),
        ("{rating: {at_least: 2, at_most: 3}}", {"rating": 2.5}, True),
        ("{followers: {at_least: 10000}}", {"followers": 10000}, True),
        (
            "{reach: {at_least: 1}, engagement: {at_least: 7}}",
            {"reach": 5, "engagement": {"likes": 3, "comments": 4}},
            True,
        ),
        ("{attachments: {at_least: 1}}", {"attachments": 2}, True),
        ("{messages: {at_least: 2}}", {"messages": 2}, True),
        ("{messages: 1, unanswered: 1}", {"text": "ау"}, True),
        ("{unanswered: 2}", {"text": ["ау", "ау"]}, True),
        ("{contacts_in_week: {at_least: 3}}", {"contacts_in_week": 3}, True),
        ("{open_tickets: 0}", {"open_tickets": 0}, True),
        ("{customer_tickets: {at_least: 5}}", {"customer_tickets": 5}, True),
        ("{do_not_call: true}", {"do_not_call": "да"}, True),
        ("{do_not_call: true}", {"do_not_call": "нет"}, False),
        ("{loyalty: [gold, platinum]}", {"loyalty": "Gold, VIP"}, True),
        ("{loyalty: [gold]}", {"loyalty": ["silver"]}, False),
        ("{score: 30}", {}, True),
        ("{priority: normal}", {}, True),
        ("{waiting: {at_least: 30m, at_most: 2h}}", {"waiting": "1h"}, True),
        ("{waiting: {at_least: 30m}}", {"waiting": "29m"}, False),
        ("{age: {at_most: 1d}}", {"age": "24h"}, True),
        ("{customer_known: true, first_contact: false}", {"customer_known": True, "first_contact": "no"}, True),
        ("{withheld: false}", {"withheld": False}, True),
        ("{surge: true}", {"surge": "yes"}, True),
        ("{surge: false}", {"surge": False}, True),
        ("{surge: true}", {"surge": False, "platform": "vk.com"}, False),
        ("{has_text: false}", {}, True),
        ("{has_text: true}", {"title": "x"}, True),
        ("{extra: {product: [карта*]}}", {"extra": {"product": "Карта Плюс"}}, True),
        ("{extra: {vip: ['true'], level: 2}}", {"extra": {"vip": True, "level": [1, 2]}}, True),
        ("{any: [{kind: review}, {rating: 1}]}", {"rating": 1}, True),
        ("{all: [{kind: review}, {rating: 1}]}", {"rating": 1}, False),
        ("{not: {kind: review}}", {"kind": "mention"}, True),
        ("{not: {any: [{kind: review}, {not: {rating: 1}}]}}", {"kind": "mention", "rating": 1}, True),
    ],
)
def test_a_condition_holds(when: str, row: dict[str, Any], expected: bool) -> None:
    assert holds(when, **row) is expected


UNKNOWN = [
    "{text: [карта]}",
    "{text: {none: [карта]}}",
    "{text: {obscene: false}}",
    "{text: {length: 0}}",
    "{title: {none: [карта]}}",
    "{title: {questions: 0}}",
    "{kind: ['*']}",
    "{platform: ['*']}",
    "{language: ['*']}",
    "{sentiment: ['*']}",
    "{state: ['*']}",
    "{category: ['*']}",
    "{queue: ['*']}",
    "{city: ['*'], country: ['*']}",
    "{place: ['*']}",
    "{author: ['*']}",
    "{url: ['*']}",
    "{source_tags: ['*']}",
    "{tags: ['*']}",
    "{rating: {at_least: 0}}",
    "{followers: {at_least: 0}}",
    "{reach: {at_least: 0}}",
    "{engagement: {at_least: 0}}",
    "{attachments: {at_least: 0}}",
    "{messages: {at_least: 0}}",
    "{unanswered: {at_least: 0}}",
    "{contacts_in_week: {at_least: 0}}",
    "{open_tickets: {at_least: 0}}",
    "{customer_tickets: {at_least: 0}}",
    "{do_not_call: false}",
    "{loyalty: ['*']}",
    "{waiting: {at_least: 0s}}",
    "{age: {at_least: 0s}}",
    "{first_contact: false}",
    "{withheld: false}",
    "{surge: false}",
    "{extra: {vip: ['*']}}",
]


@pytest.mark.parametrize("when", UNKNOWN)
def test_what_nobody_knows_satisfies_no_condition_and_so_every_not(when: str) -> None:
    assert not holds(when)
    assert holds(f"{{not: {when}}}")


def test_a_phrase_never_reaches_from_one_message_into_the_next() -> None:
    assert holds("{text: [украсть деньги]}", text=["украли деньги"])
    assert not holds("{text: [украсть деньги]}", text=["украли", "деньги"])
    assert not holds("{text: [украсть деньги]}", title="украли", body="деньги")


def test_no_value_with_stars_takes_long() -> None:
    assert not holds("{url: ['%sb']}" % ("*a" * 200), url="a" * 100_000)


def test_failures_are_the_innermost_conditions() -> None:
    rules = rules_of(RULES % "{kind: review, any: [{platform: vk.com}, {text: [карта]}], not: {city: Тверь}}")
    trace = rules.trace(facts_from({"kind": "review", "city": "Тверь", "text": "вклад"}))
    failed = failures(rules.rules[0].when, trace.case)
    assert [type(one).__name__ for one in failed] == ["IsOneOf", "HasPatterns", "Not"]
    assert isinstance(failed[0], IsOneOf)
    assert failed[0].key == "platform"
    assert isinstance(failed[1], HasPatterns)
    assert [rules.patterns[index].source for index in failed[1].patterns] == ["карта"]


# --- facts of rows and examples -------------------------------------------------------------------------------------


def test_a_row_may_have_columns_of_its_own_and_empty_or_unreadable_cells() -> None:
    row = {
        "id": "7",
        "text": " Карта ",
        "rating": "",
        "followers": "many",
        "platform": None,
        "category": "spam",
        "x": 1,
    }
    facts = facts_from(row)
    assert (facts.texts, facts.rating, facts.followers, facts.platform) == ((" Карта ",), None, None, None)
    assert facts.pinned == {}


@pytest.mark.parametrize(
    ("row", "key", "said"),
    [
        ({"platfrom": "x"}, "platfrom", 'did you mean "platform"?'),
        ({"rating": "many"}, "rating", "write a number"),
        ({"followers": True}, "followers", "write a whole number"),
        ({"text": {"a": 1}}, "text", "write text"),
        ({"waiting": "soon"}, "waiting", "write a span of time"),
        ({"customer_known": "perhaps"}, "customer_known", "write true or false"),
        ({"created_at": "yesterday"}, "created_at", "write a time"),
        ({"extra": "x"}, "extra", "write a table"),
        ({"rating": "nan"}, "rating", "write a number"),
        ({"rating": 5.1}, "rating", "write a number from 0 to 5"),
        ({"rating": -1}, "rating", "write a number from 0 to 5"),
        ({"kind": "post"}, "kind", "valid: issue, mention, review, task"),
        ({"sentiment": "bad"}, "sentiment", "valid: negative, neutral, positive"),
        ({"state": "x"}, "state", "valid: closed"),
    ],
)
def test_an_example_with_a_mistake_is_refused(row: dict[str, Any], key: str, said: str) -> None:
    with pytest.raises(FactsError, match=re.escape(said)) as caught:
        facts_from(row, strict=True)
    assert caught.value.key == key
    facts_from(row)


def test_every_fact_can_stand_in_a_row() -> None:
    whole = {
        "created_at": "2026-11-25T10:00:00+03:00",
        "extra": {"a": 1},
        "deadline": {"resolution": "Breached"},
        **dict.fromkeys(("waiting", "age"), "5m"),
        **dict.fromkeys(("customer_known", "do_not_call", "first_contact", "surge", "withheld"), "да"),
        **dict.fromkeys(("rating", "followers", "reach", "engagement", "attachments", "messages", "unanswered"), "1"),
        **dict.fromkeys(("contacts_in_week", "open_tickets", "customer_tickets"), "2"),
        "kind": "review",
        "sentiment": "Negative",
        "state": "open",
    }
    row = {**dict.fromkeys(FACT_KEYS, "word"), **whole}
    facts = facts_from(row, strict=True)
    assert facts.texts == ("word", "word")
    customer = facts.customer
    assert (customer.known, customer.in_week, customer.open_tickets, customer.tickets) == (True, 2, 2, 2)
    assert (customer.do_not_call, customer.loyalty) == (True, ("word",))
    assert facts.deadline == {"resolution": "breached"}
    assert facts.created_at is not None
    assert facts.created_at.isoformat() == "2026-11-25T07:00:00+00:00"


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        (("platform", "vk.com"), True),
        (("platform", "2gis"), False),
        (("queue", "claims"), True),
        (("tag", "card"), True),
        (("tag", "vk.com"), False),
        (("all", ""), False),  # of every ticket it would say nothing
    ],
)
def test_a_ticket_surges_with_its_platform_and_with_the_queue_and_the_tags_that_rules_above_gave(
    series: tuple[str, str], expected: bool
) -> None:
    text = (
        "rules: [{name: a, then: {queue: claims, tags: card}},"
        " {name: b, when: {surge: true}, then: {category: complaint}}]"
    )
    facts = Facts(platform="vk.com", surging=frozenset((series,)))
    assert (rules_of(text).decide(facts).category == "complaint") is expected
