"""What a checkpoint is made of, and what it says it did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.sdk.drafts import Draft, TicketDraft
from hub.sdk.messages import Cursor, Mode


@dataclass(frozen=True, slots=True)
class Decided:
    """What routing decided for a new ticket."""

    priority: str
    queue: str | None = None
    category: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record set aside: its original bytes and why."""

    body: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class StreamKey:
    """One stream of an instance, in one way of reading it."""

    instance: str
    stream: str
    mode: Mode
    name: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One page, ready to be committed: everything or nothing.

    Args:
        key: what was read.
        connector: the connector's name.
        namespace: the vendor's space of ids.
        drafts: what the page's records say, in order; later ones win.
        rejected: records set aside.
        cursor: where the stream stands then; None leaves it alone.
        originals: the responses as they came; kept only if they brought something new.
        records: how many records the page had.
        now: aware, UTC.
        route: what decides for a new ticket.
        keep_raw: how long originals are kept; zero keeps none.
    """

    key: StreamKey
    connector: str
    namespace: str
    drafts: Sequence[Draft]
    now: datetime
    route: Callable[[TicketDraft], Decided]
    rejected: Sequence[Rejected] = ()
    cursor: Cursor | None = None
    originals: Sequence[bytes] = ()
    records: int = 0
    keep_raw: timedelta = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a checkpoint did: numbers of messages, and the tickets concerned.

    ``seen`` holds the ids (16 bytes) of the messages that the page spoke of, ``created`` and ``updated`` those of
    tickets.
    """

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    created: Sequence[bytes] = ()
    updated: Sequence[bytes] = ()
    seen: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a ticket."""

    ticket_n: int
    kind: str
    cause: str
    data: Mapping[str, object] = field(default_factory=dict)


def created(ticket_n: int, messages: int) -> Event:
    """Return the event of a ticket that the source opened."""
    return Event(ticket_n, "created", "source", {"messages": messages})
