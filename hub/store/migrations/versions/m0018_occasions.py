"""Of what people are told: the warning or breach, also in rows that an older hub has queued.

Such a row holds no more than its marker, which is made of the promise and of when the moment was reached.
"""

import json
from hashlib import blake2b

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision: str | None = "0017"


def upgrade() -> None:
    if op.get_context().as_sql:  # no rows to look at
        return
    connection = op.get_bind()
    queued = connection.execute(
        sa.text(
            "SELECT outbox.n, ticket_n, outbox.instance, marker, payload, id FROM outbox"
            " JOIN tickets ON tickets.n = ticket_n WHERE effect = 'notify' AND outbox.state NOT IN ('done', 'dropped')"
        )
    )
    moments = sa.text("SELECT data FROM ticket_events WHERE ticket_n = :n AND kind IN ('sla_warning', 'sla_breached')")
    for row in queued.all():
        payload = json.loads(row.payload)
        for text in connection.execute(moments, {"n": row.ticket_n}).scalars():
            occasion = json.loads(text)
            if "occasion" not in payload and row.marker == _marker(row.id, row.instance, occasion):
                values = {"n": row.n, "payload": json.dumps({**payload, "occasion": occasion}, ensure_ascii=False)}
                connection.execute(sa.text("UPDATE outbox SET payload = :payload WHERE n = :n"), values)


def _marker(ticket: bytes, instance: str, occasion: dict[str, str]) -> str:
    text = f"{instance}\nnotify\nnotify {occasion['promise']} {occasion['reached']}".encode()
    return f"hub-{blake2b(ticket + text, digest_size=12).hexdigest()}"
