"""The rules in force: those of the folder, or, while its files are wrong, the last that were right."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.store import Store

if TYPE_CHECKING:
    from hub.routing.rules import RuleSet


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides now.

    Attributes:
        rules: None where the settings name no folder.
        problem: why these are not the rules of the folder as it is now; None when they are.
    """

    rules: "RuleSet | None" = None
    problem: str | None = None


def rules_in_force(folder: Path | None, store: Store) -> InForce:
    """Return the rules of *folder*, and note in *store* that they are in force. While a file is wrong, the rules that
    were in force last stay.

    Raises:
        RulesError: a file is wrong and there never were others.
    """
    if folder is None:
        return InForce()
    from hub.routing.rules import RulesError, load_rules

    try:
        files = read_texts(folder)
        rules = load_rules(folder)
    except RulesError as error:
        last = store.latest_rules()
        if last is None:
            raise
        since = f"{last.last_at:%Y-%m-%d %H:%M} UTC"
        stays = f"the rules of {since} (version {last.version}) stay in force"
        return InForce(
            rules_of(last.files), f'{error}\n{stays}; mend the files, "hub rules check" tells when they are right'
        )
    store.keep_rules(rules.version, {**files, **rules.day_files})
    return InForce(rules)


def read_texts(folder: Path) -> dict[str, str]:
    """Return the text of every file of *folder* that may be rules, by its name; none where they cannot be read."""
    from hub.routing.rule_files import rule_paths

    try:
        return {path.name: path.read_bytes().decode("utf-8", "replace") for path in rule_paths(folder)}
    except OSError:
        return {}  # loading them says why


def rules_of(files: Mapping[str, str]) -> "RuleSet":
    """Return the rule set of kept *files*; a name with a folder in it is that of a file of days.

    Raises:
        RulesError: this version of the hub no longer takes them.
    """
    from hub.routing.rules import load_rules

    with tempfile.TemporaryDirectory(prefix="hub-rules-") as name:
        for file, text in files.items():
            if Path(file).name == file:
                (Path(name) / file).write_text(text, encoding="utf-8")
        return load_rules(Path(name), day_files=files)
