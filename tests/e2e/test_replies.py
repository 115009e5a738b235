"""Real `hub` processes that answer map reviews through the sandbox of Pointer, with a desk as the helpdesk: each answer
once, followed until it is published, and back at nobody who has it already."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.routing.rules import load_rules
from hub.sdk import Ticket
from hub.store import Store, TicketEvent, open_store
from tests.desk.install import install
from tests.desk.server import KEY, Desk, Served
from tests.e2e.harness import Sandbox, sandbox

ROOT = Path(__file__).parents[2]
_TOML = """
store = "sqlite:///hub.db"
rules = "rules"
lang = "en"

[replies]
auto = ["praise-five-stars"]

[instances.maps]
connector = "pointer"
base_url = "{pointer}"
token = {{ env = "POINTER_TOKEN" }}
rate = "8/1s"
concurrency = 1
sweeps = {{ edits = "off", changed = "off", replies = "1s", published = "1s" }}

[instances.mentions]
connector = "youscan"
base_url = "{youscan}"
api_key = {{ env = "YOUSCAN_API_KEY" }}
sweeps = "off"

[instances.desk]
connector = "desk"
base_url = "{desk}"
token = {{ env = "DESK_KEY" }}
sweeps = "off"
"""
_RULES = """
builtin: false
rules:
  - name: praise-five-stars
    when: {kind: [review], rating: {at_least: 5}, text: [касса]}
    then: {category: praise, reply: {template: thanks, mode: auto}}
  - name: foul
    when: {kind: [review], text: {obscene: true}}
    then: {category: spam, act: report}
sla:
  - {name: reviews, when: {kind: [review]}, first_response: 1h}
"""
_REPLIES = "templates:\n  thanks: {ru: [Спасибо за отзыв!, Благодарим за тёплые слова!]}\n"
_TEXT = "Здравствуйте! Спасибо, что рассказали, разберёмся."


@dataclass(frozen=True)
class Maps:
    """A hub that reads map reviews, the sandbox that has them, and the helpdesk."""

    folder: Path
    env: dict[str, str]
    box: Sandbox
    desk: Desk

    def add(self, text: str, **facts: Any) -> None:
        """Let somebody write a review."""
        self.box.post("pointer/change", action="add", text=text, provider_id=1, **facts)

    def map_decides(self, action: str, *ids: str) -> None:
        """Let the map publish or reject the answers to reviews; return when the sweep that sees it is due."""
        for one in ids:
            self.box.post("pointer/change", action=action, id=self.ticket(one).thread)
        time.sleep(1.1)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        command = [sys.executable, "-m", "hub", *arguments]
        return subprocess.Popen(command, cwd=self.folder, env=self.env, text=True, stdout=pipe, stderr=pipe)

    def run(self, *arguments: str, code: int = 0) -> str:
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == code, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out + err

    @contextmanager
    def store(self) -> Iterator[Store]:
        with open_store(f"sqlite:///{self.folder / 'hub.db'}") as store:
            yield store

    def id_of(self, text: str) -> str:
        """Return the id of the ticket whose review reads so."""
        with self.store() as store:
            return next(str(one.id) for one in store.iter_tickets() if one.messages[0].body == text)

    def ticket(self, name: str) -> Ticket:
        with self.store() as store:
            return store.find_ticket(name)

    def events(self, name: str, *kinds: str) -> list[TicketEvent]:
        with self.store() as store:
            return [event for event in store.events(name) if event.kind in kinds]

    def written(self, name: str, action: str) -> int:
        """Return how often the vendor did *action* with the review of a ticket."""
        thread = self.ticket(name).thread
        writes = self.box.ledger("pointer")["client"]["writes"]
        return sum(one["action"] == action and one["source_id"] == thread for one in writes)

    def first_response_is_done(self, name: str) -> bool:
        with self.store() as store:
            trace = load_rules(self.folder / "rules").trace(store.facts_of(name, datetime.now(UTC)))
        deadline = trace.deadlines.first_response if trace.deadlines else None
        return deadline is not None and deadline.done_at is not None


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maps]:
    folder = tmp_path_factory.mktemp("replies")
    for name, text in (("rules", _RULES), ("replies", _REPLIES)):
        (folder / name).mkdir()
        (folder / name / "own.yaml").write_text(text, encoding="utf-8")
    site, desk = install(folder), Desk()
    options = ("pointer", "youscan", "--items", "12", "--limit", "pointer=8/1s")
    with sandbox(folder, *options) as box, Served(desk) as served:
        (folder / "hub.toml").write_text(_TOML.format(**box.urls, desk=served.url))
        keys = {"POINTER_TOKEN": box.keys["pointer"], "YOUSCAN_API_KEY": box.keys["youscan"], "DESK_KEY": KEY}
        env = {
            **os.environ,
            **keys,
            "HUB_STATE_DIR": str(folder / "state"),
            "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)]),
            "NO_COLOR": "1",
        }
        yield Maps(folder, env, box, desk)


def test_an_answer_is_sent_once_followed_to_its_end_and_counts_as_the_first_response(maps: Maps) -> None:
    for text in ("Очередь на час", "Одно окно на всех", "Отличная касса", "х*йня"):
        maps.add(text, rating=5 if "касса" in text else 1, author=f"Анна {len(text)}")
    maps.run("sync", "maps")
    queue, window, praise, foul = map(maps.id_of, ("Очередь на час", "Одно окно на всех", "Отличная касса", "х*йня"))
    assert not maps.first_response_is_done(queue)
    for one in (queue, window):
        assert '"hub sync" sends it' in maps.run("tickets", "reply", one, _TEXT)
    assert "is asked for already" in maps.run("tickets", "reply", queue, _TEXT)
    maps.run("sync", "maps")
    assert [maps.written(one, "create_reply") for one in (queue, window, praise)] == [1, 1, 1]
    assert maps.written(foul, "report") == 1
    maps.map_decides("publish_reply", queue, praise)
    maps.map_decides("reject_reply", window)
    unsaid = "was rejected, the customer cannot read it: maps says: rejected"
    assert unsaid in maps.run("sync", "maps")
    assert unsaid in maps.run("status")
    assert [event.cause for event in maps.events(queue, "published")] == ["source"]
    assert len(maps.events(praise, "published")) == 1
    assert maps.events(window, "published", "rejected")[0].kind == "rejected"
    assert [one.body for one in maps.ticket(queue).messages if one.direction == "out"] == [_TEXT]
    assert maps.first_response_is_done(queue)
    story = maps.run("tickets", "show", queue)
    assert "reply is asked for at maps (person)" in story
    assert "our answer is published (maps)" in story
    with maps.store() as store:
        assert store.outbox_left() == []
        assert [row.ticket for row in store.replies(("rejected",))] == [window]
        [automatic] = [row for row in store.replies(("published",)) if row.by == "rule"]
    assert (automatic.ticket, automatic.rule, automatic.template) == (praise, "praise-five-stars", "thanks")


def _killed_after_the_answer(maps: Maps, name: str) -> bool:
    """Kill a sync once the vendor has made the reply; return whether that was before our commit."""
    with maps.start("sync", "maps") as process:
        deadline = time.monotonic() + 20
        while not maps.written(name, "create_reply") and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    with maps.store() as store:
        return [(row.state, row.unsure_since is None) for row in store.outbox_left()] == [("waiting", False)]


def test_a_process_killed_between_the_vendors_answer_and_our_commit_leaves_one_reply(maps: Maps) -> None:
    for number in range(5):  # on a busy machine a kill may come too late
        maps.add(f"Банкомат {number} съел карту", rating=1)
        maps.run("sync", "maps")
        name = maps.id_of(f"Банкомат {number} съел карту")
        maps.run("tickets", "reply", name, _TEXT)
        if _killed_after_the_answer(maps, name):
            break
    else:
        pytest.fail("every reply was committed before the kill: the test proves nothing")
    maps.run("sync", "maps")
    assert maps.written(name, "create_reply") == 1
    log = maps.box.ledger("pointer")["client"]["log"]
    tried = [one for one in log if one["path"].endswith(f"/{maps.ticket(name).thread}/reply")]
    assert len(tried) == 1, "it was sent again although it was there"
    with maps.store() as store:
        assert store.outbox_left() == []


def test_what_the_source_lacks_and_what_is_private_is_refused_at_once(maps: Maps) -> None:
    maps.run("sync", "maps")
    with maps.store() as store:
        name = next(str(one.id) for one in store.iter_tickets() if one.kind == "review")
    said = maps.run("tickets", "hide", name, code=2)
    assert "instances.maps (pointer) cannot do hide at its source" in said
    assert "it can do delete_reply, edit_reply, reply, report" in said
    said = maps.run("tickets", "reply", name, "Ваша карта 4111 1111-1111 1111 найдена", code=1)
    assert "a card number (**** ****-**** **11, character 12)" in said
    with maps.store() as store:
        assert store.outbox_left() == []


def test_an_answer_of_the_helpdesk_reaches_the_map_once_and_comes_back_to_nobody(maps: Maps) -> None:
    maps.add("Нагрубили на входе", rating=2)
    maps.run("sync", "maps")
    name = maps.id_of("Нагрубили на входе")
    with maps.store() as store:
        store.ask_case(name, "desk", role="delivered")
    maps.run("sync", "desk")
    [case] = maps.desk.cases
    maps.desk.answer_customer(case, "Простите,  разберёмся.")
    maps.run("sync", "maps", "desk")
    assert maps.written(name, "create_reply") == 1
    maps.map_decides("publish_reply", name)
    for _ in range(2):
        maps.run("sync", "maps", "desk")
    assert maps.written(name, "create_reply") == 1
    assert len(maps.events(name, "published")) == 1
    assert [one.body for one in maps.ticket(name).messages if one.direction == "out"] == ["Простите,  разберёмся."]
    assert len(maps.desk.cases[case].comments) == 1, "the helpdesk was told its own answer"
    maps.desk.answer_customer(case, "Простите! Сотрудник извинится.")
    maps.run("sync", "maps", "desk")
    assert maps.written(name, "change_reply") == 1
    maps.run("sync", "maps", "desk")
    assert (maps.written(name, "create_reply"), maps.written(name, "change_reply")) == (1, 1)
    shown = [one.body for one in maps.ticket(name).messages if one.direction == "out"]
    assert shown == ["Простите! Сотрудник извинится."]
    assert json.loads(maps.run("outbox", "--json").split("nothing")[0]) == []


def test_mentions_are_tagged_in_one_call_and_cannot_be_replied_to(maps: Maps) -> None:
    maps.run("sync", "mentions")
    with maps.store() as store:
        mentions = [one for one in store.iter_tickets() if one.kind == "mention"][:3]
    said = maps.run("tickets", "reply", str(mentions[0].id), _TEXT, code=2)
    assert "it can do add_tags, hide, mark_spam, set_sentiment, set_tags" in said
    for one in mentions:
        maps.run("tickets", "tag", str(one.id), "срочно")
    assert "mentions: 3 deliveries were sent" in maps.run("sync", "mentions")
    log = maps.box.ledger("youscan")["client"]["log"]
    updates = [one for one in log if one["path"].endswith("/bulkupdate")]
    assert len(updates) == len({one.messages[-1].sources[0].stream for one in mentions}), "a call for each topic"
    assert "add tags (срочно) was done by mentions" in maps.run("tickets", "show", str(mentions[0].id))
