"""Words of a text that are a word of a pattern but for a letter or two.

One edit is a letter changed, added, dropped or swapped with the next. A lexeme is found through its stem with one
letter left out (the edit is in the stem) or through the stem itself (the edit is in the ending): seven keys for all
of its forms. Words marked `~` are spelt out and found through a piece of them that no edit has touched.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise

MIN_LETTERS = 6  # of a form in which one typo is forgiven
_MIN_LOOSE = 4  # of a form marked `~`: one typo; from MIN_LETTERS on two
_SHORT_STEM = 3  # shorter ones are found in every word: their forms are spelt out

Endings = frozenset[str] | None  # None: any ending, for the beginning of a word
_NO_ENDING: Endings = frozenset([""])


class Typos:
    """The words of patterns, by number, to be found in spite of typos.

    *careful*, for a language without a dictionary here: only letters added, dropped or swapped behind the first one
    count, since another letter in its place often makes another word (`change`, `charge`).
    """

    def __init__(self, *, careful: bool = False) -> None:
        self._careful = careful
        self._stems: list[tuple[str, Endings, int]] = []
        self._keys: dict[str, int | list[int]] = {}
        self._whole: dict[str, list[int]] = {}
        self._endings: set[str] = set()
        self._any_ending = False
        self._forms: list[tuple[str, int, int]] = []
        self._pieces: dict[str, list[tuple[int, int]]] = {}
        self._piece_lengths: set[int] = set()

    @property
    def shortest(self) -> int:
        """How many letters a word has at least for which `find` may have an answer."""
        return _MIN_LOOSE - 1 if self._pieces else MIN_LETTERS - 1

    def add(self, stem: str, endings: Endings, number: int) -> None:
        """Forgive one typo in the forms of *stem* that are long enough."""
        if endings is None:
            if len(stem) >= MIN_LETTERS:
                self._any_ending = True
                self._index(stem, None, number)
        elif len(stem) < _SHORT_STEM:
            for ending in endings:
                if len(stem + ending) >= MIN_LETTERS:
                    self._index(stem + ending, _NO_ENDING, number)
        elif len(stem) + max(map(len, endings)) >= MIN_LETTERS:
            self._index(stem, endings, number)

    def _index(self, stem: str, endings: Endings, number: int) -> None:
        place = len(self._stems)
        self._stems.append((stem, endings, number))
        self._endings.update(endings or ())
        self._whole.setdefault(stem, []).append(place)
        keys = self._keys
        for key in {stem, *_shortened(stem)}:
            present = keys.get(key)
            if present is None:
                keys[key] = place
            elif isinstance(present, int):
                keys[key] = [present, place]
            else:
                present.append(place)

    def add_loose(self, forms: Iterable[str], number: int) -> None:
        """Forgive two typos in *forms* that are long enough, one in shorter ones."""
        for form in forms:
            if len(form) < _MIN_LOOSE:
                continue
            edits = 2 if len(form) >= MIN_LETTERS else 1
            place = len(self._forms)
            self._forms.append((form, edits, number))
            for start, piece in _cut(form, edits + 1):
                self._pieces.setdefault(piece, []).append((place, start))
                self._piece_lengths.add(len(piece))

    def find(self, word: str) -> list[int]:
        """Return the numbers of the words that *word* may be a mistyped form of; for a word that no dictionary has."""
        found: list[int] = []
        if len(word) >= MIN_LETTERS - 1:
            found += self._in_stem(word)
            found += self._in_ending(word)
        if self._pieces:
            found += self._loose(word)
        return found

    def _in_stem(self, word: str) -> Iterator[int]:
        for end in range(_SHORT_STEM - 1, len(word) + 1):
            ending = word[end:]
            known_ending = ending in self._endings
            if not known_ending and not self._any_ending:
                continue
            start = word[:end]
            for place in self._near(start):
                stem, endings, number = self._stems[place]
                if endings is None or (ending in endings and len(stem) + len(ending) >= MIN_LETTERS):
                    yield number

    def _near(self, start: str) -> Iterator[int]:
        keys = self._keys
        for key in (start, *_shortened(start)):
            places = keys.get(key)
            if places is not None:
                for place in (places,) if isinstance(places, int) else places:
                    stem = self._stems[place][0]
                    if one_edit(start, stem) and not (self._careful and _another_letter(start, stem)):
                        yield place

    def _in_ending(self, word: str) -> Iterator[int]:
        for end in range(_SHORT_STEM, len(word) + 1):
            for place in self._whole.get(word[:end], ()):
                _, endings, number = self._stems[place]
                rest, least = word[end:], MIN_LETTERS - end
                if endings and any(len(ending) >= least and one_edit(rest, ending) for ending in endings):
                    yield number
        for end in range(_SHORT_STEM, len(word)):
            swapped = word[: end - 1] + word[end] + word[end - 1] + word[end + 1 :]
            for place in self._whole.get(swapped[:end], ()):
                _, endings, number = self._stems[place]
                if endings and len(word) >= MIN_LETTERS and swapped[end:] in endings:
                    yield number

    def _loose(self, word: str) -> Iterator[int]:
        for length in self._piece_lengths:
            for start in range(len(word) - length + 1):
                for place, where in self._pieces.get(word[start : start + length], ()):
                    form, edits, number = self._forms[place]
                    if abs(start - where) <= edits and within(word, form, edits):
                        yield number


def _shortened(word: str) -> list[str]:
    return [word[:place] + word[place + 1 :] for place in range(len(word))]


def _cut(word: str, count: int) -> Iterator[tuple[int, str]]:
    """Yield *word* in *count* pieces of about the same length, with their places."""
    edges = [len(word) * piece // count for piece in range(count + 1)]
    for start, end in pairwise(edges):
        yield start, word[start:end]


def _another_letter(first: str, second: str) -> bool:
    return first[0] != second[0] or (len(first) == len(second) and sorted(first) != sorted(second))


def one_edit(first: str, second: str) -> bool:
    """Tell whether *first* is *second*, or one edit makes it so."""
    if first == second:
        return True
    longer, shorter = (first, second) if len(first) >= len(second) else (second, first)
    if len(longer) - len(shorter) > 1:
        return False
    place = 0
    while place < len(shorter) and longer[place] == shorter[place]:
        place += 1
    if len(longer) > len(shorter):
        return longer[place + 1 :] == shorter[place:]
    if longer[place + 1 :] == shorter[place + 1 :]:
        return True
    swapped = longer[place + 1 : place + 2] + longer[place]
    return swapped == shorter[place : place + 2] and longer[place + 2 :] == shorter[place + 2 :]


def within(first: str, second: str, edits: int) -> bool:
    """Tell whether at most *edits* edits make *second* of *first*."""
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
