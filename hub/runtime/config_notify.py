"""``[notify]``: whom rules may tell, by name. An address holds credentials, so it never stands in the file itself."""

import re
from collections.abc import Iterator
from typing import Any

from pydantic import SecretStr

from hub.runtime.config_file import ConfigFile
from hub.runtime.config_models import OUTSIDE
from hub.runtime.toml_lines import Path as Keys
from hub.runtime.values import is_reference, resolve

Recipients = dict[str, tuple[SecretStr, ...]]
"""Addresses by name; none where they cannot be had."""

_NAME = re.compile(r"[a-z0-9_-]+")


def names_in(file: ConfigFile) -> frozenset[str] | None:
    """Return the names in ``[notify]``; None where there is no such table."""
    table = file.tree.get("notify")
    return frozenset(table) if isinstance(table, dict) else None


def recipients_of(file: ConfigFile, broken: dict[str, str] | None) -> Recipients:
    """Return whom ``[notify]`` names; findings go to *broken* under ``notify.NAME``, where there is one."""
    table = file.tree.get("notify", {})
    if not isinstance(table, dict):
        file.findings.add(("notify",), 'is not a table; write [notify] and below it lead = { env = "LEAD_NOTIFY_URL" }')
        return {}
    found: Recipients = {}
    for name, value in table.items():
        own = file if broken is None else file.apart()
        found[name] = tuple(_addresses(own, value, ("notify", name)))
        if broken is not None and (told := own.findings.told()):
            broken[f"notify.{name}"] = told
            found[name] = ()
    return found


def _addresses(file: ConfigFile, value: Any, at: Keys) -> Iterator[SecretStr]:
    if not _NAME.fullmatch(str(at[-1])):
        file.findings.add(at, "names are made of a-z, 0-9, - and _")
    items = value if isinstance(value, list) else [value]
    if not items:
        file.findings.add(at, f"names no address; {OUTSIDE}")
    for number, item in enumerate(items):
        where = (*at, number) if isinstance(value, list) else at
        if not is_reference(item):
            file.findings.add(where, f"an address holds credentials and does not stand in this file; {OUTSIDE}")
            continue
        resolved = resolve(item, file.env, file.folder, where)
        for key, message in resolved.missing.items():
            file.findings.add(key, message)
        if not resolved.missing:
            yield SecretStr(resolved.tree)
