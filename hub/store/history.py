"""What is known of a customer from their other tickets: those whose first author has the same key on the same platform,
or another profile of the same customer; and from their cards in CRMs.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from hub.routing.facts import Customer
from hub.store.people import People, Person
from hub.store.rows import MessageRow, TicketRow, customer_of
from hub.store.tables import customer_state, messages, tickets

OPEN_STATES = ("new", "open", "pending", "on_hold")
WEEK = timedelta(days=7)
LOOK_BACK = timedelta(days=90)
"""A customer's tickets that are older are not looked at for being open."""

_MOST = 1000  # tickets of one customer that are counted
_CHUNK = 500  # tickets named at once
_MICROSECOND = timedelta(microseconds=1)


class History:
    """Customers as the store knows them, and the tickets of the page under way that came before."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._people = People(connection)
        self._page: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)

    def of(self, row: TicketRow, *, new: bool = False) -> Customer:
        """Return what is known of who opened the ticket *row*; *new*: it is not in the store yet."""
        if row.customer is None:
            return Customer()
        person = self._people.of(row.customer)
        week = row.created_at - WEEK // _MICROSECOND
        values = {
            "customer": person.profiles if person else row.customer,
            "n": row.n,
            "at": row.created_at,
            "week": week,
            "since": row.created_at - LOOK_BACK // _MICROSECOND,
        }
        earlier, others, in_week, still_open = self._connection.execute(
            _query(several=person is not None), values
        ).one()
        for profile in person.profiles if person else (row.customer,):
            for created_at, is_open in self._page[profile]:
                earlier = earlier or created_at < row.created_at
                others += 1
                in_week += week < created_at <= row.created_at
                still_open += is_open
        if new:
            self._page[row.customer].append((row.created_at, row.own_state in OPEN_STATES))
        counted = Customer(first_contact=not earlier, in_week=in_week + 1, open_tickets=still_open, tickets=others + 1)
        return replace(counted, **_known(person)) if person and person.known else counted


def _known(person: Person) -> dict[str, Any]:
    return {"known": True, "do_not_call": person.do_not_call, "loyalty": person.loyalty}


@lru_cache(maxsize=2)
def _query(*, several: bool) -> sa.Select[bool, int, int, int]:
    """Whether the customer wrote before; how many other tickets there are, how many of them opened in the week until
    this one, how many are open; *several*: of a customer with profiles that are linked."""
    customer = sa.bindparam("customer", type_=sa.BigInteger, expanding=several)
    mine = tickets.c.customer.in_(customer) if several else tickets.c.customer == customer
    at = sa.bindparam("at", type_=sa.BigInteger)
    others = sa.select(sa.literal(1)).where(mine, tickets.c.n != sa.bindparam("n"))
    in_week = others.where(tickets.c.created_at > sa.bindparam("week"), tickets.c.created_at <= at)
    still_open = others.where(tickets.c.state.in_(OPEN_STATES), tickets.c.created_at > sa.bindparam("since"))
    dated = sa.select(tickets.c.created_at).where(mine, tickets.c.n != sa.bindparam("n"))
    whole = dated.order_by(tickets.c.created_at).limit(_MOST).subquery()
    all_ = sa.select(sa.func.min(whole.c.created_at).label("first"), sa.func.count().label("number")).subquery()
    return sa.select(all_.c.first < at, all_.c.number, _count(in_week), _count(still_open))


def _count(query: sa.Select[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(query.limit(_MOST).subquery()).scalar_subquery()


def name_customers(connection: sa.Connection) -> int:
    """Write down the customers of the tickets that came while there were no rules; return how many were looked at. No
    ticket is looked at twice."""
    last, looked_at = connection.execute(sa.select(customer_state.c.named_to)).scalar_one(), 0
    while batch := _unnamed(connection, last):
        numbers = [row.n for row in batch]
        inbound: dict[int, list[MessageRow]] = {}
        query = sa.select(messages).where(messages.c.ticket_n.in_(numbers), messages.c.direction == "in")
        for row in connection.execute(query.order_by(messages.c.created_at, messages.c.id)):
            inbound.setdefault(row.ticket_n, []).append(MessageRow(*row))
        named = [(row.n, customer_of(row.platform, inbound.get(row.n, ()))) for row in batch]
        values = [{"number": n, "digest": digest} for n, digest in named if digest is not None]
        if values:
            connection.execute(_naming(), values)
        looked_at += len(batch)
        last = numbers[-1]
    newest = sa.select(sa.func.coalesce(sa.func.max(tickets.c.n), 0)).scalar_subquery()
    connection.execute(sa.update(customer_state).values(named_to=newest))
    return looked_at


def _unnamed(connection: sa.Connection, after: int) -> Sequence[sa.Row[int, str]]:
    query = sa.select(tickets.c.n, tickets.c.platform).where(tickets.c.n > after, tickets.c.customer.is_(None))
    return connection.execute(query.order_by(tickets.c.n).limit(_CHUNK)).all()


def _naming() -> sa.Update:
    return sa.update(tickets).where(tickets.c.n == sa.bindparam("number")).values(customer=sa.bindparam("digest"))
