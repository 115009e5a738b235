"""Jira's wiki markup into plain text and back: bodies of Data Center, and of Cloud where something still speaks v2.

Vendor sheet, section 12. The text has the signs of :mod:`hub_jira.adf`. Any text can be read; what only looks like
markup stays as it is.
"""

import html
import re
from collections.abc import Callable

from hub_jira.adf import FENCE, RULE
from hub_jira.tidy import URL, tidy

_VERBATIM = re.compile(
    r"(?<!\\)\{(?P<kind>code|noformat)(?::(?P<options>[^{}\n]*))?\}\n?(?P<code>.*?)\n?\{(?P=kind)\}", re.DOTALL
)
_FRAMED = re.compile(
    r"(?<!\\)\{(?P<kind>quote|panel)(?::(?P<options>[^{}\n]*))?\}\n?(?P<inner>.*?)\n?(?<!\\)\{(?P=kind)\}", re.DOTALL
)
_TITLE = re.compile(r"title=([^|{}\n]*)")
_LANGUAGE = re.compile(r"(?:language=)?([A-Za-z][\w+#-]*)(?:\||$)")

_HEADING = re.compile(r"\s*h([1-6])\.\s+(.*)")
_ITEM = re.compile(r"\s*([*#]+|-+)\s+(.*)")
_RULE = re.compile(r"\s*-{4,5}\s*")
_ROW = re.compile(r"\s*(\|\|?)(.*?)\|{1,2}\s*")
_QUOTE = re.compile(r"\s*bq\.\s+(.*)")
_DEEPEST = 20

_SPAN = r"(?=\S)(?P<{name}>[^{sign}\n]{{1,2000}}?)(?<=\S){sign}(?![\w{sign}])"


def _span(name: str, sign: str) -> str:
    return rf"(?<![\w{sign}]){sign}" + _SPAN.format(name=name, sign=sign)


_INLINE = re.compile(
    "|".join(
        (
            r"(?P<line_break>\\\\)",
            r"\\(?P<escaped>[{}\[\]()*_!|^~+\-?#])",
            r"(?P<entity>&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|nbsp);)",
            f"(?P<address>{URL.pattern})",
            r"\[~(?:accountid:)?(?P<person>[^\[\]|\n]+)\]",
            r"\[\^(?P<file>[^\[\]|\n]+)\]",
            r"\[(?P<words>[^\[\]|\n]+)\|(?P<target>[^\[\]|\n]+)(?:\|[^\[\]\n]*)?\]",
            r"\[(?P<bare>(?:https?|ftp|mailto|file):[^\[\]|\n]+)\]",
            r"!(?P<image>https?://[^!|\s]+|[^!|\s][^!|\n]{0,250}\.\w{1,5})(?:\|[^!\n]*)?!",
            r"\{\{(?P<mono>[^\n]+?)\}\}",
            r"(?P<macro>\{(?:color|anchor|expand|section|column|align)(?::[^{}\n]*)?\})",
            _span("strong", r"\*"),
            _span("em", "_"),
            _span("inserted", r"\+"),
            _span("struck", "-"),
            _span("over", r"\^"),
            _span("under", "~"),
        )
    )
)


def wiki_to_text(markup: str) -> str:
    """Return what *markup* says."""
    return _blocks(markup.replace("\r\n", "\n").replace("\r", "\n"), 0)


def _blocks(markup: str, depth: int) -> str:
    """Return the text of *markup*: verbatim parts and frames on lines of their own, the lines between them read."""
    pattern = _VERBATIM if depth % 2 == 0 else _FRAMED
    if depth > _DEEPEST:
        return _lines(markup)
    read = _lines if depth % 2 else lambda rest: _blocks(rest, depth + 1)
    parts: list[tuple[bool, str]] = []
    at = 0
    for found in pattern.finditer(markup):
        parts += [(False, read(markup[at : found.start()])), (True, _framed(found, depth))]
        at = found.end()
    return _joined([*parts, (False, read(markup[at:]))])


def _joined(parts: list[tuple[bool, str]]) -> str:
    """Return *parts* one after the other; a block begins and ends at a line's end."""
    text, after_block = "", False
    for is_block, part in parts:
        if not part:
            continue
        if text and (is_block or after_block) and not text.endswith("\n") and not part.startswith("\n"):
            text, part = text.rstrip(" "), "\n" + part.lstrip(" ")
        text += part
        after_block = is_block
    return text


def _framed(found: re.Match[str], depth: int) -> str:
    kind, options = found["kind"], found["options"] or ""
    if kind in ("code", "noformat"):
        language = _LANGUAGE.match(options) if kind == "code" else None
        return f"{FENCE}{language[1] if language else ''}\n{found['code']}\n{FENCE}"
    inner = _blocks(found["inner"], depth + 1)
    if kind == "quote":
        return "\n".join(f"> {line}" for line in inner.split("\n"))
    title = _TITLE.search(options)
    return f"[{title[1].strip() if title else 'info'}] {inner}"


def _lines(markup: str) -> str:
    numbers: list[tuple[str, int]] = []
    return "\n".join(_line(line, numbers) for line in markup.split("\n"))


def _line(line: str, numbers: list[tuple[str, int]]) -> str:
    """Return one line read; *numbers* has of each level of an open list its sign and how many items it has."""
    item = _ITEM.fullmatch(line)
    if item and (len(item[1]) < 4 or item[1][0] != "-"):
        return _item(item[1], item[2], numbers)
    numbers.clear()
    heading, quote, row = _HEADING.fullmatch(line), _QUOTE.fullmatch(line), _ROW.fullmatch(line)
    if heading:
        return f"{'#' * int(heading[1])} {_inline(heading[2])}"
    if quote:
        return f"> {_inline(quote[1])}"
    if row:
        return " | ".join(_inline(cell.strip()) for cell in _cells(row[2]))
    return RULE if _RULE.fullmatch(line) else _inline(line)


def _item(signs: str, text: str, numbers: list[tuple[str, int]]) -> str:
    level = len(signs)
    del numbers[level:]
    numbers.extend([("", 0)] * (level - len(numbers)))
    sign, number = numbers[-1]
    numbers[-1] = (signs[-1], number + 1 if sign == signs[-1] else 1)
    sign = f"{numbers[-1][1]}." if signs[-1] == "#" else "-"
    return f"{'  ' * (level - 1)}{sign} {_inline(text)}"


def _cells(row: str) -> list[str]:
    """Return the cells of a row; the bar within a link or behind a backslash parts nothing."""
    cells = re.split(r"(?<!\\)\|\|?(?![^\[\]\n]*\])", row)
    return cells or [row]


def _inline(text: str, depth: int = 0) -> str:
    if depth > _DEEPEST:
        return text
    return _INLINE.sub(lambda found: _said(found, depth), text)


def _said(found: re.Match[str], depth: int) -> str:
    name = found.lastgroup or ""
    if name == "target":
        words, target = _inline(found["words"], depth + 1), found["target"]
        return target if words == target else f"{words} ({target})"
    return _SAID[name](found[name], depth)


_Say = Callable[[str, int], str]


def _within(before: str = "", after: str = "") -> _Say:
    return lambda text, depth: before + _inline(text, depth + 1) + after


_SAID: dict[str, _Say] = {
    "line_break": lambda _text, _depth: "\n",
    "escaped": lambda text, _depth: text,
    "entity": lambda text, _depth: html.unescape(text),
    "address": lambda text, _depth: text,
    "person": lambda text, _depth: f"@{text}",
    "file": lambda text, _depth: f"[attachment: {text}]",
    "bare": lambda text, _depth: text.removeprefix("mailto:"),
    "image": lambda text, _depth: f"[attachment: {text}]",
    "mono": lambda text, _depth: text,
    "macro": lambda _text, _depth: "",
    "strong": _within(),
    "em": _within(),
    "inserted": _within(),
    "struck": _within("~~", "~~"),
    "over": _within("^"),
    "under": _within("_"),
}


# --- the other way ------------------------------------------------------------------------------------------------

_SPECIAL = re.compile(
    r"[{}\[\]*!|]"  # means something wherever it stands
    r"|(?<!\w)[_^~+-]|[_^~+-](?!\w)"  # may begin or end a span, an item, a rule
    r"|#(?=[\s*#-])|\?(?=\?)"
    r"|\((?=(?:[ynix/!+?*-]|on|off)\))|(?<=[:;])[()]|(?<=[:;]-)[()]"  # would become a small picture
)
_BACKSLASH, _AMPERSAND = "&#92;", "&#38;"
_LEADING = re.compile(r"(?m)^([^\S\n]*)([hb])(?=(?<=h)[1-6]\.|(?<=b)q\.)")


def text_to_wiki(text: str) -> str:
    """Return markup that shows *text* to the letter; ``wiki_to_text`` of it gives ``tidy(text)``."""
    clean = tidy(text)
    parts = []
    at = 0
    for found in URL.finditer(clean):
        parts += [_escaped(clean[at : found.start()]), found[0]]
        at = found.end()
    return _LEADING.sub(lambda m: f"{m[1]}&#{ord(m[2])};", "".join([*parts, _escaped(clean[at:])]))


def quoted(text: str) -> str:
    """Return *text* as a quotation, to the letter."""
    return f"{{quote}}\n{text_to_wiki(text)}\n{{quote}}"


def link(text: str, href: str) -> str:
    """Return *text* as a link to *href*."""
    return f"[{text_to_wiki(text)}|{href}]"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\g<0>", text.replace("&", _AMPERSAND).replace("\\", _BACKSLASH))
