from typing import Any

import pytest

from hub.sdk import AuthError, Created, Missing, Request, Response, TransientError
from hub.testing import EndlessError, drive
from tests.unit.testing.toys import toy

FIND, MAKE = Request("GET", "/cases"), Request("POST", "/cases")


def answered(status: int) -> Any:
    return lambda request: Response(status, {}, b"{}", request)


def test_facts_are_gathered_and_what_it_ends_with_is_returned() -> None:
    def steps() -> Any:
        found = yield FIND
        assert found.request is FIND
        assert (yield Missing()) is None
        made = yield MAKE
        yield Created("C-1")
        return made.status

    facts: list[Created | Missing] = []
    assert drive(toy(), steps(), answered(201), facts) == 201
    assert facts == [Missing(), Created("C-1")]


def test_a_refusal_is_handed_in() -> None:
    def steps() -> Any:
        return (yield MAKE).status

    assert drive(toy(), steps(), answered(422)) == 422


@pytest.mark.parametrize(("status", "kind"), [(401, AuthError), (503, TransientError)])
def test_what_waits_for_a_person_or_a_while_is_thrown_in(status: int, kind: type[Exception]) -> None:
    def steps() -> Any:
        try:
            yield MAKE
        except kind:
            return "handled"

    assert drive(toy(), steps(), answered(status)) == "handled"


def test_an_answer_that_was_lost_is_thrown_in_and_facts_before_it_are_kept() -> None:
    def steps() -> Any:
        yield Created("C-1")
        yield MAKE

    def lost(request: Request) -> Response:
        raise TransientError("the answer was lost")

    facts: list[Created | Missing] = []
    with pytest.raises(TransientError, match="the answer was lost"):
        drive(toy(), steps(), lost, facts)
    assert facts == [Created("C-1")]


def test_what_goes_round_in_a_circle_ends() -> None:
    def steps() -> Any:
        while True:
            yield FIND

    with pytest.raises(EndlessError, match="GET /cases: more than 200 requests"):
        drive(toy(), steps(), answered(200))
