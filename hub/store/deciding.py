"""Routing within a checkpoint: rules decide for the cases that are new or that the source has changed.

What a person has set stays; what is decided anew leaves an event with the changed fields.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, cast

import orjson
import sqlalchemy as sa

from hub.sdk.ticket import State
from hub.store.facts import ALARMED, PROPOSED, RULED_STATE, SET_THERE, decided_of, facts_of_rows
from hub.store.history import History
from hub.store.moments import Moment, alarms, moment_of
from hub.store.old_posts import is_old
from hub.store.page import Checkpoint, Decided, Escalation, Event, Notice, Router, Wish
from hub.store.rows import Case, MessageRow, TicketRow, dumps
from hub.store.surges import surging_now
from hub.store.tables import USUAL, chunks, instant, micros, ticket_events

_COLUMNS = ("priority", "queue", "category")
CAUSE = "rule"
_OVER = ("solved", "closed", "hidden")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of deciding, beside the rows: events, the cases that tickets are to have elsewhere, whom to tell of
    them, the tickets that rules answer or act on, with what was decided of them, and when the clock brings what."""

    events: list[Event] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    acting: list[tuple[Case, Decided]] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)


def decide(connection: sa.Connection, checkpoint: Checkpoint, router: Router, cases: Sequence[Case]) -> Outcome:
    """Let *router* decide for those of *cases* that have news, and write it into their rows."""
    asked = [case for case in cases if case.news or checkpoint.replay]
    states = states_of(connection, [case.row.n for case in asked if case.before is not None])
    history = History(connection) if asked and router.needs_history() else None
    surging = surging_now(connection, checkpoint.now) if asked and router.needs_surges() else None
    outcome = Outcome()
    wanted = checkpoint.replay or checkpoint.key.mode == "backfill"
    for case in asked:
        messages = sorted(case.messages.values(), key=_order)
        facts = facts_of_rows(
            case.row,
            messages,
            now=checkpoint.now,
            customer=history.of(case.row, new=case.before is None) if history else None,
            states=[*states[case.row.n], *_just_changed(case, checkpoint.now)],
            surging=surging,
        )
        decided = router.decide(facts)
        before = decided_of(case.row)
        kept = replace(case.row) if checkpoint.replay else case.row
        fields = apply_decision(case.row, decided, micros(checkpoint.now))
        if checkpoint.replay and not case.news:
            if _says_the_same(fields):
                case.row = kept
                continue
            case.row.updated_at = micros(checkpoint.now)
        if fields and case.before is not None:
            outcome.events.append(Event(case.row.n, "decided", CAUSE, {"fields": fields}))
        outcome.events.extend(proposed(case.row.n, decided, before.get(PROPOSED, [])))
        clock = clocked(case.row.n, decided, before)
        outcome.events.extend(clock)
        outcome.moments.append(moment_of(case.row.n, decided.outlook))
        if wish := wish_of(case.row, decided):
            outcome.wishes.append(wish)
        if checkpoint.effects:  # history is nobody's alarm
            old = partial(is_old, connection, case.row, messages, router.destinations.start, wanted=wanted)
            outcome.notices.extend(notices_of(case.row.n, decided, clock, old))
        if decided.acts or decided.answer:
            outcome.acting.append((case, decided))
    return outcome


def _says_the_same(fields: Mapping[str, list[Any]]) -> bool:
    """Whether a decision differs from the last one only in what time moves (the score) or in the version of the rules,
    not in what is decided nor in the rules that decide."""
    before, after = fields.get("decision", [{}, {}])
    return fields.keys() <= {"score", "decision"} and (before or {}).get("rules") == (after or {}).get("rules")


def wish_of(row: TicketRow, decided: Decided) -> Wish | None:
    """Return the cases that *decided* wants for a ticket: one that is over is not delivered, and none to where it
    comes from."""
    cases = decided.escalations + delivered(row.state, row.instance, decided.deliver)
    return (row.n, cases) if cases else None


def delivered(state: str, instance: str, to: Sequence[str]) -> tuple[Escalation, ...]:
    """Return the cases of a ticket in *state* that *instance* has read and that is delivered *to* others."""
    if state in _OVER:
        return ()
    return tuple(Escalation(name, role="delivered") for name in to if name != instance)


def proposed(ticket_n: int, decided: Decided, told: Sequence[Any]) -> Iterator[Event]:
    """Yield an event for every case that is proposed and was not *told* of before."""
    for one in decided.proposals:
        if [one.to, one.department] not in told:
            yield Event(ticket_n, "escalation_proposed", CAUSE, {"to": one.to, "department": one.department})


def clocked(ticket_n: int, decided: Decided, before: Mapping[str, Any]) -> list[Event]:
    """Return events of what the clock has brought, but for what was told of *before*."""
    return alarms(ticket_n, before.get(ALARMED, {}), decided.outlook, decided.sla.policy if decided.sla else None)[0]


def notices_of(ticket_n: int, decided: Decided, clock: Sequence[Event], is_old: Callable[[], bool]) -> Iterator[Notice]:
    """Yield whom to tell of a ticket: first of what the *clock* has just brought, then whoever was never told.

    Args:
        is_old: whether it rings nobody's phone, see :mod:`hub.store.old_posts`; asked only where somebody is named.
    """
    if not (decided.notify or decided.notify_again) or is_old():
        return
    for name, promises in decided.notify_again:
        last = [event.data for event in clock if event.kind != "sla_kept" and event.data["promise"] in promises][-1:]
        yield from (Notice(ticket_n, (name,), data) for data in last)
    yield Notice(ticket_n, decided.notify)


def _order(message: MessageRow) -> tuple[int, bytes]:
    return message.created_at, message.id


# --- what is decided, into the row ------------------------------------------------------------------------------------


def apply_decision(row: TicketRow, decided: Decided, now: int, *, with_state: bool = True) -> dict[str, list[Any]]:
    """Write *decided* into *row*, but for what a person has set; return the changed fields.

    Args:
        now: microseconds.
        with_state: whether rules may set the state too.
    """
    before = _plain(row)
    facts = decided_of(row)
    by_hand = frozenset(facts.get("set_by_hand", ()))
    for name in _COLUMNS:
        if name not in by_hand:
            setattr(row, name, getattr(decided, name))
    kept = {name: value for name, value in facts.items() if name in by_hand or name in ("set_by_hand", SET_THERE)}
    rest = {name: value for name, value in _rest(decided).items() if name not in by_hand}
    if told := alarms(row.n, facts.get(ALARMED, {}), decided.outlook, None)[1]:
        rest[ALARMED] = told
    if "state" not in by_hand and with_state:
        _apply_state(row, decided.state, facts.get(RULED_STATE), now)
        rest |= {RULED_STATE: decided.state} if decided.state else {}
    elif "state" not in by_hand and RULED_STATE in facts:
        rest[RULED_STATE] = facts[RULED_STATE]
    row.decided = dumps({**rest, **kept})
    after = _plain(row)
    return {name: [before.get(name), after.get(name)] for name in after if before.get(name) != after.get(name)}


def _rest(decided: Decided) -> dict[str, Any]:
    """Return what has no column, as the ticket shows it."""
    facts: dict[str, Any] = {"decision": {"ruleset": decided.ruleset, "rules": decided.rules}}
    if decided.score is not None:
        facts["score"] = decided.score
    if decided.assignee is not None:
        facts["assignee"] = decided.assignee
    if decided.tags:
        facts["tags"] = sorted(decided.tags)
    if decided.proposals:
        facts[PROPOSED] = [[one.to, one.department] for one in decided.proposals]
    if decided.sla is not None:
        facts["sla"] = decided.sla.model_dump(mode="json", exclude_none=True)
    return facts


def _apply_state(row: TicketRow, wanted: str | None, ruled: str | None, now: int) -> None:
    """Set the state that a rule wants, or take back the one that rules had set."""
    taken_back = ruled is not None and row.own_state == ruled
    state = wanted or ((row.source_state or USUAL["state"]) if taken_back else row.own_state)
    if state == row.own_state:
        return
    row.own_state = state
    row.closed_at = now if state in ("solved", "closed") else None
    if row.state != "hidden":
        row.state = state


def _plain(row: TicketRow) -> dict[str, Any]:
    """Return the decided fields as events tell them."""
    facts = decided_of(row)
    names = (*_COLUMNS, "state")
    return {**{name: getattr(row, name) for name in names}, **{name: facts.get(name) for name in _TOLD}}


_TOLD = ("score", "assignee", "tags", "sla", "decision")


# --- when the state changed -------------------------------------------------------------------------------------------


def states_of(connection: sa.Connection, numbers: Sequence[int]) -> Mapping[int, list[tuple[datetime, State]]]:
    """Return since when the tickets *numbers* stood in which state, as their events tell."""
    found: defaultdict[int, list[tuple[datetime, State]]] = defaultdict(list)
    kinds = ticket_events.c.kind.in_(("changed", "decided", "set"))
    for some in chunks(numbers):
        query = (
            sa.select(ticket_events.c.ticket_n, ticket_events.c.at, ticket_events.c.data)
            .where(ticket_events.c.ticket_n.in_(some), kinds)
            .order_by(ticket_events.c.n)
        )
        for row in connection.execute(query):
            change = orjson.loads(row.data).get("fields", {}).get("state")
            if change:
                found[row.ticket_n].append((instant(row.at), cast(State, change[1])))
    return found


def _just_changed(case: Case, now: datetime) -> Iterator[tuple[datetime, State]]:
    if case.before is not None and case.before.state != case.row.state:
        yield now, cast(State, case.row.state)
