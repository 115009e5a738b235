"""Writing: issues, comments, transitions, links, properties, attachments, tokens (sheet, sections 2, 7 and 8)."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.sandbox import Traffic

from .access import ACCESS_S, CLIENT_ID, CLIENT_SECRET, TOKEN_PATH, Access
from .answers import AnswerError, Handlers, body_of, ok, refusal
from .fields import Form, project_of, type_of
from .model import Issue, Project, User
from .people import OPEN, STATUSES
from .world import JiraWorld

LINK_TYPES = ("Blocks", "Cloners", "Duplicate", "Relates")
PROPERTY_CHARS = 32_768
GLOBAL_ID_CHARS = 255


class Writes(Handlers):
    """Handlers of everything that can be written, and the reading that belongs to it."""

    def __init__(self, world: JiraWorld, access: Access, traffic: Traffic) -> None:
        """Serve *world*, note writes in *traffic*."""
        super().__init__(world, access)
        self._traffic = traffic
        self._link_ids = 10_000

    def routes(self) -> list[Route]:
        """Every operation of this part."""
        cloud = self._cloud
        found = [Route(TOKEN_PATH, self.token, methods=["POST"])] if cloud else []
        for api in ("/rest/api/3", "/rest/api/2", "/rest/api/latest") if cloud else ("/rest/api/2", "/rest/api/latest"):
            issue = f"{api}/issue/{{issue}}"
            found += [
                Route(f"{api}/issue", self.create, methods=["POST"]),
                Route(issue, self.edit, methods=["PUT"]),
                Route(issue, self.delete, methods=["DELETE"]),
                Route(f"{issue}/comment", self.add_comment, methods=["POST"]),
                Route(f"{issue}/transitions", self.transition, methods=["POST"]),
                Route(f"{issue}/remotelink", self.links),
                Route(f"{issue}/remotelink", self.put_link, methods=["POST"]),
                Route(f"{issue}/properties", self.property_keys),
                Route(f"{issue}/properties/{{key}}", self.read_property),
                Route(f"{issue}/properties/{{key}}", self.put_property, methods=["PUT"]),
                Route(f"{issue}/attachments", self.attach, methods=["POST"]),
                Route(f"{api}/issueLink", self.relate, methods=["POST"]),
            ]
        return [
            *found,
            Route("/rest/webhooks/1.0/webhook", self.add_webhook, methods=["POST"]),
            Route("/rest/webhooks/1.0/webhook/{number}", self.remove_webhook, methods=["DELETE"]),
        ]

    # -- webhooks ------------------------------------------------------------------------------

    async def add_webhook(self, request: Request) -> Response:
        """POST /rest/webhooks/1.0/webhook: 201."""
        body = await body_of(request)
        try:
            made = self.world.hooks.add(body)
        except ValueError as error:
            raise AnswerError(400, str(error)) from None
        address = f"{self.view(request).base}/rest/webhooks/1.0/webhook/{made.pop('number')}"
        return ok({**made, "self": address, "enabled": True}, 201)

    async def remove_webhook(self, request: Request) -> Response:
        """DELETE: 204."""
        if not self.world.hooks.remove(request.path_params["number"]):
            raise AnswerError(404, "There is no such webhook.")
        return Response(status_code=204)

    # -- issues -------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        """POST /issue: 201, or 400 with every field that is wrong."""
        body, user, view = await body_of(request), self.caller(request), self.view(request)
        fields = body.get("fields")
        if not isinstance(fields, dict):
            raise AnswerError(400, "Request body is missing the fields.")
        project = project_of(fields)
        if not self.world.may(user, "CREATE_ISSUES", project.key):
            raise AnswerError(403, "You do not have permission to create issues in this project.")
        kind, form = type_of(fields, view), Form(self.world, view, project)
        form.check_required(fields)
        now = self.world.now()
        draft = self._draft(form, fields, project, user)
        issue = self.world.mint.blank(project, now)
        for name in ("summary", "description", "priority", "labels", "assignee", "fields"):
            setattr(issue, name, getattr(draft, name))
        issue.type, issue.creator, issue.by_client = kind, user, True
        issue.reporter = draft.reporter or user
        issue.properties = {one["key"]: one["value"] for one in body.get("properties") or ()}
        issue.indexed = now + self.world.index_delay
        self.world.keep(issue)
        self.world.hooks.tell("jira:issue_created", issue, now)
        self._wrote("create", issue, summary=issue.summary, labels=issue.labels, properties=issue.properties)
        return ok({"id": str(issue.id), "key": issue.key, "self": f"{view.api}/issue/{issue.id}"}, 201)

    def _draft(self, form: Form, fields: dict[str, Any], project: Project, user: User) -> Issue:
        """The values alone: a refused create takes neither a number nor an id."""
        now = self.world.now()
        draft = Issue(0, project, 0, "", None, None, OPEN, 3, None, user, None, now, now)
        form.fill(draft, fields)
        return draft

    async def edit(self, request: Request) -> Response:
        """PUT /issue/{issue}: 204."""
        issue, body = self.issue(request, "EDIT_ISSUES"), await body_of(request)
        view, now = self.view(request), self.world.now()
        form = Form(self.world, view, issue.project)
        fields = dict(body.get("fields") or {})
        labels = (body.get("update") or {}).get("labels")
        if labels is not None:
            fields["labels"] = _edited(issue.labels, labels)
        issue.begin(now, self.world.index_delay)
        form.fill(issue, fields)
        self._wrote("edit", issue, fields=sorted(fields))
        return Response(status_code=204)

    async def delete(self, request: Request) -> Response:
        """DELETE /issue/{issue}: 204."""
        issue = self.issue(request, "DELETE_ISSUES")
        self.world.delete(issue, self.world.now())
        self._wrote("delete", issue)
        return Response(status_code=204)

    async def add_comment(self, request: Request) -> Response:
        """POST /issue/{issue}/comment: 201."""
        issue, body = self.issue(request, "ADD_COMMENTS"), await body_of(request)
        user, view, now = self.caller(request), self.view(request), self.world.now()
        form = Form(self.world, view, issue.project)
        said = form.text("comment", body.get("body"))
        if said is None:
            raise AnswerError(400, fields=form.errors)
        properties = body.get("properties") or []
        internal = any(
            one.get("key") == "sd.public.comment" and one.get("value", {}).get("internal") for one in properties
        )
        issue.begin(now, self.world.index_delay)
        comment = self.world.mint.add_comment(issue, user, said, now, public=not internal)
        comment.properties, comment.by_client = properties, True
        comment.visibility = body.get("visibility")
        self.world.hooks.tell("comment_created", issue, now, comment)
        self._wrote("comment", issue, text=said.plain, comment=str(comment.id), public=comment.public)
        return ok(view.comment(issue, comment), 201)

    async def transition(self, request: Request) -> Response:
        """POST /issue/{issue}/transitions: 204; 400 where the workflow has no such way."""
        issue, body = self.issue(request), await body_of(request)
        user = self.caller(request)
        number = str((body.get("transition") or {}).get("id"))
        allowed = self.world.may(user, "TRANSITION_ISSUES", issue.project.key)
        if number not in issue.project.transitions or not allowed:
            raise AnswerError(400, "It seems that you have tried to perform an illegal workflow operation.")
        to = STATUSES[issue.project.transitions[number]]
        self.world.touch(issue, lambda at: self.world.mint.transition(issue, user, to, at), self.world.now())
        self._wrote("transition", issue, to=to.name)
        return Response(status_code=204)

    # -- what hangs on an issue ---------------------------------------------------------------

    async def links(self, request: Request) -> Response:
        """GET remotelink: all, or the one with a globalId."""
        issue, name = self.issue(request), request.query_params.get("globalId")
        if name is None:
            return ok([self._link(request, issue, link) for link in issue.links])
        found = [link for link in issue.links if link.get("globalId") == name]
        if not found:
            raise AnswerError(404, "The remote issue link does not exist.")
        return ok(self._link(request, issue, found[0]))

    def _link(self, request: Request, issue: Issue, link: dict[str, Any]) -> dict[str, Any]:
        return {"self": f"{self.view(request).api}/issue/{issue.id}/remotelink/{link['id']}", **link}

    async def put_link(self, request: Request) -> Response:
        """POST remotelink: 201, or 200 where one with this globalId was there."""
        issue, body = self.issue(request, "LINK_ISSUES"), await body_of(request)
        told = body.get("object") if isinstance(body.get("object"), dict) else {}
        errors = {name: f"'{name}' is required." for name in ("title", "url") if not (told or {}).get(name)}
        if len(str(body.get("globalId", ""))) > GLOBAL_ID_CHARS:
            errors["globalId"] = f"'globalId' must have at most {GLOBAL_ID_CHARS} characters."
        if errors:
            raise AnswerError(400, fields=errors)
        known = [link for link in issue.links if body.get("globalId") and link.get("globalId") == body["globalId"]]
        if known:
            known[0].update(body)
        else:
            self._link_ids += 1
            issue.links.append({"id": self._link_ids, **body})
        link = known[0] if known else issue.links[-1]
        self._wrote("link", issue, global_id=body.get("globalId"))
        made = {"id": link["id"], "self": self._link(request, issue, link)["self"]}
        return ok(made, 200 if known else 201)

    async def property_keys(self, request: Request) -> Response:
        issue, view = self.issue(request), self.view(request)
        base = f"{view.api}/issue/{issue.id}/properties"
        return ok({"keys": [{"key": key, "self": f"{base}/{key}"} for key in issue.properties]})

    async def read_property(self, request: Request) -> Response:
        issue, key = self.issue(request), request.path_params["key"]
        if key not in issue.properties:
            raise AnswerError(404, f"The property with key '{key}' does not exist.")
        return ok({"key": key, "value": issue.properties[key]})

    async def put_property(self, request: Request) -> Response:
        """PUT property: 201 the first time, 200 later."""
        issue, key = self.issue(request, "EDIT_ISSUES"), request.path_params["key"]
        raw = await request.body()
        try:
            value = json.loads(raw)
        except ValueError:
            raise AnswerError(400, "The property value is not valid JSON.") from None
        if len(raw) > PROPERTY_CHARS or len(key) > GLOBAL_ID_CHARS:
            raise AnswerError(400, "The property key or value is too long.")
        known = key in issue.properties
        issue.properties[key] = value
        self._wrote("property", issue, key=key)
        return Response(status_code=200 if known else 201)

    async def attach(self, request: Request) -> Response:
        """POST attachments: 403 without the header against forged requests."""
        issue = self.issue(request, "CREATE_ATTACHMENTS")
        if request.headers.get("x-atlassian-token") != "no-check":
            return refusal(403, "XSRF check failed")
        number, now = str(issue.id * 100 + len(issue.attachments)), self.world.now()
        row = {
            "id": number,
            "filename": "file",
            "mimeType": "application/octet-stream",
            "size": 1,
            "author": self.caller(request),
        }
        issue.begin(now, self.world.index_delay)
        issue.attachments.append(row)
        self._wrote("attach", issue)
        return ok([self.view(request).attachment(row)])

    async def relate(self, request: Request) -> Response:
        """POST /issueLink: 201 and nothing."""
        body, user = await body_of(request), self.caller(request)
        kind = (body.get("type") or {}).get("name")
        ends = [self._end(body, side, user) for side in ("inwardIssue", "outwardIssue")]
        if kind not in LINK_TYPES or None in ends:
            raise AnswerError(404, f"No issue link type with name '{kind}' found, or an issue does not exist.")
        inward, outward = (end for end in ends if end)
        now = self.world.now()
        for end in (inward, outward):
            end.begin(now, self.world.index_delay)
        inward.related.append({"type": kind, "outward": outward.key})
        outward.related.append({"type": kind, "inward": inward.key})
        self._wrote("relate", inward, kind=kind, to=str(outward.id))
        return Response(status_code=201)

    def _end(self, body: dict[str, Any], side: str, user: User) -> Issue | None:
        told = body.get(side) or {}
        return self.world.find(str(told.get("key") or told.get("id")), user)

    # -- tokens -------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        """POST /oauth/token: a refresh token works once."""
        told = await self._told(request)
        if (told.get("client_id"), told.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return ok({"error": "access_denied", "error_description": "Unauthorized"}, 401)
        if told.get("grant_type") != "refresh_token":
            return ok({"error": "unsupported_grant_type"}, 400)
        given = self.access.grants.rotate(str(told.get("refresh_token")), self.world.now())
        if given is None:
            return ok({"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."}, 403)
        access, refresh = given
        self._traffic.wrote("refresh", number=self.access.grants.refreshed)
        scope = " ".join(self.access.grants.scopes)
        made = {"access_token": access, "refresh_token": refresh, "expires_in": ACCESS_S, "token_type": "Bearer"}
        return ok({**made, "scope": scope})

    async def _told(self, request: Request) -> dict[str, Any]:
        if request.headers.get("content-type", "").startswith("application/json"):
            return await body_of(request)
        form = await request.body()
        return dict(parse_qsl(form.decode()))

    def _wrote(self, action: str, issue: Issue, **what: Any) -> None:
        self._traffic.wrote(action, stream="issues", source_id=str(issue.id), **what)


def _edited(labels: list[str], steps: list[dict[str, Any]]) -> list[str]:
    found = list(labels)
    for step in steps:
        for word, value in step.items():
            if word == "add":
                found.append(value)
            elif word == "remove":
                found = [label for label in found if label != value]
            elif word == "set":
                found = list(value)
    return found
