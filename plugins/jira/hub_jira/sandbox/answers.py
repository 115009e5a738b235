"""How Jira answers: headers, errors in their several shapes, refusals (sheet, sections 2, 3 and 11)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hub.sandbox import dump

from .access import Access
from .model import CLOUD, Issue, User
from .render import View
from .world import JiraWorld

GONE = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration guideline"
    " is available at CHANGE-2046"
)


class AnswerError(Exception):
    """An error answer; *fields* maps fields to messages; *silent* ones have no body."""

    def __init__(
        self, status: int, message: str = "", fields: dict[str, str] | None = None, *, silent: bool = False
    ) -> None:
        super().__init__(message)
        self.status, self.fields, self.silent = status, fields or {}, silent


def ok(body: object, status: int = 200) -> Response:
    return Response(dump(body), status, media_type="application/json")


def refusal(status: int, message: str = "", fields: dict[str, str] | None = None) -> Response:
    return ok({"errorMessages": [message] if message else [], "errors": fields or {}}, status)


async def answer_error(_request: Request, error: Exception) -> Response:
    """`AnswerError` as a response."""
    assert isinstance(error, AnswerError)  # noqa: S101 (Starlette's handlers are not generic)
    if error.silent:
        return Response(status_code=error.status)
    return refusal(error.status, str(error), error.fields)


def unauthorized(access: Access) -> Callable[[], Response]:
    """401, each time in another of the seen shapes; with the CAPTCHA header once that is asked for."""
    shapes: Iterator[Callable[[], Response]] = itertools.cycle(
        (
            lambda: ok({"message": "Client must be authenticated to access this resource.", "status-code": 401}, 401),
            lambda: Response(status_code=401),
            lambda: refusal(401, "You do not have the permission to see the specified issue."),
            lambda: Response("<html><body><h1>Log in</h1></body></html>", 401, media_type="text/html"),
        )
    )

    def refuse() -> Response:
        response = next(shapes)()
        reason = "AUTHENTICATION_DENIED" if access.world.captcha else "AUTHENTICATED_FAILED"
        response.headers["x-seraph-loginreason"] = reason
        return response

    return refuse


def too_many(world: JiraWorld, reason: str = "jira-burst-based") -> Response:
    """429 with the headers of the sheet; every other time the moment stands in another header."""
    response = refusal(429, "Rate limit exceeded.")
    response.headers["x-ratelimit-limit"] = "100"
    response.headers["x-ratelimit-remaining"] = "0"
    response.headers["ratelimit-reason"] = reason
    response.headers["x-ratelimit-reset"] = (world.clock.now() + timedelta(seconds=1)).isoformat()
    if reason == "jira-quota-tenant-based":
        response.headers["beta-retry-after"] = "1"
    else:
        response.headers["retry-after"] = "1"
    return response


class Handlers:
    """What handlers share."""

    def __init__(self, world: JiraWorld, access: Access) -> None:
        self.world, self.access = world, access

    @property
    def _cloud(self) -> bool:
        return self.world.edition == CLOUD

    def caller(self, request: Request) -> User:
        """Who calls. Each request may be the one that a planned refusal is for."""
        user = self.access.caller(request)
        assert user is not None  # noqa: S101 - the gate lets nobody else through
        return user

    def view(self, request: Request) -> View:
        headers = request.headers
        forced = headers.get("x-force-accept-language") == "true"
        english = not self._cloud or (forced and headers.get("accept-language", "").lower().startswith("en"))
        address = request.url
        base = f"{address.scheme}://{address.netloc}{self.access.base_path}"
        return View(self.world.edition, base, english)

    def issue(self, request: Request, right: str = "BROWSE_PROJECTS") -> Issue:
        """The issue of the path. One that may not be seen is not told apart from one that is not there."""
        user = self.caller(request)
        issue = self.world.find(request.path_params["issue"], user)
        if issue is None:
            raise AnswerError(404, "Issue does not exist or you do not have permission to see it.")
        if not self.world.may(user, right, issue.project.key):
            raise AnswerError(403, "You do not have the permission to do this.")
        return issue


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object sent."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise AnswerError(400, "Invalid request payload. Refer to the REST API documentation and try again.")
    return body


def whole(text: str | None, default: int) -> int:
    """A number of a query.

    Raises:
        AnswerError: it is none.
    """
    if text is None:
        return default
    if not text.isdigit():
        raise AnswerError(400, "The provided parameter is not a number.")
    return int(text)
