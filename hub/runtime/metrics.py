"""Figures for Prometheus. What is counted while the daemon runs is kept in its conditions; the rest is asked of the
store when somebody looks, and for some seconds not again: a scrape must not cost what the work costs.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from hub.runtime.condition import Conditions
from hub.sdk import StoreError
from hub.store import Store, StreamState
from hub.store.surges import Surge

CONTENT_TYPE = "text/plain; version=0.0.4"
_STORE_FIGURES_S = 15.0
_STORE_PATIENCE_S = 2.0  # a scrape gives up after ten seconds, and then nobody learns that the store is to blame
_STORE_DOWN_S = 30.0  # a question that waits for so long is no longer one of many in the queue


@dataclass(frozen=True, slots=True)
class StoreFigures:
    """What the store says at one moment.

    Args:
        open_tickets: how many are open, by queue (empty: none) and priority.
        tickets, messages, dead_letters: how many there are.
        size_bytes: of the database.
        streams: how each stream stands.
        paused: the names of the instances that are.
        outbox: by instance how many deliveries wait and are set aside.
        oldest: by instance when the delivery was asked for that waits longest.
        overdue: how many tickets wait for a promise that is broken, by promise.
        breaches: how many promises were broken since the process began, by promise.
        surges: those that go on.
    """

    open_tickets: Mapping[tuple[str, str], int]
    tickets: int
    messages: int
    dead_letters: int
    size_bytes: int
    streams: Sequence[StreamState]
    paused: Sequence[str]
    outbox: Mapping[str, tuple[int, int]]
    oldest: Mapping[str, datetime]
    overdue: Mapping[str, int]
    breaches: Mapping[str, int]
    surges: Sequence[Surge]


def figures(store: Store, breaches: Mapping[str, int]) -> StoreFigures:
    """Return what the store says now, and the *breaches*; takes up to a second with a million tickets."""
    summary = store.summary()
    return StoreFigures(
        open_tickets=store.count_open(),
        tickets=summary.tickets,
        messages=summary.messages,
        dead_letters=summary.dead_letters,
        size_bytes=summary.bytes,
        streams=store.streams(),
        paused=[state.name for state in store.instances() if state.paused_at is not None],
        outbox=store.outbox_counts(),
        oldest=store.outbox_oldest(),
        overdue=store.overdue(),
        breaches=breaches,
        surges=store.open_surges(),
    )


@dataclass(slots=True)
class Exposition:
    """The figures of one daemon.

    Args:
        seen: the number of the last event before the process began.
    """

    conditions: Conditions
    store: Store
    seen: int
    _breaches: Counter[str] = field(default_factory=Counter)
    _known: StoreFigures | None = None
    _known_at: float = field(default=0.0)
    _asking: "asyncio.Task[None] | None" = field(default=None)
    _asked_at: float = field(default=0.0)

    async def text(self, now: datetime) -> str:
        """Return all figures in Prometheus' text form; those of the store only while it works: the last ones that are
        known, where it takes its time."""
        known = await self._of_store()
        registry = CollectorRegistry(auto_describe=False)
        of_store = [] if known is None else _of_store(known, now)
        registry.register(_Collected([*_of_process(self.conditions, now, store_up=self._answers), *of_store]))
        return generate_latest(registry).decode()

    async def _of_store(self) -> StoreFigures | None:
        if self.conditions.store is not None:  # the rounds see when it works again
            return None
        if self._known is None or time.monotonic() - self._known_at > _STORE_FIGURES_S:
            # One question at a time: who waits for a store that is held finds the answer to the first. One that comes
            # too late for who asked is the next one's: else nobody would ever see any of a store that takes its time.
            if self._asking is None:
                self._asking, self._asked_at = asyncio.create_task(self._ask()), time.monotonic()
            asking = self._asking
            await asyncio.wait({asking}, timeout=_STORE_PATIENCE_S)
            if asking.done():
                asking.result()
        return self._known if self._answers else None

    @property
    def _answers(self) -> bool:
        """Whether the store works, as far as anybody found out."""
        waits_s = 0.0 if self._asking is None else time.monotonic() - self._asked_at
        return self.conditions.store is None and waits_s < _STORE_DOWN_S

    async def _ask(self) -> None:
        try:
            self._known = await self.store.run(self._figures)
        except StoreError as error:
            self._known = None
            self.conditions.store_failed(str(error))
        finally:
            self._known_at, self._asking = time.monotonic(), None

    def _figures(self) -> StoreFigures:
        last = self.store.last_event()
        self._breaches.update(self.store.breaches(self.seen, last))
        self.seen = last
        return figures(self.store, self._breaches)


class _Collected:
    """What Prometheus' own client asks for figures."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def _gauge(name: str, about: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> Metric:
    metric = GaugeMetricFamily(f"hub_{name}", about, labels=labels)
    for named, value in values:
        metric.add_metric(named, value)
    return metric


def _counter(name: str, about: str, labels: Sequence[str], values: Iterable[tuple[Sequence[str], float]]) -> Metric:
    metric = CounterMetricFamily(f"hub_{name}", about, labels=labels)
    for named, value in values:
        metric.add_metric(named, value)
    return metric


def _of_process(conditions: Conditions, now: datetime, *, store_up: bool) -> Iterator[Metric]:
    """Yield what this process counted since it began."""
    polls = conditions.polls.items()
    one = ("instance",)
    yield _counter("polls", "Polls that ended.", one, (((name,), known.polls) for name, known in polls))
    failures = (((name,), known.failures) for name, known in polls)
    yield _counter("poll_failures", "Polls that went wrong themselves.", one, failures)
    yield _counter("records", "Records that were read.", one, (((name,), known.records) for name, known in polls))
    lags = (((name,), known.lag_s) for name, known in polls)
    yield _gauge("poll_start_lag_seconds", "How late the last poll began.", one, lags)
    yield _gauge(
        "poll_seconds", "How long the last poll took.", one, (((name,), known.seconds) for name, known in polls)
    )
    up = [((name,), float(known.error is None)) for name, known in polls if known.ended_at is not None]
    up += [((name,), 0.0) for name in conditions.broken]
    yield _gauge(
        "instance_up", "1: all was read well when it was read last; 0 too where it cannot be started.", one, up
    )
    down = (((name,), 1.0) for name in conditions.outboxes)
    yield _gauge("destination_down", "1: deliveries are held back.", one, down)
    retries = (((name,), known.waits) for name, known in polls)
    yield _counter("retries", "Requests that were tried again.", one, retries)
    limited = (((name,), known.limited_s) for name, known in polls)
    yield _counter("limit_wait_seconds", "Time that requests waited for the vendor's limits.", one, limited)
    yield _gauge(
        "problems",
        "Other things that are wrong: the log says what.",
        (),
        [((), sum(map(len, conditions.problems.values())))],
    )
    yield _gauge("store_up", "1: the store can be read and written.", (), [((), float(store_up))])


def _of_store(known: StoreFigures, now: datetime) -> Iterator[Metric]:
    """Yield what the store said."""
    tickets = ((named, count) for named, count in known.open_tickets.items())
    yield _gauge("open_tickets", "Tickets that are open.", ("queue", "priority"), tickets)
    yield _gauge("tickets", "Tickets in the store.", (), [((), known.tickets)])
    yield _gauge("messages", "Messages in the store.", (), [((), known.messages)])
    yield _gauge("dead_letters", "Records that were set aside.", (), [((), known.dead_letters)])
    yield _gauge("store_bytes", "Size of the database.", (), [((), known.size_bytes)])
    lags = (
        ((state.instance, state.stream), (now - state.ok_at).total_seconds())
        for state in known.streams
        if state.name == "" and state.stream and state.ok_at is not None and state.gone_at is None
    )
    yield _gauge("stream_lag_seconds", "Time since a stream was last read well.", ("instance", "stream"), lags)
    paused = (((name,), 1.0) for name in known.paused)
    yield _gauge("instance_paused", "1: nothing is read or sent until a person lets it go on.", ("instance",), paused)
    quiet = (
        ((state.instance, state.stream), float(state.quiet is not None))
        for state in known.streams
        if state.name == "" and state.stream and state.gone_at is None
    )
    about = "1: read well, and quiet for longer than is usual."
    yield _gauge("stream_suspicious", about, ("instance", "stream"), quiet)
    for number, (name, about) in enumerate(
        (("outbox_waiting", "Deliveries that wait."), ("outbox_set_aside", "Deliveries that were set aside."))
    ):
        yield _gauge(name, about, ("instance",), (((key,), counts[number]) for key, counts in known.outbox.items()))
    ages = (((name,), (now - at).total_seconds()) for name, at in known.oldest.items())
    yield _gauge("outbox_age_seconds", "How long the oldest delivery waits.", ("instance",), ages)
    overdue = (((promise,), count) for promise, count in known.overdue.items())
    yield _gauge("sla_overdue", "Tickets that wait for a promise that is broken.", ("promise",), overdue)
    breaches = (((promise,), count) for promise, count in known.breaches.items())
    yield _counter("sla_breaches", "Promises that were broken.", ("promise",), breaches)
    surges = ((one.series, 1.0) for one in known.surges)
    yield _gauge("surge", "1: more comes in of a series than usual.", ("kind", "name"), surges)


def described() -> list[tuple[str, str, tuple[str, ...], str]]:
    """Return of every figure its name, type, labels and meaning."""
    nothing: dict[str, Any] = {one.name: 0 if one.type is int else {} for one in fields(StoreFigures)}
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = [*_of_process(Conditions(), now, store_up=True), *_of_store(StoreFigures(**nothing), now)]
    return [(one.name + "_total" * (one.type == "counter"), one.type, _labels(one), one.documentation) for one in found]


def _labels(metric: Metric) -> tuple[str, ...]:
    return tuple(getattr(metric, "_labelnames", ()))  # the library keeps them to itself
