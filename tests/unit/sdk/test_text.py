"""Plain text: markup goes, nothing that a person wrote is lost."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import plain_text, storable

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize(
    ("markup", "plain"),
    [
        ("<p>one</p><p>two</p>", "one\ntwo"),
        ("one<br>two<BR/>three<br />four", "one\ntwo\nthree\nfour"),
        ('<a href="https://e.example?a=1&amp;b=2">link</a> <b>bold</b>', "link bold"),
        ("<ul><li>one</li><li>two</li></ul>", "one\ntwo"),
        ("Tom &amp; Jerry &lt;3 &quot;x&quot; &#1041; &#x411; &nbsp;", 'Tom & Jerry <3 "x" Б Б'),
        ("&amp;quot;twice&amp;quot; &amp;amp;amp;", '"twice" &'),
        ("I <3 you", "I <3 you"),
        ("a < b and c > d, x<y", "a < b and c > d, x<y"),
        ("<Иван> wrote <vector>", "<Иван> wrote <vector>"),
        ("Если сумма<b и срок>d, то отказ", "Если сумма<b и срок>d, то отказ"),
        ("if sum<b and term>d, write <a or b>", "if sum<b and term>d, write <a or b>"),
        ("<span class='x y' data-id=5 >one</span ><img src=\"a>b\" alt='' />", "one"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("  inner  spaces \u200b stay \n", "inner  spaces \u200b stay"),
        ("", ""),
    ],
)
def test_markup_becomes_what_a_person_reads(markup: str, plain: str) -> None:
    assert plain_text(markup) == plain


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example/?id=1&region=5&currency=RUB&copy=2&section=3&notify=1&lang=ru",
        "R&D, AT&T, Q&A; fish&chips",
        "&unknown; &region; &copywriter; & &; &#; &#x; &#xZZ;",
    ],
)
def test_an_ampersand_that_begins_no_entity_stays(text: str) -> None:
    assert plain_text(text) == text
    assert plain_text(html.escape(text)) == text


@given(ANY.filter(lambda text: "<" not in text and "&" not in text))
def test_text_without_markup_loses_nothing_but_outer_space(text: str) -> None:
    assert plain_text(text) == text.replace("\r\n", "\n").replace("\r", "\n").strip()


@given(ANY)
def test_any_text_has_a_plain_form(text: str) -> None:
    plain = plain_text(text)
    assert plain == plain.strip()
    assert "\r" not in plain


@given(st.text(alphabet="аб <>3&;/\n"))
def test_what_was_escaped_once_comes_back(text: str) -> None:
    assert plain_text(html.escape(text)) == plain_text(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | ANY, lambda inner: st.lists(inner) | st.dictionaries(ANY, inner)
    )
)
def test_what_is_storable_can_be_written_and_is_else_the_same(value: object) -> None:
    kept = storable(value)
    written = repr(kept)
    assert "\x00" not in written.replace("\\x00", "\x00")
    written.encode()
    assert storable(kept) == kept


@given(st.text())
def test_text_that_can_be_stored_is_left_alone(text: str) -> None:
    assert storable(text) == text.replace("\x00", "\ufffd")


def test_each_odd_character_becomes_one_replacement() -> None:
    assert storable({"a\ud800": ["\x00b", 1, None]}) == {"a\ufffd": ["\ufffdb", 1, None]}
