"""The part of the store's door that is about customers."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.sdk.customer import CustomerCard
from hub.sdk.errors import StoreError
from hub.store import contacts, customer_links, customer_views, history, inquiries, queries
from hub.store.again import decide_again
from hub.store.customer_links import Profile
from hub.store.customer_views import CustomerLine, CustomerView
from hub.store.figures_refresh import note_stale
from hub.store.history import OPEN_STATES
from hub.store.inquiries import Asking, Crm
from hub.store.page import Router
from hub.store.tables import chunks, customer_state, micros, ticket_events, tickets

_MOST = 1000  # open tickets of one customer that are decided again


@dataclass(frozen=True, slots=True)
class JoinedCustomer:
    """What became of a link by hand: the customer as they are now, and how many links were undone."""

    customer: CustomerView
    undone: int = 0


class Customers(ABC):
    """Who is who; :class:`hub.store.Store` is one."""

    _now: Callable[[], datetime]

    @abstractmethod
    def _read(self) -> AbstractContextManager[sa.Connection]: ...

    @abstractmethod
    def _write(self) -> AbstractContextManager[sa.Connection]: ...

    # --- found by the machine ---------------------------------------------------------------------------------------

    def note_contacts(self, identifiers: Mapping[str, frozenset[str]], refresh: timedelta) -> int:
        """Look through the next events for phones and e-mails; return how many events there were (0: none are left).
        See :func:`hub.store.contacts.note_contacts`."""
        with self._read() as connection:
            seen = sa.select(customer_state.c.events_to).scalar_subquery()
            news = sa.select(ticket_events.c.n).where(ticket_events.c.n > seen).limit(1)
            if connection.execute(news).scalar() is None:
                return 0
        with self._write() as connection:
            return contacts.note_contacts(connection, identifiers, self._now(), refresh)

    def inquiries_due(self, instance: str, limit: int, *, forced: bool = False) -> list[Asking]:
        """Return what may be asked at an instance now; *forced*: also what waits after failures."""
        with self._read() as connection:
            return inquiries.due(connection, instance, self._now(), limit, forced=forced)

    def inquiry_answered(self, asking: Asking, crm: Crm, cards: Sequence[CustomerCard], router: Router | None) -> None:
        """Note whose profile it is, and let rules decide once more for the customer's open tickets."""
        with self._write() as connection:
            concerned = inquiries.answered(connection, asking, crm, cards, self._now())
            _decide(connection, router, concerned, self._now())

    def inquiry_failed(self, n: int, error: str, *, aside: bool, own: bool = True) -> None:
        """Note how a try failed; see :func:`hub.store.inquiries.failed`."""
        with self._write() as connection:
            inquiries.failed(connection, n, self._now(), error, aside=aside, own=own)

    def inquiry_counts(self, instance: str) -> tuple[int, int]:
        """Return how many inquiries of an instance wait and how many are set aside."""
        with self._read() as connection:
            return inquiries.counts(connection, instance)

    # --- for people -------------------------------------------------------------------------------------------------

    def list_customers(self, limit: int = 50) -> list[CustomerLine]:
        """Return the customers of whom anything is noted, those with the most profiles first."""
        self._name_customers()
        with self._read() as connection:
            return customer_views.list_customers(connection, limit)

    def find_customer(self, who: str, limit: int = 50) -> CustomerView:
        """Return the customer that *who* names, with at most *limit* tickets; see
        :func:`hub.store.customer_views.find_profile`.

        Raises:
            StoreError: nobody is meant, or several are.
        """
        self._name_customers()
        with self._read() as connection:
            return customer_views.customer_of(connection, customer_views.find_profile(connection, who), limit)

    def profiles_of(self, who: str) -> tuple[int, ...]:
        """Return the digests of all profiles of the customer that *who* names, for a filter; raises as
        :meth:`find_customer`."""
        self._name_customers()
        with self._read() as connection:
            return customer_views.digests_of(connection, customer_views.find_profile(connection, who))

    def other_tickets(self, ticket: str) -> int:
        """Return how many more tickets the customer of a ticket (its id) has, as far as they are written down."""
        with self._read() as connection:
            return customer_views.other_tickets(connection, queries.number_of(connection, ticket))

    def link_customers(
        self, one: str, other: str, why: str | None = None, router: Router | None = None
    ) -> JoinedCustomer:
        """Make the customers that *one* and *other* name one, as a person says.

        Raises:
            StoreError: as :meth:`find_customer`; or both are one author of one platform.
        """
        self._name_customers()
        with self._write() as connection:
            first, second = (self._noted(connection, who) for who in (one, other))
            at = micros(self._now())
            concerned = customer_links.link(connection, first.digest, second.digest, why, at)
            _decide(connection, router, concerned, self._now())
            return JoinedCustomer(customer_views.customer_of(connection, first, 0))

    def unlink_customers(self, one: str, other: str | None = None, router: Router | None = None) -> JoinedCustomer:
        """Take the profile that *one* names out of its customer, or only away from *other*, as a person says.

        Raises:
            StoreError: as :meth:`find_customer`; or they are not one customer.
        """
        self._name_customers()
        with self._write() as connection:
            first = self._noted(connection, one)
            second = None if other is None else self._noted(connection, other)
            to = None if second is None else second.digest
            concerned, undone = customer_links.unlink(connection, first.digest, to, micros(self._now()))
            if not concerned:
                raise StoreError(f"no link joins {one} to {other or 'another profile'}: there is nothing to undo")
            _decide(connection, router, concerned, self._now())
            return JoinedCustomer(customer_views.customer_of(connection, first, 0), undone)

    def undo_link(self, n: int, router: Router | None = None) -> None:
        """Undo one link by its number; raises StoreError where it is not there."""
        with self._write() as connection:
            concerned = customer_links.undo(connection, n, micros(self._now()))
            _decide(connection, router, concerned, self._now())

    def accept_link(self, n: int, router: Router | None = None) -> None:
        """Let one link that is proposed or undone hold, by its number; raises StoreError where it is not there."""
        with self._write() as connection:
            concerned = customer_links.accept(connection, n)
            _decide(connection, router, concerned, self._now())

    def _noted(self, connection: sa.Connection, who: str) -> Profile:
        profile = customer_views.find_profile(connection, who)
        customer_links.note_profile(connection, profile, micros(self._now()))
        return profile

    def _name_customers(self) -> None:
        """See to it that every ticket has its customer written down, also those of a time without rules."""
        with self._read() as connection:
            named = connection.execute(sa.select(customer_state.c.named_to)).scalar_one()
            newest = connection.execute(sa.select(sa.func.max(tickets.c.n))).scalar() or 0
        if named < newest:
            with self._write() as connection:
                history.name_customers(connection)


def _decide(connection: sa.Connection, router: Router | None, digests: Collection[int], now: datetime) -> None:
    """Let the figures of the tickets of profiles be counted anew, and rules decide once more for the open ones."""
    for some in chunks(sorted(digests)):
        note_stale(
            connection, connection.execute(sa.select(tickets.c.n).where(tickets.c.customer.in_(some))).scalars().all()
        )
    if router is None:
        return
    numbers: list[int] = []
    for some in chunks(sorted(digests)):
        mine = tickets.c.customer.in_(some) & tickets.c.state.in_(OPEN_STATES)
        numbers.extend(connection.execute(sa.select(tickets.c.n).where(mine).limit(_MOST)).scalars())
    if numbers:
        decide_again(connection, router, numbers, now)
