"""What a page does to what is stored already: nothing where nothing changed, one event where something did."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest

from hub.sdk import NAMESPACE, Author, Draft, Message, MessageDraft, Place, Ticket, TicketDraft
from hub.store import Decided, Router, Store, TicketEvent
from tests.unit.store.pages import NOW, TABLES, at, dump, hide, mention, new_store, put, rows, write

CONTENT = [table for table in TABLES if table not in ("streams", "originals")]


def only(store: Store) -> Ticket:
    [ticket] = store.iter_tickets()
    return ticket


def body_of(store: Store) -> Message:
    [message] = only(store).messages
    return message


def events(store: Store) -> list[TicketEvent]:
    return store.events(str(only(store).id))


def news(store: Store) -> list[TicketEvent]:
    """What happened after the ticket was opened."""
    return [event for event in events(store) if event.kind != "created"]


# --- unchanged ------------------------------------------------------------------------------------------------------


def test_an_unchanged_record_writes_no_row_at_all(store: Store) -> None:
    drafts = [
        mention(str(number), thread=str(number % 4), author="k", tags=("b", "a"), title="t", state="open", rating=3)
        for number in range(12)
    ]
    put(store, *drafts, originals=[b"page"])
    before = dump(store)
    stored = put(store, *drafts, originals=[b"page"])
    after = dump(store)
    assert (stored.added, stored.changed, stored.unchanged) == (0, 0, 12)
    assert (stored.created, stored.updated) == ([], [])
    assert {table for table in TABLES if before[table] != after[table]} == {"streams"}


def test_tags_in_another_order_are_no_change(store: Store) -> None:
    put(store, mention("1", tags=("b", "a", "b")))
    before = dump(store, CONTENT)
    assert put(store, mention("1", tags=("a", "b"))).changed == 0
    assert dump(store, CONTENT) == before


def test_counters_change_quietly(store: Store) -> None:
    put(store, mention("1", author=Author(key="k", followers=1), engagement={"likes": 1}, reach=5))
    tickets = dump(store, ["tickets", "ticket_events"])
    facts: dict[str, Any] = {"engagement": {"likes": 2}, "reach": 6, "updated_at": at(9)}
    stored = put(store, mention("1", author=Author(key="k", followers=2), **facts), originals=[b"page"])
    message = body_of(store)
    assert (message.engagement, message.reach, message.updated_at) == ({"likes": 2}, 6, at(9))
    assert message.author == Author(key="k", followers=2)
    assert dump(store, ["tickets", "ticket_events"]) == tickets
    assert (stored.changed, list(stored.updated), rows(store, "SELECT * FROM originals")) == (0, [], [])


# --- changed --------------------------------------------------------------------------------------------------------


def test_a_changed_record_leaves_one_event_with_old_and_new_values(store: Store) -> None:
    put(store, mention("1", body="before", sentiment="neutral", tags=("x",), author=Author(key="k", name="A")))
    facts: dict[str, Any] = {"sentiment": "negative", "tags": ("y",), "author": Author(key="k", name="B")}
    stored = put(store, mention("1", body="after", **facts))
    [event] = news(store)
    assert (event.kind, event.cause, event.at) == ("message_changed", "source", NOW)
    assert event.data == {
        "message": str(body_of(store).id),
        "fields": {
            "body": ["before", "after"],
            "sentiment": ["neutral", "negative"],
            "source_tags": [["x"], ["y"]],
            "author": [{"key": "k", "name": "A"}, {"key": "k", "name": "B"}],
        },
    }
    assert (stored.changed, list(stored.updated)) == (1, [only(store).id.bytes])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"title": "a"}, {"title": "b"}),
        ({"language": "ru"}, {"language": "en"}),
        ({"extra": {"n": 1}}, {"extra": {"n": 2}}),
        ({"state": "open"}, {"state": "solved"}),
    ],
)
def test_a_change_of_the_ticket_itself_is_one_event_with_both_values(
    store: Store, old: dict[str, Any], new: dict[str, Any]
) -> None:
    put(store, mention("1", **old))
    put(store, mention("1", **new))
    [event] = news(store)
    [(name, value)] = old.items()
    assert (event.kind, event.data) == ("changed", {"fields": {name: [value, new[name]]}})


def test_a_place_that_changed_is_told_with_both_values(store: Store) -> None:
    put(store, mention("1", place=Place(key="7", city="Tver")))
    put(store, mention("1", place=Place(key="7", city="Omsk")))
    [event] = news(store)
    assert event.data["fields"] == {"place": [{"key": "7", "city": "Tver"}, {"key": "7", "city": "Omsk"}]}


def test_two_changes_of_a_record_in_one_page_are_one_event(store: Store) -> None:
    put(store, mention("1", body="a"))
    put(store, mention("1", body="b"), mention("1", body="c"))
    [event] = news(store)
    assert event.data["fields"] == {"body": ["a", "c"]}


def test_a_record_that_changed_back_within_a_page_writes_nothing(store: Store) -> None:
    put(store, mention("1", body="a"))
    before = dump(store, CONTENT)
    put(store, mention("1", body="b"), mention("1", body="a"))
    assert dump(store, CONTENT) == before


def test_a_record_that_comes_twice_in_its_first_page_is_one_message(store: Store) -> None:
    stored = put(store, mention("1", body="a"), mention("1", body="b"))
    assert (stored.added, body_of(store).body, news(store)) == (1, "b", [])


def test_what_moved_shows_in_the_revision_and_counters_do_not(store: Store) -> None:
    put(store, mention("1"))
    first = only(store).revision
    put(store, mention("1", engagement={"likes": 1}))
    assert only(store).revision == first
    put(store, mention("1", body="other"))
    assert only(store).revision != first


def test_the_ticket_says_when_the_hub_last_changed_it(store: Store) -> None:
    put(store, mention("1"))
    put(store, mention("1", engagement={"likes": 1}), now=NOW.replace(hour=13))
    assert only(store).updated_at == NOW
    put(store, mention("1", body="other"), now=NOW.replace(hour=14))
    assert only(store).updated_at == NOW.replace(hour=14)
    assert body_of(store).ingested_at == NOW


# --- several messages -----------------------------------------------------------------------------------------------


def test_messages_that_come_out_of_order_stand_in_order(store: Store) -> None:
    for minutes in (5, 1, 3):
        put(store, mention(f"m{minutes}", thread="t", minutes=minutes))
    ticket = only(store)
    assert [message.body for message in ticket.messages] == ["text of m1", "text of m3", "text of m5"]
    assert ticket.created_at == at(1)


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_tickets_content_comes_with_its_earliest_message_in_any_order(store: Store, order: tuple[int, int]) -> None:
    for minutes in order:
        title, url = f"title {minutes}", f"https://example.org/{minutes}"
        put(store, mention(str(minutes), thread="t", minutes=minutes, title=title, url=url, extra={"n": minutes}))
    ticket = only(store)
    assert (ticket.title, ticket.url, ticket.extra) == ("title 1", "https://example.org/1", {"n": 1})


def test_a_later_message_is_told_and_changes_no_content(store: Store) -> None:
    put(store, mention("1", thread="t", title="first"))
    stored = put(store, mention("2", thread="t", minutes=5, title="second", direction="out"))
    [event] = news(store)
    assert (event.kind, event.data["direction"], only(store).title) == ("message_added", "out", "first")
    assert (stored.added, list(stored.created), list(stored.updated)) == (1, [], [only(store).id.bytes])


def test_rating_and_sentiment_are_the_latest_that_the_customer_gave(store: Store) -> None:
    put(store, mention("3", thread="t", minutes=3, rating=5))
    put(store, mention("1", thread="t", minutes=1, rating=1, sentiment="negative"))
    put(store, mention("9", thread="t", minutes=9, rating=2, sentiment="positive", direction="out"))
    assert (only(store).rating, only(store).sentiment) == (5, "negative")


def test_a_rating_in_a_message_of_ours_is_not_the_customers(store: Store) -> None:
    put(store, mention("1", rating=5, sentiment="positive", direction="out"))
    assert (only(store).rating, only(store).sentiment) == (None, None)


def test_a_rating_that_was_taken_back_is_gone(store: Store) -> None:
    put(store, mention("1", rating=1))
    put(store, mention("1"))
    assert only(store).rating is None


def test_the_ticket_shows_the_tags_of_all_its_messages_and_sources(store: Store) -> None:
    put(store, mention("1", thread="t", tags=("a", "c"), same_as="post", place=Place(key="1"), extra={"n": 1}))
    put(store, mention("2", thread="t", minutes=1, tags=("b",)))
    put(store, mention("3", thread="t", tags=("d", "a"), same_as="post"), stream="z")
    assert only(store).source_tags == ("a", "b", "c", "d")
    put(store, mention("2", thread="t", minutes=1))
    ticket = only(store)
    assert (ticket.source_tags, ticket.place, ticket.extra) == (("a", "c", "d"), Place(key="1"), {"n": 1})


def test_a_record_with_an_answer_in_it_is_one_ticket_of_two_messages(store: Store) -> None:
    question = MessageDraft(source_id="1", created_at=at(0), body="question")
    answer = MessageDraft(source_id="1/answer", created_at=at(1), body="answer", direction="out")
    draft = TicketDraft(thread="t", kind="review", platform="p", messages=(answer, question), title="title")
    put(store, draft)
    assert [message.body for message in only(store).messages] == ["question", "answer"]
    assert put(store, draft).unchanged == 2


# --- hidden ---------------------------------------------------------------------------------------------------------


def test_a_ticket_is_hidden_only_when_every_message_of_the_customer_is_and_comes_back(store: Store) -> None:
    put(store, mention("1", thread="t", state="open"), mention("2", thread="t", minutes=1))
    put(store, mention("3", thread="t", minutes=2, direction="out"))
    states = []
    for change in (hide("1"), hide("2"), hide("1", hidden=False)):
        put(store, change)
        states.append(only(store).state)
    assert states == ["open", "hidden", "open"]
    assert [message.hidden for message in only(store).messages] == [False, True, False]


def test_hiding_is_an_event_with_both_values(store: Store) -> None:
    put(store, mention("1"))
    put(store, hide("1"))
    message, ticket = news(store)
    assert message.data["fields"] == {"hidden": [False, True]}
    assert ticket.data["fields"] == {"state": ["new", "hidden"]}
    before = dump(store, CONTENT)
    assert put(store, hide("1")).unchanged == 1
    assert dump(store, CONTENT) == before


def test_a_post_is_hidden_only_when_every_source_says_so(store: Store) -> None:
    put(store, mention("1", thread="t", same_as="post"), stream="a")
    put(store, mention("9", thread="t", same_as="post"), stream="b")
    put(store, hide("1", same_as="post"), stream="a")
    assert only(store).state == "new"
    put(store, hide("9", same_as="post"), stream="b")
    assert only(store).state == "hidden"


def test_a_record_that_does_not_tell_leaves_hidden_as_it_is(store: Store) -> None:
    put(store, mention("1"))
    put(store, hide("1"))
    put(store, mention("1", body="edited"))
    assert body_of(store).hidden
    put(store, mention("1", hidden=False))
    assert not body_of(store).hidden


def test_a_new_record_that_is_hidden_opens_a_hidden_ticket(store: Store) -> None:
    put(store, mention("1", hidden=True, state="open"))
    assert only(store).state == "hidden"
    put(store, mention("1", hidden=False, state="open"))
    assert only(store).state == "open"


def test_a_change_of_an_unknown_message_does_nothing(store: Store) -> None:
    put(store, mention("1", same_as="post"))
    before = dump(store, CONTENT)
    stored = put(store, hide("7"), hide("1"), hide("8", same_as="post"), hide("1", same_as="other"))
    assert (stored.added, stored.changed) == (0, 0)
    assert dump(store, CONTENT) == before


@pytest.mark.parametrize(
    "drafts",
    [
        [mention("1"), hide("1")],
        [mention("1", tags=("a",)), mention("2", thread="1", minutes=1)],
        [mention("2", thread="1", minutes=1), mention("1", tags=("a",), title="T")],
        [mention("1", state="solved"), mention("1", state="open", body="edited")],
        [mention("1", same_as="post"), mention("2", same_as="post", thread="1")],
        [mention("1"), mention("1", thread="other", body="moved")],
        [mention("1"), hide("1"), mention("1", hidden=False)],
    ],
    ids=["hidden", "followed", "preceded", "solved", "found twice", "moved", "back"],
)
def test_drafts_that_concern_each_other_end_the_same_in_one_page_and_in_several(
    store: Store, tmp_path: Path, drafts: list[Draft]
) -> None:
    put(store, *drafts)
    (tmp_path / "apart").mkdir()
    with new_store(tmp_path / "apart") as apart:
        for draft in drafts:
            put(apart, draft)
        assert list(store.iter_tickets()) == list(apart.iter_tickets())
        assert dump(store, ["tickets", "messages"]) == dump(apart, ["tickets", "messages"])


# --- state ----------------------------------------------------------------------------------------------------------


def set_by_hand(store: Store, state: str) -> None:
    write(store, "UPDATE tickets SET state = ?, own_state = ?, decided = ?", state, state, '{"set_by_hand":["state"]}')


def test_the_sources_state_is_applied_when_it_changes(store: Store) -> None:
    put(store, mention("1", state="open"))
    put(store, mention("1", state="solved"))
    assert (only(store).state, only(store).closed_at) == ("solved", NOW)
    put(store, mention("1", state="open"))
    assert (only(store).state, only(store).closed_at) == ("open", None)


def test_the_sources_state_never_overwrites_what_a_person_set(store: Store) -> None:
    put(store, mention("1", state="open"))
    set_by_hand(store, "pending")
    put(store, mention("1", state="solved", body="edited"))
    assert (only(store).state, only(store).set_by_hand) == ("pending", ("state",))


def test_the_same_state_again_does_not_undo_what_was_decided_since(store: Store) -> None:
    put(store, mention("1", state="open"))
    write(store, "UPDATE tickets SET state = 'closed', own_state = 'closed'")
    put(store, mention("1", state="open", body="edited"))
    assert only(store).state == "closed"


def test_a_ticket_that_was_solved_when_it_was_found_is_closed_since_then(store: Store) -> None:
    put(store, mention("1", state="solved"))
    assert (only(store).state, only(store).closed_at) == ("solved", NOW)


def test_a_source_without_states_leaves_the_state_alone(store: Store) -> None:
    put(store, mention("1"))
    write(store, "UPDATE tickets SET state = 'closed', own_state = 'closed'")
    put(store, mention("1", body="edited"))
    assert only(store).state == "closed"


def test_a_ticket_that_was_hidden_and_comes_back_has_the_state_that_a_person_set(store: Store) -> None:
    put(store, mention("1"))
    set_by_hand(store, "pending")
    put(store, hide("1"))
    assert only(store).state == "hidden"
    put(store, hide("1", hidden=False))
    assert only(store).state == "pending"


def test_what_routing_decides_stays_when_the_record_is_read_again(store: Store) -> None:
    decided = {"router": Router(lambda facts: Decided(priority="high", queue="claims", category="complaint"))}
    put(store, mention("1"), **decided)
    put(store, mention("1", body="edited"))
    ticket = only(store)
    assert (ticket.priority, ticket.queue, ticket.category) == ("high", "claims", "complaint")


# --- what does not come in ------------------------------------------------------------------------------------------


def test_the_echo_of_our_own_write_is_dropped(store: Store) -> None:
    question = MessageDraft(source_id="1", created_at=at(0))
    echo = MessageDraft(source_id="2", created_at=at(1), direction="out", echo_of="marker")
    put(store, TicketDraft(thread="t", kind="review", platform="p", messages=(question, echo)))
    put(store, mention("3", echo_of="marker"))
    assert [message.sources[0].source_id for message in only(store).messages] == ["1"]


def test_a_ticket_says_everything_that_its_records_said(store: Store) -> None:
    facts: dict[str, Any] = {
        "url": "https://example.org/1",
        "updated_at": at(1),
        "collected_at": at(2),
        "rating": 4.5,
        "sentiment": "positive",
        "reach": 10,
        "engagement": {"likes": 3},
        "withheld": True,
        "attachments": ({"url": "https://example.org/1.png", "kind": "image", "name": "one"},),
        "author": Author(key="k", name="N", handle="@n", url="https://example.org/n", followers=7),
    }
    place = Place(key="7", name="Shop", address="Street 1", city="Tver", country="RU")
    put(store, mention("1", title="T", language="ru", place=place, extra={"n": [1]}, tags=("a",), **facts))
    ticket = only(store)
    said = ticket.messages[0].model_dump(exclude_none=True)
    expected = MessageDraft(source_id="1", created_at=at(0), body="text of 1", **facts).model_dump(exclude_none=True)
    assert {name: said[name] for name in facts} == {name: expected[name] for name in facts}
    assert (ticket.title, ticket.language, ticket.place, ticket.extra) == ("T", "ru", place, {"n": [1]})
    assert (ticket.url, ticket.source_tags, ticket.rating) == ("https://example.org/1", ("a",), 4.5)
    assert Ticket.model_validate(orjson.loads(ticket.model_dump_json())) == ticket


def test_a_ticket_names_the_instance_that_read_it_first(store: Store) -> None:
    put(store, mention("1", thread="t"), instance="first")
    put(store, mention("2", thread="t", minutes=-5), instance="second")
    assert (only(store).instance, only(store).id) == ("first", uuid5(NAMESPACE, "ticket\nc\n\nt"))


def test_a_page_speaks_of_every_message_it_names(store: Store) -> None:
    put(store, mention("1"))
    stored = put(store, mention("1"), mention("2"), hide("3"))
    names = [uuid5(NAMESPACE, f"message\nc\n\nsource\ns\n{number}") for number in (1, 2, 3)]
    assert [UUID(bytes=seen) for seen in stored.seen] == names
