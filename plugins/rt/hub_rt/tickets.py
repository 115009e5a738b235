"""What RT says of a case: a row of a search, or a message of its history, as a :class:`FollowUp`. Pure.

Vendor sheet, sections 11 and 12. Only what a record tells is given, so that a row never undoes what another one said.
"""

from collections.abc import Mapping
from typing import Any, get_args

from hub.sdk import Author, Category, FollowUp, MessageDraft, RecordError, State, find_marker, plain_text
from hub_rt.config import Level, RtConfig, as_target
from hub_rt.values import custom, instant, mapping, ref, text

NOBODY = "Nobody"
"""The user that owns what nobody owns."""

DELETED = "deleted"
"""The status of a ticket that RT shows no more."""

MESSAGE_IDS = "txn-"
"""Before the id of a transaction, which may be the number of a ticket as well."""

_MOST_STARS = 5.0


def follow_up(row: Mapping[str, Any], config: RtConfig) -> FollowUp:
    """Return what a ticket of RT says.

    Raises:
        RecordError: it has no id.
    """
    ident = case_id(row)
    merged = ref(row.get("EffectiveId"))
    status = text(row.get("Status")) or None
    if merged not in ("", ident):  # the other one has its own record
        return FollowUp(external_id=ident, marker=_marker(row, config), merged_into=merged, url=address(config, ident))
    return FollowUp(
        external_id=ident,
        marker=_marker(row, config),
        state=_state(row, config),
        status=status,
        department=queue_name(row) or None,
        assignee=_owner(row),
        queue=_hub_queue(row, config),
        priority=_priority(text(row.get("Priority")), config),
        category=_category(custom(row, config.fields.category), config),
        tags=_tags(row, config),
        rating=_rating(custom(row, config.fields.rating)),
        url=address(config, ident),
    )


def gone(ident: str) -> FollowUp:
    """Return that a case is there no more."""
    return FollowUp(external_id=ident, state="hidden")


def merged(ident: str, into: str) -> FollowUp:
    """Return that a case became a part of another one."""
    return FollowUp(external_id=ident, merged_into=into)


def message(record: Mapping[str, Any], config: RtConfig) -> FollowUp:
    """Return what was said in a case.

    Args:
        record: ``transaction``, its text as ``body`` and ``html``, and ``requestors``: the user names of the customers.
    Raises:
        RecordError: there is no usable id or time.
    """
    said = mapping(record.get("transaction"))
    ident, at = text(said.get("id")), instant(said.get("Created"))
    if not ident or at is None:
        raise RecordError(f"the transaction has no usable id or time: {said.get('id')!r}, {said.get('Created')!r}")
    body = text(record.get("body"))
    creator = mapping(said.get("Creator"))
    draft = MessageDraft(
        source_id=f"{MESSAGE_IDS}{ident}",
        created_at=at,
        direction=_direction(said, record),
        author=Author(key=ref(creator), name=text(creator.get("RealName")) or ref(creator) or None),
        body=plain_text(body) if record.get("html") is True else body,
        echo_of=find_marker(text(said.get("Data"))),
    )
    return FollowUp(external_id=ref(said.get("ObjectId")), messages=(draft,))


def case_id(row: Any) -> str:
    """Return the id of a ticket.

    Raises:
        RecordError: there is none.
    """
    ident = ref(mapping(row).get("id"))
    if not ident:
        raise RecordError(f"expected a ticket with an id, got {type(row).__name__}")
    return ident


def address(config: RtConfig, ident: str) -> str:
    """Return where a person finds a ticket."""
    return f"{config.home}/Ticket/Display.html?id={ident}"


def queue_name(row: Mapping[str, Any]) -> str:
    """Return the name of a ticket's queue, its id where the answer does not tell the name."""
    queue = row.get("Queue")
    return text(mapping(queue).get("Name")) or ref(queue)


def _marker(row: Mapping[str, Any], config: RtConfig) -> str | None:
    return find_marker(*custom(row, config.fields.id))


def _state(row: Mapping[str, Any], config: RtConfig) -> State:
    """Return where the case stands. A status that nobody named is done where RT has a time of resolution."""
    known = config.state_of(text(row.get("Status")))
    return known or ("solved" if instant(row.get("Resolved")) else "open")


def _owner(row: Mapping[str, Any]) -> str | None:
    name = text(mapping(row.get("Owner")).get("Name")) or ref(row.get("Owner"))
    return None if name in ("", NOBODY) else name


def _hub_queue(row: Mapping[str, Any], config: RtConfig) -> str | None:
    names = {one.casefold() for one in (queue_name(row), ref(row.get("Queue"))) if one}
    return config.map.queue_where(lambda target: (as_target(target).queue or "").casefold() in names)


def _priority(number: str, config: RtConfig) -> Level | None:
    """Return the level whose number is nearest; None where two have that number, or there is none."""
    try:
        given = int(number)
    except ValueError:
        return None
    far = {level: abs(given - own) for level, own in config.numbers.items()}
    nearest = [level for level, distance in far.items() if distance == min(far.values())]
    return nearest[0] if len({config.numbers[level] for level in nearest}) == len(nearest) else None


def _category(values: list[str], config: RtConfig) -> Category | None:
    named = {value.casefold(): category for category, value in config.categories.items()}
    known: dict[str, Category] = {**{word: word for word in get_args(Category)}, **named}
    return known.get(values[0].casefold()) if values else None


def _tags(row: Mapping[str, Any], config: RtConfig) -> tuple[str, ...] | None:
    if config.fields.tags is None or "CustomFields" not in row:
        return None
    return tuple(sorted(value for value in custom(row, config.fields.tags) if find_marker(value) is None))


def _rating(values: list[str]) -> float | None:
    try:
        rating = float(values[0].replace(",", ".")) if values else -1.0
    except ValueError:
        return None
    return rating if 0 <= rating <= _MOST_STARS else None


def _direction(said: Mapping[str, Any], record: Mapping[str, Any]) -> Any:
    if said.get("Type") != "Correspond":
        return "note"
    return "in" if ref(said.get("Creator")) in (record.get("requestors") or ()) else "out"
