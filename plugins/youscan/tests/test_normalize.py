"""A mention becomes a ticket draft; sections are those of the vendor sheet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import Change, Read, RecordError, TicketDraft
from hub_youscan.connector import YouScan, YouScanConfig
from hub_youscan.mention import instant, ticket

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def mention(**fields: Any) -> dict[str, Any]:
    return {"id": "31", "seq": 5, "published": "2026-11-19T08:15:30+00:00", "source": "vk.com", **fields}


def read(mode: Any = "poll", name: str = "", **window: Any) -> Read:
    return Read("101", mode, NOW, name=name, **window)


def connector() -> YouScan:
    return YouScan(YouScanConfig(connector="youscan", api_key="kept-secret"))


def message(**fields: Any) -> Any:
    return ticket(mention(**fields), "101").messages[0]


ANNA = {"profileId": "55501", "url": "https://vk.com/id55501", "name": "Анна", "nickname": "anna", "subscribers": 214}


# --- conversation, author, post (section 17) --------------------------------------------------------------------


def test_one_author_within_one_discussion_is_one_thread() -> None:
    asked = ticket(mention(author=ANNA, postId="-1_3", discussionId="-1_2"), "101")
    again = ticket(mention(id="32", author=ANNA, postId="-1_9", discussionId="-1_2"), "102")
    other = ticket(mention(id="33", author={**ANNA, "profileId": "7"}, postId="-1_8", discussionId="-1_2"), "101")
    assert asked.thread == again.thread == "vk.com/-1_2/55501"
    assert other.thread == "vk.com/-1_2/7"


def test_without_a_discussion_the_post_groups() -> None:
    assert ticket(mention(author=ANNA, postId="-1_3"), "101").thread == "vk.com/-1_3/55501"


@pytest.mark.parametrize("author", [None, {}, {"name": "Гость"}, "Гость"])
def test_a_mention_of_an_unknown_author_stands_alone(author: Any) -> None:
    assert ticket(mention(author=author, postId="9", discussionId="1"), "101").thread == "vk.com/9"
    assert ticket(mention(author=author, discussionId="1"), "101").thread == "101/31"


@pytest.mark.parametrize("source", [None, "", " ", 7])
def test_without_a_source_an_id_names_neither_post_nor_person(source: Any) -> None:
    """Ids of posts and of people are unique inside their source only."""
    anna = ticket(mention(source=source, author=ANNA, postId="12", discussionId="1"), "101")
    boris = {"profileId": "55501", "name": "Boris"}
    other = ticket(mention(id="32", source=source, author=boris, postId="12", discussionId="1"), "101")
    assert (anna.thread, other.thread) == ("101/31", "101/32")
    assert [one.messages[0].same_as for one in (anna, other)] == [None, None]
    assert [one.messages[0].author.key for one in (anna, other) if one.messages[0].author] == [ANNA["url"], ""]
    binned = connector().normalize(mention(source=source, postId="12"), read("sweep", "deleted"))
    assert binned == Change(source_id="31", hidden=True)


def test_an_author_known_by_address_only_is_one_author() -> None:
    known = ticket(mention(author={"url": "https://f.example/u/8"}, discussionId="1"), "101")
    assert known.messages[0].author is not None
    assert known.messages[0].author.key == "https://f.example/u/8"
    assert known.thread == "vk.com/1/https://f.example/u/8"


def test_the_same_post_found_by_two_topics_has_one_name() -> None:
    names = {
        ticket(mention(id=number, postId="-1_3"), topic).messages[0].same_as
        for number, topic in (("1", "101"), ("2", "102"))
    }
    assert names == {"vk.com/-1_3"}
    assert message().same_as is None


def test_an_author_has_key_name_handle_address_and_followers() -> None:
    author = message(author=ANNA).author
    assert author.model_dump() == {
        "key": "vk.com/55501",
        "name": "Анна",
        "handle": "anna",
        "url": "https://vk.com/id55501",
        "followers": 214,
    }


# --- X (section 13) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("source", ["twitter.com", "X.com"])
def test_a_text_that_the_vendor_holds_back_is_kept_as_withheld_with_its_ids(source: str) -> None:
    held = ticket(
        mention(source=source, text=None, fullText=None, url=None, postId="18", author={"profileId": "17"}), "101"
    )
    assert held.messages[0].withheld
    assert (held.messages[0].body, held.extra["post_id"]) == ("", "18")
    assert held.messages[0].author is not None
    assert held.messages[0].author.key.endswith("/17")


def test_an_empty_text_elsewhere_is_not_withheld_and_an_x_text_is_not_either() -> None:
    assert not message(text=None).withheld
    assert not message(source="x.com", text="слышно").withheld


# --- text (sections 12 and 16) ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "body"),
    [
        ({"text": "начало…", "fullText": "начало и конец"}, "начало и конец"),
        ({"text": "только снимок", "fullText": None}, "только снимок"),
        ({"text": "снимок", "fullText": 5}, "снимок"),
        ({"text": "&amp;quot;быстрый&amp;quot; <b>курьер</b><br>да"}, '"быстрый" курьер\nда'),
        ({"text": "a < b и <3"}, "a < b и <3"),
        ({"text": "+"}, "+"),
        ({}, ""),
    ],
)
def test_the_body_is_the_fullest_plain_text(fields: dict[str, Any], body: str) -> None:
    assert message(**fields).body == body


@pytest.mark.parametrize(
    "text", ["Сбeр pyблей", "сло\u200bво", "кар\u00adта", "\u202bтекст\u202c", "е\u0301", "👨‍👩‍👧🇷🇺👍🏽", "с*ка"]
)
def test_what_a_person_typed_is_not_changed(text: str) -> None:
    assert message(text=text).body == text


def test_a_very_long_text_is_kept_whole() -> None:
    assert len(message(text="я" * 100_000).body) == 100_000


def test_a_title_is_plain_text_and_may_be_missing() -> None:
    assert ticket(mention(title="<b>Тариф</b> &amp; связь"), "101").title == "Тариф & связь"
    assert ticket(mention(title="<b></b>"), "101").title is None


# --- times (section 3) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-19T08:15:30+00:00", datetime(2026, 11, 19, 8, 15, 30, tzinfo=UTC)),
        ("2026-11-19T11:15:30+03:00", datetime(2026, 11, 19, 8, 15, 30, tzinfo=UTC)),
        ("2026-11-19T08:15Z", datetime(2026, 11, 19, 8, 15, tzinfo=UTC)),
        ("2026-11-19T08:15:30.5Z", datetime(2026, 11, 19, 8, 15, 30, 500_000, tzinfo=UTC)),
        ("2026-11-19T08:15:30.123Z", datetime(2026, 11, 19, 8, 15, 30, 123_000, tzinfo=UTC)),
        ("2026-11-19T08:15:30.1234567Z", datetime(2026, 11, 19, 8, 15, 30, 123_456, tzinfo=UTC)),
        ("2026-11-19T08:15:30.123456789Z", datetime(2026, 11, 19, 8, 15, 30, 123_456, tzinfo=UTC)),
        ("1999-12-31T21:00:00Z", datetime(1999, 12, 31, 21, tzinfo=UTC)),
    ],
)
def test_times_are_read_with_any_fraction_and_offset(text: str, moment: datetime) -> None:
    assert instant(text) == moment
    assert message(published=text).created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "value", ["2026-11-19T08:15:30", "2026-11-19", "вчера", "", None, 1763540000, "0001-01-01T00:00:00+05:00"]
)
def test_a_mention_without_a_usable_publication_is_refused(value: Any) -> None:
    with pytest.raises(RecordError, match="mention 31: published is"):
        ticket(mention(published=value), "101")


def test_an_unusable_time_of_saving_is_left_out() -> None:
    assert message(addedAt="2026-11-19T08:15:30").collected_at is None
    assert message(addedAt=5).collected_at is None


# --- everything else may be absent or odd (section 6) -----------------------------------------------------------


@pytest.mark.parametrize(("value", "source_id"), [("241032672", "241032672"), (9007199254740995, "9007199254740995")])
def test_ids_are_text_whatever_the_vendor_sends(value: Any, source_id: str) -> None:
    assert message(id=value).source_id == source_id


@pytest.mark.parametrize(
    "record", [None, "text", 5, [], {}, mention(id=None), mention(id=True), mention(id=""), mention(id=1.5)]
)
def test_what_has_no_id_is_refused(record: Any) -> None:
    with pytest.raises(RecordError):
        ticket(record, "101")


@pytest.mark.parametrize(
    ("value", "rating"), [(0, 0.0), (3.5, 3.5), (5, 5.0), (7, 5.0), (-1, 0.0), (None, None), ("5", None), (True, None)]
)
def test_a_rating_is_brought_into_its_bounds(value: Any, rating: float | None) -> None:
    assert message(rating=value).rating == rating


@pytest.mark.parametrize("value", ["negative", "Negative", "NEGATIVE "])
def test_a_sentiment_is_read_in_whatever_case_it_comes(value: str) -> None:
    assert message(sentiment=value).sentiment == "negative"


@pytest.mark.parametrize("value", ["undefined", "ecstatic", None, 5, ["positive"], {}])
def test_a_sentiment_that_is_none_or_unknown_is_left_out(value: Any) -> None:
    assert message(sentiment=value).sentiment is None


ODD: tuple[Any, ...] = (
    None,
    True,
    5,
    2**70,
    -1,
    1.5,
    "",
    "текст",
    [],
    [None, 5, {}],
    {},
    {"name": 5, "total": "x", "likes": "x"},
)
FIELDS = (
    "addedAt url title text fullText imageUrl images source author publicationPlace sentiment sourceType language"
    " postType contentTypes sourceFormat tags rating autoCategories starred processed engagement postId parentPostId"
    " discussionId country region city note potentialReach categories"
).split()


@pytest.mark.parametrize("field", FIELDS)
def test_an_optional_field_of_any_type_does_not_spoil_the_mention(field: str) -> None:
    for value in ODD:
        draft = ticket(mention(text="текст", **{field: value}) if field != "text" else mention(text=value), "101")
        assert draft.messages[0].source_id == "31"
        assert draft.model_dump_json()


def test_engagement_is_flat_and_without_nulls() -> None:
    counters = {
        "likes": 4,
        "dislikes": None,
        "comments": 0,
        "engagement": 5,
        "reactions": {"total": 3, "love": 1},
        "dateCollected": "2026-11-19T11:02:07Z",
        "tomorrow": 9,
    }
    assert message(engagement=counters).engagement == {"likes": 4, "comments": 0, "engagement": 5, "reactions": 3}
    assert message(engagement={"likes": None}).engagement is None


@pytest.mark.parametrize(
    ("code", "language"), [("rus", "ru"), ("eng", "en"), ("ukr", "uk"), ("deu", "de"), ("tlh", "tlh")]
)
def test_languages_have_two_letters_where_the_code_is_known(code: str, language: str) -> None:
    assert ticket(mention(language=code), "101").language == language


def test_pictures_are_attached_once() -> None:
    attached = message(imageUrl="https://i/a", images=["https://i/b", "https://i/a"]).attachments
    assert [item.url for item in attached] == ["https://i/a", "https://i/b"]


def test_tags_are_sorted_and_single() -> None:
    assert message(tags=["срочно", "Доставка", "срочно", None]).tags == ("Доставка", "срочно")


def test_a_platform_is_lower_case_and_never_empty() -> None:
    assert ticket(mention(source="VK.com"), "101").platform == "vk.com"
    assert ticket(mention(source=None), "101").platform == "unknown"


# --- what a read makes of it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["deleted", "spam"])
def test_what_the_bin_and_spam_list_hold_is_hidden(name: str) -> None:
    assert connector().normalize(mention(postId="9"), read("sweep", name)) == Change(
        source_id="31", same_as="vk.com/9", hidden=True
    )


@pytest.mark.parametrize(("mode", "name"), [("poll", ""), ("sweep", "edits"), ("backfill", "")])
def test_what_other_reads_give_is_not_hidden(mode: str, name: str) -> None:
    draft = connector().normalize(mention(), read(mode, name))
    assert isinstance(draft, TicketDraft)
    assert draft.messages[0].hidden is False


def test_a_backfill_keeps_to_its_window() -> None:
    published = datetime(2026, 11, 19, 8, 15, 30, tzinfo=UTC)
    second = timedelta(seconds=1)
    for since, until, inside in (
        (published, published + second, True),
        (published - second, published, False),
        (published + second, None, False),
        (None, published + second, True),
    ):
        assert (connector().normalize(mention(), read("backfill", since=since, until=until)) is not None) is inside


# --- what the connector looks at itself is not validated again ---------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6)
ANYTHING = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner))
TEXTS = (
    "url",
    "title",
    "text",
    "fullText",
    "imageUrl",
    "source",
    "sentiment",
    "language",
    "postType",
    "country",
    "note",
)
NUMBERS = ("rating", "potentialReach", "postId", "parentPostId", "discussionId")
LISTS = ("images", "tags", "autoCategories", "contentTypes", "categories")
FIELDS = {
    **{name: st.text(max_size=6) | ANYTHING for name in TEXTS},
    **{name: st.integers() | ANYTHING for name in NUMBERS},
    **{name: st.lists(SCALARS, max_size=3) | ANYTHING for name in LISTS},
    "addedAt": st.datetimes().map(datetime.isoformat) | st.just("2026-10-29T11:02:07.12+03:00") | ANYTHING,
    "author": st.fixed_dictionaries({}, optional=dict.fromkeys(ANNA, ANYTHING)) | ANYTHING,
    "publicationPlace": st.fixed_dictionaries({}, optional=dict.fromkeys(("name", "url"), ANYTHING)) | ANYTHING,
    "engagement": st.fixed_dictionaries({}, optional=dict.fromkeys(("likes", "views", "reactions"), ANYTHING)),
}


@given(st.fixed_dictionaries({}, optional=FIELDS), st.integers() | st.text(min_size=1, max_size=6))
def test_whatever_a_mention_holds_its_draft_is_one_that_validation_would_give(fields: Any, source_id: Any) -> None:
    draft = ticket(mention(**{**fields, "id": source_id}), "101")
    assert TicketDraft.model_validate(draft.model_dump(), strict=True) == draft
