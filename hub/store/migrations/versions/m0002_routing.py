"""Who opened a ticket, so that rules can ask for the customer's other tickets; the rules that were in force."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "rulesets",
        sa.Column("version", sa.Text, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("files", sa.LargeBinary, nullable=False),
    )
    op.add_column("tickets", sa.Column("customer", sa.BigInteger))
    where = sa.text("customer IS NOT NULL")
    op.create_index(
        "tickets_customer", "tickets", ["customer", "created_at"], sqlite_where=where, postgresql_where=where
    )
