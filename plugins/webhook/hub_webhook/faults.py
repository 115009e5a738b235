"""What is wrong with an answer of the receiver, and its own words for it."""

from datetime import UTC, datetime
from typing import Any

from hub.sdk import (
    AuthError,
    ConfigError,
    HubError,
    Response,
    SourceError,
    TransientError,
    parse_retry_after,
)

_WORDS = 300  # characters of the receiver's own words that are told
_KEYS = ("error", "message", "detail", "title")
_BUSY = (408, 425, 429)
_MOVED = (301, 308)
_REFUSED = (401, 402, 403)


def fault_of(response: Response) -> HubError | None:
    """Return what is wrong with *response*; None: the receiver has taken it."""
    status, named = response.status, f"{response.status} from the receiver"
    if response.request.method == "HEAD" and status < 500:
        return None  # it only shows that somebody is there
    if 200 <= status < 300:
        return (
            TransientError(f"{named}, but a web page: something else stands at its address")
            if _page(response)
            else None
        )
    if 300 <= status < 400:
        return _redirect(response)
    said = words(response)
    told = f"{named}: {said}" if said else named
    if status == 410:
        return ConfigError(f"{told}; it wants no more events: ask its people for another address, or switch it off")
    if status in _REFUSED:
        return AuthError(f"{told}; compare `secret` (and `token`) with the receiver's, and the clocks of both machines")
    if status in _BUSY or status >= 500:
        return TransientError(told, retry_after=parse_retry_after(response.headers.get("retry-after"), _now()))
    return SourceError(told)


def words(response: Response) -> str:
    """Return what the receiver says of a refusal, on one line; empty where it is silent or sends a web page."""
    body = answer(response)
    found = next((body[key] for key in _KEYS if isinstance(body.get(key), str)), "")
    text = found or ("" if _page(response) else response.text)
    return " ".join(text[:_WORDS].split())


def answer(response: Response) -> dict[str, Any]:
    """Return the JSON object of *response*; an empty one where there is none, for a receiver need not say anything."""
    try:
        body = response.json()
    except SourceError:
        return {}
    return body if isinstance(body, dict) else {}


def _redirect(response: Response) -> HubError:
    to = response.headers.get("location", "nowhere").partition("?")[0]
    told = f"{response.status} from the receiver, to {to}: not followed; set `base_url` to where it is now"
    return ConfigError(told) if response.status in _MOVED else TransientError(told)


def _page(response: Response) -> bool:
    return "html" in response.headers.get("content-type", "") and response.text.lstrip()[:1] == "<"


def _now() -> datetime:
    return datetime.now(UTC)
