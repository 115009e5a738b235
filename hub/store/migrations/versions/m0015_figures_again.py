"""Each end of a ticket that was opened again is kept, and no length of time where an answer was there before its
question: all figures are made anew at the next report."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "earlier_ends",
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("again_at", sa.BigInteger, nullable=False),
    )
    op.create_index("earlier_ends_ended_at", "earlier_ends", ["ended_at"])
    op.create_index("earlier_ends_again_at", "earlier_ends", ["again_at"])
    op.execute(
        "INSERT INTO stale_figures SELECT ticket_n FROM ticket_figures"
        " WHERE ticket_n NOT IN (SELECT ticket_n FROM stale_figures)"
    )
