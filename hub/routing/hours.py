"""Hours as people write them: days of the week, and slots such as ``09:00-18:00``."""

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from hub.sdk.nearest import did_you_mean

DAY_MIN = 24 * 60
"""Minutes of a day on the wall."""

_DAYS = (
    "mon monday пн понедельник",
    "tue tuesday вт вторник",
    "wed wednesday ср среда",
    "thu thursday чт четверг",
    "fri friday пт пятница",
    "sat saturday сб суббота",
    "sun sunday вс воскресенье",
)
_WEEKDAY = {name: weekday for weekday, names in enumerate(_DAYS) for name in names.split()}
_SLOT = re.compile(r"\s*(\d{1,2}):(\d\d)\s*[-–]\s*(\d{1,2}):(\d\d)\s*")
_RANGE = re.compile(r"\s*[-–]\s*")


class Slot(NamedTuple):
    """Working time of one day, in minutes from its midnight on the wall; the end lies beyond 1440 after a night."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_time(self.start)}-{_time(self.end if self.end <= DAY_MIN else self.end - DAY_MIN)}"


def parse_slot(text: str) -> Slot:
    """Return the slot of ``"09:00-18:00"``, ``"22:00-06:00"`` (until the next morning) or ``"00:00-24:00"``.

    Raises:
        ValueError: the text has another shape, a time that no clock shows, or no length.
    """
    found = _SLOT.fullmatch(text)
    if not found:
        raise ValueError(f'{text!r} is not a slot; write two times, such as "09:00-18:00" or "22:00-06:00"')
    hour, minute, to_hour, to_minute = map(int, found.groups())
    start, end = hour * 60 + minute, to_hour * 60 + to_minute
    if minute > 59 or to_minute > 59 or start >= DAY_MIN or end > DAY_MIN:
        raise ValueError(f"{text!r} is not a slot; times go from 00:00 to 23:59, an end to 24:00")
    if start == end:
        raise ValueError(f'{text!r} is empty; write "00:00-24:00" for a whole day, or no slot for a day off')
    return Slot(start, end if end > start else end + DAY_MIN)


def parse_slots(value: Any) -> Any:
    """Return the slots of one day, in order; one text stands for a list of one.

    Raises:
        ValueError: not a list of slots, or two of them overlap.
    """
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, Sequence) or not all(isinstance(item, str | Slot) for item in items):
        raise ValueError(f'{value!r} is not a list of slots; write ["09:00-18:00"], or [] for a day off')
    slots = sorted(item if isinstance(item, Slot) else parse_slot(item) for item in items)
    for one, other in pairwise(slots):
        if other.start < one.end:
            raise ValueError(f"{one} and {other} overlap; write them as one slot, or end one before the other")
    return tuple(slots)


def weekdays(text: str) -> frozenset[int]:
    """Return the days, Monday is 0, of ``"mon"``, ``"mon-fri"``, ``"fri-mon"``, ``"mon,wed"``, ``"пн-пт"``.

    Raises:
        ValueError: one of the names is no day of the week.
    """
    days: set[int] = set()
    for part in text.split(","):
        first, *last = (_weekday(name, text) for name in _RANGE.split(part.strip(), maxsplit=1))
        length = (last[0] - first) % 7 if last else 0
        days.update((first + step) % 7 for step in range(length + 1))
    return frozenset(days)


def week(hours: Mapping[str, Sequence[Slot]]) -> tuple[tuple[Slot, ...], ...]:
    """Return the slots of each day of the week, Monday first. A day takes those of the key that names the fewest days.

    Raises:
        ValueError: two keys of the same length name one day, or there is no working time at all.
    """
    named = {key: weekdays(key) for key in hours}
    slots = tuple(_slots_of(day, named, hours) for day in range(7))
    if not any(slots):
        raise ValueError('there is no working time at all; write at least one slot, such as mon-fri: ["09:00-18:00"]')
    return slots


def _slots_of(day: int, named: Mapping[str, frozenset[int]], hours: Mapping[str, Sequence[Slot]]) -> tuple[Slot, ...]:
    keys = sorted((key for key in named if day in named[key]), key=lambda key: len(named[key]))
    if len(keys) > 1 and len(named[keys[0]]) == len(named[keys[1]]):
        name = _DAYS[day].split()[0]
        raise ValueError(
            f'"{keys[0]}" and "{keys[1]}" both name {name}; leave it to one of them, or write {name} alone'
        )
    return tuple(hours[keys[0]]) if keys else ()


def _weekday(name: str, text: str) -> int:
    weekday = _WEEKDAY.get(name.strip().lower())
    if weekday is None:
        hint = did_you_mean(name, _WEEKDAY)
        raise ValueError(f"{text!r}: {name!r} is not a day; write days as mon, mon-fri, mon,wed or пн-пт{hint}")
    return weekday


def _time(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _checked_days(key: str) -> str:
    weekdays(key)
    return key


def total_min(slots: Iterable[Slot]) -> int:
    """Return how many minutes *slots* last together."""
    return sum(slot.end - slot.start for slot in slots)


DayKey = Annotated[str, AfterValidator(_checked_days)]
"""Days of the week as a key of ``hours``."""

Slots = Annotated[
    tuple[Slot, ...],
    BeforeValidator(parse_slots),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "pattern": r"^\d{1,2}:\d\d-\d{1,2}:\d\d$"},
            "examples": [["09:00-13:00", "14:00-18:00"], ["22:00-06:00"], []],
        }
    ),
]
"""The slots of one day; none is a day off."""
