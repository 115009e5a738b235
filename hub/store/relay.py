"""What people in a ticket's delivered cases are told of what others say and decide elsewhere.

* What is said in the case that the ticket waits for, and what becomes of that case.
* What the customer was answered in public anywhere else.

It is internal: no message of it has the direction ``in``, and connectors tell it where no customer reads it. Nothing of
it goes to escalated cases, so that what is told in one case never makes another one speak.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from hub.sdk.drafts import FollowUp
from hub.sdk.ticket import Role
from hub.store.links import CLOSED
from hub.store.outbox import ask_comment, open_cases
from hub.store.tables import chunks, links, outbox

_ROLE: Role = "delivered"
_SOURCE = "escalated"


def relay(
    connection: sa.Connection,
    added: Mapping[int, Sequence[str]],
    at: int,
    cause: str,
    said_in: tuple[str, str] | None = None,
) -> None:
    """Ask for messages to be told in every delivered case.

    Args:
        added: ids of new messages by the ticket's row number.
        at: now, microseconds.
        said_in: instance and role of the case where it was said.
    """
    for ticket_n, instance in _delivered(connection, sorted(added)):
        if (instance, _ROLE) != said_in:
            payload = {"cause": cause, "messages": list(added[ticket_n])}
            ask_comment(connection, ticket_n, instance, _ROLE, payload, at, *added[ticket_n])


def relay_made(connection: sa.Connection, n: int, at: int) -> None:
    """Ask for it to be told what the ticket of the outbox row *n* waits for, where that row has made one of the two."""
    row = connection.execute(sa.select(outbox).where(outbox.c.n == n)).one_or_none()
    if row is None or row.effect != "create":
        return
    waits_for = (links.c.ticket_n == row.ticket_n) & (links.c.role == _SOURCE)
    for link in connection.execute(sa.select(links).where(waits_for).order_by(links.c.n)).all():
        if link.state not in CLOSED:
            _tell(connection, link, _news("escalated", link), at)


def relay_news(connection: sa.Connection, known: Iterable[tuple[Any, FollowUp]], at: int) -> None:
    """Ask for it to be told what became of the cases that tickets wait for: each with its link as it was before."""
    states: dict[int, str | None] = {}
    for link, one in known:
        if link.role != _SOURCE:
            continue
        if link.stream is None:  # read before its create was known to be done
            _tell(connection, link, _news("escalated", link), at)
        before, after = states.get(link.n, link.state), one.state
        states[link.n] = after or before
        kind = _became(before, after)
        if kind is not None:
            status = one.status or after or ""
            _tell(connection, link, _news(kind, link, status), at, str(at), status)


def _became(before: str | None, after: str | None) -> str | None:
    if after is None or after == before:
        return None
    if after == "hidden":
        return "deleted"
    if after in CLOSED:
        return None if before in CLOSED and before != "hidden" else "done"
    return "again" if before in CLOSED else None


def _news(kind: str, link: Any, status: str = "") -> dict[str, str]:
    """Return what a comment is to say, as :func:`hub.pipeline.case_news.news_of` reads it."""
    told = {"department": link.department, "status": status}
    case = link.url or link.external_id
    return {"kind": kind, "instance": link.instance, "case": case, **{key: one for key, one in told.items() if one}}


def _tell(connection: sa.Connection, link: Any, news: Mapping[str, str], at: int, *rest: str) -> None:
    for ticket_n, instance in _delivered(connection, [link.ticket_n]):
        payload = {"cause": "destination", "messages": [], "news": news}
        named = (link.connector, link.namespace, link.external_id, news["kind"], *rest)
        ask_comment(connection, ticket_n, instance, _ROLE, payload, at, *named)


def _delivered(connection: sa.Connection, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Yield ticket and instance of every delivered case, and of those that are still to be created: the comment waits
    for them."""
    found = {(n, name) for n, name, role in open_cases(connection, numbers, delivered=True) if role == _ROLE}
    for some in chunks(numbers):
        creates = (outbox.c.effect == "create") & (outbox.c.role == _ROLE) & outbox.c.state.in_(("waiting", "failed"))
        query = sa.select(outbox.c.ticket_n, outbox.c.instance).where(outbox.c.ticket_n.in_(some), creates)
        found.update((row.ticket_n, row.instance) for row in connection.execute(query))
    yield from sorted(found)
