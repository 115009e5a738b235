"""What ``hub check`` says of an instance's answers."""

from hub.runtime.check import seen_of
from hub.sdk import Request, Response


def answer(path: str, status: int = 200) -> Response:
    return Response(status, {}, b"", Request("GET", path))


def test_answers_of_the_same_kind_are_counted_and_not_repeated() -> None:
    answers = [answer("/agents"), *(answer("/ticket") for _ in range(68)), answer("/ticket", 404)]
    assert seen_of(answers) == "200 from /agents, 200 from /ticket ×68, 404 from /ticket"
    assert seen_of([]) == "nothing to ask"
