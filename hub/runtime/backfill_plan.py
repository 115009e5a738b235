"""What a backfill will cost, before anything of it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from hub.pipeline.ask import answered
from hub.pipeline.source import Source
from hub.runtime.limits import background_limit, effective_limits
from hub.runtime.spans import cut, day_edges
from hub.sdk import ConfigError, Connector, Cursor, Read, Stream
from hub.store import Window


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What one stream will cost.

    Args:
        windows: how many.
        records: how many the source says it has; None where it does not say.
        requests: how many it takes to read them, about; without ``records`` it takes as many at least.
        proof: how many it takes to prove that nothing is missing, about.
        counted: whether that is by counts of days; else by a second read.
    """

    stream: str
    title: str
    windows: int
    records: int | None
    requests: int
    proof: int
    counted: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a backfill will cost. ``seconds``: at the vendor's limit, others left their share; 0 where there is none.
    ``request_s``: what one request takes of that."""

    since: datetime
    until: datetime
    streams: tuple[StreamPlan, ...]
    request_s: float

    @property
    def requests(self) -> int:
        return sum(one.requests + one.proof for one in self.streams)

    @property
    def records(self) -> int | None:
        """How many the source says it has, None where it does not say so of every stream."""
        known = [one.records for one in self.streams if one.records is not None]
        return sum(known) if len(known) == len(self.streams) else None

    @property
    def seconds(self) -> float:
        return self.requests * self.request_s


def windows_of(
    source: Source, streams: Sequence[Stream], span: tuple[datetime, datetime], zone: tzinfo
) -> list[Window]:
    """Return the windows of *streams* over *span*, as the source's filters allow."""
    edges = day_edges(*span, zone)
    return [
        Window(stream.name, stream.title, since, until)
        for stream in streams
        for since, until in cut(edges, source.connector.window(stream.name))
    ]


def window_read(source: Source, stream: str, since: datetime, until: datetime, cursor: Cursor | None = None) -> Read:
    """Return the read of ``[since, until)`` of a stream, from *cursor* on."""
    now, reference = source.now(), source.reference
    return Read(stream, "backfill", now, cursor=cursor, since=since, until=until, reference=reference)


async def plan(source: Source, streams: Sequence[Stream], span: tuple[datetime, datetime], zone: tzinfo) -> Plan:
    """Return what a backfill of *streams* over *span* costs; the source is asked for one count of each stream.

    Raises:
        ConfigError: nothing is read in a backfill of it.
        HubError: the source does not answer.
    """
    if not any(_reads(source, stream, span) for stream in streams):
        raise ConfigError(
            f'"{source.name}" has no past to read: what comes back from there belongs to cases that the hub has made'
        )
    days = len(day_edges(*span, zone)) - 1
    windows = windows_of(source, streams, span, zone)
    plans = []
    for stream in streams:
        read = window_read(source, stream.name, *span)
        number = sum(window.stream == stream.name for window in windows)
        plans.append(await _stream_plan(source, stream, read, number, days))
    return Plan(*span, tuple(plans), request_seconds(source, windows))


def _reads(source: Source, stream: Stream, span: tuple[datetime, datetime]) -> bool:
    """Whether a backfill of *stream* asks for anything."""
    if type(source.connector).pages is not Connector.pages:
        return True
    return source.hooks.request(read=window_read(source, stream.name, *span)) is not None


async def _stream_plan(source: Source, stream: Stream, read: Read, windows: int, days: int) -> StreamPlan:
    counted = await answered(source, lambda: source.connector.count(read))
    requests = windows if counted is None else counted.requests + windows - 1
    exact = counted is not None and counted.exact
    records = None if counted is None else counted.records
    return StreamPlan(stream.name, stream.title, windows, records, requests, days if exact else requests, exact)


def request_seconds(source: Source, windows: Sequence[Window]) -> float:
    """Return how many seconds one request takes at the account's limit, others left their share; 0 without a limit."""
    config = source.config
    if type(source.connector).pages is not Connector.pages:
        return 0.0  # it walks its own way, and what it asks for is not known before
    for window in windows:
        first = source.hooks.request(read=window_read(source, window.stream, window.since, window.until))
        if first is not None:
            limits = effective_limits(source.connector.limits(first), config.rate, config.concurrency)
            usable = map(background_limit, limits)
            return max((one.per_s / one.calls for one in usable if one.calls), default=0.0)
    return 0.0
