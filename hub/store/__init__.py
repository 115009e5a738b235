"""What survives a restart: tickets, messages, events, originals, dead letters, cursors. One store per ``store`` URL."""

from hub.store.backfilled import Backfill, Window
from hub.store.by_hand import HandSet
from hub.store.case_problems import CaseProblem
from hub.store.conversations import Conversations
from hub.store.corrections import Correction
from hub.store.customer_door import JoinedCustomer
from hub.store.customer_links import Profile
from hub.store.customer_views import CardView, CustomerLine, CustomerView, HistoryLine, LinkView, ProfileView
from hub.store.erase import CaseLeft, Erased, Named, StillNamed
from hub.store.failed import FailedPage
from hub.store.figures_query import FigureFilter
from hub.store.figures_reports import FigureTable, ReportColumn
from hub.store.inquiries import Asking, Crm
from hub.store.inventory import Absent
from hub.store.kept import Moved, Original
from hub.store.links import Place
from hub.store.outbox import Asked, Outgoing, Parcel
from hub.store.page import (
    Act,
    Answer,
    Answering,
    Checkpoint,
    Decided,
    Escalation,
    Rejected,
    Router,
    Stored,
    StreamKey,
    Text,
    ToWrite,
)
from hub.store.prune import Pruned
from hub.store.queries import TicketEvent, TicketFilter, TicketLine
from hub.store.replies import ReplyRow, Score
from hub.store.same import Linked
from hub.store.state import DeadLetter, InstanceState, StreamState
from hub.store.store import Recall, Store, Summary, backup_store, open_store, upgrade_store

__all__ = [
    "Absent",
    "Act",
    "Answer",
    "Answering",
    "Asked",
    "Asking",
    "Backfill",
    "CardView",
    "CaseLeft",
    "CaseProblem",
    "Checkpoint",
    "Conversations",
    "Correction",
    "Crm",
    "CustomerLine",
    "CustomerView",
    "DeadLetter",
    "Decided",
    "Erased",
    "Escalation",
    "FailedPage",
    "FigureFilter",
    "FigureTable",
    "HandSet",
    "HistoryLine",
    "InstanceState",
    "JoinedCustomer",
    "LinkView",
    "Linked",
    "Moved",
    "Named",
    "Original",
    "Outgoing",
    "Parcel",
    "Place",
    "Profile",
    "ProfileView",
    "Pruned",
    "Recall",
    "Rejected",
    "ReplyRow",
    "ReportColumn",
    "Router",
    "Score",
    "StillNamed",
    "Store",
    "Stored",
    "StreamKey",
    "StreamState",
    "Summary",
    "Text",
    "TicketEvent",
    "TicketFilter",
    "TicketLine",
    "ToWrite",
    "Window",
    "backup_store",
    "open_store",
    "upgrade_store",
]
