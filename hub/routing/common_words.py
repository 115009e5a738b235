"""What texts have in common that other texts have not: words and phrases of a few words. Pure.

Nothing of a person comes out: a word must stand in the texts of several people, and names, numbers and what looks like
an address or a handle are left out.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hub.routing.folding import fold
from hub.routing.morphology import may_name_a_person, normal_form
from hub.routing.words import plain_words

PEOPLE = 3
"""People who must have used a word."""

_SHARE = 0.15  # of the texts
_STRAYS = 2.0  # standard deviations by which the log-odds must lie above those of the other texts
_WHOLE = 0.6  # share of a word's texts from which on the phrase is told instead
_LONGEST = 4  # words of a phrase
_FIRST = 80  # words of a text that are looked at
_SHORTEST = 3  # letters of a word
_NOT = frozenset(("не", "нет", "not", "no", "cannot", "can't"))
_ADDRESS = re.compile(r"\S*(?:@|://|www\.)\S*|\S+\.(?:ru|com|org|net|рф)\b\S*", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?…;:\n()«»\"]+")

Phrase = tuple[str, ...]
_BARRED = ""  # in the place of a word that is not told


@dataclass(slots=True)
class _Seen:
    """In how many texts a phrase is, by whom, and how it is written."""

    texts: int = 0
    people: set[str] = field(default_factory=set)
    written: Counter[str] = field(default_factory=Counter)


def common_words(
    texts: Sequence[tuple[str, str | None]], others: Sequence[tuple[str, str | None]], most: int = 3
) -> tuple[str, ...]:
    """Return at most *most* words and phrases that mark *texts* off from *others*, the most telling first.

    Args:
        texts: each with a key of who wrote it; None: somebody else each time.
    """
    forms: dict[str, str | None] = {}
    here, there = _seen(texts, forms), _seen(others, forms)
    least = max(PEOPLE, math.ceil(_SHARE * len(texts)))
    odds = {
        phrase: _strays(seen.texts, len(texts), there[phrase].texts if phrase in there else 0, len(others))
        for phrase, seen in here.items()
        if seen.texts >= least and len(seen.people) >= PEOPLE
    }
    ranked = sorted((phrase for phrase, by in odds.items() if by > _STRAYS), key=lambda one: (-odds[one], one))
    return tuple(_written(phrase, here[phrase]) for phrase in _chosen(ranked, here, most))


def _strays(here: int, texts: int, there: int, others: int) -> float:
    """Return by how many standard deviations the log-odds differ."""
    one, other = (math.log((hits + 0.5) / (size - hits + 0.5)) for hits, size in ((here, texts), (there, others)))
    return (one - other) / math.sqrt(1 / (here + 0.5) + 1 / (there + 0.5))


def _chosen(ranked: Sequence[Phrase], here: dict[Phrase, _Seen], most: int) -> list[Phrase]:
    found: list[Phrase] = []
    for phrase in ranked:
        if len(found) == most:
            break
        whole = [one for one in ranked if set(phrase) <= set(one) and here[one].texts >= _WHOLE * here[phrase].texts]
        longest = max(whole, key=lambda one: (len(one), here[one].texts))
        if all(set(longest).isdisjoint(set(one) - _NOT) for one in found):
            found.append(longest)
    return found


def _written(phrase: Phrase, seen: _Seen) -> str:
    return phrase[0] if len(phrase) == 1 else min(seen.written, key=lambda text: (-seen.written[text], text))


# --- phrases of a text ------------------------------------------------------------------------------------------------


def _seen(texts: Sequence[tuple[str, str | None]], forms: dict[str, str | None]) -> dict[Phrase, _Seen]:
    found: defaultdict[Phrase, _Seen] = defaultdict(_Seen)
    for number, (text, author) in enumerate(texts):
        for phrase, written in dict(_phrases(text, forms)).items():
            seen = found[phrase]
            seen.texts += 1
            seen.people.add(author or f"\0{number}")
            seen.written[written] += 1
    return found


def _phrases(text: str, forms: dict[str, str | None]) -> Iterator[tuple[Phrase, str]]:
    left = _FIRST
    for sentence in _SENTENCE.split(_ADDRESS.sub(".", text)):
        words = [fold(word) for word in plain_words(sentence)][:left]
        left -= len(words)
        said = [_form(word, forms) for word in words]
        for start in range(len(words)):
            for end in range(start + 1, min(start + _LONGEST, len(words)) + 1):
                if _is_phrase(words[start:end], said[start:end]):
                    key = tuple(form or word for form, word in zip(said[start:end], words[start:end], strict=True))
                    yield key, " ".join(words[start:end])


def _is_phrase(words: Sequence[str], said: Sequence[str | None]) -> bool:
    """Tell whether *words* may be told, with words that say something, or a denial, at both ends."""
    if _BARRED in said or said[-1] is None:
        return False
    return said[0] is not None or (len(words) > 1 and words[0] in _NOT)


def _form(word: str, forms: dict[str, str | None]) -> str | None:
    """Return the dictionary form; None for what says little alone, ``_BARRED`` for what may be personal."""
    if word not in forms:
        if not word.isalpha() or may_name_a_person(word):
            forms[word] = _BARRED
        else:
            forms[word] = normal_form(word) if len(word) >= _SHORTEST else None
    return forms[word]
