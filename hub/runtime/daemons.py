"""Which daemons run on this machine, and what came of telling them to read their settings anew."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from hub.store.machine import Lock, digest, is_held, shared_folder, try_lock

ANSWER_S = 30.0
"""So long a daemon may take to read its settings anew: it does so between two rounds."""

_FOLDER = "daemons"
_LOOK_S = 0.05

Answer = Callable[[int, str | None], None]
"""Takes when a reload began (nanoseconds of the monotonic clock) and what was wrong; None: nothing was."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of telling one daemon.

    Args:
        pid: of its process.
        answered: whether it said within :data:`ANSWER_S` what came of it; it says nothing once it ends.
        error: what was wrong, so that nothing was reloaded; None: nothing was.
    """

    pid: int
    answered: bool
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether it goes by the new settings."""
        return self.answered and self.error is None


@contextmanager
def registered(config: Path) -> Iterator[Answer]:
    """Let other processes of this user find this one by its settings, and learn what came of its reloads: one line
    of JSON for each, in the file that it holds a lock of."""
    path = shared_folder(_FOLDER) / f"{_prefix(config)}{os.getpid()}"
    held: Lock | None = try_lock(path)

    def answer(began: int, error: str | None) -> None:
        if held is not None:
            with suppress(OSError):  # a full disk: whoever asked looks into the log
                os.write(held.fd, orjson.dumps({"began": began, "error": error}) + b"\n")

    try:
        yield answer
    finally:
        path.unlink(missing_ok=True)
        if held is not None:
            held.release()


def running(config: Path) -> list[int]:
    """Return the process ids of the daemons that run on the settings *config*."""
    found: list[int] = []
    for path in shared_folder(_FOLDER).glob(f"{_prefix(config)}*"):
        if is_held(path):
            found.append(int(path.name.rsplit("-", 1)[1]))
        else:
            path.unlink(missing_ok=True)
    return sorted(found)


def reload_all(config: Path, patience_s: float = ANSWER_S) -> list[Reloaded]:
    """Tell every daemon that runs on the settings *config* to read them anew; return what came of it, by process id."""
    told_at = time.monotonic_ns()
    waiting = running(config)
    for process in waiting:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGHUP)
    found: list[Reloaded] = []
    deadline = time.monotonic() + patience_s
    while waiting and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
        found += [answer for process in waiting if (answer := _answer_of(config, process, told_at)) is not None]
        waiting = _left(waiting, found)
    return sorted([*found, *(Reloaded(process, answered=False) for process in waiting)], key=lambda one: one.pid)


def _answer_of(config: Path, process: int, told_at: int) -> Reloaded | None:
    """Return what came of a reload that began after it was told to; None: nothing yet."""
    path = shared_folder(_FOLDER) / f"{_prefix(config)}{process}"
    try:
        lines = path.read_bytes().split(b"\n")[:-1]  # the last one may be half-written
    except FileNotFoundError:  # it has come to its end
        return Reloaded(process, answered=False)
    answers = [orjson.loads(line) for line in lines]
    return next((Reloaded(process, True, one["error"]) for one in answers if one["began"] >= told_at), None)


def _left(waiting: Sequence[int], found: Sequence[Reloaded]) -> list[int]:
    known = {one.pid for one in found}
    return [process for process in waiting if process not in known]


def _prefix(config: Path) -> str:
    return f"{digest(str(config.resolve()))}-"
