"""``hub demo``: the whole path of a customer's message on one machine, with no account."""

import os
import shlex
import shutil
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from hub.cli.output import say
from hub.cli.speech import Speech, lang_option, spoken
from hub.cli.state import State, pass_state

DEFAULT_FOLDER = Path("hub-demo")


@click.command
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=DEFAULT_FOLDER)
@click.option("--keep", is_flag=True, help="Let the vendors' APIs run on until Ctrl-C, so that you can sync again.")
@lang_option
@click.option("--seed", type=int, default=1, show_default=True, help="Of the vendors' data.")
@click.option("--items", type=click.IntRange(2), default=300, show_default=True, help="Mentions and reviews together.")
@pass_state
def demo(state: State, folder: Path, keep: bool, lang: str | None, seed: int, items: int) -> None:
    """See it all work on this machine, with no account.

    Serves the vendors' APIs on loopback, writes settings into DIR (./hub-demo unless given), and tells what becomes of
    some hundred messages: the commands are real, and so is the process that is killed in the middle. DIR stays, so that
    the other commands can be tried on it; nothing is left running.
    """
    from hub.cli.demo_folder import RATE, prepare
    from hub.cli.demo_shell import Shell
    from hub.cli.demo_story import Story
    from hub.cli.demo_texts import TEXTS
    from hub.cli.rules_texts import TEXTS as RULES
    from hub.runtime.plugins import discover
    from hub.sandbox import SandboxOptions, running
    from hub.sdk import ConfigError

    registry = discover()
    names = _playable(registry.names())
    if not names:
        raise ConfigError("no connector with a sandbox is installed; install helpdesk-hub-youscan, for one")
    speech = Speech(spoken(state, lang), RULES, TEXTS)
    options = SandboxOptions(seed=seed, items=items // 2, history_days=1, future=0.0, limits=dict.fromkeys(names, RATE))
    with running(names, options) as sandbox:
        config = prepare(folder, registry, sandbox, speech.lang)
        say(speech("served", vendors=", ".join(names), config=config))
        Story(Shell(folder, _program(folder), speech.lang), sandbox, speech).tell(kept=keep)
        if keep:
            say(speech("kept"))
            with suppress(KeyboardInterrupt):
                threading.Event().wait()


def _playable(connectors: Sequence[str]) -> list[str]:
    """Return the sandboxes of the plugins that *connectors* come from."""
    from importlib.metadata import entry_points

    from hub.sandbox import installed

    packages = {entry.module.split(".")[0] for entry in entry_points(group="hub") if entry.name in connectors}
    return [name for name, entry in installed().items() if entry.module.split(".")[0] in packages]


def _program(folder: Path) -> str:
    """Return how a person calls us in a shell that stands in *folder*."""
    if Path(shutil.which("hub") or "").is_absolute():
        return "hub"
    called = Path(sys.argv[0]).absolute()
    if called.name != "hub":
        return f"{shlex.quote(sys.executable)} -m hub"
    inside = folder.resolve()
    near = called.is_relative_to(Path.cwd()) and inside.is_relative_to(Path.cwd())
    return shlex.quote(os.path.relpath(called, inside) if near else str(called))
