"""Rich text of both editions: any tree gives text, and what a person wrote comes back to the letter."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub_jira import assumed, compose, wiki
from hub_jira.adf import adf_to_text
from hub_jira.compose import text_to_adf
from hub_jira.tidy import tidy
from hub_jira.wiki import text_to_wiki, wiki_to_text

Node = dict[str, Any]

KINDS = (
    "paragraph heading codeBlock blockquote panel rule table tableRow tableHeader tableCell bulletList orderedList"
    " listItem taskList taskItem decisionList decisionItem expand nestedExpand mediaSingle mediaGroup media mediaInline"
    " text hardBreak mention emoji inlineCard blockCard embedCard date status placeholder layoutSection layoutColumn"
    " extension bodiedExtension inlineExtension nodeOfTomorrow"
).split()
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.text(alphabet="abcжю😡\u200b0", min_size=1, max_size=5).map(lambda word: f"W{word}W")


def nodes(content: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {"type": st.sampled_from(KINDS) | junk},
        optional={
            "content": st.lists(content, max_size=4) | junk,
            "attrs": st.dictionaries(
                st.sampled_from(["level", "order", "text", "url", "id", "timestamp", "state", "href", "data"]), junk
            )
            | junk,
            "text": st.text(max_size=6) | junk,
            "marks": junk | st.just([{"type": "link", "attrs": {"href": "https://example.org"}}, {"type": "strike"}]),
        },
    )


trees = st.recursive(junk, nodes, max_leaves=25)
lines = st.text(
    alphabet=st.characters(codec="utf-8") | st.sampled_from(list("-*#_[]{}|!\\~^+?&;.:()>` \n\n\n1hb/")), max_size=60
)
pieces = st.sampled_from(
    """# Title|## - x|- one|  - two|    deep|1. a|2. b|  3. c|> said|> - x|```py|```|x = 1|----|h1. no|bq. no|||a|b|
    |https://example.org/a_b*c?d=1#e|(https://example.org).|&#92;|&amp;|\\\\|{code}|{quote}|[~u1]|!a.png!|- - -|:)|(y)
    |[x] done|\t|*b*|_i_|-s-|\r\n|""".split("|")
)
texts = lines | st.lists(pieces, max_size=9).map("\n".join) | st.lists(pieces, max_size=6).map(" ".join)


def doc(*content: Node) -> Node:
    return {"version": 1, "type": "doc", "content": list(content)}


def text(words: str, *marks: Node) -> Node:
    return {"type": "text", "text": words, **({"marks": list(marks)} if marks else {})}


def node(kind: str, *content: Node, **attrs: Any) -> Node:
    return {"type": kind, **({"attrs": attrs} if attrs else {}), **({"content": list(content)} if content else {})}


def p(*content: Node | str) -> Node:
    return node("paragraph", *(text(one) if isinstance(one, str) else one for one in content))


# -- Atlassian Document Format into text ----------------------------------------------------------------------------


@given(trees)
def test_any_tree_gives_text(tree: Any) -> None:
    assert isinstance(adf_to_text(tree), str)


@given(st.data())
def test_no_text_of_a_known_or_unknown_node_is_lost(data: st.DataObject) -> None:
    said: list[str] = []

    def leaf() -> Node:
        said.append(f"{data.draw(WORDS)}{len(said)}.")
        return text(said[-1])

    def tree(depth: int) -> Node:
        kind = data.draw(st.sampled_from([k for k in KINDS if k not in LEAVES]))
        inner = [tree(depth - 1) if depth and data.draw(st.booleans()) else leaf() for _ in range(2)]
        return node(kind, *inner)

    result = "".join(adf_to_text(doc(tree(3))).split())
    assert all(words in result for words in said)


LEAVES = {
    "text", "hardBreak", "mention", "emoji", "inlineCard", "blockCard", "embedCard", "date", "status", "placeholder",
    "rule", "media", "mediaInline",
}  # fmt: skip


def test_a_tree_that_is_nested_without_end_keeps_its_words() -> None:
    tree = text("at the bottom")
    for _ in range(900):
        tree = node("blockquote", tree)
    assert "at the bottom" in adf_to_text(doc(tree))


LINK: Node = {"type": "link", "attrs": {"href": "https://example.org/a"}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([p("one"), p("two", node("hardBreak"), "three")], "one\n\ntwo\nthree"),
        ([node("heading", text("Case"), level=3), p("x")], "### Case\n\nx"),
        (
            [node("bulletList", node("listItem", p("a"), node("orderedList", node("listItem", p("b")), order=4)))],
            "- a\n  4. b",
        ),
        (
            [node("taskList", node("taskItem", text("do"), state="TODO"), node("taskItem", text("did"), state="DONE"))],
            "[ ] do\n[x] did",
        ),
        ([node("decisionList", node("decisionItem", text("pay back"), state="DECIDED"))], "[!] pay back"),
        ([p(text("bank", LINK), " and ", text("https://example.org/a", LINK))],
         "bank (https://example.org/a) and https://example.org/a"),
        ([p(text("half ", LINK), text("bold", LINK, {"type": "strong"}))], "half bold (https://example.org/a)"),
        ([p(node("mention", id="5b1", text="@Anna"), " ", node("mention", id="5b2"))], "@Anna @5b2"),
        ([p(node("emoji", shortName=":rage:", text="😡"), node("emoji", shortName=":own:"))], "😡:own:"),
        ([node("codeBlock", text("a = 1\n\nb"), language="py")], "```py\na = 1\n\nb\n```"),
        (
            [node("table", node("tableRow", node("tableHeader", p("day")), node("tableHeader", p("sum"))),
                  node("tableRow", node("tableCell", p("mon")), node("tableCell", p("5"), p("6"))))],
            "day | sum\nmon | 5 6",
        ),
        ([node("panel", p("do not call"), panelType="warning")], "[warning] do not call"),
        ([node("blockquote", p("he"), p("she"))], "> he\n> \n> she"),
        ([node("expand", p("inside"), title="More")], "More\ninside"),
        ([p(node("inlineCard", url="https://example.org/c")), node("blockCard", data={"name": "Card"})],
         "https://example.org/c\n\nCard"),
        ([node("mediaSingle", node("media", type="file", id="1", alt="slip.png"))], "[attachment: slip.png]"),
        ([node("mediaGroup", node("media", type="file", id="1"))], "[attachment]"),
        ([p(node("date", timestamp="1772841600000"), " ", node("status", text="WAIT", color="red"))],
         "2026-03-07 [WAIT]"),
        ([p(text("5000", {"type": "strike"}), text("2", {"type": "subsup", "attrs": {"type": "sup"}}))], "~~5000~~^2"),
        ([p("a"), node("rule"), p("b")], "a\n\n----\n\nb"),
        ([node("nodeOfTomorrow", p("kept")), node("anotherOne", text="too")], "kept\n\ntoo"),
        ([node("layoutSection", node("layoutColumn", p("l")), node("layoutColumn", p("r")))], "l\n\nr"),
    ],
)  # fmt: skip
def test_each_node_says_what_it_means(content: list[Node], said: str) -> None:
    assert adf_to_text(doc(*content)) == said


def test_nothing_and_plain_texts_are_taken_too() -> None:
    assert adf_to_text(None) == ""
    assert adf_to_text("as v2 sends it") == "as v2 sends it"
    assert adf_to_text(doc(p())) == ""


# -- text into Atlassian Document Format ----------------------------------------------------------------------------


@given(texts)
def test_text_to_adf_and_back_keeps_every_letter(words: str) -> None:
    made = text_to_adf(words)
    assert adf_to_text(made) == tidy(words)
    assert_valid(made)


@given(texts, st.booleans())
def test_a_quotation_is_to_the_letter_laid_out_or_not(words: str, laid_out: bool) -> None:
    made = doc(*compose.quoted(words, laid_out=laid_out))
    assert_valid(made)
    assert adf_to_text(made) == "\n".join(f"> {line}" for line in tidy(words).split("\n"))


def assert_valid(made: Node) -> None:
    """Hold *made* against what Jira refuses (sheet, section 12)."""
    waiting = [made]
    while waiting:
        one = waiting.pop()
        waiting += one.get("content", [])
        if one["type"] == "text":
            assert one["text"]
            assert "\n" not in one["text"] or "marks" not in one
        if one["type"] == "codeBlock":
            assert len(one["content"]) <= 1
            assert not any("marks" in child for child in one["content"])
        if one["type"] in ("bulletList", "orderedList"):
            assert one["content"]
            assert {child["type"] for child in one["content"]} == {"listItem"}
        if one["type"] == "listItem":
            assert one["content"][0]["type"] == "paragraph"
        if one["type"] == "heading":
            assert 1 <= one["attrs"]["level"] <= 6


def test_what_the_reader_writes_becomes_nodes_again() -> None:
    words = "# Case\n\n- a\n  - b\n    c\n- d\n\n3. x\n4. y\n\n> said\n> twice\n\n```py\na\n\nb\n```\n\n----\n\nend"
    made = text_to_adf(words)
    kinds = [one["type"] for one in made["content"]]
    assert kinds == ["heading", "bulletList", "orderedList", "blockquote", "codeBlock", "rule", "paragraph"]
    assert made["content"][2]["attrs"] == {"order": 3}
    assert adf_to_text(made) == words


def test_rows_of_as_many_cells_become_a_table_and_others_do_not() -> None:
    words = "Card | Sum\n4276 |  | 3\n\nCard | Sum\nlost | 100 руб.\n\neither | or"
    made = text_to_adf(words)
    assert [one["type"] for one in made["content"]] == ["paragraph", "table", "paragraph"]
    rows = made["content"][1]["content"]
    assert [[adf_to_text(cell) for cell in row["content"]] for row in rows] == [["Card", "Sum"], ["lost", "100 руб."]]
    assert adf_to_text(made) == words
    assert_valid(made)


def test_an_address_becomes_a_link_without_the_full_stop() -> None:
    content = text_to_adf("see https://example.org/a?b=1.")["content"][0]["content"]
    assert content == [text("see "), compose.link("https://example.org/a?b=1", "https://example.org/a?b=1"), text(".")]


def test_what_is_too_long_is_cut_with_a_note() -> None:
    said = adf_to_text(text_to_adf("я" * 40_000))
    assert len(said) == assumed.TEXT_CHARS
    assert said.endswith(assumed.CUT_NOTE)


# -- wiki markup ----------------------------------------------------------------------------------------------------


@given(texts)
def test_text_to_wiki_and_back_keeps_every_letter(words: str) -> None:
    assert wiki_to_text(text_to_wiki(words)) == tidy(words)


@given(texts)
def test_any_markup_gives_text(markup: str) -> None:
    assert isinstance(wiki_to_text(markup), str)


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("h2. Case\r\ntext", "## Case\ntext"),
        ("*bold* _it_ +ins+ {{mono}}", "bold it ins mono"),
        ("-old- 2^10^ a-b 5 - 6 x_y", "~~old~~ 2^10^ a-b 5 - 6 x_y"),
        ("* a\n** b\n*# c\n*# d\n# one\n# two", "- a\n  - b\n  1. c\n  2. d\n1. one\n2. two"),
        ("[bank|https://example.org/a] [https://example.org/b] https://example.org/c_d_e",
         "bank (https://example.org/a) https://example.org/b https://example.org/c_d_e"),
        ("[~ivanov] [~accountid:5b1] [^slip.pdf] !shot 1.png|width=600,height=300!",
         "@ivanov @5b1 [attachment: slip.pdf] [attachment: shot 1.png]"),
        ("{code:python}\na *b*\n{code}\nend", "```python\na *b*\n```\nend"),
        ("{noformat}\n- x\n{noformat}", "```\n- x\n```"),
        ("said {quote}one\n*two*{quote} he", "said\n> one\n> two\nhe"),
        ("bq. said", "> said"),
        ("{panel:title=Note|borderStyle=dashed}\ndo not call\n{panel}", "[Note] do not call"),
        ("||day||sum||\n|mon|[5|https://example.org/5]|", "day | sum\nmon | 5 (https://example.org/5)"),
        ("a\\\\b {color:red}red{color} \\*not bold\\* &#1103;", "a\nb red *not bold* я"),
        ("----", "----"),
        ("{unknown} [not a link] wow! so! 5*6*7", "{unknown} [not a link] wow! so! 5*6*7"),
    ],
)  # fmt: skip
def test_markup_says_what_it_means(markup: str, said: str) -> None:
    assert wiki_to_text(markup) == said


def test_a_quotation_in_markup_is_to_the_letter() -> None:
    words = "h1. не заголовок\n* [x|y] {code}!"
    assert wiki_to_text(wiki.quoted(words)) == "> h1. не заголовок\n> * [x|y] {code}!"
    assert wiki_to_text(wiki.link("ticket *1*", "https://example.org/t")) == "ticket *1* (https://example.org/t)"
