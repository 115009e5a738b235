"""What a refusal means: who has to act, what has to be waited for, what is that request's alone."""

import json
from datetime import timedelta
from typing import Any

import pytest

from hub.sdk import AuthError, HubError, Read, Request, Response, SourceError, TransientError
from hub.testing import NOW
from hub_crm.connector import Crm

LIST = Request("POST", "/rest/tasks.task.list", json={}, context={"method": "tasks.task.list", "what": "list"})
ADD = Request("POST", "/rest/tasks.task.add", json={}, context={"method": "tasks.task.add"})
ADD3 = Request("POST", "/rest/api/tasks.task.add", json={}, context={"method": "tasks.task.add"})
AMO_LIST = Request(
    "GET", "/api/v4/tasks", context={"what": "list", "order": "change", "since": 0, "page": 1, "seen": []}
)
AMO_ADD = Request("POST", "/api/v4/tasks", json=[])


def bitrix() -> Crm:
    return Crm(Crm.Config.model_validate({"connector": "crm", "webhook_url": "https://p.example/rest/1/kept-secret/"}))


def amo() -> Crm:
    given = {"product": "amocrm", "base_url": "https://acme.amocrm.ru", "token": "kept-secret"}
    return Crm(Crm.Config.model_validate({"connector": "crm", **given}))


def answer(status: int, body: Any, request: Request, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, headers, content, request)


def told(code: str, words: str = "words", **more: Any) -> dict[str, Any]:
    return {"error": code, "error_description": words, **more}


@pytest.mark.parametrize(
    ("status", "body", "request_", "kind", "said"),
    [
        (400, told("100", "no title"), ADD, SourceError, "400 from POST /rest/tasks.task.add: 100 no title"),
        (400, told("", ""), ADD, SourceError, "400 from POST /rest/tasks.task.add$"),
        (400, told("INVALID_REQUEST", "Https required"), LIST, SourceError, "Https required"),
        (401, told("expired_token"), LIST, AuthError, "make a new inbound webhook"),
        (402, b"", LIST, AuthError, "no REST any more"),
        (403, told("insufficient_scope"), LIST, AuthError, "tick the scope task of the webhook"),
        (403, told("insufficient_scope"), ADD, SourceError, "tick the scope task of the webhook"),
        (403, told("ACCESS_DENIED"), LIST, AuthError, "plan has no REST"),
        (403, told("ACCESS_DENIED"), ADD, SourceError, "no right to it"),
        (403, b"<html>Attention</html>", LIST, TransientError, "something in front of the portal refused"),
        (404, told("ERROR_METHOD_NOT_FOUND"), LIST, AuthError, "tick the scope task"),
        (404, told("ERROR_METHOD_NOT_FOUND"), ADD, SourceError, "tick the scope task"),
        (404, b"<html>", ADD, SourceError, "404"),
        (500, told("PORTAL_DELETED"), LIST, AuthError, "ask its support"),
        (500, told("INTERNAL_SERVER_ERROR"), LIST, TransientError, "500"),
        (503, told("OVERLOAD_LIMIT"), LIST, AuthError, "OVERLOAD_LIMIT words; Bitrix24 has blocked"),
        (503, told("QUERY_LIMIT_EXCEEDED"), LIST, TransientError, "QUERY_LIMIT_EXCEEDED"),
        (503, b"", LIST, TransientError, "503"),
        (
            422,
            {
                "error": {
                    "code": "BITRIX_REST_V3_X",
                    "message": "wrong",
                    "validation": [{"field": "a", "message": "is bad"}],
                }
            },
            ADD3,
            SourceError,
            "BITRIX_REST_V3_X wrong; is bad",
        ),
    ],
)
def test_bitrix24_tells_waiting_from_stopping(
    status: int, body: Any, request_: Request, kind: type[HubError], said: str
) -> None:
    fault = bitrix().classify(answer(status, body, request_))
    assert type(fault) is kind
    with pytest.raises(kind, match=said):
        raise fault


@pytest.mark.parametrize(
    ("time", "wait"),
    [
        ({"operating_reset_at": 1600, "finish": 1000.5, "start": 1000}, timedelta(seconds=599.5)),
        ({"operating_reset_at": 1600, "start": 1590}, timedelta(seconds=10)),
        ({"operating_reset_at": 1600, "start": 1700}, timedelta(seconds=1)),
        ({"operating_reset_at": 99_999, "start": 0}, timedelta(minutes=10)),
        ({}, timedelta(minutes=1)),
    ],
)
def test_a_method_rests_as_long_as_the_portal_says(time: dict[str, Any], wait: timedelta) -> None:
    fault = bitrix().classify(answer(429, told("OPERATION_TIME_LIMIT", time=time), LIST))
    assert isinstance(fault, TransientError)
    assert (fault.retry_after, fault.undone, fault.limit) == (wait, True, "tasks.task.list")


def test_too_many_calls_of_another_kind_hold_the_whole_account() -> None:
    fault = bitrix().classify(answer(429, b"", LIST))
    assert isinstance(fault, TransientError)
    assert fault.limit is None


@pytest.mark.parametrize(
    ("status", "body", "request_", "kind", "said"),
    [
        (400, {"title": "Bad Request", "detail": "x"}, AMO_ADD, SourceError, "400 from POST /api/v4/tasks: x"),
        (401, {"detail": "expired"}, AMO_LIST, AuthError, "make a new long-lived token"),
        (402, {"detail": "x"}, AMO_LIST, AuthError, "not paid for"),
        (
            403,
            {"title": "Forbidden", "detail": "нет прав"},
            AMO_LIST,
            AuthError,
            "нет прав; give the integration's user",
        ),
        (
            403,
            {"title": "Forbidden", "detail": "нет прав"},
            AMO_ADD,
            SourceError,
            "нет прав; give the integration's user",
        ),
        (403, b"<html>", AMO_LIST, TransientError, "blocks this account or address for too many calls"),
        (403, b"Forbidden", AMO_ADD, TransientError, "blocks this account"),
        (404, b"", AMO_LIST, SourceError, "404"),
        (429, b"Too many", AMO_LIST, TransientError, "429"),
        (504, b"<html>", AMO_LIST, TransientError, "smaller page_size"),
        (500, b"", AMO_LIST, TransientError, "500"),
    ],
)
def test_amocrm_tells_waiting_from_stopping(
    status: int, body: Any, request_: Request, kind: type[HubError], said: str
) -> None:
    fault = amo().classify(answer(status, body, request_))
    assert type(fault) is kind
    with pytest.raises(kind, match=said):
        raise fault


def test_amocrm_waits_at_least_a_second_and_as_long_as_it_is_told() -> None:
    for header, seconds in ((None, 1), ("0", 1), ("30", 30), ("soon", 1)):
        headers = {"retry-after": header} if header is not None else {}
        fault = amo().classify(answer(429, b"", AMO_LIST, **headers))
        assert isinstance(fault, TransientError)
        assert (fault.retry_after, fault.undone) == (timedelta(seconds=seconds), True)


@pytest.mark.parametrize("body", [{"result": {"items": []}}, {"result": None}, {"total": 5}, [], "x"])
def test_a_good_status_with_another_answer_is_asked_for_again(body: Any) -> None:
    read = Read("tasks", "poll", NOW)
    request = bitrix().request(read)
    assert request is not None
    with pytest.raises(SourceError, match="expected a") as error:
        bitrix().parse(answer(200, body, request), read)
    assert error.value.retry


def test_a_list_that_does_not_move_on_says_so() -> None:
    read = Read("tasks", "poll", NOW, cursor={"changed": "", "id": 500, "began": "2026-11-20T12:00:00+00:00"})
    request = bitrix().request(read)
    assert request is not None
    rows = [{"id": str(number), "createdDate": "2026-11-01T00:00:00+03:00"} for number in range(1, 51)]
    with pytest.raises(SourceError, match="full page after id 500 ends at id 50; the filter is not obeyed"):
        bitrix().parse(answer(200, {"result": {"tasks": rows}}, request), read)


def test_a_list_out_of_order_begins_anew_by_id() -> None:
    read = Read("leads", "poll", NOW)
    connector = Crm(
        Crm.Config.model_validate(
            {
                "connector": "crm",
                "product": "amocrm",
                "base_url": "https://a.example",
                "token": "kept-secret",
                "read": ["leads"],
            }
        )
    )
    request = connector.request(read)
    assert request is not None
    rows = [{"id": 1, "updated_at": 1792486800}, {"id": 2, "updated_at": 1792400000}]
    page = connector.parse(answer(200, {"_embedded": {"leads": rows}}, request), read)
    assert page.restart is not None
    assert page.restart.params["order[id]"] == "asc"
    assert page.records == ()
