"""Driving a generator that only asks: each request it yields is sent, what comes back goes into it."""

from collections.abc import Callable, Generator
from typing import TypeVar

from hub.pipeline.fetch import send_classified
from hub.pipeline.retry import with_retries
from hub.pipeline.source import Source
from hub.sdk import Request, Response

T = TypeVar("T")


async def answered(source: Source, ask: Callable[[], Generator[Request, Response, T]]) -> T:
    """Run what *ask* makes (``check`` or ``count``) to its end and return what it returns; refusals are answers too.

    An answer that never came, or that cannot be read, lets it begin anew: a generator that has raised is over.

    Raises:
        HubError: it could not be done in any try.
    """

    async def attempt() -> T:
        return await _driven(source, ask())

    return await with_retries(attempt, policy=source.policy, repeatable=True, on_wait=source.on_wait)


async def _driven(source: Source, steps: Generator[Request, Response, T]) -> T:
    try:
        request = next(steps)
        while True:
            request = steps.send(await send_classified(source, request, refusals=True))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()
