"""Values of RT's answers, whatever their shape: vendor sheet, sections 10 and 11."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_NOTHING: Mapping[str, Any] = {}
_UNSET_YEAR = 1970


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none for anything else."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return an id, a number or a text as text; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""


def ref(value: Any) -> str:
    """Return what a reference refers to: its id, whether it came as an object or bare."""
    return text(mapping(value).get("id")) if isinstance(value, Mapping) else text(value)


def instant(value: Any) -> datetime | None:
    """Return a W3C time; None for what is none, and for RT's word for unset, the first day of 1970."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value.replace("Z", "+00:00"))
    except ValueError:
        return None
    if at.year == _UNSET_YEAR or at.tzinfo is None:
        return None
    return at.astimezone(UTC)


def custom(ticket: Mapping[str, Any], name: str | None) -> list[str]:
    """Return the values of a ticket's custom field, compared as RT does, without regard to case; none where it has no
    such field."""
    if name is None:
        return []
    for field in rows(ticket.get("CustomFields")):
        if text(field.get("name")).casefold() == name.casefold():
            values = field.get("values")
            return [text(value) for value in values if text(value)] if isinstance(values, list) else []
    return []


def has_custom(ticket: Mapping[str, Any], name: str) -> bool:
    """Return whether the ticket, or the list of fields of a queue, has a field of this name."""
    found = rows(ticket.get("CustomFields")) + rows(ticket.get("TicketCustomFields"))
    return any(text(field.get("name")).casefold() == name.casefold() for field in found)


def quote(value: str) -> str:
    """Return *value* as a literal of TicketSQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
