"""``hub plugins``: what is installed."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli.errors import FAILED
from hub.cli.lazy import Group
from hub.cli.output import Column, print_json, print_table, say, width
from hub.cli.state import json_option

if TYPE_CHECKING:
    from hub.runtime.plugins import PluginInfo

_WIDE = 110  # columns of a terminal from which actions are shown too


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
        _show(infos)
    broken = [one for one in infos if one.problem]
    for one in broken:
        say(f"{one.kind} {one.name} ({one.distribution} {one.version}): {one.problem}; {one.fix}")
    if broken:
        raise click.exceptions.Exit(FAILED)


def _show(infos: "Sequence[PluginInfo]") -> None:
    """Print a table; on a narrow terminal without the actions, which would leave no room for anything else."""
    columns = [Column("name"), Column("kind"), Column("version"), Column("abilities")]
    columns += [Column("actions", flexible=True, wraps=True)] if not sys.stdout.isatty() or width() >= _WIDE else []
    columns += [Column("from", wraps=True)]
    rows = [_values(one) for one in infos]
    print_table(columns, [[row[column.title] for column in columns] for row in rows])


def _values(one: "PluginInfo") -> dict[str, object]:
    return {
        "name": one.name,
        "kind": one.kind,
        "version": one.version,
        "abilities": "cannot be used" if one.problem else ", ".join(one.abilities),
        "actions": ", ".join(one.actions),
        "from": one.distribution,
    }
