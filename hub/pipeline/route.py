"""What is decided for a new ticket. Pure. Without rules every ticket has normal priority and no queue."""

from hub.sdk import TicketDraft
from hub.store import Decided

UNROUTED = Decided(priority="normal")


def route(draft: TicketDraft) -> Decided:
    """Return the decision for the ticket that *draft* opens."""
    return UNROUTED
