"""Where tickets are delivered: by what a rule says, else by the settings. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

DELIVERED = ("mention", "review")
"""Kinds that are delivered by default; tasks and issues are somebody's work already."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """``[deliver]`` of the settings.

    Args:
        to: names of instances.
        start: only tickets whose customer said something at that moment or later are delivered.
        connectors: the connector of every instance that is configured, by its name.
    """

    to: tuple[str, ...] = ()
    start: datetime | None = None
    connectors: Mapping[str, str] = field(default_factory=dict)

    def of(self, kind: str | None, said_at: datetime | None, ruled: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return the instances that a ticket goes to.

        Args:
            said_at: when the customer's newest message was published.
            ruled: what a rule says; None: none does.
        """
        if self.start is not None and (said_at is None or said_at < self.start):
            return ()
        if ruled is not None:
            return ruled
        return self.to if kind in DELIVERED else ()
