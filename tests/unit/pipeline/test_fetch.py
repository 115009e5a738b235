"""Pages: asked for ahead, given in order, tried again where that helps, and never without an end."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hub.pipeline.fetch import MAX_RESTARTS, SAME_PAGE, Fetched, pages
from hub.pipeline.retry import RetryPolicy
from hub.sdk import AuthError, HubError, Page, Read, Request, Response, Send, SourceError, TransientError
from tests.unit.pipeline.script import (
    Far,
    Script,
    finish,
    get,
    poll,
    read_all,
    reading,
    records,
    settle,
    source,
    status,
)

HTML = b"<html>Bad gateway</html>"


def read_until_error(far: Far, read: Read | None = None, **rest: Any) -> tuple[list[list[int]], HubError]:
    """What came before the error, and the error."""

    async def run() -> tuple[list[list[int]], HubError]:
        got: list[list[int]] = []
        with pytest.raises(HubError) as raised:
            async for page in reading(far, read, **rest):
                got.append([record["id"] for record in page.records])  # noqa: PERF401 - what came before the error stays
        return got, raised.value

    return finish(run())


def test_pages_are_read_to_the_last_one(far_of_three: Far) -> None:
    assert read_all(far_of_three) == [[1, 2], [3], []]
    assert far_of_three.asked == ["/first", "/2", "/3"]


@pytest.fixture
def far_of_three() -> Far:
    return Far(first=records(1, 2, next="/2"), **{"2": records(3, next="/3"), "3": records()})


def test_nothing_is_asked_where_there_is_nothing_to_read() -> None:
    class Empty(Script):
        def request(self, read: Read) -> Request | None:
            return None

    far = Far()
    assert (read_all(far, connector=Empty), far.asked) == ([], [])


def test_the_next_page_is_under_way_while_the_current_one_is_worked_on(far_of_three: Far) -> None:
    async def run() -> list[str]:
        walk = reading(far_of_three)
        await anext(walk)
        await settle()  # the page is being worked on
        return list(far_of_three.asked)

    assert finish(run()) == ["/first", "/2"]


def test_pages_ahead_are_under_way_together_and_come_in_order() -> None:
    async def run() -> tuple[set[str], list[list[int]]]:
        gates = {name: asyncio.Event() for name in "abcde"}

        def later(name: str, number: int) -> Any:
            async def answer() -> dict[str, Any]:
                await gates[name].wait()
                return records(number)

            return answer

        answers = {name: later(name, number) for number, name in enumerate("abcde", 1)}
        far = Far(first=records(0, ahead=[f"/{name}" for name in "abcde"]), **answers)
        walk = reading(far, width=3)
        got = [await anext(walk)]
        await settle()
        together = set(far.under_way)
        for name in "edcba":  # the last ones answer first
            gates[name].set()
            await settle()
        got += [page async for page in walk]
        return together, [[record["id"] for record in page.records] for page in got]

    assert finish(run()) == ({"/a", "/b", "/c"}, [[0], [1], [2], [3], [4], [5]])


def test_what_is_ahead_comes_before_what_is_next() -> None:
    far = Far(first=records(1, ahead=["/a"], next="/n"), a=records(2), n=records(3))
    assert read_all(far) == [[1], [2], [3]]


def test_giving_up_ends_what_is_under_way() -> None:
    async def run() -> set[str]:
        never = asyncio.Event()
        far = Far(first=records(1, ahead=["/a", "/b"]), a=never.wait, b=never.wait)
        walk = reading(far)
        await anext(walk)
        await settle()
        assert far.under_way == {"/a", "/b"}
        await walk.aclose()
        return far.under_way

    assert finish(run()) == set()


# --- restarts -------------------------------------------------------------------------------------------------------


def test_a_restart_drops_what_is_ahead_and_goes_on_from_there() -> None:
    async def run() -> tuple[list[list[int]], list[str], set[str]]:
        never = asyncio.Event()
        far = Far(first=[records(1, ahead=["/a", "/b"]), records(5)], a=records(9, restart="/first"), b=never.wait)
        got = [[record["id"] for record in page.records] async for page in reading(far)]
        return got, far.asked, far.under_way

    assert finish(run()) == ([[1], [5]], ["/first", "/a", "/b", "/first"], set())


def test_the_connector_is_told_how_often_a_read_began_anew() -> None:
    told: list[int] = []

    class Counting(Script):
        def parse(self, response: Response, read: Read) -> Page:
            told.append(read.restarts)
            return super().parse(response, read)

    far = Far(first=[records(1, restart="/first"), records(1, restart="/first"), records(1)])
    assert (read_all(far, connector=Counting), told) == ([[1]], [0, 1, 2])


def test_restarts_are_bounded() -> None:
    far = Far(first=records(1, restart="/first"))
    got, error = read_until_error(far)
    assert (got, len(far.asked)) == ([], MAX_RESTARTS + 1)
    assert str(error) == f"GET /first: changed {MAX_RESTARTS} times while it was read"


# --- paging that has no end -----------------------------------------------------------------------------------------


def test_a_request_that_repeats_ends_the_read_after_what_was_read() -> None:
    far = Far(first=records(1, next="/2"), **{"2": records(2, next="/first")})
    got, error = read_until_error(far)
    assert got == [[1], [2]]
    assert "GET /first: the paging asks for the same page a second time; what was read is kept" in str(error)
    assert far.asked == ["/first", "/2"]


def test_what_was_asked_ahead_is_given_before_a_repeat_is_told() -> None:
    far = Far(first=records(1, ahead=["/a", "/b"], next="/a"), a=records(2), b=records(3))
    got, error = read_until_error(far)
    assert got == [[1], [2], [3]]
    assert "a second time" in str(error)


def test_the_same_page_over_and_over_ends_the_read_after_what_was_read() -> None:
    answers = {str(number): records(7) for number in range(20)}

    class Counting(Script):
        def parse(self, response: Response, read: Read) -> Page:
            page = super().parse(response, read)
            return Page(records=page.records, next_request=get(f"/{int(response.request.path[1:]) + 1}"))

        def request(self, read: Read) -> Request:
            return get("/0")

    got, error = read_until_error(Far(**answers), connector=Counting)
    assert got == [[7]] * (SAME_PAGE + 1)
    assert f"the same page came {SAME_PAGE + 1} times in a row; the paging goes round in a circle" in str(error)


def test_empty_pages_may_be_alike() -> None:
    answers = {str(number): records(next=f"/{number + 1}") for number in range(20)}
    assert read_all(Far(first=records(next="/0"), **answers, **{"20": records(1)}))[-1] == [1]


# --- details --------------------------------------------------------------------------------------------------------


def test_the_records_of_details_belong_to_their_page() -> None:
    far = Far(
        first=records(1, details=["/c", "/d"], next="/2"),
        c=records(11, next="/c2"),
        c2=records(12),
        d=records(13),
        **{"2": records(2)},
    )

    async def run() -> list[Fetched]:
        return [page async for page in reading(far)]

    first, second = finish(run())
    assert [record["id"] for record in first.records] == [1, 11, 12, 13]
    assert len(first.originals) == 4
    assert [record["id"] for record in first.page.records] == [1]
    assert [record["id"] for record in second.records] == [2]


def test_the_paging_of_details_has_an_end() -> None:
    far = Far(first=records(1, details=["/c"]), c=records(11, next="/c"))
    got, error = read_until_error(far)
    assert got == []
    assert str(error) == "GET /c: the paging asks for the same page a second time"


def test_a_detail_that_fails_ends_the_others_too() -> None:
    async def run() -> set[str]:
        never = asyncio.Event()
        far = Far(first=records(1, details=["/c", "/d"]), c=status(404), d=never.wait)
        with pytest.raises(SourceError, match="404 from GET /c"):
            await anext(reading(far))
        await settle()
        return far.under_way

    assert finish(run()) == set()


def test_one_detail_with_odd_text_makes_the_page_unclean() -> None:
    async def run() -> bool:
        far = Far(first=records(1, details=["/c"]), c=b'{"records": [{"id": "\\ud800"}]}')
        return (await anext(reading(far))).unclean

    assert finish(run())


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("odd", [HTML, b"", b'{"items": []}', b"[]", b"null", b'{"records": [1'])
def test_a_page_that_cannot_be_parsed_is_asked_for_again(odd: bytes) -> None:
    assert read_all(Far(first=[odd, odd, records(1)])) == [[1]]


def test_html_that_stays_is_told_with_what_came() -> None:
    far = Far(first=records(1, next="/2"), **{"2": HTML})
    got, error = read_until_error(far)
    assert got == [[1]]
    assert far.asked == ["/first", "/2", "/2", "/2"]
    assert isinstance(error, SourceError)
    assert "GET /2: expected JSON, got 24 bytes of no content type starting '<html>Bad gateway</html>'" in str(error)


def test_json_of_a_wrong_shape_that_stays_is_told_with_the_connectors_name() -> None:
    _, error = read_until_error(Far(first=b'{"items": []}'))
    assert isinstance(error, SourceError) and error.retry
    said = "GET /first: 13 bytes that the connector 'script' cannot read (KeyError: 'records'); the source changed"
    assert said in str(error)


@pytest.mark.parametrize(("code", "kind"), [(400, SourceError), (404, SourceError), (401, AuthError), (403, AuthError)])
def test_a_refusal_is_not_sent_again(code: int, kind: type[HubError]) -> None:
    far = Far(first=status(code))
    _, error = read_until_error(far)
    assert (type(error), far.asked) == (kind, ["/first"])


@pytest.mark.parametrize("code", [408, 429, 500, 502, 503])
def test_a_source_that_is_away_for_a_moment_is_asked_again(code: int) -> None:
    far = Far(first=[status(code), TransientError("reset"), records(1)])
    assert (read_all(far), len(far.asked)) == ([[1]], 3)


def test_retry_after_is_obeyed_and_told() -> None:
    waits: list[tuple[int, float, str]] = []
    far = Far(first=[status(429, retry_after="0.01"), records(1)])
    assert read_all(far, on_wait=lambda number, wait_s, error: waits.append((number, wait_s, str(error)))) == [[1]]
    assert waits == [(1, 0.01, "429 from GET /first")]


def test_a_wait_that_the_source_asks_for_holds_its_whole_account() -> None:
    held: list[tuple[str, float, str | None]] = []

    async def hold(request: Request, wait: timedelta, limit: str | None) -> None:
        held.append((request.path, wait.total_seconds(), limit))

    far = Far(first=[status(503), status(429, retry_after="0.01"), records(1)])
    assert read_all(far, hold=hold) == [[1]]
    assert held == [("/first", 0.01, None)]


def test_a_wait_longer_than_the_bound_ends_the_tries() -> None:
    far = Far(first=status(429, retry_after="3600"))
    _, error = read_until_error(far, policy=RetryPolicy(total_s=10))
    assert isinstance(error, TransientError)
    assert (error.retry_after, len(far.asked)) == (timedelta(hours=1), 1)


def test_a_write_is_sent_again_only_where_it_had_no_effect() -> None:
    class Posting(Script):
        def request(self, read: Read) -> Request:
            return Request("POST", "/first", json={"cursor": 1})

    assert read_all(Far(first=[status(429), records(1)]), connector=Posting) == [[1]]
    far = Far(first=[status(500), records(1)])
    _, error = read_until_error(far, connector=Posting)
    assert (type(error), far.asked) == (TransientError, ["/first"])


def test_a_fault_of_the_connector_is_told_as_it_is() -> None:
    class Broken(Script):
        def classify(self, response: Response) -> HubError | None:
            raise KeyError("status")

    async def run() -> None:
        await anext(reading(Far(first=records(1)), connector=Broken))

    with pytest.raises(KeyError, match="status"):
        finish(run())


def test_what_fails_ahead_is_told_after_the_pages_before_it() -> None:
    far = Far(first=records(1, ahead=["/a", "/b"]), a=records(2), b=status(404))
    got, error = read_until_error(far)
    assert (got, str(error)) == ([[1], [2]], "404 from GET /b")


# --- sources of another shape ---------------------------------------------------------------------------------------


class Own(Script):
    """Walks its own way."""

    async def pages(self, read: Read, send: Send) -> AsyncIterator[Page]:
        for path in ("/a", "/b"):
            response = await send(get(path))
            yield Page(records=response.json()["records"], cursor={"path": path})


def test_a_connector_may_walk_its_own_way_with_the_same_tries() -> None:
    async def run() -> list[Fetched]:
        far = Far(a=[status(503), records(1)], b=b'{"records": [{"id": "\\ud800"}]}')
        return [page async for page in pages(source(far, Own), poll())]

    first, second = finish(run())
    assert ([record["id"] for record in first.records], first.page.cursor) == ([1], {"path": "/a"})
    assert first.originals == (b'{"records": [{"id": 1}]}',)
    assert second.unclean


def test_a_connector_that_walks_its_own_way_is_told_its_refusals() -> None:
    got, error = read_until_error(Far(a=records(1), b=status(404)), connector=Own)
    assert (got, str(error)) == ([[1]], "404 from GET /b")
