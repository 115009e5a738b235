"""What is known of a customer from their other tickets: those of one platform whose first author has the same key."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from functools import lru_cache

import sqlalchemy as sa

from hub.routing.facts import Customer
from hub.store.rows import MessageRow, TicketRow, customer_of
from hub.store.tables import messages, tickets

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
        self._page: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)

    def of(self, row: TicketRow, *, new: bool = False) -> Customer:
        """Return what is known of who opened the ticket *row*; *new*: it is not in the store yet."""
        if row.customer is None:
            return Customer()
        week = row.created_at - WEEK // _MICROSECOND
        values = {
            "customer": row.customer,
            "n": row.n,
            "at": row.created_at,
            "week": week,
            "since": row.created_at - LOOK_BACK // _MICROSECOND,
        }
        earlier, in_week, still_open = self._connection.execute(_query(), values).one()
        for created_at, is_open in self._page[row.customer]:
            earlier = earlier or created_at < row.created_at
            in_week += week < created_at <= row.created_at
            still_open += is_open
        if new:
            self._page[row.customer].append((row.created_at, row.own_state in OPEN_STATES))
        return Customer(first_contact=not earlier, in_week=in_week + 1, open_tickets=still_open)


@lru_cache(maxsize=1)
def _query() -> sa.Select[bool, int, int]:
    """Whether the customer wrote before; how many others opened in the week until this one; how many are open."""
    mine, at = tickets.c.customer == sa.bindparam("customer"), sa.bindparam("at", type_=sa.BigInteger)
    others = sa.select(sa.literal(1)).where(mine, tickets.c.n != sa.bindparam("n"))
    in_week = others.where(tickets.c.created_at > sa.bindparam("week"), tickets.c.created_at <= at)
    still_open = others.where(tickets.c.state.in_(OPEN_STATES), tickets.c.created_at > sa.bindparam("since"))
    return sa.select(others.where(tickets.c.created_at < at).exists(), _count(in_week), _count(still_open))


def _count(query: sa.Select[int]) -> sa.ScalarSelect[int]:
    return sa.select(sa.func.count()).select_from(query.limit(_MOST).subquery()).scalar_subquery()


def name_customers(connection: sa.Connection) -> int:
    """Write down the customers of the tickets that came before there were rules; return how many were looked at."""
    last = looked_at = 0
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
    return looked_at


def _unnamed(connection: sa.Connection, after: int) -> Sequence[sa.Row[int, str]]:
    query = sa.select(tickets.c.n, tickets.c.platform).where(tickets.c.n > after, tickets.c.customer.is_(None))
    return connection.execute(query.order_by(tickets.c.n).limit(_CHUNK)).all()


def _naming() -> sa.Update:
    return sa.update(tickets).where(tickets.c.n == sa.bindparam("number")).values(customer=sa.bindparam("digest"))
