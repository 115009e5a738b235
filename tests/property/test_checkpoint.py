"""However a source's records reach the store, the store ends the same: cut, replayed, doubled, shuffled, repaged.

The source is small and nasty on purpose: few threads, two streams that find the same posts, edits, deletions. What a
source promises is kept: of one record, versions come in their order, and a post's time of publication does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.sdk import Author, Draft, MessageDraft, TicketDraft
from hub.store import TicketFilter
from hub.store.merge import Merge
from tests.unit.store.pages import at, dump, hide, index_all, new_store, page

STREAMS = ("a", "b")
WORDS = ("alpha", "beta", "gamma", "delta")


@dataclass(frozen=True)
class Item:
    """One record as the source sends it: a version of the record *record*."""

    stream: str
    record: str
    draft: Draft


@dataclass(frozen=True)
class Post:
    """What is the same in every version of a post."""

    thread: str
    minutes: int
    direction: Any
    shared: bool  # the vendor names the post itself, so that both streams find one


POSTS = st.lists(
    st.builds(
        Post,
        thread=st.sampled_from(("t1", "t2", "t3")),
        minutes=st.integers(0, 3),
        direction=st.sampled_from(("in", "in", "in", "out")),
        shared=st.booleans(),
    ),
    min_size=1,
    max_size=5,
)
FACTS = st.fixed_dictionaries(
    {
        "body": st.sampled_from(WORDS),
        "tags": st.lists(st.sampled_from(("x", "y")), max_size=2).map(tuple),
        "hidden": st.sampled_from((None, None, True, False)),
        "rating": st.sampled_from((None, 1, 5)),
        "sentiment": st.sampled_from((None, "negative", "positive")),
        "author": st.sampled_from((None, Author(key="k", name="N"), Author(key="k", name="M", followers=3))),
        "engagement": st.sampled_from((None, {"likes": 1}, {"likes": 2})),
    }
)
CASE = st.fixed_dictionaries(
    {
        "title": st.sampled_from((None, "one", "two")),
        "state": st.sampled_from(("new", "open", "solved")),
        "extra": st.sampled_from(({}, {"a": 1})),
        "url": st.sampled_from((None, "https://example.org/1")),
    }
)


def _draft(post: Post, number: int, record: str, facts: dict[str, Any], case: dict[str, Any], reply: bool) -> Draft:
    message = MessageDraft(
        source_id=record,
        same_as=f"post {number}" if post.shared else None,
        created_at=at(post.minutes),
        direction=post.direction,
        url=case["url"],
        **facts,
    )
    # An answer that comes inside its post's record, as in reviews.
    answer = MessageDraft(source_id=f"{record}/answer", created_at=at(post.minutes + 1), direction="out", body="answer")
    messages = (message, answer) if reply else (message,)
    return TicketDraft(thread=post.thread, kind="mention", platform="vk.com", messages=messages, **case)


@st.composite
def histories(draw: st.DrawFn) -> list[Item]:
    """What a source sends over time, oldest first."""
    items: list[Item] = []
    for number, post in enumerate(draw(POSTS)):
        for stream in STREAMS if post.shared else draw(st.sampled_from([("a",), ("b",)])):
            record = f"{number}{stream}"
            reply = draw(st.booleans())
            versions = draw(st.lists(st.tuples(FACTS, CASE), min_size=1, max_size=3))
            for facts, case in versions:
                items.append(Item(stream, record, _draft(post, number, record, facts, case, reply)))
            same_as = f"post {number}" if post.shared else None
            later = draw(st.lists(st.booleans(), max_size=2))
            items.extend(Item(stream, record, hide(record, hidden=hidden, same_as=same_as)) for hidden in later)
    return _shuffled(items, draw(st.randoms(use_true_random=False)))


def _shuffled(items: Sequence[Item], random: Any) -> list[Item]:
    """Another order, in which each record's versions keep theirs."""
    left: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        left.setdefault((item.stream, item.record), []).append(item)
    mixed = []
    while left:
        key = random.choice(sorted(left))
        mixed.append(left[key].pop(0))
        if not left[key]:
            del left[key]
    return mixed


def _paged(items: Sequence[Item], sizes: Sequence[int]) -> list[list[Item]]:
    """Pages of one stream each, in order, with at most as many items as *sizes* says in turn."""
    pages: list[list[Item]] = []
    for item in items:
        room = sizes[(len(pages) - 1) % len(sizes)]
        if pages and pages[-1][0].stream == item.stream and len(pages[-1]) < room:
            pages[-1].append(item)
        else:
            pages.append([item])
    return pages


def _final(pages: Sequence[Sequence[Item]], *, index_between: bool = False) -> dict[str, Any]:
    """What a store holds that was fed *pages*: every ticket as the public sees it, and what a search finds."""
    with TemporaryDirectory() as folder, new_store(Path(folder)) as store:
        for items in pages:
            store.checkpoint(page(*(item.draft for item in items), stream=items[0].stream, cursor={"seq": 1}))
            if index_between:
                index_all(store)
        index_all(store)
        tickets = {str(ticket.id): orjson.loads(ticket.model_dump_json()) for ticket in store.iter_tickets()}
        found = {
            word: sorted(line.id for line in store.list_tickets(TicketFilter(text=word)))
            for word in (*WORDS, "one", "two", "answer")
        }
        return {"tickets": tickets, "found": found}


SIZES = st.lists(st.integers(1, 12), min_size=1, max_size=4)


@given(histories(), SIZES, st.data())
def test_a_run_cut_anywhere_and_read_again_from_its_last_cursor_ends_the_same(
    items: list[Item], sizes: list[int], data: st.DataObject
) -> None:
    pages = _paged(items, sizes)
    cut = data.draw(st.integers(0, len(pages)), label="pages stored before the cut")
    cursor = data.draw(st.integers(0, cut), label="pages the cursor stands behind")
    assert _final(pages[:cut] + pages[cursor:]) == _final(pages)


@given(histories(), SIZES)
def test_every_page_read_twice_ends_the_same(items: list[Item], sizes: list[int]) -> None:
    pages = _paged(items, sizes)
    twice = [page for page in pages for _ in range(2)]
    assert _final(twice) == _final(pages)


@given(histories(), SIZES, st.randoms(use_true_random=False))
def test_records_in_any_order_end_the_same(items: list[Item], sizes: list[int], random: Any) -> None:
    assert _final(_paged(_shuffled(items, random), sizes)) == _final(_paged(items, sizes))


@given(histories(), SIZES, SIZES)
def test_pages_of_any_size_end_the_same(items: list[Item], sizes: list[int], others: list[int]) -> None:
    assert _final(_paged(items, sizes)) == _final(_paged(items, others))


@given(histories(), SIZES)
@settings(max_examples=30)
def test_an_index_that_follows_page_by_page_finds_what_one_made_at_the_end_finds(
    items: list[Item], sizes: list[int]
) -> None:
    pages = _paged(items, sizes)
    assert _final(pages, index_between=True) == _final(pages)


@given(histories(), SIZES)
def test_the_short_way_for_a_lone_new_message_writes_what_the_long_way_writes(
    items: list[Item], sizes: list[int]
) -> None:
    pages = _paged(items, sizes)
    short = _rows_after(pages)
    with patch.object(Merge, "_is_single", return_value=False):
        assert _rows_after(pages) == short


def _rows_after(pages: Sequence[Sequence[Item]]) -> dict[str, Any]:
    """What the tables hold after *pages*, with ids for row numbers: these say nothing but the order of arrival."""
    with TemporaryDirectory() as folder, new_store(Path(folder)) as store:
        told = [
            store.checkpoint(page(*(item.draft for item in items), stream=items[0].stream, now=at(number)))
            for number, items in enumerate(pages)
        ]
        rows = dump(store, ["tickets", "messages", "ticket_events", "streams"])
        ids = {n: ticket_id for n, ticket_id, *_ in rows["tickets"]}
        rows["tickets"] = sorted(ticket[1:] for ticket in rows["tickets"])
        rows["messages"] = sorted((mid, ids[ticket_n], *rest) for _, mid, ticket_n, *rest in rows["messages"])
        rows["ticket_events"] = sorted((ids[ticket_n], *rest) for _, ticket_n, *rest in rows["ticket_events"])
        counts = [(one.added, one.changed, one.unchanged, sorted(one.created), sorted(one.updated)) for one in told]
        return {**rows, "told": counts}
