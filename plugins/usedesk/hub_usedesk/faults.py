"""What is wrong with an answer, and what a person does about it (section 2): errors may come with HTTP 200."""

from datetime import UTC, datetime

from hub.sdk import AuthError, HubError, Response, SourceError, TransientError, parse_retry_after
from hub_usedesk import assumed
from hub_usedesk.values import mapping

_CHARS = 300
_KEY_ADVICE = "look at the key of the channel of type API (Settings, Channels) and renew `token`"


def error_of(response: Response) -> tuple[str, str] | None:
    """Return text and code of an error in the body, whatever the status; None where there is none."""
    if response.content.lstrip()[:1] != b"{":
        return None  # a list, a page for people
    try:
        body = mapping(response.json())
    except SourceError:
        return None
    if not body.get("error"):
        return None
    error = body["error"]
    text = error if isinstance(error, str) else str(mapping(error).get("message") or error)
    return " ".join(text[:_CHARS].split()), str(body.get("code") or "")


def told(response: Response) -> str:
    """Return what Usedesk says of an error, with its code; else the beginning of what it answered."""
    found = error_of(response)
    if found is None:
        return " ".join(response.text[:_CHARS].split())
    text, code = found
    return f"{text} (code {code})" if code else text


def fault_of(response: Response, usual: HubError | None) -> HubError | None:
    """Return what is wrong with *response*, or None; *usual* is what any vendor's status would mean."""
    found, status = error_of(response), response.status
    seen = f"{status} from {response.request.method} {response.request.path}"
    if status == 429 or (found and assumed.is_too_many(*found)):
        wait = parse_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
        return TransientError(f"{seen}: too many requests", retry_after=wait or assumed.TOO_MANY_WAIT, undone=True)
    if found is None or isinstance(usual, TransientError):
        return usual
    if isinstance(usual, AuthError) or assumed.is_refused_token(*found):
        return AuthError(f"{seen}: {told(response)}; {_KEY_ADVICE}")
    return SourceError(f"{seen}: {told(response)}")
