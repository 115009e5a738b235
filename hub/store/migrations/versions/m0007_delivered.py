"""What the case of a ticket was told and showed, what the customer gave for its answer, and what people corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("links", sa.Column("rating", sa.Float))
    op.add_column("links", sa.Column("facts", sa.Text))
    op.create_table(
        "corrections",
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("ruled", sa.Text),
        sa.Column("label", sa.Text, nullable=False),
    )
    op.create_index("corrections_field", "corrections", ["field", "at"])
