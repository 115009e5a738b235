"""Patterns against texts, all in one pass.

The raw text is split once; a distinct word costs one look-up in a bounded memo, which knows the patterns that the word
alone decides and the phrases that may begin with it; phrases, gaps and negation are verified on those only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from hub.routing import regex
from hub.routing.features import Features
from hub.routing.folding import MAX_WORD
from hub.routing.misses import NearMiss, near_misses
from hub.routing.obscene import Obscenity
from hub.routing.pattern import Pattern
from hub.routing.phrases import Node, Numbers, Phrase, Phrases, ended, places
from hub.routing.regex import RegexSet
from hub.routing.vocabulary import Vocabulary
from hub.routing.words import spans, split

__all__ = ["MEMO_WORDS", "Matcher", "NearMiss", "Reading", "Span", "near_misses"]

MEMO_WORDS = 100_000  # distinct words remembered; when there are more, the older half is forgotten
_TITLE, _BODY = 2, 1


@dataclass(frozen=True, slots=True)
class Span:
    """Where a pattern matched: characters *start* to *end* of part *part*, as written, and what was seen through."""

    part: int
    start: int
    end: int
    text: str
    seen_through: tuple[str, ...] = ()


# What one word of a text sets off: patterns that it alone decides, phrases that may begin with it, its numbers.
_Entry = tuple[tuple[int, ...], tuple[Node, ...], Numbers]
_NONE: Numbers = ()


class _Memo(dict[str, _Entry | None]):
    def __init__(self, matcher: "Matcher") -> None:
        super().__init__()
        self._matcher = matcher
        self._shared: dict[Numbers, _Entry] = {}

    def __missing__(self, raw: str) -> _Entry | None:
        if len(self) >= MEMO_WORDS:
            for old in list(islice(self, MEMO_WORDS // 2)):
                self.pop(old, None)  # another thread may have been here
            self._shared.clear()
        numbers = tuple(sorted(self._matcher.vocabulary.find(raw)))
        entry = self._shared.get(numbers) if numbers else None
        if numbers and entry is None:
            entry = self._shared[numbers] = self._matcher.entry(numbers)
        if len(raw) <= MAX_WORD:
            self[raw] = entry
        return entry


class Matcher:
    """All patterns of a rule set; an index is the place in *patterns*."""

    def __init__(
        self, patterns: Sequence[Pattern], *, obscene_words: Sequence[str] = (), obscene_allow: Sequence[str] = ()
    ) -> None:
        self.patterns = tuple(patterns)
        self.obscenity = Obscenity(obscene_words, obscene_allow)
        self.vocabulary = Vocabulary()
        self._single: dict[int, list[int]] = {}
        self._phrases = Phrases()
        for index, pattern in enumerate(self.patterns):
            if pattern.steps:
                self._add(Phrase.of(index, pattern, self.vocabulary.add))
        self._regexes = [index for index, pattern in enumerate(self.patterns) if pattern.regex is not None]
        self._set = RegexSet([pattern.regex for pattern in self.patterns if pattern.regex]) if self._regexes else None
        self._memo = _Memo(self)

    def _add(self, phrase: Phrase) -> None:
        if len(phrase.words) == 1 and not phrase.barred[0]:
            self._single.setdefault(phrase.words[0], []).append(phrase.index)
        else:
            self._phrases.add(phrase)

    def entry(self, numbers: Numbers) -> _Entry:
        """Return what a word of a text that is *numbers* sets off."""
        single = tuple(index for number in numbers for index in self._single.get(number, ()))
        first = self._phrases.first
        return single, tuple(first[number] for number in numbers if number in first), numbers

    def numbers(self, raws: Sequence[str]) -> list[Numbers]:
        """Return what each word of a text is."""
        return [entry[2] if entry else _NONE for entry in map(self._memo.__getitem__, raws)]

    def read(self, parts: Sequence[str]) -> "Reading":
        """Read the title (empty if none) and the customer's messages.

        Returns:
            A Reading whose `hits` has every pattern that matched within one part.
        """
        hits: dict[int, int] = {}
        for part, text in enumerate(parts):
            if text:
                mark = _BODY if part else _TITLE
                found = dict.fromkeys(self._read(text), mark)
                for index in found.keys() & hits.keys():
                    found[index] |= hits[index]
                hits = {**hits, **found} if hits else found
        return Reading(self, parts, hits)

    def _read(self, text: str) -> list[int]:
        entries = list(map(self._memo.__getitem__, split(text)))
        found: list[int] = []
        begun: list[tuple[int, tuple[Node, ...]]] = []
        for place, entry in enumerate(entries):
            if entry is not None:
                found += entry[0]
                if entry[1]:
                    begun.append((place, entry[1]))
        if begun:
            found += self._ended(begun, [entry[2] if entry else _NONE for entry in entries])
        if self._set is not None:
            found += [self._regexes[index] for index in self._set.search(text)]
        return found

    def _ended(self, begun: Sequence[tuple[int, tuple[Node, ...]]], numbers: Sequence[Numbers]) -> list[int]:
        behind = [*numbers[1:], _NONE, _NONE, _NONE]
        worth: list[tuple[int, Node]] = []
        for place, nodes in begun:
            following = (*behind[place], *behind[place + 1], *behind[place + 2])
            worth += [
                (place, node) for node in nodes if node.to_check or not node.following.keys().isdisjoint(following)
            ]
        return ended(worth, numbers) if worth else []


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
                matches = regex.found(pattern.regex, text)
                found += [Span(part, start, end, text[start:end]) for start, end in matches]
            else:
                found += self._phrase_spans(index, part, text)
        return tuple(found)

    def _phrase_spans(self, index: int, part: int, text: str) -> list[Span]:
        phrase = Phrase.of(index, self.matcher.patterns[index], self.matcher.vocabulary.add)
        words = list(spans(text))
        numbers = self.matcher.numbers([raw for _, _, raw in words])
        found = []
        for start in range(len(words)):
            held = places(phrase, numbers, start)
            if held:
                seen: dict[str, None] = {}
                for number, place in zip(phrase.words, held, strict=True):
                    seen |= dict.fromkeys(self.matcher.vocabulary.find(words[place][2])[number])
                first, last = words[held[0]][0], words[held[-1]][1]
                found.append(Span(part, first, last, text[first:last], tuple(seen)))
        return found
