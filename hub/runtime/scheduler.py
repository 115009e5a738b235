"""Which instance is due. Pure: what is known of the instances and the time in, names out.

Time is cut into slots, and an instance runs once in each, as soon as it begins. So slots that were missed (a
standstill, a poll that took longer) are made up for once, however many there were; and nothing drifts. Slots follow the
wall clock and need no memory but when each instance last began: a restart or a clock that was set disturbs nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from hashlib import blake2b
from typing import Protocol

from hub.sdk import ConfigError, ConnectorConfig

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


class Schedule(Protocol):
    """When slots begin."""

    def slot(self, at: datetime) -> datetime:
        """Return when the slot began that *at* (aware) is in."""

    def after(self, at: datetime) -> datetime:
        """Return when the first slot after *at* (aware) begins."""


@dataclass(frozen=True, slots=True)
class Every:
    """Slots of one length.

    Args:
        period: longer than nothing.
        phase: how far they are shifted, so that instances do not all start together.
    """

    period: timedelta
    phase: timedelta = timedelta()

    @classmethod
    def shifted(cls, period: timedelta, name: str) -> "Every":
        """Return slots of *period* with a shift of their own for *name*, always the same."""
        share = int.from_bytes(blake2b(name.encode(), digest_size=4).digest(), "big") / 2**32
        return cls(period, period * share)

    def slot(self, at: datetime) -> datetime:
        return at - (at - _EPOCH - self.phase) % self.period

    def after(self, at: datetime) -> datetime:
        return self.slot(at) + self.period


@dataclass(frozen=True, slots=True)
class Cron:
    """Slots that begin when a cron expression says.

    Args:
        expression: five fields, as in crontab(5); it can be read.
        zone: in which it is meant. What falls into an hour that summer time leaves out runs after it; what falls into
            the hour that comes twice runs once.
    """

    expression: str
    zone: tzinfo

    def slot(self, at: datetime) -> datetime:
        # A step on, since an instant at which the expression holds begins a slot itself.
        return self._slot_before(at + _STEP)

    def after(self, at: datetime) -> datetime:
        # In the hour that comes twice what is found may lie before *at*.
        return next(found for found in self._found(at, back=False) if found > at)

    def _slot_before(self, at: datetime) -> datetime:
        # There an expression holds twice on the way back, and once on the way on, which counts.
        return next(found for found in self._found(at, back=True) if found < at and self.after(found - _STEP) == found)

    def _found(self, at: datetime, *, back: bool) -> Iterator[datetime]:
        from cronsim import CronSim

        return (found.astimezone(UTC) for found in CronSim(self.expression, at.astimezone(self.zone), reverse=back))


def schedule_of(name: str, config: ConnectorConfig, zone: tzinfo) -> Schedule:
    """Return the schedule that the settings of an instance ask for: ``cron`` in *zone*, else ``every``.

    Raises:
        ConfigError: the expression cannot be read, or no day on which it holds is ever coming.
    """
    if config.cron is None:
        return Every.shifted(config.every, name)
    if fault := cron_fault(config.cron):
        raise ConfigError(f"instances.{name}.cron: {fault}")
    return Cron(config.cron, zone)


def cron_fault(expression: str) -> str | None:
    """Return what is wrong with a cron expression: it cannot be read, or no day on which it holds is ever coming;
    None: nothing is."""
    from cronsim import CronSimError

    try:
        Cron(expression, UTC).after(datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, StopIteration) as error:
        reason = str(error) or "no such day is coming"
        return (
            f'"{expression}" is no cron expression ({reason}); write minute, hour, day of the'
            ' month, month and weekday, such as "*/5 9-18 * * 1-5"'
        )
    return None


def next_slot(schedule: Schedule, started_at: datetime | None, now: datetime) -> datetime:
    """Return when an instance is due that last began at *started_at* (None: never); in the past: it is overdue.

    A beginning that lies in the future tells nothing: the clock was set back.
    """
    slot = schedule.slot(now)
    if started_at is None or started_at < slot or started_at > now:
        return slot
    return schedule.after(now)


Hint = frozenset[str]
"""Names of streams of an instance that somebody says have news; empty: any may."""


def joined(hint: Hint, other: Hint | None) -> Hint:
    """Return what two hints say together; None is none."""
    return hint if other is None else hint | other if hint and other else Hint()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a poll is to read.

    Args:
        streams: which streams; empty: all.
        unless_since: what was read since then, by whomever, is passed over; None: nothing is.
    """

    streams: Hint
    unless_since: datetime | None


def wanted_of(schedule: Schedule, started_at: datetime | None, now: datetime, hint: Hint | None) -> Wanted:
    """Return what a poll that begins now is to read: everything where its slot is due, else what *hint* names."""
    if hint is None:
        return Wanted(Hint(), schedule.slot(now))
    # What was read since the hint came may have been asked for before it.
    return Wanted(Hint() if next_slot(schedule, started_at, now) <= now else hint, None)


@dataclass(frozen=True, slots=True)
class InstanceState:
    """What is known of an instance.

    Args:
        due_at: when it is due by its schedule, see :func:`next_slot`, or because somebody asked for it.
        running: a poll is under way.
    """

    name: str
    due_at: datetime
    running: bool = False


def due(states: Iterable[InstanceState], now: datetime) -> list[str]:
    """Return the names of instances to poll now, most overdue first. One that runs is never due.

    Args:
        states: every instance that may run, any order; about 1,000.
        now: aware, UTC.
    Raises:
        ValueError: *now* is naive.
    """
    if now.tzinfo is None:
        raise ValueError("now has no time zone")
    waiting = [(state.due_at, state.name) for state in states if state.due_at <= now and not state.running]
    return [name for _, name in sorted(waiting)]


def next_due(states: Iterable[InstanceState]) -> datetime | None:
    """Return when the next instance is due; None where every one of them runs."""
    return min((state.due_at for state in states if not state.running), default=None)
