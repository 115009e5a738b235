"""What is counted of tickets; filled from the events of all tickets at the first report."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
SHARED = (
    "instance", "platform", "kind", "category", "priority", "queue", "state", "operator", "policy",
    "tags", "rules", "departments", "case_assignees", "segments",
)  # fmt: skip
CLOCKS = ("answer_s", "answer_pause_s", "answer_due", "solve_s", "solve_pause_s", "solve_due")


def upgrade() -> None:
    _names_and_state()
    op.create_table(
        "ticket_figures",
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
        sa.Column("flags", sa.BigInteger, nullable=False),
        *(sa.Column(name, row_number) for name in SHARED),
        sa.Column("rating", sa.SmallInteger),
        sa.Column("likes", sa.BigInteger),
        sa.Column("lag_s", sa.BigInteger),
        sa.Column("target", sa.SmallInteger),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("answered_by", row_number),
        *(_clock(name) for name in CLOCKS),
    )
    op.create_index("ticket_figures_created_at", "ticket_figures", ["created_at"])
    where = sa.text("ended_at IS NOT NULL")
    op.create_index(
        "ticket_figures_ended_at", "ticket_figures", ["ended_at"], sqlite_where=where, postgresql_where=where
    )
    _answers_and_cases()
    op.execute("INSERT INTO upkeep_state (id, events_to) VALUES (1, 0)")
    op.execute("INSERT INTO stale_figures SELECT n FROM tickets WHERE n NOT IN (SELECT ticket_n FROM ticket_events)")


def _clock(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.SmallInteger if name.endswith("_kept") else sa.BigInteger)


def _names_and_state() -> None:
    op.create_table(
        "figure_names",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_index("figure_names_name", "figure_names", ["name"], unique=True)
    op.create_table(
        "stale_figures",
        sa.Column("ticket_n", row_number, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "upkeep_state",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        sa.Column("events_to", sa.BigInteger, nullable=False),
        sa.Column("pruned_at", sa.BigInteger),
    )


def _answers_and_cases() -> None:
    op.create_table(
        "answer_figures",
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("answered_by", row_number),
        *(_clock(name) for name in ("answer_s", "answer_due", "answer_kept")),
    )
    op.create_table(
        "case_figures",
        sa.Column("link_n", row_number, primary_key=True, autoincrement=False),
        sa.Column("ticket_n", row_number, sa.ForeignKey("tickets.n"), nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        *(sa.Column(name, row_number) for name in ("instance", "department", "assignee")),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_index("case_figures_ticket", "case_figures", ["ticket_n"])
