"""Backfills and their windows, and how each original was asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("originals", sa.Column("request", sa.Text))
    op.create_table(
        "backfills",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("instance", sa.Text, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "until")),
        *(sa.Column(name, sa.SmallInteger, nullable=False) for name in ("open_end", "effects")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("finished_at", sa.BigInteger),
        sa.Column("report", sa.Text),
    )
    op.create_table(
        "backfill_windows",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("backfill_n", row_number, sa.ForeignKey("backfills.n"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("stream", "title")),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("since", "until")),
        sa.Column("cursor", sa.Text),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("records", "rejected")),
        *(sa.Column(name, sa.BigInteger) for name in ("checkpoint_at", "finished_at")),
        sa.Column("error", sa.Text),
    )
    op.create_index("backfill_windows_of", "backfill_windows", ["backfill_n"])
