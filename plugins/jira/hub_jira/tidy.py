"""Plain text on its way into Jira: what both formats need. Vendor sheet, section 12."""

import re

from hub.sdk import storable
from hub_jira import assumed

URL = re.compile(r"https?://[^\s<>\"'()\[\]{}|\\^`!*]+[^\s<>\"'()\[\]{}|\\^`!*.,;:?]")
"""A bare web address, without the sign that ends a sentence."""

_CONTROL = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]")


def tidy(text: str) -> str:
    """Return *text* as a field of Jira can hold it: line ends ``\\n``, no control characters, cut with a note where it
    is too long."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    held: str = _CONTROL.sub("", storable(lines))
    if len(held) <= assumed.TEXT_CHARS:
        return held
    return held[: assumed.TEXT_CHARS - len(assumed.CUT_NOTE)] + assumed.CUT_NOTE
