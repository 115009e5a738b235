"""YouScan's API on loopback, as strict and as odd as `vendors/youscan.md`, section 16 asks.

Keys: `sandbox-youscan-key` (Moscow; topics 101, 102, 103), `sandbox-youscan-key-ekb` (Yekaterinburg; topic
102, reading only), `sandbox-youscan-key-noapi` (402). It shares no code with the connector.
"""

from __future__ import annotations

from starlette.requests import Request

from hub.sandbox import Limit, SandboxOptions, Vendor, Wire

from .api import Api, key_of, too_many, unauthorized
from .world import YouScanWorld

BASE_PATH = "/youscan/api/external"


def create(options: SandboxOptions) -> Vendor:
    """Return YouScan behind its gate, with data from the options."""
    world = YouScanWorld(options)

    def account(request: Request) -> str | None:
        key = key_of(request)
        if key is None or key in world.revoked or key not in world.users:
            return None
        return world.users[key].name

    wire = Wire(
        limit=Limit(10, 10.0, concurrent=5),
        account=account,
        refuse=too_many,
        unauthorized=unauthorized,
        has_records=lambda method, path: path.endswith(("/mentions", "/get-mentions")),
        list_key="mentions",
        text_keys=("text", "fullText"),
        secret_params=("apikey",),
    )
    vendor = Vendor("youscan", BASE_PATH, tuple(world.users), world, wire, options)
    return vendor.serve_with(Api(world, vendor.traffic).app())
