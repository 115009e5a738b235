"""Real ``hub sync`` processes killed between RT's "created" and our commit: one ticket, one comment."""

import json
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.store import open_store
from tests.e2e.harness import Hub as Commands
from tests.e2e_rt.instance import Rt
from tests.e2e_rt.proxy import Proxy, before
from tests.e2e_rt.site import Site
from tests.unit.store.pages import mention, page

_HELD_S = 60.0
_RANDOM_KILLS = 6
_TOML = """
store = "sqlite:///hub.db"

[instances.rt]
connector = "rt"
base_url = "{url}"
token = {{ env = "RT_TOKEN" }}
queue = "Claims"
timeout = "2s"
"""


@dataclass(frozen=True)
class Hub(Commands):
    """A folder with a hub.toml for an RT, and the commands run in it."""

    @property
    def env(self) -> dict[str, str]:
        return {**super().env, "RT_TOKEN": self.keys["rt"]}

    def out(self, *arguments: str) -> str:
        """Run a command that must end well; return what it said on stdout."""
        done = self.run(*arguments)
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def deliver(self, *threads: str) -> None:
        """Let customers say something, and ask for it to be delivered into RT."""
        with open_store(f"sqlite:///{self.folder / 'hub.db'}") as store:
            store.checkpoint(page(*(mention(one) for one in threads), now=datetime.now(UTC)))
            for ticket in list(store.iter_tickets()):
                if ticket.thread in threads:
                    store.ask_case(str(ticket.id), "rt", role="delivered")

    def say(self, thread: str, source_id: str) -> None:
        """Let a customer say something more."""
        with open_store(f"sqlite:///{self.folder / 'hub.db'}") as store:
            store.checkpoint(page(mention(source_id, thread=thread, minutes=5), now=datetime.now(UTC)))

    def links(self) -> dict[str, list[str]]:
        """Return the tickets in RT by the thread here."""
        with open_store(f"sqlite:///{self.folder / 'hub.db'}") as store:
            return {ticket.thread: [link.external_id for link in ticket.links] for ticket in store.iter_tickets()}

    def until_empty(self, tries: int = 6) -> None:
        """Sync until nothing waits: a look-up that found nothing is believed only after a while."""
        for _ in range(tries):
            self.run("sync", "rt")
            if not json.loads(self.out("outbox", "--json")):
                return
            time.sleep(1.1)
        raise AssertionError(self.out("outbox"))


@pytest.fixture
def proxy(rt: Rt) -> Iterator[Proxy]:
    with before(rt.url) as one:
        yield one


@pytest.fixture
def hub(tmp_path: Path, rt: Rt, proxy: Proxy) -> Hub:
    (tmp_path / "hub.toml").write_text(_TOML.format(url=proxy.url))
    return Hub(tmp_path, {"rt": rt.tokens["hub"]})


def _killed_while_held(hub: Hub, proxy: Proxy, end: str) -> None:
    """Start a sync and kill it when RT has answered a POST whose path ends so, before the answer arrives."""
    proxy.keep(end)
    with hub.start("sync", "rt") as process:
        assert proxy.held.wait(_HELD_S), f"no POST to {end}"
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    proxy.let_go()


def _ours(site: Site, hub: Hub) -> dict[str, list[str]]:
    """Return the tickets that RT has of each thread, by what their subject ends with."""
    with site.rt.person("root") as root:
        query: dict[str, str | int] = {
            "query": "Subject LIKE 'text of' AND EffectiveId > 0",
            "fields": "Subject",
            "per_page": 100,
        }
        found: dict[str, list[str]] = {}
        for item in root.get("/tickets", params=query).json()["items"]:
            found.setdefault(item["Subject"].rpartition(" ")[2], []).append(item["id"])
        return {thread: found.get(thread, []) for thread in hub.links()}


def test_killed_between_created_and_our_commit_there_is_one_ticket(hub: Hub, proxy: Proxy, site: Site) -> None:
    hub.deliver("kill-1")
    _killed_while_held(hub, proxy, "/REST/2.0/ticket")
    assert hub.links() == {"kill-1": []}, "the answer arrived: the test proves nothing"
    assert len(_ours(site, hub)["kill-1"]) == 1
    hub.until_empty()
    assert _ours(site, hub) == hub.links()
    assert proxy.posts.count("/REST/2.0/ticket") == 1


def test_killed_between_a_comment_and_our_commit_there_is_one_comment(hub: Hub, proxy: Proxy, site: Site) -> None:
    hub.deliver("kill-2")
    hub.until_empty()
    [ident] = hub.links()["kill-2"]
    hub.say("kill-2", "more-of-2")
    _killed_while_held(hub, proxy, "/comment")
    hub.until_empty()
    assert [one["Type"] for one in site.history(ident)].count("Comment") == 1
    assert [path for path in proxy.posts if path.endswith("/comment")] == [f"/REST/2.0/ticket/{ident}/comment"]


def test_killed_anywhere_each_ticket_is_made_once(hub: Hub, proxy: Proxy, site: Site) -> None:
    rng = random.Random(int(os.environ.get("HUB_KILL_SEED", "7")))
    threads = [f"any-{number}" for number in range(8)]
    hub.deliver(*threads)
    for _ in range(_RANDOM_KILLS):
        with hub.start("sync", "rt") as process:
            time.sleep(rng.uniform(0.6, 1.6))
            process.send_signal(signal.SIGKILL)
            process.communicate()
    hub.until_empty(12)
    assert _ours(site, hub) == hub.links()
    assert {len(ids) for ids in hub.links().values()} == {1}


def test_what_people_do_in_rt_reaches_the_ticket(hub: Hub, site: Site) -> None:
    hub.deliver("story")
    hub.until_empty()
    [ident] = hub.links()["story"]
    with site.rt.person("olga") as olga:
        olga.put(f"/ticket/{ident}", json={"Owner": "olga"})
        olga.post(f"/ticket/{ident}/correspond", json={"Content": "Деньги вернули", "ContentType": "text/plain"})
        olga.put(f"/ticket/{ident}", json={"Status": "resolved"})
    hub.out("sync", "rt")
    [found] = hub.tickets()
    said = Counter((message["direction"], message["body"]) for message in found["messages"])
    assert said == {("in", "text of story"): 1, ("out", "Деньги вернули"): 1}
    [link] = found["links"]
    named: dict[str, Any] = {name: link[name] for name in ("external_id", "state", "assignee", "department")}
    assert named == {"external_id": ident, "state": "resolved", "assignee": "olga", "department": "Claims"}


def test_check_of_the_command_asks_rt(hub: Hub) -> None:
    out = hub.out("check")
    assert "rt" in out
