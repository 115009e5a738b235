"""Texts as odd as the vendors' sheets list them: what goes over the wire beside what a person reads.

Both are written down together, so that nothing here has to undo what it did.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

HUGE_CHARS = 100_000
CYRILLIC_TO_LATIN = str.maketrans("аеорсухАВЕКМНОРСТХ", "aeopcyxABEKMHOPCTX")
TRANSLIT = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e e zh z i y k l m n o p r s t u f h c ch sh sch _ y _ e yu ya".replace("_", "'").split(),
        strict=True,
    )
)


@dataclass(frozen=True)
class Shaped:
    """A text twice: `wire` as the vendor holds it, `plain` as a person reads it."""

    wire: str
    plain: str


Shape = Callable[[str, random.Random], Shaped]


def same(text: str) -> Shaped:
    """Nothing odd."""
    return Shaped(text, text)


def _added(before: str, after: str, plain_before: str = "", plain_after: str = "") -> Shape:
    return lambda text, _: Shaped(before + text + after, plain_before + text + plain_after)


def _as_is(before: str = "", after: str = "") -> Shape:
    return _added(before, after, before, after)


def _instead(wire: str, plain: str | None = None) -> Shape:
    return lambda _text, _chance: Shaped(wire, wire if plain is None else plain)


def _changed(change: Callable[[str], str]) -> Shape:
    def shape(text: str, _: random.Random) -> Shaped:
        return same(change(text))

    return shape


def _bold(text: str, chance: random.Random) -> Shaped:
    words = text.split(" ")
    at = chance.randrange(len(words))
    return Shaped(" ".join([*words[:at], f"<b>{words[at]}</b>", *words[at + 1 :]]), text)


def _lookalikes(text: str) -> str:
    words = text.split(" ")
    return " ".join(word.translate(CYRILLIC_TO_LATIN) if number % 2 else word for number, word in enumerate(words))


def _transliterated(text: str) -> str:
    return "".join(TRANSLIT.get(letter, letter) for letter in text.lower())


def _stretched(text: str) -> str:
    return "".join(letter * 4 if letter in "оаеОАЕ!" else letter for letter in text)


def _between(mark: str, every: int) -> Callable[[str], str]:
    return lambda text: mark.join(text[at : at + every] for at in range(0, len(text), every))


def _quoting(text: str) -> str:
    return f"> Добрый день! Уточните, пожалуйста, номер обращения.\n> С уважением, поддержка\n\n{text}"


# Left by the source; both vendors.
MARKUP: tuple[Shape, ...] = (
    _added("Мне ответили: &quot;ждите&quot; &amp; всё. ", "", 'Мне ответили: "ждите" & всё. '),
    _added("Тарифы &amp;amp; условия. ", "", "Тарифы & условия. "),
    _bold,
    _added("Здравствуйте!<br>", "<br/>Жду ответа", "Здравствуйте!\n", "\nЖду ответа"),
    _added("&laquo;Премиум&raquo;&nbsp;&mdash; ", " &#128545;", "«Премиум»\u00a0— ", " 😡"),
)
LETTERS: tuple[Shape, ...] = (
    _as_is("👍🏽 👨‍👩‍👧‍👦 🇷🇺🇰🇿 "),
    _changed(_between("\u200b", 7)),
    _changed(_between("\u00ad", 9)),
    _changed(lambda text: text.replace(" ", "\u00a0")),
    _as_is("\u200fשלום\u200f ", " \u202bمرحبا\u202c"),
    _as_is("Е\u0308лки и и\u0306од, о\u0301чень пло\u0301хо: "),
    _changed(_lookalikes),
    _changed(_transliterated),
    _changed(str.upper),
    _changed(_stretched),
    _as_is("Да вы о**ели, с*ка, бл#ть! "),
    _as_is("", " Мой телефон +7 (912) 000-00-00, карта 4276 0000 0000 0000"),
    _changed(_quoting),
    _as_is("", "\r\nВторая строка\nтретья\r\n"),
    _as_is("Перевод на 5 < 10 тысяч, а списали > 20 & комиссию. "),
)
ALONE: tuple[Shape, ...] = (
    _instead("😡"),
    _instead("+"),
    _instead("я"),
    _instead("🇷🇺"),
)
UNSTORABLE: tuple[Shape, ...] = (
    _added("", " \ud83d", "", " \ufffd"),
    _added("\udc4d ", "", "\ufffd "),
    _added("До\x00говор. ", "", "До\ufffdговор. "),
)


def huge(text: str) -> Shaped:
    """*text* again and again, 100,000 characters."""
    return same((f"{text}\n" * (HUGE_CHARS // (len(text) + 1) + 1))[:HUGE_CHARS])


class OddTexts:
    """Deals the oddities out in a seeded order, each once before any comes again."""

    def __init__(self, shapes: tuple[Shape, ...], chance: random.Random) -> None:
        """Deal from *shapes*."""
        self._shapes = list(shapes)
        self._chance = chance
        chance.shuffle(self._shapes)
        self._dealt = 0

    def shape(self, text: str) -> Shaped:
        """Return *text* in the next odd form."""
        shape = self._shapes[self._dealt % len(self._shapes)]
        self._dealt += 1
        return shape(text, self._chance)
