"""Public answers: drafts that wait for a person, what is to be said, what was said, and what the source made of it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any, Literal
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import Publication
from hub.sdk.errors import StoreError
from hub.sdk.text import storable
from hub.store import acts
from hub.store.acts import Target, tell
from hub.store.outbox import Asked
from hub.store.page import Act, Answer, Text
from hub.store.rows import MessageRow, TicketRow
from hub.store.tables import instant, instant_or_none, micros, outbox, replies, tickets
from hub.store.unsaid import left_unsaid, set_unsaid

ReplyState = Literal["draft", "approved", "sent", "published", "rejected", "dropped", "refused"]
STATES: tuple[ReplyState, ...] = ("draft", "approved", "sent", "published", "rejected", "dropped", "refused")
SAID = ("approved", "sent", "published", "rejected")
"""States of what was let go out."""

LITTLE = 0.8
"""So much of a draft, or more, stays where it was changed a little."""

OVERTAKEN = "answered meanwhile"
CHANGED = "the customer's message was changed since"
COMPLAINT = "the ticket has become a complaint"
WITHDRAWN = (CHANGED, COMPLAINT)
"""Why an answer of a rule was taken back before the source had it: another may be drafted."""


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One public answer, drafted or given.

    Attributes:
        ticket: id of the ticket; ``instance`` and ``platform`` are its own.
        drafted: the text as a template made it; None where a person wrote it.
        final: the text as it is, or would be, said.
        by: who let it go out, or would: rule, person or destination.
        reason: why it waits, was refused or dropped.
    """

    n: int
    ticket: str
    instance: str
    platform: str
    state: ReplyState
    by: str
    final: str
    drafted: str | None
    rule: str | None
    template: str | None
    variant: str | None
    language: str | None
    reason: str | None
    created_at: datetime
    asked_at: datetime | None
    sent_at: datetime | None


_ROWS = sa.select(
    replies, tickets.c.id.label("ticket_id"), tickets.c.instance, tickets.c.platform, tickets.c.thread
).join(tickets, tickets.c.n == replies.c.ticket_n)


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for spaces and ends of lines."""
    return one.split() == other.split()


# --- writing ----------------------------------------------------------------------------------------------------------


def put(
    connection: sa.Connection,
    ticket_n: int,
    message: bytes,
    state: ReplyState,
    by: str,
    final: str,
    at: int,
    *,
    answer: Answer | None = None,
    text: Text | None = None,
    reason: str | None = None,
    origin: bytes | None = None,
) -> int:
    """Write a new answer down and return its number.

    Args:
        message: id of the message that it answers.
        answer: what a rule wanted; *text*: what the template gave.
        origin: id of the helpdesk's message that it repeats.
    """
    made = {"rule": answer.rule or None, "template": answer.template} if answer else {}
    made |= {"variant": text.variant, "language": text.language, "drafted": text.text} if text else {}
    values = {"ticket_n": ticket_n, "message": message, "state": state, "by": by, "final": storable(final)}
    times = {"created_at": at, "updated_at": at}
    told = {"reason": reason, "origin": origin}
    statement = sa.insert(replies).values(**values, **made, **told, **times)
    return int(connection.execute(statement).inserted_primary_key[0])  # type: ignore[index]  # it has one column


def let_go(
    connection: sa.Connection,
    n: int,
    row: TicketRow,
    target: Target,
    final: str,
    by: str,
    at: int,
    can: AbstractSet[str],
    *,
    edit: bool = False,
) -> Asked:
    """Ask for the answer *n* to be said at the source."""
    act = Act("edit_reply" if edit else "reply", text=storable(final))
    asked = acts.ask_act(connection, row, target, act, by, at, can, again=by != "rule", revived=True)
    values: dict[str, Any] = {"state": "approved", "by": by, "final": act.text, "asked_at": at, "updated_at": at}
    if asked.outgoing is not None:
        values["marker"] = asked.outgoing.marker
        if asked.outgoing.state == "failed":
            values |= {"state": "refused", "reason": asked.outgoing.error}
    connection.execute(sa.update(replies).where(replies.c.n == n).values(**values))
    return asked


def drop(connection: sa.Connection, numbers: Sequence[int], at: int) -> int:
    """Drop drafts, and stop waiting for what was sent; return how many there were. What waits in the outbox is dropped
    there too."""
    left = replies.c.n.in_(numbers) & replies.c.state.in_(("draft", "approved", "sent", "rejected", "refused"))
    found = connection.execute(sa.select(replies).where(left)).all()
    for row in found:
        tell(connection, row.ticket_n, at, "reply_dropped", "person", {"state": row.state})
        waits = (outbox.c.marker == row.marker) & outbox.c.state.in_(("waiting", "failed"))
        connection.execute(sa.update(outbox).where(waits).values(state="dropped", updated_at=at))
    values = {"state": "dropped", "reason": "by a person", "updated_at": at}
    connection.execute(sa.update(replies).where(left).values(**values))
    return len(found)


def drop_answered(connection: sa.Connection, numbers: Collection[int], cause: str, at: int) -> None:
    """Drop the drafts of tickets that were answered meanwhile."""
    if not numbers:
        return
    mine = replies.c.ticket_n.in_(sorted(numbers)) & (replies.c.state == "draft")
    for ticket_n in connection.execute(sa.select(replies.c.ticket_n).where(mine)).scalars().all():
        tell(connection, ticket_n, at, "reply_dropped", cause, {"state": "draft", "reason": OVERTAKEN})
    connection.execute(
        sa.update(replies).where(mine).values(state="dropped", reason=OVERTAKEN, by=cause, updated_at=at)
    )


def takes_the_place(
    row: TicketRow, written: Sequence[MessageRow], earlier: Sequence[Any], can: AbstractSet[str]
) -> bool:
    """Whether a new answer has to be put in place of one that the source has: a review has room for one, whoever gave
    it, also where the source rejected it.

    Args:
        written: the ticket's messages; *earlier*: its answers, but for what is to be said now.
        can: what the ticket's instance can do.
    """
    if row.kind != "review" or "edit_reply" not in can:
        return False
    return any(one.state in SAID for one in earlier) or any(_is_answer_there(row, message) for message in written)


def _is_answer_there(row: TicketRow, message: MessageRow) -> bool:
    shown = message.direction == "out" and not message.hidden
    return shown and any(acts.is_own(row, message, *one[:2]) for one in orjson.loads(message.sources))


# --- what the source makes of them ------------------------------------------------------------------------------------


def waiting_for(connection: sa.Connection, connector: str, namespace: str) -> dict[str, list[Any]]:
    """Return by thread what is to be said, or was sent and is not known to be published."""
    here = (tickets.c.connector == connector) & (tickets.c.namespace == namespace)
    query = _ROWS.where(replies.c.state.in_(("approved", "sent")), here)
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.thread].append(row)
    return found


def seen(connection: sa.Connection, row: Any, publication: Publication | None, instance: str, at: int) -> set[int]:
    """Note that the source shows the answer *row*, and what it makes of it; None: it is public as it stands. Return the
    row number of its ticket where the customer, who was answered, waits again."""
    connection.execute(
        sa.update(outbox)
        .where(outbox.c.marker == row.marker, outbox.c.state != "done")
        .values(state="done", next_try_at=None, error=None, unsure_since=None, unsure_at=None, updated_at=at)
    )
    state = "sent" if publication == "waiting" else publication or "published"
    if state == row.state:
        return set()
    values: dict[str, Any] = {"state": state, "updated_at": at, "sent_at": row.sent_at or at}
    if state == "rejected":
        values["reason"] = f"{instance} says: rejected"
    connection.execute(sa.update(replies).where(replies.c.n == row.n).values(**values))
    if state != "sent":
        tell(connection, row.ticket_n, at, state, "source", {"instance": instance})
    return set_unsaid(connection, [row]) if state == "rejected" else set()


def unpublished(connection: sa.Connection, before: datetime, limit: int = 20) -> list[ReplyRow]:
    """Return the answers that were sent before a moment and are still not published, oldest first."""
    late = (replies.c.state == "sent") & (replies.c.sent_at < micros(before))
    return [_public(row) for row in connection.execute(_ROWS.where(late).order_by(replies.c.n).limit(limit))]


def unsaid(connection: sa.Connection, limit: int = 20) -> list[ReplyRow]:
    """Return the answers that were refused or rejected and that nobody followed with another, oldest first."""
    query = _ROWS.where(left_unsaid()).order_by(replies.c.n).limit(limit)
    return [_public(row) for row in connection.execute(query)]


# --- limits of what is said without a person --------------------------------------------------------------------------


def automatic_since(connection: sa.Connection, since: datetime, customer: int | None = None) -> int:
    """Return how many answers rules gave by themselves since a moment, to one *customer* where one is named."""
    mine = (replies.c.by == "rule") & replies.c.state.in_(SAID) & (replies.c.asked_at >= micros(since))
    query = sa.select(sa.func.count()).select_from(replies).where(mine)
    if customer is not None:
        query = query.join(tickets, tickets.c.n == replies.c.ticket_n).where(tickets.c.customer == customer)
    return int(connection.execute(query).scalar_one())


def is_known(connection: sa.Connection, ticket_n: int) -> bool:
    """Whether there is any answer of a ticket, drafted or given, but for those that were withdrawn."""
    withdrawn = (replies.c.state == "dropped") & sa.func.coalesce(replies.c.reason, "").in_(WITHDRAWN)
    query = sa.select(replies.c.n).where(replies.c.ticket_n == ticket_n, ~withdrawn).limit(1)
    return connection.execute(query).one_or_none() is not None


def of_ticket(connection: sa.Connection, ticket_n: int) -> Sequence[Any]:
    """Return the rows of a ticket's answers, oldest first."""
    return connection.execute(_ROWS.where(replies.c.ticket_n == ticket_n).order_by(replies.c.n)).all()


def last_variants(
    connection: sa.Connection, template: str, platform: str, place: str | None, limit: int
) -> tuple[str, ...]:
    """Return the variants of a template that were used last at a place (None: on the platform), newest first."""
    here = (replies.c.template == template) & replies.c.variant.is_not(None) & (tickets.c.platform == platform)
    query = sa.select(replies.c.variant).join(tickets, tickets.c.n == replies.c.ticket_n).where(here)
    if place is not None and connection.dialect.name == "sqlite":
        query = query.where(sa.func.json_extract(tickets.c.content, "$.place.key") == place)
    return tuple(connection.execute(query.order_by(replies.c.n.desc()).limit(limit)).scalars())


# --- for people -------------------------------------------------------------------------------------------------------


def listed(connection: sa.Connection, states: Collection[str], limit: int) -> list[ReplyRow]:
    """Return the answers in one of *states*, oldest first."""
    query = _ROWS.where(replies.c.state.in_(states)).order_by(replies.c.n).limit(limit)
    return [_public(row) for row in connection.execute(query)]


def one(connection: sa.Connection, n: int) -> ReplyRow:
    """Return one answer.

    Raises:
        StoreError: there is none with this number.
    """
    row = connection.execute(_ROWS.where(replies.c.n == n)).one_or_none()
    if row is None:
        raise StoreError(f'there is no reply {n}; "hub replies list" shows those that wait')
    return _public(row)


def row_of(connection: sa.Connection, n: int) -> Any:
    """Return the row of the answer *n*."""
    return connection.execute(_ROWS.where(replies.c.n == n)).one()


def _public(row: Any) -> ReplyRow:
    same = ("n", "instance", "platform", "state", "by", "final", "drafted", "rule", "template", "variant", "language")
    values: dict[str, Any] = {name: getattr(row, name) for name in (*same, "reason")}
    values |= {name: instant_or_none(getattr(row, name)) for name in ("asked_at", "sent_at")}
    return ReplyRow(ticket=str(UUID(bytes=row.ticket_id)), created_at=instant(row.created_at), **values)


@dataclass(frozen=True, slots=True)
class Score:
    """What became of the drafts of a template or a rule: numbers of drafts.

    Attributes:
        little: sent with most of the words kept (:data:`LITTLE`); ``much``: sent with fewer.
        overtaken: answered otherwise, or not fitting any more, before a person looked.
        automatic: sent by a rule; these say nothing of how good they are.
        kept: mean share of a draft's text that stayed, of those that a person sent; None where none was.
    """

    by: Literal["template", "rule"]
    name: str
    unchanged: int
    little: int
    much: int
    dropped: int
    overtaken: int
    automatic: int
    waiting: int
    kept: float | None


def scores(connection: sa.Connection) -> list[Score]:
    """Return what people changed in drafts, by template and by rule."""
    made = connection.execute(sa.select(replies).where(replies.c.drafted.is_not(None)).order_by(replies.c.n)).all()
    ways: Iterable[tuple[Literal["template", "rule"], Callable[[Any], str | None]]] = (
        ("template", lambda row: row.template),
        ("rule", lambda row: row.rule),
    )
    found: list[Score] = []
    for by, name_of in ways:
        groups: defaultdict[str, list[Any]] = defaultdict(list)
        for row in made:
            groups[name_of(row) or ""].append(row)
        found += [_score(by, name, groups[name]) for name in sorted(groups) if name]
    return found


def _score(by: Literal["template", "rule"], name: str, rows: Sequence[Any]) -> Score:
    counts: Counter[str] = Counter()
    shares: list[float] = []
    for row in rows:
        kind, share = _became(row)
        counts[kind] += 1
        shares += [share] if share is not None else []
    return Score(
        by=by,
        name=name,
        unchanged=counts["unchanged"],
        little=counts["little"],
        much=counts["much"],
        dropped=counts["dropped"],
        overtaken=counts["overtaken"],
        automatic=counts["automatic"],
        waiting=counts["waiting"],
        kept=round(sum(shares) / len(shares), 3) if shares else None,
    )


def _became(row: Any) -> tuple[str, float | None]:
    if row.state == "draft":
        return "waiting", None
    if row.state == "dropped" and row.asked_at is None:
        return ("overtaken" if row.reason in (OVERTAKEN, *WITHDRAWN) else "dropped"), None
    if row.by == "rule":
        return "automatic", None
    if same_text(row.drafted, row.final):
        return "unchanged", 1.0
    share = SequenceMatcher(None, row.drafted, row.final, autojunk=False).ratio()
    return ("little" if share >= LITTLE else "much"), share


# --- erasing ----------------------------------------------------------------------------------------------------------


def forget(connection: sa.Connection, opened: Sequence[int], written: Iterable[tuple[int, bytes]]) -> None:
    """Remove the answers in the tickets *opened*, and what answers or acts on the messages *written* (the row number of
    the ticket and the id of each)."""
    for ticket_n in opened:
        connection.execute(sa.delete(replies).where(replies.c.ticket_n == ticket_n))
    for ticket_n, message in written:
        mine = (replies.c.ticket_n == ticket_n) & (replies.c.message == message)
        connection.execute(sa.delete(replies).where(mine))
        acted = (outbox.c.ticket_n == ticket_n) & (outbox.c.effect == "act")
        acted &= outbox.c.payload.contains(f'"message":"{message.hex()}"', autoescape=True)
        connection.execute(sa.delete(outbox).where(acted))
