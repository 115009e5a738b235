"""A word as written -> the words it can be read as: case, ё, stress, zero width, lookalikes, digits, stretched letters.

Every reading is lower case, has `е` for `ё` and no marks. The codes say what was seen through.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from itertools import islice, product

from hub.routing.words import set_apart

MAX_READINGS = 12
MAX_WORD = 64  # letters that are looked at: the cost of a word must not grow with its length

_PLAIN = re.compile(r"[a-z]+|[а-я]+|[0-9]+")
_APART = re.compile(r"[\W_]")
_SIGNS = str.maketrans("@$€", "асе")  # what they stand for inside a Cyrillic word
_STRETCHED = re.compile(r"(\w)\1{2,}")
_LETTERS = re.compile(r"[^\W\d_]")
_CYRILLIC = re.compile(r"[Ѐ-ԯ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏͰ-Ͽ]")  # with Greek: its letters are used the same way

# What a Latin or Greek letter is used for inside a Cyrillic word; the first is the usual one.
TO_CYRILLIC = {
    **dict(zip("ABCEHKMOPTXYaceokmptxy", "авсенкмортхуасеокмртху", strict=True)),
    **dict(zip("ΑΒΕΗΚΜΟΡΤΧΥαεκορτχυπ", "авенкмортхуаекортхуп", strict=True)),
    "b": "вьб", "h": "нх", "n": "п", "N": "и", "u": "и", "U": "и", "i": "и", "I": "и", "r": "г", "R": "гя", "g": "д",
    "d": "д", "w": "ш", "W": "ш", "z": "з", "Z": "з",
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

Codes = tuple[str, ...]  # of what was seen through
Word = tuple[str, Codes]  # a reading, and how it was come by


def readings(raw: str) -> tuple[Word, ...]:
    """Return what *raw* (one word as split from a text) can be read as, the plainest first; never empty."""
    raw = raw[:MAX_WORD]
    lowered = raw.lower()
    codes: Codes = ("case",) if lowered != raw else ()
    if "ё" in lowered:
        lowered, codes = lowered.replace("ё", "е"), (*codes, "yo")
    if _PLAIN.fullmatch(lowered) and not _STRETCHED.search(lowered):
        return ((lowered, codes), *_as_cyrillic(raw, codes))
    bare, codes = _bare(raw)
    found: dict[str, Codes] = {}
    for text, seen in _scripts(bare, codes):
        for word, through in _unstretched(text, seen):
            found.setdefault(word, through)
    return tuple(islice(found.items(), MAX_READINGS))


def fold(raw: str) -> str:
    """Return the plainest reading of *raw*."""
    return readings(raw)[0][0]


def scripts_mixed(raw: str) -> bool:
    """Tell whether *raw* has both Cyrillic and Latin (or Greek) letters."""
    return _CYRILLIC.search(raw) is not None and _LATIN.search(raw) is not None


def _bare(raw: str) -> tuple[str, Codes]:
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
    if not kept.isalnum():
        codes.append("spaced" if set_apart(kept) else "mask")
        kept = _APART.sub("", kept) if codes[-1] == "spaced" else kept.translate(_SIGNS)
    return kept or raw, tuple(codes)


def _scripts(text: str, codes: Codes) -> Iterator[Word]:
    """Yield *text* (case kept) in lower case, in each of the scripts it can be read in."""
    seen = (*codes, "lookalike")
    if not scripts_mixed(text):
        yield from _with_digits(text.lower(), codes)
        yield from ((word, codes) for word, codes in _as_cyrillic(text, codes))
        return
    found = False
    for table in (TO_CYRILLIC, _TO_LATIN):
        other = _LATIN if table is TO_CYRILLIC else _CYRILLIC
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


def _as_cyrillic(raw: str, codes: Codes) -> tuple[Word, ...]:
    if _LOOKS_CYRILLIC.issuperset(raw):
        return (("".join(TO_CYRILLIC[char] for char in raw), (*codes, "lookalike")),)
    return ()


def _with_digits(word: str, codes: Codes) -> Iterator[Word]:
    yield word, codes
    if len(_LETTERS.findall(word)) < 2 or word.isalpha():
        return
    table = _DIGITS_CYRILLIC if _CYRILLIC.search(word) else _DIGITS_LATIN
    replaced = word.translate(table)
    if replaced.isalpha():
        yield replaced, (*codes, "lookalike")


def _unstretched(word: str, codes: Codes) -> Iterator[Word]:
    """Yield *word* with each run of three and more letters as one and as two of them."""
    runs = [match.span() for match in _STRETCHED.finditer(word)] if not word.isdigit() else []
    if not runs:
        yield word, codes
        return
    for lengths in islice(product((1, 2), repeat=len(runs)), MAX_READINGS):
        pieces, last = [], 0
        for (start, end), length in zip(runs, lengths, strict=True):
            pieces += [word[last:start], word[start] * length]
            last = end
        yield "".join([*pieces, word[last:]]), (*codes, "stretched")
