"""docs/tutorial/first-connector.md: its files are the example's, and its commands print what it says they print.

A block is a file (``<!-- file: NAME -->`` stands before it), a ``console`` session, or is marked as not run. In what
is printed, ``…`` stands for any text, and seconds that a run took are not compared.
"""

import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "tutorial" / "first-connector.md"
EXAMPLE = ROOT / "examples" / "acme"

_BLOCK = re.compile(r"(?:^<!-- (?P<note>.+?) -->\n)?^```(?P<lang>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\b\d+\.\d+ ?s\b")
_PORT = "8765"
_COMMAND_S = 120.0


@dataclass(frozen=True)
class Block:
    """A fenced block and the comment that stands before it."""

    note: str
    lang: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that the block is; None for other blocks."""
        return self.note.removeprefix("file: ") if self.note.startswith("file: ") else None

    def commands(self) -> Iterator[tuple[str, str]]:
        """Yield each command of a session with what it prints."""
        for part in re.split(r"^\$ ", self.text, flags=re.MULTILINE)[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed


def blocks() -> list[Block]:
    found = _BLOCK.finditer(PAGE.read_text(encoding="utf-8"))
    return [Block(block["note"] or "", block["lang"], block["text"]) for block in found]


@dataclass(frozen=True)
class Reader:
    """Somebody who does what the page says, in a folder of their own, at a terminal of 80 columns."""

    folder: Path
    site: Path
    env: dict[str, str]

    def run(self, command: str) -> str:
        """Run *command* and return what the terminal shows."""
        if command.startswith("pip install"):
            self.install()
            return ""
        near, far = pty.openpty()
        with subprocess.Popen(
            ["bash", "-c", command], cwd=self.folder, env=self.env, stdin=far, stdout=far, stderr=far
        ) as process:
            os.close(far)
            try:
                return _shown(near).replace("\r\n", "\n")
            finally:
                process.kill()
                os.close(near)

    def install(self) -> None:
        """Install the package as the page does, but beside the environment that the tests run in."""
        options = ["--quiet", "--no-build-isolation", "--no-index", "--no-deps", "--target", str(self.site)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, str(self.folder)], check=True)

    @contextmanager
    def second_terminal(self, command: str) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(
            ["bash", "-c", f"exec {command}"], cwd=self.folder, env=self.env, stdout=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.terminate()


def _shown(terminal: int) -> str:
    shown, deadline = b"", time.monotonic() + _COMMAND_S
    while select.select([terminal], [], [], deadline - time.monotonic())[0]:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # how Linux tells that the other end is closed
            part = b""
        if not part:
            return shown.decode()
        shown += part
    raise AssertionError(f"not done after {_COMMAND_S} s; shown until then: {shown.decode()}")


def _expected(printed: str) -> re.Pattern[str]:
    """Return a pattern for *printed*: any white space, any seconds, and anything for ``…``."""
    words = [re.escape(word).replace("…", ".*?") for word in _SECONDS.sub("…", printed).split()]
    return re.compile(r"\s+".join(words), re.DOTALL)


@pytest.fixture
def reader(tmp_path: Path, state_folder: Path) -> Reader:
    folder, site = tmp_path / "acme", tmp_path / "site"
    folder.mkdir()
    (tmp_path / "helpdesk-hub").symlink_to(ROOT)
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(site),
        "HOME": str(tmp_path),
        "HUB_STATE_DIR": str(state_folder),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
    }
    return Reader(folder, site, env)


def test_every_file_of_the_page_is_the_example_file() -> None:
    for block in blocks():
        if block.file:
            example = EXAMPLE / (".env.example" if block.file == ".env" else block.file)
            assert block.text == example.read_text(encoding="utf-8"), f"{block.file}: copy {example} into {PAGE.name}"


def test_the_page_shows_all_code_of_the_example() -> None:
    shown = {block.file for block in blocks()}
    code = {str(file.relative_to(EXAMPLE)) for file in EXAMPLE.rglob("*.py")}
    assert code <= shown


def test_every_block_is_a_file_or_is_run_or_says_why_not() -> None:
    told = [block for block in blocks() if block.file or block.lang == "console" or "not run:" in block.note]
    stray = [block.text for block in blocks() if block not in told]
    assert not stray


@pytest.mark.skipif(not shutil.which("curl"), reason="the page uses curl, which is not installed here")
def test_who_follows_the_page_sees_what_it_shows(reader: Reader) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    with_port = [replace(block, text=block.text.replace(_PORT, port)) for block in blocks()]
    at = next(n for n, block in enumerate(with_port) if block.note == "second terminal")
    (serve, listens), *_ = with_port[at].commands()
    _follow(reader, with_port[:at])
    with reader.second_terminal(f"{serve} --port {port}") as sandbox:
        assert sandbox.stdout is not None
        assert _expected(listens).fullmatch(sandbox.stdout.readline() + sandbox.stdout.readline().strip())
        _follow(reader, with_port[at + 1 :])


def _follow(reader: Reader, part: list[Block]) -> None:
    for block in part:
        if block.file:
            file = reader.folder / block.file
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, encoding="utf-8")
        elif block.lang == "console":
            for command, printed in block.commands():
                shown = reader.run(command)
                assert _expected(printed).fullmatch(shown.strip()), f"$ {command}\n{shown}\nis not\n{printed}"
