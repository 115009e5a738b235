"""How long tickets are kept: the table ``[retention]``, and the removal of what is older."""

import logging
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.sdk.config import Duration
from hub.store import Pruned, Store

_EVERY = timedelta(days=1)
_AT_ONCE = 20  # batches of one run, so that no run takes long; the next goes on
_LEAST = timedelta(days=30)

_log = logging.getLogger(__name__)


def _long_enough(value: timedelta) -> timedelta:
    if value < _LEAST:
        raise ValueError('is so short that sources still send what was removed; write at least "30d"')
    return value


class Retention(BaseModel):
    """The table ``[retention]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tickets: Annotated[Duration, AfterValidator(_long_enough)] | None = Field(
        default=None, description="tickets that ended and were not heard of for so long are removed; at least 30d"
    )


def prune_daily(store: Store, keep: timedelta | None, now: datetime) -> int:
    """Remove old tickets where settings say so and it was not done within a day; return how many."""
    before = due_before(store, keep, now)
    return 0 if before is None else prune(store, before, _AT_ONCE).tickets


def due_before(store: Store, keep: timedelta | None, now: datetime) -> datetime | None:
    """Return since when tickets must have been heard of to stay; None: none are to go, or that was done within a
    day."""
    last = store.pruned_at() if keep is not None else None
    if keep is None or (last is not None and timedelta() <= now - last < _EVERY):
        return None
    return now - keep


def prune(store: Store, before: datetime, batches: int | None = None) -> Pruned:
    """Remove tickets that ended and were not heard of since *before*; return how much that was.

    Args:
        batches: at most so many; None: all that there are.
    """
    tickets = messages = done = 0
    while (batches is None or done < batches) and (gone := store.prune_tickets(before)).tickets:
        tickets, messages, done = tickets + gone.tickets, messages + gone.messages, done + 1
    if tickets:
        _log.info("old tickets removed", extra={"tickets": tickets, "messages": messages, "before": before.isoformat()})
    return Pruned(tickets, messages)
