"""What every connector has without writing it: errors by status, the furthest position, its abilities."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.sdk import (
    Action,
    AuthError,
    Connector,
    ConnectorConfig,
    Created,
    Cursor,
    Draft,
    HubError,
    MessageDraft,
    NoAuth,
    Page,
    Read,
    Record,
    Request,
    Response,
    SourceError,
    Steps,
    TicketDraft,
    TransientError,
    furthest,
)
from hub.testing import NOW


class Plain(Connector[ConnectorConfig]):
    name = "plain"
    Config = ConnectorConfig

    def position(self, record: Record) -> Cursor:
        return {"at": record["at"], "id": record["id"]}

    def normalize(self, record: Record, read: Read) -> Draft | None:
        return None


class Acting(Plain):
    def act(self, actions: Sequence[Action]) -> Steps:
        yield Created("1")
        return ()


@pytest.fixture
def plain() -> Plain:
    return Plain(ConnectorConfig(connector="plain"))


def answer(status: int, body: bytes = b"", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status, named, body, Request("GET", "/items", params={"key": "value"}))


@pytest.mark.parametrize("status", [200, 201, 204, 302, 304])
def test_what_is_no_error_is_none(plain: Plain, status: int) -> None:
    assert plain.classify(answer(status)) is None


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, AuthError) for status in (401, 402, 403)),
        *((status, TransientError) for status in (408, 425, 429, 500, 502, 503, 504, 599)),
        *((status, SourceError) for status in (400, 404, 405, 409, 410, 413, 422)),
    ],
)
def test_a_status_says_what_the_engine_does_next(plain: Plain, status: int, kind: type[HubError]) -> None:
    error = plain.classify(answer(status, b"the\n  reason"))
    assert type(error) is kind
    assert str(error).startswith(f"{status} from GET /items")
    assert "value" not in str(error)
    assert not getattr(error, "retry", False)


def test_the_sources_own_words_are_told_in_short(plain: Plain) -> None:
    error = plain.classify(answer(400, "нет такого  поля\n".encode() * 100))
    assert str(error).startswith("400 from GET /items: нет такого поля нет")
    assert len(str(error)) < 250


def test_a_wait_that_the_source_asks_for_is_kept(plain: Plain) -> None:
    error = plain.classify(answer(503, retry_after="120"))
    assert isinstance(error, TransientError)
    assert error.retry_after == timedelta(seconds=120)


def test_the_furthest_position_is_compared_value_by_value(plain: Plain) -> None:
    records = [{"at": 1, "id": 9}, {"at": 2, "id": 1}, {"at": 2, "id": 3}, {"at": 1, "id": 99}]
    assert furthest(plain, records) == {"at": 2, "id": 3}


def test_records_without_a_position_are_passed_over(plain: Plain) -> None:
    junk: list[Any] = [None, "text", {}, {"at": 2}, {"at": "later", "id": 1}]
    assert furthest(plain, [{"at": 1, "id": 1}, *junk]) == {"at": 1, "id": 1}
    assert furthest(plain, junk[:4]) is None
    assert furthest(plain, []) is None


def test_abilities_are_the_hooks_that_a_connector_overrides() -> None:
    assert Plain.abilities() == {"pull"}
    assert Acting.abilities() == {"pull", "act"}
    assert Connector.abilities() == frozenset()


def test_a_connector_that_says_no_more_has_one_stream_no_limits_and_no_credentials(plain: Plain) -> None:
    assert [stream.name for stream in plain.streams({})] == ["plain"]
    assert (plain.limits(Request("GET", "/")), plain.namespace(), plain.auth()) == ((), "", NoAuth())


def test_a_page_is_the_last_one_unless_it_says_otherwise() -> None:
    assert Page() == Page(records=(), next_request=None, ahead=(), cursor=None, details=(), restart=None)


# --- drafts ---------------------------------------------------------------------------------------------------------


def test_a_draft_of_one_message_takes_its_fields_where_they_belong() -> None:
    draft = TicketDraft.of(
        source_id=7, kind="review", platform="p", title="T", body="B", url="https://e.example", created_at=NOW, rating=4
    )
    [message] = draft.messages
    assert (draft.thread, draft.title, draft.url) == ("7", "T", "https://e.example")
    assert (message.source_id, message.body, message.url, message.rating) == ("7", "B", "https://e.example", 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"source_id": ""},
        {"source_id": True},
        {"source_id": None},
        {"created_at": "2026-11-20T12:00:00"},
        {"rating": 6},
        {"rating": float("nan")},
        {"body": None},
        {"thread": ""},
        {"platform": ""},
        {"kind": "letter"},
        {"unknown": 1},
    ],
)
def test_a_draft_refuses_what_no_ticket_may_hold(wrong: dict[str, Any]) -> None:
    values = {"source_id": "1", "kind": "review", "platform": "p", "created_at": NOW, **wrong}
    with pytest.raises(ValidationError):
        TicketDraft.of(**values)


def test_times_of_any_offset_become_utc() -> None:
    draft = MessageDraft(source_id="1", created_at="2026-11-20T15:00:00+03:00")
    assert draft.created_at == NOW
    assert draft.created_at.utcoffset() == timedelta()


def test_a_ticket_draft_has_at_least_one_message() -> None:
    with pytest.raises(ValidationError):
        TicketDraft(thread="1", kind="review", platform="p", messages=())
