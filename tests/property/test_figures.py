"""Figures agree with each other, and with what one gets by going through the tickets one by one."""

import tempfile
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from statistics import mean
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.routing.policy import SlaPolicy, always
from hub.sdk import Author, MessageDraft, Ticket, TicketDraft
from hub.sdk.ticket import Sla
from hub.store import Decided, FigureFilter, FigureTable, Router, Store
from hub.store.figures_query import SOURCES
from tests.unit.store.pages import NOW, PUBLISHED, new_store, put

ZONE = ZoneInfo("Europe/Moscow")
POLICY = SlaPolicy.model_validate({"name": "fast", "first_response": "30m", "resolution": "3h"})
GROUPS = ("platform", "queue", "state", "operator", "day", "hour", "week")
STATES = ("new", "open", "pending", "solved", "closed")

case = st.fixed_dictionaries(
    {
        "platform": st.sampled_from(("vk.com", "ok.ru")),
        "minutes": st.integers(0, 4000),
        "said": st.lists(st.tuples(st.sampled_from(("in", "out", "note")), st.integers(0, 300)), max_size=4),
        "rating": st.none() | st.sampled_from((1.0, 2.5, 5.0)),
        "states": st.lists(st.tuples(st.sampled_from(STATES), st.integers(1, 400)), min_size=1, max_size=3),
        "hidden": st.booleans(),
        "ruled": st.booleans(),
    }
)


def _decided(facts: Any) -> Decided:
    hour = facts.created_at.hour
    tags = tuple(f"t{number}" for number in range(hour % 3))
    return Decided("normal", queue=("a", "b", None)[hour % 3], tags=tags, ruleset="v", sla=Sla(policy="fast"))


def _fill(store: Store, cases: Sequence[dict[str, Any]]) -> None:
    for number, one in enumerate(cases):
        begun = PUBLISHED + timedelta(minutes=one["minutes"])
        asked = MessageDraft(source_id=f"{number}", created_at=begun, rating=one["rating"], hidden=one["hidden"])
        messages, at = [asked], begun
        for place, (direction, minutes) in enumerate(one["said"]):
            at += timedelta(minutes=minutes)
            by = Author(key="op", name=f"Op {place}")
            messages.append(MessageDraft(source_id=f"{number}-{place}", created_at=at, direction=direction, author=by))
        now = begun
        for state, minutes in one["states"]:
            now += timedelta(minutes=minutes)
            draft = TicketDraft(thread=f"{number}", kind="review", platform=one["platform"], messages=tuple(messages),
                                state=state)  # fmt: skip
            put(store, draft, router=Router(_decided) if one["ruled"] else None, now=now)
        if number % 3 == 0:
            _count(store)


def _count(store: Store) -> None:
    while store.refresh_figures(lambda _, name: (POLICY, always())):
        pass


def _first_answer(ticket: Ticket) -> float | None:
    """Seconds from when the hub could know of the first question to the first answer, of a ticket that never rested;
    below zero where it was answered before."""
    asked = [one for one in ticket.messages if one.direction == "in"]
    answers = [one for one in ticket.messages if one.direction == "out"]
    if not asked or not answers:
        return None
    return (answers[0].created_at - asked[0].ingested_at).total_seconds()


def _by(ticket: Ticket, group: str) -> Any:
    local = ticket.created_at.astimezone(ZONE)
    answered = [one.author.name for one in ticket.messages if one.direction == "out" and one.author]
    return {
        "platform": ticket.platform,
        "queue": ticket.queue,
        "state": ticket.state,
        "operator": ticket.assignee or (answered[-1] if answered else None),
        "day": local.date().isoformat(),
        "hour": local.hour,
        "week": (local.date() - timedelta(days=local.weekday())).isoformat(),
    }[group]


def _column(table: FigureTable, key: str) -> dict[Any, Any]:
    place = [one.key for one in table.columns].index(key)
    return {row[0]: row[place] for row in table.rows}


def _total(table: FigureTable, key: str) -> Any:
    assert table.total is not None
    return table.total[[one.key for one in table.columns].index(key)]


@pytest.mark.parametrize("group", GROUPS)
@settings(max_examples=6, deadline=None)
@given(cases=st.lists(case, min_size=1, max_size=8))
def test_a_report_is_what_one_gets_ticket_by_ticket(group: str, cases: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder, new_store(Path(folder)) as store:
        _fill(store, cases)
        _count(store)
        tickets = list(store.iter_tickets())
        wanted = FigureFilter(NOW + timedelta(days=30))
        outcome = store.figures("outcome", wanted, ZONE, by=(group,))
        _compare_outcome(outcome, tickets, group)
        ratings = store.figures("ratings", wanted, ZONE, by=(group,))
        rated = [one.rating for one in tickets if one.rating is not None]
        assert _total(ratings, "rating_mean") == (pytest.approx(mean(rated)) if rated else None)
        assert sum(_total(ratings, f"stars_{stars}") for stars in range(1, 6)) == len(rated)
        _compare_with_tickets_behind(store, wanted, group)


def _compare_outcome(table: FigureTable, tickets: Sequence[Ticket], group: str) -> None:
    assert _column(table, "tickets") == Counter(_by(one, group) for one in tickets)
    for key, states in (("solved", ("solved", "closed")), ("hidden", ("hidden",)),
                        ("open", ("new", "open", "pending", "on_hold"))):  # fmt: skip
        expected = Counter(_by(one, group) for one in tickets if one.state in states)
        assert {name: count for name, count in _column(table, key).items() if count} == expected, key
    assert sum(_total(table, key) for key in ("open", "solved", "hidden")) == _total(table, "tickets") == len(tickets)
    for key in ("tickets", "open", "solved", "own"):
        assert sum(_column(table, key).values()) == _total(table, key)


def _compare_with_tickets_behind(store: Store, wanted: FigureFilter, group: str) -> None:
    for name in ("outcome", "response", "resolution", "ratings"):
        table = store.figures(name, wanted, ZONE, by=(group,))
        for column in table.columns:
            if column.kind == "count" and column.key in SOURCES:
                behind = store.figured_tickets(name, wanted, ZONE, column.key, by=(group,)).rows
                counts = {label: count for label, count in _column(table, column.key).items() if count}
                assert Counter(row[0] for row in behind) == counts, (name, column.key)
                assert len(behind) == _total(table, column.key)


@settings(max_examples=15, deadline=None)
@given(cases=st.lists(case, min_size=1, max_size=6))
def test_first_answers_are_those_of_the_messages(cases: list[dict[str, Any]]) -> None:
    resting = [{**one, "hidden": False, "states": [("open", 1)]} for one in cases]
    with tempfile.TemporaryDirectory() as folder, new_store(Path(folder)) as store:
        _fill(store, resting)
        _count(store)
        answered = [one for ticket in store.iter_tickets() if (one := _first_answer(ticket)) is not None]
        waits = sorted(one for one in answered if one >= 0)
        table = store.figures("response", FigureFilter(NOW + timedelta(days=30)), ZONE)
        assert _total(table, "answered") == len(answered)
        assert _total(table, "answer_timed") == len(waits)
        assert _total(table, "answer_median") == (waits[(len(waits) - 1) // 2] if waits else None)
        ruled = sum(_total(table, key) for key in ("in_time", "late"))
        assert ruled <= _total(table, "asked")


@settings(max_examples=15, deadline=None)
@given(cases=st.lists(case, min_size=1, max_size=8), step=st.sampled_from(("day", "week", "month")))
def test_growth_ends_with_what_is_open(cases: list[dict[str, Any]], step: str) -> None:
    with tempfile.TemporaryDirectory() as folder, new_store(Path(folder)) as store:
        _fill(store, cases)
        _count(store)
        wanted = FigureFilter(NOW + timedelta(days=30), since=PUBLISHED + timedelta(hours=20))
        table = store.figures("growth", wanted, ZONE, by=("queue",), step=step)
        still_open = Counter(
            one.queue for one in store.iter_tickets() if one.state not in ("solved", "closed", "hidden")
        )
        last = {row[1]: row[-1] for row in table.rows if row[0] == table.rows[-1][0]}
        assert {queue: number for queue, number in last.items() if number} == still_open
        assert table.total is not None
        assert table.total[-1] == sum(still_open.values())
        left = store.figured_tickets("growth", wanted, ZONE, "left", by=("queue",), step=step).rows
        assert Counter(row[1] for row in left) == still_open
        came, again, ended, change = table.total[2:6]
        assert came + again - ended == change == sum(row[5] for row in table.rows)
        for key in ("came", "again", "ended"):
            behind = store.figured_tickets("growth", wanted, ZONE, key, by=("queue",), step=step).rows
            place = [one.key for one in table.columns].index(key)
            assert Counter(row[:2] for row in behind) == {row[:2]: row[place] for row in table.rows if row[place]}
