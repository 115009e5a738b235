"""Cases of role ``escalated`` that need a look: deleted, moved, opened again, stuck, or done without an answer.

Of each case the last problem is kept until something else happens in it. Each is an event of its ticket and is told by
one sync; it is over when its ticket has ended or has a newer case.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, cast
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import FollowUp
from hub.store.conversations import ENDED
from hub.store.links import CLOSED, FOLLOWED, note
from hub.store.page import Checkpoint
from hub.store.tables import case_problems, instant, links, micros, ticket_events, tickets

Problem = Literal["deleted", "moved", "reopened", "stuck", "unanswered"]

_DONE = ("solved", "closed")
_OURS = ("comment_sent", "change_sent", "set_aside", "dropped", "retried")  # of us, not of the people there


@dataclass(frozen=True, slots=True)
class CaseProblem:
    """What is wrong with a ticket's case elsewhere, and since when."""

    ticket: str
    instance: str
    external_id: str
    url: str | None
    kind: Problem
    since: datetime


def look_at(connection: sa.Connection, checkpoint: Checkpoint, known: Iterable[tuple[Any, FollowUp]]) -> None:
    """Write down what became of cases that a page spoke of: their answers, and what is wrong with them.

    Args:
        known: the links' rows as they were before the page, with what it says; links and messages are written already.
    """
    before = {link.n: link for link, _ in known if link.role == "escalated"}
    for n, old in before.items():
        new = connection.execute(sa.select(links).where(links.c.n == n)).one()
        _look_at(connection, old, new, micros(checkpoint.now))


def _look_at(connection: sa.Connection, old: Any, new: Any, at: int) -> None:
    place = {"instance": new.instance, "external_id": new.external_id}
    answer = None
    if new.state in _DONE and old.state not in CLOSED:
        answer = _answer(connection, new)
        told = place | ({"answer": answer} if answer else {})
        note(connection, new.ticket_n, at, "case_done", told)
    problem = _problem(old, new, answer)
    if problem is not None and _is_ours(connection, new.ticket_n):
        problem = None
    if problem is not None:
        if problem != "unanswered":  # which the end of the case tells
            rest = {"department": [old.department, new.department]} if problem == "moved" else {}
            note(connection, new.ticket_n, at, f"case_{problem}", place | rest)
        _put(connection, new, problem, at)
    elif any(getattr(old, name) != getattr(new, name) for name in FOLLOWED):
        connection.execute(sa.delete(case_problems).where(case_problems.c.link_n == new.n))
    else:
        _end_by_words(connection, new)


def _problem(old: Any, new: Any, answer: str | None) -> Problem | None:
    if new.state == "hidden":
        return "deleted" if old.state != "hidden" else None
    if new.state in _DONE:
        return "unanswered" if old.state not in CLOSED and answer is None else None
    if old.state in CLOSED:
        return "reopened"
    # The department that was asked for is in our words: only from the first reading on it is the destination's.
    moved = old.stream is not None and old.department is not None and old.department != new.department
    return "moved" if moved else None


def _is_ours(connection: sa.Connection, ticket_n: int) -> bool:
    """Whether the ticket has ended here, so that its case ended for that reason or concerns nobody."""
    state = connection.execute(sa.select(tickets.c.own_state).where(tickets.c.n == ticket_n)).scalar_one()
    return state in ENDED


def _answer(connection: sa.Connection, link: Any) -> str | None:
    """Return the id of the last message of people in the case since it was opened, None where they said nothing."""
    said = (ticket_events.c.ticket_n == link.ticket_n) & (ticket_events.c.kind == "message_added")
    said &= (ticket_events.c.cause == "destination") & (ticket_events.c.at >= link.created_at)
    query = sa.select(ticket_events.c.data).where(said).order_by(ticket_events.c.n.desc())
    for data in map(orjson.loads, connection.execute(query).scalars()):
        if data.get("instance") == link.instance and not data.get("automatic"):
            return str(data["message"])
    return None


def _end_by_words(connection: sa.Connection, link: Any) -> None:
    """A problem is over when people have said something in the case since."""
    said = (ticket_events.c.ticket_n == link.ticket_n) & (ticket_events.c.kind == "message_added")
    said &= (ticket_events.c.cause == "destination") & (ticket_events.c.at > case_problems.c.since_at)
    said &= ticket_events.c.data.not_like('%"automatic":true%')
    mine = sa.delete(case_problems).where(case_problems.c.link_n == link.n)
    connection.execute(mine.where(sa.select(ticket_events.c.n).where(said).exists()))


def _put(connection: sa.Connection, link: Any, kind: Problem, at: int) -> None:
    connection.execute(sa.delete(case_problems).where(case_problems.c.link_n == link.n))
    values = {"link_n": link.n, "ticket_n": link.ticket_n, "kind": kind, "since_at": at}
    connection.execute(sa.insert(case_problems).values(**values))


# --- stuck ------------------------------------------------------------------------------------------------------------


def _still(after: timedelta, now: datetime) -> sa.Select[Any]:
    """Return the query of the open cases in which nothing happened for *after* and that are not known as stuck."""
    cutoff = micros(now - after)
    open_ = (links.c.role == "escalated") & (links.c.state.is_(None) | links.c.state.not_in(CLOSED))
    open_ &= links.c.updated_at <= cutoff
    happened = (ticket_events.c.ticket_n == links.c.ticket_n) & (ticket_events.c.at > cutoff)
    happened &= (ticket_events.c.cause == "destination") & ticket_events.c.kind.not_in(_OURS)
    told = (case_problems.c.link_n == links.c.n) & (case_problems.c.kind == "stuck")
    query = sa.select(links).join(tickets, tickets.c.n == links.c.ticket_n)
    query = query.where(open_, tickets.c.own_state.not_in(ENDED))
    return query.where(~sa.select(ticket_events.c.n).where(happened).exists(), ~sa.exists().where(told))


def note_stuck(connection: sa.Connection, after: timedelta, now: datetime) -> None:
    """Write down which cases are stuck since the last look."""
    for link in connection.execute(_still(after, now)).all():
        place = {"instance": link.instance, "external_id": link.external_id}
        days = round(after / timedelta(days=1), 2)
        note(connection, link.ticket_n, micros(now), "case_stuck", {**place, "days": days})
        _put(connection, link, "stuck", micros(now))


# --- telling ----------------------------------------------------------------------------------------------------------


def current(connection: sa.Connection, *, untold: bool = False) -> list[CaseProblem]:
    """Return what is wrong now, oldest first; *untold*: only what no sync has told yet."""
    newer = links.alias("newer")
    is_newer = (newer.c.ticket_n == links.c.ticket_n) & (newer.c.role == "escalated") & (newer.c.n > links.c.n)
    query = (
        sa.select(case_problems, links.c.instance, links.c.external_id, links.c.url, tickets.c.id)
        .join(links, links.c.n == case_problems.c.link_n)
        .join(tickets, tickets.c.n == case_problems.c.ticket_n)
        .where(tickets.c.own_state.not_in(ENDED), ~sa.select(newer.c.n).where(is_newer).exists())
        .order_by(case_problems.c.since_at, case_problems.c.link_n)
    )
    if untold:
        query = query.where(case_problems.c.told_at.is_(None))
    return [
        CaseProblem(
            str(UUID(bytes=row.id)),
            row.instance,
            row.external_id,
            row.url,
            cast(Problem, row.kind),
            instant(row.since_at),
        )
        for row in connection.execute(query)
    ]


def is_news(connection: sa.Connection, after: timedelta | None, now: datetime) -> bool:
    """Whether :func:`news` would tell anything."""
    stuck = after is not None and connection.execute(_still(after, now).limit(1)).one_or_none() is not None
    return stuck or bool(current(connection, untold=True))


def news(connection: sa.Connection, after: timedelta | None, now: datetime) -> list[CaseProblem]:
    """Look for cases that are stuck, and return what no sync has told yet; it is told now."""
    if after is not None:
        note_stuck(connection, after, now)
    found = current(connection, untold=True)
    untold = case_problems.c.told_at.is_(None)
    connection.execute(sa.update(case_problems).where(untold).values(told_at=micros(now)))
    return found


def with_problem(kinds: Iterable[str]) -> sa.Select[Any]:
    """Return the query of the row numbers of tickets whose case has one of the problems *kinds*."""
    return sa.select(case_problems.c.ticket_n).where(case_problems.c.kind.in_(list(kinds)))
