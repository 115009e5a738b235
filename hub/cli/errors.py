"""How a command ends when it does not end well: one message for a person, and an exit code."""

import errno
import os
import sys

import click

FAILED = 1
WRONG_USE = 2
STOPPED = 130


def report(error: Exception, *, shown: bool) -> int:
    """Say on stderr what went wrong; return the exit code.

    Args:
        shown: print the traceback of an unexpected error instead of putting it into a file.
    """
    import traceback

    from hub.runtime.logs import redact
    from hub.sdk import ConfigError, HubError

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:  # ours are HubErrors by now: this is stdout
        close_stdout()
        click.echo("hub: no space left where the output goes; free some, then run again", err=True)
        return FAILED
    if isinstance(error, HubError):
        click.echo(redact(str(error)), err=True)
        return WRONG_USE if isinstance(error, ConfigError) else FAILED
    text = redact("".join(traceback.format_exception(error)))
    seen = redact(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__)
    where = "above" if shown else f"in {_kept(text)}; -v prints it"
    if shown:
        click.echo(text, err=True)
    click.echo(f"hub: unexpected {' '.join(seen.split())}; the traceback is {where}. Please report it.", err=True)
    return FAILED


def close_stdout() -> int:
    """End quietly: whoever reads our output has seen enough. Nothing failed."""
    # What is still in the buffer would raise again when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _kept(text: str) -> str:
    import tempfile

    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", errors="replace", prefix="hub-error-", suffix=".txt", delete=False
    ) as file:
        file.write(text)
    return file.name
