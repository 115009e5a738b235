"""What the sandbox's YouScan holds."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KEY = "sandbox-youscan-key"
VIEW, EDIT, MANAGE = 1, 2, 3


@dataclass(frozen=True)
class User:
    """One user of one account: a key, a time zone, a level per visible topic (sheet, section 2)."""

    name: str
    key: str
    zone: str
    levels: dict[int, int]
    api_access: bool = True


@dataclass(eq=False)
class Mention:
    """One mention in one topic.

    Attributes:
        fields: what is sent as it stands; the rest of a mention's fields is made from the attributes.
        wire: the whole raw text, None where there is none.
        plain: the same as a person reads it.
        uid: number of the record in this world; the vendor never shows it.
        label: conversation it belongs to; `same_as`: the post, if the vendor names it.
        broken: None, or how the record is malformed for good: `id` or `published`.
    """

    uid: int
    topic: int
    published: datetime
    added: datetime
    fields: dict[str, Any]
    wire: str | None
    plain: str | None
    label: str
    same_as: str | None
    ref: str
    tone: str
    id: int = 0
    seq: int = 0
    sentiment: str = "neutral"
    tags: list[str] = field(default_factory=list)
    starred: bool = False
    processed: bool = False
    engagement: dict[str, Any] | None = None
    spam: bool = False
    deleted: bool = False
    withheld: bool = False
    broken: str | None = None
    big_id: bool = False
    added_digits: int = 7
    tampered: bool = False
    omit: frozenset[str] = frozenset()
    cache: dict[bool, bytes] = field(default_factory=dict, repr=False)

    def touch(self) -> None:
        """Something that is sent has changed."""
        self.cache.clear()


@dataclass
class Topic:
    """A topic: its tags by name, its mentions in order of `seq`, which has gaps, and where its webhooks go."""

    id: int
    name: str
    next_seq: int
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    mentions: list[Mention] = field(default_factory=list)
    removed: bool = False
    webhooks: list[str] = field(default_factory=list)

    def since(self, seq: int) -> list[Mention]:
        """Every mention with a greater `seq`."""
        return self.mentions[bisect_right(self.mentions, seq, key=lambda mention: mention.seq) :]

    @property
    def last_seq(self) -> int:
        """The highest `seq` in the topic, 0 if it is empty."""
        return self.mentions[-1].seq if self.mentions else 0
