"""What the reference pages take from the code. ``python -m hub.cli.docs`` writes it into ``docs/reference``."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.cli.app import hub
from hub.cli.starter import literal
from hub.routing import rule_models
from hub.routing.facts import FACT_KEYS
from hub.routing.policy import Aging
from hub.routing.schema import rules_schema
from hub.routing.templates import TemplatesFile, TemplateSpec
from hub.runtime.config import TOP_LEVEL
from hub.runtime.config_surges import SurgeSettings
from hub.runtime.reply_settings import RepliesSettings
from hub.sdk import ConnectorConfig, Rate

PAGES = ("commands.md", "config.md", "metrics.md", "replies.md", "rules.md")
RULE_MODELS: tuple[type[BaseModel], ...] = (
    rule_models.RulesFile,
    rule_models.RuleSpec,
    rule_models.When,
    rule_models.TextWhen,
    rule_models.DeadlineWhen,
    rule_models.Then,
    rule_models.EscalateTo,
    rule_models.ReplyWith,
    rule_models.ActWith,
    rule_models.Examples,
    rule_models.PolicyRule,
    rule_models.Scale,
    Aging,
    rule_models.Obscene,
)
"""What a file of rules is made of, in the order of its page."""

_WIDTH = 100
_BLOCK = re.compile(r"(<!-- begin: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_WORDS: Mapping[Any, str] = {
    str: "text",
    bool: "true or false",
    int: "whole number",
    float: "number",
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


def settings_keys(model: type[BaseModel]) -> str:
    """Return the table of the keys of *model*, a table of ``hub.toml``."""
    return _table(
        (
            name,
            _type(field.annotation),
            _default(field),
            field.description or "",
        )
        for name, field in model.model_fields.items()
    )


def metrics() -> str:
    """Return the table of the figures for Prometheus."""
    from hub.runtime.metrics import described

    lines = ["| name | type | labels | meaning |", "|---|---|---|---|"]
    for name, kind, labels, about in described():
        lines.append(f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {about} |")
    return "\n".join(lines) + "\n"


def template_keys(model: type[BaseModel]) -> str:
    """Return the table of the keys of *model*, a part of a file of templates."""
    rows = ((key, _TEMPLATE_VALUES[key], field.description or "") for key, field in model.model_fields.items())
    lines = ["| key | value | meaning |", "|---|---|---|"]
    return "\n".join([*lines, *("| `{}` | {} | {} |".format(*row) for row in rows)]) + "\n"


_TEMPLATE_VALUES = {
    "templates": "table of templates",
    "greetings": "table of `ru` and `en`, a text or a list of them",
    "values": "table of text",
    "ru": "text or a list of them",
    "en": "text or a list of them",
    "note": "text",
}


def rule_keys(model: type[BaseModel]) -> str:
    """Return the table of the keys of *model*, a part of a file of rules."""
    schema = rules_schema()
    part = schema["$defs"].get(model.__name__, schema)
    rows = (
        (key, _value(field), "required" if key in part.get("required", ()) else "", field.get("description", ""))
        for key, field in part["properties"].items()
    )
    lines = ["| key | value | | meaning |", "|---|---|---|---|"]
    lines += ["| `{}` | {} | {} | {} |".format(*(cell.replace("|", "\\|") for cell in row)) for row in rows]
    return "\n".join(lines) + "\n"


def _value(schema: dict[str, Any]) -> str:
    """Return in a word what a value of the schema is."""
    choices = [_value(choice) for choice in schema.get("anyOf", ())]
    if choices:
        lists = {choice for choice in choices if choice.startswith("list of ") and choice[len("list of ") :] in choices}
        plain = dict.fromkeys(choice for choice in choices if choice not in lists)
        return " or ".join([*plain, *(["a list of them"] if lists else [])])
    if "$ref" in schema:
        return _PARTS[schema["$ref"].rsplit("/", 1)[-1]]
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_value(schema['items'])}"
    if "at_least" in schema.get("properties", {}):
        return "bounds"
    if "pattern" in schema and "\\d" in schema["pattern"]:
        return "duration"
    if schema.get("type") == "object":
        inner = schema.get("additionalProperties")
        return f"table of {_value(inner)}" if isinstance(inner, dict) else "table"
    kind = schema.get("type", "")
    return _JSON[kind if isinstance(kind, str) else kind[0]]


_JSON = {
    "string": "text",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "": "text or table",
}
_PARTS = {
    "When": "conditions",
    "TextWhen": "conditions on text",
    "DeadlineWhen": "conditions on deadlines",
    "Then": "effects",
    "Spans": "bounds in time",
    "Scale": "table",
    "Aging": "table",
    "Obscene": "table",
    "Examples": "table",
    "RuleSpec": "rule",
    "PolicyRule": "policy",
    "CalendarSpec": "calendar",
    "EscalateTo": "table",
    "ReplyWith": "table",
    "ActWith": "table",
}
BLOCKS: Mapping[str, Callable[[], str]] = {
    "commands": help_texts,
    "top-level-keys": top_level_keys,
    "metrics": metrics,
    "instance-keys": partial(settings_keys, ConnectorConfig),
    "reply-keys": partial(settings_keys, RepliesSettings),
    "templates-TemplatesFile": partial(template_keys, TemplatesFile),
    "templates-TemplateSpec": partial(template_keys, TemplateSpec),
    "surge-keys": partial(settings_keys, SurgeSettings),
    "rules-facts": lambda: ", ".join(f"`{key}`" for key in FACT_KEYS) + "\n",
    **{f"rules-{model.__name__}": partial(rule_keys, model) for model in RULE_MODELS},
}


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
