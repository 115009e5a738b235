"""Kept originals through today's connector."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pytest

from hub.pipeline.poll import Run
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.replay import Replayed, replay
from hub.sdk import ConnectorConfig, Draft, Read, Record, RecordError, TicketDraft
from hub.store import Store, StreamKey
from tests.unit.pipeline.script import Far, Script, finish, poll, records, source
from tests.unit.store.pages import dump, index_all, new_store, rows, write


class Told(Script):
    """Reads as :class:`Script`; what it makes of a draft can change, as with a new version."""

    newer: ClassVar[Callable[[TicketDraft], TicketDraft]]
    refuses: ClassVar[frozenset[int]]
    meanwhile: ClassVar[list[Callable[[], None]]]

    def normalize(self, record: Record, read: Read) -> Any:
        while self.meanwhile:
            self.meanwhile.pop()()
        if record["id"] in self.refuses:
            raise RecordError("not today")
        draft: Draft = super().normalize(record, read)  # type: ignore[assignment]  # one record, one draft
        if not isinstance(draft, TicketDraft):
            return draft
        if "likes" in record:
            message = draft.messages[0].model_copy(update={"engagement": {"likes": record["likes"]}})
            draft = draft.model_copy(update={"messages": (message,)})
        return type(self).newer(draft)


def louder(draft: TicketDraft) -> TicketDraft:
    return draft.model_copy(
        update={"messages": tuple(one.model_copy(update={"body": one.body.upper()}) for one in draft.messages)}
    )


@pytest.fixture(autouse=True)
def as_ever() -> None:
    Told.newer, Told.refuses, Told.meanwhile = staticmethod(lambda draft: draft), frozenset(), []


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as made:
        yield made


def read(store: Store, *pages: Any) -> None:
    """Poll once for each page."""
    for page in pages:
        going = Run(source(Far(first=page), Told), store, StreamKey("one", "s", "poll"), poll())
        finish(going.finish())


def again(store: Store, **rest: Any) -> Replayed:
    instance = InstanceSettings("one", "script", Told, ConnectorConfig(connector="script"), frozenset({"pull"}))
    place: dict[str, Any] = {"path": Path("hub.toml"), "rules": None, "lang": None, "timezone": ZoneInfo("UTC")}
    place |= {"listen": None, "listen_told": False}
    settings = Settings(store=f"sqlite:///{store.path}", instances={"one": instance}, **place)
    return replay(settings, store, **rest)


def bodies(store: Store) -> list[str]:
    return [text for (text,) in rows(store, "SELECT body FROM messages ORDER BY created_at")]


def several(text: str) -> dict[str, Any]:
    return {"records": [{"id": number, "text": text} for number in (1, 2)]}


def said(number: int, text: str, **rest: Any) -> dict[str, Any]:
    return {"records": [{"id": number, "text": text, **rest}]}


def test_nothing_changes_where_the_connector_says_what_it_said(store: Store) -> None:
    read(store, several("as it was"), said(2, "edited"))
    index_all(store)
    before = dump(store)
    done = again(store, apply=True)
    assert (done.originals, done.records, done.fields, done.created) == (2, 3, {}, set())
    assert dump(store) == before


def test_what_would_change_is_shown_and_nothing_is_stored(store: Store) -> None:
    read(store, several("quiet"))
    before = dump(store)
    Told.newer = staticmethod(louder)
    done = again(store)
    assert (dict(done.fields), len(done.tickets), done.applied) == ({"message.body": 2}, 2, False)
    assert {(one.before, one.after) for one in done.examples} == {("quiet", "QUIET")}
    assert dump(store) == before


def test_it_is_stored_once_with_its_own_cause_and_moves_no_cursor(store: Store) -> None:
    read(store, several("quiet"))
    cursors = rows(store, "SELECT * FROM streams")
    Told.newer = staticmethod(louder)
    assert again(store, apply=True).fields["message.body"] == 2
    assert bodies(store) == ["QUIET", "QUIET"]
    assert rows(store, "SELECT count(*) FROM ticket_events WHERE cause = 'replay'") == [(2,)]
    assert rows(store, "SELECT * FROM streams") == cursors
    before = dump(store)
    assert again(store, apply=True).fields == {}
    assert dump(store) == before


def test_the_last_original_wins(store: Store) -> None:
    read(store, said(1, "first"), said(1, "second"), said(1, "third"))
    Told.newer = staticmethod(louder)
    again(store, apply=True)
    assert bodies(store) == ["THIRD"]
    assert rows(store, "SELECT count(*) FROM ticket_events WHERE cause = 'replay'") == [(1,)]


def test_counters_and_what_is_hidden_stay_as_they_were_read_last(store: Store) -> None:
    read(store, said(1, "a", likes=1), said(1, "a", likes=9), said(2, "b"), {"records": [{"id": 2, "gone": True}]})
    known = rows(store, "SELECT counters, hidden FROM messages ORDER BY created_at")
    assert ('{"engagement":{"likes":9}}', 0) in known
    Told.newer = staticmethod(louder)
    again(store, apply=True)
    assert rows(store, "SELECT counters, hidden FROM messages ORDER BY created_at") == known
    assert bodies(store) == ["A", "B"]


def test_what_a_person_has_set_stays(store: Store) -> None:
    def solved(draft: TicketDraft) -> TicketDraft:
        return draft.model_copy(update={"state": "solved"})

    read(store, records(1, 2))
    (ticket, other) = [str(one.id) for one in store.iter_tickets()]
    store.set_by_hand(ticket, {"state": "pending"})
    Told.newer = staticmethod(solved)
    again(store, apply=True)
    states = {str(one.id): one.state for one in store.iter_tickets()}
    assert states == {ticket: "pending", other: "solved"}


def test_what_could_not_be_read_then_becomes_a_ticket_now(store: Store) -> None:
    Told.refuses = frozenset({2})
    read(store, records(1, 2))
    assert len(store.dead_letters()) == 1
    still = again(store, apply=True)
    assert (len(still.set_aside), still.unread) == (1, {})
    assert store.dead_letters()[0].times == 1
    Told.refuses = frozenset()
    assert (len(again(store).created), len(bodies(store))) == (1, 1)
    assert len(again(store, apply=True).created) == 1
    assert len(bodies(store)) == 2


def test_what_can_no_longer_be_read_is_told(store: Store) -> None:
    read(store, records(1, 2))
    Told.refuses = frozenset({2})
    assert again(store, apply=True).unread == {"not today": 1}
    assert (len(bodies(store)), store.dead_letters()) == (2, [])


def test_what_is_read_meanwhile_is_newer_and_wins(store: Store) -> None:
    read(store, said(1, "old"))
    Told.newer = staticmethod(louder)
    Told.meanwhile = [lambda: read(store, said(1, "newest"))]
    done = again(store, apply=True)
    assert (bodies(store), done.originals) == (["NEWEST"], 2)


def test_only_originals_since_a_moment_are_read(store: Store) -> None:
    read(store, records(1), records(2))
    write(store, "UPDATE originals SET read_at = 0 WHERE n = 1")
    assert again(store, since=poll().now).originals == 1


def test_originals_of_an_older_version_are_counted_and_left(store: Store) -> None:
    read(store, records(1))
    write(store, "UPDATE originals SET request = NULL")
    done = again(store)
    assert (done.originals, done.unknown, done.records) == (1, 1, 0)
