"""Replying and reporting: what is sent, and what is claimed after looking again."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from hub.sdk import Action, ActionResult, AuthError, HubError, Request, Response, SourceError, TransientError
from hub.testing import drive
from hub_pointer.connector import Pointer, PointerConfig

OUTLET = "0b0d6c1e-0000-4000-8000-00000000a001"
CONTEXT = {"place": OUTLET, "created_at": "2026-10-05T22:30:00+00:00"}
TEXT = "Простите, разберёмся."

Answer = tuple[int, Any] | HubError


def pointer(**settings: Any) -> Pointer:
    return Pointer(PointerConfig.model_validate({"connector": "pointer", "token": "t", **settings}))


def action(name: Any = "reply", **fields: Any) -> Action:
    given = {"text": TEXT, "context": CONTEXT, **fields}
    return Action(name, "reviews", given.pop("source_id", "7"), **given)


def driven(actions: list[Action], *answers: Answer, **settings: Any) -> tuple[list[Request], list[ActionResult]]:
    """Answer each request in turn, as the engine does; an error is thrown where its request was yielded."""
    connector, waiting, sent = pointer(**settings), list(answers), list[Request]()

    def answer(request: Request) -> Response:
        sent.append(request)
        given = waiting.pop(0)
        if isinstance(given, HubError):
            raise given
        status, body = given
        return Response(status, {}, body if isinstance(body, bytes) else orjson.dumps(body), request)

    results = drive(connector, connector.act(actions), answer)
    assert not waiting, f"nobody asked for {waiting}"
    return sent, list(results)


def one(given: Action, *answers: Answer) -> tuple[str, str]:
    result = driven([given], *answers)[1][0]
    assert result.action is given
    return result.state, result.detail


def found(reply: dict[str, Any] | None, **fields: Any) -> Answer:
    """Return the answer of the list that holds review 7 among others."""
    items = [{"id": 6, "reply": None}, {"id": 7, "reply": reply, **fields}, "junk"]
    return 200, {"items": items, "meta": {"total": 3, "limit": 100, "offset": 0}}


def reply(text: str = TEXT, published_at: str | None = None) -> dict[str, Any]:
    return {"text": text, "created_at": "2026-10-06T08:58:00+03:00", "published_at": published_at}


NOT_THERE: Answer = (200, {"items": [{"id": 6}], "meta": {"total": 1, "limit": 100, "offset": 0}})
PUBLISHED = "2026-10-06T10:00:00+03:00"


def test_a_reply_is_posted_once_and_looked_for_around_its_day_in_its_outlet() -> None:
    sent, _ = driven([action()], (201, {}), found(reply()))
    assert (sent[0].method, sent[0].path, sent[0].json) == ("POST", "/reviews/7/reply", {"text": TEXT})
    assert not sent[0].repeatable
    assert (sent[1].method, sent[1].path) == ("GET", "/reviews")
    assert dict(sent[1].params) == {
        "company_uuids[]": [OUTLET],
        "published_at_from": "2026-10-03",
        "published_at_to": "2026-10-07",
        "limit": 100,
        "offset": 0,
    }


def test_the_outlet_may_be_given_as_the_stored_place_and_the_list_in_another_style() -> None:
    given = action(context=CONTEXT | {"place": {"key": OUTLET, "name": "Пицца"}})
    sent, _ = driven([given], (201, {}), found(reply()), list_style="comma")
    assert sent[1].params["company_uuids"] == OUTLET


@pytest.mark.parametrize("name", ["reply", "edit_reply"])
@pytest.mark.parametrize("body", [{}, b"", b"<html>ok</html>", {"error": "no"}])
def test_only_the_status_of_a_write_counts(name: str, body: Any) -> None:
    assert one(action(name), (200, body), found(reply(published_at=PUBLISHED))) == ("done", "published")


@pytest.mark.parametrize(
    ("seen", "state", "detail"),
    [
        (found(reply(published_at=PUBLISHED)), "done", "published"),
        (found(reply()), "sent", "created"),
        (found(reply(text="Простите,&nbsp;разберёмся.<br>")), "sent", "created"),
        (found(None), "sent", "not seen yet"),
        (NOT_THERE, "sent", "not seen yet"),
        ((200, b"<html>"), "sent", "not seen yet"),
        ((404, {}), "sent", "not seen yet"),
        (TransientError("away"), "sent", "not seen yet"),
    ],
)
def test_an_accepted_reply_is_what_the_source_shows(seen: Answer, state: str, detail: str) -> None:
    assert one(action(), (201, {}), seen) == (state, detail)


def test_another_text_than_ours_is_a_failure_that_shows_it() -> None:
    state, detail = one(action("edit_reply"), (200, {}), found(reply(text="Спасибо!")))
    assert state == "failed"
    assert "Спасибо!" in detail


def test_the_review_is_looked_for_on_further_pages() -> None:
    page = [{"id": number} for number in range(100, 200)]
    first = (200, {"items": page, "meta": {"total": 150, "limit": 100, "offset": 0}})
    second = (200, {"items": [{"id": "7", "reply": reply()}], "meta": {"total": 150, "limit": 100, "offset": 90}})
    sent, results = driven([action()], (201, {}), first, second)
    assert sent[2].params["offset"] == 90
    assert results[0].detail == "created"


def test_the_search_is_bounded() -> None:
    page = [{"id": number} for number in range(100, 200)]
    endless: Answer = (200, {"items": page, "meta": {"total": 10**6, "limit": 100, "offset": 0}})
    sent, results = driven([action()], (201, {}), *([endless] * 20))
    assert len({request.params["offset"] for request in sent[1:]}) == 20
    assert (results[0].state, results[0].detail) == ("sent", "not seen yet")


@pytest.mark.parametrize("context", [{}, {"place": OUTLET}, {"created_at": "2026-10-05"}, {"place": None}])
def test_without_the_facts_to_look_by_an_accepted_reply_is_only_sent(context: dict[str, Any]) -> None:
    assert one(action(context=context), (201, {})) == ("sent", "not seen yet")


@pytest.mark.parametrize("status", [400, 409, 422])
def test_where_a_reply_exists_a_second_is_refused_with_the_way_out(status: int) -> None:
    state, detail = one(action(), (status, {"message": "exists"}), found(reply(text="Спасибо!")))
    assert state == "failed"
    assert detail.startswith("a reply exists; edit_reply (--edit) changes it")


def test_a_refused_reply_that_is_already_there_was_taken_by_an_earlier_try() -> None:
    assert one(action(), (409, {}), found(reply(published_at=PUBLISHED))) == ("done", "published")


def test_a_refused_reply_says_what_the_vendor_said() -> None:
    body = {"message": "Ошибка", "errors": {"text": ["слишком длинный"]}}
    state, detail = one(action(), (422, body), found(None))
    assert state == "failed"
    assert "422 from POST /reviews/7/reply: Ошибка; text: ['слишком длинный']" in detail


@pytest.mark.parametrize("broken", [TransientError("timed out"), (503, b"")])
@pytest.mark.parametrize(
    ("seen", "state", "detail"),
    [
        (found(reply(published_at=PUBLISHED)), "done", "published"),
        (found(reply()), "sent", "created"),
        (found(None), "failed", "no reply"),
        (NOT_THERE, "failed", "not known"),
        (TransientError("still away"), "failed", "not known"),
    ],
)
def test_after_a_broken_connection_the_source_is_asked_before_anything_is_claimed(
    broken: Answer, seen: Answer, state: str, detail: str
) -> None:
    sent, results = driven([action()], broken, seen)
    assert [request.method for request in sent] == ["POST", "GET"]
    assert results[0].state == state
    assert detail in results[0].detail


def test_a_request_that_never_left_is_not_looked_for() -> None:
    for given in (action(), action("report")):
        assert one(given, TransientError("no connection", undone=True)) == ("failed", "no connection")


def test_a_broken_connection_without_the_facts_to_look_by_is_not_called_sent() -> None:
    state, detail = one(action(context={}), TransientError("timed out"))
    assert state == "failed"
    assert "timed out" in detail
    assert "not known" in detail


def test_a_reply_is_edited_in_place_and_may_be_sent_again() -> None:
    sent, results = driven([action("edit_reply", source_id="7")], (200, {}), found(reply()))
    assert (sent[0].method, sent[0].path, sent[0].json) == ("PATCH", "/reviews/7/reply", {"text": TEXT})
    assert sent[0].repeatable
    assert results[0].detail == "created"


def test_editing_a_reply_that_is_not_there_fails() -> None:
    state, detail = one(action("edit_reply"), (404, {"message": "нет ответа"}), found(None))
    assert state == "failed"
    assert "нет ответа" in detail


@pytest.mark.parametrize(
    ("written", "seen", "state"),
    [
        ((204, b""), found(None), "done"),
        ((404, {}), found(None), "done"),
        (TransientError("timed out"), found(None), "done"),
        ((204, b""), found(reply()), "sent"),
        ((204, b""), NOT_THERE, "sent"),
        (TransientError("timed out"), found(reply()), "failed"),
        ((404, {}), NOT_THERE, "failed"),
    ],
)
def test_a_reply_is_deleted_when_the_source_no_longer_shows_it(written: Answer, seen: Answer, state: str) -> None:
    sent, results = driven([action("delete_reply", text="")], written, seen)
    assert (sent[0].method, sent[0].path, sent[0].json) == ("DELETE", "/reviews/7/reply", None)
    assert results[0].state == state


def test_an_action_on_the_reply_s_own_message_goes_to_its_review() -> None:
    sent, results = driven([action("edit_reply", source_id="7/reply")], (200, {}))
    assert sent[0].path == "/reviews/7/reply"
    assert results[0].state == "sent"


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    sent, _ = driven([action(source_id="../x?y", context={})], (201, {}))
    assert sent[0].path == "/reviews/..%2Fx%3Fy/reply"


def test_a_report_carries_reason_and_words_and_is_never_claimed_done() -> None:
    sent, results = driven([action("report", values=("offense",), text="Мат")], (200, {"status": "sent"}))
    assert (sent[0].method, sent[0].path) == ("PATCH", "/reviews/7/report")
    assert sent[0].json == {"reason": "offense", "text": "Мат"}
    assert not sent[0].repeatable
    assert results[0].state == "sent"


def test_a_report_without_reason_is_other() -> None:
    sent, _ = driven([action("report", text="")], (200, {}))
    assert sent[0].json == {"reason": "other", "text": ""}


def test_a_report_of_which_nothing_was_heard_is_not_called_sent() -> None:
    state, detail = one(action("report"), TransientError("timed out"))
    assert state == "failed"
    assert "not known" in detail


@pytest.mark.parametrize(
    ("given", "detail"),
    [
        (action(text="  "), "reply needs a text"),
        (action("edit_reply", text=""), "edit_reply needs a text"),
        (action("report", values=("rude",)), "'rude' is no reason for a report; choose one of spam, offense"),
        (action("add_tags", values=("x",)), "Pointer cannot do 'add_tags'; it can do reply"),
    ],
)
def test_what_cannot_be_done_is_said_without_asking_the_source(given: Action, detail: str) -> None:
    state, said = one(given)
    assert state == "failed"
    assert said.startswith(detail)


@pytest.mark.parametrize("refusal", [(403, {}), AuthError("403; ask Pointer support which networks and methods")])
def test_a_token_without_the_right_says_whom_to_ask_and_stops_only_that_action(refusal: Answer) -> None:
    _, results = driven([action(), action("report")], refusal, (200, {}))
    assert [result.state for result in results] == ["failed", "sent"]
    assert "ask Pointer support which networks and methods" in results[0].detail


def test_what_was_accepted_stays_sent_when_looking_for_it_is_refused() -> None:
    assert one(action(), (201, {}), AuthError("401")) == ("sent", "not seen yet")


def test_a_batch_answers_each_action_in_order() -> None:
    batch = [action(source_id="7"), action("report", source_id="8"), action(source_id="9", context={})]
    sent, results = driven(batch, (201, {}), found(reply(published_at=PUBLISHED)), (200, {}), (201, {}))
    assert [result.action for result in results] == batch
    assert [result.state for result in results] == ["done", "sent", "sent"]
    assert [request.path for request in sent] == [
        "/reviews/7/reply",
        "/reviews",
        "/reviews/8/report",
        "/reviews/9/reply",
    ]


# --- after a try whose outcome is not known ---------------------------------------------------------------------------


def test_a_reply_that_an_earlier_try_left_is_found_and_not_sent_again() -> None:
    given = action(unsure_since=datetime(2026, 10, 6, tzinfo=UTC))
    sent, [result] = driven([given], found(reply()))
    assert [request.method for request in sent] == ["GET"]
    assert (result.state, result.detail) == ("sent", "created")


def test_a_reply_that_an_earlier_try_did_not_leave_is_sent() -> None:
    given = action(unsure_since=datetime(2026, 10, 6, tzinfo=UTC))
    sent, [result] = driven([given], found(None), (201, {}), found(reply()))
    assert [request.method for request in sent] == ["GET", "POST", "GET"]
    assert result.state == "sent"


def test_a_reply_that_is_gone_already_is_not_deleted_again() -> None:
    given = action("delete_reply", unsure_since=datetime(2026, 10, 6, tzinfo=UTC))
    sent, [result] = driven([given], found(None))
    assert [request.method for request in sent] == ["GET"]
    assert result.state == "done"


def test_a_failure_carries_the_error_behind_it_and_a_success_none() -> None:
    away = TransientError("no connection", undone=True)
    assert driven([action()], away)[1][0].cause is away
    refused = driven([action()], (404, {}), NOT_THERE)[1][0]
    assert (refused.state, isinstance(refused.cause, SourceError)) == ("failed", True)
    assert driven([action()], (201, {}), found(reply()))[1][0].cause is None
