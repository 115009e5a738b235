"""The tables ``[conversations]`` and ``[escalation]`` of ``hub.toml``."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.sdk import Duration
from hub.store import Conversations

STUCK = timedelta(days=3)


class ConversationsTable(BaseModel):
    """What a customer's new message on a ticket that has ended does."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reopen: Duration = Field(
        default=Conversations().reopen, description="so long after its end it opens the ticket again; 0d: never"
    )
    after: Literal["new", "reopen"] = Field(
        default="new", description="later it opens a new ticket that follows the old one, or the old one all the same"
    )

    def values(self) -> Conversations:
        """Return what the store is told."""
        return Conversations(self.reopen, self.after)


class EscalationTable(BaseModel):
    """When a case elsewhere needs a person's look."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stuck: Literal["off"] | Duration = Field(
        default=STUCK, description="a case in which nothing happened for so long is reported as stuck"
    )

    @property
    def stuck_after(self) -> timedelta | None:
        """After how long a case is stuck; None: never."""
        return self.stuck if isinstance(self.stuck, timedelta) else None
