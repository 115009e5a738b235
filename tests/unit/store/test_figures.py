"""What is counted of a ticket, worked out by hand; and that figures follow whatever happens to it."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.routing.calendar import Calendar, CalendarSpec
from hub.routing.policy import SlaPolicy, always
from hub.sdk import Author, CustomerCard, FollowUp, MessageDraft, StoreError, TicketDraft
from hub.sdk.ticket import Sla
from hub.store import Crm, Decided, FigureFilter, FigureTable, Place, Router, Store
from hub.store.figures import Clock
from hub.store.figures_clock import TIMES
from hub.store.figures_opened import COUNTS
from hub.store.figures_query import percentile
from hub.store.figures_time import steps
from hub.store.tables import micros
from tests.unit.store.pages import NOW, at, hide, mention, new_store, put, rows, write

MOSCOW = ZoneInfo("Europe/Moscow")
OFFICE = Calendar(CalendarSpec.model_validate({"timezone": "UTC", "hours": {"mon-sun": ["12:00-13:00"]}}))
FAST = SlaPolicy.model_validate(
    {"name": "fast", "first_response": "15m", "next_response": "10m", "resolution": "1h", "target": 0.9}
)
SLOW = SlaPolicy.model_validate({"name": "slow", "resolution": "2h", "calendar": "office", "pause": ["pending"]})
POSTED = SlaPolicy.model_validate({"name": "posted", "first_response": "15m", "start": "published"})
CLOCKS: dict[str, Clock] = {"fast": (FAST, always()), "slow": (SLOW, OFFICE), "posted": (POSTED, always())}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as opened:
        yield opened


def ruled(policy: str = "fast", **facts: Any) -> Router:
    """Rules that decide every ticket alike, with a policy."""
    values = {"priority": "normal", "queue": "claims", "ruleset": "v1", "rules": ("r1", "r2"), **facts}
    return Router(lambda _: Decided(**values, sla=Sla(policy=policy)))


def said(source_id: str, minutes: int, direction: Any = "in", **facts: Any) -> MessageDraft:
    by = Author(key="op", name="Olga") if direction == "out" else Author(key="c")
    return MessageDraft(source_id=source_id, created_at=at(minutes), direction=direction, author=by, **facts)


def thread(*messages: MessageDraft, name: str = "t", **facts: Any) -> TicketDraft:
    return TicketDraft(thread=name, kind="mention", platform="vk.com", messages=messages, **facts)


def counted(store: Store) -> None:
    while store.refresh_figures(lambda _, name: CLOCKS.get(name)):
        pass


def report(store: Store, name: str, *by: str, now: datetime = NOW, **wanted: Any) -> FigureTable:
    counted(store)
    more = {key: wanted.pop(key) for key in ("step", "minutes", "limit") if key in wanted}
    return store.figures(name, FigureFilter(now, **wanted), MOSCOW, by=by, **more)


def total(store: Store, name: str, **wanted: Any) -> dict[str, Any]:
    """The figures of all tickets together, by the columns' keys."""
    table = report(store, name, **wanted)
    assert table.total is not None
    return {one.key: value for one, value in zip(table.columns, table.total, strict=True)}


# --- one ticket, by hand ----------------------------------------------------------------------------------------------


def test_an_answer_is_timed_from_when_the_hub_could_know_and_the_lag_of_intake_stands_apart(store: Store) -> None:
    found = at(5)
    put(store, thread(said("q", 0, collected_at=found), said("a", 35, "out")), router=ruled())
    response = total(store, "response")
    assert (response["answer_median"], response["answer_p90"], response["lag_median"]) == (1800, 1800, 300)
    assert (response["answered"], response["in_time"], response["late"], response["in_time_share"]) == (1, 0, 1, 0.0)
    assert (response["target"], response["reached"]) == (0.9, False)


def test_an_answer_at_the_last_instant_is_in_time(store: Store) -> None:
    put(store, thread(said("q", 0, collected_at=at(0)), said("a", 15, "out")), router=ruled())
    response = total(store, "response")
    assert (response["in_time"], response["late"], response["reached"]) == (1, 0, True)


def test_further_answers_have_a_clock_of_their_own(store: Store) -> None:
    talk = [said("q", 0, collected_at=at(0)), said("a", 5, "out"), said("q2", 20, collected_at=at(20)),
            said("a2", 40, "out"), said("q3", 50, collected_at=at(50)), said("a3", 55, "out")]  # fmt: skip
    put(store, thread(*talk), router=ruled())
    response = total(store, "response")
    assert (response["answered"], response["answer_median"]) == (1, 300)
    assert (response["next_answered"], response["next_median"], response["next_p90"]) == (2, 300, 1200)
    assert response["next_share"] == 0.5


def test_what_waits_is_late_once_it_is_due_and_not_before(store: Store) -> None:
    put(store, thread(said("q", 0, collected_at=at(0))), router=ruled())
    before = total(store, "response", now=at(14))
    after = total(store, "response", now=at(15))
    assert (before["waiting"], before["late"], before["in_time_share"]) == (1, 0, None)
    assert (after["waiting"], after["late"], after["in_time_share"]) == (1, 1, 0.0)


def test_a_solution_is_timed_in_working_hours_and_without_pauses(store: Store) -> None:
    question = said("q", 0, collected_at=at(0))  # 12:00, and the office is open until 13:00
    put(store, thread(question, state="open"), router=ruled("slow"), now=at(0))
    put(store, thread(question, state="pending"), router=ruled("slow"), now=at(20))
    put(store, thread(question, state="open"), router=ruled("slow"), now=at(30))
    put(store, thread(question, state="solved"), router=ruled("slow"), now=at(24 * 60 + 15))  # next day, 12:15
    solved = total(store, "resolution")
    assert (solved["solve_median"], solved["solve_pause_median"]) == (20 * 60 + 30 * 60 + 15 * 60, 10 * 60)
    assert (solved["solved"], solved["solved_in_time"], solved["solved_late"], solved["solved_share"]) == (1, 1, 0, 1)


def test_without_rules_clocks_run_around_the_clock_and_nothing_is_promised(store: Store) -> None:
    put(store, thread(said("q", 0, collected_at=at(0)), state="open"), now=at(0))
    put(store, thread(said("q", 0, collected_at=at(0)), said("a", 600, "out"), state="solved"), now=at(900))
    response, solved = total(store, "response"), total(store, "resolution")
    assert (response["answer_median"], response["in_time"], response["late"], response["target"]) == (
        36_000,
        0,
        0,
        None,
    )
    assert (solved["solve_median"], solved["solved_in_time"], solved["solved_late"]) == (54_000, 0, 0)


def test_what_was_solved_before_it_came_is_solved_but_nobody_knows_how_fast(store: Store) -> None:
    put(store, thread(said("q", 0), state="solved"), router=ruled())
    solved = total(store, "resolution")
    assert (solved["solved"], solved["timed"], solved["solve_median"], solved["solved_in_time"]) == (1, 0, None, 0)


def test_what_was_answered_before_it_came_is_answered_but_nobody_knows_how_fast(store: Store) -> None:
    talk = [said("q", 0), said("a", 30, "out"), said("q2", 40), said("a2", 50, "out")]  # the hub reads it a day later
    put(store, thread(*talk), router=ruled())
    response = total(store, "response")
    assert (response["answered"], response["next_answered"], response["waiting"]) == (1, 1, 0)
    assert (response["answer_timed"], response["answer_median"], response["next_median"]) == (0, None, None)
    assert (response["in_time"], response["late"], response["in_time_share"], response["reached"]) == (0, 0, None, None)
    assert response["next_share"] is None


def test_an_answer_in_the_instant_in_which_the_clock_started_took_no_time(store: Store) -> None:
    put(store, thread(said("q", 0, collected_at=at(5)), said("a", 5, "out")), router=ruled())
    response = total(store, "response")
    assert (response["answer_timed"], response["answer_median"], response["in_time"]) == (1, 0, 1)


def test_a_clock_from_publication_has_the_times_of_history(store: Store) -> None:
    put(store, thread(said("q", 0), said("a", 30, "out")), router=ruled("posted"))
    response = total(store, "response")
    assert (response["answer_timed"], response["answer_median"], response["late"]) == (1, 1800, 1)


def test_a_ticket_that_is_opened_again_has_not_ended(store: Store) -> None:
    for minutes, state in ((0, "open"), (10, "solved"), (20, "open")):
        put(store, thread(said("q", 0), state=state), now=at(minutes))
        counted(store)
    outcome = total(store, "outcome")
    assert (outcome["tickets"], outcome["open"], outcome["solved"]) == (1, 1, 0)
    assert report(store, "growth", step="day").total == (None, 1, 1, 1, 1, 1)


def test_growth_says_of_a_past_day_what_it_said_then(store: Store) -> None:
    day = 24 * 60
    history = ((0, "open"), (day, "solved"), (3 * day, "open"), (4 * day, "closed"), (5 * day, "open"))
    seen: list[tuple[Any, ...]] = []
    for minutes, state in history:
        put(store, thread(said("q", 0), state=state), now=at(minutes))
        lines = report(store, "growth", step="day", now=at(minutes)).rows
        assert list(lines[: len(seen)]) == seen
        seen = list(lines)
    assert [row[1:] for row in seen] == [
        (1, 0, 0, 1, 1), (0, 0, 1, -1, 0), (0, 0, 0, 0, 0), (0, 1, 0, 1, 1), (0, 0, 1, -1, 0), (0, 1, 0, 1, 1)
    ]  # fmt: skip
    for until, row in enumerate(seen, 1):
        inside = FigureFilter(at(5 * day), since=at(-day), until=datetime(2026, 11, 19 + until, tzinfo=MOSCOW))
        assert len(store.figured_tickets("growth", inside, MOSCOW, "left").rows) == row[-1]
    behind = {key: store.figured_tickets("growth", FigureFilter(at(5 * day)), MOSCOW, key, step="day").rows
              for key in ("came", "again", "ended")}  # fmt: skip
    assert {key: [row[0] for row in found] for key, found in behind.items()} == {
        "came": ["2026-11-19"], "again": ["2026-11-22", "2026-11-24"], "ended": ["2026-11-20", "2026-11-23"]
    }  # fmt: skip


def test_growth_of_queues_counts_every_end_and_opening(store: Store) -> None:
    for minutes, state in ((0, "open"), (10, "solved"), (20, "open"), (30, "solved")):
        put(store, thread(said("q", 0), state=state), router=ruled(), now=at(minutes))
        put(store, thread(said("q2", 0), state="open", name="u"), now=at(minutes))
    table = report(store, "growth", "queue", step="day", now=at(60))
    assert [row[1:] for row in table.rows] == [("claims", 1, 1, 2, 0, 0), (None, 1, 0, 0, 1, 1)]
    narrowed = report(store, "growth", step="day", now=at(60), names={"queue": ("claims",)})
    assert narrowed.total == (None, 1, 1, 2, 0, 0)


def test_a_clock_that_was_set_back_leaves_no_end_before_the_beginning(store: Store) -> None:
    for minutes, state in ((0, "open"), (20, "solved"), (10, "open"), (30, "solved"), (40, "open")):
        put(store, thread(said("q", 0), state=state), now=at(minutes))
    counted(store)
    [(ended, again)] = rows(store, "SELECT ended_at, again_at FROM earlier_ends")
    assert (ended, again) == (micros(at(30)), micros(at(40)))


def test_a_ticket_ends_once_whatever_state_follows_and_then_nobody_waits_any_more(store: Store) -> None:
    day = 24 * 60
    for minutes, state in ((0, "open"), (day, "solved"), (2 * day, "closed")):
        put(store, thread(said("q", 0), state=state), now=at(minutes))
        counted(store)
    assert total(store, "response")["waiting"] == 0
    table = report(store, "growth", step="day", now=at(3 * day))
    assert [row[1:] for row in table.rows] == [(1, 0, 0, 1, 1), (0, 0, 1, -1, 0), (0,) * 5, (0,) * 5]


def test_a_hidden_ticket_is_neither_open_nor_solved(store: Store) -> None:
    put(store, mention("1"), mention("2"))
    counted(store)
    put(store, hide("1"), now=at(60))
    outcome = total(store, "outcome")
    assert (outcome["tickets"], outcome["open"], outcome["solved"], outcome["hidden"]) == (2, 1, 0, 1)


# --- who --------------------------------------------------------------------------------------------------------------


def test_the_operator_is_the_assignee_else_who_answered_last(store: Store) -> None:
    put(store, thread(said("q", 0), said("a", 5, "out"), name="x"))
    put(store, thread(said("q2", 0), said("a2", 5, "out"), name="y"), router=ruled(assignee="Pavel"))
    put(store, thread(said("q3", 0), name="z"))
    assert [row[:2] for row in report(store, "work", "operator").rows] == [("Olga", 1), ("Pavel", 1), (None, 1)]


def escalated(store: Store, source_id: str, state: Any, minutes: int, *, department: str, assignee: str) -> None:
    """Open a case for the ticket of a mention, then read it in a *state* so many minutes later."""
    ticket = next(str(one.id) for one in store.iter_tickets() if one.thread == source_id)
    [outgoing] = [store.ask_case(ticket, "crm", department).outgoing]
    assert outgoing
    store.outbox_made(outgoing.n, outgoing.n, Place("crm", "crm", "", f"T-{source_id}"), None)
    put(store, FollowUp(external_id=f"T-{source_id}", state="open", assignee=assignee), connector="crm", instance="crm")
    if state != "open":
        told = FollowUp(external_id=f"T-{source_id}", state=state)
        put(store, told, connector="crm", instance="crm", now=NOW + timedelta(minutes=minutes))


def test_the_back_office_is_counted_by_department_and_assignee(store: Store) -> None:
    put(store, *(mention(name) for name in "abcd"))
    escalated(store, "a", "solved", 30, department="claims", assignee="Ira")
    escalated(store, "b", "closed", 90, department="claims", assignee="Ira")
    escalated(store, "c", "open", 0, department="fraud", assignee="Lev")
    table = report(store, "cases", "department", "case-assignee", now=NOW + timedelta(days=1))
    assert table.rows == (("claims", "Ira", 2, 2, 0, 1800, 5400), ("fraud", "Lev", 1, 0, 1, None, None))
    assert table.total == (None, None, 3, 2, 1, 1800, 5400)
    by_department = report(store, "outcome", "department")
    assert {row[0]: row[5] for row in by_department.rows} == {"claims": 2, "fraud": 1, None: 0}


def test_a_ticket_is_solved_without_others_where_it_never_was_escalated(store: Store) -> None:
    put(store, mention("a"), mention("b", state="open"))
    escalated(store, "a", "solved", 30, department="claims", assignee="Ira")
    for name in "ab":
        ticket = next(str(one.id) for one in store.iter_tickets() if one.thread == name)
        store.set_by_hand(ticket, {"state": "solved"})
    outcome = total(store, "outcome")
    assert (outcome["solved"], outcome["own"], outcome["own_share"], outcome["escalated"]) == (2, 1, 0.5, 1)


# --- what ------------------------------------------------------------------------------------------------------------


def test_ratings_are_rounded_to_stars_and_likes_follow_without_an_event(store: Store) -> None:
    ratings = (0.0, 1.4, 2.5, 4.4, 5.0, None)
    put(store, *(mention(str(number), rating=rating) for number, rating in enumerate(ratings)))
    table = total(store, "ratings")
    assert (table["rated"], table["rating_mean"]) == (5, pytest.approx(2.66))
    assert [table[f"stars_{stars}"] for stars in (5, 4, 3, 2, 1)] == [1, 1, 1, 0, 2]
    put(store, mention("1", rating=1.4, engagement={"likes": 7, "views": 9}))
    counted(store)
    put(store, mention("1", rating=1.4, engagement={"likes": 12}))
    assert (total(store, "ratings")["likes_sum"], total(store, "ratings")["liked"]) == (12, 1)


def test_a_ticket_counts_in_each_of_its_tags_and_rules_and_once_in_all(store: Store) -> None:
    put(store, mention("1"), mention("2"), router=ruled(tags=("fraud", "card")))
    put(store, mention("3"))
    by_tag = report(store, "outcome", "tag")
    assert {row[0]: row[1] for row in by_tag.rows} == {"fraud": 2, "card": 2, None: 1}
    assert by_tag.total is not None
    assert by_tag.total[1] == 3
    assert {row[0]: row[1] for row in report(store, "outcome", "rule").rows} == {"r1": 2, "r2": 2, None: 1}
    assert total(store, "outcome", names={"tag": ("card", "")})["tickets"] == 3
    assert total(store, "outcome", names={"tag": ("card",), "queue": ("claims",)})["tickets"] == 2


def test_a_ticket_counts_in_its_customers_segment_also_where_the_crm_says_so_later(store: Store) -> None:
    gold = mention("1", author="vk.com/vera", body="мой номер +7 912 000-00-08")
    put(store, gold, mention("2", author="vk.com/ivan"), router=ruled())
    assert {row[0]: row[1] for row in report(store, "outcome", "segment").rows} == {None: 2}
    while store.note_contacts({"crm": frozenset(("phone",))}, timedelta(days=30)):
        pass
    [asking] = store.inquiries_due("crm", 10)
    known = CustomerCard(key="contact/7", phones=("+79120000008",), loyalty="gold")
    store.inquiry_answered(asking, Crm("crm", "crm", "acme.example"), [known], None)
    assert {row[0]: row[1] for row in report(store, "outcome", "segment").rows} == {"gold": 1, None: 1}
    assert total(store, "outcome", names={"segment": ("gold",)})["tickets"] == 1


# --- when ------------------------------------------------------------------------------------------------------------


def test_arrivals_are_on_the_clock_of_the_zone_and_say_how_many_operators_they_take(store: Store) -> None:
    # 2026-11-19 is a Thursday; 22:30 UTC is Friday 01:30 in Moscow
    put(store, *(mention(str(number), minutes=630) for number in range(25)), mention("x", minutes=0))
    table = report(store, "arrivals", minutes=6.0, since=at(-12 * 60), until=at(36 * 60))
    night, noon = table.rows[1], table.rows[15]
    assert (night[0], night[1:8]) == (1, (0, 0, 0, 0, 25, 0, 0))
    assert (noon[8], noon[4]) == (1, 1)
    assert (night[10], night[11]) == (25, 3)  # 25 in an hour, 6 minutes each: two and a half operators
    assert sum(row[8] for row in table.rows) == 26


def test_trends_count_weeks_from_monday_and_tell_the_change(store: Store) -> None:
    days = (-8, -8, -1, -1, -1, 0)  # 2026-11-11 and 12, then the 18th and 19th
    for number, day in enumerate(days):
        put(store, mention(str(number), minutes=day * 24 * 60), router=ruled(category="complaint"))
    table = report(store, "trends", "category", until=at(60))
    assert [one.title for one in table.columns if one.title] == ["2026-11-09", "2026-11-16"]
    assert table.rows == (("complaint", 2, 4, 2, 6),)


def test_growth_adds_up_from_step_to_step(store: Store) -> None:
    for day in range(4):
        put(store, *(mention(f"{day}-{number}", minutes=day * 24 * 60, state="open") for number in range(3)),
            now=at(day * 24 * 60 + 1))  # fmt: skip
    for day in (1, 2):
        put(store, mention("0-0" if day == 1 else "1-1", minutes=(day - 1) * 24 * 60, state="solved"),
            now=at(day * 24 * 60 + 5))  # fmt: skip
    table = report(store, "growth", step="day", since=at(24 * 60 - 5), now=at(4 * 24 * 60))
    lines = [row[1:] for row in table.rows]
    assert lines[0] == (3, 0, 1, 2, 5)
    assert lines[1] == (3, 0, 1, 2, 7)
    assert table.total is not None
    assert table.total[1:] == (9, 0, 2, 7, 10)


def test_a_period_is_cut_into_local_days_over_a_change_of_clocks() -> None:
    zone = ZoneInfo("Europe/Berlin")  # 2026-10-25 has 25 hours
    since, until = datetime(2026, 10, 24, tzinfo=zone), datetime(2026, 10, 27, tzinfo=zone)
    parts = steps(since.astimezone(UTC), until.astimezone(UTC), "day", zone)
    assert [(part.name, (part.until - part.since).total_seconds() / 3600) for part in parts] == [
        ("2026-10-24", 24.0), ("2026-10-25", 25.0), ("2026-10-26", 24.0)
    ]  # fmt: skip


def test_a_summary_stands_beside_as_long_a_period_before(store: Store) -> None:
    put(store, mention("1", minutes=0), mention("2", minutes=-24 * 60), mention("3", minutes=-24 * 60))
    table = report(store, "summary", since=at(-60), until=at(60 * 22))
    assert table.rows[0] == ("tickets", 1, 2, -1)


# --- keeping up -------------------------------------------------------------------------------------------------------


def test_figures_cost_nothing_while_nothing_happens(store: Store) -> None:
    put(store, mention("1"))
    counted(store)
    assert store.figures_behind() == 0
    put(store, mention("1"))
    assert store.figures_behind() == 0
    put(store, mention("1", body="edited"))
    assert store.figures_behind() == 1


def test_an_erased_operator_is_in_no_figure_any_more(store: Store) -> None:
    put(store, thread(said("q", 0), said("a", 5, "out"), name="x"), mention("b", author="other"))
    counted(store)
    assert ("Olga",) in rows(store, "SELECT name FROM figure_names")
    store.erase("Olga")
    assert ("Olga",) not in rows(store, "SELECT name FROM figure_names")
    assert [row[:2] for row in report(store, "work", "operator").rows] == [(None, 2)]


def test_events_that_get_the_numbers_of_erased_ones_are_counted(store: Store) -> None:
    put(store, mention("1", author="a"))
    counted(store)
    store.erase("a")
    put(store, mention("2", author="b"))
    assert total(store, "outcome")["tickets"] == 1


def test_figures_made_at_once_are_those_that_followed(store: Store) -> None:
    for minutes, state in ((0, "open"), (10, "solved")):
        put(store, thread(said("q", 0), said("a", 5, "out"), state=state), router=ruled(), now=at(minutes))
        counted(store)
    followed = rows(store, "SELECT * FROM ticket_figures")
    write(store, "DELETE FROM ticket_figures")
    write(store, "DELETE FROM answer_figures")
    write(store, "UPDATE upkeep_state SET events_to = 0")
    counted(store)
    assert rows(store, "SELECT * FROM ticket_figures") == followed


def test_a_percentile_is_a_value_that_occurs() -> None:
    values = {10: 1, 20: 1, 30: 1, 40: 7}
    assert [percentile(values, share) for share in (0.5, 0.9)] == [40, 40]
    assert percentile({1: 1, 2: 1}, 0.5) == 1
    assert percentile({}, 0.5) is None


@pytest.mark.parametrize("name", COUNTS)
def test_every_count_of_every_report_is_opened_into_so_many_tickets(store: Store, name: str) -> None:
    days = (-60, -9, -8, -2, -1, -1, 0)
    for number, day in enumerate(days):
        asked, answer = (
            said(f"q{number}", day * 24 * 60, rating=number % 6),
            said(f"a{number}", day * 24 * 60 + 90 * number, "out"),
        )
        solved = thread(asked, answer, name=f"t{number}", state="solved" if number % 2 else "open")
        put(store, solved, router=ruled(tags=("a", "b")), now=at(day * 24 * 60 + 5))
    counted(store)
    wanted, step = FigureFilter(at(60 * 24)), "week" if name in ("trends", "growth") else None
    by = () if name in ("summary", "arrivals") else ("queue",)
    table = store.figures(name, wanted, MOSCOW, by=by, step=step)
    for key in store.openable_figures(name, wanted, MOSCOW, step):
        behind = store.figured_tickets(name, wanted, MOSCOW, key, by=by, step=step)
        if name == "summary":
            assert len(behind.rows) == next(row[1] for row in table.rows if row[0] == key), key
        elif key == "left":
            assert len(behind.rows) == table.rows[-1][-1]
        else:
            places = [behind.by.index(one) for one in table.by]
            counts = Counter(tuple(row[place] for place in places) for row in behind.rows)
            column = [one.title or one.key for one in table.columns].index(key)
            assert counts == {row[: len(table.by)]: row[column] for row in table.rows if row[column]}, key


def test_what_trends_do_not_show_is_not_behind_them(store: Store) -> None:
    put(store, mention("1", minutes=-100 * 24 * 60), mention("2"))
    counted(store)
    wanted = FigureFilter(at(60))
    assert [row[0] for row in store.figured_tickets("trends", wanted, MOSCOW, "tickets").rows] == ["2026-11-16"]
    with pytest.raises(StoreError, match="2026-11-16, tickets"):
        store.figured_tickets("trends", wanted, MOSCOW, "2026-08-10")


def test_the_tickets_of_growth_stand_in_its_steps(store: Store) -> None:
    put(store, mention("1", minutes=-100 * 24 * 60))
    counted(store)
    assert store.figured_tickets("growth", FigureFilter(at(60)), MOSCOW, "came").rows[0][0] == "2026-08-10"


@pytest.mark.parametrize(
    ("year", "day"), [(1, "1970-01-01"), (1900, "1970-01-01"), (2301, "2300-01-01"), (9999, "2300-01-01")]
)
def test_a_date_that_a_source_made_up_spoils_no_report(store: Store, year: int, day: str) -> None:
    odd = MessageDraft(source_id="odd", created_at=datetime(year, 12, 30, 12, tzinfo=UTC), author=Author(key="c"))
    put(store, thread(odd, name="odd", state="solved"), router=ruled())
    put(store, thread(said("usual", 0), name="usual"), router=ruled())
    for name in TIMES:
        table = report(store, "outcome", name)
        place = [column.key for column in table.columns].index("tickets")
        assert [row[place] for row in table.rows] in ([1, 1], [2]), name
    today = f"{at(0).astimezone(MOSCOW):%Y-%m-%d}"
    assert {row[0] for row in report(store, "outcome", "day").rows} == {today, day}
    assert report(store, "growth").rows
    assert report(store, "arrivals").rows
    report(store, "trends", "category")
