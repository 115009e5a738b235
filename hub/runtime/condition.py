"""How every instance of a daemon fares. What goes wrong is logged once when it begins, and once when it is over."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.runtime.faults import told_paused
from hub.runtime.reports import DeliveryReport, StreamReport, SyncReport
from hub.store import CaseProblem, InstanceState, StreamState

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Condition:
    """How one instance fares, as far as this process saw.

    Args:
        started_at: when the last poll began; None: none did yet.
        ended_at: when it ended.
        ok_at: when a poll that read something went well last, whatever waits to be tried again.
        error: what is wrong since *wrong_since*, in the last poll or with what waits since an earlier one; None:
            nothing.
        paused: whether the last poll paused the instance.
        polls, records: how many there were.
        failures: how many of the polls went wrong themselves.
        waits: how many requests were tried again.
        lag_s: how long after it was due the last poll began.
        seconds: how long that took.
        limited_s: how long requests waited for the vendor's limits, all together.
    """

    started_at: datetime | None = None
    ended_at: datetime | None = None
    ok_at: datetime | None = None
    error: str | None = None
    wrong_since: datetime | None = None
    paused: bool = False
    polls: int = 0
    failures: int = 0
    records: int = 0
    waits: int = 0
    lag_s: float = 0.0
    seconds: float = 0.0
    limited_s: float = 0.0


@dataclass(slots=True)
class Conditions:
    """How all instances fare: of each its polls, and apart from that what is wrong with its outbox; since when it is
    paused; which streams (by instance and name) are quiet for longer than is usual; which could not be started at all;
    and what is wrong with the store, and with anything else."""

    polls: dict[str, Condition] = field(default_factory=dict)
    outboxes: dict[str, str] = field(default_factory=dict)
    problems: dict[str, frozenset[str]] = field(default_factory=dict)
    paused: dict[str, datetime] = field(default_factory=dict)
    suspicious: dict[tuple[str, str], str] = field(default_factory=dict)
    broken: Mapping[str, str] = field(default_factory=dict)
    store: str | None = None

    def began(self, name: str, at: datetime, lag_s: float) -> None:
        """Note that a poll begins."""
        self.polls[name] = replace(self.polls.get(name, Condition()), started_at=at, lag_s=max(lag_s, 0.0))

    def waited(self, name: str) -> None:
        """Note that a request is tried again."""
        known = self.polls.get(name, Condition())
        self.polls[name] = replace(known, waits=known.waits + 1)

    def limited(self, name: str, seconds: float) -> None:
        """Note that a request waited for the vendor's limits."""
        known = self.polls.get(name, Condition())
        self.polls[name] = replace(known, limited_s=known.limited_s + seconds)

    def ended(self, name: str, report: SyncReport, at: datetime, failing: Iterable[StreamState] = ()) -> None:
        """Note how a poll ended.

        Args:
            failing: what went wrong when it was read last, by this poll or before: a poll reads some streams only, few
                sweeps, and nothing of what waits after failures or is read by others.
        """
        known = self.polls.get(name, Condition())
        own = _error_of(report)
        error = own or "; ".join(map(_last_error, failing)) or None
        read = not report.streams or any(not stream.skipped for stream in report.streams)
        records = sum(stream.records for stream in report.streams)
        pauses = name in report.paused
        self._tell(name, known, error, pauses=pauses, at=at)
        for stream in report.streams:
            if not stream.name and not stream.error and not stream.skipped:
                self._heard(name, stream)
        self.polls[name] = replace(
            known,
            ended_at=at,
            ok_at=at if own is None and read else known.ok_at,
            error=error,
            wrong_since=None if error is None else known.wrong_since or at,
            paused=pauses,
            polls=known.polls + 1,
            failures=known.failures + (own is not None),
            records=known.records + records,
            seconds=(at - (known.started_at or at)).total_seconds(),
        )

    def _heard(self, name: str, report: StreamReport) -> None:
        """Note whether a stream that was read well is quiet for longer than is usual."""
        key = (name, report.stream)
        before = self.suspicious.pop(key, None)
        facts = {"instance": name, "stream": report.title or report.stream}
        if report.suspicious is not None:
            self.suspicious[key] = report.suspicious
            if before is None:
                _log.warning("source suspicious", extra={**facts, "because": report.suspicious})
        elif before is not None:
            _log.info("source no longer suspicious", extra=facts)

    def paused_are(self, states: Iterable[InstanceState]) -> None:
        """Note which instances are paused now, whoever paused them: nothing more is heard of them by themselves."""
        before, self.paused = self.paused, {}
        for state in states:
            if state.paused_at is None:
                continue
            self.paused[state.name] = state.paused_at
            if before.pop(state.name, None) != state.paused_at:
                because, todo = told_paused(state)
                _log.warning("instance paused", extra={"instance": state.name, "because": because, "todo": todo})
        for name in before:
            _log.info("instance resumed", extra={"instance": name})

    def answered(self, name: str) -> None:
        """Note that a destination is there, whatever waits for it yet."""
        if self.outboxes.pop(name, None) is not None:
            _log.info("destination is back", extra={"instance": name})

    def worked_off(self, name: str, report: DeliveryReport) -> None:
        """Note how an outbox was worked off; whoever stepped aside for another run found out nothing."""
        if report.skipped is not None:
            return
        if report.error is None:
            self.answered(name)
        else:
            if name not in self.outboxes:
                _log.warning("destination failing", extra={"instance": name, "error": report.error})
            self.outboxes[name] = report.error
        for problem in report.problems:
            _log.warning("delivery failed", extra={"instance": name, "problem": problem})

    def waiting_are(self, waiting: Mapping[str, tuple[int, int]]) -> None:
        """Note by instance how many deliveries wait, and are set aside: where none does, none is held back."""
        for name in [name for name in self.outboxes if not waiting.get(name, (0, 0))[0]]:
            del self.outboxes[name]
            _log.info("nothing waits for the destination any more", extra={"instance": name})

    def problems_are(self, about: str, problems: Iterable[str]) -> None:
        """Note what else is wrong now, with *about*."""
        before, now = self.problems.get(about, frozenset()), frozenset(problems)
        for problem in sorted(now - before):
            _log.warning("problem", extra={"about": about, "problem": problem})
        for problem in sorted(before - now):
            _log.info("problem is over", extra={"about": about, "problem": problem})
        self.problems[about] = now

    @staticmethod
    def cases_need_a_look(cases: Iterable[CaseProblem]) -> None:
        """Tell of cases elsewhere that nobody was told of yet."""
        for case in cases:
            facts = {"ticket": case.ticket, "instance": case.instance, "case": case.external_id, "url": case.url}
            _log.warning("case needs a look", extra={**facts, "problem": case.kind, "since": case.since.isoformat()})

    def store_failed(self, error: str) -> None:
        """Note that the store could not be read or written."""
        if self.store is None:
            _log.error("store failing", extra={"error": error})
        self.store = error

    def store_works(self) -> None:
        """Note that it can."""
        if self.store is not None:
            _log.info("store is back")
        self.store = None

    @property
    def known(self) -> frozenset[str]:
        """The names of all instances and recipients that anything is known of."""
        return frozenset({*self.polls, *self.outboxes, *self.paused})

    def forget(self, name: str) -> None:
        """An instance is no longer there."""
        self.polls.pop(name, None)
        self.outboxes.pop(name, None)
        self.paused.pop(name, None)
        for key in [key for key in self.suspicious if key[0] == name]:
            del self.suspicious[key]

    @staticmethod
    def _tell(name: str, known: Condition, error: str | None, *, pauses: bool, at: datetime) -> None:
        """Log that a source fails or is back; a pause is told apart, see :meth:`paused_are`."""
        if error is not None and not pauses and (known.error is None or known.paused):
            _log.warning("source failing", extra={"instance": name, "error": error})
        elif error is None and known.error is not None and known.wrong_since is not None:
            after_s = round((at - known.wrong_since).total_seconds())
            _log.info("source is back", extra={"instance": name, "after_s": after_s})


def _error_of(report: SyncReport) -> str | None:
    """Return what went wrong in a poll; None: nothing. Stepping aside for another run is no failure."""
    errors = [f"{stream.title or stream.stream}: {stream.error}" for stream in report.streams if stream.error]
    return "; ".join([*report.problems, *errors]) or None


def _last_error(state: StreamState) -> str:
    name = f" ({state.name})" if state.name and state.stream else ""
    return f"{state.title or state.stream or state.name}{name}: {state.error}"
