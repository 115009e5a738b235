"""A real ``hub run`` that polls once an hour, and sandboxes that call it: what is new arrives within seconds."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub_usedesk.sandbox.model import SECRET as DESK_SECRET
from tests.e2e.harness import Hub, Sandbox, sandbox
from tests.e2e.test_daemon import answering, daemon, ended, opened, until

SECRET = "long-random-word"
HOURLY = 'rate = "200/1s"\nevery = "1h"\ntimeout = "5s"\nwebhook_secret = { env = "HOOK_SECRET" }'


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    limits = ("--limit", "youscan=off", "--limit", "pointer=off")
    with sandbox(tmp_path, "youscan", "pointer", "--seed", "4", "--items", "40", "--future", "0", *limits) as running:
        yield running


def change(box: Sandbox, vendor: str, **what: Any) -> dict[str, Any]:
    answer = httpx.post(f"{box.control}/{vendor}/change", json=what, timeout=30, trust_env=False)
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def hourly(folder: Path, box: Sandbox) -> Hub:
    hub = answering(Hub.for_sandbox(folder, box, HOURLY))
    (folder / ".env").write_text(f"HOOK_SECRET={SECRET}\n", encoding="utf-8")
    settings = folder / "hub.toml"
    told = re.sub(r"^sweeps = .*$", "", settings.read_text(encoding="utf-8"), flags=re.MULTILINE)
    settings.write_text(told, encoding="utf-8")
    return hub


def read_once(url: str) -> bool:
    instances = httpx.get(f"{url}/ready", trust_env=False).json()["instances"].values()
    return sum(1 for one in instances if one["last_ok_at"]) == 2


def asked(box: Sandbox) -> list[str]:
    """Return which topics were asked for mentions, call by call."""
    log = [str(line) for line in box.ledger("youscan")["client"]["log"]]
    return [found[1] for line in log if (found := re.search(r"/topics/(\d+)/mentions", line))]


def test_a_call_brings_what_is_new_within_seconds_and_junk_does_nothing(box: Sandbox, tmp_path: Path) -> None:
    hub = hourly(tmp_path, box)
    with daemon(hub) as process, httpx.Client(trust_env=False, timeout=10) as client:
        url, said = opened(process)
        until(lambda: read_once(url))
        address = f"{url}/hooks/mentions".replace("http://", f"http://hub:{SECRET}@")
        change(box, "youscan", action="add_webhook", topic=101, url=address)
        token = {"authorization": f"Bearer {box.keys['pointer']}"}
        hook = {"url": f"{url}/hooks/maps/{SECRET}", "events": ["reviews"]}
        assert client.post(f"{box.urls['pointer']}/webhooks", headers=token, json=hook).status_code == 201

        before = len(asked(box))
        number = change(box, "youscan", action="add", topic=101, text="Позвали и пришло")["source_id"]
        change(box, "youscan", action="send_webhook", id=number)
        for text in ("Отзыв один", "Отзыв два", "Отзыв три"):
            change(box, "pointer", action="add", text=text, rating=2)
        told = time.monotonic()
        until(lambda: all(text in told for told in [str(hub.tickets())] for text in ("Позвали и пришло", "Отзыв один")))
        assert time.monotonic() - told < 20
        assert set(asked(box)[before:]) == {"101"}, "only the topic that has news is read"

        # Replays and duplicates: a burst is one more poll, or two.
        time.sleep(2.5)
        before = len(asked(box))
        body = b'{"topicId": 101, "mentionId": 1}'
        codes = [client.post(f"{url}/hooks/mentions/{SECRET}", content=body).status_code for _ in range(40)]
        assert set(codes) == {204}
        wrong = ("/hooks/mentions/guess", "/hooks/mentions", "/hooks/maps/guess", "/hooks/maps")
        assert {client.post(f"{url}{path}", content=body).status_code for path in wrong} == {401}
        assert client.post(f"{url}/hooks/nobody/{SECRET}").status_code == 404
        time.sleep(2.6)
        assert 1 <= len(asked(box)) - before <= 2
        messages = [message for ticket in hub.tickets() for message in ticket["messages"]]
        assert sum(message["body"] == "Позвали и пришло" for message in messages) == 1
        code, *_ = ended(process, signal.SIGTERM)
        told_all = "".join(said)
    assert code == 0
    assert told_all.count("webhook refused") == 2, "one of each instance"
    assert SECRET not in told_all
    assert "Traceback" not in told_all


_DESK = """
store = "sqlite:///hub.db"

[instances.desk]
connector = "usedesk"
base_url = "{url}"
token = {{ env = "DESK_TOKEN" }}
rate = "100/1s"
every = "1h"
sweeps = "off"
webhook_secret = {{ env = "DESK_SECRET" }}
"""


def test_a_desk_that_calls_is_asked_at_once_and_one_without_the_secret_is_not(tmp_path: Path) -> None:
    with sandbox(tmp_path, "usedesk", "--items", "4", "--seed", "3", "--future", "0", "--limit", "usedesk=off") as box:
        (tmp_path / "hub.toml").write_text(_DESK.format(url=box.urls["usedesk"]), encoding="utf-8")
        env = f"DESK_TOKEN={box.keys['usedesk']}\nDESK_SECRET={DESK_SECRET}\n"
        (tmp_path / ".env").write_text(env, encoding="utf-8")
        hub = answering(Hub(tmp_path, box.keys))

        def calls() -> int:
            return len(box.ledger("usedesk")["client"]["log"])

        with daemon(hub) as process, httpx.Client(trust_env=False, timeout=10) as client:
            url, _ = opened(process)
            until(lambda: bool(client.get(f"{url}/ready").json()["instances"].get("desk", {}).get("last_ok_at")))
            time.sleep(2.1)
            before = calls()
            assert client.post(f"{url}/hooks/desk", json={"secret": "wrong"}).status_code == 401
            time.sleep(0.7)
            assert calls() == before
            change(box, "usedesk", action="add_webhook", url=f"{url}/hooks/desk")
            ident = box.ledger("usedesk")["items"][0]["conversation"]
            for number in range(3):  # a call may get lost
                change(box, "usedesk", action="answer", id=ident, text=f"Ответ {number}")
            until(lambda: calls() > before)
            ended(process, signal.SIGTERM)
