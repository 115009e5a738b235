"""amoCRM's API v4 on loopback, as strict and as odd as the vendor sheet's section 15 asks.

Tokens: `sandbox-amocrm-token` (an administrator's), `sandbox-amocrm-agent-token` (of somebody who may not list users).
An integration `sandbox-amocrm-app` with secret `sandbox-amocrm-secret` and redirect `https://hub.example/amocrm` begins
with the refresh token `sandbox-amocrm-refresh-1`. Webhooks are not sent.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from hub.sandbox import Limit, SandboxOptions, Vendor, Wire

from .api import CLIENT_SECRET, Api, blocked, token_of, unauthorized
from .world import AmoCrmWorld

BASE_PATH = "/amocrm"
ACCOUNT = "account"  # the limit is the account's, whoever calls


def create(options: SandboxOptions) -> Vendor:
    """Return the account behind its gate, with data from the options."""
    world = AmoCrmWorld(options)

    def account(request: Request) -> str | None:
        if request.url.path.endswith("/oauth2/access_token"):
            return ACCOUNT
        return ACCOUNT if world.caller(token_of(request) or "") else None

    def refuse(_verdict: object) -> Response:
        world.strike()
        return blocked() if world.banned else HTMLResponse("<html><body>Too Many Requests</body></html>", 429)

    wire = Wire(
        limit=Limit(7, 1.0),
        account=account,
        refuse=refuse,
        unauthorized=unauthorized,
        has_records=lambda method, path: False,
        list_key="_embedded",
        text_keys=(),
    )
    settings = {"connector": "crm", "product": "amocrm", "token": "{key}"}
    vendor = Vendor("amocrm", BASE_PATH, (*world.tokens, CLIENT_SECRET), world, wire, options, settings)
    return vendor.serve_with(Api(world, vendor.traffic).app())
