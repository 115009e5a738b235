"""A fresh Request Tracker on loopback: own database, own configuration, mail into a file; gone with the block."""

import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

SERVER = Path("/usr/share/request-tracker5/libexec/rt-server")
_SETUP = Path("/usr/sbin/rt-setup-database-5")
_HERE = Path(__file__).parent
_START_S = 60.0
_TLS = ssl.create_default_context()
_ROOT_PASSWORD = "root-password"


@dataclass(frozen=True)
class Rt:
    """A running RT: its address, a token of each person, and its folder. Passwords are names with ``-password``."""

    url: str
    tokens: Mapping[str, str]
    folder: Path

    def person(self, name: str) -> httpx.Client:
        """Return what asks REST 2.0 as a person would."""
        headers = {"Authorization": f"token {self.tokens[name]}"}
        return client(base_url=f"{self.url}/REST/2.0", headers=headers)

    def mails(self) -> list[str]:
        """Return the mails that RT wanted to send."""
        box = self.folder / "mails.txt"
        return box.read_text(errors="replace").split("\x1e\n")[:-1] if box.exists() else []


def client(**options: Any) -> httpx.Client:
    """Return an HTTP client for loopback; all of them share what TLS needs, which takes long to make."""
    return httpx.Client(trust_env=False, timeout=30, verify=_TLS, **options)


@contextmanager
def running(*, acl_in_sql: bool = True) -> Iterator[Rt]:
    """Make an instance, start it and stop it.

    Args:
        acl_in_sql: RT's own setting ``$UseSQLForACLChecks``; without it lists have no totals.
    """
    folder = Path(tempfile.mkdtemp(prefix="hub-rt-"))
    try:
        port = _free_port()
        env = _configured(folder, port, acl_in_sql)
        _set_up(folder, env)
        with _served(port, env, folder):
            tokens = dict(line.split() for line in (folder / "tokens").read_text().splitlines())
            yield Rt(f"http://127.0.0.1:{port}", tokens, folder)
    finally:
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _configured(folder: Path, port: int, acl_in_sql: bool) -> dict[str, str]:
    filled: Mapping[str, Any] = {"port": port, "folder": folder, "acl_in_sql": int(acl_in_sql)}
    text = (_HERE / "site.pm.txt").read_text()
    for name, value in filled.items():
        text = text.replace(f"@{name}@", str(value))
    (folder / "site.pm").write_text(text)
    (folder / "site.d").mkdir()
    mailer = folder / "sendmail"
    mailer.write_text(f"#!/bin/sh\n(cat; printf '\\036\\n') >> '{folder}/mails.txt'\n")
    mailer.chmod(0o755)
    (folder / "root").write_text(_ROOT_PASSWORD + "\n")
    own = {"RT_SITE_CONFIG": folder / "site.pm", "RT_SITE_CONFIG_DIR": folder / "site.d"}
    return {**os.environ, **{name: str(path) for name, path in own.items()}, "HUB_RT_TOKENS": str(folder / "tokens")}


def _set_up(folder: Path, env: Mapping[str, str]) -> None:
    no_admin = ["--dba", "", "--dba-password", "", "--force"]
    for step in (
        ["--action", "init", "--root-password-file", str(folder / "root")],
        ["--action", "insert", "--datafile", str(_HERE / "world.pl")],
    ):
        done = subprocess.run([str(_SETUP), *step, *no_admin], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{step}: {done.stdout}\n{done.stderr}"


@contextmanager
def _served(port: int, env: Mapping[str, str], folder: Path) -> Iterator[None]:
    command = [str(SERVER), "--host", "127.0.0.1", "--port", str(port), "--max-workers", "3"]
    with (
        (folder / "server.log").open("w") as log,
        subprocess.Popen(command, env=env, stdout=log, stderr=log) as process,
    ):
        try:
            _wait_for(port, process, folder)
            yield
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        assert process.poll() is None, f"RT ended with {process.returncode}: {(folder / 'server.log').read_text()}"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/REST/2.0/rt", trust_env=False, timeout=5).status_code == 401:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < deadline, f"RT does not answer: {(folder / 'server.log').read_text()}"
        time.sleep(0.1)
