"""SLA policies: what may stand in one, and what is wrong between one and the calendars."""

from typing import Any

import pytest
from pydantic import ValidationError

from hub.routing.calendar import Calendar, CalendarSpec
from hub.routing.policy import SlaPolicy, always, calendar_of, check_policy

OFFICE = Calendar(CalendarSpec.model_validate({"timezone": "Europe/Moscow", "hours": {"mon-fri": ["09:00-18:00"]}}))


def policy(**values: Any) -> SlaPolicy:
    return SlaPolicy.model_validate({"name": "p", **values})


def test_a_policy_is_read_as_it_stands_in_the_rules() -> None:
    found = policy(
        first_response="7m", next_response="1h30m", resolution="1d", calendar="always", pause=["pending", "on_hold"],
        start="published", target=0.9, warn=[0.8, 0.5],
    )  # fmt: skip
    assert found.seconds("first_response") == 420
    assert found.seconds("next_response") == 5400
    assert found.seconds("resolution") == 86_400
    assert (found.target, found.warn, found.pause) == (0.9, (0.5, 0.8), ("pending", "on_hold"))


def test_what_a_policy_does_not_say_has_a_default() -> None:
    found = policy()
    assert (found.start, found.target, found.warn, found.calendar) == ("collected", 0.95, (0.8,), None)
    assert found.seconds("resolution") is None
    assert policy(target=None).target is None


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"first_response": 7}, '7 has no unit; write a duration such as "7m", "7h" or "7d"'),
        ({"first_response": True}, "true is not a duration"),
        ({"first_response": "soon"}, "'soon' is not a duration"),
        ({"resolution": "0m"}, "is no deadline; write more than nothing and at most 366d"),
        ({"resolution": "400d"}, "400 days, 0:00:00 is no deadline"),
        ({"pause": ["waiting"]}, "'new', 'open', 'pending'"),
        ({"start": "found"}, "'collected' or 'published'"),
        ({"warn": [0.5, 1]}, r"1\.0 is no share of a deadline; write shares between 0 and 1"),
        ({"warn": "most"}, "valid number"),
        ({"target": 95}, "less than or equal to 1"),
        ({"frist_response": "7m"}, "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_value_is_shown_with_what_may_stand_there(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        policy(**values)


def test_a_calendar_that_is_not_there_is_told_with_the_nearest() -> None:
    found = check_policy(policy(first_response="7m", calendar="ofice"), {"office": OFFICE, "always": always()})
    assert found == {"calendar": 'no calendar "ofice" is defined; did you mean "office"? defined: always, office'}


def test_a_deadline_that_a_calendar_will_not_reach_for_years_is_told() -> None:
    rare = Calendar(CalendarSpec.model_validate({"timezone": "UTC", "hours": {"mon": ["09:00-09:30"]}}))
    found = check_policy(policy(first_response="7m", resolution="6d", calendar="rare"), {"rare": rare})
    assert found == {"resolution": 'is more working time than calendar "rare" has in 5 years; write a shorter one'}
    assert check_policy(policy(resolution="5d", calendar="rare"), {"rare": rare}) == {}


def test_a_policy_without_a_calendar_runs_around_the_clock() -> None:
    subject = policy(first_response="7m", resolution="366d")
    assert calendar_of(subject, {}) is always()
    assert check_policy(subject, {}) == {}
