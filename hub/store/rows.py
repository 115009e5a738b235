"""Tickets and messages as the tables hold them, and how drafts become rows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from struct import Struct
from typing import Any
from uuid import UUID, uuid5

import orjson

from hub.sdk.drafts import MessageDraft, TicketDraft
from hub.sdk.identity import NAMESPACE
from hub.sdk.ticket import Author
from hub.store.tables import micros

EMPTY = "{}"
_first_four = Struct(">i").unpack_from


def dumps(value: Any) -> str:
    """Return *value* as JSON text; equal values give equal texts as long as keys come in the same order."""
    return orjson.dumps(value).decode()


def start_of(uuid: bytes) -> int:
    """Return the first four bytes of *uuid* as a signed number, which a column of 32 bits holds in any database."""
    start: int = _first_four(uuid)[0]
    return start


@dataclass(slots=True)
class MessageRow:
    """A row of ``messages``, in the order of its columns. ``sources``: ``[stream, source_id, hidden, tags]`` each,
    sorted; the first one owns the content."""

    n: int
    id: bytes
    ticket_n: int
    created_at: int
    ingested_at: int
    direction: str
    hidden: int
    body: str
    sources: str
    content: str
    counters: str
    id_start: int


@dataclass(slots=True)
class TicketRow:
    """A row of ``tickets``, in the order of its columns."""

    n: int
    id: bytes
    connector: str
    namespace: str
    instance: str
    platform: str
    kind: str
    thread: str
    created_at: int
    updated_at: int
    closed_at: int | None
    state: str
    own_state: str
    source_state: str | None
    opening: bytes
    rating: float | None
    sentiment: str | None
    language: str | None
    title: str | None
    priority: str
    queue: str | None
    category: str | None
    content: str
    decided: str | None
    customer: int | None
    id_start: int


@dataclass(slots=True)
class Case:
    """A ticket under way in a checkpoint: its row, its messages, and how both looked before."""

    row: TicketRow
    messages: dict[bytes, MessageRow] = field(default_factory=dict)
    before: TicketRow | None = None
    before_messages: dict[bytes, MessageRow] = field(default_factory=dict)
    draft: TicketDraft | None = None  # the draft that owns the ticket's content, if this page had it
    touched: bool = False
    news: bool = False  # new, or the source changed more than counters


def customer_of(platform: str, inbound: Iterable[MessageRow]) -> int | None:
    """Return what stands for the customer among the tickets of a platform: a digest of the key of the first author who
    has one; None where none has."""
    for message in inbound:
        author = orjson.loads(message.content).get("author") if '"author"' in message.content else None
        if author and author["key"]:
            return profile_digest(platform, author["key"])
    return None


def profile_digest(platform: str, key: str) -> int:
    """Return the digest of the profile of an author: the same whichever connector read it."""
    digest = blake2b(f"{platform}\n{key}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def customer_uuid(digest: int) -> UUID:
    """Return the id of the customer whose first profile has this digest."""
    return uuid5(NAMESPACE, f"customer\n{digest}")


def _author(author: Author) -> dict[str, Any]:
    facts: dict[str, Any] = {"key": author.key}
    if (name := author.name) is not None:
        facts["name"] = name
    if (handle := author.handle) is not None:
        facts["handle"] = handle
    if (url := author.url) is not None:
        facts["url"] = url
    return facts


def message_content(draft: MessageDraft) -> str:
    """Return the JSON of what the source says of a message, beside body, times, sources and counters."""
    facts: dict[str, Any] = {}
    if (same_as := draft.same_as) is not None:
        facts["same_as"] = same_as
    if (author := draft.author) is not None:
        facts["author"] = _author(author)
    if (collected_at := draft.collected_at) is not None:
        facts["collected_at"] = micros(collected_at)
    if (url := draft.url) is not None:
        facts["url"] = url
    if attachments := draft.attachments:
        facts["attachments"] = [item.model_dump(exclude_none=True) for item in attachments]
    if (rating := draft.rating) is not None:
        facts["rating"] = rating
    if (sentiment := draft.sentiment) is not None:
        facts["sentiment"] = sentiment
    if draft.withheld:
        facts["withheld"] = True
    return dumps(facts) if facts else EMPTY


def message_counters(draft: MessageDraft) -> str:
    """Return the JSON of what moves all the time and is no news: engagement, reach, followers, the source's own
    time of change."""
    facts: dict[str, Any] = {}
    if engagement := draft.engagement:
        facts["engagement"] = engagement
    if (reach := draft.reach) is not None:
        facts["reach"] = reach
    if (author := draft.author) is not None and (followers := author.followers) is not None:
        facts["followers"] = followers
    if (updated_at := draft.updated_at) is not None:
        facts["updated_at"] = micros(updated_at)
    return dumps(facts) if facts else EMPTY


def ticket_content(draft: TicketDraft, source_tags: list[str]) -> str:
    """Return the JSON of what the source says of a ticket, beside what has a column."""
    facts: dict[str, Any] = {}
    if (url := draft.url) is not None:
        facts["url"] = url
    if (place := draft.place) is not None:
        facts["place"] = place.model_dump(exclude_none=True)
    if source_tags:
        facts["source_tags"] = source_tags
    if extra := draft.extra:
        facts["extra"] = extra
    return dumps(facts) if facts else EMPTY
