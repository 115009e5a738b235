"""Public answers to customers: drafts, what was sent, and what became of it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "replies",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), nullable=False),
        sa.Column("message", sa.LargeBinary(16), nullable=False),
        sa.Column("origin", sa.LargeBinary(16)),
        *(sa.Column(name, sa.Text) for name in ("rule", "template", "variant", "language", "drafted")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("final", "state", "by")),
        *(sa.Column(name, sa.Text) for name in ("reason", "marker")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        *(sa.Column(name, sa.BigInteger) for name in ("asked_at", "sent_at")),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
    )
    op.create_index("replies_ticket", "replies", ["ticket_n"])
    op.create_index("replies_state", "replies", ["state", "n"])
    where = sa.text("marker IS NOT NULL")
    op.create_index("replies_marker", "replies", ["marker"], sqlite_where=where, postgresql_where=where)
