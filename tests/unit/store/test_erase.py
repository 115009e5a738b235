"""Erasing a person: gone from every table, the index and the bytes of the file, and not back with the next read."""

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import cast

import orjson
import pytest

from hub.sdk import Author, FollowUp, MessageDraft, StoreError, Ticket, TicketDraft
from hub.store import (
    CaseLeft,
    Erased,
    FailedPage,
    Named,
    Outgoing,
    Place,
    Rejected,
    StillNamed,
    Store,
    TicketFilter,
    database,
)
from tests.unit.store.pages import at, dump, index_all, mention, opened, put, rows

ANNA = Author(key="vk:4711", name="Анна Неповторимая", handle="@unrepeatable", url="https://vk.example/4711")
BORIS = Author(key="vk:12", name="Борис", handle="@boris")
WORD = "zyxwvutsrq"
OTHER = "bystander"


def review(author: Author, *, answer: str = "answer", body: str = WORD, title: str | None = None) -> TicketDraft:
    """A review with our answer in it."""
    question = MessageDraft(source_id=f"r-{author.key}", created_at=at(0), body=body, author=author)
    reply = MessageDraft(source_id=f"a-{author.key}", created_at=at(1), body=answer, direction="out")
    thread = f"thread of {author.key}"
    return TicketDraft(thread=thread, kind="review", platform="p", messages=(question, reply), title=title)


def bytes_of(store: Store) -> bytes:
    """Everything that lies on the disk for *store*."""
    return b"".join(file.read_bytes() for file in sorted(store.path.parent.glob("hub.db*")))


def found(store: Store, word: str) -> int:
    return len(store.list_tickets(TicketFilter(text=word)))


def test_the_word_would_be_found_in_the_bytes_of_the_file(store: Store) -> None:
    put(store, mention("1", author=ANNA, body=WORD))
    assert WORD.encode() in bytes_of(store)


def test_pages_that_stopped_a_stream_go_unless_they_surely_say_nothing_of_the_person(store: Store) -> None:
    put(store, mention("1", author=ANNA))
    half = f'{{"items": [{{"author": "{ANNA.name}"'.encode()
    bodies = {"a": json.dumps([ANNA.name]).encode(), "b": half, "c": b"<html>", "d": json.dumps([BORIS.name]).encode()}
    for stream, body in bodies.items():
        store.keep_failed_page(FailedPage("one", stream, "", "GET /", 200, "odd", at(0), body))
    store.erase(ANNA.key)
    assert [page.stream for page in store.failed_pages("one")] == ["d"]


@pytest.mark.parametrize("called", [ANNA.key, ANNA.handle, ANNA.name])
def test_a_person_is_gone_from_every_table_the_index_and_the_bytes(store: Store, called: str) -> None:
    put(store, mention("1", thread="t", author=BORIS, body=OTHER, title="of Boris"))
    put(store, mention("2", thread="t", author=ANNA, body=WORD, minutes=1))
    put(store, mention("2", thread="t", author=ANNA, body=f"{WORD} edited", minutes=1))
    put(
        store,
        mention("3", author=ANNA, body=f"{WORD} alone", title=f"title of {WORD}", url=f"https://x.example/{WORD}"),
    )
    index_all(store)
    assert found(store, WORD) == 2
    erased = store.erase(called)
    assert (erased.messages, erased.tickets) == (2, 1)
    assert found(store, WORD) == 0
    assert found(store, OTHER) == 1
    everything = bytes_of(store)
    for trace in (WORD, *filter(None, (ANNA.key, ANNA.handle, ANNA.name, ANNA.url))):
        assert trace.encode() not in everything, trace
    [ticket] = store.iter_tickets()
    assert (ticket.title, [message.author for message in ticket.messages]) == ("of Boris", [BORIS])


def test_somebody_elses_ticket_keeps_its_story_but_for_what_tells_of_the_person(store: Store) -> None:
    put(store, mention("1", thread="t", author=BORIS, body=OTHER))
    put(store, mention("2", thread="t", author=ANNA, body=WORD, minutes=1))
    put(store, mention("3", thread="t", author=BORIS, body=f"{OTHER} again", minutes=2))
    put(store, mention("2", thread="t", author=ANNA, body=f"{WORD} edited", minutes=1))
    put(store, mention("3", thread="t", author=BORIS, body=f"{OTHER} edited", minutes=2))
    [ticket] = store.iter_tickets()
    store.set_by_hand(str(ticket.id), {"state": "solved", "assignee": ANNA.name})
    store.set_by_hand(str(ticket.id), {"assignee": ANNA.key})

    def kinds() -> list[str]:
        return [kind for (kind,) in rows(store, "SELECT kind FROM ticket_events ORDER BY n")]

    added = ["message_added", "message_added", "message_changed", "message_changed"]
    assert kinds() == ["created", *added, "set", "set"]
    store.erase(ANNA.key)
    assert kinds() == ["created", "message_added", "message_changed", "set"]  # the other one tells of her alone
    [(told,)] = rows(store, "SELECT data FROM ticket_events WHERE kind = 'set'")
    assert json.loads(told)["fields"] == {"state": ["new", "solved"]}
    assert WORD.encode() not in bytes_of(store)


def test_the_words_of_an_erased_person_are_in_no_segment_of_the_index(store: Store) -> None:
    for number in range(20):  # several segments, as batches of a long life leave them
        put(store, mention(str(number), author=ANNA if number == 7 else BORIS, body=WORD if number == 7 else OTHER))
        index_all(store)
    store.erase(ANNA.key)
    assert not any(b"zyxwvu" in block for (block,) in rows(store, "SELECT block FROM search_data"))
    assert found(store, OTHER) == 19


def test_the_ticket_that_a_person_opened_goes_with_our_answers_in_it(store: Store) -> None:
    put(store, review(ANNA, answer=f"Dear Anna, {OTHER}", title=WORD))
    index_all(store)
    assert store.erase(ANNA.key) == Erased(messages=2, tickets=1, originals=0, dead_letters=0)
    assert dump(store, ["tickets", "messages", "ticket_events"]) == {"tickets": [], "messages": [], "ticket_events": []}
    assert found(store, OTHER) == 0


def test_an_erased_person_does_not_come_back_with_the_next_read(store: Store) -> None:
    put(store, review(ANNA, title=WORD))
    store.erase(ANNA.key)
    stored = put(store, review(ANNA, title=WORD), mention("9", author=ANNA, body=WORD), review(BORIS, body=OTHER))
    assert stored.added == 2
    [ticket] = store.iter_tickets()
    assert ticket.messages[0].author == BORIS
    assert WORD.encode() not in bytes_of(store)


def test_a_comment_of_an_erased_person_does_not_come_back_and_the_rest_of_the_ticket_does(store: Store) -> None:
    store.erase(ANNA.key)
    put(store, mention("1", author=ANNA))
    store.erase(ANNA.key)
    question = MessageDraft(source_id="1", created_at=at(0), author=BORIS)
    comment = MessageDraft(source_id="2", created_at=at(1), author=ANNA)
    put(store, TicketDraft(thread="t", kind="issue", platform="p", messages=(question, comment), title="of Boris"))
    [ticket] = store.iter_tickets()
    assert (ticket.title, len(ticket.messages)) == ("of Boris", 1)


def test_a_message_of_an_author_without_a_key_does_not_come_back_either(store: Store) -> None:
    nameless = Author(key="", name=ANNA.name)
    put(store, mention("1", author=nameless))
    store.erase("Анна Неповторимая")
    assert put(store, mention("1", author=nameless), mention("2", author=Author(key="", name="Борис"))).added == 1


def test_what_is_kept_of_an_erased_person_is_a_digest(store: Store) -> None:
    put(store, mention("1", author=ANNA))
    store.erase(ANNA.key)
    store.erase(ANNA.key)
    [(digest, _)] = rows(store, "SELECT * FROM erased_authors")
    assert len(digest) == 16


def with_slashes(value: object) -> bytes:
    return json.dumps(value).replace("/", "\\/").encode()


def test_originals_that_were_asked_for_in_the_persons_name_go_too(store: Store) -> None:
    asked = [f'{{"context": {{"case": {{"title": "{ANNA.name}"}}}}}}', '{"context": {}}']
    put(store, mention("1", author=ANNA), originals=[b"{}", b"[]"], requests=asked)
    assert store.erase(ANNA.key).originals == 1
    assert rows(store, "SELECT request FROM originals") == [(asked[1],)]


@pytest.mark.parametrize("name", ["Анна Неповторимая", "u/anna", 'Anna "the one"'])
@pytest.mark.parametrize(
    "dumped", [orjson.dumps, lambda value: json.dumps(value).encode(), with_slashes], ids=["plain", "ascii", "slashes"]
)
def test_originals_and_dead_letters_with_the_person_go_however_they_are_escaped(
    store: Store, name: str, dumped: Callable[[object], bytes]
) -> None:
    authors = (Author(key="vk:4711", name=name), BORIS)
    for number, author in enumerate(authors):
        record = dumped({"by": author.name})
        put(store, mention(str(number), author=author), rejected=[Rejected(record, "no date")], originals=[record])
    erased = store.erase("vk:4711")
    assert (erased.originals, erased.dead_letters) == (1, 1)
    assert [letter.body for letter in store.dead_letters()] == [dumped({"by": BORIS.name})]


def test_an_original_that_is_no_json_is_looked_through_as_it_is(store: Store) -> None:
    put(store, mention("1", author=ANNA), originals=[f"<p>{ANNA.name}</p>".encode(), b"\xff<p>"])
    assert store.erase(ANNA.key).originals == 1


def test_a_person_that_is_not_known_erases_nothing(store: Store) -> None:
    put(store, mention("1", author=BORIS, body="50% of @boris"), originals=[b"page"])
    index_all(store)
    before = dump(store)
    assert store.erase("%") == store.erase("vk:1") == store.erase("бори") == Erased(0, 0, 0, 0)
    assert dump(store) == before


def test_what_comes_after_an_erasure_is_indexed_and_found(store: Store) -> None:
    put(store, mention("1", author=BORIS, body=OTHER))
    put(store, mention("2", author=ANNA, body=WORD))
    index_all(store)
    store.erase(ANNA.key)
    put(store, mention("3", author=BORIS, body="newcomer"))
    assert index_all(store) == 1
    assert (found(store, "newcomer"), found(store, OTHER), found(store, WORD)) == (1, 1, 0)
    put(store, mention("3", author=BORIS, body="changed"))
    assert (found(store, "newcomer"), found(store, "changed")) == (0, 1)


def test_an_erasure_before_the_index_has_followed_up_leaves_the_rest_to_be_indexed(store: Store) -> None:
    put(store, mention("1", author=ANNA, body=WORD), mention("2", author=BORIS, body=OTHER))
    store.erase(ANNA.key)
    index_all(store)
    assert (found(store, WORD), found(store, OTHER)) == (0, 1)


def test_an_erasure_that_a_reader_keeps_from_the_bytes_says_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, mention("1", author=ANNA, body=WORD))
    delivered(store, "1", "7")
    monkeypatch.setattr(database, "_WAIT_S", 0.02)
    with opened(Path(store.path)) as second:
        reading = cast(Generator[Ticket, None, None], store.iter_tickets())
        next(reading)
        told = r"erased, but .* still reads .* erase again. Cases elsewhere tell of the person: desk https://desk.example/7"
        with pytest.raises(StoreError, match=told):
            second.erase(ANNA.key)
        reading.close()
        second.erase(ANNA.key)
    assert WORD.encode() not in bytes_of(store)


@pytest.mark.parametrize("blank", ["", " \t"])
def test_a_blank_author_is_refused_and_nothing_goes(store: Store, blank: str) -> None:
    put(store, mention("1", author=Author(key="", name="Nobody"), body=WORD))
    for call in (store.erase, store.named):
        with pytest.raises(StoreError, match="no author is named"):
            call(blank)
    assert len(list(store.iter_tickets())) == 1


def test_who_is_meant_is_told_before_anything_goes(store: Store) -> None:
    namesake = Author(key="vk:99", name=ANNA.name)
    put(store, review(ANNA))
    put(store, mention("2", author=namesake, body=OTHER))
    put(store, mention("3", author=Author(key="", name=ANNA.name), body=OTHER))
    assert store.named(str(ANNA.name)) == Named(keys=("vk:4711", "vk:99"), keyless=1, messages=4, tickets=3)
    assert store.named(ANNA.key) == Named(keys=("vk:4711",), keyless=0, messages=2, tickets=1)
    assert store.named("nobody") == Named(keys=(), keyless=0, messages=0, tickets=0)
    assert len(list(store.iter_tickets())) == 3


def test_what_others_wrote_stays_though_a_short_word_of_the_person_is_in_it(store: Store) -> None:
    put(store, mention("12", author=Author(key="vk:1", name="Ян"), body="ок"))
    others = {
        "id": 77,
        "text": "срок вышел, Янина ждёт",
        "url": "https://x.example/srok?12",
        "likes": 12,
        "authorName": "Янина",
    }
    own = {"id": 12, "text": "ok", "author": {"name": "anonymous"}}
    put(store, rejected=[Rejected(json.dumps(record).encode(), "odd") for record in (others, own)])
    assert store.erase("vk:1").dead_letters == 1
    [left] = store.dead_letters()
    assert orjson.loads(left.body)["id"] == 77


def test_an_original_that_is_no_json_goes_when_it_holds_a_long_text_of_the_person(store: Store) -> None:
    text = "a complaint that nobody else has written like this"
    put(store, mention("1", author=ANNA, body=text))
    put(store, rejected=[Rejected(f"<p>{text}</p>".encode(), "odd"), Rejected(b"<p>vk:4711</p>", "odd")])
    assert store.erase(ANNA.key).dead_letters == 1


# --- cases elsewhere --------------------------------------------------------------------------------------------------


def delivered(store: Store, thread: str, external_id: str) -> None:
    """Make a case of a ticket at the desk."""
    row = asked(store, thread, "desk")
    place = Place("desk", "desk", "", external_id)
    store.outbox_made(row.n, 9, place, f"https://desk.example/{external_id}")
    store.outbox_finished(row.n)


def asked(store: Store, thread: str, instance: str) -> Outgoing:
    ticket = next(str(one.id) for one in store.iter_tickets() if one.thread == thread)
    row = store.ask_case(ticket, instance).outgoing
    assert row is not None
    return row


def test_where_the_words_of_an_erased_person_still_stand_is_named(store: Store) -> None:
    put(store, mention("1", author=ANNA), mention("2", author=BORIS), mention("3", author=BORIS))
    put(store, mention("2a", thread="2", author=ANNA, minutes=1))
    for thread in ("1", "2", "3"):
        delivered(store, thread, f"D-{thread}")
    doubtful, _ = asked(store, "1", "crm"), asked(store, "1", "jira")
    store.outbox_unsure(doubtful.n, 1)
    assert store.erase(ANNA.key).cases == (
        CaseLeft("desk", "D-1", "https://desk.example/D-1"),
        CaseLeft("desk", "D-2", "https://desk.example/D-2"),
        CaseLeft("crm", marker=doubtful.marker),
    )
    assert store.erase(ANNA.key).cases == ()


def test_a_case_that_two_profiles_wrote_in_is_named_once_and_one_that_is_gone_is_not(store: Store) -> None:
    put(store, mention("1", author=BORIS), mention("2", author=ANNA))
    other = Author(key="vk:99", name="Другая")
    put(store, *(mention(f"1{who.key}", thread="1", author=who, minutes=1) for who in (ANNA, other)))
    for thread in ("1", "2"):
        delivered(store, thread, f"D-{thread}")
    put(store, FollowUp(external_id="D-2", state="hidden"), connector="desk", instance="desk")
    erased = store.erase(ANNA.key, [("vk.com", other.key)])
    assert [one.external_id for one in erased.cases] == ["D-1"]


def test_where_others_still_have_the_name_is_counted_and_nothing_of_theirs_changes(store: Store) -> None:
    put(store, mention("1", author=BORIS, body="assignee: Анна Неповторимая → Анна Неповторимая"))
    put(store, mention("2", author=BORIS, body="write to @Unrepeatable, not to unrepeatables"))
    put(store, mention("3", author=BORIS, body="Анна и Неповторимая Вера", extra={"assignee": ANNA.name}))
    put(store, mention("4", author=ANNA, body="I am Анна Неповторимая"))
    named = store.erase(ANNA.key).named
    assert named == (
        StillNamed("Анна Неповторимая", '"Анна Неповторимая"', 1, 1),
        StillNamed("@unrepeatable", '"unrepeatable"', 1, 0),
    )
    assert [found(store, one.search) for one in named] == [1, 1]
    assert len(store.list_tickets(TicketFilter())) == 3


@pytest.mark.parametrize(("name", "others"), [("Ann", 1), ("12345", 1), ("Гость", 30)])
def test_names_that_would_be_found_everywhere_are_not_looked_for(store: Store, name: str, others: int) -> None:
    put(store, *(mention(str(number), author=BORIS, body=f"{name} said") for number in range(others)))
    put(store, mention("x", author=Author(key="vk:1", name=name)))
    erased = store.erase("vk:1")
    assert (erased.tickets, erased.named) == (1, ())
