"""One run of one stream: what a page brings and the cursor behind it come together, whatever ends the run."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hub.pipeline.poll import Run
from hub.sdk import (
    AuthError,
    Author,
    HubError,
    MessageDraft,
    Page,
    Read,
    Record,
    Response,
    Send,
    SourceError,
    StoreError,
    Sweep,
    TicketDraft,
    TransientError,
)
from hub.store import Store, StreamKey
from tests.unit.pipeline.script import NOW, Far, Script, finish, poll, records, source, status
from tests.unit.store.pages import dump, write

POLL = StreamKey("one", "s", "poll")
DAY = timedelta(days=1)


def run(store: Store, far: Far, read: Read | None = None, *, key: StreamKey = POLL, **rest: Any) -> Run:
    """Run to the end, from the stored cursor unless *read* says otherwise."""
    sweep, on_page = rest.pop("sweep", None), rest.pop("on_page", None)
    going = Run(source(far, **rest), store, key, read or poll(cursor=cursor(store)), sweep, on_page)
    finish(going.finish())
    return going


def failing(store: Store, far: Far, kind: type[Exception] = HubError, **rest: Any) -> str:
    with pytest.raises(kind) as raised:
        run(store, far, **rest)
    return str(raised.value)


def cursor(store: Store, name: str = "") -> dict[str, Any] | None:
    return next((state.cursor for state in store.streams() if state.name == name), None)


def stored(store: Store, *, hidden: bool = False) -> list[int]:
    """Ids of the stored messages that are *hidden* or not."""
    found = [message for ticket in store.iter_tickets() for message in ticket.messages]
    return sorted(int(message.sources[0].source_id) for message in found if message.hidden is hidden)


def test_a_run_stores_every_page_and_the_cursor_of_the_last(store: Store) -> None:
    far = Far(first=records(1, 2, next="/2"), **{"2": records(3)})
    done = run(store, far)
    assert (stored(store), cursor(store)) == ([1, 2, 3], {"seq": 3})
    assert (done.counts.records, done.counts.created, done.counts.updated, done.counts.unchanged) == (3, 3, 0, 0)


def test_a_run_that_fails_midway_stands_behind_the_last_stored_page(store: Store) -> None:
    far = Far(first=records(1, 2, next="/2"), **{"2": [status(404), records(3, 4)]})
    assert failing(store, far) == "404 from GET /2"
    assert (stored(store), cursor(store)) == ([1, 2], {"seq": 2})
    run(store, far)
    assert (stored(store), cursor(store)) == ([1, 2, 3, 4], {"seq": 4})


def test_a_page_that_cannot_be_stored_leaves_neither_rows_nor_cursor(store: Store) -> None:
    write(store, "CREATE TRIGGER broken BEFORE INSERT ON streams BEGIN SELECT RAISE(ABORT, 'broken here'); END")
    before = dump(store)
    assert "broken here" in failing(store, Far(first=records(1, next="/2"), **{"2": records(2)}), StoreError)
    assert dump(store) == before


def test_a_bad_record_is_set_aside_and_the_cursor_goes_past_it(store: Store) -> None:
    told: list[tuple[int, list[str]]] = []
    far = Far(first={"records": [{"id": 1}, "junk", {"id": None}, {"id": 4}]})
    done = run(
        store, far, on_page=lambda key, page, bad, counts: told.append((counts.records, [b.reason for b in bad]))
    )
    assert (stored(store), cursor(store), done.counts.rejected) == ([1, 4], {"seq": 4}, 2)
    assert [letter.body for letter in store.dead_letters()] == [b'{"id":null}', b'"junk"']
    [(read, reasons)] = told
    assert (read, len(reasons)) == (4, 2)


@pytest.mark.parametrize(
    "facts",
    [
        {"extra": {"at": object()}},
        {"extra": {"n": 2**64}},
        {"extra": {"text": "\ud800"}},
        {"body": "a\ud800b"},
        {"engagement": {"likes": 10**30}},
        {"reach": -(10**30)},
        {"author": Author(key="k", followers=10**30)},
        {"author": Author(key="\ud800")},
    ],
)
@pytest.mark.parametrize("listed", [False, True])
def test_a_draft_that_no_store_can_hold_is_set_aside_alone(store: Store, facts: dict[str, Any], listed: bool) -> None:
    class Odd(Script):
        def normalize(self, record: Record, read: Read) -> Any:
            odd = facts if record["id"] == 2 else {}
            values = {"source_id": record["id"], "created_at": NOW, **odd}
            draft = TicketDraft.of(kind="mention", platform="p", **values)
            return [draft] if listed else draft

    done = run(store, Far(first=records(1, 2, 3)), connector=Odd)
    assert (stored(store), cursor(store), done.counts.rejected) == ([1, 3], {"seq": 3}, 1)
    [letter] = store.dead_letters()
    assert letter.body == b'{"id":2}'
    assert letter.reason.startswith("normalize returned what no store can hold: ")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("body", "a\ud800b", "no store can hold: .*surrogates"),
        ("tags", ("\udfff",), "no store can hold: .*surrogates"),
        ("reach", 2**64, "no store can hold: .*64-bit"),
        ("created_at", "yesterday", "created_at"),
        ("author", {"key": 5}, "author.key"),
        ("engagement", {"likes": object()}, "no store can hold: .*serializable"),
    ],
)
def test_a_wrong_value_in_a_trusted_draft_sets_its_record_aside_alone(
    store: Store, field: str, value: Any, reason: str
) -> None:
    class Trusting(Script):
        def normalize(self, record: Record, read: Read) -> Any:
            draft = TicketDraft.of(source_id=record["id"], kind="mention", platform="p", created_at=NOW)
            message = dict(draft.messages[0]) | ({field: value} if record["id"] == 20 else {})
            return TicketDraft.trusted(dict(draft) | {"messages": (MessageDraft.trusted(message),)})

    numbers = range(1, 41)
    done = run(store, Far(first=records(*numbers)), connector=Trusting)
    assert stored(store) == [number for number in numbers if number != 20]
    assert (cursor(store), done.counts.rejected) == ({"seq": 40}, 1)
    [letter] = store.dead_letters()
    assert letter.body == b'{"id":20}'
    assert re.search(reason, letter.reason)


def test_text_that_no_store_can_hold_is_replaced_and_found_in_its_own_ticket(store: Store) -> None:
    texts = {7: "до\ud800после", 8: "нет\x00да", 9: "цел\U0001f984"}
    page = {"records": [{"id": number, "text": texts.get(number, "x")} for number in range(1, 41)]}
    run(store, Far(first=page))
    bodies = {message.sources[0].source_id: message.body for one in store.iter_tickets() for message in one.messages}
    assert (bodies["7"], bodies["8"], bodies["9"]) == ("до\ufffdпосле", "нет\ufffdда", "цел\U0001f984")
    assert (len(bodies), store.dead_letters()) == (40, [])


def test_a_page_of_html_leaves_the_cursor_where_it_was(store: Store) -> None:
    run(store, Far(first=records(1)))
    before = dump(store)
    assert "expected JSON" in failing(store, Far(first=b"<html>"), SourceError)
    assert dump(store) == before


def test_the_cursor_never_goes_back(store: Store) -> None:
    run(store, Far(first=records(5)))
    run(store, Far(first=records(3, 4)))
    assert (cursor(store), stored(store)) == ({"seq": 5}, [3, 4, 5])


def test_within_a_page_the_furthest_position_counts_whatever_the_order(store: Store) -> None:
    run(store, Far(first=records(7, 9, 8)))
    assert cursor(store) == {"seq": 9}


def test_a_page_may_say_itself_where_the_stream_stands(store: Store) -> None:
    run(store, Far(first=records(1, cursor={"token": "b"}, next="/2"), **{"2": records(cursor={"token": "a"})}))
    assert cursor(store) == {"token": "a"}


def test_a_page_without_news_writes_nothing(store: Store) -> None:
    run(store, Far(first=records(1, cursor={"token": "a"})))
    before = dump(store)
    run(store, Far(first=records(cursor={"token": "a"})))
    assert dump(store) == before


def test_the_first_read_has_no_cursor_and_the_next_begins_at_the_stored_one(store: Store) -> None:
    seen: list[Any] = []

    class Seeing(Script):
        def request(self, read: Read) -> Any:
            seen.append(read.cursor)
            return super().request(read)

    for _ in range(2):
        run(store, Far(first=records(4)), connector=Seeing)
    assert seen == [None, {"seq": 4}]


@pytest.mark.parametrize("mode", ["sweep", "backfill"])
def test_sweeps_and_backfills_leave_the_cursor_alone(store: Store, mode: Any) -> None:
    run(store, Far(first=records(5)))
    read = Read(stream="s", mode=mode, name="edits", now=NOW)
    run(store, Far(first=records(5, 9, text="edited")), read, key=StreamKey("one", "s", mode, "edits"))
    assert (cursor(store), stored(store)) == ({"seq": 5}, [5, 9])
    assert cursor(store, "edits") is None


def test_a_record_read_again_is_counted_as_unchanged_or_updated(store: Store) -> None:
    run(store, Far(first=records(1, 2)))
    done = run(store, Far(first={"records": [{"id": 1}, {"id": 2, "text": "edited"}]}))
    assert (done.counts.unchanged, done.counts.updated, done.counts.created) == (1, 1, 0)


# --- deadlines ------------------------------------------------------------------------------------------------------


def test_what_was_read_before_the_deadline_is_kept(store: Store) -> None:
    never = asyncio.Event()
    far = Far(first=records(1, next="/2"), **{"2": never.wait})
    message = failing(store, far, TransientError, config={"poll_timeout": timedelta(milliseconds=300)})
    assert message == "not done after 0:00:00.300000; what was read is kept and the next run goes on from there"
    assert (stored(store), cursor(store), far.under_way) == ([1], {"seq": 1}, set())


def test_a_time_out_of_the_connectors_own_is_not_taken_for_the_deadline(store: Store) -> None:
    class Slow(Script):
        async def pages(self, read: Read, send: Send) -> AsyncIterator[Page]:
            raise TimeoutError("a library gave up")
            yield Page()

    assert failing(store, Far(), TimeoutError, connector=Slow) == "a library gave up"


def test_a_run_that_ends_early_leaves_no_request_under_way(store: Store) -> None:
    never = asyncio.Event()
    far = Far(first=records(1, ahead=["/2", "/3"]), **{"2": never.wait, "3": never.wait})
    write(store, "CREATE TRIGGER broken BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'broken'); END")
    failing(store, far, StoreError)
    assert far.under_way == set()


# --- inventories ----------------------------------------------------------------------------------------------------

INVENTORY = Sweep("inventory", DAY, timedelta(days=30), inventory=True)


def inventory(store: Store, far: Far, sweep: Sweep = INVENTORY, **rest: Any) -> Run:
    read = Read(stream="s", mode="sweep", name="inventory", now=NOW, since=NOW - timedelta(days=30), until=NOW)
    return run(store, far, read, key=StreamKey("one", "s", "sweep", "inventory"), sweep=sweep, **rest)


@pytest.fixture
def hundred(store: Store) -> Store:
    run(store, Far(first=records(*range(1, 101))))
    return store


def test_an_inventory_hides_what_it_does_not_list(hundred: Store) -> None:
    far = Far(first=records(*range(1, 51), next="/2"), **{"2": records(*range(51, 96))})
    done = inventory(hundred, far)
    assert (stored(hundred, hidden=True), done.warnings) == ([96, 97, 98, 99, 100], [])
    assert done.counts.updated == 5


def test_an_inventory_never_hides_more_than_a_share_and_says_so(hundred: Store) -> None:
    done = inventory(hundred, Far(first=records(*range(1, 80))))
    assert stored(hundred, hidden=True) == []
    [warning] = done.warnings
    assert "21 of 100 records are no longer listed by the source, too many to believe: nothing was hidden" in warning


def test_an_inventory_speaks_only_of_its_scope(store: Store) -> None:
    run(store, Far(first={"records": [{"id": n, "of": "n2" if n > 8 else "n1"} for n in range(1, 11)]}))
    narrowed = Sweep("inventory", DAY, timedelta(days=30), inventory=True, scope={"of": ["n1"]})
    inventory(store, Far(first={"records": [{"id": n, "of": "n1"} for n in range(2, 9)]}), narrowed)
    assert stored(store, hidden=True) == [1]


def test_an_inventory_that_ends_early_hides_nothing(hundred: Store) -> None:
    far = Far(first=records(*range(1, 96), next="/2"), **{"2": status(404)})
    with pytest.raises(SourceError):
        inventory(hundred, far)
    assert stored(hundred, hidden=True) == []


def test_a_record_that_an_inventory_lists_but_cannot_read_is_not_taken_for_missing(hundred: Store) -> None:
    listed: list[Record] = [{"id": number} for number in range(1, 99)]
    done = inventory(hundred, Far(first={"records": [*listed, {"id": 100, "minutes": "odd"}]}))
    assert stored(hundred, hidden=True) == [99]
    assert done.warnings == []


def test_an_inventory_says_nothing_of_the_edges_of_its_window(store: Store) -> None:
    day = 24 * 60  # a record without minutes of its own was published some twenty days ago
    edges = [{"id": 90, "minutes": -9.5 * day}, {"id": 91, "minutes": 19.5 * day}]
    run(store, Far(first={"records": [{"id": 1}, {"id": 2}, {"id": 3}, *edges]}))
    inventory(store, Far(first=records(1, 2)))
    assert stored(store, hidden=True) == [3]


def test_a_sweep_that_is_no_inventory_hides_nothing(hundred: Store) -> None:
    inventory(hundred, Far(first=records(1)), Sweep("inventory", DAY, timedelta(days=30)))
    assert stored(hundred, hidden=True) == []


def test_what_a_sweep_learns_was_deleted_is_hidden(hundred: Store) -> None:
    read = Read(stream="s", mode="sweep", name="deleted", now=NOW)
    gone = {"records": [{"id": 7, "gone": True}, {"id": 777, "gone": True}]}
    run(hundred, Far(first=gone), read, key=StreamKey("one", "s", "sweep", "deleted"))
    assert stored(hundred, hidden=True) == [7]


def test_credentials_that_are_refused_end_the_run_with_what_to_do(store: Store) -> None:
    message = failing(store, Far(first=status(401)), AuthError)
    assert message == "401 from GET /first; renew the credentials or their rights"


def test_pages_of_a_connector_that_walks_its_own_way_are_stored_with_their_originals(store: Store) -> None:
    class Own(Script):
        async def pages(self, read: Read, send: Send) -> AsyncIterator[Page]:
            response: Response = await send(Script.request(self, read))  # type: ignore[arg-type]  # never None here
            yield Page(records=response.json()["records"])

    run(store, Far(first=records(1)), connector=Own)
    assert (stored(store), cursor(store), len(dump(store)["originals"])) == ([1], {"seq": 1}, 1)
