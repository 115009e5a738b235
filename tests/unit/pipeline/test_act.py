"""Writing: a fact is committed before the next step, and the connector hears how each request ended."""

import asyncio
from collections.abc import Generator
from typing import Any

import pytest

from hub.pipeline.act import drive
from hub.sdk import AuthError, Created, HubError, Request, Response, SourceError, StoreError, TransientError
from tests.unit.pipeline.script import Far, finish, source, status

Steps = Generator[Request | Created, Response | None, Any]


def driven(steps: Steps, far: Far, log: list[str] | None = None, commit: Exception | None = None) -> Any:
    noted = log if log is not None else []

    async def on_created(fact: Created) -> None:
        noted.append(f"committing {fact.external_id}")
        await asyncio.sleep(0)
        if commit:
            raise commit
        noted.append(f"committed {fact.external_id}")

    return finish(drive(source(far), steps, on_created))


def post(path: str, *, safe: bool | None = None) -> Request:
    return Request("POST", path, json={}, safe=safe)


def test_each_request_gets_its_answer_and_the_end_its_result() -> None:
    def steps() -> Steps:
        first = yield post("/a")
        second = yield post("/b")
        assert isinstance(first, Response)
        assert isinstance(second, Response)
        return first.json(), second.json()

    assert driven(steps(), Far(a={"id": 1}, b={"id": 2})) == ({"id": 1}, {"id": 2})


def test_a_fact_is_committed_before_the_next_step() -> None:
    log: list[str] = []

    def steps() -> Steps:
        yield post("/a")
        nothing = yield Created("7")
        log.append(f"next step, told {nothing}")
        yield post("/b")
        return None

    far = Far(a={}, b={})
    driven(steps(), far, log)
    assert log == ["committing 7", "committed 7", "next step, told None"]
    assert far.asked == ["/a", "/b"]


def test_a_fact_that_cannot_be_committed_ends_the_run_before_the_next_step() -> None:
    closed: list[bool] = []

    def steps() -> Steps:
        try:
            yield Created("7")
            yield post("/b")
        finally:
            closed.append(True)

    far = Far(b={})
    with pytest.raises(StoreError, match="full"):
        driven(steps(), far, commit=StoreError("full"))
    assert (far.asked, closed) == ([], [True])


@pytest.mark.parametrize("code", [400, 404, 409, 422])
def test_a_refusal_is_handed_in_as_an_answer(code: int) -> None:
    def steps() -> Steps:
        response = yield post("/a")
        assert isinstance(response, Response)
        return response.status

    assert driven(steps(), Far(a=status(code))) == code


def test_what_could_not_be_done_is_thrown_in_so_that_it_may_be_looked_up() -> None:
    def steps() -> Steps:
        try:
            yield post("/a")
        except TransientError:
            found = yield Request("GET", "/search")
            assert isinstance(found, Response)
            return found.json()
        raise AssertionError("the request went through")

    far = Far(a=TransientError("reset"), search={"found": 7})
    assert driven(steps(), far) == {"found": 7}
    assert far.asked == ["/a", "/search"]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(status(401), AuthError), (status(500), TransientError), (TransientError("reset"), TransientError)],
)
def test_what_the_connector_does_not_handle_ends_the_run_and_closes_it(answer: Any, kind: type[HubError]) -> None:
    closed: list[bool] = []

    def steps() -> Steps:
        try:
            yield post("/a")
        finally:
            closed.append(True)

    far = Far(a=answer)
    with pytest.raises(kind):
        driven(steps(), far)
    assert (len(far.asked), closed) == (1, [True])


def test_a_write_that_was_refused_for_its_rate_is_sent_again() -> None:
    def steps() -> Steps:
        response = yield post("/a")
        assert isinstance(response, Response)
        return response.status

    far = Far(a=[status(429), {"id": 1}])
    assert (driven(steps(), far), len(far.asked)) == (200, 2)


def test_a_write_that_may_be_repeated_is_sent_again() -> None:
    def steps() -> Steps:
        yield post("/a", safe=True)
        return "done"

    far = Far(a=[status(503), {"id": 1}])
    assert (driven(steps(), far), len(far.asked)) == ("done", 2)


def test_a_fault_of_the_connector_ends_the_run_as_it_is() -> None:
    def steps() -> Steps:
        yield post("/a")
        raise KeyError("id")

    with pytest.raises(KeyError, match="id"):
        driven(steps(), Far(a={}))


def test_a_batch_without_requests_just_ends() -> None:
    def steps() -> Steps:
        return "nothing to do"
        yield post("/a")

    far = Far()
    assert (driven(steps(), far), far.asked) == ("nothing to do", [])


def test_an_unreadable_answer_is_the_connectors_to_judge() -> None:
    def steps() -> Steps:
        response = yield post("/a")
        assert isinstance(response, Response)
        with pytest.raises(SourceError, match="expected JSON"):
            response.json()
        return "seen"

    assert driven(steps(), Far(a=b"<html>")) == "seen"
