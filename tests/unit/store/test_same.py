"""One post read twice: by two topics it is one message; by two connectors it is proposed as the same."""

from typing import Any

import pytest

from hub.sdk import Author, StoreError, Ticket, TicketDraft
from hub.store import Store
from tests.unit.store.pages import dump, mention, put, rows

TEXT = "У меня украли деньги с карты, верните!"
VERA = Author(key="1001", name="Вера К.", handle="vera_k")
OTHER: dict[str, Any] = {"instance": "two", "connector": "d", "stream": "x"}


def seen(source_id: str, author: Author | None = VERA, minutes: int = 0, body: str = TEXT, **facts: Any) -> TicketDraft:
    return mention(source_id, author=author, minutes=minutes, body=body, **facts)


def of(store: Store) -> list[Ticket]:
    return list(store.iter_tickets())


def relations(store: Store) -> list[tuple[Any, ...]]:
    return rows(store, "SELECT ticket_n, other_n, kind, state FROM relations")


def test_the_same_post_found_by_two_topics_is_one_message(store: Store) -> None:
    put(store, seen("1", same_as="vk:77", tags=("a",)), stream="topic-1")
    put(store, seen("9", same_as="vk:77", tags=("b",)), stream="topic-2")
    [ticket] = of(store)
    [message] = ticket.messages
    assert [(one.stream, one.source_id) for one in message.sources] == [("topic-1", "1"), ("topic-2", "9")]
    assert ticket.source_tags == ("a", "b")
    assert relations(store) == []


@pytest.mark.parametrize(
    ("author", "body", "by"),
    [
        (Author(key="1001"), TEXT, "key"),
        (Author(key="vk-1001", handle="@Vera_K"), TEXT, "handle"),
        (Author(key="else", name="вера к."), TEXT, "name"),
        (Author(key="1001"), "у меня УКРАЛИ деньги с карты — верните", "key"),
        (Author(key="1001"), "У меня укpали деньги с карты, верните!", "key"),  # the p is Latin
    ],
)
def test_what_two_connectors_probably_both_saw_is_proposed(store: Store, author: Author, body: str, by: str) -> None:
    put(store, seen("1"))
    put(store, seen("x", author, minutes=3, body=body), **OTHER)
    first, second = of(store)
    assert [(one.ticket, one.kind, one.state) for one in first.related] == [(second.id, "same", "proposed")]
    assert [(one.ticket, one.kind, one.state) for one in second.related] == [(first.id, "same", "proposed")]
    for mine, theirs in ((first, second), (second, first)):
        event = store.events(str(mine.id))[-1]
        assert (event.kind, event.cause) == ("probably_same", "source")
        assert event.data == {"ticket": str(theirs.id), "evidence": {"author": by, "apart_s": 180}}


@pytest.mark.parametrize(
    "draft",
    [
        seen("x", Author(key="1002", name="Вера С.", handle="vera_s")),
        seen("x", None),
        seen("x", minutes=16),
        seen("x", body="У меня украли деньги с карты, найдите!"),
        seen("x", body=""),
        seen("x").model_copy(update={"platform": "ok.ru"}),
        seen("x").model_copy(update={"kind": "task"}),
        seen("x", direction="out"),
    ],
)
def test_another_author_time_text_platform_or_kind_is_another_post(store: Store, draft: TicketDraft) -> None:
    put(store, seen("1"))
    put(store, draft, **OTHER)
    assert len(of(store)) == 2
    assert relations(store) == []


def test_a_common_word_under_a_common_name_says_too_little(store: Store) -> None:
    put(store, seen("1", Author(key="a", name="Анна"), body="Спасибо!"))
    put(store, seen("x", Author(key="b", name="Анна"), body="Спасибо!"), **OTHER)
    assert relations(store) == []


def test_two_posts_of_one_connector_are_two(store: Store) -> None:
    put(store, seen("0"), **OTHER)
    put(store, seen("1", body="Другое"), seen("2", minutes=1), seen("3", minutes=2))
    assert relations(store) == [(3, 1, "same", "proposed"), (4, 1, "same", "proposed")]


def test_reading_again_proposes_nothing_anew(store: Store) -> None:
    put(store, seen("1"))
    put(store, seen("x"), **OTHER)
    before = dump(store, ("relations", "ticket_events"))
    for _ in range(2):
        put(store, seen("x"), **OTHER)
        put(store, seen("1"))
    assert dump(store, ("relations", "ticket_events")) == before


def test_a_person_confirms_or_refuses_and_is_never_asked_again(store: Store) -> None:
    put(store, seen("1"))
    put(store, seen("x"), **OTHER)
    one, two = (str(ticket.id) for ticket in of(store))
    assert store.decide_same(one, two, "confirmed").new
    assert not store.decide_same(two, one, "confirmed").new
    assert of(store)[0].related[0].state == "confirmed"
    assert store.decide_same(one, two, "refused").new
    assert [ticket.related for ticket in of(store)] == [(), ()]
    assert [(event.kind, event.cause) for event in store.events(one)][-2:] == [
        ("linked", "person"),
        ("unlinked", "person"),
    ]
    put(store, seen("x", body=TEXT + " "), **OTHER)
    assert relations(store) == [(2, 1, "same", "refused")]


def test_any_two_tickets_can_be_linked_but_none_with_itself(store: Store) -> None:
    put(store, seen("1"), seen("2", body="совсем другое"))
    one, two = (str(ticket.id) for ticket in of(store))
    assert store.decide_same(one, two, "confirmed").new
    with pytest.raises(StoreError, match="one ticket"):
        store.decide_same(one, one[:8], "confirmed")


@pytest.mark.parametrize(
    ("tried", "dropped"), [("none", "later"), ("earlier", "later"), ("later", "earlier"), ("both", None)]
)
def test_a_confirmed_twin_is_not_delivered_twice_as_long_as_nothing_was_sent(
    store: Store, tried: str, dropped: str | None
) -> None:
    put(store, seen("1"))
    put(store, seen("x"), **OTHER)
    ids = {"earlier": str(of(store)[0].id), "later": str(of(store)[1].id)}
    asked = {name: store.ask_case(one, "desk", role="delivered").outgoing for name, one in ids.items()}
    numbers = {name: row.n for name, row in asked.items() if row is not None}
    for name in ids if tried == "both" else [tried] if tried != "none" else []:
        store.outbox_unsure(numbers[name], 99)
    done = store.decide_same(ids["earlier"], ids["later"], "confirmed")
    assert list(done.dropped) == ([numbers[dropped]] if dropped else [])
    assert {row.n for row in store.outbox_left()} == set(numbers.values()) - set(done.dropped)
    if dropped:
        event = store.events(ids[dropped])[-1]
        assert (event.kind, event.cause) == ("dropped", "person")
