"""What Pointer's public notes do not say, and what we take for it: replace here once the vendor answers.

Everything in this module is marked [A] or "not known" in the vendor sheet (sections 4, 5, 11 and 12): bodies of
writes, the style of list parameters, the zone of times without one, the answer to too many requests, the shape of
errors, authors, comments, photos, tags and of a
reply's publication. The rest of the plugin decides by status codes and by
reading again, so that it stays right where one of these differs.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hub.sdk import Response, Sentiment, SourceError

VERSION = "pointer-assumed-1"

NAIVE_ZONE = ZoneInfo("Europe/Moscow")
"""Zone of times that carry none."""

TOO_MANY_WAIT = timedelta(seconds=1.1)
"""How long to wait after a 429 without ``Retry-After``."""

ListStyle = Literal["brackets", "repeat", "comma"]

REPORT_REASONS = ("spam", "offense", "not_a_client", "other")

_TONALITIES: Mapping[str, Sentiment] = {
    "1": "positive",
    "2": "neutral",
    "3": "negative",
    "positive": "positive",
    "neutral": "neutral",
    "negative": "negative",
}

_URL_FIELDS = ("url", "src", "link", "href", "original", "full", "image", "preview")
_MESSAGE_CHARS = 200


def reply_body(text: str) -> dict[str, str]:
    """Return the body of POST and PATCH ``/reviews/{id}/reply``."""
    return {"text": text}


def report_body(reason: str, text: str) -> dict[str, str]:
    """Return the body of PATCH ``/reviews/{id}/report``."""
    return {"reason": reason, "text": text}


def list_param(name: str, values: Sequence[str], style: ListStyle) -> dict[str, Any]:
    """Return the query parameter that carries a list: ``name[]=a&name[]=b``, ``name=a&name=b`` or ``name=a,b``."""
    if style == "comma":
        return {name: ",".join(values)}
    return {f"{name}[]" if style == "brackets" else name: list(values)}


def instant(value: Any) -> datetime | None:
    """Return the UTC instant of an ISO 8601 date or time with or without offset; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
        return (at if at.tzinfo else at.replace(tzinfo=NAIVE_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def error_message(response: Response) -> str:
    """Return what the vendor says of an error: ``message`` and the fields in ``errors``, else the body's beginning."""
    try:
        body = response.json()
    except SourceError:
        body = None
    if not isinstance(body, Mapping) or not isinstance(body.get("message"), str):
        return " ".join(response.text[:_MESSAGE_CHARS].split())
    errors = body.get("errors")
    fields = [f"{name}: {said}" for name, said in errors.items()] if isinstance(errors, Mapping) else []
    return "; ".join([body["message"], *fields])[:_MESSAGE_CHARS]


def is_web_page(response: Response) -> bool:
    """Return whether the body is HTML: the API answers in JSON, so something in front of it speaks."""
    return response.text.lstrip()[:1] == "<"


def author_name(author: Any) -> str | None:
    """Return the name, whether *author* is a text or an object with ``name``; None when there is none."""
    name = author.get("name") if isinstance(author, Mapping) else author
    return " ".join(name.split()) or None if isinstance(name, str) else None


def names(tags: Any) -> tuple[str, ...]:
    """Return the names of tags, whether each is a text or an object with ``name`` or ``title``, each once."""
    found: dict[str, None] = {}
    for tag in tags if isinstance(tags, list) else ():
        name = (tag.get("name") or tag.get("title")) if isinstance(tag, Mapping) else tag
        if isinstance(name, str) and name.strip():
            found[name.strip()] = None
    return tuple(found)


def photo_urls(photos: Any) -> tuple[str, ...]:
    """Return the addresses of photos, whether each is a URL or an object with one in a usual field, each once."""
    found: dict[str, None] = {}
    for photo in photos if isinstance(photos, list) else ():
        fields = [photo.get(name) for name in _URL_FIELDS] if isinstance(photo, Mapping) else [photo]
        url = next((field for field in fields if is_url(field)), None)
        if url is not None:
            found[url] = None
    return tuple(found)


def is_url(value: Any) -> bool:
    """Return whether *value* is the text of a web address."""
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def comment_is_ours(comment: Mapping[str, Any]) -> bool:
    """Return whether a comment under a review is the company's."""
    return comment.get("is_owner") is True


def is_rejected(reply: Mapping[str, Any]) -> bool:
    """Return whether the map has refused this reply."""
    return reply.get("status") == "rejected" and not is_published(reply)


def tonality(value: Any) -> Sentiment | None:
    """Return the tone, whether *value* is the number, the number as text, or the word for it."""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip().casefold()
    return _TONALITIES.get(text)


def is_published(reply: Mapping[str, Any]) -> bool:
    """Return whether the map shows this reply: it has a time of publication, or the write's answer says so."""
    return bool(reply.get("published_at")) or reply.get("is_published") is True
