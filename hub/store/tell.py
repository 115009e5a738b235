"""What open delivered cases are told of their tickets: priority, queue, category, tags, and the end or its taking back.

It goes by what a case was told last, not by what happened: whatever moved a ticket, its cases are told of the
difference, once. Changes that wait are one: the latest values win.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import orjson
import sqlalchemy as sa

from hub.sdk.ticket import Role
from hub.store.heard import OPEN, Heard, as_told
from hub.store.links import CLOSED, newest
from hub.store.outbox import Outgoing, ask_change, row
from hub.store.rows import dumps
from hub.store.tables import chunks, links, outbox, tickets

ROLE: Role = "delivered"
_VALUES = (tickets.c.priority, tickets.c.queue, tickets.c.category, tickets.c.decided, tickets.c.state.label("stands"))


def tell(connection: sa.Connection, numbers: Iterable[int], cause: str, at: int) -> list[Outgoing]:
    """Ask for what the delivered cases of the tickets *numbers* do not know yet; return what waits for that.

    Args:
        at: now, microseconds.
    """
    asked: list[Outgoing] = []
    for some in chunks(sorted(set(numbers))):
        query = sa.select(links, *_VALUES).join(tickets, tickets.c.n == links.c.ticket_n)
        query = query.where(links.c.ticket_n.in_(some), links.c.role == ROLE).order_by(links.c.n)
        for link in connection.execute(query).all():
            asked.extend(_told(connection, link, cause, at))
    return asked


def _told(connection: sa.Connection, link: Any, cause: str, at: int) -> Iterable[Outgoing]:
    heard = Heard.load(link.facts)
    if heard.merged_into is not None:
        return  # the case is that of another ticket now, and stands as that one does
    decided = orjson.loads(link.decided) if link.decided else {}
    values = {name: getattr(link, name) for name in ("priority", "queue", "category")}
    wanted = {**values, "tags": decided.get("tags", []), "state": as_told(link.stands)}
    if link.state == "hidden" or (link.state in CLOSED and wanted["state"] != OPEN):
        return  # it is gone, or the work on it is done
    if link.state in CLOSED and heard.told.get("state") == OPEN:
        return  # it is to be opened again already, or people there closed a part of several
    if not heard.told:  # nobody wrote down what it was created with
        heard.told["state"] = OPEN
    news = heard.tell(wanted)
    if news:
        keep(connection, link.n, heard)
        yield _ask(connection, link, news, cause, at)


def _ask(connection: sa.Connection, link: Any, news: Mapping[str, Any], cause: str, at: int) -> Outgoing:
    """Ask for a change; where one waits that nothing was tried of and nothing follows, it takes the news along."""
    last = _left(link).order_by(outbox.c.n.desc()).limit(1)
    waits = connection.execute(last).one_or_none()
    idle = waits is not None and (waits.state, waits.attempts, waits.unsure_since) == ("waiting", 0, None)
    if waits is None or not idle or (waits.effect, waits.role) != ("change", ROLE):
        number = str(_changes(connection, link))
        asked = ask_change(connection, link.ticket_n, link.instance, ROLE, news, cause, at, number).outgoing
        assert asked is not None  # noqa: S101 - a change is always a row
        return asked
    payload = orjson.loads(waits.payload)
    payload["changes"] |= news
    connection.execute(sa.update(outbox).where(outbox.c.n == waits.n).values(payload=dumps(payload), updated_at=at))
    return row(connection, waits.n)


def _changes(connection: sa.Connection, link: Any) -> int:
    mine = (outbox.c.ticket_n == link.ticket_n) & (outbox.c.instance == link.instance) & (outbox.c.effect == "change")
    return int(connection.execute(sa.select(sa.func.count()).select_from(outbox).where(mine)).scalar_one())


def _left(link: Any) -> sa.Select[Any]:
    mine = (outbox.c.ticket_n == link.ticket_n) & (outbox.c.instance == link.instance)
    return sa.select(outbox).where(mine, outbox.c.state.in_(("waiting", "failed")))


def withdraw(connection: sa.Connection, link: Any, names: Collection[str], at: int) -> None:
    """Take the fields *names*, which people at a case have set, out of the changes that are still to be told to it."""
    for waits in connection.execute(_left(link).where(outbox.c.effect == "change", outbox.c.role == ROLE)).all():
        payload = orjson.loads(waits.payload)
        changes = {name: value for name, value in payload["changes"].items() if name not in names}
        if changes != payload["changes"]:
            values = {"payload": dumps({**payload, "changes": changes}), "updated_at": at}
            state = waits.state if changes else "dropped"
            connection.execute(sa.update(outbox).where(outbox.c.n == waits.n).values(**values, state=state))


def sent(connection: sa.Connection, n: int, changes: Mapping[str, Any], at: int) -> None:
    """Note that the change *n* has brought *changes* about, and ask for what the case does not know yet."""
    done = connection.execute(sa.select(outbox).where(outbox.c.n == n)).one_or_none()
    if done is None or done.role != ROLE:
        return
    link = newest(connection, done.ticket_n, done.instance, ROLE)
    if link is not None and changes:
        heard = Heard.load(link.facts)
        heard.sent(changes, at)
        keep(connection, link.n, heard)
    tell(connection, [done.ticket_n], "rule", at)


def keep(connection: sa.Connection, n: int, heard: Heard) -> None:
    """Write down what the case of the link *n* was told and showed."""
    connection.execute(sa.update(links).where(links.c.n == n).values(facts=heard.dump()))
