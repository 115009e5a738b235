"""How a run of ``hub`` begins and ends: cheap help, nearest words, exit codes, no noise."""

import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from hub.cli.app import COMMANDS
from hub.cli.app import hub as root
from hub.sdk import StoreError
from tests.unit.cli.conftest import Hub

HELP_CPU_S = 0.1
HEAVY = ("rich", "pydantic", "sqlalchemy", "httpx", "structlog", "starlette", "asyncio", "pluggy", "hub.sdk", "pathlib",
         "dataclasses", "logging", "importlib.metadata")  # fmt: skip


def _python(*words: str) -> list[str]:
    return [sys.executable, *words]


def test_the_table_of_commands_says_what_the_commands_say() -> None:
    ctx = click.Context(root)
    for name, entry in COMMANDS.items():
        command = root.get_command(ctx, name)
        assert command is not None
        assert command.name == name
        assert command.get_short_help_str(200) == entry.help


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from hub.cli import main; code = main(['--help']);"
        "sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    )
    ran = subprocess.run(_python("-c", code), capture_output=True, text=True, check=True)
    loaded = ran.stderr.split()
    assert "hub.cli.app" in loaded
    assert [name for name in loaded if name.startswith(HEAVY)] == []
    assert ran.stdout.startswith("Usage: hub ")


def test_help_costs_at_most_100_ms_of_cpu() -> None:
    """The best of several: what else this machine does is not our cost."""
    assert min(_cpu_s() for _ in range(7)) <= HELP_CPU_S


def _cpu_s() -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(_python("-m", "hub", "--help"), stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (["tickts"], 'there is no command "tickts"; did you mean "tickets"?'),
        (
            ["tickets", "lst"],
            'there is no command "lst"; did you mean "list"? commands: escalate, export, hide, link, list, mark',
        ),
        (["zzzz"], 'there is no command "zzzz"; commands: backfill, check, completion,'),
        (["tickets", "list", "--platfrm", "x"], "--platform"),
        (["tickets", "list", "--state", "nwe"], "'new'"),
        (["tickets", "list", "--since", "yesterdayish"], "'yesterdayish' is no time; write 2026-11-01"),
    ],
)
def test_wrong_use_is_2_and_names_the_nearest(hub: Hub, words: list[str], seen: str) -> None:
    ran = hub(*words)
    assert (ran.code, ran.out) == (2, "")
    assert seen in ran.err


def test_wrong_settings_are_2_and_failures_1(hub: Hub, filled: Path, tmp_path: Path) -> None:
    assert hub("--config", "nowhere.toml", "status").code == 2
    missing = hub("tickets", "show", "ffffffff")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("no ticket has an id beginning with 'ffffffff'")


def test_the_settings_are_named_before_or_after_the_command_or_by_the_environment(
    hub: Hub, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "conf" / "other.toml"
    elsewhere.parent.mkdir()
    elsewhere.write_text('store = "sqlite:///../hub.db"', encoding="utf-8")
    filled.unlink()
    assert hub("status").code == 2
    assert "3 tickets" in hub("--config", elsewhere, "status").err
    assert "3 tickets" in hub("status", "--config", elsewhere).err
    monkeypatch.setenv("HUB_CONFIG", str(elsewhere))
    assert "3 tickets" in hub("status").err


def test_an_unexpected_error_is_one_line_and_its_traceback_is_kept(
    hub: Hub, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(url: str) -> None:
        raise KeyError("seq")

    monkeypatch.setattr("hub.store.open_store", broken)
    ran = hub("status")
    assert ran.code == 1
    (line,) = ran.err.splitlines()
    assert line.startswith("hub: unexpected KeyError: 'seq'; the traceback is in ")
    kept = Path(re.findall(r"is in (\S+);", line)[0])
    assert "in broken" in kept.read_text(encoding="utf-8")
    kept.unlink()
    assert "in broken" in hub("status", "-v").err


def test_a_secret_is_in_no_error(hub: Hub, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.runtime.logs import register_secrets

    def refuse(url: str) -> None:
        raise StoreError("the password hunter2-of-ours is wrong")

    register_secrets(["hunter2-of-ours"])
    monkeypatch.setattr("hub.store.open_store", refuse)
    assert hub("status").err == "the password [secret] is wrong\n"


def test_ctrl_c_is_130_and_says_that_the_checkpoint_is_kept(
    hub: Hub, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(url: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("hub.store.open_store", stopped)
    ran = hub("status")
    assert (ran.code, ran.err.strip()) == (130, "stopped; the last checkpoint is kept")


def test_a_reader_that_goes_away_ends_it_quietly(filled: Path) -> None:
    command = _python("-m", "hub", "tickets", "export")
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    read, write = os.pipe()
    os.close(read)
    ran = subprocess.run(
        command, cwd=filled.parent, stdout=write, stderr=subprocess.PIPE, text=True, env=env, check=False
    )
    os.close(write)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_version_is_that_of_the_distribution(hub: Hub) -> None:
    from importlib.metadata import version

    assert hub("--version").out == f"hub {version('helpdesk-hub')}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(hub: Hub, shell: str) -> None:
    ran = hub("completion", shell)
    assert ran.code == 0
    assert "_HUB_COMPLETE" in ran.out


def test_a_shell_completes_commands_and_names_of_instances(config: Path) -> None:
    def complete(words: str, number: int) -> set[str]:
        env = {**os.environ, "_HUB_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        code = "import sys; from hub.cli import main; sys.argv[0] = 'hub'; sys.exit(main())"
        ran = subprocess.run(
            _python("-c", code), cwd=config.parent, env=env, capture_output=True, text=True, check=False
        )
        return set(ran.stdout.splitlines())

    assert "tickets" in complete("hub tick", 1)
    assert {"main", "maps"} <= complete("hub sync ma", 2)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_in_a_real_process(tmp_path: Path, stop: signal.Signals) -> None:
    script = tmp_path / "slow.py"
    ready = tmp_path / "ready"
    script.write_text(
        "import sys, threading\nfrom pathlib import Path\nimport hub.cli.state\nfrom hub.cli import main\n"
        f"def wait(self):\n    Path({str(ready)!r}).touch()\n    threading.Event().wait(30)\n"
        "hub.cli.state.State.outline = wait\nsys.exit(main(['status']))\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(_python(str(script)), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while not ready.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(stop)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err.strip()) == (130, "stopped; the last checkpoint is kept")


def test_settings_that_cannot_be_read_blame_the_file(hub: Hub, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read everything

    def refused(self: Path, **_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refused)
    for words in (["--config", config, "status"], ["status", "--config", config]):
        ran = hub(*words)
        assert (ran.code, ran.err) == (2, f"{config}: cannot be read (Permission denied); let this user read it\n")


def test_a_full_disk_behind_standard_output_is_told_as_such(filled: Path) -> None:
    with Path("/dev/full").open("w") as full:
        words = _python("-m", "hub", "--config", str(filled), "tickets", "export")
        ran = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "hub: no space left where the output goes; free some, then run again\n")
