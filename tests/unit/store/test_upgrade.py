"""An older database, upgraded, goes on as if it had always been of this schema."""

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import hub.store
from hub.store import Store, database, upgrade_store
from hub.store.rows import start_of
from tests.unit.store.pages import mention, new_store, opened, put, rows

TABLES = ("tickets", "messages", "ticket_events", "streams")


def older(store: Store, path: Path, revision: str) -> None:
    """Make the database *path* of schema *revision* with what *store* holds of it."""
    engine = database.open_engine(path)
    config = Config()
    config.set_main_option("script_location", str(Path(hub.store.__file__).parent / "migrations"))
    with database.writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        columns = {table: [column["name"] for column in sa.inspect(connection).get_columns(table)] for table in TABLES}
    engine.dispose()
    made = sqlite3.connect(path)
    made.execute("ATTACH ? AS new", (str(store.path),))
    for table, names in columns.items():
        made.execute(f"INSERT INTO main.{table} ({', '.join(names)}) SELECT {', '.join(names)} FROM new.{table}")
    made.commit()
    made.close()


@pytest.mark.parametrize("revision", ["0001", "0003"])
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
