"""A row number of the outbox is never given twice: what is under way when its row goes must not meet another's."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"

_COLUMNS = (
    "n, ticket_n, instance, role, effect, marker, payload, state, attempts, next_try_at, error, unsure_since,"
    " unsure_at, external_id, created_at, updated_at"
)


def upgrade() -> None:
    if op.get_context().dialect.name != "sqlite":
        return  # sequences never go back
    op.create_table(
        "outbox_again",
        sa.Column("n", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("ticket_n", sa.Integer, sa.ForeignKey("tickets.n"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("instance", "role", "effect", "marker", "payload")),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        *(sa.Column(name, sa.BigInteger) for name in ("unsure_since", "unsure_at")),
        sa.Column("external_id", sa.Text),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("created_at", "updated_at")),
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO outbox_again ({_COLUMNS}) SELECT {_COLUMNS} FROM outbox")  # noqa: S608 - our own
    op.drop_table("outbox")
    op.rename_table("outbox_again", "outbox")
    op.create_index("outbox_marker", "outbox", ["marker"], unique=True)
    op.create_index("outbox_ticket", "outbox", ["ticket_n"])
    op.create_index("outbox_left", "outbox", ["instance", "n"], sqlite_where=sa.text("state != 'done'"))
    op.create_index("outbox_made", "outbox", ["external_id"], sqlite_where=sa.text("external_id IS NOT NULL"))
