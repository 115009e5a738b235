"""``hub sync``: what it says of what it did not read."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.runtime import logs
from hub.runtime.outbox_run import OUTBOX
from hub.runtime.side_run import side_lock
from hub.sdk import TicketDraft
from hub.store import Checkpoint, Place, StreamKey, open_store
from tests.unit.cli.conftest import Hub


def test_an_instance_that_a_person_paused_is_named_and_is_no_failure(
    hub: Hub, config: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_THAT_NOBODY_SET", "k3y-of-main")
    monkeypatch.setenv("A_TOKEN_THAT_NOBODY_SET", "t0ken-of-maps")
    assert hub("pause", "main", "--reason", "moved, k3y-of-main is old").code == 0
    ran = hub("sync", "main")
    assert ran.code == 0
    (told,) = (line for line in ran.err.splitlines() if "paused" in line)
    assert told.startswith("main: paused by a person: moved, [secret] is old")
    assert '"hub resume main"' in told


def test_a_case_that_needs_a_look_is_told_by_one_sync_and_is_no_failure_of_it(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('[escalation]\nstuck = "2d"\n', encoding="utf-8")
    long_ago = datetime.now(UTC) - timedelta(days=3)
    draft = TicketDraft.of(source_id="1", kind="mention", platform="vk.com", body="Где деньги?", created_at=long_ago)
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: long_ago) as store:
        key = StreamKey("main", "1", "poll")
        store.checkpoint(Checkpoint(key, "youscan", "", [draft], long_ago, records=1))
        ticket = str(next(store.iter_tickets()).id)
        row = store.ask_case(ticket, "crm").outgoing
        assert row is not None
        store.outbox_made(row.n, 9, Place("crm", "crm", "", "T-1"), None)
    line = f"ticket {ticket[:8]}: its case T-1 at crm is stuck, nothing happens there; ask the department"
    first, second = hub("sync"), hub("sync")
    assert (first.code, second.code) == (0, 0)
    assert line in first.err
    assert line not in second.err
    assert line in hub("status").err


@pytest.mark.parametrize(("held", "now"), [(False, "maps"), (True, "desk")])
def test_what_waits_for_an_instance_by_its_earlier_name_is_sent_by_the_new_one(
    hub: Hub, config: Path, monkeypatch: pytest.MonkeyPatch, held: bool, now: str
) -> None:
    monkeypatch.setenv("A_KEY_THAT_NOBODY_SET", "k3y-of-main")
    monkeypatch.setenv("A_TOKEN_THAT_NOBODY_SET", "t0ken-of-maps")
    at = datetime.now(UTC)
    drafts = [TicketDraft.of(source_id=n, kind="mention", platform="vk.com", body="x", created_at=at) for n in "12"]
    with open_store(f"sqlite:///{config.parent / 'hub.db'}") as store:
        store.checkpoint(Checkpoint(StreamKey("main", "1", "poll"), "youscan", "", drafts, at, records=2))
        first, second = (store.ask_case(str(one.id), "desk").outgoing for one in store.iter_tickets())
        assert first
        assert second
        store.outbox_made(first.n, 9, Place("desk", "pointer", "", "T-1"), None)
        store.outbox_finished(first.n)
        running = side_lock(store, "desk", OUTBOX) if held else None  # by a process that has the old settings
        hub("pause", "main")
        hub("sync", "main")
        assert store.outbox_row(second.n).instance == now
        if running is not None:
            running.release()


def test_a_check_keeps_its_verdicts_where_a_secret_is_one_of_them_and_warns_of_it(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_secrets", logs._Secrets())
    monkeypatch.setenv("KEY", "wrong")
    table = '[instances.main]\nconnector = "youscan"\nbase_url = "http://127.0.0.1:1"\napi_key = { env = "KEY" }\n'
    (tmp_path / "hub.toml").write_text(table, encoding="utf-8")
    ran = hub("check")
    assert [line.split()[:2] for line in ran.out.splitlines()[1:]] == [["main", "wrong"], ["main", "warned"]]
    assert "main: use a longer secret" in ran.err
