"""Lists, filters and searches in a store of a million tickets, and the watch over arrivals. ``make soak``; minutes.

Run as ``python -m tests.benchmark.million [TICKETS] [FILE]``. An existing FILE is used as it is.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hub.runtime.collector import relaxed_collector
from hub.sdk import TicketDraft
from hub.store import Checkpoint, Store, StreamKey, TicketFilter, open_store
from hub.store.surges import Wanted

_PAGE = 1000
_NOW = datetime(2026, 11, 1, tzinfo=UTC)
_LIMIT_MS = 100.0
_TRIES = 5
_COMMON = (
    "карта банк перевод деньги звонок очередь отделение приложение ошибка платёж кредит вклад ответ курьер".split()
)
_ENDINGS = ("а", "ы", "у", "ой", "ам", "ами", "ах", "ов", "ный", "ная", "ного", "ить", "ала", "или", "ет")


def _vocabulary(rng: random.Random) -> list[str]:
    letters = "абвгдежзиклмнопрстуфхцчшщыэюя"
    stems = ["".join(rng.choice(letters) for _ in range(rng.randint(3, 7))) for _ in range(4000)]
    return [stem + ending for stem in stems for ending in _ENDINGS]


def _draft(number: int, rng: random.Random, words: list[str]) -> TicketDraft:
    text = [rng.choice(words) for _ in range(25)] + [rng.choice(_COMMON) for _ in range(5)]
    if number % 100_003 == 17:
        text.append("единорог")
    rng.shuffle(text)
    review = number % 10 == 0
    return TicketDraft.of(
        source_id=str(number),
        kind="review" if review else "mention",
        platform="yandex_maps" if review else rng.choice(("vk.com", "ok.ru", "t.me", "banki.ru", "rare.example")),
        title=" ".join(text[:3]) if number % 4 == 0 else None,
        body=" ".join(text),
        created_at=_NOW - timedelta(seconds=30 * (1_000_000 - number) + rng.randint(0, 7200)),
        rating=float(rng.randint(1, 5)) if review else None,
        state=rng.choice(("new", "solved", "solved", "solved")),
        hidden=number % 5000 == 0,
    )


def fill(store: Store, tickets: int) -> None:
    """Put *tickets* into the store through its own checkpoint, and index them."""
    rng = random.Random(1)
    words = _vocabulary(rng)
    key = StreamKey("bench", "all", "poll")
    for start in range(0, tickets, _PAGE):
        drafts = [_draft(number, rng, words) for number in range(start, min(start + _PAGE, tickets))]
        store.checkpoint(Checkpoint(key, "bench", "", drafts, _NOW, cursor={"n": start}, records=len(drafts)))
    while store.index_batch():
        pass


def _queries(store: Store) -> dict[str, Callable[[], Any]]:
    def listed(**wanted: Any) -> Callable[[], Any]:
        return lambda: store.list_tickets(TicketFilter(**wanted))

    since = _NOW - timedelta(days=60)
    return {
        "newest 50": listed(),
        "platform": listed(platform=("vk.com",)),
        "kind": listed(kind=("review",)),
        "state hidden (1 in 5000)": listed(state=("hidden",)),
        "state new": listed(state=("new",)),
        "rating 1": listed(rating=(1.0,)),
        "platform, rating, period": listed(platform=("yandex_maps",), rating=(1.0, 2.0), until=since),
        "platform and state": listed(platform=("ok.ru",), state=("new",)),
        "priority urgent (none)": listed(priority=("urgent",)),
        "queue (none)": listed(queue=("claims",)),
        "search: in every sixth ticket": listed(text="карта"),
        "search: rare word": listed(text="единорог"),
        "search: unknown word": listed(text="несуществующее"),
        "search: beginning": listed(text="перев*"),
        "search: beginning of two letters": listed(text="ка*"),
        "search: two common words": listed(text="карта перевод"),
        "search: phrase": listed(text='"карта банк"'),
        "search and platform": listed(text="карта", platform=("ok.ru",)),
        "search and state hidden": listed(text="карта", state=("hidden",)),
        "a look for surges": lambda: store.look_for_surges(Wanted(UTC)),
        "one ticket": lambda: store.find_ticket(store.list_tickets(limit=1)[0].id[:13]),
    }


def watch(store: Store) -> None:
    """Count every ticket among the arrivals, and learn what is usual."""
    started = time.process_time()
    while store.count_arrivals():
        pass
    counted = time.process_time()
    store.learn_levels(UTC)
    print(
        f"arrivals counted in {counted - started:.1f} s of CPU, levels learnt in {time.process_time() - counted:.1f} s"
    )


def main() -> None:
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(folder) / "million.db"
        fresh = not path.exists()
        with open_store(f"sqlite:///{path}", now=lambda: _NOW) as store:
            if fresh:
                cpu = time.process_time()
                with relaxed_collector():
                    fill(store, tickets)
                print(f"filled and indexed: {(time.process_time() - cpu) / tickets * 1e6:.0f} µs of CPU a ticket")
            watch(store)
            slow = _measure(store)
        print(f"size {path.stat().st_size / tickets:.0f} bytes a ticket, ", end="")
        print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    raise SystemExit(f"over {_LIMIT_MS:.0f} ms: {', '.join(slow)}" if slow else 0)


def _measure(store: Store) -> list[str]:
    slow = []
    for name, query in _queries(store).items():
        times = []
        for _ in range(_TRIES):
            started = time.perf_counter()
            query()
            times.append((time.perf_counter() - started) * 1000)
        print(f"{name:36} first {times[0]:7.1f} ms, best {min(times):7.1f} ms")
        if min(times) > _LIMIT_MS:
            slow.append(name)
    return slow


if __name__ == "__main__":
    main()
