"""Bitrix24's REST on loopback, as strict and as odd as the vendor sheet's section 10 asks.

Webhook codes: `sandboxbitrix24code` (user 1, all scopes), `sandboxbitrix24tasks` (user 7, with task and user
alone). An app `sandbox-bitrix24-app` with secret `sandbox-bitrix24-secret` begins with the refresh token
`sandbox-refresh-1`, at `/oauth/token` below the base URL. Outgoing events are not sent.
"""

from __future__ import annotations

from starlette.requests import Request

from hub.sandbox import Limit, SandboxOptions, Vendor, Wire

from .answers import too_many, unauthorized
from .api import CLIENT_SECRET, Api
from .model import USER
from .world import Bitrix24World

BASE_PATH = "/bitrix24"
ACCOUNT = "portal"  # the bucket is the portal's, whoever calls


def create(options: SandboxOptions) -> Vendor:
    """Return the portal behind its gate, with data from the options."""
    world = Bitrix24World(options)

    def account(request: Request) -> str | None:
        parts = request.url.path.removeprefix(BASE_PATH).strip("/").split("/")
        code = parts[-2] if parts[0] == "rest" and len(parts) >= 4 else None
        known = code is None or (code in world.webhooks and code not in world.revoked)
        return ACCOUNT if known else None

    wire = Wire(
        # 50 that drain by two a second let no more than 50 through in 25 seconds.
        limit=Limit(50, 25.0),
        account=account,
        refuse=too_many,
        unauthorized=unauthorized,
        has_records=lambda method, path: False,
        list_key="result",
        text_keys=(),
        secret_params=("auth", "refresh_token", "client_secret"),
    )
    settings = {"connector": "crm", "product": "bitrix24", "webhook_url": f"{{url}}/rest/{USER}/{{key}}/"}
    vendor = Vendor("bitrix24", BASE_PATH, (*world.webhooks, CLIENT_SECRET), world, wire, options, settings)
    return vendor.serve_with(Api(world, vendor.traffic).app())
