"""Signed webhooks from real ``hub`` processes to the sandbox of a receiver: one case per ticket, though one is killed.

Between both stands a proxy that can kill the process once the receiver has answered, before the answer is passed on.
"""

import asyncio
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from hub.pipeline.deliver import OutboxRun
from hub.pipeline.source import Source
from hub.runtime.transport import Transport
from hub.sandbox import SandboxOptions, running
from hub.sdk import Connector, ConnectorSpec, Request, Response
from hub.store import Store, open_store
from tests.e2e.harness import Sandbox, sandbox
from tests.unit.pipeline.script import QUICK
from tests.unit.store.pages import NOW, mention, page

_TOML = """
store = "sqlite:///hub.db"

[instances.mentions]
connector = "youscan"
base_url = "{youscan}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
sweeps = "off"

[instances.desk]
connector = "webhook"
base_url = "{desk}/webhook/"
changes_url = "{desk}/webhook/changes"
secret = {{ env = "DESK_SECRET" }}
timeout = "5s"

[instances.desk.map]
queue.claims = "Second line"
"""


class Proxy:
    """Passes requests on to the sandbox; kills ``victim`` when an event was answered, if there is one."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.victim: subprocess.Popen[str] | None = None
        self.answered: list[tuple[str, int]] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                proxy.pass_on(self)

            do_POST = do_GET  # noqa: N815 - the names are those of http.server

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def pass_on(self, call: BaseHTTPRequestHandler) -> None:
        body = call.rfile.read(int(call.headers.get("content-length", 0)))
        inner = http.client.HTTPConnection(self.target, timeout=20)
        inner.request(call.command, call.path, body, dict(call.headers))
        answer = inner.getresponse()
        content = answer.read()
        inner.close()
        if call.command == "POST":
            self.answered.append((call.headers["webhook-id"], answer.status))
            if self.victim is not None:
                self.victim.send_signal(signal.SIGKILL)
                self.victim.wait()
                self.victim = None
                return
        call.send_response(answer.status)
        call.send_header("content-type", answer.getheader("content-type") or "text/plain")
        call.send_header("content-length", str(len(content)))
        call.end_headers()
        call.wfile.write(content)


@dataclass(frozen=True)
class Hub:
    """A folder with settings for both, and the commands run in it."""

    folder: Path
    box: Sandbox
    proxy: Proxy

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        keys = {"YOUSCAN_API_KEY": self.box.keys["youscan"], "DESK_SECRET": self.box.keys["webhook"]}
        env = {**os.environ, **keys, "HUB_STATE_DIR": str(self.folder / "state"), "NO_COLOR": "1"}
        command, pipe = [sys.executable, "-m", "hub", *arguments], subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, env=env, text=True, stdout=pipe, stderr=pipe)

    def run(self, *arguments: str, ok: bool = True) -> str:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=60)
        assert (process.returncode == 0) is ok, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out + err

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json"))

    def delivering(self) -> str:
        """Read the mentions, ask for one to be delivered; return its id."""
        self.run("sync", "mentions")
        with open_store(f"sqlite:///{self.folder / 'hub.db'}") as store:
            ticket = str(next(iter(store.iter_tickets())).id)
            store.ask_case(ticket, "desk", role="delivered")
        return ticket

    def cases(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.box.ledger("webhook")["items"]
        return found


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    options = ("--items", "6", "--seed", "3", "--future", "0")
    with sandbox(tmp_path, "youscan", "webhook", *options) as box, Proxy(box.control).running() as proxy:
        (tmp_path / "hub.toml").write_text(_TOML.format(youscan=box.urls["youscan"], desk=proxy.url))
        yield Hub(tmp_path, box, proxy)


def test_a_process_killed_after_the_receiver_s_answer_makes_no_second_case(hub: Hub) -> None:
    ticket = hub.delivering()
    with hub.start("sync", "desk") as process:
        hub.proxy.victim = process
        process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert [case["ticket"] for case in hub.cases()] == [ticket], "the receiver has it"
    assert [row["external_id"] for row in hub.json("outbox")] == [None], "the hub does not know"
    hub.run("sync", "desk")
    [(first, _), (second, status)] = hub.proxy.answered
    assert (first, status) == (second, 200)
    [case] = hub.cases()
    assert (case["ticket"], case["events"], case["repeated"]) == (ticket, [first], 1)
    assert hub.json("outbox") == []
    [link] = hub.json("tickets", "show", ticket)["links"]
    assert (link["role"], link["external_id"]) == ("delivered", case["source_id"])


def test_what_people_do_there_comes_back_and_makes_no_ticket(hub: Hub) -> None:
    ticket = hub.delivering()
    hub.run("sync")
    before = len(hub.run("tickets", "export").splitlines())
    [case] = hub.cases()
    hub.box.post("webhook/change", action="set", id=case["source_id"], state="pending", assignee="Анна")
    hub.box.post("webhook/change", action="say", id=case["source_id"], text="Деньги вернули")
    hub.box.post("webhook/change", action="add", text="чужое письмо")
    hub.run("sync")
    shown = hub.json("tickets", "show", ticket)
    assert (shown["links"][0]["state"], shown["links"][0]["assignee"]) == ("pending", "Анна")
    assert [message["body"] for message in shown["messages"] if message["direction"] == "out"] == ["Деньги вернули"]
    assert len(hub.run("tickets", "export").splitlines()) == before


def test_a_receiver_that_wants_no_more_waits_for_a_person(hub: Hub) -> None:
    hub.delivering()
    hub.box.post("webhook/change", action="refuse", status=410, text="this hook was deleted")
    said = " ".join(hub.run("sync", "desk", ok=False).split())
    assert "410 from the receiver: this hook was deleted" in said
    assert 'instance "desk" is paused' in said
    assert hub.cases() == []
    hub.run("resume", "desk")
    hub.run("sync", "desk")
    assert len(hub.cases()) == 1


# --- between two tries ----------------------------------------------------------------------------------------------


def test_what_the_customer_says_between_two_tries_is_told_as_an_event_of_its_own(tmp_path: Path) -> None:
    from hub_webhook.connector import Webhooks

    with running(["webhook"], SandboxOptions(items=1)) as box, open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        url = box.urls["webhook"]
        known = {"connector": "webhook", "base_url": url, "secret": SecretStr(box.keys["webhook"])}
        connector = Webhooks(Webhooks.Config.model_validate(known))
        store.checkpoint(page(mention("1", thread="t", body="Украли деньги")))
        [ticket] = store.iter_tickets()
        store.ask_case(str(ticket.id), "desk", role="delivered")
        box.next_faults(["lost"] * 20)
        _work(store, connector, url)
        box.next_faults([])
        assert len(box.ledger("webhook")["items"]) == 1
        store.checkpoint(page(mention("2", thread="t", body="Ну что там?")))
        _work(store, connector, url)
        [case] = box.ledger("webhook")["items"]
        assert case["text"] == "Украли деньги"
        assert [one["body"] for one in case["messages"]] == ["Ну что там?"]
        assert store.outbox_counts() == {}


def _work(store: Store, connector: Connector[Any], url: str) -> None:
    """Work off what waits, as a sync does that is told to."""

    async def go() -> None:
        async with Transport() as transport:

            async def send(request: Request) -> Response:
                auth, span = connector.auth(), timedelta(seconds=5)
                return await transport.send(request, base_url=url, auth=auth, limits=(), account="", timeout=span)

            source = Source("desk", connector, cast(ConnectorSpec, connector), send, policy=QUICK, now=lambda: NOW)
            await OutboxRun(source, store, forced=True).finish()

    asyncio.run(go())
