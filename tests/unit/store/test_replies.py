"""Answers in the store: drafted once, let go within limits, settled by what the source shows, never looping."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.routing.facts import Facts
from hub.sdk import ActionName, Author, FollowUp, MessageDraft, StoreError, TicketDraft
from hub.store import Act, Answer, Answering, Decided, Place, Router, Store, Text, ToWrite
from tests.unit.store.pages import NOW, at, hide, mention, page, rows

ALL: frozenset[ActionName] = frozenset(("reply", "edit_reply", "report", "add_tags"))
DESK = Place("desk", "d", "", "C-1")


def written(wanted: ToWrite) -> Text | None:
    return Text(f"Спасибо, {wanted.author}!", "ru-1", "ru") if wanted.template == "thanks" else None


ANSWERING = Answering(
    can={"one": ALL},
    write=written,
    refuse=lambda text: "holds a card" if "4111" in text else None,
    auto=frozenset(("praise",)),
)


def decides(*acts: Act, auto: bool = False, answer: bool = True, **more: Any) -> Router:
    wanted = Answer("thanks", "praise", auto) if answer else None
    return Router(lambda _: Decided("normal", acts=acts, answer=wanted, **more))


def review(
    name: str,
    *said: MessageDraft,
    author: str = "Анна",
    body: str = "Хорошо",
    minutes: int = 0,
    source_tags: tuple[str, ...] = (),
    rating: float | None = None,
) -> TicketDraft:
    by = Author(key=author, name=author)
    first = MessageDraft(source_id=name, created_at=at(minutes), body=body, author=by, tags=source_tags, rating=rating)
    return TicketDraft(thread=name, kind="review", platform="maps", messages=(first, *said))


def answered(name: str, text: str, **facts: Any) -> TicketDraft:
    return review(name, MessageDraft(source_id=f"{name}/a", created_at=at(5), body=text, direction="out", **facts))


def put(
    store: Store, *drafts: Any, router: Router | None = None, answering: Answering = ANSWERING, **rest: Any
) -> None:
    store.checkpoint(page(*drafts, router=router or decides(answer=False), answering=answering, **rest))


def ticket_of(store: Store, thread: str) -> str:
    return next(str(one.id) for one in store.iter_tickets() if one.thread == thread)


def kinds(store: Store, thread: str) -> list[str]:
    return [event.kind for event in store.events(ticket_of(store, thread))]


def states(store: Store) -> list[tuple[str, str]]:
    return [(state, final) for state, final in rows(store, "SELECT state, final FROM replies ORDER BY n")]


def work_off(store: Store, state: Any = "sent") -> Sequence[Any]:
    """Let the source take what waits."""
    due = store.acts_due("one", forced=True)
    for row in due:
        store.act_done(row.n, state, "taken")
    return due


# --- acts of rules ----------------------------------------------------------------------------------------------------


def test_a_rule_acts_once_however_often_its_ticket_is_decided(store: Store) -> None:
    router = decides(Act("report", ("spam",)), answer=False)
    for text in ("Реклама", "Реклама!", "Реклама!!"):
        put(store, review("1", body=text), router=router)
    [row] = work_off(store)
    assert row.act == {
        "name": "report",
        "stream": "s",
        "source_id": "1",
        "values": ["spam"],
        "context": {"created_at": "2026-11-19T12:00:00+00:00"},
    }
    put(store, review("1", body="Реклама?"), router=router)
    assert work_off(store) == []
    assert kinds(store, "1").count("acted") == 1


def test_a_mention_is_acted_on_at_each_new_message_and_a_review_at_itself(store: Store) -> None:
    router = decides(Act("add_tags", ("hot",)), answer=False)
    put(store, mention("1", thread="t"), router=router)
    put(store, mention("2", thread="t", minutes=1), router=router)
    assert [row.act["source_id"] for row in store.acts_due("one")] == ["1", "2"]


def test_what_the_source_cannot_do_is_set_aside_with_what_it_can(store: Store) -> None:
    put(store, review("1"), router=decides(Act("hide"), answer=False))
    [row] = store.outbox_left()
    assert row.state == "failed"
    assert row.error == "one cannot do hide at its source; it can do add_tags, edit_reply, reply, report"
    assert store.acts_due("one", forced=True) == []


def test_rules_leave_old_messages_alone(store: Store) -> None:
    router = decides(Act("report"))
    put(store, review("old", minutes=-60 * 24 * 8), router=router)
    assert store.outbox_left() == []
    assert states(store) == []


def test_acts_of_a_ticket_keep_their_order_and_others_do_not_wait(store: Store) -> None:
    put(store, review("1"), review("2"), router=decides(Act("report"), Act("add_tags", ("a",)), answer=False))
    first = store.acts_due("one")[0]
    store.act_failed(first.n, "503", sure=True)
    assert [row.act["name"] for row in store.acts_due("one")] == ["report", "add_tags"]
    assert first.ticket not in {row.ticket for row in store.acts_due("one")}


def test_after_the_clock_was_set_back_an_act_waits_for_no_time_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, review("1"), router=decides(Act("report"), answer=False))
    [row] = store.acts_due("one")
    store.act_failed(row.n, "503", sure=True)
    assert store.acts_due("one") == []
    monkeypatch.setattr(store, "_now", lambda: NOW - timedelta(days=3))
    assert [one.n for one in store.acts_due("one")] == [row.n]


def test_an_act_at_the_source_never_blocks_a_case(store: Store) -> None:
    put(store, review("1"), router=decides(Act("report"), answer=False))
    store.ask_case(ticket_of(store, "1"), "one")
    assert [row.effect for row in store.outbox_due("one", 10)] == ["create"]


# --- drafts -----------------------------------------------------------------------------------------------------------


def test_a_draft_is_made_once_and_waits_for_a_person(store: Store) -> None:
    for tags in (("a",), ("b",)):
        put(store, review("1", source_tags=tags), router=decides())
    assert states(store) == [("draft", "Спасибо, Анна!")]
    assert store.outbox_left() == []
    assert "reply_drafted" in kinds(store, "1")


def test_a_draft_is_not_made_where_there_is_an_answer_or_none_can_be_given(store: Store) -> None:
    put(store, answered("1", "Спасибо"), router=decides())
    put(store, review("2"), router=decides(), answering=replace(ANSWERING, can={"one": frozenset()}))
    assert states(store) == []


def test_a_draft_that_may_not_be_said_is_kept_as_refused(store: Store) -> None:
    put(store, review("1"), router=decides(), answering=replace(ANSWERING, refuse=lambda _: "holds a phone"))
    [row] = store.replies(("refused",))
    assert row.reason == "holds a phone"
    assert "reply_refused" in kinds(store, "1")


def test_a_draft_whose_ticket_is_answered_meanwhile_is_dropped(store: Store) -> None:
    put(store, review("1"), router=decides())
    put(store, answered("1", "Отвечено в кабинете"))
    [row] = store.replies(("dropped",))
    assert row.reason == "answered meanwhile"
    assert "reply_dropped" in kinds(store, "1")


def test_a_person_approves_a_draft_with_other_words_and_only_once(store: Store) -> None:
    put(store, review("1"), router=decides())
    row, asked = store.approve(1, ANSWERING, "Спасибо, Анна! Ждём вас.")
    assert (row.state, row.by, row.drafted) == ("approved", "person", "Спасибо, Анна!")
    assert asked.outgoing is not None
    assert asked.outgoing.act["text"] == "Спасибо, Анна! Ждём вас."
    with pytest.raises(StoreError, match="reply 1 is no draft, it is approved"):
        store.approve(1, ANSWERING)


# --- overtaken before anybody read them -------------------------------------------------------------------------------

FRAUD = "Обманули! Украли деньги со счёта"


def complains(facts: Facts) -> Decided:
    """Praise is answered by itself; who writes of money complains, and rules want no answer for them."""
    if "деньги" in " ".join(facts.texts):
        return Decided("urgent", category="complaint")
    return Decided("low", category="praise", answer=Answer("thanks", "praise", auto=True))


def test_an_automatic_answer_that_waits_is_never_said_to_what_became_a_complaint(store: Store) -> None:
    put(store, review("1"), router=Router(complains))
    assert len(store.acts_due("one")) == 1
    put(store, review("1", body=FRAUD), router=Router(complains))
    assert store.acts_due("one", forced=True) == []
    assert store.outbox_left() == []
    [row] = store.replies(("dropped",))
    assert row.reason == "the customer's message was changed since"
    assert "reply_dropped" in kinds(store, "1")


def test_an_answer_set_aside_goes_to_no_changed_message_either(store: Store) -> None:
    put(store, review("1"), router=Router(complains))
    [due] = store.acts_due("one")
    store.act_failed(due.n, "403", sure=True, aside=True)
    put(store, review("1", body=FRAUD), router=Router(complains))
    assert store.outbox_retry([due.n]) == 0


def test_a_draft_outlives_neither_the_words_nor_the_stars_that_it_answers(store: Store) -> None:
    put(store, review("1", rating=5), review("2"), router=decides())
    put(store, review("1", rating=1), review("2", body="Плохо"), router=decides(answer=False))
    assert {row.reason for row in store.replies(("dropped",))} == {"the customer's message was changed since"}
    assert store.replies(("draft",)) == []
    with pytest.raises(StoreError, match="reply 1 is no draft"):
        store.approve(1, ANSWERING)


def test_another_draft_is_made_for_what_the_customer_says_now(store: Store) -> None:
    put(store, review("1"), router=decides())
    put(store, review("1", body="Очень хорошо"), router=decides())
    assert [state for state, _ in states(store)] == ["dropped", "draft"]
    template, _ = store.reply_scores()
    assert (template.overtaken, template.dropped, template.waiting) == (1, 0, 1)


def test_an_automatic_answer_with_the_same_words_is_said_to_the_changed_message(store: Store) -> None:
    put(store, review("1"), router=decides(auto=True))
    put(store, review("1", body="Очень хорошо"), router=decides(auto=True))
    assert [row.act["text"] for row in work_off(store)] == ["Спасибо, Анна!"]
    assert [state for state, _ in states(store)] == ["dropped", "sent"]


@pytest.mark.parametrize("auto", [True, False])
def test_a_ticket_that_a_person_calls_a_complaint_loses_what_rules_would_say(store: Store, auto: bool) -> None:
    put(store, review("1"), router=decides(auto=auto))
    store.set_by_hand(ticket_of(store, "1"), {"category": "complaint"}, router=decides(auto=auto, answer=False))
    assert store.acts_due("one") == []
    [row] = store.replies(("dropped",))
    assert row.reason == "the ticket has become a complaint"


def test_a_draft_made_for_a_complaint_stays(store: Store) -> None:
    put(store, review("1"), router=decides(category="complaint"))
    put(store, review("1", source_tags=("x",)), router=decides(category="complaint", queue="q"))
    assert [state for state, _ in states(store)] == ["draft"]


def test_what_a_person_approved_waits_for_a_person_again_when_the_words_change(store: Store) -> None:
    put(store, review("1"), router=decides())
    store.approve(1, ANSWERING)
    put(store, review("1", body=FRAUD), router=decides(answer=False))
    assert store.acts_due("one") == []
    assert held(store) == ["the customer's message was changed since"]
    assert "reply_held" in kinds(store, "1")
    store.approve(1, ANSWERING, "Простите, разберёмся")
    assert [row.act["text"] for row in work_off(store)] == ["Простите, разберёмся"]


def test_an_answer_that_the_source_took_while_it_was_taken_back_is_known_as_sent(store: Store) -> None:
    put(store, review("1"), router=Router(complains))
    [due] = store.acts_due("one")
    put(store, review("1", body=FRAUD), router=Router(complains))
    store.act_done(due.n, "sent", "taken")
    assert states(store)[0][0] == "sent"


def test_an_approved_draft_answers_the_message_that_it_was_made_for(store: Store) -> None:
    put(store, mention("1", thread="t"), mention("2", thread="t", minutes=1))
    made = [store.draft(ticket_of(store, "t"), "К первому", message=1)]
    put(store, mention("3", thread="t", minutes=2))
    store.approve(made[0].n, ANSWERING)
    assert [row.act["source_id"] for row in store.acts_due("one")] == ["1"]


# --- without a person -------------------------------------------------------------------------------------------------


def held(store: Store) -> list[str | None]:
    return [row.reason for row in store.replies(("draft",))]


def test_a_rule_answers_by_itself_where_a_person_has_allowed_it(store: Store) -> None:
    put(store, review("1"), router=decides(auto=True))
    [row] = store.acts_due("one")
    assert row.act["text"] == "Спасибо, Анна!"
    assert "reply_automatic" in kinds(store, "1")


def test_a_rule_that_nobody_allowed_makes_a_draft(store: Store) -> None:
    put(store, review("1"), router=decides(auto=True), answering=replace(ANSWERING, auto=frozenset()))
    assert held(store) == ['[replies] auto in hub.toml does not name the rule "praise"']


def test_a_complaint_is_never_answered_without_a_person(store: Store) -> None:
    put(store, review("1"), router=decides(auto=True, category="complaint"))
    assert held(store) == ["a complaint is never answered without a person"]


def test_an_author_gets_so_many_automatic_answers_a_day(store: Store) -> None:
    put(store, review("1"), review("2"), review("3", author="Борис"), router=decides(auto=True))
    assert len(store.acts_due("one")) == 2
    assert held(store) == ["the customer had an answer by a rule within 24 hours"]
    put(store, review("4", minutes=60 * 30), router=decides(auto=True), now=NOW + timedelta(hours=25))
    assert len(store.acts_due("one")) == 3


def test_there_are_so_many_automatic_answers_a_day(store: Store) -> None:
    drafts = [review(str(n), author=f"author {n}") for n in range(4)]
    put(store, *drafts, router=decides(auto=True), answering=replace(ANSWERING, per_day=3))
    assert len(store.acts_due("one")) == 3
    assert held(store) == ["3 answers were given by rules in 24 hours"]


def test_nobody_is_answered_automatically_in_another_language_or_without_a_name(store: Store) -> None:
    foreign = replace(ANSWERING, write=lambda _: Text("Thanks", "en-1", "en", own_language=False))
    put(store, review("1"), router=decides(auto=True), answering=foreign)
    put(store, review("2", author=""), router=decides(auto=True))
    assert held(store) == ["there is no text in the customer's language", "nobody knows who the customer is"]


def test_an_answer_that_a_rule_gives_as_an_act_is_never_said_to_a_complaint(store: Store) -> None:
    says = Act("reply", text="Спасибо")
    for _ in range(2):
        put(store, review("1"), router=decides(says, answer=False, category="complaint"))
    assert store.outbox_left() == []
    assert kinds(store, "1").count("reply_refused") == 1
    put(store, review("2"), router=decides(says, answer=False))
    assert len(store.acts_due("one")) == 1
    store.set_by_hand(ticket_of(store, "2"), {"category": "complaint"}, router=decides(answer=False))
    assert store.acts_due("one") == []
    assert "reply_dropped" in kinds(store, "2")


# --- when a tag of people brings it about -----------------------------------------------------------------------------


def tagged(facts: Facts) -> Decided:
    """A tag that people set lets the record be reported and answered."""
    if "boss" not in facts.pinned.get("tags", ()):
        return Decided("low")
    return Decided("low", acts=(Act("report", ("spam",)),), answer=Answer("thanks", "praise", auto=True))


def test_a_persons_tag_brings_about_the_acts_and_the_answer_of_a_rule_once(store: Store) -> None:
    put(store, review("1"), router=Router(tagged))
    again = Router(tagged, answering=ANSWERING)
    for tags in (("boss",), ("boss", "more")):
        store.set_by_hand(ticket_of(store, "1"), {"tags": tags}, router=again)
    assert [row.act["name"] for row in work_off(store)] == ["report", "reply"]
    assert [state for state, _ in states(store)] == ["sent"]


def test_a_tag_of_the_helpdesk_brings_about_the_acts_and_the_answer_of_a_rule(store: Store) -> None:
    delivered(store, "1")
    follow = FollowUp(external_id="C-1", state="open", tags=("boss",))
    put(store, follow, router=Router(tagged), instance="desk", stream="cases", connector="d")
    assert [row.act["name"] for row in store.acts_due("one")] == ["report", "reply"]


def test_a_tag_lets_rules_neither_answer_what_is_over_or_old_nor_what_a_person_has_answered(store: Store) -> None:
    put(store, review("1"), review("2", minutes=-60 * 24 * 8), answered("3", "Отвечено"), router=Router(tagged))
    again = Router(tagged, answering=ANSWERING)
    wanted = {"1": {"state": "solved"}, "2": {}, "3": {}}
    for thread, more in wanted.items():
        store.set_by_hand(ticket_of(store, thread), {"tags": ("boss",), **more}, router=again)
    assert [(row.act["name"], row.act["source_id"]) for row in store.acts_due("one")] == [("report", "3")]
    assert states(store) == []


def test_a_tag_lets_a_complaint_have_a_draft_alone(store: Store) -> None:
    put(store, review("1"), router=Router(tagged))
    wanted = {"tags": ("boss",), "category": "complaint"}
    store.set_by_hand(ticket_of(store, "1"), wanted, router=Router(tagged, answering=ANSWERING))
    assert held(store) == ["a complaint is never answered without a person"]


# --- until it is published --------------------------------------------------------------------------------------------


def test_a_reply_waits_until_the_source_shows_it_published(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите, разберёмся", ANSWERING)
    work_off(store)
    put(store, answered("1", "Простите,\nразберёмся", publication="waiting"))
    assert states(store)[0][0] == "sent"
    put(store, answered("1", "Простите,\nразберёмся", publication="published"))
    assert states(store)[0][0] == "published"
    assert kinds(store, "1").count("published") == 1


def test_a_rejected_reply_is_told_with_the_sources_word(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите", ANSWERING)
    work_off(store)
    put(store, answered("1", "Простите", publication="rejected", hidden=True))
    [row] = store.replies(("rejected",))
    assert row.reason == "one says: rejected"
    assert "rejected" in kinds(store, "1")


def test_what_the_source_shows_already_is_not_sent_again(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите", ANSWERING)
    put(store, answered("1", "Простите"))  # the answer to our request was lost
    assert store.outbox_left() == []
    assert states(store)[0][0] == "published"


def test_another_answer_does_not_settle_ours(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите", ANSWERING)
    work_off(store)
    put(store, answered("1", "Совсем другое"))
    assert states(store)[0][0] == "sent"


def test_a_reply_that_is_not_published_in_time_is_found_until_a_person_gives_it_up(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите", ANSWERING)
    work_off(store)
    assert store.unpublished(NOW - timedelta(days=3)) == []
    [late] = store.unpublished(NOW + timedelta(seconds=1))
    assert store.drop_replies([late.n]) == 1
    assert store.unpublished(NOW + timedelta(seconds=1)) == []


def test_the_same_words_asked_for_twice_are_one_reply(store: Store) -> None:
    put(store, review("1"))
    name = ticket_of(store, "1")
    for _ in range(2):
        store.say(name, "Простите", ANSWERING)
    assert len(store.acts_due("one")) == len(states(store)) == 1


def test_a_second_answer_to_a_review_is_refused_while_the_first_waits_and_once_it_is_there(store: Store) -> None:
    put(store, review("1"))
    name = ticket_of(store, "1")
    first, _ = store.say(name, "Простите", ANSWERING)
    with pytest.raises(StoreError, match=rf'reply {first.n} waits to be sent; .*"hub replies drop {first.n}" first'):
        store.say(name, "Другое", ANSWERING)
    assert len(store.acts_due("one")) == len(states(store)) == 1
    put(store, answered("1", "Простите"))
    with pytest.raises(StoreError, match=r"has an answer already, .* --edit yours takes its place"):
        store.say(name, "Другое", ANSWERING)
    store.say(name, "Другое", ANSWERING, edit=True)
    assert len(store.acts_due("one")) == 1


def test_an_answer_that_is_not_there_cannot_be_changed(store: Store) -> None:
    put(store, review("1"))
    with pytest.raises(StoreError, match="no answer yet that could be changed; leave --edit out"):
        store.say(ticket_of(store, "1"), "Простите", ANSWERING, edit=True)
    assert states(store) == []


def test_a_refused_reply_waits_for_a_person_and_can_be_tried_again(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите", ANSWERING)
    [row] = store.acts_due("one")
    store.act_failed(row.n, "422: слишком длинно", sure=True, aside=True)
    assert store.replies(("refused",))[0].reason == "422: слишком длинно"
    store.outbox_retry([row.n])
    work_off(store)
    assert states(store)[0][0] == "sent"


def test_a_dropped_delivery_drops_its_reply(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите", ANSWERING)
    store.outbox_drop([store.acts_due("one")[0].n])
    assert states(store)[0][0] == "dropped"


# --- the helpdesk -----------------------------------------------------------------------------------------------------


def delivered(store: Store, thread: str, answering: Answering = ANSWERING) -> None:
    """Let the ticket have a case at the helpdesk."""
    put(store, review(thread), answering=answering)
    asked = store.ask_case(ticket_of(store, thread), "desk", role="delivered")
    assert asked.outgoing is not None
    store.outbox_made(asked.outgoing.n, 99, DESK, None)
    store.outbox_finished(asked.outgoing.n)


def desk_says(
    store: Store,
    text: str,
    answering: Answering = ANSWERING,
    *,
    case: str = "C-1",
    router: Router | None = None,
    **facts: Any,
) -> None:
    said = MessageDraft(source_id=case.replace("C-", "c"), created_at=at(9), body=text, **{"direction": "out", **facts})
    follow = FollowUp(external_id=case, state="open", messages=(said,))
    put(store, follow, router=router, answering=answering, instance="desk", stream="cases", connector="d")


def out(store: Store, thread: str) -> list[str]:
    found = store.find_ticket(ticket_of(store, thread))
    return [message.body for message in found.messages if message.direction == "out"]


def test_an_answer_of_the_helpdesk_goes_to_the_source_once_and_is_shown_once(store: Store) -> None:
    delivered(store, "1")
    for _ in range(2):
        desk_says(store, "Простите")
    assert [row.act["text"] for row in work_off(store)] == ["Простите"]
    for _ in range(2):
        put(store, answered("1", "Простите ", publication="published"))
        desk_says(store, "Простите")
    assert work_off(store) == []
    assert out(store, "1") == ["Простите"]
    assert kinds(store, "1").count("published") == 1
    assert [row for row in store.outbox_left() if row.effect == "comment"] == []


def test_an_answer_changed_in_the_helpdesk_is_changed_at_the_source(store: Store) -> None:
    delivered(store, "1")
    desk_says(store, "Простите")
    work_off(store)
    put(store, answered("1", "Простите", publication="published"))
    desk_says(store, "Простите нас")
    assert [(row.act["name"], row.act["text"]) for row in work_off(store)] == [("edit_reply", "Простите нас")]
    put(store, answered("1", "Простите нас", publication="published"))
    assert out(store, "1") == ["Простите нас"]


def test_an_operators_answer_takes_the_place_of_the_one_that_a_rule_gave(store: Store) -> None:
    put(store, review("1"), router=decides(auto=True))
    work_off(store)
    put(store, answered("1", "Спасибо, Анна!", publication="published"))
    delivered(store, "1")
    desk_says(store, "Простите")
    assert [(row.act["name"], row.act["text"]) for row in work_off(store)] == [("edit_reply", "Простите")]


def test_an_operators_answer_takes_the_place_of_one_that_was_given_at_the_source(store: Store) -> None:
    put(store, answered("1", "Отвечено в кабинете"), review("2"))
    for name in ("1", "2"):
        asked = store.ask_case(ticket_of(store, name), "desk", role="delivered")
        assert asked.outgoing is not None
        store.outbox_made(asked.outgoing.n, 99, replace(DESK, external_id=f"C-{name}"), None)
        desk_says(store, "Простите", case=f"C-{name}")
    assert sorted(row.act["name"] for row in work_off(store)) == ["edit_reply", "reply"]


def test_an_operators_answer_is_a_reply_where_nothing_can_be_changed(store: Store) -> None:
    only = replace(ANSWERING, can={"one": frozenset(("reply",))})
    put(store, review("1"), router=decides(auto=True), answering=only)
    work_off(store)
    delivered(store, "1")
    desk_says(store, "Простите", only)
    assert [row.act["name"] for row in store.acts_due("one")] == ["reply"]


def test_a_person_changes_an_answer_that_was_rejected(store: Store) -> None:
    put(store, review("1"))
    store.say(ticket_of(store, "1"), "Простите", ANSWERING)
    work_off(store)
    put(store, answered("1", "Простите", publication="rejected", hidden=True))
    store.say(ticket_of(store, "1"), "Мы разберёмся", ANSWERING)
    assert [(row.act["name"], row.act["text"]) for row in work_off(store)] == [("edit_reply", "Мы разберёмся")]


@pytest.mark.parametrize("facts", [{"direction": "note"}, {"automatic": True}])
def test_notes_of_the_helpdesk_and_what_its_system_wrote_stay_there(store: Store, facts: dict[str, Any]) -> None:
    delivered(store, "1")
    desk_says(store, "между нами", **facts)
    assert store.acts_due("one") == []


@pytest.mark.parametrize(
    ("answering", "kind"),
    [
        (replace(ANSWERING, can={"one": frozenset()}), "reply_stays"),
        (replace(ANSWERING, refuse=lambda _: "holds a card"), "reply_refused"),
    ],
)
def test_what_cannot_or_may_not_be_said_stays_in_the_helpdesk_and_is_told(
    store: Store, answering: Answering, kind: str
) -> None:
    delivered(store, "1")
    desk_says(store, "Простите", answering)
    assert store.acts_due("one") == []
    assert kind in kinds(store, "1")


NO_CARDS = replace(ANSWERING, refuse=lambda text: "holds a card" if "4111" in text else None)


def waits(store: Store, thread: str) -> bool:
    """Whether rules see a customer who waits."""
    return store.facts_of(ticket_of(store, thread), NOW).waiting is not None


def test_an_answer_that_is_refused_answers_nothing_and_is_told_until_another_follows(store: Store) -> None:
    delivered(store, "1")
    for _ in range(2):
        desk_says(store, "Карта 4111", NO_CARDS)
    assert out(store, "1") == []
    assert waits(store, "1")
    [row] = store.unsaid()
    assert (row.state, row.reason) == ("refused", "holds a card")
    desk_says(store, "Простите", NO_CARDS)
    assert out(store, "1") == ["Простите"]
    assert not waits(store, "1")
    assert store.unsaid() == []


def test_an_answer_that_the_source_refuses_answers_nothing_until_it_takes_it(store: Store) -> None:
    delivered(store, "1")
    desk_says(store, "Простите")
    [due] = store.acts_due("one")
    assert not waits(store, "1")
    store.act_failed(due.n, "422: слишком длинно", sure=True, aside=True)
    assert waits(store, "1")
    assert [row.reason for row in store.unsaid()] == ["422: слишком длинно"]
    store.outbox_retry([due.n])
    work_off(store)
    assert (waits(store, "1"), out(store, "1"), store.unsaid()) == (False, ["Простите"], [])


def test_a_rejected_answer_answers_nothing_and_rules_decide_anew(store: Store) -> None:
    router = Router(lambda facts: Decided("urgent" if facts.waiting is not None else "low"))
    delivered(store, "1")
    desk_says(store, "Простите", router=router)
    work_off(store)
    assert store.find_ticket(ticket_of(store, "1")).priority == "low"
    put(store, answered("1", "Простите", publication="rejected", hidden=True), router=router)
    assert store.find_ticket(ticket_of(store, "1")).priority == "urgent"
    desk_says(store, "Простите", router=router)  # the helpdesk still has it as its answer
    assert store.find_ticket(ticket_of(store, "1")).priority == "urgent"
    assert [row.state for row in store.unsaid()] == ["rejected"]
    assert store.drop_replies([row.n for row in store.unsaid()]) == 1
    assert store.unsaid() == []


def test_a_changed_answer_that_is_refused_leaves_the_first_one_to_read(store: Store) -> None:
    delivered(store, "1")
    desk_says(store, "Простите", NO_CARDS)
    work_off(store)
    put(store, answered("1", "Простите", publication="published"))
    desk_says(store, "Карта 4111", NO_CARDS)
    assert not waits(store, "1")
    assert [row.state for row in store.unsaid()] == ["refused"]


def test_the_helpdesks_answers_stay_there_where_the_settings_say_so(store: Store) -> None:
    delivered(store, "1")
    desk_says(store, "Простите", replace(ANSWERING, from_helpdesk=False))
    assert store.acts_due("one") == []


def test_our_answer_that_the_helpdesk_repeats_is_not_said_again(store: Store) -> None:
    delivered(store, "1")
    put(store, answered("1", "Отвечено в кабинете"))
    desk_says(store, "Отвечено  в кабинете")
    assert store.acts_due("one") == []


# --- how good drafts are, and who is forgotten ------------------------------------------------------------------------


def test_accuracy_counts_what_people_changed(store: Store) -> None:
    router = decides()
    names = [str(number) for number in range(5)]
    put(store, *(review(name, author=f"author {name}") for name in names), router=router)
    store.approve(1, ANSWERING)
    store.approve(2, ANSWERING, "Спасибо, author 1!!")
    store.approve(3, ANSWERING, "Совершенно другие слова о другом, длиннее прежних")
    store.drop_replies([4])
    put(store, answered("4", "Отвечено"))
    template, rule = store.reply_scores()
    assert (template.by, template.name, rule.by, rule.name) == ("template", "thanks", "rule", "praise")
    found = (template.unchanged, template.little, template.much, template.dropped, template.overtaken)
    assert found == (1, 1, 1, 1, 1)
    assert template.kept is not None
    assert 0.3 < template.kept < 0.9


def test_erasing_a_person_removes_answers_and_acts(store: Store) -> None:
    put(store, review("1"), review("2", author="Борис"), router=decides(Act("report")))
    store.say(ticket_of(store, "1"), "Простите, Анна", ANSWERING)
    store.erase("Анна")
    assert [final for _, final in states(store)] == ["Спасибо, Борис!"]
    assert [row.act["source_id"] for row in store.outbox_left()] == ["2"]


def test_erasing_one_of_several_authors_leaves_the_answers_to_the_others(store: Store) -> None:
    router = decides(Act("add_tags", ("hot",)))
    put(store, mention("1", thread="t", author="a1"), router=router)
    put(store, mention("2", thread="t", author="a2", minutes=1), router=router)
    store.erase("a2")
    assert [row.act["source_id"] for row in store.outbox_left()] == ["1"]


def test_the_message_that_is_acted_on_can_be_chosen_and_must_be_the_sources(store: Store) -> None:
    put(store, mention("1", thread="t"), mention("2", thread="t", minutes=1))
    name = ticket_of(store, "t")
    asked = store.ask_act(name, Act("add_tags", ("a",)), ANSWERING, 1)
    assert asked.outgoing is not None
    assert asked.outgoing.act["source_id"] == "1"
    with pytest.raises(StoreError, match="no message 7"):
        store.ask_act(name, Act("add_tags", ("a",)), ANSWERING, 7)


def test_a_hidden_message_is_not_the_one_that_is_acted_on(store: Store) -> None:
    put(store, mention("1", thread="t"), mention("2", thread="t", minutes=1))
    put(store, hide("2"))
    asked = store.ask_act(ticket_of(store, "t"), Act("add_tags", ("a",)), ANSWERING)
    assert asked.outgoing is not None
    assert asked.outgoing.act["source_id"] == "1"
