"""What the clock brings next, from the tickets that are open; and what is usual of a stream."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "ticket_moments",
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger),
        sa.Column("overdue", sa.SmallInteger, nullable=False),
    )
    for name, where in (("at", "at IS NOT NULL"), ("overdue", "overdue != 0")):
        text = sa.text(where)
        op.create_index(f"ticket_moments_{name}", "ticket_moments", [name], sqlite_where=text, postgresql_where=text)
    op.create_table(
        "stream_habits",
        sa.Column("instance", sa.Text, primary_key=True),
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("read_to", sa.BigInteger, nullable=False),
        sa.Column("news_at", sa.BigInteger, nullable=False),
        sa.Column("suspicious_at", sa.BigInteger),
        sa.Column("habit", sa.Text, nullable=False),
    )
    # Open tickets with deadlines are looked at once: until then nobody knows what comes to them.
    op.execute(
        "INSERT INTO ticket_moments (ticket_n, at, overdue) SELECT n, updated_at, 0 FROM tickets"
        " WHERE state NOT IN ('solved', 'closed', 'hidden') AND decided LIKE '%\"sla\":%'"
    )
