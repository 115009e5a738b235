"""The files that ``hub init`` writes. The settings are valid as they stand once the variables are set."""

import json
from collections.abc import Iterator
from datetime import timedelta
from importlib import resources
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.routing.rules import PACK
from hub.runtime.config_models import holds_secret
from hub.runtime.plugins import Registry
from hub.sdk import ConfigError, Connector, ConnectorConfig
from hub.sdk.findings import key_of

_HEAD = """\
# Settings of the hub. Credentials stand in the environment or in the file .env beside this one, never here.
# "hub check" says what is wrong and what to do; "hub schema config" prints a JSON Schema for your editor.

store = "sqlite:///hub.db"          # beside this file
timezone = "Europe/Moscow"          # in which you read times
rules = "rules"                     # what decides on category, priority, queue, deadlines: yours to edit
# lang = "ru"                       # ru or en; the locale's unless given

# [replies]                         # how customers are answered; templates are in replies/
# brand = "…"                       # what {brand} stands for in templates
# auto = ["praise-ceiling"]         # rules with mode: auto that may answer without a person
"""
_DELIVER = """\
# [deliver]
# to = ["usedesk"]                    # instances that mentions and reviews go to unless a rule says otherwise
# start = 2026-11-01                  # what customers wrote before is stored and decided, but not delivered
"""
_OWN_RULES = """\
# Your own rules: they are read before the files below, which are the built-in ones, copied here for you to edit.
# "hub rules check" and "hub rules test" say what is wrong, "hub rules explain --text …" why a ticket is decided so.
builtin: false    # the copies beside this file stand in the place of the built-in rules

# rules:
#   - name: our-campaign
#     when: {text: [чёрная пятница, black friday]}
#     then: {queue: marketing, tags: [campaign]}
#     examples: {match: ["Что с чёрной пятницей?"], no_match: ["Пятница прошла хорошо"]}
"""
_GITIGNORE = ".env\n*.db\n*.db-wal\n*.db-shm\n*.db.locks/\n"
_ENV_HEAD = """\
# Copy to .env and fill in. The real environment wins over .env.
# What stands behind a "#" here does so in hub.toml too: take both away for what your vendor's account has.
"""


def starter_files(registry: Registry) -> tuple[dict[str, str], list[str]]:
    """Return the files by name, and a note for every installed connector that cannot be used."""
    tables: list[str] = []
    variables: list[str] = []
    notes: list[str] = []
    for name in registry.names():
        try:
            connector = registry.connector(name)
        except ConfigError as error:
            notes.append(str(error))
            continue
        tables.append(_table(name, connector))
        variables += _variables(name, connector)
    tables += [_base_settings(), _DELIVER]
    files = {
        "hub.toml": "\n".join([_HEAD, *tables]),
        ".env.example": _ENV_HEAD + "".join(variables),
        ".gitignore": _GITIGNORE,
        "rules/00-own.yaml": _OWN_RULES,
        "replies/praise.yaml": (resources.files("hub.routing") / "data" / "replies.yaml").read_text(encoding="utf-8"),
        **{f"rules/{path.name}": path.read_text(encoding="utf-8") for path in sorted(PACK.glob("*.yaml"))},
    }
    return files, notes


def variable(connector: str, key: str) -> str:
    """Return the name of the environment variable for a connector's setting."""
    return f"{connector}_{key}".replace("-", "_").upper()


def _own_fields(connector: type[Connector[Any]]) -> Iterator[tuple[str, FieldInfo]]:
    """Yield the settings that are the connector's own, and the shared ones that it cannot do without."""
    for name, field in connector.Config.model_fields.items():
        shared = ConnectorConfig.model_fields.get(name)
        if shared is None or (field.is_required() and not shared.is_required()):
            yield key_of(name, field), field


def _table(name: str, connector: type[Connector[Any]]) -> str:
    lines = [f"[instances.{name}]", f'connector = "{name}"', 'every = "1m"']
    if connector.title:
        lines.insert(0, f"# {connector.title}")
    for key, field in _own_fields(connector):
        about = f"  # {_one_line(field.description)}" if field.description else ""
        # What is secret, or what only the reader knows, comes from the environment.
        if field.is_required():
            lines.append(f'{key} = {{ env = "{variable(name, key)}" }}{about}')
        elif holds_secret(field.annotation):
            lines.append(f'# {key} = {{ env = "{variable(name, key)}" }}{about}')
        else:
            lines.append(f"# {key} = {literal(field.get_default(call_default_factory=True))}{about}")
    return "\n".join(lines) + "\n"


def _variables(name: str, connector: type[Connector[Any]]) -> Iterator[str]:
    for key, field in _own_fields(connector):
        about = f"# {_one_line(field.description)}\n" if field.description else ""
        if field.is_required():
            yield f"\n{about}{variable(name, key)}=\n"
        elif holds_secret(field.annotation):  # in a comment, as it is in the settings
            yield f"\n{about}# {variable(name, key)}=\n"


def _base_settings() -> str:
    lines = ["# Every instance also takes:"]
    for name, field in ConnectorConfig.model_fields.items():
        if name != "connector":
            value = f"{name} = {literal(field.get_default(call_default_factory=True))}"
            lines.append(f"# {value:<24}  # {_one_line(field.description)}")
    return "\n".join(lines) + "\n"


def _one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def literal(value: Any) -> str:
    """Return *value* as TOML; ``…`` for what has no default."""
    if value is None:
        return "…"
    if isinstance(value, timedelta):
        return f'"{duration(value)}"'
    if isinstance(value, set | frozenset | tuple):
        return json.dumps(sorted(value) if isinstance(value, set | frozenset) else list(value), ensure_ascii=False)
    if isinstance(value, BaseModel):
        return literal(value.model_dump())
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {literal(item)}" for key, item in value.items()) + " }" if value else "{}"
    return json.dumps(value, ensure_ascii=False, default=str)


def duration(value: timedelta) -> str:
    """Return *value* as the settings write it."""
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
