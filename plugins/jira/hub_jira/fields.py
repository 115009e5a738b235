"""The fields of an issue to create: what the hub knows, in the terms of the project's create screen. Vendor sheet, 7.

Pure. What is required, and what a field takes, is read from create metadata, never assumed; what is missing is said.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from hub.sdk import Delivery, DeliveryError
from hub_jira import assumed
from hub_jira.config import JiraConfig, Level, Target
from hub_jira.issue import mapping, rows, string, text_id
from hub_jira.words import Words, is_social

Fields = Mapping[str, Mapping[str, Any]]
"""Create metadata: fields by id."""

OWN = frozenset({"project", "issuetype", "summary", "description", "labels", "priority"})
"""Fields that the hub itself fills in."""

RAISED: Mapping[Level, Level] = {"low": "normal", "normal": "high", "high": "urgent", "urgent": "urgent"}
PROPERTY = "hub.ticket"

_LEVELS: tuple[Level, ...] = ("urgent", "high", "normal", "low")
_NAMED_VALUES = 8  # allowed values that a message lists


def by_name(found: Sequence[Mapping[str, Any]], wanted: str) -> Mapping[str, Any] | None:
    """Return the row whose id, key, name or value is *wanted*."""
    folded = wanted.casefold()
    for names in (("id", "fieldId", "key"), ("name", "untranslatedName", "value")):
        for row in found:
            if any(text_id(row.get(name)).casefold() == folded for name in names):
                return row
    return None


def names_of(found: Sequence[Mapping[str, Any]]) -> str:
    """Return the names of *found*, for a message."""
    named = [text_id(row.get("name") or row.get("value") or row.get("id")) for row in found]
    more = f" and {len(named) - _NAMED_VALUES} more" if len(named) > _NAMED_VALUES else ""
    return ", ".join(named[:_NAMED_VALUES]) + more


def priority(allowed: Sequence[Mapping[str, Any]], level: Level, config: JiraConfig) -> Mapping[str, Any] | None:
    """Return Jira's priority for ours: the one that the settings name, a stock name, or the one in its place.

    Raises:
        DeliveryError: the settings name one that there is not.
    """
    if level in config.priorities:
        found = by_name(allowed, config.priorities[level])
        if found is None:
            raise DeliveryError(
                f"priorities: Jira has no priority {config.priorities[level]!r} here; there are {names_of(allowed)}"
            )
        return found
    stock = (by_name(allowed, name) for name in assumed.PRIORITY_NAMES[level])
    named = next((row for row in stock if row is not None), None)
    if named is not None or not allowed:
        return named
    return allowed[min(_LEVELS.index(level) * len(allowed) // len(_LEVELS), len(allowed) - 1)]


def create_body(
    delivery: Delivery, config: JiraConfig, project: str, issue_type: str, known: Fields, words: Words
) -> dict[str, Any]:
    """Return the body of ``POST /issue``.

    Args:
        delivery: the effect.
        config: the settings.
        project: key of the project.
        issue_type: id of the type.
        known: the fields of the create screen.
        words: how texts are written.
    Raises:
        DeliveryError: the project wants what nobody gave, or its screen has no place for what must be there.
    """
    ticket = delivery.ticket
    fields: dict[str, Any] = {
        "project": {"key": project},
        "issuetype": {"id": issue_type},
        "summary": words.summary(ticket),
        "description": words.description(ticket),
        "labels": labels(delivery, config),
    }
    level = RAISED[ticket.priority] if config.raise_priority else ticket.priority
    chosen = priority(rows(mapping(known.get("priority")).get("allowedValues")), level, config)
    if chosen is not None:
        fields["priority"] = {"id": text_id(chosen.get("id"))}
    fields |= given_fields(config, config.map.find(delivery), known)
    _check(fields, known)
    told = {"id": str(ticket.id), "marker": delivery.marker, "platform": ticket.platform, "url": words.address(ticket)}
    kept = {name: value for name, value in fields.items() if name in known or name in ("project", "issuetype")}
    return {"fields": kept, "properties": [{"key": PROPERTY, "value": told}]}


def labels(delivery: Delivery, config: JiraConfig) -> list[str]:
    """Return the marker, the settings' labels for a customer from social media, and the platform."""
    social = config.labels if is_social(delivery.ticket) else ()
    return list(dict.fromkeys([delivery.marker, *social, as_label(delivery.ticket.platform)]))


def as_label(text: str) -> str:
    """Return *text* as a label: without spaces."""
    return "-".join(text.split())


def given_fields(config: JiraConfig, target: Target | None, known: Fields) -> dict[str, Any]:
    """Return the fields that the settings give, by id; those of the queue or department win.

    Raises:
        DeliveryError: the screen has no such field.
    """
    given = {**config.fields, **(target.fields if target else {})}
    found: dict[str, Any] = {}
    for name, value in given.items():
        field = by_name([{"fieldId": ident, **row} for ident, row in known.items()], name)
        if field is None:
            raise DeliveryError(f"fields: this create screen has no field {name!r}; it has {', '.join(sorted(known))}")
        found[text_id(field["fieldId"])] = value
    return found


def _check(fields: Mapping[str, Any], known: Fields) -> None:
    wrong = lacking([name for name, value in fields.items() if value], known)
    if wrong:
        raise DeliveryError(wrong)


def lacking(given: Collection[str], known: Fields) -> str:
    """Return what stands in the way of a create with the fields *given*; empty where nothing does."""
    if known and "labels" not in known:
        return (
            "the create screen has no field Labels, which the hub needs to find the issue again; put it on the screen"
        )
    missing = [
        _wanted(ident, row)
        for ident, row in known.items()
        if row.get("required") is True and row.get("hasDefaultValue") is not True and ident not in given
    ]
    return f"Jira requires {'; '.join(missing)}: set it in `fields`, or in `map` for its department" if missing else ""


def _wanted(ident: str, row: Mapping[str, Any]) -> str:
    allowed = rows(row.get("allowedValues"))
    named = f"{string(row.get('name')) or ident} ({ident})"
    return f"{named}, one of {names_of(allowed)}" if allowed else named
