"""Are the same patterns hit when a text is disguised? ``python -m tests.quality.robustness``.

Exits with 1 when a share of texts with the same hits is below its aim.
"""

import random
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from hub.routing.matcher import Matcher
from hub.routing.pattern import parse_pattern
from tests.corpora import ABSENT, texts

Disguise = Callable[[str, random.Random], str]

_SETS = ("bank_reviews_ru", "map_reviews_ru", "support_questions_ru", "spam_telegram", "tweets_bank_2013_2014")
_LOOKALIKES = dict(zip("аеорсухАВЕКМНОРСТХк", "aeopcyxABEKMHOPCTXk", strict=True))
_ALPHABET = "абвгдежзийклмнопрстуфхцчшщъыьэюя"
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad"
_WORD = re.compile(r"[А-Яа-яЁё]+")
_LINK_OR_HANDLE = re.compile(r"https?://\S+|@\w+")
_AIM, _TYPO_AIM = 0.97, 0.93


def patterns() -> list[str]:
    """Return the pattern set of a bank."""
    lines = (Path(__file__).parent / "bank_patterns.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def lookalikes(text: str, chance: random.Random) -> str:
    """Put Latin letters for a third of those that look the same."""
    return "".join(_LOOKALIKES.get(char, char) if chance.random() < 0.35 else char for char in text)


def yo(text: str, chance: random.Random) -> str:
    """Write ё as е, and every tenth е as ё."""
    return "".join(
        "ё" if char == "е" and chance.random() < 0.1 else {"ё": "е", "Ё": "Е"}.get(char, char) for char in text
    )


def zero_width(text: str, chance: random.Random) -> str:
    """Put what nobody sees between letters."""
    return re.sub(r"(?<=\w)(?=\w)", lambda _: chance.choice(_ZERO_WIDTH) if chance.random() < 0.15 else "", text)


def stress(text: str, chance: random.Random) -> str:
    """Put a stress mark on a vowel of every third word."""
    return re.sub(r"[аеиоуыэюя](?=\w)", lambda match: match[0] + ("\u0301" if chance.random() < 0.15 else ""), text)


def capitals(text: str, chance: random.Random) -> str:
    """Shout."""
    return text.upper()


def stretched(text: str, chance: random.Random) -> str:
    """Stretch a vowel in every fifth word."""

    def stretch(match: re.Match[str]) -> str:
        word = match[0]
        places = [place for place, char in enumerate(word.lower()) if char in "аеиоуыэюя"]
        if not places or chance.random() > 0.2:
            return word
        place = chance.choice(places)
        return word[:place] + word[place] * chance.randint(3, 6) + word[place + 1 :]

    return _WORD.sub(stretch, text)


def typo(text: str, chance: random.Random) -> str:
    """Mistype one letter of one word of four letters and more."""
    words = [match for match in _WORD.finditer(text) if len(match[0]) >= 4]
    if not words:
        return text
    match = chance.choice(words)
    word, place = match[0], chance.randrange(len(match[0]))
    kind = chance.choice("change add drop swap".split())
    if kind == "change":
        word = word[:place] + chance.choice(_ALPHABET) + word[place + 1 :]
    elif kind == "add":
        word = word[:place] + chance.choice(_ALPHABET) + word[place:]
    elif kind == "drop":
        word = word[:place] + word[place + 1 :]
    else:
        place = min(place, len(word) - 2)
        word = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return text[: match.start()] + word + text[match.end() :]


DISGUISES: dict[str, tuple[Disguise, float]] = {
    "lookalikes": (lookalikes, _AIM),
    "ё and е": (yo, _AIM),
    "zero width": (zero_width, _AIM),
    "stress": (stress, _AIM),
    "capitals": (capitals, _AIM),
    "stretched": (stretched, _AIM),
    "one typo": (typo, _TYPO_AIM),
}


def same_share(matcher: Matcher, sample: Sequence[str], disguise: Disguise, show: int = 0) -> float:
    """Return the share of texts with exactly the same hits when disguised."""
    chance = random.Random(7)
    same = 0
    for text in sample:
        changed = disguise(text, chance)
        before, after = set(matcher.read(["", text]).hits), set(matcher.read(["", changed]).hits)
        same += before == after
        if before != after and show:
            show -= 1
            differing = [matcher.patterns[index].source for index in before ^ after]
            print("   ", differing, "|", [word for word in changed.split() if word not in text.split()][:12])
    return same / len(sample)


def main() -> None:
    sample = [_LINK_OR_HANDLE.sub(" ", text) for text in texts(*_SETS)]
    if not sample:
        raise SystemExit(ABSENT)
    matcher = Matcher([parse_pattern(source) for source in patterns()])
    hits = sum(len(matcher.read(["", text]).hits) for text in sample) / len(sample)
    print(f"{len(sample)} texts, {len(matcher.patterns)} patterns, {hits:.2f} hits a text")
    broken = False
    for name, (disguise, aim) in DISGUISES.items():
        share = same_share(matcher, sample, disguise, show=int(sys.argv[1]) if len(sys.argv) > 1 else 0)
        broken |= share < aim
        print(f"{'ok ' if share >= aim else 'BAD'} {name}: the same hits in {share:.4f} of texts (>= {aim})")
    sys.exit(int(broken))


if __name__ == "__main__":
    main()
