"""What every command has at hand: the options that all share, and the way to settings, plugins and store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pathlib import Path

    from hub.runtime.config import Outline, Settings
    from hub.store import Store

DEFAULT_CONFIG = "hub.toml"
F = TypeVar("F", bound=Callable[..., Any])


class State:
    """One run of ``hub``. Nothing is read or imported before it is asked for, ``pathlib`` and ``dataclasses``
    included: they are a tenth of what ``hub --help`` costs."""

    def __init__(self) -> None:
        self.verbosity = 0
        self.log_json = False

    @cached_property
    def config(self) -> "Path":
        """The file with the settings."""
        from pathlib import Path

        return Path(DEFAULT_CONFIG)

    def locate(self, config: str) -> None:
        """Take the settings from the file *config*."""
        from pathlib import Path

        self.config = Path(config)

    def outline(self) -> "Outline":
        """Read the settings that need no credentials."""
        from hub.runtime.config import load_outline

        return load_outline(self.config)

    def settings(self, *, apart: bool = False) -> "Settings":
        """Read all settings, set up the logs, and take every secret out of them.

        Args:
            apart: an instance whose settings are wrong stops no other.
        """
        from hub.runtime import logs
        from hub.runtime.config import load_settings
        from hub.runtime.plugins import discover

        logs.set_up(verbosity=self.verbosity, json_lines=self.log_json)
        settings = load_settings(self.config, discover(), apart=apart)
        logs.register_secrets(settings.secrets)
        return settings

    @contextmanager
    def store(self, url: str) -> "Iterator[Store]":
        """Open the store for as long as the block runs."""
        from hub.store import open_store

        with open_store(url) as store:
            yield store


pass_state = click.make_pass_decorator(State, ensure=True)


def _set(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    state = ctx.find_object(State)
    if state is None or not value:
        return
    if param.name == "config":
        state.locate(value)
    elif param.name == "quiet":
        state.verbosity = -1
    else:
        state.verbosity = value


def shared_options(command: F) -> F:
    """Let the options of ``hub`` itself stand after the command's name too."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_set, help="Say only what is wrong."),
        click.option("-v", "--verbose", count=True, expose_value=False, callback=_set, help="Say more."),
        click.option("--config", type=click.Path(readable=False), expose_value=False, callback=_set,
                     help="The settings; default: ./hub.toml."),
    ):  # fmt: skip
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def complete_instance(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the instances of the settings that begin so, for a shell."""
    from pathlib import Path

    from hub.runtime.config import load_outline
    from hub.sdk import ConfigError

    config = ctx.find_root().params.get("config") or DEFAULT_CONFIG
    try:
        return [name for name in load_outline(Path(config)).connectors if name.startswith(incomplete)]
    except ConfigError:
        return []
