"""A customer who asks again: one ticket, more points, and a clock that keeps to the oldest open message."""

from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

from hub.pipeline.route import router
from hub.routing.rules import RuleSet, load_rules
from hub.sdk import FollowUp, Ticket
from hub.store import Place, Store
from tests.unit.store.pages import NOW, mention, put

MINUTE = timedelta(minutes=1)


@cache
def pack() -> RuleSet:
    return load_rules(None)


def asks(store: Store, number: int, minutes: int, *, direction: str = "in", body: str = "Не могу войти") -> Ticket:
    when = NOW + MINUTE * minutes
    draft = mention(str(number), thread="t", author="vera", body=body, created_at=when, direction=direction)
    put(store, draft, now=when, router=router(pack))
    return next(store.iter_tickets())


def waiting(store: Store, now: datetime) -> tuple[int | None, timedelta | None]:
    facts = store.facts_of(str(next(store.iter_tickets()).id), now)
    return facts.unanswered, facts.waiting


def due(ticket: Ticket) -> tuple[datetime | None, datetime | None]:
    assert ticket.sla is not None
    return ticket.sla.first_response_due, ticket.sla.next_response_due


def test_pings_join_the_open_ticket_raise_its_points_and_never_move_its_deadline(store: Store) -> None:
    found = [asks(store, number, number) for number in range(6)]
    assert len(found[-1].messages) == 6
    assert {due(ticket) for ticket in found} == {(NOW + 15 * MINUTE, None)}
    scores = [ticket.score or 0 for ticket in found]
    steps = [later - earlier for earlier, later in pairwise(scores)]
    assert min(steps) >= 0
    assert [step >= 10 for step in steps] == [True, True, False, True, False]  # the second, the third, the fifth
    assert waiting(store, NOW + 10 * MINUTE) == (6, 10 * MINUTE)


def test_an_answer_ends_the_waiting_and_the_next_question_starts_a_clock_of_its_own(store: Store) -> None:
    for number in range(3):
        asks(store, number, number)
    assert waiting(store, NOW + 5 * MINUTE) == (3, 5 * MINUTE)
    answered = asks(store, 3, 6, direction="out")
    assert waiting(store, NOW + 7 * MINUTE) == (0, None)
    assert "asks-a-third-time" not in (answered.decision.rules if answered.decision else ())
    for number in (4, 5):
        ticket = asks(store, number, 10 + number)
    assert due(ticket) == (NOW + 15 * MINUTE, NOW + 29 * MINUTE)
    assert waiting(store, NOW + 20 * MINUTE) == (2, 6 * MINUTE)


def test_an_older_message_that_is_found_late_gives_no_more_time(store: Store) -> None:
    asks(store, 1, 5)
    ticket = asks(store, 0, 0)  # published first; read in the same minute that it was published in
    assert due(ticket)[0] == NOW + 15 * MINUTE


def test_the_clock_of_an_escalated_ticket_stands_still_and_its_deadlines_move(store: Store) -> None:
    ticket = asks(store, 0, 0)
    assert due(ticket)[0] == NOW + 15 * MINUTE
    row = store.ask_case(str(ticket.id), "there").outgoing
    assert row is not None
    store.outbox_made(row.n, 99, Place("there", "c", "", "T-1"), None)  # the store's clock stands at NOW
    there = {"instance": "there", "stream": "cases", "router": router(pack)}
    put(store, FollowUp(external_id="T-1", state="open"), now=NOW + MINUTE, **there)
    held = next(store.iter_tickets())
    assert (held.state, due(held)[0]) == ("on_hold", None)  # nobody can say yet
    put(store, FollowUp(external_id="T-1", state="solved"), now=NOW + 61 * MINUTE, **there)
    back = next(store.iter_tickets())
    assert (back.state, due(back)[0]) == ("open", NOW + (15 + 61) * MINUTE)
    decided = [event for event in store.events(str(back.id)) if event.kind == "decided"]
    assert all("sla" in event.data["fields"] for event in decided)
