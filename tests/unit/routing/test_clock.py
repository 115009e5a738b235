"""The SLA clock: what is due when, from what was said and in which states a ticket stood."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from hub.routing.calendar import Calendar, CalendarSpec
from hub.routing.clock import Alarm, Deadline, Deadlines, Moment, Said, deadlines, exchanges, known_at
from hub.routing.policy import Aging, SlaPolicy, always
from hub.sdk import Message, Sla, Source, State
from hub.sdk.ticket import Direction

OFFICE = Calendar(
    CalendarSpec.model_validate({"timezone": "Europe/Moscow", "hours": {"mon-fri": ["09:00-18:00"]}, "holidays": "RU"})
)
MONDAY = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)  # 09:00 in Moscow
MINUTE = timedelta(minutes=1)


def at(minutes: float) -> datetime:
    return MONDAY + MINUTE * minutes


def policy(**values: Any) -> SlaPolicy:
    return SlaPolicy.model_validate({"name": "p", **values})


def said(direction: Direction, created: float, *, hidden: bool = False, **minutes: float) -> Moment:
    times = {name: at(value) for name, value in minutes.items()}
    return Moment(direction, at(created), hidden=hidden, **times)


def history(*entries: tuple[float, State]) -> list[tuple[datetime, State]]:
    return [(at(minutes), state) for minutes, state in entries]


def count(
    messages: list[Said],
    states: list[tuple[datetime, State]] | None = None,
    calendar: Calendar | None = None,
    **values: Any,
) -> Deadlines:
    return deadlines(policy(**values), calendar or always(), messages, states or [])


def first(found: Deadlines) -> Deadline:
    assert found.first_response is not None
    return found.first_response


def resolution(found: Deadlines) -> Deadline:
    assert found.resolution is not None
    return found.resolution


# --- when the clock starts ---


def test_the_clock_starts_when_the_vendor_found_the_post() -> None:
    found = count([said("in", 0, collected_at=30, ingested_at=45)], first_response="15m")
    assert found.start == at(30)
    assert found.first_response_due == at(45)


def test_a_policy_may_start_with_the_publication() -> None:
    found = count([said("in", 0, collected_at=30, ingested_at=45)], first_response="15m", start="published")
    assert found.first_response_due == at(15)


@pytest.mark.parametrize(
    ("message", "known"),
    [
        (said("in", 0), 0),  # a text from a file
        (said("in", 0, ingested_at=20), 20),
        (said("in", 0, collected_at=10, ingested_at=20), 10),
        (said("in", 0, collected_at=10), 10),
        (said("in", 0, collected_at=-60, ingested_at=20), 0),  # found before it was written
        (said("in", 0, collected_at=60, ingested_at=20), 20),  # found after the hub had it
        (said("in", 90, collected_at=60, ingested_at=20), 20),  # published in the future
    ],
)
def test_nobody_could_know_before_the_publication_and_the_hub_knew_what_it_had(message: Moment, known: float) -> None:
    assert known_at(message) == at(known)


def test_the_lag_of_intake_is_told_apart_from_the_clock() -> None:
    intake = count([said("in", 0, collected_at=30, ingested_at=32)], first_response="15m").intake
    assert intake is not None
    assert (intake.published_at, intake.known_at) == (at(0), at(30))
    assert (intake.lag_s, intake.wait_s) == (1800, 120)


def test_the_lag_is_never_below_nothing() -> None:
    intake = count([said("in", 90, ingested_at=20)], first_response="15m").intake
    assert intake is not None
    assert (intake.lag_s, intake.wait_s) == (0, 0)


def test_another_policy_or_a_raised_priority_keeps_the_start() -> None:
    messages: list[Said] = [said("in", 0, collected_at=5), said("in", 40, collected_at=50)]
    states = history((0, "new"), (10, "open"), (20, "pending"), (50, "open"))
    slow = count(messages, states, first_response="60m", resolution="8h")
    urgent = count(messages, states, first_response="7m", resolution="4h")
    assert slow.start == urgent.start == at(5)
    assert urgent.first_response_due == at(12)
    assert first(slow).elapsed_s(at(30)) == first(urgent).elapsed_s(at(30)) == 25 * 60


def test_an_older_post_that_is_found_later_gives_no_more_time() -> None:
    late = said("in", 0, collected_at=200)
    found = count([said("in", 30, collected_at=31), late], first_response="15m")
    assert found.start == at(31)
    assert found.first_response_due == at(46)


def test_working_time_is_that_of_the_calendar() -> None:
    friday_evening = said("in", -(2 * 24 + 15) * 60 - 10)  # 17:50 in Moscow
    found = count([friday_evening], calendar=OFFICE, first_response="15m", resolution="1d")
    assert found.first_response_due == at(5)
    assert found.resolution_due == at(2 * 24 * 60 + 6 * 60 - 10)  # 24 working hours, not a day


def test_a_date_that_is_none_breaks_nothing() -> None:
    """Some vendors send the first day of the year 1 where they know no date."""
    message = Moment("in", datetime.min.replace(tzinfo=UTC), ingested_at=at(0))
    published = count([message], calendar=OFFICE, first_response="15m", start="published")
    assert (first(published).status(at(0)), published.share_spent("first_response", at(0))) == ("breached", 1)
    assert count([message], calendar=OFFICE, first_response="15m").first_response_due == at(15)


# --- first response ---


def test_a_public_answer_found_at_the_source_is_a_first_response() -> None:
    found = first(count([said("in", 0), said("out", 10, collected_at=300, ingested_at=301)], first_response="15m"))
    assert (found.done_at, found.status(at(400)), found.breach_at) == (at(10), "met", None)
    assert found.elapsed_s(at(400)) == 600


def test_an_answer_at_the_last_instant_is_in_time_and_one_after_it_is_not() -> None:
    assert first(count([said("in", 0), said("out", 15)], first_response="15m")).status(at(60)) == "met"
    late = first(count([said("in", 0), said("out", 15.1)], first_response="15m"))
    assert (late.status(at(60)), late.breach_at) == ("breached", at(15))


def test_an_answer_before_the_hub_could_know_is_in_time() -> None:
    found = first(count([said("in", 0, collected_at=60), said("out", 20, collected_at=61)], first_response="15m"))
    assert (found.status(at(100)), found.elapsed_s(at(100)), found.share_spent(at(100))) == ("met", 0, 0)


def test_notes_answer_nothing() -> None:
    found = first(count([said("in", 0), said("note", 5)], first_response="15m"))
    assert found.status(at(14)) == "running"
    assert found.status(at(15)) == "breached"


def test_what_was_said_before_the_question_is_no_answer_to_it() -> None:
    found = count([said("out", -30), said("in", 0)], first_response="15m")
    assert (first(found).done_at, found.start) == (None, at(0))


def test_a_question_and_an_answer_of_one_minute_belong_together() -> None:
    assert first(count([said("out", 0), said("in", 0)], first_response="15m")).done_at == at(0)


def test_the_order_of_the_messages_does_not_matter() -> None:
    messages: list[Said] = [
        said("in", 0),
        said("out", 10),
        said("in", 20),
        said("in", 30),
        said("out", 35),
        said("in", 50),
    ]
    found = count(messages, first_response="15m", next_response="20m", resolution="4h")
    assert count(messages[::-1], first_response="15m", next_response="20m", resolution="4h") == found


def test_a_ticket_in_which_no_customer_speaks_has_no_deadlines() -> None:
    found = count([said("out", 0), said("note", 1)], first_response="15m", resolution="4h")
    assert found == Deadlines("p")
    assert (found.intake, found.alarms(), found.all()) == (None, (), ())
    assert found.sla() == Sla(policy="p")


def test_a_policy_without_deadlines_promises_nothing() -> None:
    found = count([said("in", 0)])
    assert found.all() == ()
    assert found.sla() == Sla(policy="p")


# --- next response ---


def test_the_oldest_unanswered_message_counts_and_not_the_last_ping() -> None:
    messages: list[Said] = [said("in", 0), said("out", 5), said("in", 20), said("in", 30), said("in", 40)]
    found = count(messages, first_response="15m", next_response="60m")
    assert found.next_response_due == at(80)
    assert [len(exchange.asked) for exchange in found.exchanges] == [1, 3]


def test_before_the_first_answer_only_the_first_response_is_due() -> None:
    found = count([said("in", 0), said("in", 10)], first_response="15m", next_response="60m")
    assert (found.first_response_due, found.next_response_due) == (at(15), None)


def test_without_a_first_response_every_answer_is_a_next_one() -> None:
    found = count([said("in", 0), said("in", 10)], next_response="60m")
    assert (found.first_response_due, found.next_response_due) == (None, at(60))


def test_an_answered_question_is_no_longer_due_but_is_kept_for_reports() -> None:
    messages: list[Said] = [
        said("in", 0),
        said("out", 5),
        said("in", 20),
        said("out", 90),
        said("in", 100),
        said("out", 110),
    ]
    found = count(messages, first_response="15m", next_response="60m")
    assert found.next_response_due is None
    assert [one.status(at(200)) for one in found.next_responses] == ["breached", "met"]
    assert [one.elapsed_s(at(200)) for one in found.next_responses] == [70 * 60, 10 * 60]
    assert found.first_response_due == at(15)


def test_what_was_not_yet_answered_at_that_time_is_not_met() -> None:
    found = first(count([said("in", 0), said("out", 10)], first_response="15m"))
    assert (found.status(at(5)), found.elapsed_s(at(5))) == ("running", 300)


# --- hidden messages ---


def test_what_the_customer_took_back_needs_no_answer() -> None:
    found = count([said("in", 0, hidden=True), said("in", 30)], first_response="15m")
    assert found.start == at(30)
    assert count([said("in", 0, hidden=True)], first_response="15m") == Deadlines("p")


def test_what_was_answered_before_it_was_taken_back_stays_answered() -> None:
    messages: list[Said] = [said("in", 0, hidden=True), said("out", 5), said("in", 100)]
    found = count(messages, first_response="15m", next_response="60m")
    assert (first(found).status(at(200)), found.next_response_due) == ("met", at(160))


def test_an_answer_is_given_to_what_is_visible_before_it() -> None:
    messages: list[Said] = [said("in", 0, hidden=True), said("in", 30), said("in", 35, hidden=True), said("out", 40)]
    found = count(messages, first_response="15m")
    assert (first(found).start, first(found).status(at(60))) == (at(30), "met")


def test_an_answer_that_was_removed_later_was_given() -> None:
    assert first(count([said("in", 0), said("out", 5, hidden=True)], first_response="15m")).status(at(60)) == "met"


# --- pauses ---


def test_a_pause_moves_what_is_due() -> None:
    states = history((0, "new"), (5, "pending"), (25, "open"), (30, "on_hold"), (40, "open"))
    found = count([said("in", 0)], states, resolution="60m", pause=["pending", "on_hold"])
    assert found.resolution_due == at(90)
    assert resolution(found).elapsed_s(at(45)) == 15 * 60
    assert resolution(found).remaining_s(at(45)) == 45 * 60


def test_pauses_that_follow_each_other_are_one() -> None:
    states = history((5, "pending"), (10, "on_hold"), (15, "pending"), (25, "open"))
    found = count([said("in", 0)], states, resolution="60m", pause=["pending", "on_hold"])
    assert found.resolution_due == at(80)
    assert len(resolution(found).stops) == 1


def test_a_state_that_the_policy_does_not_name_pauses_nothing() -> None:
    states = history((5, "pending"), (25, "open"))
    assert count([said("in", 0)], states, resolution="60m", pause="on_hold").resolution_due == at(60)


def test_a_pause_out_of_hours_costs_nothing() -> None:
    evening = 9 * 60
    states = history((evening - 60, "pending"), (24 * 60 + 60, "open"))
    found = count([said("in", evening - 90)], states, OFFICE, resolution="2h", pause=["pending"])
    assert found.resolution_due == at(24 * 60 + 60 + 90)


def test_while_a_pause_lasts_nobody_can_say_when_it_is_due() -> None:
    found = count([said("in", 0)], history((5, "pending")), first_response="15m", pause=["pending"])
    deadline = first(found)
    assert (found.first_response_due, deadline.breach_at, deadline.status(at(60))) == (None, None, "stopped")
    assert deadline.remaining_s(at(60)) == 600
    assert found.alarms() == ()


def test_a_pause_after_the_breach_does_not_mend_it() -> None:
    found = count([said("in", 0)], history((20, "pending")), first_response="15m", pause=["pending"])
    assert (found.first_response_due, first(found).status(at(60))) == (at(15), "breached")


def test_a_pause_after_the_answer_leaves_the_deadline_as_it_was() -> None:
    messages: list[Said] = [said("in", 0), said("out", 5)]
    found = count(messages, history((5, "pending")), first_response="15m", pause=["pending"])
    assert (found.first_response_due, first(found).status(at(60))) == (at(15), "met")


def test_a_pause_before_the_start_costs_nothing() -> None:
    states = history((-60, "pending"), (-30, "open"))
    assert count([said("in", 0)], states, first_response="15m", pause=["pending"]).first_response_due == at(15)


def test_a_clock_that_would_start_within_a_pause_starts_after_it() -> None:
    states = history((-60, "on_hold"), (30, "open"))
    assert count([said("in", 0)], states, first_response="15m", pause=["on_hold"]).first_response_due == at(45)


def test_states_may_come_in_any_order() -> None:
    states = history((25, "open"), (5, "pending"))
    assert count([said("in", 0)], states, resolution="60m", pause=["pending"]).resolution_due == at(80)


# --- resolution ---


@pytest.mark.parametrize("state", ["solved", "closed"])
def test_a_case_is_solved_when_it_is_solved_or_closed(state: State) -> None:
    found = resolution(count([said("in", 0)], history((30, state)), resolution="60m"))
    assert (found.done_at, found.status(at(500)), found.elapsed_s(at(500))) == (at(30), "met", 1800)


def test_closing_what_is_solved_does_not_move_the_moment() -> None:
    states = history((30, "solved"), (300, "closed"), (900, "hidden"))
    assert resolution(count([said("in", 0)], states, resolution="60m")).done_at == at(30)


def test_a_case_that_is_opened_again_goes_on_with_what_was_left() -> None:
    states = history((50, "solved"), (500, "open"))
    found = resolution(count([said("in", 0)], states, resolution="60m"))
    assert (found.done_at, found.due, found.status(at(505))) == (None, at(510), "running")
    again = resolution(count([said("in", 0)], [*states, *history((520, "solved"))], resolution="60m"))
    assert (again.done_at, again.status(at(600)), again.breach_at) == (at(520), "breached", at(510))
    assert again.elapsed_s(at(600)) == 70 * 60


def test_a_case_that_is_gone_at_the_source_is_neither_met_nor_breached() -> None:
    found = count([said("in", 0)], history((5, "hidden")), first_response="15m", resolution="60m")
    assert [one.status(at(500)) for one in found.all()] == ["stopped", "stopped"]


def test_what_was_closed_without_an_answer_is_not_waited_for() -> None:
    found = count([said("in", 0)], history((5, "closed")), first_response="15m")
    assert (first(found).status(at(500)), found.alarms()) == ("stopped", ())


# --- how far, and when to warn ---


def test_the_spent_share_grows_with_working_time_and_ends_at_one() -> None:
    found = count([said("in", 0)], first_response="20m")
    assert [found.share_spent("first_response", at(minute)) for minute in (-5, 0, 5, 20, 99)] == [0, 0, 0.25, 1, 1]
    assert first(found).remaining_s(at(30)) == -600


def test_the_spent_share_stays_where_it_was_when_the_answer_came() -> None:
    found = count([said("in", 0), said("out", 5)], first_response="20m")
    assert found.share_spent("first_response", at(500)) == 0.25


def test_where_there_is_no_deadline_nothing_is_spent() -> None:
    assert count([said("in", 0)], first_response="20m").share_spent("next_response", at(500)) == 0


def test_points_grow_with_the_spent_share() -> None:
    aging = Aging(points=30)
    found = count([said("in", 0)], first_response="20m")
    points = [aging.grown(found.share_spent(aging.over, at(minute))) for minute in (0, 1, 10, 19.99, 20, 500)]
    assert points == [0, 1, 15, 29, 30, 30]


def test_warnings_come_before_the_breach_in_working_time() -> None:
    evening = 9 * 60
    found = count([said("in", evening - 30)], calendar=OFFICE, resolution="1h", warn=[0.8, 0.5])
    assert found.alarms() == (
        Alarm(at(evening), "resolution", 0.5),
        Alarm(at(24 * 60 + 18), "resolution", 0.8),
        Alarm(at(24 * 60 + 30), "resolution", 1.0),
    )


def test_a_warning_that_came_before_a_pause_stands() -> None:
    found = count([said("in", 0)], history((13, "pending")), first_response="15m", pause="pending")
    assert found.alarms() == (Alarm(at(12), "first_response", 0.8),)


def test_there_is_no_alarm_for_what_is_done() -> None:
    messages: list[Said] = [said("in", 0), said("out", 13), said("in", 20)]
    found = count(messages, first_response="15m", next_response="10m")
    assert found.alarms() == (Alarm(at(28), "next_response", 0.8), Alarm(at(30), "next_response", 1.0))
    assert first(found).warnings == (Alarm(at(12), "first_response", 0.8),)
    assert first(count([said("in", 0), said("out", 5)], first_response="15m")).warnings == ()


def test_a_ticket_carries_what_is_due() -> None:
    messages: list[Said] = [said("in", 0), said("out", 5), said("in", 20)]
    found = count(messages, first_response="15m", next_response="60m", resolution="4h")
    assert found.sla() == Sla(policy="p", first_response_due=at(15), next_response_due=at(80), resolution_due=at(240))


def test_the_messages_of_a_ticket_are_taken_as_they_are() -> None:
    message = Message(
        id=uuid4(),
        sources=(Source(stream="s", source_id="1"),),
        created_at=at(0),
        collected_at=at(3),
        ingested_at=at(4),
    )
    assert count([message], first_response="7m").first_response_due == at(10)
    assert exchanges([message])[0].asked == (message,)
