"""What can be said of a text without rules: counts, shares, numbers in it, its language; computed when asked."""

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from hub.routing.folding import scripts_mixed
from hub.routing.language import language_of
from hub.routing.words import split

_LINK = re.compile(r"https?://\S+|www\.\S+|\b(?:t\.me|vk\.com|wa\.me|bit\.ly)/\S+", re.IGNORECASE)
_PICTURE = (
    r"[\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b"
    r"\u23e9-\u23f3\u23f8-\u23fa\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa]"
)
_PICTURE_END = r"(?:\ufe0f|[\U0001f3fb-\U0001f3ff]|[\U000e0020-\U000e007f])*"
_EMOJI = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_PICTURE}{_PICTURE_END}(?:\u200d{_PICTURE}{_PICTURE_END})*"
)
_PHONE = re.compile(r"(?<![\w+])\+?\d(?:[ \u00a0().\u2010-\u2013-]{0,2}\d){9,13}(?![\d])")
_CARD = re.compile(r"(?<!\d)\d(?:[ \u00a0-]?\d){12,18}(?!\d)")


class Features:
    """Features of the parts of one ticket (the title and the customer's messages) taken together."""

    def __init__(self, parts: Sequence[str], obscene: Callable[[str], bool]) -> None:
        self._parts = [part for part in parts if part]
        self._obscene = obscene

    @cached_property
    def obscene(self) -> bool:
        """Whether a part has an obscene word, masked or not."""
        return any(self._obscene(part) for part in self._parts)

    @cached_property
    def _words(self) -> list[str]:
        return [word for part in self._parts for word in split(part)]

    @cached_property
    def words(self) -> int:
        """How many words."""
        return len(self._words)

    @cached_property
    def mixed_script(self) -> float:
        """Share of words with both Cyrillic and Latin letters, 0 to 1."""
        return sum(map(scripts_mixed, self._words)) / len(self._words) if self._words else 0.0

    @cached_property
    def capitals(self) -> float:
        """Share of capitals among the letters, 0 to 1."""
        letters = sum(char.isalpha() for part in self._parts for char in part)
        return sum(char.isupper() for part in self._parts for char in part) / letters if letters else 0.0

    @cached_property
    def emoji(self) -> int:
        """How many emoji; a sequence or a flag is one."""
        return sum(len(_EMOJI.findall(part)) for part in self._parts)

    @cached_property
    def questions(self) -> int:
        """How many question marks."""
        return sum(part.count("?") + part.count("⁉") for part in self._parts)

    @cached_property
    def exclamations(self) -> int:
        """How many exclamation marks."""
        return sum(part.count("!") + part.count("‼") for part in self._parts)

    @cached_property
    def length(self) -> int:
        """How many characters."""
        return sum(map(len, self._parts))

    @cached_property
    def links(self) -> int:
        """How many links."""
        return sum(len(_LINK.findall(part)) for part in self._parts)

    @cached_property
    def phones(self) -> int:
        """How many numbers written as a phone's: ten to fourteen digits that are not a card."""
        return sum(_phone_like(found) for part in self._parts for found in _PHONE.findall(_LINK.sub(" ", part)))

    @cached_property
    def cards(self) -> int:
        """How many numbers of 13 to 19 digits with a right check digit (Luhn)."""
        return sum(_luhn(found) for part in self._parts for found in _CARD.findall(part))

    @cached_property
    def language(self) -> str | None:
        """ISO 639-1 code of the language, None if unsure."""
        return language_of("\n".join(self._parts))


def _digits(text: str) -> list[int]:
    return [int(char) for char in text if char.isdigit()]


def _phone_like(text: str) -> bool:
    digits = _digits(text)
    return len(set(digits)) > 1 and (len(digits) <= 12 or text.startswith("+")) and not _luhn(text)


def _luhn(text: str) -> bool:
    digits = _digits(text)
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return len(digits) >= 13 and len(set(digits)) > 1 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
