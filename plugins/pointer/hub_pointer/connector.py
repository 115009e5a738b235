"""Pointer's map reviews as tickets.

Source: https://api.pntr.io/v1 (vendor sheet, sections 2 to 9). ``GET /reviews`` in pages of at most 100 by offset, in
an order nobody promises, filtered by dates of four kinds that may or may not include the days given. There is no
filter by time of change and no reading by id: new reviews are found by ``created_at`` (when Pointer collected them,
hours to days after publication), edits, deletions and replies given elsewhere by reading windows again. Times without
a zone are taken as Moscow's. One request per second and token. A write shows its effect only later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pydantic import Field

from hub.sdk import (
    Action,
    Auth,
    AuthError,
    Bearer,
    Connector,
    ConnectorConfig,
    Counted,
    Counting,
    Draft,
    Duration,
    HubError,
    Limit,
    Page,
    Read,
    Record,
    Reference,
    Request,
    Response,
    Secret,
    SourceError,
    Steps,
    Stream,
    Sweep,
    TransientError,
    Webhook,
)
from hub_pointer import assumed, comments
from hub_pointer.actions import CALLS, Acts
from hub_pointer.paging import MAX_LIMIT, OVERLAP, follow, read_items, read_listing
from hub_pointer.review import Lookup, drafts, text_id
from hub_pointer.windows import DAY, LONGEST, Window

HISTORY = timedelta(days=365)  # read at the first poll where `start` is not set
COLLECTION_OVERLAP = timedelta(days=2)  # a poll reads so far back behind its cursor
REPLY_WINDOW = timedelta(days=3)
CALLS_EVERY_S = 1.1
INVENTORY = "edits"
"""The sweep that lists everything: what it passes over would be hidden. It goes through its window twice, by
publication and by collection: a review whose ``published_at`` cannot be read is dated by its collection."""

_PROVIDERS = "/providers"
_NETWORKS = "/networks"
_COMPANIES = "/companies"
_COLLECTED = "created_at"

_SWEEP_FILTERS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    INVENTORY: ("published_at", {}),
    "changed": ("published_at", {"is_changed": "true"}),
    "replies": ("reply_created_at", {"has_reply": "true"}),
    "published": ("reply_published_at", {"has_reply": "true"}),
    comments.COMMENTS: ("published_at", {}),
}
"""Of each sweep: the date it goes by, and its other filters."""


class PointerConfig(ConnectorConfig):
    """Settings of one Pointer token."""

    token: Secret = Field(description="API token, from Pointer's support")
    networks: tuple[str, ...] | None = Field(
        default=None, min_length=1, description="uuids of the networks to read; all that the token sees unless given"
    )
    list_style: assumed.ListStyle = Field(
        default="brackets", description="how lists stand in queries: `a[]=1&a[]=2`, `a=1&a=2` or `a=1,2`"
    )
    edits_window: Duration = Field(
        default=timedelta(days=60), gt=timedelta(), description="how far back edits and deletions are looked for"
    )
    comments: bool = Field(
        default=False, description="read the comments under reviews too, which costs a request for each review"
    )
    comments_window: Duration = Field(
        default=timedelta(days=7), gt=timedelta(), description="how old a review may be whose comments are read"
    )
    webhook_secret: Secret | None = Field(
        default=None, description="the last part of the address that Pointer's webhooks call; without it none is taken"
    )


class Pointer(Connector[PointerConfig]):
    """Reviews of the networks that one token sees."""

    name = "pointer"
    title = "Pointer"
    Config = PointerConfig
    base_url = "https://api.pntr.io/v1"
    references = (
        Reference("providers", timedelta(days=1)),
        Reference("networks", timedelta(hours=1)),
        Reference("outlets", timedelta(days=1)),
    )
    actions = frozenset(CALLS)
    report_reasons = frozenset(assumed.REPORT_REASONS)
    sweep_names = frozenset(_SWEEP_FILTERS)

    def __init__(self, config: PointerConfig) -> None:
        super().__init__(config)
        self._providers = Lookup("id")
        self._outlets = Lookup("uuid")

    @classmethod
    def looks_back(cls, config: ConnectorConfig) -> timedelta:
        """Return the widest window of the sweeps, which may be a day wider than asked for."""
        if not isinstance(config, PointerConfig):
            return timedelta()
        comments = config.comments_window if config.comments else timedelta()
        return max(config.edits_window, REPLY_WINDOW, comments) + timedelta(days=1)

    def auth(self) -> Auth:
        return Bearer(self.config.token)

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        window = self.config.edits_window
        sweeps = (
            Sweep(INVENTORY, timedelta(days=1), window, inventory=True, scope=self._scope(reference)),
            Sweep("changed", timedelta(hours=1), window),
            Sweep("replies", timedelta(hours=1), REPLY_WINDOW),
            Sweep("published", timedelta(hours=1), REPLY_WINDOW),
        )
        reviews = Stream("reviews", "Reviews", sweeps)
        if not self.config.comments:
            return (reviews,)
        walk = Sweep(comments.COMMENTS, timedelta(days=1), self.config.comments_window)
        return (reviews, Stream(comments.COMMENTS, "Comments", (walk,)))

    def _scope(self, reference: Mapping[str, Sequence[Any]]) -> Mapping[str, Sequence[str]]:
        """Return the networks that are read: reviews of others, read before, are not missing."""
        networks = self._asked(reference) or _visible(reference)
        return {"network_uuid": networks} if networks else {}

    def _asked(self, reference: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
        """Return the networks to ask for; empty: all that the token sees.

        One that it does not see would be a 404 for all of them: it is left out, if that leaves any.
        """
        named, visible = self.config.networks or (), _visible(reference)
        return tuple(network for network in named if network in visible) or named

    def _warnings(self, read: Read) -> tuple[str, ...]:
        visible = _visible(read.reference)
        hidden = [network for network in self.config.networks or () if visible and network not in visible]
        told = "is not visible to the token: take it out of `networks`, or ask Pointer support for the right to it"
        return tuple(f"network {network} {told}" for network in hidden) if read.mode == "poll" else ()

    def limits(self, request: Request) -> Sequence[Limit]:
        return (Limit("requests", calls=1, per_s=CALLS_EVERY_S, concurrency=1),)

    def classify(self, response: Response) -> HubError | None:
        status, request = response.status, response.request
        seen = f"{status} from {request.method} {request.path}"
        if status == 401:
            return AuthError(f"{seen}; the token is not valid (any more): ask Pointer support for a new one")
        if status == 403 and assumed.is_web_page(response):
            return TransientError(
                f"{seen}: a web page; something in front of the API refused. It is tried again; if it stays, look at"
                " the proxy, or ask Pointer support whether this machine's address is blocked"
            )
        if self._is_spared(response):
            return None
        if status == 403 and comments.is_of_comments(request):
            return SourceError(f"{seen}; ask Pointer support for this method, or take `comments` out of the settings")
        if status == 403:
            return AuthError(f"{seen}; ask Pointer support which networks and methods the token has")
        if status in (400, 404, 409, 422):
            return SourceError(f"{seen}: {assumed.error_message(response)}")
        error = super().classify(response)
        if status == 429 and isinstance(error, TransientError) and error.retry_after is None:
            return TransientError(seen, retry_after=assumed.TOO_MANY_WAIT)
        return error

    def _is_spared(self, response: Response) -> bool:
        """Whether a refusal keeps us from names only: `parse` reads it as an empty list, and the reviews come."""
        status, path = response.status, response.request.path
        if path == _COMPANIES:
            return status in (403, 404)
        if comments.is_of_comments(response.request):
            return status == 404
        return status == 403 and (path == _PROVIDERS or (path == _NETWORKS and self.config.networks is not None))

    def receive(self, webhook: Webhook) -> Sequence[str]:
        """Return no names: whatever a call says, it is a hint that something is new (sheet, section 12).

        Raises:
            AuthError: the address does not end in the secret.
        """
        secret = self.config.webhook_secret
        if secret is None:
            raise AuthError("a webhook of Pointer was refused: set `webhook_secret` to the last part of its address")
        if not webhook.is_at(secret.get_secret_value()):
            raise AuthError(
                "a webhook without the right secret was refused; compare `webhook_secret` with the address at Pointer"
            )
        return ()

    # --- reading ------------------------------------------------------------------------------------------------

    def request(self, read: Read) -> Request | None:
        if read.mode == "reference":
            return self._reference_request(read)
        if read.stream == comments.COMMENTS and read.mode == "poll":
            return None  # nothing tells which reviews have new ones
        field, _ = _filter(read)
        window = Window.begin(field, *_days(read))
        return self._window_request(window, read) if window else None

    def parse(self, response: Response, read: Read) -> Page:
        """Return the page.

        A refused reference is an empty one where only names come from it: a token may be limited to methods and to
        networks (vendor sheet, section 2), and no review is worth waiting for the name of a platform or an outlet.
        """
        if read.mode == "reference":
            return self._reference_page(response, read)
        if comments.is_of_comments(response.request):
            return comments.page(response)
        page = self._reviews_page(response, read)
        if read.stream == comments.COMMENTS:
            return replace(page, records=(), details=tuple(comments.requests(page.records)))
        return page

    def _reviews_page(self, response: Response, read: Read) -> Page:
        listing = read_listing(response)
        context = response.request.context
        window, torn = Window.of(context), context["torn"]
        narrower = window.narrower(listing.total) if context.get("total") is None else None
        if narrower:
            following = self._window_request(narrower, read, torn=torn)
            return Page(records=listing.items, next_request=following, warnings=self._warnings(read))
        progress = follow(response, listing, read.restarts, complete=_is_final(read))
        torn = torn or progress.torn
        later = _following(window, listing.total, read) if progress.ended else None
        return Page(
            records=listing.items,
            ahead=progress.ahead,
            restart=progress.restart,
            next_request=self._window_request(later, read, torn=torn) if later else None,
            cursor=_cursor(window, read) if progress.ended and not torn else None,
            warnings=self._warnings(read),
        )

    def window(self, stream: str) -> timedelta:
        """Return a month: each window costs two days more on either side, and one request runs at a time."""
        return LONGEST * DAY

    def count(self, read: Read) -> Counting:
        """Ask for ``meta.total`` of the days that are read, those of collection and some around: an estimate."""
        window = Window.of_days(_COLLECTED, *_days(read))
        if window is None or read.stream == comments.COMMENTS:
            return None
        answer = yield self._window_request(window, read).with_params(limit=1)
        if answer.status != 200:
            return None
        total = read_listing(answer).total
        return Counted(total, requests=total // (self._limit - self._limit // OVERLAP) + 1, of="tickets", exact=False)

    def normalize(self, record: Record, read: Read) -> Draft | Sequence[Draft]:
        providers, outlets = read.reference.get("providers", ()), read.reference.get("outlets", ())
        make = comments.draft if read.stream == comments.COMMENTS else drafts
        return make(
            record, lambda key: self._providers.get(providers, key), lambda key: self._outlets.get(outlets, key)
        )

    @property
    def _limit(self) -> int:
        return min(self.config.page_size or MAX_LIMIT, MAX_LIMIT)

    def _window_request(self, window: Window, read: Read, *, torn: bool = False) -> Request:
        """Return the first page of *window*; *torn*: it, or one before it in this run, may lack rows."""
        networks = self._asked(read.reference)
        params = {
            **(assumed.list_param("network_uuids", networks, self.config.list_style) if networks else {}),
            **_filter(read)[1],
            **window.params(),
            "with_tags": "true",
            "with_smart_tags": "true",
            "limit": comments.REVIEWS_A_PAGE if read.stream == comments.COMMENTS else self._limit,
            "offset": 0,
        }
        return Request("GET", "/reviews", params=params, context={**window.context(), "torn": torn})

    # --- references ---------------------------------------------------------------------------------------------

    def _reference_request(self, read: Read) -> Request | None:
        if read.name == "providers":
            return Request("GET", _PROVIDERS)
        if read.name == "networks":
            return Request("GET", _NETWORKS, params={"limit": self._limit, "offset": 0})
        return self._outlets_request(list(dict.fromkeys(self._asked(read.reference) or _visible(read.reference))))

    def _outlets_request(self, networks: Sequence[str]) -> Request | None:
        """Return the first page of the first network; the others wait in the context."""
        if not networks:
            return None
        params = {"network_uuid": networks[0], "limit": self._limit, "offset": 0}
        return Request("GET", _COMPANIES, params=params, context={"waiting": list(networks[1:])})

    def _reference_page(self, response: Response, read: Read) -> Page:
        if response.status in (403, 404):
            waiting = response.request.context.get("waiting", ())
            return Page(next_request=self._outlets_request(waiting))
        if read.name == "providers":
            return Page(records=read_items(response))
        listing = read_listing(response)
        progress = follow(response, listing, read.restarts)
        records, following = listing.items, None
        if read.name == "outlets":
            network = response.request.params["network_uuid"]
            # The items do not say whose they are (vendor sheet, section 6).
            records = [{**item, "network_uuid": network} for item in records if isinstance(item, dict)]
            following = self._outlets_request(response.request.context["waiting"]) if progress.ended else None
        return Page(records=records, ahead=progress.ahead, restart=progress.restart, next_request=following)

    # --- writing ------------------------------------------------------------------------------------------------

    def act(self, actions: Sequence[Action]) -> Steps:
        return Acts(self.classify, self.config.list_style).run(actions)


def _visible(reference: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
    """Return the uuids of the networks that the token sees; empty where it may not list them."""
    rows = (row for row in reference.get("networks", ()) if isinstance(row, dict))
    return tuple(filter(None, (text_id(row.get("uuid")) for row in rows)))


def _days(read: Read) -> tuple[date, date]:
    """Return the first day to read and the one after the last.

    The source's days may be those of another zone: a day more on either side keeps what lies near midnight.
    """
    end = (read.until or read.now).date() + 2 * DAY
    if read.mode == "poll" and read.cursor:
        known = min(date.fromisoformat(read.cursor["created"]), read.now.date())
        return known - COLLECTION_OVERLAP, end
    first = (read.since or read.now - HISTORY).date() - DAY
    if read.mode == "backfill" and read.cursor:
        return max(first, date.fromisoformat(read.cursor["created"]) - DAY), end
    return first, end


def _filter(read: Read) -> tuple[str, Mapping[str, str]]:
    """Return the date that *read* begins to go by, and its other filters."""
    return _SWEEP_FILTERS[read.name] if read.mode == "sweep" else (_COLLECTED, {})


def _is_final(read: Read) -> bool:
    """Whether nobody reads again what *read* passes over: it must be whole, or fail."""
    return read.name == INVENTORY or read.mode == "backfill"


def _following(window: Window, total: int, read: Read) -> Window | None:
    following = window.following(total)
    if following is None and read.name == INVENTORY and window.field != _COLLECTED:
        return Window.begin(_COLLECTED, *_days(read))
    return following


def _cursor(window: Window, read: Read) -> dict[str, str]:
    """Return the day before which all is known; today stays open, and the overlap never moves it back.

    Not for a torn window, nor for those after one: the next poll reads from before it again.
    """
    reached = min(window.last, read.now.date()).isoformat()
    return {"created": max(reached, read.cursor["created"]) if read.cursor else reached}
