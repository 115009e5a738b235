"""All words of all patterns, asked with a word of a text: which of them is it a form of, and what was seen through.

No form is spelt out: a lexeme is a stem and the set of endings shared by its paradigm, so 50,000 patterns stay small,
and a word of a text costs one look-up for each place where its stem may end. Typos are found the same way, through
the stems with one letter left out.
"""

from collections.abc import Iterable, Iterator

from hub.routing import morphology
from hub.routing.folding import readings
from hub.routing.pattern import PatternWord

Codes = tuple[str, ...]

MIN_TYPO = 6  # letters of a form that a typo is forgiven in
MIN_TYPO_LATIN = 7  # there is no English dictionary to tell a typo from another word
_SHORT_STEM = 3
_CYRILLIC = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюя")
_NO_ENDING = frozenset([""])


class Vocabulary:
    """Words of patterns by number, in the order in which they were first added."""

    def __init__(self) -> None:
        self._numbers: dict[PatternWord, int] = {}
        self._exact: dict[str, list[int]] = {}
        self._prefixes: dict[str, list[int]] = {}
        self._stems: dict[str, list[tuple[frozenset[str], int]]] = {}
        self._english: dict[str, list[int]] = {}
        self._typo_stems: dict[str, list[tuple[str, frozenset[str], int]]] = {}
        self._loose: list[tuple[str, int]] = []

    def add(self, word: PatternWord) -> int:
        """Return the number of *word*, the same for equal ones."""
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = len(self._numbers)
            self._index(word, number)
        return number

    def _index(self, word: PatternWord, number: int) -> None:
        if word.mode == "prefix":
            self._prefixes.setdefault(word.text, []).append(number)
            return
        self._exact.setdefault(word.text, []).append(number)
        if word.mode == "exact":
            return
        forms = {word.text}
        if _CYRILLIC.issuperset(word.text):
            for lexeme in morphology.lexemes(word.text):
                self._stems.setdefault(lexeme.stem, []).append((lexeme.endings, number))
                forms.update(lexeme.stem + ending for ending in lexeme.endings)
                if len(lexeme.stem) >= _SHORT_STEM:
                    self._index_typos(lexeme.stem, lexeme.endings, number)
        elif word.text.isascii() and word.text.isalpha():
            self._english.setdefault(morphology.english_stem(word.text), []).append(number)
        for form in forms:
            if word.loose:
                self._loose.append((form, number))
            self._index_typos(form, _NO_ENDING, number)

    def _index_typos(self, stem: str, endings: frozenset[str], number: int) -> None:
        for key in {stem, *_shortened(stem)}:
            self._typo_stems.setdefault(key, []).append((stem, endings, number))

    def find(self, raw: str) -> dict[int, Codes]:
        """Return the numbers of the words that *raw* (as written in a text) is, with what was seen through."""
        found: dict[int, Codes] = {}
        words = readings(raw)
        for word, codes in words:
            for number, seen in self._plain(word):
                found.setdefault(number, codes + seen)
        if not any(word.isdigit() or morphology.is_known(word) for word, _ in words):
            for word, codes in words:
                for number, seen in self._mistyped(word):
                    found.setdefault(number, codes + seen)
        return found

    def _plain(self, word: str) -> Iterator[tuple[int, Codes]]:
        for number in self._exact.get(word, ()):
            yield number, ()
        for end in range(len(word) + 1):
            for endings, number in self._stems.get(word[:end], ()):
                if word[end:] in endings:
                    yield number, ("form",)
        if self._english and word.isascii():
            for number in self._english.get(morphology.english_stem(word), ()):
                yield number, ("form",)
        if self._prefixes:
            for end in range(1, len(word) + 1):
                for number in self._prefixes.get(word[:end], ()):
                    yield number, ("prefix",)

    def _mistyped(self, word: str) -> Iterator[tuple[int, Codes]]:
        least = MIN_TYPO_LATIN if word.isascii() else MIN_TYPO
        for end in range(1, len(word) + 1):
            start, ending = word[:end], word[end:]
            for key in (start, *_shortened(start)):
                for stem, endings, number in self._typo_stems.get(key, ()):
                    if len(stem) + len(ending) >= least and ending in endings and within(start, stem, 1):
                        yield number, ("form", "typo")
        for form, number in self._loose:
            if within(word, form, 2 if len(form) >= MIN_TYPO else 1):
                yield number, ("form", "typo")


def _shortened(word: str) -> Iterable[str]:
    return (word[:place] + word[place + 1 :] for place in range(len(word)))


def within(first: str, second: str, edits: int) -> bool:
    """Tell whether *edits* letters changed, added, dropped or swapped with the next make *second* of *first*."""
    if abs(len(first) - len(second)) > edits:
        return False
    before: list[int] = []
    row = list(range(len(second) + 1))
    for place, letter in enumerate(first, 1):
        before, last, row = row, before, [place]
        for other, wanted in enumerate(second, 1):
            cost = min(before[other] + 1, row[-1] + 1, before[other - 1] + (letter != wanted))
            if place > 1 and other > 1 and letter == second[other - 2] and first[place - 2] == wanted:
                cost = min(cost, last[other - 2] + 1)
            row.append(cost)
        if min(row) > edits:
            return False
    return row[-1] <= edits
