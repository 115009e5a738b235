"""Reports over a store of a million tickets with answers, decisions, deadlines and cases. Part of ``make soak``.

Run as ``python -m tests.benchmark.figures [TICKETS] [FILE]``. An existing FILE is used as it is.
"""

import json
import random
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.routing.facts import Facts
from hub.routing.policy import SlaPolicy, always
from hub.runtime.collector import relaxed_collector
from hub.sdk import Author, MessageDraft, TicketDraft
from hub.sdk.ticket import Sla
from hub.store import Checkpoint, Decided, FigureFilter, Router, Store, StreamKey, open_store

_PAGE = 1000
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_ZONE = ZoneInfo("Europe/Moscow")
_LIMIT_S = 2.0  # of CPU, so that a busy machine does not count
_TRIES = 3
_PLATFORMS = ("vk.com", "ok.ru", "t.me", "banki.ru", "yandex_maps", "2gis")
_CATEGORIES = ("complaint", "consultation", "praise", "suggestion", "other", None)
_QUEUES = ("claims", "social", "maps", "analysis", None)
_POLICIES = {
    name: SlaPolicy.model_validate({"name": name, "first_response": first, "resolution": whole, "pause": ["pending"]})
    for name, first, whole in (("fast", "15m", "4h"), ("usual", "1h", "2d"))
}


def _draft(number: int, rng: random.Random) -> TicketDraft:
    asked = _NOW - timedelta(seconds=30 * (1_000_000 - number) + rng.randint(0, 7200))
    question = MessageDraft(
        source_id=f"{number}", created_at=asked, collected_at=asked + timedelta(seconds=rng.expovariate(1 / 120)),
        body=f"question {number}", author=Author(key=f"c{rng.randint(0, 400_000)}"),
        rating=float(rng.randint(1, 5)) if number % 3 == 0 else None, engagement={"likes": rng.randint(0, 30)},
    )  # fmt: skip
    messages = [question]
    if number % 5:
        by = Author(key=f"o{rng.randint(0, 60)}", name=f"Operator {rng.randint(0, 60)}")
        at = asked + timedelta(seconds=300 + rng.expovariate(1 / 1800))
        messages.append(MessageDraft(source_id=f"{number}-a", created_at=at, body="answer", direction="out", author=by))
    state: Any = rng.choice(("new", "open", "solved"))
    return TicketDraft(thread=str(number), kind="review" if number % 3 == 0 else "mention",
                       platform=rng.choice(_PLATFORMS), messages=tuple(messages), state=state)  # fmt: skip


def _decide(facts: Facts) -> Decided:
    draw = int(facts.created_at.timestamp() if facts.created_at else 0) * 2_654_435_761 >> 8 & 0xFFFF
    tags = tuple({f"tag {draw % 97}", f"tag {draw % 13}"})
    return Decided(
        priority=("normal", "high", "low", "urgent")[draw % 4], queue=_QUEUES[draw % 5], category=_CATEGORIES[draw % 6],
        assignee=f"Operator {draw % 60}" if draw % 3 else None, tags=tags, ruleset="bench",
        rules=(f"rule {draw % 40}", f"rule {draw % 7}"), sla=Sla(policy=("fast", "usual")[draw % 2]),
    )  # fmt: skip


def fill(store: Store, tickets: int) -> None:
    """Put *tickets* into the store through its own checkpoint; every 50th has a case, and a third is solved, some
    of them twice."""
    rng = random.Random(1)
    key = StreamKey("bench", "all", "poll")
    router = Router(_decide)
    for start in range(0, tickets, _PAGE):
        drafts = [_draft(number, rng) for number in range(start, min(start + _PAGE, tickets))]
        store.checkpoint(Checkpoint(key, "bench", "", drafts, _NOW, router, cursor={"n": start}, records=len(drafts)))
    with sqlite3.connect(store.path) as connection:
        connection.execute(
            "INSERT INTO links (ticket_n, role, instance, connector, namespace, external_id, state, department,"
            " assignee, created_at, updated_at) SELECT n, 'escalated', 'crm', 'crm', '', n,"
            " CASE WHEN n % 3 THEN 'solved' ELSE 'open' END, 'department ' || (n % 7), 'worker ' || (n % 11),"
            " created_at, created_at + (n % 1000) * 60000000 FROM tickets WHERE n % 50 = 0"
        )
        connection.execute(  # as if the source had said so later, which would take as long again
            "INSERT INTO ticket_events (ticket_n, at, kind, cause, data) SELECT n, created_at + (n * 7919 % 200000) *"
            " 1000000, 'changed', 'source', ? FROM tickets WHERE state = 'solved'",
            ('{"fields":{"state":["open","solved"]}}',),
        )
        for days, states in ((30, ["solved", "open"]), (31, ["open", "solved"])):  # every 20th of them ended twice
            connection.execute(
                "INSERT INTO ticket_events (ticket_n, at, kind, cause, data) SELECT n, created_at + ? * 86400000000,"
                " 'changed', 'source', ? FROM tickets WHERE state = 'solved' AND n % 20 = 0",
                (days, json.dumps({"fields": {"state": states}}, separators=(",", ":"))),
            )


def _follow(store: Store) -> None:
    started, total = time.process_time(), 0
    while done := store.refresh_figures(lambda _, name: (_POLICIES[name], always())):
        total += done
    if total:
        print(f"figures: {(time.process_time() - started) / total * 1e6:.0f} µs of CPU a ticket")


def _reports(store: Store) -> dict[str, Callable[[], Any]]:
    everything = FigureFilter(now=_NOW)
    month = FigureFilter(now=_NOW, since=_NOW - timedelta(days=30))
    queue = FigureFilter(now=_NOW, names={"queue": ("claims",), "tag": ("tag 5",)})

    def asked(name: str, *by: str, wanted: FigureFilter = everything) -> Callable[[], Any]:
        return lambda: store.figures(name, wanted, _ZONE, by=by)

    return {
        "summary": asked("summary"),
        "outcome by platform": asked("outcome", "platform"),
        "outcome by queue and tag": asked("outcome", "queue", "tag"),
        "outcome by day": asked("outcome", "day"),
        "outcome of one queue and tag": asked("outcome", "day", wanted=queue),
        "work by operator": asked("work", "operator"),
        "work by operator, a month": asked("work", "operator", wanted=month),
        "response by queue": asked("response", "queue"),
        "response by policy": asked("response", "policy"),
        "response by tag": asked("response", "tag"),
        "response by day": asked("response", "day"),
        "work by tag": asked("work", "tag"),
        "resolution by operator": asked("resolution", "operator"),
        "ratings by platform": asked("ratings", "platform"),
        "cases by department and assignee": asked("cases", "department", "case-assignee"),
        "arrivals": asked("arrivals"),
        "trends of categories": asked("trends", "category"),
        "trends of tags": asked("trends", "tag"),
        "trends of rules, a month": asked("trends", "rule", wanted=month),
        "growth by queue": asked("growth", "queue"),
    }


def main() -> None:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "figures.db"
        fresh = not path.exists()
        with open_store(f"sqlite:///{path}") as store:
            if fresh:
                with relaxed_collector():
                    fill(store, tickets)
            _follow(store)
            slow = _measure(store)
    raise SystemExit(f"over {_LIMIT_S:.0f} s: {', '.join(slow)}" if slow else 0)


def _measure(store: Store) -> list[str]:
    slow = []
    for name, report in _reports(store).items():
        times = []
        for _ in range(_TRIES):
            started = time.process_time()
            report()
            times.append(time.process_time() - started)
        print(f"{name:36} first {times[0]:6.2f} s, best {min(times):6.2f} s")
        if min(times) > _LIMIT_S:
            slow.append(name)
    return slow


if __name__ == "__main__":
    main()
