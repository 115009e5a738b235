"""Plain text out of what sources send. Nothing a person wrote is lost: letters, emoji, signs and spaces stay."""

import html
import re
from html.entities import html5
from typing import Any

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
"""Stands for what no store can hold: a lone surrogate, the NUL character."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_BREAKS = re.compile(r"<\s*(?:br\s*/?|/p|/div|/li)\s*>", re.IGNORECASE)
_TAGS = re.compile(
    r"</?(?:a|b|blockquote|br|code|div|em|font|h[1-6]|hr|i|img|li|mark|ol|p|pre|s|small|span|strong|sub|sup|table|tbody"
    r"|td|th|tr|u|ul)(?:\s+[a-z][\w:-]*=(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))*\s*/?>",
    re.IGNORECASE | re.ASCII,
)
_ENTITIES = re.compile(r"&(?:#\d{1,7};?|#[xX][0-9a-fA-F]{1,6};?|[A-Za-z][A-Za-z0-9]{1,31};)")
_ROUNDS = 3  # sources escape twice at times (`&amp;quot;`); more rounds would eat what a person typed


def plain_text(markup: str) -> str:
    """Return *markup* with known HTML tags stripped, entities unescaped and line ends made ``\\n``.

    Only real tags go, with nothing but attributes in them: ``<3``, ``a < b`` and ``sum<b and term>d`` stay. Entities
    are unescaped up to three times, named ones only with their semicolon: ``?a=1&region=2`` is no ``®``. Outer white
    space is stripped; inner spaces, zero-width and lookalike characters are kept for the rules to see through.
    """
    text = markup
    for _ in range(_ROUNDS):
        if "<" not in text and "&" not in text:
            break
        plain = _ENTITIES.sub(_unescaped, _TAGS.sub("", _BREAKS.sub("\n", text)))
        if plain == text:
            break
        text = plain
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.strip()


def _unescaped(entity: re.Match[str]) -> str:
    name = entity[0][1:]
    return html.unescape(entity[0]) if name.startswith("#") else html5.get(name, entity[0])


def storable(value: Any) -> Any:
    """Return *value*, a tree of JSON values, with what a store cannot hold replaced by U+FFFD in every text."""
    if isinstance(value, str):
        return _UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    return value
