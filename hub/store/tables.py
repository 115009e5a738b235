"""Every table, once. Instants are integers: microseconds since 1970 in UTC, which sort and compare everywhere.

What is searched or sorted by has a column; the rest of a message or ticket is one JSON text, written in a fixed
order, so that "did it change?" is a comparison of two texts. Internal row numbers (``n``) grow with arrival and tie
the tables together; the uuid (16 bytes) is the identity that everybody else sees.

Rows are found by the first four bytes of their uuid (``id_start``), then told apart by the whole of it: uuids come in
no order, so that each new one dirties another page of its index, and an index of whole ones is three times as large.
That no uuid is there twice is not up to the index then, but to the merge, which looks them up under the write lock.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

HEAD = "0006"
"""The migration that this version of the code needs."""

USUAL = {"state": "new", "priority": "normal"}
"""What most tickets have: found fast by date alone, so it is left out of the column's index."""

metadata = sa.MetaData()
RowNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER is a rowid alias in SQLite
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Return *at* (aware) as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """Return the aware UTC datetime of *value* microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


tickets = sa.Table(
    "tickets",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=False),
    sa.Column("id", sa.LargeBinary(16), nullable=False),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("thread", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),  # as shown; hidden while every message is
    sa.Column("own_state", sa.Text, nullable=False),  # the state apart from hiding
    sa.Column("source_state", sa.Text),  # what the source said last: applied only when it changes
    sa.Column("opening", sa.LargeBinary(16), nullable=False),  # the message that content was taken with
    sa.Column("rating", sa.Float),
    sa.Column("sentiment", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("title", sa.Text),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("queue", sa.Text),
    sa.Column("category", sa.Text),
    sa.Column("content", sa.Text, nullable=False),  # JSON: what else the source said of the ticket
    sa.Column("decided", sa.Text),  # JSON: what else was decided
    sa.Column("customer", sa.BigInteger),  # digest of platform and author's key; only where rules decided
    sa.Column("id_start", sa.Integer, nullable=False),  # see above
)
sa.Index("tickets_id_start", tickets.c.id_start)
sa.Index("tickets_created_at", tickets.c.created_at)
sa.Index("tickets_platform", tickets.c.platform, tickets.c.created_at)
# Values that most tickets have are found fast by date alone; the index is for the others, and costs nothing on arrival.
# PostgreSQL's conditions stand in the migrations, which make its tables: here they would load its whole dialect.
for _column, _usual in USUAL.items():
    _rest = tickets.c[_column] != _usual
    sa.Index(f"tickets_{_column}", tickets.c[_column], tickets.c.created_at, sqlite_where=_rest)
for _column in ("queue", "category", "rating", "customer"):
    _set = tickets.c[_column].is_not(None)
    sa.Index(f"tickets_{_column}", tickets.c[_column], tickets.c.created_at, sqlite_where=_set)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=False),
    sa.Column("id", sa.LargeBinary(16), nullable=False),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("ingested_at", sa.BigInteger, nullable=False),
    sa.Column("direction", sa.Text, nullable=False),
    sa.Column("hidden", sa.SmallInteger, nullable=False),  # 0 or 1
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("sources", sa.Text, nullable=False),  # JSON: [[stream, source_id, hidden, tags], …], sorted
    sa.Column("content", sa.Text, nullable=False),  # JSON: what else the source said
    sa.Column("counters", sa.Text, nullable=False),  # JSON: engagement and the like; they change without an event
    sa.Column("id_start", sa.Integer, nullable=False),  # see above
)
sa.Index("messages_id_start", messages.c.id_start)
sa.Index("messages_ticket", messages.c.ticket_n)

ticket_events = sa.Table(
    "ticket_events",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("data", sa.Text, nullable=False),
)
sa.Index("ticket_events_ticket", ticket_events.c.ticket_n)

originals = sa.Table(
    "originals",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("read_at", sa.BigInteger, nullable=False),
    sa.Column("records", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # the response as it came, zstd
    sa.Column("request", sa.Text),  # JSON: how it was asked for; None: kept by a version that did not note it
)
sa.Index("originals_instance", originals.c.instance, originals.c.read_at)

dead_letters = sa.Table(
    "dead_letters",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("key", sa.LargeBinary(16), nullable=False),  # the same record set aside again is one letter
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("times", sa.Integer, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
sa.Index("dead_letters_key", dead_letters.c.key, unique=True)

instances = sa.Table(
    "instances",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("paused_at", sa.BigInteger),
    sa.Column("paused_reason", sa.Text),
    sa.Column("paused_by", sa.Text),
)

streams = sa.Table(
    "streams",
    metadata,
    sa.Column("instance", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),  # empty: the poll; else the sweep
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("cursor", sa.Text),
    sa.Column("checkpoint_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("ok_at", sa.BigInteger),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("error", sa.Text),
    sa.Column("error_at", sa.BigInteger),
    sa.Column("next_try_at", sa.BigInteger),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("warning", sa.Text),  # what the last run that went well warned of
    sa.Column("gone_at", sa.BigInteger),  # since when it is no longer read: the source or the settings left it out
)

failed_pages = sa.Table(
    "failed_pages",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),  # the response as it came, zstd
)
sa.Index("failed_pages_stream", failed_pages.c.instance, failed_pages.c.stream, failed_pages.c.name, unique=True)

reference_data = sa.Table(
    "reference_data",
    metadata,
    sa.Column("instance", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("read_at", sa.BigInteger, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
)

rulesets = sa.Table(
    "rulesets",
    metadata,
    sa.Column("version", sa.Text, primary_key=True),
    sa.Column("first_at", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("files", sa.LargeBinary, nullable=False),  # JSON: text by name of the file, zstd
)


links = sa.Table(
    "links",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("instance", sa.Text, nullable=False),  # whose name it had last; connector and namespace identify
    sa.Column("connector", sa.Text, nullable=False),
    sa.Column("namespace", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("stream", sa.Text),  # where the case was last read
    sa.Column("url", sa.Text),
    sa.Column("state", sa.Text),  # in the hub's words
    sa.Column("status", sa.Text),  # in the destination's
    sa.Column("department", sa.Text),
    sa.Column("assignee", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)
sa.Index("links_case", links.c.connector, links.c.namespace, links.c.external_id, unique=True)
sa.Index("links_ticket", links.c.ticket_n)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("effect", sa.Text, nullable=False),
    sa.Column("marker", sa.Text, nullable=False),  # the same effect asked for twice is one row
    sa.Column("payload", sa.Text, nullable=False),  # JSON: department, messages, changes, cause
    sa.Column("state", sa.Text, nullable=False),  # waiting, done or failed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", sa.BigInteger),
    sa.Column("error", sa.Text),
    sa.Column("unsure_since", sa.BigInteger),  # the first and the last moment at which something was sent
    sa.Column("unsure_at", sa.BigInteger),  # whose outcome is not known
    sa.Column("external_id", sa.Text),  # what it made there
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)
sa.Index("outbox_marker", outbox.c.marker, unique=True)
sa.Index("outbox_ticket", outbox.c.ticket_n)
sa.Index("outbox_left", outbox.c.instance, outbox.c.n, sqlite_where=outbox.c.state != "done")
sa.Index("outbox_made", outbox.c.external_id, sqlite_where=outbox.c.external_id.is_not(None))

erased_authors = sa.Table(
    "erased_authors",
    metadata,
    sa.Column("digest", sa.LargeBinary(16), primary_key=True),  # never the key itself
    sa.Column("erased_at", sa.BigInteger, nullable=False),
)

search_state = sa.Table(
    "search_state",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("indexed_to", sa.BigInteger, nullable=False),  # messages up to this row number are in the index
)

backfills = sa.Table(
    "backfills",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("open_end", sa.SmallInteger, nullable=False),  # 1: it was begun without an end, which is when it began
    sa.Column("effects", sa.SmallInteger, nullable=False),  # 0 or 1
    sa.Column("state", sa.Text, nullable=False),  # reading, complete or gaps
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("report", sa.Text),  # JSON: the proof of completeness
)

backfill_windows = sa.Table(
    "backfill_windows",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("backfill_n", RowNumber, sa.ForeignKey("backfills.n"), nullable=False),
    sa.Column("stream", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("cursor", sa.Text),
    sa.Column("records", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
    sa.Column("checkpoint_at", sa.BigInteger),
    sa.Column("finished_at", sa.BigInteger),
    sa.Column("error", sa.Text),
)
sa.Index("backfill_windows_of", backfill_windows.c.backfill_n)
