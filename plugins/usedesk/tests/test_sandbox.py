"""The sandbox keeps to the vendor sheet; section numbers are those of the sheet."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest

from hub.testing import Receiver

KEY, SECRET = "sandbox-usedesk-token", "sandbox-usedesk-secret"


def post(account: Any, path: str, **how: Any) -> httpx.Response:
    with httpx.Client(trust_env=False) as http:
        return http.post(account.box.urls["usedesk"] + path, **how)


def create(account: Any, **fields: Any) -> Any:
    given = {"subject": "Тема", "message": "<p>Текст</p>", "client_id": "new_client", "client_name": "Иван"}
    return account.ask("/create/ticket", **{**given, **fields})


@pytest.mark.parametrize("how", ["json", "data", "params"])
def test_the_key_is_taken_from_the_body_in_either_form_or_the_query(account: Any, how: str) -> None:
    answer = post(account, "/groups", **{how: {"api_token": KEY}})
    assert (answer.status_code, len(answer.json())) == (200, 3)
    log = json.dumps(account.box.ledger("usedesk")["client"]["log"])
    assert KEY not in log


@pytest.mark.parametrize("body", [{}, {"api_token": "wrong"}, {"api_token": 7}])
def test_a_wrong_key_is_an_error_with_status_200(account: Any, body: dict[str, Any]) -> None:
    answer = post(account, "/tickets", json=body)
    assert (answer.status_code, answer.json()) == (200, {"error": "Неверный api_token", "code": 1})


def test_every_method_is_post(account: Any) -> None:
    with httpx.Client(trust_env=False) as http:
        assert http.get(account.box.urls["usedesk"] + "/tickets", params={"api_token": KEY}).status_code == 405


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"subject": ""}, "subject is required"),
        ({"subject": "т" * 256}, "subject is too long"),
        ({"message": "т" * 33_000}, "message is too long"),
        ({"priority": "highest"}, "priority is invalid"),
        ({"status": 99}, "status is invalid"),
        ({"client_id": 1}, "Client not found"),
        ({"client_name": ""}, "client_name is required"),
        ({"field_id": "54;55", "field_value": "x"}, "field_id and field_value differ in length"),
        ({"from": "me"}, "from is invalid"),
    ],
)
def test_what_a_create_gets_wrong_is_an_error_with_status_200(account: Any, wrong: dict[str, Any], told: str) -> None:
    assert create(account, **wrong)["error"] == told
    assert account.writes("create/ticket") == []


def test_the_same_create_twice_makes_two_tickets_for_there_is_no_key(account: Any) -> None:
    made = [str(create(account, additional_id="x")["ticket_id"]) for _ in range(2)]
    assert len(set(made)) == 2


def test_ids_come_as_numbers_and_as_text(account: Any) -> None:
    kinds = {type(row["id"]) for _ in range(5) for row in account.ask("/tickets")}
    assert kinds == {int, str}


def test_a_mail_may_not_go_out_and_the_ticket_is_there(account: Any) -> None:
    told = {create(account)["message_status"] for _ in range(30)}
    assert told == {"delivered", "not delivered"}
    assert len(account.writes("create/ticket")) == 30


def test_a_list_says_status_and_a_ticket_says_status_id(account: Any) -> None:
    ident = create(account)["ticket_id"]
    row = next(row for row in account.ask("/tickets") if str(row["id"]) == str(ident))
    whole = account.ask("/ticket", ticket_id=ident)
    assert ("status" in row, "status_id" in row) == (True, False)
    assert ("status" in whole["ticket"], str(whole["ticket"]["status_id"])) == (False, "8")
    assert whole["comments"][0]["is_first"] in (1, True)


def test_pages_have_a_hundred_rows_whatever_is_asked(open_account: Any) -> None:
    account = open_account(items=130)
    assert len(account.ask("/tickets", limit=7)) == 100
    assert len(account.ask("/tickets", offset=100)) == 30


def test_filters_by_time_are_inclusive_to_the_minute_and_utc(account: Any) -> None:
    ident = str(create(account)["ticket_id"])  # at 09:00:30

    def found(**bounds: str) -> bool:
        return ident in [str(row["id"]) for row in account.ask("/tickets", **bounds)]

    assert found(updated_after="2026-10-20 09:00")
    assert found(updated_before="2026-10-20 09:00")
    assert not found(updated_after="2026-10-20 09:01")
    assert not found(created_before="2026-10-20 08:59")
    assert account.ask("/tickets", updated_after="20.10.2026")["error"] == "updated_after is invalid"


def test_a_new_ticket_is_late_in_lists_and_a_deleted_one_is_in_them_only_when_asked_for(account: Any) -> None:
    account.change("account", lag=60)
    late = str(create(account)["ticket_id"])
    account.change("account", lag=0)
    ident = str(create(account)["ticket_id"])
    account.change("delete", id=ident)
    assert not {late, ident} & {str(row["id"]) for row in account.ask("/tickets")}
    assert [str(row["id"]) for row in account.ask("/tickets", fstatus="4")] == [ident]
    assert str(account.ask("/ticket", ticket_id=ident)["ticket"]["status_id"]) == "4"


def test_tags_are_replaced_and_a_new_ticket_opens_unless_the_update_is_silent(account: Any) -> None:
    ident = create(account, tag="a, b")["ticket_id"]
    account.ask("/update/ticket", ticket_id=ident, tag="c", silent=True)
    whole = account.ask("/ticket", ticket_id=ident)
    assert ([tag["name"] for tag in whole["tags"]], str(whole["ticket"]["status_id"])) == (["c"], "8")
    account.ask("/update/ticket", ticket_id=ident, priority="low", assignee_id=41)
    account.ask("/update/ticket", ticket_id=ident, assignee_id="null", silent=True)
    ticket = account.ask("/ticket", ticket_id=ident)["ticket"]
    assert (str(ticket["status_id"]), ticket["priority"], ticket["assignee_id"]) == ("1", "low", None)


def test_a_comment_is_private_of_an_agent_unless_it_says_otherwise(account: Any) -> None:
    ident = create(account)["ticket_id"]
    account.ask("/create/comment", ticket_id=ident, message="x")
    comment = account.ask("/ticket", ticket_id=ident)["comments"][1]
    assert (comment["type"], comment["from"], str(comment["user_id"])) == ("private", "user", "41")
    assert account.ask("/create/comment", ticket_id=1, message="x") == {"error": "Ticket not found", "code": 4}


def test_changes_are_told_with_what_was_and_what_is(account: Any) -> None:
    ident = str(create(account)["ticket_id"])
    account.change("status", id=ident, status=6)
    account.change("tag", id=ident, tags=["vip"])
    changes = account.ask("/ticket", ticket_id=ident)["changes"]
    assert changes[0]["data"] == [{"target": "status_id", "value": "6", "old_value": "8"}]
    assert changes[1]["data"] == [{"target": "new_tags", "value": "vip", "old_value": ""}]


def test_bursts_and_planned_errors_end(account: Any) -> None:
    account.change("burst", times=1)
    account.change("refuse", path="/groups", text="Занято", code=9)
    answers = [post(account, "/groups", json={"api_token": KEY}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 200, 200]
    assert "retry-after" not in answers[0].headers
    assert answers[1].json() == {"error": "Занято", "code": 9}
    assert len(answers[2].json()) == 3


@pytest.mark.parametrize("as_json", [True, False])
def test_webhooks_hold_the_secret_as_json_or_as_a_form_and_get_lost_or_come_twice(account: Any, as_json: bool) -> None:
    with Receiver() as receiver:
        account.change("add_webhook", url=receiver.url, json=as_json)
        ident = str(create(account)["ticket_id"])
        for number in range(40):
            account.change("answer", id=ident, text=f"{number}")
        account.change("rate", id=ident, score=4)
        bodies = [_read(body, as_json) for _, _, body in receiver.wait(35)]
        log = account.change("webhook_log")["log"]
    assert {body["secret"] for body in bodies} == {SECRET}
    told = [str(body.get("csi", {}).get("rating") if as_json else body.get("csi[rating]")) for body in bodies]
    assert told.count("4") == 1
    assert any(body.get("comment[message]") or body.get("comment") for body in bodies)
    assert "lost" in [one["outcome"] for one in log]
    assert len(log) > 42, "some come twice"


def _read(body: bytes, as_json: bool) -> Mapping[str, Any]:
    return dict(json.loads(body)) if as_json else dict(parse_qsl(body.decode(), keep_blank_values=True))


def test_a_sandbox_calls_nobody_elsewhere(account: Any) -> None:
    with pytest.raises(ValueError, match="is not on this machine"):
        account.change("add_webhook", url="http://example.org/")


def test_a_wrong_name_is_answered_with_the_right_ones(account: Any) -> None:
    ident = str(create(account)["ticket_id"])
    for action, what, told in (
        ("assign", {"user": 7}, "there are 41, 42, 43"),
        ("status", {"status": 12}, "there are 1, 2, 3"),
        ("field", {"field": 1, "value": "x"}, "there are 54"),
    ):
        with pytest.raises(ValueError, match=told):
            account.change(action, id=ident, **what)
