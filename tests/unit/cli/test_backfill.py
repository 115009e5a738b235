"""``hub backfill`` and ``hub replay``: wrong use, the list, the bar, what is told."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.cli.backfill import _show, _show_plan, _step, _summary
from hub.cli.bar import Bar, estimate
from hub.cli.output import Lines
from hub.runtime import backfill as runtime
from hub.runtime.backfill import Outcome, Step, Wanted
from hub.runtime.backfill_plan import Plan, StreamPlan
from hub.runtime.completeness import Day
from hub.runtime.replay import Example, Replayed
from hub.store import Backfill, Window, open_store
from tests.unit.cli.conftest import Hub

SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 8, tzinfo=UTC)
TASK = Backfill(1, "main", SINCE, UNTIL, open_end=False, effects=False, state="reading", created_at=UNTIL)
ASIDE = Day("101", "Bank", "", 1, 0, 0, 0, "second read", "set aside", 1)
GAP = Day("101", "Bank", "2026-11-03", 7, 6, 0, 0, "count", "gap")
ONE = '1 record is set aside: "hub dead list --instance main" says why'
GIVEN_UP = "given up: main from 2026-11-01 03:00 to 2026-11-08 03:00"
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
    later = hub("replay", "--since", NEXT_YEAR)
    assert (later.code, "--since is now or in the future" in later.err) == (2, True)


@pytest.mark.usefixtures("settings")
def test_a_replay_shows_what_differs_in_words(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = ["stolen-money", "troubles", "strategic"]
    changed: list[tuple[str, Any, Any]] = [
        ("decided.decision", {"ruleset": "v1", "rules": rules}, {"ruleset": "v1", "rules": [*rules[:2], "vip"]}),
        ("decided.queue", None, "claims"),
        ("decided.tags", ("a", "b"), ("b", "a")),
        ("message.body", "a long beginning " * 9 + "ends so", "a long beginning " * 9 + "ends thus"),
        ("message.hidden", True, False),
        ("message.author", {"key": "1", "name": "Olga"}, None),
    ]
    result = Replayed(applied=False, examples=[Example("0f1e2d3c-0000", *one) for one in changed])
    monkeypatch.setattr("hub.runtime.replay.replay", lambda *_, **__: result)
    lines = [re.split(r" {2,}", line.strip())[1:] for line in hub("replay").out.splitlines()[2:]]
    assert lines == [
        ["decided.decision.rules", "strategic", "vip"],
        ["decided.queue", "—", "claims"],
        ["decided.tags", "a, b", "b, a"],
        ["message.body", "…long beginning ends so", "…long beginning ends thus"],
        ["message.hidden", "yes", "no"],
        ["message.author", "key: 1, name: Olga", "—"],
    ]


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
        with store.lock("backfill", "1") or pytest.fail("nobody holds it"):
            line = hub("backfill", "--list").out.splitlines()[1]
    assert [word in line for word in ("main", "2026-11-01 03:00", "reading", "1 of 2", "yes")] == [True] * 5
    left = hub("backfill", "--list")
    assert "  interrupted  " in left.out
    assert '"hub backfill" goes on with what was interrupted' in left.err
    assert '"windows_read": 1' in hub("backfill", "--list", "--json").out


@pytest.fixture
def asked_for(monkeypatch: pytest.MonkeyPatch) -> list[Wanted]:
    """What commands want to be read; nothing is."""
    found: list[Wanted] = []

    async def note(_settings: Any, _store: Any, wanted: Wanted, **_rest: Any) -> None:
        found.append(wanted)

    monkeypatch.setattr(runtime, "backfill", note)
    return found


def begin(tmp_path: Path, at: datetime, since: datetime, until: datetime | None = None) -> None:
    with open_store(f"sqlite:///{tmp_path}/hub.db", now=lambda: at) as store:
        windows = [Window("101", "Bank", since, until or at)]
        store.begin_backfill("main", (since, until or at), windows, open_end=until is None, effects=False)


@pytest.mark.usefixtures("settings")
def test_the_same_relative_words_go_on_after_midnight(hub: Hub, tmp_path: Path, asked_for: list[Wanted]) -> None:
    at = datetime.now(UTC) - timedelta(days=1)
    day = at.astimezone(ZoneInfo("Europe/Moscow")).replace(hour=0, minute=0, second=0, microsecond=0)
    begin(tmp_path, at, day - timedelta(days=30))
    begin(tmp_path, at, day - timedelta(days=30), day - timedelta(days=20))
    assert hub("backfill", "main", "--since", "30d").code == 0
    assert hub("backfill", "main", "--since", "30d", "--until", "20d").code == 0
    assert [(one.since, one.until) for one in asked_for] == [
        (day - timedelta(days=30), None),
        (day - timedelta(days=30), day - timedelta(days=20)),
    ]
    hub("backfill", "main", "--since", "31d")
    hub("backfill", "main", "--since", "30d", "--again")
    today = datetime.now(ZoneInfo("Europe/Moscow")).replace(hour=0, minute=0, second=0, microsecond=0)
    assert [one.since for one in asked_for[2:]] == [today - timedelta(days=31), today - timedelta(days=30)]


@pytest.mark.usefixtures("settings")
def test_another_unfinished_backfill_is_named_with_what_can_be_done(
    hub: Hub, tmp_path: Path, asked_for: list[Wanted]
) -> None:
    midnight = datetime(2026, 10, 31, 21, tzinfo=UTC)
    begin(tmp_path, SINCE, midnight, midnight + timedelta(days=2, hours=5))
    told = hub("backfill", "main", "--since", "2026-10-01").err
    words = "hub backfill main --since 2026-11-01 --until 2026-11-03T05:00"
    assert f'unfinished, 0 of 1 window read: "{words}" goes on with it, "hub backfill main --drop"' in told
    assert "unfinished" not in hub("backfill", "main", "--since", "2026-10-01", "--quiet").err
    assert "unfinished" not in hub(*words.split()[1:]).err
    assert (asked_for[-1].since, asked_for[-1].until) == (midnight, midnight + timedelta(days=2, hours=5))


@pytest.mark.usefixtures("settings")
def test_what_is_unfinished_can_be_given_up(hub: Hub, tmp_path: Path) -> None:
    begin(tmp_path, UNTIL, SINCE)
    assert "leave --since out" in hub("backfill", "main", "--drop", "--since", "3d").err
    assert "name the INSTANCE" in hub("backfill", "--drop").err
    dropped = hub("backfill", "main", "--drop")
    assert (dropped.code, dropped.err.split(";")[0]) == (0, GIVEN_UP)
    assert "dropped" in hub("backfill", "--list").out
    assert "waits to go on" in hub("backfill", "main").err
    assert "is unfinished" in hub("backfill", "main", "--drop").err


def test_gaps_are_named_and_long_tables_leave_out_what_is_complete(capsys: pytest.CaptureFixture[str]) -> None:
    days = [Day("101", "Bank", f"2026-{n:03}", 5, 5, 0, 0, "count", "complete") for n in range(120)]
    mended = Day("101", "Bank", "2026-11-04", 7, 6, 2, 1, "second read", "mended")
    other = Day("101", "Bank", "", 2, 2, 2, 0, "second read", "mended")
    _show(Outcome(TASK, records=13, days=[*days, GAP, mended, other]), UTC, quiet=False)
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 4
    assert "mended, 1 left out" in printed.out
    assert "Bank, 2026-11-03: a gap: the source says 7, 6 came and are stored, though it was read again" in printed.err
    assert "120 days are complete" in printed.err
    assert "other days  Bank" in printed.out
    assert "13 records; 1 gap stays; 4 were missing at first" in printed.err


@pytest.mark.parametrize(
    ("outcome", "told", "quietly"),
    [
        (Outcome(TASK, records=9, rejected=1, days=[ASIDE]), f"9 records; nothing is missing, but {ONE}", ONE),
        (Outcome(TASK, before=True, rejected=1, days=[ASIDE]), f"nothing is missing, but {ONE}", ONE),
        (Outcome(TASK, records=9, rejected=1, days=[GAP]), f"9 records; 1 gap stays; {ONE}", ONE),
        (Outcome(TASK, records=9, rejected=1), f"9 records; {ONE}", ONE),
        (Outcome(TASK, records=9, days=[]), "9 records; nothing is missing", ""),
    ],
)
def test_what_is_set_aside_is_never_passed_over(outcome: Outcome, told: str, quietly: str) -> None:
    assert (_summary(outcome, quiet=False), _summary(outcome, quiet=True)) == (told, quietly)


def test_a_row_tells_what_is_set_aside_with_its_day_or_without(capsys: pytest.CaptureFixture[str]) -> None:
    _show(Outcome(TASK, days=[ASIDE, replace(GAP, aside=1)], before=True), UTC, quiet=False)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert [(row[0], row[-1]) for row in rows] == [("no", "aside"), ("2026-11-03", "aside")]
    assert rows[1][-4:] == ["gap,", "1", "set", "aside"]


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


def test_away_from_a_terminal_a_line_now_and_then_says_how_far_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    clock = lambda: now[0]  # noqa: E731 - two lines
    bar = Bar(None, None, clock, Lines(clock))
    for done in range(1, 9):
        now[0] = done * 10.0
        step = Step(done / 10, done * 50, 0.0, (done, 10), proving=done == 8)
        _step(bar, Wanted("main", SINCE), step)
    assert capsys.readouterr().err.splitlines() == [
        "reading main: 3 of 10 windows, 150 records, 30%, about 1m left",
        "reading main: 6 of 10 windows, 300 records, 60%, about 40s left",
    ]
    now[0] = 90.0
    _step(bar, Wanted("main", SINCE), Step(0.9, 500, 0.0, (10, 10), proving=True))
    assert capsys.readouterr().err == "proving main: 500 records, 90%, about 10s left\n"


class Shown:
    """Notes what a bar was told last."""

    def update(self, _task: Any, **fields: Any) -> None:
        self.fields = fields
