"""Small pages for the store, and what a store holds after them."""

import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hub.sdk import Author, Change, Draft, FollowUp, TicketDraft
from hub.store import Checkpoint, Rejected, Store, Stored, StreamKey, open_store

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PUBLISHED = datetime(2026, 11, 19, 12, tzinfo=UTC)
TABLES = (
    "tickets",
    "messages",
    "ticket_events",
    "originals",
    "dead_letters",
    "instances",
    "streams",
    "failed_pages",
    "reference_data",
    "rulesets",
    "erased_authors",
    "relations",
    "case_problems",
    "search_state",
    "profiles",
    "customer_links",
    "customer_cards",
    "inquiries",
    "customer_state",
)


def at(minutes: int) -> datetime:
    return PUBLISHED + timedelta(minutes=minutes)


def mention(
    source_id: str, *, thread: str | None = None, minutes: int = 0, author: str | Author | None = None, **facts: Any
) -> TicketDraft:
    """A mention of one message; *author* is a key, or the whole author."""
    if isinstance(author, str):
        author = Author(key=author)
    facts = {"created_at": at(minutes), "body": f"text of {source_id}", **facts}
    return TicketDraft.of(source_id=source_id, kind="mention", platform="vk.com", thread=thread, author=author, **facts)


def page(
    *drafts: Draft,
    stream: str = "s",
    instance: str = "one",
    mode: Any = "poll",
    name: str = "",
    cursor: dict[str, Any] | None = None,
    rejected: Sequence[Rejected] = (),
    originals: Sequence[bytes] = (),
    now: datetime = NOW,
    **rest: Any,
) -> Checkpoint:
    """A page of connector ``c`` that brings *drafts*."""
    values: dict[str, Any] = {"connector": "c", "namespace": ""}
    return Checkpoint(
        key=StreamKey(instance, stream, mode, name),
        drafts=[draft for draft in drafts if isinstance(draft, TicketDraft | Change)],
        follow_ups=[draft for draft in drafts if isinstance(draft, FollowUp)],
        now=now,
        rejected=rejected,
        cursor=cursor,
        originals=originals,
        records=len(drafts) + len(rejected),
        **{**values, **rest},
    )


def put(store: Store, *drafts: Draft, **rest: Any) -> Stored:
    """Commit one page of *drafts*."""
    return store.checkpoint(page(*drafts, **rest))


def hide(source_id: str, *, hidden: bool = True, same_as: str | None = None) -> Change:
    return Change(source_id=source_id, hidden=hidden, same_as=same_as)


def opened(path: Path, now: datetime = NOW) -> Store:
    return open_store(f"sqlite:///{path}", now=lambda: now)


def new_store(folder: Path) -> Store:
    """A new store in *folder*, copied from one that was made once: making its tables takes most of a test's time."""
    return opened(Path(shutil.copy(_empty(), folder)))


@cache
def _empty() -> Path:
    path = Path(_folder().name) / "hub.db"
    opened(path).close()
    return path


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory()


def rows(store: Store, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the file says, asked past the store."""
    connection = sqlite3.connect(store.path)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()


def write(store: Store, sql: str, *values: Any) -> None:
    """Change the file past the store, as a person's command or another part will."""
    connection = sqlite3.connect(store.path)
    try:
        with connection:
            connection.execute(sql, values)
    finally:
        connection.close()


def dump(store: Store, tables: Sequence[str] = TABLES) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of *tables*."""
    return {table: rows(store, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}


def index_all(store: Store) -> int:
    """Bring the search index up to date; return how many messages came in."""
    return sum(iter(store.index_batch, 0))


def batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))
