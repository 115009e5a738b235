"""An older database, upgraded, goes on as if it had always been of this schema."""

import sqlite3
from pathlib import Path

import pytest

from hub.store import StreamKey, upgrade_store
from hub.store.rows import start_of
from hub.store.tables import micros
from tests.unit.store.older import older
from tests.unit.store.pages import at, mention, new_store, opened, put, rows


@pytest.mark.parametrize("revision", ["0001", "0002", "0003", "0005"])
def test_what_an_older_database_holds_is_found_again(tmp_path: Path, revision: str) -> None:
    drafts = [mention(str(number), thread=str(number // 2)) for number in range(40)]
    with new_store(tmp_path) as store:
        put(store, *drafts)
        older(store, tmp_path / "old.db", revision)
        tickets = list(store.iter_tickets())
    upgrade_store(f"sqlite:///{tmp_path / 'old.db'}")
    with opened(tmp_path / "old.db") as store:
        assert list(store.iter_tickets()) == tickets
        for table in ("tickets", "messages"):
            starts = rows(store, f"SELECT id, id_start FROM {table}")
            assert [start for _, start in starts] == [start_of(uuid) for uuid, _ in starts]
            assert min(start for _, start in starts) < 0 < max(start for _, start in starts)
        assert put(store, *drafts).unchanged == 40
        assert put(store, mention("new", thread="0")).added == 1
        assert (store.summary().tickets, store.summary().messages) == (20, 41)
        assert store.find_ticket(tickets[0].id.hex[:6]).id == tickets[0].id


def test_a_stream_that_an_older_hub_has_read_is_not_read_anew_at_once(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        store.stream_finished(StreamKey("one", "s", "poll"), None)
        older(store, tmp_path / "old.db", "0015")
    upgrade_store(f"sqlite:///{tmp_path / 'old.db'}")
    with opened(tmp_path / "old.db") as store:
        [(began, finished)] = rows(store, "SELECT began_at, finished_at FROM streams")
        assert began == finished is not None


def test_what_an_older_hub_read_counts_as_read_since_its_oldest_original_or_until_its_last_page(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        put(store, mention("1"), stream="kept", originals=[b"{}"], requests=["{}"], now=at(0))
        put(store, mention("2"), stream="kept", originals=[b"{}"], requests=["{}"], now=at(5))
        put(store, mention("3"), stream="bare", now=at(5))
        older(store, tmp_path / "old.db", "0016")
    upgrade_store(f"sqlite:///{tmp_path / 'old.db'}")
    with opened(tmp_path / "old.db") as store:
        found = dict(rows(store, "SELECT stream, first_at FROM streams"))
        assert found == {"kept": micros(at(0)), "bare": micros(at(5))}


def test_figures_that_an_older_hub_made_are_made_anew(tmp_path: Path) -> None:
    with new_store(tmp_path) as store:
        put(store, mention("1", state="solved"))
        older(store, tmp_path / "old.db", "0014")
    with sqlite3.connect(tmp_path / "old.db") as old:
        old.execute("INSERT INTO ticket_figures (ticket_n, created_at, flags, answer_s) SELECT n, 0, 0, 0 FROM tickets")
        old.execute("UPDATE upkeep_state SET events_to = (SELECT max(n) FROM ticket_events)")
    old.close()
    upgrade_store(f"sqlite:///{tmp_path / 'old.db'}")
    with opened(tmp_path / "old.db") as store:
        assert store.refresh_figures(lambda *_: None) == 1
        [(at, seconds)] = rows(store, "SELECT created_at, answer_s FROM ticket_figures")
        assert (at > 0, seconds) == (True, None)
        assert store.figures_behind() == 0
