"""Tags, sentiment, spam and Bin: what is asked, in which order, and what is said of each action (section 9)."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from hub.sdk import Action, ActionResult, AuthError, Created, Request, Response, TransientError
from hub.testing import drive
from hub_youscan.connector import YouScan, YouScanConfig

CONNECTOR = YouScan(YouScanConfig(connector="youscan", api_key="kept-secret"))


class Topic:
    """A topic at the vendor: answers requests and notes them."""

    def __init__(self, tags: Sequence[str] = (), mentions: dict[int, dict[str, Any]] | None = None) -> None:
        self.tags = list(tags)
        self.mentions = mentions or {}
        self.silent: set[int] = set()
        self.refused: dict[int, tuple[int, dict[str, str]]] = {}
        self.deaf = False
        self.asked: list[tuple[str, str, Any]] = []

    def __call__(self, request: Request) -> Response:
        self.asked.append((request.method, request.path.split("/", 3)[-1], request.json))
        status, body = self._answer(request)
        return Response(status, {}, b"" if body is None else json.dumps(body).encode(), request)

    def _answer(self, request: Request) -> tuple[int, Any]:
        if request.path.endswith("/tags"):
            return self._tags(request)
        if request.path.endswith("/get-mentions"):
            shown = [self.mentions[n] for n in request.json["ids"] if n in self.mentions and n not in self.silent]
            return 200, {"mentions": shown}
        return self._bulk(request.json["mentions"])

    def _tags(self, request: Request) -> tuple[int, Any]:
        if request.method == "GET":
            return 200, {"tags": [{"id": n, "name": name} for n, name in enumerate(self.tags)]}
        self.tags.append(request.json["name"])
        return 201, None

    def _bulk(self, items: list[dict[str, Any]]) -> tuple[int, Any]:
        for item in items:
            if item["id"] in self.refused:
                return self.refused[item["id"]]
        for item in items if not self.deaf else ():
            self.mentions[item["id"]].update({name: value for name, value in item.items() if name != "id"})
        return 200, None

    @property
    def updates(self) -> list[list[dict[str, Any]]]:
        return [body["mentions"] for _, path, body in self.asked if path == "mentions/bulkupdate"]


def mentions(*numbers: int, **fields: Any) -> dict[int, dict[str, Any]]:
    return {n: {"id": str(n), "tags": [], "sentiment": "neutral", **fields} for n in numbers}


def act(topic: Any, *actions: Action) -> list[tuple[str, str]]:
    """Return state and detail of each action."""
    return [(result.state, result.detail) for result in results_of(topic, *actions)]


def results_of(topic: Any, *actions: Action) -> tuple[ActionResult, ...]:
    """Drive the generator as the engine does: a refusal is handed in, what could not be done is thrown in."""
    results = drive(CONNECTOR, CONNECTOR.act(actions), topic)
    assert [result.action for result in results] == list(actions)
    return results


def action(name: Any, source_id: str = "1", *values: str, stream: str = "101") -> Action:
    return Action(name, stream, source_id, values=values)


# --- tags -------------------------------------------------------------------------------------------------------


def test_added_tags_join_those_that_are_there() -> None:
    topic = Topic(["старый", "новый"], mentions(1, tags=["старый"]))
    assert act(topic, action("add_tags", "1", "новый")) == [("done", "")]
    assert [(method, path) for method, path, _ in topic.asked] == [
        ("GET", "tags"),
        ("POST", "get-mentions"),
        ("POST", "mentions/bulkupdate"),
        ("POST", "get-mentions"),
    ]
    assert topic.updates == [[{"id": 1, "tags": ["новый", "старый"]}]]


def test_a_tag_that_the_topic_lacks_is_created_first() -> None:
    topic = Topic(["a"], mentions(1))
    assert act(topic, action("set_tags", "1", "a", "b")) == [("done", "")]
    assert topic.asked[1] == ("POST", "tags", {"name": "b"})


def test_a_tag_that_somebody_else_created_meanwhile_is_a_success() -> None:
    class Racing(Topic):
        def _tags(self, request: Request) -> tuple[int, Any]:
            if request.method == "GET":
                return 200, {"tags": []}
            return 409, {"errorCode": "ALREADY_EXISTS", "message": "Tag already exists"}

    assert act(Racing(mentions=mentions(1)), action("set_tags", "1", "b")) == [("done", "")]


def test_set_tags_replaces_and_may_take_all_away_without_reading_first() -> None:
    topic = Topic(["a"], mentions(1, tags=["a"]))
    assert act(topic, action("set_tags")) == [("done", "")]
    assert [path for _, path, _ in topic.asked] == ["mentions/bulkupdate", "get-mentions"]
    assert topic.updates == [[{"id": 1, "tags": []}]]


def test_tags_added_after_a_set_join_the_set() -> None:
    topic = Topic(["a", "b", "old"], mentions(1, tags=["old"]))
    act(topic, action("set_tags", "1", "a"), action("add_tags", "1", "b"))
    assert topic.updates == [[{"id": 1, "tags": ["a", "b"]}]]


@pytest.mark.parametrize("shown", [{}, {1: {"id": "1"}}])
def test_nothing_is_added_where_the_present_tags_are_not_known(shown: dict[int, dict[str, Any]]) -> None:
    topic = Topic(["a"], shown)
    ((state, detail),) = act(topic, action("add_tags", "1", "a"))
    assert (state, topic.updates) == ("failed", [])
    assert "does not show the mention's tags" in detail


def test_a_tag_that_cannot_be_created_fails_only_what_needs_it() -> None:
    class Closed(Topic):
        def _tags(self, request: Request) -> tuple[int, Any]:
            return super()._tags(request) if request.method == "GET" else (403, {"message": "THEME_PERMISSION_DENIED"})

    topic = Closed(["a"], mentions(1, 2))
    asked = (action("add_tags", "1", "b"), action("hide", "1"), action("add_tags", "2", "a"))
    first, second, third = act(topic, *asked)
    assert first[0] == "failed"
    assert "the tag 'b' could not be created: 403" in first[1]
    assert "THEME_PERMISSION_DENIED" in first[1]
    assert (second[0], third[0]) == ("sent", "done")


# --- the other fields -------------------------------------------------------------------------------------------


def test_a_sentiment_is_set_and_seen_again() -> None:
    topic = Topic(mentions=mentions(1))
    assert act(topic, action("set_sentiment", "1", "negative")) == [("done", "")]
    assert topic.updates == [[{"id": 1, "sentiment": "negative"}]]


@pytest.mark.parametrize(("name", "field"), [("mark_spam", "spam"), ("hide", "deleted")])
def test_spam_and_bin_are_sent_since_no_mention_shows_them(name: str, field: str) -> None:
    topic = Topic(mentions=mentions(1))
    for silent in (set[int](), {1}):
        topic.silent = silent
        assert act(topic, action(name)) == [("sent", "taken; a sweep will see that the mention is hidden")]
    assert topic.updates == [[{"id": 1, field: True}]] * 2


def test_what_is_not_shown_again_is_sent_and_not_called_done() -> None:
    topic = Topic(mentions=mentions(1))
    topic.silent = {1}
    assert act(topic, action("set_sentiment", "1", "negative")) == [
        ("sent", "taken; the source did not show the mention again")
    ]


def test_what_was_taken_without_effect_is_failed_with_what_is_seen() -> None:
    topic = Topic(mentions=mentions(1))
    topic.deaf = True
    assert act(topic, action("set_sentiment", "1", "negative")) == [
        ("failed", "taken, but the source shows sentiment 'neutral', not 'negative'")
    ]


# --- batches ----------------------------------------------------------------------------------------------------


def test_actions_on_one_mention_become_one_item() -> None:
    topic = Topic(["a"], mentions(1))
    answers = act(topic, action("add_tags", "1", "a"), action("set_sentiment", "1", "negative"), action("mark_spam"))
    assert [state for state, _ in answers] == ["done", "done", "sent"]
    assert topic.updates == [[{"id": 1, "sentiment": "negative", "spam": True, "tags": ["a"]}]]


def test_a_batch_goes_out_in_hundreds() -> None:
    numbers = range(1, 251)
    topic = Topic(mentions=mentions(*numbers))
    answers = act(topic, *(action("set_sentiment", str(n), "positive") for n in numbers))
    assert {state for state, _ in answers} == {"done"}
    assert [len(items) for items in topic.updates] == [100, 100, 50]


def test_mentions_are_read_by_five_hundred() -> None:
    numbers = range(1, 601)
    topic = Topic(mentions=mentions(*numbers))
    act(topic, *(action("hide", str(n)) for n in numbers))
    assert [len(body["ids"]) for _, path, body in topic.asked if path == "get-mentions"] == [500, 100]


def test_topics_are_written_to_one_by_one() -> None:
    asked: list[str] = []
    topics = {"101": Topic(mentions=mentions(1)), "102": Topic(mentions=mentions(1))}

    def either(request: Request) -> Response:
        asked.append(request.path)
        return topics[request.path.split("/")[2]](request)

    act(either, action("hide", stream="102"), action("hide", stream="101"), action("mark_spam", stream="102"))
    assert [path.split("/")[2] for path in asked] == ["102", "102", "101", "101"]
    assert topics["102"].updates == [[{"id": 1, "deleted": True, "spam": True}]]


def test_one_bad_mention_of_a_batch_fails_alone_with_the_vendors_words() -> None:
    topic = Topic(mentions=mentions(*range(1, 41)))
    topic.refused = {7: (400, {"errorCode": "VALIDATION_ERROR", "message": "Mention 7 not found"})}
    answers = act(topic, *(action("set_sentiment", str(n), "positive") for n in range(1, 41)))
    failed = [detail for state, detail in answers if state == "failed"]
    assert [state for state, _ in answers].count("done") == 39
    assert answers[6][0] == "failed"
    assert len(failed) == 1
    assert "VALIDATION_ERROR: Mention 7 not found" in failed[0]
    assert len(topic.updates) < 15


def test_a_topic_that_refuses_everything_is_asked_once() -> None:
    topic = Topic(mentions=mentions(1, 2))
    topic.refused = {1: (404, {"message": "Theme not found"})}
    answers = act(topic, action("hide", "1"), action("hide", "2"))
    assert [state for state, _ in answers] == ["failed", "failed"]
    assert "Theme not found" in answers[1][1]
    assert len(topic.asked) == 1


# --- misuse and failures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (action("reply"), "cannot do 'reply'; it can do add_tags, set_tags, set_sentiment, mark_spam, hide"),
        (
            action("set_sentiment", "1", "undefined"),
            "undefined is no sentiment to set; choose one of positive, neutral",
        ),
        (action("set_sentiment"), "nothing is no sentiment to set"),
        (action("add_tags"), "add_tags needs a tag"),
        (action("add_tags", "1", "я" * 101), "a tag has 1 to 100 characters"),
        (action("set_tags", "1", ""), "'' has 0"),
        (action("hide", "x"), "'x' is no mention's id"),
        (action("hide", str(2**63)), "is no mention's id"),
        (action("hide", stream="mentions"), "'mentions' is no topic's id"),
    ],
)
def test_a_wrong_action_fails_before_anything_is_asked_and_the_others_go_on(wrong: Action, why: str) -> None:
    topic = Topic(mentions=mentions(2))
    (state, detail), other = act(topic, wrong, action("hide", "2"))
    assert state == "failed"
    assert why in detail
    assert other[0] == "sent"
    assert topic.updates == [[{"id": 2, "deleted": True}]]


def test_no_actions_ask_for_nothing() -> None:
    assert act(Topic()) == []


def away(request: Request) -> Response:
    raise TransientError(f"503 from {request.path}")


def test_a_source_that_is_away_fails_every_action_with_the_reason() -> None:
    answers = act(away, action("add_tags", "1", "a"), action("hide", "2"))
    assert [state for state, _ in answers] == ["failed", "failed"]
    assert "503 from /topics/101/tags" in answers[0][1]
    assert "503 from /topics/101/mentions/bulkupdate" in answers[1][1]


def test_what_was_taken_stays_taken_when_the_look_again_fails() -> None:
    topic = Topic(mentions=mentions(1))

    def half(request: Request) -> Response:
        return away(request) if request.path.endswith("get-mentions") else topic(request)

    assert act(half, action("set_sentiment", "1", "negative"))[0][0] == "sent"


def test_refused_credentials_fail_what_is_left_and_keep_what_was_done() -> None:
    topic = Topic(mentions=mentions(1))

    def revoked(request: Request) -> Response:
        if "/102/" in request.path:
            raise AuthError("401 from YouScan; create a new key")
        return topic(request)

    asked = (
        action("set_sentiment", "1", "negative"),
        action("add_tags", "1", "a", stream="102"),
        action("hide", "2", stream="102"),
    )
    assert act(revoked, *asked) == [
        ("done", ""),
        ("failed", "401 from YouScan; create a new key"),
        ("failed", "401 from YouScan; create a new key"),
    ]


def test_what_was_taken_is_not_called_failed_when_the_key_is_refused_before_the_look_again() -> None:
    topic = Topic(mentions=mentions(1))

    def half(request: Request) -> Response:
        if request.path.endswith("get-mentions"):
            raise AuthError("401")
        return topic(request)

    assert act(half, action("set_sentiment", "1", "negative"))[0][0] == "sent"
    assert topic.mentions[1]["sentiment"] == "negative"


def test_every_write_may_be_sent_again() -> None:
    topic = Topic(mentions=mentions(1))
    steps = CONNECTOR.act((action("add_tags", "1", "a"),))
    step: Request | Created = next(steps)
    with pytest.raises(StopIteration):
        while True:
            assert isinstance(step, Request)
            assert step.repeatable, f"{step.method} {step.path}"
            step = steps.send(topic(step))


def test_a_failure_carries_the_error_behind_it() -> None:
    away = TransientError("no connection")

    def silent(request: Request) -> Response:
        raise away

    for name, values in (("set_sentiment", ("positive",)), ("add_tags", ("a",)), ("hide", ())):
        [result] = results_of(silent, action(name, "1", *values))
        assert (result.state, result.cause) == ("failed", away)
    topic = Topic(["a"], mentions(1))
    assert results_of(topic, action("hide"))[0].cause is None
    assert results_of(topic, action("reply"))[0].cause is None, "misuse does not pass"
