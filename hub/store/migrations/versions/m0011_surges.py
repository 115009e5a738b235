"""Arrivals by slot and series, what is usual of them, and the surges that were seen."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "arrivals",
        sa.Column("minutes", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("slot_at", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "usual_levels",
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("level", sa.Text, nullable=False),
    )
    op.create_table(
        "surge_state",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("counted_to", sa.BigInteger, nullable=False),
        sa.Column("learnt_at", sa.BigInteger),
    )
    op.create_table(
        "surges",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("kind", "name")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("began_at", "high_at")),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("is_rise", sa.SmallInteger, nullable=False),
        *(sa.Column(name, sa.Integer, nullable=False) for name in ("window_s", "number")),
        sa.Column("usual", sa.Float, nullable=False),
        sa.Column("peak_at", sa.BigInteger, nullable=False),
        sa.Column("peak_number", sa.Integer, nullable=False),
        sa.Column("peak_usual", sa.Float, nullable=False),
        *(sa.Column(name, sa.Text) for name in ("words", "queue")),
        sa.Column("told_at", sa.BigInteger),
    )
    op.create_index("surges_ended_at", "surges", ["ended_at"])
