"""What a person may have meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """Return the one of *choices* that looks most like *word*; None when none does."""
    known = {choice.lower(): choice for choice in choices}
    found = get_close_matches(word.lower(), known, n=1)
    return known[found[0]] if found else None


def did_you_mean(word: str, choices: Iterable[str]) -> str:
    """Return ``; did you mean "x"?`` for the end of a message; empty when nothing looks like *word*."""
    found = nearest(word, choices)
    return f'; did you mean "{found}"?' if found else ""


def listed(names: Iterable[str]) -> str:
    """Return *names* for a message, ``none`` when there are none."""
    return ", ".join(sorted(names)) or "none"
