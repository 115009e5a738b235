"""Which tickets belong together, and which cases elsewhere need a person's look."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "relations",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        *(sa.Column(name, row_number, sa.ForeignKey("tickets.n"), nullable=False) for name in ("ticket_n", "other_n")),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "state", "evidence")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_at", "updated_at")),
    )
    op.create_index("relations_pair", "relations", ["ticket_n", "other_n", "kind"], unique=True)
    op.create_index("relations_other", "relations", ["other_n"])
    op.create_table(
        "case_problems",
        sa.Column("link_n", row_number, sa.ForeignKey("links.n"), primary_key=True, autoincrement=False),
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("since_at", sa.BigInteger, nullable=False),
        sa.Column("told_at", sa.BigInteger),
    )
    op.create_index("case_problems_ticket", "case_problems", ["ticket_n"])
