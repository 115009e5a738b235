"""Patterns against texts, all in one pass.

The raw text is split once; a distinct word costs one look-up in a bounded memo, which knows the patterns that the word
alone decides and the phrases it may be part of; phrases, gaps and negation are verified on those only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from hub.routing.features import Features
from hub.routing.obscene import Obscenity
from hub.routing.pattern import Pattern, PatternError, PatternWord, Step, parse_pattern
from hub.routing.regex import RegexSet, compiled
from hub.routing.vocabulary import Vocabulary
from hub.routing.words import spans, split

__all__ = ["Matcher", "NearMiss", "Pattern", "PatternError", "Reading", "Span", "near_misses", "parse_pattern"]

REACH = 3  # a word of a phrase stands at most so many places behind the one before: two words between
_MEMO = 200_000  # distinct words; about 30 MB
_TITLE, _BODY = 2, 1


@dataclass(frozen=True, slots=True)
class Span:
    """Where a pattern matched: characters *start* to *end* of part *part*, as written, and what was seen through."""

    part: int
    start: int
    end: int
    text: str
    seen_through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NearMiss:
    """Why a pattern did not match: `kind` is `lacks`, `far_apart`, `order`, `preceded` or `one_letter_off`.

    `word` is the pattern's word, `seen` what stands in the text instead (empty for `lacks`).
    """

    kind: str
    word: str
    seen: str = ""


@dataclass(frozen=True, slots=True)
class _Phrase:
    index: int
    words: tuple[int, ...]
    barred: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one word of a text sets off."""

    numbers: frozenset[int]
    single: tuple[int, ...]
    phrases: tuple[_Phrase, ...]


_NOTHING = _Entry(frozenset(), (), ())


class _Memo(dict[str, _Entry]):
    def __init__(self, matcher: "Matcher") -> None:
        super().__init__()
        self._matcher = matcher

    def __missing__(self, raw: str) -> _Entry:
        if len(self) >= _MEMO:
            self.clear()
        entry = self[raw] = self._matcher._entry(raw)
        return entry


class Matcher:
    """All patterns of a rule set; an index is the place in *patterns*."""

    def __init__(
        self, patterns: Sequence[Pattern], *, obscene_words: Sequence[str] = (), obscene_allow: Sequence[str] = ()
    ) -> None:
        self.patterns = tuple(patterns)
        self.obscenity = Obscenity(obscene_words, obscene_allow)
        self._vocabulary = Vocabulary()
        self._single: dict[int, list[int]] = {}
        self._first: dict[int, list[_Phrase]] = {}
        self._phrases: dict[int, _Phrase] = {}
        for index, pattern in enumerate(self.patterns):
            if pattern.regex is None:
                self._add(index, pattern.steps)
        self._regexes = [index for index, pattern in enumerate(self.patterns) if pattern.regex is not None]
        self._set = RegexSet([pattern.regex for pattern in self.patterns if pattern.regex]) if self._regexes else None
        self._memo = _Memo(self)

    def _add(self, index: int, steps: Sequence[Step]) -> None:
        words = tuple(self._vocabulary.add(step.word) for step in steps)
        barred = tuple(tuple(self._vocabulary.add(word) for word in step.not_after) for step in steps)
        phrase = self._phrases[index] = _Phrase(index, words, barred)
        if len(words) == 1 and not barred[0]:
            self._single.setdefault(words[0], []).append(index)
        else:
            self._first.setdefault(words[0], []).append(phrase)

    def _entry(self, raw: str) -> _Entry:
        numbers = frozenset(self._vocabulary.find(raw))
        if not numbers:
            return _NOTHING
        single = tuple(index for number in numbers for index in self._single.get(number, ()))
        phrases = tuple(phrase for number in numbers for phrase in self._first.get(number, ()))
        return _Entry(numbers, single, phrases)

    def read(self, parts: Sequence[str]) -> "Reading":
        """Read the title (empty if none) and the customer's messages.

        Returns:
            A Reading whose `hits` has every pattern that matched within one part.
        """
        hits: dict[int, int] = {}
        for part, text in enumerate(parts):
            if text:
                self._read(text, _TITLE if part == 0 else _BODY, hits)
        return Reading(self, parts, hits)

    def _read(self, text: str, mark: int, hits: dict[int, int]) -> None:
        entries = list(map(self._memo.__getitem__, split(text)))
        for place, entry in enumerate(entries):
            for index in entry.single:
                hits[index] = hits.get(index, 0) | mark
            for phrase in entry.phrases:
                if self._ends(phrase, entries, place):
                    hits[phrase.index] = hits.get(phrase.index, 0) | mark
        if self._set is not None:
            for found in self._set.search(text):
                index = self._regexes[found]
                hits[index] = hits.get(index, 0) | mark

    def _ends(self, phrase: _Phrase, entries: Sequence[_Entry], start: int) -> list[int]:
        """Return the places of the words of *phrase* that begins at *start*, none if it does not match there."""
        return _places(phrase, [entry.numbers for entry in entries[: start + REACH * len(phrase.words)]], start)


def _places(phrase: _Phrase, numbers: Sequence[frozenset[int]], start: int) -> list[int]:
    reached: list[dict[int, int]] = []
    places = {start: -1}
    for step, word in enumerate(phrase.words):
        places = {
            place: before
            for place, before in places.items()
            if word in numbers[place]
            and not (place and any(barred in numbers[place - 1] for barred in phrase.barred[step]))
        }
        if not places:
            return []
        reached.append(places)
        places = {
            later: place for place in sorted(places) for later in range(place + 1, min(place + 1 + REACH, len(numbers)))
        }
    path = [min(reached[-1])]
    for back in reversed(reached):
        path.append(back[path[-1]])
    return path[-2::-1]


class Reading:
    """What a Matcher found in the parts of one ticket."""

    __slots__ = ("__dict__", "hits", "matcher", "parts")

    def __init__(self, matcher: Matcher, parts: Sequence[str], hits: dict[int, int]) -> None:
        self.matcher = matcher
        self.parts = parts
        self.hits: Mapping[int, int] = hits

    @cached_property
    def features(self) -> Features:
        """Counts and shares of the parts together."""
        return Features(self.parts, self.matcher.obscenity.found)

    def title_has(self, index: int) -> bool:
        """Tell whether the pattern matched within the title."""
        return bool(self.hits.get(index, 0) & _TITLE)

    def spans(self, index: int) -> tuple[Span, ...]:
        """Return every place where the pattern matched, in the order of the text."""
        if index not in self.hits:
            return ()
        pattern = self.matcher.patterns[index]
        found: list[Span] = []
        for part, text in enumerate(self.parts):
            if pattern.regex is not None:
                found += [
                    Span(part, match.start(), match.end(), match.group())
                    for match in compiled(pattern.regex).finditer(text)
                ]
            else:
                found += self._phrase_spans(index, part, text)
        return tuple(found)

    def _phrase_spans(self, index: int, part: int, text: str) -> list[Span]:
        matcher = self.matcher
        phrase = matcher._phrases[index]
        words = list(spans(text))
        numbers = [matcher._memo[raw].numbers for _, _, raw in words]
        found = []
        for start in range(len(words)):
            places = _places(phrase, numbers, start) if phrase.words[0] in numbers[start] else []
            if places:
                codes: list[str] = []
                for number, place in zip(phrase.words, places, strict=True):
                    codes += matcher._vocabulary.find(words[place][2])[number]
                first, last = words[places[0]][0], words[places[-1]][1]
                found.append(Span(part, first, last, text[first:last], tuple(dict.fromkeys(codes))))
        return found


def near_misses(pattern: Pattern, reading: Reading) -> tuple[NearMiss, ...]:
    """Return what kept *pattern* from matching the parts of *reading*; none if it matched or nothing is near."""
    if pattern.regex is not None:
        return ()
    best: tuple[NearMiss, ...] = ()
    for text in reading.parts:
        misses = _near(pattern, text)
        if misses is None:
            return ()
        if misses and (not best or len(misses) < len(best)):
            best = misses
    return best


def _near(pattern: Pattern, text: str) -> tuple[NearMiss, ...] | None:
    """Return the misses of one part; None if the pattern matches there."""
    alone = Matcher([pattern])
    if 0 in alone.read(["", text]).hits:
        return None
    raws = split(text)
    found = [alone._memo[raw].numbers for raw in raws]
    phrase = alone._phrases[0]
    misses: list[NearMiss] = []
    for step, number in zip(pattern.steps, phrase.words, strict=True):
        if not any(number in numbers for numbers in found):
            misses.append(_missing(step.word, raws))
    if len([miss for miss in misses if miss.kind == "lacks"]) == len(pattern.steps):
        return ()
    if misses:
        return tuple(misses)
    free = Pattern(pattern.source, tuple(Step(step.word) for step in pattern.steps))
    if any(step.not_after for step in pattern.steps) and 0 in Matcher([free]).read(["", text]).hits:
        return (_preceded(pattern, phrase, found, raws),)
    return (NearMiss("far_apart", pattern.source),)


def _preceded(pattern: Pattern, phrase: _Phrase, found: Sequence[frozenset[int]], raws: Sequence[str]) -> NearMiss:
    for step, number, barred in zip(pattern.steps, phrase.words, phrase.barred, strict=True):
        for place in range(1, len(found)):
            if number in found[place] and any(word in found[place - 1] for word in barred):
                return NearMiss("preceded", step.word.text, raws[place - 1])
    return NearMiss("preceded", pattern.source)


def _missing(word: PatternWord, raws: Sequence[str]) -> NearMiss:
    loose = Vocabulary()
    loose.add(PatternWord(word.text, word.mode, loose=True))
    for raw in raws:
        if loose.find(raw):
            return NearMiss("one_letter_off", word.text, raw)
    return NearMiss("lacks", word.text)
