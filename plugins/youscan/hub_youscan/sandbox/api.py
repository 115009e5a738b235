"""YouScan's operations over HTTP (sheet, sections 4 to 10)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from hub.sandbox import Traffic, dump

from .data import CATEGORIES
from .model import EDIT, Mention, Topic, User
from .query import BadParameterError, Parameters, read_query
from .render import as_bytes, as_json
from .world import YouScanWorld

SPACES = [{"id": 11, "name": "Компания"}]
MAX_IDS = 500
MAX_UPDATES = 100
MAX_NAME = 100
SENTIMENTS = ("positive", "neutral", "negative")
UPDATABLE = {"id", "tags", "sentiment", "spam", "deleted"}


class AnswerError(Exception):
    """An error answer of the vendor: status and body (None: no body)."""

    def __init__(self, status: int, body: Mapping[str, Any] | None = None) -> None:
        """Answer *status* with *body*."""
        super().__init__(status)
        self.status, self.body = status, body


def key_of(request: Request) -> str | None:
    """The header, else the query parameter, whose name may be written in any case (sheet, section 2)."""
    header = request.headers.get("x-api-key")
    if header:
        return header
    return next((value for name, value in request.query_params.multi_items() if name.lower() == "apikey"), None)


def unauthorized() -> Response:
    """401, no body."""
    return Response(status_code=401)


def too_many(_verdict: object) -> Response:
    """429 in plain text, without Retry-After (sheet, section 8)."""
    return PlainTextResponse("Please enhance your calm", 429)


class Api:
    """Handlers over one world."""

    def __init__(self, world: YouScanWorld, traffic: Traffic) -> None:
        """Serve *world*, note writes in *traffic*."""
        self._world, self._traffic = world, traffic

    def app(self) -> Starlette:
        """The vendor's application; its gate has checked the key."""
        topic = "/topics/{topic:int}"
        return Starlette(
            routes=[
                Route("/topics", self.topics),
                Route(f"{topic}/tags", self.tags),
                Route(f"{topic}/tags", self.create_tag, methods=["POST"]),
                Route("/spaces", self.spaces),
                Route("/spaces/{space:int}/categories", self.categories),
                Route(f"{topic}/mentions", self.mentions),
                Route(f"{topic}/get-mentions", self.get_mentions),
                Route(f"{topic}/get-mentions", self.post_get_mentions, methods=["POST"]),
                Route(f"{topic}/mentions/bulkupdate", self.bulkupdate, methods=["POST"]),
            ],
            exception_handlers={AnswerError: _answer_error, BadParameterError: _bad_parameter},
        )

    async def topics(self, request: Request) -> Response:
        """GET /topics."""
        user = self._user(request)
        visible = [self._world.topics[number] for number in user.levels]
        return ok({"topics": [{"id": topic.id, "name": topic.name} for topic in visible if not topic.removed]})

    async def tags(self, request: Request) -> Response:
        """GET /topics/{t}/tags."""
        return ok({"tags": list(self._topic(request).tags.values())})

    async def create_tag(self, request: Request) -> Response:
        """POST /topics/{t}/tags: 201 without a body."""
        topic, body = self._topic(request, EDIT), await _body(request)
        name = body.get("name")
        if not name or not isinstance(name, str):
            raise BadParameterError("name", "notempty_error", "'Name' must not be empty")
        if len(name) > MAX_NAME:
            raise BadParameterError("name", "length_error", f"'Name' must be at most {MAX_NAME} characters")
        if name in topic.tags:
            raise AnswerError(409, {"errorCode": "ALREADY_EXISTS", "message": "Tag already exists"})
        number = max((tag["id"] for tag in topic.tags.values()), default=topic.id * 100) + 1
        topic.tags[name] = {"id": number, "name": name, "color": body.get("color"), "note": body.get("note")}
        self._traffic.wrote("create_tag", stream=str(topic.id), name=name)
        return Response(status_code=201)

    async def spaces(self, request: Request) -> Response:
        """GET /spaces."""
        self._user(request)
        return ok({"spaces": SPACES})

    async def categories(self, request: Request) -> Response:
        """GET /spaces/{s}/categories."""
        self._user(request)
        if request.path_params["space"] not in {space["id"] for space in SPACES}:
            body = {"errorCode": "RESOURCE_NOT_FOUND", "message": "Space not found", "resourceType": "Space"}
            raise AnswerError(404, body)
        return ok({"categories": CATEGORIES})

    async def mentions(self, request: Request) -> Response:
        """GET /topics/{t}/mentions."""
        user, topic = self._user(request), self._topic(request)
        self._world.churn()
        params = Parameters(request.query_params.multi_items())
        query = read_query(params, topic, user.zone, self._world.now())
        total, page = query.run(topic)
        records = b",".join(as_bytes(mention, sanitize=query.sanitize) for mention in page)
        head = b'{"total":%d,"lastSeq":%d,"mentions":[' % (total, topic.last_seq)
        return Response(head + records + b"]}", media_type="application/json")

    async def get_mentions(self, request: Request) -> Response:
        """GET /topics/{t}/get-mentions?ids=1&ids=2."""
        params = Parameters(request.query_params.multi_items())
        ids = [value for value in params.many("ids") if value.lstrip("-").isdigit()]
        if len(ids) != len(params.many("ids")):
            raise BadParameterError("ids", "format_error", "'Ids' must be numbers")
        return self._by_ids(request, [int(value) for value in ids], params.one("timeZone"))

    async def post_get_mentions(self, request: Request) -> Response:
        """POST /topics/{t}/get-mentions {"ids": [1, 2], "timeZone": …}."""
        body = await _body(request)
        ids = body.get("ids")
        if not isinstance(ids, list) or not all(type(value) is int for value in ids):
            raise BadParameterError("ids", "format_error", "'Ids' must be numbers")
        return self._by_ids(request, ids, body.get("timeZone"))

    def _by_ids(self, request: Request, ids: list[int], zone_name: str | None) -> Response:
        """Binned and spam mentions are left out: not documented, so a client must not take it for deletion."""
        user, topic = self._user(request), self._topic(request)
        if not 1 <= len(ids) <= MAX_IDS:
            raise BadParameterError("ids", "length_error", f"'Ids' must hold 1 to {MAX_IDS} numbers")
        zone: ZoneInfo = Parameters([("timeZone", zone_name or user.zone)]).zone(user.zone)
        wanted = set(ids)
        found = [
            as_json(mention, sanitize=True, zone=zone)
            for mention in topic.mentions
            if mention.id in wanted and not (mention.spam or mention.deleted)
        ]
        return ok({"mentions": found})

    async def bulkupdate(self, request: Request) -> Response:
        """POST /topics/{t}/mentions/bulkupdate: all or nothing, 200 without a body."""
        topic, body = self._topic(request, EDIT), await _body(request)
        updates = body.get("mentions")
        if not isinstance(updates, list) or not 1 <= len(updates) <= MAX_UPDATES:
            raise BadParameterError("mentions", "length_error", f"'Mentions' must hold 1 to {MAX_UPDATES} items")
        mine = {mention.id: mention for mention in topic.mentions}
        checked = [(_checked(update, topic, mine), update) for update in updates]
        for mention, update in checked:
            self._update(mention, update)
        return Response(status_code=200)

    def _update(self, mention: Mention, update: dict[str, Any]) -> None:
        changes = {name: value for name, value in update.items() if name != "id" and value is not None}
        for name, value in changes.items():
            setattr(mention, name, value)
        mention.touch()
        self._traffic.wrote("bulkupdate", stream=str(mention.topic), source_id=str(mention.id), changes=changes)

    def _user(self, request: Request) -> User:
        self._world.now()
        user = self._world.users[key_of(request) or ""]
        if not user.api_access:
            raise AnswerError(402)
        return user

    def _topic(self, request: Request, level: int = 0) -> Topic:
        """Missing and invisible topics are deliberately not told apart."""
        user, number = self._user(request), request.path_params["topic"]
        topic = self._world.topics.get(number)
        if topic is None or topic.removed or number not in user.levels:
            raise AnswerError(404, {"message": "Theme not found"})
        if user.levels[number] < level:
            raise AnswerError(403, {"message": "THEME_PERMISSION_DENIED"})
        return topic


def ok(body: object) -> Response:
    """200 with JSON."""
    return Response(dump(body), media_type="application/json")


def _checked(update: object, topic: Topic, mine: Mapping[int, Mention]) -> Mention:
    if not isinstance(update, dict) or type(update.get("id")) is not int or set(update) - UPDATABLE:
        raise BadParameterError("mentions", "format_error", "Each item needs a numeric 'id' and known fields only")
    if update["id"] not in mine:
        raise BadParameterError("mentions", "unknown_mention", f"Mention {update['id']} not found")
    tags = update.get("tags")
    if tags is not None and not (isinstance(tags, list) and all(tag in topic.tags for tag in tags)):
        raise BadParameterError("tags", "unknown_tag", "Tags must be names of tags of the topic")
    if update.get("sentiment") not in (None, *SENTIMENTS):
        raise BadParameterError("sentiment", "enum_error", f"'Sentiment' must be one of {', '.join(SENTIMENTS)}")
    if any(update.get(name) not in (None, True, False) for name in ("spam", "deleted")):
        raise BadParameterError("spam", "format_error", "'Spam' and 'Deleted' must be true or false")
    return mine[update["id"]]


async def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise BadParameterError("body", "format_error", "A JSON object is expected")
    return body


async def _answer_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, AnswerError)  # noqa: S101 (Starlette's handlers are not generic)
    if error.body is None:
        return Response(status_code=error.status)
    return Response(dump(error.body), error.status, media_type="application/json")


async def _bad_parameter(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadParameterError)  # noqa: S101
    detail = {"field": error.field, "errorCode": error.code, "message": str(error)}
    body = {"message": "Validation failed", "errorCode": "VALIDATION_ERROR", "errors": [detail]}
    return Response(dump(body), 400, media_type="application/json")
