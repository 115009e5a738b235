"""Values between engine and connector: what to read, the request, the response, the page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import orjson

from hub.sdk.errors import SourceError

Cursor = Mapping[str, Any]
"""JSON object a stream resumes from; opaque to the engine but for the order that ``position`` gives it."""

Record = Any
"""What the source sent for one item, untouched: usually a JSON object, at times junk."""

Mode = Literal["poll", "sweep", "backfill", "reference"]
Params = Mapping[str, Any]

_SNIPPET = 120  # characters of an unreadable body that go into the message


@dataclass(frozen=True, slots=True)
class Sweep:
    """A re-read of a stream on a cadence of its own; it leaves the stream's cursor alone.

    Args:
        name: unique within the stream; the key in the setting ``sweeps``.
        every: how often it is due.
        window: how far back it reads; None: everything.
        inventory: the sweep lists *everything* the source still has in its window, so that what is missing at its
            end is hidden (never more than a capped share in one run). True: records with all their messages;
            ``"threads"``: threads alone (ids of issues, of tasks), each as a :class:`Listed`.
        scope: what an inventory looks through, where that is less than the stream once held (settings or rights were
            narrowed): values that the ``extra`` of a ticket must have, by key. What is outside, or has no such key, is
            not spoken of. Empty: all of it.
    """

    name: str
    every: timedelta
    window: timedelta | None = None
    inventory: bool | Literal["threads"] = False
    scope: Mapping[str, Sequence[str]] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of record of an instance, with ids and a cursor of its own."""

    name: str
    title: str = ""
    sweeps: tuple[Sweep, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What must be known to read and normalise (outlets, field names, a time zone); kept in the store.

    ``read.reference[name]`` is the list of records that its pages gave. References are read in the order they are
    declared, and one may use those before it.
    """

    name: str
    every: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Read:
    """What to read now.

    Args:
        stream: the stream's name; empty for a reference.
        mode: poll (from the cursor), sweep and backfill (``[since, until)``), reference.
        name: which sweep or reference; empty for a poll.
        cursor: where the stream's last checkpoint stands; None at the very first poll and for sweeps. A backfill gets
            the cursor of its own window, None where it begins.
        since: start of the window; for a first poll the setting ``start``; None: no bound.
        until: end of the window; None: no bound.
        now: aware, UTC; when this run began.
        reference: every reference's records, by name.
        restarts: how often this run already began anew because a page asked for it.
        cases: for a poll or sweep, the external ids of this instance's own cases that are to be followed back: those
            that are open, and those closed in the last seven days; oldest first. They are read even where the
            settings look elsewhere.
    """

    stream: str
    mode: Mode
    now: datetime
    name: str = ""
    cursor: Cursor | None = None
    since: datetime | None = None
    until: datetime | None = None
    reference: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    restarts: int = 0
    cases: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A request, described. The engine adds base URL and credentials, sends, waits and retries.

    Args:
        method: ``GET``, ``POST``, …
        path: below the instance's base URL; a full URL is taken as it is (credentials only on the same host).
        params: query parameters; None is left out, a list repeats the name, times become ISO 8601 with ``Z``.
        json: body as JSON.
        form: body as an HTML form.
        headers: beside the usual ones.
        context: the connector's own notes (JSON values); they come back in ``response.request``.
        safe: whether sending it twice does no harm; None: GET and HEAD only.
        redirects: whether the transport follows redirects where that is safe; False: they come back as they are, with
            their ``location``.
    """

    method: str
    path: str
    params: Params = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    safe: bool | None = None
    redirects: bool = True

    @property
    def repeatable(self) -> bool:
        """Whether the engine may send it again without knowing what became of the first try."""
        return self.safe if self.safe is not None else self.method in ("GET", "HEAD")

    def with_params(self, **params: Any) -> "Request":
        """Return the same request with *params* set (None takes one out)."""
        return replace(self, params={**self.params, **params})

    def with_context(self, **context: Any) -> "Request":
        """Return the same request with *context* added."""
        return replace(self, context={**self.context, **context})

    @property
    def identity(self) -> bytes:
        """What makes it the same request: a page that asks for it again would never end."""
        return orjson.dumps(
            [self.method, self.path, dict(self.params), self.json, self.form and dict(self.form)],
            option=orjson.OPT_SORT_KEYS,
            default=str,
        )


@dataclass(slots=True)
class Response:
    """What came back. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    request: Request
    _parsed: Any = field(default=None, repr=False)
    _unclean: bool = field(default=False, repr=False)

    @property
    def text(self) -> str:
        """The body as UTF-8; what is not becomes U+FFFD."""
        return self.content.decode("utf-8", "replace")

    @property
    def unclean(self) -> bool:
        """Whether the parsed body holds text that no store can hold (lone surrogates, NUL)."""
        return self._unclean

    def json(self) -> Any:
        """Return the body parsed.

        Raises:
            SourceError: it is not JSON; says what came instead. The engine asks again with growing intervals.
        """
        if self._parsed is None:
            self._parsed = self._parse()
        return self._parsed

    def _parse(self) -> Any:
        try:
            parsed = orjson.loads(self.content)
        except orjson.JSONDecodeError:
            # The standard parser takes lone surrogates, which orjson refuses with the whole page.
            try:
                parsed = json.loads(self.content)
            except (ValueError, RecursionError) as error:
                raise SourceError(self._not_json(), retry=True) from error
            self._unclean = True
            return parsed
        self._unclean = b"\\" in self.content and b"\\u0000" in self.content  # one byte is found much quicker
        return parsed

    def _not_json(self) -> str:
        kind = self.headers.get("content-type", "no content type")
        start = " ".join(self.text[:_SNIPPET].split())
        return (
            f"{self.request.method} {self.request.path}: expected JSON, got {len(self.content)} bytes of {kind}"
            f" starting {start!r}; a proxy or an error page may stand in between"
        )


@dataclass(frozen=True, slots=True)
class Page:
    """What one response holds.

    Args:
        records: the items, untouched.
        next_request: what follows; None: this was the last page.
        ahead: further requests that are known already (offsets, windows). The engine may have several under way
            and commits them in this order, after this page and before *next_request*.
        cursor: where the stream stands once this page is stored; None: the engine takes the furthest
            ``position`` of the records. Ignored for sweeps.
        details: requests whose pages belong to this one (comments of an issue); their records are stored in the
            same checkpoint.
        restart: the source moved while it was read: drop this page's records and what is ahead, and go on from this
            request instead. The engine allows a bounded number of them.
        warnings: what a person should look at though the page can be read, each with what to do; the run ends as
            warned, and `hub status` shows it until a run no longer says so. The same one is told once a run.
    """

    records: Sequence[Record] = ()
    next_request: Request | None = None
    ahead: Sequence[Request] = ()
    cursor: Cursor | None = None
    details: Sequence[Request] = ()
    restart: Request | None = None
    warnings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Limit:
    """An allowance of the vendor that a request counts against.

    Args:
        name: what the vendor counts by, beside the account: ``requests``, a method's name, …
        calls: at most so many in any *per_s* seconds; None: not limited by time.
        per_s: length of the sliding window, seconds.
        concurrency: at most so many at once; None: the transport's own bound.
    """

    name: str = "requests"
    calls: int | None = None
    per_s: float = 1.0
    concurrency: int | None = None


def parse_retry_after(value: str | None, now: datetime) -> timedelta | None:
    """Return how long a ``Retry-After`` header asks to wait, whether in seconds or as an HTTP date.

    Args:
        value: the header, or None.
        now: aware, UTC.
    Returns:
        Zero for a date in the past; None where there is no header or it cannot be read.
    """
    if value is None:
        return None
    try:
        return max(timedelta(seconds=float(value)), timedelta())
    except (ValueError, OverflowError):
        pass
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return max((at if at.tzinfo else at.replace(tzinfo=UTC)) - now, timedelta())
