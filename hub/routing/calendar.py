"""Working time: a calendar as rules write it, and the same as UTC intervals that can be counted quickly.

An instant is working time when the clock on the wall of the calendar's zone shows a time within a slot. So a night in
which clocks go back may be an hour longer, and one in which they go forward an hour shorter.
A slot belongs to the day on which it starts: a night shift goes on into a holiday, and none starts on one.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, model_validator

from hub.routing.country_days import Country, country_days
from hub.routing.hours import DayKey, Slot, Slots, total_min, week
from hub.routing.listable import as_list, listable
from hub.sdk.nearest import nearest_zone
from hub.sdk.ticket import Model

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_LAST_DAY = date.max.toordinal()
_DAY_S = 86_400
_SECOND = 1_000_000  # instants are counted in microseconds since the epoch
_MICROSECOND = timedelta(microseconds=1)
_FIRST_AT = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST_AT = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_PART_DAYS = 365  # intervals are made for so many days at once, when first asked for
_PART = _PART_DAYS * _DAY_S * _SECOND
_PARTS_KEPT = 128  # of each calendar; a part has at most some hundred intervals
_FAR_DAYS = 2  # from here to both ends of time, zones cannot be asked


def _checked_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:  # an unknown name is a KeyError, a folder's an OSError
        raise ValueError(_no_zone(name)) from error
    return name


def _no_zone(name: str) -> str:
    near = nearest_zone(name, available_timezones())
    hint = f'; did you mean "{near}"?' if near else ', such as "Europe/Moscow"'
    return f"{name!r} is not a time zone; write a name of the IANA list{hint}"


Zone = Annotated[str, AfterValidator(_checked_zone)]
"""IANA name of a time zone."""

Days = dict[date, Slots]
"""Days that differ from the rest, with their slots; none is a day off. What a file of ``overrides`` holds, too."""

DAYS: TypeAdapter[dict[date, tuple[Slot, ...]]] = TypeAdapter(Days)

Read = Callable[[str], object]
"""Gives the content of the file that ``overrides`` names: days and their slots, as YAML or :data:`DAYS` gave them."""


class CalendarSpec(Model):
    """A calendar as it stands in ``rules/*.yaml``."""

    timezone: Zone = Field(description="IANA name of the zone whose clock the hours are on")
    hours: dict[DayKey, Slots] = Field(
        description="slots by days of the week; where several keys name a day, the one with the fewest days counts"
    )
    holidays: Annotated[
        tuple[Country, ...],
        BeforeValidator(as_list),
        listable({"type": "string"}),
    ] = Field(default=(), description="countries whose public holidays are off, such as RU or DE-BY")
    days: Days = Field(default_factory=dict, description="days that differ, with their slots; [] is a day off")
    overrides: str | None = Field(default=None, description="a file with more of such days; `days` go before it")

    @model_validator(mode="after")
    def _has_hours(self) -> "CalendarSpec":
        try:
            week(self.hours)
        except ValueError as error:
            raise ValueError(f"hours: {error}") from error
        return self


class _Part(NamedTuple):
    """The intervals of one stretch of time; *before* is what was open in it before each, *total* the sum of all."""

    starts: "array[int]"
    ends: "array[int]"
    before: "array[int]"
    total: int

    def opened(self, at: int) -> int:
        """How long it was open from the beginning of the part to *at*."""
        here = bisect_right(self.starts, at) - 1
        return self.before[here] + min(at, self.ends[here]) - self.starts[here] if here >= 0 else 0


class Calendar:
    """Working time that can be counted: each question costs some bisections.

    Instants are aware; those returned are UTC. A naive one is a TypeError.
    Far years that nobody knows the holidays of have the usual week.
    """

    def __init__(self, spec: CalendarSpec, read: Read | None = None) -> None:
        """Compile *spec*; *read* gives the content of the file that it names in ``overrides``.

        Raises:
            ValueError: the spec names such a file and there is nobody to read it.
            pydantic.ValidationError: the file's content is not days and slots.
        """
        self._zone = ZoneInfo(spec.timezone)
        self._week = week(spec.hours)
        self._countries = spec.holidays
        days = {**_overrides(spec, read), **spec.days}
        self._days = {day.toordinal(): slots for day, slots in days.items()}
        self._part = lru_cache(_PARTS_KEPT)(self._compile)
        self._totals: dict[int, int] = {}

    @property
    def week_s(self) -> float:
        """Working seconds of a usual week."""
        return sum(total_min(slots) for slots in self._week) * 60.0

    def due(self, start: datetime, seconds: float) -> datetime:
        """Return the first instant at which *seconds* of working time have passed since *start*.

        Raises:
            ValueError: *seconds* is negative.
            OverflowError: there is not so much working time before the year 10000.
        """
        if seconds < 0:
            raise ValueError(f"{seconds} seconds: working time runs forward only")
        at, left = (start - _EPOCH) // _MICROSECOND, round(seconds * _SECOND)
        if not left:
            return start.astimezone(UTC)
        number = at // _PART
        part = self._part(number)
        left += part.opened(at)
        while left > part.total:
            left -= part.total
            number += 1
            part = self._part(number)
        here = bisect_left(part.before, left) - 1
        return _EPOCH + timedelta(0, 0, part.starts[here] + left - part.before[here])

    def elapsed(self, start: datetime, end: datetime) -> float:
        """Return the working seconds from *start* to *end*; 0 where *end* is not after *start*."""
        first, last = (start - _EPOCH) // _MICROSECOND, (end - _EPOCH) // _MICROSECOND
        if last <= first:
            return 0.0
        one, other = first // _PART, last // _PART
        opened = self._part(other).opened(last) - self._part(one).opened(first)
        if one < other:
            opened += sum(self._total(number) for number in range(one, other))
        return opened / _SECOND

    def is_open(self, at: datetime) -> bool:
        """Whether *at* is working time; the first instant of a slot is, its end is not."""
        now = (at - _EPOCH) // _MICROSECOND
        part = self._part(now // _PART)
        here = bisect_right(part.starts, now) - 1
        return here >= 0 and now < part.ends[here]

    def next_open(self, at: datetime) -> datetime:
        """Return *at* where it is working time, else the next instant that is.

        Raises:
            OverflowError: there is no working time before the year 10000.
        """
        now = (at - _EPOCH) // _MICROSECOND
        number = now // _PART
        part = self._part(number)
        here = bisect_right(part.ends, now)
        while here == len(part.ends):
            number, here = number + 1, 0
            part = self._part(number)
        return _EPOCH + timedelta(0, 0, max(now, part.starts[here]))

    def _total(self, number: int) -> int:
        # Kept beside the parts: the sum over many years must not need their intervals again.
        if number not in self._totals:
            self._totals[number] = self._part(number).total
        return self._totals[number]

    def _compile(self, number: int) -> _Part:
        start, end = max(number * _PART, _FIRST_AT), min((number + 1) * _PART, _LAST_AT)
        if start >= end:
            raise OverflowError("the calendar has not so much working time before the year 10000")
        starts, ends, before, total = array("q"), array("q"), array("q"), 0
        for one, other in _merged(self._intervals(start, end)):
            starts.append(one)
            ends.append(other)
            before.append(total)
            total += other - one
        return _Part(starts, ends, before, total)

    def _intervals(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Working time between two instants, in order of its beginning or nearly so."""
        spans = list(_offsets(self._zone, start // _SECOND, -(-end // _SECOND)))
        first = (spans[0][0] + spans[0][2]) // _DAY_S - 1  # the day before may have a night
        last = (spans[-1][1] + spans[-1][2]) // _DAY_S
        for midnight_s, slots in self._local_days(first, last):
            for slot in slots:
                from_s, to_s = midnight_s + slot.start * 60, midnight_s + slot.end * 60
                for span_start, span_end, offset in spans:
                    if span_start < to_s - offset and from_s - offset < span_end:
                        one = max(from_s - offset, span_start) * _SECOND
                        other = min(to_s - offset, span_end) * _SECOND
                        yield max(one, start), min(other, end)

    def _local_days(self, first: int, last: int) -> Iterator[tuple[int, tuple[Slot, ...]]]:
        """Midnight on the wall, in seconds since its epoch, and slots of each day from *first* to *last*."""
        holidays = self._holidays(first + _EPOCH_DAY, last + _EPOCH_DAY)
        for day in range(first, last + 1):
            slots = self._slots(day + _EPOCH_DAY, holidays)
            if slots:
                yield day * _DAY_S, slots

    def _holidays(self, first: int, last: int) -> tuple[set[int], set[int]]:
        if not self._countries:
            return set(), set()
        first_year, last_year = (date.fromordinal(min(max(day, 1), _LAST_DAY)).year for day in (first, last))
        days = country_days(self._countries, first_year, last_year)
        return {day.toordinal() for day in days.off}, {day.toordinal() for day in days.working}

    def _slots(self, ordinal: int, holidays: tuple[set[int], set[int]]) -> tuple[Slot, ...]:
        off, working = holidays
        if ordinal in self._days:
            return self._days[ordinal]
        if ordinal in off:
            return ()
        weekday = (ordinal - 1) % 7
        if ordinal in working:  # it has its own hours, or those of the working day before it in the week
            return next(self._week[weekday - back] for back in range(7) if self._week[weekday - back])
        return self._week[weekday]


def _overrides(spec: CalendarSpec, read: Read | None) -> dict[date, tuple[Slot, ...]]:
    if spec.overrides is None:
        return {}
    if read is None:
        raise ValueError(f"overrides: nothing can be read here, so {spec.overrides!r} cannot; write its days into days")
    return DAYS.validate_python(read(spec.overrides))


def _merged(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    ordered = iter(sorted(interval for interval in intervals if interval[0] < interval[1]))
    one, other = next(ordered, (0, 0))
    for start, end in ordered:
        if start > other:
            yield one, other
            one, other = start, end
        else:
            other = max(other, end)
    if one < other:
        yield one, other


def _offsets(zone: ZoneInfo, start_s: int, end_s: int) -> Iterator[tuple[int, int, int]]:
    """Stretches of UTC from *start_s* to *end_s* in which the zone's offset is one: beginning, end, offset in seconds.

    Asked once a day: no two changes of one zone have ever been closer than some days.
    """
    since, known_s, offset = start_s, start_s, _offset(zone, start_s)
    while known_s < end_s:
        next_s = min(known_s + _DAY_S, end_s)
        if _offset(zone, next_s) != offset:
            change = bisect_right(range(known_s, next_s), False, key=lambda at: _offset(zone, at) != offset) + known_s
            yield since, change, offset
            since, offset = change, _offset(zone, change)
            known_s = change
        else:
            known_s = next_s
    if since < end_s:
        yield since, end_s, offset


def _offset(zone: ZoneInfo, at_s: int) -> int:
    far_s = _FAR_DAYS * _DAY_S
    at_s = min(max(at_s, _FIRST_AT // _SECOND + far_s), _LAST_AT // _SECOND - far_s)
    offset = (_EPOCH + timedelta(seconds=at_s)).astimezone(zone).utcoffset()
    return (offset or timedelta()) // timedelta(seconds=1)
