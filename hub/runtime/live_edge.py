"""Where the past of an instance ends: what its live polls have not had yet is not history, and is theirs to bring."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from hub.sdk import ConfigError, Stream
from hub.store import StreamState

OVERLAP = timedelta(hours=1)
"""What was published so shortly before a poll may have been found by the vendor only after it."""


def live_edge(
    streams: Sequence[Stream], states: Iterable[StreamState], start: datetime | None, now: datetime
) -> datetime:
    """Return until when everything is past, a whole minute: the last good poll of each of *streams* was later.

    Args:
        start: the earliest publication that polls read; None: all. A stream that was never polled begins there, or
            *now*.
    """
    polled = {one.stream: one.ok_at for one in states if not one.name}
    edges = [_edge(polled.get(stream.name), start, now) for stream in streams]
    return min([now, *edges]).replace(second=0, microsecond=0)


def _edge(polled: datetime | None, start: datetime | None, now: datetime) -> datetime:
    if polled is None:
        return start or now
    return max(polled - OVERLAP, start or polled - OVERLAP)


def require_past(name: str, since: datetime, until: datetime) -> None:
    """Refuse a span that the live polls have not had yet.

    Raises:
        ConfigError: says what to do instead.
    """
    if since >= until:
        raise ConfigError(
            f'the past of "{name}" ends at {until:%Y-%m-%d %H:%M} UTC: its polls bring what came later, live; '
            f'run "hub sync {name}", or name the end of what is to be history with --until'
        )
