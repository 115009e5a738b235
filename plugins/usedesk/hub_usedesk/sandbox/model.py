"""What the sandbox's account holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

KEY = "sandbox-usedesk-token"
SECRET = "sandbox-usedesk-secret"  # noqa: S105 - a sandbox's
COMPANY = 155_000

AGENTS = {41: "Ирина Кравец", 42: "Пётр Снегов", 43: "Лада Юрская"}
GROUPS = {12: "Претензии", 13: "Карты и отзывы", 14: "Юристы"}
CHANNELS = {7: ("Хаб", "api"), 8: ("Почта", "email")}
FIELDS = {54: "Источник", 55: "Оценка", 56: "Место", 57: "Ссылка", 58: "Клиент", 60: "Тема обращения"}

OPEN, SOLVED, CLOSED, DELETED, ON_HOLD, PENDING, SPAM, NEW, MAILING, MERGED = range(1, 11)
STATUSES = (*range(1, 11), 11)
"""The vendor's own, and one that this account has added."""

PRIORITIES = ("low", "medium", "urgent", "extreme")
TYPES = ("question", "task", "problem", "incident")
SIDES = ("client", "user", "trigger")


@dataclass(eq=False)
class Comment:
    """One comment of a ticket."""

    id: int
    message: str
    side: str
    kind: str
    at: datetime
    user: int | None = None
    client: int | None = None
    first: bool = False


@dataclass(eq=False)
class Client:
    """A customer."""

    id: int
    name: str
    phone: str = ""
    emails: list[str] = field(default_factory=list)
    tickets: list[int] = field(default_factory=list)


@dataclass(eq=False)
class Ticket:
    """One ticket. *shown_at*: from when on lists have it, in seconds of the machine's clock; *gone*: nobody has it."""

    id: int
    subject: str
    client: int
    created: datetime
    updated: datetime
    status: int = NEW
    priority: str = "medium"
    kind: str = "question"
    assignee: int | None = None
    group: int = 0
    channel: int = 7
    additional: str = ""
    tags: list[str] = field(default_factory=list)
    fields: dict[int, str] = field(default_factory=dict)
    comments: list[Comment] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    by_client: bool = False
    shown_at: float = 0.0
    gone: bool = False
    score: int | None = None
