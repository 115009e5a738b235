"""What survives a restart: tickets, messages, events, originals, dead letters, cursors. One store per ``store`` URL."""

from hub.store.erase import Erased, Named
from hub.store.inventory import Absent
from hub.store.page import Checkpoint, Decided, Rejected, Router, Stored, StreamKey
from hub.store.queries import TicketEvent, TicketFilter, TicketLine
from hub.store.state import DeadLetter, InstanceState, StreamState
from hub.store.store import Recall, Store, Summary, backup_store, open_store, upgrade_store

__all__ = [
    "Absent",
    "Checkpoint",
    "DeadLetter",
    "Decided",
    "Erased",
    "InstanceState",
    "Named",
    "Recall",
    "Rejected",
    "Router",
    "Store",
    "Stored",
    "StreamKey",
    "StreamState",
    "Summary",
    "TicketEvent",
    "TicketFilter",
    "TicketLine",
    "backup_store",
    "open_store",
    "upgrade_store",
]
