"""The proof at the end of a backfill: per day what the source says it has, and what is stored.

Where a source counts, a day is asked for its number, and one that differs from what is stored is read a second time;
where it does not, every window is. What a second read brings that was not stored was a gap: it is stored then, and the
window is read once more. What the source counts and never lists stays a gap, and is named. Records that were set aside
belong to the day that is short of them; where none is, nobody knows their day, and they stand in a row without one.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Literal

from hub.pipeline.ask import answered
from hub.pipeline.source import Source
from hub.runtime.backfill_plan import window_read
from hub.runtime.spans import day_of
from hub.sdk import Counted, Draft, FollowUp, MessageDraft, TicketDraft, message_id
from hub.store import Store, Window
from hub.store.present import Shown

State = Literal["complete", "mended", "set aside", "gap"]
Unit = Literal["messages", "tickets"]

_COUNTS_AT_ONCE = 4
_READS = 3  # of one window at most, until one brings nothing new


@dataclass(frozen=True, slots=True)
class Day:
    """What was proved of one stream on one day.

    Args:
        day: in the settings' time zone; empty: days outside the period, which the source counts into it, or records set
            aside whose day is not known.
        source: how many the source says it has.
        stored: how many of them are stored.
        mended: how many were missing, and were stored when the day was read again.
        left_out: how many are not stored on purpose: of people who were erased, or cases of our own tickets.
        by: how the source said it.
        state: ``set aside``: what is missing are dead letters.
        aside: how many of them.
    """

    stream: str
    title: str
    day: str
    source: int
    stored: int
    mended: int
    left_out: int
    by: Literal["count", "second read", "first read"]
    state: State
    aside: int = 0


@dataclass(slots=True)
class Tally:
    """What second reads of a stream list.

    Args:
        store: where it is looked for.
        names: connector, namespace and stream.
        unit: what is counted.
        edges: where each day begins, and where the last one ends; what lies before has the number -1.
    Attributes:
        listed: how many, by number of the day.
        mended: how many of them were missing, and are stored now.
        rejected: how many records were set aside by the last read.
        aside: how many records that were set aside a day is short of, by its number.
        undated: how many were set aside that no day is short of.
    """

    store: Store
    names: tuple[str, str, str]
    unit: Unit
    edges: Sequence[datetime]
    listed: Counter[int] = field(default_factory=Counter)
    mended: Counter[int] = field(default_factory=Counter)
    rejected: int = 0
    aside: Counter[int] = field(default_factory=Counter)
    undated: int = 0
    _days: dict[bytes, int] = field(default_factory=dict)
    _missing: dict[bytes, bytes] = field(default_factory=dict)
    _left_out: set[bytes] = field(default_factory=set)

    async def note(self, drafts: Sequence[Draft]) -> None:
        """Note what a page says, before it is stored."""
        ids: dict[bytes, bytes] = {}
        for draft in _tickets(drafts):
            for message in draft.messages:
                if message.echo_of is None:
                    self._note(draft, message, ids)
        for one in await self.store.run(self.store.missing, ids):
            self._missing[one] = ids[one]

    def _note(self, draft: TicketDraft, message: MessageDraft, ids: dict[bytes, bytes]) -> None:
        one = message_id(*self.names, message.source_id, message.same_as)
        item = one if self.unit == "messages" else draft.thread.encode()
        ids[one] = item
        day = bisect_right(self.edges, message.created_at) - 1
        known = self._days.get(item)
        if known is None or day < known:
            self._days[item] = day
            self.listed[day] += 1
            if known is not None:
                self.listed[known] -= 1

    async def settle(self) -> int:
        """Tell what the read stored from what is not stored though it was read; return how many were stored."""
        still = await self.store.run(self.store.missing, self._missing)
        self._left_out |= {item for one, item in self._missing.items() if one in still}
        stored = {item for one, item in self._missing.items() if one not in still}
        self.mended.update(self._days[item] for item in stored)
        self._missing.clear()
        return len(stored)

    def left_out(self) -> Counter[int]:
        """Return how many are not stored on purpose, by number of the day."""
        return Counter(self._days[item] for item in self._left_out)


def _tickets(drafts: Iterable[Draft]) -> Iterator[TicketDraft]:
    for draft in drafts:
        one = draft.otherwise if isinstance(draft, FollowUp) else draft
        if isinstance(one, TicketDraft):
            yield one


Reread = Callable[[Window, Tally], Awaitable[None]]
"""Reads a window again from its beginning, telling a tally of its pages."""
Counts = Mapping[int, Counted]
"""What the source says of each day, by its number."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Proves a backfill.

    Args:
        source: the instance, knowing its references.
        store: where everything is.
        windows: what was read.
        edges: where each day begins, and where the last one ends.
        zone: whose days they are.
        reread: reads a window again.
        on_step: told after each step how many are done, and of how many.
    """

    source: Source
    store: Store
    windows: Sequence[Window]
    edges: Sequence[datetime]
    zone: tzinfo
    reread: Reread
    on_step: Callable[[int, int], None]

    async def days(self) -> list[Day]:
        """Return what is proved of every day, by stream and day.

        Raises:
            HubError: the source does not answer; nothing is proved then.
        """
        connector = self.source.connector
        shown = await self.store.run(self.store.shown_by_day, connector.name, connector.namespace(), self.edges)
        streams = list(dict.fromkeys(window.stream for window in self.windows))
        found: list[Day] = []
        for done, stream in enumerate(streams):
            windows = [window for window in self.windows if window.stream == stream]
            found.extend(await self._stream(stream, windows, shown, (done, len(streams))))
        return found

    async def _stream(
        self, stream: str, windows: Sequence[Window], shown: Shown, part: tuple[int, int]
    ) -> Iterator[Day]:
        steps = len(self.edges) - 1 + len(windows)
        counts = await self._counts(stream, windows, lambda day: self.on_step(part[0] * steps + day, part[1] * steps))
        unit: Unit = next((one.of for one in counts.values()), "tickets")
        connector = self.source.connector
        tally = Tally(self.store, (connector.name, connector.namespace(), stream), unit, self.edges)
        stays: dict[int, State] = {}
        again: set[int] = set()
        for number, window in enumerate(windows):
            days = self._days_of(window)
            if not all(day in counts and counts[day].records == shown[stream, unit, day] for day in days):
                again.update(days)
                stays |= await self._read_again(window, {day: counts[day] for day in days if day in counts}, tally)
            else:
                tally.undated += window.rejected
            self.on_step(part[0] * steps + len(self.edges) + number, part[1] * steps)
        return self._rows(windows[0], counts, tally, again, stays)

    def _days_of(self, window: Window) -> range:
        return range(bisect_left(self.edges, window.since), bisect_left(self.edges, window.until))

    async def _counts(self, stream: str, windows: Sequence[Window], on_day: Callable[[int], None]) -> Counts:
        """Return what the source says of each day; none where it does not count to the record."""
        found: dict[int, Counted] = {}
        asked = 0
        for window in windows:
            days = list(self._days_of(window))
            if not window.records and len(days) > 1:  # where the source has nothing in all of it, one count says so
                whole = await self._count(stream, days[0], days[-1] + 1)
                if whole is not None and whole.exact and not whole.records:
                    found |= dict.fromkeys(days, whole)
                    days = []
            for some in (days[at : at + _COUNTS_AT_ONCE] for at in range(0, len(days), _COUNTS_AT_ONCE)):
                counts = await asyncio.gather(*(self._count(stream, day, day + 1) for day in some))
                found |= {day: one for day, one in zip(some, counts, strict=True) if one is not None and one.exact}
            asked += len(self._days_of(window))
            on_day(asked)
            if not found and asked > 1:  # the first day may be a part of one, which some cannot count
                break
        return found

    async def _count(self, stream: str, first: int, last: int) -> Counted | None:
        read = window_read(self.source, stream, self.edges[first], self.edges[last])
        return await answered(self.source, lambda: self.source.connector.count(read))

    async def _read_again(self, window: Window, counts: Counts, tally: Tally) -> dict[int, State]:
        """Read *window* until nothing new comes; return the days that stay open, and how."""
        for read in range(1, _READS + 1):
            before = Counter(tally.mended)
            await self.reread(window, tally)
            new = await tally.settle()
            short = {day: max(one.records - tally.listed[day], 0) for day, one in counts.items()}
            if not new and (not any(short.values()) or read > 1):
                break
        aside = Counter(short) if sum(short.values()) <= tally.rejected else Counter[int]()
        tally.aside += aside
        tally.undated += tally.rejected - aside.total()
        stays: State = "set aside" if aside else "gap"
        found = {day: stays for day, number in short.items() if number}
        if new:  # it brings something new each time: that nothing more is missing cannot be said
            found |= dict.fromkeys(+(tally.mended - before), "gap")
        return found

    def _rows(
        self, window: Window, counts: Counts, tally: Tally, again: AbstractSet[int], stays: Mapping[int, State]
    ) -> Iterator[Day]:
        left_out = tally.left_out()
        for day in range(len(self.edges) - 1):
            counted, listed = counts.get(day), tally.listed[day]
            if counted and day not in again:
                says = stored = counted.records
            else:
                says, stored = max(listed, counted.records if counted else 0), listed - left_out[day]
            state = stays.get(day, "mended" if tally.mended[day] else "complete")
            name = day_of(self.edges[day], self.zone).isoformat()
            numbers = (says, stored, tally.mended[day], left_out[day])
            yield Day(
                window.stream,
                window.title,
                name,
                *numbers,
                "count" if counted else "second read",
                state,
                tally.aside[day],
            )
        beyond = {day: number for day, number in tally.mended.items() if not 0 <= day < len(self.edges) - 1}
        if number := sum(beyond.values()):
            state = "gap" if any(stays.get(day) == "gap" for day in beyond) else "mended"
            yield Day(window.stream, window.title, "", number, number, number, 0, "second read", state)
        if number := tally.undated:
            by: Literal["second read", "first read"] = "second read" if again else "first read"
            yield Day(window.stream, window.title, "", number, 0, 0, 0, by, "set aside", number)
