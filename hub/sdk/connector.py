"""The class that knows one source. Its functions are pure: they describe requests and read responses."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Generic, TypeVar

from hub.sdk.actions import Action, ActionName, Checks, Delivery, Steps, Webhook, Writes
from hub.sdk.auth import Auth, NoAuth
from hub.sdk.config import ConnectorConfig
from hub.sdk.counting import Counting
from hub.sdk.customer import Inquiry, Lookup
from hub.sdk.drafts import Draft
from hub.sdk.errors import AuthError, HubError, SourceError, TransientError
from hub.sdk.messages import Cursor, Limit, Page, Read, Record, Reference, Request, Response, Stream, parse_retry_after

SDK_VERSION = "1.0"
"""Version of this interface. A plugin names what it needs as ``requires_sdk = ">=1.0,<2"`` in its package."""

ConfigT = TypeVar("ConfigT", bound=ConnectorConfig)
Send = Callable[[Request], Awaitable[Response]]
"""Sends a request with limits, tries and deadlines, and returns its answer."""

ABILITIES: Mapping[str, str] = {
    "pull": "normalize",
    "deliver": "deliver",
    "escalate": "escalate",
    "act": "act",
    "receive": "receive",
    "identify": "identify",
}
"""Each ability and the hook that a connector must implement to have it."""


class Connector(Generic[ConfigT]):
    """One source. A connector overrides what it has abilities for; what it inherits is not called.

    Class attributes:
        name: the entry point's name.
        title: the vendor's name, for people.
        Config: its settings.
        base_url: the vendor's address; the setting ``base_url`` overrides it.
        references: what must be read first.
        actions: what ``act`` can do.
        report_reasons: those that the source takes for a report; empty: any.
        sweep_names: the names of every sweep that a stream may have: the keys of the setting ``sweeps``.
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    Config: ClassVar[type[ConnectorConfig]]
    base_url: ClassVar[str] = ""
    references: ClassVar[tuple[Reference, ...]] = ()
    actions: ClassVar[frozenset[ActionName]] = frozenset()
    report_reasons: ClassVar[frozenset[str]] = frozenset()
    sweep_names: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, config: ConfigT) -> None:
        self.config = config

    # --- what the source is -------------------------------------------------------------------------------------

    @classmethod
    def abilities(cls, config: ConnectorConfig | None = None) -> frozenset[str]:
        """Return the abilities; with *config*, those of that product or edition."""
        return frozenset(a for a, hook in ABILITIES.items() if getattr(cls, hook) is not getattr(Connector, hook))

    @classmethod
    def looks_back(cls, config: ConnectorConfig) -> timedelta:
        """Return how old a record may be that a sweep with *config* still sends as a whole: tickets that ended are kept
        for longer, for one that was removed would come in as new."""
        return timedelta()

    def auth(self) -> Auth:
        """Return the credentials."""
        return NoAuth()

    def namespace(self) -> str:
        """Return the vendor's own space of ids (a site, a portal); empty where ids are global. Never a secret."""
        return ""

    def account(self) -> str:
        """Return what the vendor counts its limits by (a portal, a site, a user); empty: the credentials."""
        return ""

    def index_delay(self) -> timedelta:
        """Return how long a look-up may miss what has just been created there."""
        return timedelta()

    def identifies_by(self) -> frozenset[str]:
        """Return what ``identify`` can look a customer up by: some of ``phone``, ``email`` and ``handle``."""
        return frozenset(("phone", "email"))

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        """Return the streams to read, given what the references say."""
        return (Stream(self.name),)

    def limits(self, request: Request) -> Sequence[Limit]:
        """Return the vendor's allowances that *request* counts against, per account."""
        return ()

    def classify(self, response: Response) -> HubError | None:
        """Return what is wrong with *response*, or None. Override for a vendor's own errors; call this for the rest."""
        status = response.status
        if status < 400:
            return None
        seen = f"{status} from {response.request.method} {response.request.path}"
        if status in (401, 402, 403):
            return AuthError(f"{seen}; renew the credentials or their rights")
        if status in (408, 425, 429) or status >= 500:
            wait = parse_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
            return TransientError(seen, retry_after=wait)
        detail = " ".join(response.text[:200].split())
        return SourceError(f"{seen}: {detail}" if detail else seen)

    def check(self) -> Checks:
        """Ask the source what credentials and settings lack, for ``hub check``; it has answered a first request."""
        return ()
        yield

    # --- reading ------------------------------------------------------------------------------------------------

    def request(self, read: Read) -> Request | None:
        """Return the first request of *read*; None when there is nothing to read."""
        raise NotImplementedError

    def parse(self, response: Response, read: Read) -> Page:
        """Return what *response* holds."""
        raise NotImplementedError

    def position(self, record: Record) -> Cursor:
        """Return where the stream stands after *record*. May raise: that record alone is passed over."""
        raise NotImplementedError

    def normalize(self, record: Record, read: Read) -> Draft | Sequence[Draft] | None:
        """Return what *record* says; None when it says nothing to us."""
        raise NotImplementedError

    async def pages(self, read: Read, send: Send) -> AsyncIterator[Page]:
        """Yield the pages of *read* for a source that does not fit ``request`` and ``parse``.

        *send* obeys limits, retries and deadlines. Only called when overridden. Each page is stored before the
        next is asked for.
        """
        raise NotImplementedError
        yield Page()

    def window(self, stream: str) -> timedelta | None:
        """Return how long the windows of a backfill of *stream* are; None: the source has no filter that ends one, so
        that all of it is one window."""
        return timedelta(days=7)

    def count(self, read: Read) -> Counting:
        """Ask the source how much it has in ``[since, until)`` of *read*, a backfill, as cheaply as it can be had."""
        return None
        yield

    # --- writing ------------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> Writes:
        """Bring a ticket into this destination: create it there, add what is new, or change it."""
        raise NotImplementedError

    def escalate(self, delivery: Delivery) -> Writes:
        """Open a task or issue for a ticket, tell it what is new, or change it."""
        raise NotImplementedError

    def act(self, actions: Sequence[Action]) -> Steps:
        """Do *actions* at the source and say per item what became of them."""
        raise NotImplementedError

    def receive(self, webhook: Webhook) -> Sequence[str]:
        """Return the names of the streams that *webhook* says have news; empty: all of them."""
        raise NotImplementedError

    def identify(self, inquiry: Inquiry) -> Lookup:
        """Look up whose profile it is; changes nothing there."""
        raise NotImplementedError


def furthest(connector: Connector[Any], records: Iterable[Record]) -> Cursor | None:
    """Return the furthest ``position`` of *records*; those without one are passed over, so that one bad record
    spoils nothing. None when no record has one.

    Positions of a connector have the same keys; they are compared by their values, key by key.
    """
    best: Cursor | None = None
    for record in records:
        try:
            position = connector.position(record)
            if best is None or tuple(position.values()) > tuple(best.values()):
                best = position
        except Exception:  # noqa: S112 - whatever is wrong is that record's alone; it becomes a dead letter
            continue
    return best
