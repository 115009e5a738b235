"""What the engine remembers between runs: pauses, how each stream's last run ended, reference data."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
import sqlalchemy as sa

from hub.store.page import StreamKey
from hub.store.tables import dead_letters, instances, instant, micros, originals, reference_data, streams

_FIRST_WAIT = timedelta(seconds=30)
_LONGEST_WAIT = timedelta(hours=1)


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
    connection.execute(sa.update(streams).where(streams.c.instance == name).values(failures=0, next_try_at=None))
    return freed.rowcount > 0


def stream_finished(connection: sa.Connection, key: StreamKey, now: datetime, error: str | None) -> None:
    """Note how a run of a stream ended; after failures, when the next try is due, with growing intervals."""
    where = {"instance": key.instance, "stream": key.stream, "name": key.name}
    at = micros(now)
    values: dict[str, Any]
    if error is None:
        values = {"finished_at": at, "ok_at": at, "failures": 0, "error": None, "next_try_at": None}
    else:
        failures = _failures(connection, where) + 1
        wait = min(_FIRST_WAIT * 2 ** min(failures - 1, 20), _LONGEST_WAIT)
        values = {"finished_at": at, "failures": failures, "error": error, "error_at": at}
        values["next_try_at"] = micros(now + wait)
    _put(connection, streams, where, {"title": key.title, **values}, fresh={"failures": 0, "records": 0})


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
    """Whether there are originals read before a moment."""
    old = (originals.c.instance == instance) & (originals.c.read_at < micros(before))
    return connection.execute(sa.select(originals.c.n).where(old).limit(1)).first() is not None


def prune_originals(connection: sa.Connection, instance: str, before: datetime) -> int:
    """Remove originals read before a moment; return how many."""
    old = (originals.c.instance == instance) & (originals.c.read_at < micros(before))
    return connection.execute(sa.delete(originals).where(old)).rowcount


def drop_letters(connection: sa.Connection, numbers: Sequence[int]) -> int:
    """Remove dead letters; return how many there were."""
    return connection.execute(sa.delete(dead_letters).where(dead_letters.c.n.in_(numbers))).rowcount


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
