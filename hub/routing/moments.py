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


def outlook(clock: Deadlines, now: datetime, state: State | str | None, aging_at: datetime | None = None) -> Outlook:
    """Return how a ticket stands at *now*.

    Args:
        state: as decided; to a ticket that is over nothing comes any more.
        aging_at: when its score grows over a band, see :func:`next_band`.
    """
    rests = state in _OVER
    passed: list[Passed] = []
    kept: list[tuple[Promise, datetime]] = []
    overdue: list[Promise] = []
    coming: list[datetime] = [] if aging_at is None or rests else [aging_at]
    for deadline, exchange in _pairs(clock):
        waits = deadline.done_at is None
        if waits and rests and not _stands_still(deadline):
            continue  # it came like that: nobody knows since when
        points = list(_points(deadline, had_at(exchange)))
        passed += [one for one in points if one.at <= now]
        if waits and not rests:
            coming += [one.at for one in points if one.at > now]
            overdue += [deadline.promise] if deadline.due is not None and deadline.due <= now else []
        elif not waits and deadline.breach_at is None:
            kept.append((deadline.promise, deadline.start))
    passed.sort(key=lambda one: (one.at, one.promise, one.share))
    return Outlook(tuple(passed), tuple(kept), tuple(overdue), min(coming, default=None))


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


def next_band(
    clock: Deadlines, aging: Aging, scale: Scale, points: int, bounds: "Bounds", now: datetime
) -> datetime | None:
    """Return when waiting next lifts the score over the start of a priority; None: it does not.

    Args:
        points: the score without aging.
        bounds: floor and ceiling of the score.
    """
    deadline: Deadline | None = getattr(clock, aging.over)
    if deadline is None or deadline.done_at is not None or not aging.points:
        return None
    for band in sorted({scale.normal, scale.high, scale.urgent}):
        missing = band - points
        if bounds.reaches(band) and 0 < missing <= aging.points:
            share = missing / aging.points
            at = reach(deadline.calendar, deadline.start, share * deadline.seconds, deadline.stops)
            if at is None:
                return None
            if at > now:
                return at
            behind = aging.grown(deadline.share_spent(now)) < missing  # what was rounded away comes at once
            if behind and deadline.status(now) == "running":
                return now + _SOON
    return None


class Bounds(NamedTuple):
    """Floor and ceiling of a score."""

    floor: int | None = None
    ceiling: int | None = None

    def reaches(self, band: int) -> bool:
        """Whether a score can grow over *band*: it is neither lifted there already nor held below."""
        return (self.floor is None or self.floor < band) and (self.ceiling is None or self.ceiling >= band)


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
