"""Requests that are the same, responses that are what they say, waits that a source asks for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import Request, Response, SourceError, parse_retry_after

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
GET = Request("GET", "/items", params={"a": 1, "b": [1, 2]})


def response(content: bytes, **headers: str) -> Response:
    return Response(200, {name.replace("_", "-"): value for name, value in headers.items()}, content, GET)


# --- requests -------------------------------------------------------------------------------------------------------


def test_requests_that_ask_the_same_are_the_same() -> None:
    again = Request("GET", "/items", params={"b": [1, 2], "a": 1}, headers={"x": "y"}, context={"note": 1}, safe=False)
    assert again.identity == GET.identity


@pytest.mark.parametrize(
    "other",
    [
        Request("POST", "/items", params=GET.params),
        Request("GET", "/other", params=GET.params),
        GET.with_params(a=2),
        GET.with_params(a=None),
        Request("GET", "/items", params=GET.params, json={"page": 2}),
        Request("GET", "/items", params=GET.params, form={"page": "2"}),
    ],
)
def test_requests_that_ask_for_something_else_differ(other: Request) -> None:
    assert other.identity != GET.identity


def test_times_and_odd_values_are_part_of_what_is_asked() -> None:
    times = {GET.with_params(since=NOW + timedelta(days=day)).identity for day in range(3)}
    assert len({*times, GET.with_params(since=object).identity}) == 4


def test_a_request_with_something_set_leaves_the_first_as_it_was() -> None:
    changed = GET.with_params(a=9).with_context(page=2)
    assert (changed.params, changed.context) == ({"a": 9, "b": [1, 2]}, {"page": 2})
    assert (GET.params, GET.context) == ({"a": 1, "b": [1, 2]}, {})


@pytest.mark.parametrize(
    ("method", "safe", "repeatable"),
    [("GET", None, True), ("HEAD", None, True), ("POST", None, False), ("POST", True, True), ("GET", False, False)],
)
def test_only_what_does_no_harm_twice_may_be_sent_twice(method: str, safe: bool | None, repeatable: bool) -> None:
    assert Request(method, "/", safe=safe).repeatable is repeatable


# --- responses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "value", "unclean"),
    [
        (b'{"a": [1, "\xd0\x91"]}', {"a": [1, "Б"]}, False),
        (b"null", None, False),
        (b'["\\ud83d\\ude00"]', ["😀"], False),
        (b'["a\\ud800b"]', ["a\ud800b"], True),
        (b'["a\\u0000b"]', ["a\x00b"], True),
        (b'["\\ud800", "\\u0000"]', ["\ud800", "\x00"], True),
    ],
)
def test_a_body_is_parsed_and_says_whether_a_store_can_hold_it(content: bytes, value: Any, unclean: bool) -> None:
    answer = response(content)
    assert answer.json() == value
    assert answer.unclean is unclean
    assert answer.json() == value


def test_a_byte_order_mark_is_no_obstacle() -> None:
    assert response(b'\xef\xbb\xbf{"a": 1}').json() == {"a": 1}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"<html>\n  <body>Bad   gateway</body>",
            "got 35 bytes of text/html starting '<html> <body>Bad gateway</body>'",
        ),
        (b"", "got 0 bytes of text/html starting ''"),
        (b'{"a": 1', "got 7 bytes of text/html"),
        (b"\xff\xfe\xfa", "got 3 bytes of text/html starting"),
        (b"[" * 100_000, "got 100000 bytes of text/html"),
    ],
)
def test_what_is_no_json_is_told_with_what_came(content: bytes, said: str) -> None:
    with pytest.raises(SourceError) as raised:
        response(content, content_type="text/html").json()
    assert raised.value.retry
    assert str(raised.value).startswith("GET /items: expected JSON, ")
    assert said in str(raised.value)
    assert len(str(raised.value)) < 400


def test_the_text_of_a_body_replaces_what_is_no_utf_8() -> None:
    assert response(b"a\xffb").text == "a\ufffdb"


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.text(), st.lists))
def test_json_comes_back_as_it_was_sent(value: Any) -> None:
    assert response(orjson.dumps(value)).json() == value


# --- Retry-After ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("120", timedelta(seconds=120)),
        (" 1.5 ", timedelta(seconds=1.5)),
        ("0", timedelta()),
        ("-5", timedelta()),
        (format_datetime(NOW + timedelta(minutes=2), usegmt=True), timedelta(minutes=2)),
        (format_datetime(NOW - timedelta(minutes=2), usegmt=True), timedelta()),
        ("Fri, 20 Nov 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("Fri, 20 Nov 2026 15:00:30 +0300", timedelta(seconds=30)),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("1e400", None),
        ("1e15", None),
        ("Fri, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_a_wait_is_read_in_seconds_and_as_a_date(value: str | None, wait: timedelta | None) -> None:
    assert parse_retry_after(value, NOW) == wait


@given(st.one_of(st.text(), st.text(alphabet="FriNov0123456789:+-, GMT."), st.floats().map(str)))
def test_no_header_breaks_the_reading(value: str) -> None:
    wait = parse_retry_after(value, NOW)
    assert wait is None or wait >= timedelta()
