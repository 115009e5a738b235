"""A review of ``GET /reviews`` as a ticket: vendor sheet, sections 5, 6 and 18.

Only the id and one date are needed. An optional field of another shape than expected is dropped, never the review.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.sdk import (
    Attachment,
    Author,
    Change,
    Draft,
    MessageDraft,
    Place,
    RecordError,
    TicketDraft,
    plain_text,
)
from hub_pointer import assumed

PLATFORMS = {"1": "yandex_maps", "2": "google_maps", "3": "2gis"}
REPLY_SUFFIX = "/reply"

_PLACEHOLDER = re.compile(r"инкогнито\b.*|a google user|пользователь google", re.IGNORECASE | re.DOTALL)
_COUNTRY = re.compile(r"[A-Za-z]{2}")


@dataclass(frozen=True, slots=True)
class Reply:
    """Our public answer, as the source has it now."""

    text: str
    created_at: datetime | None
    published: bool
    rejected: bool = False

    @property
    def state(self) -> str:
        return "published" if self.published else "rejected" if self.rejected else "created"


class Lookup:
    """Rows of a reference by their key; the index is built once for each list."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._rows: Sequence[Any] = ()
        self._index: dict[str, Mapping[str, Any]] = {}

    def get(self, rows: Sequence[Any], key: str) -> Mapping[str, Any]:
        """Return the row of *rows* with *key*; empty when there is none."""
        if rows is not self._rows:
            self._index = {text_id(row.get(self._key)): row for row in rows if isinstance(row, Mapping)}
            self._rows = rows
        return self._index.get(key, {})


def text_id(value: Any) -> str:
    """Return an id as text, whether it came as a number or as text; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""


def read_reply(review: Mapping[str, Any]) -> Reply | None:
    """Return the reply of *review*; None when there is none."""
    raw = review.get("reply")
    if not isinstance(raw, Mapping) or not any(raw.get(name) for name in ("text", "created_at", "published_at")):
        return None
    at = assumed.instant(raw.get("created_at")) or assumed.instant(raw.get("published_at"))
    return Reply(_text(raw.get("text")), at, assumed.is_published(raw), assumed.is_rejected(raw))


def drafts(
    review: Any, provider: Callable[[str], Mapping[str, Any]], outlet: Callable[[str], Mapping[str, Any]]
) -> Sequence[Draft]:
    """Return the ticket of *review*, and that its reply is gone when it has none.

    Args:
        review: one item of the list.
        provider: the row of the reference ``providers`` by id.
        outlet: the row of the reference ``outlets`` by uuid.
    Raises:
        RecordError: no id, or no date at all.
    """
    if not isinstance(review, Mapping):
        raise RecordError(f"expected a review as an object, got {type(review).__name__}")
    source_id = text_id(review.get("id"))
    if not source_id:
        raise RecordError(f"the review has no usable id: {review.get('id')!r}")
    message = _message(review, source_id)
    reply = read_reply(review)
    said = [_reply_message(source_id, reply, message)] if reply else []
    answered = reply is not None and not reply.rejected
    ticket = TicketDraft(
        thread=source_id,
        kind="review",
        platform=platform(text_id(review.get("provider_id")), provider),
        messages=(message, *said),
        url=message.url,
        place=place(text_id(review.get("company_uuid")), outlet),
        state="solved" if answered else "new",
        extra=_extra(review, reply),
    )
    return [ticket] if reply else [ticket, Change(source_id=source_id + REPLY_SUFFIX, hidden=True)]


def platform(provider_id: str, provider: Callable[[str], Mapping[str, Any]]) -> str:
    """Return the platform's name: a fixed one for the three known maps, else made of the provider's own."""
    if provider_id in PLATFORMS:
        return PLATFORMS[provider_id]
    row = provider(provider_id)
    spoken = next((name for name in (row.get("name_en"), row.get("name")) if isinstance(name, str)), "")
    slug = re.sub(r"\W+", "_", spoken.casefold()).strip("_")
    return slug or f"provider-{provider_id or 'unknown'}"


def place(uuid: str, outlet: Callable[[str], Mapping[str, Any]]) -> Place | None:
    """Return the outlet; its uuid alone when the reference does not have it."""
    if not uuid:
        return None
    row = outlet(uuid)
    fields = row.get("address_fields")
    code = row.get("country_code")
    return Place(
        key=uuid,
        name=_string(row.get("name")),
        address=_string(row.get("full_address")),
        city=_string(fields.get("city")) if isinstance(fields, Mapping) else None,
        country=code.upper() if isinstance(code, str) and _COUNTRY.fullmatch(code) else None,
    )


def _message(review: Mapping[str, Any], source_id: str) -> MessageDraft:
    published, collected, updated = (
        assumed.instant(review.get(name)) for name in ("published_at", "created_at", "updated_at")
    )
    created = published or collected or updated
    if created is None:
        raise RecordError(f"review {source_id} has no usable date: published_at is {review.get('published_at')!r}")
    link = review.get("provider_link")
    return MessageDraft(
        source_id=source_id,
        author=author_of(review, source_id),
        body=_text(review.get("text")),
        rating=_rating(review.get("rating")),
        sentiment=assumed.tonality(review.get("text_tonality")),
        created_at=created,
        collected_at=collected,
        updated_at=updated,
        url=link if assumed.is_url(link) else None,
        attachments=tuple(Attachment(url=url) for url in assumed.photo_urls(review.get("photos"))),
        tags=tuple(dict.fromkeys(assumed.names(review.get("tags")) + assumed.names(review.get("smart_tags")))),
        hidden=_flag(review.get("is_deleted")) is True,
    )


def _reply_message(source_id: str, reply: Reply, review: MessageDraft) -> MessageDraft:
    return MessageDraft(
        source_id=source_id + REPLY_SUFFIX,
        direction="out",
        body=reply.text,
        created_at=reply.created_at or review.updated_at or review.created_at,
        hidden=reply.rejected,  # nobody sees it on the map
        publication="published" if reply.published else "rejected" if reply.rejected else "waiting",
    )


def author_of(said: Mapping[str, Any], review_id: str) -> Author | None:
    """Return who wrote the review *review_id* or a comment on it.

    A map gives a name and no account, so that the key holds within one review: namesakes are not one person.
    """
    name = assumed.author_name(said.get("author"))
    if name is None:
        return None
    known = not _PLACEHOLDER.fullmatch(name)
    return Author(key=f"{review_id}/{name}" if known else "", name=name)


def _extra(review: Mapping[str, Any], reply: Reply | None) -> dict[str, Any]:
    provider_id = text_id(review.get("provider_id"))
    facts = {
        "is_changed": _flag(review.get("is_changed")),
        "is_activator": _flag(review.get("is_activator")),
        "reply_state": reply.state if reply else None,
        "network_uuid": text_id(review.get("network_uuid")) or None,
        "provider_id": provider_id or None,
        "smart_tags": list(assumed.names(review.get("smart_tags"))) or None,
    }
    return {name: fact for name, fact in facts.items() if fact is not None}


def _rating(value: Any) -> float | None:
    try:
        stars = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
    except (ValueError, OverflowError):
        return None
    return stars if 0 <= stars <= 5 else None


def _flag(value: Any) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(str(value).lower())


def _text(value: Any) -> str:
    return plain_text(value) if isinstance(value, str) else ""


def _string(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
