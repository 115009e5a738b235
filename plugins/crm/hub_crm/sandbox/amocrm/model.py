"""What the sandbox's account holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

TOKEN = "sandbox-amocrm-token"  # noqa: S105 - a sandbox's
AGENT = "sandbox-amocrm-agent-token"
ACCOUNT_ID = 28805383
WON, LOST = 142, 143


@dataclass(frozen=True)
class User:
    """An employee."""

    id: int
    name: str
    group: int
    admin: bool = False


@dataclass(eq=False)
class Task:
    """One task; `result` is None until it is done with a word.

    `broken` is None, or how the row is malformed for good: `id`, `created_at` or `junk`.
    """

    id: int
    text: str
    plain: str
    created: datetime
    updated: datetime
    creator: int
    responsible: int
    till: datetime
    entity: tuple[str, int] | None = None
    type: int = 1
    done: bool = False
    result: str | None = None
    broken: str | None = None
    deleted: bool = False
    ref: str = ""
    tone: str = ""


@dataclass(eq=False)
class Note:
    """A note on a card."""

    id: int
    kind: str
    entity: int
    type: str
    params: dict[str, Any]
    created: datetime
    updated: datetime
    creator: int


@dataclass(eq=False)
class Lead:
    """A lead; `deleted` ones are still listed for a while, with `is_deleted`."""

    id: int
    name: str
    created: datetime
    updated: datetime
    status: int
    responsible: int
    price: int = 0
    contact: int | None = None
    tags: list[str] = field(default_factory=list)
    deleted: bool = False
    ref: str = ""
    tone: str = ""


@dataclass(eq=False)
class Contact:
    """A customer; `fields` by field code or own field's id."""

    id: int
    name: str
    created: datetime
    updated: datetime
    fields: dict[str | int, list[Any]] = field(default_factory=dict)
