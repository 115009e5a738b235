"""When something happens to a ticket by the clock alone: a warning, a breach, a score that ages over a band. Pure.

What has passed does not depend on when somebody looks: a standstill of days, a restart or a jump of the clock give the
same warnings and breaches, each with the moment at which it was. Only a message that is read later can change it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from hub.routing.clock import Deadline, Deadlines, Exchange, reach
from hub.routing.policy import Aging, Promise
from hub.routing.rule_models import Scale
from hub.sdk.ticket import State

Standing = Literal["warning", "breached"]  # hub.routing.facts.STANDINGS
"""How far a deadline that still waits has come; what is far from its end, or done, has none."""

HISTORY = timedelta(hours=24)
"""What was due longer than this before the hub had the question is history: no ``deadline`` condition holds for it."""

BREACH = 1.0
"""The share of a deadline at which it is breached."""

_SOON = timedelta(seconds=1)
_OVER: frozenset[str] = frozenset({"solved", "closed", "hidden"})


class Passed(NamedTuple):
    """A warning or a breach that has happened.

    Attributes:
        start: when the deadline's clock started; a later one of the same promise is another deadline.
        share: of the deadline that was spent; 1 is its breach.
        at: when that was.
        due: when the deadline is over; None while its clock stands still.
        done_at: when it was answered or solved; None: it waits.
    """

    promise: Promise
    start: datetime
    share: float
    at: datetime
    due: datetime | None
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a ticket stands by the clock.

    Attributes:
        passed: in order of time.
        kept: starts of the deadlines that were met after all, by promise.
        overdue: promises that are broken and still wait.
        next_at: the next instant at which something happens by itself; None: nothing does.
    """

    passed: tuple[Passed, ...] = ()
    kept: tuple[tuple[Promise, datetime], ...] = ()
    overdue: tuple[Promise, ...] = ()
    next_at: datetime | None = None


NOTHING = Outlook()


class Ahead(NamedTuple):
    """Shares of a deadline, ascending, at which waiting lifts the score over the start of a priority."""

    over: Promise
    shares: tuple[float, ...] = ()


def outlook(clock: Deadlines, now: datetime, state: State | str | None, ahead: Ahead | None = None) -> Outlook:
    """Return how a ticket stands at *now*.

    Args:
        state: as decided; to a ticket that is over nothing comes any more.
        ahead: bands that its score will age over, see :func:`bands`.
    """
    rests = state in _OVER
    passed: list[Passed] = []
    kept: list[tuple[Promise, datetime]] = []
    overdue: list[Promise] = []
    next_at: datetime | None = None
    for deadline, exchange in _pairs(clock):
        waits = deadline.done_at is None
        if waits and rests and not _stands_still(deadline):
            continue  # it came like that: nobody knows since when
        if _may_have_passed(deadline, now):
            passed += [one for one in _points(deadline, had_at(exchange)) if one.at <= now]
        if waits and not rests:
            due = deadline.due
            if due is not None and due <= now:
                overdue.append(deadline.promise)
            elif due is not None and (next_at is None or due < next_at):
                next_at = due
            next_at = _nearest(deadline, deadline.warn, now, next_at)
            if ahead is not None and deadline.promise == ahead.over:
                next_at = _nearest(deadline, ahead.shares, now, next_at, rounded=True)
        elif not waits and deadline.breach_at is None:
            kept.append((deadline.promise, deadline.start))
    if passed:
        passed.sort(key=lambda one: (one.at, one.promise, one.share))
    elif not (kept or overdue or next_at):
        return NOTHING
    return Outlook(tuple(passed), tuple(kept), tuple(overdue), next_at)


def _may_have_passed(deadline: Deadline, now: datetime) -> bool:
    """Whether so much time went by that the first warning can be behind us: working time is never longer."""
    share = deadline.warn[0] if deadline.warn else BREACH
    return deadline.start + timedelta(seconds=share * deadline.seconds) <= now


def _nearest(
    deadline: Deadline, shares: tuple[float, ...], now: datetime, best: datetime | None, *, rounded: bool = False
) -> datetime | None:
    """Return *best*, or when one of *shares* will be spent, if that is sooner.

    Args:
        rounded: a share that should be spent and was not seen to be comes at once.
    """
    for share in shares:
        soonest = deadline.start + timedelta(seconds=share * deadline.seconds)
        if best is not None and soonest >= best:
            break
        at = reach(deadline.calendar, deadline.start, share * deadline.seconds, deadline.stops)
        if at is not None and at <= now and rounded and deadline.status(now) == "running":
            at = now + _SOON
        if at is not None and at > now and (best is None or at < best):
            best = at
    return best


def standing(clock: Deadlines, now: datetime) -> dict[Promise, Standing]:
    """Return how far the deadlines have come that still wait at *now*; what is history is left out."""
    found: dict[Promise, Standing] = {}
    for deadline, exchange in _pairs(clock):
        if deadline.done_at is not None:
            continue
        had = had_at(exchange)
        reached = [one for one in _points(deadline, None) if one.at <= now]
        if reached and (had is None or reached[-1].at >= had - HISTORY):
            found[deadline.promise] = "breached" if reached[-1].share == BREACH else "warning"
    return found


def bands(
    aging: Aging, scale: Scale, points: int, aged: int, floor: int | None = None, ceiling: int | None = None
) -> Ahead:
    """Return the bands that waiting will lift a score over.

    Args:
        points: the score without aging; *aged*: what that added so far.
        floor, ceiling: of the score.
    """
    shares: list[float] = []
    for band in (scale.normal, scale.high, scale.urgent):
        missing = band - points
        if aged < missing <= aging.points and (floor is None or floor < band) and (ceiling is None or ceiling >= band):
            shares.append(missing / aging.points)
    return Ahead(aging.over, tuple(shares))


def had_at(exchange: Exchange) -> datetime | None:
    """Return when the hub first had a question of *exchange*; None: nobody knows."""
    return min((one.ingested_at for one in exchange.asked if one.ingested_at is not None), default=None)


def _pairs(clock: Deadlines) -> Iterator[tuple[Deadline, Exchange]]:
    """Yield every deadline with the exchange that it is about; of the resolution that is the first one."""
    exchanges = clock.exchanges
    if clock.first_response is not None:
        yield clock.first_response, exchanges[0]
    later = exchanges[len(exchanges) - len(clock.next_responses) :]
    yield from zip(clock.next_responses, later, strict=True)
    if clock.resolution is not None:
        yield clock.resolution, exchanges[0]


def _stands_still(deadline: Deadline) -> bool:
    return bool(deadline.stops) and deadline.stops[-1].end is None


def _points(deadline: Deadline, had: datetime | None) -> Iterator[Passed]:
    """Yield the warnings and the breach of *deadline* in order of time; a warning that was over before the hub *had*
    the question could not be given."""
    due, breach = deadline.due, deadline.breach_at
    ends = min((at for at in (due, deadline.done_at) if at is not None), default=None)
    if had is None or ends is None or ends > had:
        for at, promise, share in deadline.warnings:
            if had is None or at >= had:
                yield Passed(promise, deadline.start, share, at, due, deadline.done_at)
    if breach is not None:
        yield Passed(deadline.promise, deadline.start, BREACH, breach, due, deadline.done_at)
