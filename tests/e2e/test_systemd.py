"""``hub run`` under a service manager: a real socket gets what sd_notify(3) and the watchdog promise."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

_WATCHDOG_S = 0.6
_PATIENCE_S = 30.0


class Manager:
    """What systemd does: takes messages at a socket, abstract or a file."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)
        self._socket.settimeout(_PATIENCE_S)
        self.told: list[tuple[float, str]] = []

    def until(self, holds: Callable[[str], bool]) -> str:
        """Return the first message from now on for which *holds*."""
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            message = self._socket.recv(4096).decode()
            self.told.append((time.monotonic(), message))
            if holds(message):
                return message
        raise AssertionError(f"it did not come; {self.told}")

    def close(self) -> None:
        self._socket.close()


@contextmanager
def service(folder: Path, address: str) -> "Iterator[subprocess.Popen[str]]":
    (folder / "hub.toml").write_text('store = "sqlite:///hub.db"\nlisten = "off"\n', encoding="utf-8")
    env = {
        **os.environ,
        "HUB_STATE_DIR": str(folder / "state"),
        "NOTIFY_SOCKET": address,
        "WATCHDOG_USEC": str(int(_WATCHDOG_S * 1e6)),
        "NO_COLOR": "1",
    }
    command = [sys.executable, "-m", "hub", "run"]
    with subprocess.Popen(command, cwd=folder, env=env, text=True, stderr=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("abstract", [False, True], ids=["file", "abstract"])
def test_it_tells_when_it_is_ready_alive_reloads_and_stops(tmp_path: Path, abstract: bool) -> None:
    address = f"@hub-{os.getpid()}-{time.monotonic_ns()}" if abstract else str(tmp_path / "notify")
    manager = Manager(address)
    with service(tmp_path, address) as process:
        manager.until("READY=1".__eq__)
        for _ in range(4):
            manager.until("WATCHDOG=1".__eq__)
        signs = [at for at, message in manager.told if message == "WATCHDOG=1"]
        assert max(later - earlier for earlier, later in pairwise(signs)) < _WATCHDOG_S

        process.send_signal(signal.SIGHUP)
        reloading = manager.until(lambda message: message.startswith("RELOADING=1"))
        assert int(reloading.partition("MONOTONIC_USEC=")[2]) > 0, "Type=notify-reload wants the moment"
        manager.until("READY=1".__eq__)

        (tmp_path / "hub.toml").write_text("store = 5\n", encoding="utf-8")
        process.send_signal(signal.SIGHUP)
        manager.until(lambda message: message.startswith("RELOADING=1"))
        manager.until("READY=1".__eq__)

        process.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1".__eq__)
        _, said = process.communicate(timeout=_PATIENCE_S)
    manager.close()
    assert process.returncode == 0
    assert "nothing was reloaded" in said


def test_a_process_that_hangs_shows_no_sign_of_life(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    manager = Manager(address)
    with service(tmp_path, address) as process:
        manager.until("READY=1".__eq__)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.1)
        manager._socket.settimeout(2 * _WATCHDOG_S)
        with pytest.raises(TimeoutError):
            while True:
                manager.until("WATCHDOG=1".__eq__)
        process.send_signal(signal.SIGCONT)
        manager.until("WATCHDOG=1".__eq__)
    manager.close()


def test_nobody_who_listens_stops_nothing(tmp_path: Path) -> None:
    with service(tmp_path, str(tmp_path / "nobody")) as process:
        assert process.stderr is not None
        assert any("running" in line for line in process.stderr)
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE_S) == 0
