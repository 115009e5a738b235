"""What ``hub status`` says of an instance; pure."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.cli.overview import Overview, overview
from hub.store import InstanceState, StreamState
from hub.store.quiet import Quiet

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OK = StreamState("main", "101", "", title="Bank", finished_at=NOW, ok_at=NOW - timedelta(minutes=1), records=5)


def _one(*streams: StreamState, state: InstanceState | None = None, dead: int = 0, configured: bool = True) -> Overview:
    connectors = {"main": "youscan"} if configured else {}
    (row,) = overview(connectors, [state] if state else [], streams, Counter(main=dead), NOW)
    return row


def test_an_instance_that_reads_well_needs_nothing() -> None:
    assert _one(OK) == Overview("main", "youscan", "ok", NOW, 60.0, 5, 0, None)


def test_one_that_was_never_read_is_to_be_synced() -> None:
    assert _one() == Overview("main", "youscan", "never read", None, None, 0, 0, 'run "hub sync main"')


def test_the_lag_is_that_of_the_stream_furthest_behind_and_unknown_while_one_was_never_read() -> None:
    old = replace(OK, stream="102", ok_at=NOW - timedelta(hours=2))
    assert _one(OK, old).lag_s == 7200
    assert _one(OK, replace(OK, stream="103", ok_at=None)).lag_s is None


def test_sweeps_count_records_but_no_lag() -> None:
    sweep = replace(OK, name="edits", ok_at=NOW - timedelta(days=2), finished_at=None, records=2)
    row = _one(OK, sweep)
    assert (row.lag_s, row.records) == (60.0, 7)


def test_a_failing_stream_is_told_with_its_error_and_the_next_try() -> None:
    failing = replace(OK, failures=3, error="500 from GET /x", next_try_at=NOW + timedelta(minutes=7))
    row = _one(replace(OK, stream="102"), failing)
    assert (row.condition, row.next_step) == ("failing", "Bank: 500 from GET /x; tried again in 7 min")


def test_what_a_sweep_warned_of_is_told_until_it_warns_no_more() -> None:
    sweep = replace(OK, name="edits", warning="141 of 371 records are no longer listed; nothing was hidden")
    row = _one(OK, sweep, dead=1)
    told = "Bank (edits): 141 of 371 records are no longer listed; nothing was hidden"
    assert (row.condition, row.next_step) == ("warned", told)
    assert _one(replace(OK, failures=1, error="x"), sweep).next_step == "Bank: x"


def test_a_stream_that_is_quiet_for_longer_than_is_usual_is_told_with_what_is_usual() -> None:
    quiet = Quiet(NOW - timedelta(hours=3), NOW, timedelta(minutes=12))
    row = _one(replace(OK, stream="102"), replace(OK, quiet=quiet), dead=1)
    assert row.condition == "suspicious"
    assert row.next_step is not None
    assert "Bank: read without an error, and nothing new since 2026-11-20 09:00 UTC" in row.next_step
    assert "about every 12 minutes" in row.next_step
    assert _one(replace(OK, quiet=quiet, failures=1, error="x")).condition == "failing"


def test_an_instance_that_a_daemon_could_not_start_is_told_with_what_is_wrong() -> None:
    broken = {"main": "hub.toml:2: token: not there\nhub.toml:3: rate: wrong"}
    (row,) = overview({"main": "youscan"}, [], [OK], Counter(), NOW, broken=broken)
    told = 'cannot be started: hub.toml:2: token: not there; hub.toml:3: rate: wrong; mend it, then run "hub reload"'
    assert (row.condition, row.next_step) == ("not started", told)


def test_an_instance_that_failed_before_its_streams_were_known_is_told() -> None:
    failing = StreamState("main", "", "references", "references", failures=1, error="403 from GET /topics")
    row = _one(failing)
    assert (row.condition, row.next_step) == ("failing", "references: 403 from GET /topics")


def test_a_pause_for_credentials_says_how_to_go_on() -> None:
    state = InstanceState("main", "youscan", NOW, "401 from /topics; renew the credentials", "auth")
    row = _one(OK, state=state)
    assert row.condition == "paused"
    assert row.next_step == '401 from /topics; renew the credentials; mend it, then run "hub resume main"'


def test_dead_letters_are_a_next_step_when_nothing_is_worse() -> None:
    assert _one(OK, dead=2).next_step == 'look at "hub dead list --instance main"'
    assert _one(replace(OK, failures=1, error="x"), dead=2).next_step == "Bank: x"


def test_what_the_settings_no_longer_name_is_shown_as_such() -> None:
    failing = replace(OK, failures=3, error="404")
    row = _one(failing, configured=False)
    assert (row.condition, row.next_step) == ("gone", "no longer in the settings; nothing to do")


def test_a_stream_that_is_no_longer_read_neither_fails_nor_lags() -> None:
    gone = replace(OK, stream="102", failures=3, error="404", ok_at=NOW - timedelta(days=9), gone_at=NOW)
    row = _one(OK, gone)
    assert (row.condition, row.lag_s, row.records, row.next_step) == ("ok", 60.0, 10, None)
