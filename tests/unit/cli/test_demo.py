"""Demo, sandbox, sync and check as a person meets them: real processes on loopback."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import pytest

from hub.cli.demo import _program
from hub.cli.demo_proof import proof_of
from hub.sandbox import Running, SandboxOptions, installed, running
from hub.store import open_store
from tests.unit.cli.conftest import Hub

pytestmark = pytest.mark.skipif(
    not {"youscan", "pointer"} <= set(installed()), reason="the plugins youscan and pointer are not installed"
)

WAIT_S = 30.0
DEMO_S = 150.0
T = TypeVar("T")
HUB = [sys.executable, "-m", "hub"]


def _run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HUB, *words],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=DEMO_S,
        check=False,
    )


def _soon(look: Callable[[], T | None]) -> T:
    """Return what *look* finds as soon as it finds something."""
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline:
        found = look()
        if found is not None:
            return found
        time.sleep(0.02)
    raise TimeoutError


Shown = tuple[Path, subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The demo, once: its folder and what it printed."""
    folder = tmp_path_factory.mktemp("demo")
    return folder, _run(folder, "demo", "--lang", "en", YOUSCAN_API_KEY="a-real-key-that-no-sandbox-knows")


def test_the_demo_tells_its_story_to_the_end_with_real_figures(shown: Shown) -> None:
    folder, ran = shown
    assert ran.returncode == 0, ran.stderr
    titles = [line for line in ran.stdout.splitlines() if re.match(r"\d\. ", line)]
    assert [title[0] for title in titles] == list("123456789")
    (records, tickets, people) = re.findall(
        r"(\d+) messages became (\d+) tickets; people need to see (\d+)", ran.stdout
    )[0]
    assert int(records) > int(tickets) > int(people) > 50
    counted = re.findall(r"^    [a-z' ]+ +(\d+)  █", ran.stdout, re.MULTILINE)
    assert sum(map(int, counted)) == int(tickets)
    assert re.search(r"in the helpdesk: case \d+, there 1 time$", ran.stdout, re.MULTILINE)
    assert "letter p is Latin" in ran.stdout or "p is Latin" in ran.stdout
    assert "the ticket is on_hold" in ran.stdout
    assert "the ticket is open again" in ran.stdout
    assert (folder / "hub-demo" / "report.xlsx").stat().st_size > 5000


def test_the_process_that_was_killed_has_lost_and_doubled_nothing(shown: Shown) -> None:
    _, ran = shown
    assert re.search(r"kill -9, with \d+ cases made in the helpdesk", ran.stdout)
    (lost, doubled) = re.findall(r"records lost: (\d+); of \d+ cases in the helpdesk doubled: (\d+)", ran.stdout)[0]
    assert (lost, doubled) == ("0", "0")


def test_what_the_proof_looks_for_is_found_where_it_is(tmp_path: Path) -> None:
    ran = _run(tmp_path, "demo", "--items", "20", "--lang", "en")
    assert ran.returncode == 0, ran.stderr
    with open_store(f"sqlite:///{tmp_path / 'hub-demo' / 'hub.db'}") as store:
        tickets = list(store.iter_tickets())
    with running(["youscan", "usedesk"], SandboxOptions(items=60)) as other:
        proof = proof_of(other, tickets, [])
    assert not proof.holds
    assert any("is not in the store" in told for told in proof.findings)
    assert any("the helpdesk has 0 cases" in told for told in proof.findings)


def test_every_command_that_the_demo_suggests_works_and_shows_something(shown: Shown) -> None:
    folder, ran = shown
    lines = ran.stdout.split("What to try next\n")[1].splitlines()[1:-1]
    assert len(lines) == 7
    for line in lines:
        words = shlex.split(line.split("  # ")[0])
        start = next(at for at, word in enumerate(words) if word in ("tickets", "replies", "status", "init"))
        done = _run(folder / "hub-demo", *words[start:])
        assert done.returncode == 0, (line, done.stderr)
        assert len(done.stdout.splitlines()) > 1 or "export" in words or "init" in words, line


def test_an_english_demo_writes_english_to_the_crm_and_stays_english_afterwards(shown: Shown) -> None:
    folder, ran = shown
    tree = tomllib.loads((folder / "hub-demo" / "hub.toml").read_text(encoding="utf-8"))
    assert tree["lang"] == "en"
    assert tree["instances"]["bitrix24"]["lang"] == "en"
    assert "[B]Priority: urgent[/B]" in ran.stdout
    [ticket] = json.loads(_run(folder / "hub-demo", "tickets", "list", "--limit", "1", "--json").stdout)
    told = _run(folder / "hub-demo", "tickets", "show", ticket["id"], LC_ALL="ru_RU.UTF-8").stdout
    assert told.startswith("Ticket ")


def test_the_suggested_commands_name_a_program_that_is_there_after_the_cd(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", ".venv/bin")
    program = tmp_path / ".venv" / "bin" / "hub"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    for folder in (Path("hub-demo"), Path("one/two"), tmp_path / "three"):
        folder.mkdir(parents=True)
        for called in (".venv/bin/hub", str(program)):
            monkeypatch.setattr(sys, "argv", [called])
            assert (folder / _program(folder)).samefile(program)
    monkeypatch.setattr(sys, "argv", [".venv/bin/hub"])
    assert _program(tmp_path.parent / "beside") == str(program)
    monkeypatch.setattr(sys, "argv", ["/elsewhere/bin/hub"])
    assert _program(Path("hub-demo")) == "/elsewhere/bin/hub"


def test_the_demo_leaves_nothing_running(shown: Shown) -> None:
    folder, _ = shown
    urls = re.findall(r'base_url = "(.+)"', (folder / "hub-demo" / "hub.toml").read_text(encoding="utf-8"))
    assert len(urls) == len(installed())
    for url in urls:
        address = urlsplit(url)
        with socket.socket() as probe:
            assert probe.connect_ex((str(address.hostname), int(address.port or 0))) != 0


def test_a_second_demo_begins_anew(shown: Shown) -> None:
    folder, first = shown
    again = _run(folder, "demo", "--lang", "ru", "--items", "20")
    assert again.returncode == 0, again.stderr
    assert "Что попробовать дальше" in again.stdout
    (before,) = re.findall(r"became (\d+) tickets", first.stdout)
    (after,) = re.findall(r"обращений: (\d+); людям", again.stdout)
    assert int(after) < int(before) / 2


def test_the_demo_speaks_as_the_settings_say_and_needs_none(tmp_path: Path) -> None:
    settings = tmp_path / "hub.toml"
    settings.write_text('lang = "ru"\n', encoding="utf-8")
    demo = ["demo", "--items", "4"]
    assert "Что попробовать дальше" in _run(tmp_path, *demo, LC_ALL="C").stdout
    settings.write_text("lang = \n", encoding="utf-8")
    broken = _run(tmp_path, *demo, LC_ALL="C")
    assert broken.returncode == 0, broken.stderr
    assert "What to try next" in broken.stdout


def test_settings_of_somebody_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "hub-demo").mkdir()
    mine = tmp_path / "hub-demo" / "hub.toml"
    mine.write_text("# mine", encoding="utf-8")
    ran = _run(tmp_path, "demo")
    assert ran.returncode == 2
    assert "was not written by a demo and was left as it is; name another folder" in ran.stderr
    assert mine.read_text(encoding="utf-8") == "# mine"


@pytest.mark.parametrize("name", [".env", "hub.db"])
def test_files_that_no_demo_has_written_are_left_alone(tmp_path: Path, name: str) -> None:
    mine = tmp_path / name
    mine.write_text("mine", encoding="utf-8")
    ran = _run(tmp_path, "demo", ".")
    assert ran.returncode == 2
    assert f"{name} was not written by a demo and was left as it is; name another folder" in ran.stderr
    assert mine.read_text(encoding="utf-8") == "mine"


def test_kept_sandboxes_answer_until_ctrl_c(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*HUB, "demo", "--keep", "--items", "4", "--lang", "en"], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        assert any("go on until Ctrl-C" in line for line in process.stderr)
        synced = _run(tmp_path, "--config", "hub-demo/hub.toml", "sync", "--json")
        assert json.loads(synced.stdout)["ok"], synced.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(WAIT_S) == 0
    finally:
        process.kill()
        process.communicate()


# --- sandbox, sync, check -------------------------------------------------------------------------------------------


def test_a_sandbox_says_where_it_listens_and_ends_quietly(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    words = ["sandbox", "youscan", "--port", "0", "--items", "10", "--limit", "youscan=off", "--ready-file", str(ready)]
    process = subprocess.Popen([*HUB, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        addresses = _soon(lambda: json.loads(ready.read_text(encoding="utf-8")) if ready.exists() else None)
        sandbox = Running(addresses["urls"], addresses["keys"], addresses["control"])
        assert len(sandbox.ledger("youscan")["items"]) >= 10
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=WAIT_S)
    finally:
        process.kill()
        process.communicate()
    assert (process.returncode, err) == (0, "")
    assert f"youscan  {addresses['urls']['youscan']}  key=" in out


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["nobody"], "no sandbox for 'nobody'; installed are"),
        (["--faults", "rain"], "fault profile 'rain' is unknown; choose one of none, flaky"),
        (["--limit", "youscan"], "--limit youscan: write VENDOR=LIMIT, such as youscan=40/1s"),
    ],
)
def test_a_sandbox_that_cannot_be_is_wrong_use(hub: Hub, words: list[str], seen: str) -> None:
    ran = hub("sandbox", "--port", "0", *words)
    assert ran.code == 2
    assert seen in ran.err


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A sandbox of both vendors, and settings that read it."""
    options = SandboxOptions(items=30, limits={"youscan": "100/1s", "pointer": "100/1s"})
    with running(["youscan", "pointer"], options) as sandbox:
        tables = [
            f'[instances.{name}]\nconnector = "{name}"\nbase_url = "{url}"\nrate = "100/1s"\n'
            f'{"api_key" if name == "youscan" else "token"} = {{ env = "THE_{name.upper()}" }}\n'
            for name, url in sandbox.urls.items()
        ]
        (tmp_path / "hub.toml").write_text("".join(tables), encoding="utf-8")
        for name, key in sandbox.keys.items():
            monkeypatch.setenv(f"THE_{name.upper()}", key)
        yield sandbox


def test_sync_reads_everything_once_and_then_nothing(hub: Hub, sandbox: Running) -> None:
    first = hub("sync")
    assert first.code == 0, first.err
    head = first.out.splitlines()[0]
    assert head.split() == ["instance", "stream", "records", "new", "changed", "rejected", "outcome"]
    again = json.loads(hub("sync", "--json", "-q").out)
    assert again["ok"]
    assert sum(stream["created"] for stream in again["streams"]) == 0


def test_sync_reads_only_the_named_instances(hub: Hub, sandbox: Running) -> None:
    streams = json.loads(hub("sync", "pointer", "--json", "-q").out)["streams"]
    assert {stream["instance"] for stream in streams} == {"pointer"}
    unknown = hub("sync", "pointr")
    assert unknown.code == 2
    assert 'there is no instance "pointr"; did you mean "pointer"?' in unknown.err


def test_a_refused_key_is_a_failure_that_says_what_to_do(
    hub: Hub, sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THE_YOUSCAN", "an-old-key-of-ours")
    checked = hub("check")
    assert checked.code == 1
    assert "pointer" not in hub("check", "-q").out
    assert re.search(r"^youscan +wrong ", checked.out, re.MULTILINE)
    assert re.search(r"^pointer +ok ", checked.out, re.MULTILINE)
    synced = hub("sync", "-q")
    assert synced.code == 1
    assert "hub resume youscan" in synced.err
    assert "an-old-key-of-ours" not in checked.out + checked.err + synced.out + synced.err
    paused = next(row for row in json.loads(hub("status", "--json").out)["instances"] if row["instance"] == "youscan")
    assert paused["condition"] == "paused"


def test_check_finds_what_a_sync_would_stumble_over(hub: Hub, sandbox: Running) -> None:
    well = hub("check", "pointer")
    assert (well.code, "200 from /providers, 200 from /networks" in " ".join(well.out.split())) == (0, True)
    sandbox.change("pointer", "deny", resources=["reviews"])
    ran = hub("check", "pointer")
    assert (ran.code, "403 from GET /reviews" in ran.out) == (1, True)


def test_one_refused_key_is_told_once_with_one_way_to_go_on(hub: Hub, sandbox: Running) -> None:
    hub("sync", "youscan", "-q")
    sandbox.change("youscan", "revoke_key")
    ran = hub("sync", "youscan")
    assert ran.code == 1
    (told,) = (line for line in ran.err.splitlines() if "401" in line)
    assert told.startswith('instance "youscan" is paused: 401 from GET /topics/')
    assert told.count("resume") == 1
    assert told.endswith('; then run "hub resume youscan"')
    assert re.search(r"^youscan .* failed$", ran.out, re.MULTILINE)


def test_a_check_finds_rules_that_are_wrong(hub: Hub, sandbox: Running, tmp_path: Path) -> None:
    settings = tmp_path / "hub.toml"
    settings.write_text(f'rules = "rules"\n{settings.read_text(encoding="utf-8")}', encoding="utf-8")
    missing = hub("check")
    assert missing.code == 1
    assert re.search(r"^rules +wrong +.*rules:1: cannot be read", missing.out, re.MULTILINE)
    (tmp_path / "rules").mkdir()
    assert hub("check").code == 0


def test_what_was_set_aside_can_be_tried_again(hub: Hub, sandbox: Running) -> None:
    sandbox.next_faults(["malformed"], vendor="youscan")
    hub("sync", "-q")
    letters = json.loads(hub("dead", "list", "--json").out)
    assert letters
    ran = hub("dead", "retry", letters[0]["n"], "--json", "-q")
    assert (ran.code, json.loads(ran.out)[0]["ok"]) == (1, False)
    assert ran.err.endswith("0 of 1 record became tickets, 1 failed again\n")


def test_a_missing_key_of_one_source_stops_no_other(
    hub: Hub, sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THE_YOUSCAN")
    for command in ("check", "sync"):
        assert hub(command, "pointer", "-q").code == 0
        alone = hub(command, "youscan")
        assert (alone.code, alone.out) == (2, "")
        assert "the environment variable THE_YOUSCAN is not set" in alone.err
    both = hub("sync")
    assert both.code == 2
    assert re.search(r"^pointer .* done$", both.out, re.MULTILINE)
    assert "the environment variable THE_YOUSCAN is not set" in both.err.splitlines()[-1]
    checked = hub("check")
    assert checked.code == 2
    assert re.search(r"^pointer +ok ", checked.out, re.MULTILINE)
    assert re.search(r"^youscan +wrong .*THE_YOUSCAN is not set", checked.out, re.MULTILINE)
    told = json.loads(hub("sync", "--json").out)
    assert (told["ok"], list(told["settings"])) == (False, ["youscan"])


def test_quiet_says_only_what_is_wrong(hub: Hub, sandbox: Running) -> None:
    assert hub("check", "-q") == hub("check", "pointer", "-q")
    quiet = hub("sync", "-q")
    assert quiet.out == ""
    assert quiet.err in ("", *(f'{n} records were set aside, see "hub dead list"\n' for n in range(2, 50)))
    paused = hub("pause", "pointer", "--reason", "holidays")
    assert paused.code == 0
    assert "paused by a person: holidays" in hub("check", "pointer").out
    assert 'pointer: "hub resume pointer" reads it again' in hub("check", "pointer").err
    assert "holidays" not in hub("sync", "-q").err
