"""What a sync says it did, and how far it is."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hub.store import CaseProblem


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: records read and messages stored so far."""

    instance: str
    stream: str
    records: int
    created: int


@dataclass(frozen=True, slots=True)
class Sent:
    """How far the outbox of an instance is: deliveries sent so far, and how many waited when it began or came since."""

    instance: str
    sent: int
    of: int


Told = Callable[[Progress | Sent], None]
"""Told how far things are."""


@dataclass(frozen=True, slots=True)
class StreamReport:
    """How the run of a stream (``name`` empty) or of one of its sweeps ended.

    Counts are of records (``records``) and messages. ``skipped`` says why nothing was read at all. ``pauses``: for this
    error the instance was paused, which is told of it as a whole. ``kept_page``: the answer that it is about is kept.
    ``suspicious``: why it is, that nothing new came, though nothing went wrong.
    """

    instance: str
    stream: str
    title: str
    name: str
    records: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    error: str | None = None
    skipped: str | None = None
    kept_page: bool = False
    pauses: bool = False
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
    suspicious: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryReport:
    """What was done with an instance's outbox.

    Numbers of deliveries: ``sent``; ``failed``, to be tried again; ``set_aside`` now; ``waiting`` and ``aside`` at its
    end. ``problems`` are the destination's own words; ``skipped`` says why nothing was tried.
    """

    instance: str
    sent: int = 0
    failed: int = 0
    set_aside: int = 0
    waiting: int = 0
    aside: int = 0
    error: str | None = None
    skipped: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CustomersReport:
    """What was asked of an instance about customers.

    Numbers of inquiries: ``asked`` and answered; ``found`` one card; ``failed``, to be tried again; ``waiting`` and
    ``aside`` at its end. ``problems`` are the CRM's own words.
    """

    instance: str
    asked: int = 0
    found: int = 0
    failed: int = 0
    waiting: int = 0
    aside: int = 0
    error: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class SyncReport:
    """What ``hub sync`` did.

    ``problems`` concern whole instances and say what to do; ``paused`` names those that were paused. ``cases``
    elsewhere that need a person's look since the last sync are no failure of this one, nor are ``unsaid`` answers,
    which the customer cannot read. ``surges`` says in a sentence each which began or ended. ``pruned``: old tickets
    that were removed.
    """

    streams: list[StreamReport] = field(default_factory=list)
    deliveries: list[DeliveryReport] = field(default_factory=list)
    customers: list[CustomersReport] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
    unsaid: list[str] = field(default_factory=list)
    cases: list[CaseProblem] = field(default_factory=list)
    surges: list[str] = field(default_factory=list)
    indexed: int = 0
    pruned: int = 0
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything that was to be read and sent was; stepping aside for another run is no failure."""
        failed = any(report.error or report.warnings for report in self.streams)
        failed = failed or any(one.error or one.problems for one in self.deliveries)
        return not self.problems and not failed and not any(one.error or one.problems for one in self.customers)
