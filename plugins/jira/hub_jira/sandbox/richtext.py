"""Texts as each edition holds them, beside what a person reads; what Jira refuses of a document (sheet, section 12).

The readable forms follow the signs that the connector's README names; nothing here is the connector's.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from .model import CLOUD, Rich

Adf = dict[str, Any]
Form = tuple[Adf, str, "str | tuple[str, str]"]
"""A document, markup, and what a person reads: in both editions, or in Cloud and in Data Center."""
SPECIAL = re.compile(r"([{}\[\]*_!|^~+#?-])")
INLINE = {"text", "hardBreak", "mention", "emoji", "inlineCard", "date", "status", "mediaInline", "inlineExtension"}
BLOCKS = {
    "paragraph", "heading", "bulletList", "orderedList", "taskList", "decisionList", "codeBlock", "blockquote", "rule",
    "panel", "table", "expand", "nestedExpand", "mediaSingle", "mediaGroup", "blockCard", "embedCard", "extension",
    "bodiedExtension", "layoutSection", "multiBodiedExtension",
}  # fmt: skip


def plain(text: str, edition: str) -> Rich:
    """Return *text* with nothing odd about its form."""
    return Rich(document(text) if edition == CLOUD else escaped(text), text)


def document(text: str, *after: Adf) -> Adf:
    """Return paragraphs, and *after* them."""
    paragraphs = [block("paragraph", *_broken(part)) for part in re.split(r"\n{2,}", text)]
    return {"version": 1, "type": "doc", "content": [*paragraphs, *after]}


def escaped(text: str) -> str:
    """Return *text* with every sign of the markup escaped."""
    return SPECIAL.sub(r"\\\1", text)


def block(kind: str, *content: Adf, **attrs: Any) -> Adf:
    node: Adf = {"type": kind}
    if attrs:
        node["attrs"] = attrs
    if content:
        node["content"] = list(content)
    return node


def words(text: str, *marks: Adf) -> Adf:
    return {"type": "text", "text": text, **({"marks": list(marks)} if marks else {})}


def _broken(text: str) -> list[Adf]:
    nodes: list[Adf] = []
    for number, line in enumerate(text.split("\n")):
        nodes += [{"type": "hardBreak"}] if number else []
        nodes += [words(line)] if line else []
    return nodes


LINK = {"type": "link", "attrs": {"href": "https://example.org/card"}}


def _listed(text: str) -> Form:
    items = [block("listItem", block("paragraph", words(one))) for one in ("дата", "сумма")]
    inner = block("bulletList", block("listItem", block("paragraph", words("в рублях"))))
    items[1]["content"].append(inner)
    return (
        document(text, block("bulletList", *items)),
        f"{escaped(text)}\n* дата\n* сумма\n** в рублях",
        f"{text}\n- дата\n- сумма\n  - в рублях",
    )


def _numbered(text: str) -> Form:
    items = [block("listItem", block("paragraph", words(one))) for one in ("позвонить", "вернуть")]
    return (
        document(text, block("orderedList", *items, order=1)),
        f"{escaped(text)}\n# позвонить\n# вернуть",
        f"{text}\n1. позвонить\n2. вернуть",
    )


def _mentioning(text: str) -> Form:
    person = block("mention", id="5b109f2e9729b51b54dc274d", text="@Анна Белова")
    made = document(text, block("paragraph", person, words(" посмотри")))
    said = (f"{text}\n@Анна Белова посмотри", f"{text}\n@belova посмотри")
    return made, f"{escaped(text)}\n[~belova] посмотри", said


def _linked(text: str) -> Form:
    made = document(
        text,
        block("paragraph", words("карточка", LINK), words(" и "), block("inlineCard", url="https://example.org/c")),
    )
    said = f"{text}\nкарточка (https://example.org/card) и https://example.org/c"
    return made, f"{escaped(text)}\n[карточка|https://example.org/card] и https://example.org/c", said


def _quoting(text: str) -> Form:
    made = document("Клиент пишет:", block("blockquote", *document(text)["content"]))
    lines = "\n".join(f"> {line}" for line in text.split("\n"))
    return made, f"Клиент пишет:\n{{quote}}{escaped(text)}{{quote}}", f"Клиент пишет:\n{lines}"


def _coded(text: str) -> Form:
    made = document(text, block("codeBlock", words("a = {1}\n\nb = *2*"), language="python"))
    wiki = f"{escaped(text)}\n{{code:python}}\na = {{1}}\n\nb = *2*\n{{code}}"
    return made, wiki, f"{text}\n```python\na = {{1}}\n\nb = *2*\n```"


def _tabled(text: str) -> Form:
    head = block("tableRow", *(block("tableHeader", block("paragraph", words(one))) for one in ("день", "сумма")))
    row = block("tableRow", *(block("tableCell", block("paragraph", words(one))) for one in ("пн", "500")))
    return (
        document(text, block("table", head, row)),
        f"{escaped(text)}\n||день||сумма||\n|пн|500|",
        f"{text}\nдень | сумма\nпн | 500",
    )


def _marked(text: str) -> Form:
    made = document(text, block("paragraph", words("важно", {"type": "strong"}), words(" старое", {"type": "strike"})))
    said = (f"{text}\nважно~~ старое~~", f"{text}\nважно ~~старое~~")
    return made, f"{escaped(text)}\n*важно* -старое-", said


def _pictured(text: str) -> Form:
    shot = block("mediaSingle", block("media", type="file", id="m-1", collection="", alt="чек 1.png"))
    return document(text, shot), f"{escaped(text)}\n!чек 1.png|width=300!", f"{text}\n[attachment: чек 1.png]"


def _of_tomorrow(text: str) -> Form:
    made = document("", block("nodeOfTomorrow", *document(text)["content"], colour="blue"))
    return made, f"{{color:blue}}{escaped(text)}{{color}}", text


def _shaped(make: Callable[[str], Form]) -> Callable[[str, str], Rich]:
    def shape(text: str, edition: str) -> Rich:
        adf, wiki, said = make(text)
        cloud, server = said if isinstance(said, tuple) else (said, said)
        return Rich(adf, cloud) if edition == CLOUD else Rich(wiki, server)

    return shape


FORMS = tuple(
    map(
        _shaped, (_listed, _numbered, _mentioning, _linked, _quoting, _coded, _tabled, _marked, _pictured, _of_tomorrow)
    )
)


def formed(text: str, edition: str, chance: random.Random) -> Rich:
    """Return *text* in one of the odd forms."""
    return chance.choice(FORMS)(text, edition)


def refusal(node: Any, depth: int = 0) -> str | None:
    """Return why Jira does not take *node* as a document, None where it does."""
    if depth == 0 and not (isinstance(node, dict) and node.get("type") == "doc" and node.get("version") == 1):
        return "Operation value must be an Atlassian Document (see the Atlassian Document Format)"
    if not isinstance(node, dict):
        return "INVALID_INPUT"
    kind, content = node.get("type"), node.get("content", [])
    if kind == "text" and (not isinstance(node.get("text"), str) or not node["text"]):
        return "INVALID_INPUT"
    if depth == 1 and kind not in BLOCKS:
        return "INVALID_INPUT"
    if kind in {"bulletList", "orderedList"} and ({one.get("type") for one in content} != {"listItem"}):
        return "INVALID_INPUT"
    if kind == "codeBlock" and any(one.get("type") != "text" or "marks" in one for one in content):
        return "INVALID_INPUT"
    if kind in {"paragraph", "heading"} and any(one.get("type") not in INLINE for one in content):
        return "INVALID_INPUT"
    return next((why for one in content if (why := refusal(one, depth + 1))), None)


def letters(body: Any) -> str:
    """Return the words of a document or a markup, for the ledger of what a client wrote."""
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    own = body.get("text") if body.get("type") == "text" else "\n" if body.get("type") == "hardBreak" else ""
    return f"{own or ''}{''.join(letters(one) for one in body.get('content', []))}" + (
        "\n" if body.get("type") in BLOCKS else ""
    )
