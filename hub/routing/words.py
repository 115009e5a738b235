"""Text -> words as written.

A word is letters and digits, with the marks and zero-width characters inside it. Two disguises are kept together as
one word: letters set apart (`м о ш е н н и к`, four at least) and a sign for a letter (`м*шенник`, `з@работок`).
"""

import re
from collections.abc import Iterator

_HIDDEN = "\u0300-\u036f\u0483-\u0487\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_PLAIN = rf"[^\W_]+(?:[{_HIDDEN}]+[^\W_]*)*"
_SPACED = r"(?<![^\W_])[^\W\d_](?P<apart>[ .·|/_*-]{1,2})[^\W\d_](?:(?P=apart)[^\W\d_]){2,}(?![^\W_])"
_MASKED = r"(?=[^\W_]*[а-яё])[^\W_]+(?:[*@$€]+[^\W\d_]+)+"
HIDDEN = re.compile(f"[{_HIDDEN}]+")  # marks and what nobody sees
_WORD = re.compile(_PLAIN)
plain_words = _WORD.findall  # disguises left apart
_DISGUISED = re.compile(f"{_SPACED}|{_MASKED}|{_PLAIN}", re.IGNORECASE)
_SET_APART = re.compile(_SPACED)
_SIGN_WITHIN = re.compile(r"[*@$€](?<=[а-яё].)[*@$€]*[^\W\d_]", re.IGNORECASE)
_FOUR_LETTERS_APART = b"\1\1\1\1"
_LONGEST = 255  # characters of a word; a longer one is no word


def split(text: str) -> list[str]:
    """Return the words of *text* as written, in their order."""
    words = _WORD.findall(text)
    if _may_disguise(text, words):
        return [match.group() for match in _DISGUISED.finditer(text)]
    return words


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and text of every word of *text*, the same words as `split`."""
    disguised = _may_disguise(text, _WORD.findall(text))
    for match in (_DISGUISED if disguised else _WORD).finditer(text):
        yield match.start(), match.end(), match.group()


def set_apart(word: str) -> bool:
    """Tell whether *word* was written with its letters apart."""
    return _SET_APART.fullmatch(word) is not None


def _may_disguise(text: str, words: list[str]) -> bool:
    """Tell, fast, whether a disguise is possible in *text*; right for nearly every text without one."""
    if ("*" in text or "@" in text or "$" in text or "€" in text) and _SIGN_WITHIN.search(text):
        return True
    try:
        return _FOUR_LETTERS_APART in bytes(map(len, words))
    except ValueError:  # a word of more than 255 characters
        return _FOUR_LETTERS_APART in bytes(min(len(word), _LONGEST) for word in words)
