"""What rules say of deadlines: policies as they stand in ``sla``, and how the score grows in ``aging``."""

from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from hub.routing.calendar import Calendar, CalendarSpec
from hub.sdk.config import Duration
from hub.sdk.nearest import did_you_mean, listed
from hub.sdk.ticket import Model, State

Promise = Literal["first_response", "next_response", "resolution"]
"""What a policy sets a deadline for."""

PROMISES: tuple[Promise, ...] = ("first_response", "next_response", "resolution")

_LONGEST = timedelta(days=366)
_YEAR_WEEKS = 52
_MOST_YEARS = 5  # a deadline that far away is a mistake


def _some_time(value: timedelta) -> timedelta:
    if not timedelta() < value <= _LONGEST:
        raise ValueError(f"{value} is no deadline; write more than nothing and at most 366d, or leave it out")
    return value


def _shares(values: tuple[float, ...]) -> tuple[float, ...]:
    wrong = [value for value in values if not 0 < value < 1]
    if wrong:
        raise ValueError(f"{wrong[0]} is no share of a deadline; write shares between 0 and 1, such as [0.5, 0.8]")
    return tuple(sorted(set(values)))


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str | int | float) else value


WorkingTime = Annotated[Duration, AfterValidator(_some_time)]
"""A span of working time: ``"7m"``, ``"4h"``, ``"1h30m"``; ``"1d"`` is 24 working hours."""


class SlaPolicy(Model):
    """Deadlines of the tickets that a policy holds for. One without any deadline says that nothing is promised."""

    name: str = Field(min_length=1, description="unique over all files")
    first_response: WorkingTime | None = Field(default=None, description="until the first public answer")
    next_response: WorkingTime | None = Field(default=None, description="until the answer to each later question")
    resolution: WorkingTime | None = Field(default=None, description="until the case is solved")
    calendar: str | None = Field(default=None, description="name of the calendar; around the clock unless given")
    start: Literal["collected", "published"] = Field(
        default="collected", description="the clock starts when the hub could know, or when it was published"
    )
    pause: Annotated[tuple[State, ...], BeforeValidator(_as_list)] = Field(
        default=(), description="states in which the clocks stand still"
    )
    target: float | None = Field(default=0.95, ge=0, le=1, description="share of the deadlines that should be met")
    warn: Annotated[tuple[float, ...], BeforeValidator(_as_list), AfterValidator(_shares)] = Field(
        default=(0.8,), description="shares of a deadline at which to warn before it is over"
    )

    def seconds(self, promise: Promise) -> float | None:
        """Return the working seconds of *promise*; None where the policy has no such deadline."""
        value: timedelta | None = getattr(self, promise)
        return value.total_seconds() if value is not None else None


class Aging(Model):
    """How much the score of a ticket grows until a deadline is over."""

    points: int = Field(ge=0, description="what is added when the whole deadline is spent")
    over: Promise = Field(default="first_response", description="the deadline whose spent share counts")

    def grown(self, share: float) -> int:
        """Return the points for a *share* from 0 to 1; whole points only."""
        return int(self.points * share)


@lru_cache(maxsize=1)
def always() -> Calendar:
    """Return the calendar that is open around the clock."""
    return Calendar(CalendarSpec.model_validate({"timezone": "UTC", "hours": {"mon-sun": ["00:00-24:00"]}}))


def calendar_of(policy: SlaPolicy, calendars: Mapping[str, Calendar]) -> Calendar:
    """Return the calendar that *policy* names, around the clock where it names none.

    Raises:
        KeyError: there is no such calendar; :func:`check_policy` tells that to a person.
    """
    return always() if policy.calendar is None else calendars[policy.calendar]


def check_policy(policy: SlaPolicy, calendars: Mapping[str, Calendar]) -> dict[str, str]:
    """Return what is wrong between *policy* and the *calendars* that the rules define: messages by the policy's key."""
    name = policy.calendar
    if name is not None and name not in calendars:
        hint = did_you_mean(name, calendars) or ";"
        return {"calendar": f'no calendar "{name}" is defined{hint} defined: {listed(calendars)}'}
    most_s = calendar_of(policy, calendars).week_s * _YEAR_WEEKS * _MOST_YEARS
    return {
        promise: f'is more working time than calendar "{name}" has in {_MOST_YEARS} years; write a shorter one'
        for promise in PROMISES
        if (policy.seconds(promise) or 0) > most_s
    }
