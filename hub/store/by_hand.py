"""What a person decides of a ticket. It is pinned: neither rules nor the source overwrite it, until it is handed back.

People decide here, or in the ticket's delivered case. Its other open cases are told of what concerns them: an escalated
one of the end, the priority and the tags, a delivered one of the queue and the category too.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.store.corrections import correct
from hub.store.facts import RULED_STATE, SET_THERE
from hub.store.moments import wake
from hub.store.outbox import Outgoing, ask_change, open_cases
from hub.store.rows import dumps
from hub.store.tables import ticket_events, tickets
from hub.store.tell import tell

_COLUMNS = ("priority", "queue", "category")
_ENDED = ("solved", "closed")
_HERE: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class HandSet:
    """What came of it: the fields whose value changed, each with its old and its new value; the fields that are a
    person's now; the changes that wait to be told elsewhere."""

    ticket: str
    fields: Mapping[str, Sequence[Any]]
    by_hand: Sequence[str]
    asked: Sequence[Outgoing]


def set_by_hand(
    connection: sa.Connection,
    ticket_n: int,
    wanted: Mapping[str, Any],
    handed_back: Collection[str],
    at: int,
    *,
    there: Mapping[str, Any] = _HERE,
) -> HandSet:
    """Set fields of a ticket as a person wants and pin them; let rules decide those that are *handed_back*.

    Args:
        wanted: values by name of the field; None or () takes one away.
        at: now, microseconds.
        there: the case in which people decided so, for the event; empty: here.
    """
    cause = "destination" if there else "person"
    row = connection.execute(sa.select(tickets).where(tickets.c.n == ticket_n)).one()
    decided = orjson.loads(row.decided) if row.decided else {}
    before = _values(row, decided)
    pinned = set(decided.get("set_by_hand", ()))
    fields = {name: [before[name], new] for name, new in wanted.items() if before[name] != new}
    _note_pins(connection, ticket_n, fields, set(wanted), set(handed_back) & pinned, pinned, (at, cause, there))
    by_hand = sorted((pinned | set(wanted)) - set(handed_back))
    mine = set(wanted) if there else set()
    away = sorted((set(decided.get(SET_THERE, ())) - set(wanted) - set(handed_back)) | mine)
    facts = _decided(decided, wanted, by_hand, away)
    values = _columns(row, wanted, at) | {"decided": facts, "updated_at": at}
    if fields or (by_hand, away) != (sorted(pinned), decided.get(SET_THERE, [])):
        connection.execute(sa.update(tickets).where(tickets.c.n == ticket_n).values(**values))
    if "state" in fields:
        wake(connection, ticket_n, at)
    if "decision" in decided:
        correct(connection, ticket_n, before, wanted, handed_back, cause, at)
    asked = _tell_cases(connection, ticket_n, fields, cause, at)
    return HandSet(str(UUID(bytes=row.id)), fields, by_hand, asked)


def reopen(connection: sa.Connection, ticket_n: int, at: int) -> str | None:
    """Open a ticket that has ended, for a person has it worked on again; its state is nobody's then. Return what it
    was; None: it has not ended."""
    was = connection.execute(sa.select(tickets.c.own_state).where(tickets.c.n == ticket_n)).scalar_one()
    if was not in _ENDED:
        return None
    set_by_hand(connection, ticket_n, {"state": "open"}, (), at)
    set_by_hand(connection, ticket_n, {}, ("state",), at)
    return str(was)


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


def _decided(decided: Mapping[str, Any], wanted: Mapping[str, Any], by_hand: Sequence[str], away: Sequence[str]) -> str:
    facts = {**decided, **{name: wanted[name] for name in ("assignee", "tags") if name in wanted}}
    facts |= {"set_by_hand": by_hand, SET_THERE: away}
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
    why: tuple[int, str, Mapping[str, Any]],
) -> None:
    """Leave events of what is new: values, or fields that are a person's from now on or no longer."""
    at, cause, there = why
    events: list[tuple[str, dict[str, Any]]] = []
    if fields or not set(wanted) <= set(pinned):
        events.append(("set", {**there, "pinned": sorted(wanted), "fields": fields}))
    if back:
        events.append(("handed_back", {"pinned": sorted(back)}))
    for kind, data in events:
        values = {"ticket_n": ticket_n, "at": at, "kind": kind, "cause": cause, "data": dumps(data)}
        connection.execute(sa.insert(ticket_events).values(**values))


def _tell_cases(
    connection: sa.Connection, ticket_n: int, fields: Mapping[str, Any], cause: str, at: int
) -> list[Outgoing]:
    """Ask for the changes in every open case. To one that is escalated another state than the end is our own affair:
    there people work on."""
    asked = tell(connection, [ticket_n], cause, at)
    told = {name: fields[name][1] for name in ("priority", "tags") if name in fields}
    if "state" in fields and fields["state"][1] in _ENDED:
        told["state"] = fields["state"][1]
    escalated = [case for case in open_cases(connection, [ticket_n]) if case[2] == "escalated"] if told else []
    for one in (ask_change(connection, *case, told, cause, at) for case in escalated):
        asked += [one.outgoing] if one.outgoing is not None else []
    return asked
