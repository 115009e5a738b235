"""What the sandbox's Pointer holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

KEY = "sandbox-pointer-token"
MOSCOW = timezone(timedelta(hours=3))


@dataclass(frozen=True)
class Token:
    """A bearer token (sheet, section 2): `networks` None means all, `writes` whether it may change anything, `denied`
    the resources that it was not granted (`networks`, `companies`, …)."""

    name: str
    value: str
    networks: frozenset[str] | None = None
    writes: bool = True
    denied: frozenset[str] = frozenset()


@dataclass
class Company:
    """An outlet. Its network is never sent with it (sheet, section 6)."""

    uuid: str
    network: str
    name: str
    number: str
    city: str
    zone: timezone
    lat: float
    lng: float
    country_code: str | None
    added_at: datetime
    status: int = 1


@dataclass
class Reply:
    """The one public answer to a review; `status` is `moderation`, `published` or `rejected` (our reading)."""

    text: str
    created: datetime
    published: datetime | None = None
    status: str = "moderation"
    by_client: bool = False


@dataclass(eq=False)
class Review:
    """One review.

    Attributes:
        wire: text as sent, None for a rating alone; `plain`: the same as a person reads it.
        published, created, updated: instants; `style` says how they are written.
        vanished: not served at the moment, because the map is checking it again.
        broken: None, or how the record is malformed for good: `id` or `published_at`.
        fields: what is sent as it stands.
    """

    uid: int
    company: Company
    provider: int
    published: datetime
    created: datetime
    updated: datetime
    wire: str | None
    plain: str | None
    rating: float | None
    ref: str
    tone: str
    fields: dict[str, Any]
    id: int = 0
    id_style: str = "int"
    style: str = "offset"
    tonality_style: str = "int"
    tonality: int = 0
    reply: Reply | None = None
    comments: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)
    smart_tags: list[dict[str, Any]] = field(default_factory=list)
    photos: list[Any] = field(default_factory=list)
    changed: bool = False
    deleted: bool = False
    vanished: bool = False
    activator: bool = False
    broken: str | None = None
    tampered: bool = False
    reported: str | None = None
    cache: dict[tuple[bool, bool], bytes] = field(default_factory=dict, repr=False)

    def touch(self, at: datetime | None = None) -> None:
        """Something that is sent has changed; *at* moves `updated_at`."""
        self.updated = at or self.updated
        self.cache.clear()
