"""What is wrong with an answer, and what a person does about it: vendor sheet, section 10."""

from hub.sdk import AuthError, HubError, Response, SourceError
from hub_rt.values import mapping, text

_CHARS = 300


def said(response: Response) -> str:
    """Return RT's own words: the message of an error, or the list of what became of each field."""
    try:
        body = response.json()
    except SourceError:
        return " ".join(response.text[:_CHARS].split())
    if isinstance(body, list):
        return "; ".join(filter(None, map(text, body)))[:_CHARS]
    return text(mapping(body).get("message"))[:_CHARS]


def fault(response: Response) -> HubError | None:
    """Return what is wrong with *response*, as far as RT has words of its own for it.

    A refusal of 400, 403, 404 or 412 concerns one ticket or one queue, never the account.
    """
    seen = f"{response.status} from {response.request.method} {response.request.path}"
    if response.status == 401:
        return AuthError(f"{seen}: RT does not take the token (or, with `user`, the password); make a new one in RT")
    if response.status in (400, 403, 404, 409, 412, 415):
        return SourceError(f"{seen}: {said(response) or 'no reason given'}")
    moved = 300 <= response.status < 400
    if moved or (response.status < 400 and response.text.lstrip()[:1] == "<"):
        where = f"led on to {response.headers.get('location', 'nowhere')}" if moved else "a web page"
        return AuthError(
            f"{seen}: {where}, perhaps RT's login; look at `base_url` (without /REST/2.0) and whether the web server"
            " lets the header Authorization through"
        )
    return None
