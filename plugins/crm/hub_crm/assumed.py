"""What the vendors do not document, or the sheet only infers, and the connector relies on all the same.

Everything assumed stands here; when a point turns out wrong, this is the place to mend it. Sections are those of the
vendor sheet.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.sdk import Response

# --- all products ---------------------------------------------------------------------------------------------------


INDEX_DELAY = timedelta(seconds=10)
"""How long a look-up may miss what has just been made. No vendor says; lists are read from the tables themselves."""


def is_web_page(response: Response) -> bool:
    """Whether an answer comes from something in front of the API: a proxy, a guard, a page for people."""
    return response.content.lstrip()[:1] == b"<" or "html" in response.headers.get("content-type", "")


# --- Bitrix24 -------------------------------------------------------------------------------------------------------

BITRIX24_OVERLAP = timedelta(minutes=5)
"""How far a walk reaches back behind the start of the one before (section 4, "at least 5 minutes")."""

BITRIX24_COMMENTS_EVERY = timedelta(hours=1)
"""How often comments of open tasks are looked for: as far as is documented, a comment moves neither ``CHANGED_DATE`` of
its task nor any other date that the list can be filtered by (section 6)."""

BITRIX24_BY_IDS = ("ID", "@id")
"""Filter for records by a list of ids: of tasks, of leads and deals (sections 6, 8 name the keys, not the list)."""

BITRIX24_PARKED = timedelta(minutes=1)
"""How long a method rests whose 429 names no time (section 3)."""

BITRIX24_TOKEN_URL = "https://oauth.bitrix24.tech/oauth/token/"  # noqa: S105 - an address
BITRIX24_DELETED = "IS_DELETED"
"""Parameter of a chat message that was deleted: ``"Y"``."""

BITRIX24_FILES = "FILE_ID"
"""Parameter of a chat message with files: their ids, by which they stand in ``files`` of the answer."""


def bitrix24_moment(at: datetime) -> str:
    """Return *at* for a filter: with its offset, so that the portal's own zone does not matter (section 6)."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def bitrix24_task_path(task: str) -> str:
    """Return where a person finds a task, whoever has it; the documented link of a user is
    ``/company/personal/user/547/``."""
    return f"/company/personal/user/0/tasks/task/view/{task}/"


def bitrix24_item_path(kind: str, item: str) -> str:
    """Return where a person finds a lead, a deal or a contact."""
    return f"/crm/{kind}/details/{item}/"


# --- amoCRM ---------------------------------------------------------------------------------------------------------

AMOCRM_OVERLAP = timedelta(minutes=1)
"""How far a poll reaches back behind the last change it saw (section 12: nothing is said of late commits)."""

AMOCRM_ORDER = {"order[updated_at]": "asc"}
"""By time of change; only the vendor's client knows it for tasks (section 12), so it is tried first. Where it is not
obeyed, walks go by :data:`AMOCRM_PLAIN_ORDER`."""

AMOCRM_PLAIN_ORDER = {"order[id]": "asc"}

AMOCRM_BY_IDS = "filter[id][]"
"""Filter for tasks by a list of ids; a hundred of them fit into a URL."""

AMOCRM_WON, AMOCRM_LOST = 142, 143
"""Stages of every pipeline (section 13)."""

AMOCRM_BLOCKED = timedelta(minutes=10)
"""How long nothing is asked after a 403 that may be a ban for too many calls (section 11 names no time)."""

AMOCRM_TOO_MANY = timedelta(seconds=1)
"""Least wait after a 429: the limit counts by the second."""


def amocrm_path(kind: str, item: str) -> str:
    """Return where a person finds a lead, a contact or a company."""
    return f"/{kind}/detail/{item}"


def amocrm_marked(text: str, marker: str) -> str:
    """Return *text* with the marker that a task is looked up by (section 12)."""
    return f"{text}\n[{marker}]"


def amocrm_notes_path(kind: str) -> str:
    """Return the list of the notes of all leads or contacts; the sheet has the path of one entity's (section 13)."""
    return f"{kind}/notes"


def first_line(text: str) -> str:
    """Return what stands for the subject of a task that has none (section 18)."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def rows(value: Any) -> Sequence[Any]:
    """Return the items of what may be a list or a map: PHP writes an empty map as ``[]`` (section 5)."""
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []
