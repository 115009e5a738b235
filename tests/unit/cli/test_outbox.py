"""What waits to be sent, what was refused, and a ticket that is somewhere else too."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.sdk import FollowUp, MessageDraft
from hub.store import Checkpoint, Outgoing, Place, Store, StreamKey, open_store
from tests.unit.cli.conftest import NOW, Hub


@pytest.fixture
def store(filled: Path, tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        yield store


def waiting(store: Store, number: int = 2) -> list[Outgoing]:
    """Ask for cases of some tickets at the instance ``maps``; the first is refused there."""
    rows = []
    for ticket in list(store.iter_tickets())[:number]:
        row = store.ask_case(str(ticket.id), "maps", "claims").outgoing
        assert row is not None
        rows.append(row)
    store.outbox_failed(rows[0].n, "the field Project is required", sure=True, aside=True)
    return rows


def test_what_waits_and_what_was_refused_is_listed_with_the_destinations_words(hub: Hub, store: Store) -> None:
    waiting(store)
    ran = hub("outbox")
    head, first, second = ran.out.splitlines()
    assert head.split() == ["n", "to", "effect", "ticket", "asked", "for", "tries", "state", "last", "seen"]
    assert first.split()[:3] == ["1", "maps", "create"]
    assert first.endswith("set aside  the field Project is required")
    assert second.split()[:3] == ["2", "maps", "create"]
    assert ran.err == (
        '"hub sync" sends what is due, "hub outbox retry N" tries again, "hub outbox drop N" never sends it\n'
    )
    assert hub("outbox", "--instance", "main").err == "nothing waits\n"


def test_a_ticket_that_had_ended_is_said_to_be_open_again_when_it_is_escalated(
    hub: Hub, store: Store, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN_THAT_NOBODY_SET", "0001-token")
    desk = '[instances.desk]\nconnector = "usedesk"\ntoken = { env = "A_TOKEN_THAT_NOBODY_SET" }\n'
    config.write_text(config.read_text(encoding="utf-8") + desk, encoding="utf-8")
    ticket = str(next(iter(store.iter_tickets())).id)
    first = hub("tickets", "escalate", ticket, "--to", "desk")
    assert (first.code, "it is open again" in first.err) == (0, False)
    store.set_by_hand(ticket, {"state": "solved"})
    ran = hub("tickets", "escalate", ticket, "--to", "desk")
    assert ran.code == 0
    assert "the ticket was solved; it is open again, and on hold as long as its task is" in ran.err
    assert next(one for one in store.iter_tickets() if str(one.id) == ticket).state == "open"


def test_an_escalation_asked_for_twice_says_that_another_department_was_not_taken(
    hub: Hub, store: Store, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN_THAT_NOBODY_SET", "0001-token")
    desk = '[instances.desk]\nconnector = "usedesk"\ntoken = { env = "A_TOKEN_THAT_NOBODY_SET" }\n'
    config.write_text(config.read_text(encoding="utf-8") + desk, encoding="utf-8")
    ticket = str(next(iter(store.iter_tickets())).id)
    first = hub("tickets", "escalate", ticket, "--to", "desk", "--department", "claims")
    assert (first.code, "it stays with" in first.err) == (0, False)
    again = hub("tickets", "escalate", ticket, "--to", "desk", "--department", "returns")
    assert again.code == 0
    assert "it stays with claims, not returns" in again.err
    number = store.outbox_left()[0].n
    assert f'"hub outbox drop {number}", then escalate again' in again.err
    assert "it stays with" not in hub("tickets", "escalate", ticket, "--to", "desk", "--department", "claims").err


def test_a_program_reads_what_waits_as_json(hub: Hub, store: Store) -> None:
    rows = waiting(store)
    found = json.loads(hub("outbox", "--json").out)
    assert [(row["n"], row["state"], row["department"]) for row in found] == [
        (1, "failed", "claims"),
        (2, "waiting", "claims"),
    ]
    assert found[0]["ticket"] == rows[0].ticket


def test_what_was_refused_is_tried_again_or_never_sent_as_a_person_says(hub: Hub, store: Store) -> None:
    waiting(store)
    assert hub("outbox", "retry", "--all").err == '1 delivery is due; "hub sync" sends what is due\n'
    assert [row.state for row in store.outbox_left()] == ["waiting", "waiting"]
    assert hub("outbox", "drop", 1).err == "1 delivery dropped\n"
    refused = hub("outbox", "drop", 2, 1)
    assert (refused.code, "never send 2 deliveries? Nobody can be asked here" in refused.err) == (2, True)
    again = hub("outbox", "drop", 2, 1, "--yes")
    assert (again.code, again.err.splitlines()[0]) == (1, "1 delivery dropped")
    assert again.err.splitlines()[1] == '1 of them are not there; "hub outbox" shows those that are'
    gone = hub("outbox", "retry", 99)
    assert (gone.code, gone.err.splitlines()[1]) == (1, 'delivery 99 is not there; "hub outbox" shows those that are')
    shown = [hub("outbox", "show", number).err for number in (1, 99)]
    assert shown[0] == 'delivery 1 was dropped; "hub outbox" shows those that wait\n'
    assert shown[1] == 'there is no delivery 99; "hub outbox" shows those that wait\n'
    assert hub("outbox").err == "nothing waits\n"


def test_an_instance_that_cannot_escalate_says_what_it_can(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_THAT_NOBODY_SET", "k3y-0001")
    monkeypatch.setenv("A_TOKEN_THAT_NOBODY_SET", "t0ken-0001")
    row = waiting(store, 1)[0]
    ran = hub("tickets", "escalate", row.ticket, "--to", "maps")
    assert (ran.code, '"pointer" has no ability escalate, only act, pull' in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("outbox", "retry"), "name the deliveries by number, or give --all or --instance"),
        (("outbox", "retry", "1", "--all"), "numbers, --all and --instance do not go together"),
        (("outbox", "lst"), 'there is no command "lst"'),
        (("outbox", "--instance", "mian"), 'there is no instance "mian"; did you mean "main"?'),
        (("tickets", "escalate", "abcd"), "Missing option '--to'"),
    ],
)
def test_wrong_use_says_what_is_right(hub: Hub, store: Store, words: tuple[str, ...], said: str) -> None:
    ran = hub(*words)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_status_says_what_waits_for_a_person(hub: Hub, store: Store) -> None:
    waiting(store)
    [maps] = [row for row in json.loads(hub("status", "--json").out)["instances"] if row["instance"] == "maps"]
    assert (maps["waiting"], maps["set_aside"]) == (1, 1)
    assert maps["next_step"] == 'run "hub sync maps"'


def test_a_ticket_tells_where_else_it_is_and_what_happened_there(hub: Hub, store: Store) -> None:
    row = waiting(store, 1)[0]
    store.outbox_retry([row.n])
    store.outbox_made(row.n, 99, Place("maps", "pointer", "", "T-1"), "https://there.example/T-1")
    store.outbox_finished(row.n)
    comment = MessageDraft(source_id="c1", created_at=NOW, body="we refund it")
    done = FollowUp(external_id="T-1", state="solved", status="Done", assignee="Anna", messages=(comment,))
    key = StreamKey("maps", "cases", "poll")
    store.checkpoint(Checkpoint(key, "pointer", "", (), NOW, follow_ups=(done,)))
    told = hub("tickets", "show", row.ticket).out
    assert "escalated to maps: T-1 (Done, claims, Anna, https://there.example/T-1)" in told
    happened = [line[16:].strip() for line in told.partition("What happened\n")[2].splitlines()]
    assert happened[1:] == [
        "to be escalated to maps, claims (person)",
        "the create for maps was set aside: the field Project is required",
        "the create for maps was let go again by a person",
        "escalated to maps, claims: T-1 exists there",
        "the ticket changed (destination)",
        "state: new → on_hold",
        "T-1 is followed (maps): Done, Anna",
        "the ticket changed (destination)",
        "state: on_hold → open",
        "message 2 came (destination)",
        "T-1 is done (maps); the answer is message 2",
    ]


def test_deliveries_that_were_set_aside_are_told_of_and_tried_again_beside_the_records(hub: Hub, store: Store) -> None:
    waiting(store)
    told = '1 delivery is set aside too: "hub outbox" lists them, "hub dead retry --deliveries" tries them again'
    assert told in hub("dead", "list").err
    assert told not in hub("dead", "list", "--instance", "main").err
    assert hub("dead", "retry", "--deliveries", "--instance", "main").err.startswith("0 deliveries are due")
    assert hub("dead", "retry", "--deliveries").err == '1 delivery is due; "hub sync" sends what is due\n'
    assert [row.state for row in store.outbox_left()] == ["waiting", "waiting"]
    wrong = hub("dead", "retry", "--deliveries", 1)
    assert (wrong.code, '"hub outbox retry N"' in wrong.err) == (2, True)


def test_the_story_tells_what_people_at_a_destination_did(hub: Hub, store: Store) -> None:
    ticket = next(iter(store.iter_tickets()))
    row = store.ask_case(str(ticket.id), "maps", role="delivered").outgoing
    assert row is not None
    parcel = store.outbox_parcel(row.n)
    assert parcel is not None
    store.outbox_made(row.n, 9, Place("maps", "desk", "", "D-1"), None, parcel.told)
    store.outbox_finished(row.n)
    key = StreamKey("maps", "cases", "poll")
    for facts in (
        {"priority": "high", "rating": 4},
        {"state": "hidden"},
        {"state": "open"},
        {"merged_into": "D-2"},
    ):
        read = [FollowUp(external_id="D-1", **facts)]
        store.checkpoint(Checkpoint(key, "desk", "", [], NOW, follow_ups=read))
    story = hub("tickets", "show", ticket.id).out
    assert "priority: set by people at maps" in story
    assert "rated 4 of 5" in story
    assert "the customer gave 4 of 5 for the answer (maps, D-1)" in story
    assert "D-1 was deleted (maps)" in story
    assert "D-1 became a part of D-2 in maps" in story


def test_a_dry_run_says_what_cannot_be_sent_and_what_only_waits(
    hub: Hub, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_THAT_NOBODY_SET", "k3y-0001")
    monkeypatch.setenv("A_TOKEN_THAT_NOBODY_SET", "t0ken-0001")
    row = waiting(store, 1)[0]
    store.ask_change(row.ticket, "maps", "escalated", {"priority": "high"}, "person")
    first, second = json.loads(hub("outbox", "--dry-run", "--json").out)
    assert '"pointer" has no ability escalate, only act, pull' in first["obstacle"]
    assert (second["waits"], second["begins_with"]) == (True, None)
    said = hub("outbox", "--dry-run")
    assert "cannot be sent: " in said.out
    assert "is sent once the case is made, in order" in said.out
    assert said.err == "2 deliveries; nothing was sent\n"
