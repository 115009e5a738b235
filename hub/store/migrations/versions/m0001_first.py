"""The first tables, and the search index of SQLite."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _tickets()
    _messages()
    _events_and_originals()
    _dead_letters()
    _state()
    if op.get_context().dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE search USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')")
    op.execute("INSERT INTO search_state (id, indexed_to) VALUES (1, 0)")


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("n", row_number, primary_key=True, autoincrement=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("connector", "namespace", "instance")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("platform", "kind", "thread")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("own_state", sa.Text, nullable=False),
        sa.Column("source_state", sa.Text),
        sa.Column("opening", sa.LargeBinary(16), nullable=False),
        sa.Column("rating", sa.Float),
        *(sa.Column(name, sa.Text) for name in ("sentiment", "language", "title")),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("queue", sa.Text),
        sa.Column("category", sa.Text),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("decided", sa.Text),
    )
    op.create_index("tickets_id", "tickets", ["id"], unique=True)
    op.create_index("tickets_created_at", "tickets", ["created_at"])
    op.create_index("tickets_platform", "tickets", ["platform", "created_at"])
    partial = {"state": "state != 'new'", "priority": "priority != 'normal'"}
    partial |= {column: f"{column} IS NOT NULL" for column in ("queue", "category", "rating")}
    for column, condition in partial.items():
        where = sa.text(condition)
        columns = [column, "created_at"]
        op.create_index(f"tickets_{column}", "tickets", columns, sqlite_where=where, postgresql_where=where)


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("n", row_number, primary_key=True, autoincrement=False),
        sa.Column("id", sa.LargeBinary(16), nullable=False),
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ingested_at", sa.BigInteger, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("hidden", sa.SmallInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("body", "sources", "content", "counters")),
    )
    op.create_index("messages_id", "messages", ["id"], unique=True)
    op.create_index("messages_ticket", "messages", ["ticket_n"])


def _events_and_originals() -> None:
    op.create_table(
        "ticket_events",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "cause", "data")),
    )
    op.create_index("ticket_events_ticket", "ticket_events", ["ticket_n"])
    op.create_table(
        "originals",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("instance", "stream", "mode", "name")),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("records", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("originals_instance", "originals", ["instance", "read_at"])


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("key", sa.LargeBinary(16), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("instance", "stream", "mode", "name", "reason")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("dead_letters_key", "dead_letters", ["key"], unique=True)


def _state() -> None:
    op.create_table(
        "instances",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("connector", sa.Text, nullable=False),
        sa.Column("paused_at", sa.BigInteger),
        sa.Column("paused_reason", sa.Text),
        sa.Column("paused_by", sa.Text),
    )
    op.create_table(
        "streams",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("instance", "stream", "name")),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text),
        *(sa.Column(name, sa.BigInteger) for name in ("checkpoint_at", "finished_at", "ok_at")),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("error_at", sa.BigInteger),
        sa.Column("next_try_at", sa.BigInteger),
        sa.Column("records", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "reference_data",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("instance", "name")),
        sa.Column("read_at", sa.BigInteger, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "erased_authors",
        sa.Column("digest", sa.LargeBinary(16), primary_key=True),
        sa.Column("erased_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "search_state",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("indexed_to", sa.BigInteger, nullable=False),
    )
