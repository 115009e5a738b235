"""Real ``hub`` processes killed at many moments against a desk that counts what is made: one case per ticket.

Both ways to a case are tried: escalated by a person, and delivered by ``[deliver]``.

The source is the sandbox of YouScan, the destination a desk in this process, on real HTTP, with a search that lags.
"""

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main, output
from hub.cli.output import Lines
from hub.runtime.outbox_run import OUTBOX
from hub.runtime.side_run import side_key
from hub.store import open_store
from tests.desk.install import install
from tests.desk.server import KEY, Desk, Served
from tests.e2e.harness import sandbox

ROOT = Path(__file__).parents[2]
TICKETS = 20
KILLS = 24
_TOML = """
store = "sqlite:///hub.db"

[instances.mentions]
connector = "youscan"
base_url = "{youscan}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
sweeps = "off"

[instances.desk]
connector = "desk"
base_url = "{desk}"
token = {{ env = "DESK_KEY" }}
timeout = "1s"
index_s = 1
sweeps = "off"

[instances.desk.map]
department.claims = "Claims group"
"""
_DELIVER = """
[deliver]
to = ["desk"]
"""


@dataclass(frozen=True)
class Hub:
    """A folder with a hub.toml, and the commands run in it."""

    folder: Path
    env: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "hub", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, cwd=self.folder, env=self.env, text=True, stdout=pipe, stderr=pipe)

    def run(self, *arguments: str, ok: bool = True) -> str:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=120)
        assert (process.returncode == 0) is ok, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out + err

    def json(self, *arguments: str) -> Any:
        with self.start(*arguments, "--json") as process:
            out, err = process.communicate(timeout=120)
        assert out, err
        return json.loads(out)


@pytest.fixture
def desk() -> Desk:
    return Desk(index_s=0.5)


@pytest.fixture
def hub(tmp_path: Path, desk: Desk) -> Iterator[Hub]:
    """The desk's connector is installed as a distribution would be, on a path of its own."""
    site = install(tmp_path)
    with sandbox(tmp_path, "youscan", "--seed", "3", "--items", "120") as box, Served(desk) as served:
        (tmp_path / "hub.toml").write_text(_TOML.format(youscan=box.urls["youscan"], desk=served.url))
        more = {"HUB_STATE_DIR": str(tmp_path / "state"), "YOUSCAN_API_KEY": box.keys["youscan"], "DESK_KEY": KEY}
        path = os.pathsep.join([str(site), str(ROOT)])
        yield Hub(tmp_path, {**os.environ, **more, "PYTHONPATH": path, "NO_COLOR": "1"})


def escalated(hub: Hub, number: int) -> list[str]:
    """Read the mentions and escalate some of them; return their ids."""
    hub.run("sync", "mentions")
    ids = [ticket["id"] for ticket in hub.json("tickets", "list", "--limit", str(number))]
    assert len(ids) == number
    with open_store(f"sqlite:///{hub.folder / 'hub.db'}") as store:
        for one in ids:
            store.ask_case(one, "desk", "claims")
    return ids


def delivered(hub: Hub, number: int) -> list[str]:
    """Read the mentions, some of which are to be delivered; return their ids."""
    with (hub.folder / "hub.toml").open("a", encoding="utf-8") as file:
        file.write(_DELIVER)
    hub.run("sync", "mentions")
    rows = hub.json("outbox", "--instance", "desk", "--limit", "1000")
    assert {row["role"] for row in rows} == {"delivered"}
    assert len(rows) == len(hub.json("tickets", "list", "--limit", "1000"))
    hub.run("outbox", "drop", "--yes", *(str(row["n"]) for row in rows[number:]))
    return [row["ticket"] for row in rows[:number]]


def test_a_sync_into_a_pipe_says_now_and_then_how_many_deliveries_are_sent(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    escalated(hub, 3)
    site, *_ = hub.env["PYTHONPATH"].split(os.pathsep)
    monkeypatch.syspath_prepend(site)
    monkeypatch.chdir(hub.folder)
    for name in ("HUB_STATE_DIR", "YOUSCAN_API_KEY", "DESK_KEY"):
        monkeypatch.setenv(name, hub.env[name])
    minutes = (60.0 * number for number in count())
    monkeypatch.setattr(output, "Lines", lambda: Lines(lambda: next(minutes)))
    assert main(["sync", "desk"]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if line.endswith("deliveries sent")]
    assert said == [f"desk: {sent} of 3 deliveries sent" for sent in (1, 2, 3)]


@pytest.mark.parametrize(("asked", "state", "kills"), [(escalated, "on_hold", KILLS), (delivered, "new", KILLS // 2)])
def test_one_case_per_ticket_though_the_process_is_killed_at_many_moments(
    hub: Hub, desk: Desk, asked: Callable[[Hub, int], list[str]], state: str, kills: int
) -> None:
    ids = asked(hub, TICKETS)
    rng = random.Random(int(os.environ.get("HUB_KILL_SEED", "7")))
    killed = 0
    for number in range(kills):
        desk.faults.extend(rng.choices((None, "lost", "late", "error"), weights=(8, 2, 1, 1), k=2))
        made = len(desk.cases)
        with hub.start("sync", "desk") as process:
            _wait_for_news(desk, made, rng)
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.communicate()
        if number % 6 == 5:
            time.sleep(2.2)  # what is unsure may be looked up for good
    desk.faults.clear()
    deadline = time.monotonic() + 60
    while hub.json("outbox"):
        assert time.monotonic() < deadline, hub.run("outbox")
        time.sleep(0.5)
        with hub.start("sync", "desk") as process:
            process.communicate()
    assert killed >= kills // 3, "most runs ended before they were killed: the test proves little"
    assert set(desk.by_marker().values()) == {1}, "a ticket has two cases"
    assert len(desk.cases) == TICKETS
    tickets = {ticket["id"]: ticket for ticket in _exported(hub)}
    linked = Counter(link["external_id"] for one in ids for link in tickets[one]["links"])
    assert linked == Counter(list(desk.cases))
    assert {tickets[one]["state"] for one in ids} == {state}
    assert {tuple(tickets[one]["set_by_hand"]) for one in ids} == {()}, "what we wrote ourselves is nobody's decision"
    assert not [ticket for ticket in tickets.values() if ticket["connector"] == "desk"]


def test_one_case_per_ticket_though_two_users_run_the_hub_on_one_store(
    hub: Hub, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered(hub, TICKETS)
    hub.run("pause", "mentions")
    answer, reached, go_on = desk.answer, threading.Event(), threading.Event()

    def slowly(method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "POST":  # the second user comes while the first delivers
            reached.set()
            go_on.wait(10)
        return answer(method, path, body)

    monkeypatch.setattr(desk, "answer", slowly)
    other = replace(hub, env={**hub.env, "HUB_STATE_DIR": str(tmp_path / "state of another user")})
    settings = tmp_path / "hub.toml"
    patient = settings.read_text(encoding="utf-8").replace('timeout = "1s"', 'timeout = "30s"')
    settings.write_text(f'listen = "off"\n{patient}', encoding="utf-8")
    with hub.start("run") as process:
        try:
            assert reached.wait(60)
            said = other.run("sync", "desk")
            go_on.set()
            _until(lambda: hub.json("outbox") == [])
        finally:
            process.terminate()
            process.communicate()
    assert "another run of this outbox is under way" in said
    assert set(desk.by_marker().values()) == {1}, "a ticket has two cases"
    assert len(desk.cases) == TICKETS


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def _wait_for_news(desk: Desk, made: int, rng: random.Random) -> None:
    """Return a moment after the desk has made something, or when the run is old enough."""
    deadline = time.monotonic() + rng.uniform(0.4, 1.5)
    while len(desk.cases) == made and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(rng.uniform(0, 0.02))


def _exported(hub: Hub) -> list[dict[str, Any]]:
    return [json.loads(line) for line in hub.run("tickets", "export").splitlines() if line.startswith("{")]


def test_an_escalation_goes_out_and_its_answer_comes_back(hub: Hub, desk: Desk) -> None:
    hub.run("sync", "mentions")
    ticket = hub.json("tickets", "list", "--limit", "1")[0]["id"]
    said = hub.run("tickets", "escalate", ticket, "--to", "desk", "--department", "claims")
    assert re.search('delivery 1 to desk waits; "hub sync" sends it', said)
    assert "is asked for already: delivery 1" in hub.run("tickets", "escalate", ticket[:8], "--to", "desk")
    strange = hub.run("tickets", "escalate", ticket, "--to", "desk", "--department", "clams")
    assert 'has no department.clams (it has: claims); did you mean "claims"?' in strange
    assert [row["effect"] for row in hub.json("outbox")] == ["create"]
    shown = hub.json("outbox", "show", "1")["begins_with"]
    assert (shown["method"], shown["path"], shown["body"]["department"]) == ("POST", "/cases", "Claims group")
    assert "begins with POST /cases" in hub.run("outbox", "show", "1")
    assert desk.asked == [], "to show is not to send"
    said = hub.run("sync")
    assert "desk: 1 delivery was sent" in said
    assert desk.cases["C-1"].department == "Claims group"
    assert "it has an open case there: https://desk.example/C-1" in hub.run(
        "tickets", "escalate", ticket, "--to", "desk"
    )
    desk.say("C-1", "we refund it")
    desk.change("C-1", state="done", assignee="Anna")
    hub.run("sync")
    story = hub.run("tickets", "show", ticket)
    assert "escalated to desk: C-1 (done, Claims group, Anna, https://desk.example/C-1)" in story
    assert re.search(r"escalated to desk, claims: C-1 exists there", story)
    assert "we refund it" in story
    assert "state: on_hold → open" in story


def test_a_desk_that_is_down_fails_the_sync_and_is_then_left_alone(hub: Hub, desk: Desk) -> None:
    escalated(hub, 3)
    desk.always = "error"
    assert "500 from POST /cases" in hub.run("sync", ok=False)
    asked = len(desk.asked)
    assert "left alone until" in hub.run("sync", ok=False)
    assert [one for one in desk.asked[asked:] if one[0] == "POST"] == []
    assert "outbox: 500 from POST /cases" in " ".join(hub.run("status").split())
    desk.always = None
    time.sleep(2.1)  # until a look-up can be believed
    assert "3 deliveries were sent" in hub.run("sync", "desk")


def test_after_the_clock_was_set_back_a_desk_that_was_down_is_not_left_alone(hub: Hub, desk: Desk) -> None:
    escalated(hub, 1)
    with open_store(f"sqlite:///{hub.folder / 'hub.db'}") as store:
        store._now = lambda: datetime.now(UTC) + timedelta(days=400)
        store.stream_finished(side_key("desk", OUTBOX), "down")
    told = hub.run("sync")
    assert "left alone" not in told
    assert "1 delivery was sent" in told


def test_a_desk_is_well_again_when_what_it_failed_on_is_dropped(hub: Hub, desk: Desk) -> None:
    escalated(hub, 1)
    desk.always = "error"
    hub.run("sync", "desk", ok=False)
    [row] = hub.json("outbox")
    assert "failing" in hub.run("status")
    hub.run("outbox", "drop", str(row["n"]))
    hub.run("sync")
    assert "failing" not in hub.run("status")


def test_refused_credentials_pause_the_desk_and_nothing_else(hub: Hub, desk: Desk) -> None:
    escalated(hub, 1)
    hub.env["DESK_KEY"] = "another-key"
    said = hub.run("sync", ok=False)
    assert 'instance "desk" is paused' in said
    assert "another-key" not in said
    hub.env["DESK_KEY"] = KEY
    hub.run("resume", "desk")
    hub.run("sync")
    assert len(desk.cases) == 1


def test_what_the_desk_refuses_waits_for_a_person(hub: Hub, desk: Desk) -> None:
    escalated(hub, 1)
    desk.faults.append(None)  # its changes are read first
    desk.faults.append("refused")
    said = hub.run("sync", ok=False)
    assert "the desk refuses the case: the field Project is required" in said
    assert "set aside" in hub.run("outbox")
    [row] = hub.json("outbox")
    hub.run("outbox", "retry", str(row["n"]))
    hub.run("sync")
    assert len(desk.cases) == 1


def test_an_instance_that_cannot_escalate_is_refused_with_what_it_can(hub: Hub) -> None:
    hub.run("sync", "mentions")
    ticket = hub.json("tickets", "list", "--limit", "1")[0]["id"]
    said = hub.run("tickets", "escalate", ticket, "--to", "mentions", ok=False)
    assert '"youscan" has no ability escalate, only act, pull' in said


def test_a_dry_run_shows_what_would_be_sent_and_sends_nothing(hub: Hub, desk: Desk) -> None:
    delivered(hub, 2)
    found = hub.json("outbox", "--dry-run")
    assert [one["begins_with"]["path"] for one in found] == ["/cases", "/cases"]
    assert found[0]["begins_with"]["body"]["summary"].startswith("No category; normal priority")
    assert "nothing was sent" in hub.run("outbox", "--dry-run", "--instance", "desk")
    assert desk.asked == []
    desk.faults.extend((None, "lost"))  # its changes are read first
    hub.run("sync", "desk", ok=False)
    unsure = next(one for one in hub.json("outbox", "--dry-run") if one["if_nothing_is_found"])
    assert unsure["begins_with"]["method"] == "GET"
    assert unsure["if_nothing_is_found"]["body"]["marker"] == unsure["delivery"]["marker"]
    assert "if nothing is found" in hub.run("outbox", "--dry-run")


def test_what_operators_do_comes_back_and_what_is_decided_here_goes_there(hub: Hub, desk: Desk) -> None:
    [ticket] = delivered(hub, 1)
    hub.run("sync")
    desk.change("C-1", priority="urgent", assignee="Anna", state="waiting", tags=["vip"], rating=5)
    desk.say("C-1", "we look into it", "out")
    hub.run("sync")
    found = hub.json("tickets", "show", ticket)
    assert (found["priority"], found["assignee"], found["state"], found["tags"]) == (
        "urgent",
        "Anna",
        "pending",
        ["vip"],
    )
    assert found["links"][0]["rating"] == 5
    assert "out" in [message["direction"] for message in found["messages"]]
    hub.run("tickets", "set", ticket, "--priority", "low", "--state", "solved")
    hub.run("sync")
    assert desk.changed == [("C-1", {"priority": "low", "state": "done"})]
    hub.run("sync")
    assert len(desk.changed) == 1
    assert hub.json("tickets", "show", ticket)["state"] == "solved"
