"""What the last run of a stream warned of, the page that stopped it, and whether the source still has it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("streams", sa.Column("warning", sa.Text))
    op.add_column("streams", sa.Column("gone_at", sa.BigInteger))
    op.create_table(
        "failed_pages",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("instance", "stream", "name", "request")),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("failed_pages_stream", "failed_pages", ["instance", "stream", "name"], unique=True)
