"""What is history stays history, until the live source or a person brings news of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.routing.moments import Outlook
from hub.sdk import Author, FollowUp
from hub.sdk.customer import CustomerCard
from hub.store import Decided, Escalation, Router, Store
from hub.store.inquiries import Crm
from tests.unit.store.pages import at, mention, new_store, put, rows, write
from tests.unit.store.test_customers import MONTH, WAYS
from tests.unit.store.test_outbox import linked

LATER = Outlook(next_at=at(60 * 24 * 30))
ROUTER = Router(
    lambda facts: Decided(
        "urgent" if facts.customer and facts.customer.known else "normal",
        notify=("lead",),
        escalations=(Escalation("jira", once=True),),
        deliver=("desk",),
        outlook=LATER,
    ),
    lambda: True,
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as made:
        yield made


def read(store: Store, *, live: bool, source_id: str = "1", minutes: int = 0) -> None:
    author = Author(key="al", name="Al")
    draft = mention(source_id, thread="1", author=author, body="+79123456701", minutes=minutes)
    put(store, draft, router=ROUTER, effects=live, mode="poll" if live else "backfill")


def identify(store: Store) -> None:
    while store.note_contacts(WAYS, MONTH):
        pass
    (asking,) = store.inquiries_due("crm", 10)
    card = CustomerCard(key="c1", kind="contact", name="Al", phones=["+79123456701"])
    store.inquiry_answered(asking, Crm("crm", "crm", ""), [card], ROUTER)


def effects(store: Store) -> tuple[list[str], int]:
    found = [effect for (effect,) in rows(store, "SELECT effect FROM outbox ORDER BY n")]
    return found, len(rows(store, "SELECT 1 FROM ticket_moments"))


def test_a_customer_who_becomes_known_changes_history_and_calls_nobody(store: Store) -> None:
    read(store, live=False)
    read(store, live=False, source_id="2", minutes=1)
    identify(store)
    assert effects(store) == ([], 0)
    assert [ticket.priority for ticket in store.iter_tickets()] == ["urgent"], "it is decided anew all the same"


def test_after_live_news_a_ticket_of_history_is_like_any_other(store: Store) -> None:
    read(store, live=False)
    read(store, live=True, source_id="2", minutes=1)
    write(store, "DELETE FROM outbox")
    write(store, "DELETE FROM ticket_moments")
    identify(store)
    assert sorted(effects(store)[0]) == ["create", "create", "notify"]
    assert effects(store)[1] == 1


def test_what_a_person_does_makes_a_ticket_of_history_live(store: Store) -> None:
    read(store, live=False)
    (ticket,) = store.iter_tickets()
    store.set_by_hand(str(ticket.id), {"priority": "high"}, router=ROUTER)
    assert effects(store) == (["notify", "create", "create"], 1)


@pytest.mark.parametrize(("live", "asked"), [(True, ["notify"]), (False, [])])
def test_an_old_word_of_a_case_asks_for_nothing(store: Store, *, live: bool, asked: list[str]) -> None:
    linked(store)
    last = len(rows(store, "SELECT 1 FROM outbox"))
    there = {"instance": "there", "stream": "cases", "mode": "poll" if live else "backfill"}
    told = Router(lambda facts: Decided("normal", notify=("lead",)))
    put(store, FollowUp(external_id="T-1", state="solved"), router=told, effects=live, **there)
    assert effects(store)[0][last:] == asked


@pytest.mark.parametrize(("live", "waits"), [(True, 1), (False, 0)])
def test_a_replay_gives_live_tickets_the_deadlines_of_new_rules_and_history_none(
    store: Store, *, live: bool, waits: int
) -> None:
    how = {"effects": live, "mode": "poll" if live else "backfill"}
    put(store, mention("1"), router=Router(lambda facts: Decided("normal")), **how)
    assert effects(store) == ([], 0)
    ruled = Router(lambda facts: Decided("high", outlook=LATER))
    put(store, mention("1"), router=ruled, effects=False, replay=True)
    assert effects(store) == ([], waits)
    assert [ticket.priority for ticket in store.iter_tickets()] == ["high"]


@pytest.mark.parametrize(("live", "waits"), [(True, 1), (False, 0)])
def test_a_message_that_a_backfill_reads_first_begins_the_deadline_of_a_live_ticket(
    store: Store, *, live: bool, waits: int
) -> None:
    waiting = Router(lambda facts: Decided("normal", outlook=LATER if len(facts.texts) > 1 else Outlook()))
    how = {"effects": live, "mode": "poll" if live else "backfill"}
    put(store, mention("1", thread="1"), router=waiting, **how)
    put(store, mention("2", thread="1", minutes=1), router=waiting, effects=False, mode="backfill")
    put(store, mention("2", thread="1", minutes=1), router=waiting)
    assert effects(store) == ([], waits)
