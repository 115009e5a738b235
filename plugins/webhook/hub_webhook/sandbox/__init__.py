"""A helpdesk behind a webhook receiver on loopback, stricter than most.

It checks signatures with code of its own, refuses timestamps more than five minutes off, takes an event once by its
id, refuses the same id with another body, and lists what changed. The secret is `whsec_` and base64; the token
`sandbox-webhook-token` reads changes without a signature.
"""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from hub.sandbox import Limit, SandboxOptions, Vendor, Wire

from .api import CHANGES, Api
from .verify import KEY, OTHER_KEY, TOKEN
from .world import HelpdeskWorld

BASE_PATH = "/webhook/"


def create(options: SandboxOptions) -> Vendor:
    """Return the helpdesk behind its gate; it begins empty."""
    world = HelpdeskWorld(options)
    wire = Wire(
        limit=Limit(100, 1.0),
        account=lambda _request: "receiver",
        refuse=lambda _verdict: _refused(429, "slow down", {"retry-after": "1"}),
        unauthorized=lambda: _refused(401, "the signature does not match"),
        has_records=lambda method, path: method == "GET" and path == CHANGES.removeprefix("/"),
        list_key="changes",
        text_keys=(),
    )
    keys = (KEY, KEY.removeprefix("whsec_"), OTHER_KEY, OTHER_KEY.removeprefix("whsec_"), TOKEN)
    settings = {"changes_url": "{url}" + CHANGES.removeprefix("/")}
    vendor = Vendor("webhook", BASE_PATH, keys, world, wire, options, settings)
    return vendor.serve_with(Api(world, vendor.traffic).app())


def _refused(status: int, why: str, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"error": why}, status, headers)
