"""One post is one message and one thread one ticket, whoever reads it, under whatever name, in whatever order."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid5

import pytest

from hub.sdk import NAMESPACE, Draft
from hub.store import Store, Stored
from hub.store.rows import start_of
from tests.unit.store.pages import dump, hide, mention, opened, put, rows

ALIKE_THREADS = ("11235", "16844")
"""Found by trying: ids of tickets of connector ``c`` that begin with the same four bytes."""

ALIKE_RECORDS = ("43349", "77002")
"""The same for messages of its stream ``s``."""


def test_ids_in_the_store_are_the_uuid5_that_anybody_can_compute(store: Store) -> None:
    put(store, mention("17", thread="t"))
    ticket = store.find_ticket(str(uuid5(NAMESPACE, "ticket\nc\n\nt")))
    assert ticket.messages[0].id == uuid5(NAMESPACE, "message\nc\n\nsource\ns\n17")


def test_a_post_that_the_vendor_names_has_an_id_of_that_name(store: Store) -> None:
    put(store, mention("17", same_as="post"), namespace="site")
    [(found,)] = rows(store, "SELECT id FROM messages")
    assert UUID(bytes=found) == uuid5(NAMESPACE, "message\nc\nsite\nsame\npost")


def test_renaming_an_instance_makes_no_second_ticket(store: Store) -> None:
    put(store, mention("1"), instance="old")
    before = dump(store, ["tickets", "messages", "ticket_events"])
    stored = put(store, mention("1"), instance="new")
    assert (stored.added, stored.changed, stored.unchanged) == (0, 0, 1)
    assert dump(store, ["tickets", "messages", "ticket_events"]) == before


def test_the_same_record_of_another_site_is_another_ticket(store: Store) -> None:
    put(store, mention("1"), namespace="site a")
    put(store, mention("1"), namespace="site b")
    assert store.summary().tickets == 2


def test_the_same_post_of_two_streams_is_one_message_with_two_sources(store: Store) -> None:
    put(store, mention("1", thread="t", same_as="post"), stream="a")
    put(store, mention("9", thread="t", same_as="post"), stream="b")
    [ticket] = store.iter_tickets()
    assert [(source.stream, source.source_id) for source in ticket.messages[0].sources] == [("a", "1"), ("b", "9")]


def test_content_belongs_to_the_first_source_by_name_whatever_the_order_of_arrival(store: Store) -> None:
    first = mention("1", thread="x", same_as="post 1", body="of a", title="of a")
    second = mention("9", thread="x", same_as="post 1", body="of b", title="of b")
    put(store, first, stream="a")
    put(store, second, stream="b")
    [ticket] = store.iter_tickets()
    assert (ticket.title, ticket.messages[0].body) == ("of a", "of a")
    other_way: dict[str, Any] = {"thread": "y", "same_as": "post 2"}
    put(store, mention("9", body="of b", title="of b", **other_way), stream="b")
    put(store, mention("1", body="of a", title="of a", **other_way), stream="a")
    ticket = list(store.iter_tickets())[1]
    assert (ticket.title, ticket.messages[0].body) == ("of a", "of a")


def test_an_edit_by_a_source_that_is_not_the_first_changes_no_content(store: Store) -> None:
    put(store, mention("1", thread="t", same_as="post", body="of a"), stream="a")
    put(store, mention("9", thread="t", same_as="post", body="of b"), stream="b")
    stored = put(store, mention("9", thread="t", same_as="post", body="of b, edited"), stream="b")
    [ticket] = store.iter_tickets()
    assert (stored.changed, ticket.messages[0].body) == (0, "of a")


def test_mentions_of_unknown_authors_are_tickets_of_their_own(store: Store) -> None:
    put(store, *(mention(str(number), author=None) for number in range(3)))
    assert [ticket.thread for ticket in store.iter_tickets()] == ["0", "1", "2"]


def test_one_author_within_one_discussion_is_one_ticket(store: Store) -> None:
    put(store, *(mention(str(number), thread="author:discussion", author="k") for number in range(5)))
    [ticket] = store.iter_tickets()
    assert len(ticket.messages) == 5


def test_a_message_that_moved_to_another_thread_stays_where_it_is(store: Store) -> None:
    put(store, mention("1", thread="OLD-1"))
    put(store, mention("1", thread="NEW-1", body="moved"))
    [ticket] = store.iter_tickets()
    assert (ticket.thread, ticket.messages[0].body) == ("OLD-1", "moved")


@pytest.mark.parametrize("at_once", [True, False], ids=["in one page", "page by page"])
def test_tickets_whose_ids_begin_alike_stay_two(store: Store, at_once: bool) -> None:
    drafts = [mention(thread, thread=thread, title=thread) for thread in ALIKE_THREADS]
    _put(store, drafts, at_once)
    assert len({start for (start,) in rows(store, "SELECT id_start FROM tickets")}) == 1
    assert (put(store, mention("more", thread=ALIKE_THREADS[1])).added, store.summary().tickets) == (1, 2)
    assert [(ticket.thread, len(ticket.messages)) for ticket in store.iter_tickets()] == [
        (ALIKE_THREADS[0], 1),
        (ALIKE_THREADS[1], 2),
    ]
    for thread in ALIKE_THREADS:
        assert store.find_ticket(str(uuid5(NAMESPACE, f"ticket\nc\n\n{thread}"))).thread == thread


@pytest.mark.parametrize("at_once", [True, False], ids=["in one page", "page by page"])
def test_messages_whose_ids_begin_alike_stay_two(store: Store, at_once: bool) -> None:
    drafts = [mention(record) for record in ALIKE_RECORDS]
    _put(store, drafts, at_once)
    assert len({start for (start,) in rows(store, "SELECT id_start FROM messages")}) == 1
    assert put(store, *drafts).unchanged == 2
    put(store, hide(ALIKE_RECORDS[1]))
    assert [(ticket.thread, ticket.state) for ticket in store.iter_tickets()] == [
        (ALIKE_RECORDS[0], "new"),
        (ALIKE_RECORDS[1], "hidden"),
    ]


def _put(store: Store, drafts: list[Any], at_once: bool) -> None:
    for some in [drafts] if at_once else [[draft] for draft in drafts]:
        assert put(store, *some).added == len(some)


def test_a_page_that_two_writers_store_at_once_is_there_once(store: Store) -> None:
    """No index keeps a second one out: the look-up and the writing are one transaction, and writers wait in line."""
    drafts: list[Draft] = [mention(str(number), thread=str(number // 2)) for number in range(100)]
    ready = Barrier(4)

    def write() -> Stored:
        with opened(store.path) as mine:
            ready.wait()
            return put(mine, *drafts)

    with ThreadPoolExecutor(4) as pool:
        stored = [writer.result() for writer in [pool.submit(write) for _ in range(4)]]
    assert sorted(one.added for one in stored) == [0, 0, 0, 100]
    assert (store.summary().tickets, store.summary().messages) == (50, 100)


@pytest.mark.parametrize("uuid", [b"\x00" * 16, b"\xff" * 16, b"\x7f" + b"\xff" * 15, b"\x80" + b"\x00" * 15])
def test_the_start_of_any_id_is_a_number_of_32_bits_with_its_sign(uuid: bytes) -> None:
    assert start_of(uuid) == int.from_bytes(uuid[:4], "big", signed=True)
