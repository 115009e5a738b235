"""What every command has at hand: the options that all share, and the way to settings, plugins and store."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hub.runtime.config import Outline, Settings
    from hub.store import Store

DEFAULT_CONFIG = Path("hub.toml")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(slots=True)
class State:
    """One run of ``hub``. Nothing is read or imported before it is asked for."""

    config: Path = DEFAULT_CONFIG
    verbosity: int = 0
    log_json: bool = False

    def outline(self) -> "Outline":
        """Read the settings that need no credentials."""
        from hub.runtime.config import load_outline

        return load_outline(self.config)

    def settings(self) -> "Settings":
        """Read all settings, set up the logs, and take every secret out of them."""
        from hub.runtime import logs
        from hub.runtime.config import load_settings
        from hub.runtime.plugins import discover

        logs.set_up(verbosity=self.verbosity, json_lines=self.log_json)
        settings = load_settings(self.config, discover())
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
        state.config = value
    elif param.name == "quiet":
        state.verbosity = -1
    else:
        state.verbosity = value


def shared_options(command: F) -> F:
    """Let the options of ``hub`` itself stand after the command's name too."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, expose_value=False, callback=_set, help="Say only what is wrong."),
        click.option("-v", "--verbose", count=True, expose_value=False, callback=_set, help="Say more."),
        click.option("--config", type=click.Path(path_type=Path), expose_value=False, callback=_set,
                     help="The settings; default: ./hub.toml."),
    ):  # fmt: skip
        command = option(command)
    return command


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def complete_instance(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the instances of the settings that begin so, for a shell."""
    from hub.runtime.config import load_outline
    from hub.sdk import ConfigError

    config = ctx.find_root().params.get("config") or DEFAULT_CONFIG
    try:
        return [name for name in load_outline(config).connectors if name.startswith(incomplete)]
    except ConfigError:
        return []
