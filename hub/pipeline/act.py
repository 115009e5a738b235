"""Driving a writing generator: send each request it yields, commit each fact before it goes on."""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterable
from typing import Protocol, TypeVar

from hub.pipeline.fetch import fetch_response
from hub.pipeline.source import Source
from hub.sdk import AuthError, Created, HubError, Missing, Request, Response, SourceError, StoreError, TransientError

T = TypeVar("T")

MAX_REQUESTS = 200
"""A generator that asks for more than this goes round in a circle."""


class Watch(Protocol):
    """What happens around the requests that must not be sent twice, and at a look-up that found nothing."""

    async def sending(self) -> None:
        """Such a request is about to go out: whatever happens next, something may be there."""

    async def answered(self, *, undone: bool) -> None:
        """It has ended; *undone*: surely without an effect."""

    async def missing(self) -> None:
        """A look-up found nothing. What is raised here ends the run past the generator."""


async def drive(
    source: Source,
    steps: Generator[Request | Created | Missing, Response | None, T]
    | Generator[Request | Created, Response | None, T],
    on_created: Callable[[Created], Awaitable[None]],
    watch: Watch | None = None,
) -> T:
    """Run *steps* (of ``act``, ``deliver`` or ``escalate``) to their end and return what they return.

    A refusal (4xx about this request alone) is handed to the generator as a response: only the connector knows what
    it means. What could not be done at all (no answer after every try, credentials refused) is thrown into it, so
    that it may look up what became of the request; unless it handles the error, it ends the run.

    Args:
        source: the instance to write to.
        steps: the generator, not yet begun.
        on_created: commits what now exists; the next step is taken only when it has returned.
        watch: told of requests that must not be sent twice.
    Raises:
        HubError: a request could not be done and the generator did not handle it.
    """
    asked = 0
    try:
        step = next(steps)
        while True:
            if isinstance(step, Created):
                await on_created(step)
                step = steps.send(None)
            elif isinstance(step, Missing):
                if watch is not None:
                    await watch.missing()
                step = steps.send(None)
            else:
                asked += 1
                if asked > MAX_REQUESTS:
                    raise SourceError(f"{step.method} {step.path}: more than {MAX_REQUESTS} requests for one effect")
                try:
                    response = await _sent(source, step, None if step.repeatable else watch)
                except HubError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(response)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


async def gathered(calls: Iterable[Awaitable[None]]) -> None:
    """Run *calls* side by side, each to its end; what is raised then is a fault of the store before any other."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    raised = [one for one in results if isinstance(one, BaseException)]
    for error in sorted(raised, key=lambda one: not isinstance(one, StoreError)):
        raise error


def told(error: Exception) -> str:
    """Return what went wrong, for a person; a connector's own fault begins with its kind."""
    return str(error) if isinstance(error, HubError) else f"{type(error).__name__}: {error}"


async def _sent(source: Source, request: Request, watch: Watch | None) -> Response:
    if watch is None:
        return await fetch_response(source, request, refusals=True)
    await watch.sending()
    try:
        response = await fetch_response(source, request, refusals=True)
    except HubError as error:
        refused = isinstance(error, AuthError) or (isinstance(error, TransientError) and error.undone)
        await watch.answered(undone=refused)
        raise
    refusal = source.connector.classify(response)
    await watch.answered(undone=refusal is not None and not (isinstance(refusal, SourceError) and refusal.retry))
    return response
