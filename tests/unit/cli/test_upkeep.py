"""What was set aside, backups, erasure, pauses: asked before, told after."""

import json
import sqlite3
import sys
from pathlib import Path

import pytest

from hub.store import open_store
from tests.unit.cli.conftest import Hub


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
        'main 101, poll\nseen 1 times, last at 2026-11-20 15:00\nreason: no time\n\n{"id": 1, "t": "ё"}\n'
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
    for words in ([], ["--all", "1"], ["--all", "--instance", "main"]):
        ran = hub("dead", "drop", *words)
        assert ran.code == 2
        assert "name the records by number, or give --all or --instance" in ran.err


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
    assert "remove everything that 'Author 1' wrote, for good?" in refused.err
    erased = hub("store", "erase", "Author 1", "--yes", "--json")
    assert json.loads(erased.out)["messages"] == 1
    assert erased.err.startswith("removed 1 message, 1 ticket, ")
    assert "Author 1" not in hub("tickets", "list").out


def test_erasing_a_stranger_is_told(hub: Hub, filled: Path) -> None:
    ran = hub("store", "erase", "nobody at all", "--yes")
    assert ran.code == 1
    assert ran.err.endswith("nobody is known by exactly that key, name or handle\n")


def test_a_pause_lasts_until_it_is_resumed(hub: Hub, filled: Path) -> None:
    assert hub("pause", "main", "--reason", "moving").err == 'main is paused; "hub resume main" reads it again\n'
    (main, _) = json.loads(hub("status", "--json").out)["instances"]
    assert (main["condition"], main["next_step"]) == ("paused", 'moving; "hub resume main" reads it again')
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
