"""Atlassian Document Format into plain text: vendor sheet, section 12.

Every tree gives text, whatever its shape: a node that is not known gives what its children say, and what is no node
gives nothing. Blocks are parted by a blank line, lines within a block by a line end. What carries meaning beside the
letters is written in signs: ``#`` headings, ``-`` and ``1.`` lists, ``[ ]`` and ``[x]`` tasks, ``[!]`` decisions, ``>``
quotes, a fence around code, ``|`` between cells, ``~~struck out~~``. Emphasis and colours are left out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

ATTACHMENT = "[attachment]"
FENCE = "```"
RULE = "----"

_DEEPEST = 60  # levels that are laid out; what lies deeper gives its letters alone
_INDENT = "  "
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MARKS = {"strike": ("~~", "~~"), "sup": ("^", ""), "sub": ("_", "")}

Node = Mapping[str, Any]


def adf_to_text(document: Any) -> str:
    """Return what *document* says; a text is returned as it is, and what is neither says nothing."""
    if isinstance(document, str):
        return document
    return _block(document, 0) if isinstance(document, Mapping) else _stack(_nodes(document), 0)


def _nodes(content: Any) -> list[Node]:
    return [node for node in content if isinstance(node, Mapping)] if isinstance(content, list | tuple) else []


def _children(node: Node) -> list[Node]:
    return _nodes(node.get("content"))


def _attrs(node: Node) -> Mapping[str, Any]:
    attrs = node.get("attrs")
    return attrs if isinstance(attrs, Mapping) else {}


def _attr(node: Node, *names: str) -> str:
    """Return the first of the attributes *names* that is a text or a number; empty when none is."""
    attrs = _attrs(node)
    for name in names:
        value = attrs.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


def _kind(node: Node) -> str:
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


# --- blocks -------------------------------------------------------------------------------------------------------


def _stack(nodes: Iterable[Node], depth: int, between: str = "\n\n") -> str:
    """Return blocks one below the other; runs of inline nodes among them are a block of their own."""
    blocks = []
    for inline, run in groupby(nodes, key=_is_inline):
        if inline:
            blocks.append(_line(run, depth))
        else:
            blocks.extend(_block(node, depth) for node in run)
    return between.join(blocks)


def _is_inline(node: Node) -> bool:
    return _kind(node) in _INLINE


def _block(node: Node, depth: int) -> str:
    if depth > _DEEPEST:
        return _letters(node)
    if _is_inline(node):
        return _line([node], depth)
    render = _BLOCKS.get(_kind(node), _any)
    return render(node, depth + 1)


def _any(node: Node, depth: int) -> str:
    """Return what a node says that holds blocks, or lines, or is not known at all."""
    children = _children(node)
    if not children:
        text = node.get("text")
        return text if isinstance(text, str) else _attr(node, "text", "title", "url", "shortName")
    return _stack(children, depth)


def _heading(node: Node, depth: int) -> str:
    level = _attrs(node).get("level")
    signs = level if type(level) is int and 1 <= level <= 6 else 1
    return f"{'#' * signs} {_line(_children(node), depth)}"


def _code(node: Node, depth: int) -> str:
    return f"{FENCE}{_attr(node, 'language')}\n{_line(_children(node), depth)}\n{FENCE}"


def _quote(node: Node, depth: int) -> str:
    return _prefixed("> ", _stack(_children(node), depth))


def _panel(node: Node, depth: int) -> str:
    return f"[{_attr(node, 'panelType') or 'info'}] {_stack(_children(node), depth)}"


def _expand(node: Node, depth: int) -> str:
    return "\n".join(filter(None, [_attr(node, "title"), _stack(_children(node), depth)]))


def _table(node: Node, depth: int) -> str:
    return "\n".join(_row(row, depth) for row in _children(node))


def _row(node: Node, depth: int) -> str:
    cells = (_inside(cell, depth) for cell in _children(node) or [node])
    return " | ".join(" ".join(cell.split("\n")) for cell in cells)


def _inside(node: Node, depth: int) -> str:
    """Return what an item or a cell holds; a node that stands where one should is taken for it."""
    children = _children(node)
    return _stack(children, depth, "\n") if children else _block(node, depth)


def _media(node: Node, depth: int) -> str:
    """Return where a file stands; its link is among the attachments."""
    if _kind(node) not in ("media", "mediaInline"):
        return "\n".join(_block(child, depth) for child in _children(node)) or ATTACHMENT
    name, url = _attr(node, "alt", "__fileName"), _attr(node, "url")
    told = f"{name} ({url})" if name and url else name or url
    return f"[attachment: {told}]" if told else ATTACHMENT


def _list(sign: Callable[[Node, int], str]) -> Callable[[Node, int], str]:
    def render(node: Node, depth: int) -> str:
        lines = []
        for number, item in enumerate(_children(node)):
            if _kind(item).endswith("List"):  # a task list may lie between the items of another
                lines.append(_prefixed(_INDENT, _block(item, depth)))
            else:
                lines.append(_item(sign(node, number), item, depth))
        return "\n".join(lines)

    return render


def _item(sign: str, item: Node, depth: int) -> str:
    mark = sign or _state(item)
    first, *rest = _inside(item, depth).split("\n")
    return "\n".join([f"{mark} {first}", *(_INDENT + line for line in rest)])


def _state(item: Node) -> str:
    if _kind(item) == "decisionItem":
        return "[!]"
    return "[x]" if _attrs(item).get("state") == "DONE" else "[ ]"


def _number(node: Node, number: int) -> str:
    order = _attrs(node).get("order")
    return f"{(order if type(order) is int and order >= 0 else 1) + number}."


def _prefixed(sign: str, text: str) -> str:
    return "\n".join(sign + line for line in text.split("\n"))


_BLOCKS: Mapping[str, Callable[[Node, int], str]] = {
    "paragraph": lambda node, depth: _line(_children(node), depth),
    "heading": _heading,
    "codeBlock": _code,
    "blockquote": _quote,
    "panel": _panel,
    "expand": _expand,
    "nestedExpand": _expand,
    "rule": lambda _node, _depth: RULE,
    "table": _table,
    "bulletList": _list(lambda _node, _number: "-"),
    "orderedList": _list(_number),
    "taskList": _list(lambda _node, _number: ""),
    "decisionList": _list(lambda _node, _number: ""),
    "media": _media,
    "mediaSingle": _media,
    "mediaGroup": _media,
    "blockCard": lambda node, _depth: _card(node),
    "embedCard": lambda node, _depth: _card(node),
}


# --- lines --------------------------------------------------------------------------------------------------------


def _line(nodes: Iterable[Node], depth: int) -> str:
    """Return inline nodes one after the other; neighbours with the same link are one link."""
    parts = []
    for href, run in groupby(nodes, key=_href):
        text = "".join(_inline(node, depth) for node in run)
        parts.append(f"{text} ({href})" if href and text.strip() not in ("", href) else text or href)
    return "".join(parts)


def _inline(node: Node, depth: int) -> str:
    render = _INLINE.get(_kind(node))
    return render(node) if render else _block(node, depth + 1)


def _text(node: Node) -> str:
    text = node.get("text")
    if not isinstance(text, str):
        return ""
    for mark in _nodes(node.get("marks")):
        kind = _attr(mark, "type") if _kind(mark) == "subsup" else _kind(mark)
        before, after = _MARKS.get(kind, ("", ""))
        text = f"{before}{text}{after}"
    return text


def _href(node: Node) -> str:
    return next((_attr(mark, "href") for mark in _nodes(node.get("marks")) if _kind(mark) == "link"), "")


def _mention(node: Node) -> str:
    return _attr(node, "text") or (f"@{_attr(node, 'id')}" if _attr(node, "id") else "")


def _card(node: Node) -> str:
    data = _attrs(node).get("data")
    inner = data if isinstance(data, Mapping) else {}
    return _attr(node, "url") or next((inner[key] for key in ("url", "name") if isinstance(inner.get(key), str)), "")


def _date(node: Node) -> str:
    stamp = _attr(node, "timestamp")
    try:
        return (_EPOCH + timedelta(milliseconds=int(stamp))).date().isoformat()
    except (ValueError, OverflowError):
        return stamp


_INLINE: Mapping[str, Callable[[Node], str]] = {
    "text": _text,
    "hardBreak": lambda _node: "\n",
    "mention": _mention,
    "emoji": lambda node: _attr(node, "text", "shortName", "fallback"),
    "inlineCard": _card,
    "date": _date,
    "status": lambda node: f"[{_attr(node, 'text')}]" if _attr(node, "text") else "",
    "placeholder": lambda node: _attr(node, "text"),
    "mediaInline": lambda node: _media(node, 0),
}


def _letters(node: Node) -> str:
    """Return every text below *node*, without recursion."""
    found: list[str] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        found.append(_INLINE[_kind(one)](one) if _is_inline(one) else "")
        waiting.extend(reversed(_children(one)))
    return "".join(found)
