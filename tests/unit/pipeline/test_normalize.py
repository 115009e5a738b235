"""One bad record never stops a page: it is set aside with its bytes and a short reason, the others go on."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.pipeline.normalize import normalize, original_bytes, record_of
from hub.sdk import Change, Draft, Read, Record, RecordError, Response, TicketDraft
from hub.store import Rejected
from hub.testing.probes import flat
from tests.unit.pipeline.script import NOW, Far, Script, get, poll, source


def normalized(
    *records: Record, says: Callable[[Record], Any] | None = None, unclean: bool = False
) -> tuple[list[Draft], list[Rejected]]:
    class Saying(Script):
        def normalize(self, record: Record, read: Read) -> Any:
            return says(record) if says else super().normalize(record, read)

    return normalize(source(Far(), Saying), records, poll(), unclean=unclean)


def draft(record: Record, **facts: Any) -> TicketDraft:
    values = {"source_id": record["id"], "created_at": NOW, **facts}
    return TicketDraft.of(kind="mention", platform="p", **values)


def ids(drafts: list[Draft]) -> list[str]:
    return [item.source_id for item in flat(drafts)]


@pytest.mark.parametrize(
    "junk", [None, "text", "", 7, 1.5, True, [], {}, [[]], {"id": None}, {"id": {}}, {"id": True}, {"id": ""}]
)
def test_junk_between_good_records_is_set_aside_alone(junk: Record) -> None:
    drafts, rejected = normalized({"id": 1}, junk, {"id": 2})
    assert ids(drafts) == ["1", "2"]
    assert [record_of(item.body) for item in rejected] == [junk]


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(), st.lists))
def test_whatever_json_a_record_is_the_page_goes_on(junk: Record) -> None:
    drafts, rejected = normalized({"id": 1}, {"id": junk}, junk, {"id": 2})
    assert (ids(drafts)[0], ids(drafts)[-1]) == ("1", "2")
    assert len(drafts) + len(rejected) == 4


@pytest.mark.parametrize("error", [KeyError("created"), RecordError("no date"), RecursionError(), ZeroDivisionError()])
def test_whatever_a_connector_raises_concerns_that_record_alone(error: Exception) -> None:
    def says(record: Record) -> Draft:
        if record["id"] == 2:
            raise error
        return draft(record)

    drafts, rejected = normalized({"id": 1}, {"id": 2}, {"id": 3}, says=says)
    assert (ids(drafts), [item.body for item in rejected]) == (["1", "3"], [b'{"id":2}'])


def test_a_record_that_says_nothing_is_no_dead_letter() -> None:
    assert normalized({"id": 1}, says=lambda record: None) == ([], [])


@pytest.mark.parametrize("wrong", ["text", 7, object(), {"source_id": 1}, [draft({"id": 1}), "text"]])
def test_what_is_no_draft_is_told_to_the_connectors_author(wrong: Any) -> None:
    drafts, [rejected] = normalized({"id": 1}, says=lambda record: wrong)
    assert drafts == []
    assert rejected.reason.startswith(("normalize returned a str; it must return drafts", "TypeError: "))


def test_several_drafts_and_changes_of_one_record_keep_their_order() -> None:
    change = Change(source_id="9", hidden=True)
    drafts, _ = normalized({"id": 1}, says=lambda record: [draft(record), change])
    assert ids(drafts) == ["1", "9"]


def test_drafts_that_are_yielded_are_not_lost() -> None:
    def says(record: Record) -> Iterator[Draft]:
        yield draft(record)
        yield draft({"id": 2})

    assert ids(normalized({"id": 1}, says=says)[0]) == ["1", "2"]


# --- bytes ----------------------------------------------------------------------------------------------------------


def test_odd_characters_are_replaced_in_drafts_and_kept_in_dead_letters() -> None:
    page = Response(200, {}, b'[{"id": 1, "text": "a\\ud800b\\u0000c"}, {"text": "\\udfff \\u0000"}]', get("/first"))
    drafts, [rejected] = normalized(*page.json(), unclean=page.unclean)
    [kept] = drafts
    assert isinstance(kept, TicketDraft)
    assert kept.messages[0].body == "a\ufffdb\ufffdc"
    assert record_of(rejected.body) == {"text": "\udfff \x00"}
    assert b"\\udfff \\u0000" in rejected.body


def test_odd_characters_in_names_of_fields_are_replaced_too() -> None:
    seen: list[Any] = []
    normalized({"\ud800": {"a": ["\x00"]}}, says=seen.append, unclean=True)
    assert seen == [{"\ufffd": {"a": ["\ufffd"]}}]


@given(st.recursive(st.none() | st.integers() | st.text(st.characters(exclude_categories=())), st.lists))
def test_a_record_comes_back_from_its_bytes_as_it_was(record: Record) -> None:
    assert record_of(original_bytes(record)) == record


@pytest.mark.parametrize("depth", [300, 1000])
def test_a_record_nested_beyond_measure_is_set_aside_alone(depth: int) -> None:
    deep = orjson.loads(b"[" * depth + b"]" * depth)
    drafts, [rejected] = normalized({"id": 1}, deep)
    assert ids(drafts) == ["1"]
    assert rejected.body.count(b"[") == depth or b"the original page holds it" in rejected.body


# --- reasons --------------------------------------------------------------------------------------------------------


def test_a_validation_error_is_told_in_a_line_without_the_values() -> None:
    def says(record: Record) -> Draft:
        secret = "private words of a person"
        facts = {"created_at": secret, "rating": 99, "body": [secret], "language": {}, "reach": secret}
        return draft(record, **facts)

    _, [rejected] = normalized({"id": 1}, says=says)
    assert "private words" not in rejected.reason
    assert "\n" not in rejected.reason
    assert rejected.reason.startswith("MessageDraft: created_at: ")
    assert "rating: Input should be less than or equal to 5" in rejected.reason
    assert rejected.reason.endswith("(and 1 more)")


def test_a_record_error_is_told_in_its_own_words_and_others_by_name() -> None:
    reasons = []
    for error in (RecordError("no date"), KeyError("created")):

        def says(record: Record, error: Exception = error) -> Draft:
            raise error

        reasons.append(normalized({"id": 1}, says=says)[1][0].reason)
    assert reasons == ["no date", "KeyError: 'created'"]
