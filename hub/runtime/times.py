"""The figures of a stored ticket, by the policy that holds for it in the rules in force."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hub.routing.times import Times, times
from hub.runtime.rules import rules_in_force
from hub.sdk import ConfigError, Ticket
from hub.store import Store, TicketEvent

if TYPE_CHECKING:
    from hub.routing.calendar import Calendar
    from hub.routing.policy import SlaPolicy


def times_of(
    rules: Path | None, store: Store, ticket: Ticket, events: Sequence[TicketEvent], now: datetime
) -> Times:
    """Return the figures of *ticket*. A policy that the rules no longer have promises nothing.

    Args:
        rules: the folder of rules; None: there are none.
        events: of the ticket, oldest first.
    """
    return times(ticket.messages, events, now, *_policy(rules, store, ticket))


def _policy(rules: Path | None, store: Store, ticket: Ticket) -> "tuple[SlaPolicy | None, Calendar | None]":
    if ticket.sla is None or rules is None:
        return None, None
    try:
        load = rules_in_force(rules, store).load
    except ConfigError:  # "hub rules check" tells of it
        return None, None
    if load is None:
        return None, None
    from hub.routing.decide import calendar_of

    loaded = load()
    found = next((one.sla for one in loaded.policies if one.sla.name == ticket.sla.policy), None)
    return (found, calendar_of(found, loaded.calendars)) if found is not None else (None, None)
