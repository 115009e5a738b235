"""One pattern of a rule: words with their marks, or a regular expression."""

import re
from dataclasses import dataclass
from typing import Literal

from hub.routing.folding import readings
from hub.routing.regex import RegexError, checked
from hub.routing.words import split

MAX_LENGTH = 500  # characters of one pattern
MAX_WORDS = 12  # of one phrase
_QUOTES = (("«", "»"), ('"', '"'), ("“", "”"), ("„", "“"))
_CHUNK = re.compile(r"(?P<not>!?)(?P<exact>=?)(?P<core>.*?)(?P<mark>[*~]?)[.,;:!?]*", re.DOTALL)


class PatternError(ValueError):
    """A pattern cannot be used; the message is for a person and names the pattern."""


@dataclass(frozen=True, slots=True)
class PatternWord:
    """One word of a pattern: `forms` is every form, `exact` as written, `prefix` the beginning."""

    text: str
    mode: Literal["forms", "exact", "prefix"] = "forms"
    loose: bool = False  # `~`: one typo more


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
    for chunk in text.split():
        negated, words = _words(source, chunk)
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


def _words(source: str, chunk: str) -> tuple[bool, list[PatternWord]]:
    match = _CHUNK.fullmatch(chunk)
    if match is None:
        return False, []
    core = match["core"]
    if "*" in core or "~" in core:
        raise PatternError(f"«{source}»: * and ~ stand at the end of a word only")
    mode: Literal["forms", "exact"] = "exact" if match["exact"] else "forms"
    texts = [readings(raw)[0][0] for raw in split(core)]
    words = [PatternWord(text, mode, loose=match["mark"] == "~") for text in texts]
    if words and match["mark"] == "*":
        words[-1] = PatternWord(texts[-1], "prefix")
    return bool(match["not"]), words
