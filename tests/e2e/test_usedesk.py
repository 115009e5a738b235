"""Usedesk with real processes: one ticket and one comment there, though the hub is killed before it can note them."""

import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.store import open_store
from tests.e2e.harness import Hub, Sandbox, sandbox

_DELIVERED = 3
_KILLS = 6
_WAIT_S = 20.0
_TOML = """
store = "sqlite:///hub.db"

[instances.mentions]
connector = "youscan"
base_url = "{youscan}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
rate = "off"
sweeps = "off"

[instances.desk]
connector = "usedesk"
base_url = "{usedesk}"
token = {{ env = "USEDESK_TOKEN" }}
rate = "100/1s"
timeout = "1s"
lag = "1s"
sweeps = "off"

[instances.desk.map]
queue.analysis = {{ group = 13 }}
"""
_CUSTOMER = {
    "source": "vk.com",
    "discussionId": "wall-1_7",
    "author": {"profileId": "77", "name": "Вера К.", "nickname": "vera_k", "url": "https://vk.com/vera_k"},
}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[tuple[Hub, Sandbox, list[str]]]:
    """A hub whose mentions are to be delivered, and their ids; the first is a customer who will write again."""
    limits = ("--limit", "youscan=off", "--limit", "usedesk=off")
    with sandbox(tmp_path, "youscan", "usedesk", "--items", "8", "--seed", "3", "--future", "0", *limits) as box:
        (tmp_path / "hub.toml").write_text(_TOML.format(**box.urls))
        (tmp_path / ".env").write_text(f"USEDESK_TOKEN={box.keys['usedesk']}\n")
        hub = Hub(tmp_path, box.keys)
        box.post("youscan/change", action="add", text="Карту заблокировали, верните деньги", **_CUSTOMER)
        assert hub.run("sync", "mentions").returncode == 0
        tickets = hub.tickets()
        first = next(one["id"] for one in tickets if one["thread"] == "vk.com/wall-1_7/77")
        chosen = [first, *(one["id"] for one in tickets if one["id"] != first)][:_DELIVERED]
        with open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store:
            for one in chosen:
                store.ask_case(one, "desk", role="delivered")
        yield hub, box, chosen


def _writes(box: Sandbox, action: str) -> list[dict[str, Any]]:
    return [one for one in box.ledger("usedesk")["client"]["writes"] if one["action"] == action]


def _killed_after(hub: Hub, box: Sandbox, action: str) -> bool:
    """Kill a sync when the vendor has done *action* and its answer is still under way; return whether it was so."""
    before = len(_writes(box, action))
    box.post("faults", next=["slow"] * 60, vendor="usedesk")  # every answer takes half a second
    with hub.start("sync", "desk") as process:
        deadline = time.monotonic() + _WAIT_S
        while len(_writes(box, action)) == before and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        done = len(_writes(box, action)) > before and process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    box.post("faults", next=[], vendor="usedesk")
    return done


def _until_all_is_sent(hub: Hub) -> None:
    deadline = time.monotonic() + 60
    while rows := _left(hub):
        assert not [row for row in rows if row.state == "failed"], rows
        assert time.monotonic() < deadline, rows
        hub.run("sync", "desk")
        time.sleep(1.5 if _left(hub) else 0)  # until a look-up is believed


def _left(hub: Hub) -> list[Any]:
    with open_store(f"sqlite:///{hub.folder / 'hub.db'}") as store:
        return list(store.outbox_left("desk"))


def _made(box: Sandbox) -> list[dict[str, Any]]:
    """Return the first comment of every ticket that was made by a client."""
    return [one for one in box.ledger("usedesk")["items"] if one["by_client"] and "/" not in one["source_id"]]


def test_killed_between_a_ticket_there_and_our_note_of_it_the_hub_makes_no_second(
    desk: tuple[Hub, Sandbox, list[str]],
) -> None:
    hub, box, chosen = desk
    assert _killed_after(hub, box, "create/ticket"), "the kill came too late: the test proves nothing"
    links = [link for ticket in hub.tickets() for link in ticket["links"]]
    assert len(links) < len(_made(box)), "a ticket is there of which the hub knows nothing"
    _until_all_is_sent(hub)
    assert Counter(one["additional_id"] for one in _made(box)) == Counter(chosen)
    assert hub.run("sync").returncode == 0
    tickets = {ticket["id"]: ticket for ticket in hub.tickets()}
    linked = Counter(link["external_id"] for one in chosen for link in tickets[one]["links"])
    assert linked == Counter(one["source_id"] for one in _made(box))
    assert {tickets[one]["links"][0]["role"] for one in chosen} == {"delivered"}
    assert not [ticket for ticket in tickets.values() if ticket["connector"] == "usedesk"]


def test_kills_at_any_moment_and_lost_answers_make_one_ticket_each(desk: tuple[Hub, Sandbox, list[str]]) -> None:
    hub, box, chosen = desk
    rng = random.Random(int(os.environ.get("HUB_KILL_SEED", "7")))
    killed = 0
    for number in range(_KILLS):
        box.post("faults", profile=("lost", "flaky")[number % 2], seed=rng.randrange(1000), vendor="usedesk")
        with hub.start("sync", "desk") as process:
            time.sleep(rng.uniform(0.3, 0.9))
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
            process.communicate()
    box.post("faults", profile="none", vendor="usedesk")
    _until_all_is_sent(hub)
    assert killed >= 2, "most runs ended before they were killed: the test proves little"
    assert Counter(one["additional_id"] for one in _made(box)) == Counter(chosen)


def test_killed_between_a_comment_there_and_our_note_of_it_the_hub_says_it_once_and_hears_the_agents(
    desk: tuple[Hub, Sandbox, list[str]],
) -> None:
    hub, box, chosen = desk
    _until_all_is_sent(hub)
    box.post("youscan/change", action="add", text="Прошла неделя, денег нет", **_CUSTOMER)
    assert hub.run("sync", "mentions").returncode == 0
    assert _killed_after(hub, box, "create/comment"), "the kill came too late: the test proves nothing"
    (made,) = [one["source_id"] for one in _made(box) if one["additional_id"] == chosen[0]]
    for action, what in (
        ("assign", {"user": 42, "group": 12}),
        ("answer", {"text": "Деньги вернём завтра"}),
        ("note", {"text": "Звонили в банк"}),
        ("status", {"status": 6}),
    ):
        box.post("usedesk/change", action=action, id=made, **what)
    _until_all_is_sent(hub)
    assert hub.run("sync").returncode == 0
    comments = [one for one in box.ledger("usedesk")["items"] if one["conversation"] == made][1:]
    assert [(one["from"], one["public"]) for one in comments] == [("client", True), ("user", True), ("user", False)]
    assert "Прошла неделя, денег нет" in comments[0]["text"]
    tickets = hub.tickets()
    assert not [one for one in tickets if one["connector"] == "usedesk"], "what the hub made is no ticket of its own"
    (ours,) = [one for one in tickets if one["id"] == chosen[0]]
    (link,) = ours["links"]
    assert (link["state"], link["assignee"], link["department"]) == ("В ожидании", "Пётр Снегов", "Претензии")
    assert sorted((message["direction"], message["body"]) for message in ours["messages"]) == [
        ("in", "Карту заблокировали, верните деньги"),
        ("in", "Прошла неделя, денег нет"),
        ("note", "Звонили в банк"),
        ("out", "Деньги вернём завтра"),
    ], "our own words never come back"


def test_a_refused_token_pauses_the_desk_is_told_by_the_check_and_stands_nowhere(
    desk: tuple[Hub, Sandbox, list[str]],
) -> None:
    hub, box, _ = desk
    assert hub.run("check").returncode == 0
    box.post("usedesk/change", action="revoke_key")
    checked, refused = hub.run("check"), hub.run("-vv", "sync")
    assert (checked.returncode, refused.returncode) == (1, 1)
    assert 'instance "desk" is paused' in refused.stderr
    assert "look at the key of the channel of type API" in " ".join((checked.stdout + checked.stderr).split())
    (hub.folder / ".env").unlink()
    files = [one.read_bytes() for one in hub.folder.rglob("*") if one.is_file() and one.name != "ready.json"]
    printed = [text.encode() for one in (checked, refused) for text in (one.stdout, one.stderr)]
    assert not [text for text in (*files, *printed) if box.keys["usedesk"].encode() in text]
    assert not re.search(box.keys["usedesk"], json.dumps(box.ledger("usedesk")["client"]["log"]))
