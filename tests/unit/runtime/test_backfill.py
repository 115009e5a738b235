"""A backfill in one process: windows, cursors of their own, what is proved, what goes wrong."""

import asyncio
import fcntl
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.runtime import backfill as module
from hub.runtime.backfill import Outcome, Step, Wanted, backfill, drop, is_under_way
from hub.runtime.backfill_plan import Plan
from hub.runtime.spans import cut, day_edges
from hub.sdk import AuthError, ConfigError, TransientError
from hub.store import Backfill, Store, StreamKey, open_store
from hub.store.machine import digest
from tests.unit.runtime.past import BEGIN, CutError, Source, settings
from tests.unit.store.pages import new_store, rows

DAY = timedelta(days=1)
POLL = StreamKey("past", "past", "poll")
WEEK = Wanted("past", BEGIN, BEGIN + 7 * DAY)


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setattr(module, "_FIRST_WAIT_S", 0.001)
    with new_store(tmp_path) as made:
        yield made


def run(store: Store, source: Source, wanted: Wanted = WEEK, zone: str = "UTC", **rest: Any) -> Outcome:
    done = asyncio.run(backfill(settings(store, source, zone), store, wanted, **rest))
    assert done is not None
    return done


def stored(store: Store) -> list[str]:
    return [text for (text,) in rows(store, "SELECT body FROM messages ORDER BY created_at, body")]


def test_every_window_is_read_with_its_own_bounds_and_no_live_cursor_moves(store: Store) -> None:
    source = Source(hours=list(range(0, 24 * 7, 5)))
    done = run(store, source)
    assert (done.ok, done.records, len(stored(store))) == (True, 34, 34)
    bounds = sorted((read.since, read.until) for read in source.reads)
    assert bounds == [
        (BEGIN + at * DAY, BEGIN + min(at + 2, 7) * DAY) for at in (0, 2, 4, 6)
    ]  # the last window is what is left
    assert rows(store, "SELECT * FROM streams") == []


def test_each_day_is_proved_by_the_sources_own_count(store: Store) -> None:
    source = Source(hours=[1, 2, 30, 100])
    done = run(store, source)
    days = [(one.day, one.source, one.stored, one.by, one.state) for one in done.days or ()]
    assert days[0] == ("2026-11-01", 2, 2, "count", "complete")
    assert [one[1] for one in days] == [2, 1, 0, 0, 1, 0, 0]
    assert len(source.reads) == 4, "nothing is read twice where the counts agree"


def test_days_are_those_of_the_settings_zone(store: Store) -> None:
    done = run(store, Source(hours=[22]), Wanted("past", BEGIN - timedelta(hours=3), BEGIN + DAY), "Europe/Moscow")
    assert [(one.day, one.source) for one in done.days or ()] == [("2026-11-01", 0), ("2026-11-02", 1)]


@pytest.mark.parametrize("counts", [False, "about"])
def test_where_the_source_does_not_count_everything_is_read_a_second_time(store: Store, counts: Any) -> None:
    source = Source(hours=[1, 30], counts=counts)
    done = run(store, source)
    assert len(source.reads) == 8
    assert [(one.source, one.stored, one.by) for one in done.days or ()][:2] == [(1, 1, "second read")] * 2
    assert done.ok


@pytest.mark.parametrize("counts", [True, False])
def test_what_a_first_read_missed_is_stored_by_the_second_and_named(store: Store, counts: bool) -> None:
    source = Source(hours=[1, 2, 3, 50], hidden_for={1: 1}, counts=counts)
    done = run(store, source)
    assert stored(store) == ["said 0", "said 1", "said 2", "said 3"]
    first = (done.days or [])[0]
    assert (first.source, first.stored, first.mended, first.state) == (3, 3, 1, "mended")
    assert done.ok


def test_what_is_counted_and_never_listed_stays_a_gap(store: Store) -> None:
    done = run(store, Source(hours=[1, 2, 50], hidden_for={1: 99}))
    assert [(one.day, one.source, one.stored) for one in done.gaps] == [("2026-11-01", 2, 1)]
    assert not done.ok
    (noted,) = store.backfills()
    assert noted.state == "gaps"


def test_a_source_that_brings_something_new_each_time_is_not_taken_for_complete(store: Store) -> None:
    source = Source(hours=[1, 2, 3, 4], hidden_for={1: 1, 2: 2, 3: 3}, counts=False)
    done = run(store, source)
    assert [(one.day, one.state) for one in done.gaps] == [("2026-11-01", "gap")]


def test_a_day_that_stays_short_is_a_gap_also_where_another_brings_something_new_each_time(store: Store) -> None:
    source = Source(hours=[1, 2, 30, 31, 32, 33], hidden_for={1: 99, 3: 1, 4: 2, 5: 3})
    done = run(store, source)
    assert [(one.day, one.source, one.stored) for one in done.gaps] == [("2026-11-01", 2, 1), ("2026-11-02", 4, 4)]


def test_dead_letters_are_no_gaps_but_are_told(store: Store) -> None:
    done = run(store, Source(hours=[1, 2], broken={1}))
    first = (done.days or [])[0]
    assert (first.source, first.stored, first.state, first.aside) == (2, 1, "set aside", 1)
    assert (done.ok, done.rejected, done.aside) == (True, 1, 1)
    assert run(store, Source()).aside == 1, "one that was finished before says so too"


@pytest.mark.parametrize("counts", [False, "about"])
def test_dead_letters_of_a_source_that_does_not_count_stand_in_a_row_without_a_day(store: Store, counts: Any) -> None:
    done = run(store, Source(hours=[1, 2, 60], broken={1, 2}, counts=counts))
    *days, last = done.days or []
    assert {one.state for one in days} == {"complete"}
    assert (last.day, last.source, last.stored, last.by, last.state) == ("", 2, 0, "second read", "set aside")
    assert (done.ok, done.aside) == (True, 2)


def test_dead_letters_that_the_source_does_not_count_are_told_though_no_day_is_short(store: Store) -> None:
    source = Source(hours=[1, 2, 30], broken={1}, uncounted={1})
    done = run(store, source)
    *days, last = done.days or []
    assert {one.state for one in days} == {"complete"}
    assert (last.day, last.aside, last.by, last.state) == ("", 1, "first read", "set aside")
    assert len(source.reads) == 4


def test_the_same_words_go_on_after_a_cut_and_a_finished_one_says_so(store: Store) -> None:
    source = Source(hours=list(range(0, 24 * 7, 5)), cut=9)
    with pytest.raises(CutError):
        run(store, source)
    source.cut = None
    before = len(source.reads)
    done = run(store, source)
    assert (done.ok, done.before, len(stored(store))) == (True, False, 34)
    assert any(read.cursor is not None for read in source.reads[before:])
    reads = len(source.reads)
    again = run(store, source)
    assert (again.before, again.ok, len(source.reads)) == (True, True, reads)
    assert len(again.days or ()) == 7


def test_again_reads_anew_and_replaces_what_was_not_finished(store: Store) -> None:
    source = Source(hours=[1, 30, 60], cut=1)
    with pytest.raises(CutError):
        run(store, source)
    source.cut = None
    done = run(store, source, Wanted("past", WEEK.since, WEEK.until, again=True))
    assert (done.ok, done.records) == (True, 3)
    assert [one.state for one in store.backfills()] == ["complete", "replaced"]


def test_without_an_end_the_same_words_go_on_with_the_end_it_began_with(store: Store) -> None:
    source = Source(hours=[1, 30], cut=1)
    wanted = Wanted("past", datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - 3 * DAY)
    with pytest.raises(CutError):
        source.hours = [int((wanted.since - BEGIN) / timedelta(hours=1)) + 1]
        run(store, source, wanted)
    source.cut = None
    until = store.backfills()[0].until
    assert run(store, source, wanted).backfill.until == until
    assert len(store.backfills()) == 1


@pytest.mark.parametrize("effects", [False, True])
def test_without_an_end_what_the_live_poll_has_not_had_is_left_to_it(store: Store, *, effects: bool) -> None:
    now = datetime.now(UTC)
    polled = (now - 2 * DAY).replace(minute=30, second=0, microsecond=0)
    with open_store(f"sqlite:///{store.path}", now=lambda: polled) as then:
        then.stream_finished(POLL, None)
    hours = (polled - BEGIN) // timedelta(hours=1)
    done = run(store, Source(hours=[hours - 2, hours + 1]), Wanted("past", polled - DAY, effects=effects))
    assert (done.backfill.until == polled - timedelta(hours=1)) is not effects
    assert stored(store) == ["said 0", "said 1"][: 1 + effects]


@pytest.mark.parametrize(("effects", "told"), [(False, []), (True, [("notify:lead",)] * 2)])
def test_with_effects_people_are_told_of_the_past(
    store: Store, tmp_path: Path, *, effects: bool, told: list[tuple[str]]
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text("builtin: false\nrules: [{name: all, then: {notify: lead}}]\n")
    ruled = replace(settings(store, Source(hours=[1, 30])), rules=tmp_path / "rules", notify={"lead": ()})
    done = asyncio.run(backfill(ruled, store, replace(WEEK, effects=effects)))
    assert done is not None
    assert done.ok
    assert rows(store, "SELECT instance FROM outbox") == told


def test_a_span_that_only_the_live_poll_may_bring_is_refused_with_the_way_on(store: Store) -> None:
    store.stream_finished(POLL, None)
    since = datetime.now(UTC) + DAY
    with pytest.raises(ConfigError, match='run "hub sync past"'):
        run(store, Source(hours=[1]), Wanted("past", since))
    assert store.backfills() == []


def test_where_a_backfill_would_ask_for_nothing_it_says_so(store: Store) -> None:
    with pytest.raises(ConfigError, match='"past" has no past to read'):
        run(store, Source(pastless=True))
    assert store.backfills() == []


def test_a_dry_run_tells_the_cost_and_reads_nothing(store: Store) -> None:
    told: list[tuple[Plan, Backfill | None]] = []
    source = Source(hours=[1, 30])
    note = lambda plan, before: told.append((plan, before))  # noqa: E731 - two lines
    assert asyncio.run(backfill(settings(store, source), store, WEEK, dry_run=True, on_plan=note)) is None
    (plan, before) = told[0]
    assert (plan.records, [one.windows for one in plan.streams], plan.streams[0].proof, before) == (2, [4], 7, None)
    assert (source.reads, store.backfills(), source.counted) == ([], [], 1)


def test_a_window_that_fails_is_tried_again_and_then_told_while_the_others_are_read(store: Store) -> None:
    source = Source(hours=[1, 2, 3, 60, 120], fails=[TransientError("503")])
    told: list[tuple[str, int, str]] = []
    assert run(store, source, on_wait=lambda name, tries, _, error: told.append((name, tries, str(error)))).ok
    assert told == [("past", 1, "503")]
    source = Source(hours=[1, 60, 120], refused=BEGIN + 2 * DAY)
    done = run(store, source, Wanted("past", WEEK.since, WEEK.until, again=True))
    assert (done.ok, done.days, done.records) == (False, None, 2)
    assert done.problems == ["past, 2026-11-03 to 2026-11-05: 503; run the same command again to go on"]
    source.refused = None
    assert run(store, source).ok


def test_a_fault_that_waits_for_a_person_ends_it_and_says_how_to_go_on(store: Store) -> None:
    source = Source(hours=list(range(0, 160, 3)), fails=[AuthError("401; renew the key")])
    done = run(store, source)
    assert done.problems == ["401; renew the key; then run the same command again to go on"]
    assert run(store, source).ok


def test_two_processes_do_not_work_on_one_backfill(store: Store) -> None:
    source = Source(hours=[1, 30], cut=1)
    with pytest.raises(CutError):
        run(store, source)
    source.cut = None
    held = store.lock("backfill", "1")
    assert held is not None
    with held:
        with pytest.raises(TransientError, match="another process works on this backfill"):
            run(store, source)
        with pytest.raises(TransientError, match="another process works on this backfill"):
            drop(store, "past")
    assert run(store, source).ok


def test_who_looks_whether_a_backfill_is_worked_on_is_not_taken_for_one_who_does(store: Store, tmp_path: Path) -> None:
    with pytest.raises(CutError):
        run(store, Source(hours=[1, 30], cut=1))
    (task,) = store.backfills("past")
    file = next(one for one in tmp_path.rglob("*.locks/*") if one.name == digest("backfill", str(task.n)))
    with file.open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # somebody else looks at this moment
        assert not is_under_way(store, task)
    with store.lock("backfill", str(task.n)) or pytest.fail("nobody holds it"):
        assert is_under_way(store, task)


def test_who_only_looks_keeps_nobody_from_working_on_a_backfill(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GLANCE_S", 0.5)
    with pytest.raises(CutError):
        run(store, Source(hours=[1, 30], cut=1))
    file = next(one for one in tmp_path.rglob("*.locks/*") if one.name == digest("backfill", "1"))
    other = file.open("rb")
    fcntl.flock(other, fcntl.LOCK_SH)
    threading.Timer(0.1, other.close).start()
    assert run(store, Source(hours=[1, 30])).ok


def test_a_paused_instance_is_not_read(store: Store) -> None:
    store.pause("past", "past", "by me")
    with pytest.raises(ConfigError, match='run "hub resume past" first'):
        run(store, Source(hours=[1]))


def test_the_share_that_is_done_grows_to_the_end(store: Store) -> None:
    told: list[Step] = []
    run(store, Source(hours=list(range(0, 24 * 7, 5))), on_step=told.append)
    for proving in (False, True):
        shares = [one.share for one in told if one.proving is proving]
        assert shares == sorted(shares)
        assert shares[-1] == pytest.approx(1.0)


def test_days_begin_at_midnight_also_when_the_clock_is_moved() -> None:
    zone = ZoneInfo("Europe/Berlin")
    edges = day_edges(datetime(2026, 10, 24, tzinfo=zone), datetime(2026, 10, 26, 12, tzinfo=zone), zone)
    assert [later - edge for edge, later in pairwise(edges)] == [
        timedelta(hours=24),
        timedelta(hours=25),
        timedelta(hours=12),
    ]
    assert cut(edges, timedelta(days=2)) == [(edges[0], edges[2]), (edges[2], edges[3])]
    assert cut(edges, None) == [(edges[0], edges[-1])]
    assert len(cut(edges, timedelta(hours=1))) == 3
