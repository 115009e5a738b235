"""The limiter on real files, with a clock that the test moves. Several limiters stand for several processes."""

import asyncio
import os
import time
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import orjson
import pytest

from hub.runtime.limits import Limiter, account_key, background_limit, effective_limits
from hub.sdk import Limit, Rate, StoreError, TransientError
from hub.store.machine import Lock, digest, lock, try_lock

SLACK_S = 0.005
FIVE_A_SECOND = [Limit(calls=5, per_s=1.0)]


class Time:
    """Moves only when somebody sleeps: to the next moment that anybody waits for."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


class Fleet:
    """Limiters of several processes over one folder and one clock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.time = Time()
        self.members: list[Limiter] = []

    def member(self, *, background: bool = False) -> Limiter:
        limiter = Limiter(
            self.folder, background=background, clock=self.time.clock, sleep=self.time.sleep, chance=lambda: 0.5
        )
        self.members.append(limiter)
        return limiter

    def file(self, account: str = "a", name: str = "requests") -> Path:
        return self.folder / digest(account, name)


@pytest.fixture
def fleet(tmp_path: Path) -> Any:
    made = Fleet(tmp_path)
    yield made
    for member in made.members:
        member.close()


async def take(limiter: Limiter, limits: list[Limit], times: int, account: str = "a") -> None:
    for _ in range(times):
        async with limiter.slot(account, limits):
            pass


def busiest(starts: list[float], span_s: float) -> int:
    return max(sum(start <= other < start + span_s for other in starts) for start in starts)


async def within(seconds: float, work: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(work, seconds)


def test_as_many_as_allowed_start_without_a_wait(fleet: Fleet) -> None:
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 5))
    assert fleet.time.waits == []


def test_the_next_one_waits_exactly_until_the_oldest_leaves_the_window(fleet: Fleet) -> None:
    limiter = fleet.member()

    async def run() -> None:
        await take(limiter, FIVE_A_SECOND, 1)
        fleet.time.now += 0.4
        await take(limiter, FIVE_A_SECOND, 4)
        await take(limiter, FIVE_A_SECOND, 1)

    asyncio.run(run())
    assert fleet.time.waits == [pytest.approx(0.6 + SLACK_S)]


def test_processes_share_an_allowance(fleet: Fleet) -> None:
    first, second = fleet.member(), fleet.member()
    asyncio.run(take(first, FIVE_A_SECOND, 3))
    asyncio.run(take(second, FIVE_A_SECOND, 2))
    assert fleet.time.waits == []
    asyncio.run(take(second, FIVE_A_SECOND, 1))
    assert fleet.time.waits == [pytest.approx(1 + SLACK_S)]


def test_accounts_do_not_share(fleet: Fleet) -> None:
    limiter = fleet.member()
    asyncio.run(take(limiter, FIVE_A_SECOND, 5, account="a"))
    asyncio.run(take(limiter, FIVE_A_SECOND, 5, account="b"))
    assert fleet.time.waits == []


def test_a_request_counts_from_its_end_so_latency_never_lets_one_more_through(fleet: Fleet) -> None:
    limiter = fleet.member()
    starts: list[float] = []

    async def slow() -> None:
        async with limiter.slot("a", FIVE_A_SECOND):
            fleet.time.now += 0.7  # the vendor sees it at the very end
            starts.append(fleet.time.now)

    async def run() -> None:
        for _ in range(25):
            await slow()

    asyncio.run(run())
    assert busiest(starts, 1.0) <= 5


def test_what_is_under_way_in_another_process_counts(fleet: Fleet) -> None:
    first, second = fleet.member(), fleet.member()

    async def run() -> None:
        one = [Limit(calls=1, per_s=1.0)]
        async with first.slot("a", one):
            waiter = asyncio.create_task(take(second, one, 1))
            for _ in range(20):
                await asyncio.sleep(0)
            assert not waiter.done()
            ended_at = fleet.time.now
        await within(5, waiter)
        assert fleet.time.now - ended_at >= 1.0

    asyncio.run(run())


def test_places_are_given_in_the_order_of_arrival_over_all_processes(fleet: Fleet) -> None:
    members = [fleet.member() for _ in range(3)]
    order: list[int] = []
    one = [Limit(concurrency=1)]

    async def visit(number: int) -> None:
        async with members[number % 3].slot("a", one):
            order.append(number)
            await asyncio.sleep(0)

    async def run() -> None:
        async with members[0].slot("a", one):
            waiting = []
            for number in (1, 2, 4, 5):
                waiting.append(asyncio.create_task(visit(number)))
                await asyncio.sleep(0)
        await within(5, asyncio.gather(*waiting))

    asyncio.run(run())
    # 4 belongs to the process of 1, and 5 to that of 2: each process has one place in the line.
    assert order == [1, 2, 4, 5]


@pytest.mark.parametrize("limit", [Limit(concurrency=1), Limit(calls=1, per_s=1.0)])
def test_who_comes_later_does_not_pass_who_waits_in_another_process(fleet: Fleet, limit: Limit) -> None:
    order: list[str] = []

    async def visit(limiter: Limiter, name: str) -> None:
        async with limiter.slot("a", [limit]):
            order.append(name)

    async def run() -> None:
        busy, awake = fleet.member(), asyncio.Event()

        async def asleep(seconds: float) -> None:
            await awake.wait()
            await fleet.time.sleep(seconds)

        waiting = Limiter(fleet.folder, clock=fleet.time.clock, sleep=asleep)
        fleet.members.append(waiting)
        async with busy.slot("a", [limit]):
            first = asyncio.create_task(visit(waiting, "first"))
            for _ in range(5):
                await asyncio.sleep(0)
        fleet.time.now += 1.01  # a place is free, and the one in the line still sleeps
        later = Limiter(fleet.folder, clock=fleet.time.clock, sleep=asleep)
        fleet.members.append(later)
        second = asyncio.create_task(visit(later, "second"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert order == []
        awake.set()
        await within(5, asyncio.gather(first, second))

    asyncio.run(run())
    assert order == ["first", "second"]


def test_concurrency_holds_over_processes(fleet: Fleet) -> None:
    members = [fleet.member() for _ in range(3)]
    under_way, most = 0, 0

    async def visit(limiter: Limiter) -> None:
        nonlocal under_way, most
        async with limiter.slot("a", [Limit(concurrency=2)]):
            under_way += 1
            most = max(most, under_way)
            for _ in range(3):
                await asyncio.sleep(0)
            under_way -= 1

    async def run() -> None:
        await within(5, asyncio.gather(*(visit(member) for member in members for _ in range(10))))

    asyncio.run(run())
    assert most == 2


def test_a_request_starts_when_all_its_limits_have_a_place(fleet: Fleet) -> None:
    limiter = fleet.member()
    method = [Limit(calls=10, per_s=1.0), Limit("report", calls=1, per_s=3.0)]
    asyncio.run(take(limiter, method, 2))
    assert sum(fleet.time.waits) == pytest.approx(3 + SLACK_S)


def test_two_windows_of_one_name_share_a_count(fleet: Fleet) -> None:
    both = [Limit(calls=2, per_s=1.0), Limit(calls=3, per_s=60.0)]
    asyncio.run(take(fleet.member(), both, 4))
    assert fleet.time.now - 1000 == pytest.approx(60 + SLACK_S)


def test_a_short_window_of_one_process_forgets_nothing_that_a_long_one_of_another_needs(fleet: Fleet) -> None:
    long = [Limit(calls=3, per_s=60.0)]
    asyncio.run(take(fleet.member(), long, 3))
    fleet.time.now += 5
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1))
    asyncio.run(take(fleet.member(), long, 1))
    assert fleet.time.now - 1000 > 60


def test_limits_crossed_by_two_processes_never_deadlock(fleet: Fleet) -> None:
    first, second = fleet.member(), fleet.member()
    one = [Limit("x", concurrency=1), Limit("y", concurrency=1)]

    async def run() -> None:
        await within(5, asyncio.gather(take(first, one, 20), take(second, one[::-1], 20)))

    asyncio.run(run())


def test_without_limits_no_file_is_touched(fleet: Fleet) -> None:
    asyncio.run(take(fleet.member(), [], 3))
    assert list(fleet.folder.iterdir()) == []


@pytest.mark.parametrize("content", [b"\0\0\0", b"{}", b"00000000[1,2]\n", b"[[[", b"deadbeef" * 600])
def test_an_unreadable_file_counts_as_spent_and_never_stops_anybody(fleet: Fleet, content: bytes) -> None:
    fleet.file().write_bytes(content)
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1))
    assert sum(fleet.time.waits) == pytest.approx(1 + SLACK_S)


def test_a_file_that_another_version_wrote_counts_as_spent_too(fleet: Fleet) -> None:
    content = orjson.dumps([1.0, [], {}, {}, 0.0, "news"])
    fleet.file().write_bytes(b"%08x%b\n" % (crc32(content), content))
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1))
    assert sum(fleet.time.waits) == pytest.approx(1 + SLACK_S)


def test_an_unreadable_file_of_a_long_window_stops_nobody_for_more_than_a_minute(fleet: Fleet) -> None:
    fleet.file().write_bytes(b"?")
    asyncio.run(take(fleet.member(), [Limit(calls=100, per_s=86400)], 1))
    assert sum(fleet.time.waits) == pytest.approx(60 + SLACK_S)


def test_the_end_of_an_older_longer_content_behind_the_line_does_no_harm(fleet: Fleet) -> None:
    limiter = fleet.member()
    asyncio.run(take(limiter, FIVE_A_SECOND, 4))
    fleet.file().write_bytes(fleet.file().read_bytes() + b"5,999.6],{},{}]\n")
    asyncio.run(take(limiter, FIVE_A_SECOND, 1))
    assert fleet.time.waits == []


def test_times_from_before_a_reboot_are_dropped(fleet: Fleet) -> None:
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 5))
    fleet.time.now = 20.0
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 5))
    assert fleet.time.waits == []


def test_a_process_that_ended_in_flight_gives_its_places_back(fleet: Fleet) -> None:
    dead, alive = fleet.member(), fleet.member()
    limits = [Limit(calls=2, per_s=1.0, concurrency=1)]

    async def run() -> None:
        slot = dead.slot("a", limits)
        await slot.__aenter__()
        dead.close()  # what the kernel does with the lock of a process that was killed
        await within(5, take(alive, limits, 2))
        await slot.__aexit__(None, None, None)

    asyncio.run(run())
    assert sum(fleet.time.waits) < 1.5


def test_a_process_that_hangs_loses_its_place_when_its_lease_is_over(fleet: Fleet) -> None:
    hanging, alive = fleet.member(), fleet.member()
    one = [Limit(concurrency=1)]

    async def run() -> None:
        async with hanging.slot("a", one, lease_s=30):
            await within(5, take(alive, one, 1))

    asyncio.run(run())
    assert 30 <= fleet.time.now - 1000 < 31


def test_a_waiter_that_gives_up_leaves_the_line(fleet: Fleet) -> None:
    first, second = fleet.member(), fleet.member()
    one = [Limit(concurrency=1)]

    async def run() -> None:
        async with first.slot("a", one):
            waiter = asyncio.create_task(take(second, one, 1))
            for _ in range(5):
                await asyncio.sleep(0)
            waiter.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiter

    asyncio.run(run())
    _keep_s, _done, busy, line, _held_until = orjson.loads(fleet.file().read_bytes()[8:])
    assert (busy, line) == ({}, {})


def test_a_request_that_fails_counts_all_the_same(fleet: Fleet) -> None:
    limiter = fleet.member()

    async def fail() -> None:
        async with limiter.slot("a", [Limit(calls=1, per_s=1.0)]):
            raise ConnectionError

    for _ in range(2):
        with pytest.raises(ConnectionError):
            asyncio.run(fail())
    assert fleet.time.waits == [pytest.approx(1 + SLACK_S)]


def test_when_the_vendor_asks_one_process_to_wait_no_process_starts_before(fleet: Fleet) -> None:
    asked, other = fleet.member(), fleet.member()
    asyncio.run(asked.hold("a", FIVE_A_SECOND, 30.0))
    asyncio.run(take(other, FIVE_A_SECOND, 1))
    assert fleet.time.waits == [pytest.approx(30.0)]


def test_a_wait_that_the_vendor_asked_for_holds_only_what_counts_against_the_same_limits(fleet: Fleet) -> None:
    limiter = fleet.member()
    asyncio.run(limiter.hold("a", [Limit("search", 5, 1.0)], 30.0))
    asyncio.run(take(limiter, FIVE_A_SECOND, 1, account="a"))
    asyncio.run(take(limiter, [Limit("search", 5, 1.0)], 1, account="b"))
    assert fleet.time.waits == []


def test_the_longer_of_two_waits_holds(fleet: Fleet) -> None:
    limiter = fleet.member()
    asyncio.run(limiter.hold("a", FIVE_A_SECOND, 30.0))
    asyncio.run(limiter.hold("a", FIVE_A_SECOND, 10.0))
    asyncio.run(take(limiter, FIVE_A_SECOND, 1))
    assert fleet.time.waits == [pytest.approx(30.0)]


def test_a_request_is_given_up_at_once_where_the_vendor_asked_for_a_long_wait(fleet: Fleet) -> None:
    asked, other = fleet.member(), fleet.member()
    asyncio.run(asked.hold("a", FIVE_A_SECOND, 3600.0))
    with pytest.raises(TransientError, match="3600 s are left") as raised:
        asyncio.run(take(other, FIVE_A_SECOND, 1))
    assert (raised.value.retry_after, raised.value.undone) == (timedelta(hours=1), True)
    assert fleet.time.waits == []


def test_a_hold_from_before_a_reboot_is_dropped(fleet: Fleet) -> None:
    limiter = fleet.member()
    fleet.time.now += 1_000_000
    asyncio.run(limiter.hold("a", FIVE_A_SECOND, 60.0))
    fleet.time.now -= 1_000_000
    asyncio.run(take(limiter, FIVE_A_SECOND, 1))
    assert fleet.time.waits == []


def test_a_folder_that_vanishes_is_made_again(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path / "limits")
    fleet.folder.mkdir()
    limiter = fleet.member()
    asyncio.run(take(limiter, FIVE_A_SECOND, 1))
    for path in fleet.folder.iterdir():
        path.unlink()
    fleet.folder.rmdir()
    asyncio.run(take(limiter, FIVE_A_SECOND, 1))
    assert fleet.file().exists()
    limiter.close()


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"file.*make it writable"):
        asyncio.run(take(Limiter(tmp_path / "file"), FIVE_A_SECOND, 1))


def test_a_limiter_that_closes_leaves_no_file_of_its_own(fleet: Fleet) -> None:
    limiter = fleet.member()
    asyncio.run(take(limiter, FIVE_A_SECOND, 1))
    limiter.close()
    assert list(fleet.folder.glob("*.run")) == []


def test_many_tasks_of_one_process_never_exceed_the_limit_and_all_get_through(fleet: Fleet) -> None:
    limiter = fleet.member()
    starts: list[float] = []

    async def visit() -> None:
        async with limiter.slot("a", FIVE_A_SECOND):
            starts.append(fleet.time.now)
            await asyncio.sleep(0)

    async def run() -> None:
        await within(5, asyncio.gather(*(visit() for _ in range(50))))

    asyncio.run(run())
    assert len(starts) == 50
    assert busiest(starts, 1.0) <= 5


WEEK_S = 7 * 86400.0


def unused(path: Path, for_s: float) -> Path:
    at = time.time() - for_s
    os.utime(path, (at, at))
    return path


def test_files_of_accounts_that_nobody_used_for_a_week_are_removed_and_no_others(fleet: Fleet) -> None:
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1, account="old"))
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1, account="young"))
    foreign = fleet.folder / "notes"
    foreign.touch()
    fleet.time.now += WEEK_S + 60
    for path in (fleet.file("old"), foreign):
        unused(path, WEEK_S + 60)
    unused(fleet.file("young"), WEEK_S - 60)
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1, account="other"))
    assert not fleet.file("old").exists()
    assert fleet.file("young").exists()
    assert foreign.exists()


def test_a_file_whose_requests_still_count_stays_however_old_it_looks(fleet: Fleet) -> None:
    month = [Limit(calls=5, per_s=30 * 86400.0)]
    asyncio.run(take(fleet.member(), month, 3))
    unused(fleet.file(), WEEK_S + 60)
    fleet.time.now += WEEK_S + 60
    asyncio.run(take(fleet.member(), month, 2))
    assert fleet.time.waits == []
    asyncio.run(take(fleet.member(), month, 1))
    assert len(fleet.time.waits) == 1


def test_a_file_with_a_request_under_way_or_under_lock_stays(fleet: Fleet) -> None:
    async def run() -> None:
        async with fleet.member().slot("a", [Limit(concurrency=1)]):
            unused(fleet.file(), WEEK_S + 60)
            await take(fleet.member(), FIVE_A_SECOND, 1, account="b")
            assert fleet.file().exists()

    asyncio.run(run())
    unused(fleet.file(), WEEK_S + 60)
    with lock(fleet.file()):
        asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1, account="b"))
        assert fleet.file().exists()


def test_a_file_that_is_removed_between_opening_and_locking_is_opened_anew(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two processes would count in two files, one of them without a name."""

    def swept(name: str) -> Lock | None:
        taken = try_lock(name)
        if not swept_once:
            swept_once.append(name)
            Path(name).unlink()
        return taken

    swept_once: list[str] = []
    monkeypatch.setattr("hub.runtime.limits.try_lock", swept)
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 5))
    assert len(fleet.time.waits) == 1, "one look at the file anew"
    asyncio.run(take(fleet.member(), FIVE_A_SECOND, 1))
    assert fleet.time.now >= 1001.0, "all five were counted where the next process looks"


def key(**changes: Any) -> str:
    given: dict[str, Any] = {"connector": "youscan", "base_url": "https://api.example", "secrets": ["k1"]}
    return account_key(**{"account": None, **given, **changes})


def test_an_account_is_its_connector_and_secrets_whatever_the_way_to_the_vendor() -> None:
    assert key() == key(base_url="https://proxy.example/vendor")
    assert len({key(), key(connector="jira"), key(secrets=["k2"]), key(secrets=[])}) == 4


@pytest.mark.parametrize("secrets", [[], [""]])
def test_without_secrets_an_account_is_the_host_and_its_port(secrets: list[str]) -> None:
    here = key(secrets=secrets)
    assert here == key(secrets=secrets, base_url="http://me:pass@API.example/other/path/")
    others = [key(secrets=secrets, base_url=url) for url in ("https://other.example", "https://api.example:8443")]
    assert len({here, *others, key(secrets=secrets, connector="jira")}) == 4


def test_the_setting_account_stands_in_the_place_of_the_secrets() -> None:
    assert key(account="acme", secrets=["k1"]) == key(account="acme", secrets=["k2"])
    assert key(account="k1") != key()


def test_an_account_key_tells_nothing() -> None:
    assert set(key()) <= set("0123456789abcdef")
    assert len(key()) == 64


VENDOR = (Limit(calls=10, per_s=10.0, concurrency=4), Limit("report", calls=1, per_s=1.0))


@pytest.mark.parametrize(
    ("rate", "concurrency", "expected"),
    [
        (None, None, VENDOR),
        ("off", None, (Limit(per_s=10.0, concurrency=4),)),
        (Rate(3, 5.0), None, (Limit(per_s=10.0, concurrency=4), Limit(calls=3, per_s=5.0))),
        (None, 2, (Limit(calls=10, per_s=10.0), VENDOR[1], Limit(concurrency=2))),
        ("off", 2, (Limit(concurrency=2),)),
    ],
)
def test_settings_stand_in_the_place_of_the_vendors_figures(
    rate: Any, concurrency: int | None, expected: tuple[Limit, ...]
) -> None:
    assert effective_limits(VENDOR, rate, concurrency) == expected


def test_limits_that_bound_nothing_are_left_out() -> None:
    assert effective_limits([Limit()], None, None) == ()


# --- behind the others ------------------------------------------------------------------------------------------------

TEN_A_SECOND = [Limit(calls=10, per_s=1.0)]


def test_who_works_in_the_background_leaves_places_free(fleet: Fleet) -> None:
    behind, live = fleet.member(background=True), fleet.member()
    asyncio.run(take(behind, TEN_A_SECOND, 7))
    assert fleet.time.waits == []
    asyncio.run(take(live, TEN_A_SECOND, 3))
    assert fleet.time.waits == [], "a poll that begins finds places"
    asyncio.run(take(behind, TEN_A_SECOND, 1))
    assert sum(fleet.time.waits) == pytest.approx(1 + SLACK_S)


def test_who_works_in_the_background_lets_everybody_else_go_first(tmp_path: Path) -> None:
    behind, live = Limiter(tmp_path, background=True), Limiter(tmp_path)
    one, order = [Limit(calls=1, per_s=0.1)], []

    async def noted(limiter: Limiter, name: str) -> None:
        await take(limiter, one, 1)
        order.append(name)

    async def run() -> None:
        await take(live, one, 1)
        waiting = [asyncio.create_task(noted(behind, f"behind {number}")) for number in range(2)]
        await asyncio.sleep(0.02)
        waiting += [asyncio.create_task(noted(live, f"live {number}")) for number in range(3)]
        await within(5, asyncio.gather(*waiting))

    asyncio.run(run())
    behind.close()
    live.close()
    assert order == ["live 0", "live 1", "live 2", "behind 0", "behind 1"]


def test_the_vendors_limit_holds_for_both_together(fleet: Fleet) -> None:
    starts: list[float] = []

    async def hammer(limiter: Limiter, times: int) -> None:
        for _ in range(times):
            async with limiter.slot("a", FIVE_A_SECOND):
                starts.append(fleet.time.now)

    async def run() -> None:
        await asyncio.gather(hammer(fleet.member(background=True), 12), hammer(fleet.member(), 12))

    asyncio.run(run())
    assert busiest(starts, 1.0) <= 5


@pytest.mark.parametrize(("places", "used"), [(None, None), (1, 1), (2, 1), (3, 2), (5, 3), (10, 7), (100, 70)])
def test_a_part_of_every_allowance_is_left_to_others(places: int | None, used: int | None) -> None:
    limit = background_limit(Limit(calls=places, concurrency=places))
    assert (limit.calls, limit.concurrency) == (used, used)
