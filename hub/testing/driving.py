"""Running what writes, looks up, checks or counts to its end, as the engine does."""

from collections.abc import Generator
from typing import Any, TypeVar

from hub.pipeline.act import MAX_REQUESTS
from hub.sdk import AuthError, Connector, Created, HubError, Missing, Request, Response, TransientError
from hub.testing.replay import Answer, EndlessError

T = TypeVar("T")


def drive(
    connector: Connector[Any],
    steps: Generator[Any, Any, T],
    answer: Answer,
    facts: list[Created | Missing] | None = None,
) -> T:
    """Run *steps* (of ``deliver``, ``escalate``, ``act``, ``identify``, ``check`` or ``count``) to their end.

    A refusal is handed in as a response. What waits for a person or for a while (:class:`AuthError`,
    :class:`TransientError`) is thrown in, as is what *answer* raises; a ``check`` or a ``count`` the engine ends
    with it, so that these must not handle it.

    Args:
        connector: whose ``classify`` tells refusals from faults.
        answer: gives the response to each request; raise a :class:`HubError` in it for an answer that was lost.
        facts: gets what is there now, or is missing, as it is told: also what was told before an error.
    Returns:
        What *steps* return: results of actions, cards, shortcomings, a count; None of ``deliver`` and ``escalate``.
    Raises:
        HubError: one that *steps* did not handle.
        EndlessError: more requests than the engine takes.
    """
    asked = 0
    try:
        step = next(steps)
        while True:
            if not isinstance(step, Request):
                if facts is not None:
                    facts.append(step)
                step = steps.send(None)
                continue
            asked += 1
            if asked > MAX_REQUESTS:
                raise EndlessError(f"{step.method} {step.path}: more than {MAX_REQUESTS} requests for one effect")
            try:
                response = _answered(connector, step, answer)
            except HubError as error:
                step = steps.throw(error)
            else:
                step = steps.send(response)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


def _answered(connector: Connector[Any], request: Request, answer: Answer) -> Response:
    response = answer(request)
    fault = connector.classify(response)
    if isinstance(fault, AuthError | TransientError):
        raise fault
    return response
