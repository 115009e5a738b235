"""Looking through what is new for phones and e-mails, in batches after the checkpoints, as the search index follows.

What an event says is new is looked at once: the position is kept with what was found, in one transaction. Only the
words of whoever opened the ticket count, and only where customers write: tasks and issues are our own people's.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.contacts import emails_in, phones_in
from hub.store.customer_links import Grounds, Profile, note_profile, put_link, regroup
from hub.store.history import OPEN_STATES
from hub.store.inquiries import ask
from hub.store.rows import profile_digest
from hub.store.tables import chunks, customer_state, messages, micros, ticket_events, tickets

RECENT = timedelta(days=30)
"""Only for tickets that are not older a CRM is asked."""

_BATCH = 2000  # events looked at in one transaction
_MOST = 5  # phones or e-mails of one ticket
_NEWS = frozenset(("created", "message_added", "message_changed"))
_SIGNS = ("@", "+", "7", "8")  # one of them is in every phone and e-mail
_NOBODYS = ("+7800", "+7804", "+1800")  # free for the caller: a company's


@dataclass(frozen=True, slots=True)
class Said:
    """What a ticket tells of its customer."""

    ticket: Any
    profile: Profile
    phones: tuple[str, ...]
    emails: tuple[str, ...]

    def contacts(self) -> Iterator[tuple[str, str]]:
        yield from (("phone", phone) for phone in self.phones)
        yield from (("email", email) for email in self.emails)


def note_contacts(
    connection: sa.Connection, identifiers: Mapping[str, frozenset[str]], now: datetime, refresh: timedelta
) -> int:
    """Note the contacts that came with the next events, and ask for their owners; return how many events there were.

    Args:
        identifiers: what each instance that can identify customers looks them up by.
        refresh: after so long it is asked again about a customer who writes again.
    """
    last = connection.execute(sa.select(customer_state.c.events_to)).scalar_one()
    query = sa.select(ticket_events.c.n, ticket_events.c.ticket_n, ticket_events.c.kind)
    rows = connection.execute(query.where(ticket_events.c.n > last).order_by(ticket_events.c.n).limit(_BATCH)).all()
    if not rows:
        return 0
    by_handle = any("handle" in ways for ways in identifiers.values())
    new: set[int] = set()
    for said in _said_in(connection, sorted({row.ticket_n for row in rows if row.kind in _NEWS}), by_handle):
        if _note(connection, said, micros(now)):
            new.add(said.profile.digest)
        if said.ticket.state in OPEN_STATES and said.ticket.created_at > micros(now - RECENT):
            ask(
                connection,
                said.profile,
                identifiers,
                micros(now),
                micros(now - refresh),
                again=said.profile.digest in new,
            )
    if new:
        regroup(connection, new)
    connection.execute(sa.update(customer_state).values(events_to=rows[-1].n))
    return len(rows)


def _note(connection: sa.Connection, said: Said, at: int) -> bool:
    """Write down whose profile it is and what they said; return whether a contact is new."""
    note_profile(connection, said.profile, at)
    if said.ticket.customer is None:
        mine = sa.update(tickets).where(tickets.c.n == said.ticket.n)
        connection.execute(mine.values(customer=said.profile.digest))
    grounds = Grounds("words", "probable", {"ticket": str(UUID(bytes=said.ticket.id))})
    found = [put_link(connection, said.profile.digest, kind, value, grounds, at) for kind, value in said.contacts()]
    return any(found)


def _said_in(connection: sa.Connection, numbers: Sequence[int], by_handle: bool) -> Iterator[Said]:
    for some in chunks(numbers):
        customers = tickets.c.n.in_(some) & tickets.c.kind.in_(("mention", "review"))
        telling = some if by_handle else _telling(connection, some)
        rows = connection.execute(sa.select(tickets).where(customers, tickets.c.n.in_(telling))).all()
        words = _words(connection, [row.n for row in rows])
        for row in rows:
            said = _said(row, words.get(row.n, ()))
            if said is not None and (said.phones or said.emails or (by_handle and said.profile.handle)):
                yield said


def _telling(connection: sa.Connection, numbers: Sequence[int]) -> list[int]:
    """Return those of the tickets *numbers* in whose messages a phone or an e-mail may stand."""
    signs = sa.or_(*(messages.c.body.contains(sign) for sign in _SIGNS))
    query = sa.select(messages.c.ticket_n).where(messages.c.ticket_n.in_(numbers), signs).distinct()
    return list(connection.execute(query).scalars())


def _words(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, list[Any]]:
    """Return what customers wrote in the tickets *numbers*, oldest first."""
    found: dict[int, list[Any]] = {}
    columns = (messages.c.ticket_n, messages.c.body, messages.c.content)
    query = sa.select(*columns).where(messages.c.ticket_n.in_(numbers), messages.c.direction == "in")
    for row in connection.execute(query.order_by(messages.c.created_at, messages.c.id)):
        found.setdefault(row.ticket_n, []).append(row)
    return found


def _said(ticket: Any, written: Sequence[Any]) -> Said | None:
    """Return what the first author who has a key said of themselves; None where there is no such author."""
    named = [(orjson.loads(row.content).get("author") or {}, row.body) for row in written]
    author = next((author for author, _ in named if author.get("key")), None)
    if author is None:
        return None
    mine = "\n".join(body for by, body in named if by.get("key") in (None, "", author["key"]))
    phones = tuple(phone for phone in phones_in(mine) if not phone.startswith(_NOBODYS))[:_MOST]
    shown = {name: author.get(name) for name in ("name", "handle")}
    profile = Profile(profile_digest(ticket.platform, author["key"]), ticket.platform, author["key"], **shown)
    return Said(ticket, profile, phones, emails_in(mine)[:_MOST])


def profile_in(connection: sa.Connection, ticket_n: int) -> Profile | None:
    """Return the profile of whoever opened a ticket; None where the source names nobody."""
    ticket = connection.execute(sa.select(tickets).where(tickets.c.n == ticket_n)).one()
    said = _said(ticket, _words(connection, [ticket_n]).get(ticket_n, ()))
    return said.profile if said else None
