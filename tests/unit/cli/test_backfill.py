"""``hub backfill`` and ``hub replay``: wrong use, the list, the bar, what is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli.backfill import _show, _show_plan
from hub.cli.bar import Bar, estimate
from hub.runtime.backfill import Outcome
from hub.runtime.backfill_plan import Plan, StreamPlan
from hub.runtime.completeness import Day
from hub.store import Backfill, Window, open_store
from tests.unit.cli.conftest import Hub

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC)
TASK = Backfill(1, "main", SINCE, UNTIL, open_end=False, effects=False, state="reading", created_at=UNTIL)
NEXT_YEAR = f"{datetime.now(UTC).year + 1}-01-01"
SETTINGS = """\
timezone = "Europe/Moscow"
[instances.main]
connector = "youscan"
api_key = "a-key-of-the-test"
"""


@pytest.fixture
def settings(tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text(SETTINGS, encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("main",), "no backfill of main waits to go on"),
        ((), "no backfill waits to go on"),
        (("--since", "3d"), "name the INSTANCE"),
        (("main", "--dry-run"), "--dry-run needs --since DAY"),
        (("main", "--until", "2026-01-01"), "--until needs --since DAY"),
        (("main", "--since", NEXT_YEAR), "--since lies in the future"),
        (("main", "--since", "3d", "--until", "4d"), "--since is not before --until"),
        (("main", "--since", "3d", "--until", NEXT_YEAR), "lies in the future"),
        (("nobody", "--since", "3d"), 'there is no instance "nobody"'),
    ],
)
@pytest.mark.usefixtures("settings")
def test_wrong_use_is_told(hub: Hub, words: tuple[str, ...], told: str) -> None:
    ran = hub("backfill", *words)
    assert (ran.code, told in ran.err) == (2, True), ran.err


@pytest.mark.usefixtures("settings")
def test_a_replay_has_effects_only_where_it_is_applied(hub: Hub) -> None:
    ran = hub("replay", "--with-effects")
    assert (ran.code, "needs --apply" in ran.err) == (2, True)
    assert "nothing changes" in hub("replay").err


@pytest.mark.usefixtures("settings")
def test_the_list_says_how_far_each_is(hub: Hub, tmp_path: Path) -> None:
    begin = 'begin one with "hub backfill %s --since DAY"'
    assert hub("backfill", "--list").err == f"there is no backfill; {begin % 'INSTANCE'}\n"
    assert hub("backfill", "--list", "maps").err == f"there is no backfill of maps; {begin % 'maps'}\n"
    assert f"no backfill of maps waits to go on; {begin % 'maps'}" in hub("backfill", "maps").err
    with open_store(f"sqlite:///{tmp_path}/hub.db") as store:
        windows = [Window("101", "Bank", SINCE, UNTIL), Window("102", "Shop", SINCE, UNTIL)]
        store.begin_backfill("main", (SINCE, UNTIL), windows, open_end=False, effects=True)
        store.window_ended(1, None)
        store.window_ended(2, "503")
    line = hub("backfill", "--list").out.splitlines()[1]
    assert [word in line for word in ("main", "2026-11-01 03:00", "reading", "1 of 2", "yes")] == [True] * 5
    assert '"windows_read": 1' in hub("backfill", "--list", "--json").out


def test_gaps_are_named_and_long_tables_leave_out_what_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    days = [Day("101", "Bank", f"2026-{n:03}", 5, 5, 0, 0, "count", "complete") for n in range(120)]
    gap = Day("101", "Bank", "2026-11-03", 7, 6, 0, 0, "count", "gap")
    mended = Day("101", "Bank", "2026-11-04", 7, 6, 2, 1, "second read", "mended")
    _show(Outcome(TASK, records=13, rejected=1, days=[*days, gap, mended]), UTC, quiet=False)
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 3
    assert "mended, 1 left out" in printed.out
    assert "Bank, 2026-11-03: a gap: the source says 7, 6 came and are stored, though it was read again" in printed.err
    assert "120 days are complete" in printed.err
    assert '13 records; 1 record was set aside, see "hub dead list"; 1 gap stays; 2 were missing' in printed.err


def test_a_plan_says_what_is_known_and_what_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    counted = StreamPlan("101", "Bank", 2, 1500, 4, 7, counted=True)
    unknown = StreamPlan("x", "", 1, None, 1, 1, counted=False)
    plan = Plan(SINCE, UNTIL, (counted, unknown), 10.0)
    assert (plan.requests, plan.records, plan.seconds) == (13, None, 130)
    nobody: Any = None
    _show_plan(plan, None, nobody, UTC)
    told = capsys.readouterr().err
    assert "Bank: 2 windows, about 1,500 records, about 4 requests, and 7 counts to prove it" in told
    assert "x: 1 window, records not counted, at least 1 request, and a second read to prove it" in told
    assert "about 2m" in told


@pytest.mark.parametrize(
    ("took_s", "done", "left", "at_least_s", "expected_s"),
    [(10, 0.5, 0.5, 0, 10), (10, 0.5, 0.5, 60, 60), (5, 0.001, 0.99, 0, None), (5, 0.001, 0.99, 30, 30)],
)
def test_the_rest_is_estimated_by_the_speed_so_far_and_never_below_what_the_vendor_allows(
    took_s: float, done: float, left: float, at_least_s: float, expected_s: float | None
) -> None:
    expected = None if expected_s is None else timedelta(seconds=expected_s)
    assert estimate(took_s, done, left, at_least_s) == expected


def test_a_bar_counts_only_what_this_run_did() -> None:
    now, shown = [0.0], Shown()
    bar = Bar(shown, 1, lambda: now[0])
    bar.show("reading: 50 records", 0.5)
    now[0] = 10.0
    bar.show("reading: 75 records", 0.75)
    assert shown.fields == {"completed": 0.75, "description": "reading: 75 records", "left": "about 10s left"}


class Shown:
    """Notes what a bar was told last."""

    def update(self, _task: Any, **fields: Any) -> None:
        self.fields = fields
