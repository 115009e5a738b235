"""A progress bar for work whose length is known about; away from a terminal a line now and then."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from hub.cli.output import Lines, console, one_line, span, told_wait

_SURE = 0.02  # share of the work after which its speed says something


class Bar:
    """What is shown: how much is done, and how long the rest takes."""

    def __init__(
        self, shown: Any, task: Any, clock: Callable[[], float] = time.monotonic, lines: Lines | None = None
    ) -> None:
        self._shown = shown
        self._task = task
        self._clock = clock
        self._lines = lines
        self._text = ""
        self._began = (0.0, 0.0)

    def show(self, text: str, share: float, at_least_s: float = 0.0) -> None:
        """Show that *share* (0 to 1) of *text* is done; what is left takes *at_least_s* seconds whatever the speed."""
        now = self._clock()
        if text.partition(":")[0] != self._text.partition(":")[0] or share < self._began[1]:
            self._began = (now, share)
        self._text = text
        left = estimate(now - self._began[0], share - self._began[1], 1 - share, at_least_s)
        told = f"about {span(left)} left" if left else ""
        if self._shown is not None:
            self._shown.update(self._task, completed=share, description=one_line(text), left=told)
        if self._lines is not None:
            self._lines.show(", ".join(filter(None, (text, f"{share:.0%}", told))))

    def wait(self, instance: str, tries: int, seconds: float, error: Exception) -> None:
        """Show in the place of the time that is left that *instance* is asked again after so many seconds."""
        if self._shown is not None:
            self._shown.update(self._task, left=one_line(told_wait(instance, tries, seconds, error)))
        if self._lines is not None:
            self._lines.wait(instance, tries, seconds, error)


def estimate(took_s: float, done: float, left: float, at_least_s: float) -> timedelta | None:
    """Return how long the share *left* takes, given how long the share *done* took; None while too little is done.

    Args:
        at_least_s: it takes so long whatever the speed was.
    """
    if done < _SURE:
        return timedelta(seconds=at_least_s) if at_least_s >= 1 else None
    return timedelta(seconds=max(took_s / done * left, at_least_s))


@contextmanager
def bar(text: str, *, quiet: bool = False) -> Iterator[Bar]:
    """Show a bar while the block runs; *text* until it is told what goes on. Away from a terminal say it in a line now
    and then."""
    if quiet or not sys.stderr.isatty():
        yield Bar(None, None, lines=None if quiet else Lines())
        return
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=console(stderr=True), transient=True) as shown:
        yield Bar(shown, shown.add_task(text, total=1.0, left=""))
