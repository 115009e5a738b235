"""The shipped list of obscene words, and which of them a masked word may stand for.

The list is data (`data/obscene.txt`): prefixes, roots, endings. In a masked word each run of signs stands for a few
letters that make it a word of the list, and for nothing else.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources

from hub.routing.folding import TO_CYRILLIC

MAX_PIECES = 6  # runs of letters in a masked word
_RUN = re.compile(r"[^\W\d_]+|[\W\d_]+")
_HARD = frozenset("*@#$%&^~")  # signs that hide letters and do little else
_MASKED_ALONE = frozenset("хпебf")  # letters that stars alone may follow


@dataclass(frozen=True, slots=True)
class ObsceneList:
    """`words` spelt out; `beginnings` of words that anything may follow."""

    words: frozenset[str]
    beginnings: re.Pattern[str]


@cache
def shipped() -> ObsceneList:
    text = (resources.files("hub.routing") / "data" / "obscene.txt").read_text(encoding="utf-8")
    named: dict[str, list[str]] = {}
    words: set[str] = set()
    beginnings: set[str] = set()
    for line in text.splitlines():
        name, equals, listed = line.partition(" = ")
        if equals:
            named[name] = listed.split()
        elif line and not line.startswith("#"):
            prefixes, roots, endings = (list(_spelt(part, named)) for part in line.split(":"))
            spelt = {
                prefix + root + ending for prefix in prefixes for root in roots for ending in endings if ending != "*"
            }
            words |= spelt
            beginnings |= spelt if "*" in endings else set()
    return ObsceneList(frozenset(words), re.compile("|".join(sorted(beginnings))))


def _spelt(part: str, named: dict[str, list[str]]) -> Iterator[str]:
    for word in part.split():
        if word.startswith("$"):
            yield from _spelt(" ".join(named[word[1:]]), named)
        else:
            yield "" if word == "-" else word


class Listed:
    """Words spelt out, to be asked which of them fit a mask."""

    def __init__(self, words: Iterable[str]) -> None:
        self._by_letter: dict[str, str] = {}
        for word in sorted(words):
            self._by_letter[word[0]] = f"{self._by_letter.get(word[0], '')}{word}\n"
        self._by_letter[""] = "".join(self._by_letter.values())

    def under(self, raw: str) -> list[str]:
        """Return the words that *raw*, a word with signs or digits for letters, may stand for."""
        mask = _mask(raw)
        if mask is None:
            return []
        return re.findall(mask.expression, self._by_letter.get(mask.first, ""), re.MULTILINE)


@cache
def _allshipped() -> Listed:
    return Listed(shipped().words)


def unmasked(raw: str) -> list[str]:
    """Return the shipped words that *raw* may stand for."""
    return _allshipped().under(raw)


@dataclass(frozen=True, slots=True)
class _Mask:
    """`expression` for a line of the list; `first` is its first letter, empty where a sign hides it."""

    expression: str
    first: str


def _mask(raw: str) -> _Mask | None:
    """Return what *raw* may stand for; None if it has no signs, or so few letters that it might stand for anything."""
    lowered = raw.lower().replace("ё", "е")
    latin = lowered.isascii()
    if not latin:
        lowered = "".join(TO_CYRILLIC.get(char, char)[0] for char in lowered)
    runs = _RUN.findall(lowered)
    if not 2 <= len(runs) <= MAX_PIECES * 2:
        return None
    letters = "".join(run for run in runs if run.isalpha())
    signs = "".join(run for run in runs if not run.isalpha())
    edges = [run for run in (runs[0], runs[-1]) if not run.isalpha()]
    parts = [run if run.isalpha() else _hidden(run, edge=run in edges, latin=latin) for run in runs]
    if edges:
        least = 1 if runs[0] in _MASKED_ALONE and raw.islower() and len(signs) > 1 else 2
    else:
        least = 2 if _HARD.issuperset(signs) else 3
    if None in parts or len(edges) > 1 or len(letters) < least:
        return None
    return _Mask(f"^{''.join(filter(None, parts))}$", letters[0] if runs[0].isalpha() else "")


def _hidden(run: str, *, edge: bool, latin: bool) -> str | None:
    """Return the expression for the letters that a run of signs may hide; None if it hides none."""
    if edge:
        return rf"\w{{{len(run)}}}" if set(run) == {"*"} else None
    if _HARD.issuperset(run):
        return rf"\w{{0,{max(3, len(run) + 1)}}}"
    if latin or "-" in run or len(run) > 3:
        return None
    if run.isdigit():
        return r"\w{0,3}" if len(run) == 1 else None
    return rf"\w{{0,{len(run) * 2 - 1}}}"
