"""A word as written -> the words it can be read as: case, ё, stress, zero width, lookalikes, digits, stretched letters.

Every reading is lower case, has `е` for `ё` and no marks. The codes say what was seen through.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import product

MAX_READINGS = 12
_MAX_WORD = 64  # letters; longer words exist in no language the hub reads, and cost must not grow with them

_PLAIN = re.compile(r"[a-z]+|[а-я]+|[0-9]+")
_STRETCHED = re.compile(r"(\w)\1{2,}")
_LETTERS = re.compile(r"[^\W\d_]")
_CYRILLIC = re.compile(r"[Ѐ-ԯ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏͰ-Ͽ]")  # with Greek: its letters are used the same way

# What a Latin or Greek letter is used for inside a Cyrillic word; the first is the usual one.
_TO_CYRILLIC = {
    **dict(zip("ABCEHKMOPTXYaceokmptxy", "авсенкмортхуасеокмртху", strict=True)),
    **dict(zip("ΑΒΕΗΚΜΟΡΤΧΥαεκορτχυπ", "авенкмортхуаекортхуп", strict=True)),
    "b": "вьб", "h": "н", "n": "п", "u": "и", "N": "и", "r": "г", "g": "д", "i": "и", "I": "и", "w": "ш", "W": "ш",
    "d": "д",
}  # fmt: skip
_LOOKS_CYRILLIC = frozenset("ABCEHKMOPTXYaceopxykmt")  # a word all of these keeps a Cyrillic reading too
# What a Cyrillic letter is used for inside a Latin word.
_TO_LATIN = {
    **dict(zip("АВСЕНКМОРТХУасеокмртху", "abcehkmoptxyaceokmptxy", strict=True)),
    **dict(zip("ІіЅѕЈјԁһӏԛԝ", "iissjjdhlqw", strict=True)),
    "в": "b", "н": "h", "п": "n", "и": "u", "г": "r", "ь": "b",
}  # fmt: skip
_DIGITS_CYRILLIC = str.maketrans("0346", "озчб")
_DIGITS_LATIN = str.maketrans("013457", "oieast")

Word = tuple[str, tuple[str, ...]]  # a reading and the codes of what was seen through


def readings(raw: str) -> tuple[Word, ...]:
    """Return what *raw* (one word as split from a text) can be read as, the plainest first; never empty."""
    lowered = raw.lower()
    case = ("case",) if lowered != raw else ()
    if _PLAIN.fullmatch(lowered) and not _STRETCHED.search(lowered):
        return ((lowered, case), *_as_cyrillic(raw, case))
    bare, codes = _bare(raw[:_MAX_WORD])
    words = [word for text, seen in _scripts(bare, codes) for word in _unstretched(text, seen)]
    return tuple(dict(reversed(words[:MAX_READINGS])).items())[::-1]


def fold(raw: str) -> str:
    """Return the plainest reading of *raw*."""
    return readings(raw)[0][0]


def scripts_mixed(raw: str) -> bool:
    """Tell whether *raw* has both Cyrillic and Latin (or Greek) letters."""
    return _CYRILLIC.search(raw) is not None and _LATIN.search(raw) is not None


def _bare(raw: str) -> tuple[str, tuple[str, ...]]:
    """Return *raw* without marks and zero-width characters, case kept, and what was removed."""
    codes = []
    text = unicodedata.normalize("NFC", raw)
    if any(unicodedata.category(char) == "Cf" for char in text):
        codes.append("zero_width")
    decomposed = unicodedata.normalize("NFKD", text.replace("й", "\0").replace("Й", "\1"))
    kept = "".join(char for char in decomposed if unicodedata.category(char) not in ("Mn", "Me", "Cf"))
    kept = kept.replace("\0", "й").replace("\1", "Й")
    if "ё" in text or "Ё" in text:
        codes.append("yo")
    if any(unicodedata.category(char) == "Mn" for char in text):
        codes.append("stress")
    if kept != kept.lower():
        codes.append("case")
    return kept, tuple(codes)


def _scripts(text: str, codes: tuple[str, ...]) -> Iterator[Word]:
    """Yield *text* (case kept) in lower case, in each of the scripts it can be read in."""
    seen = (*codes, "lookalike")
    if not scripts_mixed(text):
        yield from _with_digits(text.lower(), codes)
        yield from ((word, codes) for word, codes in _as_cyrillic(text, codes))
        return
    found = False
    for table in (_TO_CYRILLIC, _TO_LATIN):
        other = _LATIN if table is _TO_CYRILLIC else _CYRILLIC
        if all(char in table for char in other.findall(text)):
            found = True
            for word in _replaced(text, table):
                yield from _with_digits(word, seen)
    if not found:
        yield text.lower(), codes


def _replaced(text: str, table: dict[str, str]) -> Iterable[str]:
    choices = [table.get(char) or char.lower() for char in text]
    for count, letters in enumerate(product(*choices)):
        if count == MAX_READINGS:
            return
        yield "".join(letters)


def _as_cyrillic(raw: str, codes: tuple[str, ...]) -> tuple[Word, ...]:
    if len(raw) > 1 and _LOOKS_CYRILLIC.issuperset(raw):
        return (("".join(_TO_CYRILLIC[char] for char in raw), (*codes, "lookalike")),)
    return ()


def _with_digits(word: str, codes: tuple[str, ...]) -> Iterator[Word]:
    yield word, codes
    if len(_LETTERS.findall(word)) < 2 or word.isalpha():
        return
    table = _DIGITS_CYRILLIC if _CYRILLIC.search(word) else _DIGITS_LATIN
    replaced = word.translate(table)
    if replaced.isalpha():
        yield replaced, (*codes, "lookalike")


def _unstretched(word: str, codes: tuple[str, ...]) -> Iterator[Word]:
    """Yield *word* with each run of three and more letters as one and as two of them."""
    runs = [match.span() for match in _STRETCHED.finditer(word)] if not word.isdigit() else []
    if not runs:
        yield word, codes
        return
    for lengths in list(product((1, 2), repeat=len(runs)))[:MAX_READINGS]:
        pieces, last = [], 0
        for (start, end), length in zip(runs, lengths, strict=True):
            pieces += [word[last:start], word[start] * length]
            last = end
        yield "".join([*pieces, word[last:]]), (*codes, "stretched")
