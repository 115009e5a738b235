"""What the contract of connectors tries with, and how it compares."""

import copy
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.sdk import Change, Connector, Cursor, FollowUp, Read, Record, Response, Ticket, TicketDraft
from hub.testing.clock import NOW
from hub.testing.golden import drafts_of
from hub.testing.replay import Step

JUNK: tuple[Record, ...] = (None, "not a record", {}, [], 7)
"""What a source may send in place of a record."""

STATUSES = (400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 418, 422, 429, 500, 502, 503, 504)
BODIES = (b"", b"Please slow down", b"<html>Bad gateway</html>", b'{"message":"no"}', b"[1]", b"null", b'"x"', b"\xff{")

UNKNOWN_FIELD = "x_field_of_tomorrow"
MARKER = f"hub-{'0' * 24}"


def with_body(response: Response, body: Any) -> Response:
    """Return *response* with *body* in place of its own."""
    return Response(response.status, response.headers, json.dumps(body).encode(), response.request)


def named(read: Read) -> str:
    """Return what a message calls *read*."""
    return f'{read.mode} of stream "{read.stream}"' + (f' ("{read.name}")' if read.name else "")


def drafts_or_none(connector: Connector[Any], record: Record, read: Read) -> Sequence[Any]:
    """Return the drafts of *record*; none where it is refused."""
    try:
        return drafts_of(connector, record, read)
    except Exception:
        return ()  # the golden drafts say why it is refused


def flat(drafts: Iterable[Any]) -> Iterator[Any]:
    """Yield the messages of tickets and of what may become one, and changes."""
    for draft in drafts:
        if isinstance(draft, Change):
            yield draft
        elif isinstance(draft, FollowUp):
            yield from draft.otherwise.messages if draft.otherwise else draft.messages
        elif isinstance(draft, TicketDraft):
            yield from draft.messages


def source_ids(connector: Connector[Any], records: Iterable[Record], read: Read) -> Iterator[str]:
    """Yield the source id of everything that *records* say."""
    for record in records:
        for message in flat(drafts_or_none(connector, record, read)):
            yield message.source_id


def canonical(records: Iterable[Record]) -> set[str]:
    """Return *records* in a form that can be compared as a set."""
    return {json.dumps(record, sort_keys=True) for record in records}


def lost(whole: set[str], both: set[str]) -> str:
    """Return how two sets of records differ, for a message."""
    missing, extra = whole - both, both - whole
    return f"{len(missing)} records are missing and {len(extra)} were not there in one run"


def goes_back(before: Cursor, after: Cursor) -> bool:
    """Whether *after* stands before *before*; what cannot be compared never does."""
    if before.keys() != after.keys():
        return False
    try:
        return tuple(after.values()) < tuple(before.values())
    except TypeError:
        return False  # opaque values have no order


def moments(value: Any) -> Iterator[datetime]:
    """Yield every time anywhere in *value*."""
    if isinstance(value, datetime):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from moments(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from moments(dict(item) if hasattr(item, "model_fields_set") else item)


def is_one_of(value: Any, ids: set[str]) -> bool:
    """Whether *value* is one of *ids*, as text or as a number."""
    return isinstance(value, str | int) and str(value) in ids


def with_junk(step: Step) -> Any:
    """Return the body of *step* with junk between its records; None where its list cannot be told."""
    body = copy.deepcopy(step.response.json()) if step.page.records else None
    found = next((items for items in _lists(body) if items and items == list(step.page.records)), None)
    if found is None:
        return None
    found[1:1] = [*JUNK]
    found.append({})
    return body


def _lists(value: Any) -> Iterator[list[Any]]:
    if isinstance(value, list):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _lists(item)


def ticket() -> Ticket:
    """Return a small ticket to deliver or escalate."""
    return Ticket(
        id=UUID(int=1),
        connector="contract",
        instance="contract",
        platform="vk.com",
        kind="mention",
        thread="1",
        title="A question",
        created_at=NOW,
        updated_at=NOW,
        revision="1",
    )
