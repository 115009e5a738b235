"""What the sandbox's portal holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

USER = 1
CODE = "sandboxbitrix24code"
TASKS_ONLY = "sandboxbitrix24tasks"
PORTAL_ZONE = timezone(timedelta(hours=3))
COMPLETED = 5


@dataclass(frozen=True)
class Webhook:
    """One inbound webhook: what its code may call."""

    code: str
    user: int
    scopes: frozenset[str]


@dataclass(frozen=True)
class User:
    """An employee."""

    id: int
    name: str
    last_name: str
    department: int
    position: str
    active: bool = True

    @property
    def full_name(self) -> str:
        """As the portal shows it."""
        return f"{self.name} {self.last_name}"


@dataclass(eq=False)
class Comment:
    """One message of a task's chat, or of a card's timeline; author 0 is the portal itself."""

    id: int
    author: int
    at: datetime
    wire: str
    plain: str
    file: dict[str, Any] | None = None
    deleted: bool = False


@dataclass(eq=False)
class Task:
    """One task.

    Attributes:
        wire, plain: the description as the portal holds it, and as a person reads it.
        bbcode: whether the description is BBCode; else it is HTML.
        broken: None, or how the row is malformed for good: `id`, `createdDate` or `junk`.
        zone: offset of the times in its row.
    """

    id: int
    title: str
    wire: str
    plain: str
    created: datetime
    changed: datetime
    creator: int
    responsible: int
    status: int = 2
    priority: int = 1
    group: int = 0
    deadline: datetime | None = None
    closed: datetime | None = None
    tags: dict[int, str] = field(default_factory=dict)
    crm: list[str] = field(default_factory=list)
    xml_id: str | None = None
    own_fields: dict[str, Any] = field(default_factory=dict)
    bbcode: bool = True
    zone: timezone = PORTAL_ZONE
    chat: int = 0
    comments: list[Comment] = field(default_factory=list)
    broken: str | None = None
    deleted: bool = False
    ref: str = ""
    tone: str = ""


@dataclass(eq=False)
class Item:
    """A lead (1), deal (2), contact (3) or company (4), fields as `crm.item` spells them."""

    entity: int
    id: int
    created: datetime
    updated: datetime
    fields: dict[str, Any]
    plain: str = ""
    comments: list[Comment] = field(default_factory=list)
    deleted: bool = False
    ref: str = ""
    tone: str = ""
