"""Every table, once. Instants are integers: microseconds since 1970 in UTC, which sort and compare everywhere.

What is searched or sorted by has a column; the rest of a message or ticket is one JSON text, written in a fixed
order, so that "did it change?" is a comparison of two texts. Internal row numbers (``n``) grow with arrival and tie
the tables together; the uuid (16 bytes) is the identity that everybody else sees.

Rows are found by the first four bytes of their uuid (``id_start``), then told apart by the whole of it: uuids come in
no order, so that each new one dirties another page of its index, and an index of whole ones is three times as large.
That no uuid is there twice is not up to the index then, but to the merge, which looks them up under the write lock.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import sqlalchemy as sa

HEAD = "0018"
"""The migration that this version of the code needs."""

USUAL = {"state": "new", "priority": "normal"}
"""What most tickets have: found fast by date alone, so it is left out of the column's index."""

_V = TypeVar("_V")

metadata = sa.MetaData()
RowNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER is a rowid alias in SQLite
_CHUNK = 500  # values in one IN list
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """Return *at* (aware) as microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def instant(value: int) -> datetime:
    """Return the aware UTC datetime of *value* microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    """Return :func:`instant` of *value*; None where there is none."""
    return None if value is None else instant(value)


def chunks(values: Sequence[_V]) -> Iterable[Sequence[_V]]:
    """Return *values* in parts that one IN list can hold."""
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))


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
    sa.Column("began_at", sa.BigInteger),  # when the run began that ended at finished_at
    sa.Column("first_at", sa.BigInteger),  # when its first page was stored
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
    sa.Column("rating", sa.Float),  # what the customer gave for the answer
    sa.Column("facts", sa.Text),  # JSON: what the case was told and what it showed, see hub.store.heard
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
    sqlite_autoincrement=True,  # a number that came again would let one ticket take what is under way for another
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

relations = sa.Table(
    "relations",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),  # the later of the two
    sa.Column("other_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # follows or same
    sa.Column("state", sa.Text, nullable=False),  # proposed, confirmed or refused
    sa.Column("evidence", sa.Text, nullable=False),  # JSON: what speaks for it
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)
sa.Index("relations_pair", relations.c.ticket_n, relations.c.other_n, relations.c.kind, unique=True)
sa.Index("relations_other", relations.c.other_n)

case_problems = sa.Table(
    "case_problems",
    metadata,
    sa.Column("link_n", RowNumber, sa.ForeignKey("links.n"), primary_key=True, autoincrement=False),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # deleted, moved, reopened, stuck or unanswered
    sa.Column("since_at", sa.BigInteger, nullable=False),
    sa.Column("told_at", sa.BigInteger),  # when a sync told of it
)
sa.Index("case_problems_ticket", case_problems.c.ticket_n)
corrections = sa.Table(
    "corrections",
    metadata,
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),  # person or destination
    sa.Column("ruled", sa.Text),  # what rules had decided
    sa.Column("label", sa.Text, nullable=False),  # what people say it is
)
sa.Index("corrections_field", corrections.c.field, corrections.c.at)

profiles = sa.Table(
    "profiles",
    metadata,
    sa.Column("digest", sa.BigInteger, primary_key=True, autoincrement=False),  # as in tickets.customer
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),  # the author's
    sa.Column("name", sa.Text),
    sa.Column("handle", sa.Text),
    sa.Column("customer", sa.LargeBinary(16), nullable=False),  # whose it is now; follows from customer_links
    sa.Column("created_at", sa.BigInteger, nullable=False),
)
sa.Index("profiles_customer", profiles.c.customer)

customer_links = sa.Table(
    "customer_links",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("profile", sa.BigInteger, sa.ForeignKey("profiles.digest"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),  # phone, email, card or profile
    sa.Column("value", sa.Text, nullable=False),  # what it is linked to; of a profile the digest
    sa.Column("state", sa.Text, nullable=False),  # active, proposed or undone
    sa.Column("confidence", sa.Text, nullable=False),  # certain or probable
    sa.Column("author", sa.Text, nullable=False),  # words, card or person
    sa.Column("evidence", sa.Text, nullable=False),  # JSON: what was seen, where
    sa.Column("held", sa.Text),  # why it is active and joins nothing all the same
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("undone_at", sa.BigInteger),
    sa.Column("undone_by", sa.Text),
)
sa.Index("customer_links_profile", customer_links.c.profile, customer_links.c.kind, customer_links.c.value, unique=True)
sa.Index("customer_links_value", customer_links.c.value)

customer_cards = sa.Table(
    "customer_cards",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("value", sa.Text, nullable=False),  # connector, namespace and id, as links have it
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("facts", sa.Text, nullable=False),  # JSON: phones, emails, profiles, do_not_call, loyalty, flags
    sa.Column("read_at", sa.BigInteger, nullable=False),
)
sa.Index("customer_cards_value", customer_cards.c.value, unique=True)

inquiries = sa.Table(
    "inquiries",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("profile", sa.BigInteger, sa.ForeignKey("profiles.digest"), nullable=False),
    sa.Column("instance", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # waiting, done or failed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_try_at", sa.BigInteger),
    sa.Column("error", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("answered_at", sa.BigInteger),
)
sa.Index("inquiries_profile", inquiries.c.profile, inquiries.c.instance, unique=True)
sa.Index("inquiries_waiting", inquiries.c.instance, inquiries.c.n, sqlite_where=inquiries.c.state == "waiting")

customer_state = sa.Table(
    "customer_state",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("events_to", sa.BigInteger, nullable=False),  # events up to this one were looked through for contacts
    sa.Column("named_to", sa.BigInteger, nullable=False),  # tickets up to this one have their customer, if any
)

replies = sa.Table(
    "replies",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("message", sa.LargeBinary(16), nullable=False),  # id of the message that it answers
    sa.Column("origin", sa.LargeBinary(16)),  # id of the helpdesk's message that it repeats
    sa.Column("rule", sa.Text),
    sa.Column("template", sa.Text),
    sa.Column("variant", sa.Text),
    sa.Column("language", sa.Text),
    sa.Column("drafted", sa.Text),  # as a template made it
    sa.Column("final", sa.Text, nullable=False),  # as it is to be said
    sa.Column("state", sa.Text, nullable=False),  # draft, approved, sent, published, rejected, dropped or refused
    sa.Column("by", sa.Text, nullable=False),  # who let it go out, or would: rule, person or destination
    sa.Column("reason", sa.Text),
    sa.Column("marker", sa.Text),  # of its row in the outbox
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("asked_at", sa.BigInteger),
    sa.Column("sent_at", sa.BigInteger),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
)
sa.Index("replies_ticket", replies.c.ticket_n)
sa.Index("replies_state", replies.c.state, replies.c.n)
sa.Index("replies_marker", replies.c.marker, sqlite_where=replies.c.marker.is_not(None))
# --- figures: what is counted of tickets, followed up behind the checkpoint; see hub.store.figures ------------------

figure_names = sa.Table(
    "figure_names",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("name", sa.Text, nullable=False),  # a value that tickets share, or a JSON list of such values
)
sa.Index("figure_names_name", figure_names.c.name, unique=True)

_SHARED = (  # columns that hold row numbers of figure_names
    "instance", "platform", "kind", "category", "priority", "queue", "state", "operator", "policy",
    "tags", "rules", "departments", "case_assignees", "segments",
)  # fmt: skip
ticket_figures = sa.Table(
    "ticket_figures",
    metadata,
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),  # since when it is solved, closed or hidden; never before created_at
    sa.Column("flags", sa.BigInteger, nullable=False),  # a bit for each of hub.store.figures.FLAGS
    *(sa.Column(name, RowNumber) for name in _SHARED),
    sa.Column("rating", sa.SmallInteger),  # hundredths of a star
    sa.Column("likes", sa.BigInteger),
    sa.Column("lag_s", sa.BigInteger),  # from the first question's publication until the hub could know
    sa.Column("target", sa.SmallInteger),  # of the policy: thousandths of its deadlines that should be met
    # For the first answer, and for the end: seconds on the clock, seconds that it stood still, and when it is due while
    # that is to come.
    sa.Column("answered_at", sa.BigInteger),
    sa.Column("answered_by", RowNumber),
    sa.Column("answer_s", sa.BigInteger),
    sa.Column("answer_pause_s", sa.BigInteger),
    sa.Column("answer_due", sa.BigInteger),
    sa.Column("solve_s", sa.BigInteger),
    sa.Column("solve_pause_s", sa.BigInteger),
    sa.Column("solve_due", sa.BigInteger),
)
sa.Index("ticket_figures_created_at", ticket_figures.c.created_at)
sa.Index("ticket_figures_ended_at", ticket_figures.c.ended_at, sqlite_where=ticket_figures.c.ended_at.is_not(None))

earlier_ends = sa.Table(  # stretches in which a ticket was ended and then open again; the last end is ended_at above
    "earlier_ends",
    metadata,
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("ended_at", sa.BigInteger, nullable=False),
    sa.Column("again_at", sa.BigInteger, nullable=False),
)
sa.Index("earlier_ends_ended_at", earlier_ends.c.ended_at)
sa.Index("earlier_ends_again_at", earlier_ends.c.again_at)

answer_figures = sa.Table(  # questions and answers after the first
    "answer_figures",
    metadata,
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("answered_at", sa.BigInteger),
    sa.Column("answered_by", RowNumber),
    sa.Column("answer_s", sa.BigInteger),
    sa.Column("answer_due", sa.BigInteger),
    sa.Column("answer_kept", sa.SmallInteger),  # what was promised was kept (1) or broken (0)
)

case_figures = sa.Table(
    "case_figures",
    metadata,
    sa.Column("link_n", RowNumber, primary_key=True, autoincrement=False),
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("instance", RowNumber),
    sa.Column("department", RowNumber),
    sa.Column("assignee", RowNumber),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
)
sa.Index("case_figures_ticket", case_figures.c.ticket_n)

stale_figures = sa.Table(
    "stale_figures",
    metadata,
    sa.Column("ticket_n", RowNumber, primary_key=True, autoincrement=False),  # changed without an event
)

upkeep_state = sa.Table(
    "upkeep_state",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("events_to", sa.BigInteger, nullable=False),  # what happened up to this event is in the figures
    sa.Column("pruned_at", sa.BigInteger),  # when old tickets were removed last
)

arrivals = sa.Table(
    "arrivals",
    metadata,
    sa.Column("minutes", sa.SmallInteger, primary_key=True, autoincrement=False),  # length of the slot: 5 or 60
    sa.Column("slot_at", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),  # of the series
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

usual_levels = sa.Table(
    "usual_levels",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("level", sa.Text, nullable=False),  # JSON
)

surge_state = sa.Table(
    "surge_state",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("counted_to", sa.BigInteger, nullable=False),  # tickets up to this row number are among the arrivals
    sa.Column("learnt_at", sa.BigInteger),  # when the levels were
)

surges = sa.Table(
    "surges",
    metadata,
    sa.Column("n", RowNumber, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("began_at", sa.BigInteger, nullable=False),
    sa.Column("high_at", sa.BigInteger, nullable=False),  # when it was last above what is usual
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("is_rise", sa.SmallInteger, nullable=False),  # 0 or 1: seen by the sum of small deviations
    sa.Column("window_s", sa.Integer, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),  # in the window, when it began
    sa.Column("usual", sa.Float, nullable=False),
    sa.Column("peak_at", sa.BigInteger, nullable=False),
    sa.Column("peak_number", sa.Integer, nullable=False),
    sa.Column("peak_usual", sa.Float, nullable=False),
    sa.Column("words", sa.Text),  # JSON: what its tickets have in common; nothing of a person
    sa.Column("queue", sa.Text),  # that most of its tickets are in
    sa.Column("told_at", sa.BigInteger),  # when the recipient took the notice; also where nobody is to be told
)
sa.Index("surges_ended_at", surges.c.ended_at)

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

# --- the clock: what it brings to which ticket next; see hub.store.moments -------------------------------------------

ticket_moments = sa.Table(
    "ticket_moments",
    metadata,
    sa.Column("ticket_n", RowNumber, sa.ForeignKey("tickets.n"), primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger),  # when a warning, a breach or a band comes next; NULL: nothing does
    sa.Column("overdue", sa.SmallInteger, nullable=False),  # a bit for each promise that is broken and still waits
)
sa.Index("ticket_moments_at", ticket_moments.c.at, sqlite_where=ticket_moments.c.at.is_not(None))
sa.Index("ticket_moments_overdue", ticket_moments.c.overdue, sqlite_where=ticket_moments.c.overdue != 0)

# --- what is usual of a stream; see hub.store.quiet -------------------------------------------------------------------

stream_habits = sa.Table(
    "stream_habits",
    metadata,
    sa.Column("instance", sa.Text, primary_key=True),
    sa.Column("stream", sa.Text, primary_key=True),
    sa.Column("read_to", sa.BigInteger, nullable=False),  # when its last poll ended that went well
    sa.Column("news_at", sa.BigInteger, nullable=False),  # when the last one ended that brought something new
    sa.Column("suspicious_at", sa.BigInteger),  # since when it is quiet for longer than is usual
    sa.Column("habit", sa.Text, nullable=False),  # JSON, see hub.store.habit
)
