"""Recorded pages instead of a network, and a walk through them by a connector's own hooks.

A recording is a JSON file of a folder ``pages/``, read in name order::

    {"request": {"method": "GET", "path": "/items", "params": {"page": 2}, "json": null},
     "status": 200, "headers": {"content-type": "application/json"}, "body": {"items": []}}

``status`` is 200 and the other parts are empty unless given. A ``body`` that is text is sent as it is, anything else
as JSON. Files whose names have a further suffix (``01.drafts.json``) are what tests expect, no recordings.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from hub.sdk import Connector, Cursor, Page, Read, Record, Request, Response, furthest, storable

MAX_PAGES = 1000
"""After so many pages a walk is taken to have no end."""

MAX_RESTARTS = 10

Answer = Callable[[Request], Response]
"""What answers requests in a walk: a :class:`Replay`, or anything that does the same."""


class NotRecordedError(LookupError):
    """A request that no recording answers."""


class EndlessError(RuntimeError):
    """A walk that came to no end."""


def wire_params(params: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return *params* as they go out: None left out, lists repeated, times in ISO 8601 with ``Z``, all of it text."""
    listed = {name: list(value) if isinstance(value, list | tuple) else [value] for name, value in params.items()}
    return {name: [_wire(item) for item in items] for name, items in listed.items() if items != [None]}


def _wire(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)


@dataclass(frozen=True, slots=True)
class Recording:
    """One request and the answer it got."""

    name: str
    method: str
    path: str
    status: int
    headers: Mapping[str, str]
    content: bytes
    params: Mapping[str, list[str]] = field(default_factory=dict)
    json: Any = None

    @classmethod
    def load(cls, file: Path) -> "Recording":
        """Return the recording in *file*.

        Raises:
            ValueError: it is not JSON or lacks the request; says which file.
        """
        try:
            told = json.loads(file.read_text(encoding="utf-8"))
            request = told["request"]
            method, path = request["method"], request["path"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{file}: a recording is JSON with request.method and request.path: {error}") from error
        body = told.get("body", "")
        return cls(
            name=file.stem,
            method=method,
            path=path,
            params=wire_params(request.get("params") or {}),
            json=request.get("json"),
            status=told.get("status", 200),
            headers={name.lower(): value for name, value in (told.get("headers") or {}).items()},
            content=(body if isinstance(body, str) else json.dumps(body)).encode(),
        )

    def answers(self, request: Request) -> bool:
        """Whether this is what *request* was answered with."""
        same = (self.method, self.path, self.params) == (request.method, request.path, wire_params(request.params))
        return same and self.json == request.json


def recordings(pages: Path) -> list[Recording]:
    """Return the recordings of folder *pages*, in name order.

    Raises:
        ValueError: there is none, or one cannot be read.
    """
    files = sorted(file for file in pages.glob("*.json") if file.suffixes == [".json"])
    if not files:
        raise ValueError(f"{pages}: no recorded page in it; put one there as 01.json")
    return [Recording.load(file) for file in files]


class Replay:
    """Answers requests from recordings. Of several that fit, each answers once, in order, and the last for ever.

    Args:
        connector: whose requests are answered; it is named in errors.
        pages: the folder of recordings, or the recordings.
    Attributes:
        answered: name of the recording that answered a request last, by the request's ``identity``.
    """

    def __init__(self, connector: Connector[Any], pages: Path | Sequence[Recording]) -> None:
        self._connector = connector
        self._recordings = recordings(pages) if isinstance(pages, Path) else list(pages)
        self._given: set[str] = set()
        self.answered: dict[bytes, str] = {}

    def __call__(self, request: Request) -> Response:
        """Return the recorded answer to *request*.

        Raises:
            NotRecordedError: there is none; names the nearest.
        """
        fitting = [recording for recording in self._recordings if recording.answers(request)]
        if not fitting:
            raise NotRecordedError(self._nothing_for(request))
        found = next((recording for recording in fitting if recording.name not in self._given), fitting[-1])
        self._given.add(found.name)
        self.answered[request.identity] = found.name
        return Response(found.status, found.headers, found.content, request)

    def knows(self, request: Request) -> bool:
        """Whether a recording answers *request*."""
        return any(recording.answers(request) for recording in self._recordings)

    def _nothing_for(self, request: Request) -> str:
        wanted = _line(request.method, request.path, wire_params(request.params), request.json)
        lines = {_line(r.method, r.path, r.params, r.json): r.name for r in self._recordings}
        nearest = max(lines, key=lambda line: SequenceMatcher(None, wanted, line, autojunk=False).ratio(), default="")
        known = f"nearest is {lines[nearest]}.json:\n  {nearest}" if nearest else "nothing is recorded at all"
        return f"{self._connector.name}: nothing is recorded for\n  {wanted}\n{known}"


def _line(method: str, path: str, params: Mapping[str, list[str]], body: Any) -> str:
    query = "&".join(f"{name}={item}" for name, items in sorted(params.items()) for item in items)
    tail = f" {json.dumps(body, ensure_ascii=False, sort_keys=True)}" if body is not None else ""
    return f"{method} {path}" + (f"?{query}" if query else "") + tail


@dataclass(frozen=True, slots=True)
class Step:
    """One page of a walk. *cursor* is where the stream stands once this page is stored; details have none."""

    request: Request
    response: Response
    page: Page
    read: Read
    cursor: Cursor | None = None
    is_detail: bool = False

    @property
    def records(self) -> Sequence[Record]:
        """The records as the engine normalises them: what no store can hold is replaced."""
        return storable(list(self.page.records)) if self.response.unclean else self.page.records


def walk(connector: Connector[Any], read: Read, answer: Answer) -> list[Step]:
    """Follow *read* to its end through ``request`` and ``parse``, as the engine does, and return every page.

    Args:
        connector: whose hooks are called; one that overrides ``pages`` cannot be walked.
        read: what to read.
        answer: gives the response to each request.
    Returns:
        Pages in the order of their checkpoints: a page, its details, what is ahead, what is next.
    Raises:
        HubError: what ``classify`` says of an answer, or what a hook raises.
        EndlessError: a request came twice, there were more than 1000 pages, or more than 10 restarts.
        TypeError: the connector overrides ``pages``.
    """
    if type(connector).pages is not Connector.pages:
        raise TypeError(f"{connector.name} overrides pages(); a walk follows request and parse only")
    return list(_Walk(connector, read, answer))


class _Walk:
    def __init__(self, connector: Connector[Any], read: Read, answer: Answer) -> None:
        self._connector, self._read, self._answer = connector, read, answer
        self._cursor = read.cursor
        self._asked: set[bytes] = set()

    def __iter__(self) -> Iterator[Step]:
        first = self._connector.request(self._read)
        waiting = deque([first] if first else [])
        while waiting:
            step = self._step(waiting.popleft(), self._asked)
            yield step
            yield from self._details(step.page.details)
            if step.page.restart:
                waiting = deque([self._restarted(step.page.restart)])
                continue
            waiting.extendleft(reversed(_following(step.page)))

    def _details(self, requests: Sequence[Request]) -> Iterator[Step]:
        # A record may come twice, changed in between, and its details with it: only within a page they must not repeat.
        waiting, asked = deque(requests), set[bytes]()
        while waiting:
            step = self._step(waiting.popleft(), asked, is_detail=True)
            yield step
            waiting.extendleft(reversed(_following(step.page)))

    def _step(self, request: Request, asked: set[bytes], *, is_detail: bool = False) -> Step:
        self._note(request, asked)
        response = self._answer(request)
        fault = self._connector.classify(response)
        if fault:
            raise fault
        page = self._connector.parse(response, self._read)
        if not is_detail and self._read.mode in ("poll", "backfill"):
            self._cursor = page.cursor or _furthest(self._connector, page.records) or self._cursor
        return Step(request, response, page, self._read, None if is_detail else self._cursor, is_detail)

    def _note(self, request: Request, asked: set[bytes]) -> None:
        if request.identity in asked:
            raise EndlessError(f"{request.method} {request.path} {dict(request.params)} was asked for before")
        if len(asked) >= MAX_PAGES:
            raise EndlessError(
                f"{self._connector.name}: {MAX_PAGES} pages and no end of {self._read.stream or 'reading'}"
            )
        asked.add(request.identity)

    def _restarted(self, request: Request) -> Request:
        """A restart may ask for what was asked before."""
        self._read = replace(self._read, restarts=self._read.restarts + 1)
        if self._read.restarts > MAX_RESTARTS:
            raise EndlessError(f"{self._connector.name}: {MAX_RESTARTS} restarts and no end of {self._read.stream}")
        self._asked.clear()
        return request


def _following(page: Page) -> list[Request]:
    return [*page.ahead, page.next_request] if page.next_request else list(page.ahead)


def _furthest(connector: Connector[Any], records: Sequence[Record]) -> Cursor | None:
    return furthest(connector, records) if type(connector).position is not Connector.position else None


def read_references(connector: Connector[Any], now: datetime, answer: Answer) -> dict[str, list[Record]]:
    """Return the records of every reference of *connector*, read in the order they are declared."""
    known: dict[str, list[Record]] = {}
    for reference in connector.references:
        read = Read("", "reference", now, name=reference.name, reference=dict(known))
        known[reference.name] = [record for step in walk(connector, read, answer) for record in step.records]
    return known
