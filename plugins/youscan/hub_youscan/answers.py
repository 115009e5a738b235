"""What answers beside mentions say: errors in JSON, plain text or nothing at all (vendor sheet, section 10)."""

import re
from typing import Any

from hub.sdk import Request, Response, SourceError

_MAX_WORDS = 200  # characters of the vendor's words that go into a message
_TOPIC = re.compile(r"/topics/(\d+)")


def topic_of(request: Request) -> str:
    """Return the id of the topic that *request* is about; empty when it is about none."""
    found = _TOPIC.search(request.path)
    return found[1] if found else ""


def words(response: Response) -> str:
    """Return what the vendor says is wrong, on one line; empty when it says nothing."""
    try:
        body = response.json()
    except SourceError:
        body = response.text
    return " ".join(_said(body).split())[:_MAX_WORDS]


def is_vendors(response: Response) -> bool:
    """Return whether an error is the vendor's own: JSON with a message or a code (section 10).

    Anything else (a page in HTML, an empty body, JSON of another shape) comes from what stands in front of the API.
    """
    try:
        body = response.json()
    except SourceError:
        return False
    return isinstance(body, dict) and bool(_said(body))


def _said(body: Any) -> str:
    if isinstance(body, str):
        return body
    if not isinstance(body, dict):
        return ""
    errors = body.get("errors")
    details = [_said(item) for item in errors if isinstance(item, dict)] if isinstance(errors, list) else []
    parts = [body.get("field"), body.get("errorCode"), body.get("message")]
    return ": ".join(part for part in (*parts, *details) if isinstance(part, str) and part)
