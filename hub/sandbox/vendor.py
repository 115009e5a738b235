"""One vendor behind its gate: key, limiter, faults, ledger, the vendor's own application."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .faults import FaultPlan
from .limits import Limit, Limiter, Verdict, parse_limit
from .options import SandboxOptions
from .traffic import Traffic
from .wire import Stage


class World(Protocol):
    """What a vendor holds, and what can be done to it from outside."""

    def advance(self, seconds: float) -> None:
        """Push the vendor's time forward; what falls due happens."""

    def items(self) -> list[dict[str, Any]]:
        """The ledger's items: what a client that misses nothing must end with."""

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Change something now. Raises LookupError or ValueError with a message for a person."""

    def tampered(self, record: Mapping[str, Any]) -> None:
        """This record, as sent, got a lone surrogate at the end of its text."""


@dataclass(frozen=True)
class Wire:
    """A vendor's habits that its gate must know.

    Attributes:
        account: whose limiter a request counts against; None for a key that the vendor does not know.
        refuse: the answer to a request too many.
        unauthorized: the answer to a key that is not (or no longer) valid.
        has_records: whether this method and path (without base path) answers with records.
        list_key: name of their list.
        text_keys: fields of a record that hold its text.
        secret_params: query parameters that carry a key, in lower case.
    """

    limit: Limit
    account: Callable[[Request], str | None]
    refuse: Callable[[Verdict], Response]
    unauthorized: Callable[[], Response]
    has_records: Callable[[str, str], bool]
    list_key: str
    text_keys: tuple[str, ...]
    secret_params: Collection[str] = ()


class Vendor:
    """A vendor's API on loopback. `app` is what the host mounts at `base_path`."""

    def __init__(
        self,
        name: str,
        base_path: str,
        keys: tuple[str, ...],
        world: World,
        wire: Wire,
        options: SandboxOptions,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        """Set up the gate; `serve_with` gives it the application behind.

        *settings*: what an instance of this vendor needs beside address and key, such as an account's name; and
        `connector` where its connector has another name. A value with ``{key}`` in it (and ``{url}``) is a secret:
        its place is the environment.
        """
        self.settings = {"connector": name, **(settings or {})}
        self.name, self.base_path, self.keys, self.key = name, base_path, keys, keys[0]
        self.world, self._wire, self._options = world, wire, options
        self.traffic = Traffic(keys, wire.secret_params)
        self.limiter = Limiter(self._limit())
        self.faults = FaultPlan(options.faults, options.seed)
        self._app: ASGIApp | None = None

    def serve_with(self, app: ASGIApp) -> Vendor:
        """Put the vendor's own application behind the gate."""
        self._app = app
        return self

    def ledger(self) -> dict[str, Any]:
        """What the vendor holds and what the client did, ready for JSON (lone surrogates are already replaced)."""
        return {"items": self.world.items(), "client": self._client()}

    def reset_client(self) -> None:
        """Forget what the client did."""
        self.traffic.reset()
        self.limiter.reset()

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The gate, an ASGI application."""
        scope = _without_trailing_slash(scope)
        request = Request(scope)
        path = scope["path"].removeprefix(self.base_path)
        entry = self.traffic.begin(scope, path)
        account = self._wire.account(request)
        if account is None:
            await self._unknown(entry, scope, receive, send)
            return
        verdict = self.limiter.enter(account)
        try:
            await self._admit(verdict, entry, scope, receive, send)
        finally:
            self.limiter.leave(account)

    async def _unknown(self, entry: dict[str, Any], scope: Scope, receive: Receive, send: Send) -> None:
        self.traffic.refused += 1
        entry["status"] = 401
        await self._wire.unauthorized()(scope, receive, send)

    async def _admit(self, verdict: Verdict, entry: dict[str, Any], scope: Scope, receive: Receive, send: Send) -> None:
        if verdict.refused:
            self.traffic.refused += 1
            entry["status"] = 429
            await self._wire.refuse(verdict)(scope, receive, send)
            return
        await asyncio.sleep(verdict.wait_s)
        await self._answer(entry, scope, receive, send)

    async def _answer(self, entry: dict[str, Any], scope: Scope, receive: Receive, send: Send) -> None:
        assert self._app is not None  # noqa: S101 (serve_with comes with creation)

        async def noted(message: Any) -> None:
            if message["type"] == "http.response.start":
                entry["status"] = message["status"]
            await send(message)

        records = self._wire.has_records(scope["method"], scope["path"].removeprefix(self.base_path))
        kind = entry["fault"] = self.faults.draw(records=records)
        if kind is None:
            await self._app(scope, receive, noted)
        else:
            await self._stage().play(kind, scope, receive, noted)

    def _stage(self) -> Stage:
        assert self._app is not None  # noqa: S101
        return Stage(
            app=self._app,
            unauthorized=self._wire.unauthorized,
            list_key=self._wire.list_key,
            text_keys=self._wire.text_keys,
            tampered=self.world.tampered,
            slow_s=self._options.slow_s,
            stall_s=self._options.stall_s,
            chance=random.Random(f"stage:{self._options.seed}:{self.traffic.requests}"),
        )

    def _limit(self) -> Limit:
        documented = self._wire.limit
        if not self._options.strict:
            documented = Limit(documented.count, documented.window_s, documented.concurrent, "count")
        text = self._options.limits.get(self.name)
        return parse_limit(text, documented) if text else documented

    def _client(self) -> dict[str, Any]:
        return {
            "requests": self.traffic.requests,
            "refused": self.traffic.refused,
            "over_limit": self.limiter.over_limit,
            "max_in_window": self.limiter.max_in_window,
            "max_concurrent": self.limiter.max_concurrent,
            "log": list(self.traffic.log),
            "writes": self.traffic.writes,
        }


def _without_trailing_slash(scope: Scope) -> Scope:
    return {**scope, "path": scope["path"].rstrip("/") or "/"}
