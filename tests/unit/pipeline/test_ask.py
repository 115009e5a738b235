"""A generator that only asks begins anew where an answer did not come or cannot be read, a bounded number of times."""

from collections.abc import Generator

import pytest

from hub.pipeline.ask import answered
from hub.sdk import AuthError, HubError, Request, Response, SourceError, TransientError
from tests.unit.pipeline.script import QUICK, Far, finish, get, source, status

HTML = b"<html>Bad gateway</html>"


def total() -> Generator[Request, Response, int]:
    first = (yield get("/first")).json()
    second = yield get("/second")
    return int(first["n"]) + (0 if second.status == 404 else int(second.json()["n"]))


def ask(far: Far) -> int:
    return finish(answered(source(far), total))


def test_what_cannot_be_read_is_asked_for_again_from_the_beginning() -> None:
    far = Far(first={"n": 1}, second=[HTML, {"n": 2}])
    assert ask(far) == 3
    assert far.asked == ["/first", "/second"] * 2


def test_what_did_not_come_is_asked_for_again() -> None:
    far = Far(first=[TransientError("gone"), status(503), {"n": 1}], second={"n": 2})
    assert ask(far) == 3
    assert far.asked == ["/first", "/first", "/first", "/second"]


def test_a_refusal_is_an_answer() -> None:
    assert ask(Far(first={"n": 1}, second=status(404))) == 1


@pytest.mark.parametrize(
    ("answer", "error", "tries"), [(HTML, SourceError, QUICK.tries), (status(401), AuthError, 1)], ids=["html", "401"]
)
def test_what_stays_wrong_is_raised_in_the_end(answer: bytes | Response, error: type[HubError], tries: int) -> None:
    far = Far(first=answer)
    with pytest.raises(error):
        ask(far)
    assert far.asked == ["/first"] * tries
