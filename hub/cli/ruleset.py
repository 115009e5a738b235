"""Which rules a command of ``hub rules`` is about, and what it knows of the settings."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli.loader_russian import in_russian
from hub.cli.speech import Speech, lang_option, spoken
from hub.cli.state import DEFAULT_CONFIG, State

if TYPE_CHECKING:
    from hub.routing.rules import RuleSet
    from hub.runtime.config import Outline

KIND = "mention"
"""What a text is that nobody says the kind of: as most tickets are, and as rules that say nothing of kinds take it."""

F = TypeVar("F", bound=Callable[..., Any])

rules_option = click.option(
    "--rules",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="A folder or a file of rules; else the one in the settings, else the built-in rules.",
)


def rules_options(command: F) -> F:
    """Add ``--rules`` and ``--lang``."""
    return rules_option(lang_option(command))


@dataclass(frozen=True, slots=True)
class AtHand:
    """What a command of ``hub rules`` works with.

    Attributes:
        folder: of the rules, None for the built-in ones alone.
        outline: None where there are no settings, or none that can be read and none were needed.
    """

    folder: Path | None
    outline: "Outline | None"
    speech: Speech

    @property
    def zone(self) -> tzinfo:
        """The time zone that people read times in."""
        return self.outline.timezone if self.outline else UTC

    def load(self) -> "RuleSet":
        """Read the rules, and say where a folder holds none.

        Raises:
            RulesError: every finding in every file, in the language that is spoken.
        """
        from hub.routing.rule_files import RulesError

        try:
            return self.read()
        except RulesError as error:
            if self.speech.lang != "ru":
                raise
            findings = (replace(one, message=in_russian(one.message)) for one in error.findings)
            raise RulesError(tuple(findings)) from error

    def read(self) -> "RuleSet":
        """Read the rules, and say where a folder holds none.

        Raises:
            RulesError: every finding in every file, as :mod:`hub.routing` says it.
        """
        from hub.cli.output import say
        from hub.routing.rule_files import rule_paths
        from hub.routing.rules import load_rules

        rules = load_rules(self.folder)
        if self.folder is not None and not rule_paths(self.folder):
            say(self.speech("empty_folder", folder=self.folder))
        return rules


def at_hand(state: State, folder: Path | None, lang: str | None) -> AtHand:
    """Return what a command needs that may do without settings.

    Args:
        folder: as given by ``--rules``; then wrong settings say nothing.
    Raises:
        ConfigError: the settings are needed and cannot be read.
    """
    from hub.cli.lint_texts import TEXTS as LINT
    from hub.cli.rules_texts import TEXTS
    from hub.sdk import ConfigError

    speech = Speech(spoken(state, lang), TEXTS, LINT)
    if folder is not None:
        outline = None
        with suppress(ConfigError):
            outline = state.outline()
        return AtHand(folder, outline, speech)
    if state.config == Path(DEFAULT_CONFIG) and not state.config.exists():
        return AtHand(None, None, speech)
    outline = state.outline()
    return AtHand(outline.rules, outline, speech)


def as_row(row: Mapping[str, Any]) -> str:
    """Return a ticket as an example in a rule has it, in one line."""
    import json

    def value(one: Any) -> str:
        return json.dumps(one, ensure_ascii=False)

    return "{" + ", ".join(f"{key}: {value(one)}" for key, one in row.items()) + "}"
