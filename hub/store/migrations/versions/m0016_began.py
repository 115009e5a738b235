"""When a stream was last begun to be read: whether it was in a slot, is told by that and not by the end."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision: str | None = "0015"


def upgrade() -> None:
    op.add_column("streams", sa.Column("began_at", sa.BigInteger))
    op.execute("UPDATE streams SET began_at = finished_at")  # or all of them would be read at once
