"""A customer who writes in two networks, with real processes: known by the phone, flagged, escalated once."""

import json
import random
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.harness import Hub, Sandbox, sandbox

_RULES = """
builtin: false
rules:
  - name: stolen
    when: {text: [украсть]}
    then: {category: complaint, at_least: 80, escalate: {to: portal, when: customer_known}}
  - name: no-calls
    when: {do_not_call: true}
    then: {tags: [do-not-call]}
  - name: silver
    when: {loyalty: [silver], customer_tickets: {at_least: 2}}
    then: {points: 5}
"""
_TOML = """
store = "sqlite:///hub.db"
rules = "rules"

[instances.mentions]
connector = "youscan"
base_url = "{youscan}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
sweeps = "off"

[instances.portal]
connector = "crm"
product = "bitrix24"
webhook_url = {{ env = "BITRIX24_WEBHOOK" }}
responsible = 9
sweeps = "off"

[instances.portal.customer]
do_not_call = "ufCrm_NO_CALLS"
loyalty = "ufCrm_LOYALTY"
names = {{ 46 = "silver" }}
"""
_LIMITS = ("--limit", "youscan=40/1s", "--limit", "bitrix24=40/1s")


def _mention(box: Sandbox, source: str, key: str, text: str, minutes: int) -> None:
    author = {"profileId": key, "name": "Тимур", "nickname": f"timur_{key}", "url": f"https://{source}/{key}"}
    published = (datetime.now(UTC) - timedelta(hours=1) + timedelta(minutes=minutes)).isoformat()
    new = {"postId": f"{key}-{minutes}", "discussionId": None, "url": f"https://{source}/{key}/{minutes}"}
    box.post("youscan/change", action="add", source=source, author=author, text=text, published=published, **new)


def _tickets(hub: Hub) -> list[dict[str, Any]]:
    """Return the customer's tickets, oldest first."""
    mine = [one for one in hub.tickets() if "timur_" in json.dumps(one["messages"], ensure_ascii=False)]
    return sorted(mine, key=lambda one: str(one["created_at"]))


def _made(box: Sandbox) -> int:
    return sum(write["action"] == "task.add" for write in box.ledger("bitrix24")["client"]["writes"])


@pytest.fixture
def joined(tmp_path: Path) -> Iterator[tuple[Hub, Sandbox]]:
    """A hub with rules on a few mentions and a portal."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text(_RULES, encoding="utf-8")
    with sandbox(tmp_path, "youscan", "bitrix24", "--items", "8", "--future", "0", *_LIMITS) as box:
        (tmp_path / "hub.toml").write_text(_TOML.format(**box.urls), encoding="utf-8")
        webhook = f"{box.urls['bitrix24']}/rest/1/{box.keys['bitrix24']}/"
        (tmp_path / ".env").write_text(f"BITRIX24_WEBHOOK={webhook}\n")
        yield Hub(tmp_path, box.keys), box


def test_a_customer_who_names_a_phone_is_known_and_what_was_proposed_is_done_once(
    joined: tuple[Hub, Sandbox],
) -> None:
    hub, box = joined
    _mention(box, "vk.com", "41", "У меня украли деньги с карты!", 0)
    assert hub.run("sync").returncode == 0
    [ticket] = _tickets(hub)
    proposed = [
        event["kind"] for event in json.loads(hub.run("tickets", "show", ticket["id"], "--json").stdout)["events"]
    ]
    assert "escalation_proposed" in proposed
    assert _made(box) == 0
    _mention(box, "ok.ru", "77", "Почему молчите? Мой телефон 8 912 000 00 08", 5)
    _mention(box, "vk.com", "41", "Жду звонка: +7 912 000-00-08", 9)
    done = hub.run("sync")
    assert done.returncode == 0, done.stderr
    assert "portal: asked about 2 customers, knows 2 of them" in done.stderr
    assert hub.run("sync").returncode == 0
    tickets = _tickets(hub)
    assert len(tickets) == 3
    assert len({one["customer_id"] for one in tickets}) == 1
    for one in tickets:
        assert one["customer"]["name"] == "Тимур Ахметов"
        assert (one["customer"]["do_not_call"], one["customer"]["loyalty"]) == (True, ["silver"])
        assert one["tags"] == ["do-not-call"]
        assert "silver" in one["decision"]["rules"]
    assert [(one["state"], len(one["links"])) for one in tickets] == [("on_hold", 1), ("new", 0), ("new", 0)]
    assert _made(box) == 1
    shown = json.loads(hub.run("customers", "show", "ok.ru:timur_77", "--json").stdout)
    assert (shown["tickets"], shown["known"], len(shown["profiles"])) == (3, True, 2)
    told = hub.run("customers", "show", tickets[0]["id"][:8], "--lang", "ru").stdout
    assert "не звонить" in told
    assert "portal нашла по +79120000008 (точно)" in told


def test_a_hub_that_is_killed_while_it_asks_knows_everybody_in_the_end_and_escalates_once(
    joined: tuple[Hub, Sandbox],
) -> None:
    hub, box = joined
    rng = random.Random(5)
    for number in range(6):
        _mention(box, "vk.com", str(40 + number), f"Украли деньги, мой телефон 8 912 000 00 0{7 + number % 2}", number)
    for _ in range(5):
        box.post("faults", next=["none"] * rng.randrange(6) + ["500"], vendor="bitrix24")
        with hub.start("sync") as process:
            time.sleep(rng.uniform(0.4, 1.1))
            process.send_signal(signal.SIGKILL)
            process.communicate()
    box.post("faults", profile="none", vendor="bitrix24")
    hub.run("outbox", "retry", "--all")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done = hub.run("sync", "mentions", "portal")
        if done.returncode == 0 and json.loads(hub.run("outbox", "--json").stdout) == []:
            break
        time.sleep(1)
    tickets = _tickets(hub)
    assert [one["customer"]["name"] for one in tickets] == ["Вера Климова", "Тимур Ахметов"] * 3
    assert len({one["customer_id"] for one in tickets}) == 2
    assert [len(one["links"]) for one in tickets] == [1] * 6
    assert _made(box) == 6


def test_the_daemon_asks_too(joined: tuple[Hub, Sandbox]) -> None:
    hub, box = joined
    _mention(box, "vk.com", "41", "Украли деньги, мой телефон 8 912 000 00 08", 0)
    with hub.start("run") as process:
        try:
            deadline = time.monotonic() + 60
            while _made(box) == 0 and time.monotonic() < deadline:
                time.sleep(0.2)
        finally:
            process.terminate()
            process.communicate()
    assert _made(box) == 1
    [ticket] = _tickets(hub)
    assert (ticket["customer"]["name"], ticket["tags"]) == ("Тимур Ахметов", ["do-not-call"])
