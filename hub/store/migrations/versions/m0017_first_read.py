"""When a stream was first read: what was published long before is history."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision: str | None = "0016"


def upgrade() -> None:
    op.add_column("streams", sa.Column("first_at", sa.BigInteger))
    # The oldest original that is kept is the best that is known; where none is, all until the last page was read.
    op.execute(
        "UPDATE streams SET first_at = coalesce((SELECT min(read_at) FROM originals WHERE mode != 'backfill'"
        " AND originals.instance = streams.instance AND originals.stream = streams.stream), checkpoint_at)"
    )
