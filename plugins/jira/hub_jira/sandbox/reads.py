"""Reading: who and what the site is, search in both dialects, issues and what belongs to them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import random
import re
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .access import CLOUD_ID, SCOPES, SITES_PATH, Access
from .answers import GONE, AnswerError, Handlers, body_of, ok, whole
from .fields import create_fields
from .jql import JqlError, Query
from .model import Issue, Project, User
from .people import PROJECTS, STATUSES, TYPES
from .render import View, stamp
from .world import JiraWorld

SEARCH_KEYS = {
    "jql", "nextPageToken", "maxResults", "fields", "expand", "properties", "fieldsByKeys", "failFast",
    "reconcileIssues",
}  # fmt: skip
MOST_BARE, MOST_FULL, MOST_ROWS = 5000, 100, 1000
MOST_STRONG = 50
DEEPEST_WINDOW = 10_000
TOKEN_LIFE = timedelta(days=7)
NAMED_ISSUES = re.compile(r"\b(?:id|key|issuekey) in \(([^()]*)\)", re.IGNORECASE)
RIGHTS = (
    "BROWSE_PROJECTS", "CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "LINK_ISSUES",
    "ASSIGN_ISSUES",
)  # fmt: skip


class Reads(Handlers):
    """GET handlers, and the search that is a POST."""

    def __init__(self, world: JiraWorld, access: Access) -> None:
        super().__init__(world, access)
        self._chance = random.Random(f"shrink:{world.options.seed}")

    def routes(self) -> list[Route]:
        """Every reading operation, in both versions of the API where the edition has them."""
        found = []
        for api in (
            ("/rest/api/3", "/rest/api/2", "/rest/api/latest") if self._cloud else ("/rest/api/2", "/rest/api/latest")
        ):
            found += [
                Route(f"{api}/myself", self.myself),
                Route(f"{api}/serverInfo", self.server),
                Route(f"{api}/status", self.statuses),
                Route(f"{api}/priority", self.priorities),
                Route(f"{api}/mypermissions", self.permissions),
                Route(f"{api}/search", self.gone if self._cloud else self.search, methods=["GET", "POST"]),
                Route(f"{api}/issue/createmeta/{{project}}/issuetypes", self.types),
                Route(f"{api}/issue/createmeta/{{project}}/issuetypes/{{type}}", self.create_fields),
                Route(f"{api}/issue/{{issue}}", self.one),
                Route(f"{api}/issue/{{issue}}/comment", self.comments),
                Route(f"{api}/issue/{{issue}}/transitions", self.transitions),
            ]
            if self._cloud:
                found += [
                    Route(f"{api}/search/jql", self.search_by_token, methods=["GET", "POST"]),
                    Route(f"{api}/search/approximate-count", self.count, methods=["POST"]),
                    Route(f"{api}/issue/bulkfetch", self.bulk, methods=["POST"]),
                    Route(f"{api}/issue/{{issue}}/changelog", self.changelog),
                ]
        return [*found, Route(SITES_PATH, self.sites)] if self._cloud else found

    async def sites(self, request: Request) -> Response:
        """GET accessible-resources."""
        view = self.view(request)
        return ok(
            [{"id": CLOUD_ID, "url": view.base, "name": "sandbox", "scopes": list(SCOPES), "avatarUrl": view.base}]
        )

    async def myself(self, request: Request) -> Response:
        user = self.caller(request)
        me = {**(self.view(request).user(user) or {}), "timeZone": str(self.world.zone(user)), "locale": "ru_RU"}
        return ok({**me, "emailAddress": user.email})

    async def server(self, request: Request) -> Response:
        version = "1001.0.0-SNAPSHOT" if self._cloud else "9.12.14"
        return ok(
            {
                "baseUrl": self.view(request).base, "version": version, "versionNumbers": [9, 12, 14],
                "deploymentType": self.world.edition, "buildNumber": 912014,
                "buildDate": "2026-01-10T00:00:00.000+0300",
                "serverTime": stamp(self.world.now()), "scmInfo": "0b0d6c1e", "serverTitle": "Jira",
            }
        )  # fmt: skip

    async def statuses(self, request: Request) -> Response:
        return ok(self.view(request).statuses())

    async def priorities(self, request: Request) -> Response:
        return ok(self.view(request).priorities())

    async def permissions(self, request: Request) -> Response:
        """GET mypermissions: those asked for, in the project named or anywhere."""
        user, params = self.caller(request), request.query_params
        wanted = [name for name in params.get("permissions", "").split(",") if name]
        if not wanted or set(wanted) - set(RIGHTS):
            raise AnswerError(400, "Unrecognized permission keys or none given.")
        key = params.get("projectKey")
        if key and (key not in PROJECTS or not self.world.may(user, "BROWSE_PROJECTS", key)):
            raise AnswerError(404, f"No project could be found with key '{key}'.")
        places = [key] if key else list(PROJECTS)
        held = {
            name: {
                "id": str(number), "key": name, "name": name.replace("_", " ").title(), "type": "PROJECT",
                "description": "", "havePermission": any(self.world.may(user, name, place) for place in places),
            }
            for number, name in enumerate(wanted, 10)
        }  # fmt: skip
        return ok({"permissions": held})

    # -- search on Cloud ----------------------------------------------------------------------

    async def gone(self, _request: Request) -> Response:
        raise AnswerError(410, GONE)

    async def search_by_token(self, request: Request) -> Response:
        """GET and POST /search/jql."""
        asked = await self._asked(request)
        user, view = self.caller(request), self.view(request)
        if set(asked) - SEARCH_KEYS:
            raise AnswerError(400, silent=True)
        query = self._bounded(asked.get("jql"), user)
        strong = [str(one) for one in asked.get("reconcileIssues") or ()]
        if len(strong) > MOST_STRONG or not all(one.isdigit() for one in strong):
            raise AnswerError(400, "reconcileIssues takes at most 50 numeric ids.")
        self.world.churn()
        found = self.world.found(query, user, strong)
        fields = asked.get("fields") or ["id"]
        at = self._read_token(asked) if "nextPageToken" in asked else 0
        size = self._size(asked.get("maxResults", 50), fields)
        changelog = "changelog" in str(asked.get("expand", "")).split(",")
        page = found[at : at + size]
        body: dict[str, Any] = {"issues": [view.issue(issue, fields, changelog=changelog) for issue in page]}
        last = at + size >= len(found)
        body |= {"isLast": True} if last else {"nextPageToken": self._token(asked, at + size), "isLast": False}
        return ok(body)

    async def _asked(self, request: Request) -> dict[str, Any]:
        if request.method == "POST":
            return await body_of(request)
        params = request.query_params
        asked: dict[str, Any] = {name: params[name] for name in params}
        for name in ("fields", "reconcileIssues"):
            if name in asked:
                asked[name] = [one for value in params.getlist(name) for one in value.split(",")]
        if "maxResults" in asked:
            asked["maxResults"] = whole(asked["maxResults"], 50)
        return asked

    def _size(self, asked: Any, fields: list[str]) -> int:
        """How many rows: what was asked is a target. A page may be cut short, or hold nothing at all."""
        if not isinstance(asked, int) or asked < 1:
            raise AnswerError(400, silent=True)
        size = min(asked, MOST_BARE if set(fields) <= {"id", "key"} else MOST_FULL)
        chance = self._chance.random()
        if self.world.options.odd and chance < 0.05:
            return 0
        return max(1, size // 2) if self.world.options.odd and chance < 0.2 else size

    def _token(self, asked: dict[str, Any], at: int) -> str:
        made = {"q": _digest(asked), "at": at, "made": self.world.now().isoformat()}
        return base64.urlsafe_b64encode(json.dumps(made).encode()).decode()

    def _read_token(self, asked: dict[str, Any]) -> int:
        try:
            told = json.loads(base64.urlsafe_b64decode(asked["nextPageToken"]))
            made = datetime.fromisoformat(told["made"])
        except (binascii.Error, ValueError, TypeError, KeyError):
            raise AnswerError(400, "The provided next page token is invalid or expired.") from None
        if told["q"] != _digest(asked) or made < self.world.tokens_from or self.world.now() - made > TOKEN_LIFE:
            raise AnswerError(400, "The provided next page token is invalid or expired.")
        return int(told["at"])

    def _bounded(self, jql: Any, user: User) -> Query:
        query = self._query(jql, user)
        if not query.bounded:
            raise AnswerError(
                400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
            )
        return query

    def _query(self, jql: Any, user: User, *, strict: bool = True) -> Query:
        """Read *jql*; a *strict* one may name only issues that there are."""
        try:
            for names in NAMED_ISSUES.findall(str(jql or "")) if strict else ():
                for name in names.replace('"', "").split(","):
                    if self.world.find(name.strip(), user) is None:
                        raise JqlError(f"A value with ID '{name.strip()}' does not exist for the field 'id'.")
            return self.world.query(str(jql or ""), user)
        except JqlError as error:
            raise AnswerError(400, str(error)) from None

    async def count(self, request: Request) -> Response:
        """POST /search/approximate-count."""
        user = self.caller(request)
        return ok({"count": len(self.world.found(self._bounded((await body_of(request)).get("jql"), user), user))})

    # -- search on Data Center ----------------------------------------------------------------

    async def search(self, request: Request) -> Response:
        """GET and POST /search: rows are counted from the start, and move while they are."""
        asked = await self._asked(request)
        user, view = self.caller(request), self.view(request)
        query = self._query(asked.get("jql"), user, strict=asked.get("validateQuery") not in ("false", False))
        start = whole(str(asked.get("startAt", 0)), 0)
        size = min(whole(str(asked.get("maxResults", 50)), 50), MOST_ROWS)
        if start + size > DEEPEST_WINDOW:
            raise AnswerError(400, "Search limit exceeded: the result window is too large.")
        self.world.churn()
        found = self.world.found(query, user)
        fields = asked.get("fields") or ["*navigable"]
        changelog = "changelog" in str(asked.get("expand", ""))
        page = [view.issue(one, fields, changelog=changelog) for one in found[start : start + size]]
        names = {"expand": "schema,names"}
        return ok({**names, "startAt": start, "maxResults": size, "total": len(found), "issues": page})

    # -- one issue ----------------------------------------------------------------------------

    async def one(self, request: Request) -> Response:
        """GET /issue/{issue}: as it is now, whatever the index knows."""
        issue, params = self.issue(request), request.query_params
        fields = [one for value in params.getlist("fields") for one in value.split(",")] or ["*all"]
        changelog = "changelog" in params.get("expand", "")
        made = self.view(request).issue(issue, fields, changelog=changelog, whole=True)
        wanted = [one for value in params.getlist("properties") for one in value.split(",")]
        kept = {name: value for name, value in issue.properties.items() if name in wanted}
        return ok({**made, **({"properties": kept} if wanted else {})})

    async def bulk(self, request: Request) -> Response:
        """POST /issue/bulkfetch."""
        body, user, view = await body_of(request), self.caller(request), self.view(request)
        names = [str(name) for name in body.get("issueIdsOrKeys", ())]
        if not 0 < len(names) <= 100:
            raise AnswerError(400, "Between 1 and 100 issues are required.")
        issues = [issue for name in names if (issue := self.world.find(name, user))]
        fields = body.get("fields") or ["*all"]
        changelog = "changelog" in (body.get("expand") or ())
        made = [view.issue(one, fields, changelog=changelog, whole=True) for one in issues]
        return ok({"issues": made, "issueErrors": []})

    async def comments(self, request: Request) -> Response:
        """GET /issue/{issue}/comment."""
        issue, params = self.issue(request), request.query_params
        start, size = whole(params.get("startAt"), 0), min(whole(params.get("maxResults"), 50), 100)
        return ok(self.view(request).comments(issue, start, size, newest=params.get("orderBy", "") == "-created"))

    async def changelog(self, request: Request) -> Response:
        """GET /issue/{issue}/changelog: Cloud only."""
        issue, params = self.issue(request), request.query_params
        start, size = whole(params.get("startAt"), 0), min(whole(params.get("maxResults"), 100), 100)
        return ok(self.view(request).changes(issue, start, size))

    async def transitions(self, request: Request) -> Response:
        """GET /issue/{issue}/transitions: none without the right, and still 200."""
        user, view = self.caller(request), self.view(request)
        issue = self.issue(request)
        ways = issue.project.transitions if self.world.may(user, "TRANSITION_ISSUES", issue.project.key) else {}
        found = [self._transition(view, number, to, issue) for number, to in ways.items()]
        return ok({"expand": "transitions", "transitions": found})

    def _transition(self, view: View, number: str, to: str, issue: Issue) -> dict[str, Any]:
        status = view.status(STATUSES[to])
        extra = {"isAvailable": True, "isConditional": False, "looped": to == issue.status.id} if view.cloud else {}
        return {
            "id": number, "name": status["name"], "to": status, "hasScreen": False, "isGlobal": True,
            "isInitial": False, "fields": {}, **extra,
        }  # fmt: skip

    # -- create metadata ----------------------------------------------------------------------

    async def types(self, request: Request) -> Response:
        """GET createmeta/{project}/issuetypes."""
        self._project(request)
        rows = [self.view(request).type(number) for number in TYPES]
        return ok({"startAt": 0, "maxResults": 50, "total": len(rows), "issueTypes" if self._cloud else "values": rows})

    async def create_fields(self, request: Request) -> Response:
        """GET createmeta/{project}/issuetypes/{type}: in pages."""
        project = self._project(request)
        if request.path_params["type"] not in TYPES:
            raise AnswerError(404, "The issue type does not exist in this project.")
        rows = create_fields(project, self.view(request))
        params = request.query_params
        start, size = whole(params.get("startAt"), 0), min(whole(params.get("maxResults"), 50), 50)
        page = rows[start : start + size]
        name = "fields" if self._cloud else "values"
        return ok({"startAt": start, "maxResults": size, "total": len(rows), name: page})

    def _project(self, request: Request) -> Project:
        user, name = self.caller(request), request.path_params["project"]
        project = PROJECTS.get(name) or next((one for one in PROJECTS.values() if one.id == name), None)
        if project is None or not self.world.may(user, "CREATE_ISSUES", project.key):
            raise AnswerError(404, "No project could be found with that key or id, or you may not create issues there.")
        return project


def _digest(asked: dict[str, Any]) -> str:
    kept = {name: asked[name] for name in sorted(asked) if name in ("jql", "fields", "reconcileIssues")}
    return hashlib.sha256(json.dumps(kept).encode()).hexdigest()[:12]
