"""``hub run`` as a real process: it reads on a schedule, obeys signals, takes new settings, survives being killed."""

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from hub.store import open_store
from tests.e2e.harness import Hub, Sandbox, differences, sandbox
from tests.unit.store.pages import put
from tests.unit.store.test_surges import burst, past

_PATIENCE_S = 90.0
_NOWHERE = "source.example"
_FAST = 'rate = "200/1s"\nevery = "1s"\ntimeout = "2s"'


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    limits = ("--limit", "youscan=off", "--limit", "pointer=off")
    with sandbox(tmp_path, "youscan", "pointer", "--seed", "4", "--items", "60", "--future", "0", *limits) as running:
        yield running


@contextmanager
def daemon(hub: Hub, *options: str) -> "Iterator[subprocess.Popen[str]]":
    settings = hub.folder / "hub.toml"
    told = settings.read_text(encoding="utf-8")
    if "listen" not in told:
        settings.write_text(f'listen = "off"\n{told}', encoding="utf-8")
    with hub.start("run", *options) as process:
        try:
            yield process
        finally:
            process.kill()


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def ended(process: "subprocess.Popen[str]", *signals: signal.Signals) -> tuple[int, str, float]:
    """Send *signals*; return exit code, what was said, and how long the end took."""
    started = time.monotonic()
    for number in signals:
        process.send_signal(number)
        time.sleep(0.05)
    _, said = process.communicate(timeout=_PATIENCE_S)
    return process.returncode, said, time.monotonic() - started


def in_sync(hub: Hub, box: Sandbox) -> bool:
    tickets = hub.tickets()
    return all(differences(box, vendor, tickets) == [] for vendor in box.urls)


def started(hub: Hub) -> Callable[[], bool]:
    return lambda: (hub.folder / "hub.db").exists() and len(hub.tickets()) > 0


def test_it_reads_on_and_on_and_ends_well_when_told(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    with daemon(hub) as process:
        until(started(hub))
        box.post("youscan/change", action="add", topic=101, text="Пришло, пока процесс работал")
        box.post("pointer/change", action="add", text="Тоже пришло позже", rating=2)
        until(lambda: in_sync(hub, box))
        said_later = [ticket for ticket in hub.tickets() if "Пришло, пока процесс" in str(ticket)]
        assert len(said_later) == 1
        code, said, seconds = ended(process, signal.SIGTERM)
    assert (code, seconds < 10) == (0, True), said
    assert "stopped; the last checkpoint is kept" in said
    assert re.search(r"\] running .*began=20\d\d-\d\d-\d\dT[\d:]{8}[+-]\d\d:\d\d", said), "with date and zone"
    assert "Traceback" not in said


def test_killed_in_the_middle_it_goes_on_where_it_was(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, f"{_FAST}\npage_size = 10")
    for _ in range(3):
        with daemon(hub) as process:
            until((hub.folder / "hub.db").exists)
            time.sleep(0.4)
            process.send_signal(signal.SIGKILL)
            process.wait(_PATIENCE_S)
    with daemon(hub) as process:
        until(lambda: in_sync(hub, box))
        assert ended(process, signal.SIGINT)[0] == 0


def test_a_second_signal_ends_it_at_once_and_nothing_is_lost(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, f"{_FAST}\npage_size = 10")
    box.post("faults", profile="stall")
    with daemon(hub) as process:
        until((hub.folder / "hub.db").exists)
        time.sleep(1)
        assert process.stderr is not None
        process.send_signal(signal.SIGTERM)
        heard = next(line for line in process.stderr if "stopping" in line)
        assert "a second Ctrl-C or SIGTERM ends at once" in heard
        code, said, seconds = ended(process, signal.SIGTERM)
    assert (code, seconds < 3) == (0, True), said
    box.post("faults", profile="none")
    with daemon(hub):
        until(lambda: in_sync(hub, box))


@pytest.fixture
def no_resolver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names take a minute to resolve in every process that is started, as with a resolver that is gone."""
    (tmp_path / "patched").mkdir()
    (tmp_path / "patched" / "sitecustomize.py").write_text(
        "import socket, time\n"
        "resolved = socket.getaddrinfo\n"
        "def getaddrinfo(host, *rest, **named):\n"
        f"    if host in ({_NOWHERE!r}, {_NOWHERE.encode()!r}):\n"
        "        open('asked', 'w').close()\n"
        "        time.sleep(60)\n"
        "    return resolved(host, *rest, **named)\n"
        "socket.getaddrinfo = getaddrinfo\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'patched'}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
    (tmp_path / "hub.toml").write_text(
        'store = "sqlite:///hub.db"\n[instances.mentions]\nconnector = "youscan"\ntopics = [101]\n'
        'api_key = { env = "YOUSCAN_API_KEY" }\n'
        f'base_url = "https://{_NOWHERE}"\nevery = "1s"\n',
        encoding="utf-8",
    )


@pytest.mark.usefixtures("no_resolver")
@pytest.mark.parametrize(("signals", "most_s"), [([signal.SIGTERM], 10), ([signal.SIGTERM, signal.SIGTERM], 3)])
def test_names_that_nobody_resolves_do_not_hold_up_its_end(
    tmp_path: Path, signals: list[signal.Signals], most_s: float
) -> None:
    with daemon(Hub(tmp_path, {"youscan": "k"})) as process:
        until((tmp_path / "asked").exists)
        code, said, seconds = ended(process, *signals)
    assert (code, seconds < most_s) == (0, True), f"{seconds:.1f} s: {said}"
    assert "stopped; the last checkpoint is kept" in said
    assert "Traceback" not in said
    assert not (tmp_path / "hub.db-wal").exists(), "the store was closed"


@pytest.mark.usefixtures("no_resolver")
def test_names_that_nobody_resolves_do_not_hold_up_a_sync_that_is_stopped(tmp_path: Path) -> None:
    with Hub(tmp_path, {"youscan": "k"}).start("sync") as process:
        try:
            until((tmp_path / "asked").exists)
            code, said, seconds = ended(process, signal.SIGINT)
        finally:
            process.kill()
    assert (code, seconds < 3) == (130, True), f"{seconds:.1f} s: {said}"


def test_a_source_that_hangs_makes_no_other_late(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    box.post("faults", next=["stall"] * 500, vendor="pointer")
    with daemon(hub) as process:
        until(started(hub))
        for number in range(3):
            box.post("youscan/change", action="add", topic=101, text=f"Слышно сразу {number}")
            until(lambda number=number: f"Слышно сразу {number}" in str(hub.tickets()))  # type: ignore[misc]
        assert not any(ticket["instance"] == "maps" for ticket in hub.tickets()), "the other one hangs all the time"
        ended(process, signal.SIGTERM, signal.SIGTERM)


def test_new_settings_are_taken_and_wrong_ones_change_nothing(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    settings = tmp_path / "hub.toml"
    whole = f'listen = "off"\n{settings.read_text(encoding="utf-8")}'
    maps = whole.index("[instances.maps]")
    settings.write_text(whole[:maps], encoding="utf-8")
    with daemon(hub) as process:
        until(started(hub))
        settings.write_text(whole.replace("every", "evry"), encoding="utf-8")
        refused = hub.run("reload")
        assert refused.returncode == 2
        assert 'unknown key "evry"' in refused.stderr or "did you mean" in refused.stderr
        process.send_signal(signal.SIGHUP)
        box.post("youscan/change", action="add", topic=101, text="После ошибки в настройках")
        until(lambda: "После ошибки в настройках" in str(hub.tickets()))
        settings.write_text(whole, encoding="utf-8")
        told = hub.run("reload")
        assert (told.returncode, told.stderr) == (0, f"process {process.pid} goes by the new settings and rules\n")
        until(lambda: in_sync(hub, box))
        _, said, _ = ended(process, signal.SIGTERM)
    assert "nothing was reloaded" in said
    gone = hub.run("reload")
    assert (gone.returncode, 'no "hub run" of yours runs on' in gone.stderr) == (1, True)


def test_a_key_that_was_refused_is_renewed_as_the_how_to_says(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    settings, key = tmp_path / "hub.toml", tmp_path / "key"
    told = settings.read_text(encoding="utf-8")
    settings.write_text(told.replace('{ env = "POINTER_TOKEN" }', '{ file = "key" }'), encoding="utf-8")
    key.write_text("wrong-key-0123456789", encoding="utf-8")

    def paused() -> bool:
        rows = json.loads(hub.run("status", "--json").stdout)["instances"]
        return any((row["instance"], row["condition"]) == ("maps", "paused") for row in rows)

    with daemon(hub) as process:
        until(lambda: (tmp_path / "hub.db").exists() and paused())
        assert hub.run("resume", "maps").returncode == 0
        until(paused)  # anew, as nothing was mended
        key.write_text(box.keys["pointer"], encoding="utf-8")
        elsewhere = replace(hub, state="state of another user")
        assert 'a "hub run" of another user, HUB_STATE_DIR' in elsewhere.run("status").stderr
        untold = elsewhere.run("resume", "maps")
        assert (untold.returncode, "was not told to read keys anew" in untold.stderr) == (1, True)
        until(paused)  # anew, as it goes by the old key
        resumed = hub.run("resume", "maps")
        goes_on = f"process {process.pid} goes by the new settings and rules\nmaps is resumed\n"
        assert (resumed.returncode, resumed.stderr) == (0, goes_on)
        until(lambda: in_sync(hub, box))
        assert not paused()
        pauses = hub.run("pause", "maps").returncode
        settings.write_text(told.replace("concurrency", "concurency"), encoding="utf-8")
        doubtful = hub.run("resume", "maps")
        assert (pauses, doubtful.returncode) == (0, 1)
        assert f"process {process.pid} reloaded nothing: " in doubtful.stderr
        assert (
            'maps is resumed\nwhat goes on as before may use an old key; mend that, run "hub reload"' in doubtful.stderr
        )
        _, said, _ = ended(process, signal.SIGTERM)
    paused_for_its_key = [line for line in said.splitlines() if "instance paused" in line and "401" in line]
    assert len(paused_for_its_key) == 3, said


def test_what_only_a_start_takes_is_refused_by_a_reload(tmp_path: Path) -> None:
    settings, whole = tmp_path / "hub.toml", 'listen = "127.0.0.1:0"\nstore = "sqlite:///hub.db"\n'
    settings.write_text(whole, encoding="utf-8")
    hub = Hub(tmp_path, {})
    with daemon(hub) as process:
        _, said = opened(process)

        def reloaded(text: str, told: str) -> None:
            settings.write_text(f'{text}lang = "ru"\n', encoding="utf-8")
            process.send_signal(signal.SIGHUP)
            until(lambda: told in "".join(said))

        reloaded(whole.replace("hub.db", "other.db"), '"store" is different and needs a restart')
        reloaded(whole.replace("127.0.0.1:0", "off"), '"listen" is different and needs a restart')
        assert "] reloaded" not in "".join(said)
        told = hub.run("reload")
        assert (told.returncode, "needs a restart" in told.stderr) == (1, True), told.stderr
        assert f"process {process.pid} reloaded nothing:" in told.stderr
        settings.write_text(whole.replace("hub.db", "other.db"), encoding="utf-8")
        told = hub.run("reload")
        assert (told.returncode, '"store" is different and needs a restart' in told.stderr) == (1, True), told.stderr
        reloaded(whole, "] reloaded")
        process.send_signal(signal.SIGTERM)
        assert process.wait(_PATIENCE_S) == 0
    assert not (tmp_path / "other.db").exists()


def test_two_daemons_of_two_users_on_one_store_read_a_stream_once_a_slot(box: Sandbox, tmp_path: Path) -> None:
    common = _FAST.replace('every = "1s"', 'every = "4s"')
    hub = Hub.for_sandbox(tmp_path, box, common)
    settings = tmp_path / "hub.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('= "1s"', '= "1h"'), encoding="utf-8")
    with daemon(hub), daemon(replace(hub, state="state of another user")):
        until(lambda: (hub.folder / "hub.db").exists() and in_sync(hub, box))
        box.post("reset_client")
        time.sleep(8.5)
        log = [str(line) for line in box.ledger("youscan")["client"]["log"]]
    for topic in (101, 102, 103):
        assert 1 <= sum(f"/topics/{topic}/mentions" in line for line in log) <= 3, log


@pytest.mark.parametrize("command", ["run", "sync"])
def test_where_no_lock_can_be_taken_nothing_is_read(box: Sandbox, tmp_path: Path, command: str) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    (tmp_path / "hub.db.locks").write_text("not a folder", encoding="utf-8")
    told = hub.run(command)
    assert (told.returncode, told.stdout.strip()) == (1, "")
    assert f"{tmp_path.resolve()}/hub.db.locks: Not a directory; all who work on this store take" in told.stderr
    assert not [line for line in box.ledger("youscan")["client"]["log"] if "/mentions" in str(line)]


def test_a_surge_is_seen_and_told_once(box: Sandbox, tmp_path: Path) -> None:
    hub = Hub.for_sandbox(tmp_path, box, _FAST)
    now = datetime.now(UTC)
    with open_store(f"sqlite:///{hub.folder / 'hub.db'}") as store:
        put(store, *past(now=now), *burst(40, now), now=now)
        with daemon(hub) as process:
            until(lambda: any(one.words for one in store.open_surges()))
            code, said, _ = ended(process, signal.SIGTERM)
    assert code == 0, said
    assert len([line for line in said.splitlines() if "surge began" in line and "VK: " in line]) == 1
    shown = hub.run("surges", "list", "--lang", "ru")
    assert "не проходит оплата" in " ".join(shown.stdout.split())


# --- over HTTP --------------------------------------------------------------------------------------------------------


def opened(process: "subprocess.Popen[str]") -> tuple[str, list[str]]:
    """Return where a daemon listens, and a list into which goes what it says from then on."""
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if found := re.search(r"url=(http://\S+)", line):
            threading.Thread(target=said.extend, args=(process.stderr,), daemon=True).start()
            return found[1], said
    raise AssertionError("".join(said))


def answering(hub: Hub) -> Hub:
    settings = hub.folder / "hub.toml"
    settings.write_text(f'listen = "127.0.0.1:0"\n{settings.read_text(encoding="utf-8")}', encoding="utf-8")
    return hub


def test_it_says_how_it_is_and_gives_figures(box: Sandbox, tmp_path: Path) -> None:
    hub = answering(Hub.for_sandbox(tmp_path, box, _FAST))
    with daemon(hub) as process, httpx.Client(trust_env=False, timeout=10) as client:
        url, _ = opened(process)
        until(lambda: {"mentions", "maps"} <= client.get(f"{url}/ready").json()["instances"].keys())
        assert client.get(f"{url}/health").json()["status"] == "ok"
        box.post("faults", profile="revoked", vendor="pointer")
        until(lambda: client.get(f"{url}/ready").json()["instances"]["maps"]["ok"] is False)
        assert client.get(f"{url}/ready").status_code == 200, "one source that fails makes the others no less ready"
        figures = client.get(f"{url}/metrics").text
        assert 'hub_instance_up{instance="mentions"} 1.0' in figures
        assert 'hub_instance_up{instance="maps"} 0.0' in figures
        assert re.search(r'hub_polls_total\{instance="mentions"\} [1-9]', figures)
        assert re.search(r'hub_open_tickets\{priority="normal",queue=""\} [1-9]', figures)
        assert re.search(r'hub_stream_lag_seconds\{instance="mentions",stream="101"\} \d', figures)
        ended(process, signal.SIGTERM, signal.SIGTERM)


def test_an_instance_that_cannot_be_started_is_seen_everywhere(box: Sandbox, tmp_path: Path) -> None:
    hub = answering(Hub.for_sandbox(tmp_path, box, _FAST))
    settings, key = tmp_path / "hub.toml", tmp_path / "key"
    told = settings.read_text(encoding="utf-8").replace('{ env = "POINTER_TOKEN" }', '{ file = "key" }')
    settings.write_text(told, encoding="utf-8")
    with daemon(hub) as process, httpx.Client(trust_env=False, timeout=10) as client:
        url, said = opened(process)
        until(lambda: client.get(f"{url}/ready").json()["instances"].keys() == {"maps", "mentions"})
        maps = client.get(f"{url}/ready").json()["instances"]["maps"]
        assert (maps["ok"], "key cannot be read" in maps["error"]) == (False, True)
        assert 'hub_instance_up{instance="maps"} 0.0' in client.get(f"{url}/metrics").text
        shown = {row["instance"]: row for row in json.loads(hub.run("status", "--json").stdout)["instances"]}
        assert shown["maps"]["condition"] == "not started"
        assert shown["maps"]["next_step"].startswith("cannot be started: hub.toml:")
        key.write_text(box.keys["pointer"], encoding="utf-8")
        assert hub.run("reload").returncode == 0
        until(lambda: client.get(f"{url}/ready").json()["instances"]["maps"]["ok"])
        until(lambda: 'hub_instance_up{instance="maps"} 1.0' in client.get(f"{url}/metrics").text)
        assert "not started" not in hub.run("status").stdout
        ended(process, signal.SIGTERM, signal.SIGTERM)
    assert "".join(said).count("instance cannot be started") == 1


def test_where_no_instance_can_be_started_it_ends_and_says_why(tmp_path: Path) -> None:
    table = '[instances.maps]\nconnector = "pointer"\ntoken = { file = "key" }\n'
    (tmp_path / "hub.toml").write_text(f'listen = "off"\n{table}', encoding="utf-8")
    ran = Hub(tmp_path, {}).run("run", timeout=30)
    assert ran.returncode == 2
    assert "key cannot be read" in ran.stderr
    assert ran.stderr.endswith("no instance can be started, so nothing runs; mend it first\n")


def test_an_address_that_is_taken_is_told_and_matters_only_where_it_was_asked_for(box: Sandbox, tmp_path: Path) -> None:
    hub = answering(Hub.for_sandbox(tmp_path, box, _FAST))
    with daemon(hub) as process:
        url, _ = opened(process)
        settings = tmp_path / "hub.toml"
        settings.write_text(
            settings.read_text(encoding="utf-8").replace("127.0.0.1:0", url.removeprefix("http://")), encoding="utf-8"
        )
        second = hub.run("run")
        assert second.returncode == 2
        assert "cannot listen at 127.0.0.1" in second.stderr
