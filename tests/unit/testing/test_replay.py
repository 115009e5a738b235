from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.sdk import AuthError, Page, Read, Record, Request, Response
from hub.testing import (
    NOW,
    EndlessError,
    NotRecordedError,
    Recording,
    Replay,
    read_references,
    recordings,
    walk,
    wire_params,
)
from tests.unit.testing.toys import Toy, note, toy, write_page

POLL = Read("in", "poll", NOW)


def ids(records: Sequence[Record]) -> list[str]:
    return [record["id"] for record in records]


def test_a_walk_follows_the_pages_to_the_end_and_knows_the_cursor_after_each(pages: Path) -> None:
    steps = walk(toy(), POLL, Replay(toy(), pages))
    assert [ids(step.records) for step in steps] == [["n1", "n2"], ["n3", "n5"], []]
    assert [step.cursor for step in steps] == [{"n": 2}, {"n": 5}, {"n": 5}]


def test_a_walk_resumes_from_a_cursor(pages: Path) -> None:
    steps = walk(toy(), replace(POLL, cursor={"n": 2}), Replay(toy(), pages))
    assert [ids(step.records) for step in steps] == [["n3", "n5"], []]


def test_references_are_read_first(pages: Path) -> None:
    assert read_references(toy(), NOW, Replay(toy(), pages)) == {"boxes": [{"name": "in"}]}


def test_a_request_that_is_not_recorded_names_the_nearest(pages: Path) -> None:
    with pytest.raises(
        NotRecordedError, match=r"toy: nothing is recorded for\n.*limit=3.*\nnearest is 02.json"
    ) as error:
        Replay(toy(), pages)(Request("GET", "/boxes/in/notes", params={"limit": 3}))
    assert "GET /boxes/in/notes?limit=2" in str(error.value)


def test_parameters_are_compared_as_they_go_out() -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert wire_params({"a": None, "b": [1, "x"], "c": at, "d": False, "e": at.date()}) == {
        "b": ["1", "x"],
        "c": ["2026-11-20T12:00:00Z"],
        "d": ["false"],
        "e": ["2026-11-20"],
    }


def test_of_several_answers_to_one_request_each_is_given_once_and_the_last_for_ever() -> None:
    replay = Replay(toy(), [Recording(name, "GET", "/x", 200, {}, name.encode()) for name in ("01", "02")])
    assert [replay(Request("GET", "/x")).text for _ in range(3)] == ["01", "02", "02"]


def test_the_body_of_a_request_is_part_of_what_is_compared() -> None:
    replay = Replay(toy(), [Recording("01", "POST", "/x", 200, {}, b"{}", json={"ids": [1]})])
    assert replay.knows(Request("POST", "/x", json={"ids": [1]}))
    assert not replay.knows(Request("POST", "/x", json={"ids": [2]}))


def test_text_that_no_store_can_hold_is_replaced_as_in_the_engine(pages: Path) -> None:
    broken = {**note(6), "text": "\ud83d!"}
    write_page(pages, "04", "/boxes/in/notes", [broken], limit=2, after=5)
    last = walk(toy(), POLL, Replay(toy(), pages))[-1]
    assert last.records == [{**broken, "text": "\ufffd!"}]


def test_what_classify_says_ends_the_walk() -> None:
    refused = Recording("01", "GET", "/boxes/in/notes", 401, {}, b"", params={"limit": ["2"]})
    with pytest.raises(AuthError, match="401"):
        walk(toy(), POLL, Replay(toy(), [refused]))


def test_an_empty_folder_and_a_broken_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no recorded page"):
        recordings(tmp_path)
    (tmp_path / "01.json").write_text("{}")
    with pytest.raises(ValueError, match=r"01\.json: a recording is JSON with request.method"):
        recordings(tmp_path)


class Scripted(Toy):
    """Pages by the path of their request."""

    script: dict[str, Page]

    def request(self, read: Read) -> Request:
        return Request("GET", "a")

    def parse(self, response: Response, read: Read) -> Page:
        page = self.script[response.request.path]
        return replace(page, restart=None) if read.restarts else page

    def position(self, record: Record) -> dict[str, Any]:
        return {"n": record}


def scripted(**script: Page) -> list[tuple[str, bool, Any]]:
    connector = toy(Scripted)
    assert isinstance(connector, Scripted)
    connector.script = script
    steps = walk(connector, POLL, lambda request: Response(200, {}, b"{}", request))
    return [(step.request.path, step.is_detail, step.cursor) for step in steps]


def get(path: str) -> Request:
    return Request("GET", path)


def test_details_come_right_behind_their_page_then_what_is_ahead_then_what_is_next() -> None:
    assert scripted(
        a=Page([1], next_request=get("c"), ahead=[get("b"), get("b2")], details=[get("d"), get("e")]),
        b=Page([2]),
        b2=Page([3]),
        c=Page([4]),
        d=Page([99], next_request=get("d2")),
        d2=Page([98]),
        e=Page(),
    ) == [
        ("a", False, {"n": 1}),
        ("d", True, None),
        ("d2", True, None),
        ("e", True, None),
        ("b", False, {"n": 2}),
        ("b2", False, {"n": 3}),
        ("c", False, {"n": 4}),
    ]


def test_a_restart_drops_what_is_ahead_and_may_ask_again() -> None:
    steps = scripted(a=Page([1], ahead=[get("b")], restart=get("a")), b=Page([2]))
    assert [path for path, _, _ in steps] == ["a", "a", "b"]


def test_a_request_that_comes_twice_is_told_from_an_end() -> None:
    with pytest.raises(EndlessError, match=r"GET a .* was asked for before"):
        scripted(a=Page([1], next_request=get("a")))


def test_restarts_are_bounded() -> None:
    class Restless(Scripted):
        def parse(self, response: Response, read: Read) -> Page:
            return Page(restart=get("a"))

    with pytest.raises(EndlessError, match="10 restarts"):
        walk(toy(Restless), POLL, lambda request: Response(200, {}, b"{}", request))


def test_pages_without_end_are_bounded() -> None:
    class Growing(Scripted):
        def parse(self, response: Response, read: Read) -> Page:
            return Page(next_request=get(response.request.path + "a"))

    with pytest.raises(EndlessError, match="1000 pages and no end of in"):
        walk(toy(Growing), POLL, lambda request: Response(200, {}, b"{}", request))
