"""Bitrix24's markup and plain text, both ways. Only its own tags are markup: ``[3 шт.]`` stays what a person wrote."""

import re

from hub.sdk import plain_text

_TAGS = (
    "b", "i", "u", "s", "br", "p", "left", "right", "center", "justify", "color", "size", "font", "quote", "code",
    "url", "img", "user", "chat", "context", "put", "send", "call", "list", "table", "tr", "td", "th", "h1", "h2",
    "h3", "disk", "video", "icon", "timestamp",
)  # fmt: skip
_NAMES = "|".join(_TAGS)
_URL = re.compile(r"\[url=([^\]\s]+)\](.*?)\[/url\]", re.IGNORECASE | re.DOTALL)
_IMAGE = re.compile(r"\[img[^\]]*\](.*?)\[/img\]", re.IGNORECASE | re.DOTALL)
_ITEM = re.compile(r"\[\*\]\s*")
_BREAK = re.compile(r"\[(?:br|/p|/list|/tr|/quote|/code|/h[1-3])\s*/?\]", re.IGNORECASE)
_CELL = re.compile(r"\[/t[dh]\]", re.IGNORECASE)
_TAG = re.compile(rf"\[/?(?:{_NAMES})(?:[ =][^\]]*)?/?\]", re.IGNORECASE)
_OPENING = re.compile(rf"\[(?=/?(?:{_NAMES})(?:[ =][^\]]*)?/?\]|\*\])", re.IGNORECASE)
_ZERO_WIDTH = "\u200b"


def to_text(markup: str) -> str:
    """Return *markup* as plain text: links keep their address, list items get a dash, unknown tags stay."""
    text = _URL.sub(_link, markup)
    text = _IMAGE.sub(lambda found: f" {found[1]} ", text)
    text = _BREAK.sub("\n", _ITEM.sub("\n- ", text))
    text = _TAG.sub("", _CELL.sub("\t", text))
    return plain_text(text)


def _link(found: re.Match[str]) -> str:
    address, label = found[1], found[2].strip()
    return address if label in ("", address) else f"{label} ({address})"


def escaped(text: str) -> str:
    """Return *text* so that nothing in it is markup: a zero-width space parts the bracket from what would be a tag."""
    return _OPENING.sub(f"[{_ZERO_WIDTH}", text)


def quoted(text: str) -> str:
    """Return *text* as a quotation."""
    return f"[QUOTE]{escaped(text)}[/QUOTE]"


def link(address: str, label: str) -> str:
    """Return a link; an address that would end the tag stays as it is."""
    return f"[URL={address}]{escaped(label)}[/URL]" if "]" not in address else f"{escaped(label)}: {address}"
