"""``make bench-daemon``: ``hub run`` with 1,000 instances polled every minute on one core, a fifth of which hang.

Run as ``python -m tests.benchmark.daemon [INSTANCES [MINUTES]]``. Exits with 1 when a promise is broken. Every instance
has an account of its own; twenty share a host, for connections are counted by host, and the hosts of those that hang
answer nothing at all.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx

_INSTANCES, _MINUTES = 1000, 4.0
_A_HOST = 20
_HANGING = 5  # each so many hosts one hangs
_WARM_S = 90.0  # the first round reads everything anew
_SCRAPE_S = 15.0
_MAX_LAG_S = 1.0
_MAX_LATE_S = 5.0  # no single one of those that answer
_MAX_GROWTH = 1.15
_LOG = "daemon.log"
_TICK_HZ = os.sysconf("SC_CLK_TCK")
_FIGURE = re.compile(r'^(hub_\w+)\{instance="(\w+)"\} (\S+)$', re.MULTILINE)


# --- the source -------------------------------------------------------------------------------------------------------


def _mention(seq: int) -> dict[str, object]:
    at = datetime.fromtimestamp(1_760_000_000 + seq, UTC).isoformat()
    author = {"profileId": f"u{seq % 97}", "url": f"https://vk.example/u{seq % 97}", "name": "Анна"}
    words = {"title": "", "text": f"Карта не работает {seq}", "fullText": f"Карта не работает {seq}"}
    return {
        "id": str(seq),
        "seq": seq,
        "published": at,
        "addedAt": at,
        "source": "vk.com",
        "author": author,
        "postId": f"p{seq}",
        **words,
    }


def _answer(path: str, first: float) -> bytes:
    """Return what a topic says: two mentions at first, one more every ten minutes."""
    parts = urlsplit(path)
    if parts.path.endswith("/topics"):
        return json.dumps({"topics": [{"id": 1, "name": "Карта"}]}).encode()
    since = int(parse_qs(parts.query).get("sinceSeq", ["0"])[0])
    last = 2 + int((time.monotonic() - first) // 600)
    mentions = [_mention(seq) for seq in range(since + 1, last + 1)]
    return json.dumps({"total": len(mentions), "mentions": mentions}).encode()


async def _serve() -> None:
    """Answer on every address of loopback; those whose third number is 1 take calls and say nothing."""
    first = time.monotonic()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hangs = writer.get_extra_info("sockname")[0].split(".")[2] == "1"
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if hangs:
                    await reader.read()
                    break
                body = _answer(head.split(b" ", 2)[1].decode(), first)
                told = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(told.encode() + body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "0.0.0.0", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# --- the hub ----------------------------------------------------------------------------------------------------------


@contextmanager
def _process(*command: str, core: int, folder: str | None = None) -> "Iterator[subprocess.Popen[str]]":
    env = {**os.environ, "API_KEY": "k", "HUB_STATE_DIR": f"{folder}/state"} if folder else None
    cores = sorted(os.sched_getaffinity(0))

    def pin() -> None:
        os.sched_setaffinity(0, {cores[core % len(cores)]})

    with (Path(folder, _LOG) if folder else Path(os.devnull)).open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=env, text=True, preexec_fn=pin, stdout=subprocess.PIPE, stderr=log
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


def _address(log: Path) -> str:
    """Return where a daemon listens, once it says so."""
    while not (found := re.search(r"url=(http://\S+)", log.read_text(encoding="utf-8"))):
        time.sleep(0.05)
    return found[1]


def _hangs(number: int) -> bool:
    return number // _A_HOST % _HANGING == 0


def _settings(instances: int, port: int) -> str:
    lines = ['store = "sqlite:///hub.db"', 'listen = "127.0.0.1:0"']
    for number in range(instances):
        host = f"127.0.{int(_hangs(number))}.{2 + number // _A_HOST}"
        lines += [f"[instances.i{number}]", 'connector = "youscan"', f'base_url = "http://{host}:{port}"']
        lines += ['api_key = { env = "API_KEY" }', f'account = "a{number}"', "topics = [1]", 'timeout = "10s"']
    return "\n".join(lines) + "\n"


@dataclass
class Seen:
    """What was seen of one daemon.

    Args:
        lags: of polls, by whether their source hangs.
        polls: by instance how many there were, as far as seen.
    """

    lags: dict[bool, list[float]] = field(default_factory=lambda: {True: [], False: []})
    polls: dict[str, float] = field(default_factory=dict)

    def take(self, text: str, *, counts: bool) -> None:
        """Take what the daemon says; every poll counts once."""
        found = {(name, instance): float(value) for name, instance, value in _FIGURE.findall(text)}
        for (name, instance), value in found.items():
            if name != "hub_poll_start_lag_seconds":
                continue
            polls = found.get(("hub_polls_total", instance), 0.0)
            if counts and self.polls.get(instance) != polls:
                self.lags[_hangs(int(instance[1:]))].append(value)
            self.polls[instance] = polls


def _rss_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK_HZ


def _quantile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)] if values else 0.0


def _watched(url: str, pid: int, minutes: float) -> dict[str, float]:
    seen = Seen()
    with httpx.Client(trust_env=False, timeout=30) as client:
        time.sleep(_WARM_S)
        seen.take(client.get(f"{url}/metrics").text, counts=False)
        rss, cpu, began = _rss_mib(pid), _cpu_s(pid), time.monotonic()
        while time.monotonic() - began < 60 * minutes:
            time.sleep(_SCRAPE_S)
            seen.take(client.get(f"{url}/metrics").text, counts=True)
    well, hanging = seen.lags[False], seen.lags[True]
    return {
        "polls seen": len(well) + len(hanging),
        "start lag p50, s": _quantile(well, 0.5),
        "start lag p99, s": _quantile(well, 0.99),
        "latest start, s": max(well, default=0.0),
        "instances that answer and were not read twice": sum(
            1 for name, polls in seen.polls.items() if polls < 2 and not _hangs(int(name[1:]))
        ),
        "share of the core": (_cpu_s(pid) - cpu) / (time.monotonic() - began),
        "memory at the beginning, MiB": rss,
        "memory at the end, MiB": _rss_mib(pid),
    }


def measured(instances: int, minutes: float) -> dict[str, float]:
    """Return the figures of a daemon that ran for so long."""
    me = (sys.executable, "-m", "tests.benchmark.daemon")
    with tempfile.TemporaryDirectory() as folder, _process(*me, "serve", core=1) as source:
        assert source.stdout is not None
        settings = _settings(instances, int(source.stdout.readline()))
        Path(folder, "hub.toml").write_text(settings, encoding="utf-8")
        began = time.monotonic()
        with _process(sys.executable, "-m", "hub", "run", core=0, folder=folder) as daemon:
            url = _address(Path(folder, _LOG))
            started = time.monotonic() - began
            figures = {"until it listens, s": started} | _watched(url, daemon.pid, minutes)
            stopped = time.monotonic()
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(30)
            return figures | {"until it ended, s": time.monotonic() - stopped}


def broken(figures: dict[str, float]) -> list[str]:
    """Return the promises that *figures* break."""
    growth = figures["memory at the end, MiB"] / figures["memory at the beginning, MiB"]
    promises = {
        f"start lag p99 above {_MAX_LAG_S:g} s": figures["start lag p99, s"] > _MAX_LAG_S,
        f"an instance that answers was {_MAX_LATE_S:g} s late": figures["latest start, s"] > _MAX_LATE_S,
        f"memory grew by more than {_MAX_GROWTH - 1:.0%}": growth > _MAX_GROWTH,
        "instances were left out": figures["instances that answer and were not read twice"] > 0,
        "it took 10 s or more to end": figures["until it ended, s"] >= 10,
    }
    return [told for told, is_broken in promises.items() if is_broken]


def main() -> int:
    """Print the figures; return 1 when a promise is broken."""
    numbers = sys.argv[1:]
    figures = measured(int(numbers[0]) if numbers else _INSTANCES, float(numbers[1]) if numbers[1:] else _MINUTES)
    for name, value in figures.items():
        print(f"{name:48} {value:10.3f}")
    for told in broken(figures):
        print(f"BROKEN: {told}")
    return 1 if broken(figures) else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(_serve())
    else:
        sys.exit(main())
