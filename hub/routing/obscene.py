"""Obscene words, masked or not: `х*й`, `п***ц`, Latin letters and digits, stretched letters, letters set apart.

A word is looked for in the list (`masks.py`) as it can be read; the user's words are added, allowed ones left out.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from hub.routing.folding import MAX_WORD, readings
from hub.routing.masks import MAX_PIECES, Listed, shipped
from hub.routing.pattern import PatternWord, parse_pattern
from hub.routing.vocabulary import Vocabulary, forms_of
from hub.routing.words import HIDDEN, plain_words

_ADDRESS = re.compile(
    r"://\S+|(?<![\w.-])[\w.-]{1,60}\.[a-z]{2,6}/\S*|(?<!\S)[\w.+-]{1,60}@[\w.-]{2,60}", re.IGNORECASE
)
_BOLD = re.compile(r"(?<![^\W_])(\*\*|__)(?=\S)([^*]{1,300}?)(?<=\S)\1(?![^\W_])")
_APART = re.compile(r"(?<![^\W_])[^\W\d_]([ .·|/_*-]{1,2})[^\W\d_](?:\1[^\W\d_])++(?![^\W_])")
_NO_LETTER = re.compile(r"[\W\d_]")
# Stars may stand at the ends of a word; other signs only between letters, where they do not just end a sentence.
_MASKED = re.compile(r"\*{0,9}[^\W_]++(?:[*@#$%&^~?!.,()+=|/\\'_-]{1,6}[^\W_]++)*+\*{0,9}")
_SIGNS = re.compile(r"[\W\d_]+")
_PI = re.compile(r"3[.,]14")
_SOFT_SIGNS = re.compile(r"[?!.,()+=|/\\'_-]+")
_DOUBLE = re.compile(r"(.)\1+")
_MAX_MASKED = 200  # masked words of one text that are looked into
_MEMO_WORDS = 100_000  # words remembered; when there are more, the older half is forgotten


class Obscenity:
    """The shipped list, the user's words added in all their forms, the user's allowed words left out.

    Args:
        words: as in patterns: `слово` in every form, `=слово`, `слово*`.
        allow: words that are never obscene, as in patterns.
    """

    def __init__(self, words: Sequence[str] = (), allow: Sequence[str] = ()) -> None:
        self._own_words = list(_parsed(words))
        self._own, self._allowed = _vocabulary(self._own_words), _vocabulary(_parsed(allow))
        self._memo: dict[str, bool] = {}
        self._listed: Listed | None = None

    def found(self, text: str) -> bool:
        """Tell whether *text* has an obscene word."""
        return next(self.words(text), None) is not None

    def words(self, text: str) -> Iterator[str]:
        """Yield the obscene words of *text* without marks and hidden characters, plain ones first."""
        if HIDDEN.search(text):
            text = HIDDEN.sub("", unicodedata.normalize("NFC", text))
        if "/" in text or "@" in text:
            text = _ADDRESS.sub(" ", text)
        words = plain_words(text)
        memo = self._memo
        for word in words:
            known = memo.get(word)
            if known or (known is None and self._remembered(word)):
                yield word
        if any(len(word) == 1 for word in words):
            yield from (match[0] for match in _APART.finditer(text) if self._plain(_NO_LETTER.sub("", match[0])))
        if "**" in text or "__" in text:
            text = _BOLD.sub(r"\2", text)
        masked = [raw for raw in _MASKED.findall(text) if not raw.isalpha()]
        if sum(map(_bold_edge, masked)) > 1:  # what is left of bold type, not masks
            masked = [raw for raw in masked if not _bold_edge(raw)]
        yield from (raw for raw in masked[:_MAX_MASKED] if self._remembered(raw))

    def _remembered(self, raw: str) -> bool:
        known = self._memo.get(raw)
        if known is None:
            if len(raw) > MAX_WORD:
                return False
            if len(self._memo) >= _MEMO_WORDS:
                for old in list(islice(self._memo, _MEMO_WORDS // 2)):
                    self._memo.pop(old, None)
            known = self._memo[raw] = self._plain(raw) or self._masked(raw)
        return known

    def _plain(self, raw: str) -> bool:
        listed = shipped()
        words = [word for word, _ in readings(raw)]
        words += [_DOUBLE.sub(r"\1", word) for word in words]
        if any(word in listed.words or listed.beginnings.match(word) for word in words):
            return not (self._allowed and self._allowed.find(raw))
        return bool(self._own and self._own.find(raw))

    def _masked(self, raw: str) -> bool:
        if raw.isalpha():
            return False
        raw = _PI.sub("пи", raw)
        pieces = [piece for piece in _SIGNS.split(raw) if piece][:MAX_PIECES]
        ranges = ((start, end) for end in range(1, len(pieces) + 1) for start in range(end))
        if any(self._plain("".join(pieces[start:end])) for start, end in ranges):
            return True
        return self._hides(raw) or any(self._hides(part.strip("*")) for part in _SOFT_SIGNS.split(raw)[:MAX_PIECES])

    def _hides(self, raw: str) -> bool:
        """Tell whether *raw* is a mask of a word that is not allowed."""
        if self._listed is None:
            self._listed = Listed(shipped().words | {form for word in self._own_words for form in forms_of(word)})
        return any(not (self._allowed and self._allowed.find(word)) for word in self._listed.under(raw))


def _bold_edge(raw: str) -> bool:
    return "**" in (raw[:2], raw[-2:]) and raw.count("*") == 2


def _vocabulary(words: Iterable[PatternWord]) -> Vocabulary | None:
    vocabulary = None
    for word in words:
        vocabulary = vocabulary or Vocabulary()
        vocabulary.add(word)
    return vocabulary


def _parsed(words: Iterable[str]) -> Iterator[PatternWord]:
    for word in words:
        yield from (step.word for step in parse_pattern(word).steps)
