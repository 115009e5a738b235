"""The rules in force: those of the folder, or, while its files are wrong, the last that were right."""

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hub.store import Router, Store

if TYPE_CHECKING:
    from hub.routing.rules import RuleSet
    from hub.runtime.answers import Answers
    from hub.runtime.config import Settings
    from hub.runtime.plugins import PluginManager


@dataclass(frozen=True, slots=True)
class InForce:
    """What decides now.

    Attributes:
        load: gives the rules, which takes half a second; None where the settings name no folder.
        problem: why these are not the rules of the folder as it is now; None when they are.
    """

    load: "Callable[[], RuleSet] | None" = None
    problem: str | None = None


def rules_in_force(folder: Path | None, store: Store) -> InForce:
    """Return the rules of *folder*, and note in *store* that they are in force. While a file is wrong, the rules that
    were in force last stay. Files that have not changed since are not read anew before something is to be decided.

    Raises:
        RulesError: a file is wrong and there never were others.
    """
    if folder is None:
        return InForce()
    from hub.sdk import ConfigError

    files, last = read_texts(folder), store.latest_rules()
    if last is not None and _unchanged(folder, files, last.files):
        return InForce(partial(_load, folder))
    try:
        rules = _load(folder)
    except ConfigError as error:
        if last is None:
            raise
        since = f"{last.last_at:%Y-%m-%d %H:%M} UTC"
        stays = f"the rules of {since} (version {last.version}) stay in force"
        return InForce(
            partial(rules_of, last.files),
            f'{error}\n{stays}; mend the files, "hub rules check" tells when they are right',
        )
    read = {name: text for name, text in files.items() if text is not None}
    store.keep_rules(rules.version, {**read, **rules.day_files})
    return InForce(lambda: rules)


def rules_problem(folder: Path | None, store: Store) -> str | None:
    """Return what is wrong with the rules of *folder*; nothing is kept in *store*."""
    from hub.sdk import ConfigError

    if folder is None:
        return None
    last = store.latest_rules()
    if last is not None and _unchanged(folder, read_texts(folder), last.files):
        return None
    try:
        _load(folder)
    except ConfigError as error:
        return str(error)
    return None


def _unchanged(folder: Path, files: Mapping[str, str | None], kept: Mapping[str, str]) -> bool:
    """Whether *files* of *folder*, and the files of days that were kept with them, are what they were."""
    base = folder.parent if folder.is_file() else folder
    days = {name: _text(base / name) for name in kept.keys() - files.keys()}
    return {**files, **days} == dict(kept)


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8", "replace")
    except OSError:
        return None


def _load(folder: Path) -> "RuleSet":
    from hub.routing.rules import load_rules

    return load_rules(folder)


def router_in_force(settings: "Settings", store: Store) -> Router | None:
    """Return what decides by the rules in force and the classifiers of *settings*; None where there are no rules."""
    from hub.runtime.answers import Answers
    from hub.runtime.plugins import hub_manager

    load = rules_in_force(settings.rules, store).load
    return router_of(settings, load, hub_manager(settings.plugins), Answers(settings))


def router_of(
    settings: "Settings", load: "Callable[[], RuleSet] | None", manager: "PluginManager", answering: "Answers"
) -> Router | None:
    """Return what decides by the rules that *load* gives and the classifiers of *manager*, and answers as *answering*
    says; None where there are no rules."""
    from hub.pipeline.route import router
    from hub.runtime.plugins import classifier

    decides = router(load, classifier(manager), settings.deliver, settings.notify)
    return decides and replace(decides, answering=answering.of_pages)


def read_texts(folder: Path) -> dict[str, str | None]:
    """Return the text of every file of *folder* that may be rules, by its name, None where it cannot be read; nothing
    where the folder cannot."""
    from hub.routing.rule_files import rule_paths

    try:
        return {path.name: _text(path) for path in rule_paths(folder)}
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
