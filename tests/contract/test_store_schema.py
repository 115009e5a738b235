"""The tables as the code knows them, as the migrations make them, and as PostgreSQL will take them."""

from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

import hub.store
from hub.pipeline.normalize import normalize
from hub.sdk import Author, CustomerCard, FollowUp, MessageDraft, TicketDraft
from hub.sdk import Place as Outlet
from hub.store import Crm, Place, Store, database, migrations
from hub.store.rows import MessageRow, TicketRow
from hub.store.tables import HEAD, metadata
from tests.unit.pipeline.script import Far, poll, source
from tests.unit.store.pages import NOW, new_store, put, rows

TABLES = list(metadata.sorted_tables)
INDEXES = sorted((index for table in TABLES for index in table.indexes), key=lambda index: str(index.name))
SQLITE = sqlite.dialect()
POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's dialects have no types


@pytest.fixture
def made(tmp_path: Path) -> sa.Engine:
    """A database that only the migrations made."""
    engine = database.open_engine(tmp_path / "made.db")
    database.migrate(engine)
    return engine


def test_the_migrations_make_the_tables_that_the_code_knows(made: sa.Engine) -> None:
    with made.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": _is_ours})
        assert compare_metadata(context, metadata) == []
    made.dispose()


def _is_ours(_thing: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """The search index is SQLite's own and has tables beside it; PostgreSQL will have another."""
    return not (kind == "table" and name is not None and name.startswith("search") and name != "search_state")


def test_the_migrations_make_every_partial_index_as_the_code_knows_it(made: sa.Engine) -> None:
    with made.connect() as connection:
        asked = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql != ''")
        found = {str(row.name): " ".join(row.sql.split()) for row in asked}
    made.dispose()
    known = {str(index.name): str(CreateIndex(index).compile(dialect=SQLITE)) for index in INDEXES}
    assert found == {name: " ".join(sql.split()) for name, sql in known.items()}


def test_no_number_of_the_outbox_is_given_twice(made: sa.Engine, tmp_path: Path) -> None:
    created = database.open_engine(tmp_path / "created.db")
    database.create(created)
    for engine in (made, created):
        with engine.connect() as connection:
            sql = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'outbox'").scalar_one()
        engine.dispose()
        assert "n INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT" in sql


def test_the_code_asks_for_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(hub.store.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]
    assert migrations.__name__ == "hub.store.migrations"


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_postgresql_takes_every_table(table: sa.Table) -> None:
    sql = str(CreateTable(table).compile(dialect=POSTGRESQL))
    assert f"CREATE TABLE {table.name}" in sql
    for column in table.columns:
        kind = column.type.dialect_impl(POSTGRESQL)
        assert isinstance(kind, sa.String | sa.BigInteger | sa.Integer | sa.SmallInteger | sa.Float | sa.LargeBinary), (
            f"{table.name}.{column.name} is {kind!r}"
        )


def test_postgresql_takes_the_migrations_with_every_condition_of_an_index() -> None:
    """PostgreSQL's tables are made by the migrations, so the conditions stand there and not in the tables."""
    written = StringIO()
    config = Config(output_buffer=written)
    config.set_main_option("script_location", str(Path(hub.store.__file__).parent / "migrations"))
    config.attributes["dialect"] = "postgresql"
    command.upgrade(config, "head", sql=True)
    lines = {line.split()[2]: line for line in written.getvalue().splitlines() if line.startswith("CREATE INDEX")}
    for index in INDEXES:
        if not index.unique:
            assert ("WHERE" in lines[str(index.name)]) == (index.dialect_options["sqlite"]["where"] is not None)


def test_names_are_short_enough_for_postgresql_and_unique_in_it() -> None:
    names = [table.name for table in TABLES] + [str(index.name) for index in INDEXES]
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 and name == name.lower() for name in names)


def test_row_numbers_hold_more_than_32_bits_in_postgresql() -> None:
    for table in TABLES:
        if "n" in table.columns:
            assert "BIG" in str(CreateTable(table).compile(dialect=POSTGRESQL)).split("\n")[2], table.name


@pytest.mark.parametrize(("row_type", "table"), [(TicketRow, "tickets"), (MessageRow, "messages")])
def test_rows_have_their_fields_in_the_order_of_the_columns(row_type: type, table: str) -> None:
    assert list(row_type.__slots__) == [column.name for column in metadata.tables[table].columns]  # type: ignore[attr-defined]


def test_nothing_is_stored_that_postgresql_would_refuse_later(tmp_path: Path) -> None:
    """PostgreSQL takes no NUL and no lone surrogate, and checks the kind of every value; SQLite does none of it."""
    odd = b'[{"id": "a\\u0000b", "text": "\\ud800 \\u0000 \xd0\x91"}]'
    far = Far(first=odd)
    with new_store(tmp_path) as store:
        drafts, _ = normalize(
            source(far), [{"id": "a\x00b", "text": "\ud800 \x00 Б", "minutes": 1}], poll(), unclean=True
        )
        assert len(drafts) == 1
        put(store, *drafts, originals=[odd], cursor={"seq": 1})
        put(store, _everything(), now=NOW)
        _elsewhere(store)
        _customers(store)
        for table in TABLES:
            _check(store, table)


def _elsewhere(store: Store) -> None:
    ticket = next(str(one.id) for one in store.iter_tickets())
    [made, refused] = [store.ask_case(ticket, there, "claims").outgoing for there in ("desk", "crm")]
    assert made
    assert refused
    store.outbox_unsure(made.n, 2**40)
    store.outbox_made(made.n, 2**40, Place("desk", "desk", "", "T-1"), "https://desk.example/T-1")
    store.outbox_failed(refused.n, "\ud800 \x00 no", sure=False)
    said = MessageDraft(source_id="n", created_at=NOW, body="a note")
    follow_up = FollowUp(external_id="T-1", state="open", status="s", department="d", assignee="a", messages=(said,))
    put(store, follow_up, connector="desk", instance="desk")


def _customers(store: Store) -> None:
    author, written = Author(key="k2", name="N", handle="h"), "+79120000008, a@example.org"
    facts: dict[str, Any] = {"kind": "mention", "platform": "p", "body": written, "author": author, "created_at": NOW}
    put(store, TicketDraft.of(source_id="9", **facts))
    store.link_customers("p:k2", "p:k", "because \ud800")
    while store.note_contacts({"crm": frozenset(("phone",))}, timedelta(days=30)):
        pass
    [asking] = store.inquiries_due("crm", 9)
    card = CustomerCard(key="c\x00", name="\ud800", url="\x00", flags={"a\x00": "\ud800"}, do_not_call=True)
    store.inquiry_failed(asking.n, "\ud800 \x00 no", aside=False)
    store.inquiry_answered(asking, Crm("crm", "crm", ""), [card], None)


def _everything() -> TicketDraft:
    message = MessageDraft(
        source_id="1",
        created_at=NOW,
        author=Author(key="k", name="N", followers=2**62),
        rating=4,
        reach=2**62,
        engagement={"likes": 2**62},
        hidden=True,
        tags=("a",),
    )
    return TicketDraft(
        thread="t", kind="review", platform="p", messages=(message,), place=Outlet(key="1"), state="closed", title="T"
    )


def _check(store: Store, table: sa.Table) -> None:
    for row in rows(store, f"SELECT {', '.join(column.name for column in table.columns)} FROM {table.name}"):
        for column, value in zip(table.columns, row, strict=True):
            where = f"{table.name}.{column.name}: {value!r}"
            if value is None:
                assert column.nullable, where
                continue
            assert isinstance(value, column.type.python_type), where
            if isinstance(value, str):
                assert "\x00" not in value, where
                value.encode()
            if isinstance(value, int):
                assert abs(value) < 2 ** (_bits(column) - 1), where


def _bits(column: sa.Column[object]) -> int:
    """How long a number of *column* may be in PostgreSQL."""
    kind = column.type.dialect_impl(POSTGRESQL)
    return 64 if isinstance(kind, sa.BigInteger) else 16 if isinstance(kind, sa.SmallInteger) else 32
