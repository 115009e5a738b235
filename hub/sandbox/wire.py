"""Faults as they look on the wire, played around a vendor's ASGI application."""

from __future__ import annotations

import asyncio
import json
import random
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Where the host leaves the connection's transport, outside of every middleware that wraps `send`.
TRANSPORT = "hub.sandbox.transport"
DRIPS = 8
JUNK: tuple[Any, ...] = (None, "<!-- cache miss -->", {"error": "render failed"}, 42, [])
PAGE = "<!doctype html><html><head><title>{title}</title></head><body><h1>{title}</h1><p>nginx</p></body></html>"
NO_LINGER = struct.pack("ii", 1, 0)


@dataclass
class Answer:
    """A whole response, caught before it goes out."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""

    async def take(self, message: Message) -> None:
        """An ASGI `send` that keeps what it gets."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.body += message.get("body", b"")

    async def give(self, send: Send) -> None:
        """Send it in one piece, with the length that it has now."""
        await send({"type": "http.response.start", "status": self.status, "headers": self._with_length()})
        await send({"type": "http.response.body", "body": self.body})

    async def drip(self, send: Send, seconds: float) -> None:
        """Send it in pieces over *seconds*."""
        await send({"type": "http.response.start", "status": self.status, "headers": self._with_length()})
        step = max(1, -(-len(self.body) // DRIPS))
        for at in range(0, len(self.body), step):
            await asyncio.sleep(seconds / DRIPS)
            await send({"type": "http.response.body", "body": self.body[at : at + step], "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def cut(self, send: Send) -> None:
        """Send the first half under the length of the whole."""
        await send({"type": "http.response.start", "status": self.status, "headers": self._with_length()})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})

    def _with_length(self) -> list[tuple[bytes, bytes]]:
        kept = [(name, value) for name, value in self.headers if name.lower() != b"content-length"]
        return [*kept, (b"content-length", str(len(self.body)).encode())]


@dataclass
class Stage:
    """What is needed to play a fault: the vendor's application and its own words for some faults.

    Attributes:
        app: the vendor, without faults.
        unauthorized: what the vendor answers to a key that it no longer knows.
        list_key: name of the list of records in an answer.
        tampered: told of each record (as sent) that got a lone surrogate at the end of its text fields.
        chance: where the details of a fault come from.
    """

    app: ASGIApp
    unauthorized: Callable[[], Response]
    list_key: str
    text_keys: tuple[str, ...]
    tampered: Callable[[Mapping[str, Any]], None]
    slow_s: float
    stall_s: float
    chance: random.Random

    async def play(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request the way *kind* says."""
        instead = self._instead(kind)
        if instead is not None:
            await instead(scope, receive, send)
        elif kind == "reset":
            await hang_up(scope, receive)
        elif kind == "stall":
            await self._stall(scope, receive)
        else:
            await self._after(kind, scope, receive, send)

    def _instead(self, kind: str) -> Response | None:
        """An answer that the vendor's application never sees."""
        match kind:
            case "500":
                return PlainTextResponse("Internal Server Error", 500)
            case "502":
                return HTMLResponse(PAGE.format(title="502 Bad Gateway"), 502)
            case "503":
                return Response(status_code=503, headers={"retry-after": self._retry_after()})
            case "html":
                return HTMLResponse(PAGE.format(title="Technical works"), 200)
            case "revoked":
                return self.unauthorized()
        return None

    def _retry_after(self) -> str:
        if self.chance.random() < 0.5:
            return "1"
        return format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)

    async def _stall(self, scope: Scope, receive: Receive) -> None:
        """Hang until the client goes away, at most `stall_s`; then the connection is cut."""
        try:
            async with asyncio.timeout(self.stall_s):
                await gone(receive)
        except TimeoutError:
            await hang_up(scope, receive)

    async def _after(self, kind: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the vendor do its work, and spoil the answer."""
        answer = Answer()
        await self.app(scope, receive, answer.take)
        match kind:
            case "lost":
                await hang_up(scope, receive)
            case "truncated" if answer.body:
                await answer.cut(send)
                await hang_up(scope, receive, politely=True)
            case "slow":
                await answer.drip(send, self.slow_s)
            case _:
                self._spoil(kind, answer)
                await answer.give(send)

    def _spoil(self, kind: str, answer: Answer) -> None:
        """Add a junk record or take one out, or add a lone surrogate to a text; leave other answers as they are."""
        if answer.status != 200 or kind not in {"malformed", "surrogate", "vanish"}:
            return
        page = json.loads(answer.body)
        records = page[self.list_key]
        if kind == "malformed":
            records.insert(self.chance.randint(0, len(records)), self.chance.choice(JUNK))
        elif kind == "vanish":
            del records[len(records) // 2 : len(records) // 2 + 1]
        else:
            self._add_surrogate(records)
        answer.body = json.dumps(page).encode("ascii")

    def _add_surrogate(self, records: list[Any]) -> None:
        written = [record for record in records if any(record.get(key) for key in self.text_keys)]
        if not written:
            return
        record = self.chance.choice(written)
        for key in self.text_keys:
            if isinstance(record.get(key), str):
                record[key] += "\ud83d"
        self.tampered(record)


async def gone(receive: Receive) -> None:
    """Return when the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def hang_up(scope: Scope, receive: Receive, *, politely: bool = False) -> None:
    """Cut the connection: a reset, or *politely* a close after what was already sent."""
    transport = scope[TRANSPORT]
    if politely:
        transport.close()
    else:
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        transport.abort()
    # Until the loss is noticed, the server would take the missing answer for a crash and log it.
    await gone(receive)
