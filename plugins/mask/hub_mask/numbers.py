"""Which digits of a text are a card or a phone number. Better one number too few than an order number too many.

A *run* is digits with at most one separator between two of them; numbers are looked for within one. What stands in a
link or an address, is glued to Latin letters, or is called an order, a contract or the like just before, stays.
"""

import re
from collections.abc import Iterator

CARD_DIGITS = range(13, 20)
SMALLEST_GROUP = 4
SHOWN_OF_CARD = 4
SHOWN_OF_PHONE = 2
RUSSIAN_DIGITS = 11  # of a Russian phone number, with the 7 or 8 in front
STAR = "*"

_SEPARATOR = "[ \u00a0\u2009\u202f\u2010-\u2013-]"
_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]{1,20}://|www\.|[\w.-]{1,64}@)\S+|[\w-]{1,63}\.[a-z]{2,12}/\S*", re.IGNORECASE)
_RUN = re.compile(rf"[0-9](?:{_SEPARATOR}?[0-9]){{12,}}")
_GROUP = re.compile(r"[0-9]+")
_GLUE_BEFORE = re.compile(r"(?:[A-Za-z0-9_/=@#&?\\]|[A-Za-z0-9][.,-])$")
_GLUE_AFTER = re.compile(r"[A-Za-z0-9_/=@\\]|[.,-][0-9A-Za-z]")

_NOUNS = (
    r"(?:заказ|договор|накладн|трек|отправлени|посылк|чек|квитанци|заявк|обращени|артикул|сч[её]т|штрих-?код|трек-?код)"
    r"(?:[аеуыиья]|ом|ем|ой|ая|ую|ов|ам|ах|ей|ию|ии|ие|ия|ием)?"
)
_CODES = r"инн|огрн|снилс|order|invoice|contract|track(?:ing)?|parcel|ticket|receipt|account|barcode|id"
_WORD_NUMBER = r"(?:[ -](?:номер|number|code|id)[а-я]{0,2})?[ \u00a0.:=]{0,3}(?:№|#|no?\.?)?[ \u00a0:]{0,2}"
_CALLED = re.compile(rf"(?<![а-яёa-z])(?:{_NOUNS}|{_CODES}){_WORD_NUMBER}$", re.IGNORECASE)
_BEFORE = 40  # characters that may say what a number is
_AFTER = 12  # likewise behind it

# First digits and lengths of the networks: Mir, Mastercard, Visa, American Express, Diners, JCB, Maestro, UnionPay.
_CARD = re.compile(
    r"220[0-4][0-9]{12,15}|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|4(?:[0-9]{12}|[0-9]{15}|[0-9]{18})|3[47][0-9]{13}|3(?:0[0-5]|[68][0-9])[0-9]{11}|35[0-9]{14,17}"
    r"|(?:50|5[6-9]|6[0-9])[0-9]{11,17}"
)

_GAP = rf"{_SEPARATOR}?[()]?{_SEPARATOR}?"
_PHONE = re.compile(rf"(?:\+[ ]?[(]?[1-9](?:{_GAP}[0-9]){{9,14}}|(?<![0-9])[78](?:{_GAP}[0-9]){{10}})(?![0-9])")
_AREA = re.compile("8[34789]|79|7[348]")
_MONEY = re.compile(
    r"\s?(?:[₽$€%]|(?:руб\w*|р|тыс|млн|млрд|тг|тенге|сум|балл\w*|бонус\w*|usd|eur|rub|шт)\b)", re.IGNORECASE
)


def mask(text: str, *, cards: bool = True, phones: bool = True) -> str:
    """Return *text* with the digits of card and phone numbers but the last few replaced by ``*``.

    Everything else, also brackets, spaces and dashes within a number, stays as it is, and so does the length.
    """
    if sum(char.isdigit() for char in text) < 10:
        return text
    kept = [found.span() for found in _LINK.finditer(text)]
    if cards:
        text = _hide(text, (span for span in _cards(text) if not _inside(span, kept)), SHOWN_OF_CARD)
    if phones:
        text = _hide(text, (span for span in _phones(text) if not _inside(span, kept)), SHOWN_OF_PHONE)
    return text


def _hide(text: str, spans: Iterator[tuple[int, int]], shown: int) -> str:
    parts, done = [], 0
    for start, end in spans:
        number = text[start:end]
        hidden = sum(char.isdigit() for char in number) - shown
        parts += [text[done:start], re.sub("[0-9]", STAR, number, count=hidden)]
        done = end
    return "".join([*parts, text[done:]])


def _inside(span: tuple[int, int], kept: list[tuple[int, int]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in kept)


# --- cards ------------------------------------------------------------------------------------------------------


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in _RUN.finditer(text):
        groups = [(run.start() + g.start(), run.start() + g.end()) for g in _GROUP.finditer(run[0])]
        first = 0
        while first < len(groups):
            last = _card_from(text, groups, first)
            if last is not None:
                yield groups[first][0], groups[last][1]
            first = first + 1 if last is None else last + 1


def _card_from(text: str, groups: list[tuple[int, int]], first: int) -> int | None:
    """Return the last group of the longest card number that begins with group *first*."""
    found, digits = None, ""
    for last in range(first, len(groups)):
        digits += text[slice(*groups[last])]
        if len(digits) in CARD_DIGITS and _is_card(digits) and _stands_alone(text, groups[first][0], groups[last][1]):
            found = last
        if len(digits) >= CARD_DIGITS.stop or groups[last][1] - groups[last][0] < SMALLEST_GROUP:
            break  # only the last group of a card is small; groups of three are a sum
    return found


def _is_card(digits: str) -> bool:
    return bool(_CARD.fullmatch(digits)) and _luhn(digits)


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


def _stands_alone(text: str, start: int, end: int) -> bool:
    glued = (start and _GLUE_BEFORE.search(text, max(0, start - 2), start)) or _GLUE_AFTER.match(text, end)
    return not glued and not _CALLED.search(text[max(0, start - _BEFORE) : start])


# --- phones -----------------------------------------------------------------------------------------------------


def _phones(text: str) -> Iterator[tuple[int, int]]:
    for found in _PHONE.finditer(text):
        if _stands_alone(text, found.start(), found.end()) and _is_phone(
            found[0], text[found.end() : found.end() + _AFTER]
        ):
            yield found.span()


def _is_phone(number: str, after: str) -> bool:
    sizes = [len(group) for group in _GROUP.findall(number)]
    thousands = len(sizes) > 2 and "(" not in number and set(sizes[1:]) == {3}
    is_sum = _MONEY.match(after) is not None
    if number.startswith("+"):
        return not thousands or not (is_sum or sum(sizes) < RUSSIAN_DIGITS)
    digits = "".join(_GROUP.findall(number))
    return not is_sum and not thousands and bool(_AREA.match(digits)) and sizes[0] in (1, 4, RUSSIAN_DIGITS)
