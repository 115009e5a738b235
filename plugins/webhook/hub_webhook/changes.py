"""Changes of cases as the receiver tells them (README, "Reading back"): ours alone, the hub ignores all others.

What is known is taken, what is not is passed over: an unknown field, a state or priority of the receiver's own.
"""

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, TypeVar, get_args

from hub.sdk import (
    Author,
    Category,
    DestinationMap,
    FollowUp,
    MessageDraft,
    RecordError,
    State,
    find_marker,
)

Priority = Literal["urgent", "high", "normal", "low"]

_STATES: tuple[State, ...] = get_args(State)
_PRIORITIES: tuple[Priority, ...] = get_args(Priority)
_CATEGORIES: tuple[Category, ...] = get_args(Category)
_T = TypeVar("_T", bound=str)


def follow_up(record: Any, groups: DestinationMap[str]) -> FollowUp:
    """Return what *record* says of a case.

    Raises:
        RecordError: it is no change of a case, or one of its messages is none.
    """
    if not isinstance(record, dict) or not (case := _id(record.get("id"))):
        raise RecordError("a change must be an object with the `id` of its case")
    group = _text(record.get("group"))
    return FollowUp(
        external_id=case,
        marker=find_marker(_text(record.get("webhook_id"))),
        state=_one_of(_STATES, record.get("state")),
        status=_text(record.get("status")) or _text(record.get("state")),
        department=group,
        assignee=_text(record.get("assignee")),
        queue=_text(record.get("queue")) or (groups.queue_where(lambda own: own == group) if group else None),
        priority=_one_of(_PRIORITIES, record.get("priority")),
        category=_one_of(_CATEGORIES, record.get("category")),
        tags=_tags(record.get("tags")),
        rating=_rating(record.get("rating")),
        merged_into=_id(record.get("merged_into")),
        url=_address(record.get("url")),
        messages=tuple(_messages(record, case)),
    )


def message_id(case: str, message: str) -> str:
    """Return the id of a message of a case: receivers may count those of each case from 1."""
    return f"{case}/{message}"


def _messages(record: Mapping[str, Any], case: str) -> Iterator[MessageDraft]:
    given = record.get("messages")
    for one in given if isinstance(given, list) else ():
        if not isinstance(one, dict) or not (name := _id(one.get("id"))):
            raise RecordError(f"case {case}: a message must be an object with an `id`")
        said = one.get("direction")
        yield MessageDraft(
            source_id=message_id(case, name),
            created_at=_moment(one.get("created_at"), f"case {case}, message {name}"),
            direction=said if said in ("in", "out") else "note",  # what is not said to be public stays internal
            author=_author(one.get("author")),
            body=_text(one.get("body")) or "",
            echo_of=find_marker(_text(one.get("webhook_id"))),
        )


def _moment(value: Any, where: str) -> datetime:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError, OverflowError, OSError):
        at = None
    if at is None or at.tzinfo is None:
        raise RecordError(f"{where}: `created_at` is {value!r}; ISO 8601 with an offset, or seconds since 1970")
    return at.astimezone(UTC)


def _author(value: Any) -> Author | None:
    if isinstance(value, dict):
        name = _text(value.get("name"))
        return Author(key=_id(value.get("id")) or "", name=name) if name else None
    name = _text(value)
    return Author(key="", name=name) if name else None


def _tags(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    return tuple(tag for tag in value if isinstance(tag, str) and tag and not find_marker(tag))


def _rating(value: Any) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if known and 0 <= value <= 5 else None


def _one_of(known: tuple[_T, ...], value: Any) -> _T | None:
    return next((one for one in known if one == value), None)


def _id(value: Any) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _address(value: Any) -> str | None:
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else None
