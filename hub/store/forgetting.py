"""What goes of customers with a person who is erased: profiles, their links, what CRMs said, what was to be asked.

A card is the person's, whichever profiles it is linked to; so it goes too, and with it every link to it. What other
profiles of the same customer said stays theirs, unless they are erased as well.
"""

from collections.abc import Collection

import sqlalchemy as sa

from hub.store.customer_links import PAIRS, regroup
from hub.store.tables import chunks, customer_cards, customer_links, inquiries, profiles


def others_of(connection: sa.Connection, digests: Collection[int]) -> tuple[tuple[str, str], ...]:
    """Return platform and key of the other profiles of the customers that *digests* belong to."""
    found: set[tuple[str, str]] = set()
    for some in chunks(sorted(digests)):
        customers = sa.select(profiles.c.customer).where(profiles.c.digest.in_(some))
        query = sa.select(profiles.c.digest, profiles.c.platform, profiles.c.key)
        for row in connection.execute(query.where(profiles.c.customer.in_(customers))):
            if row.digest not in digests:
                found.add((row.platform, row.key))
    return tuple(sorted(found))


def forget(connection: sa.Connection, digests: Collection[int]) -> None:
    """Remove all that is noted of the profiles *digests*, and find out anew who is one customer of those that stay."""
    for some in chunks(sorted(digests)):
        gone = list(some)
        cards = _values(connection, gone)
        left = _linked(connection, gone, cards)
        mine = customer_links.c.profile.in_(gone) | customer_links.c.value.in_(cards)
        mine |= customer_links.c.kind.in_(PAIRS) & customer_links.c.value.in_([str(one) for one in gone])
        connection.execute(sa.delete(customer_links).where(mine))
        connection.execute(sa.delete(customer_cards).where(customer_cards.c.value.in_(cards)))
        connection.execute(sa.delete(inquiries).where(inquiries.c.profile.in_(gone)))
        connection.execute(sa.delete(profiles).where(profiles.c.digest.in_(gone)))
        for one in left - set(gone):
            regroup(connection, [one])


def _values(connection: sa.Connection, digests: Collection[int]) -> list[str]:
    mine = customer_links.c.profile.in_(digests) & (customer_links.c.kind == "card")
    return list(connection.execute(sa.select(customer_links.c.value).where(mine).distinct()).scalars())


def _linked(connection: sa.Connection, digests: Collection[int], cards: Collection[str]) -> set[int]:
    """Return the profiles that share a customer or a card with *digests*."""
    customers = sa.select(profiles.c.customer).where(profiles.c.digest.in_(digests))
    same = connection.execute(sa.select(profiles.c.digest).where(profiles.c.customer.in_(customers))).scalars()
    at_cards = sa.select(customer_links.c.profile).where(customer_links.c.value.in_(cards))
    return {*same, *connection.execute(at_cards).scalars()}
