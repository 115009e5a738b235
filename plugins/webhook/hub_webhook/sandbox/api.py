"""The receiver: one address that takes events, and the list of changes (README of the plugin)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.sandbox import Traffic, dump

from .verify import TOKEN, NotGenuineError, verify
from .world import FIELDS, URL, Case, HelpdeskWorld

CHANGES = "/changes"
MOST = 500


class Api:
    """Handlers of one helpdesk."""

    def __init__(self, world: HelpdeskWorld, traffic: Traffic) -> None:
        """Serve *world*; events that took effect go to the ledger of *traffic*."""
        self._world, self._traffic = world, traffic

    def app(self) -> ASGIApp:
        """The helpdesk as an application."""
        inner = Starlette(
            routes=[
                Route("/", self.event, methods=["POST"]),
                Route(CHANGES, self.changes, methods=["GET"]),
            ],
            exception_handlers={NotGenuineError: _not_genuine},
        )

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            # The gate takes the slash at the end of an address away, which is all of this one's path.
            path = scope["path"] if scope["path"] != scope["root_path"] else scope["path"] + "/"
            await inner({**scope, "path": path}, receive, send)

        return app

    # -- events --------------------------------------------------------------------------------

    async def event(self, request: Request) -> Response:
        """POST /: an event, taken once."""
        body = await request.body()
        name = verify(request.headers, body, self._world.secrets, self._world.now_s())
        if (refused := self._refused()) is not None:
            return refused
        digest = hashlib.sha256(body).digest()
        if name in self._world.events:
            self._world.repeated[name] = self._world.repeated.get(name, 0) + 1
            known, first = self._world.events[name]
            if known != digest:
                return JSONResponse({"error": "this id came before, with another body", **first}, 409)
            return self._taken(first)
        try:
            answer = self._take(name, json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return JSONResponse({"error": f"not an event: {type(error).__name__}: {error}"}, 422)
        except LookupError as error:
            return JSONResponse({"error": str(error)}, 404)
        self._world.events[name] = digest, answer
        return self._taken(answer)

    def _take(self, name: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """Do what *event* says and return the answer; an unknown type changes nothing."""
        kind, data = event["type"], event["data"]
        answer: dict[str, Any] = {}
        if kind == "ticket.created":
            answer = self._created(name, data)
        elif kind in ("ticket.message_added", "ticket.message_changed"):
            answer = self._added(name, data)
        elif kind == "ticket.changed":
            case = self._world.of_ticket(data["ticket"]["id"])
            case.told.append(name)
            case.fields |= {key: value for key, value in data["changes"].items() if key in FIELDS}
        self._traffic.wrote(kind, id=name, ticket=data["ticket"]["id"], timestamp=event["timestamp"], data=data)
        return answer

    def _created(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        ticket = data["ticket"]
        text = "\n".join(message["body"] for message in ticket["messages"])
        fields = {"state": "new", "group": data["group"], **{key: ticket[key] for key in ("priority", "tags")}}
        case = self._world.open_case(name, ticket["id"], text, fields)
        return {"id": case.id, "url": URL + case.id}

    def _added(self, name: str, data: Mapping[str, Any]) -> dict[str, Any]:
        case = self._world.of_ticket(data["ticket"]["id"])
        case.told.append(name)
        text = "\n".join(message["body"] for message in data["messages"])
        return {"id": self._world.say(case, "in", "", text, name)}

    def _taken(self, answer: dict[str, Any]) -> Response:
        return Response(status_code=204) if self._world.bare else JSONResponse(answer)

    def _refused(self) -> Response | None:
        refusal = self._world.refusal
        if refusal is None or refusal.times < 1:
            return None
        refusal.times -= 1
        return JSONResponse({"error": refusal.text}, refusal.status, refusal.headers)

    # -- changes -------------------------------------------------------------------------------

    async def changes(self, request: Request) -> Response:
        """GET /changes?after=&limit=: what changed, oldest first."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            verify(request.headers, b"", self._world.secrets, self._world.now_s())
        try:
            after, limit = (
                int(request.query_params.get(name, usual)) for name, usual in (("after", 0), ("limit", 100))
            )
        except ValueError:
            return JSONResponse({"error": "after and limit are numbers"}, 400)
        news = sorted((case for case in self._world.cases.values() if case.seq > after), key=lambda case: case.seq)
        page = news[: max(1, min(limit, MOST))]
        cursor = str(page[-1].seq if page else after)
        body = {"changes": [self._row(case) for case in page], "cursor": cursor, "more": len(page) < len(news)}
        return Response(dump(body), media_type="application/json")

    def _row(self, case: Case) -> dict[str, Any]:
        name = case.ticket if self._world.bare and case.ticket else case.id
        return {"id": name, "url": URL + case.id, **case.fields, "messages": case.said}


async def _not_genuine(_request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 401)
