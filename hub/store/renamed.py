"""Deliveries for an instance that has another name now.

Which instance it is follows from the cases that it made under the old name: connector and namespace are theirs. Markers
stay, for something may be there already that carries them.
"""

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from hub.store.tables import links, outbox

_ROLES = ("delivered", "escalated")


def gone(connection: sa.Connection, names: Collection[str]) -> list[str]:
    """Return the instances that deliveries wait for, or are set aside, and that are none of *names*."""
    left = (outbox.c.state != sa.literal_column("'done'")) & (outbox.c.state != "dropped")  # as its index has it
    waits = sa.select(outbox.c.instance).where(left, outbox.c.role.in_(_ROLES)).distinct()
    found = connection.execute(waits).scalars()
    return sorted(set(found) - set(names))


def named_now(connection: sa.Connection, old: str, places: Mapping[str, tuple[str, str]]) -> str | None:
    """Return which instance has the cases of *old* now, as :func:`readdress` does; nothing is changed."""
    made = _places(connection, old)
    names = [name for name, place in places.items() if made == {place}]
    return names[0] if len(names) == 1 else None


def readdress(connection: sa.Connection, old: str, places: Mapping[str, tuple[str, str]]) -> str | None:
    """Address what was asked of *old* to the one instance that has its cases now; return its name.

    A create that the new name has one of already stays: it would be a second case.

    Args:
        places: connector and namespace of the instances that there are.
    Returns:
        None: *old* made no case, so that nobody knows which instance it was, or none of them is the one.
    """
    new = named_now(connection, old, places)
    if new is None:
        return None
    twin = outbox.alias("twin")
    doubled = (
        sa.select(sa.literal(1))
        .select_from(twin)
        .where(twin.c.ticket_n == outbox.c.ticket_n, twin.c.instance == new, twin.c.role == outbox.c.role)
        .where(twin.c.effect == "create", twin.c.state != "dropped", outbox.c.effect == "create")
    )
    mine = (outbox.c.instance == old) & outbox.c.role.in_(_ROLES) & ~sa.exists(doubled)
    connection.execute(sa.update(outbox).where(mine).values(instance=new))
    there = (links.c.connector == places[new][0]) & (links.c.namespace == places[new][1])
    connection.execute(sa.update(links).where(links.c.instance == old, there).values(instance=new))
    return new


def _places(connection: sa.Connection, name: str) -> set[tuple[str, str]]:
    """Return connector and namespace of the cases that an instance made, whatever their links call it now."""
    case = (links.c.ticket_n == outbox.c.ticket_n) & (links.c.external_id == outbox.c.external_id)
    asked = (outbox.c.instance == name) & (outbox.c.effect == "create") & (links.c.role == outbox.c.role)
    of_rows = sa.select(links.c.connector, links.c.namespace).join(outbox, case).where(asked)
    of_links = sa.select(links.c.connector, links.c.namespace).where(links.c.instance == name)
    return {(row[0], row[1]) for query in (of_rows, of_links) for row in connection.execute(query.distinct())}
