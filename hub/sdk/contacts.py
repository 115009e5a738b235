"""Telephone numbers and e-mail addresses in what people write, in one form each, so that they can be compared."""

import re

_PHONE = re.compile(r"(?<![\w+/.-])(?:\+7|8|7)[\s(-]*\d{3}[\s)-]*\d{3}[\s-]*\d{2}[\s-]*\d{2}(?![\w-])")
_ABROAD = re.compile(r"(?<![\w+/.-])\+(?!7)\d(?:[\s()-]?\d){8,13}(?!\w)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+(?!\w)")


def phones_in(words: str) -> tuple[str, ...]:
    """Return the telephone numbers in *words*, each once, as ``+`` and digits; a Russian ``8`` in front is ``+7``."""
    found = (re.sub(r"\D", "", number) for number in (*_PHONE.findall(words), *_ABROAD.findall(words)))
    return tuple(
        dict.fromkeys(
            f"+7{digits[1:]}" if len(digits) == 11 and digits[0] in "78" else f"+{digits}" for digits in found
        )
    )


def emails_in(words: str) -> tuple[str, ...]:
    """Return the e-mail addresses in *words*, each once, in lower case."""
    return tuple(dict.fromkeys(found.lower() for found in _EMAIL.findall(words)))
