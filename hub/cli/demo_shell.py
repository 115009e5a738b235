"""Commands of the hub, run in the demo's folder as a person would run them, and shown."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from hub.cli.output import printable
from hub.sdk import HubError

_PATIENCE_S = 60.0
_LOOK_S = 0.01


class DemoError(HubError):
    """A command of the demo did not do what it should."""


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs the hub in *folder*, where its settings are.

    Args:
        program: how a person calls the hub here; for the lines that are shown.
        lang: what its commands speak.
    """

    folder: Path
    program: str
    lang: str

    @property
    def _env(self) -> dict[str, str]:
        # Settings of the person's own must not get in the way, nor colours into what is cut to lines.
        mine = {name: value for name, value in os.environ.items() if name != "HUB_CONFIG"}
        return {**mine, "LC_ALL": "ru_RU.UTF-8" if self.lang == "ru" else "C.UTF-8", "NO_COLOR": "1", "COLUMNS": "110"}

    def run(self, *words: str, codes: Sequence[int] = (0,)) -> str:
        """Run a command to its end and return what it printed.

        Raises:
            DemoError: it ended with none of *codes*; says what it said.
        """
        done = subprocess.run(  # noqa: S603 - our own commands, none of them from outside
            self._called(words), cwd=self.folder, env=self._env, capture_output=True, text=True,
            encoding="utf-8", timeout=_PATIENCE_S, check=False,
        )  # fmt: skip
        if done.returncode not in codes:
            raise DemoError(f'"hub {" ".join(words)}" ended with {done.returncode}: {done.stderr.strip()[-500:]}')
        return done.stdout

    def json(self, *words: str, codes: Sequence[int] = (0,)) -> Any:
        """Run a command with ``--json`` and return what it printed."""
        return orjson.loads(self.run(*words, "--json", codes=codes))

    def show(self, *words: str, keep: Callable[[list[str]], Sequence[str]] = list) -> None:
        """Run a command and show it with those of its lines that *keep* returns."""
        self.prompt(*words)
        for line in keep(self.run(*words).splitlines()):
            click.echo(f"    {printable(line)}".rstrip())

    def prompt(self, *words: str) -> None:
        """Show a command as it is typed."""
        typed = " ".join(f'"{word}"' if " " in word else word for word in words)
        click.secho(f"  $ hub {typed}", bold=True)

    def killed(self, *words: str, when: Callable[[], bool]) -> bool:
        """Start a command and kill it the hard way as soon as *when* holds; return whether it was still running."""
        with self._started(words) as process:
            end = time.monotonic() + _PATIENCE_S
            while process.poll() is None and not when() and time.monotonic() < end:
                time.sleep(_LOOK_S)
            running = process.poll() is None
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
        return running

    @contextmanager
    def _started(self, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen(  # noqa: S603 - as above
            self._called(words), cwd=self.folder, env=self._env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    @staticmethod
    def _called(words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "hub", *words]
