"""What the sandbox's Jira holds."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

CLOUD, SERVER = "Cloud", "Server"
ANSWERS = timezone(timedelta(hours=3))
"""The zone that raw times are written in; queries are read in the caller's own (sheet, section 5)."""


@dataclass(frozen=True)
class User:
    """Somebody with an account. ``kind``: atlassian, customer or app; ``zone``: of their profile."""

    key: str
    login: str
    name: str
    zone: str = "Europe/Moscow"
    kind: str = "atlassian"
    email: str = ""


@dataclass(frozen=True)
class Status:
    """``name`` in English and in the profile's language."""

    id: str
    name: str
    translated: str
    category: str


@dataclass(frozen=True)
class Project:
    """``transitions``: of its workflow, by id, to which status. ``required``: fields to be given at a create."""

    id: str
    key: str
    name: str
    kind: str
    transitions: dict[str, str]
    required: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rich:
    """A text twice: as this edition holds it, and as a person reads it."""

    wire: Any
    plain: str


@dataclass
class Comment:
    id: int
    author: User
    body: Rich
    created: datetime
    updated: datetime
    public: bool = True
    properties: list[dict[str, Any]] = field(default_factory=list)
    visibility: dict[str, Any] | None = None
    by_client: bool = False


@dataclass(frozen=True)
class Entry:
    """An entry of the changelog."""

    id: int
    author: User
    at: datetime
    items: list[dict[str, Any]]


@dataclass(eq=False)
class Issue:
    """One issue.

    Attributes:
        broken: None, or how its records are malformed for good: `id` or `created`.
        fields: what is sent as it stands, custom fields among it.
        before: as search still shows it until ``indexed``; None: not at all.
    """

    id: int
    project: Project
    number: int
    type: str
    summary: str | None
    description: Rich | None
    status: Status
    priority: int | None
    reporter: User | None
    creator: User
    assignee: User | None
    created: datetime
    updated: datetime
    labels: list[str] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    links: list[dict[str, Any]] = field(default_factory=list)
    related: list[dict[str, Any]] = field(default_factory=list)
    resolution: str | None = None
    resolved: datetime | None = None
    deleted: bool = False
    broken: str | None = None
    by_client: bool = False
    gone: list[tuple[Comment, bool]] = field(default_factory=list)
    before: Issue | None = None
    indexed: datetime | None = None
    ref: str = ""
    tone: str = ""

    @property
    def key(self) -> str:
        return f"{self.project.key}-{self.number}"

    def begin(self, at: datetime, delay: timedelta) -> None:
        """Something is about to change: search goes on showing what it shows until the index has caught up."""
        if self.indexed is None or at >= self.indexed:
            self.before = copy.copy(self)
            self.before.labels, self.before.comments = list(self.labels), list(self.comments)
            self.before.entries, self.before.before = list(self.entries), None
        self.indexed = at + delay
        self.updated = max(self.updated, at.replace(microsecond=at.microsecond // 1000 * 1000))

    def shown(self, now: datetime, *, strong: bool) -> Issue | None:
        """Return what search knows of it now; None: nothing."""
        if strong or self.indexed is None or now >= self.indexed:
            return None if self.deleted else self
        return self.before
