"""How amoCRM is called, and what its errors mean (section 11)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.sdk import AuthError, HubError, Request, Response, SourceError, TransientError
from hub_crm import assumed
from hub_crm.values import mapping, text

MAX_LIMIT = 250
API = "/api/v4/"
USERS = f"{API}users"
EMPTY = (204, 304)
"""Nothing at all, and nothing that has changed: no body."""

_SHOWN = 200  # characters of the vendor's words in a message
_RIGHT = "give the integration's user the right to see and edit leads, contacts and tasks (Settings, Users, Rights)"


def get(path: str, params: Mapping[str, Any], **context: Any) -> Request:
    """Return a reading."""
    return Request("GET", f"{API}{path}", params=params, context=context)


def embedded(response: Response, kind: str) -> list[Any]:
    """Return the list *kind* of an answer; empty for one without a body.

    Raises:
        SourceError: there is no such list.
    """
    if response.status in EMPTY:
        return []
    body = response.json()
    found = mapping(mapping(body).get("_embedded")).get(kind)
    if not isinstance(found, list):
        seen = " ".join(response.text[:120].split())
        request = response.request
        raise SourceError(f"{request.method} {request.path}: expected a list of {kind}, got {seen!r}", retry=True)
    return found


def has_next(response: Response) -> bool:
    """Whether another page follows."""
    if response.status in EMPTY:
        return False
    return bool(mapping(mapping(mapping(response.json()).get("_links")).get("next")).get("href"))


def classify(response: Response, usual: HubError | None) -> HubError | None:
    """Return what is wrong with *response*; *usual* is what any vendor's status would mean."""
    status, request = response.status, response.request
    if status < 400:
        return None
    said = explained(response)
    seen = f"{status} from {request.method} {request.path}" + (f": {said}" if said else "")
    if status == 401:
        return AuthError(f"{seen}; the token is not valid (any more): make a new long-lived token, or authorise anew")
    if status == 402:
        return AuthError(f"{seen}; the account is not paid for: ask its administrator, then resume")
    if status == 403:
        return _forbidden(response, seen)
    if status == 429:
        wait = response.headers.get("retry-after", "")
        seconds = float(wait) if wait.isdigit() else 0.0
        return TransientError(seen, max(assumed.AMOCRM_TOO_MANY, timedelta(seconds=seconds)), undone=True)
    if status == 404 and _is_card(request):
        return None
    if status == 504:
        return TransientError(f"{seen}; if it stays, set a smaller page_size")
    return SourceError(seen) if status < 500 and status not in (408, 425) else usual


def _is_card(request: Request) -> bool:
    return request.context.get("what") == "card"


def _forbidden(response: Response, seen: str) -> HubError | None:
    """Return what a 403 means: a right that is missing is said as a problem in JSON, a ban in any other way."""
    request = response.request
    if not explained(response):
        return TransientError(
            f"{seen}; amoCRM blocks this account or address for too many calls, or something in front of it does;"
            " nothing is asked for a while. If it stays, ask its support, and look what else calls from this address",
            assumed.AMOCRM_BLOCKED,
        )
    if request.path == USERS or _is_card(request):
        return None  # names only, for administrators; or one card of many: `parse` reads it as an empty list
    if request.method == "GET":
        return AuthError(f"{seen}; {_RIGHT}, then resume")
    return SourceError(f"{seen}; {_RIGHT}")


def explained(response: Response) -> str:
    """Return the vendor's own words for an error; empty where they are none of a problem in JSON."""
    if assumed.is_web_page(response):
        return ""
    try:
        body = mapping(response.json())
    except SourceError:
        return ""
    parts = [text(body.get("detail")) or text(body.get("title")), *_faults(body.get("validation-errors"))]
    return " ".join("; ".join(filter(None, parts)).split())[:_SHOWN]


def _faults(groups: Any) -> Iterator[str]:
    for group in map(mapping, assumed.rows(groups)):
        faults: Sequence[Any] = assumed.rows(group.get("errors"))
        for fault in map(mapping, faults):
            yield f"{text(fault.get('path'))}: {text(fault.get('detail')) or text(fault.get('code'))}"
