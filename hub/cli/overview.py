"""How every instance is, and what waits for a person; pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Literal

from hub.store import InstanceState, StreamState

Condition = Literal[
    "ok", "never read", "suspicious", "warned", "failing", "paused", "not started", "off", "gone"
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Overview:
    """One instance.

    Attributes:
        last_poll_at: when a poll of any of its streams last ended, well or not.
        lag: how long ago the stream that is furthest behind was last read well; None: one never was.
        dead_letters: records set aside.
        next_step: what a person does now, if anything.
        waiting: deliveries that wait in the outbox.
        set_aside: deliveries that its destination refused.
    """

    instance: str
    connector: str
    condition: Condition
    last_poll_at: datetime | None
    lag_s: float | None
    records: int
    dead_letters: int
    next_step: str | None
    waiting: int = 0
    set_aside: int = 0


def overview(
    connectors: Mapping[str, str],
    states: Iterable[InstanceState],
    streams: Iterable[StreamState],
    dead: Counter[str],
    now: datetime,
    outbox: Mapping[str, tuple[int, int]] = MappingProxyType({}),
    disabled: Collection[str] = (),
    broken: Mapping[str, str] = MappingProxyType({}),
) -> list[Overview]:
    """Return how every configured instance is, and those that only the store still knows, by name.

    Args:
        connectors: the connector of every configured instance.
        states: which are paused.
        streams: where their streams and sweeps stand.
        dead: dead letters by instance.
        now: aware.
        outbox: deliveries that wait and that are set aside, by instance.
        disabled: names of the instances that are switched off.
        broken: what is wrong with each instance that a daemon could not start.
    """
    by_name = {state.name: state for state in states}
    by_instance: dict[str, list[StreamState]] = {}
    for stream in streams:
        by_instance.setdefault(stream.instance, []).append(stream)
    names = sorted({*connectors, *by_instance, *outbox, *(name for name, state in by_name.items() if state.paused_at)})
    rows = [
        _one(
            name,
            connectors.get(name),
            by_name.get(name),
            by_instance.get(name, []),
            dead[name],
            outbox.get(name, (0, 0)),
            now,
            off=name in disabled,
        )
        for name in names
    ]
    return [_not_started(row, broken[row.instance]) if row.instance in broken else row for row in rows]


def _not_started(row: Overview, problem: str) -> Overview:
    told = f'cannot be started: {"; ".join(problem.splitlines())}; mend it, then run "hub reload"'
    return replace(row, condition="not started", next_step=told)


def _one(
    name: str,
    connector: str | None,
    state: InstanceState | None,
    streams: Sequence[StreamState],
    dead: int,
    outbox: tuple[int, int],
    now: datetime,
    *,
    off: bool,
) -> Overview:
    records = sum(stream.records for stream in streams)
    streams = [stream for stream in streams if stream.gone_at is None]
    polls = [stream for stream in streams if not stream.name]
    well = [stream.ok_at for stream in polls]
    read = [at for at in well if at is not None]
    ends = [stream.finished_at for stream in polls if stream.finished_at]
    failing = [stream for stream in streams if stream.failures]
    warned = [stream for stream in streams if stream.warning]
    quiet = [stream for stream in polls if stream.quiet is not None]
    condition = "gone" if connector is None else _condition(state, streams, failing, warned, quiet)
    if off:
        condition = "off"
    return Overview(
        instance=name,
        connector=connector or (state.connector if state else ""),
        condition=condition,
        last_poll_at=max(ends, default=None),
        lag_s=round((now - min(read)).total_seconds(), 1) if read and len(read) == len(well) else None,
        records=records,
        dead_letters=dead,
        waiting=outbox[0],
        set_aside=outbox[1],
        next_step=_next_step(name, connector, condition, state, failing or warned or quiet, dead, outbox, now),
    )


def _condition(
    state: InstanceState | None,
    streams: Sequence[StreamState],
    failing: Sequence[StreamState],
    warned: Sequence[StreamState],
    quiet: Sequence[StreamState],
) -> Condition:
    if state and state.paused_at:
        return "paused"
    if failing:
        return "failing"
    if warned:
        return "warned"
    if quiet:
        return "suspicious"
    return "ok" if any(stream.ok_at for stream in streams if not stream.name or not stream.stream) else "never read"


def _next_step(
    name: str,
    connector: str | None,
    condition: Condition,
    state: InstanceState | None,
    concerned: Sequence[StreamState],
    dead: int,
    outbox: tuple[int, int],
    now: datetime,
) -> str | None:
    if connector is None and any(outbox):
        return f'no longer in the settings; what waits for it is in "hub outbox --instance {name}"'
    if connector is None:
        return "no longer in the settings; nothing to do"
    if condition == "off" and outbox[0]:
        return f'{_waiting(outbox[0])} for it; take out "enabled = false", or see "hub outbox --instance {name}"'
    if condition == "paused" and state:
        return _paused(name, state)
    if condition == "failing":
        return _failing(concerned, now)
    if condition == "warned":
        return "; ".join(f"{_named(stream)}: {stream.warning}" for stream in concerned)
    if condition == "suspicious":
        return "; ".join(f"{_named(stream)}: {stream.quiet}" for stream in concerned)
    if condition == "never read":
        return f'run "hub sync {name}"' if connector != "notify" else 'run "hub sync"'
    if outbox[1]:
        return f'look at "hub outbox --instance {name}"'
    if dead:
        return f'look at "hub dead list --instance {name}"'
    return None


def _waiting(number: int) -> str:
    return "1 delivery waits" if number == 1 else f"{number:,} deliveries wait"


def _paused(name: str, state: InstanceState) -> str:
    resume = f'"hub resume {name}"'
    if state.paused_by == "person":
        return f"{state.paused_reason or 'no reason given'}; {resume} reads it again"
    return f"{state.paused_reason or 'paused'}; mend it, then run {resume}"


def _failing(failing: Sequence[StreamState], now: datetime) -> str:
    worst = max(failing, key=lambda stream: stream.failures)
    again = ""
    if worst.next_try_at and worst.next_try_at > now:
        again = f"; tried again in {_minutes(worst.next_try_at - now)}"
    return f"{worst.title or worst.stream}: {worst.error or 'failed'}{again}"


def _named(stream: StreamState) -> str:
    title = stream.title or stream.stream
    return f"{title} ({stream.name})" if stream.name and stream.stream else title


def _minutes(length: timedelta) -> str:
    return f"{max(round(length.total_seconds() / 60), 1)} min"
