"""All words of all patterns, asked with a word of a text: which of them is it a form of, and what was seen through.

No form is spelt out: a lexeme is a stem and the set of endings that its paradigm shares, so 50,000 patterns stay small,
and a word of a text costs one look-up for each place where its stem may end. The dictionary itself is asked while
patterns are added, and then only whether a word that looks like a typo is a word after all.
"""

from collections.abc import Iterator

from hub.routing import morphology
from hub.routing.folding import readings
from hub.routing.masks import unmasked
from hub.routing.pattern import PatternWord
from hub.routing.typos import Typos

Codes = tuple[str, ...]

_RUSSIAN = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюя")
_NO_ENDING = frozenset([""])
_START = 3  # letters that a stem shares with all its forms


def _lexemes(word: PatternWord) -> tuple[morphology.Lexeme, ...]:
    if word.mode != "forms":
        return ()
    texts = [text for text in (word.text, *word.also) if _RUSSIAN.issuperset(text)]
    return tuple(lexeme for text in texts for lexeme in morphology.lexemes(text))


def forms_of(word: PatternWord) -> set[str]:
    """Return the forms of *word*, spelt out, as far as the dictionary has them."""
    return {word.text, *(form for lexeme in _lexemes(word) for form in lexeme.forms())}


class Vocabulary:
    """Words of patterns by number; words with the same forms have the same one."""

    def __init__(self) -> None:
        self._numbers: dict[object, int] = {}
        self._exact: dict[str, list[int]] = {}
        self._prefixes: dict[str, list[int]] = {}
        self._lexemes: dict[str, list[tuple[frozenset[str], int]]] = {}
        self._stemmed: dict[str, list[int]] = {}
        self._starts: set[str] = set()
        self._typos = Typos()
        self._stem_typos = Typos(careful=True)

    def add(self, word: PatternWord) -> int:
        """Return the number of *word*."""
        number = self._numbers.get(word)
        if number is None:
            number = self._numbers[word] = self._add(word)
        return number

    def _add(self, word: PatternWord) -> int:
        lexemes = _lexemes(word)
        number = self._numbers.setdefault(
            (lexemes, word.loose) if lexemes and not word.also else (word, "own"), len(self._numbers)
        )
        if number < len(self._numbers) - 1:
            return number
        for lexeme in lexemes:
            self._lexemes.setdefault(lexeme.stem, []).append((lexeme.endings, number))
            self._typos.add(lexeme.stem, lexeme.endings, number)
        if word.loose:
            self._typos.add_loose(forms_of(word), number)
        for text in (word.text, *word.also):
            if not (lexemes and _RUSSIAN.issuperset(text)):
                self._index(text, word.mode, number)
        return number

    def _index(self, text: str, mode: str, number: int) -> None:
        if mode == "prefix":
            self._prefixes.setdefault(text, []).append(number)
            self._typos.add(text, None, number)
            return
        self._exact.setdefault(text, []).append(number)
        if mode == "exact" or text.isdigit():
            return
        if _RUSSIAN.issuperset(text):
            self._typos.add(text, _NO_ENDING, number)
        else:
            for form in morphology.irregular(text):
                self._exact.setdefault(form, []).append(number)
            stem = morphology.stem(text)
            self._stemmed.setdefault(stem, []).append(number)
            self._starts.add(stem[:_START])
            self._stem_typos.add(stem, _NO_ENDING, number)

    def find(self, raw: str) -> dict[int, Codes]:
        """Return the numbers of the words that *raw* (as written in a text) is, with what was seen through."""
        found: dict[int, Codes] = {}
        words = readings(raw)
        if not raw.isalnum() and words[0][1][-1:] == ("mask",):
            words += tuple((word, ("mask",)) for word in unmasked(raw))
        for word, codes in words:
            for number, seen in self._plain(word):
                found.setdefault(number, codes + seen)
        shortest = self._typos.shortest
        if not any(len(word) < shortest or morphology.is_known(word) for word, _ in words):
            for word, codes in words:
                for number in self._mistyped(word):
                    found.setdefault(number, (*codes, "typo"))
        return found

    def _plain(self, word: str) -> Iterator[tuple[int, Codes]]:
        for number in self._exact.get(word, ()):
            yield number, ()
        lexemes = self._lexemes
        for end in range(len(word) + 1):
            stem = word[:end]
            if stem in lexemes:
                ending = word[end:]
                for endings, number in lexemes[stem]:
                    if ending in endings:
                        yield number, ("form",)
        if self._prefixes:
            for end in range(1, len(word) + 1):
                for number in self._prefixes.get(word[:end], ()):
                    yield number, ("prefix",)
        if word[:_START] in self._starts:
            for number in self._stemmed.get(morphology.stem(word), ()):
                yield number, ("form",)

    def _mistyped(self, word: str) -> Iterator[int]:
        if word.isdigit():
            return
        yield from self._typos.find(word)
        if self._stemmed and not _RUSSIAN.issuperset(word):
            yield from self._stem_typos.find(morphology.stem(word))
