"""``hub store``: upgrade, backup, erase."""

from dataclasses import asdict
from pathlib import Path

import click

from hub.cli.dead import confirm
from hub.cli.errors import FAILED
from hub.cli.lazy import Group
from hub.cli.output import counted, print_json, progress, say
from hub.cli.state import State, json_option, pass_state, shared_options


@click.group(cls=Group)
def store() -> None:
    """Upgrade, back up, and erase one person's data."""


@store.command
@json_option
@shared_options
@pass_state
def upgrade(state: State, as_json: bool) -> None:
    """Bring the database to the schema of this release.

    Make a backup first; a database is never brought back to an older schema.
    """
    from hub.store import upgrade_store

    with progress("upgrading"):
        before, after = upgrade_store(state.outline().store)
    if as_json:
        print_json({"before": before, "after": after})
    say(f"schema {after} already" if before == after else f"from schema {before or 'none'} to {after}")


@store.command
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@shared_options
@pass_state
def backup(state: State, file: Path, as_json: bool) -> None:
    """Copy the database into FILE, consistent while the hub is running. FILE must not exist."""
    from hub.store import backup_store

    with progress("copying"):
        size = backup_store(state.outline().store, file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    say(f"{size / 1e6:.1f} MB in {file}")


@store.command
@click.argument("author")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@shared_options
@pass_state
def erase(state: State, author: str, yes: bool, as_json: bool) -> None:
    """Remove one person's data for good: messages, tickets, originals, records set aside.

    AUTHOR is the author's key, name or handle, exactly as a ticket shows it. Backups are not touched.
    """
    outline = state.outline()
    confirm(f"remove everything that {author!r} wrote, for good?", yes)
    with state.store(outline.store) as opened, progress("erasing"):
        erased = opened.erase(author)
    if as_json:
        print_json(erased)
    say(
        f"removed {counted(erased.messages, 'message', 'messages')}, {counted(erased.tickets, 'ticket', 'tickets')},"
        f" {counted(erased.originals, 'original', 'originals')},"
        f" {counted(erased.dead_letters, 'record set aside', 'records set aside')}"
    )
    if not any(asdict(erased).values()):
        say("nobody is known by exactly that key, name or handle")
        raise click.exceptions.Exit(FAILED)
