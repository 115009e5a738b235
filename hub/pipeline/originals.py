"""How an original was asked for, beside the response itself: enough to read it again as it was read then.

No credentials are in it: they are added when a request is sent.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from hub.sdk import Read, Request, Response


def describe(response: Response, read: Read) -> str:
    """Return, as JSON, how *response* was asked for within *read*."""
    request = response.request
    facts: dict[str, Any] = {
        "method": request.method,
        "path": request.path,
        "params": dict(request.params),
        "json": request.json,
        "form": request.form and dict(request.form),
        "context": dict(request.context),
        "status": response.status,
        "since": read.since,
        "until": read.until,
    }
    told = {name: value for name, value in facts.items() if value not in (None, {})}
    return orjson.dumps(told, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


@dataclass(frozen=True, slots=True)
class Asked:
    """What :func:`describe` wrote: the response as it came, and the window it was read for."""

    response: Response
    since: datetime | None
    until: datetime | None


def restore(described: str, body: bytes) -> Asked:
    """Return the response with *body* that was *described*."""
    facts = orjson.loads(described)
    named = {name: facts[name] for name in ("params", "json", "form", "context") if name in facts}
    request = Request(facts["method"], facts["path"], **named)
    bounds = (datetime.fromisoformat(facts[name]) if name in facts else None for name in ("since", "until"))
    return Asked(Response(facts["status"], {}, body, request), *bounds)
