"""What a checkpoint is made of, and what it says it did."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from hub.routing.destinations import Destinations
from hub.routing.facts import Facts
from hub.routing.moments import NOTHING, Outlook
from hub.sdk.actions import ActionName
from hub.sdk.drafts import Change, FollowUp, TicketDraft
from hub.sdk.messages import Cursor, Mode
from hub.sdk.ticket import Sla

if TYPE_CHECKING:
    from hub.store.conversations import Conversations


@dataclass(frozen=True, slots=True)
class Escalation:
    """A case that a ticket is to have at an instance.

    Args:
        to: the instance's name.
        department: whom it is for, in the hub's words.
        role: ``escalated`` (the ticket waits for it) or ``delivered`` (people work on it there).
        once: not again once it was asked for, whatever became of that.
    """

    to: str
    department: str | None = None
    role: Literal["escalated", "delivered"] = "escalated"
    once: bool = False


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do with a record at its source: an action's name, its values, its words."""

    name: ActionName
    values: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that a rule wants; ``auto``: without a person, where one has allowed that for the rule."""

    template: str
    rule: str
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text for one ticket.

    Attributes:
        variant: of the template, such as ``ru-2``.
        own_language: it is in the customer's language, not in the next best.
    """

    text: str
    variant: str
    language: str
    own_language: bool = True


@dataclass(frozen=True, slots=True)
class ToWrite:
    """What a text is made of.

    Args:
        ticket: id of the ticket.
        texts: what the customer wrote.
        author: the customer's name as the source has it.
        place: name of the outlet, and its city.
        used: variants that were said last at the place, newest first.
    """

    template: str
    ticket: str
    language: str | None
    texts: tuple[str, ...]
    author: str | None
    platform: str
    place: str | None = None
    city: str | None = None
    used: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answering:
    """How customers are answered, and what can be done at sources.

    Args:
        can: the actions of every instance that is configured.
        write: makes a text; None: the template cannot be used for this ticket.
        refuse: why a text may not be said in public; None: it may.
        auto: rules that a person lets answer by themselves.
        per_author, per_day: how many such answers there may be in 24 hours.
        fresh: how old what is answered may be.
        act_within: how old what a rule acts on may be.
        from_helpdesk: what is answered in the helpdesk is said at the source.
    """

    can: Mapping[str, frozenset[ActionName]] = field(default_factory=dict)
    write: Callable[[ToWrite], Text | None] = lambda _: None
    refuse: Callable[[str], str | None] = lambda _: None
    auto: frozenset[str] = frozenset()
    per_author: int = 1
    per_day: int = 200
    fresh: timedelta = timedelta(days=3)
    act_within: timedelta = timedelta(days=7)
    from_helpdesk: bool = True


Wish = tuple[int, tuple[Escalation, ...]]
"""A ticket's row number, and the cases that routing wants for it."""


class Notice(NamedTuple):
    """A ticket's row number, and names of those who are to be told of it: once, and once more for each *occasion*, a
    warning or a breach as its event has it: ``promise``, ``share``, when it was ``reached``, and ``due``."""

    ticket_n: int
    names: tuple[str, ...]
    occasion: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Decided:
    """What routing decided for a ticket.

    Args:
        state: what a rule sets; None leaves the state to the source.
        ruleset: version of the rules.
        rules: names of those that decided, in order.
        escalations: go into the outbox with the page that brought it; one that is there already is not asked for again.
        deliver: names of the instances that it is delivered to, unless it is over.
        proposals: escalations that wait for a person: an event tells of each.
        acts: what is to be done with the record at its source, once each.
        answer: what the customer is to be answered.
        notify: names of those to be told.
        outlook: what the clock has brought, and when it brings the next.
        notify_again: names with the promises whose warning or breach is an occasion to tell them once more.
    """

    priority: str
    queue: str | None = None
    category: str | None = None
    score: int | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    state: str | None = None
    sla: Sla | None = None
    ruleset: str = ""
    rules: tuple[str, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    deliver: tuple[str, ...] = ()
    proposals: tuple[Escalation, ...] = ()
    acts: tuple[Act, ...] = ()
    answer: Answer | None = None
    notify: tuple[str, ...] = ()
    outlook: Outlook = NOTHING
    notify_again: tuple[tuple[str, frozenset[str]], ...] = ()


@dataclass(frozen=True, slots=True)
class Router:
    """What decides for tickets that are new, or that the source has changed.

    Args:
        decide: pure: the same facts, the same decision.
        needs_history: whether it looks at the customer's other tickets; asked only where there is something to decide,
            so that rules may be loaded late.
        destinations: where tickets go by default; *decide* has seen to it already.
        needs_surges: whether it looks at how much comes in; asked as late.
        answering: how customers are answered where it decides once more for what is stored; None: nobody is, and
            nothing is done at sources. A page brings its own.
    """

    decide: Callable[[Facts], Decided]
    needs_history: Callable[[], bool] = bool
    destinations: Destinations = field(default_factory=Destinations)
    needs_surges: Callable[[], bool] = bool
    answering: Answering | None = None


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
        follow_ups: what they say of cases that a ticket may have at this instance; after *drafts*.
        rejected: records set aside.
        cursor: where the stream stands then; None leaves it alone.
        originals: the responses as they came; kept only if they brought something new.
        records: how many records the page had.
        now: aware, UTC.
        router: what decides; None leaves every ticket at normal priority, without a queue.
        destinations: where tickets are delivered that no *router* decides for.
        keep_raw: how long originals are kept; zero keeps none.
        answering: how customers are answered; None: nobody is, and nothing is done at sources.
        conversations: what a new message on a ticket that has ended does; None: as where the settings do not say.
        requests: how each of *originals* was asked for, as :mod:`hub.pipeline.originals` writes it.
        effects: whether what is decided and added is also told elsewhere: delivered, escalated, commented.
        window: row number of a backfill's window: the cursor is that window's then.
        replay: the drafts come from kept originals: what only a live read knows (counters, hiding, cases elsewhere,
            cursors) stays as it is.
    """

    key: StreamKey
    connector: str
    namespace: str
    drafts: Sequence[TicketDraft | Change]
    now: datetime
    router: Router | None = None
    follow_ups: Sequence[FollowUp] = ()
    rejected: Sequence[Rejected] = ()
    cursor: Cursor | None = None
    originals: Sequence[bytes] = ()
    records: int = 0
    keep_raw: timedelta = timedelta(days=30)
    answering: Answering | None = None
    conversations: "Conversations | None" = None
    destinations: Destinations | None = None
    requests: Sequence[str] = ()
    effects: bool = True
    window: int | None = None
    replay: bool = False


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


def created(ticket_n: int, messages: int, *, history: bool = False) -> Event:
    """Return the event of a ticket that the source opened; *history*: it was read late and without effects, so that
    nobody is to be told of it either."""
    return Event(ticket_n, "created", "source", {"messages": messages} | ({"history": True} if history else {}))
