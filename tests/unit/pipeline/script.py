"""A connector that reads pages which a test writes down, and a source that answers as the test says."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, cast

from hub.pipeline.fetch import Fetched, pages
from hub.pipeline.retry import RetryPolicy
from hub.pipeline.source import Source
from hub.sdk import (
    Change,
    Connector,
    ConnectorConfig,
    ConnectorSpec,
    Cursor,
    Draft,
    Page,
    Read,
    Record,
    Request,
    Response,
    TicketDraft,
)

T = TypeVar("T")

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
QUICK = RetryPolicy(tries=3, first_s=0, cap_s=0)
"""Tries again without a wait."""


def get(path: str) -> Request:
    return Request("GET", path)


class Script(Connector[ConnectorConfig]):
    """Reads ``{"records": […], "next": "/2", "ahead": ["/3"], "details": […], "restart": "/1", "cursor": {…}}``."""

    name = "script"
    Config = ConnectorConfig

    def request(self, read: Read) -> Request | None:
        return get("/first")

    def parse(self, response: Response, read: Read) -> Page:
        body = response.json()
        following, restart = body.get("next"), body.get("restart")
        return Page(
            records=body["records"],
            next_request=get(following) if following else None,
            ahead=[get(path) for path in body.get("ahead", ())],
            details=[get(path) for path in body.get("details", ())],
            restart=get(restart) if restart else None,
            cursor=body.get("cursor"),
        )

    def position(self, record: Record) -> Cursor:
        return {"seq": record["id"]}

    def normalize(self, record: Record, read: Read) -> Draft | Sequence[Draft] | None:
        if record.get("gone"):
            return Change(source_id=record["id"], hidden=True)
        minutes = timedelta(minutes=record.get("minutes", record["id"]))
        return TicketDraft.of(
            source_id=record["id"],
            kind="mention",
            platform="p",
            body=record.get("text", ""),
            created_at=NOW - timedelta(days=20) + minutes,
            extra={"of": record["of"]} if "of" in record else {},
        )


class Far:
    """The far side. Each path has an answer, or a list of answers of which the last one stays: a page, bytes, a whole
    response, an error to raise, or a function that gives (or is awaited for) one of these."""

    def __init__(self, **answers: Any) -> None:
        self._answers = {
            f"/{path}": deque(given if isinstance(given, list) else [given]) for path, given in answers.items()
        }
        self.asked: list[str] = []
        self.requests: list[Request] = []
        self.under_way: set[str] = set()

    async def send(self, request: Request) -> Response:
        self.asked.append(request.path)
        self.requests.append(request)
        self.under_way.add(request.path)
        try:
            return await self._answer(request)
        finally:
            self.under_way.discard(request.path)

    async def _answer(self, request: Request) -> Response:
        waiting = self._answers[request.path]
        answer: Any = waiting.popleft() if len(waiting) > 1 else waiting[0]
        if callable(answer):
            answer = answer()
            if asyncio.iscoroutine(answer):
                answer = await answer
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Response):
            return Response(answer.status, answer.headers, answer.content, request)
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return Response(200, {}, content, request)


def status(code: int, body: bytes = b"", **headers: str) -> Response:
    """An answer of that status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(code, named, body, get(""))


def source(
    far: Far, connector: type[Connector[Any]] = Script, config: dict[str, Any] | None = None, **rest: Any
) -> Source:
    """An instance ``one`` of *connector* whose requests *far* answers; nothing waits."""
    made = connector(ConnectorConfig(connector="script", **(config or {})))
    values: dict[str, Any] = {"policy": QUICK, "now": lambda: NOW, **rest}
    return Source("one", made, cast(ConnectorSpec, made), far.send, **values)


def poll(**rest: Any) -> Read:
    return Read(**{"stream": "s", "mode": "poll", "now": NOW, **rest})


def records(*numbers: int, **rest: Any) -> dict[str, Any]:
    """A page of records with those ids."""
    return {"records": [{"id": number} for number in numbers], **rest}


def reading(far: Far, read: Read | None = None, **rest: Any) -> AsyncGenerator[Fetched, None]:
    return pages(source(far, **rest), read or poll())


def read_all(far: Far, read: Read | None = None, **rest: Any) -> list[list[Any]]:
    """The ids of each page's records."""

    async def run() -> list[list[Any]]:
        return [[record["id"] for record in page.records] async for page in reading(far, read, **rest)]

    return finish(run())


def finish(call: Coroutine[Any, Any, T]) -> T:
    """Run *call* to its end, which must come."""
    return asyncio.run(asyncio.wait_for(call, 20))


async def settle() -> None:
    """Let everything that can go on do so."""
    for _ in range(20):
        await asyncio.sleep(0)
