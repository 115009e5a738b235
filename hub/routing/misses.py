"""Near misses: what kept a pattern from matching, as data for whoever explains it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.routing.folding import readings
from hub.routing.pattern import Pattern, PatternWord
from hub.routing.phrases import Numbers, Phrase, places
from hub.routing.typos import one_edit
from hub.routing.vocabulary import Vocabulary, forms_of
from hub.routing.words import split

_LETTERS = 4  # of a form at least; shorter ones are one letter off of everything


class Parts(Protocol):
    """What was read: the title and the customer's messages."""

    @property
    def parts(self) -> Sequence[str]: ...


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Why a pattern did not match: `kind` is `lacks`, `far_apart`, `preceded` or `one_letter_off`.

    `word` is the pattern's word (all of the pattern for `far_apart`), `seen` what stands in the text: instead of it,
    or before it for `preceded`; empty otherwise.
    """

    kind: str
    word: str
    seen: str = ""


def near_misses(pattern: Pattern, reading: Parts) -> tuple[NearMiss, ...]:
    """Return what kept *pattern* from matching in the part that is nearest to it.

    None if it matched, if it is an expression, or if no word of it stands in a part, nor one letter off.
    """
    nearest: tuple[NearMiss, ...] = ()
    if pattern.regex is not None:
        return nearest
    vocabulary = Vocabulary()
    phrase = Phrase.of(0, pattern, vocabulary.add)
    for text in filter(None, reading.parts):
        raws = split(text)
        numbers = [tuple(vocabulary.find(raw)) for raw in raws]
        if _held(phrase, numbers):
            return ()
        misses = _near(pattern, phrase, numbers, raws)
        if misses and (not nearest or len(misses) < len(nearest)):
            nearest = misses
    return nearest


def _held(phrase: Phrase, numbers: Sequence[Numbers]) -> bool:
    return any(places(phrase, numbers, start) for start in range(len(numbers)))


def _near(pattern: Pattern, phrase: Phrase, numbers: Sequence[Numbers], raws: Sequence[str]) -> tuple[NearMiss, ...]:
    missing = [
        _missing(step.word, raws)
        for step, word in zip(pattern.steps, phrase.words, strict=True)
        if not any(word in found for found in numbers)
    ]
    if missing:
        only_lacks = all(miss.kind == "lacks" for miss in missing)
        return () if only_lacks and len(missing) == len(pattern.steps) else tuple(missing)
    if _held(Phrase(0, phrase.words, ((),) * len(phrase.words)), numbers):
        return _preceded(pattern, phrase, numbers, raws)
    return (NearMiss("far_apart", pattern.source),)


def _preceded(
    pattern: Pattern, phrase: Phrase, numbers: Sequence[Numbers], raws: Sequence[str]
) -> tuple[NearMiss, ...]:
    return tuple(
        NearMiss("preceded", step.word.text, raws[place - 1])
        for step, word, barred in zip(pattern.steps, phrase.words, phrase.barred, strict=True)
        for place in range(1, len(raws))
        if word in numbers[place] and any(number in numbers[place - 1] for number in barred)
    )


def _missing(word: PatternWord, raws: Sequence[str]) -> NearMiss:
    """Say of a word that is not there whether one stands there that is it but for one letter, known word or not."""
    forms = [form for form in forms_of(word) if len(form) >= _LETTERS]
    for raw in raws:
        if any(one_edit(text, form) for text, _ in readings(raw) for form in forms):
            return NearMiss("one_letter_off", word.text, raw)
    return NearMiss("lacks", word.text)
