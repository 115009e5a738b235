"""Figures say nothing any more of how long an answer took that was there before its question: all are made anew."""

from alembic import op

revision = "0015"
down_revision: str | None = "0014"


def upgrade() -> None:
    op.execute(
        "INSERT INTO stale_figures SELECT ticket_n FROM ticket_figures"
        " WHERE ticket_n NOT IN (SELECT ticket_n FROM stale_figures)"
    )
