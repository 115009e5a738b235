"""The sandboxes keep to the vendor sheet; section numbers are those of the sheet."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running

START = datetime(2026, 10, 20, 9, tzinfo=UTC)
CODE, TASKS_ONLY = "sandboxbitrix24code", "sandboxbitrix24tasks"
TOKEN = "sandbox-amocrm-token"


def serve(vendor: str, **options: Any) -> Iterator[Running]:
    chosen: dict[str, Any] = {"items": 130, "start": START, "future": 0.0, "limits": {vendor: "off"}, **options}
    with running([vendor], SandboxOptions(**chosen)) as sandbox:
        yield sandbox


@pytest.fixture
def portal() -> Iterator[Running]:
    yield from serve("bitrix24")


@pytest.fixture
def account() -> Iterator[Running]:
    yield from serve("amocrm")


def client() -> httpx.Client:
    return httpx.Client(verify=False, trust_env=False)


def rest(box: Running, method: str, params: Any = None, *, code: str = CODE, **how: Any) -> httpx.Response:
    with client() as http:
        url = f"{box.urls['bitrix24']}/rest/1/{code}/{method}"
        return http.post(url, json=params if params is not None else {}, **how)


def rest3(box: Running, method: str, params: Any, key: str | None = None) -> httpx.Response:
    with client() as http:
        headers = {"Idempotency-Key": key} if key is not None else {}
        url = f"{box.urls['bitrix24']}/rest/api/1/{CODE}/{method}"
        return http.post(url, json=params, headers=headers)


def tasks(box: Running, **params: Any) -> list[Any]:
    found: list[Any] = rest(box, "tasks.task.list", params).json()["result"]["tasks"]
    return found


# --- Bitrix24 -----------------------------------------------------------------------------------------------------


def test_tasks_have_text_for_ids_and_cards_have_numbers(portal: Running) -> None:
    row = next(row for row in tasks(portal, order={"ID": "asc"}) if row and row["id"])
    assert all(isinstance(row[key], str) for key in ("id", "status", "priority", "createdBy", "responsibleId"))
    item = rest(portal, "crm.item.list", {"entityTypeId": 1}).json()["result"]["items"][0]
    assert type(item["id"]) is int


def test_an_empty_map_is_a_list(portal: Running) -> None:
    rows = [row for row in tasks(portal, select=["ID", "TAGS", "GROUP_ID"]) if row]
    assert {type(row["tags"]) for row in rows} == {list, dict}
    assert [] in [row["group"] for row in rows]
    nobody = rest(portal, "crm.duplicate.findbycomm", {"type": "PHONE", "values": ["+70000000000"]})
    assert nobody.json()["result"] == []
    fine = rest(portal, "batch", {"cmd": {"a": "user.get"}}).json()["result"]
    assert (fine["result_error"], fine["result_next"]) == ([], [])


def test_pages_have_fifty_rows_total_and_next_and_minus_one_counts_nothing(portal: Running) -> None:
    first = rest(portal, "tasks.task.list", {"start": 0}).json()
    assert (len(first["result"]["tasks"]), first["total"], first["next"]) == (50, 130, 50)
    last = rest(portal, "tasks.task.list", {"start": 100}).json()
    assert (len(last["result"]["tasks"]), "next" in last) == (30, False)
    fast = rest(portal, "tasks.task.list", {"start": -1}).json()
    assert (len(fast["result"]["tasks"]), fast["total"], "next" in fast) == (50, 0, False)


def test_a_filter_with_a_typo_lets_everything_through_and_xml_id_is_none(portal: Running) -> None:
    assert len(tasks(portal, filter={"CHANGED_DTE": "2099-01-01", "XML_ID": "x"})) == 50


def test_times_in_a_filter_are_the_portals_unless_they_say_otherwise(portal: Running) -> None:
    portal.change("bitrix24", "add")
    at = {"plain": "2026-10-20T11:59:00", "utc": "2026-10-20T09:01:00+00:00"}
    assert tasks(portal, filter={">=CREATED_DATE": at["plain"]})
    assert not tasks(portal, filter={">=CREATED_DATE": at["utc"]})


def test_json_forms_and_queries_are_taken_alike(portal: Running) -> None:
    number = int(next(row["id"] for row in tasks(portal, order={"ID": "asc"}) if row and row["id"]))
    url = f"{portal.urls['bitrix24']}/rest/1/{CODE}/tasks.task.list.json"
    with client() as http:
        form = http.post(url, data={"filter[ID]": number, "select[]": "ID"}).json()
        query = http.get(url, params={"filter[ID]": number, "select[]": "ID"}).json()
    told = tasks(portal, filter={"ID": number}, select=["ID"])
    assert form["result"]["tasks"] == query["result"]["tasks"] == told
    assert len(told) == 1


def test_the_bucket_is_the_portals_and_its_refusal_means_wait() -> None:
    for box in serve("bitrix24", limits={}):
        answers = [rest(box, "method.get", {"name": "user.get"}, code=code) for code in [CODE, TASKS_ONLY] * 26]
        assert [answer.status_code for answer in answers] == [200] * 50 + [503] * 2
        assert answers[-1].json()["error"] == "QUERY_LIMIT_EXCEEDED"


def test_the_call_that_crosses_the_budget_ends_and_only_its_method_rests(portal: Running) -> None:
    portal.change("bitrix24", "spend", method="tasks.task.list")
    refused = rest(portal, "tasks.task.list")
    assert (refused.status_code, refused.json()["error"]) == (429, "OPERATION_TIME_LIMIT")
    assert refused.json()["time"]["operating"] >= 480
    assert rest(portal, "user.get").status_code == 200
    assert rest(portal, "tasks.task.list", code=TASKS_ONLY).status_code == 200, "another webhook has its own budget"
    portal.advance(601)
    assert rest(portal, "tasks.task.list").status_code == 200


def test_a_batch_fails_in_part_refers_to_results_and_takes_fifty(portal: Running) -> None:
    number = next(row["id"] for row in tasks(portal, order={"ID": "asc"}) if row and row["id"])
    commands = {
        "t": f"tasks.task.get?taskId={number}&select[]=ID&select[]=CHAT_ID",
        "m": "im.dialog.messages.get?DIALOG_ID=chat$result[t][task][chatId]&LIMIT=50",
        "bad": "tasks.task.get?taskId=1",
        "inner": "batch?cmd[a]=user.get",
    }
    body = rest(portal, "batch", {"halt": 0, "cmd": commands}).json()["result"]
    assert body["result"]["m"]["chat_id"] == body["result"]["t"]["task"]["chatId"]
    assert {key: error["error"] for key, error in body["result_error"].items()} == {
        "bad": "ERROR_CORE", "inner": "ERROR_BATCH_METHOD_NOT_ALLOWED",
    }  # fmt: skip
    halted = rest(portal, "batch", {"halt": 1, "cmd": {"a": commands["bad"], "b": "user.get"}}).json()["result"]
    assert halted["result"] == []
    many = rest(portal, "batch", {"cmd": {f"c{n}": "user.get" for n in range(51)}})
    assert (many.status_code, many.json()["error"]) == (400, "ERROR_BATCH_LENGTH_EXCEEDED")


def test_comments_are_messages_of_chats_or_classic_by_the_portals_age(portal: Running) -> None:
    number = portal.change("bitrix24", "add")["source_id"]
    added = rest(portal, "task.commentitem.add", {"TASKID": number, "FIELDS": {"POST_MESSAGE": "новое"}})
    assert type(added.json()["result"]) is int
    assert rest(portal, "task.commentitem.getlist", {"TASKID": number}).status_code == 400
    wrong = rest(portal, "task.commentitem.add", {"FIELDS": {"POST_MESSAGE": "x"}, "TASKID": number})
    assert wrong.status_code == 400, "the order of the parameters counts"
    portal.change("bitrix24", "portal", chats=False)
    (classic,) = rest(portal, "task.commentitem.getlist", {"TASKID": number}).json()["result"]
    assert (classic["POST_MESSAGE"], classic["AUTHOR_NAME"]) == ("новое", "Ирина Кравец")
    asked = rest(portal, "method.get", {"name": "tasks.task.chat.message.send"}).json()["result"]
    assert asked == {"isExisting": False, "isAvailable": False}
    assert rest3(portal, "tasks.task.add", {"fields": {}}).status_code == 404


def test_rest_3_repeats_a_good_answer_to_the_same_key_for_a_day(portal: Running) -> None:
    body = {"fields": {"title": "x", "creatorId": 1, "responsibleId": 9, "xmlId": "m"}}
    first = rest3(portal, "tasks.task.add", body, "key-1")
    again = rest3(portal, "tasks.task.add", body, "key-1")
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    other = {"fields": {**body["fields"], "title": "y"}}
    assert rest3(portal, "tasks.task.add", other, "key-1").status_code == 422
    assert rest3(portal, "tasks.task.add", body, "x" * 256).status_code == 400
    portal.advance(24 * 3600 + 1)
    later = rest3(portal, "tasks.task.add", body, "key-1").json()
    assert later["result"]["item"]["id"] != first.json()["result"]["item"]["id"]
    faulty = rest3(portal, "tasks.task.add", {"fields": {"title": "x"}}, "key-2").json()["error"]
    assert [fault["field"] for fault in faulty["validation"]] == ["creatorId", "responsibleId"]


def test_rights_of_webhooks_plans_and_codes_are_told_apart(portal: Running) -> None:
    assert rest(portal, "crm.item.list", code=TASKS_ONLY).json()["error"] == "insufficient_scope"
    missing = rest(portal, "tasks.task.fly")
    assert (missing.status_code, missing.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")
    assert rest(portal, "user.get", code="unknown").status_code == 401
    portal.change("bitrix24", "portal", rest=False)
    assert rest(portal, "user.get").json()["error"] == "ACCESS_DENIED"
    portal.change("bitrix24", "portal", overloaded=True)
    stopped = rest(portal, "user.get")
    assert (stopped.status_code, stopped.json()["error"]) == (503, "OVERLOAD_LIMIT")


def test_an_apps_refresh_token_works_once_and_its_access_token_an_hour(portal: Running) -> None:
    base = portal.urls["bitrix24"]
    grant = {
        "grant_type": "refresh_token", "client_id": "sandbox-bitrix24-app",
        "client_secret": "sandbox-bitrix24-secret", "refresh_token": "sandbox-refresh-1",
    }  # fmt: skip
    with client() as http:
        given = http.post(f"{base}/oauth/token/", data=grant).json()
        assert http.post(f"{base}/oauth/token/", data=grant).json()["error"] == "invalid_grant"
        call = {"auth": given["access_token"]}
        assert http.post(f"{base}/rest/user.get", json=call).status_code == 200
        portal.advance(3601)
        assert http.post(f"{base}/rest/user.get", json=call).json()["error"] == "expired_token"
        assert http.post(f"{base}/rest/user.get", json={}).json()["error"] == "NO_AUTH_FOUND"


def test_the_same_options_give_the_same_portal(portal: Running) -> None:
    for again in serve("bitrix24"):
        assert tasks(again) == tasks(portal)
        assert again.ledger("bitrix24")["items"] == portal.ledger("bitrix24")["items"]


@pytest.mark.parametrize("vendor", ["bitrix24", "amocrm"])
def test_a_wrong_change_is_answered_with_the_right_ones(vendor: str) -> None:
    for box in serve(vendor, items=5):
        with pytest.raises(ValueError, match="action 'fly' is unknown; choose one of"):
            box.change(vendor, "fly")
        with pytest.raises(ValueError, match="no task 5"):
            box.change(vendor, "delete", id=5)


# --- amoCRM -------------------------------------------------------------------------------------------------------


def amo(box: Running, path: str, *, method: str = "GET", token: str = TOKEN, **how: Any) -> httpx.Response:
    with client() as http:
        headers = {"Authorization": f"Bearer {token}", **how.pop("headers", {})}
        return http.request(method, f"{box.urls['amocrm']}{path}", headers=headers, **how)


def test_lists_have_links_and_nothing_is_204_without_a_body(account: Running) -> None:
    first = amo(account, "/api/v4/tasks", params={"limit": 100})
    assert first.headers["content-type"] == "application/hal+json"
    body = first.json()
    assert len(body["_embedded"]["tasks"]) == 100
    following = httpx.URL(body["_links"]["next"]["href"])
    last = amo(account, "/api/v4/tasks", params=dict(following.params)).json()
    assert (len(last["_embedded"]["tasks"]), "next" in last["_links"]) == (30, False)
    nothing = amo(account, "/api/v4/tasks", params={"page": 9})
    assert (nothing.status_code, nothing.content) == (204, b"")
    unchanged = amo(account, "/api/v4/tasks", headers={"If-Modified-Since": "Wed, 01 Dec 2027 00:00:00 GMT"})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert amo(account, "/api/v4/tasks", params={"limit": 251}).status_code == 400


def test_times_are_seconds_and_a_result_is_a_list_until_there_is_one(account: Running) -> None:
    rows = [
        row
        for row in amo(account, "/api/v4/tasks", params={"limit": 250}).json()["_embedded"]["tasks"]
        if isinstance(row, dict)
    ]
    assert all(type(row["updated_at"]) is int for row in rows)
    assert {type(row["result"]) for row in rows} == {list, dict}


def test_arrays_go_in_and_out_and_are_paired_by_request_id(account: Running) -> None:
    sent = [{"text": f"задача {n}", "complete_till": 1792500000, "request_id": f"r{n}"} for n in range(2)]
    made = amo(account, "/api/v4/tasks", method="POST", json=sent).json()["_embedded"]["tasks"]
    assert [one["request_id"] for one in made] == ["r0", "r1"]
    again = amo(account, "/api/v4/tasks", method="POST", json=sent).json()["_embedded"]["tasks"]
    assert {one["id"] for one in made}.isdisjoint(one["id"] for one in again), "request_id is only an echo"
    wrong = amo(account, "/api/v4/tasks", method="POST", json=[{"text": 5}])
    assert wrong.headers["content-type"] == "application/problem+json"
    assert {fault["path"] for fault in wrong.json()["validation-errors"][0]["errors"]} == {"text", "complete_till"}
    assert amo(account, "/api/v4/tasks", method="POST", json={"text": "x"}).status_code == 400


def test_an_eighth_request_in_a_second_is_refused_in_html_and_who_goes_on_is_banned() -> None:
    for box in serve("amocrm", limits={"amocrm": "7/60s"}):
        answers = [amo(box, "/api/v4/account") for _ in range(30)]
        assert [answer.status_code for answer in answers] == [200] * 7 + [429] * 19 + [403] * 4
        assert {answer.headers["content-type"].split(";")[0] for answer in answers[7:]} == {"text/html"}


def test_a_refresh_token_works_once_and_an_access_token_a_day(account: Running) -> None:
    grant = {
        "grant_type": "refresh_token", "client_id": "sandbox-amocrm-app", "client_secret": "sandbox-amocrm-secret",
        "redirect_uri": "https://hub.example/amocrm", "refresh_token": "sandbox-amocrm-refresh-1",
    }  # fmt: skip
    given = amo(account, "/oauth2/access_token", method="POST", json=grant).json()
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 86400)
    spent = amo(account, "/oauth2/access_token", method="POST", json=grant)
    assert (spent.status_code, spent.json()["detail"]) == (400, "Token has been revoked")
    assert amo(account, "/api/v4/account", token=given["access_token"]).status_code == 200
    account.advance(86401)
    assert amo(account, "/api/v4/account", token=given["access_token"]).status_code == 401


def test_neither_ledger_nor_log_holds_a_credential(portal: Running, account: Running) -> None:
    rest(portal, "tasks.task.list")
    amo(account, "/api/v4/account")
    for vendor, box, secret in (("bitrix24", portal, CODE), ("amocrm", account, TOKEN)):
        assert secret not in json.dumps(box.ledger(vendor))
