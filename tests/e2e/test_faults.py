"""What goes wrong around a sync: keys, limits, disks, signals. Each is told plainly, and nothing is lost."""

import json
import re
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Hub, Sandbox, differences, sandbox

_PATIENCE_S = 60.0
_FAST = 'rate = "100/1s"'
_LOG_ROOM = 65_536  # bytes; so much the write-ahead log may grow, less than a page of mentions takes


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    limits = ("--limit", "youscan=100/1s", "--limit", "pointer=100/1s")
    options = ("--seed", "3", "--items", "120", "--future", "0")
    with sandbox(tmp_path_factory.mktemp("sandbox"), "youscan", "pointer", *options, *limits) as running:
        yield running


def _wait_until_something_is_stored(folder: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until the sync under way has made its first checkpoint."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        assert process.poll() is None, "the sync was over too soon for this test"
        if (folder / "hub.db").exists():
            with closing(sqlite3.connect(f"file:{folder / 'hub.db'}?mode=ro", uri=True, timeout=5)) as database:
                known = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'tickets'").fetchone()[0]
                if known and database.execute("SELECT count(*) FROM tickets").fetchone()[0]:
                    return
        time.sleep(0.05)
    raise AssertionError("nothing was stored")


class _Busy(BaseHTTPRequestHandler):
    """Asks every other caller to wait for two seconds, and refuses the others' key."""

    asked = count()

    def do_GET(self) -> None:
        busy = next(self.asked) % 2 == 0
        self.send_response(503 if busy else 401)
        if busy:
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Keep the test's own output clean."""


@pytest.fixture(scope="module")
def busy() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Busy) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", [("sync", "mentions"), ("backfill", "mentions", "--since", "2d")])
@pytest.mark.parametrize("quiet", [False, True])
def test_a_wait_that_lasts_is_told_into_a_pipe(
    busy: str, tmp_path: Path, command: tuple[str, ...], quiet: bool
) -> None:
    box = Sandbox(urls={"youscan": busy}, keys={"youscan": "a-key-of-the-test"}, control="", settings={})
    ran = Hub.for_sandbox(tmp_path, box).run(*command, *(["--quiet"] if quiet else []))
    waits = [line for line in ran.stderr.splitlines() if "; try " in line]
    assert len(waits) == (not quiet), ran.stderr
    assert all(re.fullmatch(r"mentions: 503 .*; try 2 in 2 s", line) for line in waits)


def test_a_refused_key_pauses_its_instance_and_resume_lets_it_go_on(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    wrong = Hub(tmp_path, {**box.keys, "youscan": "wrong-key-0123456789"})
    refused = wrong.run("sync")
    assert refused.returncode == 1
    assert 'instance "mentions" is paused: 401' in refused.stderr
    assert "hub resume mentions" in refused.stderr
    assert "wrong-key-0123456789" not in refused.stderr + refused.stdout
    assert {ticket["instance"] for ticket in hub.tickets()} == {"maps"}, "the other instance goes on"
    before = box.ledger("youscan")["client"]["requests"]
    assert hub.run("sync").returncode == 1
    assert box.ledger("youscan")["client"]["requests"] == before, "a paused instance asks nothing"
    assert hub.run("resume", "mentions").returncode == 0
    done = hub.run("sync")
    assert done.returncode == 0, done.stderr
    assert differences(box, "youscan", hub.tickets()) == []


def test_two_syncs_at_once_keep_the_vendors_limit(tmp_path: Path) -> None:
    with sandbox(tmp_path, "youscan", "pointer", "--items", "40", "--limit", "pointer=off") as strict:
        hubs = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            hub = Hub.for_sandbox(tmp_path / name, strict)
            (hub.folder / "state").symlink_to(tmp_path, target_is_directory=True)
            text = (hub.folder / "hub.toml").read_text().split("[instances.maps]")[0]
            (hub.folder / "hub.toml").write_text(
                text.replace('connector = "youscan"', 'connector = "youscan"\npage_size = 9')
            )
            hubs.append(hub)
        running = [hub.start("sync") for hub in hubs]
        for process in running:
            _, stderr = process.communicate(timeout=90)
            assert process.returncode == 0, stderr
        client = strict.ledger("youscan")["client"]
        assert client["requests"] > 10, "the limit was never in the way"
        assert client["over_limit"] == 0
        assert client["refused"] == 0
        assert client["max_in_window"] <= 10


def test_a_second_sync_of_the_same_stream_steps_aside(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, 'rate = "4/1s"\npage_size = 5')
    first = hub.start("sync", "mentions")
    _wait_until_something_is_stored(tmp_path, first)
    second = hub.run("sync", "mentions")
    assert first.poll() is None, "the first one was over too soon for this test"
    assert "another run of this stream is under way" in second.stderr
    assert second.returncode == 0
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=30)


def test_ctrl_c_keeps_the_checkpoint_and_the_next_sync_goes_on(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, 'rate = "10/1s"\npage_size = 5')
    process = hub.start("sync")
    _wait_until_something_is_stored(tmp_path, process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "checkpoint is kept" in stderr
    assert "Traceback" not in stderr
    some = len(hub.tickets())
    assert some > 0
    Hub.for_sandbox(tmp_path, box, _FAST)
    assert hub.run("sync").returncode == 0
    for vendor in ("youscan", "pointer"):
        assert differences(box, vendor, hub.tickets()) == []


def test_a_full_disk_is_told_and_nothing_is_half_written(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    assert hub.run("sync", "maps").returncode == 0
    stored = hub.tickets()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LOG_ROOM, limits[1]))
    try:
        process = hub.start("sync", "mentions")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "hub.db" in stderr
    assert "free some space" in stderr
    assert "Traceback" not in stderr
    with sqlite3.connect(tmp_path / "hub.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert hub.tickets()[: len(stored)] == stored
    assert hub.run("sync").returncode == 0
    assert differences(box, "youscan", hub.tickets()) == []


def test_a_database_of_a_newer_schema_is_refused_with_the_version_wanted(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    assert hub.run("sync", "maps").returncode == 0
    with sqlite3.connect(tmp_path / "hub.db") as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = hub.run("sync")
    assert refused.returncode == 1
    assert "schema 9999" in refused.stderr
    assert "newer helpdesk-hub" in refused.stderr


def test_html_in_place_of_json_is_tried_again_and_other_streams_go_on(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    box.post("faults", next=["html", "html"], vendor="youscan")
    done = hub.run("sync")
    assert done.returncode == 0, done.stderr
    assert differences(box, "youscan", hub.tickets()) == []
    assert differences(box, "pointer", hub.tickets()) == []


def test_malformed_records_become_dead_letters_with_their_bytes(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    done = hub.run("sync")
    assert done.returncode == 0, done.stderr
    listed = json.loads(hub.run("dead", "list", "--json").stdout)
    broken = [item for item in box.ledger("youscan")["items"] if item["broken"]]
    assert len([letter for letter in listed if letter["instance"] == "mentions"]) == len(broken) > 0
    # A review without a usable publication date is taken with the date it was collected at: only the one without an
    # id is lost to us.
    assert len([letter for letter in listed if letter["instance"] == "maps"]) == 1
    shown = hub.run("dead", "show", str(listed[0]["n"]))
    assert shown.returncode == 0
    assert "{" in shown.stdout


def test_secrets_are_nowhere(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    box.post("faults", next=["500", "reset", "html", "truncated"])
    printed = [hub.run(*words) for words in (("-vv", "sync"), ("status",), ("check",), ("-vv", "sync", "mentions"))]
    wrong = Hub(tmp_path, {"youscan": "sandbox-youscan-key-wrong", "pointer": "sandbox-pointer-token-wrong"})
    printed.append(wrong.run("-vv", "sync"))
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.name != "ready.json"]
    texts = [text.encode() for process in printed for text in (process.stdout, process.stderr)]
    for secret in (*box.keys.values(), *wrong.keys.values()):
        assert not any(secret.encode() in text for text in (*files, *texts))
    for vendor in ("youscan", "pointer"):
        log = json.dumps(box.ledger(vendor)["client"]["log"])
        assert not any(secret in log for secret in box.keys.values())
