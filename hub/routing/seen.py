"""Words that a pattern found: where they stand, whose form they are, what was seen through, to the letter."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hub.routing.matcher import Reading, Span
from hub.routing.pattern import Step
from hub.routing.words import spans

Script = Literal["latin", "greek", "cyrillic", "digit", "sign"]

_DISGUISES = frozenset(("lookalike", "mask"))


@dataclass(frozen=True, slots=True)
class Letter:
    """A sign that stands for a letter of another script; *at* counts the characters of the word from 0."""

    char: str
    script: Script
    at: int


@dataclass(frozen=True, slots=True)
class SeenWord:
    """A word of a text, and the pattern's word that it was taken for.

    Attributes:
        seen_through: the codes of :class:`hub.routing.matcher.Span`.
        letters: those in disguise.
    """

    text: str
    taken_for: str
    seen_through: tuple[str, ...]
    letters: tuple[Letter, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """One place where *pattern* matched: characters *start* to *end* of *part* (0 is the title)."""

    pattern: str
    part: int
    start: int
    end: int
    text: str
    words: tuple[SeenWord, ...]


def found(reading: Reading, index: int) -> tuple[Found, ...]:
    """Return every place where the pattern *index* matched, in the order of the text."""
    pattern = reading.matcher.patterns[index]
    return tuple(
        Found(pattern.source, span.part, span.start, span.end, span.text, tuple(_words(reading, span, pattern.steps)))
        for span in reading.spans(index)
    )


def _words(reading: Reading, span: Span, steps: tuple[Step, ...]) -> Iterator[SeenWord]:
    vocabulary = reading.matcher.vocabulary
    waiting = list(steps)
    for _, _, raw in spans(span.text):
        if not waiting:
            return
        codes = vocabulary.find(raw).get(vocabulary.add(waiting[0].word))
        if codes is not None:
            word = waiting.pop(0).word
            disguised = not _DISGUISES.isdisjoint(codes)
            yield SeenWord(raw, word.text, codes, foreign(raw, word.text) if disguised else ())


def foreign(raw: str, taken_for: str) -> tuple[Letter, ...]:
    """Return the signs of *raw* that are not of the script of the word that it was taken for."""
    own: Script = "cyrillic" if any(script(char) == "cyrillic" for char in taken_for) else "latin"
    return tuple(
        Letter(char, kind, at)
        for at, char in enumerate(raw)
        if (kind := script(char)) is not None and kind != own and char not in taken_for
    )


def script(char: str) -> Script | None:
    """Return what *char* is; None for letters of other scripts, marks and characters that nobody sees."""
    if char.isdigit():
        return "digit"
    if "a" <= char.lower() <= "z":
        return "latin"
    if "Ѐ" <= char <= "ԯ":
        return "cyrillic"
    if "Ͱ" <= char <= "Ͽ":
        return "greek"
    return "sign" if char in "@$€*#" else None
