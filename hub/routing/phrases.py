"""Phrases: words in order, at most two others between each and the next, some not preceded by certain words.

All phrases of a rule set are one tree over the numbers of their words, walked from each word of a text on which a
phrase begins; the cost depends on the words that follow, not on how many phrases there are.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from hub.routing.pattern import Pattern, PatternWord

REACH = 3  # a word stands at most so many places behind the one before: two words between
MAX_STEPS = 500_000  # of one text, about a second: more is asked for only by thousands of phrases of the same few words

Numbers = Sequence[int]  # what a word of a text is, as numbers of a vocabulary


@dataclass(frozen=True, slots=True)
class Phrase:
    """A pattern's words as numbers; `barred[i]` must not stand directly before word i."""

    index: int
    words: tuple[int, ...]
    barred: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, index: int, pattern: Pattern, number: Callable[[PatternWord], int]) -> "Phrase":
        """Return the words of *pattern* as *number* numbers them."""
        words = tuple(number(step.word) for step in pattern.steps)
        return cls(index, words, tuple(tuple(map(number, step.not_after)) for step in pattern.steps))


@dataclass(slots=True)
class Node:
    """Phrases that begin alike: where they go on, which end here, which of those have barred words to look at."""

    following: dict[int, "Node"] = field(default_factory=dict)
    ended: list[int] = field(default_factory=list)
    to_check: list[Phrase] = field(default_factory=list)


class Phrases:
    """The tree, by the number of the first word."""

    def __init__(self) -> None:
        self.first: dict[int, Node] = {}

    def add(self, phrase: Phrase) -> None:
        """Add one phrase of any length."""
        node = self.first.setdefault(phrase.words[0], Node())
        for word in phrase.words[1:]:
            node = node.following.setdefault(word, Node())
        if any(phrase.barred):
            node.to_check.append(phrase)
        else:
            node.ended.append(phrase.index)


def ended(begun: Iterable[tuple[int, Node]], numbers: Sequence[Numbers]) -> list[int]:
    """Return the indexes of the phrases that hold in a text, some more than once.

    Args:
        begun: places of the text, in order, with the node of a phrase that may begin there.
        numbers: what each word of the text is.

    A node is walked from a place once, whichever way it was reached; phrases with barred words are looked at last.
    """
    found: list[int] = []
    to_check: dict[int, Phrase] = {}
    seen: set[tuple[int, int]] = set()
    for place, start in begun:
        waiting = [(start, place)]
        while waiting and len(seen) < MAX_STEPS:
            node, at = waiting.pop()
            found += node.ended
            to_check.update((phrase.index, phrase) for phrase in node.to_check)
            if not node.following:
                continue
            for later in range(at + 1, min(at + 1 + REACH, len(numbers))):
                for number in numbers[later]:
                    child = node.following.get(number)
                    if child is not None and (id(child), later) not in seen:
                        seen.add((id(child), later))
                        waiting.append((child, later))
    return found + [index for index, phrase in to_check.items() if _holds(phrase, numbers)]


def _holds(phrase: Phrase, numbers: Sequence[Numbers]) -> bool:
    return any(places(phrase, numbers, start) for start in range(len(numbers)))


def places(phrase: Phrase, numbers: Sequence[Numbers], start: int) -> list[int]:
    """Return where the words of *phrase* stand if it begins at *start* and holds, the nearest ones; else none."""
    if phrase.words[0] not in numbers[start]:
        return []
    reached: list[dict[int, int]] = []  # for each word: place -> place of the word before
    open_: dict[int, int] = {start: -1}
    for word, barred in zip(phrase.words, phrase.barred, strict=True):
        held = {
            place: before
            for place, before in open_.items()
            if word in numbers[place] and not (barred and place and _any_in(barred, numbers[place - 1]))
        }
        if not held:
            return []
        reached.append(held)
        open_ = {}
        for place in held:
            for later in range(place + 1, min(place + 1 + REACH, len(numbers))):
                open_.setdefault(later, place)
    path = [min(reached[-1])]
    for step in reversed(reached[1:]):
        path.append(step[path[-1]])
    return path[::-1]


def _any_in(barred: Numbers, numbers: Numbers) -> bool:
    return any(number in numbers for number in barred)
