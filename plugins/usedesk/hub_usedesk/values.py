"""Values as they come: ids as numbers or text at random, times in UTC without a zone, parts that may be missing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_MINUTE = "%Y-%m-%d %H:%M"


def text_id(value: Any) -> str:
    """Return an id as text; empty for what is none (0, ``"0"``, ``"null"``)."""
    found = value.strip() if isinstance(value, str) else str(value) if type(value) is int else ""
    return str(int(found)) if found.isascii() and found.isdigit() and 0 < int(found) < 2**63 else ""


def string(value: Any) -> str:
    """Return a text; empty for what is none."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a map; an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the maps of a list; none for what is no list."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def moment(value: Any) -> datetime | None:
    """Return the UTC instant of ``2026-03-04 07:00:00``; None for what is none."""
    try:
        at = datetime.fromisoformat(value.strip()) if isinstance(value, str) else None
        return (at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)) if at is not None else None
    except (ValueError, OverflowError):
        return None


def minute(at: datetime) -> str:
    """Return an instant as filters take it: cut to the minute, UTC."""
    return at.astimezone(UTC).strftime(_MINUTE)


def tag_names(value: Any) -> list[str]:
    """Return the names of a ticket's tags, which come as maps with a name, or as text."""
    listed = value if isinstance(value, list) else []
    names = (string(row.get("name")) if isinstance(row, Mapping) else string(row) for row in listed)
    return [name.strip() for name in names if name.strip()]
