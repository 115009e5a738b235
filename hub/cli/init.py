"""``hub init``: a folder to start from, made of what is installed."""

from collections.abc import Mapping
from pathlib import Path

import click

from hub.cli.errors import FAILED
from hub.cli.output import say


@click.command
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
def init(folder: Path, force: bool) -> None:
    """Write a hub.toml to start from.

    Writes a commented hub.toml with a table for every installed connector, an .env.example with the names of the
    credentials they need, a .gitignore that keeps both credentials and the database out of a repository, rules/
    with the built-in rules, ready to edit, and replies/ with templates of answers.
    """
    from hub.cli.starter import starter_files
    from hub.runtime.plugins import discover

    files, notes = starter_files(discover())
    there = [name for name in files if (folder / name).exists()]
    if there and not force:
        say(f"{folder / there[0]} is there already and was left as it is; name another folder, or use --force")
        raise click.exceptions.Exit(FAILED)
    write(folder, files)
    for note in notes:
        say(note)
    say(_next(folder))


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write *files*, texts by name, into *folder*.

    Raises:
        ConfigError: the folder cannot be written.
    """
    from hub.sdk import ConfigError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error


def _next(folder: Path) -> str:
    option = "" if folder == Path() else f" --config {folder / 'hub.toml'}"
    return (
        f"wrote {folder / 'hub.toml'}. Next: copy {folder / '.env.example'} to {folder / '.env'}, fill in the"
        f" credentials, take out the tables you do not need, then run: hub{option} check"
    )
