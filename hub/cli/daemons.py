"""Telling running daemons to read their settings anew, and a person what came of it."""

from pathlib import Path

from hub.cli.output import say
from hub.runtime.daemons import ANSWER_S, Reloaded, reload_all


def reload_daemons(config: Path) -> list[Reloaded]:
    """Let every daemon of this user that runs on *config* read settings and rules anew; say what came of each."""
    told = reload_all(config)
    for one in told:
        if one.error is not None:
            say(f"process {one.pid} reloaded nothing: {one.error}")
        elif one.answered:
            say(f"process {one.pid} goes by the new settings and rules")
        else:
            say(f"process {one.pid} has ended, or did not answer within {ANSWER_S:.0f} seconds; look at its log")
    return told
