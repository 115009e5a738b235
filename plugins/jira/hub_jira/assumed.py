"""What Atlassian does not document, and what we take for it: replace here once it is known.

Everything in this module is marked [I] or [C] in the vendor sheet, or is general knowledge of the product. The rest of
the plugin reads what is documented, and takes any value that it does not know.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

VERSION = "jira-assumed-1"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

TEXT_CHARS = 32_767
"""Characters of a text field (sheet, section 12)."""

SUMMARY_CHARS = 255
"""Characters of a summary (sheet, section 6)."""

CUT_NOTE = "\n[cut: too long for Jira]"

INDEX_DELAY = timedelta(minutes=5)
"""For so long a new or changed issue may be missing in search (sheet, section 3: "seconds, at times minutes")."""

TOO_MANY_WAIT = timedelta(seconds=2)
"""How long to wait after a 429 that does not say (sheet, section 11: "exponential from 2 s")."""

PRIORITY_NAMES: Mapping[str, tuple[str, ...]] = {
    "urgent": ("Highest", "Blocker", "Critical"),
    "high": ("High", "Critical", "Major"),
    "normal": ("Medium", "Major", "Normal"),
    "low": ("Low", "Lowest", "Minor", "Trivial"),
}
"""Our priorities, and what stock schemes call them (sheet, section 6); the first that a project has is taken."""

_STOCK = 5  # priorities of the stock scheme, ids 1 to 5

INTERNAL_COMMENT = {"key": "sd.public.comment", "value": {"internal": True}}
"""The property that makes a comment of a service project internal (sheet, section 8, "widely used")."""


def priority_level(name: str, place: int | None, of: int) -> str | None:
    """Return our word for a priority of Jira's: by its stock name, else by its place among *of*, highest first.

    Args:
        name: as Jira shows it, perhaps translated.
        place: from 0; None where it is not listed.
        of: how many there are.
    """
    for level, names in PRIORITY_NAMES.items():
        if name.casefold() == names[0].casefold():
            return level
    for level, names in PRIORITY_NAMES.items():
        if name.casefold() in (other.casefold() for other in names):
            return level
    if place is None or not of:
        return None
    return ("urgent", "high", "normal", "low", "low")[min(place * _STOCK // of, _STOCK - 1)]


def is_internal(comment: Mapping[str, Any], *, service_project: bool) -> bool:
    """Return whether only the team sees *comment*.

    ``jsdPublic`` also stands, as true, on comments of projects that no customer can see into: there it says nothing.
    """
    return not service_project or comment.get("jsdPublic") is False or bool(comment.get("visibility"))


def deleted_comment(item: Mapping[str, Any]) -> str | None:
    """Return the id of the comment that an entry of the changelog says was deleted; None for any other entry."""
    gone = item.get("field") == "Comment" and item.get("to") is None and item.get("from")
    return str(item["from"]) if gone else None


def instant(value: Any) -> datetime | None:
    """Return the aware instant of ``2026-03-04T10:11:12.345+0300``, any other ISO 8601 form with an offset, or epoch
    milliseconds (seen in one example of the bulk changelog); None for anything else."""
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return _EPOCH + timedelta(milliseconds=value)
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None
    return at if at is not None and at.tzinfo else None


def errors_of(body: Any) -> Sequence[str]:
    """Return what an error answer says, in whichever of the seen shapes (sheet, section 2)."""
    if not isinstance(body, Mapping):
        return ()
    messages = body.get("errorMessages")
    fields = body.get("errors")
    said = [text for text in messages if isinstance(text, str)] if isinstance(messages, list) else []
    said += [f"{name}: {text}" for name, text in fields.items()] if isinstance(fields, Mapping) else []
    for key in ("message", "errorMessage"):
        said += [body[key]] if isinstance(body.get(key), str) else []
    return said
