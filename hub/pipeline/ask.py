"""Driving a generator that only asks: each request it yields is sent, what comes back goes into it."""

from collections.abc import Generator
from typing import TypeVar

from hub.pipeline.fetch import fetch_response
from hub.pipeline.source import Source
from hub.sdk import Request, Response

T = TypeVar("T")


async def answered(source: Source, steps: Generator[Request, Response, T]) -> T:
    """Run *steps* (of ``check`` or ``count``) to their end and return what they return; refusals are answers too.

    Raises:
        HubError: a request could not be done at all.
    """
    try:
        request = next(steps)
        while True:
            request = steps.send(await fetch_response(source, request, refusals=True))
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()
