"""What survives a restart: tickets, messages, events, originals, dead letters, cursors. One store per ``store`` URL."""

from hub.store.backfilled import Backfill, Window
from hub.store.by_hand import HandSet
from hub.store.erase import Erased, Named
from hub.store.failed import FailedPage
from hub.store.inventory import Absent
from hub.store.kept import Moved, Original
from hub.store.links import Place
from hub.store.outbox import Asked, Outgoing, Parcel
from hub.store.page import Checkpoint, Decided, Escalation, Rejected, Router, Stored, StreamKey
from hub.store.queries import TicketEvent, TicketFilter, TicketLine
from hub.store.state import DeadLetter, InstanceState, StreamState
from hub.store.store import Recall, Store, Summary, backup_store, open_store, upgrade_store

__all__ = [
    "Absent",
    "Asked",
    "Backfill",
    "Checkpoint",
    "DeadLetter",
    "Decided",
    "Erased",
    "Escalation",
    "FailedPage",
    "HandSet",
    "InstanceState",
    "Moved",
    "Named",
    "Original",
    "Outgoing",
    "Parcel",
    "Place",
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
    "Window",
    "backup_store",
    "open_store",
    "upgrade_store",
]
