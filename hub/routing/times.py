"""How long things took in a ticket: answers, the solution, pauses, cases elsewhere. Pure; *now* is given.

Where a policy promises something, its own clock says how long it took, in working time without pauses. Where nothing is
promised it is the time on the wall from when the hub could know of the question.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, cast

from hub.routing.calendar import Calendar
from hub.routing.clock import Deadline, Deadlines, Exchange, Said, deadlines, exchanges, known_at, solved_at
from hub.routing.policy import SlaPolicy
from hub.sdk.ticket import State

_STATES = ("changed", "decided", "set")
_DONE = frozenset({"solved", "closed"})
_OVER = _DONE | {"hidden"}


class Happened(Protocol):
    """An event of a ticket."""

    @property
    def at(self) -> datetime:
        """When it happened."""

    @property
    def kind(self) -> str:
        """What happened."""

    @property
    def data(self) -> Mapping[str, Any]:
        """What is known of it."""


@dataclass(frozen=True, slots=True)
class Took:
    """How long something took, or has taken until now.

    Attributes:
        seconds: on the policy's clock where it is promised, else on the wall; None: it was done before its clock
            started, such as an answer that was there before the hub, so that nobody knows how long it took.
        promised_s: how long it may take on that clock; None: nothing is promised.
        done: whether it is over.
        kept: whether the promise was kept, or still can be; None: nothing is promised, or it was done before that.
    """

    seconds: float | None
    promised_s: float | None
    done: bool
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Hold:
    """How long a ticket waited for a case elsewhere, in seconds on the wall; *done*: it waits no longer."""

    instance: str
    external_id: str
    seconds: float
    done: bool


@dataclass(frozen=True, slots=True)
class Times:
    """The figures of one ticket.

    Attributes:
        policy: whose promises are meant; None: of none.
        next_responses: one for each further question, answered or not, in order.
        resolution: None as long as nothing is promised and it is not solved.
        paused_s: for how long the policy's clock stood still, on the wall, until it was solved or now.
        states_s: seconds on the wall in each state that the ticket stood in; *new* from its first message on.
        holds: cases elsewhere that the ticket waited for, in the order in which they were opened.
    """

    policy: str | None = None
    first_response: Took | None = None
    next_responses: tuple[Took, ...] = ()
    resolution: Took | None = None
    paused_s: float = 0.0
    states_s: Mapping[str, float] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()


def times(
    messages: Sequence[Said],
    events: Sequence[Happened],
    now: datetime,
    policy: SlaPolicy | None = None,
    calendar: Calendar | None = None,
    state: State = "new",
) -> Times:
    """Return the figures of a ticket.

    Args:
        messages: of the ticket, in any order.
        events: of the ticket, oldest first.
        now: aware, UTC.
        policy: the one that holds for it, with its *calendar*; None: nothing is promised.
        state: in which it stands now.
    """
    states = states_in(events)
    spoken = exchanges(messages)
    promised = Deadlines("") if policy is None or calendar is None else deadlines(policy, calendar, messages, states)
    answers = [_answer(promised, number, exchange, now) for number, exchange in enumerate(spoken)]
    return Times(
        policy=promised.policy or None,
        first_response=answers[0] if answers else None,
        next_responses=tuple(answers[1:]),
        resolution=_resolution(
            promised, spoken, states, now, before=state in _DONE and _came_in(events, state) in _DONE
        ),
        paused_s=_paused_s(promised, now),
        states_s=_states_s(messages, states, now),
        holds=tuple(holds_in(events, now)),
    )


def states_in(events: Iterable[Happened]) -> list[tuple[datetime, State]]:
    """Return since when the ticket stood in which state, as its *events* tell."""
    changes = ((event.at, event.data.get("fields", {}).get("state")) for event in events if event.kind in _STATES)
    return [(at, cast(State, change[1])) for at, change in changes if change]


def holds_in(events: Iterable[Happened], now: datetime) -> list[Hold]:
    """Return the cases that the ticket waited for; one that was opened again counts anew."""
    begun: dict[tuple[str, str], datetime] = {}
    known: set[tuple[str, str]] = set()
    over: list[tuple[datetime, Hold]] = []
    for event in events:
        case = (str(event.data.get("instance", "")), str(event.data.get("external_id", "")))
        if event.kind == "escalated":
            begun[case] = event.at
            known.add(case)
        elif case in known and (state := _state_of_case(event)) is not None:
            if state in _OVER and case in begun:
                since = begun.pop(case)
                over.append((since, Hold(*case, (event.at - since).total_seconds(), done=True)))
            elif state not in _OVER:
                begun.setdefault(case, event.at)
    lasting = [(since, Hold(*case, (now - since).total_seconds(), done=False)) for case, since in begun.items()]
    return [hold for _, hold in sorted([*over, *lasting], key=lambda pair: pair[0])]


def _state_of_case(event: Happened) -> str | None:
    """Return the state that an event tells a case to have now, None where it tells none."""
    if event.kind == "case_changed":
        change = event.data.get("fields", {}).get("state")
        return change[1] if change else None
    return event.data.get("facts", {}).get("state") if event.kind == "case_read" else None


def _answer(promised: Deadlines, number: int, exchange: Exchange, now: datetime) -> Took:
    deadline = promised.first_response if number == 0 else _deadline_of(promised.next_responses, exchange)
    if number == 0 and deadline is None:
        deadline = _deadline_of(promised.next_responses, exchange)
    start = min(map(known_at, exchange.asked))
    return _took(deadline, start, exchange.answered_at, now)


def _deadline_of(found: Iterable[Deadline], exchange: Exchange) -> Deadline | None:
    """Return the deadline of *exchange*: the one that began with a question of it."""
    asked = {known_at(message) for message in exchange.asked} | {message.created_at for message in exchange.asked}
    return next((deadline for deadline in found if deadline.start in asked), None)


def _took(deadline: Deadline | None, start: datetime, done_at: datetime | None, now: datetime) -> Took:
    if done_at is not None and done_at < (start if deadline is None else deadline.start):
        return _done_before(deadline)
    if deadline is None:
        seconds = ((done_at or now) - start).total_seconds()
        return Took(max(seconds, 0.0), None, done_at is not None, None)
    kept = deadline.status(now) != "breached"
    return Took(max(deadline.elapsed_s(now), 0.0), deadline.seconds, done_at is not None, kept)


def _done_before(deadline: Deadline | None) -> Took:
    return Took(None, None if deadline is None else deadline.seconds, done=True, kept=None)


def _came_in(events: Iterable[Happened], state: State) -> State:
    """Return the state in which the ticket came; *state*: in which it stands now."""
    changes = (event.data.get("fields", {}).get("state") for event in events if event.kind in _STATES)
    return next((change[0] or "new" for change in changes if change), state)


def _resolution(
    promised: Deadlines,
    spoken: Sequence[Exchange],
    states: Sequence[tuple[datetime, State]],
    now: datetime,
    *,
    before: bool,
) -> Took | None:
    """Return how long the solution took; *before*: it was there when the ticket came."""
    if spoken and before:
        return _done_before(promised.resolution)
    done_at = solved_at(states)
    if not spoken or (promised.resolution is None and done_at is None):
        return None
    start = min(known_at(message) for exchange in spoken for message in exchange.asked)
    return _took(promised.resolution, start, done_at, now)


def _paused_s(promised: Deadlines, now: datetime) -> float:
    """Return how long the clock that runs longest stood still."""
    clocks = [clock for clock in (promised.resolution, promised.next_response, promised.first_response) if clock]
    spans = [
        sum(
            max((min(stop.end or now, now) - max(stop.start, clock.start)).total_seconds(), 0.0) for stop in clock.stops
        )
        for clock in clocks
    ]
    return max(spans, default=0.0)


def _states_s(messages: Sequence[Said], states: Sequence[tuple[datetime, State]], now: datetime) -> dict[str, float]:
    if not messages:
        return {}
    found: dict[str, float] = {}
    state, since = "new", min(map(known_at, messages))
    for at, following in [*states, (now, "")]:
        found[state] = found.get(state, 0.0) + max((at - since).total_seconds(), 0.0)
        state, since = following, max(at, since)
    return found
