"""What came in is counted where it belongs, and a surge is seen, once, until it is over."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.routing.facts import Facts
from hub.routing.surge import Series
from hub.sdk import TicketDraft
from hub.store import Decided, Router, Store, open_store
from hub.store.surges import Wanted
from tests.unit.store.pages import dump, put, rows

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)  # a Friday
VK, HELP = Series("platform", "vk.com"), Series("queue", "helpdesk")
TABLES = ("arrivals", "usual_levels", "surge_state", "surges")


class Clock:
    """Stands still until it is pushed."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=clock) as store:
        yield store


def draft(
    source_id: str, at: datetime, platform: str = "vk.com", body: str = "Добрый день", found: datetime | None = None
) -> TicketDraft:
    return TicketDraft.of(
        source_id=source_id, kind="mention", platform=platform, created_at=at, body=body, collected_at=found
    )


def route(**fields: object) -> Router:
    decided = Decided("normal", **fields)  # type: ignore[arg-type]  # what a test wants
    return Router(lambda _: decided)


def past(days: int = 28, each_hour: int = 2, now: datetime = NOW) -> list[TicketDraft]:
    """So many days of an even stream of two platforms, until an hour before *now*."""
    chance, start = random.Random(7), now - timedelta(days=days)
    found = []
    for number in range(days * 24 * each_hour):
        at = start + timedelta(hours=number / each_hour, minutes=chance.uniform(0, 29))
        if at < now - timedelta(hours=1):
            found.append(draft(f"p{number}", at, ("vk.com", "2gis")[number % 2]))
    return found


def burst(number: int, until: datetime, platform: str = "vk.com", name: str = "b") -> list[TicketDraft]:
    """So many tickets in the half hour before *until*."""
    ats = (until - timedelta(minutes=30 * (one + 1) / (number + 1)) for one in range(number))
    return [draft(f"{name}{one}", at, platform, "Не проходит оплата картой") for one, at in enumerate(ats)]


def watch(store: Store, **wanted: object) -> tuple[list[Series], list[Series]]:
    """Count, learn and look; return the series whose surges began, and those whose ended."""
    while store.count_arrivals():
        pass
    store.learn_levels(UTC)
    looked = store.look_for_surges(Wanted(UTC, **wanted))  # type: ignore[arg-type]  # what a test wants
    return [one.series for one in looked.began], [one.series for one in looked.ended]


def counted(store: Store, minutes: int = 60, kind: str = "all") -> dict[datetime, int]:
    sql = "SELECT slot_at, number FROM arrivals WHERE minutes = ? AND kind = ?"
    return {datetime.fromtimestamp(at / 1e6, UTC): number for at, number in rows(store, sql, minutes, kind)}


# --- counting ---------------------------------------------------------------------------------------------------------


def test_a_ticket_counts_once_however_often_it_is_read_and_counted(store: Store) -> None:
    at = NOW - timedelta(minutes=7)
    put(store, draft("1", at), now=NOW, router=route(queue="helpdesk", tags=("card", "pay")))
    watch(store)
    put(store, draft("1", at, body="Добрый день!"), now=NOW)
    before = dump(store, TABLES)
    watch(store)
    assert dump(store, TABLES) == before
    hour = rows(store, "SELECT kind, name, number FROM arrivals WHERE minutes = 60 ORDER BY kind, name")
    assert hour == [
        ("all", "", 1), ("platform", "vk.com", 1), ("queue", "helpdesk", 1), ("tag", "card", 1), ("tag", "pay", 1)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("published", "found", "counts_at"),
    [
        (NOW - timedelta(days=3), None, NOW - timedelta(days=3)),  # read late by the hub
        (NOW - timedelta(minutes=90), NOW - timedelta(minutes=40), NOW - timedelta(minutes=40)),  # found soon
        (NOW - timedelta(days=3), NOW, NOW - timedelta(days=3)),  # history that the vendor found late
        (NOW + timedelta(hours=5), None, NOW),  # a vendor's clock that is ahead
    ],
)
def test_a_ticket_counts_when_the_hub_could_know_of_it_but_history_where_it_belongs(
    store: Store, published: datetime, found: datetime | None, counts_at: datetime
) -> None:
    put(store, draft("1", published, found=found), now=NOW)
    store.count_arrivals()
    assert counted(store) == {counts_at.replace(minute=0): 1}


@pytest.mark.parametrize("live", [True, False])
def test_history_says_what_is_usual_and_is_no_surge(store: Store, *, live: bool) -> None:
    put(store, *past(), now=NOW)
    assert watch(store) == ([], [])
    read = [draft(f"h{one}", NOW - timedelta(minutes=2 * one)) for one in range(2 * 24 * 30)]  # two days, 30 an hour
    put(store, *read, now=NOW, instance="two", effects=live, mode="poll" if live else "backfill")
    began, _ = watch(store)
    assert (VK in began, Series("all", "") in began) == (live, live)
    assert counted(store)[NOW - timedelta(hours=5)] == 32
    slots = sum(counted(store, minutes=5).values())
    assert (slots > 700) == live


@pytest.mark.parametrize("live", [True, False])
def test_a_week_of_history_is_no_slow_rise(store: Store, *, live: bool) -> None:
    put(store, *past(), now=NOW)
    watch(store)
    until = NOW - timedelta(hours=13)  # no window that is looked at has any of it
    read = [draft(f"h{one}", until - timedelta(minutes=20 * one)) for one in range(5 * 24 * 3)]
    put(store, *read, now=NOW, instance="two", effects=live, mode="poll" if live else "backfill")
    while store.count_arrivals():
        pass
    looked = store.look_for_surges(Wanted(UTC))
    assert [one.is_rise for one in looked.began] == ([True] if live else [])


def test_what_is_older_than_is_looked_at_does_not_count(store: Store) -> None:
    put(store, draft("1", NOW - timedelta(days=90)), now=NOW)
    assert store.count_arrivals()
    assert not store.count_arrivals()
    assert counted(store) == {}


def test_old_counts_are_forgotten(store: Store, clock: Clock) -> None:
    put(store, *past(days=2), now=NOW)
    watch(store)
    assert counted(store, 5)
    clock.at = NOW + timedelta(days=2)
    watch(store)
    assert counted(store, 5) == {}
    assert counted(store)
    clock.at = NOW + timedelta(days=70)
    watch(store)
    assert counted(store) == {}


# --- surges -----------------------------------------------------------------------------------------------------------


def test_a_burst_is_a_surge_of_all_that_it_is_in_and_of_nothing_else(store: Store) -> None:
    put(store, *past(), now=NOW, router=route(queue="helpdesk"))
    assert watch(store) == ([], [])
    put(store, *burst(30, NOW), now=NOW, router=route(queue="helpdesk", tags=("card",)))
    began, ended = watch(store)
    assert set(began) == {Series("all"), VK, HELP}  # the tag is new: nobody knows what is usual of it
    assert ended == []
    one = next(one for one in store.open_surges() if one.series == VK)
    assert one.began_at == NOW
    assert one.number > 10 > 2 > one.usual
    assert (one.peak_number, one.ended_at) == (one.number, None)


def test_a_surge_is_told_of_once_and_ends_by_itself(store: Store, clock: Clock) -> None:
    put(store, *past(), now=NOW)
    put(store, *burst(30, NOW), now=NOW)
    assert VK in watch(store)[0]
    for minutes in range(5, 180, 5):
        clock.at = NOW + timedelta(minutes=minutes)
        began, ended = watch(store)
        assert began == []
        if VK in ended:
            break
    assert 60 <= minutes <= 150
    assert VK not in {one.series for one in store.open_surges()}
    assert next(one for one in store.surges() if one.series == VK).ended_at == clock.at
    clock.at += timedelta(minutes=5)
    assert watch(store)[0] == []  # what was a surge is in the longer windows still


def test_the_peak_is_kept(store: Store, clock: Clock) -> None:
    put(store, *past(), now=NOW)
    put(store, *burst(20, NOW), now=NOW)
    watch(store)
    clock.at = NOW + timedelta(minutes=10)
    put(store, *burst(90, clock.at, name="c"), now=clock.at)
    watch(store)
    one = next(one for one in store.open_surges() if one.series == VK)
    assert one.peak_number > one.number
    assert one.peak_at == clock.at


def test_history_that_is_read_now_is_no_surge(store: Store) -> None:
    put(store, *past(), now=NOW)
    watch(store)
    late = [draft(f"l{one}", NOW - timedelta(days=2, minutes=one / 10), found=NOW) for one in range(300)]
    put(store, *late, now=NOW)
    assert watch(store) == ([], [])


def test_nothing_is_a_surge_in_the_first_days(store: Store) -> None:
    put(store, *past(days=2), now=NOW)
    put(store, *burst(100, NOW), now=NOW)
    assert watch(store) == ([], [])


def test_only_the_kinds_that_are_wanted_are_watched(store: Store) -> None:
    put(store, *past(), now=NOW, router=route(queue="helpdesk"))
    put(store, *burst(30, NOW), now=NOW, router=route(queue="helpdesk"))
    assert set(watch(store, kinds=frozenset({"queue"}))[0]) == {Series("all"), HELP}


def test_two_processes_see_a_surge_once(store: Store, clock: Clock, tmp_path: Path) -> None:
    put(store, *past(), now=NOW)
    put(store, *burst(30, NOW), now=NOW)
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=clock) as other:
        assert watch(other)[0]
        assert watch(store)[0] == []


def test_what_its_tickets_say_is_compared_with_what_others_said_before(store: Store) -> None:
    put(store, *past(), now=NOW, router=route(queue="helpdesk"))
    put(store, *burst(30, NOW), now=NOW, router=route(queue="cards"))
    watch(store)
    one = next(one for one in store.open_surges() if one.series == VK)
    during, before, queue = store.said_in_surge(one)
    assert queue == "cards"
    assert len(during) >= 10
    assert all("оплата" in said.text for said in during)
    assert before
    assert not any("оплата" in said.text for said in before)


# --- rules ------------------------------------------------------------------------------------------------------------


def test_rules_that_ask_know_which_series_surge(store: Store) -> None:
    put(store, *past(), now=NOW)
    put(store, *burst(30, NOW), now=NOW)
    watch(store)
    seen: list[Facts] = []

    def decide(facts: Facts) -> Decided:
        seen.append(facts)
        return Decided("normal")

    put(store, draft("x", NOW), now=NOW, router=Router(decide, needs_surges=lambda: True))
    put(store, draft("y", NOW), now=NOW, router=Router(decide))
    assert seen[0].surging is not None
    assert VK in seen[0].surging
    assert Series("platform", "2gis") not in seen[0].surging
    assert seen[1].surging is None


def test_a_surge_that_nobody_looked_at_for_hours_is_nothing_to_rules(store: Store) -> None:
    put(store, *past(), now=NOW)
    put(store, *burst(30, NOW), now=NOW)
    watch(store)
    seen: list[Facts] = []

    def decide(facts: Facts) -> Decided:
        seen.append(facts)
        return Decided("normal")

    router = Router(decide, needs_surges=lambda: True)
    for hours in (1, 5):
        put(store, draft(f"x{hours}", NOW), now=NOW + timedelta(hours=hours), router=router)
    assert [VK in (facts.surging or ()) for facts in seen] == [True, False]


def test_all_are_over_when_nobody_watches_any_more(store: Store) -> None:
    put(store, *past(), now=NOW)
    put(store, *burst(30, NOW), now=NOW)
    watch(store)
    assert store.end_surges() == 2
    assert store.open_surges() == []
    assert store.end_surges() == 0


def test_what_surged_when_a_ticket_came_is_known_later(store: Store, clock: Clock) -> None:
    put(store, *past(days=28), now=NOW)
    put(store, *burst(30, NOW), now=NOW)
    watch(store)
    put(store, draft("x", NOW, "vk.com", "во время"), now=NOW + timedelta(seconds=1))
    clock.at = NOW + timedelta(hours=6)
    watch(store)
    clock.at += timedelta(minutes=5)
    put(store, draft("z", clock.at, "vk.com", "после"), now=clock.at)
    facts = {facts.texts: facts.surging for _, facts in store.iter_facts()}
    assert VK in (facts[("во время",)] or ())
    assert facts[("после",)] == frozenset()
