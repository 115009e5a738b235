"""What a whole decision costs over matching its text alone, in the same run: ``python -m tests.benchmark.deciding``.

Rules have five conditions on words each, and effects; every fourth asks for a kind, a platform or stars as well. There
are policies with calendars, and aging. Exits with 1 when a promise is broken.
"""

import json
import math
import random
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hub.routing.facts import Facts, facts_from
from hub.routing.rules import RuleSet, load_rules
from tests.benchmark.matching import conditions, sample

_CONDITIONS = 5  # of a rule
_TICKETS = 5_000
_ROUNDS = 8  # the best of so many, for each ticket
_MAX_RATIO = 2.0  # at 100 rules
_MAX_TEXT_MS = 1.0  # at 10,000 rules, of which 150 match each text
_MAX_LOAD_S = 5.0  # of 10,000 rules
_NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_PLATFORMS = ("vk.com", "ok.ru", "banki.ru", "yandex_maps", "twitter.com")
_KINDS = ("mention", "review")
_MORE = {
    "platforms": {"strategic": list(_PLATFORMS[:3])},
    "calendars": {"office": {"timezone": "Europe/Moscow", "hours": {"mon-fri": ["09:00-18:00"]}, "holidays": "RU"}},
    "aging": {"points": 30, "over": "first_response"},
    "sla": [
        {"name": "critical", "when": {"tags": ["fraud"]}, "first_response": "7m", "resolution": "4h"},
        {"name": "strategic", "when": {"platform": ["$strategic"]}, "first_response": "15m", "calendar": "office"},
        {"name": "other", "first_response": "1h", "resolution": "1d", "calendar": "office"},
    ],
}


def folder_of(texts: Sequence[str], count: int) -> TemporaryDirectory[str]:
    """Return a folder of *count* rules whose patterns are drawn from *texts*."""
    chance = random.Random(count)
    patterns = conditions(texts, count * _CONDITIONS)
    fields = ({"kind": ["review"]}, {"platform": ["$strategic"]}, {"rating": [1, 2]})
    rules = []
    for number in range(count):
        words = patterns[number * _CONDITIONS : (number + 1) * _CONDITIONS]
        more: dict[str, Any] = dict(chance.choice(fields)) if number % 4 == 0 else {}
        then = {"points": chance.randint(-10, 10), "tags": [f"t{number % 20}"], "queue": f"q{number % 7}"}
        rules.append({"name": f"r{number}", "when": {"text": words, **more}, "then": then})
    folder = TemporaryDirectory()
    text = json.dumps({**_MORE, "rules": rules}, ensure_ascii=False)
    (Path(folder.name) / "rules.yaml").write_text(text, encoding="utf-8")
    return folder


def facts_of(texts: Sequence[str]) -> list[Facts]:
    """Return tickets with *texts*, each an hour old at most."""
    chance = random.Random(1)
    rows = (
        {
            "text": text,
            "kind": chance.choice(_KINDS),
            "platform": chance.choice(_PLATFORMS),
            "rating": chance.randint(1, 5),
            "created_at": _NOW - timedelta(minutes=chance.randint(0, 60)),
        }
        for text in texts
    )
    return [facts_from(row, now=_NOW) for row in rows]


def _costs(rules: RuleSet, tickets: Sequence[Facts]) -> tuple[float, float]:
    """Return what matching a text costs, and the whole decision, in seconds."""
    return (
        _cost(lambda facts: rules.matcher.read(("", *facts.texts)), tickets),
        _cost(rules.decide, tickets),
    )


def _cost(work: Callable[[Facts], object], tickets: Sequence[Facts]) -> float:
    """Return the mean over *tickets* of the best time of each: a machine that does something else must not count."""
    best = [math.inf] * len(tickets)
    for _ in range(_ROUNDS):
        for number, facts in enumerate(tickets):
            started = time.perf_counter()
            work(facts)
            best[number] = min(best[number], time.perf_counter() - started)
    return sum(best) / len(tickets)


def main() -> None:
    texts = sample()
    tickets = facts_of(texts)[:_TICKETS]
    load_rules(None, builtin=False)
    broken = False
    for count in (10, 100, 1_000, 10_000):
        with folder_of(texts, count) as folder:
            started = time.process_time()
            rules = load_rules(Path(folder), builtin=False)
            load_s = time.process_time() - started
        match_s, decide_s = _costs(rules, tickets)
        ratio = decide_s / match_s
        kept = {100: ratio <= _MAX_RATIO, 10_000: decide_s * 1e3 <= _MAX_TEXT_MS and load_s <= _MAX_LOAD_S}.get(
            count, True
        )
        broken |= not kept
        print(
            f"{'ok ' if kept else 'BAD'} {count:6} rules: {decide_s * 1e6:6.1f} µs a decision, "
            f"{match_s * 1e6:6.1f} of them to match its text: {ratio:.2f} times; loaded in {load_s:.2f} s"
        )
    print(f"bounds: {_MAX_RATIO:g} times at 100 rules; {_MAX_TEXT_MS:g} ms and {_MAX_LOAD_S:g} s to load at 10000")
    sys.exit(int(broken))


if __name__ == "__main__":
    main()
