"""One pattern of a rule: words with their marks, or a regular expression."""

import re
from dataclasses import dataclass, replace
from typing import Literal

from hub.routing.folding import readings
from hub.routing.masks import unmasked
from hub.routing.regex import RegexError, checked
from hub.routing.words import split

MAX_LENGTH = 500  # characters of one pattern
MAX_WORDS = 12  # of one phrase
_QUOTES = (("«", "»"), ('"', '"'), ("“", "”"), ("„", "“"))
_CYRILLIC = re.compile(r"[а-я]")
_CHUNK = re.compile(r"(?P<not>!?)(?P<exact>=?)(?P<core>.*?)(?P<mark>[*~]?)[.,;:!?]*", re.DOTALL)


class PatternError(ValueError):
    """A pattern cannot be used; the message is for a person and names the pattern."""


@dataclass(frozen=True, slots=True)
class PatternWord:
    """One word of a pattern, folded: `forms` is every form, `exact` as written, `prefix` the beginning.

    `also` is what the word is too: a Latin `c` in a Cyrillic phrase is most likely the Cyrillic letter, and a mask such
    as `х*й` stands for some words.
    """

    text: str
    mode: Literal["forms", "exact", "prefix"] = "forms"
    loose: bool = False  # `~`: one typo more
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A word of a phrase, and the words that must not stand directly before it."""

    word: PatternWord
    not_after: tuple[PatternWord, ...] = ()


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern as parsed: either `steps` or `regex` (as RE2 takes it) is set."""

    source: str
    steps: tuple[Step, ...] = ()
    regex: str | None = None


def parse_pattern(source: str) -> Pattern:
    """Read one pattern as written in a rule.

    Raises:
        PatternError: nothing in it can be matched, or it is too large.
    """
    text = source.strip()
    if len(text) > MAX_LENGTH:
        raise PatternError(f"a pattern of {len(text)} characters is too long; at most {MAX_LENGTH}")
    if text.startswith("re:"):
        try:
            return Pattern(source, regex=checked(text[3:].strip()))
        except RegexError as error:
            raise PatternError(f"«{source}»: {error}") from error
    for opening, closing in _QUOTES:
        if len(text) > 1 and text.startswith(opening) and text.endswith(closing):
            text = text[1:-1]
    return Pattern(source, steps=_steps(source, text))


def _steps(source: str, text: str) -> tuple[Step, ...]:
    steps: list[Step] = []
    barred: list[PatternWord] = []
    cyrillic = any(_CYRILLIC.search(folded) for raw in split(text) for folded, _ in readings(raw)[:1])
    for chunk in text.split():
        negated, words = _words(source, chunk, cyrillic=cyrillic)
        if negated:
            barred += words
        elif words:
            steps.append(Step(words[0], tuple(barred)))
            steps += [Step(word) for word in words[1:]]
            barred = []
    if barred:
        raise PatternError(
            f"«{source}»: after !{barred[-1].text} a word is missing; write the word that it must not precede"
        )
    if not steps:
        raise PatternError(f"«{source}» has no word in it; for signs alone write re:")
    if len(steps) > MAX_WORDS:
        raise PatternError(f"«{source}» has {len(steps)} words; at most {MAX_WORDS}")
    return tuple(steps)


def _words(source: str, chunk: str, *, cyrillic: bool) -> tuple[bool, list[PatternWord]]:
    match = _CHUNK.fullmatch(chunk)
    if match is None:
        return False, []
    core = match["core"]
    if "*" in core and (hidden := unmasked(core)):
        return bool(match["not"]), [PatternWord(hidden[0], also=tuple(hidden[1:]))]
    if "*" in core or "~" in core:
        raise PatternError(
            f"«{source}»: * and ~ stand at the end of a word only, and within it only for letters of an obscene one"
        )
    mode: Literal["forms", "exact"] = "exact" if match["exact"] else "forms"
    words = []
    for raw in split(core):
        text, *others = [word for word, _ in readings(raw)]
        also = others[:1] if cyrillic and text.isascii() and text.isalpha() else ()
        words.append(PatternWord(text, mode, loose=match["mark"] == "~", also=tuple(also)))
    if words and match["mark"] == "*":
        words[-1] = replace(words[-1], mode="prefix")
    return bool(match["not"]), words
