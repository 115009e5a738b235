"""An older database, upgraded, goes on as if it had always been of this schema."""

from pathlib import Path

import pytest

from hub.store import upgrade_store
from hub.store.rows import start_of
from tests.unit.store.older import older
from tests.unit.store.pages import mention, new_store, opened, put, rows


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
