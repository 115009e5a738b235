"""What can be said of a text without rules: counts, shares, numbers in it, its language; computed when asked."""

import re
from collections.abc import Callable, Sequence
from functools import cached_property

from hub.routing.folding import scripts_mixed
from hub.routing.language import language_of
from hub.routing.words import split

_LINK = re.compile(
    r"https?://\S+|(?<![\w@.])www\.\S+|(?<![\w@.-])[\w-]{1,60}(?:\.[\w-]{1,60}){0,3}\.[a-zа-я]{2,6}/\S+", re.IGNORECASE
)
_PICTURE = (
    r"(?:[\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff\u2600-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50"
    r"\u2b55\u231a\u231b\u23e9-\u23f3\u23f8-\u23fa]|[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u25aa-\u25fe]\ufe0f)"
)
_TONE = r"(?:\ufe0f|[\U0001f3fb-\U0001f3ff]|[\U000e0020-\U000e007f])*+"
_EMOJI = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_PICTURE}{_TONE}(?:\u200d{_PICTURE}{_TONE})*+"
)
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 9  # of a number that is looked for
_GAP = r"[ \u00a0().\u2010-\u2013-]{0,2}"
_PHONE = re.compile(
    rf"(?<![\w+])(?:\+?\d{{1,3}}{_GAP}\d{{3}}{_GAP}\d{{3}}{_GAP}\d{{2}}{_GAP}\d{{2}}"
    rf"|\+\d{{1,3}}(?:{_GAP}\d){{7,11}}|[09]\d{{2}}{_GAP}\d{{3}}{_GAP}\d{{2}}{_GAP}\d{{2}})(?!\w)"
)
_CARD = re.compile(
    r"(?<![\w-])(?:\d{13,19}|\d{4}(?:[ \u00a0-]\d{4}){3}(?:[ \u00a0-]\d{1,3})?"
    r"|\d{4}[ \u00a0-]\d{6}[ \u00a0-]\d{5})(?![\w-])"
)


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
        if not any(map(scripts_mixed, self._parts)):
            return 0.0
        return sum(map(scripts_mixed, self._words)) / len(self._words)

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
        return sum(len(_LINK.findall(part)) for part in self._parts if "/" in part or "www." in part.lower())

    @cached_property
    def _numbers(self) -> list[str]:
        """The parts with digits enough for a phone, without their links."""
        parts = [part for part in self._parts if len(_DIGIT.findall(part)) >= _FEWEST_DIGITS]
        return [_LINK.sub(" ", part) for part in parts]

    @cached_property
    def phones(self) -> int:
        """How many numbers written as a phone's, ten digits and more; links and card numbers are left out."""
        return sum(len(_PHONE.findall(_CARD.sub(" ", part))) for part in self._numbers)

    @cached_property
    def cards(self) -> int:
        """How many numbers of 13 to 19 digits, written as a card's, with a right check digit (Luhn)."""
        return sum(luhn(found) for part in self._numbers for found in _CARD.findall(part))

    @cached_property
    def language(self) -> str | None:
        """ISO 639-1 code of the language, None if unsure."""
        return language_of("\n".join(self._parts))


def luhn(number: str) -> bool:
    """Tell whether the last digit of *number* is the check digit of the others."""
    digits = [int(char) for char in number if char.isdigit()]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
