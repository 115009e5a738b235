"""One mention as a ticket draft: vendor sheet, sections 6 and 17.

Every field but ``id`` and ``published`` may be absent, null or of another type than documented: it is then left out.
This runs for every record that is read, so the common path has no exception and no regular expression in it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from hub.sdk import Attachment, Author, Change, MessageDraft, Record, RecordError, TicketDraft, plain_text
from hub_youscan.assumed import same_post
from hub_youscan.languages import LANGUAGES

WITHHELD_BY = frozenset({"twitter.com", "x.com"})
"""Platforms whose texts the vendor may not pass on."""

UNKNOWN_PLATFORM = "unknown"

_SENTIMENTS = frozenset({"positive", "neutral", "negative"})
_COUNTERS = ("likes", "dislikes", "comments", "reposts", "views", "reach", "saves", "impressions", "engagement")
_EXTRA_TEXTS = (
    ("post_type", "postType"),
    ("source_type", "sourceType"),
    ("source_format", "sourceFormat"),
    ("country", "country"),
    ("region", "region"),
    ("city", "city"),
    ("note", "note"),
)
_EXTRA_IDS = (("post_id", "postId"), ("parent_post_id", "parentPostId"), ("discussion_id", "discussionId"))
_EXTRA_LISTS = (("auto_categories", "autoCategories"), ("content_types", "contentTypes"))
_EXTRA_FLAGS = ("starred", "processed")
_MAX_INT = 2**63 - 1
_MAX_RATING = 5

_Fields = dict[str, Any]
_Get = Callable[[str], Any]


def ticket(record: Record, topic: str) -> TicketDraft:
    """Return the ticket of a mention that *topic* found.

    Raises:
        RecordError: it is no object, or has no usable ``id`` or ``published``.
    """
    source_id = mention_id(record)
    get = record.get
    published = instant(get("published"))
    if published is None:
        raise RecordError(f"mention {source_id}: published is {get('published')!r}, not a date-time with an offset")
    platform = _platform(get("source"))
    same_as = same_post(platform, _id(get("postId")))
    author, who = _author(get("author"), platform)
    body = plain_text(_text(get("fullText")) or _text(get("text")) or "")
    title = _text(get("title"))
    url = _text(get("url"))
    language = _text(get("language"))
    tags = get("tags")
    message = MessageDraft.trusted(
        {
            "source_id": source_id,
            "created_at": published,
            "same_as": same_as,
            "direction": "in",
            "author": author,
            "body": body,
            "updated_at": None,
            "collected_at": instant(get("addedAt")),
            "url": url,
            "attachments": _attachments(get("imageUrl"), get("images")),
            "rating": _rating(get("rating")),
            "sentiment": _sentiment(get("sentiment")),
            "reach": _count(get("potentialReach")),
            "engagement": _engagement(get("engagement")),
            "hidden": False,
            "withheld": not body and platform in WITHHELD_BY,
            "tags": tuple(sorted(set(_texts(tags)))) if tags else (),
            "publication": None,
            "echo_of": None,
            "automatic": False,
        }
    )
    return TicketDraft.trusted(
        {
            "thread": _thread(get, platform, who) or same_as or f"{topic}/{source_id}",
            "kind": "mention",
            "platform": platform or UNKNOWN_PLATFORM,
            "messages": (message,),
            "url": url,
            "title": plain_text(title) or None if title else None,
            "language": LANGUAGES.get(language, language) if language else None,
            "place": None,
            "state": None,
            "extra": _extra(get),
        }
    )


def hidden(record: Record) -> Change:
    """Return the change that a mention in the Bin or marked as spam stands for.

    Raises:
        RecordError: it is no object, or has no usable ``id``.
    """
    source_id = mention_id(record)
    platform = _platform(record.get("source"))
    return Change(source_id=source_id, same_as=same_post(platform, _id(record.get("postId"))), hidden=True)


def mention_id(record: Record) -> str:
    """Return the mention's id as text: the vendor sends text here and numbers elsewhere (section 3).

    Raises:
        RecordError: *record* is no object or has no id.
    """
    if type(record) is not dict:
        raise RecordError(f"expected a mention, got {type(record).__name__}")
    found = _id(record.get("id"))
    if found is None:
        raise RecordError(f"a mention without an id: id is {record.get('id')!r}")
    return found


def instant(value: Any) -> datetime | None:
    """Return the UTC instant of ISO text with an offset; None for anything else, also without an offset."""
    if type(value) is not str:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is UTC:
            return moment
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _text(value: Any) -> str | None:
    return value if type(value) is str and value else None


def _texts(value: Any) -> list[str]:
    return [item for item in value if type(item) is str and item] if type(value) is list else []


def _id(value: Any) -> str | None:
    if type(value) is str:
        return value or None
    return str(value) if type(value) is int else None


def _sentiment(value: Any) -> str | None:
    if type(value) is not str:
        return None
    word = value if value in _SENTIMENTS else value.strip().lower()
    return word if word in _SENTIMENTS else None


def _count(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= _MAX_INT else None


def _platform(source: Any) -> str | None:
    return source.strip().lower() or None if type(source) is str else None


def _thread(get: _Get, platform: str | None, who: str | None) -> str | None:
    """One author within one discussion; None where either is unknown, or the source that their ids belong to."""
    discussion = (_id(get("discussionId")) or _id(get("postId"))) if who and platform else None
    return f"{platform}/{discussion}/{who}" if discussion else None


def _author(profile: Any, platform: str | None) -> tuple[Author | None, str | None]:
    """Return the author, and what tells one from another within the platform: the profile's id, else its address.

    Where the platform is not known, the profile's id names nobody.
    """
    if type(profile) is not dict:
        return None, None
    get = profile.get
    number, url = _id(get("profileId")), _text(get("url"))
    name, handle = _text(get("name")), _text(get("nickname"))
    if not (number or url or name or handle):
        return None, None
    key = f"{platform}/{number}" if number and platform else url or ""
    followers = _count(get("subscribers"))
    author = Author.trusted({"key": key, "name": name, "handle": handle, "url": url, "followers": followers})
    return author, number or url


def _attachments(main: Any, others: Any) -> tuple[Attachment, ...]:
    if not main and not others:
        return ()
    first = _text(main)
    urls = dict.fromkeys([first, *_texts(others)] if first else _texts(others))
    return tuple(Attachment(url=url) for url in urls)


def _rating(value: Any) -> float | None:
    """Stars from 0 to 5; what lies outside is brought to the nearest end, NaN is none."""
    if type(value) not in (int, float) or value != value:
        return None
    return float(min(max(value, 0), _MAX_RATING))


def _engagement(counters: Any) -> dict[str, int] | None:
    if type(counters) is not dict:
        return None
    get = counters.get
    found: dict[str, int] = {}
    for name in _COUNTERS:
        if type(count := get(name)) is int and 0 <= count <= _MAX_INT:
            found[name] = count
    reactions = get("reactions")
    if type(reactions) is dict and (total := _count(reactions.get("total"))) is not None:
        found["reactions"] = total
    return found or None


def _extra(get: _Get) -> _Fields:
    """What is small, of use to a person or a rule, and has no field of its own; nulls are left out."""
    extra: _Fields = {}
    for name, field in _EXTRA_TEXTS:
        if (text := get(field)) and type(text) is str:
            extra[name] = text
    for name, field in _EXTRA_IDS:
        if (value := get(field)) and (number := value if type(value) is str else _id(value)):
            extra[name] = number
    for name, field in _EXTRA_LISTS:
        if (values := get(field)) and (texts := _texts(values)):
            extra[name] = texts
    for name in _EXTRA_FLAGS:
        if get(name) is True:
            extra[name] = True
    if (profile := get("publicationPlace")) and (place := _place(profile)):
        extra["publication_place"] = place
    if (assigned := get("categories")) and (categories := _categories(assigned)):
        extra["categories"] = categories
    return extra


def _place(profile: Any) -> dict[str, str]:
    if type(profile) is not dict:
        return {}
    name, url = _text(profile.get("name")), _text(profile.get("url"))
    if name and url:
        return {"name": name, "url": url}
    return {"name": name} if name else {"url": url} if url else {}


def _categories(categories: Any) -> list[str]:
    """Names of the categories and, behind a slash, of their subcategories."""
    names: list[str] = []
    for category in categories if type(categories) is list else ():
        name = _text(category.get("name")) if type(category) is dict else None
        if name:
            names.append(name)
            inner = category.get("subCategories")
            names.extend(f"{name}/{each}" for each in _names(inner))
    return names


def _names(items: Any) -> list[str]:
    return _texts([item.get("name") for item in items if type(item) is dict]) if type(items) is list else []
