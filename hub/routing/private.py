"""Numbers that no public answer may hold: cards, bank accounts, phones, passports. Pure.

Better one answer too many for a person to look at than one customer's number on a map for all to read: a number is
looked for in every spacing, and whatever has a card's check digit counts as a card.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Kind = Literal["card", "account", "phone", "passport"]

_CARD_DIGITS = range(13, 20)
_ACCOUNT_DIGITS = 20
_PHONE_DIGITS = range(10, 16)
_RUSSIAN_DIGITS = 11  # of a Russian phone number, with the 7 or 8 in front
_GAP = 6  # characters other than letters and digits that may stand within a number
_AROUND = 60  # characters around a number in which a word may say that it is a passport's
_SHOWN = 2  # last digits that a message shows

_WORD = r"(?:код\w*|тел\w*|моб\w*|доб\w*|номер\w*|code|tel|phone|mobile|number|no)"  # may stand within a number too
_APART = r"(?!\s?%)"  # what no number goes on after
_RUN = re.compile(
    rf"[0-9](?:(?:{_APART}[^\w]{{0,{_GAP}}}|[^\w]{{0,{_GAP}}}{_WORD}[^\w]{{1,{_GAP}}})[0-9])*", re.IGNORECASE
)
_GROUP = re.compile(r"[0-9]+")
_PASSPORT_WORD = re.compile(r"паспорт|\bсери[яиюей]|passport", re.IGNORECASE)
_PASSPORT = re.compile(
    r"(?<![0-9])[0-9]{2}[^\w]{0,3}[0-9]{2}[^\w]{0,4}(?:(?:№|номер\w*|no?\b\.?|number)[^\w]{0,3})?"
    r"[0-9]{3}[^\w]{0,2}[0-9]{3}(?![0-9])",
    re.IGNORECASE,
)
_ABROAD_PASSPORT = re.compile(
    r"(?<![0-9])[0-9]{2}[^\w]{0,3}(?:(?:№|номер\w*|no?\b\.?)[^\w]{0,3})?[0-9]{7}(?![0-9])", re.I
)
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?\b")
_RUSSIAN = re.compile(r"[78][34789]")
_LOCAL = re.compile(r"[3489]")  # how a Russian number begins that is told without the 7 or 8 in front
_LOCAL_DIGITS = 10
_NEIGHBOUR = re.compile(r"375|380|99[2-68]")  # how a neighbouring country's begins that is told without a plus
_NEIGHBOUR_DIGITS = 12
_INTERNATIONAL = "00"  # in place of a plus
_WHEN = re.compile(  # a date, or an hour
    r"(?<![0-9])(?:[0-9]{1,2}\.[0-9]{1,2}\.(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}|[0-9]{1,2}:[0-9]{2})"
    r"(?![0-9])"
)
_TIME = r"(?:[01]?[0-9]|2[0-3])[.:][0-5][0-9]"
_MONEY = r"(?:[₽$€]|р\.|руб|тыс|млн|млрд|долл|евро|rub|usd|eur)"
_SUM = (
    r"(?<![0-9])(?<![0-9][\s.])[0-9]{1,3}(?:[\s.][0-9]{3})+(?:,[0-9]{1,2})?\s?"
    rf"{_MONEY}"
)
_NEVER = re.compile(rf"(?<![0-9.]){_TIME}\s?[-–—]\s?{_TIME}(?![0-9]|\.[0-9])|{_SUM}", re.IGNORECASE)
"""Opening hours, sums of money in groups of three."""
_LIST = re.compile(
    r"(?<![0-9])(?<![0-9]\W)(?<![0-9]\W\W)"
    r"(?P<named>\b(?:цен|тариф|стоимост|заказ|заявк|обращени|price|order|ticket)\w*\W{0,3})?"
    r"(?P<list>[0-9]{1,6}(?:,\s[0-9]{1,6})+(?:\s(?:и|или|and|or)\s[0-9]{1,6})?)"
    rf"(?P<money>\s?{_MONEY})?(?!\W{{0,2}}[0-9])",
    re.IGNORECASE,
)
_DAYS_OR_YEARS = re.compile(r"(?:(?:[0-9]{1,2}|(?:19|20)[0-9]{2})(?:\D+|$)){3,}")
_LINK = re.compile(r"\bhttps?://\S+", re.IGNORECASE)
_ORDER = re.compile(r"(?:№|#|\b(?:заказ|заявк|обращени|order|ticket)\w*)\W{0,3}$", re.IGNORECASE)  # and one number
_HOUR = re.compile(r"[0-9]:$")  # what follows are the minutes
_CARD_WORD = re.compile(r"\bкарт|\bcard", re.IGNORECASE)
_MISTYPED_DIGITS = range(16, 20)  # of a card whose check digit is wrong
_CARD_GROUPS = re.compile(r"[0-9]{4}(?:[^\w,]{1,3}[0-9]{4}){3}")


@dataclass(frozen=True, slots=True)
class Private:
    """A number that was seen.

    Attributes:
        at: its first character, counted from 0.
        masked: the number with stars for all digits but the last two.
    """

    kind: Kind
    at: int
    masked: str


def private_numbers(text: str, allow: Collection[str] = ()) -> tuple[Private, ...]:
    """Return the numbers in *text* that a public answer may not hold, in order.

    Args:
        allow: phone numbers of our own that may be told, in whatever spacing; 8 and +7 in front are the same.
    """
    plain = _NEVER.sub(lambda seen: "x" * len(seen[0]), _plain(text))
    plain = _LIST.sub(lambda seen: "x" * len(seen[0]) if _is_list(seen) else seen[0], plain)
    plain = _without(plain, {_subscriber(_digits(_plain(one))) for one in allow})
    found: list[tuple[int, int, Kind]] = []
    finders: Mapping[Kind, Callable[[str], Iterator[tuple[int, int]]]] = {
        "passport": _passports,
        "card": _cards,
        "account": _accounts,
        "phone": _phones,
    }
    for kind, find in finders.items():
        found += [(start, end, kind) for start, end in find(plain)]
    kept: list[tuple[int, int, Kind]] = []
    for start, end, kind in sorted(found, key=lambda one: one[0]):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, kind))
    return tuple(Private(kind, start, _masked(plain[start:end])) for start, end, kind in kept)


def refusal(text: str, allow: Collection[str] = ()) -> str | None:
    """Return why *text* may not be said in public; None: it may."""
    found = private_numbers(text, allow)
    if not found:
        return None
    told = ", ".join(f"{_ARTICLES[one.kind]} ({one.masked}, character {one.at + 1})" for one in found)
    return f"a public answer may not hold {told}; take it out"


_ARTICLES: dict[Kind, str] = {
    "card": "a card number",
    "account": "an account number",
    "phone": "a phone number",
    "passport": "a passport number",
}


def _plain(text: str) -> str:
    """Return *text* with digits of every script as 0-9, one character for one; marks that nobody sees are spaces."""
    return "".join(map(_plain_character, text))


def _plain_character(character: str) -> str:
    if character.isascii():
        return "-" if character == "_" else character  # part of a word for regular expressions
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    return " " if unicodedata.category(character) in ("Cf", "Mn", "Me") else character


def _without(text: str, allowed: Collection[str]) -> str:
    """Return *text* with letters in place of the numbers that may be told."""
    for start, end, digits in _spans(text, _PHONE_DIGITS) if allowed else ():
        if _subscriber(digits) in allowed:
            text = f"{text[:start]}{'x' * (end - start)}{text[end:]}"
    return text


def _is_list(seen: re.Match[str]) -> bool:
    """Whether it is a list of prices, orders, days or years, in order: groups of one number hardly ever are."""
    numbers = [int(one) for one in _GROUP.findall(seen["list"])]
    steps = [later - one for one, later in pairwise(numbers)]
    ordered = min(steps) > 0 or max(steps) < 0
    told = seen["named"] or seen["money"] or _DAYS_OR_YEARS.fullmatch(seen["list"])
    return ordered and told is not None


def _digits(text: str) -> str:
    return "".join(_GROUP.findall(text))


def _subscriber(digits: str) -> str:
    return digits[1:] if len(digits) == _RUSSIAN_DIGITS and digits[0] in "78" else digits


def _masked(number: str) -> str:
    hidden = len(_digits(number)) - _SHOWN
    return re.sub("[0-9]", "*", re.sub(r"\s+", " ", number), count=hidden)


def _spans(text: str, sizes: Collection[int]) -> Iterator[tuple[int, int, str]]:
    """Yield every series of neighbouring groups of digits with one of so many digits: start, end and the digits."""
    for run in _RUN.finditer(text):
        groups = [(run.start() + one.start(), run.start() + one.end()) for one in _GROUP.finditer(run[0])]
        yield from _series(text, groups, sizes)


def _series(text: str, groups: Sequence[tuple[int, int]], sizes: Collection[int]) -> Iterator[tuple[int, int, str]]:
    most = max(sizes)
    for first in range(len(groups)):
        digits = ""
        for start, end in groups[first:]:
            digits += text[start:end]
            if len(digits) in sizes:
                yield groups[first][0], end, digits
            if len(digits) >= most:
                break


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for start, end, digits in _spans(text, _CARD_DIGITS):
        if _luhn(digits) or (len(digits) in _MISTYPED_DIGITS and _looks_like_card(text, start, end)):
            yield start, end


def _looks_like_card(text: str, start: int, end: int) -> bool:
    """Whether it is written as cards are, or stands beside the word: a card with a wrong digit is somebody's too."""
    around = text[max(0, start - _AROUND) : end + _AROUND]
    return _CARD_GROUPS.fullmatch(text[start:end]) is not None or _CARD_WORD.search(around) is not None


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _accounts(text: str) -> Iterator[tuple[int, int]]:
    yield from ((start, end) for start, end, _ in _spans(text, (_ACCOUNT_DIGITS,)))
    yield from (found.span() for found in _IBAN.finditer(text) if _is_iban(found[0]))


def _is_iban(text: str) -> bool:
    """Whether the check digits fit (ISO 13616)."""
    signs = re.sub("[ -]", "", text)
    return int("".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])) % 97 == 1


def _phones(text: str) -> Iterator[tuple[int, int]]:
    links = [found.span() for found in _LINK.finditer(text)]
    for start, end, digits in _spans(text, range(_PHONE_DIGITS.start, _PHONE_DIGITS.stop + len(_INTERNATIONAL))):
        plus = text[:start].rstrip(" (").endswith("+") and len(digits) in _PHONE_DIGITS
        hours = _HOUR.search(text[max(0, start - 2) : start]) or _WHEN.search(
            text[start:end]
        )  # also a date, with a house before it
        named = any(first <= start < last for first, last in links) or _is_order(text, start, end)
        if plus or _is_russian(digits) or (not hours and not named and (_is_abroad(digits) or _is_local(digits))):
            yield start, end


def _is_order(text: str, start: int, end: int) -> bool:
    """Whether it is one number without gaps that a word says to be that of an order."""
    return text[start:end].isdigit() and _ORDER.search(text[max(0, start - _AROUND) : start]) is not None


def _is_abroad(digits: str) -> bool:
    if digits.startswith(_INTERNATIONAL):
        return len(digits) - len(_INTERNATIONAL) in _PHONE_DIGITS
    return len(digits) == _NEIGHBOUR_DIGITS and _NEIGHBOUR.match(digits) is not None


def _is_russian(digits: str) -> bool:
    return len(digits) == _RUSSIAN_DIGITS and _RUSSIAN.match(digits) is not None


def _is_local(digits: str) -> bool:
    return len(digits) == _LOCAL_DIGITS and _LOCAL.match(digits) is not None


def _passports(text: str) -> Iterator[tuple[int, int]]:
    for found in (*_PASSPORT.finditer(text), *_ABROAD_PASSPORT.finditer(text)):
        around = text[max(0, found.start() - _AROUND) : found.end() + _AROUND]
        if _PASSPORT_WORD.search(around):
            yield found.span()
