import ast
import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, create, installed, running
from hub.sandbox.__main__ import main, options, parser


@pytest.fixture(scope="module")
def sandbox(options: SandboxOptions) -> Iterator[Running]:
    with running(["youscan", "pointer"], options) as sandbox:
        yield sandbox


def test_vendors_are_found_by_entry_point() -> None:
    assert {"youscan", "pointer"} <= set(installed())
    with pytest.raises(ValueError, match="youscan"):
        create(["acme"], SandboxOptions())


def test_one_port_serves_all_under_their_paths(sandbox: Running) -> None:
    assert sandbox.urls["youscan"].endswith("/youscan/api/external")
    assert sandbox.urls["pointer"].endswith("/pointer/v1")
    assert len({url.split("/")[2] for url in [*sandbox.urls.values(), sandbox.control]}) == 1


def test_the_same_seed_gives_the_same_ledger_and_another_seed_another(options: SandboxOptions) -> None:
    for name in ("youscan", "pointer"):
        first, again = (create([name], options)[0].ledger()["items"] for _ in range(2))
        assert first == again
        assert first != create([name], replace(options, seed=2))[0].ledger()["items"]


def test_the_ledger_is_json_without_lone_surrogates(sandbox: Running) -> None:
    for name in ("youscan", "pointer"):
        json.dumps(sandbox.ledger(name), ensure_ascii=False).encode()


def test_no_key_is_ever_logged(sandbox: Running) -> None:
    key = sandbox.keys["youscan"]
    sandbox.reset_client()
    httpx.get(f"{sandbox.urls['youscan']}/topics", params={"ApiKey": key, "q": f"x{key}"})
    httpx.get(f"{sandbox.urls['youscan']}/topics/{key}", headers={"X-API-KEY": key})
    client = sandbox.ledger("youscan")["client"]
    assert client["requests"] == 2
    assert [entry["status"] for entry in client["log"]] == [200, 404]
    assert key not in json.dumps(client)


def test_client_statistics_can_be_cleared(sandbox: Running) -> None:
    httpx.get(f"{sandbox.urls['pointer']}/reviews")
    assert sandbox.ledger("pointer")["client"]["refused"] > 0
    sandbox.reset_client()
    client = sandbox.ledger("pointer")["client"]
    assert (client["requests"], client["refused"], client["log"], client["writes"]) == (0, 0, [], [])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/advance", {"seconds": -5}),
        ("/faults", {"profile": "nope"}),
        ("/faults", {"next": ["nope"]}),
        ("/faults", {"vendor": "nope"}),
        ("/youscan/change", {"action": "nope"}),
        ("/youscan/change", {"action": "delete", "id": 1}),
        ("/pointer/change", {"action": "nope"}),
        ("/pointer/change", {"action": "edit", "id": 1}),
        ("/pointer/change", {"action": "close_outlet"}),
        ("/nope/change", {"action": "delete"}),
    ],
)
def test_the_control_api_says_what_is_wrong(sandbox: Running, path: str, body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="sandbox refused"):
        sandbox.call("POST", path, body)


def test_the_command_serves_announces_itself_and_ends_cleanly(texts: Path, tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [sys.executable, "-m", "hub.sandbox", "youscan", "pointer", "--port", "0", "--items", "20"]
    command += ["--corpus", str(texts), "--ready-file", str(ready)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(3)]
        told = json.loads(read_when_there(ready))
        headers = {"X-API-KEY": told["keys"]["youscan"]}
        assert httpx.get(f"{told['urls']['youscan']}/topics", headers=headers).status_code == 200
        assert lines[0] == f"youscan  {told['urls']['youscan']}  key=sandbox-youscan-key\n"
        assert told["control"] in lines[2]
        os.kill(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, "")


def read_when_there(path: Path) -> str:
    end = time.monotonic() + 10
    while not path.exists() and time.monotonic() < end:
        os.sched_yield()
    return path.read_text(encoding="utf-8")


def test_arguments_become_options() -> None:
    given = "--limit youscan=40/1s --limit pointer=off --lenient --start 2026-10-01 --bounds inclusive"
    made = options(parser().parse_args(given.split()))
    assert made.limits == {"youscan": "40/1s", "pointer": "off"}
    assert (made.strict, made.bounds) == (False, "inclusive")
    assert made.start is not None
    assert made.start.isoformat() == "2026-10-01T00:00:00+00:00"
    assert options(parser().parse_args([])) == SandboxOptions()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("acme", "installed are"),
        ("youscan --limit pointer=off", "--limit pointer: that is not served; served are youscan"),
        ("youscan --ready-file /no/such/folder/ready.json", "there is no folder /no/such/folder"),
    ],
)
def test_wrong_use_ends_with_2_and_a_message(capsys: pytest.CaptureFixture[str], arguments: str, told: str) -> None:
    assert main(arguments.split()) == 2
    assert told in capsys.readouterr().err


def test_a_limit_of_no_vendor_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["youscan", "--limit", "youscan"])
    assert "'youscan' is no VENDOR=LIMIT" in capsys.readouterr().err


def imported(path: Path) -> set[str]:
    """What a file imports; `..` and higher stays as dots."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


@pytest.mark.parametrize("name", ["hub.sandbox", "hub_youscan.sandbox", "hub_pointer.sandbox"])
def test_a_sandbox_imports_nothing_of_ours_but_the_sandbox_host(name: str) -> None:
    folder = Path(importlib.import_module(name).__file__ or "").parent
    names = set().union(*(imported(path) for path in folder.glob("*.py")))
    ours = {each for each in names if each.startswith(("hub", ".."))}
    assert ours <= {"hub.sandbox"}
