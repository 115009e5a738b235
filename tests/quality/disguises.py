"""The same text, written so that a machine may stumble; a person reads the same. Seeded by the text itself."""

import random
import re
from collections.abc import Callable, Mapping

_LOOKALIKES = dict(zip("АВЕКМНОРСТХаеорсухк", "ABEKMHOPCTXaeopcyxk", strict=True))
_WORD = re.compile(r"[А-Яа-яЁё]{3,}")
_LONG_WORD = re.compile(r"[A-Za-zА-Яа-яЁё]{6,}")
_VOWEL = re.compile(r"[аеиоуыэюяaeiou]")
_ALPHABETS = ("абвгдежзийклмнопрстуфхцчшщыьэюя", "abcdefghijklmnopqrstuvwxyz")


def _rng(text: str) -> random.Random:
    return random.Random(text)


def lookalikes(text: str) -> str:
    """Write about half of the letters that have a Latin twin with it; a word never becomes Latin altogether."""
    rng = _rng(text)

    def word(match: re.Match[str]) -> str:
        letters = [_LOOKALIKES.get(char, char) if rng.random() < 0.5 else char for char in match.group()]
        return "".join(letters) if re.search(r"[А-Яа-яЁё]", "".join(letters)) else match.group()

    return _WORD.sub(word, text)


def yo(text: str) -> str:
    """Write `е` for every `ё`; where there is none, `ё` for the first `е` of every third word with one."""
    if "ё" in text.lower():
        return text.replace("ё", "е").replace("Ё", "Е")
    return re.sub(r"(?<=[бдлмнпрст])е(?=[бдлмнпрст]\w*\b)", lambda m: "ё" if m.start() % 3 == 0 else "е", text)


def zero_width(text: str) -> str:
    """Put a character without width into every second word."""
    rng = _rng(text)

    def word(match: re.Match[str]) -> str:
        found = match.group()
        place = rng.randrange(1, len(found))
        return f"{found[:place]}\u200b{found[place:]}" if rng.random() < 0.5 else found

    return re.sub(r"[^\W\d_]{3,}", word, text)


def capitals(text: str) -> str:
    """Write everything in capitals."""
    return text.upper()


def stretched(text: str) -> str:
    """Stretch a vowel of every third word."""
    rng = _rng(text)

    def word(match: re.Match[str]) -> str:
        found = match.group()
        vowels = [vowel.start() for vowel in _VOWEL.finditer(found)]
        if not vowels or rng.random() > 1 / 3:
            return found
        place = rng.choice(vowels)
        return found[:place] + found[place] * rng.randint(3, 5) + found[place + 1 :]

    return _WORD.sub(word, text)


def together(text: str) -> str:
    """Write in all these ways at once."""
    return capitals(stretched(zero_width(lookalikes(yo(text)))))


def one_typo(text: str) -> str:
    """Change, drop, double or swap one letter inside one word of six letters or more."""
    words = list(_LONG_WORD.finditer(text))
    if not words:
        return text
    rng = _rng(text)
    match = rng.choice(words)
    word = match.group()
    place = rng.randrange(1, len(word) - 1)
    alphabet = _ALPHABETS[word.isascii()]
    written = rng.choice(
        (
            word[:place] + rng.choice(alphabet) + word[place + 1 :],
            word[:place] + word[place + 1 :],
            word[:place] + word[place] + word[place:],
            word[: place - 1] + word[place] + word[place - 1] + word[place + 1 :],
        )
    )
    return text[: match.start()] + written + text[match.end() :]


DISGUISES: Mapping[str, Callable[[str], str]] = {
    "lookalikes": lookalikes,
    "ё/е": yo,
    "zero width": zero_width,
    "capitals": capitals,
    "stretched": stretched,
    "all together": together,
}
