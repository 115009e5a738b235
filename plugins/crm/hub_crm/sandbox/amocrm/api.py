"""The account's API: lists with links, arrays in and out, problems, tokens, bans (sheet, sections 11 to 13)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hub.sandbox import Traffic, dump

from .model import ACCOUNT_ID, Contact, Lead, Note, Task, User
from .rows import PIPELINE, contact_row, lead_row, note_row, task_row
from .world import GROUPS, STAGES, TASK_TYPES, TOKEN_LIFE, USERS, AmoCrmWorld

CLIENT_ID, CLIENT_SECRET = "sandbox-amocrm-app", "sandbox-amocrm-secret"
REDIRECT_URI = "https://hub.example/amocrm"
MAX_LIMIT, USUAL_LIMIT = 250, 50
T = TypeVar("T", Task, Lead, Note, Contact)


class Problem(Exception):  # noqa: N818 - the vendor's word: application/problem+json
    """A request that the account refuses."""

    def __init__(self, status: int, title: str, detail: str, faults: Sequence[Mapping[str, Any]] = ()) -> None:
        """Refuse; *faults* are what is wrong of which field."""
        super().__init__(detail)
        self.status, self.title, self.detail, self.faults = status, title, detail, faults


class Api:
    """Handlers of one account."""

    def __init__(self, world: AmoCrmWorld, traffic: Traffic) -> None:
        """Serve *world*; writes go to the ledger of *traffic*."""
        self._world, self._traffic = world, traffic

    def app(self) -> ASGIApp:
        """The account as an application, behind its ban."""
        api = "/api/v4"
        inner = Starlette(
            routes=[
                Route("/oauth2/access_token", self.token, methods=["POST"]),
                Route(f"{api}/account", self.account),
                Route(f"{api}/users", self.users),
                Route(f"{api}/leads/pipelines", self.pipelines),
                Route(f"{api}/tasks", self.tasks, methods=["GET", "POST", "PATCH"]),
                Route(f"{api}/tasks/{{id:int}}", self.task, methods=["GET", "PATCH"]),
                Route(f"{api}/leads", self.leads),
                Route(f"{api}/contacts", self.contacts),
                Route(f"{api}/contacts/{{id:int}}", self.contact, methods=["GET", "PATCH"]),
                Route(f"{api}/{{kind}}/notes", self.all_notes),
                Route(f"{api}/{{kind}}/{{id:int}}/notes", self.notes, methods=["GET", "POST"]),
            ],
            exception_handlers={Problem: problem},
        )

        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            await (blocked() if self._world.banned else inner)(scope, receive, send)

        return guarded

    def _user(self, request: Request) -> User:
        self._world.now()
        if self._world.unpaid:
            raise Problem(402, "Payment Required", "Account is not paid")
        user = self._world.caller(token_of(request) or "")
        if user is None:
            raise Problem(401, "Unauthorized", "Access token has expired")
        return user

    # --- the account ------------------------------------------------------------------------------

    async def account(self, request: Request) -> Response:
        """GET /account."""
        self._user(request)
        found: dict[str, Any] = {"id": ACCOUNT_ID, "name": "Песочница", "subdomain": "sandbox"}
        if "task_types" in request.query_params.get("with", ""):
            types = [{"id": number, "name": name, "code": None} for number, name in TASK_TYPES.items()]
            found["_embedded"] = {"task_types": types}
        return good(found)

    async def users(self, request: Request) -> Response:
        """GET /users, for administrators."""
        if not self._user(request).admin:
            raise Problem(403, "Forbidden", "Доступ запрещён")
        rows = [
            {
                "id": user.id,
                "name": user.name,
                "_embedded": {"groups": [{"id": user.group, "name": GROUPS[user.group]}] if user.group else []},
            }
            for user in USERS
        ]
        return self._listed(request, "users", rows)

    async def pipelines(self, request: Request) -> Response:
        """GET /leads/pipelines."""
        self._user(request)
        stages = [{"id": number, "name": name, "pipeline_id": PIPELINE} for number, name in STAGES.items()]
        rows = [{"id": PIPELINE, "name": "Воронка", "_embedded": {"statuses": stages}}]
        return good({"_total_items": 1, "_links": {}, "_embedded": {"pipelines": rows}})

    async def token(self, request: Request) -> Response:
        """Spend a refresh token, once."""
        given = await body_of(request)
        wanted = (CLIENT_ID, CLIENT_SECRET, REDIRECT_URI)
        if (given.get("client_id"), given.get("client_secret"), given.get("redirect_uri")) != wanted:
            raise Problem(401, "Unauthorized", "Client authentication failed")
        made = self._world.refresh(given.get("refresh_token"))
        if given.get("grant_type") != "refresh_token" or made is None:
            raise Problem(400, "Bad Request", "Token has been revoked")
        access, following = made
        seconds = int(TOKEN_LIFE.total_seconds())
        server = int(self._world.clock.now().timestamp())
        return good(
            {
                "token_type": "Bearer",
                "expires_in": seconds,
                "access_token": access,
                "refresh_token": following,
                "server_time": server,
            }
        )

    # --- tasks ------------------------------------------------------------------------------------

    async def tasks(self, request: Request) -> Response:
        """GET, POST, PATCH /tasks."""
        user = self._user(request)
        if request.method == "GET":
            self._world.churn()
            rows = [task for task in self._world.tasks.values() if not task.deleted]
            found = self._chosen(request, rows, self._is_wanted(request))
            return self._listed(request, "tasks", [task_row(task) for task in self._ordered(request, found)])
        sent = await array_of(request)
        if request.method == "POST":
            made = [self._new_task(one, number, user) for number, one in enumerate(sent)]
            return good({"_links": {}, "_embedded": {"tasks": made}})
        for one in sent:
            self._change(self._world.task(one.get("id")), one)
        changed = [{"id": one["id"], "updated_at": int(self._world.second().timestamp())} for one in sent]
        return good({"_links": {}, "_embedded": {"tasks": changed}})

    async def task(self, request: Request) -> Response:
        """GET, PATCH /tasks/{id}; one that is not there is 204 when read and 404 when changed."""
        self._user(request)
        try:
            task = self._world.task(request.path_params["id"])
        except LookupError:
            if request.method == "GET":
                return Response(status_code=204)
            raise Problem(404, "Not Found", "Task not found") from None
        if request.method == "GET":
            return good(task_row(task))
        self._change(task, await body_of(request))
        return good({"id": task.id, "updated_at": int(task.updated.timestamp()), "_links": {}})

    def _new_task(self, one: Mapping[str, Any], number: int, user: User) -> dict[str, Any]:
        request_id = str(one.get("request_id", number))
        faults = [
            {"code": "FieldMissing", "path": name, "detail": "This field is missing."}
            for name, kind in (("text", str), ("complete_till", int))
            if type(one.get(name)) is not kind
        ]
        if faults:
            wrong = [{"request_id": request_id, "errors": faults}]
            raise Problem(400, "Bad Request", "Request validation failed", wrong)
        entity = (str(one["entity_type"]), int(one["entity_id"])) if one.get("entity_id") else None
        task = self._world.add_task(
            text=one["text"],
            plain=one["text"],
            till=_moment(one["complete_till"]),
            type=int(one.get("task_type_id", 1)),
            creator=user.id,
            responsible=int(one.get("responsible_user_id", user.id)),
            entity=entity,
        )
        self._traffic.wrote("task.add", id=task.id, text=task.text)
        return {"id": task.id, "request_id": request_id, "_links": {}}

    def _change(self, task: Task, fields: Mapping[str, Any]) -> None:
        if "text" in fields:
            task.text = task.plain = str(fields["text"])
        if "is_completed" in fields:
            task.done = bool(fields["is_completed"])
        if "result" in fields:
            task.result = str((fields["result"] or {}).get("text", "")) or None
        if "complete_till" in fields:
            task.till = _moment(fields["complete_till"])
        if "responsible_user_id" in fields:
            task.responsible = int(fields["responsible_user_id"])
        self._world.touch(task, self._world.second())
        self._traffic.wrote("task.update", id=task.id, fields=dict(fields))

    @staticmethod
    def _is_wanted(request: Request) -> Callable[[Task], bool]:
        query = request.query_params
        entity = query.get("filter[entity_id]")
        done = query.get("filter[is_completed]")
        responsible = query.get("filter[responsible_user_id]")
        ids = {int(one) for one in query.getlist("filter[id][]")}

        def wanted(task: Task) -> bool:
            kind = (query.get("filter[entity_type]"), int(entity or 0))
            return (
                (not ids or task.id in ids)
                and (entity is None or task.entity == kind)
                and (done is None or task.done is (done == "1"))
                and (responsible is None or task.responsible == int(responsible))
            )

        return wanted

    def _ordered(self, request: Request, found: list[Task]) -> list[Task]:
        direction = request.query_params.get("order[updated_at]")
        if direction and self._world.ordered:
            return sorted(found, key=lambda task: (task.updated, task.id), reverse=direction == "desc")
        return sorted(found, key=lambda task: task.id)

    # --- leads, contacts, notes -------------------------------------------------------------------

    async def leads(self, request: Request) -> Response:
        """GET /leads."""
        self._user(request)
        found = self._chosen(request, self._world.leads.values(), lambda _: True)
        found.sort(key=lambda lead: (lead.updated, lead.id))
        return self._listed(request, "leads", [lead_row(lead) for lead in found])

    async def contacts(self, request: Request) -> Response:
        """GET /contacts: `query` searches all fields at once, phones by their last digits."""
        self._user(request)
        query = request.query_params.get("query", "")
        found = [contact for contact in self._world.contacts.values() if _matches(contact, query)]
        return self._listed(request, "contacts", [contact_row(contact) for contact in found])

    async def contact(self, request: Request) -> Response:
        """GET, PATCH /contacts/{id}."""
        self._user(request)
        contact = self._world.contacts.get(request.path_params["id"])
        if contact is None:
            raise Problem(404, "Not Found", "Contact not found")
        if request.method == "PATCH":
            for own in (await body_of(request)).get("custom_fields_values") or ():
                contact.fields[own.get("field_id") or own["field_code"]] = [value["value"] for value in own["values"]]
            self._world.touch(contact, self._world.second())
            self._traffic.wrote("contact.update", id=contact.id)
        return good(contact_row(contact))

    async def all_notes(self, request: Request) -> Response:
        """GET /{kind}/notes."""
        self._user(request)
        mine = [note for note in self._world.notes.values() if note.kind == request.path_params["kind"]]
        found = self._chosen(request, mine, lambda _: True)
        found.sort(key=lambda note: (note.updated, note.id))
        return self._listed(request, "notes", [note_row(note) for note in found])

    async def notes(self, request: Request) -> Response:
        """GET, POST /{kind}/{id}/notes."""
        user, kind, entity = self._user(request), request.path_params["kind"], request.path_params["id"]
        if request.method == "GET":
            mine = [note for note in self._world.notes.values() if (note.kind, note.entity) == (kind, entity)]
            found = self._chosen(request, mine, lambda _: True)
            return self._listed(request, "notes", [note_row(note) for note in found])
        made = []
        for one in await array_of(request):
            note = self._world.add_note(kind, entity, one["note_type"], one["params"], self._world.now(), user.id)
            self._traffic.wrote("note.add", id=note.id, kind=kind, entity=entity, text=note.params.get("text"))
            made.append({"id": note.id, "entity_id": entity, "request_id": "0", "_links": {}})
        return good({"_links": {}, "_embedded": {"notes": made}})

    # --- lists ------------------------------------------------------------------------------------

    def _chosen(self, request: Request, rows: Iterable[T], wanted: Callable[[T], bool]) -> list[T]:
        query = request.query_params
        since = float(query.get("filter[updated_at][from]", "-inf"))
        until = float(query.get("filter[updated_at][to]", "inf"))
        modified = request.headers.get("if-modified-since")
        if modified:
            since = max(since, parsedate_to_datetime(modified).timestamp())
        return [row for row in rows if since <= row.updated.timestamp() <= until and wanted(row)]

    def _listed(self, request: Request, kind: str, rows: Sequence[Any]) -> Response:
        """One page with links; 204 when there is nothing, 304 when nothing has changed."""
        query = request.query_params
        limit = int(query.get("limit", USUAL_LIMIT))
        number = int(query.get("page", 1))
        if limit > MAX_LIMIT:
            raise Problem(400, "Bad Request", "limit: This value should be 250 or less.")
        page = rows[(number - 1) * limit : number * limit]
        if not page:
            return Response(status_code=304 if "if-modified-since" in request.headers else 204)
        links = {"self": {"href": str(request.url)}}
        if number * limit < len(rows):
            links["next"] = {"href": str(request.url.include_query_params(page=number + 1))}
        return good({"_page": number, "_links": links, "_embedded": {kind: list(page)}})


def _matches(contact: Contact, query: str) -> bool:
    digits = re.sub(r"\D", "", query)[-10:]
    values = [str(value) for values in contact.fields.values() for value in values]
    phone = len(digits) == 10 and any(re.sub(r"\D", "", value)[-10:] == digits for value in values)
    return phone or any(query.lower() in value.lower() for value in (contact.name, *values))


# --- the wire -------------------------------------------------------------------------------------


def good(body: Any) -> Response:
    """A success."""
    return Response(dump(body), media_type="application/hal+json")


def token_of(request: Request) -> str | None:
    """The token sent, if any."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" and token else None


async def body_of(request: Request) -> dict[str, Any]:
    """The JSON object sent."""
    found = await _json_of(request)
    if not isinstance(found, dict):
        raise Problem(400, "Bad Request", "The body must be an object")
    return found


async def array_of(request: Request) -> list[dict[str, Any]]:
    """The JSON array sent."""
    found = await _json_of(request)
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Problem(400, "Bad Request", "The body must be an array of objects")
    return found


async def _json_of(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        return None


async def problem(_request: Request, error: Exception) -> Response:
    """`Problem` as a response."""
    assert isinstance(error, Problem)  # noqa: S101 (Starlette's handlers are not generic)
    kind = f"https://httpstatus.es/{error.status}"
    body: dict[str, Any] = {"title": error.title, "type": kind, "status": error.status, "detail": error.detail}
    if error.faults:
        body["validation-errors"] = list(error.faults)
    return Response(dump(body), error.status, media_type="application/problem+json")


def blocked() -> Response:
    """What one gets who goes on beyond the limit."""
    return HTMLResponse("<html><body><h1>403 Forbidden</h1></body></html>", 403)


def unauthorized() -> Response:
    """A token that is not (or no longer) valid."""
    body = {"title": "Unauthorized", "type": "https://httpstatus.es/401", "status": 401, "detail": "Wrong token"}
    return Response(dump(body), 401, media_type="application/problem+json")


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
