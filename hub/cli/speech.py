"""What people read in Russian or English: one catalogue of messages a command group, one way to choose the language."""

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from hub.runtime.language import language

__all__ = ["CATALOGUES", "Catalogue", "Speech", "lang_option", "language", "spoken"]

if TYPE_CHECKING:
    from hub.cli.state import State

Catalogue = Mapping[str, Mapping[str, str]]
"""Messages by language and key, with ``{placeholders}``; the same keys and placeholders in every language."""

CATALOGUES = (
    "hub.cli.demo_texts",
    "hub.cli.rules_texts",
    "hub.cli.lint_texts",
    "hub.cli.story_texts",
    "hub.cli.customers_texts",
    "hub.cli.reply_texts",
    "hub.cli.stats_texts",
    "hub.runtime.surge_texts",
)
"""Modules that have one, as ``TEXTS``."""

_RUSSIAN_FIGURES = str.maketrans({",": "\u00a0", ".": ","})

lang_option = click.option(
    "--lang", type=click.Choice(["ru", "en"]), help="Speak Russian or English; else as the settings or the locale say."
)


class Speech:
    """Speaks one language out of one catalogue."""

    def __init__(self, lang: str, *catalogues: Catalogue) -> None:
        self.lang = lang
        self._texts = {key: text for catalogue in catalogues for key, text in catalogue[lang].items()}

    def __call__(self, key: str, /, **values: Any) -> str:
        """Return the message *key* with *values* in it."""
        text = self._texts[key]
        return text.format(**values) if values else text

    def figure(self, number: str) -> str:
        """Return *number*, written with commas between thousands and a point before decimals, as the language does."""
        return number.translate(_RUSSIAN_FIGURES) if self.lang == "ru" else number

    def word(self, prefix: str, name: str) -> str:
        """Return the word for *name*, such as a field; *name* itself where the catalogue has none."""
        return self._texts.get(f"{prefix}.{name}", name)


def spoken(state: "State", asked: str | None) -> str:
    """Return the language to speak: *asked* by ``--lang``, else that of the settings that lie here or are named, else
    the locale's. Wrong settings say nothing here: what needs them tells of that."""
    from hub.sdk import ConfigError

    configured = None
    if asked is None:
        with suppress(ConfigError):
            configured = state.outline().lang
    return language(asked or configured)
