"""Real processes for the end-to-end tests: a sandbox of the vendors, and `hub` commands against it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

_START_S = 30.0
_TABLES = {
    "youscan": """
[instances.mentions]
connector = "youscan"
base_url = "{url}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
sweep_window = "60d"
{common}
sweeps = {{ edits = "1s", deleted = "1s", spam = "1s" }}
""",
    "pointer": """
[instances.maps]
connector = "pointer"
base_url = "{url}"
token = {{ env = "POINTER_TOKEN" }}
concurrency = 4
{common}
sweeps = {{ edits = "1s", changed = "1s", replies = "1s", published = "1s" }}
""",
    "jira": """
[instances.cloud]
connector = "jira"
base_url = "{url}"
email = "hub@example.org"
token = {{ env = "JIRA_TOKEN" }}
project = "CLAIMS"
lag = "2s"
{common}
sweeps = {{ late = "1s", deleted = "1s" }}
""",
    "jira-dc": """
[instances.server]
connector = "jira"
base_url = "{url}"
token = {{ env = "JIRA_TOKEN" }}
project = "CLAIMS"
lag = "2s"
{common}
sweeps = {{ late = "1s", deleted = "1s" }}
""",
}
_INSTANCES = {
    "youscan": "mentions",
    "pointer": "maps",
    "jira": "cloud",
    "jira-dc": "server",
    "bitrix24": "portal",
    "amocrm": "sales",
}

_REPLY = "/reply"
_Key = tuple[str, str]
"""Stream and id of a record."""


@dataclass(frozen=True)
class Sandbox:
    """A running sandbox process."""

    urls: dict[str, str]
    keys: dict[str, str]
    control: str
    settings: dict[str, dict[str, str]]

    def ledger(self, vendor: str) -> dict[str, Any]:
        answer = httpx.get(f"{self.control}/ledger/{vendor}", timeout=30, trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    def post(self, path: str, **body: Any) -> None:
        httpx.post(f"{self.control}/{path}", json=body, timeout=30, trust_env=False).raise_for_status()


@contextmanager
def sandbox(folder: Path, *options: str) -> Iterator[Sandbox]:
    """Run `python -m hub.sandbox` with *options* until the block ends."""
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "hub.sandbox", "--port", "0", "--ready-file", str(ready), *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(ready, process)
            yield Sandbox(**json.loads(ready.read_text()))
        finally:
            process.terminate()


def _wait_for(ready: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_S
    while not ready.exists():
        assert process.poll() is None, f"the sandbox ended with {process.returncode}"
        assert time.monotonic() < deadline, "the sandbox does not listen"
        time.sleep(0.02)


@dataclass(frozen=True)
class Hub:
    """A folder with a hub.toml for a sandbox, and the commands run in it; *state*: the user's state folder in it."""

    folder: Path
    keys: dict[str, str]
    state: str = "state"

    @classmethod
    def for_sandbox(cls, folder: Path, box: Sandbox, common: str = "") -> "Hub":
        tables = [_TABLES[vendor].format(common=common, url=url) for vendor, url in box.urls.items()]
        (folder / "hub.toml").write_text('\nstore = "sqlite:///hub.db"\n' + "".join(tables))
        return cls(folder, box.keys)

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "HUB_STATE_DIR": str(self.folder / self.state),
            "YOUSCAN_API_KEY": self.keys.get("youscan", ""),
            "POINTER_TOKEN": self.keys.get("pointer", ""),
            "JIRA_TOKEN": self.keys.get("jira") or self.keys.get("jira-dc", ""),
            "NO_COLOR": "1",
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "hub", *arguments]
        return subprocess.Popen(
            command, cwd=self.folder, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def run(self, *arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "hub", *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.env, text=True, capture_output=True, timeout=timeout, check=False
        )

    def tickets(self) -> list[dict[str, Any]]:
        found = self.run("tickets", "export", "--format", "jsonl")
        assert found.returncode == 0, found.stderr
        return [json.loads(line) for line in found.stdout.splitlines()]


def differences(box: Sandbox, vendor: str, tickets: Sequence[dict[str, Any]]) -> list[str]:
    """Return how the tickets differ from what the vendor holds; empty: every visible item is exactly one message,
    with the right text, rating and visibility, in the right ticket, and no message is of anything else."""
    stored: dict[_Key, list[tuple[str, dict[str, Any]]]] = {}
    mine = [ticket for ticket in tickets if ticket["instance"] == _INSTANCES[vendor]]
    for ticket in mine:
        for message in ticket["messages"]:
            for source in message["sources"]:
                stored.setdefault(_key(source), []).append((ticket["id"], message))
    ledger = {_key(item): item for item in box.ledger(vendor)["items"]}
    items = [item for item in ledger.values() if item["visible"] and not item["broken"]]
    assert items, "the ledger is empty"
    found = [f"{key}: stored, and the vendor never had it" for key in stored if _reviewed(key) not in ledger]
    for ticket in mine:
        for message in ticket["messages"]:
            found.extend(_hidden_differences(message, ledger))
    tickets_of: dict[str, set[str]] = {}
    conversations_of: dict[str, set[str]] = {}
    messages_of: dict[str, set[str]] = {}
    for item in items:
        key = _key(item)
        places = stored.get(key, [])
        if not places and item["hidden"]:
            continue  # hidden before it was ever read
        if len(places) != 1:
            found.append(f"{key}: stored {len(places)} times")
            continue
        ticket_id, message = places[0]
        tickets_of.setdefault(item["conversation"], set()).add(ticket_id)
        conversations_of.setdefault(ticket_id, set()).add(item["conversation"])
        messages_of.setdefault(item["same_as"] or str(key), set()).add(message["id"])
        found.extend(_message_differences(str(key), item, message))
    for label, several in (("conversation", tickets_of), ("ticket", conversations_of), ("post", messages_of)):
        found.extend(f"{label} {name}: {len(those)} for one" for name, those in several.items() if len(those) != 1)
    return found


def _key(named: dict[str, Any]) -> _Key:
    """Return stream and id of a message's source, or of an item of the ledger."""
    return named["stream"], named["source_id"]


def _reviewed(key: _Key) -> _Key:
    """Return the review that a reply of Pointer belongs to; any other key as it is."""
    return key[0], key[1].removesuffix(_REPLY)


def _hidden_differences(message: dict[str, Any], ledger: dict[_Key, dict[str, Any]]) -> Iterator[str]:
    """A post is hidden when every source that it was ever read from hides it; what was never read does not count."""
    keys = [_key(source) for source in message["sources"]]
    items = [ledger[key] for key in keys if key in ledger]
    # A reply is told by its review; what left the vendor's sight is for an inventory, which spares the latest day.
    if len(items) < len(keys) or not all(item["visible"] for item in items):
        return
    hidden = all(item["hidden"] for item in items)
    if message["hidden"] != hidden:
        yield f"{', '.join(map(str, keys))}: hidden is {message['hidden']}, the vendor says {hidden}"


def _message_differences(key: str, item: dict[str, Any], message: dict[str, Any]) -> Iterator[str]:
    # A surrogate fault changes a text in transit; the ledger names what it became.
    texts = [_collapsed(text or "") for text in (item["text"], *item["also"])]
    if _collapsed(message["body"]) not in texts:
        yield f"{key}: text {message['body'][:60]!r}, the vendor has {(item['text'] or '')[:60]!r}"
    if message["withheld"] != item["withheld"]:
        yield f"{key}: withheld is {message['withheld']}"
    if item["rating"] is not None and message["rating"] != item["rating"]:
        yield f"{key}: rating {message['rating']}, the vendor has {item['rating']}"


def _collapsed(text: str) -> str:
    """Line ends and runs of spaces are no part of what was said."""
    return " ".join(text.split())
