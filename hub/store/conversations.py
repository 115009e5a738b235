"""Where a customer's new message belongs when the ticket of its thread has ended: it opens the ticket again, or, after
a while, a new ticket that follows it. Pure.

Only tickets of mentions and reviews that a person or a destination has ended: an issue or a task stands as its own
tracker says, and what a source itself calls solved stands as it says, in whatever order its records are read. What
rules have closed, rules open. A message that is older than what was said last was dealt with when the ticket ended, and
moves nothing.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

from hub.sdk.drafts import MessageDraft
from hub.store.facts import RULED_STATE, decided_of
from hub.store.rows import Case, dumps
from hub.store.tables import micros

REOPEN = timedelta(days=14)
ENDED = frozenset({"solved", "closed"})

_KINDS = frozenset({"mention", "review"})
_WAITS = "pending"
_FOLLOWING = re.compile(r"#[0-9a-f]{32}$")
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Conversations:
    """What a customer's new message on a ticket that has ended does.

    Args:
        reopen: for how long after its end it opens the ticket again.
        after: later it opens a ``new`` ticket that follows the old one, or the old one all the same (``reopen``).
    """

    reopen: timedelta = REOPEN
    after: Literal["new", "reopen"] = "new"


def has_ended(case: Case) -> bool:
    """Whether nobody works on the ticket any more, by the word of a person or a destination."""
    return case.row.own_state in ENDED and _is_ours(case)


def is_news(case: Case, item: MessageDraft) -> bool:
    """Whether the customer says *item* after all that was said in the ticket in public."""
    if item.direction != "in" or item.hidden:
        return False
    said = (message.created_at for message in case.messages.values() if message.direction != "note")
    return micros(item.created_at) > max(said, default=0)


def waits_for_customer(case: Case) -> bool:
    """Whether the ticket is ``pending``, by the word of a person or a destination."""
    return case.row.own_state == _WAITS and _is_ours(case)


def _is_ours(case: Case) -> bool:
    """Whether neither the source nor a rule gave the ticket its state."""
    row = case.row
    if row.kind not in _KINDS or case.before is None:
        return False
    decided = decided_of(row)
    if "state" in decided.get("set_by_hand", ()):
        return True
    return row.own_state not in (row.source_state, decided.get(RULED_STATE))


def opens_again(case: Case, item: MessageDraft, settings: Conversations) -> bool:
    """Whether *item* comes early enough to open the ticket again."""
    ended_at = case.row.closed_at if case.row.closed_at is not None else case.row.updated_at
    within = micros(item.created_at) - ended_at <= settings.reopen // _MICROSECOND
    return settings.after == "reopen" or (within and settings.reopen > timedelta())


def reopen(case: Case) -> bool:
    """Open the ticket again; return whether its state was a person's, which it is no longer: they decided before the
    customer wrote."""
    row, decided = case.row, decided_of(case.row)
    by_hand = list(decided.get("set_by_hand", ()))
    row.own_state, row.closed_at = "open", None
    if "state" not in by_hand:
        return False
    by_hand.remove("state")
    rest = {name: value for name, value in decided.items() if name != "set_by_hand"}
    row.decided = dumps(rest | ({"set_by_hand": by_hand} if by_hand else {}))
    return True


def thread_of(following: str) -> str:
    """Return the thread of the source that a ticket's thread is, or follows."""
    return _FOLLOWING.sub("", following)


def following(thread: str, message: bytes) -> str:
    """Return the thread of the ticket that *message* (its id) opens after that of *thread*."""
    return f"{thread_of(thread)}#{UUID(bytes=message).hex}"


def first_of(case: Case, unknown: Iterable[tuple[MessageDraft, bytes]]) -> bytes:
    """Return the id of the earliest of the *unknown* messages that is news to a ticket: in whatever order a page has
    them, it names the ticket that follows."""
    return min((item.created_at, mid) for item, mid in unknown if is_news(case, item))[1]


def goes_on(case: Case, later: Case, item: MessageDraft) -> bool:
    """Whether *item* belongs to the ticket *later*, which follows that of *case*, or to one behind it."""
    if item.direction == "in" and not item.hidden:
        return has_ended(case) and is_news(case, item)
    begin = min((message.created_at for message in later.messages.values()), default=later.row.created_at)
    return micros(item.created_at) >= begin
