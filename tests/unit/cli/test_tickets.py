"""Lists, stories and exports of tickets out of a real store."""

import csv
import io
import json
import os
import stat
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hub.cli.export import COLUMNS
from hub.sdk import Sla, Ticket, TicketDraft
from hub.store import Decided, Escalation, Place, Router, open_store
from tests.unit.cli.conftest import NOW, Hub, mention, put


def _ids(hub: Hub, *words: str) -> list[str]:
    return [line["text"] for line in json.loads(hub("tickets", "list", "--json", *words).out)]


def test_tickets_are_listed_newest_first_without_credentials(hub: Hub, filled: Path) -> None:
    ran = hub("tickets", "list")
    head, *rows = ran.out.splitlines()
    assert (ran.code, ran.err) == (0, "")
    assert head.split() == ["id", "published", "platform", "kind", "★", "state", "priority", "author", "text"]
    assert [row.split()[3] for row in rows] == ["2gis", "vk.com", "vk.com"]
    assert rows[0].endswith("[2] Review — Bad")
    assert "2026-11-20 15:00" in rows[0]
    assert len(rows[0].split()[0]) == 36


def test_escape_sequences_of_a_text_do_not_reach_the_terminal(hub: Hub, filled: Path) -> None:
    assert "\x1b" not in hub("tickets", "list").out
    assert "Верните деньги[31m" in hub("tickets", "list").out


@pytest.mark.parametrize(
    ("words", "texts"),
    [
        (["--platform", "2gis"], ["Bad"]),
        (["--platform", "2gis", "--platform", "vk.com", "--limit", "2"], ["Bad", "Спасибо за карту"]),
        (["--kind", "review"], ["Bad"]),
        (["--rating", "1"], ["Bad"]),
        (["--rating", "5"], []),
        (["--text", "деньг*"], ["Верните деньги\x1b[31m"]),
        (["--until", "2026-11-20"], ["Спасибо за карту", "Верните деньги\x1b[31m"]),
        (["--since", "2026-11-20"], ["Bad"]),
        (["--state", "closed"], []),
        (["--priority", "normal", "--instance", "main", "--rating", "1"], ["Bad"]),
        (["--queue", "claims"], []),
        (["--category", "spam"], []),
    ],
)  # fmt: skip
def test_options_narrow_the_list(hub: Hub, filled: Path, words: list[str], texts: list[str]) -> None:
    assert _ids(hub, *words) == texts


def test_an_empty_list_says_what_to_do_on_stderr(hub: Hub, config: Path) -> None:
    ran = hub("tickets", "list")
    assert ran.code == 0
    assert ran.err == 'no ticket matches; "hub sync" reads what is new\n'
    assert hub("tickets", "list", "--json").out == "[]\n"


def test_a_cut_list_says_so(hub: Hub, filled: Path) -> None:
    assert hub("tickets", "list", "--limit", "2").err == "the newest 2; --limit shows more\n"


def test_on_a_terminal_the_list_fits_and_ids_are_short(hub: Hub, filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    lines = hub("tickets", "list").out.splitlines()
    assert "author" not in lines[0]
    assert len(lines) == 4


def test_a_ticket_is_told_in_full_by_the_beginning_of_its_id(hub: Hub, filled: Path) -> None:
    (line,) = json.loads(hub("tickets", "list", "--json", "--kind", "review").out)
    customer = json.loads(hub("tickets", "show", line["id"], "--json").out)["customer_id"]
    ran = hub("tickets", "show", line["id"][:6])
    assert ran.out == (
        f"Ticket {line['id']}\n"
        "review on 2gis, new, priority normal\n"
        "Review\n"
        "rating: 1 of 5\n"
        "place: Office, Omsk\n"
        "read by: main (youscan)\n"
        f"customer: {customer}\n"
        "\n"
        "2026-11-20 15:00  =cmd() (customer, ★ 1)\n"
        "  key x\n"
        "  Bad\n"
        "\n"
        "2026-11-20 16:00  unknown (our answer)\n"
        "  -answer\n"
        "\n"
        "How long it took\n"
        "  first response after 1 h\n"
        "\n"
        "What happened\n"
        "2026-11-20 15:00  read for the first time, with 2 messages (source)\n"
    )


def test_what_rules_decided_is_told_with_its_deadlines(hub: Hub, config: Path, tmp_path: Path) -> None:
    sla = Sla(policy="critical", first_response_due=NOW + timedelta(minutes=7))
    decided = Decided(
        "urgent",
        "claims",
        "complaint",
        85,
        tags=("fraud",),
        sla=sla,
        ruleset="v1",
        rules=("a", "b"),
        proposals=(Escalation("crm", "claims"),),
    )
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        put(store, mention(1, "Украли"), router=Router(lambda facts: decided))
        [line] = store.list_tickets()
    shown = hub("tickets", "show", line.id).out
    assert "mention on vk.com, new, priority urgent (score 85)" in shown
    assert "due: first response 2026-11-20 15:07 (policy critical)" in shown
    assert "decided by: a, b (rules v1)" in shown
    assert 'proposed for crm (rule); "hub tickets escalate ID --to crm --department claims" opens a case' in shown


def test_what_is_proposed_is_counted_by_status_until_it_is_asked_for(hub: Hub, config: Path) -> None:
    decided = Decided("urgent", ruleset="v1", tags=('"proposed":[[',), proposals=(Escalation("crm", "claims"),))
    told = replace(decided, proposals=())
    with open_store(f"sqlite:///{config.parent / 'hub.db'}") as store:
        now = datetime.now(UTC)
        times = {"new": now, "told": now, "ended": now, "old": now - timedelta(days=8)}
        drafts = [
            TicketDraft.of(
                source_id=name,
                kind="mention",
                platform="vk.com",
                body=name,
                created_at=at,
                state="closed" if name == "ended" else "new",
            )
            for name, at in times.items()
        ]
        put(store, *drafts, router=Router(lambda facts: told if "told" in facts.texts else decided))
        ticket = next(one for one in store.iter_tickets() if one.thread == "new")
    assert json.loads(hub("status", "--json").out)["proposed"] == 1
    line = "proposed for an escalation, as nobody knows the customer yet: 1;"
    assert line in hub("status").err
    with open_store(f"sqlite:///{config.parent / 'hub.db'}") as store:
        store.ask_case(str(ticket.id), "crm", "claims")
    assert json.loads(hub("status", "--json").out)["proposed"] == 0
    assert "proposed for an escalation" not in hub("status").err


def test_changes_are_told_as_a_story(hub: Hub, filled: Path) -> None:
    with open_store(f"sqlite:///{filled.parent / 'hub.db'}", now=lambda: NOW) as store:
        put(store, mention(1, "Спасибо большое", tags=("vip",)))
    (line,) = json.loads(hub("tickets", "list", "--json", "--text", "спасибо").out) or json.loads(
        hub("tickets", "list", "--json", "--platform", "vk.com", "--limit", "1").out
    )
    story = hub("tickets", "show", line["id"]).out
    assert "message 1 changed (source)" in story
    assert "body: Спасибо за карту → Спасибо большое" in story
    assert "source tags: nothing → vip" in story


def test_show_as_json_is_the_ticket_with_its_events(hub: Hub, filled: Path) -> None:
    (line,) = json.loads(hub("tickets", "list", "--json", "--kind", "review").out)
    shown = json.loads(hub("tickets", "show", "--json", line["id"]).out)
    (event,) = shown.pop("events")
    assert shown.pop("times")["first_response"] == {
        "seconds": 3600.0,
        "promised_s": None,
        "done": True,
        "kept": None,
    }
    assert (event["kind"], event["at"]) == ("created", "2026-11-20T12:00:00Z")
    assert str(Ticket.model_validate(shown).id) == line["id"]


def test_jsonl_has_one_whole_ticket_a_line(hub: Hub, filled: Path) -> None:
    lines = hub("tickets", "export").out.splitlines()
    tickets = [Ticket.model_validate_json(line) for line in lines]
    assert sorted(len(ticket.messages) for ticket in tickets) == [1, 1, 2]


def test_csv_is_flat_and_no_cell_is_a_formula(hub: Hub, filled: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(hub("tickets", "export", "--format", "csv").out)))
    assert tuple(rows[0]) == COLUMNS
    [bad] = [row for row in rows if row["kind"] == "review"]
    assert (bad["author"], bad["text"], bad["rating"]) == ("'=cmd()", "Bad\n\n-answer", "1.0")
    assert (bad["place"], bad["messages"], bad["created_at"]) == ("Office", "2", "2026-11-20T12:00:00Z")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_each_beginning_of_a_formula_is_disarmed(hub: Hub, config: Path, start: str) -> None:
    with open_store(f"sqlite:///{config.parent / 'hub.db'}") as store:
        put(store, mention(1, f"{start}HYPERLINK(1)"))
    (row,) = csv.DictReader(io.StringIO(hub("tickets", "export", "--format", "csv").out, newline=""))
    assert row["text"].startswith(f"'{start}")


def test_an_exported_file_is_whole_and_its_owners_alone(hub: Hub, filled: Path) -> None:
    target = filled.parent / "out.jsonl"
    target.write_text("old", encoding="utf-8")
    ran = hub("tickets", "export", "-o", target, "--platform", "vk.com", "--force")
    assert (ran.out, ran.err) == ("", f"2 tickets in {target}\n")
    assert len(target.read_text(encoding="utf-8").splitlines()) == 2
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in filled.parent.glob(".out*")] == []


def test_a_failed_export_leaves_the_old_file_and_nothing_else(
    hub: Hub, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = filled.parent / "out.jsonl"
    target.write_text("old", encoding="utf-8")

    def full(self: Ticket) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Ticket, "model_dump_json", full)
    ran = hub("tickets", "export", "-o", target, "--force")
    assert (ran.code, ran.err) == (1, f"{target}: No space left on device; nothing was left behind\n")
    assert target.read_text(encoding="utf-8") == "old"
    assert list(filled.parent.glob(".out*")) == []


def test_an_export_into_a_folder_that_is_not_there_is_told(hub: Hub, filled: Path) -> None:
    ran = hub("tickets", "export", "-o", "nowhere/out.csv")
    assert (ran.code, ran.err) == (
        1,
        "nowhere/out.csv: cannot be written (No such file or directory); name another file\n",
    )


@pytest.mark.parametrize("force", [[], ["--force"]])
@pytest.mark.parametrize("name", ["hub.db", "hub.db-wal", "hub.db-shm", "hub.toml", ".env", "link", "hard"])
def test_an_export_never_writes_over_what_the_hub_lives_on(hub: Hub, filled: Path, name: str, force: list[str]) -> None:
    (filled.parent / ".env").write_text("A=b\n", encoding="utf-8")
    (filled.parent / "link").symlink_to(filled.parent / "hub.db")
    (filled.parent / "hard").hardlink_to(filled.parent / "hub.db")
    before = {path: path.read_bytes() for path in filled.parent.iterdir()}
    ran = hub("tickets", "export", "-o", filled.parent / name, *force)
    assert (ran.code, ran.out) == (2, "")
    assert "is a file that the hub itself lives on; name another file" in " ".join(ran.err.split())
    assert {path: path.read_bytes() for path in filled.parent.iterdir()} == before


def test_an_export_leaves_a_file_that_is_there_unless_forced(hub: Hub, filled: Path) -> None:
    target = filled.parent / "notes.txt"
    target.write_text("old", encoding="utf-8")
    ran = hub("tickets", "export", "-o", target)
    assert ran.code == 2
    assert "exists; name another file, or write over it with --force" in " ".join(ran.err.split())
    assert target.read_text(encoding="utf-8") == "old"
    assert hub("tickets", "export", "-o", target, "--force").code == 0
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3


def test_an_export_follows_a_link_and_leaves_it_a_link(hub: Hub, filled: Path) -> None:
    target, link = filled.parent / "real.jsonl", filled.parent / "link.jsonl"
    link.symlink_to(target)
    assert hub("tickets", "export", "-o", link).code == 0
    assert link.is_symlink()
    assert len(target.read_text(encoding="utf-8").splitlines()) == 3


def test_an_export_writes_into_a_pipe_and_leaves_it_a_pipe(hub: Hub, filled: Path) -> None:
    pipe = filled.parent / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        assert hub("tickets", "export", "-o", pipe).code == 0
        assert len(os.read(reader, 1 << 16).splitlines()) == 3
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_dash_is_standard_output(hub: Hub, filled: Path) -> None:
    assert hub("tickets", "export", "-o", "-") == hub("tickets", "export")
    assert not (filled.parent / "-").exists()


def test_words_that_match_nothing_are_told_of_other_forms(hub: Hub, filled: Path) -> None:
    for command in ("list", "export"):
        assert "such as возврат*" in hub("tickets", command, "--text", "деньгами").err
        assert hub("tickets", command, "--text", "деньгам*").err == 'no ticket matches; "hub sync" reads what is new\n'


def test_an_empty_list_has_no_header(hub: Hub, filled: Path) -> None:
    assert hub("tickets", "list", "--queue", "claims").out == ""
    assert hub("dead", "list", "--instance", "maps").out == ""


@pytest.mark.parametrize(
    "words",
    [["tickets", "list"], ["tickets", "export"], ["dead", "list"], ["dead", "drop", "--yes"]],
    ids=" ".join,
)
def test_an_instance_that_nobody_knows_is_wrong_use(hub: Hub, filled: Path, words: list[str]) -> None:
    ran = hub(*words, "--instance", "mian")
    assert (ran.code, ran.out) == (2, "")
    assert 'there is no instance "mian"; did you mean "main"? known: main, maps' in ran.err


def test_an_instance_that_only_the_store_still_knows_is_listed(hub: Hub, filled: Path) -> None:
    filled.write_text("", encoding="utf-8")
    assert len(json.loads(hub("tickets", "list", "--json", "--instance", "main").out)) == 3


def test_a_time_that_ends_before_it_begins_is_wrong_use(hub: Hub, filled: Path) -> None:
    ran = hub("tickets", "list", "--since", "2026-11-20", "--until", "2026-11-19")
    assert ran.code == 2
    assert "--since is after --until" in ran.err


def _first(hub: Hub) -> str:
    return str(json.loads(hub("tickets", "list", "--json").out)[0]["id"])


def test_a_person_decides_what_a_ticket_is_and_the_story_says_so(hub: Hub, filled: Path) -> None:
    ticket = _first(hub)
    ran = hub("tickets", "set", ticket[:8], "--priority", "high", "--queue", "vip", "--tag", "b", "--tag", "a")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        f"ticket {ticket[:8]}: priority is high, was normal; queue is vip, was nothing; tags is a, b, was nothing\n"
    )
    told = hub("tickets", "show", ticket).out
    assert "priority high" in told
    happened = [line[16:].strip() for line in told.partition("What happened\n")[2].splitlines()]
    assert happened[-4:] == [
        "priority, queue, tags: set by a person",
        "priority: normal → high",
        "queue: nothing → vip",
        "tags: nothing → a, b",
    ]
    again = hub("tickets", "set", ticket, "--queue", "vip").err
    assert again == f"ticket {ticket[:8]}: it is so already; set by a person: priority, queue, tags\n"
    back = hub("tickets", "set", ticket, "--queue", "", "--tag", "", "--by-rules", "priority").err
    assert (
        back == f"ticket {ticket[:8]}: queue is nothing, was vip; tags is nothing, was a, b; priority: left to rules\n"
    )
    shown = json.loads(hub("tickets", "show", ticket, "--json").out)
    assert (shown["queue"], shown["tags"], shown["set_by_hand"]) == (None, [], ["queue", "tags"])
    assert "priority: left to rules again by a person" in hub("tickets", "show", ticket).out


def test_blanks_are_nothing(hub: Hub, filled: Path) -> None:
    ticket = _first(hub)
    hub("tickets", "set", ticket, "--assignee", "olga", "--tag", " a ")
    ran = hub("tickets", "set", ticket, "--assignee", "  ", "--tag", " ")
    assert ran.err == f"ticket {ticket[:8]}: assignee is nothing, was olga; tags is nothing, was a\n"


def test_what_a_person_sets_is_told_to_open_cases_by_the_next_sync(hub: Hub, filled: Path) -> None:
    ticket = _first(hub)
    with open_store(f"sqlite:///{filled.with_name('hub.db')}") as store:
        row = store.ask_case(ticket, "maps").outgoing
        assert row is not None
        store.outbox_made(row.n, 99, Place("maps", "pointer", "", "T-1"), None)
        store.outbox_finished(row.n)
    ran = hub("tickets", "set", ticket, "--state", "solved")
    assert ran.err.splitlines() == [
        f"ticket {ticket[:8]}: state is solved, was on_hold",
        'delivery 2 tells maps of it; "hub sync" sends it',
    ]
    words = ("--priority", "low", "--tag", "vip", "--tag", "late")
    answer = json.loads(hub("tickets", "set", ticket, *words, "--json").out)
    assert answer["fields"] == {"priority": ["normal", "low"], "tags": [[], ["late", "vip"]]}
    assert answer["by_hand"] == ["priority", "state", "tags"]
    [change] = answer["asked"]
    with open_store(f"sqlite:///{filled.with_name('hub.db')}") as store:
        store.outbox_finished(change["n"])
    assert "maps was told of changes: priority: low; tags: late, vip\n" in hub("tickets", "show", ticket).out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "say what is to be set, such as --priority high"),
        (("--state", "hidden"), "'hidden' is not one of"),
        (("--tag", "a", "--tag", " "), "--tag '' is no tag at all; it does not go with --tag a"),
        (("--queue", "a", "--by-rules", "queue"), "queue is set and left to rules at once; give one of the two"),
    ],
)
def test_setting_wrongly_says_what_is_right(hub: Hub, filled: Path, words: tuple[str, ...], said: str) -> None:
    ran = hub("tickets", "set", _first(hub), *words)
    assert (ran.code, said in ran.err) == (2, True), ran.err
