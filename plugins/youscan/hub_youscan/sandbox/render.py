"""A mention as JSON (sheet, section 6)."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, tzinfo
from typing import Any

from hub.sandbox import dump

from .model import Mention, Topic

SNIPPET_CHARS = 240
_SAME_IN_WEBHOOKS = (
    "url", "imageUrl", "language", "postType", "rating", "postId", "parentPostId", "discussionId", "contentTypes",
    "sourceFormat", "country", "region", "city", "potentialReach", "imageScenes", "imageObjects", "imageColors",
    "imageActivities", "imageBrands",
)  # fmt: skip


def as_bytes(mention: Mention, *, sanitize: bool) -> bytes:
    """The mention for list answers; kept until the mention changes."""
    made = mention.cache.get(sanitize)
    if made is None:
        made = mention.cache[sanitize] = dump(as_json(mention, sanitize=sanitize))
    return made


def as_json(mention: Mention, *, sanitize: bool, zone: tzinfo | None = None) -> dict[str, Any]:
    """The mention; *zone* moves its times there, as get-mentions does."""
    record: dict[str, Any] = {
        "id": None if mention.broken == "id" else str(mention.id),
        "seq": mention.seq,
        "published": _published(mention, zone),
        "addedAt": _added(mention, zone),
        **_texts(mention, sanitize),
        **mention.fields,
        "title": _safe(mention.fields["title"], sanitize),
        "sentiment": mention.sentiment,
        "tags": mention.tags,
        "starred": mention.starred,
        "processed": mention.processed,
        "engagement": mention.engagement,
    }
    return {name: value for name, value in record.items() if name not in mention.omit}


def as_webhook(mention: Mention, topic: Topic) -> dict[str, Any]:
    """The mention as a webhook carries it: flat, null fields left out, matched words marked (sheet, section 12)."""
    fields = mention.fields
    payload = {
        "topicId": topic.id,
        "topicName": topic.name,
        "themeId": topic.id,
        "themeName": topic.name,
        "mentionId": mention.id,
        "sourceName": fields["source"],
        "author": fields.get("author"),
        "channel": fields.get("publicationPlace"),
        "title": _marked(fields["title"]),
        "text": _marked(mention.wire),
        "published": f"{mention.published.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "addedAt": _added(mention, None),
        "sentiment": mention.sentiment,
        "resourceType": fields["sourceType"],
        "spam": mention.spam,
        "tags": mention.tags or None,
        **{name: fields.get(name) for name in _SAME_IN_WEBHOOKS},
        **{name: value for name, value in (mention.engagement or {}).items() if name != "dateCollected"},
    }
    return {name: value for name, value in payload.items() if value is not None}


def _marked(text: str | None) -> str | None:
    """The text with its first word marked, as if the topic's query had matched it."""
    return re.sub(r"\w+", lambda word: f"<b>{word[0]}</b>", text, count=1) if text else text


def _texts(mention: Mention, sanitize: bool) -> dict[str, str | None]:
    if mention.wire is None:
        return {"text": None, "fullText": None}
    whole, snippet = mention.wire, mention.wire
    if len(whole) > SNIPPET_CHARS and "fullText" not in mention.omit:
        snippet = f"{whole[:SNIPPET_CHARS]}…"
    return {"text": _safe(snippet, sanitize), "fullText": _safe(whole, sanitize)}


def _safe(text: str | None, sanitize: bool) -> str | None:
    return html.escape(text) if sanitize and text else text


def _published(mention: Mention, zone: tzinfo | None) -> str:
    if mention.broken == "published":
        return "0000-00-00T00:00:00+00:00"
    return mention.published.astimezone(zone or mention.published.tzinfo).isoformat(timespec="seconds")


def _added(mention: Mention, zone: tzinfo | None) -> str:
    digits = mention.added_digits
    # The seventh digit is finer than Python counts.
    fraction = f".{mention.added.microsecond:06}{mention.seq % 10}"[: digits + 1] if digits else ""
    if zone is None:
        return f"{mention.added:%Y-%m-%dT%H:%M:%S}{fraction}Z"
    moved: datetime = mention.added.astimezone(zone)
    offset = f"{moved:%z}"
    return f"{moved:%Y-%m-%dT%H:%M:%S}{fraction}{offset[:3]}:{offset[3:]}"
