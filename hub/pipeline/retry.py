"""How often and how long to try again.

Only what the engine may repeat is repeated, in a bounded number of tries and a bounded time, after growing
intervals with full jitter (so that instances that failed together do not come back together), and never earlier
than the source asked.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import tenacity

from hub.sdk.errors import HubError, SourceError, TransientError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of the tries of one request.

    Args:
        tries: sent so many times at most, the first included.
        first_s: the first wait is at most so long; each further one at most twice the one before.
        cap_s: no wait of our own choice is longer.
        total_s: no try begins later than this after the first one. A source that asks for a longer wait ends
            the tries at once.
    """

    tries: int = 6
    first_s: float = 1.0
    cap_s: float = 60.0
    total_s: float = 180.0


NO_RETRY = RetryPolicy(tries=1)
"""Every request is sent once; nothing waits."""


async def with_retries(
    attempt: Callable[[], Awaitable[T]],
    *,
    policy: RetryPolicy,
    repeatable: bool,
    on_wait: Callable[[int, float, HubError], None] | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    chance: Callable[[], float] = random.random,
) -> T:
    """Return what *attempt* returns, trying again where that may help and does no harm.

    Tried again are :class:`TransientError` and ``SourceError(retry=True)``, both only where *repeatable*. A
    request that must not be sent twice is tried again only where the error says that it had no effect
    (``TransientError.undone``).

    Args:
        attempt: sends once.
        policy: bounds of tries and time.
        repeatable: whether sending twice does no harm (``Request.repeatable``).
        on_wait: told before each wait: which try failed (from 1), how many seconds are waited, the error.
        sleep: waits so many seconds; a test gives one that does not.
        chance: a number in [0, 1) for the jitter.

    Raises:
        The last error of *attempt*, as it is.
    """

    def wait_s(state: tenacity.RetryCallState) -> float:
        backoff_s = chance() * min(policy.cap_s, policy.first_s * 2.0 ** (state.attempt_number - 1))
        return max(backoff_s, _asked_s(_failure(state)))

    def is_over(state: tenacity.RetryCallState) -> bool:
        # Time slept is part of the time passed, unless a test's `sleep` takes none.
        passed_s = max(state.seconds_since_start or 0.0, state.idle_for)
        return state.attempt_number >= policy.tries or passed_s + state.upcoming_sleep > policy.total_s

    def tell(state: tenacity.RetryCallState) -> None:
        error = _failure(state)
        if on_wait is not None and isinstance(error, HubError):
            on_wait(state.attempt_number, state.upcoming_sleep, error)

    retrying = tenacity.AsyncRetrying(
        retry=tenacity.retry_if_exception(lambda error: may_retry(error, repeatable)),
        wait=wait_s,
        stop=is_over,
        before_sleep=tell,
        sleep=sleep,
        reraise=True,
    )
    return await retrying(attempt)


def may_retry(error: BaseException, repeatable: bool) -> bool:
    """Return whether the request that ended in *error* may be sent once more."""
    if isinstance(error, TransientError):
        return repeatable or error.undone
    return isinstance(error, SourceError) and error.retry and repeatable


def _failure(state: tenacity.RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None


def _asked_s(error: BaseException | None) -> float:
    asked = error.retry_after if isinstance(error, TransientError) else None
    return asked.total_seconds() if asked else 0.0
