"""How Bitrix24 is called: requests, batches, credentials in the path, and what its errors mean (sections 2, 3, 5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import SecretStr

from hub.sdk import AuthError, HubError, Outgoing, Request, Response, SourceError, TransientError
from hub_crm import assumed
from hub_crm.values import mapping, text

PAGE_SIZE = 50
OVERRUN = "OPERATION_TIME_LIMIT"

_REST, _REST3 = "/rest/", "/rest/api/"
_SHOWN = 200  # characters of the vendor's words in a message

SCOPES: Mapping[str, str] = {
    "tasks.task.chat": "tasks",
    "tasks.": "task",
    "task.": "task",
    "crm.": "crm",
    "im.": "im",
    "user.": "user",
    "sonet_group.": "sonet_group",
}
"""The scope that a method needs, by how its name begins; the first that fits."""

Params = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WebhookPath:
    """An inbound webhook's user and code, which stand in the path: ``/rest/{user}/{code}/{method}``."""

    path: SecretStr

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        """Return *outgoing* with the code between ``/rest`` (or ``/rest/api``) and the method."""
        rest = outgoing.url.removeprefix(base_url)
        start = next((start for start in (_REST3, _REST) if rest.startswith(start)), "/")
        where = f"{base_url}{start}{quote(self.path.get_secret_value())}/{rest.removeprefix(start)}"
        return replace(outgoing, url=where)

    def secrets(self) -> tuple[str, ...]:
        whole = self.path.get_secret_value()
        return (whole, whole.partition("/")[2])


def call(method: str, params: Params, *, safe: bool = True, **context: Any) -> Request:
    """Return the call of a REST 2 method. Reading is *safe* though it is a POST."""
    return Request("POST", _REST + method, json=dict(params), safe=safe, context={"method": method, **context})


def call3(method: str, params: Params, key: str) -> Request:
    """Return the call of a REST 3.0 method that creates.

    The portal forgets *key* after a day, and a delivery may wait for longer: so it is not safe to send again.
    """
    headers = {"Idempotency-Key": key}
    return Request("POST", _REST3 + method, json=dict(params), headers=headers, safe=False, context={"method": method})


def batch(commands: Mapping[str, tuple[str, Params]], **context: Any) -> Request:
    """Return up to 50 commands as one call; one that fails stops no other."""
    cmd = {key: f"{method}?{query(params)}" for key, (method, params) in commands.items()}
    return call("batch", {"halt": 0, "cmd": cmd}, **context)


def query(params: Params) -> str:
    """Return *params* as PHP reads them: ``filter[ID]=5&select[]=TITLE``."""
    return urlencode([pair for name, value in params.items() for pair in _pairs(name, value)])


def _pairs(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _pairs(f"{name}[{key}]", item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _pairs(f"{name}[]", item)
    else:
        yield name, str(value)


def methods(request: Request) -> list[str]:
    """Return the methods whose run time *request* uses; each of a batch once."""
    commands = mapping(mapping(request.json).get("cmd")).values()
    named = [request.context.get("method"), *(command.partition("?")[0] for command in commands)]
    return [method for method in dict.fromkeys(named) if method]


@dataclass(frozen=True, slots=True)
class Batch:
    """The answer to a batch: results and errors by key."""

    results: Mapping[str, Any]
    errors: Mapping[str, Any]
    following: Mapping[str, Any]


def read_batch(response: Response) -> Batch:
    """Return what a batch brought.

    Raises:
        TransientError: a command was refused for now (limits, an internal fault): the whole batch is to be sent again.
        SourceError: it is no answer to a batch.
    """
    outer = result(response)
    if not isinstance(outer, Mapping) or "result" not in outer:
        raise unreadable(response, "the results of a batch")
    errors = mapping(outer.get("result_error"))
    for key, error in errors.items():
        code, said = _words(error)
        if code in ("QUERY_LIMIT_EXCEEDED", OVERRUN, "INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"):
            raise TransientError(f"{_seen(response)}: command {key}: {code} {said}", assumed.BITRIX24_PARKED)
    return Batch(mapping(outer["result"]), errors, mapping(outer.get("result_next")))


def result(response: Response) -> Any:
    """Return ``result`` of the envelope.

    Raises:
        SourceError: there is none.
    """
    body = response.json()
    if not isinstance(body, dict) or "result" not in body:
        raise unreadable(response, "a result")
    return body["result"]


def unreadable(response: Response, expected: str) -> SourceError:
    seen = " ".join(response.text[:120].split())
    return SourceError(f"{_seen(response)}: expected {expected}, got {seen!r}", retry=True)


def why(error: Any) -> str:
    """Return the error of one command in the vendor's words."""
    return " ".join(part for part in _words(error) if part)


# --- errors -----------------------------------------------------------------------------------------------------


def scope_of(method: str) -> str:
    """Return the scope that *method* needs."""
    return next((scope for start, scope in SCOPES.items() if method.startswith(start)), "task")


def classify(response: Response, reading: Sequence[str]) -> HubError | None:
    """Return what is wrong with *response*; None where nothing is, or nothing that only Bitrix24 says.

    Args:
        reading: methods without which nothing can be read: a refusal of theirs pauses the instance.
    """
    status = response.status
    if status < 400:
        return _overrun(response) if response.request.context.get("method") == "batch" else None
    code, said = _error(response)
    method = str(response.request.context.get("method", ""))
    seen = f"{_seen(response)}: {' '.join(part for part in (code, said) if part)}".rstrip(": ")
    if status == 401:
        return AuthError(
            f"{seen}; the webhook's code is not valid (any more): make a new inbound webhook, set webhook_url"
        )
    if status == 403:
        return _forbidden(response, seen, code, method, reading)
    if code == "ERROR_METHOD_NOT_FOUND":
        return _stopping(method in reading, f"{seen}; tick the scope {scope_of(method)} of the webhook")
    if code in ("OVERLOAD_LIMIT", "PORTAL_DELETED"):
        return AuthError(f"{seen}; Bitrix24 has blocked this portal: ask its support, then resume")
    if code == "QUERY_LIMIT_EXCEEDED":
        return TransientError(seen, retry_after=timedelta(seconds=1), undone=True)
    if status == 429:
        return TransientError(seen, _parked(response), undone=True, limit=method if code == OVERRUN else None)
    if status == 402:
        return AuthError(f"{seen}; the portal's plan has no REST any more: ask its administrator")
    return SourceError(seen) if 400 <= status < 500 and status not in (408, 425) else None


def _overrun(response: Response) -> TransientError | None:
    """Return that a command of a batch has used up its method's run time; an answer that cannot be read says nothing
    here: who reads it tells of it."""
    try:
        errors = mapping(mapping(result(response)).get("result_error"))
    except SourceError:
        return None
    for key, error in errors.items():
        code, said = _words(error)
        if code == OVERRUN:
            method = text(mapping(response.request.json.get("cmd")).get(key)).partition("?")[0]
            return TransientError(f"{method} in a batch: {code} {said}", assumed.BITRIX24_PARKED, limit=method)
    return None


def _forbidden(response: Response, seen: str, code: str, method: str, reading: Sequence[str]) -> HubError:
    if not code and assumed.is_web_page(response):
        return TransientError(
            f"{seen}; a web page: something in front of the portal refused. It is tried again; if it stays, look at the"
            " proxy, or ask the portal's administrator whether this machine's address is blocked"
        )
    scope = scope_of(method)
    if code == "insufficient_scope":
        return _stopping(method in reading, f"{seen}; tick the scope {scope} of the webhook")
    return _stopping(
        method in reading or not method,
        f"{seen}; the webhook's user has no right to it, or the portal's plan has no REST: ask its administrator",
    )


def _stopping(stops: bool, message: str) -> HubError:
    """Return an error that waits for a person; where reading can go on, one of the request alone."""
    return AuthError(message) if stops else SourceError(message)


def _error(response: Response) -> tuple[str, str]:
    try:
        body = response.json()
    except SourceError:
        return "", ""
    return _words(body if isinstance(body, dict) else {})


def _words(error: Any) -> tuple[str, str]:
    """Return code and words of an error of REST 2 (flat) or REST 3.0 (nested, with what is wrong of which field)."""
    said = mapping(error)
    nested = said.get("error")
    if isinstance(nested, Mapping):
        faults = [text(mapping(item).get("message")) for item in assumed.rows(nested.get("validation"))]
        words = "; ".join(filter(None, [text(nested.get("message")), *faults]))
        return text(nested.get("code")), words[:_SHOWN]
    words = text(said.get("error_description") or said.get("error_msg"))
    return text(nested), " ".join(words[:_SHOWN].split())


def _parked(response: Response) -> timedelta:
    """Return how long the method must rest: until the oldest slot of its budget drops out."""
    try:
        time = mapping(mapping(response.json()).get("time"))
        wait = float(time["operating_reset_at"]) - float(time.get("finish") or time["start"])
    except (SourceError, KeyError, TypeError, ValueError):
        return assumed.BITRIX24_PARKED
    return timedelta(seconds=min(max(wait, 1.0), 600.0))


def _seen(response: Response) -> str:
    status = f"{response.status} from " if response.status >= 400 else ""
    return f"{status}{response.request.method} {response.request.path}"
