"""Values as they come: ids as numbers or text, times with an offset or in seconds, names that may be missing."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

MAX_SECONDS = 2**34  # some time in the year 2514; more would be milliseconds


def text_id(value: Any) -> str:
    """Return an id as text; empty for what is none (0 and ``"0"`` mean nobody)."""
    found = value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""
    return "" if found in ("0", "-0") else found


def number(value: Any) -> int | None:
    """Return an id that counts upwards as a number."""
    found = text_id(value)
    return int(found) if found.isascii() and found.isdigit() and len(found) < 20 else None


def text(value: Any) -> str:
    """Return a text; empty for what is none."""
    return value if isinstance(value, str) else ""


def moment(value: Any) -> datetime | None:
    """Return a time that is written with its offset; None for any other."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.strip())
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def unix(value: Any) -> datetime | None:
    """Return a time in whole seconds since 1970, UTC; None for any other, 0 among them."""
    if type(value) is not int or not 0 < value < MAX_SECONDS:
        return None
    return datetime.fromtimestamp(value, UTC)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a map; an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return *facts* without those that say nothing."""
    return {name: fact for name, fact in facts.items() if fact not in (None, "", [], ())}


class Names:
    """Names by id, out of a reference; the index is built once for each list."""

    def __init__(self) -> None:
        self._rows: Sequence[Any] = ()
        self._index: dict[str, Mapping[str, Any]] = {}

    def get(self, rows: Sequence[Any], key: str) -> Mapping[str, Any]:
        """Return the row of *rows* whose ``id`` is *key*; empty when there is none."""
        if rows is not self._rows:
            self._index = {text_id(row.get("id")): row for row in rows if isinstance(row, Mapping)}
            self._rows = rows
        return self._index.get(key, {})
