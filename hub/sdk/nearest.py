"""What a person may have meant."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from itertools import takewhile

_ZONE = 0.6  # likeness from which a time zone is worth naming
_LETTER = 0.1  # what each equal letter at the start of a city counts; cities are misspelt at the end, as in Moskva
_LETTERS = 4


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


def nearest_zone(word: str, zones: Iterable[str]) -> str | None:
    """Return the one of *zones*, such as ``Europe/Moscow``, whose city looks most like that of *word*, and among
    equals the one in the most similar region; None when none does."""
    likeness, _, zone = max(((*_alike(word.lower(), zone.lower()), zone) for zone in sorted(zones)), default=(0, 0, ""))
    return zone if likeness >= _ZONE else None


def _alike(word: str, zone: str) -> tuple[float, float]:
    one, other = word.rpartition("/")[2], zone.rpartition("/")[2]
    start = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one[:_LETTERS], other, strict=False)))
    likeness = SequenceMatcher(None, other, one, autojunk=False).ratio() + _LETTER * start
    return likeness, SequenceMatcher(None, zone, word, autojunk=False).ratio()
