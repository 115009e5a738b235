"""The rules that were in force, by version: what a ticket's decision names, and what stays when files go wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import orjson
import sqlalchemy as sa
import zstandard

from hub.store.tables import instant, micros, rulesets


@dataclass(frozen=True, slots=True)
class KeptRules:
    """A rule set that was in force.

    Attributes:
        files: text by name of the file, relative to the folder of rules.
    """

    version: str
    first_at: datetime
    last_at: datetime
    files: Mapping[str, str]


def keep(connection: sa.Connection, version: str, files: Mapping[str, str], now: datetime) -> None:
    """Note that the rules *version* are in force now."""
    latest_at = connection.execute(sa.select(sa.func.max(rulesets.c.last_at))).scalar()
    at = max(micros(now), (latest_at or 0) + 1)  # however the clock was set, these are the latest
    known = connection.execute(sa.update(rulesets).where(rulesets.c.version == version).values(last_at=at))
    if known.rowcount == 0:
        body = zstandard.ZstdCompressor().compress(orjson.dumps(dict(files)))
        connection.execute(sa.insert(rulesets).values(version=version, first_at=at, last_at=at, files=body))


def latest(connection: sa.Connection) -> KeptRules | None:
    """Return the rules that were in force last; None where there never were any."""
    row = connection.execute(sa.select(rulesets).order_by(rulesets.c.last_at.desc()).limit(1)).one_or_none()
    return None if row is None else _kept(row)


def of_version(connection: sa.Connection, version: str) -> KeptRules | None:
    """Return the rules of a version; None where they were never in force here."""
    row = connection.execute(sa.select(rulesets).where(rulesets.c.version == version)).one_or_none()
    return None if row is None else _kept(row)


def _kept(row: sa.Row[tuple[str, int, int, bytes]]) -> KeptRules:
    files = orjson.loads(zstandard.ZstdDecompressor().decompress(row.files))
    return KeptRules(row.version, instant(row.first_at), instant(row.last_at), cast(dict[str, str], files))
