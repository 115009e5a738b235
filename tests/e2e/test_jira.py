"""Jira in both editions: a sync that is killed anywhere under faults reads everything and makes each issue once."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Hub, Sandbox, differences, sandbox

_KILLS = 20
_ESCALATED = 6
_RATE = "60/1s"
_COMMON = f'rate = "{_RATE}"\npage_size = 20\ntimeout = "2s"'


def _seed() -> random.Random:
    return random.Random(int(os.environ.get("HUB_KILL_SEED", "11")))


def _kill_once(hub: Hub, rng: random.Random) -> bool:
    """Start a sync, kill it at a random moment; return whether it was still running."""
    with hub.start("sync", *_names(hub)) as process:
        time.sleep(rng.uniform(0.35, 1.2))
        running = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return running


def _names(hub: Hub) -> list[str]:
    """Return the instances by name: what is asked for by name does not wait after failures."""
    text = (hub.folder / "hub.toml").read_text()
    return [line[len("[instances.") : -1] for line in text.splitlines() if line.startswith("[instances.")]


def test_kills_under_faults_lose_no_issue_and_double_none(tmp_path: Path) -> None:
    rng = _seed()
    options = ("--seed", "5", "--items", "150", "--faults", "flaky")
    limits = ("--limit", f"jira={_RATE}", "--limit", f"jira-dc={_RATE}")
    with sandbox(tmp_path, "jira", "jira-dc", *options, *limits) as box:
        hub = Hub.for_sandbox(tmp_path, box, _COMMON)
        killed = 0
        for number in range(_KILLS):
            if number % 5 == 4:
                box.post("advance", seconds=3600)
            killed += _kill_once(hub, rng)
        box.post("faults", profile="none")
        for _ in range(2):  # the first may have been left with a sweep that is not due yet; the index lags by a second
            time.sleep(1.1)
            done = hub.run("sync")
        assert done.returncode == 0, done.stderr
        tickets = hub.tickets()
        for vendor in ("jira", "jira-dc"):
            assert differences(box, vendor, tickets) == []
            assert box.ledger(vendor)["client"]["over_limit"] == 0
    assert killed >= _KILLS // 2, "most runs ended before they were killed: the test proves little"


def test_kills_and_lost_answers_make_exactly_one_issue_of_each_ticket(tmp_path: Path) -> None:
    rng = _seed()
    options = ("--seed", "5", "--items", "20", "--future", "0")
    limits = ("--limit", f"jira={_RATE}", "--limit", f"jira-dc={_RATE}", "--limit", "pointer=off")
    with sandbox(tmp_path, "pointer", "jira", "jira-dc", *options, *limits) as box:
        hub = Hub.for_sandbox(tmp_path, box, _COMMON)
        assert hub.run("sync").returncode == 0
        chosen = [ticket["id"] for ticket in hub.tickets() if ticket["connector"] == "pointer"][:_ESCALATED]
        for number, ticket in enumerate(chosen):
            assert hub.run("tickets", "escalate", ticket, "--to", ("cloud", "server")[number % 2]).returncode == 0
        for profile in ("lost", "flaky") * (_KILLS // 4):
            for vendor in ("jira", "jira-dc"):
                box.post("faults", profile=profile, seed=rng.randrange(1000), vendor=vendor)
            _kill_once(hub, rng)
        box.post("faults", profile="none")
        _until_all_is_sent(hub)
        assert _tickets_of_issues(box) == Counter(chosen)
        time.sleep(1.1)  # until the index has the last of them
        assert hub.run("sync").returncode == 0
        tickets = hub.tickets()
        assert [len(ticket["links"]) for ticket in tickets if ticket["id"] in chosen] == [1] * _ESCALATED
        made = {item["source_id"] for vendor in ("jira", "jira-dc") for item in _made(box, vendor)}
        assert not [ticket for ticket in tickets if ticket["thread"] in made], "our own cases are no tickets"


@pytest.fixture
def both(tmp_path: Path) -> Iterator[tuple[Hub, Sandbox]]:
    """A quiet site of either edition, and a hub that knows them and a source of tickets."""
    vendors = ("pointer", "jira", "jira-dc")
    limits = [word for vendor in vendors for word in ("--limit", f"{vendor}=off")]
    with sandbox(tmp_path, *vendors, "--seed", "3", "--items", "30", "--future", "0", *limits) as box:
        yield Hub.for_sandbox(tmp_path, box, 'rate = "100/1s"'), box


def test_a_refused_token_pauses_its_site_alone_and_resume_lets_it_go_on(both: tuple[Hub, Sandbox]) -> None:
    hub, box = both
    box.post("jira/change", action="revoke_key")
    refused = hub.run("sync")
    assert refused.returncode == 1
    assert 'instance "cloud" is paused: 401' in refused.stderr
    assert "id.atlassian.com" in refused.stderr
    assert "sandbox-jira-token" not in refused.stderr + refused.stdout
    assert {ticket["instance"] for ticket in hub.tickets()} == {"maps", "server"}, "the others go on"
    box.post("jira/change", action="restore_key")
    assert hub.run("resume", "cloud").returncode == 0
    assert hub.run("sync").returncode == 0
    assert differences(box, "jira", hub.tickets()) == []


def test_check_names_missing_rights_and_what_to_do(both: tuple[Hub, Sandbox]) -> None:
    hub, box = both
    assert hub.run("check").returncode == 0
    box.post("jira-dc/change", action="deny", project="CLAIMS", rights=["CREATE_ISSUES"])
    found = hub.run("check")
    assert found.returncode == 1
    assert "in project CLAIMS the account lacks CREATE_ISSUES" in " ".join(found.stdout.split())
    assert "ask Jira's administrator for the rights" in found.stderr


def test_a_deleted_issue_is_hidden_and_a_moved_one_stays_the_same_ticket(both: tuple[Hub, Sandbox]) -> None:
    hub, box = both
    assert hub.run("sync").returncode == 0
    chosen = {vendor: _old_issues(box, vendor)[:2] for vendor in ("jira", "jira-dc")}
    for vendor, (gone, moved) in chosen.items():
        box.post(f"{vendor}/change", action="delete", id=gone)
        box.post(f"{vendor}/change", action="move", id=moved)
    time.sleep(1.1)  # the index lags, and the sweep of ids is due again
    assert hub.run("sync").returncode == 0
    tickets = hub.tickets()
    for vendor, (gone, moved) in chosen.items():
        site = f"{box.urls[vendor]}/browse/"
        mine = {one["thread"]: one for one in tickets if one["connector"] == "jira" and one["url"].startswith(site)}
        assert mine[gone]["state"] == "hidden"
        assert mine[moved]["extra"]["key"] == _item(box, vendor, moved)["key"]
        assert differences(box, vendor, tickets) == []


@pytest.mark.parametrize("settings", ['project = "CLAIMS"', 'project = "DEV"\njql = "project = CLAIMS"'])
def test_what_happens_in_an_issue_comes_back_to_its_ticket(both: tuple[Hub, Sandbox], settings: str) -> None:
    """Also where it was created in a project that is not read."""
    hub, box = both
    file = hub.folder / "hub.toml"
    file.write_text(file.read_text().replace('project = "CLAIMS"', settings))
    assert hub.run("sync").returncode == 0
    maps = [ticket for ticket in hub.tickets() if ticket["connector"] == "pointer"]
    chosen = [ticket["id"] for ticket in maps if ticket["state"] == "new"][:2]
    for to, ticket in zip(("cloud", "server"), chosen, strict=True):
        assert hub.run("tickets", "escalate", ticket, "--to", to).returncode == 0
    assert hub.run("sync").returncode == 0
    made = [_made(box, vendor)[0]["source_id"] for vendor in ("jira", "jira-dc")]
    for vendor, issue in zip(("jira", "jira-dc"), made, strict=True):
        box.post(f"{vendor}/change", action="comment", id=issue, text="Проверили, деньги вернутся завтра")
        box.post(f"{vendor}/change", action="assign", id=issue, user="557058:9c1f6a3e-0001-4d00-b0b8-4e4c6f1c2a01")
        box.post(f"{vendor}/change", action="transition", id=issue, status="10003")
    time.sleep(1.1)  # the index lags
    assert hub.run("sync").returncode == 0
    after = {ticket["id"]: ticket for ticket in hub.tickets()}
    for ticket, issue in zip(chosen, made, strict=True):
        (link,) = after[ticket]["links"]
        assert (link["external_id"], link["state"], link["assignee"]) == (issue, "Done", "Олег Ким")
        assert after[ticket]["state"] == "open", "the last case that it waited for is done"
        notes = [message["body"] for message in after[ticket]["messages"] if message["direction"] == "note"]
        assert "Проверили, деньги вернутся завтра" in notes
        assert "assignee: — → Олег Ким" in notes


def _old_issues(box: Sandbox, vendor: str) -> list[str]:
    """Return issues older than the days at the window's end, of which an inventory says nothing."""
    until = (datetime.now(UTC) - timedelta(days=3)).isoformat()
    items = box.ledger(vendor)["items"]
    sound = [item for item in items if "/" not in item["source_id"] and not item["broken"]]
    return [item["source_id"] for item in sound if item["published_at"] < until]


def _item(box: Sandbox, vendor: str, source_id: str) -> dict[str, Any]:
    return next(item for item in box.ledger(vendor)["items"] if item["source_id"] == source_id)


_APP = """
store = "sqlite:///hub.db"

[instances.cloud]
connector = "jira"
base_url = "{url}/ex/jira/0b0d6c1e-0000-4000-8000-00000000c10d"
site = "{url}"
token_url = "{url}/oauth/token"
client_id = "sandbox-jira-client"
client_secret = {{ file = "client-secret" }}
token = {{ file = "first-refresh-token" }}
"""


def test_an_app_reads_through_the_gateway_with_tokens_that_rotate(tmp_path: Path) -> None:
    with sandbox(tmp_path, "jira", "--items", "20", "--future", "0", "--limit", "jira=off") as box:
        (tmp_path / "hub.toml").write_text(_APP.format(url=box.urls["jira"]))
        (tmp_path / "client-secret").write_text("sandbox-jira-client-secret\n")
        (tmp_path / "first-refresh-token").write_text("sandbox-jira-refresh-0\n")
        hub = Hub(tmp_path, box.keys)
        for hours in range(3):
            done = hub.run("sync")
            assert done.returncode == 0, done.stderr
            refreshed = [one for one in box.ledger("jira")["client"]["writes"] if one["action"] == "refresh"]
            assert len(refreshed) == hours + 1, "an access token is used as long as it lasts"
            box.post("advance", seconds=3700)
        assert differences(box, "jira", hub.tickets()) == []
        kept = [
            path for path in (tmp_path / "state").rglob("*") if path.is_file() and b"refresh-3" in path.read_bytes()
        ]
        assert [path.stat().st_mode & 0o777 for path in kept] == [0o600]
        told = hub.run("sync", "-v")
        assert "sandbox-jira-refresh" not in told.stdout + told.stderr
        assert b"sandbox-jira-" not in (tmp_path / "hub.db").read_bytes()


def _until_all_is_sent(hub: Hub) -> None:
    deadline = time.monotonic() + 90
    while rows := json.loads(hub.run("outbox", "--json").stdout):
        assert not [row for row in rows if row["state"] == "failed"], rows
        assert time.monotonic() < deadline, rows
        time.sleep(1.0)
        hub.run("sync", "cloud", "server")


def _made(box: Sandbox, vendor: str) -> list[dict[str, Any]]:
    items = box.ledger(vendor)["items"]
    return [item for item in items if item.get("by_client") and "/" not in item["source_id"]]


def _tickets_of_issues(box: Sandbox) -> Counter[str]:
    made = [item for vendor in ("jira", "jira-dc") for item in _made(box, vendor)]
    return Counter(item["properties"]["hub.ticket"]["id"] for item in made)
