"""Whose profile it is, as Bitrix24 and amoCRM know: looked up, told with its flags, and nothing is written there."""

from collections.abc import Callable
from typing import Any

import pytest

from hub.sdk import CustomerCard, Inquiry, Response, SourceError

Open = Callable[..., Any]
FIELDS: dict[str, dict[str, Any]] = {
    "bitrix24": {
        "do_not_call": "ufCrm_NO_CALLS",
        "loyalty": "ufCrm_LOYALTY",
        "flags": {"manager": "ufCrm_MANAGER"},
        "names": {"45": "gold", "46": "silver"},
    },
    "amocrm": {"do_not_call": 70_001, "loyalty": 70_002, "flags": {"level": 70_002}},
}
BOTH = pytest.mark.parametrize("vendor", ["bitrix24", "amocrm"])


def asked(site: Any, **about: Any) -> tuple[CustomerCard, ...]:
    """Return what the product answers, run as the engine does."""
    inquiry = Inquiry("vk.com", "1", site.now, reference=site.reference, **about)
    found: tuple[CustomerCard, ...] = site.run(site.connector.identify(inquiry))
    return found


@BOTH
def test_a_customer_is_found_by_phone_with_all_that_the_card_says(vendor: str, open_site: Open) -> None:
    site = open_site(vendor, customer=FIELDS[vendor])
    [card] = asked(site, phones=("+79120000008",))
    assert (card.name, card.phones, card.emails) == ("Тимур Ахметов", ("+79120000008",), ("timur@example.com",))
    assert (card.do_not_call, card.loyalty) == (True, "silver")
    assert card.flags == ({"manager": "Лада Юрская"} if vendor == "bitrix24" else {"level": "silver"})
    assert card.key.startswith("contact/")
    assert card.url is not None
    assert card.url.startswith(site.box.urls[vendor])


@BOTH
def test_a_customer_is_found_by_e_mail_and_may_be_called(vendor: str, open_site: Open) -> None:
    site = open_site(vendor, customer=FIELDS[vendor])
    [card] = asked(site, emails=("vera@example.com",))
    assert (card.name, card.do_not_call, card.loyalty) == ("Вера Климова", False, "gold")
    assert card.phones == ("+79120000007",)


@BOTH
def test_what_no_setting_names_is_not_said(vendor: str, open_site: Open) -> None:
    [card] = asked(open_site(vendor), phones=("+79120000008",))
    assert (card.do_not_call, card.loyalty, card.flags) == (None, None, {})


@BOTH
def test_of_two_cards_with_one_phone_both_are_told_and_of_a_stranger_none(vendor: str, open_site: Open) -> None:
    site = open_site(vendor)
    assert sorted(card.name or "" for card in asked(site, phones=("+79120000009",))) == ["Олег Дубль", "Ольга Дубль"]
    assert asked(site, phones=("+79129999999",), emails=("nobody@example.com",)) == ()


@BOTH
def test_a_customer_is_found_by_a_nickname_that_was_noted_before(
    vendor: str, open_site: Open, make_ticket: Any
) -> None:
    field = {"nickname_field": "ufCrm_NICK"} if vendor == "bitrix24" else {"nickname_field_id": 70_003}
    site = open_site(vendor, **field)
    assert site.connector.identifies_by() == {"phone", "email", "handle"}
    site.write(site.delivery(ticket=make_ticket("мой телефон +7 912 000-00-08")))
    [card] = asked(site, handle="vera_k")
    assert (card.name, card.profiles) == ("Тимур Ахметов", ("vk.com: vera_k",))
    assert open_site(vendor).connector.identifies_by() == {"phone", "email"}


@BOTH
def test_nothing_is_written_and_no_question_is_asked_without_need(vendor: str, open_site: Open) -> None:
    site = open_site(vendor, customer=FIELDS[vendor])
    _ = site.reference
    site.sent.clear()
    asked(site, phones=("+79120000008",))
    assert all(request.repeatable for request in site.sent)
    assert len(site.sent) == 2
    assert site.box.ledger(vendor)["client"]["writes"] == []


@BOTH
def test_a_refusal_is_no_answer(vendor: str, open_site: Open) -> None:
    site = open_site(vendor)
    steps = site.connector.identify(
        Inquiry("vk.com", "1", site.now, phones=("+79120000008",), reference=site.reference)
    )
    request = next(steps)
    with pytest.raises(SourceError, match=r"400 from .*: no"):
        steps.send(Response(400, {}, b"no", request))


def test_without_the_scope_for_cards_nobody_is_asked(open_site: Open) -> None:
    site = open_site("bitrix24", key="sandboxbitrix24tasks", read=("tasks",))
    inquiry = Inquiry("vk.com", "1", site.now, phones=("+79120000008",), reference={"about": []})
    with pytest.raises(StopIteration) as ended:
        next(site.connector.identify(inquiry))
    assert ended.value.value == ()
