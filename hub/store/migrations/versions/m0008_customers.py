"""One customer across networks: profiles, what links them, their cards in CRMs, and what is still to be asked there."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"

row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _profiles()
    _links()
    _cards()
    _inquiries()
    made = op.create_table(
        "customer_state",
        sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("events_to", "named_to")),
    )
    op.bulk_insert(made, [{"id": 1, "events_to": 0, "named_to": 0}])


def _profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("digest", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("platform", "key")),
        *(sa.Column(name, sa.Text) for name in ("name", "handle")),
        sa.Column("customer", sa.LargeBinary(16), nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
    )
    op.create_index("profiles_customer", "profiles", ["customer"])


def _links() -> None:
    said = ("kind", "value", "state", "confidence", "author", "evidence")
    op.create_table(
        "customer_links",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("profile", sa.BigInteger, sa.ForeignKey("profiles.digest"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in said),
        sa.Column("held", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("undone_at", sa.BigInteger),
        sa.Column("undone_by", sa.Text),
    )
    op.create_index("customer_links_profile", "customer_links", ["profile", "kind", "value"], unique=True)
    op.create_index("customer_links_value", "customer_links", ["value"])


def _cards() -> None:
    op.create_table(
        "customer_cards",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("value", "instance", "kind")),
        *(sa.Column(name, sa.Text) for name in ("name", "url")),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("read_at", sa.BigInteger, nullable=False),
    )
    op.create_index("customer_cards_value", "customer_cards", ["value"], unique=True)


def _inquiries() -> None:
    op.create_table(
        "inquiries",
        sa.Column("n", row_number, primary_key=True, autoincrement=True),
        sa.Column("profile", sa.BigInteger, sa.ForeignKey("profiles.digest"), nullable=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in ("instance", "state")),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_try_at", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("answered_at", sa.BigInteger),
    )
    op.create_index("inquiries_profile", "inquiries", ["profile", "instance"], unique=True)
    where = sa.text("state = 'waiting'")
    op.create_index("inquiries_waiting", "inquiries", ["instance", "n"], sqlite_where=where, postgresql_where=where)
