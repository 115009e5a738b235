"""Usedesk's API on loopback, as strict and as odd as the vendor sheet's section 7 asks.

The key is `sandbox-usedesk-token`, in the JSON body, the form or the query. Webhooks carry `sandbox-usedesk-secret`.
It shares no code with the connector.
"""

from __future__ import annotations

from hub.sandbox import Limit, SandboxOptions, Vendor, Wire

from .api import Api, too_many, wrong_key
from .model import KEY, SECRET
from .world import UsedeskWorld

BASE_PATH = "/usedesk"
ADDRESS = "address"  # calls are counted by the address that they come from


def create(options: SandboxOptions) -> Vendor:
    """Return the account behind its gate, with data from the options."""
    world = UsedeskWorld(options)
    wire = Wire(
        limit=Limit(150, 60.0),
        account=lambda _request: ADDRESS,  # the key is in the body: the application looks at it
        refuse=lambda _verdict: too_many(),
        unauthorized=wrong_key,
        has_records=lambda _method, _path: False,
        list_key="tickets",
        text_keys=(),
        secret_params=("api_token",),
    )
    settings = {"connector": "usedesk", "token": "{key}"}
    vendor = Vendor("usedesk", BASE_PATH, (KEY, SECRET), world, wire, options, settings)
    return vendor.serve_with(Api(world, vendor.traffic).app())
