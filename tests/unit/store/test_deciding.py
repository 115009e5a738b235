"""Rules within a checkpoint: who is asked, what is written, what a person has set stays."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.routing.facts import Customer, Facts, facts_of
from hub.sdk import Author, MessageDraft, Place, Sla, Ticket, TicketDraft
from hub.store import Decided, Escalation, Router, Store
from hub.store.facts import facts_of_rows
from hub.store.rows import MessageRow, TicketRow
from tests.unit.store.pages import NOW, at, dump, hide, mention, new_store, put, rows, write

URGENT = Decided("urgent", "claims", "complaint", 85, "anna", ("fraud",), ruleset="v1", rules=("stolen",))
SPAM = Decided("low", category="spam", score=0, state="closed", ruleset="v1", rules=("spam",))
DULL = Decided("normal", score=30, ruleset="v1")


def only(store: Store) -> Ticket:
    [ticket] = store.iter_tickets()
    return ticket


class Asked:
    """A router that decides as a test says and keeps the facts it was asked about."""

    def __init__(self, decide: Decided | Callable[[Facts], Decided] = URGENT, *, needs_history: bool = False) -> None:
        self.facts: list[Facts] = []
        self._decide = decide if callable(decide) else lambda facts: decide
        self.router = Router(self._asked, lambda: needs_history)

    def _asked(self, facts: Facts) -> Decided:
        self.facts.append(facts)
        return self._decide(facts)


def set_by_hand(store: Store, **fields: Any) -> None:
    """Do as a person would."""
    ticket = only(store)
    columns = {name: value for name, value in fields.items() if name in ("priority", "queue", "category")}
    rest = {"set_by_hand": sorted(fields), **{name: v for name, v in fields.items() if name not in (*columns, "state")}}
    [(decided,)] = rows(store, "SELECT decided FROM tickets")
    text = orjson.dumps({**orjson.loads(decided or "{}"), **rest}).decode().replace("'", "''")
    sets = [f"decided = '{text}'", *(f"{name} = '{value}'" for name, value in columns.items())]
    if "state" in fields:
        sets += [f"state = '{fields['state']}'", f"own_state = '{fields['state']}'"]
    write(store, f"UPDATE tickets SET {', '.join(sets)}")
    assert only(store).id == ticket.id


def test_what_rules_decide_is_what_the_ticket_shows(store: Store) -> None:
    due = NOW + timedelta(minutes=7)
    decided = Decided(**{**_fields(URGENT), "sla": Sla(policy="critical", first_response_due=due)})
    put(store, mention("1"), router=Asked(decided).router)
    ticket = only(store)
    assert (ticket.priority, ticket.queue, ticket.category) == ("urgent", "claims", "complaint")
    assert (ticket.score, ticket.assignee, ticket.tags, ticket.state) == (85, "anna", ("fraud",), "new")
    assert ticket.sla == Sla(policy="critical", first_response_due=due)
    assert ticket.decision is not None
    assert (ticket.decision.ruleset, ticket.decision.rules) == ("v1", ("stolen",))


def _fields(decided: Decided) -> dict[str, Any]:
    return {name: getattr(decided, name) for name in Decided.__slots__}


def test_rules_are_asked_for_new_tickets_and_changed_ones_and_no_others(store: Store) -> None:
    asked = Asked()
    put(store, mention("1"), mention("2", thread="t"), router=asked.router)
    assert len(asked.facts) == 2
    put(store, mention("1", engagement={"likes": 9}), router=asked.router)
    assert len(asked.facts) == 2, "counters are no news"
    put(store, mention("1", body="edited"), mention("3", thread="t", minutes=5), router=asked.router)
    assert [facts.texts for facts in asked.facts[2:]] == [("edited",), ("text of 2", "text of 3")]


def test_reading_an_unchanged_record_again_writes_nothing(store: Store) -> None:
    asked = Asked()
    put(store, mention("1"), router=asked.router)
    told = ("tickets", "messages", "ticket_events", "originals")
    before = dump(store, told)
    put(store, mention("1"), router=asked.router, now=NOW + timedelta(days=2))
    assert dump(store, told) == before


def test_a_new_decision_leaves_an_event_with_the_changed_fields(store: Store) -> None:
    put(store, mention("1"), router=Asked(DULL).router)
    put(store, mention("1", body="they stole it"), router=Asked(URGENT).router)
    event = store.events(str(only(store).id))[-1]
    assert (event.kind, event.cause) == ("decided", "rule")
    assert event.data["fields"]["priority"] == ["normal", "urgent"]
    assert event.data["fields"]["score"] == [30, 85]
    assert "state" not in event.data["fields"]


def test_what_a_person_set_is_told_to_the_rules_and_stays(store: Store) -> None:
    put(store, mention("1"), router=Asked(DULL).router)
    set_by_hand(store, queue="vip", state="pending", tags=["mine"], score=50)
    asked = Asked(SPAM)
    put(store, mention("1", body="edited"), router=asked.router)
    assert asked.facts[0].pinned == {"queue": "vip", "state": "pending", "tags": ["mine"], "score": 50}
    ticket = only(store)
    assert (ticket.queue, ticket.state, ticket.tags, ticket.score) == ("vip", "pending", ("mine",), 50)
    assert (ticket.category, ticket.priority) == ("spam", "low")
    assert ticket.set_by_hand == ("queue", "score", "state", "tags")


def test_tags_that_a_person_took_away_are_told_to_the_rules_as_none(store: Store) -> None:
    put(store, mention("1"), router=Asked(DULL).router)
    asked = Asked(SPAM)
    store.set_by_hand(str(only(store).id), {"tags": []}, (), asked.router)
    assert asked.facts[0].pinned == {"tags": []}


def test_a_state_that_a_rule_set_is_taken_back_when_no_rule_wants_it_any_more(store: Store) -> None:
    put(store, mention("1"), router=Asked(SPAM).router)
    closed = only(store)
    assert (closed.state, closed.closed_at) == ("closed", NOW)
    asked = Asked(DULL)
    put(store, mention("1", body="edited"), router=asked.router)
    assert asked.facts[0].state == "new"
    assert (only(store).state, only(store).closed_at) == ("new", None)


def test_a_hidden_ticket_stays_hidden_whatever_rules_say_and_comes_back_as_they_say(store: Store) -> None:
    put(store, mention("1"), router=Asked(DULL).router)
    put(store, hide("1"), router=Asked(SPAM).router)
    assert only(store).state == "hidden"
    put(store, hide("1", hidden=False), router=Asked(SPAM).router)
    assert only(store).state == "closed"


def test_rules_know_when_the_state_changed(store: Store) -> None:
    def review(body: str, state: Any) -> TicketDraft:
        return TicketDraft.of(source_id="1", kind="review", platform="p", body=body, created_at=at(0), state=state)

    asked = Asked(DULL)
    put(store, review("one", "open"), router=asked.router)
    put(store, review("one", "solved"), router=asked.router, now=NOW + timedelta(hours=1))
    put(store, review("two", "open"), router=asked.router, now=NOW + timedelta(hours=2))
    hour, two_hours = NOW + timedelta(hours=1), NOW + timedelta(hours=2)
    assert asked.facts[1].states == ((hour, "solved"),)
    assert asked.facts[2].states == ((hour, "solved"), (two_hours, "open"))


def test_an_error_of_a_rule_set_leaves_nothing_behind(store: Store) -> None:
    def broken(_facts: Facts) -> Decided:
        raise RuntimeError("broken")

    before = dump(store)
    with pytest.raises(RuntimeError):
        put(store, mention("1"), mention("2"), router=Router(broken))
    assert dump(store) == before


def test_what_rules_propose_is_told_once_and_asks_the_outbox_for_nothing(store: Store) -> None:
    proposing = Decided("high", ruleset="v1", proposals=(Escalation("crm", "claims"),))
    put(store, mention("1"), router=Asked(proposing).router)
    put(store, mention("1", body="edited"), router=Asked(proposing).router)
    told = [event for event in store.events(str(only(store).id)) if event.kind == "escalation_proposed"]
    assert [(event.cause, event.data) for event in told] == [("rule", {"to": "crm", "department": "claims"})]
    assert rows(store, "SELECT * FROM outbox") == []


# --- customers ------------------------------------------------------------------------------------------------------


def customers(asked: Asked) -> list[tuple[bool | None, int | None, int | None]]:
    return [(f.customer.first_contact, f.customer.in_week, f.customer.open_tickets) for f in asked.facts]


DAY = 24 * 60


@pytest.mark.parametrize("pages", [1, 4], ids=["one page", "a page each"])
def test_a_customers_other_tickets_are_counted_wherever_a_page_ends(store: Store, pages: int) -> None:
    asked = Asked(lambda facts: SPAM if "spam" in facts.texts else DULL, needs_history=True)
    drafts = [
        mention("1", author="a", minutes=-10 * DAY),
        mention("2", author="a", minutes=-2 * DAY),
        mention("3", author="b", minutes=-DAY),
        mention("4", author="a", minutes=0),
    ]
    size = len(drafts) // pages
    for start in range(0, len(drafts), size):
        put(store, *drafts[start : start + size], router=asked.router)
    assert customers(asked) == [(True, 1, 0), (False, 1, 1), (True, 1, 0), (False, 2, 2)]


def test_closed_tickets_are_not_open_and_other_platforms_are_other_people(store: Store) -> None:
    asked = Asked(lambda facts: SPAM if "spam" in facts.texts else DULL, needs_history=True)
    put(store, mention("1", author="a", body="spam"), router=asked.router)
    elsewhere = mention("2", author="a", minutes=1).model_copy(update={"platform": "ok.ru"})
    put(store, elsewhere, mention("3", author="a", minutes=2), router=asked.router)
    assert customers(asked) == [(True, 1, 0), (True, 1, 0), (False, 2, 0)]


def test_of_somebody_without_a_key_nothing_is_known(store: Store) -> None:
    asked = Asked(DULL, needs_history=True)
    put(store, mention("1", author=Author(key="", name="Ann")), mention("2"), router=asked.router)
    assert [facts.customer for facts in asked.facts] == [Customer(), Customer()]


def test_the_first_rules_know_the_customers_of_the_tickets_before_them(store: Store) -> None:
    put(store, mention("1", author="a", minutes=-5), mention("2", author=Author(key="", name="Ann")))
    store.keep_rules("v1", {"a.yaml": "rules: []"})
    asked = Asked(DULL, needs_history=True)
    put(store, mention("3", author="a"), router=asked.router)
    assert customers(asked) == [(False, 2, 1)]


def test_customers_are_looked_for_only_where_rules_need_them(store: Store) -> None:
    asked = Asked(DULL)
    put(store, mention("1", author="a"), mention("2", author="a"), router=asked.router)
    assert customers(asked) == [(None, None, None)] * 2


# --- what rules see -------------------------------------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)
MESSAGES = st.lists(
    st.builds(
        MessageDraft,
        source_id=st.uuids().map(str),
        created_at=st.integers(-999, 999).map(at),
        collected_at=st.none() | st.integers(0, 99).map(at),
        direction=st.sampled_from(["in", "out", "note"]),
        author=st.none() | st.builds(Author, key=TEXT, name=st.none() | TEXT, followers=st.none() | st.integers(0, 9)),
        body=TEXT,
        rating=st.none() | st.integers(0, 5).map(float),
        sentiment=st.none() | st.sampled_from(["positive", "negative"]),
        reach=st.none() | st.integers(0, 9),
        engagement=st.none() | st.dictionaries(st.sampled_from(["likes", "views"]), st.integers(0, 9)),
        hidden=st.none() | st.booleans(),
        withheld=st.booleans(),
        tags=st.lists(TEXT.filter(bool), max_size=2).map(tuple),
    ),
    min_size=1,
    max_size=4,
)
TICKETS = st.builds(
    TicketDraft,
    thread=st.just("t"),
    kind=st.sampled_from(["mention", "review"]),
    platform=st.just("vk.com"),
    messages=MESSAGES.map(tuple),
    url=st.none() | st.just("https://example.org/1"),
    title=st.none() | TEXT,
    language=st.none() | st.just("ru"),
    place=st.none() | st.builds(Place, key=st.just("k"), name=st.none() | TEXT, city=st.none() | TEXT),
    extra=st.just({"a": 1}),
)


@given(TICKETS)
@settings(max_examples=60, deadline=None)
def test_rules_see_the_same_in_rows_as_in_the_ticket(draft: TicketDraft) -> None:
    with TemporaryDirectory() as folder, new_store(Path(folder)) as store:
        put(store, draft)
        [ticket] = store.iter_tickets()
        [row] = (TicketRow(*values) for values in rows(store, "SELECT * FROM tickets"))
        messages = [MessageRow(*v) for v in rows(store, "SELECT * FROM messages ORDER BY created_at, id")]
        seen, wanted = facts_of_rows(row, messages, now=NOW), facts_of(ticket, now=NOW)
        for name in Facts.__slots__:
            if name != "messages":
                assert getattr(seen, name) == getattr(wanted, name), name
        told = ("direction", "created_at", "collected_at", "ingested_at", "hidden")
        assert [[getattr(m, name) for name in told] for m in seen.messages] == [
            [getattr(m, name) for name in told] for m in wanted.messages
        ]
        [(_, facts)] = store.iter_facts()
        assert facts.now is not None
        assert facts == facts_of_rows(row, messages, now=facts.now, surging=frozenset())


def test_stored_tickets_are_looked_at_as_when_the_newest_question_was_known(store: Store) -> None:
    question = mention("1", thread="t", minutes=0, collected_at=at(5))
    answer = mention("2", thread="t", minutes=90, direction="out", collected_at=at(95))
    put(store, question, answer, mention("3", minutes=7))
    found = {facts.thread: (facts.now, facts.age) for _, facts in store.iter_facts()}
    assert found == {"t": (at(5), timedelta(minutes=5)), "3": (NOW, NOW - at(7))}


# --- rules in force -------------------------------------------------------------------------------------------------


def test_the_rules_that_came_into_force_last_are_kept_with_their_files(store: Store) -> None:
    assert store.latest_rules() is None
    store.keep_rules("v1", {"a.yaml": "rules: []"})
    store.keep_rules("v2", {"a.yaml": "version: two"})
    store.keep_rules("v2", {"a.yaml": "version: two"})
    kept = store.latest_rules()
    assert kept is not None
    assert (kept.version, dict(kept.files)) == ("v2", {"a.yaml": "version: two"})
    assert len(rows(store, "SELECT 1 FROM rulesets")) == 2
