"""What 100,000 open tickets with deadlines cost a daemon: ``python -m tests.benchmark.moments``.

An hour of the clock is lived in steps of half a second, as a daemon does: each looks whether something has come, and
what has is decided again by rules. Deadlines of minutes, hours and days, and aging, stand at every point of their way.
Measured is the CPU of this process as a share of that hour. Exits with 1 when the promise is broken.
"""

import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hub.pipeline.route import router
from hub.routing.rules import RuleSet, load_rules
from hub.sdk import TicketDraft
from hub.store import Checkpoint, Router, Store, StreamKey, open_store

_TICKETS = 100_000
_PAGE = 20  # tickets that come at once, and whose deadlines pass at once
_LIVED = timedelta(hours=1)
_LOOK = timedelta(seconds=0.5)
_MAX_SHARE = 0.01  # of a core
_NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)  # a Wednesday at noon in Moscow
_RULES: dict[str, Any] = {
    "builtin": False,
    "calendars": {"office": {"timezone": "Europe/Moscow", "hours": {"mon-sun": ["09:00-21:00"]}}},
    "aging": {"points": 40, "over": "resolution"},
    "rules": [
        {"name": "quick", "when": {"text": ["кража"]}, "then": {"points": 15, "tags": ["quick"]}},
        {"name": "soon", "when": {"deadline": {"resolution": ["warning", "breached"]}}, "then": {"points": 10}},
        {"name": "late", "when": {"deadline": {"resolution": "breached"}}, "then": {"queue": "leads"}},
    ],
    "sla": [
        {"name": "quick", "when": {"tags": ["quick"]}, "first_response": "15m", "resolution": "8h"},
        {"name": "usual", "first_response": "4h", "resolution": "3d", "calendar": "office", "warn": [0.5, 0.8]},
    ],
}


def rules_of(folder: Path) -> RuleSet:
    (folder / "rules.yaml").write_text(json.dumps(_RULES, ensure_ascii=False), encoding="utf-8")
    return load_rules(folder)


def filled(store: Store, decides: Router, clock: list[datetime]) -> None:
    """Put open tickets of the last days into *store*, each decided when it came, and answered as it came."""
    chance = random.Random(1)
    ages = sorted((chance.uniform(0, 3 * 24 * 60) for _ in range(_TICKETS)), reverse=True)
    for start in range(0, _TICKETS, _PAGE):
        drafts: list[TicketDraft] = []
        for number in range(start, min(start + _PAGE, _TICKETS)):
            created = _NOW - timedelta(minutes=ages[number])
            text = "Кража денег с карты" if number % 10 == 0 else f"Вопрос {number}"
            said: dict[str, Any] = {"kind": "mention", "platform": "vk.com", "thread": str(number)}
            drafts.append(TicketDraft.of(source_id=str(number), body=text, created_at=created, **said))
            if number % 10:
                answer: dict[str, Any] = {
                    "direction": "out",
                    "created_at": created + timedelta(minutes=3),
                    "body": "Смотрим",
                }
                drafts.append(TicketDraft.of(source_id=f"{number}a", **answer, **said))
        clock[0] = max(draft.messages[0].created_at for draft in drafts)
        key = StreamKey("one", "s", "poll")
        store.checkpoint(Checkpoint(key, "c", "", drafts, clock[0], router=decides, records=len(drafts)))


def lived(store: Store, decides: Router, clock: list[datetime], length: timedelta) -> tuple[int, float]:
    """Live on as a daemon does; return how many tickets were decided again, and the seconds of CPU that took."""
    began, total, end = time.process_time(), 0, clock[0] + length
    while clock[0] < end:
        clock[0] += _LOOK
        coming = store.next_moment()
        if coming is not None and coming <= clock[0]:
            while done := store.pass_moments(decides):
                total += done
    return total, time.process_time() - began


def main() -> None:
    clock = [_NOW]
    with TemporaryDirectory() as name:
        rules = rules_of(Path(name))
        decides = router(lambda: rules)
        assert decides is not None
        with open_store(f"sqlite:///{Path(name) / 'hub.db'}", now=lambda: clock[0]) as store:
            filled(store, decides, clock)
            clock[0] = _NOW
            while store.pass_moments(decides):  # what came while they were put in
                pass
            total, cpu_s = lived(store, decides, clock, _LIVED)
            waiting = sum(store.overdue().values())
    share = cpu_s / _LIVED.total_seconds()
    kept = share <= _MAX_SHARE
    print(
        f"{'ok ' if kept else 'BAD'} {_TICKETS} open tickets, {_LIVED}: {total} decided again in {cpu_s:.1f} s of CPU,"
        f" {share:.2%} of a core; {waiting} promises overdue\nbound: {_MAX_SHARE:.0%} of a core"
    )
    sys.exit(int(not kept))


if __name__ == "__main__":
    main()
