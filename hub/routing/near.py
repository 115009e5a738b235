"""Rules that nearly matched, and what they lack: a word, a letter, an order of words, a fact."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from hub.routing.conditions import Condition, HasPatterns, leaves
from hub.routing.decide import Trace, Tried
from hub.routing.folding import fold, scripts_mixed
from hub.routing.matcher import Reading
from hub.routing.misses import NearMiss, near_misses
from hub.routing.pattern import Pattern
from hub.routing.regex import compiled
from hub.routing.seen import Letter, script
from hub.routing.telling import Told, lacking, told
from hub.routing.words import spans, split

_LOOKED_AT = 60  # patterns that are looked at word by word; each costs about a millisecond
_MISSES = 3  # of one rule, the nearest
_ALIKE = 3  # letters that a word shares with the one that it may be meant for
_LONG = 4  # letters of a word that says something
_FACT = 0.5  # what a fact that does not hold counts
_WORD_COSTS = {"disguised": 0.2, "one_letter_off": 0.3, "preceded": 0.3, "far_apart": 0.3, "lacks": 1.0}
_MOST = 1.0  # what is farther away is not near
_LATIN_OR_GREEK = re.compile(r"[A-Za-zͰ-Ͽ]")


@dataclass(frozen=True, slots=True)
class Miss:
    """What one pattern lacks.

    Attributes:
        kind: as of :class:`hub.routing.misses.NearMiss`, or ``disguised``: an expression reads a text as it is
            written, and would find *seen* but for its *letters*.
    """

    pattern: str
    kind: str
    word: str
    seen: str = ""
    letters: tuple[Letter, ...] = ()


@dataclass(frozen=True, slots=True)
class Near:
    """A rule that nearly matched: what of its patterns and of the facts is missing."""

    name: str
    file: str
    line: int
    misses: tuple[Miss, ...]
    facts: tuple[Told, ...]


def near(trace: Trace, most: int) -> tuple[Near, ...]:
    """Return the rules nearest to matching, at most so many; only such as look at words."""
    text = _Text(trace.reading)
    found: list[tuple[float, int, Near]] = []
    for number, tried in enumerate(trace.rules):
        if tried.outcome == "failed":
            rated = _rated(trace, tried, text)
            if rated:
                found.append((rated[0], number, rated[1]))
    return tuple(one for _, _, one in sorted(found, key=lambda one: one[:2])[:most])


def _rated(trace: Trace, tried: Tried, text: "_Text") -> tuple[float, Near] | None:
    missing = lacking(tried.rule.when, trace.case)
    words = [one for one in missing if isinstance(one, HasPatterns) and one.mode != "none"]
    facts = [one for one in missing if one not in words]
    hit = any(_hits(leaf, trace.reading) for leaf in leaves(tried.rule.when))
    if (not words and not hit) or _FACT * len(facts) > _MOST:
        return None
    cost, misses = _FACT * len(facts), []
    for condition in words:
        rated = text.misses(condition)
        if not rated:
            return None
        cost += rated[0][0]
        misses += [miss for _, some in rated for miss in some]
    if cost > _MOST:
        return None
    rule = tried.rule
    return cost, Near(rule.name, rule.file, rule.line, tuple(misses), tuple(_told(facts, trace)))


def _hits(leaf: Condition, reading: Reading) -> bool:
    return isinstance(leaf, HasPatterns) and leaf.mode != "none" and not leaf.patterns.isdisjoint(reading.hits)


def _told(facts: Sequence[Condition], trace: Trace) -> Iterator[Told]:
    for fact in facts:
        yield from told(fact, trace.case, trace.reading.matcher.patterns)


class _Text:
    """The words of one text, to be held against patterns that did not match."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._raws = [raw for part in reading.parts if part for raw in split(part)]
        find = reading.matcher.vocabulary.find
        self._numbers = {number for raw in dict.fromkeys(self._raws) for number in find(raw)}
        self._starts = {fold(raw)[:_ALIKE] for raw in self._raws if len(raw) > _LONG}
        self._plain = [_undisguised(part) for part in reading.parts]
        self._left = _LOOKED_AT
        self._known: dict[int, tuple[float, tuple[Miss, ...]] | None] = {}

    def misses(self, condition: HasPatterns) -> list[tuple[float, tuple[Miss, ...]]]:
        """Return the nearest of the patterns that *condition* wants, with what they lack, nearest first."""
        rated = (self._miss(index) for index in sorted(condition.patterns - self._reading.hits.keys()))
        found = sorted((one for one in rated if one), key=lambda one: one[0])
        return list(islice((one for one in found if one[0] <= _MOST), _MISSES))

    def _miss(self, index: int) -> tuple[float, tuple[Miss, ...]] | None:
        if index not in self._known:
            pattern = self._reading.matcher.patterns[index]
            regex = pattern.regex
            self._known[index] = self._phrase(pattern) if regex is None else self._disguised(pattern, regex)
        return self._known[index]

    def _phrase(self, pattern: Pattern) -> tuple[float, tuple[Miss, ...]] | None:
        if not self._left or not self._worth_it(pattern):
            return None
        self._left -= 1
        found = near_misses(pattern, self._reading)
        if not found:
            return None
        cost = sum(_WORD_COSTS[one.kind] for one in found) / max(len(pattern.steps), 1)
        return cost, tuple(_as_miss(pattern, one) for one in found)

    def _worth_it(self, pattern: Pattern) -> bool:
        """Whether half of the words are there, one of them a longer one; for a word alone, one that begins alike."""
        add = self._reading.matcher.vocabulary.add
        there = [step.word.text for step in pattern.steps if add(step.word) in self._numbers]
        if any(len(word) >= _LONG for word in there) and 2 * len(there) >= len(pattern.steps):
            return True
        return len(pattern.steps) == 1 and pattern.steps[0].word.text[:_ALIKE] in self._starts

    def _disguised(self, pattern: Pattern, regex: str) -> tuple[float, tuple[Miss, ...]] | None:
        for part, (plain, raws) in zip(self._reading.parts, self._plain, strict=True):
            if not raws or not part:
                continue
            match = compiled(regex).search(plain)
            if match:
                seen = [raw for start, raw in raws if match.start() <= start < match.end()]
                misses = (Miss(pattern.source, "disguised", pattern.source, raw, _odd(raw)) for raw in seen)
                return (_WORD_COSTS["disguised"], tuple(misses)) if seen else None
        return None


def _as_miss(pattern: Pattern, one: NearMiss) -> Miss:
    letters = _odd(one.seen) if one.kind == "one_letter_off" else ()
    return Miss(pattern.source, one.kind, one.word, one.seen, letters)


def _undisguised(text: str) -> tuple[str, list[tuple[int, str]]]:
    """Return *text* with its words of mixed script in one script, and those words with their places."""
    pieces: list[str] = []
    raws: list[tuple[int, str]] = []
    last = length = 0
    for start, end, raw in spans(text):
        word = fold(raw) if scripts_mixed(raw) else raw
        pieces += [text[last:start], word]
        length += start - last
        if word is not raw:
            raws.append((length, raw))
        length += len(word)
        last = end
    return "".join([*pieces, text[last:]]), raws


def _odd(raw: str) -> tuple[Letter, ...]:
    """Return the letters of the script that *raw* has fewer of."""
    if not scripts_mixed(raw):
        return ()
    other = _LATIN_OR_GREEK.findall(raw)
    few_latin = 2 * len(other) <= sum(map(str.isalpha, raw))
    wanted = ("latin", "greek") if few_latin else ("cyrillic",)
    return tuple(Letter(char, kind, at) for at, char in enumerate(raw) if (kind := script(char)) in wanted and kind)
