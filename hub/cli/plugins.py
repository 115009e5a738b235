"""``hub plugins``: what is installed."""

import click

from hub.cli.errors import FAILED
from hub.cli.lazy import Group
from hub.cli.output import Column, print_json, print_table, say
from hub.cli.state import json_option


@click.group(cls=Group)
def plugins() -> None:
    """Show what is installed."""


@plugins.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List plugins with version, abilities, and what is wrong with them.

    Exit code 1 if any of them cannot be used.
    """
    from hub.runtime.plugins import discover

    infos = discover().load_all()
    if as_json:
        print_json(infos)
    else:
        columns = [
            Column("name"),
            Column("kind"),
            Column("version"),
            Column("abilities"),
            Column("actions"),
            Column("from"),
        ]
        rows = [
            [one.name, one.kind, one.version, "cannot be used" if one.problem else ", ".join(one.abilities),
             ", ".join(one.actions), one.distribution]
            for one in infos
        ]  # fmt: skip
        print_table(columns, rows)
    broken = [one for one in infos if one.problem]
    for one in broken:
        say(f"{one.kind} {one.name} ({one.distribution} {one.version}): {one.problem}; {one.fix}")
    if broken:
        raise click.exceptions.Exit(FAILED)
