"""The pages of one read, in order: send, wait, try again, and fetch what follows while a page is worked on."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, TypeVar

from hub.pipeline.originals import describe
from hub.pipeline.retry import with_retries
from hub.pipeline.source import Source
from hub.sdk import AuthError, Connector, HubError, Page, Read, Record, Request, Response, SourceError, TransientError

T = TypeVar("T")

MAX_RESTARTS = 10
"""How often a read may begin anew because the source moved under it."""

SAME_PAGE = 5
"""So many equal pages with records in a row: the paging goes round in a circle."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page with the responses it came in. ``unclean``: it holds text that no store can hold. ``asked``: how each
    of the responses was asked for; empty where the connector walks its own way."""

    page: Page
    records: tuple[Record, ...]
    originals: tuple[bytes, ...] = ()
    unclean: bool = False
    asked: tuple[str, ...] = ()


async def pages(source: Source, read: Read) -> AsyncGenerator[Fetched, None]:
    """Yield the pages of *read*, in the order in which they must be committed.

    While one is worked on, the next ones are under way (``source.width`` of them where the source names pages
    ahead).

    Raises:
        AuthError, TransientError, SourceError: a page could not be had, after every try that may help; the paging
            repeats itself; the source moved too often while it was read.
    """
    if type(source.connector).pages is not Connector.pages:
        async for own in _own_pages(source, read):
            yield own
        return
    walk = _Walk(source, read)
    try:
        while (fetched := await walk.next_page()) is not None:
            yield fetched
            del fetched  # what is not kept here is gone before the next page is parsed
    finally:
        await walk.stop()


async def _own_pages(source: Source, read: Read) -> AsyncGenerator[Fetched, None]:
    """Yield the pages of a connector that walks its own way, each with the responses since the one before."""
    responses: list[Response] = []

    async def send(request: Request) -> Response:
        response = await fetch_response(source, request)
        responses.append(response)
        return response

    try:
        async for page in source.connector.pages(read, send):
            originals = tuple(response.content for response in responses)
            # How it read them is not known: its records may hold any text.
            yield Fetched(page, tuple(page.records), originals, unclean=True)
            responses.clear()
    except SourceError as error:
        error.response = error.response or (responses[-1] if responses else None)
        raise


class _Walk:
    """Requests that wait, requests under way, and what has been asked already."""

    def __init__(self, source: Source, read: Read) -> None:
        self._source = source
        self._read = read
        self._waiting: deque[Request] = deque()
        self._under_way: deque[asyncio.Task[Fetched]] = deque()
        self._asked: set[bytes] = set()
        self._same = 0
        self._last_page: tuple[bytes, ...] = ()
        self._circle: SourceError | None = None
        first = source.hooks.request(read=read)
        if first is not None:
            self._ask(first)

    async def next_page(self) -> Fetched | None:
        while self._under_way:
            fetched = await self._under_way.popleft()
            if fetched.page.restart is None:
                self._follow(fetched)
                return fetched
            await self._begin_anew(fetched.page.restart)
        if self._circle is not None:
            raise self._circle
        return None

    def _follow(self, fetched: Fetched) -> None:
        """Ask for what comes after *fetched*. A paging that repeats itself asks no more, and is told when all that was
        asked is stored."""
        following = fetched.page.next_request
        try:
            self._guard_page(fetched)
            for request in (*fetched.page.ahead, *([following] if following is not None else ())):
                if self._circle is None:
                    self._ask(request)
        except SourceError as error:
            self._circle = error
        self._start()

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        self._under_way.clear()
        self._waiting.clear()

    def _ask(self, request: Request) -> None:
        digest = blake2b(request.identity, digest_size=16).digest()
        if digest in self._asked:
            raise SourceError(
                f"{request.method} {request.path}: the paging asks for the same page a second time; what was read is"
                " kept, the rest is left for the next run"
            )
        self._asked.add(digest)
        self._waiting.append(request)
        self._start()

    def _start(self) -> None:
        while self._waiting and len(self._under_way) < self._source.width:
            request = self._waiting.popleft()
            self._under_way.append(asyncio.create_task(fetch(self._source, request, self._read)))

    async def _begin_anew(self, request: Request) -> None:
        await self.stop()
        if self._read.restarts >= MAX_RESTARTS:
            raise SourceError(f"{request.method} {request.path}: changed {MAX_RESTARTS} times while it was read")
        self._read = replace(self._read, restarts=self._read.restarts + 1)
        self._asked.clear()
        self._ask(request)

    def _guard_page(self, fetched: Fetched) -> None:
        self._same = self._same + 1 if fetched.records and fetched.originals == self._last_page else 0
        self._last_page = fetched.originals
        if self._same >= SAME_PAGE:
            raise SourceError(f"the same page came {self._same + 1} times in a row; the paging goes round in a circle")


async def fetch(source: Source, request: Request, read: Read) -> Fetched:
    """Return the page that answers *request*, with the records of its details."""
    response, page = await _fetch_page(source, request, read)
    if not page.details:
        asked = (describe(response, read),)
        return Fetched(page, tuple(page.records), (response.content,), response.unclean, asked)
    found = await _together(_fetch_detail(source, detail, read) for detail in page.details)
    parts = [(response, page), *(part for parts in found for part in parts)]
    return Fetched(
        page,
        tuple(record for _, part in parts for record in part.records),
        tuple(part.content for part, _ in parts),
        any(part.unclean for part, _ in parts),
        tuple(describe(part, read) for part, _ in parts),
    )


async def _together(calls: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return what *calls* return, in order; the first error ends the others and is raised as it is."""
    tasks = [asyncio.create_task(call) for call in calls]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _fetch_detail(source: Source, request: Request, read: Read) -> list[tuple[Response, Page]]:
    parts: list[tuple[Response, Page]] = []
    following: Request | None = request
    asked: set[bytes] = set()
    while following is not None:
        if following.identity in asked:
            raise SourceError(f"{following.method} {following.path}: the paging asks for the same page a second time")
        asked.add(following.identity)
        response, page = await _fetch_page(source, following, read)
        parts.append((response, page))
        following = page.next_request
    return parts


async def _fetch_page(source: Source, request: Request, read: Read) -> tuple[Response, Page]:
    async def attempt() -> tuple[Response, Page]:
        response = await send_classified(source, request)
        async with source.storing:
            return response, _parse(source, response, read)

    return await _retried(source, request, attempt)


def _parse(source: Source, response: Response, read: Read) -> Page:
    try:
        return source.hooks.parse(response=response, read=read)
    except SourceError as error:
        error.response = response
        raise
    except HubError:
        raise
    except Exception as error:
        where = f"{response.request.method} {response.request.path}"
        unreadable = SourceError(
            f"{where}: {len(response.content)} bytes that the connector {source.connector.name!r} cannot read"
            f" ({type(error).__name__}: {error}); the source changed its answers, or something stands in between",
            retry=True,
        )
        unreadable.response = response
        raise unreadable from error


async def fetch_response(source: Source, request: Request, *, refusals: bool = False) -> Response:
    """Return what answers *request*, tried again where that may help.

    Args:
        refusals: return a refusal (a 4xx that is about this request alone) instead of raising it.
    """

    async def attempt() -> Response:
        return await send_classified(source, request, refusals=refusals)

    return await _retried(source, request, attempt)


async def send_classified(source: Source, request: Request, *, refusals: bool = False) -> Response:
    """Return what answers *request*, sent once; see :func:`fetch_response`.

    Raises:
        HubError: what the connector takes the answer for.
    """
    response = await source.send(request)
    error = source.connector.classify(response)
    if error is None or (refusals and not isinstance(error, AuthError | TransientError)):
        return response
    if isinstance(error, TransientError):
        if response.status == 429:
            error.undone = True  # refused before it was looked at: even a write may be sent again
        if error.retry_after:
            await source.hold(request, error.retry_after, error.limit)
    if isinstance(error, SourceError):
        error.response = response
    raise error


async def _retried(source: Source, request: Request, attempt: Callable[[], Awaitable[T]]) -> T:
    return await with_retries(attempt, policy=source.policy, repeatable=request.repeatable, on_wait=source.on_wait)
