"""The sandbox keeps to `vendors/youscan.md`; section numbers are those of the sheet."""

import json
import re
import ssl
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running
from hub.testing import Receiver

# Building a TLS context takes longer than most requests here.
TLS = ssl.create_default_context()
START = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)
EKB, NO_ACCESS = "sandbox-youscan-key-ekb", "sandbox-youscan-key-noapi"
ALL = {"from": "1990-01-01", "orderBy": "seqAsc", "size": "1000", "htmlSanitize": "false"}
FIELDS = (
    "id", "seq", "published", "addedAt", "url", "title", "text", "fullText", "imageUrl", "images", "source",
    "author", "publicationPlace", "sentiment", "sourceType", "resourceType", "language", "imageActivities",
    "imageBrands", "imageColors", "imageObjects", "imagePeople", "imageScenes", "imageTexts", "postType",
    "contentTypes", "sourceFormat", "tags", "rating", "autoCategories", "subjects", "starred", "processed",
    "engagement", "postId", "parentPostId", "discussionId", "country", "region", "city", "note", "aspects",
    "sentimentAspects", "potentialReach", "authorJobs", "authorInterests", "authorInterestCategories",
    "customTags", "categories",
)  # fmt: skip


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> SandboxOptions:
    path: Path = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    rows = [
        {"lang": "ru", "kind": "mention", "tone": "complaint", "title": None, "text": f"Жалоба {n} на доставку"}
        for n in range(150)
    ]
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    return SandboxOptions(items=240, corpus=path, start=START, limits={"youscan": "off"}, odd=0.2)


@pytest.fixture(scope="module")
def still(options: SandboxOptions) -> Iterator[Running]:
    """For tests that only read."""
    with running(["youscan"], options) as sandbox:
        yield sandbox


@pytest.fixture
def fresh(options: SandboxOptions) -> Iterator[Running]:
    """For tests that change something."""
    with running(["youscan"], options) as sandbox:
        yield sandbox


def client(sandbox: Running, key: str | None = None) -> httpx.Client:
    return httpx.Client(
        verify=TLS, base_url=sandbox.urls["youscan"], headers={"X-API-KEY": key or sandbox.keys["youscan"]}
    )


def get(sandbox: Running, path: str, key: str | None = None, **params: Any) -> Any:
    with client(sandbox, key) as http:
        return json.loads(http.get(path, params=params).content)


def mentions(sandbox: Running, topic: int = 101, key: str | None = None, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get(sandbox, f"/topics/{topic}/mentions", key, **{**ALL, **params})["mentions"]
    return found


def items(sandbox: Running, **wanted: Any) -> list[dict[str, Any]]:
    ledger = sandbox.ledger("youscan")["items"]
    return [item for item in ledger if all(item[name] == value for name, value in wanted.items())]


def item(sandbox: Running, source_id: str) -> dict[str, Any]:
    return items(sandbox, source_id=source_id)[0]


def ids(records: list[dict[str, Any]]) -> set[str]:
    return {record["id"] for record in records if record["id"]}


def words(record: dict[str, Any]) -> str:
    return " ".join(record.get(name) or "" for name in ("title", "text", "fullText"))


# -- access: section 2 and 10 -------------------------------------------------------------------


def test_a_missing_or_wrong_key_gets_401_without_a_body(still: Running) -> None:
    for headers in ({}, {"X-API-KEY": "nope"}):
        response = httpx.get(f"{still.urls['youscan']}/topics", headers=headers)
        assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize("name", ["apiKey", "apikey", "APIKEY"])
def test_the_key_may_stand_in_the_query_in_any_case(still: Running, name: str) -> None:
    response = httpx.get(f"{still.urls['youscan']}/topics/", params={name: still.keys["youscan"]})
    assert [topic["id"] for topic in response.json()["topics"]] == [101, 102, 103]


def test_a_plan_without_api_access_gets_402(still: Running) -> None:
    with client(still, NO_ACCESS) as http:
        assert http.get("/topics").status_code == 402


def test_foreign_and_missing_topics_are_not_told_apart(still: Running) -> None:
    with client(still, EKB) as http:
        answers = [http.get(f"/topics/{topic}/mentions") for topic in (101, 999)]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(404, {"message": "Theme not found"})] * 2


def test_a_level_too_low_gets_403_with_the_code_in_the_message(still: Running) -> None:
    with client(still, EKB) as http:
        response = http.post("/topics/102/tags", json={"name": "x"})
    assert (response.status_code, response.json()) == (403, {"message": "THEME_PERMISSION_DENIED"})


def test_unknown_paths_and_operations_left_out_are_404(still: Running) -> None:
    with client(still) as http:
        for path in ("/themes", "/topics/101/statistics/trends", "/topics/101/mentions/5"):
            assert http.get(path).status_code == 404


# -- limits: section 8 --------------------------------------------------------------------------


def test_the_eleventh_request_in_ten_seconds_is_refused_in_plain_text(options: SandboxOptions) -> None:
    with running(["youscan"], replace(options, limits={})) as sandbox, client(sandbox) as http:
        answers = [http.get("/topics") for _ in range(11)]
        with client(sandbox, EKB) as other:
            assert other.get("/topics").status_code == 200, "another user has a limiter of their own"
        seen = sandbox.ledger("youscan")["client"]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert answers[-1].text == "Please enhance your calm"
    assert answers[-1].headers["content-type"].startswith("text/plain")
    assert "retry-after" not in answers[-1].headers
    assert (seen["over_limit"], seen["max_in_window"], seen["refused"]) == (1, 11, 1)


def test_the_sixth_request_at_once_is_refused(options: SandboxOptions) -> None:
    slow = replace(options, limits={}, slow_s=0.5)
    with running(["youscan"], slow) as sandbox, client(sandbox) as http, ThreadPoolExecutor(6) as pool:
        sandbox.next_faults(["slow"] * 5)
        statuses = list(pool.map(lambda _: http.get("/topics").status_code, range(6)))
        seen = sandbox.ledger("youscan")["client"]
    assert Counter(statuses) == {200: 5, 429: 1}
    assert seen["max_concurrent"] == 6


def test_lenient_serves_and_still_counts(options: SandboxOptions) -> None:
    with running(["youscan"], replace(options, limits={}, strict=False)) as sandbox, client(sandbox) as http:
        assert {http.get("/topics").status_code for _ in range(12)} == {200}
        assert sandbox.ledger("youscan")["client"]["over_limit"] == 2


def test_faults_count_against_the_limit(options: SandboxOptions) -> None:
    with running(["youscan"], replace(options, limits={"youscan": "1/60s"})) as sandbox, client(sandbox) as http:
        sandbox.next_faults(["500"])
        assert [http.get("/topics").status_code for _ in range(2)] == [500, 429]


# -- dates: section 3 ---------------------------------------------------------------------------


def test_without_from_only_six_days_come_even_with_a_cursor(still: Running) -> None:
    everything = get(still, "/topics/101/mentions", **{**ALL, "sinceSeq": 0})
    naive = get(still, "/topics/101/mentions", sinceSeq=0, orderBy="seqAsc", size=1000)
    lost = ids(everything["mentions"]) - ids(naive["mentions"])
    assert lost
    assert naive["total"] < everything["total"]
    saved_lately = [
        record for record in everything["mentions"] if record["id"] in lost and record["addedAt"] > "2026-10-17"
    ]
    assert saved_lately, "old mentions that were saved after the default from are among the lost"


def test_to_covers_its_whole_day(fresh: Running) -> None:
    late = fresh.change("youscan", "add", published="2026-10-05T23:59:59+00:00")["source_id"]
    early = fresh.change("youscan", "add", published="2026-10-06T00:00:00+00:00")["source_id"]
    assert late in ids(mentions(fresh, to="2026-10-05Z"))
    assert early not in ids(mentions(fresh, to="2026-10-05Z"))
    assert early in ids(mentions(fresh, to="2026-10-05T00:00:01Z"))


def test_added_to_is_not_stretched(fresh: Running) -> None:
    new = fresh.change("youscan", "add")["source_id"]
    assert new not in ids(mentions(fresh, addedTo="2026-10-20T08:59Z"))
    assert new in ids(mentions(fresh, addedFrom="2026-10-20T09:00Z"))


def test_dates_without_offset_are_read_in_the_owners_or_the_given_zone(fresh: Running) -> None:
    # 22:00 in Moscow, midnight in Yekaterinburg.
    new = fresh.change("youscan", "add", topic=102, published="2026-10-10T19:00:00+00:00")["source_id"]
    assert new not in ids(mentions(fresh, 102, **{"from": "2026-10-11"}))
    assert new in ids(mentions(fresh, 102, EKB, **{"from": "2026-10-11"}))
    assert new in ids(mentions(fresh, 102, **{"from": "2026-10-11", "timeZone": "Asia/Yekaterinburg"}))
    assert new not in ids(mentions(fresh, 102, EKB, **{"from": "2026-10-11T00:00:00Z"}))


# -- list: sections 5 to 7 ----------------------------------------------------------------------


def test_the_documented_loop_reads_everything_once(still: Running) -> None:
    seen: list[int] = []
    while page := get(still, "/topics/101/mentions", **{**ALL, "size": 20, "sinceSeq": seen[-1] if seen else 0}):
        assert page["lastSeq"] >= max((record["seq"] for record in page["mentions"]), default=0)
        seen += [record["seq"] for record in page["mentions"]]
        if len(page["mentions"]) < 20:
            break
    assert seen == sorted(set(seen))
    assert len(seen) == len(items(still, stream="101", visible=True, hidden=False))
    assert any(later - earlier > 1 for earlier, later in pairwise(seen)), "gaps are normal"


def test_total_respects_the_cursor_and_last_seq_does_not(still: Running) -> None:
    first = get(still, "/topics/101/mentions", **ALL)
    middle = first["mentions"][10]["seq"]
    rest = get(still, "/topics/101/mentions", **{**ALL, "sinceSeq": middle})
    assert rest["total"] == first["total"] - 11
    assert rest["mentions"][0]["seq"] > middle
    end = get(still, "/topics/101/mentions", **{**ALL, "sinceSeq": first["lastSeq"]})
    assert end == {"total": 0, "lastSeq": first["lastSeq"], "mentions": []}


def test_the_page_has_ten_by_default_newest_first(still: Running) -> None:
    page = get(still, "/topics/101/mentions", **{"from": "1990-01-01"})["mentions"]
    times = [record["published"] for record in page if not record["published"].startswith("0000")]
    assert len(page) == 10
    assert times == sorted(times, reverse=True)


@pytest.mark.parametrize(
    ("field", "params"),
    [
        ("Size", {"size": 1001}),
        ("Skip", {"skip": 10_000}),
        ("Tags", {"tags": "нет такого"}),
        ("Sentiment", {"sentiment": "undefined"}),
        ("From", {"from": "вчера"}),
        ("OrderBy", {"orderBy": "seqDesc"}),
        ("TimeZone", {"timeZone": "Mars/Olympus"}),
    ],
)
def test_bad_parameters_get_400_with_the_field(still: Running, field: str, params: dict[str, Any]) -> None:
    with client(still) as http:
        response = http.get("/topics/101/mentions", params=params)
    assert response.status_code == 400
    assert response.json()["errorCode"] == "VALIDATION_ERROR"
    assert response.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("params", "holds"),
    [
        ({"sources": ["vk.com", "ok.ru"]}, lambda record: record["source"] in {"vk.com", "ok.ru"}),
        ({"excludeSources": "vk.com"}, lambda record: record["source"] != "vk.com"),
        ({"sourceTypes": "reviews"}, lambda record: record["sourceType"] == "reviews"),
        ({"postTypes": "comment"}, lambda record: record["postType"] == "comment"),
        ({"tags": ["Жалоба", "Вопрос"]}, lambda record: {"Жалоба", "Вопрос"} & set(record["tags"])),
        ({"tagged": "false"}, lambda record: not record["tags"]),
        ({"starred": "true"}, lambda record: record["starred"]),
        ({"processed": "false"}, lambda record: not record["processed"]),
        ({"sentiment": "negative"}, lambda record: record["sentiment"] == "negative"),
        ({"engagementFrom": 30}, lambda record: record["engagement"]["engagement"] >= 30),
        ({"textQuery": "жалоба 17"}, lambda record: "17" in words(record)),
    ],
)
def test_filters_keep_what_they_name(still: Running, params: dict[str, Any], holds: Any) -> None:
    found, everything = mentions(still, **params), mentions(still)
    assert 0 < len(found) < len(everything)
    assert all(holds(record) for record in found)


def test_dedup_collapses_copies(fresh: Running) -> None:
    for text in ("Одно и то же", "одно и то же!"):
        fresh.change("youscan", "add", text=text)
    same = [record for record in mentions(fresh, dedup="true") if "то же" in words(record)]
    assert len(same) == 1


def test_html_sanitize_escapes(fresh: Running) -> None:
    new = fresh.change("youscan", "add", text='<b>Да</b> & "нет"')["source_id"]
    raw = {record["id"]: record for record in mentions(fresh)}[new]
    safe = {record["id"]: record for record in mentions(fresh, htmlSanitize="true")}[new]
    assert raw["fullText"] == '<b>Да</b> & "нет"'
    assert safe["fullText"] == "&lt;b&gt;Да&lt;/b&gt; &amp; &quot;нет&quot;"
    assert item(fresh, new)["text"] == 'Да & "нет"'


def test_get_mentions_takes_numbers_and_moves_times(still: Running) -> None:
    record = next(record for record in mentions(still, 102) if record["published"] > "2026")
    with client(still, EKB) as http:
        by_get = http.get("/topics/102/get-mentions", params={"ids": [int(record["id"]), 5]}).json()["mentions"]
        by_post = http.post("/topics/102/get-mentions", json={"ids": [int(record["id"])], "timeZone": "UTC"}).json()
        as_text = http.post("/topics/102/get-mentions", json={"ids": [record["id"]]})
    assert [found["id"] for found in by_get] == [record["id"]]
    assert by_get[0]["published"].endswith("+05:00")
    assert datetime.fromisoformat(by_get[0]["published"]) == datetime.fromisoformat(record["published"])
    assert by_post["mentions"][0]["published"] == record["published"]
    assert as_text.status_code == 400


# -- data: section 16 ---------------------------------------------------------------------------


def test_times_have_the_vendors_form(still: Running) -> None:
    records = mentions(still)
    assert all(re.fullmatch(r"[\d-]{10}T[\d:]{8}\+00:00", record["published"]) for record in records)
    digits = {len(record["addedAt"].rstrip("Z").partition(".")[2]) for record in records}
    assert digits == {0, 3, 6, 7}
    assert any(record["published"] < "2000" for record in records)


def test_all_49_fields_occur(still: Running) -> None:
    names = {name for topic in (101, 102, 103) for record in mentions(still, topic) for name in record}
    assert len(FIELDS) == 49
    assert set(FIELDS) <= names


def test_posts_found_by_two_topics_have_two_ids_and_one_post_id(still: Running) -> None:
    found = [item for item in items(still, visible=True) if item["same_as"]]
    twice = [label for label, count in Counter(item["same_as"] for item in found).items() if count == 2]
    assert twice
    first, second = (item for item in found if item["same_as"] == twice[0])
    one, two = (
        {each["id"]: each for each in mentions(still, int(it["stream"]))}.get(it["source_id"]) for it in (first, second)
    )
    if one and two:
        assert {name for name in one if one[name] != two.get(name)} >= {"id", "seq"}
        assert all(one[name] == two[name] for name in ("postId", "source", "author", "discussionId", "published"))
    assert first["conversation"] == second["conversation"]
    assert first["source_id"] != second["source_id"]


def test_x_mentions_carry_only_ids(still: Running) -> None:
    withheld = {item["source_id"] for item in items(still, withheld=True)}
    stripped = [record for topic in (101, 102, 103) for record in mentions(still, topic) if record["id"] in withheld]
    assert stripped
    assert all(record["text"] is record["fullText"] is record["url"] is None for record in stripped if "url" in record)
    assert all(not (record["author"] or {}).get("name") for record in stripped)
    assert {record["source"] for record in stripped} == {"twitter.com"}


def test_conversations_are_one_author_in_one_discussion(still: Running) -> None:
    known = {item["source_id"]: item["conversation"] for item in items(still)}
    labels: dict[Any, set[str]] = {}
    for topic in (101, 102, 103):
        for record in mentions(still, topic):
            author = (record["author"] or {}).get("profileId")
            thread = record["discussionId"] or record["postId"]
            if record["id"] and author and thread:
                labels.setdefault((record["source"], thread, author), set()).add(known[record["id"]])
    assert all(len(found) == 1 for found in labels.values())
    assert len({label for found in labels.values() for label in found}) == len(labels)
    assert max(Counter(known.values()).values()) > 1


def test_odd_records_are_there_and_the_ledger_names_the_broken_ones(still: Running) -> None:
    with client(still) as http:
        raw = b"".join(http.get(f"/topics/{topic}/mentions", params=ALL).content for topic in (101, 102, 103))
    records = [record for topic in (101, 102, 103) for record in mentions(still, topic)]
    everywhere = [
        *records,
        *(r for t in (101, 102, 103) for kind in ("spam", "deleted") for r in mentions(still, t, **{kind: "true"})),
    ]
    assert b"\\ud83d" in raw
    assert len(items(still, broken=True)) == 2
    assert sum(record["id"] is None or record["published"].startswith("0000") for record in everywhere) == 2
    assert any(record["id"] and int(record["id"]) > 2**53 for record in everywhere)
    assert any(len(record["fullText"] or "") == 100_000 for record in everywhere if "fullText" in record)
    assert {record.get("rating") for record in records} >= {0, 3.5, 5, None}
    assert {record["sourceType"] for record in records} >= {"other", "metaverse"}
    assert "undefined" in {record["sentiment"] for record in records}
    assert None in {record["source"] for record in records}


def test_the_ledger_has_the_text_that_a_person_reads(still: Running) -> None:
    known = {item["source_id"]: item for item in items(still)}
    checked = 0
    for record in mentions(still):
        text = record.get("fullText") or record.get("text")
        if record["id"] and text:
            read = re.sub(r"</?b>", "", re.sub(r"<br/?>", "\n", unescape(unescape(text))))
            assert re.sub("[\ud800-\udfff\x00]", "\ufffd", read) == known[record["id"]]["text"]
            checked += 1
    assert checked > 50


# -- time: sections 7 and 16 --------------------------------------------------------------------


def test_late_finds_come_through_the_cursor_with_new_seqs(fresh: Running) -> None:
    before = get(fresh, "/topics/101/mentions", **ALL)
    fresh.advance(timedelta(days=4).total_seconds())
    after = get(fresh, "/topics/101/mentions", **{**ALL, "sinceSeq": before["lastSeq"]})["mentions"]
    assert after
    assert ids(after).isdisjoint(ids(before["mentions"]))
    assert all(entry["visible"] for entry in items(fresh))


def test_spam_and_bin_hide_without_a_new_seq_and_come_back(fresh: Running) -> None:
    record = mentions(fresh)[20]
    for action, back, name in (("spam", "unspam", "spam"), ("delete", "restore", "deleted")):
        fresh.change("youscan", action, id=record["id"])
        assert record["id"] not in ids(mentions(fresh))
        assert record["id"] in ids(mentions(fresh, **{name: "true"}))
        assert item(fresh, record["id"])["hidden"]
        fresh.change("youscan", back, id=record["id"])
        assert {each["id"]: each["seq"] for each in mentions(fresh)}[record["id"]] == record["seq"]


def test_people_change_marks_without_a_new_seq(fresh: Running) -> None:
    record = next(each for each in mentions(fresh)[20:] if each["engagement"])
    fresh.change("youscan", "sentiment", id=record["id"], sentiment="positive")
    fresh.change("youscan", "tag", id=record["id"], tags=["Акция"])
    fresh.change("youscan", "engagement", id=record["id"], likes=900, dislikes=3, comments=0, reposts=0)
    changed = {each["id"]: each for each in mentions(fresh)}[record["id"]]
    assert (changed["sentiment"], changed["tags"], changed["seq"]) == ("positive", ["Акция"], record["seq"])
    assert changed["engagement"]["engagement"] == 903
    assert record["id"] in ids(mentions(fresh, engagementCollectedFrom="2026-10-20T09:00Z"))
    fresh.change("youscan", "delete_tag", topic=101, tag="Акция")
    assert not any("Акция" in each["tags"] for each in mentions(fresh))


def test_a_topic_can_disappear_and_a_key_be_revoked(fresh: Running) -> None:
    with client(fresh) as http:
        fresh.change("youscan", "remove_topic", topic=103)
        assert http.get("/topics/103/mentions").json() == {"message": "Theme not found"}
        assert not items(fresh, stream="103", visible=True)
        fresh.change("youscan", "revoke_key")
        assert http.get("/topics").status_code == 401
        fresh.change("youscan", "restore_key")
        assert len(http.get("/topics").json()["topics"]) == 2


def test_churn_adds_records_while_a_client_reads(options: SandboxOptions) -> None:
    with running(["youscan"], replace(options, churn=1.0)) as sandbox:
        seqs = [get(sandbox, f"/topics/{topic}/mentions")["lastSeq"] for topic in (101, 102, 103) * 5]
    assert len(set(seqs)) > 3


# -- writing: section 9 -------------------------------------------------------------------------


def test_a_tag_is_created_once(fresh: Running) -> None:
    with client(fresh) as http:
        created, again = (http.post("/topics/101/tags", json={"name": "hub"}) for _ in range(2))
        empty = http.post("/topics/101/tags", json={"name": ""})
        names = [tag["name"] for tag in http.get("/topics/101/tags").json()["tags"]]
    assert (created.status_code, created.content) == (201, b"")
    assert (again.status_code, again.json()) == (409, {"errorCode": "ALREADY_EXISTS", "message": "Tag already exists"})
    assert empty.json()["errors"][0] | {"message": ""} == {
        "field": "Name",
        "errorCode": "notempty_error",
        "message": "",
    }
    assert names.count("hub") == 1


def test_bulkupdate_replaces_tags_and_hides_all_or_nothing(fresh: Running) -> None:
    first, second = (int(record["id"]) for record in mentions(fresh)[20:22])
    path = "/topics/101/mentions/bulkupdate"
    with client(fresh) as http:
        bad = http.post(path, json={"mentions": [{"id": first, "tags": ["Вопрос"]}, {"id": 5}]})
        unknown = http.post(path, json={"mentions": [{"id": first, "tags": ["нет такого"]}]})
        many = http.post(path, json={"mentions": [{"id": first}] * 101})
        text_id = http.post(path, json={"mentions": [{"id": str(first)}]})
        good = http.post(path, json={"mentions": [{"id": first, "tags": ["Вопрос"]}, {"id": second, "spam": True}]})
    assert [answer.status_code for answer in (bad, unknown, many, text_id)] == [400] * 4
    assert (good.status_code, good.content) == (200, b"")
    after = {record["id"]: record for record in mentions(fresh)}
    assert after[str(first)]["tags"] == ["Вопрос"]
    assert str(second) not in after
    writes = fresh.ledger("youscan")["client"]["writes"]
    assert [(write["source_id"], write["changes"]) for write in writes] == [
        (str(first), {"tags": ["Вопрос"]}),
        (str(second), {"spam": True}),
    ]


def test_a_webhook_carries_a_new_mention_flat_marked_and_with_basic_credentials(fresh: Running) -> None:
    with Receiver() as receiver:
        address = receiver.url.replace("http://", "http://hub:s3cret%21@")
        fresh.change("youscan", "add_webhook", topic=101, url=f"{address}/mentions?k=1")
        number = fresh.change("youscan", "add", topic=101, text="Карта <не> работает", source="vk.com")["source_id"]
        fresh.change("youscan", "send_webhook", id=number)
        path, headers, body = receiver.wait(1)[-1]
    assert (path, headers["authorization"]) == ("/mentions?k=1", "Basic aHViOnMzY3JldCE=")
    payload = json.loads(body)
    assert (payload["mentionId"], payload["topicId"], payload["sourceName"]) == (int(number), 101, "vk.com")
    assert payload["text"] == "<b>Карта</b> <не> работает"
    assert "seq" not in payload
    assert None not in payload.values()
    assert "s3cret" not in json.dumps(fresh.change("youscan", "webhook_log"))


def test_webhooks_come_twice_late_or_never(fresh: Running) -> None:
    with Receiver() as receiver:
        fresh.change("youscan", "add_webhook", topic=101, url=receiver.url)
        added = fresh.change("youscan", "collect_history", topic=101, count=80)["source_ids"]
        ids = [str(json.loads(body)["mentionId"]) for _, _, body in receiver.wait(70)]
        fresh.change("youscan", "remove_webhook", topic=101, url=receiver.url)
        fresh.change("youscan", "add", topic=101)
    assert 0 < len(set(ids)) < len(added), "some never come"
    assert len(ids) > len(set(ids)), "some come twice"
    assert ids != sorted(ids, key=added.index), "some come late"


def test_webhooks_go_to_this_machine_only(fresh: Running) -> None:
    with pytest.raises(ValueError, match="not on this machine"):
        fresh.change("youscan", "add_webhook", topic=101, url="http://hub:key@192.0.2.7/x")


def test_collected_history_is_old_by_publication_and_new_by_seq(fresh: Running) -> None:
    last = get(fresh, "/topics/101/mentions", size=1)["lastSeq"]
    added = fresh.change("youscan", "collect_history", topic=101, count=5)["source_ids"]
    read = get(fresh, "/topics/101/mentions", sinceSeq=last, orderBy="seqAsc", size=100, **{"from": "2000-01-01"})
    assert [mention["id"] for mention in read["mentions"]] == added
    assert all(mention["published"] < f"{START:%Y-%m-%d}" for mention in read["mentions"])


def test_a_plan_can_lose_the_api(fresh: Running) -> None:
    fresh.change("youscan", "api_access", on=False)
    with client(fresh) as http:
        assert http.get("/topics").status_code == 402
    fresh.change("youscan", "api_access", on=True)
    with client(fresh) as http:
        assert http.get("/topics").status_code == 200
