"""Where else a ticket is, and what is still to be sent there."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "links",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("role", "instance", "connector", "namespace")),
        sa.Column("external_id", sa.Text, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("stream", "url", "state", "status", "department", "assignee")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_at", "updated_at")),
    )
    op.create_index("links_case", "links", ["connector", "namespace", "external_id"], unique=True)
    op.create_index("links_ticket", "links", ["ticket_n"])
    op.create_table(
        "outbox",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("instance", "role", "effect", "marker", "payload")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        *(sa.Column(name, sa.BigInteger) for name in ("unsure_since", "unsure_at")),
        sa.Column("external_id", sa.Text),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_at", "updated_at")),
    )
    op.create_index("outbox_marker", "outbox", ["marker"], unique=True)
    op.create_index("outbox_ticket", "outbox", ["ticket_n"])
    partial = {"left": (["instance", "n"], "state != 'done'"), "made": (["external_id"], "external_id IS NOT NULL")}
    for name, (columns, condition) in partial.items():
        where = sa.text(condition)
        op.create_index(f"outbox_{name}", "outbox", columns, sqlite_where=where, postgresql_where=where)
