"""What was set aside, backups, erasure, pauses: asked before, told after."""

import json
import os
import socket
import sqlite3
import stat
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from hub.runtime.daemons import registered
from hub.sdk import Author
from hub.store import FailedPage, Place, open_store
from tests.unit.cli.conftest import NOW, Hub, mention, put


def test_dead_letters_are_listed_newest_first_with_the_reason(hub: Hub, filled: Path) -> None:
    ran = hub("dead", "list")
    head, first, second = ran.out.splitlines()
    assert head.split() == ["n", "instance", "stream", "last", "seen", "times", "reason"]
    assert (first.split()[0], first.endswith("not JSON")) == ("2", True)
    assert (second.split()[0], second.endswith("no time")) == ("1", True)
    assert ran.err == '"hub dead show N" shows one, "hub dead retry N" tries it again\n'
    assert hub("dead", "list", "--instance", "maps").err == "nothing is set aside\n"


def test_a_dead_letter_is_shown_with_what_the_source_sent(hub: Hub, filled: Path) -> None:
    assert hub("dead", "show", 1).out == (
        'main 101, poll\nseen 1 time, last at 2026-11-20 15:00\nreason: no time\n\n{"id": 1, "t": "ё"}\n'
    )
    assert json.loads(hub("dead", "show", "--json", 1).out)["reason"] == "no time"
    missing = hub("dead", "show", 99)
    assert (missing.code, missing.err) == (1, 'there is no dead letter 99; "hub dead list" shows them\n')


def test_raw_is_the_bytes_and_nothing_else(
    filled: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    from hub.cli import main

    monkeypatch.chdir(filled.parent)
    assert main(["dead", "show", "--raw", "2"]) == 0
    assert capfdbinary.readouterr().out == b"\xff\x00"


def test_the_page_that_stopped_a_stream_is_shown_to_the_connectors_author(hub: Hub, filled: Path) -> None:
    with open_store(f"sqlite:///{filled.parent / 'hub.db'}") as store:
        for minutes, stream in enumerate(("101", "102")):
            told = ("GET /topics?size=2", 200, "no seq", NOW + timedelta(minutes=minutes))
            store.keep_failed_page(FailedPage("main", stream, "", *told, f'["{stream}"]\x1b[31m'.encode()))
    newest = "main 102\nGET /topics?size=2\nanswered 200 at 2026-11-20 15:01\nreason: no seq\n\n"
    ran = hub("dead", "page", "main")
    assert (ran.code, ran.out.startswith(newest), "\x1b" in ran.out) == (0, True, False)
    assert json.loads(hub("dead", "page", "main", "101", "--json").out)["request"] == "GET /topics?size=2"
    other = hub("dead", "page", "main", "103")
    assert (other.code, other.err) == (1, "no page of main 103 is kept; of 102, 101 is\n")
    none = hub("dead", "page", "maps")
    assert (none.code, none.err) == (1, "no page of maps is kept\n")


def test_one_is_dropped_at_once_and_many_only_when_somebody_agrees(hub: Hub, filled: Path) -> None:
    refused = hub("dead", "drop", "--all")
    assert refused.code == 2
    assert "forget 2 records for good? Nobody can be asked here; say so with --yes" in refused.err
    assert hub("dead", "drop", 1).err == "1 record dropped\n"
    assert hub("dead", "drop", "--instance", "main", "--yes").err == "1 record dropped\n"
    assert hub("dead", "list", "--json").out == "[]\n"


@pytest.mark.parametrize(("answer", "code", "left"), [("y\n", 0, 0), ("n\n", 1, 2)])
def test_on_a_terminal_a_person_is_asked(
    hub: Hub, filled: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, left: int
) -> None:
    import io

    terminal = io.StringIO(answer)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdin", terminal)
    assert hub("dead", "drop", "--all").code == code
    assert len(json.loads(hub("dead", "list", "--json").out)) == left


def test_dropping_what_is_not_there_is_told(hub: Hub, filled: Path) -> None:
    ran = hub("dead", "drop", 1, 77, "--yes")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "1 record dropped")


def test_which_records_must_be_said(hub: Hub, filled: Path) -> None:
    none = hub("dead", "drop")
    assert none.code == 2
    assert "name the records by number, or give --all or --instance" in none.err
    for words in (["--all", "1"], ["--all", "--instance", "main"]):
        ran = hub("dead", "drop", *words)
        assert ran.code == 2
        assert "numbers, --all and --instance do not go together" in ran.err


def test_a_backup_is_a_whole_database_and_never_overwrites(hub: Hub, filled: Path) -> None:
    target = filled.parent / "copy.db"
    ran = hub("store", "backup", target)
    assert ran.code == 0
    assert ran.err.endswith(f" MB in {target}\n")
    assert sqlite3.connect(target).execute("SELECT count(*) FROM tickets").fetchone() == (3,)
    again = hub("store", "backup", target)
    assert again.code == 1
    assert "exists; name another file" in again.err


def test_an_upgrade_says_from_which_schema_to_which(hub: Hub, filled: Path) -> None:
    ran = hub("store", "upgrade", "--json")
    assert ran.code == 0
    schemas = json.loads(ran.out)
    assert schemas["before"] == schemas["after"]
    assert ran.err == f"schema {schemas['after']} already\n"


def test_a_person_is_erased_only_when_somebody_agrees(hub: Hub, filled: Path) -> None:
    refused = hub("store", "erase", "Author 1")
    assert refused.code == 2
    assert "remove what 'Author 1' wrote, for good: 1 message, 1 ticket of 1 author key?" in refused.err
    erased = hub("store", "erase", "Author 1", "--yes", "--json")
    assert json.loads(erased.out)["messages"] == 1
    assert erased.err.startswith("removed 1 message, 1 ticket, ")
    assert "Author 1" not in hub("tickets", "list").out


def test_where_an_erased_persons_words_still_stand_is_told_with_the_address(hub: Hub, filled: Path) -> None:
    with open_store(f"sqlite:///{filled.parent / 'hub.db'}") as store:
        mine = next(one for one in store.iter_tickets() if "Author 1" in str(one.messages[0].author))
        made, doubtful = (store.ask_case(str(mine.id), name).outgoing for name in ("desk", "crm"))
        assert made
        assert doubtful
        store.outbox_made(made.n, 9, Place("desk", "desk", "", "D-1"), "https://desk.example/D-1")
        store.outbox_unsure(doubtful.n, 9)
    erased = hub("store", "erase", "Author 1", "--yes", "--json")
    assert erased.err.splitlines()[1:] == [
        "desk: D-1 (https://desk.example/D-1) still tells of the person; delete it there",
        f"crm: a case was being made and may be there; look for {doubtful.marker} and delete it there",
    ]
    [there, unsure] = json.loads(erased.out)["cases"]
    assert (there["instance"], there["external_id"], there["url"]) == ("desk", "D-1", "https://desk.example/D-1")
    assert (unsure["external_id"], unsure["marker"]) == (None, doubtful.marker)


def test_where_others_still_have_the_name_of_an_erased_person_is_told_with_how_to_find_it(
    hub: Hub, filled: Path
) -> None:
    with open_store(f"sqlite:///{filled.parent / 'hub.db'}") as store:
        put(store, mention(7, "see Author 1's post", extra={"assignee": "Author 1"}))
    erased = hub("store", "erase", "Author 1", "--yes")
    assert erased.err.splitlines()[1:] == [
        (
            "'Author 1' still stands in the texts of 1 ticket of others, which stay as they are; to find them:"
            " hub tickets list --text '\"Author 1\"'"
        ),
        (
            "'Author 1' still stands in fields of 1 ticket of others, such as an assignee; to find them:"
            " hub tickets export | grep -F '\"Author 1\"'"
        ),
    ]
    assert "see Author 1" in hub("tickets", "list", "--text", '"Author 1"').out
    again = hub("store", "erase", "Author 1", "--yes")
    assert (again.code, "nobody is known by exactly that" in again.err) == (1, True)


def test_erasing_a_stranger_is_told(hub: Hub, filled: Path) -> None:
    ran = hub("store", "erase", "nobody at all", "--yes")
    assert ran.code == 1
    assert ran.err.endswith("nobody is known by exactly that key, name or handle\n")


def test_a_pause_lasts_until_it_is_resumed(hub: Hub, filled: Path) -> None:
    assert hub("pause", "main", "--reason", "moving").err == 'main is paused; "hub resume main" reads it again\n'
    (main, _) = json.loads(hub("status", "--json").out)["instances"]
    assert (main["condition"], main["next_step"]) == ("paused", 'moving; "hub resume main" reads it again')
    assert hub("pause", "main").code == 0
    (again, _) = json.loads(hub("status", "--json").out)["instances"]
    assert again["next_step"] == main["next_step"]
    assert hub("resume", "main").err == "main is resumed\n"
    assert hub("resume", "main").err == "main was not paused\n"


@pytest.mark.parametrize("command", ["pause", "resume"])
def test_an_instance_that_is_not_there_is_refused_with_the_nearest(hub: Hub, filled: Path, command: str) -> None:
    ran = hub(command, "mian")
    assert ran.code == 2
    assert 'there is no instance "mian"; did you mean "main"? configured: main, maps' in ran.err


def test_status_shows_every_instance_and_what_to_do(hub: Hub, filled: Path) -> None:
    ran = hub("status")
    head, main, maps = ran.out.splitlines()
    assert head.split()[:4] == ["instance", "connector", "state", "last"]
    assert main.startswith("main      youscan    ok          2026-11-20 15:00")
    assert main.endswith('look at "hub dead list --instance main"')
    assert maps.endswith('run "hub sync maps"')
    assert ran.err.startswith("3 tickets, 4 messages, ")
    assert " MB; times are of Europe/Moscow\n" in ran.err


def test_status_says_which_daemons_run_on_these_settings(
    hub: Hub, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    with registered(tmp_path / "other.toml"):
        assert 'no "hub run" runs on hub.toml: only "hub sync" reads and sends' in hub("status").err
    with registered(filled):
        assert f'"hub run" runs on hub.toml: process {os.getpid()}\n' in hub("status").err
        assert json.loads(hub("status", "--json").out)["daemons"] == [os.getpid()]


def test_what_a_daemon_noted_on_a_full_disk_is_left_out(
    hub: Hub, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    whole = os.write
    with registered(filled) as registration:
        with monkeypatch.context() as full:
            full.setattr(os, "write", lambda fd, data: whole(fd, data[:15]))
            registration.cannot_start({"main": "no key"})
        registration.answer(1, None)  # glued to the former
        registration.cannot_start({"maps": "no key"})
        ran = hub("status", "--json")
    assert ran.code == 0
    assert "no key" in ran.out


def test_daemons_that_cannot_be_told_of_a_new_key_are_known_and_a_resume_says_so(
    hub: Hub, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_STATE_DIR", str(tmp_path / "state"))
    hub("pause", "main")
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store, store.daemon_lock(), registered(filled):
        assert "of another user" not in hub("status").err
        with store.daemon_lock():
            ran = hub("status")
            assert 'a "hub run" of another user, HUB_STATE_DIR or settings file works on this store' in ran.err
            assert json.loads(hub("status", "--json").out)["other_daemons"] == 1
            monkeypatch.setattr("hub.cli.daemons.reload_all", lambda _: [])  # this very process is no daemon
            ran = hub("resume", "main")
    assert (ran.code, ran.err.splitlines()[0]) == (1, "main is resumed")
    assert "was not told to read keys anew" in ran.err
    assert 'only "hub sync" reads and sends' in hub("status").err


def test_wrong_rules_are_wrong_settings_to_a_reload(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "hub.toml").write_text('rules = "rules"\n', encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text("rulez: []", encoding="utf-8")
    ran = hub("reload")
    assert (ran.code, "own.yaml:1: rulez: unknown key" in ran.err) == (2, True)
    assert not (tmp_path / "hub.db").exists()


def test_status_says_which_rules_are_in_force_and_what_is_wrong_with_those_of_today(
    hub: Hub, filled: Path, tmp_path: Path
) -> None:
    assert 'no rules decide: every ticket is of normal priority; write rules = "rules"' in hub("status").err
    filled.write_text(f'rules = "rules"\n{filled.read_text(encoding="utf-8")}', encoding="utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text("rulez: []", encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        store.keep_rules("v1", {"own.yaml": "rules: []"})
    told = hub("status").err
    assert 'own.yaml:1: rulez: unknown key; did you mean "rules"?' in told
    assert "rules v1 are in force since 2026-11-20 15:00, until the files are right" in told
    rules = json.loads(hub("status", "--json").out)["rules"]
    assert rules["version"] == "v1"
    assert "own.yaml:1: rulez" in rules["problem"]


def test_a_database_of_another_schema_is_refused_with_the_hint(hub: Hub, filled: Path) -> None:
    with open_store(f"sqlite:///{filled.parent / 'hub.db'}"):
        pass
    database = sqlite3.connect(filled.parent / "hub.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    ran = hub("tickets", "list")
    assert ran.code == 1
    assert "9999" in ran.err


def test_even_one_is_asked_for_where_nobody_named_it(hub: Hub, filled: Path) -> None:
    assert hub("dead", "drop", 1).code == 0
    for words in (["--all"], ["--instance", "main"]):
        refused = hub("dead", "drop", *words)
        assert refused.code == 2
        assert "forget 1 record for good?" in refused.err


def _two_of_one_name(config: Path, **second: object) -> None:
    with open_store(f"sqlite:///{config.parent / 'hub.db'}") as store:
        put(store, mention(11, "one", author=Author(key="vk:1", name="Ivan")))
        put(store, mention(12, "two", author=Author(**{"key": "vk:2", "name": "Ivan"} | second)))


@pytest.mark.parametrize(
    ("second", "told"), [({}, ["vk:1", "vk:2"]), ({"key": ""}, ["vk:1", "without a key: 1 message"])]
)
def test_a_name_of_several_people_is_not_erased_by_itself(
    hub: Hub, filled: Path, second: dict[str, object], told: list[str]
) -> None:
    _two_of_one_name(filled, **second)
    refused = hub("store", "erase", "Ivan", "--yes")
    assert refused.code == 2
    assert all(f"\n  {one}" in refused.err for one in told)
    assert len(json.loads(hub("tickets", "list", "--json").out)) == 5
    assert json.loads(hub("store", "erase", "vk:1", "--yes", "--json").out)["messages"] == 1
    assert json.loads(hub("store", "erase", "Ivan", "--yes", "--all-of-that-name", "--json").out)["messages"] == 1


def test_all_of_one_name_are_counted_before_they_go(hub: Hub, filled: Path) -> None:
    _two_of_one_name(filled)
    refused = hub("store", "erase", "Ivan", "--all-of-that-name")
    assert refused.code == 2
    assert "2 messages, 2 tickets of 2 author keys?" in refused.err


@pytest.mark.parametrize("blank", ["", "  "])
def test_nobody_is_not_a_person_to_erase(hub: Hub, filled: Path, blank: str) -> None:
    ran = hub("store", "erase", blank, "--yes", "--all-of-that-name")
    assert ran.code == 2
    assert "no author is named" in ran.err
    assert len(json.loads(hub("tickets", "list", "--json").out)) == 3


def test_the_store_and_its_backup_are_their_owners_alone(hub: Hub, config: Path) -> None:
    assert hub("tickets", "list").code == 0
    copy = config.parent / "copy.db"
    assert hub("store", "backup", copy).code == 0
    for file in (config.parent / "hub.db", copy):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_pause_without_a_reason_says_that_there_is_none(hub: Hub, filled: Path) -> None:
    hub("pause", "main")
    (main, _) = json.loads(hub("status", "--json").out)["instances"]
    assert main["next_step"] == 'no reason given; "hub resume main" reads it again'


def test_a_port_that_is_taken_is_named_with_the_way_out(hub: Hub) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = hub("sandbox", "--port", port)
    assert (ran.code, ran.err) == (2, f"hub sandbox: port {port} is taken; try --port 0\n")


def test_old_tickets_are_counted_before_they_are_removed(hub: Hub, filled: Path) -> None:
    nothing = hub("store", "prune", "--yes")
    assert (nothing.code, '[retention] tickets = "1095d"' in nothing.err) == (2, True)
    settings = filled.read_text(encoding="utf-8")
    filled.write_text(settings + '[retention]\ntickets = "40d"\n', encoding="utf-8")
    long_ago = NOW - timedelta(days=900)
    with open_store(f"sqlite:///{filled.parent / 'hub.db'}", now=lambda: long_ago) as store:
        put(store, mention(50, "old", minutes=60 * 24 * 900, state="closed"))
    with sqlite3.connect(filled.parent / "hub.db") as connection:
        connection.execute("UPDATE tickets SET updated_at = created_at WHERE state = 'closed'")
    dry = hub("store", "prune", "--dry-run")
    assert (dry.code, dry.err.startswith("would remove 1 ticket with 1 message, not heard of since")) == (0, True)
    done = hub("store", "prune", "--yes", "--json")
    assert (json.loads(done.out)["tickets"], done.err.startswith("removed 1 ticket with 1 message")) == (1, True)
    assert hub("store", "prune", "--dry-run").err.startswith("would remove 0 tickets")


def test_a_span_too_short_to_keep_tickets_is_refused(hub: Hub, filled: Path) -> None:
    settings = filled.read_text(encoding="utf-8")
    filled.write_text(settings + '[retention]\ntickets = "7d"\n', encoding="utf-8")
    ran = hub("store", "prune", "--dry-run")
    assert (ran.code, "retention.tickets" in ran.err, '"30d"' in ran.err) == (2, True, True)
