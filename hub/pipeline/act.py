"""Driving a writing generator: send each request it yields, commit each fact before it goes on."""

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

from hub.pipeline.fetch import fetch_response
from hub.pipeline.source import Source
from hub.sdk import Created, HubError, Request, Response

T = TypeVar("T")


async def drive(
    source: Source,
    steps: Generator[Request | Created, Response | None, T],
    on_created: Callable[[Created], Awaitable[None]],
) -> T:
    """Run *steps* (of ``act``, ``deliver`` or ``escalate``) to their end and return what they return.

    A refusal (4xx about this request alone) is handed to the generator as a response: only the connector knows what
    it means. What could not be done at all (no answer after every try, credentials refused) is thrown into it, so
    that it may look up what became of the request; unless it handles the error, it ends the run.

    Args:
        source: the instance to write to.
        steps: the generator, not yet begun.
        on_created: commits what now exists; the next step is taken only when it has returned.
    Raises:
        HubError: a request could not be done and the generator did not handle it.
    """
    try:
        step = next(steps)
        while True:
            if isinstance(step, Created):
                await on_created(step)
                step = steps.send(None)
                continue
            try:
                response = await fetch_response(source, step, refusals=True)
            except HubError as error:
                step = steps.throw(error)
            else:
                step = steps.send(response)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()
