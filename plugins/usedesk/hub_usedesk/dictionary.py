"""The hub's words and Usedesk's (vendor sheet, sections 3 and 12)."""

from collections.abc import Mapping
from typing import Literal

from hub.sdk import State

Lang = Literal["ru", "en"]
Level = Literal["urgent", "high", "normal", "low"]
TicketType = Literal["question", "task", "problem", "incident"]

SPAM, DELETED, MERGED = "7", "4", "10"

STATES: Mapping[str, State] = {
    "1": "open",
    "2": "solved",
    "3": "closed",
    "4": "hidden",
    "5": "on_hold",
    "6": "pending",
    "7": "closed",
    "8": "new",
}
"""The hub's state by the id of a status. Mailing and merged say nothing of where the case stands."""

STATUSES: Mapping[State, str] = {"new": "8", "open": "1", "pending": "6", "on_hold": "5", "solved": "2", "closed": "3"}
"""The status for a state of ours; a ticket that is hidden at its source is left as it is there."""

STATUS_NAMES: Mapping[str, Mapping[Lang, str]] = {
    "1": {"ru": "Открыт", "en": "Open"},
    "2": {"ru": "Выполнен", "en": "Solved"},
    "3": {"ru": "Закрыт", "en": "Closed"},
    "4": {"ru": "Удален", "en": "Deleted"},
    "5": {"ru": "На удержании", "en": "On hold"},
    "6": {"ru": "В ожидании", "en": "Pending"},
    "7": {"ru": "Спам", "en": "Spam"},
    "8": {"ru": "Новый", "en": "New"},
    "9": {"ru": "Рассылка", "en": "Mailing"},
    "10": {"ru": "Объединен", "en": "Merged"},
}

PRIORITIES: Mapping[Level, str] = {"urgent": "extreme", "high": "urgent", "normal": "medium", "low": "low"}
LEVELS: Mapping[str, Level] = {name: level for level, name in PRIORITIES.items()}
