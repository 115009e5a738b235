"""A group whose commands are imported when they run: ``hub --help`` costs no more than its own text."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import click


class Entry(NamedTuple):
    """Where a command is, and the line that stands beside its name."""

    module: str
    attribute: str
    help: str


class LazyGroup(click.Group):
    """Knows its commands from a table alone."""

    def __init__(self, *args: Any, entries: Mapping[str, Entry], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.entries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return None
        command: click.Command = getattr(import_module(entry.module), entry.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        refuse_unknown(ctx, args[0], self.entries)
        return super().resolve_command(ctx, args)


class Group(click.Group):
    """A group of commands that live in one module."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        refuse_unknown(ctx, args[0], self.commands)
        return super().resolve_command(ctx, args)


def refuse_unknown(ctx: click.Context, word: str, known: Mapping[str, Any]) -> None:
    """Raise a usage error that names the nearest command; options are click's own business."""
    if word in known or word.startswith("-") or ctx.resilient_parsing:
        return
    from hub.sdk.nearest import did_you_mean, listed

    hint = did_you_mean(word, known) or ";"
    raise click.UsageError(f'there is no command "{word}"{hint} commands: {listed(known)}', ctx)
