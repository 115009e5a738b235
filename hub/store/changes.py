"""What changed between two forms of a message or a ticket, field by field, for the story of the ticket."""

from typing import Any

import orjson

from hub.store.rows import MessageRow, TicketRow

_Source = list[Any]  # [stream, source_id, hidden, tags]


def message_changes(old: MessageRow, new: MessageRow) -> dict[str, list[Any]]:
    """Return the changed fields of a message with their old and new values; counters are no news."""
    fields: dict[str, list[Any]] = {}
    for name in ("direction", "body"):
        if getattr(old, name) != getattr(new, name):
            fields[name] = [getattr(old, name), getattr(new, name)]
    if old.created_at != new.created_at:
        fields["created_at"] = [old.created_at, new.created_at]
    if old.hidden != new.hidden:
        fields["hidden"] = [bool(old.hidden), bool(new.hidden)]
    if old.sources != new.sources:
        fields |= _source_changes(orjson.loads(old.sources), orjson.loads(new.sources))
    if old.content != new.content:
        fields |= _facts_changes(old.content, new.content)
    return fields


def _source_changes(old: list[_Source], new: list[_Source]) -> dict[str, list[Any]]:
    fields: dict[str, list[Any]] = {}
    old_names, new_names = ([source[:2] for source in sources] for sources in (old, new))
    if old_names != new_names:
        fields["sources"] = [old_names, new_names]
    old_tags, new_tags = (sorted({tag for source in sources for tag in source[3]}) for sources in (old, new))
    if old_tags != new_tags:
        fields["source_tags"] = [old_tags, new_tags]
    return fields


def _facts_changes(old: str, new: str) -> dict[str, list[Any]]:
    before, after = orjson.loads(old), orjson.loads(new)
    names = [*before, *(name for name in after if name not in before)]
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def ticket_changes(old: TicketRow, new: TicketRow) -> dict[str, list[Any]]:
    """Return the changed fields of the ticket itself; what follows from a message's change is told there."""
    fields: dict[str, list[Any]] = {}
    for name in ("platform", "kind", "title", "language", "state"):
        if getattr(old, name) != getattr(new, name):
            fields[name] = [getattr(old, name), getattr(new, name)]
    if old.content != new.content:
        fields |= _facts_changes(old.content, new.content)
    fields.pop("source_tags", None)
    return fields
