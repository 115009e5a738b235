"""The vendor's limits, kept per account by all hub processes of this user on this machine.

One small file per account and limit lies in the machine's state folder (``hub.store.machine``), named by a digest, and
is read and written under ``flock``. It holds three lists and a moment:

- ``busy``: requests under way. Each counts as if it were made *now*, for the vendor may see it at any moment
  between our start and its answer.
- ``done``: when requests ended. Each counts until the window's length has passed since then.
- ``line``: who waits, first come first served over all processes. Whoever has k waiters ahead takes the (k+1)-th
  place to come free, so nobody polls for a place in time: each sleeps exactly until it is there. Who works in the
  background (a backfill; its tickets end with ``~``) stands behind all others, and leaves a part of the allowance
  free: a poll that begins finds places, and need not wait until the window has moved on.
- ``held_until``: the vendor asked one of us to wait; until then nobody starts.

A request starts when ``busy`` and what is left of ``done`` are fewer than the allowance. Let the vendor see request
r at a(r); we started it at s(r) <= a(r) and had its answer at e(r) >= a(r). Had the vendor ever seen more than
*calls* in *per_s*, all before the last one, x, would have e(r) >= a(r) > a(x) - per_s >= s(x) - per_s, so all of
them were counted when x started, and it would not have started. So the latency does not matter. A bound on
concurrency is a bound on the length of ``busy``.

Ends without a word: every process holds the lock of a file of its own (``<run>.run``), which the kernel lets go of
when the process dies. What blocks somebody and belongs to such a run is taken out of ``line``, or moved from
``busy`` to ``done`` at that moment. A process that was only stopped loses its place when its lease is over.

Times are ``time.monotonic``: one clock for the machine, never set. After a reboot it begins anew; what then lies in
the future is dropped. A file that cannot be read counts as an allowance spent just now, for a minute at most.
"""

import asyncio
import contextlib
import errno
import hashlib
import random
import re
import time
from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from os import fstat, ftruncate, pread, pwrite
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from uuid import uuid4
from zlib import crc32

import orjson

from hub.sdk import Limit, Rate, StoreError, TransientError
from hub.store.machine import Lock, digest, is_held, lock, shared_folder, try_lock

OVERALL = "requests"
"""Name of the limit that a setting of the operator puts in the place of the vendor's."""

BACKGROUND = "~"
"""End of the name of a ticket that lets all others go first."""

_FREE = 0.3  # of an allowance is left to others by who works in the background; at least one where there are several
_SLACK_S = 0.005  # the vendor's clock and ours differ a little, and its window may include both ends
_SEAT_POLL_S = 0.02  # when another process will end a request cannot be known
_FILE_POLL_S = 0.001  # files are locked for some 20 microseconds
_LATE_S = 1.0  # who is later than this at its own turn loses its place in the line
_UNREADABLE_S = 60.0
_PATIENCE_S = 60.0  # a request waits so long for an account that is held, and is given up where it would be longer
_LONGEST_HOLD_S = 86400.0
_STALE_RUN_S = 3600.0
_STALE_WINDOW_S = 7 * 86400.0
_WINDOW_NAME = re.compile("[0-9a-f]{64}")


def account_key(connector: str, base_url: str, secrets: Sequence[str], account: str | None) -> str:
    """Return a digest of what the vendor counts by: the same for all instances that share an allowance.

    Args:
        connector: the connector's name.
        base_url: its host counts where there are no credentials; a key is one account, through a proxy or not.
        secrets: the credentials.
        account: the setting of that name, else the connector's own word for whom the vendor counts by; stands in
            the place of the secrets where there is one.
    """
    if account:
        who = ["account", account]
    elif any(secrets):
        who = ["secrets", *sorted(secrets)]
    else:
        who = ["host", urlsplit(base_url.lower()).netloc.rpartition("@")[2]]
    return hashlib.sha256(orjson.dumps([connector, who])).hexdigest()


def effective_limits(
    limits: Sequence[Limit], rate: Rate | Literal["off"] | None, concurrency: int | None
) -> tuple[Limit, ...]:
    """Return the vendor's *limits* as the operator's settings change them; a limit that bounds nothing is left out.

    A rate stands for the whole account, in the place of every rate of the vendor's (methods included); so does a
    concurrency. ``"off"`` takes the rates away.
    """
    merged = [
        Limit(
            name=limit.name,
            calls=limit.calls if rate is None else None,
            per_s=limit.per_s,
            concurrency=limit.concurrency if concurrency is None else None,
        )
        for limit in limits
    ]
    if isinstance(rate, Rate):
        merged.append(Limit(OVERALL, rate.calls, rate.per_s))
    if concurrency is not None:
        merged.append(Limit(OVERALL, concurrency=concurrency))
    return tuple(limit for limit in merged if limit.calls is not None or limit.concurrency is not None)


def background_limit(limit: Limit) -> Limit:
    """Return what of *limit* is used by who works in the background."""
    return replace(limit, calls=_shared(limit.calls), concurrency=_shared(limit.concurrency))


def _whole(limit: Limit) -> Limit:
    return limit


def _shared(places: int | None) -> int | None:
    return None if places is None else max(1, min(places - 1, int(places * (1 - _FREE))))


@dataclass(slots=True)
class _Window:
    """The content of one limit's file; ``keep_s`` is the longest window that anybody asked for."""

    keep_s: float = 0.0
    done: list[float] = field(default_factory=list)
    busy: dict[str, float] = field(default_factory=dict)
    line: dict[str, float] = field(default_factory=dict)
    held_until: float = 0.0

    @classmethod
    def read(cls, fd: int) -> "_Window | None":
        """Return what the file holds, an empty window for an empty file; None: it cannot be read."""
        raw = pread(fd, fstat(fd).st_size, 0)
        if not raw:
            return cls()
        # A process that was killed while it wrote may have left the end of a longer, older content behind the line.
        line, end, _ = raw.partition(b"\n")
        intact = end and line[:8] == b"%08x" % crc32(line[8:])
        try:
            return cls(*orjson.loads(line[8:])) if intact else None
        except TypeError:  # another version of the hub wrote it
            return None

    @classmethod
    def spent(cls, limits: Sequence[Limit], now: float) -> "_Window":
        """Return a window with no place left, for a minute at most: what to assume where nothing can be read."""
        keep_s = max((limit.per_s for limit in limits if limit.calls is not None), default=0.0)
        calls = max((limit.calls or 0 for limit in limits), default=0)
        return cls(keep_s, [now - max(0.0, keep_s - _UNREADABLE_S)] * calls)

    def trim(self, limits: Sequence[Limit], now: float) -> None:
        """Drop what no longer counts for anybody, and what lies in the future: it is from before a reboot."""
        self.keep_s = max(self.keep_s, *(limit.per_s for limit in limits if limit.calls is not None), 0.0)
        start, end = bisect_right(self.done, now - self.keep_s - _SLACK_S), bisect_right(self.done, now)
        self.done = self.done[start:end]
        if self.held_until > now + _LONGEST_HOLD_S:
            self.held_until = 0.0

    def write(self, fd: int) -> None:
        content = orjson.dumps([self.keep_s, self.done, self.busy, self.line, self.held_until])
        line = b"%08x%b\n" % (crc32(content), content)
        pwrite(fd, line, 0)
        ftruncate(fd, len(line))

    def end(self, ticket: str, at: float) -> None:
        """Take *ticket* out; if it was under way, it counts as done *at*."""
        self.line.pop(ticket, None)
        if self.busy.pop(ticket, None) is not None:
            insort(self.done, at)

    def ahead(self, ticket: str) -> int:
        """Return how many go before *ticket*: of its kind who came before it, and all others where it can wait."""
        own = [other for other in self.line if other.endswith(BACKGROUND) == ticket.endswith(BACKGROUND)]
        before = own.index(ticket) if ticket in own else len(own)
        return before + (len(self.line) - len(own) if ticket.endswith(BACKGROUND) else 0)

    def wait_s(self, limit: Limit, ahead: int, now: float) -> float:
        """Return for how long *limit* has surely no place for who has so many *ahead*; 0: it has one now."""
        if self.held_until > now:
            return self.held_until - now
        if limit.concurrency is not None and len(self.busy) + ahead >= limit.concurrency:
            return _SEAT_POLL_S
        if limit.calls is None:
            return 0.0
        span_s = limit.per_s + _SLACK_S
        start = bisect_right(self.done, now - span_s)
        recent = len(self.done) - start
        over = recent + len(self.busy) + ahead - limit.calls
        if over < 0:
            return 0.0
        # What is still under way leaves the window a whole span from now at the earliest.
        return max(self.done[start + over] + span_s - now, _FILE_POLL_S) if over < recent else span_s


class Limiter:
    """The limits of all accounts, as far as this process is concerned. One per event loop; call :meth:`close`.

    Args:
        folder: where the files are; the machine's own unless given.
        clock: seconds, the same for all processes of the machine.
        sleep: waits so many seconds.
        chance: a number in [0, 1), spreads those who poll.
        background: what is sent can wait: everybody else goes first, and finds places free.
    """

    def __init__(
        self,
        folder: Path | None = None,
        *,
        background: bool = False,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._given = folder
        self._background = background
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._folder: Path | None = None
        self._run = uuid4().hex
        self._alive: Lock | None = None
        self._numbers = count(1)
        self._ended: defaultdict[str, dict[str, float]] = defaultdict(dict)
        self._turns: defaultdict[tuple[str, ...], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._seats: dict[tuple[str, int], asyncio.Semaphore] = {}

    @contextlib.asynccontextmanager
    async def slot(self, account: str, limits: Sequence[Limit], lease_s: float = 120.0) -> AsyncIterator[None]:
        """Wait until a request may start, and count it as under way for as long as the block runs.

        Args:
            account: from :func:`account_key`.
            limits: what the request counts against; it starts when all of them have a place. None: no file is
                touched. Several of one name share a count.
            lease_s: no request takes longer; one of a process that hangs no longer counts as under way after it.

        Raises:
            StoreError: the state folder cannot be used.
            TransientError: the vendor asked for a wait (see :meth:`hold`) that is not over for long.
        """
        if not limits:
            yield
            return
        files = self._files(account, limits)
        async with contextlib.AsyncExitStack() as seats:
            # Within the process a seat goes straight from one request to the next, without a poll.
            for name in sorted(files):
                for limit in map(background_limit, files[name]) if self._background else files[name]:
                    if limit.concurrency is not None:
                        await seats.enter_async_context(self._seat(name, limit.concurrency))
            ticket = f"{self._run}-{next(self._numbers)}{BACKGROUND if self._background else ''}"
            try:
                await self._granted(ticket, files, lease_s)
                yield
            finally:
                self._end(ticket, files)

    async def hold(self, account: str, limits: Sequence[Limit], wait_s: float) -> None:
        """Let nobody start what counts against *limits* for *wait_s*: the vendor asked one of us to wait.

        Raises:
            StoreError: the state folder cannot be used.
        """
        until = self._clock() + min(wait_s, _LONGEST_HOLD_S)
        for name, own in self._files(account, limits).items() if limits else ():
            while not self._hold(name, own, until):
                await self._sleep(_FILE_POLL_S)

    def _hold(self, name: str, limits: Sequence[Limit], until: float) -> bool:
        """Write the hold into one file; False: another process is at it."""
        try:
            with contextlib.ExitStack() as held:
                for taken, window in self._read(held, {name: list(limits)}).values():
                    window.held_until = max(window.held_until, until)
                    window.write(taken.fd)
                    return True
        except OSError as error:
            raise StoreError(_unusable(error)) from error
        return False

    def close(self) -> None:
        """Write down what ended, and let the other processes know that this one is gone."""
        for name in list(self._ended):
            self._flush(name, again=False)
        if self._alive is not None and self._folder is not None:
            (self._folder / f"{self._run}.run").unlink(missing_ok=True)
            self._alive.release()
            self._alive = None

    def _files(self, account: str, limits: Sequence[Limit]) -> dict[str, list[Limit]]:
        folder = self._folder or self._open()
        files: dict[str, list[Limit]] = {}
        for limit in limits:
            files.setdefault(f"{folder}/{digest(account, limit.name)}", []).append(limit)
        return files

    def _open(self) -> Path:
        folder = self._given or shared_folder("limits")
        try:
            _sweep(folder, self._clock())
            self._alive = lock(folder / f"{self._run}.run")
        except OSError as error:
            raise StoreError(_unusable(error)) from error
        self._folder = folder
        return folder

    def _seat(self, name: str, concurrency: int) -> asyncio.Semaphore:
        return self._seats.setdefault((name, concurrency), asyncio.Semaphore(concurrency))

    async def _granted(self, ticket: str, files: dict[str, list[Limit]], lease_s: float) -> None:
        """Return when the request may start. One task of the process at a time asks the files, in order of arrival."""
        async with self._turns[tuple(files)]:
            while (wait_s := self._ask(ticket, files, lease_s)) > 0:
                await self._sleep(wait_s)

    def _ask(self, ticket: str, files: dict[str, list[Limit]], lease_s: float) -> float:
        """Return 0 when *ticket* is now under way, else for how many seconds to wait before asking again."""
        try:
            with contextlib.ExitStack() as held:
                windows = self._read(held, files)
                return (
                    self._decide(ticket, windows, files, lease_s) if windows else _FILE_POLL_S * (0.5 + self._chance())
                )
        except OSError as error:
            raise StoreError(_unusable(error)) from error

    def _read(self, held: contextlib.ExitStack, files: dict[str, list[Limit]]) -> dict[str, tuple[Lock, _Window]]:
        """Return the windows with their locks; none when another process is at one of the files."""
        windows = {}
        now = self._clock()
        for name in sorted(files):  # one order for everybody
            taken = self._lock(name)
            if taken is None:
                return {}
            held.enter_context(taken)
            window = _Window.read(taken.fd) or _Window.spent(files[name], now)
            window.trim(files[name], now)
            windows[name] = taken, window
        for name, (_, window) in windows.items():
            for ended, at in self._ended.pop(name, {}).items():
                window.end(ended, at)
        return windows

    def _decide(
        self, ticket: str, windows: dict[str, tuple[Lock, _Window]], files: dict[str, list[Limit]], lease_s: float
    ) -> float:
        now = self._clock()
        held_s = max(window.held_until for _, window in windows.values()) - now
        if held_s > _PATIENCE_S:
            raise TransientError(
                f"the source asked this account to wait; {held_s:.0f} s are left",
                retry_after=timedelta(seconds=held_s),
                undone=True,
            )
        wait_s = _longest_wait_s(ticket, windows, files, now)
        if wait_s > 0 and self._bury(ticket, windows, now):
            wait_s = _longest_wait_s(ticket, windows, files, now)
        # All files take the ticket at once, so any two waiters stand in the same order everywhere: no deadlock.
        for taken, window in windows.values():
            if wait_s > 0:
                window.line[ticket] = now + wait_s + _LATE_S
            else:
                window.line.pop(ticket, None)
                window.busy[ticket] = now + lease_s
            window.write(taken.fd)
        return wait_s

    def _bury(self, asking: str, windows: dict[str, tuple[Lock, _Window]], now: float) -> bool:
        """Take out what belongs to dead processes or is overdue; say whether there was any."""
        alive = {self._run: True}
        found = False
        for _, window in windows.values():
            for ticket, until in [*window.busy.items(), *window.line.items()]:
                run = ticket.partition("-")[0]
                if run not in alive:
                    alive[run] = is_held(f"{self._folder}/{run}.run")
                if ticket != asking and (until < now or not alive[run]):
                    window.end(ticket, now)
                    found = True
        return found

    def _end(self, ticket: str, files: dict[str, list[Limit]]) -> None:
        now = self._clock()
        for name in files:
            self._ended[name][ticket] = now
            self._flush(name)

    def _flush(self, name: str, *, again: bool = True) -> None:
        """Write down what ended. Never waits, as it runs while tasks are cancelled: a locked file is tried *again*
        in a moment, and one that cannot be written when the next request asks."""
        ended = self._ended.get(name)
        if not ended:
            return
        with contextlib.suppress(OSError):
            taken = self._lock(name)
            if taken is not None:
                with taken:
                    _write_ended(taken.fd, ended)
                del self._ended[name]
            elif again:
                asyncio.get_running_loop().call_later(_FILE_POLL_S, self._flush, name)

    def _lock(self, name: str) -> Lock | None:
        """Return the lock of a window's file; None: another process is at it, or has just removed it."""
        try:
            taken = try_lock(name)
        except FileNotFoundError:  # somebody tidied up the folder
            Path(name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            taken = try_lock(name)
        if taken is None or fstat(taken.fd).st_nlink:
            return taken
        taken.release()  # swept after we opened it: nobody else would read what we write
        return None


def _write_ended(fd: int, ended: dict[str, float]) -> None:
    window = _Window.read(fd)
    if window is None:  # the next request makes it a spent one
        return
    for ticket, at in ended.items():
        window.end(ticket, at)
    window.write(fd)


def _longest_wait_s(
    ticket: str, windows: dict[str, tuple[Lock, _Window]], files: dict[str, list[Limit]], now: float
) -> float:
    usable = background_limit if ticket.endswith(BACKGROUND) else _whole
    return max(
        window.wait_s(usable(limit), window.ahead(ticket), now)
        for name, (_, window) in windows.items()
        for limit in files[name]
    )


def _sweep(folder: Path, now: float) -> None:
    """Remove run files of processes that died long ago, and files of accounts that nobody has used for long."""
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            unused_s = time.time() - path.stat().st_mtime
            if path.suffix == ".run" and unused_s > _STALE_RUN_S and not is_held(path):
                path.unlink(missing_ok=True)
            elif unused_s > _STALE_WINDOW_S and _WINDOW_NAME.fullmatch(path.name):
                _remove_spent(path, now)


def _remove_spent(path: Path, now: float) -> None:
    """Remove the file *path* under its lock, unless something in it still counts: the wall clock may have been set."""
    taken = try_lock(path)
    if taken is None:
        return
    with taken:
        window = _Window.read(taken.fd) or _Window()
        window.trim((), now)
        under_way = any(is_held(path.with_name(f"{ticket.partition('-')[0]}.run")) for ticket in window.busy)
        if not window.done and not under_way and window.held_until <= now:
            path.unlink(missing_ok=True)


def _unusable(error: OSError) -> str:
    todo = "free some space" if error.errno == errno.ENOSPC else "make it writable"
    return f"{error.filename or 'the state folder'}: {error.strerror}; limits are kept there: {todo}"
