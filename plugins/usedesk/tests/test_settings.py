"""Settings, credentials, webhooks, errors, and what the check finds."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import ValidationError

from hub.sdk import AuthError, Request, Response, SourceError, TransientError, Webhook
from hub.testing import Receiver
from hub_usedesk.config import UsedeskConfig
from hub_usedesk.connector import Usedesk

SECRET = "sandbox-usedesk-secret"


def make(**settings: Any) -> Usedesk:
    return Usedesk(UsedeskConfig.model_validate({"connector": "usedesk", "token": "kept-secret", **settings}))


# --- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"statuses": {"waiting": "pending"}}, "no id of a status"),
        ({"fields": {"colour": 5}}, "source"),
        ({"map": {"queue": {"claims": {"groups": 5}}}}, "groups"),
        ({"types": {"complaint": "bug"}}, "problem"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_may_stand_there(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        make(**settings)


def test_links_lead_to_the_pages_of_either_cloud_and_of_a_box_only_where_they_are_known() -> None:
    assert make().config.home == "https://secure.usedesk.ru"
    assert make(base_url="https://secure.usedesk.com/uapi").config.home == "https://secure.usedesk.com"
    assert make(base_url="https://box.example").config.home is None
    assert make(base_url="https://box.example", site="https://box.example/").config.home == "https://box.example"


def test_ids_belong_to_the_host_whatever_the_token() -> None:
    assert make().namespace() == "api.usedesk.ru"
    assert make(base_url="https://Box.example/api/").namespace() == "box.example/api"
    assert make(token="another-secret").account() == make().account()


def test_it_can_pull_deliver_escalate_and_be_called() -> None:
    assert Usedesk.abilities() == {"pull", "deliver", "escalate", "receive"}


def test_lists_are_asked_for_less_often_than_the_rest() -> None:
    assert [limit.name for limit in make().limits(Request("POST", "/ticket"))] == ["requests"]
    assert [limit.name for limit in make().limits(Request("POST", "/tickets"))] == ["requests", "tickets"]
    assert make(lag="20s").index_delay() == timedelta(seconds=20)


# --- errors -------------------------------------------------------------------------------------------------------


def fault(status: int, body: Any, **headers: str) -> Any:
    return make().classify(Response(status, headers, json.dumps(body).encode(), Request("POST", "/tickets")))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, {"error": "Неверный токен", "code": 4}, AuthError),
        (200, {"error": "api_token is invalid"}, AuthError),
        (200, {"error": "whatever", "code": 401}, AuthError),
        (200, {"error": "Too many requests", "code": 9}, TransientError),
        (200, {"error": "field subject is required", "code": 2}, SourceError),
        (200, {"error": {"message": "odd"}}, SourceError),
        (400, {"error": "wrong"}, SourceError),
        (401, {"error": "wrong"}, AuthError),
        (403, {"error": "wrong"}, AuthError),
        (408, {"error": "wrong"}, TransientError),
        (429, {"error": "slow down"}, TransientError),
        (500, {"error": "token storage is down"}, TransientError),
    ],
)
def test_an_error_is_of_the_right_class_whatever_its_status(status: int, body: Any, kind: type[Exception]) -> None:
    assert type(fault(status, body)) is kind


@pytest.mark.parametrize("body", [{"status": "success"}, [], [{"error": "a row"}], {"error": None}, {"error": ""}])
def test_what_is_no_error_is_taken(body: Any) -> None:
    assert fault(200, body) is None


def test_too_many_waits_as_long_as_is_asked_or_a_minute() -> None:
    assert fault(429, {}).retry_after == timedelta(seconds=60)
    assert fault(429, {}, **{"retry-after": "7"}).retry_after == timedelta(seconds=7)


def test_an_error_tells_usedesks_words_and_code_and_no_secret() -> None:
    told = str(fault(200, {"error": "Неверный   api_token", "code": 1}))
    assert told.startswith("200 from POST /tickets: Неверный api_token (code 1); look at the key")
    assert "kept-secret" not in told


# --- webhooks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("as_json", [True, False])
def test_a_call_with_the_secret_says_which_stream_has_news(account: Any, as_json: bool) -> None:
    account.make(webhook_secret=SECRET)
    with Receiver() as receiver:
        account.change("add_webhook", url=receiver.url, json=as_json)
        ident = account.made()
        account.change("answer", id=ident, text="Да, «сейчас» & здесь")
        account.change("rate", id=ident, score=5)
        calls = receiver.wait(1)
        account.change("remove_webhook", url=receiver.url)
    assert calls, "a rating is always told"
    for _, headers, body in calls:
        assert account.connector.receive(Webhook(headers, body)) == ("tickets",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{}",
        b"[1]",
        b'{"secret": null}',
        b'{"secret": ["kept-secret-of-webhooks"]}',
        b'{"secret": "kept-secret-of-webhook"}',
        b'{"secret": "\\ud800"}',
        b"secret=",
        b"secret=wrong&secret=kept-secret-of-webhooks",
        b"\xff\xfe",
    ],
)
def test_a_call_without_the_right_secret_is_refused(body: bytes) -> None:
    with pytest.raises(AuthError, match="compare `webhook_secret`"):
        make(webhook_secret="kept-secret-of-webhooks").receive(Webhook({}, body))


def test_without_a_secret_in_the_settings_no_call_is_taken() -> None:
    for body in (b"", b'{"secret": ""}', urlencode({"secret": ""}).encode()):
        with pytest.raises(AuthError, match="set `webhook_secret`"):
            make().receive(Webhook({}, body))


# --- hub check ----------------------------------------------------------------------------------------------------


def test_the_check_names_what_is_not_there_and_what_is(account: Any) -> None:
    account.make(
        channel=99,
        map={"queue": {"claims": {"group": 12, "assignee": 77}}, "department": {"law": {"group": 15}}},
        fields={"source": 54, "rating": 99},
        category_field=60,
    )
    found = dict(account.lacking())
    assert list(found) == [
        "map.department.law: there is no group 15 in Usedesk",
        "map.queue.claims: there is no agent 77 in Usedesk",
        "channel: there is no channel 99 in Usedesk",
        "fields.rating: there is no field 99 in Usedesk",
    ]
    assert found["channel: there is no channel 99 in Usedesk"] == "write one that is there: 7 (Хаб), 8 (Почта)"


def test_the_check_asks_for_nothing_that_no_setting_names(account: Any) -> None:
    account.sent.clear()
    assert (account.lacking(), account.sent) == ([], [])


def test_a_list_that_cannot_be_had_is_told_where_it_is_needed(account: Any) -> None:
    account.make(map={"queue": {"claims": {"group": 12}}})
    account.change("refuse", path="/groups", text="Недостаточно прав", code=8)
    ((seen, todo),) = account.lacking()
    assert seen == "/groups cannot be read: Недостаточно прав (code 8)"
    assert "ask Usedesk's administrator" in todo
