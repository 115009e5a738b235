"""Databases of older schemas, made by the migrations."""

import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import hub.store
from hub.store import Store, database

TABLES = ("tickets", "messages", "ticket_events", "originals", "streams")


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
