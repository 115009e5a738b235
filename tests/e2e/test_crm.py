"""CRMs with real processes: reading through kills and faults, and tasks that are made once whatever happens."""

import json
import os
import random
import re
import signal
import stat
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Hub, Sandbox, differences, sandbox

_KILLS = 16
_LIMIT = "40/1s"
_VENDORS = ("bitrix24", "amocrm")
_INSTANCES = {"bitrix24": "portal", "amocrm": "sales"}
_COMMON = f'rate = "{_LIMIT}"\ntimeout = "2s"'
_LIMITS = tuple(option for vendor in _VENDORS for option in ("--limit", f"{vendor}={_LIMIT}"))
_TOML = """
store = "sqlite:///hub.db"

[instances.portal]
connector = "crm"
product = "bitrix24"
read = ["tasks", "leads", "deals"]
responsible = 9
{portal}
{common}
sweeps = {{ comments = "1s", deleted = "1s" }}

[instances.sales]
connector = "crm"
product = "amocrm"
base_url = "{amocrm}"
read = ["tasks", "leads"]
responsible = 3785711
page_size = 20
{sales}
{common}
sweeps = {{ deleted = "1s" }}
{more}
"""
_MENTIONS = """
[instances.mentions]
connector = "youscan"
base_url = "{youscan}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
{common}
"""
_APP = """
base_url = "{bitrix24}"
client_id = "sandbox-bitrix24-app"
client_secret = {{ env = "BITRIX24_SECRET" }}
refresh_token = {{ env = "BITRIX24_REFRESH" }}
token_url = "/oauth/token"
"""
_INTEGRATION = """
client_id = "sandbox-amocrm-app"
client_secret = { env = "AMOCRM_SECRET" }
refresh_token = { env = "AMOCRM_REFRESH" }
redirect_uri = "https://hub.example/amocrm"
"""
_WEBHOOK = 'webhook_url = { env = "BITRIX24_WEBHOOK" }'
_TOKEN = 'token = { env = "AMOCRM_TOKEN" }'


def _hub(folder: Path, box: Sandbox, *, portal: str = _WEBHOOK, sales: str = _TOKEN, more: str = "", **env: str) -> Hub:
    """Return a hub on both CRMs; its credentials stand in the file beside its settings."""
    text = _TOML.format(common=_COMMON, portal=portal.strip(), sales=sales.strip(), more=more, **box.urls)
    (folder / "hub.toml").write_text(text)
    known = {
        "BITRIX24_WEBHOOK": f"{box.urls['bitrix24']}/rest/1/{box.keys['bitrix24']}/",
        "AMOCRM_TOKEN": box.keys["amocrm"],
        **env,
    }
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in known.items()))
    return Hub(folder, {"youscan": box.keys.get("youscan", "none"), "pointer": "none"})


def _kill_once(hub: Hub, rng: random.Random, *arguments: str) -> bool:
    """Start a command, kill it at a random moment; return whether it was still running."""
    with hub.start(*arguments) as process:
        time.sleep(rng.uniform(0.5, 1.6))
        running = process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return running


def test_kills_under_faults_lose_no_task_lead_or_comment_and_double_none(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("HUB_KILL_SEED", "11")))
    with sandbox(tmp_path, *_VENDORS, "--seed", "5", "--items", "150", "--faults", "flaky", *_LIMITS) as box:
        hub, killed = _hub(tmp_path, box), 0
        for number in range(_KILLS):
            if number % 4 == 3:
                box.post("advance", seconds=3600)
            killed += _kill_once(hub, rng, "sync")
        box.post("faults", profile="none")
        for _ in range(3):  # the first may have been left with a sweep that is not due yet
            time.sleep(1.1)
            done = hub.run("sync")
        assert done.returncode == 0, done.stderr
        tickets = hub.tickets()
        for vendor in _VENDORS:
            assert differences(box, vendor, tickets) == []
            client = box.ledger(vendor)["client"]
            assert client["over_limit"] == 0
            assert client["max_in_window"] <= 40
    assert killed >= _KILLS // 2, "most runs ended before they were killed: the test proves little"


def test_a_task_that_is_deleted_there_is_hidden_here(tmp_path: Path) -> None:
    with sandbox(tmp_path, *_VENDORS, "--items", "40", "--future", "0", *_LIMITS) as box:
        hub = _hub(tmp_path, box)
        assert hub.run("sync").returncode == 0
        # An inventory says nothing of its last day.
        old = {ticket["thread"]: ticket for ticket in hub.tickets() if ticket["created_at"] < _days_ago(3)}
        for vendor in _VENDORS:
            thread = next(key for key, one in old.items() if one["platform"] == vendor and key.startswith("task/"))
            box.post(f"{vendor}/change", action="delete", id=thread.removeprefix("task/"))
            time.sleep(1.1)
            done = hub.run("sync")
            assert done.returncode == 0, done.stderr
            states = {ticket["thread"]: ticket["state"] for ticket in hub.tickets() if ticket["platform"] == vendor}
            assert states[thread] == "hidden"
            assert Counter(states.values())["hidden"] == 1


def _days_ago(days: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - days * 86400))


# --- escalations ------------------------------------------------------------------------------------------------


def _waiting(hub: Hub) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(hub.run("outbox", "--json").stdout)
    return found


def _made(box: Sandbox, vendor: str) -> list[str]:
    """Return the marker of every task that was really made at *vendor*."""
    writes = [write for write in box.ledger(vendor)["client"]["writes"] if write["action"] == "task.add"]
    return [re.findall(r"hub-[0-9a-f]{24}", json.dumps(write))[0] for write in writes]


@pytest.fixture
def escalating(tmp_path: Path) -> Iterator[tuple[Hub, Sandbox, list[str]]]:
    """A hub with mentions to escalate, and their ids."""
    options = ("--items", "12", "--seed", "3", "--future", "0", *_LIMITS, "--limit", f"youscan={_LIMIT}")
    with sandbox(tmp_path, "youscan", *_VENDORS, *options) as box:
        hub = _hub(tmp_path, box, more=_MENTIONS.format(common=_COMMON, **box.urls))
        assert hub.run("sync").returncode == 0
        yield hub, box, [ticket["id"] for ticket in hub.tickets() if ticket["connector"] == "youscan"][:5]


def test_each_escalation_is_one_task_though_answers_are_lost_and_the_hub_is_killed(
    escalating: tuple[Hub, Sandbox, list[str]],
) -> None:
    hub, box, ids = escalating
    rng = random.Random(7)
    for ticket in ids:
        for instance in _INSTANCES.values():
            assert hub.run("tickets", "escalate", ticket, "--to", instance).returncode == 0
    for number in range(6):
        for vendor in _VENDORS:
            box.post("faults", next=["none"] * (3 + number) + ["lost", "lost"], vendor=vendor)
        _kill_once(hub, rng, "sync", *_INSTANCES.values(), "--no-sweeps")
        hub.run("outbox", "retry", "--all")
    for vendor in _VENDORS:
        box.post("faults", profile="none", vendor=vendor)
    deadline = time.monotonic() + 180
    while _waiting(hub) and time.monotonic() < deadline:
        time.sleep(2)
        hub.run("outbox", "retry", "--all")
        hub.run("sync", *_INSTANCES.values(), "--no-sweeps")
    assert _waiting(hub) == []
    for vendor in _VENDORS:
        made = _made(box, vendor)
        assert len(made) == len(set(made)) == len(ids)


def test_what_is_done_and_said_there_comes_back_to_the_ticket_and_never_becomes_another(
    escalating: tuple[Hub, Sandbox, list[str]],
) -> None:
    hub, box, ids = escalating
    before = len(hub.tickets())
    for ticket, instance in zip(ids, _INSTANCES.values(), strict=False):
        assert hub.run("tickets", "escalate", ticket, "--to", instance).returncode == 0
    assert hub.run("sync").returncode == 0
    tickets = {ticket["id"]: ticket for ticket in hub.tickets()}
    assert len(tickets) == before
    links = [tickets[ticket]["links"][0] for ticket in ids[:2]]
    assert [tickets[ticket]["state"] for ticket in ids[:2]] == ["on_hold", "on_hold"]
    portal, sales = (link["external_id"].removeprefix("task/") for link in links)
    box.post("bitrix24/change", action="comment", id=portal, text="Деньги вернули, напишите клиенту")
    box.post("bitrix24/change", action="assign", id=portal, responsible=12, group=32)
    box.post("bitrix24/change", action="finish", id=portal)
    box.post("amocrm/change", action="finish", id=sales, text="Перезвонил, договорились")
    time.sleep(1.1)
    assert hub.run("sync").returncode == 0
    tickets = {ticket["id"]: ticket for ticket in hub.tickets()}
    assert len(tickets) == before
    first, second = (tickets[ticket] for ticket in ids[:2])
    assert (first["state"], second["state"]) == ("open", "open")
    assert (first["links"][0]["department"], first["links"][0]["assignee"]) == ("Юристы", "Олег Тихий")
    assert "Деньги вернули, напишите клиенту" in [message["body"] for message in first["messages"]]
    assert "Перезвонил, договорились" in [message["body"] for message in second["messages"]]


def test_an_escalation_is_followed_though_its_instance_reads_something_else(
    escalating: tuple[Hub, Sandbox, list[str]], tmp_path: Path
) -> None:
    hub, box, ids = escalating
    settings = tmp_path / "hub.toml"
    settings.write_text(re.sub(r"(?m)^read = .*$", 'read = ["leads"]', settings.read_text()))
    before = len(hub.tickets())
    for ticket, instance in zip(ids, _INSTANCES.values(), strict=False):
        assert hub.run("tickets", "escalate", ticket, "--to", instance).returncode == 0
    assert hub.run("sync", "--no-sweeps").returncode == 0
    links = {ticket["id"]: ticket["links"] for ticket in hub.tickets() if ticket["links"]}
    portal, sales = (links[ticket][0]["external_id"].removeprefix("task/") for ticket in ids[:2])
    box.post("bitrix24/change", action="comment", id=portal, text="Деньги вернули, напишите клиенту")
    box.post("amocrm/change", action="finish", id=sales, text="Перезвонил, договорились")
    for _ in range(2):  # the second reads the same again, and makes nothing of it
        done = hub.run("sync", "--no-sweeps")
        assert done.returncode == 0, done.stderr
    tickets = {ticket["id"]: ticket for ticket in hub.tickets()}
    assert len(tickets) == before
    first, second = (tickets[ticket] for ticket in ids[:2])
    assert (first["state"], second["state"]) == ("on_hold", "open")
    assert [message["body"] for message in first["messages"]].count("Деньги вернули, напишите клиенту") == 1
    assert [message["body"] for message in second["messages"]].count("Перезвонил, договорились") == 1


# --- credentials ------------------------------------------------------------------------------------------------


def test_refresh_tokens_rotate_and_the_newest_is_kept_for_the_owner_alone(tmp_path: Path) -> None:
    secrets = {
        "BITRIX24_SECRET": "sandbox-bitrix24-secret",
        "BITRIX24_REFRESH": "sandbox-refresh-1",
        "AMOCRM_SECRET": "sandbox-amocrm-secret",
        "AMOCRM_REFRESH": "sandbox-amocrm-refresh-1",
    }
    with sandbox(tmp_path, *_VENDORS, "--items", "30", "--future", "0", *_LIMITS) as box:
        hub = _hub(tmp_path, box, portal=_APP.format(**box.urls), sales=_INTEGRATION, **secrets)
        for _ in range(3):
            done = hub.run("-v", "sync")
            assert done.returncode == 0, done.stderr
            box.post("advance", seconds=26 * 3600)  # every access token ends
        for vendor in _VENDORS:
            assert differences(box, vendor, hub.tickets()) == []
        kept = [file for file in (tmp_path / "state").rglob("*") if file.is_file() and "tokens" in file.parts]
        texts = [file.read_text(errors="replace") for file in kept]
        assert any("sandbox-refresh-" in text for text in texts)
        assert {stat.S_IMODE(file.stat().st_mode) for file in kept} == {0o600}
        for text in (done.stdout, done.stderr, json.dumps(box.ledger("bitrix24")["client"]["log"])):
            assert not re.search(r"sandbox-(amocrm-)?(access|refresh)-\d", text)


def test_the_check_names_missing_scopes_and_refused_tokens(tmp_path: Path) -> None:
    with sandbox(tmp_path, *_VENDORS, "--items", "10", *_LIMITS) as box:
        poor = f"{box.urls['bitrix24']}/rest/7/sandboxbitrix24tasks/"
        hub = _hub(tmp_path, box, BITRIX24_WEBHOOK=poor, AMOCRM_TOKEN="wrong-token-0123456789")
        checked = hub.run("check")
        told = " ".join((checked.stdout + checked.stderr).split())
        assert checked.returncode == 1
        assert "tick the scope crm, im of the webhook" in told
        assert "make a new long-lived token" in told
        assert "sandboxbitrix24tasks" not in told


def test_secrets_are_nowhere(tmp_path: Path) -> None:
    with sandbox(tmp_path, *_VENDORS, "--items", "30", *_LIMITS) as box:
        hub = _hub(tmp_path, box)
        box.post("faults", next=["500", "reset", "html", "truncated"])
        printed = [hub.run(*words) for words in (("-vv", "sync"), ("status",), ("check",), ("-vv", "sync", "portal"))]
        wrong = {
            "BITRIX24_WEBHOOK": f"{box.urls['bitrix24']}/rest/1/wrong-code-0123456789/",
            "AMOCRM_TOKEN": "wrong-token-0123456789",
        }
        hub = _hub(tmp_path, box, **wrong)
        assert "run ended" in printed[0].stderr, "what was said at length is there to be looked through"
        printed.append(hub.run("-vv", "sync"))
        (tmp_path / ".env").unlink()
        files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file() and file.name != "ready.json"]
        texts = [text.encode() for process in printed for text in (process.stdout, process.stderr)]
        for secret in (*box.keys.values(), "wrong-code-0123456789", "wrong-token-0123456789"):
            assert not any(secret.encode() in text for text in (*files, *texts))
        for vendor in _VENDORS:
            log = json.dumps(box.ledger(vendor)["client"]["log"])
            assert not any(secret in log for secret in box.keys.values())
