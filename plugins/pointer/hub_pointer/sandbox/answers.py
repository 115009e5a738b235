"""How Pointer answers: envelopes, errors, and what a request is allowed to see."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hub.sandbox import dump

from .model import Token
from .query import BadParameterError, Page, Parameters
from .world import PointerWorld


class AnswerError(Exception):
    """An error answer; `errors` maps fields to messages."""

    def __init__(self, status: int, message: str, errors: dict[str, list[str]] | None = None) -> None:
        """Answer *status*."""
        super().__init__(message)
        self.status, self.errors = status, errors


def token_of(request: Request) -> str | None:
    """The bearer token."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def ok(body: object, status: int = 200) -> Response:
    """JSON."""
    return Response(dump(body), status, media_type="application/json")


def listed(rows: Sequence[object], page: Page) -> Response:
    """`items` and `meta` of one page of *rows*."""
    meta = {"total": len(rows), "limit": page.limit, "offset": page.offset}
    return ok({"items": rows[page.offset : page.offset + page.limit], "meta": meta})


def refusal(status: int, message: str, errors: dict[str, list[str]] | None = None) -> Response:
    """The assumed error body (sheet, section 12)."""
    return ok({"message": message} | ({"errors": errors} if errors else {}), status)


def unauthorized() -> Response:
    """401."""
    return refusal(401, "Unauthenticated.")


def too_many() -> Callable[[object], Response]:
    """429, every other time with Retry-After: what the vendor does is not known."""
    turn = itertools.count()

    def refuse(_verdict: object) -> Response:
        response = refusal(429, "Слишком много запросов")
        if next(turn) % 2 == 0:
            response.headers["retry-after"] = "1"
        return response

    return refuse


class Handlers:
    """What handlers of reading and of writing share."""

    def __init__(self, world: PointerWorld) -> None:
        """Serve *world*."""
        self.world = world

    def token(self, request: Request, *, write: bool = False) -> Token:
        """The caller; 403 if a method is not among those granted."""
        self.world.now()
        token = self.world.tokens[token_of(request) or ""]
        resource = request.scope["path"].removeprefix(request.scope.get("root_path", "")).split("/")[1]
        if (write and not token.writes) or resource in token.denied:
            raise AnswerError(403, "Метод недоступен для этого токена")
        return token

    def network(self, request: Request, uuid: str) -> str:
        """A network that the caller may see; others are not told apart from missing ones."""
        if not self.world.sees(self.token(request), uuid):
            raise AnswerError(404, "Сеть не найдена")
        return uuid


def parameters(request: Request) -> Parameters:
    """The query."""
    return Parameters(request.query_params.multi_items())


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object sent."""
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise AnswerError(400, "Ожидается JSON-объект")
    return body


async def answer_error(_request: Request, error: Exception) -> Response:
    """`AnswerError` as a response."""
    assert isinstance(error, AnswerError)  # noqa: S101 (Starlette's handlers are not generic)
    return refusal(error.status, str(error), error.errors)


async def bad_parameter(_request: Request, error: Exception) -> Response:
    """`BadParameterError` as a response."""
    assert isinstance(error, BadParameterError)  # noqa: S101
    return refusal(422, "Ошибка в параметрах", {error.field: [str(error)]})
