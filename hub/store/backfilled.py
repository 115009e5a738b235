"""Backfills: what was asked for, which windows it was cut into, and how far each is read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from hub.sdk.messages import Cursor
from hub.store.page import Checkpoint
from hub.store.rows import dumps
from hub.store.tables import backfill_windows, backfills, instant, instant_or_none, micros


@dataclass(frozen=True, slots=True)
class Window:
    """A part ``[since, until)`` of a backfill, of one stream, with a cursor of its own.

    ``records`` were read of it, and ``rejected`` ones set aside. ``error``: why the last try ended before its end.
    """

    stream: str
    title: str
    since: datetime
    until: datetime
    n: int = 0
    cursor: Cursor | None = None
    records: int = 0
    rejected: int = 0
    finished_at: datetime | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Backfill:
    """A backfill of an instance over ``[since, until)``.

    Args:
        open_end: it was asked for without an end.
        effects: what it finds is also delivered, escalated and told.
        state: ``reading``; ``complete``; ``gaps``, which stayed when it was read again; given up unfinished:
            ``replaced`` by another, or ``dropped``.
        report: what was proved, JSON.
    """

    n: int
    instance: str
    since: datetime
    until: datetime
    open_end: bool
    effects: bool
    state: str
    created_at: datetime
    finished_at: datetime | None = None
    report: Any = None


def begin(
    connection: sa.Connection,
    instance: str,
    since: datetime,
    until: datetime,
    now: datetime,
    windows: Iterable[Window],
    *,
    open_end: bool,
    effects: bool,
) -> Backfill:
    """Note a new backfill with its *windows*."""
    values = {"instance": instance, "since": micros(since), "until": micros(until), "state": "reading"}
    flags = {"open_end": int(open_end), "effects": int(effects), "created_at": micros(now)}
    made = connection.execute(sa.insert(backfills).values(**values, **flags)).inserted_primary_key
    number = int(made[0]) if made else 0
    rows = [
        {"stream": one.stream, "title": one.title, "since": micros(one.since), "until": micros(one.until)}
        for one in windows
    ]
    if rows:
        fresh = {"backfill_n": number, "records": 0, "rejected": 0}
        connection.execute(sa.insert(backfill_windows), [{**fresh, **row} for row in rows])
    return Backfill(number, instance, since, until, open_end, effects, "reading", now)


def listed(connection: sa.Connection, instance: str | None = None) -> list[Backfill]:
    """Return the backfills, of one instance or of all, newest first."""
    query = sa.select(backfills).order_by(backfills.c.n.desc())
    if instance is not None:
        query = query.where(backfills.c.instance == instance)
    return [_backfill(row) for row in connection.execute(query)]


def windows_of(connection: sa.Connection, number: int) -> list[Window]:
    """Return the windows of a backfill, earliest first."""
    c = backfill_windows.c
    query = sa.select(backfill_windows).where(c.backfill_n == number).order_by(c.since, c.stream, c.n)
    return [_window(row) for row in connection.execute(query)]


def advance(connection: sa.Connection, checkpoint: Checkpoint, number: int) -> None:
    """Move the cursor of a window, inside the transaction that stores what the page brought."""
    c = backfill_windows.c
    values: dict[Any, Any] = {
        c.checkpoint_at: micros(checkpoint.now),
        c.records: c.records + checkpoint.records,
        c.rejected: c.rejected + len(checkpoint.rejected),
    }
    if checkpoint.cursor is not None:
        values[c.cursor] = dumps(dict(checkpoint.cursor))
    connection.execute(sa.update(backfill_windows).where(c.n == number).values(values))


def window_ended(connection: sa.Connection, number: int, now: datetime, error: str | None) -> None:
    """Note that a window was read to its end, or why not."""
    values = {"finished_at": None if error else micros(now), "error": error}
    connection.execute(sa.update(backfill_windows).where(backfill_windows.c.n == number).values(**values))


def end(connection: sa.Connection, number: int, now: datetime, state: str, report: Any) -> None:
    """Note how a backfill ended."""
    values = {"state": state, "finished_at": micros(now), "report": orjson.dumps(report).decode()}
    connection.execute(sa.update(backfills).where(backfills.c.n == number).values(**values))


def counts_left(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return by number of a backfill how many of its windows are read, and how many there are."""
    c = backfill_windows.c
    query = sa.select(c.backfill_n, sa.func.count(c.finished_at), sa.func.count()).group_by(c.backfill_n)
    return {row[0]: (row[1], row[2]) for row in connection.execute(query.where(c.backfill_n.in_(numbers)))}


def _backfill(row: Any) -> Backfill:
    return Backfill(
        row.n,
        row.instance,
        instant(row.since),
        instant(row.until),
        bool(row.open_end),
        bool(row.effects),
        row.state,
        instant(row.created_at),
        instant_or_none(row.finished_at),
        orjson.loads(row.report) if row.report else None,
    )


def _window(row: Any) -> Window:
    return Window(
        row.stream,
        row.title,
        instant(row.since),
        instant(row.until),
        row.n,
        orjson.loads(row.cursor) if row.cursor else None,
        row.records,
        row.rejected,
        instant_or_none(row.finished_at),
        row.error,
    )
