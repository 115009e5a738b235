import pytest

from hub.sandbox import Limit, Limiter, parse_limit

TEN = Limit(10, 10.0, concurrent=5)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def ask(limiter: Limiter, account: str = "a") -> bool:
    """One request that is answered at once; True if it was served."""
    refused = limiter.enter(account).refused
    limiter.leave(account)
    return not refused


def test_the_window_slides() -> None:
    clock = Seconds()
    limiter = Limiter(TEN, clock)
    for at in range(10):
        clock.now = at * 0.5
        assert ask(limiter)
    clock.now = 9.9
    assert not ask(limiter)
    clock.now = 10.0
    assert ask(limiter), "the first request has left the window"
    assert not ask(limiter), "the second has not"


def test_a_burst_at_the_seam_of_two_windows_is_refused() -> None:
    clock = Seconds()
    limiter = Limiter(TEN, clock)
    clock.now = 9.0
    assert all(ask(limiter) for _ in range(10))
    clock.now = 11.0
    assert not ask(limiter)


def test_refused_requests_take_no_place() -> None:
    clock = Seconds()
    limiter = Limiter(Limit(1, 1.0), clock)
    assert ask(limiter)
    for at in (0.2, 0.4, 0.6, 0.8):
        clock.now = at
        assert not ask(limiter)
    clock.now = 1.0
    assert ask(limiter)


def test_accounts_do_not_share_a_window() -> None:
    limiter = Limiter(Limit(1, 1.0), Seconds())
    assert ask(limiter, "a")
    assert ask(limiter, "b")
    assert not ask(limiter, "a")


def test_the_sixth_at_once_is_refused() -> None:
    limiter = Limiter(TEN, Seconds())
    assert [limiter.enter("a").refused for _ in range(6)] == [False] * 5 + [True]
    assert (limiter.over_limit, limiter.max_concurrent) == (1, 6)


def test_the_truth_is_counted_even_where_nothing_is_refused() -> None:
    limiter = Limiter(Limit(10, 10.0, 5, "count"), Seconds())
    assert all(ask(limiter) for _ in range(13))
    assert (limiter.over_limit, limiter.max_in_window) == (3, 13)


def test_a_limiter_may_delay_instead() -> None:
    limiter = Limiter(Limit(1, 1.0, mode="delay"), Seconds())
    waits = []
    for _ in range(3):
        waits.append(limiter.enter("a").wait_s)
        limiter.leave("a")
    assert waits == [0.0, 1.0, 2.0]
    assert limiter.over_limit == 2


def test_off_limits_nothing_and_still_counts() -> None:
    limiter = Limiter(parse_limit("off", TEN), Seconds())
    assert all(ask(limiter) for _ in range(50))
    assert (limiter.over_limit, limiter.max_in_window) == (0, 50)


def test_limits_are_read_from_text() -> None:
    assert parse_limit("40/1s", TEN) == Limit(40, 1.0, 5)
    assert parse_limit("1/1.5s delay", TEN) == Limit(1, 1.5, 5, "delay")
    with pytest.raises(ValueError, match="40/1s"):
        parse_limit("fast", TEN)
