"""The sandbox keeps to `vendors/pointer.md`; section numbers are those of the sheet."""

import json
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running
from hub.testing import Receiver

# Building a TLS context takes longer than most requests here.
TLS = ssl.create_default_context()
START = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
NORTH_TOKEN = "sandbox-pointer-token-north"
NORTH, SOUTH = "0b0d6c1e-0000-4000-8000-00000000b001", "0b0d6c1e-0000-4000-8000-00000000b002"
MOSCOW_OUTLET = "0b0d6c1e-0000-4000-8000-00000000a001"
CLOSING_OUTLET = "0b0d6c1e-0000-4000-8000-00000000a002"
SOUTH_OUTLET = "0b0d6c1e-0000-4000-8000-00000000a009"
EMPTY_OUTLET = "0b0d6c1e-0000-4000-8000-00000000a012"
DAY_S = 86_400


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> SandboxOptions:
    path: Path = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    rows = [
        {
            "lang": "ru",
            "kind": "review",
            "tone": "complaint",
            "text": f"Ждали {n} минут, всё остыло",
            "rating": 1 + n % 5,
        }
        for n in range(150)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return SandboxOptions(items=240, corpus=path, start=START, limits={"pointer": "off"}, odd=0.2)


@pytest.fixture(scope="module")
def still(options: SandboxOptions) -> Iterator[Running]:
    """For tests that only read."""
    with running(["pointer"], options) as sandbox:
        yield sandbox


@pytest.fixture
def fresh(options: SandboxOptions) -> Iterator[Running]:
    """For tests that change something."""
    with running(["pointer"], options) as sandbox:
        yield sandbox


def client(sandbox: Running, token: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {token or sandbox.keys['pointer']}"}
    return httpx.Client(verify=TLS, base_url=sandbox.urls["pointer"], headers=headers)


def ask(sandbox: Running, path: str, token: str | None = None, method: str = "GET", **more: Any) -> httpx.Response:
    with client(sandbox, token) as http:
        return http.request(method, path, **more)


def get(sandbox: Running, path: str, token: str | None = None, **params: Any) -> Any:
    return json.loads(ask(sandbox, path, token, params=params).content)


def reviews(sandbox: Running, token: str | None = None, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        page = get(sandbox, "/reviews", token, **{"limit": 100, "offset": len(found), **params})
        found += page["items"]
        if len(found) >= page["meta"]["total"]:
            return found


def ids(records: list[dict[str, Any]]) -> set[str]:
    return {str(record["id"]) for record in records}


def items(sandbox: Running, **wanted: Any) -> list[dict[str, Any]]:
    ledger = sandbox.ledger("pointer")["items"]
    return [item for item in ledger if all(item[name] == value for name, value in wanted.items())]


def item(sandbox: Running, source_id: str) -> dict[str, Any]:
    return items(sandbox, source_id=source_id)[0]


def one(sandbox: Running, source_id: str) -> dict[str, Any]:
    return next(record for record in reviews(sandbox) if str(record["id"]) == source_id)


# -- access and limits: section 2 ---------------------------------------------------------------


def test_a_missing_or_wrong_token_gets_401(still: Running) -> None:
    for headers in ({}, {"Authorization": "Bearer nope"}, {"Authorization": still.keys["pointer"]}):
        assert httpx.get(f"{still.urls['pointer']}/reviews", headers=headers).status_code == 401


def test_a_limited_token_sees_one_network_and_writes_nothing(still: Running) -> None:
    assert [network["uuid"] for network in get(still, "/networks", NORTH_TOKEN)["items"]] == [NORTH]
    assert {record["network_uuid"] for record in reviews(still, NORTH_TOKEN)} == {NORTH}
    assert {record["network_uuid"] for record in reviews(still)} == {NORTH, SOUTH}
    assert ask(still, "/companies", NORTH_TOKEN, params={"network_uuid": SOUTH}).status_code == 404
    assert ask(still, "/reviews", NORTH_TOKEN, params={"company_uuids[]": SOUTH_OUTLET}).status_code == 404
    known = str(reviews(still, NORTH_TOKEN)[0]["id"])
    answer = ask(still, f"/reviews/{known}/reply", NORTH_TOKEN, "POST", json={"text": "x"})
    assert answer.status_code == 403


def test_the_second_request_in_a_second_is_refused_with_and_without_retry_after(options: SandboxOptions) -> None:
    with running(["pointer"], replace(options, limits={"pointer": "1/60s"})) as sandbox, client(sandbox) as http:
        answers = [http.get("/providers") for _ in range(3)]
        assert ask(sandbox, "/providers", NORTH_TOKEN).status_code == 200, "another token has a limiter of its own"
        seen = sandbox.ledger("pointer")["client"]
    assert [answer.status_code for answer in answers] == [200, 429, 429]
    assert [answer.headers.get("retry-after") for answer in answers[1:]] == ["1", None]
    assert (seen["over_limit"], seen["max_in_window"]) == (2, 3)


def test_the_limiter_may_delay(options: SandboxOptions) -> None:
    delaying = replace(options, limits={"pointer": "1/0.1s delay"})
    with running(["pointer"], delaying) as sandbox, client(sandbox) as http:
        began = time.monotonic()
        assert {http.get("/providers").status_code for _ in range(3)} == {200}
        assert time.monotonic() - began >= 0.2


def test_exports_come_once_a_day(fresh: Running) -> None:
    path = "/export/json/companies"
    assert [ask(fresh, path).status_code for _ in range(2)] == [200, 429]
    assert ask(fresh, f"{path}/ratings").status_code == 200
    fresh.advance(DAY_S)
    assert ask(fresh, path).status_code == 200


def test_caps_have_russian_messages(still: Running) -> None:
    window = {"date_from": "2026-09-01", "date_to": "2026-10-15"}
    long = ask(still, f"/companies/{MOSCOW_OUTLET}/ratings", params=window)
    assert (long.status_code, long.json()["message"]) == (422, "Период не должен превышать 31 день")
    month = get(still, f"/companies/{MOSCOW_OUTLET}/ratings", date_from="2026-09-01", date_to="2026-10-01")
    assert len(month["items"]) == 31
    assert set(month["items"][0]) == {"date", "ratings"}
    uuids = ",".join([MOSCOW_OUTLET] * 51)
    assert ask(still, "/export/json/companies/ratings", params={"company_uuids": uuids}).status_code == 422


# -- lists: sections 4 to 6 ---------------------------------------------------------------------


def test_the_envelope_the_default_and_the_cap(still: Running) -> None:
    page = get(still, "/reviews")
    assert set(page) == {"items", "meta"}
    assert page["meta"] == {"total": 240, "limit": 10, "offset": 0}
    assert len(get(still, "/reviews", limit=500)["items"]) == 100
    assert get(still, "/reviews", limit=100, offset=240)["items"] == []
    assert ask(still, "/reviews", params={"limit": "x"}).status_code == 422


def test_the_newest_in_pointer_come_first(still: Running) -> None:
    times = [record["created_at"] for record in reviews(still) if "+" in record["created_at"]]
    moments = [datetime.fromisoformat(time).replace(microsecond=0) for time in times]
    assert moments == sorted(moments, reverse=True)


@pytest.mark.parametrize(
    "query",
    [
        [("company_uuids[]", MOSCOW_OUTLET), ("company_uuids[]", SOUTH_OUTLET)],
        [("company_uuids", MOSCOW_OUTLET), ("company_uuids", SOUTH_OUTLET)],
        [("company_uuids", f"{MOSCOW_OUTLET},{SOUTH_OUTLET}")],
    ],
)
def test_lists_are_understood_in_three_styles(still: Running, query: list[tuple[str, str]]) -> None:
    found = json.loads(ask(still, "/reviews", params=[*query, ("limit", "100")]).content)["items"]
    assert {record["company_uuid"] for record in found} == {MOSCOW_OUTLET, SOUTH_OUTLET}


@pytest.mark.parametrize(
    ("params", "holds"),
    [
        ({"network_uuids[]": SOUTH}, lambda record: record["network_uuid"] == SOUTH),
        ({"provider_ids[]": 3}, lambda record: record["provider_id"] == 3),
        ({"rating[]": [1, 2]}, lambda record: record["rating"] in (1, 2)),
        ({"has_comment": "true"}, lambda record: record["text"]),
        ({"has_comment": "0"}, lambda record: not record["text"]),
        ({"has_reply": "1"}, lambda record: record["reply"]),
        ({"is_reply_published": "true"}, lambda record: record["reply"]["is_published"]),
        ({"is_activator": "true"}, lambda record: record["is_activator"]),
        ({"is_changed": "1"}, lambda record: record["is_changed"]),
        ({"with_photos": "1"}, lambda record: record["photos"]),
        ({"tag_ids[]": 2, "with_tags": "1"}, lambda record: 2 in {tag["id"] for tag in record["tags"]}),
        ({"smart_tag_ids[]": 501, "with_smart_tags": "1"}, lambda record: record["smart_tags"]),
        ({"reply_created_at_from": "2026-10-10"}, lambda record: record["reply"]),
    ],
)
def test_filters_keep_what_they_name(still: Running, params: dict[str, Any], holds: Any) -> None:
    found = reviews(still, **params)
    assert 0 < len(found) < 240
    assert all(holds(record) for record in found)


def test_tags_come_only_when_asked_for(still: Running) -> None:
    assert not {"tags", "smart_tags"} & set(get(still, "/reviews")["items"][0])
    assert {"tags", "smart_tags"} <= set(get(still, "/reviews", with_tags="1", with_smart_tags="true")["items"][0])


@pytest.mark.parametrize(("bounds", "found"), [("exclusive", [2]), ("inclusive", [1, 2, 3])])
def test_date_filters_leave_out_or_include_the_days_they_name(
    options: SandboxOptions, bounds: str, found: list[int]
) -> None:
    with running(["pointer"], replace(options, bounds=bounds)) as sandbox:
        added = {}
        for day in (1, 2, 3):
            answer = sandbox.change("pointer", "add", published_at=f"2026-10-0{day}T12:00:00+03:00")
            added[answer["source_id"]] = day
        window = {"published_at_from": "2026-10-01", "published_at_to": "2026-10-03"}
        assert sorted(added[key] for key in ids(reviews(sandbox, **window)) & set(added)) == found


def test_outlets_do_not_say_their_network(still: Running) -> None:
    outlets = get(still, "/companies", limit=100, with_ratings="1")["items"]
    assert len(outlets) == 12
    assert not any("network" in key for outlet in outlets for key in outlet)
    assert len(get(still, "/companies", network_uuid=NORTH)["items"]) == 7
    assert sum("country_code" not in outlet for outlet in outlets) == 1
    empty = next(outlet for outlet in outlets if outlet["uuid"] == EMPTY_OUTLET)
    assert (empty["ratings"][0]["avg_rating"], empty["ratings"][0]["ratings_count"]) == (0, 0)
    assert "ratings" not in get(still, "/companies")["items"][0]


def test_the_export_is_flat_and_some_rows_have_no_id(still: Running) -> None:
    rows = get(still, "/export/json/reviews")["items"]
    assert len(rows) == 240
    assert any(row["id"] is None for row in rows)
    assert not {"text", "company_country"} & set(rows[0])
    assert (
        "text" in get(still, "/export/json/reviews", **{"additional_fields[]": ["text", "company_country"]})["items"][0]
    )


def test_an_unknown_provider_appears_later(fresh: Running) -> None:
    known = {provider["id"]: provider["name_en"] for provider in get(fresh, "/providers")["items"]}
    assert set(known) >= {1, 2, 3}
    assert "Reviews book" in known.values()
    fresh.advance(2 * DAY_S)
    new = {provider["id"] for provider in get(fresh, "/providers")["items"]} - set(known)
    assert len(new) == 1
    assert {record["provider_id"] for record in reviews(fresh)} >= new


# -- data: section 19 ---------------------------------------------------------------------------


def test_odd_records_are_there_and_the_ledger_names_the_broken_ones(still: Running) -> None:
    records = reviews(still)
    raw = b"".join(ask(still, "/reviews", params={"limit": 100, "offset": at}).content for at in (0, 100, 200))
    assert b"\\ud83d" in raw
    assert len(items(still, broken=True)) == 2
    assert sum(record["id"] is None or record["published_at"].startswith("31.02") for record in records) == 2
    assert any(isinstance(record["id"], int) and record["id"] > 2**53 for record in records)
    assert any(isinstance(record["id"], str) for record in records)
    assert {0, None} <= {record["rating"] for record in records}
    assert {int, str} == {type(record["text_tonality"]) for record in records}
    authors = [record["author"] for record in records]
    assert None in authors
    assert any(str(author).startswith("Инкогнито ") for author in authors)
    assert 0.2 < sum(not record["text"] for record in records) / len(records) < 0.4


def test_times_are_written_in_every_way(still: Running) -> None:
    times = [record["created_at"] for record in reviews(still)]
    assert {len(time) for time in times} == {10, 19, 20, 25, 32}
    assert len({time[-6:] for time in times if len(time) == 25}) > 3, "outlets have zones of their own"


def test_collection_lags_an_hour_to_days_and_sometimes_years(still: Running) -> None:
    lags = [
        datetime.fromisoformat(record["created_at"]) - datetime.fromisoformat(record["published_at"])
        for record in reviews(still)
        if len(record["created_at"]) == 25 and not record["published_at"].startswith("31.")
    ]
    assert min(lags) >= timedelta(minutes=59)
    assert sum(lag <= timedelta(days=3) for lag in lags) > len(lags) * 0.9
    assert max(lags) > timedelta(days=300)


def test_the_ledger_holds_rating_only_reviews_without_text(still: Running) -> None:
    known = {item["source_id"]: item for item in items(still)}
    silent = [record for record in reviews(still) if record["id"] and not record["text"]]
    assert silent
    assert all(known[str(record["id"])]["text"] is None for record in silent)
    assert len({item["conversation"] for item in known.values()}) == len(known)


# -- time: section 19 ---------------------------------------------------------------------------


def test_an_edit_keeps_the_id(fresh: Running) -> None:
    key = str(reviews(fresh, has_comment="1")[3]["id"])
    fresh.change(
        "pointer", "edit", id=key, text="Стало &lt;лучше&gt;", rating=4, published_at="2026-10-19T10:00:00+03:00"
    )
    after = one(fresh, key)
    assert (after["is_changed"], after["text"], after["rating"]) == (True, "Стало &lt;лучше&gt;", 4)
    assert after["updated_at"].startswith("2026-10-20")
    assert item(fresh, key)["text"] == "Стало <лучше>"


def test_deleted_reviews_stay_readable_and_vanished_ones_do_not(fresh: Running) -> None:
    gone, away = (str(record["id"]) for record in reviews(fresh)[:2])
    fresh.change("pointer", "delete", id=gone)
    fresh.change("pointer", "vanish", id=away)
    assert one(fresh, gone)["is_deleted"]
    assert away not in ids(reviews(fresh))
    assert (item(fresh, gone)["hidden"], item(fresh, gone)["visible"]) == (True, True)
    assert (item(fresh, away)["hidden"], item(fresh, away)["visible"]) == (True, False)
    fresh.change("pointer", "return", id=away)
    fresh.change("pointer", "restore", id=gone)
    assert away in ids(reviews(fresh))
    assert not one(fresh, gone)["is_deleted"]


def test_days_bring_new_reviews_edits_deletions_and_a_closed_outlet(fresh: Running) -> None:
    before = {str(record["id"]): record for record in reviews(fresh)}
    fresh.advance(4 * DAY_S)
    after = {str(record["id"]): record for record in reviews(fresh)}
    assert set(after) - set(before)
    changed = [key for key in before if key in after and before[key] != after[key]]
    assert any(after[key]["is_changed"] and not before[key]["is_changed"] for key in changed)
    assert any(after[key]["is_deleted"] and not before[key]["is_deleted"] for key in changed)
    assert any(after[key]["reply"] != before[key]["reply"] for key in changed)
    outlets = {outlet["uuid"]: outlet for outlet in get(fresh, "/companies", limit=100)["items"]}
    assert outlets[CLOSING_OUTLET]["status_type_id"] != 1
    again = [outlet for outlet in outlets.values() if outlet["name"] == outlets[CLOSING_OUTLET]["name"]]
    assert len(again) == 2


def test_rows_appear_at_the_top_while_a_client_pages(options: SandboxOptions) -> None:
    with running(["pointer"], replace(options, churn=1.0)) as sandbox:
        pages = [get(sandbox, "/reviews", limit=50, offset=offset) for offset in (0, 50, 100)]
    assert [page["meta"]["total"] for page in pages] == [241, 242, 243]
    assert ids(pages[0]["items"]) & ids(pages[1]["items"]), "what slid over the edge comes twice"


def test_an_outlet_can_move_to_another_network(fresh: Running) -> None:
    fresh.change("pointer", "move_outlet", company_uuid=MOSCOW_OUTLET, network_uuid=SOUTH)
    moved = reviews(fresh, **{"company_uuids[]": MOSCOW_OUTLET})
    assert {record["network_uuid"] for record in moved} == {SOUTH}
    assert ask(fresh, "/reviews", NORTH_TOKEN, params={"company_uuids[]": MOSCOW_OUTLET}).status_code == 404


def test_a_token_can_be_revoked(fresh: Running) -> None:
    fresh.change("pointer", "revoke_key")
    assert ask(fresh, "/providers").status_code == 401
    fresh.change("pointer", "restore_key")
    assert ask(fresh, "/providers").status_code == 200


# -- writing: sections 9 and 12 -----------------------------------------------------------------


def unanswered(sandbox: Running) -> str:
    return next(
        str(record["id"])
        for record in reviews(sandbox, has_reply="0", has_comment="1")
        if record["id"] and not record["is_deleted"]
    )


def test_a_reply_is_created_once_changed_and_deleted(fresh: Running) -> None:
    path = f"/reviews/{unanswered(fresh)}/reply"
    assert ask(fresh, path, method="PATCH", json={"text": "рано"}).status_code == 404
    assert ask(fresh, path, method="DELETE").status_code == 404
    assert ask(fresh, path, method="POST", json={"text": " "}).status_code == 422
    created = ask(fresh, path, method="POST", json={"text": "Разберёмся"})
    assert created.status_code == 201
    assert created.json().items() >= {"text": "Разберёмся", "published_at": None, "is_published": False}.items()
    assert ask(fresh, path, method="POST", json={"text": "ещё"}).status_code == 409
    assert ask(fresh, path, method="PATCH", json={"text": "Разобрались"}).json()["text"] == "Разобрались"
    assert ask(fresh, path, method="DELETE").status_code == 204
    writes = [write["action"] for write in fresh.ledger("pointer")["client"]["writes"]]
    assert writes == ["create_reply", "change_reply", "delete_reply"]


def test_a_reply_is_published_or_rejected_after_a_while(fresh: Running) -> None:
    keys = [str(record["id"]) for record in reviews(fresh, has_reply="0") if record["id"] and not record["is_deleted"]]
    for key in keys[:40]:
        assert ask(fresh, f"/reviews/{key}/reply", method="POST", json={"text": f"Ответ {key}"}).status_code == 201
    assert {item(fresh, key)["reply_status"] for key in keys[:3]} == {"moderation"}
    fresh.advance(7 * 3600)
    states = Counter(entry["reply_status"] for entry in items(fresh, reply_by_client=True))
    assert states["published"] > states["rejected"] > 0
    assert "moderation" not in states


def test_moderation_can_be_decided_by_hand(fresh: Running) -> None:
    key = unanswered(fresh)
    ask(fresh, f"/reviews/{key}/reply", method="POST", json={"text": "Ответ"})
    fresh.change("pointer", "reject_reply", id=key)
    assert one(fresh, key)["reply"]["status"] == "rejected"
    fresh.change("pointer", "publish_reply", id=key)
    assert one(fresh, key)["reply"]["is_published"]
    fresh.change("pointer", "reply", id=key, text="Изменено на карте")
    assert item(fresh, key)["reply"] == "Изменено на карте"


def test_a_deleted_or_unknown_review_takes_no_reply(fresh: Running) -> None:
    key = unanswered(fresh)
    fresh.change("pointer", "delete", id=key)
    assert ask(fresh, f"/reviews/{key}/reply", method="POST", json={"text": "x"}).status_code == 422
    assert ask(fresh, "/reviews/5/reply", method="POST", json={"text": "x"}).status_code == 404


def test_a_report_is_sent_and_sometimes_removes_the_review(fresh: Running) -> None:
    keys = [key for key in ids(reviews(fresh, is_changed="0")) if key != "None"][:30]
    before = {entry["source_id"] for entry in items(fresh, hidden=True)}
    for key in keys:
        answer = ask(fresh, f"/reviews/{key}/report", method="PATCH", json={"reason": "spam", "text": ""})
        assert answer.json() == {"status": "sent"}
    assert ask(fresh, f"/reviews/{keys[0]}/report", method="PATCH", json={"reason": "скучно"}).status_code == 422
    fresh.advance(7 * DAY_S)
    gone = {entry["source_id"] for entry in items(fresh, hidden=True)} - before
    assert 0 < len(gone & set(keys)) < len(keys)


def test_comments_and_webhooks_can_be_kept(fresh: Running) -> None:
    key = unanswered(fresh)
    assert get(fresh, f"/reviews/{key}/comments")["meta"]["total"] == 0
    assert ask(fresh, f"/reviews/{key}/comments", method="POST", json={"text": "Уточните"}).status_code == 201
    assert get(fresh, f"/reviews/{key}/comments")["items"][0]["is_owner"]
    hook = {"url": "http://127.0.0.1:9/p", "events": ["reviews"]}
    made = ask(fresh, "/webhooks", method="POST", json=hook)
    assert made.status_code == 201
    path = f"/webhooks/{made.json()['uuid']}"
    assert ask(fresh, path, method="PUT", json={**hook, "events": ["comments"]}).json()["events"] == ["comments"]
    for elsewhere in ("x", "https://hub.example/p", "http://192.0.2.1/p"):
        wrong = {"url": elsewhere, "events": ["reviews"]}
        assert ask(fresh, "/webhooks", method="POST", json=wrong).status_code == 422
    assert get(fresh, "/webhooks")["meta"]["total"] == 1
    assert ask(fresh, path, method="DELETE").status_code == 204
    assert ask(fresh, path, method="DELETE").status_code == 404


def test_webhooks_are_sent_twice_late_without_body_or_never(fresh: Running) -> None:
    with Receiver() as receiver:
        hook = {"url": f"{receiver.url}/secret", "events": ["reviews"]}
        uuid = ask(fresh, "/webhooks", method="POST", json=hook).json()["uuid"]
        added = [fresh.change("pointer", "add", text=f"Отзыв {number}")["source_id"] for number in range(120)]
        calls = receiver.wait(100)
    assert {path for path, _, _ in calls} == {"/secret"}
    bodies = [json.loads(body) for _, _, body in calls if body]
    assert len(bodies) < len(calls)
    assert {body["event"] for body in bodies} == {"reviews", "reviews.digest"}
    assert {body["uuid"] for body in bodies} == {uuid}
    ids = [str(body["data"]["id"]) for body in bodies]
    assert 0 < len(set(ids)) < len(added), "some never come"
    assert len(ids) > len(set(ids)), "some come twice"
    assert ids != sorted(ids, key=added.index), "some come late"


def test_a_token_can_lose_resources_and_get_them_back(fresh: Running) -> None:
    fresh.change("pointer", "deny", resources=["networks", "companies"])
    assert [ask(fresh, path).status_code for path in ("/networks", "/companies", "/reviews")] == [403, 403, 200]
    fresh.change("pointer", "grant")
    assert ask(fresh, "/networks").status_code == 200
