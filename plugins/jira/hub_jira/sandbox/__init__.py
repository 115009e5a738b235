"""Jira on loopback, Cloud and Data Center, as strict and as odd as `vendors/jira.md`, section 14 asks.

Cloud takes the API token `sandbox-jira-token` of `hub@example.org` (everything) and `sandbox-jira-token-reader` of
`reader@example.org`; at `/jira/ex/jira/{cloudId}` it takes access tokens that `/jira/oauth/token` gives for a rotating
refresh token. Data Center takes the same two as personal access tokens. It shares no code with the connector.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.sandbox import Limit, SandboxOptions, Vendor, Wire

from .access import CLIENT_SECRET, FIRST_REFRESH, GATEWAY, Access
from .answers import AnswerError, answer_error, ok, too_many, unauthorized
from .model import CLOUD, SERVER
from .people import HUB, KEY, READER_KEY
from .reads import Reads
from .world import JiraWorld
from .writes import Writes

SEARCHES = ("/rest/api/3/search/jql", "/rest/api/2/search/jql", "/rest/api/2/search")


def create(options: SandboxOptions) -> Vendor:
    """Return Jira Cloud behind its gate."""
    return _vendor("jira", "/jira", CLOUD, options)


def create_data_center(options: SandboxOptions) -> Vendor:
    """Return Jira Data Center behind its gate, below a context path."""
    return _vendor("jira-dc", "/jira-dc", SERVER, options)


def _vendor(name: str, base_path: str, edition: str, options: SandboxOptions) -> Vendor:
    world = JiraWorld(options, edition)
    access = Access(world, base_path)
    wire = Wire(
        limit=Limit(100, 1.0),
        account=access.account,
        refuse=lambda _verdict: too_many(world),
        unauthorized=unauthorized(access),
        has_records=lambda _method, path: path.removeprefix(GATEWAY) in SEARCHES,
        list_key="issues",
        text_keys=(),
    )
    settings = {"connector": "jira"} | ({"email": HUB.email} if edition == CLOUD else {})
    keys = (KEY, READER_KEY, FIRST_REFRESH, CLIENT_SECRET)
    vendor = Vendor(name, base_path, keys, world, wire, options, settings)
    reads, writes = Reads(world, access), Writes(world, access, vendor.traffic)
    routes = [*reads.routes(), *writes.routes()]
    gateway = [Mount(GATEWAY, routes=routes)] if edition == CLOUD else []
    app = Starlette(routes=[*gateway, *routes], exception_handlers={AnswerError: answer_error})
    return vendor.serve_with(_Front(app, world, access))


class _Front:
    """What every answer goes through: planned refusals, missing scopes, the headers of normal answers."""

    def __init__(self, app: ASGIApp, world: JiraWorld, access: Access) -> None:
        self._app, self._world, self._access = app, world, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refusal(Request(scope))
        await (refused or self._app)(scope, receive, send if refused else self._signed(scope, send))

    def _refusal(self, request: Request) -> Response | None:
        if self._world.quota:
            return too_many(self._world, self._world.quota.pop(0))
        needed = "read:jira-work" if request.method == "GET" else "write:jira-work"
        through_gateway = GATEWAY in request.scope["path"] and request.scope["path"].split(GATEWAY)[1] not in SEARCHES
        if through_gateway and needed not in self._access.grants.scopes:
            return ok({"code": 401, "message": "Unauthorized; scope does not match"}, 401)
        return None

    def _signed(self, scope: Scope, send: Send) -> Send:
        user = self._access.caller(Request(scope))

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start" and user is not None:
                extra = [(b"atl-traceid", b"0b0d6c1e"), (b"x-aaccountid", user.key.encode())]
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        return signed
