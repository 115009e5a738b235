"""What the engine remembers between runs: pauses, how each stream's last run ended, reference data."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from hub.sdk.errors import StoreError
from hub.store import failed
from hub.store.page import StreamKey
from hub.store.quiet import Quiet, note_poll, quiet_streams
from hub.store.tables import (
    dead_letters,
    failed_pages,
    instances,
    instant,
    instant_or_none,
    micros,
    originals,
    reference_data,
    streams,
)

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record set aside: where it came from, why, and its original bytes."""

    n: int
    instance: str
    stream: str
    mode: str
    name: str
    reason: str
    created_at: datetime
    seen_at: datetime
    times: int
    body: bytes


@dataclass(frozen=True, slots=True)
class InstanceState:
    """Whether an instance is paused, since when, why, and by whom (person, auth or config)."""

    name: str
    connector: str
    paused_at: datetime | None = None
    paused_reason: str | None = None
    paused_by: str | None = None


@dataclass(frozen=True, slots=True)
class StreamState:
    """Where a stream (``name`` empty) or one of its sweeps stands. ``began_at``: when the run began that ended at
    ``finished_at``; ``gone_at``: since when it is no longer read;
    ``quiet``: that it brings nothing though it always does."""

    instance: str
    stream: str
    name: str
    title: str = ""
    cursor: dict[str, Any] | None = field(default=None)
    checkpoint_at: datetime | None = None
    began_at: datetime | None = None
    finished_at: datetime | None = None
    ok_at: datetime | None = None
    failures: int = 0
    error: str | None = None
    error_at: datetime | None = None
    next_try_at: datetime | None = None
    records: int = 0
    warning: str | None = None
    gone_at: datetime | None = None
    quiet: Quiet | None = None


def pause(connection: sa.Connection, name: str, connector: str, reason: str, by: str, now: datetime) -> None:
    """Note that an instance must not run until it is resumed."""
    values = {"paused_at": micros(now), "paused_reason": reason, "paused_by": by}
    _put(connection, instances, {"name": name}, {"connector": connector, **values})


def resume(connection: sa.Connection, name: str) -> bool:
    """Take a pause back, and forget how long failing streams were to wait; return whether it was paused."""
    paused = (instances.c.name == name) & instances.c.paused_at.is_not(None)
    freed = connection.execute(
        sa.update(instances).where(paused).values(paused_at=None, paused_reason=None, paused_by=None)
    )
    forget_waits(connection, name)
    return freed.rowcount > 0


def forget_waits(connection: sa.Connection, name: str) -> None:
    """Let whatever failed of an instance be tried at once."""
    connection.execute(sa.update(streams).where(streams.c.instance == name).values(failures=0, next_try_at=None))


def stream_finished(
    connection: sa.Connection,
    key: StreamKey,
    now: datetime,
    error: str | None,
    asked: timedelta | None = None,
    warning: str | None = None,
    news: bool | None = None,
    began: datetime | None = None,
) -> Quiet | None:
    """Note how a run of a stream ended; after failures, when the next try is due: with growing intervals, and never
    before the source *asked* for it; and what a person should look at though it went well.

    Args:
        news: whether a poll brought something new; None: nobody asks whether that is usual.
        began: when the run began; None: nobody asks.
    Returns:
        Why it is suspicious that nothing came.
    """
    where = {"instance": key.instance, "stream": key.stream, "name": key.name}
    at = micros(now)
    values: dict[str, Any]
    if error is None:
        values = {"finished_at": at, "ok_at": at, "failures": 0, "error": None, "next_try_at": None}
        values["warning"] = warning
        failed.forget(connection, key)
    else:
        failures = _failures(connection, where) + 1
        wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 20), _LONGEST_WAIT)
        values = {"finished_at": at, "failures": failures, "error": error, "error_at": at}
        values["next_try_at"] = micros(now + max(wait, asked or wait))
    if began is not None:
        values["began_at"] = micros(began)
    _put(connection, streams, where, {"title": key.title, **values}, fresh={"failures": 0, "records": 0})
    return note_poll(connection, key, now, news=news) if news is not None and error is None else None


def streams_listed(
    connection: sa.Connection, instance: str, listed: AbstractSet[tuple[str, str]], now: datetime
) -> None:
    """Note which streams and sweeps (by stream and name) of *instance* are no longer read, and which are again."""
    where = (streams.c.instance == instance) & (streams.c.stream != "")
    for row in connection.execute(sa.select(streams).where(where)).all():
        gone = (row.stream, row.name) not in listed
        if gone != (row.gone_at is not None):
            this = where & (streams.c.stream == row.stream) & (streams.c.name == row.name)
            connection.execute(sa.update(streams).where(this).values(gone_at=micros(now) if gone else None))


def _failures(connection: sa.Connection, where: Mapping[str, str]) -> int:
    conditions = [streams.c[name] == value for name, value in where.items()]
    return int(connection.execute(sa.select(streams.c.failures).where(*conditions)).scalar() or 0)


def references(connection: sa.Connection, instance: str) -> dict[str, tuple[datetime, list[Any]]]:
    """Return what is kept of the instance's references: when it was read, and its records."""
    rows = connection.execute(sa.select(reference_data).where(reference_data.c.instance == instance))
    return {row.name: (instant(row.read_at), orjson.loads(row.value)) for row in rows}


def keep_reference(connection: sa.Connection, instance: str, name: str, value: Sequence[Any], now: datetime) -> None:
    """Keep the records of a reference."""
    values = {"value": orjson.dumps(list(value)).decode(), "read_at": micros(now)}
    _put(connection, reference_data, {"instance": instance, "name": name}, values)


def has_originals(connection: sa.Connection, instance: str, before: datetime) -> bool:
    """Whether there are originals, or pages that could not be read, read before a moment."""
    old = (originals.c.instance == instance) & (originals.c.read_at < micros(before))
    unread = (failed_pages.c.instance == instance) & (failed_pages.c.seen_at < micros(before))
    queries = (sa.select(originals.c.n).where(old), sa.select(failed_pages.c.n).where(unread))
    return any(connection.execute(query.limit(1)).first() is not None for query in queries)


def owners_of_originals(connection: sa.Connection) -> list[str]:
    """Return the names of the instances that originals, or pages that could not be read, are kept of."""
    queries = (sa.select(table.c.instance).distinct() for table in (originals, failed_pages))
    return sorted({name for query in queries for name in connection.execute(query).scalars()})


def prune_originals(connection: sa.Connection, instance: str, before: datetime) -> int:
    """Remove originals, and pages that could not be read, of before a moment; return how many originals."""
    unread = (failed_pages.c.instance == instance) & (failed_pages.c.seen_at < micros(before))
    connection.execute(sa.delete(failed_pages).where(unread))
    old = (originals.c.instance == instance) & (originals.c.read_at < micros(before))
    return connection.execute(sa.delete(originals).where(old)).rowcount


def drop_letters(connection: sa.Connection, numbers: Sequence[int]) -> int:
    """Remove dead letters; return how many there were."""
    return connection.execute(sa.delete(dead_letters).where(dead_letters.c.n.in_(numbers))).rowcount


def letters(connection: sa.Connection, instance: str | None, limit: int) -> list[DeadLetter]:
    """Return the dead letters, newest first."""
    query = sa.select(dead_letters).order_by(dead_letters.c.n.desc()).limit(limit)
    if instance is not None:
        query = query.where(dead_letters.c.instance == instance)
    return [_letter(row) for row in connection.execute(query)]


def letter(connection: sa.Connection, n: int) -> DeadLetter:
    """Return one dead letter.

    Raises:
        StoreError: there is none with this number.
    """
    row = connection.execute(sa.select(dead_letters).where(dead_letters.c.n == n)).one_or_none()
    if row is None:
        raise StoreError(f'there is no dead letter {n}; "hub dead list" shows them')
    return _letter(row)


def _letter(row: Any) -> DeadLetter:
    values = {name: getattr(row, name) for name in ("n", "instance", "stream", "mode", "name", "reason", "times")}
    return DeadLetter(created_at=instant(row.created_at), seen_at=instant(row.seen_at), body=row.body, **values)


def instance_states(connection: sa.Connection) -> list[InstanceState]:
    """Return every instance that ever ran, by name."""
    return [
        InstanceState(row.name, row.connector, instant_or_none(row.paused_at), row.paused_reason, row.paused_by)
        for row in connection.execute(sa.select(instances).order_by(instances.c.name))
    ]


def stream_states(
    connection: sa.Connection, instance: str | None = None, stream: str | None = None
) -> list[StreamState]:
    """Return where every stream and sweep stands, by instance, stream and name."""
    query = sa.select(streams).order_by(streams.c.instance, streams.c.stream, streams.c.name)
    if instance is not None:
        query = query.where(streams.c.instance == instance)
    if stream is not None:
        query = query.where(streams.c.stream == stream)
    quiet = quiet_streams(connection, instance)
    return [
        _stream(row, None if row.name else quiet.get((row.instance, row.stream))) for row in connection.execute(query)
    ]


def _stream(row: Any, quiet: Quiet | None) -> StreamState:
    times = {
        name: instant_or_none(getattr(row, name))
        for name in ("checkpoint_at", "began_at", "finished_at", "ok_at", "error_at", "next_try_at", "gone_at")
    }
    return StreamState(
        row.instance,
        row.stream,
        row.name,
        row.title,
        orjson.loads(row.cursor) if row.cursor else None,
        failures=row.failures,
        error=row.error,
        records=row.records,
        warning=row.warning,
        quiet=quiet,
        **times,
    )


def _put(
    connection: sa.Connection,
    table: sa.Table,
    key: Mapping[str, Any],
    values: Mapping[str, Any],
    fresh: Mapping[str, Any] | None = None,
) -> None:
    """Update the row with *key*, or insert it (with *fresh* for what only a new row needs)."""
    conditions = [table.c[name] == value for name, value in key.items()]
    if connection.execute(sa.update(table).where(*conditions).values(**values)).rowcount == 0:
        connection.execute(sa.insert(table).values(**{**(fresh or {}), **key, **values}))
