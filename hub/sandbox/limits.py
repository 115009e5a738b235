"""A vendor's limiter, and the truth about how well a client kept to it."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

LIMIT = re.compile(r"(\d+)/(\d+(?:\.\d+)?)s?(?: (refuse|delay|count))?")


@dataclass(frozen=True)
class Limit:
    """So many requests in any window of so many seconds, and so many at once.

    `mode` says what happens to a request too many: `refuse`, `delay` (it waits its turn) or `count`
    (it is served and counted). `count` 0 means that nothing is too many.
    """

    count: int
    window_s: float
    concurrent: int | None = None
    mode: str = "refuse"


def parse_limit(text: str, documented: Limit) -> Limit:
    """Read `"40/1s"`, `"1/1s delay"` or `"off"`; what the text leaves out stays as *documented*.

    Raises:
        ValueError: the text says something else.
    """
    if text == "off":
        return replace(documented, count=0, concurrent=None)
    match = LIMIT.fullmatch(text)
    if not match:
        raise ValueError(f'limit {text!r} is not understood; write "40/1s", "1/1s delay" or "off"')
    count, window, mode = match.groups()
    return replace(documented, count=int(count), window_s=float(window), mode=mode or documented.mode)


@dataclass(frozen=True)
class Verdict:
    """What becomes of one request: refused, or served after `wait_s`."""

    refused: bool = False
    wait_s: float = 0.0


class Limiter:
    """Sliding windows, one per account.

    Refused requests take no place in the window, else a client that retries could never recover. The
    statistics count them, because they are what the client did.
    """

    def __init__(self, limit: Limit, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Nothing was asked yet."""
        self.limit = limit
        self._monotonic = monotonic
        self._served: dict[str, deque[float]] = {}
        self._asked: dict[str, deque[float]] = {}
        self._running: dict[str, int] = {}
        self.reset()

    def reset(self) -> None:
        """Forget the statistics; the windows stay as they are."""
        self.over_limit = self.max_in_window = self.max_concurrent = 0
        self._asked.clear()

    def enter(self, account: str) -> Verdict:
        """Take note of a request and decide about it. Every `enter` is followed by one `leave`."""
        now = self._monotonic()
        running = self._running.get(account, 0) + 1
        self._running[account] = running
        served = self._recent(self._served, account, now)
        wait_s = self._wait(served, now)
        crowded = bool(self.limit.count and self.limit.concurrent and running > self.limit.concurrent)
        self._note(account, now, running, over=crowded or wait_s > 0)
        if self.limit.mode == "refuse" and (crowded or wait_s > 0):
            return Verdict(refused=True, wait_s=wait_s)
        delayed = wait_s if self.limit.mode == "delay" else 0.0
        served.append(now + delayed)
        return Verdict(wait_s=delayed)

    def leave(self, account: str) -> None:
        """The answer is out, or its client is gone."""
        self._running[account] -= 1

    def _wait(self, served: deque[float], now: float) -> float:
        """How long until one more request has room in the window; 0 if it has now."""
        if not self.limit.count or len(served) < self.limit.count:
            return 0.0
        return max(0.0, served[-self.limit.count] + self.limit.window_s - now)

    def _recent(self, times: dict[str, deque[float]], account: str, now: float) -> deque[float]:
        recent = times.setdefault(account, deque())
        while recent and recent[0] <= now - self.limit.window_s:
            recent.popleft()
        return recent

    def _note(self, account: str, now: float, running: int, *, over: bool) -> None:
        asked = self._recent(self._asked, account, now)
        asked.append(now)
        self.over_limit += over
        self.max_in_window = max(self.max_in_window, len(asked))
        self.max_concurrent = max(self.max_concurrent, running)
