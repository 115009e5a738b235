"""What the last run of a stream warned of."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"


def upgrade() -> None:
    op.add_column("streams", sa.Column("warning", sa.Text))
