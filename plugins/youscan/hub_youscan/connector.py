"""YouScan mentions as tickets, and tags, sentiment, spam and Bin back to YouScan.

Source: vendor sheet, sections 1 to 10 (the vendor's OpenAPI document, captured in August 2026). A topic is a stream.
``GET /topics/{t}/mentions`` with ``orderBy=seqAsc`` and ``sinceSeq`` (exclusive) neither skips nor repeats; a page
holds at most 1000, one that is not full ends the run. ``seq`` is given when a mention is saved, so what is found late
still comes; what changes afterwards (tags, sentiment, engagement, spam, Bin) never moves it and is read again by
sweeps. Dates go out in UTC with ``Z``. 10 requests in 10 s and 5 at once a user; 429 is plain text without a wait.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from pydantic import Field

from hub.sdk import (
    Action,
    ApiKey,
    Auth,
    AuthError,
    Connector,
    ConnectorConfig,
    Counted,
    Counting,
    Cursor,
    Draft,
    Duration,
    HubError,
    Limit,
    Page,
    Read,
    Record,
    RecordError,
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
from hub_youscan import assumed, hooks, mention
from hub_youscan.actions import ACTIONS, act
from hub_youscan.answers import is_vendors, topic_of, words

MAX_SIZE = 1000
SWEEP_EVERY = timedelta(hours=1)

_DAY = timedelta(days=1)
_MAX_SEQ = 2**63 - 1

TopicId = Annotated[int, Field(gt=0)]


class YouScanConfig(ConnectorConfig):
    """Settings of an instance."""

    api_key: Secret = Field(description="the key of a user who sees the topics (My Settings, API key)")
    topics: Annotated[tuple[TopicId, ...], Field(min_length=1)] | None = Field(
        default=None, description="ids of the topics to read; every topic that the key sees unless given"
    )
    sweep_window: Duration = Field(
        default=timedelta(hours=72),
        description="how far back, by the time of saving, sweeps look for late edits, spam and deletions",
    )
    page_size: int | None = Field(default=None, ge=1, le=MAX_SIZE, description="mentions a page; 1000 unless given")
    webhook_secret: Secret | None = Field(
        default=None,
        description="the password in the address that webhooks call, or its last part; without it none is taken",
    )


class YouScan(Connector[YouScanConfig]):
    """Mentions of the topics of one YouScan user."""

    name = "youscan"
    title = "YouScan"
    Config = YouScanConfig
    base_url = "https://api.youscan.io/api/external"
    references = (Reference("topics", every=timedelta(hours=1)),)
    actions = ACTIONS
    sweep_names = frozenset(("edits", *assumed.HIDDEN_SWEEPS))

    @classmethod
    def looks_back(cls, config: ConnectorConfig) -> timedelta:
        """Return the window of the sweeps."""
        return config.sweep_window if isinstance(config, YouScanConfig) else timedelta()

    def auth(self) -> Auth:
        return ApiKey("X-API-KEY", self.config.api_key)

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        names = {topic["id"]: topic["name"] for topic in reference.get("topics", ())}
        sweeps = tuple(Sweep(name, SWEEP_EVERY, self.config.sweep_window) for name in ("edits", *assumed.HIDDEN_SWEEPS))
        # A chosen topic that the key does not see stays a stream: its 404 then concerns it alone.
        chosen = self.config.topics if self.config.topics is not None else names
        return tuple(Stream(str(number), names.get(number, ""), sweeps) for number in dict.fromkeys(chosen))

    def limits(self, request: Request) -> Sequence[Limit]:
        return (Limit("requests", calls=10, per_s=10, concurrency=4),)

    def classify(self, response: Response) -> HubError | None:
        request, status = response.request, response.status
        error = super().classify(response)
        if error is None or (status == 409 and request.path.endswith("/tags")):
            return None  # a tag that exists already is what was wanted (section 9)
        said = words(response)
        seen = f"{status} from {request.method} {request.path}" + (f" ({said})" if said else "")
        if isinstance(error, TransientError):
            wait = error.retry_after
            return TransientError(seen, max(wait or assumed.FIRST_WAIT, assumed.FIRST_WAIT) if status == 429 else wait)
        if status == 403:
            return _forbidden(response, seen, chosen=self.config.topics is not None)
        if isinstance(error, AuthError):
            return AuthError(f"{seen}; {_REFUSED[status]}")
        missing = _missing(topic_of(request), chosen=self.config.topics is not None)
        return SourceError(f"{seen}; {missing}" if status == 404 else seen)

    # --- reading ------------------------------------------------------------------------------------------------

    def request(self, read: Read) -> Request:
        if read.mode == "reference":
            return Request("GET", "/topics")
        params: dict[str, Any] = {
            "from": _utc(_first_moment(self.config.start)),
            "to": _utc(assumed.LATEST),
            "orderBy": "seqAsc",
            "size": self.config.page_size or MAX_SIZE,
            "htmlSanitize": "false",
        }
        if read.mode == "sweep":
            params |= {
                "addedFrom": _utc(read.since) if read.since else None,
                **assumed.HIDDEN_SWEEPS.get(read.name, {}),
            }
        else:
            params["sinceSeq"] = read.cursor["seq"] if read.cursor else None
        if read.mode == "backfill":
            params |= _published_within(read)
        return Request("GET", f"/topics/{read.stream}/mentions", params=params)

    def parse(self, response: Response, read: Read) -> Page:
        if read.mode == "reference":
            return Page(records=_topics(response))
        mentions = _items(response, "mentions")
        request = response.request
        if len(mentions) < request.params["size"]:
            return Page(records=mentions)
        last = _last_seq(mentions)
        if last is None:
            raise SourceError(
                f"{request.method} {request.path}: no mention of a full page ({len(mentions)}) has a usable seq,"
                " so what follows cannot be asked for; look at the kept page"
            )
        before = request.params.get("sinceSeq")
        if before is not None and last <= before:
            raise SourceError(
                f"{request.method} {request.path}: a full page after seq {before} ends at seq {last};"
                " sinceSeq is not obeyed, look for a proxy in between"
            )
        return Page(records=mentions, next_request=request.with_params(sinceSeq=last), cursor={"seq": last})

    def position(self, record: Record) -> Cursor:
        seq = record["seq"]
        if not _is_seq(seq):
            raise RecordError(f"seq is {seq!r}, not a 64-bit number")
        return {"seq": seq}

    def count(self, read: Read) -> Counting:
        """Ask for ``total``, which respects every filter (section 6); ``to`` says no less than a day (section 3)."""
        answer = yield self.request(read).with_params(size=1)
        body = answer.json() if answer.status == 200 else {}
        total = body.get("total") if isinstance(body, dict) else None
        if type(total) is not int or total < 0:
            return None
        whole = read.since is not None and read.until is not None and read.until - read.since >= _DAY
        return Counted(total, requests=total // (self.config.page_size or MAX_SIZE) + 1, exact=whole)

    def normalize(self, record: Record, read: Read) -> Draft | None:
        if read.mode == "sweep" and read.name in assumed.HIDDEN_SWEEPS:
            return mention.hidden(record)
        ticket = mention.ticket(record, read.stream)
        if read.mode == "backfill" and not _within(ticket.messages[0].created_at, read):
            return None  # the vendor's bounds are whole seconds and at least a day apart
        return ticket

    # --- writing ------------------------------------------------------------------------------------------------

    def act(self, actions: Sequence[Action]) -> Steps:
        return act(actions, self.classify)

    # --- hints --------------------------------------------------------------------------------------------------

    def receive(self, webhook: Webhook) -> Sequence[str]:
        secret = self.config.webhook_secret
        return hooks.accept(webhook, secret.get_secret_value() if secret else None)


def _is_seq(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_SEQ


def _last_seq(mentions: Sequence[Record]) -> int | None:
    """Return the highest usable ``seq``: what :func:`hub.sdk.furthest` finds, at a third of its cost."""
    found = (record.get("seq") for record in mentions if type(record) is dict)
    return max((seq for seq in found if type(seq) is int and _is_seq(seq)), default=None)


_REFUSED: Mapping[int, str] = {
    401: "the key is missing or not valid (any more): create one in YouScan (My Settings, API key) and put it where"
    " `api_key` points",
    402: "the plan has no API access: ask YouScan to switch it on",
}


def _forbidden(response: Response, seen: str, *, chosen: bool) -> HubError:
    """Return what a 403 means: sections 2 and 10. *chosen*: the settings name the topics.

    A level is missing in one topic only, so the other topics go on; and not every 403 is the vendor's.
    """
    if not is_vendors(response):
        return TransientError(
            f"{seen}; something in front of the API refused (YouScan itself says why, in JSON): it is tried again; if"
            " it stays, look at the proxy, or ask YouScan whether this machine's address is blocked"
        )
    topic = topic_of(response.request)
    if not topic:
        return AuthError(f"{seen}; the key's user may not list topics: ask the account's administrator")
    if response.request.method == "POST":
        return SourceError(f"{seen}; give the key's user the level Edit in topic {topic}, then try again")
    return SourceError(
        f"{seen}; give the key's user the level View in topic {topic} (Edit to tag and hide as well), or"
        f" {_left_out(chosen)}; the other topics go on"
    )


def _missing(topic: str, *, chosen: bool) -> str:
    if not topic:
        return "look whether base_url is YouScan's address"
    seen = f"topic {topic} was deleted, or the key's user does not see it: give the user the level View"
    return f"{seen}, or {_left_out(chosen)}"


def _left_out(chosen: bool) -> str:
    """Return how a topic is no longer read."""
    if chosen:
        return "take the topic out of `topics`"
    return "let it be: once YouScan lists it no more, which is asked every hour, it is not read any more"


def _items(response: Response, field: str) -> list[Any]:
    """Return the list *field* of the answer.

    Raises:
        SourceError: the answer is not JSON, or holds no such list.
    """
    body = response.json()
    items = body.get(field) if isinstance(body, dict) else None
    if not isinstance(items, list):
        keys = ", ".join(sorted(map(str, body))[:10]) if isinstance(body, dict) else type(body).__name__
        request = response.request
        raise SourceError(
            f'{request.method} {request.path}: expected a list "{field}", got {keys or "nothing"}', retry=True
        )
    return items


def _topics(response: Response) -> list[dict[str, Any]]:
    """Return id and name of every visible topic; an entry without a usable id is none."""
    topics = [item for item in _items(response, "topics") if isinstance(item, dict) and type(item.get("id")) is int]
    return [{"id": item["id"], "name": str(item.get("name") or "")} for item in topics]


def _first_moment(start: datetime | date | None) -> datetime:
    """Return the earliest publication to ask for; a time without a zone is UTC."""
    if start is None:
        return assumed.EARLIEST
    moment = start if isinstance(start, datetime) else datetime.combine(start, time())
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _utc(moment: datetime) -> str:
    """Return *moment* in whole seconds, rounded down: fractions are documented for answers only (section 3)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _published_within(read: Read) -> dict[str, str]:
    """Return the vendor's bounds for ``[since, until)``; ``to`` covers a whole day more than it says (section 3)."""
    bounds = {"from": _utc(read.since)} if read.since else {}
    if read.until:
        last = read.until - _DAY + timedelta(microseconds=999_999)
        bounds["to"] = _utc(max(last, read.since) if read.since else last)
    return bounds


def _within(published: datetime, read: Read) -> bool:
    return (read.since is None or published >= read.since) and (read.until is None or published < read.until)
