"""The figures of a stored ticket, by the policy that it was promised."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from hub.routing.times import Times, times
from hub.sdk import ConfigError, Ticket
from hub.store import TicketEvent


def times_of(rules: Path | None, ticket: Ticket, events: Sequence[TicketEvent], now: datetime) -> Times:
    """Return the figures of *ticket*. A policy that the rules no longer have promises nothing.

    Args:
        rules: the folder of rules; None: there are none.
        events: of the ticket, oldest first.
    """
    found = None
    if ticket.sla is not None and rules is not None:
        from hub.routing.policies import policy_named

        try:
            found = policy_named(rules, ticket.sla.policy)
        except ConfigError:  # "hub rules check" tells what is wrong
            found = None
    policy, calendar = found or (None, None)
    return times(ticket.messages, events, now, policy, calendar, ticket.state)
