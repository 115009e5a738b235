"""Callers over a real socket who are slow, huge, many or wrong harm nobody else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

import pytest

from hub.runtime import http
from hub.runtime.daemon import Daemon
from hub.runtime.http import MAX_BODY_BYTES, listening, serve
from tests.unit.runtime.test_http import Known

pytestmark = pytest.mark.usefixtures("_hasty")


@pytest.fixture
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "IDLE_S", 0.2)
    monkeypatch.setattr(http, "LONGEST_S", 2.0)
    monkeypatch.setattr(http, "BODY_S", 0.3)


def served(known: Known, use: Callable[[int], Awaitable[Any]]) -> Any:
    """Return what *use* returns, given the port at which the doors are open."""

    async def run() -> Any:
        at = listening(("127.0.0.1", 0))
        doors = asyncio.create_task(serve(cast(Daemon, known), at))
        try:
            return await asyncio.wait_for(use(at.getsockname()[1]), 10)
        finally:
            doors.cancel()
            with suppress(asyncio.CancelledError):
                await doors

    return asyncio.run(run())


async def said(port: int, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Send *parts*; return all that is answered until the other side hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_s)
    found = b""
    with suppress(ConnectionError):
        while more := await reader.read(65536):
            found += more
    writer.close()
    return found


def post(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: hub", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ((post("/hooks/maps/secret", "content-length: 10"), b"half"), b"408"),
        ((post("/hooks/maps/secret", f"content-length: {MAX_BODY_BYTES + 1}"),), b"413"),
        ((post("/hooks/maps/secret", "transfer-encoding: chunked"), b"1\r\nx\r\n"), b"408"),
        ((post("/hooks/maps/secret", f"x-long: {'x' * 2_000_000}"),), b""),
        ((b"GET /hooks/maps/secret HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n",), b"405"),
        ((b"DELETE /metrics HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n",), b"405"),
        ((b"POST /health HTTP/1.1\r\nhost: hub\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",), b"405"),
        ((b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",), b""),
    ],
    ids=["half-a-body", "says-too-much", "endless-chunks", "huge-headers", "get", "delete", "post", "tls"],
)
def test_who_calls_wrongly_is_told_and_hung_up(parts: tuple[bytes, ...], status: bytes) -> None:
    known = Known()
    answer = served(known, lambda port: said(port, *parts, pause_s=0.05))
    assert status in answer[:20]
    assert known.calls == []


@pytest.mark.parametrize("begun", [b"", b"POST /hooks/maps/secret HTTP/1.1\r\nhost:"], ids=["silent", "half-a-head"])
def test_whoever_says_nothing_is_hung_up_on(begun: bytes) -> None:
    assert served(Known(), lambda port: said(port, begun)) == b""


def test_a_crowd_that_says_nothing_keeps_the_doors_shut_for_a_moment_only() -> None:
    async def use(port: int) -> bytes:
        crowd = [asyncio.create_task(said(port, b"GET")) for _ in range(230)]
        await asyncio.gather(*crowd)
        return await said(port, b"GET /health HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n")

    assert b"200 OK" in served(Known(), use)


@pytest.mark.parametrize(
    "begun", [b"GET", post("/hooks/maps/secret", "content-length: 10")], ids=["half-a-head", "half-a-body"]
)
def test_a_crowd_that_says_nothing_keeps_nobody_out(begun: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "IDLE_S", 60.0)
    monkeypatch.setattr(http, "BODY_S", 60.0)

    async def use(port: int) -> list[bytes]:
        crowd = [await asyncio.open_connection("127.0.0.1", port) for _ in range(230)]
        for _, writer in crowd:
            writer.write(begun)
        ask = "GET {} HTTP/1.1\r\nhost: hub\r\nconnection: close\r\n\r\n"
        answers = [await said(port, ask.format(path).encode()) for path in ("/health", "/ready")]
        call = post("/hooks/maps/secret", "content-length: 2", "connection: close") + b"{}"
        answers.append(await said(port, call))
        open_ones = sum(not reader.at_eof() and reader.exception() is None for reader, _ in crowd)
        assert open_ones == 199, "the others made way, the last one for who asked"
        for _, writer in crowd:
            writer.close()
        await asyncio.gather(*(writer.wait_closed() for _, writer in crowd), return_exceptions=True)
        return answers

    health, ready, taken = served(Known(), use)
    assert (b"200 OK" in health, b"200 OK" in ready, b"204 No Content" in taken) == (True, True, True)


def test_who_waits_for_an_answer_at_the_end_is_hung_up_on_without_a_word_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = asyncio.Event()

    class Hanging(Known):
        async def metrics(self) -> str:
            asked.set()
            await asyncio.sleep(60)
            return ""

    async def use(port: int) -> asyncio.Task[bytes]:
        waiting = asyncio.create_task(said(port, b"GET /metrics HTTP/1.1\r\nhost: hub\r\n\r\n"))
        await asked.wait()
        return waiting

    served(Hanging(), use)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_one_connection_serves_one_call_after_another() -> None:
    known = Known()
    call = post("/hooks/maps/secret", "content-length: 2", "x-forwarded-for: 192.0.2.1") + b"{}"
    answers = served(known, lambda port: said(port, call, call, call, pause_s=0.05))
    assert answers.count(b"204 No Content") == 3
    assert len(known.calls) == 3
