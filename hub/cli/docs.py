"""What the reference pages take from the code. ``python -m hub.cli.docs`` writes it into ``docs/reference``."""

import re
import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from hub.cli.app import hub
from hub.cli.starter import literal
from hub.runtime.config import TOP_LEVEL
from hub.sdk import ConnectorConfig, Rate

PAGES = ("commands.md", "config.md")

_WIDTH = 100
_BLOCK = re.compile(r"(<!-- begin: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS: Mapping[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    timedelta: "duration",
    datetime: "time",
    date: "day",
    Rate: "rate",
}


def commands() -> Iterator[tuple[str, click.Command, click.Context]]:
    """Yield every command with its whole name, in the order of ``hub --help``."""
    yield from _below("hub", hub, None)


def _below(
    name: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    settings: dict[str, Any] = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    ctx = click.Context(command, info_name=name.rsplit(" ", 1)[-1], parent=parent, **settings)
    yield name, command, ctx
    if isinstance(command, click.Group):
        for child in command.list_commands(ctx):
            found = command.get_command(ctx, child)
            if found is not None:
                yield from _below(f"{name} {child}", found, ctx)


def help_texts() -> str:
    """Return the help of every command, each under its name."""
    return "\n".join(f"## {name}\n\n```text\n{ctx.get_help()}\n```\n" for name, _, ctx in commands())


def top_level_keys() -> str:
    """Return the table of the keys at the top of ``hub.toml``."""
    rows = ((key, kind, default, meaning) for key, (kind, default, meaning) in TOP_LEVEL.items())
    return _table(rows)


def instance_keys() -> str:
    """Return the table of the keys that every instance takes."""
    return _table(
        (
            name,
            _type(field.annotation),
            _default(field),
            field.description or "",
        )
        for name, field in ConnectorConfig.model_fields.items()
    )


BLOCKS = {"commands": help_texts, "top-level-keys": top_level_keys, "instance-keys": instance_keys}


def filled(page: str) -> str:
    """Return the text of *page* with its generated blocks as the code has them now."""
    return _BLOCK.sub(lambda block: f"{block[1]}\n{BLOCKS[block[2]]()}\n{block[3]}", page)


def write_docs(folder: Path) -> None:
    """Bring the pages in *folder* up to date."""
    for name in PAGES:
        path = folder / name
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")


def _table(rows: Iterator[tuple[str, str, str, str]]) -> str:
    lines = ["| key | type | default | meaning |", "|---|---|---|---|"]
    lines += ["| `{}` | {} | {} | {} |".format(*(cell.replace("|", "\\|") for cell in row)) for row in rows]
    return "\n".join(lines) + "\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "none" if value is None else f"`{literal(value)}`"


def _type(annotation: Any) -> str:
    if annotation in _WORDS:
        return _WORDS[annotation]
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f'`"{value}"`' for value in get_args(annotation))
    if origin is dict:
        return "table"
    parts = [_type(part) for part in get_args(annotation) if part is not NoneType and not _is_note(part)]
    return " or ".join(dict.fromkeys(parts))


def _is_note(part: Any) -> bool:
    """Whether *part* is what ``Annotated`` adds to a type, not a type."""
    return not isinstance(part, type) and get_origin(part) is None


if __name__ == "__main__":
    write_docs(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/reference"))
