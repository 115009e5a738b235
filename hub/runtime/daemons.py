"""Which daemons run on this machine, what each could not start, and what came of telling them to read their settings
anew."""

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from hub.store.machine import Lock, digest, is_held, shared_folder, try_lock

ANSWER_S = 30.0
"""So long a daemon may take to read its settings anew: it does so between two rounds."""

_FOLDER = "daemons"
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Running:
    """A daemon that runs.

    Args:
        pid: of its process.
        broken: what is wrong with each instance that it could not start.
    """

    pid: int
    broken: Mapping[str, str]


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


class Registration:
    """What one daemon lets other processes know: lines of JSON in the file that it holds a lock of."""

    def __init__(self, held: Lock | None) -> None:
        self._held = held
        if held is not None:
            os.ftruncate(held.fd, 0)  # another process of that number may have ended without a word

    def answer(self, began: int, error: str | None) -> None:
        """Note what came of a reload.

        Args:
            began: nanoseconds of the monotonic clock.
            error: what was wrong; None: nothing was.
        """
        self._write({"began": began, "error": error})

    def cannot_start(self, broken: Mapping[str, str]) -> None:
        """Note what is wrong with instances that do not run."""
        self._write({"broken": dict(broken)})

    def _write(self, line: dict[str, Any]) -> None:
        if self._held is not None:
            with suppress(OSError):  # a full disk: whoever asked looks into the log
                os.write(self._held.fd, orjson.dumps(line) + b"\n")


@contextmanager
def registered(config: Path) -> Iterator[Registration]:
    """Let other processes of this user find this one by its settings."""
    path = shared_folder(_FOLDER) / f"{_prefix(config)}{os.getpid()}"
    held: Lock | None = try_lock(path)
    try:
        yield Registration(held)
    finally:
        path.unlink(missing_ok=True)
        if held is not None:
            held.release()


def running(config: Path) -> list[Running]:
    """Return the daemons of this user that run on the settings *config*, by process id."""
    found: list[Running] = []
    for path in shared_folder(_FOLDER).glob(f"{_prefix(config)}*"):
        if is_held(path):
            told = [line["broken"] for line in _lines(path) if "broken" in line]
            found.append(Running(int(path.name.rsplit("-", 1)[1]), told[-1] if told else {}))
        else:
            path.unlink(missing_ok=True)
    return sorted(found, key=lambda one: one.pid)


def reload_all(config: Path, patience_s: float = ANSWER_S) -> list[Reloaded]:
    """Tell every daemon that runs on the settings *config* to read them anew; return what came of it, by process id."""
    told_at = time.monotonic_ns()
    waiting = [one.pid for one in running(config)]
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
    if not path.exists():  # it has come to its end
        return Reloaded(process, answered=False)
    answers = [line for line in _lines(path) if "began" in line]
    return next((Reloaded(process, True, one["error"]) for one in answers if one["began"] >= told_at), None)


def _lines(path: Path) -> list[dict[str, Any]]:
    """Return what a daemon noted; a line that came short, as on a disk that was full, is left out."""
    found: list[dict[str, Any]] = []
    with suppress(FileNotFoundError):
        for line in path.read_bytes().split(b"\n"):
            with suppress(orjson.JSONDecodeError):
                found.append(orjson.loads(line))
    return found


def _left(waiting: Sequence[int], found: Sequence[Reloaded]) -> list[int]:
    known = {one.pid for one in found}
    return [process for process in waiting if process not in known]


def _prefix(config: Path) -> str:
    return f"{digest(str(config.resolve()))}-"
