"""A review of ``GET /reviews`` becomes a ticket, however odd the review."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.sdk import Change, MessageDraft, Place, Read, RecordError, TicketDraft
from hub_pointer.connector import Pointer, PointerConfig

OUTLET = "0b0d6c1e-0000-4000-8000-00000000a001"
NETWORK = "0b0d6c1e-0000-4000-8000-00000000b001"
REFERENCE = {
    "providers": [
        {"id": 1, "name_en": "Yandex Maps", "name": "Яндекс Карты"},
        {"id": 9, "name_en": "Reviews book", "name": "Книга отзывов"},
        {"id": 11, "name_en": None, "name": "Флэмп"},
        {"id": 12, "name_en": "★", "name": "Звёзды"},
        "junk",
    ],
    "outlets": [
        {
            "uuid": OUTLET,
            "name": "Пицца на Лесной",
            "full_address": "Москва, Лесная ул., 5",
            "country_code": "ru",
            "address_fields": {"city": "Москва", "country": "Россия"},
            "network_uuid": NETWORK,
        },
        {"uuid": "bare"},
        {"uuid": "odd", "name": 7, "country_code": "Россия", "address_fields": "Москва"},
    ],
}


def review(**fields: Any) -> dict[str, Any]:
    whole = {
        "id": 90211345,
        "provider_id": 1,
        "company_uuid": OUTLET,
        "network_uuid": NETWORK,
        "rating": 2,
        "text": "Ждали 40 минут, пицца холодная 😕",
        "text_tonality": 3,
        "author": "Пётр К.",
        "published_at": "2026-10-05T18:42:11+03:00",
        "created_at": "2026-10-06T02:10:00+03:00",
        "updated_at": "2026-10-06T09:00:00+03:00",
        "is_changed": False,
        "is_deleted": False,
        "is_activator": True,
        "provider_link": "https://yandex.ru/maps/org/1/reviews/",
        "photos": [],
        "reply": None,
        "tags": [],
        "smart_tags": [],
    }
    return whole | fields


def normalized(record: Any) -> list[Any]:
    config = PointerConfig.model_validate({"connector": "pointer", "token": "t"})
    read = Read("reviews", "poll", datetime(2026, 10, 20, tzinfo=UTC), reference=REFERENCE)
    return list(Pointer(config).normalize(record, read))


def ticket(**fields: Any) -> TicketDraft:
    draft = normalized(review(**fields))[0]
    assert isinstance(draft, TicketDraft)
    return draft


def message(**fields: Any) -> MessageDraft:
    return ticket(**fields).messages[0]


def test_a_review_becomes_a_ticket_of_its_own_thread() -> None:
    draft = ticket()
    assert (draft.thread, draft.kind, draft.platform, draft.state) == ("90211345", "review", "yandex_maps", "new")
    assert draft.url == "https://yandex.ru/maps/org/1/reviews/"
    assert draft.extra == {
        "is_changed": False,
        "is_activator": True,
        "network_uuid": NETWORK,
        "provider_id": "1",
    }
    said = draft.messages[0]
    assert (said.source_id, said.direction, said.body) == ("90211345", "in", "Ждали 40 минут, пицца холодная 😕")
    assert (said.rating, said.sentiment, said.hidden) == (2, "negative", False)
    assert said.created_at == datetime(2026, 10, 5, 15, 42, 11, tzinfo=UTC)
    assert said.collected_at == datetime(2026, 10, 5, 23, 10, tzinfo=UTC)
    assert said.updated_at == datetime(2026, 10, 6, 6, tzinfo=UTC)


def test_the_outlet_comes_from_the_reference() -> None:
    assert ticket().place == Place(
        key=OUTLET, name="Пицца на Лесной", address="Москва, Лесная ул., 5", city="Москва", country="RU"
    )


@pytest.mark.parametrize("uuid", ["unknown", "bare", "odd"])
def test_an_outlet_of_which_little_is_known_keeps_its_key(uuid: str) -> None:
    assert ticket(company_uuid=uuid).place == Place(key=uuid)


def test_a_review_without_an_outlet_has_no_place() -> None:
    assert ticket(company_uuid=None).place is None


@pytest.mark.parametrize(
    ("provider_id", "platform"),
    [
        (1, "yandex_maps"),
        ("2", "google_maps"),
        (3, "2gis"),
        (9, "reviews_book"),
        (11, "флэмп"),
        (12, "provider-12"),
        (77, "provider-77"),
        (None, "provider-unknown"),
    ],
)
def test_the_platform_is_named_by_the_provider(provider_id: Any, platform: str) -> None:
    assert ticket(provider_id=provider_id).platform == platform


def test_a_review_without_reply_says_that_the_reply_is_gone() -> None:
    assert normalized(review())[1:] == [Change(source_id="90211345/reply", hidden=True)]


@pytest.mark.parametrize(
    ("reply", "at", "state"),
    [
        (
            {"text": "Простите, разберёмся.", "created_at": "2026-10-06T08:58:00+03:00", "published_at": None},
            datetime(2026, 10, 6, 5, 58, tzinfo=UTC),
            "created",
        ),
        (
            {"text": "Простите, разберёмся.", "published_at": "2026-10-07T00:00:00Z"},
            datetime(2026, 10, 7, tzinfo=UTC),
            "published",
        ),
        (
            {"text": "Простите, разберёмся.", "created_at": None, "is_published": True},
            datetime(2026, 10, 6, 6, tzinfo=UTC),
            "published",
        ),
    ],
)
def test_a_reply_is_our_message_and_solves_the_ticket(reply: dict[str, Any], at: datetime, state: str) -> None:
    drafts = normalized(review(reply=reply))
    assert len(drafts) == 1
    said = drafts[0].messages[1]
    assert (said.source_id, said.direction, said.body) == ("90211345/reply", "out", "Простите, разберёмся.")
    assert (said.created_at, said.hidden, said.author) == (at, False, None)
    assert (drafts[0].state, drafts[0].extra["reply_state"]) == ("solved", state)
    assert said.publication == {"created": "waiting"}.get(state, state)


def test_a_reply_that_the_map_rejected_solves_nothing_and_nobody_sees_it() -> None:
    rejected = {
        "text": "Простите",
        "created_at": "2026-10-06T08:58:00+03:00",
        "published_at": None,
        "status": "rejected",
    }
    draft = ticket(reply=rejected)
    assert (draft.state, draft.extra["reply_state"], draft.messages[1].hidden) == ("new", "rejected", True)
    assert draft.messages[1].publication == "rejected"


@pytest.mark.parametrize("reply", [None, {}, [], "", {"text": "", "created_at": None, "published_at": None}])
def test_an_empty_reply_is_none(reply: Any) -> None:
    assert ticket(reply=reply).state == "new"


def test_a_review_gone_from_the_map_is_hidden() -> None:
    assert message(is_deleted=True).hidden is True
    assert message(is_deleted=1).hidden is True
    assert message(is_deleted=None).hidden is False


@pytest.mark.parametrize(
    ("sent", "stars"),
    [(5, 5), (0, 0), ("4", 4), (4.6999998, 4.6999998), (None, None), ("пять", None), (6, None), (-1, None),
     (True, None), ([], None), (10**400, None)],
)  # fmt: skip
def test_a_rating_is_kept_where_it_is_one(sent: Any, stars: float | None) -> None:
    assert message(rating=sent).rating == stars


@pytest.mark.parametrize(
    ("sent", "tone"),
    [(1, "positive"), (2, "neutral"), ("3", "negative"), (3.0, "negative"), ("Negative ", "negative"), (0, None),
     (None, None), (9, None), ({}, None), (1.5, None)],
)  # fmt: skip
def test_the_tonality_is_the_sentiment(sent: Any, tone: str | None) -> None:
    assert message(text_tonality=sent).sentiment == tone


@pytest.mark.parametrize("text", [None, "", " \n", 5])
def test_a_rating_without_text_is_a_ticket(text: Any) -> None:
    said = message(text=text)
    assert (said.body, said.rating) == ("", 2)


def test_the_text_is_plain() -> None:
    assert message(text="Хорошо &amp;quot;там&amp;quot;<br>и тут <3\r\nда").body == 'Хорошо "там"\nи тут <3\nда'


@pytest.mark.parametrize(
    ("author", "key", "name"),
    [
        ("Пётр К.", "90211345/Пётр К.", "Пётр К."),
        ({"name": "Пётр К."}, "90211345/Пётр К.", "Пётр К."),
        ("  Пётр \u00a0 К. ", "90211345/Пётр К.", "Пётр К."),
        ("🐈", "90211345/🐈", "🐈"),
        ("Инкогнито 4821", "", "Инкогнито 4821"),
        ("инкогнито", "", "инкогнито"),
        ("A Google User", "", "A Google User"),
        ("Инкогнитов Иван", "90211345/Инкогнитов Иван", "Инкогнитов Иван"),
    ],
)
def test_a_placeholder_never_makes_two_people_one(author: Any, key: str, name: str) -> None:
    who = message(author=author).author
    assert who is not None
    assert (who.key, who.name) == (key, name)


def test_namesakes_are_two_people_and_who_edits_a_review_stays_one() -> None:
    first, edited, other = (
        message(author="Мария С.", **fields).author for fields in ({}, {"text": "edited"}, {"id": 90211346})
    )
    assert first == edited
    assert (first.name, other.name) == ("Мария С.", "Мария С.")
    assert first.key != other.key


@pytest.mark.parametrize("author", [None, "", "  ", {}, 5])
def test_no_name_is_no_author(author: Any) -> None:
    assert message(author=author).author is None


@pytest.mark.parametrize(
    ("sent", "at"),
    [
        ("2026-10-05T18:42:11+03:00", datetime(2026, 10, 5, 15, 42, 11, tzinfo=UTC)),
        ("2026-10-05T18:42:11Z", datetime(2026, 10, 5, 18, 42, 11, tzinfo=UTC)),
        ("2026-10-05T18:42:11.123456+12:00", datetime(2026, 10, 5, 6, 42, 11, 123456, tzinfo=UTC)),
        ("2026-10-05 18:42:11", datetime(2026, 10, 5, 15, 42, 11, tzinfo=UTC)),
        ("2026-10-05", datetime(2026, 10, 4, 21, tzinfo=UTC)),
    ],
)
def test_times_with_and_without_offset_are_utc_instants_naive_ones_moscow_s(sent: str, at: datetime) -> None:
    assert message(published_at=sent).created_at == at


@pytest.mark.parametrize("published", [None, "", "вчера", "0000-00-00", "0001-01-01T00:00:00+03:00", 1759678931])
def test_a_review_without_time_of_publication_counts_from_its_collection(published: Any) -> None:
    said = message(published_at=published)
    assert said.created_at == said.collected_at == datetime(2026, 10, 5, 23, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "source_id"), [(9007199254740993123, "9007199254740993123"), ("90211345", "90211345"), (" 7 ", "7")]
)
def test_ids_are_text_to_the_last_digit(sent: Any, source_id: str) -> None:
    assert ticket(id=sent).thread == source_id


@pytest.mark.parametrize(
    "record",
    [
        review(id=None),
        review(id=""),
        review(id=1.5e19),
        review(id=True),
        review(published_at=None, created_at=None, updated_at=None),
        "junk",
        None,
    ],
)
def test_a_record_without_id_or_date_is_set_aside(record: Any) -> None:
    with pytest.raises(RecordError):
        normalized(record)


def test_tags_of_both_kinds_are_names() -> None:
    draft = ticket(tags=[{"id": 4, "name": "Доставка"}, "VIP", {"id": 5}, None], smart_tags=[{"title": "Время"}, "VIP"])
    assert draft.messages[0].tags == ("Доставка", "VIP", "Время")
    assert draft.extra["smart_tags"] == ["Время", "VIP"]


def test_photos_are_attachments_whatever_they_look_like() -> None:
    photos = ["https://a.example/1.jpg", {"id": 2, "src": "https://a.example/2.jpg"}, {"id": 3}, None, "2.jpg"]
    urls = [photo.url for photo in message(photos=photos).attachments]
    assert urls == ["https://a.example/1.jpg", "https://a.example/2.jpg"]


@pytest.mark.parametrize(
    "field",
    ["author", "rating", "text", "text_tonality", "provider_link", "photos", "tags", "smart_tags", "reply",
     "is_changed", "is_deleted", "is_activator", "network_uuid", "company_uuid", "provider_id", "updated_at"],
)  # fmt: skip
@pytest.mark.parametrize("junk", [None, "", 0, -1.5, True, [], {}, [[]], {"x": 1}, "\u200b"])
def test_no_optional_field_costs_the_review(field: str, junk: Any) -> None:
    assert ticket(**{field: junk}).thread == "90211345"


def test_a_missing_optional_field_costs_nothing() -> None:
    draft = normalized({"id": 5, "created_at": "2026-10-05"})[0]
    assert (draft.thread, draft.platform, draft.extra) == ("5", "provider-unknown", {})


def test_a_new_reference_is_seen_at_once() -> None:
    config = PointerConfig.model_validate({"connector": "pointer", "token": "t"})
    pointer, now = Pointer(config), datetime(2026, 10, 20, tzinfo=UTC)
    before = pointer.normalize(review(), Read("reviews", "poll", now, reference={"outlets": [{"uuid": OUTLET}]}))
    after = pointer.normalize(review(), Read("reviews", "poll", now, reference=REFERENCE))
    places = [drafts[0].place for drafts in (before, after) if isinstance(drafts[0], TicketDraft)]
    assert [place and place.city for place in places] == [None, "Москва"]
