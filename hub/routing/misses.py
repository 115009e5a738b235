"""Near misses: what kept a pattern from matching, as data for whoever explains it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.routing.folding import readings
from hub.routing.matcher import Matcher, Reading
from hub.routing.pattern import Pattern, PatternWord, Step
from hub.routing.phrases import Numbers
from hub.routing.typos import Typos
from hub.routing.vocabulary import forms_of
from hub.routing.words import split


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Why a pattern did not match: `kind` is `lacks`, `far_apart`, `preceded` or `one_letter_off`.

    `word` is the pattern's word, `seen` what stands in the text instead (empty for `lacks`).
    """

    kind: str
    word: str
    seen: str = ""


def near_misses(pattern: Pattern, reading: Reading) -> tuple[NearMiss, ...]:
    """Return what kept *pattern* from matching in the part that is nearest to it.

    None if it matched, if it is an expression, or if no word of it stands in a part, nor one letter off.
    """
    nearest: tuple[NearMiss, ...] = ()
    if pattern.regex is not None:
        return nearest
    alone = Matcher([pattern])
    for text in filter(None, reading.parts):
        if alone.read(("", text)).hits:
            return ()
        misses = _near(pattern, alone, split(text))
        if misses and (not nearest or len(misses) < len(nearest)):
            nearest = misses
    return nearest


def _near(pattern: Pattern, alone: Matcher, raws: Sequence[str]) -> tuple[NearMiss, ...]:
    numbers = alone.numbers(raws)
    phrase = alone.phrase(0)
    missing = [
        _missing(step.word, raws)
        for step, word in zip(pattern.steps, phrase.words, strict=True)
        if not any(word in found for found in numbers)
    ]
    if missing:
        present = len(pattern.steps) - sum(miss.kind == "lacks" for miss in missing)
        return tuple(missing) if present else ()
    bare = Pattern(pattern.source, tuple(Step(step.word) for step in pattern.steps))
    if bare.steps != pattern.steps and Matcher([bare]).read(("", " ".join(raws))).hits:
        return _preceded(pattern, alone, numbers, raws)
    return (NearMiss("far_apart", pattern.source),)


def _preceded(
    pattern: Pattern, alone: Matcher, numbers: Sequence[Numbers], raws: Sequence[str]
) -> tuple[NearMiss, ...]:
    phrase = alone.phrase(0)
    return tuple(
        NearMiss("preceded", step.word.text, raws[place - 1])
        for step, word, barred in zip(pattern.steps, phrase.words, phrase.barred, strict=True)
        for place in range(1, len(raws))
        if word in numbers[place] and any(number in numbers[place - 1] for number in barred)
    )


def _missing(word: PatternWord, raws: Sequence[str]) -> NearMiss:
    """Say of a word that is not there whether something like it is: with one typo more, known word or not."""
    target = Typos()
    target.add_loose(forms_of(word), 0)
    for raw in raws:
        for text, _ in readings(raw):
            if target.find(text):
                return NearMiss("one_letter_off", word.text, raw)
    return NearMiss("lacks", word.text)
