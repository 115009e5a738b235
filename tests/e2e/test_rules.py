"""Real `hub sync` processes with rules: decided with the page, whatever is killed, and kept while a file is wrong."""

import random
import signal
import time
from pathlib import Path

from hub.routing.rules import load_rules
from tests.e2e.harness import Hub, sandbox

_RULES = """
builtin: false
rules:
  - name: angry-stars
    when: {kind: [review], rating: {at_most: 2}}
    then: {category: complaint, points: 40, queue: reviews}
  - name: good-stars
    when: {kind: [review], rating: {at_least: 4}}
    then: {category: praise, at_most: 19, queue: thanks}
sla:
  - {name: reviews, when: {kind: [review]}, first_response: 30m}
"""
_KILLS = 6


def test_every_ticket_carries_the_decision_of_the_rules_in_force_whatever_was_killed(tmp_path: Path) -> None:
    rng = random.Random(7)
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "own.yaml").write_text(_RULES, encoding="utf-8")
    version = load_rules(rules).version
    limits = ("--limit", "youscan=60/1s", "--limit", "pointer=60/1s")
    with sandbox(tmp_path, "youscan", "pointer", "--items", "120", *limits) as box:
        hub = Hub.for_sandbox(tmp_path, box, 'rate = "60/1s"\npage_size = 10')
        settings = tmp_path / "hub.toml"
        settings.write_text(f'rules = "rules"\n{settings.read_text(encoding="utf-8")}', encoding="utf-8")
        for _ in range(_KILLS):
            with hub.start("sync") as process:
                time.sleep(rng.uniform(0.4, 1.2))
                process.send_signal(signal.SIGKILL)
                process.communicate()
        done = hub.run("sync")
        assert done.returncode == 0, done.stderr
        (rules / "own.yaml").write_text(_RULES.replace("angry-stars", "[]"), encoding="utf-8")
        broken = hub.run("sync")
    assert broken.returncode == 1
    assert "own.yaml:4: rules[0].name" in broken.stderr
    assert f"(version {version}) stay in force" in broken.stderr
    tickets = hub.tickets()
    reviews = [ticket for ticket in tickets if ticket["kind"] == "review"]
    assert len(reviews) > 50
    assert {ticket["decision"]["ruleset"] for ticket in tickets} == {version}
    for ticket in tickets:
        wanted = _expected(ticket)
        assert (ticket["category"], ticket["queue"], ticket["priority"]) == wanted, ticket["id"]
    assert all(ticket["sla"]["policy"] == "reviews" for ticket in reviews)


def _expected(ticket: dict[str, object]) -> tuple[str | None, str | None, str]:
    rating = ticket["rating"]
    if ticket["kind"] == "review" and isinstance(rating, int | float):
        if rating <= 2:
            return "complaint", "reviews", "high"
        if rating >= 4:
            return "praise", "thanks", "low"
    return None, None, "normal"
