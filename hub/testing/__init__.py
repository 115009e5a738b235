"""Tools for a plugin's tests: the contract of connectors, recorded pages, golden drafts and tickets, what runs writes,
a clock that stands still."""

from typing import TYPE_CHECKING, Any

from hub.testing.clock import NOW, FakeClock
from hub.testing.driving import drive
from hub.testing.golden import check_golden, draft_json, drafts_of, golden_drafts
from hub.testing.receiver import Receiver
from hub.testing.replay import (
    Answer,
    EndlessError,
    NotRecordedError,
    Recording,
    Replay,
    Step,
    read_references,
    recordings,
    walk,
    wire_params,
)
from hub.testing.tickets import check_tickets, golden_tickets

if TYPE_CHECKING:
    from hub.testing.contract import ConnectorContract

__all__ = [
    "NOW",
    "Answer",
    "ConnectorContract",
    "EndlessError",
    "FakeClock",
    "NotRecordedError",
    "Receiver",
    "Recording",
    "Replay",
    "Step",
    "check_golden",
    "check_tickets",
    "draft_json",
    "drafts_of",
    "drive",
    "golden_drafts",
    "golden_tickets",
    "read_references",
    "recordings",
    "walk",
    "wire_params",
]


def __getattr__(name: str) -> Any:
    """Load the contract only where it is asked for: it alone needs pytest."""
    if name != "ConnectorContract":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from hub.testing.contract import ConnectorContract

    return ConnectorContract
