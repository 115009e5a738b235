"""Calls that block, beside the loop, in threads that hold up no end of the process."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def aside(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what *call* returns, or raise what it raises, while other tasks go on.

    A thread of :func:`asyncio.to_thread` is waited for at the end of the loop, however long it takes; this one is not:
    who is cancelled here leaves the call to itself, and it ends with the process at the latest.
    """
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from here on nobody can cancel it: the thread sets what became of it
    work = partial(copy_context().run, call, *args, **kwargs)
    threading.Thread(target=_finish, args=(future, work), name="aside", daemon=True).start()
    return await asyncio.wrap_future(future)


def _finish(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except Exception as error:
        future.set_exception(error)
