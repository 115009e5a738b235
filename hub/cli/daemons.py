"""Telling running daemons to read their settings anew, and a person what came of it."""

from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.output import say
from hub.runtime.daemons import ANSWER_S, Reloaded, reload_all, running

if TYPE_CHECKING:
    from hub.store import Store


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


def other_daemons(config: Path, store: "Store") -> int | None:
    """Return how many daemons work on *store* that :func:`reload_daemons` does not reach: of another user,
    ``HUB_STATE_DIR`` or settings file; None: this user cannot look."""
    working = store.daemons()
    return None if working is None else max(working - len(running(config)), 0)
