"""One policy with its calendar out of a folder of rules, without the rules: those take half a second to compile."""

from pathlib import Path
from typing import Any

from hub.routing.calendar import Calendar
from hub.routing.policy import SlaPolicy, calendar_of
from hub.routing.rule_files import Findings, SourceFile
from hub.routing.rules import source_files
from hub.routing.yaml_tree import read_yaml


def policy_named(folder: Path, name: str) -> tuple[SlaPolicy, Calendar] | None:
    """Return the policy *name* of the files in *folder* and the built-in pack, with its calendar; None where there is
    none, or its calendar cannot be read."""
    files = source_files(folder, Findings())
    policy = next((one for file in files for _, one in file.policies() if one.name == name), None)
    if policy is None:
        return None
    try:
        calendars = {policy.calendar: _calendar(files, policy.calendar)} if policy.calendar else {}
        return policy, calendar_of(policy, calendars)
    except (KeyError, OSError, ValueError):
        return None


def _calendar(files: list[SourceFile], name: str) -> Calendar:
    file = next((one for one in files if name in one.said.calendars), None)
    if file is None:
        raise KeyError(name)

    def read(days: str) -> Any:
        return read_yaml((file.path.parent / days).read_bytes())[0] or {}

    return Calendar(file.said.calendars[name], read)
