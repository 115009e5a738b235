"""What is asked for, and what is made of the answers; sections are those of the vendor sheet."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.sdk import AuthError, Outgoing, Page, Read, Request, Response, SourceError, TransientError
from hub_youscan.connector import YouScan, YouScanConfig

NOW = datetime(2026, 11, 20, 12, 0, 30, 500_000, tzinfo=UTC)
WINDOW_START = NOW - timedelta(hours=72)


def youscan(**settings: Any) -> YouScan:
    return YouScan(YouScanConfig(connector="youscan", api_key="kept-secret", **settings))


def read(mode: Any = "poll", name: str = "", **fields: Any) -> Read:
    return Read("101", mode, NOW, name=name, **fields)


def params(reading: Read, **settings: Any) -> dict[str, Any]:
    request = youscan(**settings).request(reading)
    assert (request.method, request.path) == ("GET", "/topics/101/mentions")
    return {name: value for name, value in request.params.items() if value is not None}


def answer(body: Any, request: Request, status: int = 200) -> Response:
    return Response(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode(), request)


def parsed(mentions: Any, reading: Read | None = None, **settings: Any) -> Page:
    connector, reading = youscan(**settings), reading or read()
    return connector.parse(answer({"mentions": mentions}, connector.request(reading)), reading)


# --- requests (sections 5 and 7) --------------------------------------------------------------------------------

ALWAYS = {
    "from": "1970-01-01T00:00:00Z",
    "to": "2100-01-01T00:00:00Z",
    "orderBy": "seqAsc",
    "size": 1000,
    "htmlSanitize": "false",
}


def test_a_first_poll_asks_from_early_on() -> None:
    assert params(read()) == ALWAYS


def test_every_later_poll_asks_from_early_on_as_well() -> None:
    assert params(read(cursor={"seq": 7})) == {**ALWAYS, "sinceSeq": 7}


@pytest.mark.parametrize(
    ("start", "first"),
    [
        (date(2025, 3, 1), "2025-03-01T00:00:00Z"),
        (datetime.fromisoformat("2025-03-01T10:00:00+03:00"), "2025-03-01T07:00:00Z"),
        (datetime.fromisoformat("2025-03-01T10:00:00"), "2025-03-01T10:00:00Z"),
    ],
)
def test_the_start_is_sent_in_utc_on_every_poll_and_sweep(start: date, first: str) -> None:
    for reading in (read(), read(cursor={"seq": 7}), read("sweep", "edits", since=WINDOW_START)):
        assert params(reading, start=start)["from"] == first


def test_sweeps_ask_by_the_time_of_saving_and_never_from_the_cursor() -> None:
    swept = {**ALWAYS, "addedFrom": "2026-11-17T12:00:30Z"}
    for name, filters in (("edits", {}), ("deleted", {"deleted": "true"}), ("spam", {"spam": "true"})):
        assert params(read("sweep", name, since=WINDOW_START, cursor={"seq": 7})) == {**swept, **filters}


def test_a_backfill_asks_for_a_day_less_because_the_vendor_adds_one() -> None:
    since, until = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    window = {"from": "2026-01-01T00:00:00Z", "to": "2026-01-31T00:00:00Z"}
    assert params(read("backfill", since=since, until=until)) == {**ALWAYS, **window}
    assert params(read("backfill", since=since, until=until, cursor={"seq": 9})) == {**ALWAYS, **window, "sinceSeq": 9}


def test_a_window_below_a_day_is_asked_for_with_a_bound_that_is_not_before_its_start() -> None:
    since = datetime(2026, 1, 1, 10, tzinfo=UTC)
    asked = params(read("backfill", since=since, until=since + timedelta(hours=1)))
    assert asked["from"] == asked["to"] == "2026-01-01T10:00:00Z"


def test_a_window_with_fractions_of_a_second_is_widened_and_never_cut() -> None:
    since = datetime(2026, 1, 1, 10, 0, 0, 700_000, tzinfo=UTC)
    asked = params(read("backfill", since=since, until=since + timedelta(days=3)))
    assert (asked["from"], asked["to"]) == ("2026-01-01T10:00:00Z", "2026-01-03T10:00:01Z")


# --- pages ------------------------------------------------------------------------------------------------------


def test_a_full_page_leads_on_from_its_highest_seq() -> None:
    page = parsed([{"seq": 9}, {"seq": 4}], page_size=2)
    assert page.cursor == {"seq": 9}
    assert page.next_request is not None
    assert page.next_request.params["sinceSeq"] == 9
    assert page.next_request.params["from"] == ALWAYS["from"]


@pytest.mark.parametrize("mentions", [[], [{"seq": 9}]])
def test_a_page_that_is_not_full_is_the_last(mentions: list[Any]) -> None:
    page = parsed(mentions, page_size=2)
    assert (page.records, page.next_request) == (mentions, None)


def test_one_bad_seq_on_a_full_page_spoils_nothing() -> None:
    bad: list[Any] = [None, {}, {"seq": None}, {"seq": "12"}, {"seq": 2**63}, {"seq": True}, {"seq": 3}]
    page = parsed(bad, page_size=7)
    assert page.cursor == {"seq": 3}
    assert page.records == bad


def test_a_full_page_without_any_usable_seq_says_so() -> None:
    with pytest.raises(SourceError, match=r"/topics/101/mentions: no mention of a full page \(2\) has a usable seq"):
        parsed([{"id": "1"}, None], page_size=2)


def test_a_full_page_that_does_not_move_says_so() -> None:
    with pytest.raises(SourceError, match="full page after seq 9 ends at seq 9; sinceSeq is not obeyed"):
        parsed([{"seq": 9}], read(cursor={"seq": 9}), page_size=1)


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ([], "got list"),
        ({}, "got nothing"),
        ({"total": 1}, "got total"),
        ({"mentions": None}, "got mentions"),
        (b"<html>", "JSON"),
    ],
)
def test_an_answer_without_mentions_says_what_came_instead(body: Any, seen: str) -> None:
    connector = youscan()
    with pytest.raises(SourceError, match=seen) as error:
        connector.parse(answer(body, connector.request(read())), read())
    assert error.value.retry


# --- topics -----------------------------------------------------------------------------------------------------


def topics(body: Any, **settings: Any) -> list[tuple[str, str]]:
    connector, reading = youscan(**settings), Read("", "reference", NOW, name="topics")
    page = connector.parse(answer(body, connector.request(reading)), reading)
    assert page.next_request is None
    return [(stream.name, stream.title) for stream in connector.streams({"topics": page.records})]


VISIBLE = {
    "topics": [{"id": 101, "name": "Банк", "sampling": 1}, {"id": 102}, {"id": "x"}, None, {"id": 101, "name": "Банк"}]
}


def test_every_visible_topic_is_a_stream() -> None:
    assert topics(VISIBLE) == [("101", "Банк"), ("102", "")]


def test_chosen_topics_are_streams_also_when_the_key_does_not_see_them() -> None:
    assert topics(VISIBLE, topics=(999, 101, 999)) == [("999", ""), ("101", "Банк")]


def test_each_topic_is_swept_for_edits_deletions_and_spam() -> None:
    (stream,) = youscan(topics=(101,), sweep_window="24h").streams({})
    assert [(sweep.name, sweep.every, sweep.window, sweep.inventory) for sweep in stream.sweeps] == [
        (name, timedelta(hours=1), timedelta(hours=24), False) for name in ("edits", "deleted", "spam")
    ]


@pytest.mark.parametrize("settings", [{"topics": ()}, {"topics": (0,)}, {"page_size": 1001}, {"topic": (1,)}])
def test_wrong_settings_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        youscan(**settings)


# --- errors (section 10) ----------------------------------------------------------------------------------------

LIST = Request("GET", "/topics/101/mentions")


def test_429_is_waited_for_ten_seconds_though_it_names_no_wait() -> None:
    fault = youscan().classify(Response(429, {"content-type": "text/plain"}, b"Please enhance your calm", LIST))
    assert isinstance(fault, TransientError)
    assert fault.retry_after == timedelta(seconds=10)
    assert "Please enhance your calm" in str(fault)


def test_429_that_names_a_longer_wait_is_obeyed() -> None:
    fault = youscan().classify(Response(429, {"retry-after": "42"}, b"", LIST))
    assert isinstance(fault, TransientError)
    assert fault.retry_after == timedelta(seconds=42)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (401, b"", AuthError, "401 from GET /topics/101/mentions; the key is missing or not valid"),
        (402, b"", AuthError, "no API access"),
        (403, {"message": "THEME_PERMISSION_DENIED"}, SourceError, r"\(THEME_PERMISSION_DENIED\).*View in topic 101"),
        (403, b"<html>Attention Required! | Cloudflare", TransientError, "something in front of the API refused"),
        (403, b"", TransientError, "something in front of the API refused"),
        (403, {"title": "Error 1020", "status": 403}, TransientError, "something in front of the API refused"),
        (404, {"message": "Theme not found"}, SourceError, r"\(Theme not found\); topic 101 was deleted, or"),
        (404, b"", SourceError, "404 from GET /topics/101/mentions; topic 101"),
        (400, {"message": "Bad", "errorCode": "VALIDATION_ERROR"}, SourceError, r"\(VALIDATION_ERROR: Bad\)"),
        (
            400,
            {"errors": [{"field": "Size", "errorCode": "range_error", "message": "1..1000"}]},
            SourceError,
            "Size: range_error: 1..1000",
        ),
        (400, {"errors": "x", "message": 5}, SourceError, "400 from GET /topics/101/mentions$"),
        (500, b"<html>oops</html>", TransientError, "oops"),
        (502, b"", TransientError, "502"),
    ],
)
def test_errors_say_what_was_seen_and_what_to_do(status: int, body: Any, kind: type[Exception], said: str) -> None:
    fault = youscan().classify(answer(body, LIST, status))
    assert isinstance(fault, kind)
    with pytest.raises(kind, match=said):
        raise fault


@pytest.mark.parametrize("status", [403, 404])
def test_a_topic_that_cannot_be_read_is_taken_out_only_where_topics_are_named(status: int) -> None:
    denied = answer({"message": "no"}, LIST, status)
    named, every = (YouScan(YouScanConfig(connector="youscan", api_key="kept-secret", **more)).classify(denied)
                    for more in ({"topics": (101,)}, {}))  # fmt: skip
    assert "or take the topic out of `topics`" in str(named)
    assert "`topics`" not in str(every)
    assert "or let it be: once YouScan lists it no more" in str(every)


def test_a_write_without_the_level_for_it_does_not_pause_the_reading() -> None:
    denied = answer({"message": "THEME_PERMISSION_DENIED"}, Request("POST", "/topics/101/mentions/bulkupdate"), 403)
    fault = youscan().classify(denied)
    assert isinstance(fault, SourceError)
    assert "(THEME_PERMISSION_DENIED); give the key's user the level Edit in topic 101" in str(fault)


@pytest.mark.parametrize(
    ("body", "kind", "said"),
    [
        ({"message": "You don't have permission"}, AuthError, "may not list topics: ask the account.s administrator$"),
        (b"<html>Attention Required!", TransientError, "something in front of the API refused"),
    ],
)
def test_only_the_vendors_own_word_on_the_list_of_topics_pauses_the_instance(
    body: Any, kind: type[Exception], said: str
) -> None:
    fault = youscan().classify(answer(body, Request("GET", "/topics"), 403))
    assert isinstance(fault, kind)
    with pytest.raises(kind, match=said):
        raise fault


def test_a_page_in_front_of_the_api_that_refuses_a_write_is_no_missing_level() -> None:
    blocked = answer(b"<html>Attention Required!", Request("POST", "/topics/101/mentions/bulkupdate"), 403)
    fault = youscan().classify(blocked)
    assert isinstance(fault, TransientError)
    assert "level Edit" not in str(fault)


def test_a_404_of_no_topic_points_at_the_address() -> None:
    assert "base_url" in str(youscan().classify(Response(404, {}, b"", Request("GET", "/topics"))))


def test_a_tag_that_exists_already_is_no_error() -> None:
    exists = {"errorCode": "ALREADY_EXISTS", "message": "Tag already exists"}
    assert youscan().classify(answer(exists, Request("POST", "/topics/101/tags"), 409)) is None


def test_the_key_goes_into_the_header_only() -> None:
    sent = youscan().auth().apply(Outgoing("GET", "https://x.example/topics", {}), "https://x.example")
    assert sent == Outgoing("GET", "https://x.example/topics", {"X-API-KEY": "kept-secret"})


def test_tickets_are_to_be_kept_for_longer_than_sweeps_read() -> None:
    config = YouScanConfig(connector="youscan", api_key="kept-secret", sweep_window=timedelta(days=60))
    assert YouScan.looks_back(config) == timedelta(days=60)
