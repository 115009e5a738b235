"""Deadlines as a queue in the store: written with the decision, worked off when they come, each told once."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.route import router
from hub.routing.facts import Customer, Facts
from hub.routing.policy import always
from hub.routing.rules import RuleSet
from hub.sdk import TicketDraft
from hub.store import Decided, Router, Store, open_store, upgrade_store
from hub.store.figures_query import FigureFilter
from hub.store.moment_door import AGAIN_IN
from tests.unit.routing import folder
from tests.unit.store.older import older
from tests.unit.store.pages import NOW, mention, page, rows

POLICY = {"name": "p", "first_response": "10m", "next_response": "20m", "resolution": "5h", "pause": ["pending"]}
LATE = {
    "name": "late",
    "when": {"deadline": {"first_response": "breached"}},
    "then": {"queue": "leads", "points": 50, "notify": "lead", "escalate": {"to": "crm"}},
}


def rules_of(*rules: dict[str, Any], **keys: Any) -> RuleSet:
    return folder.rules_of(json.dumps({"rules": rules, "sla": [POLICY], **keys}))


def routing(*rules: dict[str, Any], **keys: Any) -> Router:
    known = rules_of(*rules, **keys)
    return router(lambda: known, recipients=("lead",)) or pytest.fail("rules make a router")


class Hub:
    """A store, rules and a clock that a test sets; :meth:`restart` closes the one and opens it anew."""

    def __init__(self, path: Path, rules: Router) -> None:
        self._path, self.rules, self.now = path, rules, NOW
        self.store = self._open()

    def _open(self) -> Store:
        return open_store(f"sqlite:///{self._path}", now=lambda: self.now)

    def restart(self) -> None:
        self.store.close()
        self.store = self._open()

    def at(self, minutes: float) -> datetime:
        return NOW + timedelta(minutes=minutes)

    def read(self, source_id: str, minutes: float, *, thread: str = "t", effects: bool = True, **facts: Any) -> None:
        """Read a message of the customer, or of an operator, at the moment at which it is published."""
        self.now = max(self.now, self.at(minutes))
        facts = {"created_at": self.at(minutes), "body": f"text of {source_id}", **facts}
        draft = TicketDraft.of(source_id=source_id, kind="mention", platform="vk.com", thread=thread, **facts)
        self.store.checkpoint(page(draft, router=self.rules, now=self.now, effects=effects))

    def answer(self, source_id: str, minutes: float, **facts: Any) -> None:
        self.read(source_id, minutes, direction="out", **facts)

    def run(self, minutes: float) -> None:
        """Do as a daemon does until so many minutes after the start: pass every moment when it comes."""
        end = self.at(minutes)
        while (coming := self.store.next_moment()) is not None and coming <= end:
            self.now = max(self.now, coming)
            assert self.work_off()
        self.now = max(self.now, end)

    def work_off(self) -> int:
        total = 0
        while done := self.store.pass_moments(self.rules):
            total += done
        return total

    @property
    def ticket(self) -> Any:
        [ticket] = self.store.iter_tickets()
        return ticket

    def told(self) -> list[tuple[str, str, Any]]:
        """Every event of the clock: kind, promise, and the moment at which it was or is due."""
        events = self.store.events(str(self.ticket.id))
        return [
            (event.kind, event.data["promise"], event.data.get("reached")) for event in events if event.cause == "clock"
        ]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path / "hub.db", routing(LATE))
    yield hub
    hub.store.close()


def alarm(kind: str, promise: str, reached: datetime) -> tuple[str, str, str]:
    return f"sla_{kind}", promise, reached.isoformat()


def test_a_deadline_that_passes_is_told_and_the_rules_move_the_ticket(hub: Hub) -> None:
    hub.read("1", 0)
    assert (hub.store.next_moment(), hub.ticket.queue) == (hub.at(8), None)
    hub.run(8)
    assert (hub.told(), hub.ticket.queue) == ([alarm("warning", "first_response", hub.at(8))], None)
    hub.run(11)
    assert hub.told()[1:] == [alarm("breached", "first_response", hub.at(10))]
    assert (hub.ticket.queue, hub.ticket.priority) == ("leads", "urgent")
    assert hub.store.next_moment() == hub.at(240)
    asked = {(row.instance, row.effect) for row in hub.store.outbox_left() if row.state == "waiting"}
    assert ("notify:lead", "notify") in asked


def test_an_event_says_promise_share_due_and_policy(hub: Hub) -> None:
    hub.read("1", 0)
    hub.run(9)
    event = hub.store.events(str(hub.ticket.id))[-1]
    due, reached = hub.at(10).isoformat(), hub.at(8).isoformat()
    assert (event.kind, event.cause, event.at) == ("sla_warning", "clock", hub.at(8))
    assert event.data == {"promise": "first_response", "share": 0.8, "reached": reached, "due": due, "policy": "p"}


def test_a_standstill_of_days_tells_each_once_with_the_moment_at_which_it_was(hub: Hub) -> None:
    hub.read("1", 0)
    hub.restart()
    hub.now = hub.at(3 * 24 * 60)
    assert hub.work_off() == 1
    once = [
        alarm("warning", "first_response", hub.at(8)),
        alarm("breached", "first_response", hub.at(10)),
        alarm("warning", "resolution", hub.at(240)),
        alarm("breached", "resolution", hub.at(300)),
    ]
    assert hub.told() == once
    hub.now = hub.at(0)  # the clock is set back, and forth again
    assert hub.work_off() == 0
    hub.now = hub.at(9 * 24 * 60)
    assert (hub.work_off(), hub.told(), hub.store.next_moment()) == (0, once, None)


def test_deciding_again_for_other_reasons_tells_nothing_twice(hub: Hub) -> None:
    hub.read("1", 0)
    hub.run(11)
    before = hub.told()
    hub.read("1", 12, body="edited", created_at=hub.at(0))
    hub.store.set_by_hand(str(hub.ticket.id), {"category": "complaint"}, router=hub.rules)
    assert hub.told() == before


def test_people_are_told_once_for_each_moment_that_the_rule_asks_for(hub: Hub) -> None:
    hub.rules = routing({**LATE, "when": {"deadline": {"first_response": ["warning", "breached"]}}})
    hub.read("1", 0, author=None)
    hub.run(11)
    hub.restart()
    hub.run(400)
    told = [row.created_at for row in hub.store.outbox_left() if row.effect == "notify"]
    assert told == [hub.at(8), hub.at(10)], "once for the warning, once for the breach, and not for the resolution"


def test_who_was_told_of_a_ticket_is_told_once_more_when_it_is_late(hub: Hub) -> None:
    hub.rules = routing({"name": "all", "then": {"notify": "lead"}}, LATE)
    hub.read("1", 0)
    hub.run(400)
    hub.read("2", 401)
    told = [row.created_at for row in hub.store.outbox_left() if row.effect == "notify"]
    assert told == [hub.at(0), hub.at(10)]


@pytest.mark.parametrize(("mode", "told"), [("backfill", 2), ("poll", 0)])
def test_whoever_was_told_of_the_past_is_told_when_it_is_late(hub: Hub, mode: str, told: int) -> None:
    hub.rules = routing({"name": "all", "then": {"notify": "lead"}}, LATE)
    draft = mention("1", created_at=NOW - timedelta(days=20))
    hub.store.checkpoint(page(draft, router=hub.rules, now=NOW, mode=mode, effects=True))
    hub.run(400)
    assert [row.effect for row in hub.store.outbox_left()].count("notify") == told


def test_what_an_older_hub_queued_says_after_the_upgrade_which_moment_it_is_of(hub: Hub, tmp_path: Path) -> None:
    hub.rules = routing({"name": "all", "then": {"notify": "lead"}}, LATE)
    hub.read("1", 0)
    hub.run(400)
    queued = [row.occasion for row in hub.store.outbox_left() if row.effect == "notify"]
    assert [one.get("promise") for one in queued] == [None, "first_response"]
    older(hub.store, tmp_path / "old.db", "0017")
    with closing(sqlite3.connect(tmp_path / "old.db")) as old, old:
        old.execute("ATTACH ? AS new", (str(hub.store.path),))
        old.execute("INSERT INTO main.outbox SELECT * FROM new.outbox")
        old.execute('UPDATE main.outbox SET payload = \'{"cause":"rule"}\'')
    upgrade_store(f"sqlite:///{tmp_path / 'old.db'}")
    with open_store(f"sqlite:///{tmp_path / 'old.db'}") as store:
        assert [row.occasion for row in store.outbox_left() if row.effect == "notify"] == queued


def test_a_late_ticket_is_escalated_once_whatever_becomes_of_the_case(hub: Hub) -> None:
    decides = hub.rules.decide

    def known(facts: Facts) -> Any:
        return decides(replace(facts, customer=Customer(known=True)))

    hub.rules = replace(hub.rules, decide=known)
    hub.read("1", 0)
    hub.run(11)
    [asked] = [row for row in hub.store.outbox_left() if row.role == "escalated"]
    assert asked.instance == "crm"
    hub.store.outbox_drop([asked.n])
    hub.read("2", 20)
    hub.restart()
    hub.run(400)
    assert [row for row in hub.store.outbox_left() if row.role == "escalated" and row.state == "waiting"] == []


def test_an_answer_ends_the_first_promise_and_the_next_question_begins_another(hub: Hub) -> None:
    hub.read("1", 0)
    hub.answer("2", 5)
    assert hub.store.next_moment() == hub.at(240)
    hub.read("3", 30)
    assert hub.store.next_moment() == hub.at(46)
    hub.run(60)
    assert [told[:2] for told in hub.told()] == [("sla_warning", "next_response"), ("sla_breached", "next_response")]
    hub.answer("4", 60)
    hub.read("5", 70)
    hub.run(95)
    assert [told[2] for told in hub.told()][2:] == [hub.at(86).isoformat(), hub.at(90).isoformat()]


def test_an_answer_that_is_read_later_than_it_was_given_takes_the_breach_back(hub: Hub) -> None:
    hub.read("1", 0)
    hub.run(12)
    assert hub.store.overdue()["first_response"] == 1
    hub.answer("2", 9)
    assert [told[:2] for told in hub.told()][2:] == [("sla_kept", "first_response")]
    assert hub.store.overdue()["first_response"] == 0
    hub.answer("2", 9, body="edited")
    assert len(hub.told()) == 3


def test_a_pause_takes_the_moment_away_and_its_end_brings_it_back(hub: Hub) -> None:
    hub.read("1", 0)
    ticket = str(hub.ticket.id)
    hub.now = hub.at(5)
    hub.store.set_by_hand(ticket, {"state": "pending"}, router=hub.rules)
    assert hub.store.next_moment() is None
    hub.now = hub.at(65)
    hub.store.set_by_hand(ticket, {"state": "open"}, router=hub.rules)
    assert hub.store.next_moment() == hub.at(68)


def test_a_state_that_something_else_has_set_is_looked_at_at_once(hub: Hub) -> None:
    hub.read("1", 0)
    ticket = str(hub.ticket.id)
    hub.now = hub.at(5)
    hub.store.set_by_hand(ticket, {"state": "pending"})  # without rules
    assert hub.store.next_moment() == hub.at(5)
    hub.work_off()
    assert hub.store.next_moment() is None


@pytest.mark.parametrize("state", ["solved", "closed"])
def test_a_ticket_that_ends_has_no_moment_and_one_that_is_opened_again_has(hub: Hub, state: str) -> None:
    hub.read("1", 0)
    ticket = str(hub.ticket.id)
    hub.now = hub.at(5)
    hub.store.set_by_hand(ticket, {"state": state}, router=hub.rules)
    assert rows(hub.store, "SELECT * FROM ticket_moments") == []
    hub.now = hub.at(20)
    hub.store.set_by_hand(ticket, {"state": "open"}, router=hub.rules)
    assert hub.store.next_moment() == hub.at(23)


def test_how_many_are_overdue_is_known_by_promise(hub: Hub) -> None:
    for number in range(3):
        hub.read(str(number), 0, thread=str(number))
    assert hub.store.overdue() == {"first_response": 0, "next_response": 0, "resolution": 0}
    hub.run(11)
    assert hub.store.overdue()["first_response"] == 3
    hub.answer("9", 12, thread="1")
    hub.run(301)
    assert hub.store.overdue() == {"first_response": 2, "next_response": 0, "resolution": 3}


def test_broken_promises_are_counted_between_two_events_and_those_of_history_are_not(hub: Hub) -> None:
    hub.rules = routing(sla=[{**POLICY, "start": "published"}])
    hub.read("1", 0)
    hub.now = hub.at(24 * 60)
    before = hub.store.last_event()
    hub.run(24 * 60)
    hub.read("2", 1, thread="old", effects=False)
    last = hub.store.last_event()
    kinds = [row[0] for row in rows(hub.store, "SELECT kind FROM ticket_events ORDER BY n")]
    assert kinds.count("sla_breached") == 4  # both promises of either
    assert hub.store.breaches(before, last) == {"first_response": 1, "next_response": 0, "resolution": 1}
    assert hub.store.breaches(last, hub.store.last_event()) == {
        "first_response": 0,
        "next_response": 0,
        "resolution": 0,
    }


def test_a_promise_that_was_broken_long_before_the_hub_had_the_question_counts_as_none(hub: Hub) -> None:
    hub.rules = routing(sla=[{**POLICY, "start": "published"}])
    hub.now = hub.at(3 * 24 * 60)
    hub.read("1", 0)  # the first reading of a source that has a past
    hub.read("2", 3 * 24 * 60 - 30, thread="late")
    assert hub.store.breaches(0, hub.store.last_event()) == {"first_response": 1, "next_response": 0, "resolution": 0}


def test_aging_lifts_the_priority_when_the_score_crosses_a_band(hub: Hub) -> None:
    hub.rules = routing(aging={"points": 60})
    hub.read("1", 0)
    assert (hub.ticket.priority, hub.store.next_moment()) == ("normal", hub.at(5))
    hub.run(5.01)
    assert hub.ticket.priority == "high"
    hub.run(9)
    assert hub.ticket.priority == "urgent"


def test_an_old_deadline_of_what_comes_in_late_is_told_and_nobody_is_called(hub: Hub) -> None:
    hub.rules = routing(LATE, sla=[{**POLICY, "start": "published"}])
    hub.now = hub.at(3 * 24 * 60)
    hub.read("1", 0)
    assert [told[:2] for told in hub.told()] == [("sla_breached", "first_response"), ("sla_breached", "resolution")]
    assert (hub.ticket.queue, hub.store.outbox_left()) == (None, [])
    assert hub.store.next_moment() is None


def test_what_a_backfill_brings_has_nothing_to_come(hub: Hub) -> None:
    hub.read("1", 0, effects=False)
    hub.read("1", 1, created_at=hub.at(0), body="edited", effects=False)
    assert (hub.store.next_moment(), hub.store.overdue()["first_response"]) == (None, 0)


def test_what_a_backfill_finds_out_about_a_ticket_that_is_watched_moves_its_moment(hub: Hub) -> None:
    hub.read("1", 0)
    hub.read("2", 5, direction="out", effects=False)
    assert hub.store.next_moment() == hub.at(240)


def test_what_is_erased_or_removed_takes_its_moment_along(hub: Hub) -> None:
    hub.read("1", 0, author={"key": "anna", "name": "Anna"})
    assert hub.store.next_moment() is not None
    hub.store.erase("anna")
    assert rows(hub.store, "SELECT * FROM ticket_moments") == []


def test_the_story_of_the_clock_agrees_with_the_figures(hub: Hub) -> None:
    known = rules_of(LATE)
    for number in range(4):
        hub.read(f"{number}a", 0, thread=str(number))
    for at, number in ((5, 0), (10, 2), (15, 1), (40, 3)):
        hub.run(at)
        hub.answer(f"{number}b", at, thread=str(number))
    hub.run(41)
    while hub.store.refresh_figures(lambda _version, _name: (known.policies[0].sla, always())):
        pass
    table = hub.store.figures("response", FigureFilter(hub.now), UTC)
    figures = dict(zip((column.key for column in table.columns), table.total or (), strict=True))
    assert len(_late(hub.store)) == figures["late"] == 2


def _late(store: Store) -> Sequence[str]:
    """The tickets whose first response was late, as their events say."""
    found: dict[str, str] = {}
    for ticket in store.iter_tickets():
        for event in store.events(str(ticket.id)):
            if event.data.get("promise") == "first_response" and event.kind in ("sla_breached", "sla_kept"):
                found[str(ticket.id)] = event.kind
    return [ticket for ticket, kind in found.items() if kind == "sla_breached"]


def test_a_ticket_that_cannot_be_decided_holds_up_no_other(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(5):
        hub.read(str(number), 0, thread=str(number))
    sound = hub.rules

    def decide(facts: Facts) -> Decided:
        if "text of 3" in facts.texts:
            raise OverflowError("date value out of range")
        return sound.decide(facts)

    hub.rules, hub.now = replace(sound, decide=decide), hub.at(11)
    assert hub.work_off() == 5
    assert [ticket.queue for ticket in hub.store.iter_tickets()].count("leads") == 4
    [bad] = [ticket for ticket in hub.store.iter_tickets() if ticket.queue is None]
    assert hub.store.undecided() == [f"the deadlines of ticket {bad.id} cannot be decided: OverflowError"]
    assert hub.store.next_moment() == hub.at(11) + AGAIN_IN
    hub.now += AGAIN_IN
    assert hub.work_off() == 1
    told = [record for record in caplog.records if record.message == "ticket not decided"]
    assert [str(vars(record)["ticket"]) for record in told] == [str(bad.id)]
    hub.rules = sound
    hub.now += AGAIN_IN
    assert (hub.work_off(), hub.store.undecided()) == (1, [])
    assert {ticket.queue for ticket in hub.store.iter_tickets()} == {"leads"}
