"""A ticket's story, figures included, in both languages; and what is said of tickets that belong together."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli.story import Story
from hub.cli.story_texts import TEXTS
from hub.routing.times import Hold, Times, Took
from hub.sdk import FollowUp, MessageDraft, Related, Ticket, TicketDraft
from hub.store import Checkpoint, Place, Store, StreamKey, TicketEvent, open_store
from tests.unit.cli.conftest import NOW, Hub

CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
WORDS = re.compile(r"\b[a-z]{3,}\b")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def store(config: Path, tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        yield store


def said(source_id: str, when: datetime, **facts: Any) -> TicketDraft:
    message = {"created_at": when, "body": "Где деньги, которые вы списали?", **facts}
    return TicketDraft.of(source_id=source_id, kind="mention", platform="vk.com", thread="t", **message)


def put(store: Store, *drafts: Any, instance: str = "main", now: datetime = NOW, connector: str = "youscan") -> None:
    follow_ups = [one for one in drafts if isinstance(one, FollowUp)]
    own = [one for one in drafts if isinstance(one, TicketDraft)]
    key = StreamKey(instance, "1", "poll")
    store.checkpoint(Checkpoint(key, connector, "", own, now, follow_ups=follow_ups, records=len(drafts)))


def escalated(store: Store) -> str:
    put(store, said("1", NOW - MINUTE))
    ticket = str(next(store.iter_tickets()).id)
    row = store.ask_case(ticket, "maps", "claims").outgoing
    assert row is not None
    store.outbox_made(row.n, 99, Place("maps", "pointer", "", "T-1"), None)
    return ticket


# --- the story --------------------------------------------------------------------------------------------------------


def test_events_of_one_minute_are_told_to_the_second(store: Store) -> None:
    put(store, said("1", NOW))
    kinds = ("created", "changed", "decided", "changed")
    at = [NOW, NOW + timedelta(seconds=5), NOW + timedelta(seconds=5), NOW + 2 * MINUTE]
    events = [TicketEvent(when, kind, "poll", {}) for kind, when in zip(kinds, at, strict=True)]
    told = [text for text, _ in Story(next(store.iter_tickets()), UTC, "en").lines(events, Times())]
    assert [line[:21] for line in told if "(poll)" in line] == [
        "2026-11-20 12:00:00  ",
        "2026-11-20 12:00:05  ",
        "2026-11-20 12:00:05  ",
        "2026-11-20 12:02     ",
    ]


def test_the_story_tells_in_russian_what_happened_and_how_long_it_took(hub: Hub, store: Store) -> None:
    ticket = escalated(store)
    note = MessageDraft(source_id="n", created_at=NOW, body="вернули")
    done = FollowUp(external_id="T-1", state="solved", messages=(note,))
    put(store, done, instance="maps", connector="pointer", now=NOW + 90 * MINUTE)
    told = hub("tickets", "show", ticket, "--lang", "ru").out
    for line in (
        f"Обращение {ticket}",
        "прочитано через: main (youscan)",
        "эскалировано в maps: T-1 (solved, claims)",
        "  ждали T-1 (maps): 1 ч 30 мин",
        "  будет эскалировано в maps, claims (человек)",
        "  состояние: on_hold → open",
        "  T-1: сделано (maps); ответ — сообщение 2",
    ):
        assert line in told
    assert "the" not in WORDS.findall(told)
    english = hub("tickets", "show", ticket, "--lang", "en").out
    assert "  waited for T-1 (maps): 1 h 30 min\n" in english
    assert english.count("\n") == told.count("\n")


def test_the_language_is_the_settings_unless_it_is_asked_for(hub: Hub, store: Store, config: Path) -> None:
    ticket = escalated(store)
    config.write_text('lang = "ru"\n' + config.read_text(encoding="utf-8"), encoding="utf-8")
    assert hub("tickets", "show", ticket).out.startswith("Обращение ")
    assert hub("tickets", "show", ticket, "--lang", "en").out.startswith("Ticket ")


PLACE = {"instance": "crm", "external_id": "T-1"}
OTHER = {"ticket": "5e93fea8-0000-0000-0000-000000000000"}
EVENTS = [
    ("created", {"messages": 2}),
    ("message_added", {"message": "?"}),
    ("message_changed", {"message": "?", "fields": {"body": ["a", "b"]}}),
    ("changed", {"fields": {"state": ["new", "open"]}}),
    ("decided", {"fields": {"tags": [[], ["a"]]}}),
    ("reopened", {"message": "?", "unpinned": ["state"]}),
    *((kind, OTHER) for kind in ("follows", "followed_by", "probably_same", "linked", "unlinked")),
    ("escalation_asked", {"instance": "crm", "department": "claims"}),
    ("escalation_proposed", {"to": "crm", "department": "claims"}),
    ("set", {"pinned": ["state"]}),
    ("handed_back", {"pinned": ["state"]}),
    *((kind, PLACE) for kind in ("escalated", "delivered", "duplicate_case", "case_changed", "case_deleted")),
    ("rated", {**PLACE, "rating": 4}),
    ("case_merged", {**PLACE, "merged_into": "T-2", "ticket": "5e93fea8"}),
    ("notify_sent", {"instance": "notify:lead"}),
    ("sla_warning", {"promise": "resolution", "share": 0.8, "reached": NOW.isoformat(), "due": None, "policy": "p"}),
    ("sla_breached", {"promise": "first_response", "reached": NOW.isoformat(), "due": NOW.isoformat()}),
    ("sla_kept", {"promise": "next_response", "policy": "p"}),
    ("case_reopened", PLACE),
    ("case_read", {**PLACE, "facts": {"state": "open"}}),
    ("case_done", PLACE),
    ("case_done", {**PLACE, "answer": "?"}),
    ("case_moved", {**PLACE, "department": ["A", "B"]}),
    ("case_stuck", {**PLACE, "days": 3.0}),
    ("comment_sent", {"instance": "crm", "messages": ["1"]}),
    ("comment_sent", {"instance": "crm", "messages": ["1", "2"]}),
    ("comment_sent", {"instance": "crm", "messages": ["1"], "edited": True}),
    ("comment_sent", {"instance": "desk", "messages": [], "news": {"kind": "done", "instance": "crm", "case": "T-1"}}),
    ("change_sent", {"instance": "crm", "changes": {"state": "solved"}}),
    ("set_aside", {"instance": "crm", "effect": "create", "reason": "..."}),
    ("dropped", {"instance": "crm", "effect": "comment"}),
    ("retried", {"instance": "crm", "effect": "change"}),
    ("act_asked", {"instance": "maps", "action": "edit_reply"}),
    ("acted", {"instance": "maps", "action": "add_tags", "values": ["a"], "state": "done"}),
    ("acted", {"instance": "maps", "action": "report", "state": "sent", "detail": "taken"}),
    *((kind, {"instance": "maps"}) for kind in ("published", "rejected")),
    *((kind, {"reply": 1, "template": "t", "rule": "r"}) for kind in ("reply_automatic", "reply_drafted")),
    *(
        (kind, {"instance": "desk", "reason": "..."})
        for kind in ("reply_dropped", "reply_held", "reply_refused", "reply_stays")
    ),
]


def test_a_field_whose_two_sides_are_shown_the_same_is_left_out(store: Store, config: Path) -> None:
    put(store, said("1", NOW))
    ticket = next(iter(store.iter_tickets()))

    def told(**fields: Any) -> list[str]:
        event = TicketEvent(NOW, "decided", "rule", {"fields": fields})
        return list(Story(ticket, NOW.tzinfo or UTC, "en").told(event))[1:]

    due = [{"policy": "p", "first_response_due": (NOW + timedelta(seconds=s)).isoformat()} for s in (1, 2, 61)]
    assert told(sla=due[:2], score=[1, 2]) == ["  score: 1 → 2"]
    assert len(told(sla=[due[0], due[2]])) == 1
    assert told(extra=[{}, {"age": 30}]) == ["  extra: nothing → age: 30"]
    assert told(decision=[{"rules": []}, {"rules": ["r"]}]) == ["  decision: no rule → r"]


@pytest.mark.parametrize(("kind", "data"), EVENTS)
@pytest.mark.parametrize("lang", ["en", "ru"])
def test_every_event_is_told_in_both_languages(
    store: Store, config: Path, lang: str, kind: str, data: dict[str, Any]
) -> None:
    put(store, said("1", NOW))
    story = Story(next(store.iter_tickets()), NOW.tzinfo, lang)  # type: ignore[arg-type]  # it has one
    first, *_ = story.told(TicketEvent(NOW, kind, "source", data))
    assert bool(CYRILLIC.search(first)) == (lang == "ru")
    assert "_" not in first


def _emitted() -> set[str]:
    """The kinds of events that the code of the store writes."""
    import hub.store

    folder = Path(hub.store.__file__).parent
    texts = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    calls = re.findall(r"(?:note|_note|Event|_note_both)\([^\"{]{0,90}\"([a-z]+(?:_[a-z]+)*)\"", texts)
    return set(calls)


def test_every_event_that_the_store_writes_has_words(store: Store) -> None:
    known = {key.removeprefix("event.").split(".")[0] for key in TEXTS["en"] if key.startswith("event.")}
    written = _emitted() - {"source", "rule", "person", "destination", "replay"}
    assert len(written) > 8
    assert written <= known
    assert {kind for kind, _ in EVENTS} == known


def test_figures_are_told_with_their_promises(store: Store, config: Path) -> None:
    put(store, said("1", NOW))
    story = Story(next(store.iter_tickets()), NOW.tzinfo, "en")  # type: ignore[arg-type]  # it has one
    times = Times(
        policy="p",
        first_response=Took(300, 420, done=True, kept=True),
        next_responses=(
            Took(3661, 900, done=True, kept=False),
            Took(None, 900, done=True, kept=None),
            Took(30, None, done=False, kept=None),
        ),
        resolution=Took(90_000, 100_000, done=False, kept=True),
        paused_s=120,
        holds=(Hold("crm", "T-1", 60, done=True), Hold("jira", "K-1", 0, done=False)),
    )
    lines = [line for line, _ in story.lines([], times)]
    assert lines[lines.index("How long it took") + 1 :] == [
        "  first response after 5 min of 7 min promised",
        "  next response after 1 h 1 min of 15 min promised, too late",
        "  next response: before its clock started, nobody knows how long it took",
        "  next response: for 30 s now, and still to come",
        "  resolution: for 1 d 1 h now, and still to come of 1 d 3 h promised",
        "  the clock stood still for 2 min",
        "  waited for T-1 (crm): 1 min",
        "  waits for K-1 (jira): for 0 s now",
    ]


def test_what_was_there_before_the_hub_took_nobody_knows_how_long(hub: Hub, store: Store) -> None:
    asked = MessageDraft(source_id="q", created_at=NOW - 3 * MINUTE, body="?")
    answer = MessageDraft(source_id="a", created_at=NOW - MINUTE, direction="out", body="!")
    put(store, TicketDraft(thread="t", kind="review", platform="2gis", messages=(asked, answer), state="solved"))
    out = hub("tickets", "show", next(store.iter_tickets()).id, "--lang", "ru").out
    for what in ("первый ответ", "решение"):
        assert f"  {what}: ещё до начала отсчёта, сколько времени это заняло, неизвестно\n" in out


def test_the_promise_is_that_of_the_rules_at_hand(hub: Hub, config: Path, tmp_path: Path) -> None:
    from hub.pipeline.route import router
    from hub.routing.rules import load_rules

    (tmp_path / "rules").mkdir()
    config.write_text('rules = "rules"\n' + config.read_text(encoding="utf-8"), encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        answer = said("2", NOW + 5 * MINUTE, direction="out")
        for draft, now in ((said("1", NOW), NOW), (answer, NOW + 6 * MINUTE)):
            key = StreamKey("main", "1", "poll")
            rules = router(lambda: load_rules(None))
            store.checkpoint(Checkpoint(key, "youscan", "", [draft], now, rules, records=1))
        [line] = store.list_tickets()
    shown = json.loads(hub("tickets", "show", line.id, "--json").out)
    policy = shown["sla"]["policy"]
    assert shown["times"]["policy"] == policy
    assert shown["times"]["first_response"]["seconds"] == 300
    assert shown["times"]["first_response"]["promised_s"] in (420, 900)


# --- tickets that belong together -------------------------------------------------------------------------------------


def test_what_is_proposed_is_named_and_a_person_says_whether_it_is_so(hub: Hub, store: Store) -> None:
    author = {"key": "77", "name": "Вера"}
    put(store, said("1", NOW, author=author))
    put(store, said("x", NOW, author=author), instance="maps", connector="pointer")
    one, two = (str(ticket.id) for ticket in store.iter_tickets())
    told = hub("tickets", "show", one, "--lang", "en").out
    assert f'probably the same as ticket {two[:8]}; "hub tickets link {one[:8]} {two[:8]}"' in told
    linked = hub("tickets", "link", one[:8], two[:8])
    assert (linked.code, linked.out) == (0, "")
    assert linked.err == f"tickets {one[:8]} and {two[:8]} are the same\n"
    assert hub("tickets", "link", one, two).err.endswith("are the same; that was known\n")
    assert f"\nthe same as ticket {two[:8]}\n" in hub("tickets", "show", one, "--lang", "en").out
    assert hub("tickets", "unlink", one, two).err == f"tickets {one[:8]} and {two[:8]} are two\n"
    again = json.loads(hub("tickets", "link", "--json", one, two).out)
    assert again == {"ticket": one, "other": two, "new": True, "dropped": []}
    for wrong, message in (((one, one), "give two"), ((one, "zzzz"), "is not a ticket id")):
        ran = hub("tickets", "link", *wrong)
        assert (ran.code, message in ran.err) == (1, True)


def test_what_follows_is_named_on_both_sides() -> None:
    values = {"connector": "c", "instance": "i", "platform": "vk.com", "kind": "mention", "thread": "t"}
    related = [Related(ticket=OTHER["ticket"], kind=kind, state="confirmed") for kind in ("follows", "followed_by")]
    ticket = Ticket(
        id=OTHER["ticket"],
        **values,
        created_at=NOW,
        updated_at=NOW,
        revision="r",
        related=tuple(related),
    )
    lines = [line for line, _ in Story(ticket, NOW.tzinfo, "en").lines([], Times())]  # type: ignore[arg-type]
    assert lines[-2:] == [
        "follows ticket 5e93fea8, which had ended",
        "followed by ticket 5e93fea8, in which the customer wrote again",
    ]


# --- cases that need a look -------------------------------------------------------------------------------------------


def test_the_status_and_the_list_name_cases_that_need_a_look(hub: Hub, store: Store) -> None:
    ticket = escalated(store)
    assert "T-1" not in hub("status").err
    put(store, FollowUp(external_id="T-1", state="hidden"), instance="maps", connector="pointer")
    what = "its case T-1 at maps was deleted there; answer the customer, or escalate it again"
    line = f'ticket {ticket[:8]}: {what} ("hub tickets show {ticket[:8]}")\n'
    assert line in hub("status").err
    [case] = json.loads(hub("status", "--json").out)["cases"]
    assert (case["kind"], case["ticket"], case["instance"]) == ("deleted", ticket, "maps")
    assert [one["id"] for one in json.loads(hub("tickets", "list", "--escalation", "deleted", "--json").out)] == [
        ticket
    ]
    assert json.loads(hub("tickets", "list", "--escalation", "stuck", "--json").out) == []
