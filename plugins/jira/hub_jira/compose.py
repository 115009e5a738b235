"""Plain text into Atlassian Document Format: the other way of :mod:`hub_jira.adf`.

Blocks that :func:`hub_jira.adf.adf_to_text` writes (headings, lists, tables, quotes, code, rules) become such nodes
again where reading the node back gives the very same letters; everything else becomes paragraphs. So whatever a
person wrote stands in Jira to the letter.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hub_jira.adf import FENCE, RULE, adf_to_text
from hub_jira.tidy import URL, tidy

Adf = dict[str, Any]

_HEADING = re.compile(r"(#{1,6}) (\S[^\n]*)")
_CODE = re.compile(rf"{FENCE}([\w+#-]*)\n(.*)\n{FENCE}", re.DOTALL)
_ITEM = re.compile(r"(-|\d{1,9}\.) ")
_INDENT = "  "
_MOST_NESTED = 6
_IN_QUOTES = frozenset({"paragraph", "bulletList", "orderedList", "codeBlock"})


def text_to_adf(text: str) -> Adf:
    """Return the document that says *text*; ``adf_to_text`` of it gives ``tidy(text)``."""
    return {"version": 1, "type": "doc", "content": [_block(block) for block in _blocks(tidy(text))]}


def quoted(text: str, *, laid_out: bool = False) -> list[Adf]:
    """Return *text* as a quotation, to the letter.

    Nothing in it is taken for a heading or a list, unless it is *laid_out*: then lists and code become such nodes.
    """
    if not laid_out:
        return [{"type": "blockquote", "content": [_paragraph(part) for part in tidy(text).split("\n\n")]}]
    blocks = ((block, _block(block)) for block in _blocks(tidy(text)))
    content = [made if made["type"] in _IN_QUOTES else _paragraph(block) for block, made in blocks]
    return [{"type": "blockquote", "content": content}]


def paragraph(*parts: str | Adf) -> Adf:
    """Return one paragraph of texts and ready nodes."""
    content: list[Adf] = []
    for part in parts:
        content += _line(part) if isinstance(part, str) else [part]
    return {"type": "paragraph", "content": content}


def link(text: str, href: str) -> Adf:
    """Return *text* as a link to *href*."""
    return {"type": "text", "text": text, "marks": [{"type": "link", "attrs": {"href": href}}]}


def _blocks(text: str) -> list[str]:
    """Return what blank lines part; those inside a fence part nothing."""
    blocks: list[str] = []
    fence: list[str] = []
    for part in text.split("\n\n"):
        if fence:
            fence.append(part)
        elif part.startswith(FENCE) and not _CODE.fullmatch(part):
            fence = [part]
        else:
            blocks.append(part)
        if fence and part.endswith(f"\n{FENCE}"):
            blocks.append("\n\n".join(fence))
            fence = []
    return blocks + fence


def _block(text: str) -> Adf:
    for made in (_heading(text), _code(text), _quote(text), _list(text, 0), _table(text), _rule(text)):
        if made is not None and adf_to_text(made) == text:
            return made
    return _paragraph(text)


def _heading(text: str) -> Adf | None:
    found = _HEADING.fullmatch(text)
    if not found:
        return None
    return {"type": "heading", "attrs": {"level": len(found[1])}, "content": _line(found[2])}


def _code(text: str) -> Adf | None:
    found = _CODE.fullmatch(text)
    if not found:
        return None
    content = [{"type": "text", "text": found[2]}] if found[2] else []
    attrs = {"attrs": {"language": found[1]}} if found[1] else {}
    return {"type": "codeBlock", **attrs, "content": content}


def _quote(text: str) -> Adf | None:
    lines = text.split("\n")
    if not all(line.startswith("> ") for line in lines):
        return None
    inner = "\n".join(line[2:] for line in lines)
    return {"type": "blockquote", "content": [_list(part, 0) or _paragraph(part) for part in inner.split("\n\n")]}


def _rule(text: str) -> Adf | None:
    return {"type": "rule"} if text == RULE else None


def _table(text: str) -> Adf | None:
    """Return a table of two rows or more, as many cells in each; None where *text* is none."""
    rows = [line.split(" | ") for line in text.split("\n")]
    if len(rows) < 2 or len(rows[0]) < 2 or any(len(row) != len(rows[0]) for row in rows):
        return None
    return {
        "type": "table",
        "content": [{"type": "tableRow", "content": [_cell(cell) for cell in row]} for row in rows],
    }


def _cell(text: str) -> Adf:
    return {"type": "tableCell", "content": [_paragraph(text)]}


def _list(text: str, depth: int) -> Adf | None:
    """Return a list of one kind with what is indented below its items; None where *text* is none."""
    items = _items(text.split("\n"))
    if not items or depth > _MOST_NESTED:
        return None
    signs = [sign for sign, _ in items]
    content = [_list_item(lines, depth) for _, lines in items]
    if set(signs) == {"-"}:
        return {"type": "bulletList", "content": content}
    if "-" in signs:
        return None
    numbers = [int(sign[:-1]) for sign in signs]
    if any(after != before + 1 for before, after in pairwise(numbers)):
        return None
    attrs = {"attrs": {"order": numbers[0]}} if numbers[0] != 1 else {}
    return {"type": "orderedList", **attrs, "content": content}


def _items(lines: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return of each item its sign and its lines, without indentation; none where a line belongs to no item."""
    items: list[tuple[str, list[str]]] = []
    for line in lines:
        found = _ITEM.match(line)
        if found:
            items.append((found[1], [line[found.end() :]]))
        elif items and line.startswith(_INDENT):
            items[-1][1].append(line[len(_INDENT) :])
        else:
            return []
    return items


def _list_item(lines: Sequence[str], depth: int) -> Adf:
    nested = next((at for at, line in enumerate(lines[1:], 1) if _ITEM.match(line)), len(lines))
    inner = _list("\n".join(lines[nested:]), depth + 1)
    if inner is None:
        return {"type": "listItem", "content": [_paragraph("\n".join(lines))]}
    return {"type": "listItem", "content": [_paragraph("\n".join(lines[:nested])), inner]}


def _paragraph(text: str) -> Adf:
    return {"type": "paragraph", "content": _line(text)}


def _line(text: str) -> list[Adf]:
    """Return inline nodes: line ends as breaks, bare addresses as links, never an empty text."""
    nodes: list[Adf] = []
    for number, line in enumerate(text.split("\n")):
        nodes += [{"type": "hardBreak"}] if number else []
        nodes += _linked(line)
    return nodes


def _linked(line: str) -> list[Adf]:
    nodes: list[Adf] = []
    at = 0
    for found in URL.finditer(line):
        nodes += [*_plain(line[at : found.start()]), link(found[0], found[0])]
        at = found.end()
    return nodes + _plain(line[at:])


def _plain(text: str) -> list[Adf]:
    return [{"type": "text", "text": text}] if text else []
