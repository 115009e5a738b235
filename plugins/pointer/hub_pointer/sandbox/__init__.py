"""Pointer's API on loopback, as strict and as odd as `vendors/pointer.md`, section 19 asks.

Tokens: `sandbox-pointer-token` (both networks), `sandbox-pointer-token-north` (the network «Север», reading
only). What the sheet only assumes is read here in the sandbox's own way; it shares no code with the connector.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request

from hub.sandbox import Limit, SandboxOptions, Vendor, Wire

from .answers import AnswerError, answer_error, bad_parameter, token_of, too_many, unauthorized
from .query import BadParameterError
from .reads import Reads
from .world import PointerWorld
from .writes import Writes

BASE_PATH = "/pointer/v1"


def create(options: SandboxOptions) -> Vendor:
    """Return Pointer behind its gate, with data from the options."""
    world = PointerWorld(options)

    def account(request: Request) -> str | None:
        value = token_of(request)
        if value is None or value in world.revoked or value not in world.tokens:
            return None
        return world.tokens[value].name

    wire = Wire(
        limit=Limit(1, 1.0),
        account=account,
        refuse=too_many(),
        unauthorized=unauthorized,
        has_records=lambda method, path: method == "GET" and path == "/reviews",
        list_key="items",
        text_keys=("text",),
    )
    vendor = Vendor("pointer", BASE_PATH, tuple(world.tokens), world, wire, options)
    app = Starlette(
        routes=[*Reads(world).routes(), *Writes(world, vendor.traffic).routes()],
        exception_handlers={AnswerError: answer_error, BadParameterError: bad_parameter},
    )
    return vendor.serve_with(app)
