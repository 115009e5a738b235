"""The control API: what tests and the demo ask of a sandbox behind the vendors' backs. Faults never hit it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .vendor import Vendor

CONTROL_PATH = "/_sandbox"


class ControlError(Exception):
    """Asked for something that a sandbox does not do."""


class Control:
    """Handlers over the vendors of one sandbox."""

    def __init__(self, vendors: Sequence[Vendor]) -> None:
        """Control *vendors*."""
        self._vendors = {vendor.name: vendor for vendor in vendors}

    async def ledger(self, request: Request) -> Response:
        """GET /ledger/{vendor}."""
        return answer(self._vendor(request.path_params["vendor"]).ledger())

    async def advance(self, request: Request) -> Response:
        """POST /advance {"seconds": n}."""
        seconds = float((await _body(request)).get("seconds", 0))
        for vendor in self._vendors.values():
            vendor.world.advance(seconds)
        return answer({"advanced": seconds})

    async def faults(self, request: Request) -> Response:
        """POST /faults {"profile", "seed"} or {"next": [...]} ([]: none any more); "vendor" limits it to one."""
        body = await _body(request)
        chosen = [self._vendor(body["vendor"])] if body.get("vendor") else list(self._vendors.values())
        for vendor in chosen:
            if "next" in body:
                vendor.faults.ask(body["next"])
            else:
                vendor.faults.follow(body.get("profile", "none"), int(body.get("seed", 1)))
        return answer({"vendors": [vendor.name for vendor in chosen]})

    async def change(self, request: Request) -> Response:
        """POST /{vendor}/change {"action", ...}."""
        body = await _body(request)
        vendor = self._vendor(request.path_params["vendor"])
        return answer(vendor.world.change(str(body.pop("action", "")), body))

    async def reset_client(self, _request: Request) -> Response:
        """POST /reset_client."""
        for vendor in self._vendors.values():
            vendor.reset_client()
        return answer({"vendors": list(self._vendors)})

    def _vendor(self, name: str) -> Vendor:
        try:
            return self._vendors[name]
        except KeyError:
            raise ControlError(f"no vendor {name!r} here; there are {', '.join(self._vendors)}") from None


def control_app(vendors: Sequence[Vendor]) -> Starlette:
    """The control API as an application; the host mounts it at `CONTROL_PATH`."""
    control = Control(vendors)
    return Starlette(
        routes=[
            Route("/ledger/{vendor}", control.ledger),
            Route("/advance", control.advance, methods=["POST"]),
            Route("/faults", control.faults, methods=["POST"]),
            Route("/reset_client", control.reset_client, methods=["POST"]),
            Route("/{vendor}/change", control.change, methods=["POST"]),
        ],
        exception_handlers=dict.fromkeys((ControlError, ValueError, LookupError, TypeError), _refused),
    )


def answer(body: object, status: int = 200) -> Response:
    """JSON in pure ASCII, so that lone surrogates can be written."""
    return Response(json.dumps(body), status, media_type="application/json")


async def _body(request: Request) -> dict[str, Any]:
    body = json.loads(await request.body() or b"{}")
    if not isinstance(body, dict):
        raise ControlError("the body must be a JSON object")
    return body


async def _refused(_request: Request, error: Exception) -> Response:
    return answer({"message": str(error.args[0]) if error.args else type(error).__name__}, 400)
