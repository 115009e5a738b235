"""The SLA clock: from what was said in a ticket, and the states it stood in, to deadlines. Pure; *now* is given.

A clock starts when the hub could know of the question, runs in working time, and stands still in the states of the
policy's ``pause`` and while the ticket is solved, closed or hidden. Neither a policy nor a priority moves its start, so
changing them gives the deadlines that would have been there from the beginning.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from hub.routing.calendar import Calendar
from hub.routing.policy import Promise, SlaPolicy
from hub.sdk.ticket import Direction, Message, Sla, State

Status = Literal["running", "stopped", "met", "breached"]
"""How a deadline stands; stopped: its clock stands still, so that nobody can say yet when it is due."""

_DONE: frozenset[State] = frozenset({"solved", "closed"})
_AT_REST: frozenset[State] = _DONE | {"hidden"}


@dataclass(frozen=True, slots=True)
class Moment:
    """What the clock reads of a message, where there is no whole :class:`hub.sdk.Message`."""

    direction: Direction
    created_at: datetime
    collected_at: datetime | None = None
    ingested_at: datetime | None = None
    hidden: bool = False


Said = Moment | Message


class Stop(NamedTuple):
    """A stretch in which a clock stands still; *end* is None while it lasts."""

    start: datetime
    end: datetime | None


class Alarm(NamedTuple):
    """When a *share* of a deadline will be spent; 1 is its breach."""

    at: datetime
    promise: Promise
    share: float


@dataclass(frozen=True, slots=True)
class Intake:
    """How the question that started the clock came in, in seconds on the wall.

    Attributes:
        lag_s: from its publication until the hub could know; no fault of the team, and not on a clock that starts
            at ``collected``.
        wait_s: from then until the hub had stored it; always on the clock.
    """

    published_at: datetime
    known_at: datetime
    lag_s: float
    wait_s: float


class Exchange(NamedTuple):
    """Questions of the customer that one public answer ends, or that still wait for it.

    Attributes:
        asked: in the order of their publication, at least one.
        answered_at: when the answer was published.
    """

    asked: tuple[Said, ...]
    answered_at: datetime | None


class Deadline(NamedTuple):
    """One promise of a policy and its clock.

    Attributes:
        seconds: of working time that are allowed.
        due: the last instant at which the promise is kept; None while the clock stands still before that.
        done_at: when it was answered or solved; the clock rests from there.
        stops: in order; none begins after *done_at*.
    """

    promise: Promise
    start: datetime
    seconds: float
    due: datetime | None
    done_at: datetime | None
    calendar: Calendar
    stops: tuple[Stop, ...]
    warn: tuple[float, ...]

    def elapsed_s(self, now: datetime) -> float:
        """Working seconds that the clock has run at *now*, stops left out; it does not run on once it is done."""
        until = self._until(now)
        if not self.stops:
            return self.calendar.elapsed(self.start, until)
        stopped = sum(
            self.calendar.elapsed(max(stop.start, self.start), until if stop.end is None else min(stop.end, until))
            for stop in self.stops
        )
        return self.calendar.elapsed(self.start, until) - stopped

    def remaining_s(self, now: datetime) -> float:
        """Working seconds that are left at *now*; below zero once it is overdue."""
        return self.seconds - self.elapsed_s(now)

    def share_spent(self, now: datetime) -> float:
        """How much of the deadline is spent at *now*, from 0 to 1."""
        if self.due is not None and self._until(now) >= self.due:
            return 1.0
        return min(self.elapsed_s(now) / self.seconds, 1.0)

    def status(self, now: datetime) -> Status:
        """How the deadline stands at *now*. What was done at the last instant is met."""
        if self.done_at is not None and self.done_at <= now:
            return "met" if self.due is not None and self.done_at <= self.due else "breached"
        if self.due is not None and now >= self.due:
            return "breached"
        return "stopped" if any(_within(stop, now) for stop in self.stops) else "running"

    @property
    def breach_at(self) -> datetime | None:
        """When the promise was or will be broken if nothing happens; None if it was kept, or its clock stands still."""
        return self.due if self.done_at is None or self.due is None or self.done_at > self.due else None

    @property
    def warnings(self) -> tuple[Alarm, ...]:
        """The policy's warning points, as far as it was not done before them and can be said when they come."""
        points = ((share, reach(self.calendar, self.start, share * self.seconds, self.stops)) for share in self.warn)
        return tuple(
            Alarm(at, self.promise, share)
            for share, at in points
            if at is not None and (self.done_at is None or at < self.done_at)
        )

    def _until(self, now: datetime) -> datetime:
        return now if self.done_at is None else min(now, self.done_at)


class Deadlines(NamedTuple):
    """All that a policy promises about one ticket.

    Attributes:
        policy: its name.
        start: when the ticket's clock started; None where no customer waits or ever was answered.
        exchanges: the questions and answers that were counted.
        next_responses: one for each exchange after the first, answered or not, in order.
    """

    policy: str
    start: datetime | None = None
    exchanges: tuple[Exchange, ...] = ()
    first_response: Deadline | None = None
    next_responses: tuple[Deadline, ...] = ()
    resolution: Deadline | None = None

    @property
    def intake(self) -> Intake | None:
        """How the first question came in."""
        return _intake(self.exchanges[0]) if self.exchanges else None

    @property
    def next_response(self) -> Deadline | None:
        """The deadline of the latest exchange after the first; its clock started with the oldest open question."""
        return self.next_responses[-1] if self.next_responses else None

    @property
    def first_response_due(self) -> datetime | None:
        """When the first answer was or is due."""
        return self.first_response.due if self.first_response else None

    @property
    def next_response_due(self) -> datetime | None:
        """When the oldest open question must be answered; None when none waits, or the first answer is to come."""
        latest = self.next_response
        return latest.due if latest and latest.done_at is None else None

    @property
    def resolution_due(self) -> datetime | None:
        """When the ticket was or is to be solved."""
        return self.resolution.due if self.resolution else None

    def all(self) -> tuple[Deadline, ...]:
        """Every deadline of the ticket, kept or not."""
        one = (self.first_response, *self.next_responses, self.resolution)
        return tuple(deadline for deadline in one if deadline is not None)

    def share_spent(self, promise: Promise, now: datetime) -> float:
        """How much of a deadline is spent at *now*, from 0 to 1; 0 where there is no such deadline."""
        deadline: Deadline | None = getattr(self, promise)
        return deadline.share_spent(now) if deadline else 0.0

    def alarms(self) -> tuple[Alarm, ...]:
        """Warnings and breaches, past and to come, of all that is not done yet, in order of time."""
        waiting = [deadline for deadline in self.all() if deadline.done_at is None]
        breaches = [Alarm(deadline.due, deadline.promise, 1.0) for deadline in waiting if deadline.due is not None]
        return tuple(sorted([alarm for deadline in waiting for alarm in deadline.warnings] + breaches))

    def sla(self) -> Sla:
        """Return what a ticket carries of this."""
        return Sla(
            policy=self.policy,
            first_response_due=self.first_response_due,
            next_response_due=self.next_response_due,
            resolution_due=self.resolution_due,
        )


def deadlines(
    policy: SlaPolicy, calendar: Calendar, messages: Iterable[Said], states: Iterable[tuple[datetime, State]] = ()
) -> Deadlines:
    """Return what *policy* promises about a ticket.

    Args:
        calendar: the one that the policy names.
        messages: of the ticket, in any order.
        states: since when it stood in which state, in any order; before the first it was new.

    Raises:
        OverflowError: the calendar has too little working time; :func:`hub.routing.policy.check_policy` finds that.
    """
    spoken = exchanges(messages)
    if not spoken:
        return Deadlines(policy.name)
    ordered = sorted(states, key=lambda entry: entry[0])
    stops = _stops(ordered, _AT_REST.union(policy.pause)) if ordered else ()
    starts = [_start(exchange, policy) for exchange in spoken]
    start = min(starts)
    first = _deadline(policy, calendar, stops, "first_response", starts[0], spoken[0].answered_at)
    later = 1 if first else 0  # without a first response each answer is a next one
    following = [
        _deadline(policy, calendar, stops, "next_response", starts[number], spoken[number].answered_at)
        for number in range(later, len(spoken))
    ]
    return Deadlines(
        policy.name,
        start,
        spoken,
        first,
        tuple(deadline for deadline in following if deadline is not None),
        _deadline(policy, calendar, stops, "resolution", start, solved_at(ordered)),
    )


def _deadline(
    policy: SlaPolicy,
    calendar: Calendar,
    stops: tuple[Stop, ...],
    promise: Promise,
    start: datetime,
    done_at: datetime | None,
) -> Deadline | None:
    seconds = policy.seconds(promise)
    if seconds is None:
        return None
    before = stops if done_at is None else tuple(_before(stops, done_at))
    due = reach(calendar, start, seconds, before)
    return Deadline(promise, start, seconds, due, done_at, calendar, before, policy.warn)


def known_at(message: Said) -> datetime:
    """Return when the hub could know of *message*.

    That is when the vendor found it, where the vendor says so, but neither before it was published nor after the hub
    had it: clocks of vendors are wrong at times. Without a word of the vendor it is when the hub had it.
    """
    found, stored = message.collected_at, message.ingested_at
    if found is None:
        return stored or message.created_at
    found = max(found, message.created_at)
    return min(found, stored) if stored else found


def exchanges(messages: Iterable[Said]) -> tuple[Exchange, ...]:
    """Return the questions and answers of *messages* in the order in which they were published.

    A question is all that the customer said since the answer before; notes and answers to nothing do not count.
    What the customer took back needs no answer, but one that was given to it still counts. An answer counts from its
    publication, whoever wrote it where, and also when it was removed later.
    """
    found: list[Exchange] = []
    asked: list[Said] = []
    for message in sorted(messages, key=lambda message: (message.created_at, message.direction)):  # in before out
        if message.direction == "in":
            visible = [one for one in asked if not one.hidden]
            asked = asked if message.hidden and visible else [*(asked if message.hidden else visible), message]
        elif message.direction == "out" and asked:
            found.append(Exchange(tuple(asked), message.created_at))
            asked = []
    waiting = tuple(message for message in asked if not message.hidden)
    return (*found, Exchange(waiting, None)) if waiting else tuple(found)


def _start(exchange: Exchange, policy: SlaPolicy) -> datetime:
    # The earliest of all: an older post that is found later must not give more time for what was known before.
    if policy.start == "collected":
        return min(map(known_at, exchange.asked))
    return min(message.created_at for message in exchange.asked)


def _intake(exchange: Exchange) -> Intake:
    first = exchange.asked[0]
    known, stored = known_at(first), first.ingested_at
    return Intake(
        published_at=first.created_at,
        known_at=known,
        lag_s=max((known - first.created_at).total_seconds(), 0.0),
        wait_s=(stored - known).total_seconds() if stored else 0.0,
    )


def _stops(ordered: Sequence[tuple[datetime, State]], resting: frozenset[str]) -> tuple[Stop, ...]:
    found: list[Stop] = []
    since: datetime | None = None
    for at, state in ordered:
        if state in resting:
            since = since or at
        elif since is not None:
            found.append(Stop(since, at))
            since = None
    return tuple(found) if since is None else (*found, Stop(since, None))


def _before(stops: Iterable[Stop], done_at: datetime) -> Iterable[Stop]:
    for start, end in stops:
        if start < done_at:
            yield Stop(start, done_at if end is None else min(end, done_at))


def solved_at(ordered: Iterable[tuple[datetime, State]]) -> datetime | None:
    """Return since when the ticket is solved or closed, by its states in order of time; None: it is not."""
    since: datetime | None = None
    for at, state in ordered:
        if state in _DONE:
            since = since or at
        elif state != "hidden":
            since = None
    return since


def reach(calendar: Calendar, start: datetime, seconds: float, stops: Iterable[Stop]) -> datetime | None:
    """Return when *seconds* of working time outside of *stops* have passed; None where a lasting stop comes first."""
    at = start
    for stop in stops:
        if stop.end is not None and stop.end <= at:
            continue
        spent = calendar.elapsed(at, stop.start)
        if spent >= seconds:
            break
        if stop.end is None:
            return None
        seconds, at = seconds - spent, stop.end
    return calendar.due(at, seconds)


def _within(stop: Stop, now: datetime) -> bool:
    return stop.start <= now and (stop.end is None or now < stop.end)
