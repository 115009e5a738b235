"""What is wrong with an answer, and what a person does about it: vendor sheet, sections 2, 3, 7 and 11."""

from datetime import UTC, datetime, timedelta

from hub.sdk import AuthError, HubError, Response, SourceError, TransientError, parse_retry_after
from hub_jira import assumed

_CHARS = 300
_SERAPH = "x-seraph-loginreason"
_CAPTCHA, _BAD_LOGIN = "AUTHENTICATION_DENIED", "AUTHENTICATED_FAILED"
_WRITES = ("POST", "PUT", "DELETE")
_CLOUD_ADVICE = (
    "the API token is not valid (any more; it lasts a year at most): make a new one at id.atlassian.com, and check"
    " `email`"
)
_ADVICE = (
    "the token is not valid (any more), or not of the kind that this site takes (Cloud's API tokens need `email` too):"
    " make a new one in the user's profile"
)


def said(response: Response) -> str:
    """Return what the vendor says of an error, whichever of its shapes it has; the beginning of anything else."""
    try:
        body = response.json()
    except SourceError:
        body = None
    found = assumed.errors_of(body)
    return "; ".join(found)[:_CHARS] if found else " ".join(response.text[:_CHARS].split())


def is_web_page(response: Response) -> bool:
    """Return whether the body is HTML: the API answers in JSON, so something in front of it speaks."""
    return response.text.lstrip()[:1] == "<"


def refused_login(response: Response, *, cloud_token: bool) -> AuthError | None:
    """Return why the credentials do not do, None where they do.

    Args:
        response: any answer; a bad login may come with status 200 where guests may read.
        cloud_token: the credentials are an e-mail address and an API token.
    """
    seen = f"{response.status} from {response.request.method} {response.request.path}"
    reason = response.headers.get(_SERAPH, "")
    if _CAPTCHA in reason:
        return AuthError(
            f"{seen}: Jira asks for a CAPTCHA after failed logins; log in once in a browser as this user, then renew"
            " the token"
        )
    if response.status == 401 and "scope" in said(response).lower():
        return AuthError(
            f"{seen}: {said(response)}; the app lacks a scope: read:jira-work, write:jira-work, read:jira-user and"
            " offline_access are needed. Add it, then authorise the app anew"
        )
    if response.status != 401 and _BAD_LOGIN not in reason:
        return None
    return AuthError(f"{seen}; {_CLOUD_ADVICE if cloud_token else _ADVICE}")


def rate_limited(response: Response) -> TransientError | None:
    """Return how long a 429 or 503 asks to wait; None for any other answer."""
    if response.status not in (429, 503):
        return None
    seen = f"{response.status} from {response.request.method} {response.request.path}"
    why = response.headers.get("ratelimit-reason")
    told = f"{seen} ({why})" if why else seen
    return TransientError(told, retry_after=_wait(response), undone=response.status == 429)


def _wait(response: Response) -> timedelta | None:
    now = datetime.now(UTC)
    for name in ("retry-after", "beta-retry-after"):
        wait = parse_retry_after(response.headers.get(name), now)
        if wait is not None:
            return wait
    reset = assumed.instant(response.headers.get("x-ratelimit-reset"))
    if reset is not None:
        return max(reset - now, timedelta())
    return assumed.TOO_MANY_WAIT if response.status == 429 else None


def refused(response: Response) -> HubError | None:
    """Return what a 4xx about this request alone says; None for any other answer."""
    status, request = response.status, response.request
    seen = f"{status} from {request.method} {request.path}"
    if status == 403 and is_web_page(response):
        return TransientError(f"{seen}: a web page; something in front of Jira refused. If it stays, look at the proxy")
    if status == 403 and request.method not in _WRITES:
        return AuthError(f"{seen}: {said(response)}; the user lacks a right: ask Jira's administrator")
    if status == 410:
        return SourceError(f"{seen}: {said(response)}; this site speaks the other edition's dialect: look at base_url")
    if status in (400, 403, 404, 405, 409, 413, 422):
        return SourceError(f"{seen}: {said(response) or 'no reason given; look at `jql`'}")
    return None
