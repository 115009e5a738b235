"""Tries and waits; time and chance are given by the test, nothing sleeps."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from hub.pipeline.retry import NO_RETRY, RetryPolicy, with_retries
from hub.sdk import AuthError, ConfigError, HubError, RecordError, SourceError, TransientError, parse_retry_after

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass
class Source:
    """Fails with *errors*, one a try, then answers; keeps what was waited and told."""

    errors: list[HubError]
    tries: int = 0
    waits: list[float] = field(default_factory=list)
    told: list[tuple[int, float, HubError]] = field(default_factory=list)

    async def attempt(self) -> str:
        self.tries += 1
        if self.tries <= len(self.errors):
            raise self.errors[self.tries - 1]
        return "answer"

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def run(
        self,
        policy: RetryPolicy | None = None,
        *,
        repeatable: bool = True,
        chance: Callable[[], float] = lambda: 0.5,
    ) -> str:
        return asyncio.run(
            with_retries(
                self.attempt,
                policy=policy or RetryPolicy(),
                repeatable=repeatable,
                on_wait=lambda number, wait_s, error: self.told.append((number, wait_s, error)),
                sleep=self.sleep,
                chance=chance,
            )
        )


def away(retry_after_s: float | None = None, *, undone: bool = False) -> TransientError:
    wait = None if retry_after_s is None else timedelta(seconds=retry_after_s)
    return TransientError("away", retry_after=wait, undone=undone)


def test_what_works_at_once_is_done_once() -> None:
    source = Source([])
    assert source.run() == "answer"
    assert (source.tries, source.waits) == (1, [])


def test_a_source_that_comes_back_is_tried_until_it_answers() -> None:
    source = Source([away(), SourceError("an HTML page", retry=True)])
    assert source.run() == "answer"
    assert source.tries == 3


@pytest.mark.parametrize(
    "error", [SourceError("unknown path"), AuthError("401"), ConfigError("no address"), RecordError("no date")]
)
def test_what_would_fail_again_is_not_tried_again(error: HubError) -> None:
    source = Source([error])
    with pytest.raises(type(error)) as caught:
        source.run()
    assert caught.value is error
    assert source.tries == 1


@pytest.mark.parametrize("error", [away(), away(5), SourceError("an HTML page", retry=True)])
def test_what_must_not_be_sent_twice_is_not(error: HubError) -> None:
    source = Source([error])
    with pytest.raises(type(error)):
        source.run(repeatable=False)
    assert source.tries == 1


def test_what_surely_had_no_effect_is_sent_again_even_if_it_is_a_write() -> None:
    source = Source([away(undone=True)])
    assert source.run(repeatable=False) == "answer"


def test_waits_double_and_stay_below_the_cap() -> None:
    source = Source([away()] * 5)
    source.run(RetryPolicy(tries=6, first_s=1, cap_s=6, total_s=1000), chance=lambda: 1.0)
    assert source.waits == [1, 2, 4, 6, 6]


def test_jitter_is_full() -> None:
    chances = iter([0.0, 0.25, 0.75])
    source = Source([away()] * 3)
    source.run(RetryPolicy(first_s=8, cap_s=100, total_s=1000), chance=lambda: next(chances))
    assert source.waits == [0, 4, 24]


def test_retry_after_in_seconds_is_the_least_that_is_waited() -> None:
    source = Source([away(17), away(0)])
    source.run(chance=lambda: 1.0)
    assert source.waits == [17, 2]


def test_retry_after_as_a_date_is_obeyed() -> None:
    wait = parse_retry_after(format_datetime(NOW + timedelta(seconds=42), usegmt=True), NOW)
    source = Source([TransientError("429", retry_after=wait)])
    source.run()
    assert source.waits == [42]


def test_retry_after_beyond_the_whole_time_ends_it_at_once() -> None:
    error = away(181)
    source = Source([error])
    with pytest.raises(TransientError) as caught:
        source.run(RetryPolicy(total_s=180))
    assert caught.value is error
    assert (source.tries, source.waits) == (1, [])


def test_tries_are_bounded_and_the_last_error_is_given() -> None:
    errors: list[HubError] = [TransientError(str(number)) for number in range(9)]
    source = Source(errors)
    with pytest.raises(TransientError) as caught:
        source.run(RetryPolicy(tries=4))
    assert caught.value is errors[3]
    assert source.tries == 4


def test_the_whole_time_is_bounded() -> None:
    source = Source([away()] * 100)
    with pytest.raises(TransientError):
        source.run(RetryPolicy(tries=100, first_s=10, cap_s=10, total_s=35), chance=lambda: 1.0)
    assert source.waits == [10, 10, 10]


def test_every_wait_is_told_with_its_try_and_error() -> None:
    errors: list[HubError] = [away(3), away()]
    source = Source(errors)
    source.run()
    assert source.told == [(1, 3, errors[0]), (2, 1, errors[1])]


def test_one_switch_turns_waiting_off() -> None:
    source = Source([away()])
    with pytest.raises(TransientError):
        source.run(NO_RETRY)
    assert (source.tries, source.waits) == (1, [])


def test_a_cancelled_request_is_not_tried_again() -> None:
    tries = []

    async def attempt() -> str:
        tries.append(1)
        raise asyncio.CancelledError

    async def run() -> str:
        return await with_retries(attempt, policy=RetryPolicy(), repeatable=True)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())
    assert len(tries) == 1
