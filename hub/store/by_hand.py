"""What a person decides of a ticket. It is pinned: neither rules nor the source overwrite it, until it is handed back.

The ticket's open cases elsewhere are told of what concerns them: its end, its priority and its tags.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.store.facts import RULED_STATE
from hub.store.outbox import Outgoing, ask_change, open_cases
from hub.store.rows import dumps
from hub.store.tables import ticket_events, tickets

_COLUMNS = ("priority", "queue", "category")
_ENDED = ("solved", "closed")
_CAUSE = "person"


@dataclass(frozen=True, slots=True)
class HandSet:
    """What came of it: the fields whose value changed, each with its old and its new value; the fields that are a
    person's now; the changes that wait to be told elsewhere."""

    ticket: str
    fields: Mapping[str, Sequence[Any]]
    by_hand: Sequence[str]
    asked: Sequence[Outgoing]


def set_by_hand(
    connection: sa.Connection, ticket_n: int, wanted: Mapping[str, Any], handed_back: Collection[str], at: int
) -> HandSet:
    """Set fields of a ticket as a person wants and pin them; let rules decide those that are *handed_back*.

    Args:
        wanted: values by name of the field; None or () takes one away.
        at: now, microseconds.
    """
    row = connection.execute(sa.select(tickets).where(tickets.c.n == ticket_n)).one()
    decided = orjson.loads(row.decided) if row.decided else {}
    before = _values(row, decided)
    pinned = set(decided.get("set_by_hand", ()))
    fields = {name: [before[name], new] for name, new in wanted.items() if before[name] != new}
    _note_pins(connection, ticket_n, fields, set(wanted), set(handed_back) & pinned, pinned, at)
    by_hand = sorted((pinned | set(wanted)) - set(handed_back))
    values = _columns(row, wanted, at) | {"decided": _decided(decided, wanted, by_hand), "updated_at": at}
    if fields or by_hand != sorted(pinned):
        connection.execute(sa.update(tickets).where(tickets.c.n == ticket_n).values(**values))
    return HandSet(str(UUID(bytes=row.id)), fields, by_hand, _tell_cases(connection, ticket_n, fields, at))


def _values(row: Any, decided: Mapping[str, Any]) -> dict[str, Any]:
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return {"state": row.own_state, **columns, "assignee": decided.get("assignee"), "tags": decided.get("tags", [])}


def _columns(row: Any, wanted: Mapping[str, Any], at: int) -> dict[str, Any]:
    values = {name: wanted[name] for name in _COLUMNS if name in wanted}
    if "state" in wanted:
        state = wanted["state"]
        values |= {"own_state": state, "state": "hidden" if row.state == "hidden" else state}
        values["closed_at"] = (row.closed_at or at) if state in _ENDED else None
    return values


def _decided(decided: Mapping[str, Any], wanted: Mapping[str, Any], by_hand: Sequence[str]) -> str:
    facts = {**decided, **{name: wanted[name] for name in ("assignee", "tags") if name in wanted}}
    facts["set_by_hand"] = by_hand
    if "state" in wanted:  # there is nothing left that rules could take back
        facts.pop(RULED_STATE, None)
    return dumps({name: value for name, value in facts.items() if value is not None and value != []})


def _note_pins(
    connection: sa.Connection,
    ticket_n: int,
    fields: Mapping[str, Any],
    wanted: Collection[str],
    back: Collection[str],
    pinned: Collection[str],
    at: int,
) -> None:
    """Leave events of what is new: values, or fields that are a person's from now on or no longer."""
    events = []
    if fields or not set(wanted) <= set(pinned):
        events.append(("set", {"pinned": sorted(wanted), "fields": fields}))
    if back:
        events.append(("handed_back", {"pinned": sorted(back)}))
    for kind, data in events:
        values = {"ticket_n": ticket_n, "at": at, "kind": kind, "cause": _CAUSE, "data": dumps(data)}
        connection.execute(sa.insert(ticket_events).values(**values))


def _tell_cases(connection: sa.Connection, ticket_n: int, fields: Mapping[str, Any], at: int) -> list[Outgoing]:
    """Ask for the changes in every open case. Another state than the end is our own affair: there people work on."""
    told = {name: fields[name][1] for name in ("priority", "tags") if name in fields}
    if "state" in fields and fields["state"][1] in _ENDED:
        told["state"] = fields["state"][1]
    if not told:
        return []
    asked = [ask_change(connection, *case, told, _CAUSE, at) for case in open_cases(connection, [ticket_n])]
    return [one.outgoing for one in asked if one.outgoing is not None]
