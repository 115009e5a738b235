"""Calls that block, beside the loop, in threads that hold up no end of the process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_THREADS = 32  # of a loop: more names at once that nobody resolves hold up those that can be


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run *main* as :func:`asyncio.run` does, but wait for no thread at the end.

    A name that nobody resolves, or a connector's call in :func:`asyncio.to_thread`, would hold up the end for as long
    as it takes, however often somebody asks for it; here it ends with the process at the latest.
    """
    with asyncio.Runner() as runner:
        runner.get_loop().set_default_executor(_Threads())
        return runner.run(main)


async def aside(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what *call* returns, or raise what it raises, while other tasks go on.

    It has a thread of its own, which nobody waits for, whatever runs the loop: who is cancelled here leaves the call
    to itself, and it ends with the process at the latest.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from here on nobody can cancel it: the thread sets what became of it
    work = partial(copy_context().run, call, *args, **kwargs)
    threading.Thread(target=_finish, args=(future, work), name="aside", daemon=True).start()
    return await asyncio.wrap_future(future)


class _Threads(ThreadPoolExecutor):
    """A pool whose threads nobody waits for; a loop takes no executor of another class."""

    def __init__(self) -> None:
        super().__init__(_THREADS)
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._resting = threading.Semaphore(0)
        self._started = 0

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Let a thread call *fn*; from the loop's thread only."""
        future: Future[T] = Future()
        self._calls.put((future, partial(fn, *args, **kwargs)))
        if not self._resting.acquire(blocking=False) and self._started < _THREADS:
            self._started += 1
            threading.Thread(target=self._work, name="aside", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let threads end that have nothing to do, and leave the others to themselves."""
        for _ in range(self._started):
            self._calls.put(None)

    def _work(self) -> None:
        while (given := self._calls.get()) is not None:
            future, work = given
            if future.set_running_or_notify_cancel():
                _finish(future, work)
            self._resting.release()


def _finish(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:
        future.set_exception(error)
