"""``hub backfill`` and ``hub replay`` with real processes: windows, kills, live polls beside them, proofs."""

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Hub, Sandbox, sandbox

_FAST = 'rate = "400/1s"\ntimeout = "2s"'
_SINCE = "20d"
_CRM = """
[instances.portal]
connector = "crm"
product = "bitrix24"
read = ["tasks", "leads", "deals"]
webhook_url = {{ env = "BITRIX24_WEBHOOK" }}
rate = "400/1s"
[instances.sales]
connector = "crm"
product = "amocrm"
base_url = "{amocrm}"
token = {{ env = "AMOCRM_TOKEN" }}
read = ["tasks", "leads"]
page_size = 20
rate = "400/1s"
"""
_CLOUD = {"cloud": "second read"}
_OTHERS = {"mentions": "count", "maps": "second read", "server": "count", "portal": "count", "sales": "second read"}
"""How the source of each instance says what it has."""


def _box(folder: Path, vendors: Sequence[str], *options: str, limit: str = "off", items: int = 80) -> Any:
    limits = tuple(option for vendor in vendors for option in ("--limit", f"{vendor}={limit}"))
    return sandbox(folder, *vendors, "--seed", "4", "--items", str(items), "--future", "0", *limits, *options)


def _hub(folder: Path, box: Sandbox, common: str = _FAST) -> Hub:
    folder.mkdir(exist_ok=True)
    crms = {vendor: url for vendor, url in box.urls.items() if vendor in ("bitrix24", "amocrm")}
    urls = {vendor: url for vendor, url in box.urls.items() if vendor not in crms}
    hub = Hub.for_sandbox(folder, replace(box, urls=urls), common)
    if crms:
        with (folder / "hub.toml").open("a") as settings:
            settings.write(_CRM.format(**crms))
        webhook = f"{crms['bitrix24']}/rest/1/{box.keys['bitrix24']}/"
        (folder / ".env").write_text(f"BITRIX24_WEBHOOK={webhook}\nAMOCRM_TOKEN={box.keys['amocrm']}\n")
    return hub


def _messages(hub: Hub, since: datetime, until: datetime) -> dict[str, tuple[Any, ...]]:
    """Return what is known of every mention published in between, and of all that was said in reviews, issues and tasks
    that were opened in between, by the message's id."""
    told = ("body", "created_at", "direction", "rating", "hidden", "sources")
    return {
        message["id"]: (ticket["id"], *(message[name] for name in told))
        for ticket in hub.tickets()
        for message in ticket["messages"]
        if since <= datetime.fromisoformat((message if ticket["kind"] == "mention" else ticket)["created_at"]) < until
    }


def _cursors(hub: Hub) -> list[Any]:
    with closing(sqlite3.connect(hub.folder / "hub.db")) as database:
        return database.execute("SELECT stream, name, cursor FROM streams ORDER BY 1, 2").fetchall()


def _report(hub: Hub, *arguments: str) -> dict[str, Any]:
    done = hub.run("backfill", *arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0), done.stderr
    return report


@pytest.mark.parametrize(
    ("vendors", "instances"), [("jira", _CLOUD), ("youscan pointer jira-dc bitrix24 amocrm", _OTHERS)]
)
def test_windows_give_the_same_tickets_as_a_poll_over_all(
    vendors: str, instances: dict[str, str], tmp_path: Path
) -> None:
    with _box(tmp_path, vendors.split()) as box:
        live, past = _hub(tmp_path / "live", box), _hub(tmp_path / "past", box)
        live.run("sync", "--no-sweeps")
        until = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=1)
        span = ("--since", _SINCE, "--until", until.isoformat())
        reports = {name: _report(past, name, *span) for name in instances}
        since = datetime.fromisoformat(next(iter(reports.values()))["since"])
        expected = _messages(live, since, until)
        assert len(expected) > 30 * len(instances)
        assert _messages(past, since, until) == expected
        assert "nothing changes" in past.run("replay").stderr
    for name, report in reports.items():
        assert (report["ok"], report["gaps"]) == (True, 0)
        assert sum(day["stored"] for day in report["days"]) > 10
        assert all(day["state"] in ("complete", "set aside") for day in report["days"])
        assert {day["by"] for day in report["days"] if day["stored"]} == {instances[name]}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Sandbox]:
    with _box(tmp_path, ("youscan",), items=150) as running:
        yield running


def test_killed_anywhere_the_same_command_goes_on_and_live_cursors_stay(box: Sandbox, tmp_path: Path) -> None:
    live, past = _hub(tmp_path / "live", box), _hub(tmp_path / "past", box, 'rate = "30/1s"\npage_size = 3')
    live.run("sync", "--no-sweeps")
    past.run("sync", "--no-sweeps")
    before = _cursors(past)
    with closing(sqlite3.connect(past.folder / "hub.db")) as database:  # as if all of it had never been read
        for table in ("ticket_events", "messages", "tickets", "originals"):
            database.execute(f"DELETE FROM {table}")
        database.commit()
    for _ in range(3):
        with past.start("backfill", "mentions", "--since", _SINCE) as process:
            _wait_for_pages(past, process)
            process.send_signal(signal.SIGKILL)
            process.communicate()
    listed = json.loads(past.run("backfill", "--list", "--json").stdout)
    assert [one["state"] for one in listed] == ["interrupted"]
    assert listed[0]["windows_read"] < listed[0]["windows"]
    settings = past.folder / "hub.toml"
    settings.write_text(settings.read_text().replace('"30/1s"', '"400/1s"'))
    done = past.run("backfill", "mentions")
    assert done.returncode == 0, done.stderr
    assert "it goes on" in done.stderr
    since, until = (datetime.fromisoformat(listed[0][name]) for name in ("since", "until"))
    assert _messages(past, since, until) == _messages(live, since, until)
    assert _cursors(past) == before
    again = past.run("backfill", "mentions", "--since", _SINCE)
    assert (again.returncode, "finished before" in again.stderr) == (0, True)


def _wait_for_pages(hub: Hub, process: "subprocess.Popen[str]") -> None:
    """Wait until the process has stored a page of a window, or two."""
    before, deadline = _read_of_windows(hub), time.monotonic() + 30
    while _read_of_windows(hub) == before:
        assert process.poll() is None, "it ended before it was killed: the test proves little"
        assert time.monotonic() < deadline, "no page was stored in time"
        time.sleep(0.02)


def _read_of_windows(hub: Hub) -> int:
    with closing(sqlite3.connect(hub.folder / "hub.db")) as database:
        return int(database.execute("SELECT coalesce(sum(records), 0) FROM backfill_windows").fetchone()[0])


def test_records_that_vanish_from_a_window_are_found_by_the_proof(box: Sandbox, tmp_path: Path) -> None:
    live, past = _hub(tmp_path / "live", box), _hub(tmp_path / "past", box)
    live.run("sync", "--no-sweeps")
    box.post("faults", next=["none"] * 3 + ["vanish"] * 12)
    report = _report(past, "mentions", "--since", _SINCE)
    since, until = (datetime.fromisoformat(report[name]) for name in ("since", "until"))
    assert sum(day["mended"] for day in report["days"]) > 5
    assert report["ok"]
    assert _messages(past, since, until) == _messages(live, since, until)


def test_what_is_counted_and_never_listed_stays_a_gap_that_is_named(box: Sandbox, tmp_path: Path) -> None:
    past = _hub(tmp_path / "past", box)
    box.post("faults", next=["vanish"] * 1000)
    done = past.run("backfill", "mentions", "--since", _SINCE)
    assert (done.returncode, "a gap: the source says" in done.stderr) == (1, True), done.stderr
    assert "though it was read again" in done.stderr
    box.post("faults", profile="none")
    again = _report(past, "mentions", "--since", _SINCE, "--again")
    assert (again["ok"], again["gaps"]) == (True, 0)


def test_a_live_poll_beside_it_finds_places_free(tmp_path: Path) -> None:
    limit = "20/4s"
    with _box(tmp_path, ("youscan",), "--history-days", "300", limit=limit, items=300) as box:
        hub = _hub(tmp_path / "hub", box, f'rate = "{limit}"\npage_size = 100')
        while hub.run("sync", "--no-sweeps").returncode:
            time.sleep(0.1)
        alone = min(_took(hub) for _ in range(2))
        with hub.start("backfill", "mentions", "--since", "290d") as process:
            time.sleep(4)
            beside = [_took(hub) for _ in range(2)]
            assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=20)
        client = box.ledger("youscan")["client"]
    assert process.returncode == 130, said
    assert '"hub backfill mentions" goes on with what is unfinished' in said
    assert client["over_limit"] == 0
    assert min(beside) < alone + 1.5, "it waited until a window had moved on"


def _took(hub: Hub) -> float:
    started = time.monotonic()
    done = hub.run("sync", "--no-sweeps")
    assert done.returncode == 0, done.stderr
    return time.monotonic() - started


def test_a_replay_shows_and_stores_what_todays_rules_change_and_then_nothing(box: Sandbox, tmp_path: Path) -> None:
    hub = _hub(tmp_path / "hub", box)
    assert hub.run("backfill", "mentions", "--since", _SINCE).returncode == 0
    rules = hub.folder / "rules"
    rules.mkdir()
    (rules / "10.yaml").write_text(
        "rules:\n  - name: all\n    when: {kind: [mention]}\n    then: {queue: everything}\n"
    )
    settings = hub.folder / "hub.toml"
    settings.write_text(settings.read_text().replace("\nstore", '\nrules = "rules"\nstore', 1))
    shown = json.loads(hub.run("replay", "--json").stdout)
    before = hub.tickets()
    number = len(before)
    assert (shown["applied"], len(shown["tickets_changed"]), shown["fields"]["decided.queue"]) == (
        False,
        number,
        number,
    )
    assert {ticket["queue"] for ticket in before} == {None}
    ticket = before[0]["id"]
    assert hub.run("tickets", "set", ticket, "--queue", "mine").returncode == 0
    assert hub.run("replay", "--apply").returncode == 0
    queues = {one["id"]: one["queue"] for one in hub.tickets()}
    assert queues.pop(ticket) == "mine"
    assert set(queues.values()) == {"everything"}
    assert "nothing changes" in hub.run("replay").stderr
