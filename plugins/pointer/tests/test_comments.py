"""Comments under reviews: read only where the settings ask for them, as messages of their review's ticket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest
from pydantic import SecretStr

from hub.sandbox import Running, SandboxOptions, running
from hub.sdk import Action, AuthError, HubError, Read, RecordError, Request, Response, SourceError, TicketDraft
from hub.testing import drafts_of, read_references, walk, wire_params
from hub_pointer.connector import Pointer, PointerConfig

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)


def pointer(**settings: Any) -> Pointer:
    return Pointer(PointerConfig.model_validate({"connector": "pointer", "token": "t", **settings}))


def sweep(**known: Any) -> Read:
    return Read("comments", "sweep", NOW, name="comments", since=NOW - timedelta(days=300), until=NOW, **known)


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with running(["pointer"], SandboxOptions(items=25, start=NOW, limits={"pointer": "off"}, future=0.0)) as started:
        yield started


def answers(sandbox: Running) -> Callable[[Request], Response]:
    headers = {"Authorization": f"Bearer {sandbox.keys['pointer']}"}

    def answer(request: Request) -> Response:
        url, query = sandbox.urls["pointer"] + request.path, wire_params(request.params)
        with httpx.Client(verify=False, trust_env=False) as client:
            got = client.request(request.method, url, params=query, json=request.json, headers=headers)
        return Response(got.status_code, dict(got.headers), got.content, request)

    return answer


def test_comments_are_a_stream_only_where_the_settings_ask_for_them() -> None:
    assert [stream.name for stream in pointer().streams({})] == ["reviews"]
    _, stream = pointer(comments=True, comments_window="3d").streams({})
    assert [(one.name, one.every, one.window, one.inventory) for one in stream.sweeps] == [
        ("comments", timedelta(days=1), timedelta(days=3), False)
    ]
    assert pointer(comments=True).request(Read("comments", "poll", NOW)) is None


def test_a_comment_is_a_message_of_its_reviews_ticket(sandbox: Running) -> None:
    answer = answers(sandbox)
    number = next(item["source_id"] for item in sandbox.ledger("pointer")["items"] if item["source_id"].isdigit())
    said = answer(Request("POST", f"/reviews/{number}/comments", json={"text": "Ждём вас снова"}))
    assert said.status == 201
    connector = pointer(comments=True)
    read = sweep(reference=read_references(connector, NOW, answer))
    records = [record for step in walk(connector, read, answer) for record in step.records]
    found = [draft for record in records for draft in drafts_of(connector, record, read)]
    assert {draft.thread for draft in found if isinstance(draft, TicketDraft)} == {number}
    (message,) = {item.source_id: item for draft in found for item in getattr(draft, "messages", ())}.values()
    assert (message.source_id, message.direction, message.body) == (
        f"{number}/comments/{int(number) * 10}",
        "out",
        "Ждём вас снова",
    )


REVIEW = {"id": 7, "provider_id": 3, "published_at": "2026-10-05T18:42:11+03:00"}
COMMENT = {"id": 71, "author": "Анна", "text": "И у меня", "created_at": "2026-10-06T10:00:00+03:00", "is_owner": False}


def test_a_customers_comment_comes_in_with_its_author_and_leaves_the_review_as_it_is() -> None:
    draft = pointer().normalize({"review": REVIEW, "comment": COMMENT}, sweep())
    assert isinstance(draft, TicketDraft)
    (message,) = draft.messages
    assert (draft.thread, draft.kind, draft.platform) == ("7", "review", "2gis")
    assert (message.source_id, message.direction, message.body) == ("7/comments/71", "in", "И у меня")
    assert message.author is not None
    assert message.author.key == "7/Анна"


@pytest.mark.parametrize("odd", [None, "text", {}, {**COMMENT, "id": None}, {**COMMENT, "created_at": "soon"}])
def test_a_comment_without_id_or_time_is_refused_alone(odd: Any) -> None:
    with pytest.raises(RecordError):
        pointer().normalize({"review": REVIEW, "comment": odd}, sweep())


def fault(status: int) -> HubError | None:
    request = Request("GET", "/reviews/7/comments", params={"limit": 100, "offset": 0}, context={"review": REVIEW})
    return pointer(comments=True).classify(Response(status, {}, orjson.dumps({"message": "no"}), request))


def test_a_token_without_the_method_stops_the_comments_alone_and_a_review_that_is_gone_nothing() -> None:
    refused = fault(403)
    assert isinstance(refused, SourceError)
    assert "take `comments` out of the settings" in str(refused)
    assert isinstance(fault(401), AuthError)
    assert fault(404) is None
    gone = Response(404, {}, b"{}", Request("GET", "/reviews/7/comments", context={"review": REVIEW}))
    assert pointer(comments=True).parse(gone, sweep()).records == ()


def test_a_comment_cannot_be_acted_on() -> None:
    steps = pointer().act([Action("reply", "comments", "7/comments/71", text="Спасибо")])
    with pytest.raises(StopIteration) as end:
        next(steps)
    (result,) = end.value.value
    assert (result.state, "act on the review" in result.detail) == ("failed", True)


@pytest.mark.parametrize(
    ("settings", "days"),
    [({}, 61), ({"comments": True, "comments_window": 90}, 91), ({"comments": False, "comments_window": 90}, 61)],
)
def test_tickets_are_to_be_kept_for_longer_than_sweeps_read(settings: dict[str, Any], days: int) -> None:
    spans = {name: timedelta(days=value) if name == "comments_window" else value for name, value in settings.items()}
    config = PointerConfig(connector="pointer", token=SecretStr("kept-secret"), **spans)
    assert Pointer.looks_back(config) == timedelta(days=days)
