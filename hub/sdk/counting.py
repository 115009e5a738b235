"""What a source says it has: how a backfill plans, and how it proves that nothing is missing."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from hub.sdk.messages import Request, Response


@dataclass(frozen=True, slots=True)
class Counted:
    """How much a source says it has in a window.

    Args:
        records: how many.
        requests: how many requests it takes to read them, about; details apart.
        of: what one of them becomes: a message, or a ticket with its messages.
        exact: whether it is what a read of the same window gives, to the record. Else it is an estimate: good for a
            plan, and no proof.
    """

    records: int
    requests: int = 1
    of: Literal["messages", "tickets"] = "messages"
    exact: bool = True


Counting = Generator[Request, Response, Counted | None]
"""A count under way: yields requests, a refusal comes back as a response too, and ends with what was counted, None
where the source does not say."""
